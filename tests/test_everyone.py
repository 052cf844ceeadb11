"""Everyone's lists are those of `match`, in whatever blocks and threads they are made, and survive an interruption."""

from dataclasses import replace

import numpy as np
import polars as pl
import pytest
from hypothesis import given

from matchmaker import Blend, Dataset, Recommender
from matchmaker.cli.options import Ranking
from matchmaker.cli.parts import key_of
from matchmaker.cli.program import run
from matchmaker.errors import UsageError
from matchmaker.everyone import Engine
from matchmaker.scorers import SCORERS
from tests.worlds import worlds

CLOSE = 2e-5
WEIGHTS = {
    "intercept": -3.0,
    **dict.fromkeys(SCORERS, 1.0),
    "newcomers": {"intercept": -2.0, "reach": 3.0, "walk": 0.0},
}


@pytest.fixture(scope="module")
def dataset():
    return Dataset.read()


@pytest.fixture(scope="module")
def recommender(dataset):
    return Recommender(dataset)


@pytest.fixture(scope="module")
def lists(recommender):
    return pl.concat(recommender.everyone(5))


def assert_alike(dataset, weights):
    """The sums of all blocks are the log-odds of the blend, but of organizations to themselves."""
    blend, n = Blend(weights).fit(dataset), len(dataset)
    rows = np.arange(n)
    sums = Engine.of(blend, dataset).sums(rows)
    for found, expected in zip(sums[1:], blend.both_log_odds(rows), strict=True):
        difference = np.where(np.eye(n, dtype=bool), 0.0, found - expected)
        np.testing.assert_allclose(difference, 0.0, atol=CLOSE)


@given(worlds())
def test_the_sums_of_a_block_are_the_log_odds_of_the_blend(world):
    assert_alike(world.dataset(), WEIGHTS)


@pytest.mark.parametrize("name", SCORERS)
def test_every_scorer_adds_what_it_says(dataset, name):
    assert_alike(dataset, {"intercept": -1.0, name: 2.0, "newcomers": {name: 1.0}})


def test_the_lists_are_those_of_match(recommender, lists):
    seekers = lists["org_id"].unique(maintain_order=True).to_list()
    assert len(seekers) == len(recommender.seekers())
    for seeker in seekers[::10]:
        mine, expected = lists.filter(org_id=seeker), recommender.match(seeker, 5)
        assert mine["partner_id"].to_list() == [match.organization.id for match in expected]
        assert mine["rank"].to_list() == list(range(1, len(expected) + 1))
        assert mine["met"].to_list() == [match.met for match in expected]
        for name in ("score", "forward", "backward"):
            np.testing.assert_allclose(mine[name], [getattr(match, name) for match in expected], atol=CLOSE)


def test_neither_threads_nor_blocks_nor_the_order_of_seekers_change_anything(recommender, lists):
    rows = recommender.seekers()
    for seekers, threads in ((None, 1), (rows[::-1].tolist(), 2)):
        again = pl.concat(recommender.everyone(5, seekers=seekers, threads=threads))
        assert again.sort("org_id", "rank").equals(lists.sort("org_id", "rank"))
    for row in rows[:7].tolist():
        alone = pl.concat(recommender.everyone(5, seekers=[row]))
        assert alone.equals(lists.filter(org_id=recommender.dataset.ids[row]))


FILTERS = [{}, {"exclude_met": True}, {"region": "cn-beijing", "exclude_met": True}, {"kind": "company"}]


@pytest.mark.parametrize("filters", FILTERS, ids=str)
@pytest.mark.parametrize("sides", [True, False])
def test_compiled_pairs_are_the_pairs(dataset, monkeypatch, filters, sides):
    world = dataset if sides else replace(dataset, domain=replace(dataset.domain, sides=None))
    plain = Recommender(world).pairs(15, **filters)
    monkeypatch.setattr("matchmaker.recommender.COMPILED", 0)
    compiled = Recommender(world).pairs(15, **filters)
    assert len(plain) == 15
    assert [pair[:2] + pair[5:] for pair in compiled] == [pair[:2] + pair[5:] for pair in plain]
    np.testing.assert_allclose([pair.score for pair in compiled], [pair.score for pair in plain], atol=CLOSE)


def test_the_best_pairs_of_parts_are_the_best_pairs(recommender):
    rows = recommender.first_of_pairs().tolist()
    parts = [pair for half in (rows[:40], rows[40:]) for pair in recommender.pairs(9, seekers=half)]
    best = sorted(parts, key=lambda pair: (-pair.score, pair.left.id, pair.right.id))[:9]
    assert best == recommender.pairs(9)


def test_filters_are_those_of_match(recommender):
    asked = {"exclude_met": True, "region": "Shandong", "kind": "park"}
    found = pl.concat(recommender.everyone(3, **asked))
    assert not found["met"].any()
    for seeker in found["org_id"].unique().sort().to_list()[::20]:
        expected = [match.organization.id for match in recommender.match(seeker, 3, **asked)]
        assert found.filter(org_id=seeker)["partner_id"].to_list() == expected


def test_only_a_blend_ranks_everyone(dataset):
    with pytest.raises(UsageError, match="MM-USE-023"):
        next(Recommender(dataset, "walk").everyone())


def test_no_places_in_a_list_are_no_rows(recommender):
    assert pl.concat(recommender.everyone(0)).height == 0


def test_an_interrupted_run_goes_on_where_it_was(tmp_path, monkeypatch, capsys):
    target, parts = tmp_path / "lists.parquet", tmp_path / "lists.parquet.parts"
    monkeypatch.setattr("matchmaker.cli.parts.PART", 100)
    whole = Recommender.everyone
    asked = []

    def interrupted(self, *arguments, **options):
        asked.append(options["seekers"])
        if len(asked) == 3:
            raise KeyboardInterrupt
        return whole(self, *arguments, **options)

    monkeypatch.setattr(Recommender, "everyone", interrupted)
    command = ["everyone", "-n", "3", "-o", str(target)]
    assert run(command) == 130
    assert not target.exists()
    assert len(list(parts.glob("*.parquet"))) == 2
    assert run(command) == 0
    assert asked[2] == asked[3]  # the one that was interrupted, and none before
    assert "going on" in capsys.readouterr().err
    assert not parts.exists()
    found = pl.read_parquet(target)
    expected = pl.concat(whole(Recommender(), 3))
    assert found.select(expected.columns).equals(expected)
    assert found.columns[:5] == ["org_id", "name", "rank", "partner_id", "partner"]


def test_pairs_in_parts_are_the_pairs(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr("matchmaker.cli.parts.PART", 50)
    monkeypatch.setattr("matchmaker.cli.pairs.STRIDE", 20)
    assert run(["pairs", "-n", "12", "-o", str(tmp_path / "pairs.parquet")]) == 0
    assert run(["pairs", "-n", "12", "-o", str(tmp_path / "pairs.csv")]) == 0
    columns = ["rank", "left_org_id", "right_org_id", "score"]
    found, expected = pl.read_parquet(tmp_path / "pairs.parquet"), pl.read_csv(tmp_path / "pairs.csv")
    assert found.select(columns).rows() == expected.select(columns).rows()
    assert found.height == 12
    assert not (tmp_path / "pairs.parquet.parts").exists()


def test_parts_of_other_work_have_another_key(dataset):
    ranking = Ranking()
    keys = {
        key_of("pairs", Recommender(dataset), ranking, {"n": 3}),
        key_of("everyone", Recommender(dataset), ranking, {"n": 3}),
        key_of("everyone", Recommender(dataset, apart=[("gennbio", "hengrui")]), ranking, {"n": 3}),
    }
    assert len(keys) == 3
    pairs = [Recommender(dataset, apart=[pair]) for pair in (("gennbio", "hengrui"), ("hengrui", "gennbio"))]
    assert len({key_of("everyone", each, ranking, {"n": 3}) for each in pairs}) == 1


def test_no_thread_at_all_is_refused(tmp_path, capsys):
    assert run(["everyone", "--threads", "0", "-o", str(tmp_path / "lists.parquet")]) == 2
    assert "MM-USE-024" in capsys.readouterr().err


def test_parts_of_other_lists_are_not_taken_up(tmp_path, capsys):
    parts = tmp_path / "lists.parquet.parts"
    parts.mkdir()
    (parts / "key").write_text("of something else")
    (parts / "000000.parquet").write_text("no lists")
    assert run(["everyone", "-n", "1", "-o", str(tmp_path / "lists.parquet")]) == 0
    assert pl.read_parquet(tmp_path / "lists.parquet")["rank"].max() == 1


def test_a_folder_of_the_users_own_is_never_removed(tmp_path, capsys):
    (tmp_path / "lists.parquet.parts").mkdir()
    (tmp_path / "lists.parquet.parts/mine.txt").write_text("mine")
    assert run(["everyone", "-o", str(tmp_path / "lists.parquet")]) == 2
    assert (tmp_path / "lists.parquet.parts/mine.txt").exists()
    assert run(["everyone", "-o", str(tmp_path / "lists.csv")]) == 2

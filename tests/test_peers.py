"""experiments/peers.py: peers are given the past only, say what their packages say, and are all asked the same."""

import datetime
import importlib.util
import sys
from importlib import metadata
from pathlib import Path

import networkx as nx
import numpy as np
import polars as pl
import pytest

from matchmaker.dataset import Dataset
from matchmaker.evaluation import PRIMARY

SCRIPT = Path(__file__).resolve().parents[1] / "experiments" / "peers.py"
DAY = datetime.date(2020, 1, 1)


@pytest.fixture(scope="module")
def peers():
    spec = importlib.util.spec_from_file_location("peers", SCRIPT)
    module = importlib.util.module_from_spec(spec)
    sys.modules["peers"] = module
    spec.loader.exec_module(module)
    yield module
    del sys.modules["peers"]


@pytest.fixture(scope="module")
def world():
    """Sixty organizations of 120 events, and one that was never anywhere."""
    generator = np.random.default_rng(0)
    ids = [f"o{number:02d}" for number in range(61)]
    rows = [
        (f"e{event:03d}", ids[member])
        for event in range(120)
        for member in generator.choice(60, generator.integers(2, 6), replace=False)
    ]
    days = [datetime.date(2010, 1, 1) + datetime.timedelta(days=30 * event) for event in range(120)]
    return Dataset.from_frames(
        organizations=pl.DataFrame({"org_id": ids, "name": ids, "country": "XX", "sector": "firm"}),
        events=pl.DataFrame({"event_id": [f"e{event:03d}" for event in range(120)], "date": map(str, days)}),
        participations=pl.DataFrame(rows, schema=["event_id", "org_id"], orient="row"),
        topics=pl.DataFrame({"event_id": ["e000", "e119"], "term": ["early", "late"]}),
    )


def setting(peers, name):
    return peers.PEERS[name].settings[0]


def block(peers, name, world, **changes):
    peer = peers.Peer(peers.PEERS[name].train, setting(peers, name) | changes)
    return peer.fit(world).score(np.arange(len(world)))


@pytest.mark.parametrize(
    ("name", "reference"),
    [
        ("adamic_adar", nx.adamic_adar_index),
        ("resource_allocation", nx.resource_allocation_index),
        (
            "common_neighbors",
            lambda graph, pairs: ((u, v, len(list(nx.common_neighbors(graph, u, v)))) for u, v in pairs),
        ),
    ],
)  # fmt: skip
def test_textbook_baselines_agree_with_networkx(peers, world, name, reference):
    graph = nx.from_scipy_sparse_array(peers.together(world, "any"))
    found = block(peers, name, world, weight="any", most=peers.CLIP)
    for left, right, value in reference(graph, [(u, v) for u in graph for v in graph if u != v]):
        assert found[left, right] == pytest.approx(value, abs=1e-12)


def test_meetings_are_counted_and_large_ones_left_out(peers, world):
    members = (world.graph.verified > 0).toarray().astype(float)
    size = members.sum(axis=0)
    for most in (3, peers.CLIP):
        kept = members[:, size <= most]
        expected = kept @ kept.T
        np.fill_diagonal(expected, 0.0)
        np.testing.assert_array_equal(peers.together(world, "number", most).toarray(), expected)


def test_newman_weights_sum_to_the_number_of_meetings(peers, world):
    np.testing.assert_allclose(
        peers.together(world, "newman").sum(axis=1), (world.graph.verified > 0).sum(axis=1), atol=1e-9
    )


def test_side_features_hold_nothing_of_later_events(peers, world):
    whole, before = peers.side_features(world), peers.side_features(world.before(DAY - datetime.timedelta(days=200)))
    assert whole.shape[1] == before.shape[1] + 1  # "late" is not there
    np.testing.assert_allclose(before.sum(axis=1), 1.0)


def test_popularity_answers_where_a_peer_knows_nothing(peers, world):
    plain, helped = (block(peers, f"resource_allocation{end}", world) for end in ("", "_else_popularity"))
    assert not plain[-1].any()
    np.testing.assert_array_equal(helped[-1], block(peers, "popularity", world)[-1])
    np.testing.assert_array_equal(helped[:-1], plain[:-1])


@pytest.mark.filterwarnings("ignore:Method expects CSR")  # implicit converts its own product
def test_items_score_as_implicit_recommends(peers, world):
    pytest.importorskip("implicit", reason="a peer, not a dependency")
    from implicit.nearest_neighbours import CosineRecommender

    links = peers.narrow(peers.together(world))
    model = CosineRecommender(K=20, num_threads=1)
    model.fit(links, show_progress=False)
    found = block(peers, "implicit_cosine", world, K=20, use="history")
    for row in range(5):
        ids, scores = model.recommend(row, links[row], N=10, filter_already_liked_items=False)
        np.testing.assert_allclose(found[row, ids], scores, rtol=1e-5)


@pytest.mark.parametrize(
    ("name", "changes"),
    [
        ("implicit_bm25", {}),
        ("implicit_als", {}),
        ("implicit_bpr", {}),
        ("lightfm", {}),
        ("cornac_hpf", {}),
        ("cornac_wbpr", {}),
        ("sknetwork_pagerank", {}),
        ("sknetwork_nnlinker", {}),
        ("sknetwork_nnlinker", {"dimensions": 8}),
    ],
)
@pytest.mark.filterwarnings("ignore")
def test_a_peer_answers_in_blocks(peers, world, name, changes):
    package = peers.PEERS[name].package
    try:
        metadata.version(package)
    except metadata.PackageNotFoundError:
        pytest.skip(f"{package} is a peer, not a dependency")
    found = block(peers, name, world, **changes)
    assert found.shape == (len(world), len(world))
    assert np.isfinite(found).all()
    assert found[:60].any(axis=1).all()


def test_no_peer_has_more_than_six_settings(peers):
    assert all(1 <= len(entry.settings) <= 6 for entry in peers.PEERS.values())


def run(peers, monkeypatch, *arguments):
    monkeypatch.setattr(sys, "argv", ["peers.py", *map(str, arguments)])
    peers.main()


def test_a_missing_package_is_reported(peers, monkeypatch, tmp_path, capsys):
    monkeypatch.setitem(peers.PEERS, "absent", peers.entry("no-such-package-here", peers.popularity))
    run(peers, monkeypatch, "--peers", "absent,popularity", "-o", tmp_path / "table.csv")
    assert "not installed" in capsys.readouterr().out
    assert pl.read_csv(tmp_path / "table.csv")["version"][0] == "not installed"


def test_rows_of_other_peers_stay_and_all_were_asked_the_same(peers, monkeypatch, tmp_path):
    table, queries = tmp_path / "table.csv", tmp_path / "queries.parquet"
    for name in ("popularity", "adamic_adar", "popularity"):
        run(peers, monkeypatch, "--peers", name, "-o", table, "--queries-out", queries)
    assert sorted(pl.read_csv(table)["peer"]) == ["adamic_adar", "popularity"]
    first, second = pl.read_parquet(queries).partition_by("peer")
    assert first["org_id"].equals(second["org_id"])
    assert first[PRIMARY].is_between(0.0, 1.0).all()
    first[:-1].write_parquet(queries)
    other = second["peer"][0]
    with pytest.raises(SystemExit, match="not asked the same"):
        run(peers, monkeypatch, "--peers", other, "-o", table, "--queries-out", queries)

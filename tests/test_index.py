"""An index answers as the data do, is left when they change, and needs neither Polars nor scikit-learn."""

import json
import shutil
import subprocess
import sys
from datetime import date

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from matchmaker import DataError, Dataset, Recommender, UsageError
from matchmaker.bundled import bundled
from matchmaker.cli import world
from matchmaker.cli.program import run
from matchmaker.index import Index
from matchmaker.scorers import SCORERS
from matchmaker.state import Reader, Texts, Writer

WEIGHTS = {"intercept": -3.0, **dict.fromkeys(SCORERS, 1.0), "newcomers": {"intercept": -2.0, "reach": 3.0}}


@pytest.fixture(scope="module")
def domain(tmp_path_factory):
    folder = tmp_path_factory.mktemp("domain")
    for name in ("data", "features"):
        shutil.copytree(bundled(name), folder / name)
    return folder


@pytest.fixture(scope="module")
def index(domain):
    Index.build(domain, WEIGHTS)
    return Index.open(domain)


@pytest.fixture(scope="module")
def recommender(domain):
    return Recommender(Dataset.read(domain), weights=WEIGHTS)


def test_an_index_answers_as_the_data_do(index, recommender):
    fitted = index.recommender()
    for seeker in recommender.dataset.ids[::13]:
        assert fitted.match(seeker, 5) == recommender.match(seeker, 5)
        assert fitted.match(seeker, 5, exclude_met=True, kind="company") == recommender.match(
            seeker, 5, exclude_met=True, kind="company"
        )
    assert fitted.pairs(7) == recommender.pairs(7)
    assert fitted.explain("gennbio", "xeno-life-science") == recommender.explain("gennbio", "xeno-life-science")


def test_an_earlier_day_is_fitted_anew(index, recommender):
    day = date(2019, 12, 22)
    assert index.recommender().match("gennbio", 5, as_of=day) == recommender.match("gennbio", 5, as_of=day)


@pytest.mark.parametrize("filters", [{}, {"exclude_met": True}, {"conveners": True}], ids=str)
def test_a_list_without_reasons_is_the_same_list(index, recommender, filters):
    for seeker in recommender.dataset.ids[::29]:
        expected = recommender.match(seeker, 6, **filters)
        found = index.best(seeker, 6, **filters)
        assert [partner[:2] for partner in found] == [
            (match.organization.id, match.organization.title) for match in expected
        ]
        assert [partner[2:] for partner in found] == [
            (match.score, match.forward, match.backward, match.met) for match in expected
        ]


def test_a_list_without_reasons_needs_neither_polars_nor_scikit_learn(index, domain):
    script = (
        "import sys; from matchmaker.index import Index; "
        f"found = Index.open({str(domain)!r}).best('gennbio', 3); "
        "print(len(found), *(name in sys.modules for name in ('polars', 'sklearn', 'numba', 'networkx')))"
    )
    answer = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert answer.stdout.split() == ["3", "False", "False", "False", "False"]


def test_an_unknown_identifier_is_refused(index):
    with pytest.raises(UsageError, match="MM-USE-010"):
        index.best("nobody")


@pytest.fixture
def copy(index, domain, tmp_path):
    folder = tmp_path / "copy"
    shutil.copytree(domain, folder)
    return folder


def test_an_index_of_other_data_is_left_and_said_to_be(copy, capsys):
    assert run(["match", "GenNBio", "-n", "1", "--domain", str(copy), "--format", "csv"]) == 0
    quiet = capsys.readouterr()
    assert "MM-IDX" not in quiet.err
    table = copy / "data/partnerships.csv"
    table.write_text(table.read_text("utf-8") + "\n", "utf-8")
    with pytest.raises(DataError, match=r"MM-IDX-002.*partnerships\.csv"):
        Index.open(copy)
    world._read.cache_clear()
    world._index.cache_clear()
    assert run(["match", "GenNBio", "-n", "1", "--domain", str(copy), "--format", "csv"]) == 0
    loud = capsys.readouterr()
    assert "warning[MM-IDX-002]" in loud.err
    assert loud.out == quiet.out


@pytest.mark.parametrize("change", ["features/settings.toml", "data/topics.csv"])
def test_a_new_file_makes_it_stale(copy, change):
    (copy / change).write_text("event_id,term\n" if change.endswith("csv") else "", "utf-8")
    with pytest.raises(DataError, match=f"MM-IDX-002.*{change} is new"):
        Index.open(copy)


def test_a_lost_file_makes_it_stale(copy):
    (copy / "data/intentions.csv").unlink()
    with pytest.raises(DataError, match=r"MM-IDX-002.*is gone"):
        Index.open(copy)


def test_a_file_that_was_only_touched_does_not(copy):
    for path in (copy / "data").iterdir():
        path.touch()
    assert Index.open(copy).best("gennbio", 1)


@pytest.mark.parametrize("text", ["", "[]", '{"version": 1}', "no json"])
def test_what_is_no_index_is_refused(copy, text):
    (copy / "index/index.json").write_text(text, "utf-8")
    with pytest.raises(DataError, match="MM-IDX-003"):
        Index.open(copy)


def test_an_index_of_another_version_is_refused(copy):
    path = copy / "index/index.json"
    path.write_text(json.dumps(json.loads(path.read_text("utf-8")) | {"program": "0.0.9"}), "utf-8")
    with pytest.raises(DataError, match=r"MM-IDX-003.*0\.0\.9"):
        Index.open(copy)


def test_where_there_is_none_that_is_said(tmp_path):
    with pytest.raises(UsageError, match="MM-IDX-001"):
        Index.open(tmp_path)


def test_the_command_builds_it(copy, capsys):
    shutil.rmtree(copy / "index")
    assert run(["index", "--domain", str(copy)]) == 0
    assert "organizations" in capsys.readouterr().err
    assert Index.open(copy).best("gennbio", 1)
    assert run(["index"]) == 2
    assert "MM-IDX-004" in capsys.readouterr().err


def test_a_domain_with_errors_keeps_its_index(copy):
    table = copy / "data/organizations.csv"
    table.write_text("org_id,name\n,\n", "utf-8")
    before = (copy / "index/index.json").read_bytes()
    with pytest.raises(DataError):
        Index.build(copy)
    assert (copy / "index/index.json").read_bytes() == before
    assert not (copy / "index.new").exists()


@given(st.lists(st.text(max_size=5), min_size=1, max_size=20))
def test_texts_are_kept(texts):
    kept = Texts.of(texts)
    assert list(kept) == texts
    assert kept[-1] == texts[-1]
    assert kept[::2] == texts[::2]
    ordered = Texts.of(sorted(set(texts)))
    assert [ordered.find(text) for text in ordered] == list(range(len(ordered)))
    assert ordered.find("longer than five") is None


def test_what_is_shared_is_kept_once(tmp_path):
    shared = np.arange(6).reshape(2, 3)
    writer = Writer({})
    root = writer.node({"one": shared, "two": [shared, 1.5, None, "text"], "empty": np.zeros((0, 4))})
    writer.write(tmp_path)
    found = Reader(tmp_path, writer.objects, {}, {}).value(root)
    assert found["one"] is found["two"][0]
    np.testing.assert_array_equal(found["one"], shared)
    assert found["two"][1:] == [1.5, None, "text"]
    assert found["empty"].shape == (0, 4)
    with pytest.raises(ValueError, match="read-only"):
        found["one"][0, 0] = 1


def test_what_no_state_can_hold_is_refused():
    with pytest.raises(TypeError, match="set"):
        Writer({}).node({"a": {1, 2}})

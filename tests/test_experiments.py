"""experiments/*.py: each answers on the embedded data, in one table and one page that needs nothing else."""

import ast
import csv
import re
import runpy
import sys
from pathlib import Path

import numpy as np
import pytest

from experiments import ablate_features, blend_weights, china_korea, cold_start, compare_scorers, reciprocity, rerank
from experiments.page import Picture, Point, as_page, intervals
from experiments.trial import ABOUT, LEARNED, Rule, Trial, adjusted, options
from matchmaker.blend import Blend
from matchmaker.dataset import Dataset
from matchmaker.scorers import SCORERS

FOLDER = Path(__file__).resolve().parents[1] / "experiments"
COLUMNS = {
    "blend_weights": [*ABOUT, *blend_weights.COLUMNS],
    "ablate_features": [*ABOUT, *ablate_features.COLUMNS],
    "cold_start": [*ABOUT, *cold_start.COLUMNS],
    "china_korea": [*ABOUT, *china_korea.COLUMNS],
    "rerank": [*ABOUT, *rerank.COLUMNS],
    "compare_scorers": compare_scorers.COLUMNS,
    "reciprocity": reciprocity.COLUMNS,
}
TRIALS = list(COLUMNS)[:5]


def run(name, *arguments):
    """Run a script as from the shell."""
    before, sys.argv = sys.argv, [f"experiments/{name}.py", *map(str, arguments)]
    try:
        runpy.run_path(str(FOLDER / f"{name}.py"), run_name="__main__")
    finally:
        sys.argv = before


@pytest.fixture(scope="module")
def found(tmp_path_factory):
    """By script: its records and its page."""
    folder = tmp_path_factory.mktemp("results")
    for name in TRIALS:
        run(name, "--queries", 24, "-o", folder)
    run("compare_scorers", "--queries", 24, "--null-queries", 0, "--name", "compare_scorers", "-o", folder)
    run("reciprocity", "-o", folder / "reciprocity.csv")
    return {name: (read(folder / f"{name}.csv"), (folder / f"{name}.html").read_text("utf-8")) for name in COLUMNS}


def read(path):
    with path.open(encoding="utf-8", newline="") as file:
        reader = csv.DictReader(file)
        return reader.fieldnames, list(reader)


@pytest.mark.parametrize("name", COLUMNS)
def test_a_table_has_its_columns_and_figures_between_0_and_1(found, name):
    columns, records = found[name][0]
    assert columns == COLUMNS[name]
    assert len(records) > 1
    for record in records:
        for column in ("ndcg@10", "low", "high", "auc", "p", "p_holm"):
            assert 0.0 <= float(record.get(column) or 0.0) <= 1.0


@pytest.mark.parametrize("name", COLUMNS)
def test_a_page_needs_nothing_else_and_names_its_command(found, name):
    page = found[name][1]
    assert page.count("<svg") >= 1
    assert not re.search(r"https?:|<script|<link|@import|url\(|href|\bon\w+=", page)
    assert f"experiments/{name}.py" in page
    assert page.count("What this shows:") == page.count("What to do:") >= 1
    assert len(page) < 400_000


@pytest.mark.parametrize("name", COLUMNS)
def test_a_script_is_short(name):
    text = (FOLDER / f"{name}.py").read_text("utf-8")
    lines = text.splitlines()[ast.parse(text).body[0].end_lineno :]
    assert len([line for line in lines if line.strip()]) <= 100


@pytest.mark.parametrize("name", TRIALS)
def test_every_comparison_states_its_interval_and_an_adjusted_p(found, name):
    for record in found[name][0][1]:
        if record["difference"]:
            low, middle, high = (float(record[f"difference{end}"]) for end in ("_low", "", "_high"))
            assert low <= middle <= high
            assert float(record["p_holm"]) >= float(record["p"])
            assert record["detectable"] or record["clusters"] == "1"


def test_every_scorer_is_in_one_group_and_every_file_of_a_group_is_there():
    grouped = [name for names in ablate_features.groups().values() for name in names]
    assert sorted(grouped) == sorted(SCORERS), "name the scorer's file in experiments/ablate_features.py"
    files = {scorer.__module__.rpartition(".")[2] for scorer in SCORERS.values()}
    assert {file for files in ablate_features.FILES.values() for file in files} == files


def test_every_scorer_and_every_group_is_left_out_once(found):
    records = found["ablate_features"][0][1]
    left_out = [record["of"] for record in records if record["change"].startswith("without")]
    assert set(left_out) == {*SCORERS, *ablate_features.FILES}
    assert len(left_out) == len(set(left_out))
    assert [r["of"] for r in records if r["change"].startswith("directions")] == [
        name for name in reciprocity.FUSIONS if name != "product"
    ]


def test_directions_are_those_of_the_whole_blend():
    given = options("", 0, ablate_features.SPLIT, ablate_features.TUNE).parse_args([])
    trial = Trial("", given, Dataset.read())
    weights = trial.dataset.domain.settings["weights"]
    panel, kinds = ablate_features.panel(trial, weights)
    blend, rows = Blend(weights).fit(trial.split.train), np.arange(20)
    forward, backward = blend.score(rows), blend.score(rows, reverse=True)
    for name in kinds["directions joined by"]:
        found = panel.ranking(name, rows, np.tile(np.arange(len(trial.dataset)), (20, 1)), mutual=True)
        np.testing.assert_allclose(found, reciprocity.FUSIONS[name](forward, backward), atol=1e-12)


def test_one_strength_is_chosen_and_the_prior_stands_at_the_end_of_the_path(found):
    records = found["blend_weights"][0][1]
    assert [record["chosen"] for record in records].count("yes") == 1
    prior = next(record for record in records if record["strength"] == "prior")
    weights = Dataset.read().domain.settings["weights"]
    assert {name: float(prior[name]) for name in weights} == pytest.approx(weights)


def test_kinds_of_seekers_add_up(found):
    records = found["cold_start"][0][1]
    asked = {record["seekers"]: int(record["queries"]) for record in records}
    assert asked["newcomers"] + asked["others"] == asked["all"]
    assert sum(number for kind, number in asked.items() if "context" in kind) == asked["all"]
    page = found["cold_start"][1]
    assert "too few to separate" in page  # 24 queries are
    assert all(kind in page for kind in cold_start.SEEKERS)


def test_overlap_is_that_of_plain_sets():
    dataset = Dataset.read().before(china_korea.SPLIT)
    block = Rule(china_korea.overlap).fit(dataset).score(np.arange(len(dataset)))
    ties = [(tie["left"], tie["right"]) for tie in dataset.region_ties.iter_rows(named=True)]

    def sets(row):
        sector, place = dataset.organization(row).sector, dataset.places[row]
        sectors = set(dataset.sectors.ancestors(sector)) if sector else set()
        regions = set(dataset.regions.ancestors(place)) if place else set()
        near = {other for one in sectors for other in dataset.sectors.neighbors.get(one, ())}
        return sectors | near, regions | {b for pair in ties for a, b in (pair, pair[::-1]) if a in regions}

    for left, right in np.random.default_rng(0).integers(0, len(dataset), (50, 2)).tolist():
        shares = [len(a & b) / max(len(a | b), 1) for a, b in zip(sets(left), sets(right), strict=True)]
        assert block[left, right] == pytest.approx(sum(shares) / 2)
    np.testing.assert_allclose(block, block.T)


def test_the_page_claims_no_lead_that_may_be_luck(found):
    records, page = found["china_korea"][0][1], found["china_korea"][1]
    assert {record["pairs"] for record in records} == set(china_korea.PAIRS)
    said = [text for kind in china_korea.PAIRS for text in re.findall(rf"{kind}: \d+ queries[^<]*", page)]
    assert len(said) == len(china_korea.PAIRS)
    for kind, text in zip(china_korea.PAIRS, said, strict=True):
        sure, perhaps = re.split("perhaps by luck", text)
        for record in records:
            if record["pairs"] == kind and record["scorer"] != LEARNED:
                assert record["scorer"] in (sure if float(record["p_holm"]) < 0.05 else perhaps)


def test_nothing_that_a_table_or_a_name_holds_is_read_as_markup():
    evil = '<script src="https://x.example">&'
    picture = Picture(intervals([Point(evil, 0.1, 0.0, 0.2, evil), Point("b", None, part="c")], evil), evil, evil)
    page = as_page(f"{evil}\n\nQuestion: {evil}", {evil: evil}, [{evil: evil}], [evil], [picture], [evil]).decode()
    assert "<script" not in page
    assert page.count("&lt;script") >= 10


def test_p_values_are_adjusted_for_all_tests_of_a_table():
    records = adjusted([{"p": 0.01}, {}, {"p": 0.04}, {"p": 0.03}])
    assert [record.get("p_holm") for record in records] == [0.03, None, 0.06, 0.06]

"""`compare` and `fit` from the shell: the same as the library, in every format, and a page that needs nothing else."""

import csv
import json
import re

import pytest

from matchmaker.cli.program import run
from matchmaker.scorers import SCORERS

COMPARE = ["compare", "--split", "2019", "--null-queries", "0", "--scorers", "blend,popularity,interests"]
FIT = ["fit", "--until", "2019", "--tune", "2017", "--queries", "30"]


def test_the_best_scorer_stands_first_with_its_interval_and_its_advantage(capsys):
    assert run([*COMPARE, "--format", "json"]) == 0
    document = json.loads(capsys.readouterr().out)
    scores = [record["ndcg@10"] for record in document["scorers"]]
    assert scores == sorted(scores, reverse=True)
    assert all(record["low"] <= record["ndcg@10"] <= record["high"] for record in document["scorers"])
    assert {record["scorer"] for record in document["scorers"]} == {"blend", "popularity", "interests"}
    assert [side["side"] for side in document["sides"]] == ["China", "Korea"]
    assert any("too few" in note for note in document["warnings"])


def test_all_formats_say_the_same(capsys):
    assert run([*COMPARE, "--format", "csv"]) == 0
    records = list(csv.DictReader(capsys.readouterr().out.splitlines()))
    assert run([*COMPARE, "--format", "table"]) == 0
    page = capsys.readouterr().out
    assert all(record["scorer"] in page and f"{float(record['ndcg@10']):.3f}" in page for record in records)


def test_the_page_needs_nothing_else_and_names_its_command(tmp_path):
    page = tmp_path / "report.html"
    assert run([*COMPARE, "-o", str(page)]) == 0
    text = page.read_text()
    assert not re.search(r"https?://|<script|<link|@import|url\(", text)
    assert all(name in text for name in ("blend", "popularity", "nDCG@10", "What this shows", "What to do"))
    assert len(text) < 1_200_000


def test_sides_are_chosen_and_unknown_ones_refused(capsys):
    assert run([*COMPARE, "--sides", "KR,CN", "--format", "json"]) == 0
    assert [side["side"] for side in json.loads(capsys.readouterr().out)["sides"]] == ["KR", "CN"]
    for sides in ("KR", "KR,KR", "KR,XX"):
        assert run([*COMPARE, "--sides", sides]) == 2
        assert "MM-CLI-003" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("more", "code"), [(["--split", "yesterday"], "MM-CLI-012"), (["--split", "2030"], "MM-EVA-002")]
)
def test_a_wrong_day_and_an_empty_period_are_said(capsys, more, code):
    assert run([*COMPARE, *more]) == 2
    assert code in capsys.readouterr().err


def test_learned_weights_are_saved_and_used(tmp_path, capsys):
    weights = tmp_path / "weights.toml"
    assert run([*FIT, "-o", str(weights)]) == 0
    assert run([*FIT, "--format", "json"]) == 0
    learned = json.loads(capsys.readouterr().out)["weights"]
    assert set(learned) - {"newcomers"} == {"intercept", *SCORERS}
    assert run(["match", "GenNBio", "-n", "3", "--weights", str(weights), "--format", "json"]) == 0
    prior = json.loads(capsys.readouterr().out)
    assert len(prior) == 3
    assert "periods" in weights.read_text()

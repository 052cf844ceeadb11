"""How often does each scorer rank as people of the trade would?

Question: of the judgments in tests/cases.csv (for `query`, `better` should rank above `worse`, as known on `as_of`),
what share holds for the blend and for each scorer alone?
Method: mutual score of both candidates, the world cut at the end of `as_of`; a tie is half. The judgments were written
from the articles and sources, before any score was looked at. They are a check of sense, not evidence: profiles rest in
part on the pages that the judgments rest on.
Command: python experiments/judgments.py [-o results/judgments.csv]
"""

from __future__ import annotations

import argparse
import csv
from collections.abc import Iterator
from datetime import date
from pathlib import Path

from matchmaker import SCORERS, Recommender
from matchmaker.writing import as_csv, write_file

HOME = Path(__file__).parents[1]
CASES = HOME / "tests/cases.csv"
COLUMNS = ["scorer", "strong", "strong_rows", "weak", "weak_rows", "all"]


def cases(path: Path = CASES) -> list[dict[str, str]]:
    """The judgments, in the order of the file."""
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def holds(recommender: Recommender, case: dict[str, str]) -> float:
    """1 if `better` scores above `worse`, 0.5 if they tie, else 0."""
    day = date.fromisoformat(case["as_of"])
    better, worse = (
        round(recommender.explain(case["query"], case[name], as_of=day).score, 12) for name in ("better", "worse")
    )
    return 0.5 if better == worse else float(better > worse)


def shares(judgments: list[dict[str, str]]) -> Iterator[dict[str, object]]:
    """One record a scorer: the share of strong, weak and all judgments that hold."""
    dataset = Recommender().dataset
    for name in ("blend", *SCORERS):
        recommender = Recommender(dataset, name)
        held = [(case["strength"], holds(recommender, case)) for case in judgments]
        by = {strength: [value for found, value in held if found == strength] for strength in ("strong", "weak")}
        yield {
            "scorer": name,
            **{strength: round(sum(values) / len(values), 3) for strength, values in by.items()},
            **{f"{strength}_rows": len(values) for strength, values in by.items()},
            "all": round(sum(value for _, value in held) / len(held), 3),
        }


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("-o", "--output", default=HOME / "results/judgments.csv")
    write_file(parser.parse_args().output, as_csv(list(shares(cases())), COLUMNS))

"""What experiments on a world share: options, the world, weights learned from its past, a judgment, two files."""

from __future__ import annotations

import argparse
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from functools import cached_property
from pathlib import Path
from typing import Any, ClassVar, Self, TypeAlias

import numpy as np
import polars as pl

from experiments.page import Picture, as_page
from matchmaker import Dataset, Reason
from matchmaker.array import FloatArray, IntArray
from matchmaker.evaluation import NEW, PRIMARY, Panel, Report, Split, judge
from matchmaker.evaluation.significance import bootstrap, holm, interval, smallest_detectable
from matchmaker.learning import QUERIES, Lesson, learn
from matchmaker.scorers import Scorer
from matchmaker.writing import as_csv, write_file

HOME = Path(__file__).parents[1]
Answer: TypeAlias = Callable[[IntArray], FloatArray]  # rows of seekers -> block (len(rows), n)
LEARNED, PRIOR, CHANCE = "blend (learned)", "blend (prior)", "random order"
ABOUT = ["network", "sides", "split", "until", "tuned_from", "seed", "data"]
STANDING = [
    "queries", "clusters", PRIMARY, "low", "high",
    "difference", "difference_low", "difference_high", "ratio", "ratio_low", "ratio_high", "p", "p_holm", "detectable",
]  # fmt: skip


def options(text: str | None, seed: int, split: date, tune: date) -> argparse.ArgumentParser:
    """The options that all experiments on a world have; `text` is the docstring of the script."""
    parser = argparse.ArgumentParser(description=text, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--domain", type=Path, metavar="FOLDER", help="a network, as made by build_domain.py")
    days = (
        ("--split", split, "first day of the test period: what is dated earlier is known"),
        ("--until", None, "first day after the test period; left out, there is no end"),
        ("--tune", tune, "first day of the last period that weights are learned from; it ends at the split"),
    )
    for option, default, meaning in days:
        parser.add_argument(option, type=date.fromisoformat, default=default, metavar="DAY", help=meaning)
    parser.add_argument("--sides", metavar="A,B", help="two countries")
    parser.add_argument("--positives", metavar="KIND", help="partnerships, events or a kind of event")
    parser.add_argument("--queries", type=int, default=2000, metavar="N", help="at most so many seekers; 0: all")
    parser.add_argument("--seed", type=int, default=seed)
    parser.add_argument("--name", help="of the two files")
    parser.add_argument("-o", "--output", type=Path, default=HOME / "results", metavar="FOLDER")
    return parser


@dataclass(eq=False)
class Rule:
    """A scorer made of a function that is given what was known; the same from both sides, and without reasons."""

    symmetric: ClassVar[bool] = True
    monotone: ClassVar[bool] = False
    train: Callable[[Dataset], Answer]
    answer_: Answer = field(init=False, repr=False)

    def fit(self, dataset: Dataset) -> Self:
        """Train on what was known."""
        self.answer_ = self.train(dataset)
        return self

    def score(self, rows: IntArray, *, reverse: bool = False) -> FloatArray:
        """Shape (len(rows), n)."""
        return self.answer_(rows)

    def explain(self, seeker: int, candidate: int) -> list[Reason]:
        """Nothing: a baseline gives no reasons."""
        return []


@dataclass(frozen=True)
class Trial:
    """A world and what is asked of it."""

    text: str
    given: argparse.Namespace
    dataset: Dataset

    @classmethod
    def read(cls, parser: argparse.ArgumentParser) -> Trial:
        """Read the arguments and the world, with the sides that were asked for."""
        given = parser.parse_args()
        dataset = Dataset.read(given.domain)
        if given.sides:
            dataset = replace(dataset, domain=dataset.domain.with_sides(*given.sides.split(",")))
        return cls(parser.description or "", given, dataset)

    @property
    def choices(self) -> dict[str, Any]:
        """What makes a pair, and who can be found: everyone where organizations are known from profiles."""
        return {"positives": self.given.positives, "candidates": "known" if self.given.domain else "all"}

    @property
    def about(self) -> dict[str, Any]:
        """What holds for every row of a table."""
        given, sides = self.given, self.dataset.domain.sides
        return {
            "network": given.domain.name if given.domain else "embedded",
            "sides": ",".join(side.country for side in sides) if sides else "",
            "split": given.split,
            "until": given.until,
            "tuned_from": given.tune,
            "seed": given.seed,
            "data": self.dataset.digest,
        }

    @cached_property
    def split(self) -> Split:
        """The world before the split, and what came after."""
        return Split.at(self.dataset, self.given.split, self.given.until, **self.choices)

    def learned(self, **more: Any) -> Lesson:
        """Weights learned from the periods before the split; nothing later is looked at."""
        given, most = self.given, min(self.given.queries or QUERIES, QUERIES)
        return learn(self.dataset, given.split, tune=given.tune, queries=most, seed=given.seed, **self.choices, **more)

    def judged(self, scorers: Mapping[str, Scorer] | Panel) -> Report:
        """Judge scorers, or a panel that is fitted to what was known, by what came after the split."""
        panel = scorers if isinstance(scorers, Panel) else Panel.fit(self.split.train, scorers)
        return judge(self.split, panel, queries=self.given.queries or None, seed=self.given.seed)

    def write(
        self,
        name: str,
        records: Sequence[Mapping[str, Any]],
        columns: Sequence[str],
        pictures: Sequence[Picture],
        notes: Iterable[str] = (),
    ) -> None:
        """Write the table as CSV and the page as HTML."""
        path = self.path(name)
        rows = [{**self.about, **record} for record in records]
        write_file(path.with_suffix(".csv"), as_csv(rows, [*ABOUT, *columns]))
        write_file(path.with_suffix(".html"), as_page(self.text, self.about, records, columns, pictures, notes))

    def path(self, name: str) -> Path:
        """Where the files go, without an ending: `name`, of a network with its name and sides."""
        given = self.given
        parts = [name, *([given.domain.name] if given.domain else []), *filter(None, [given.sides])]
        return Path(given.output) / (given.name or "_".join(parts))


def standing(report: Report, scorer: str, reference: str) -> dict[str, Any]:
    """The columns of `STANDING`: how a scorer ranks, with 95 % interval, and how it differs from a reference.

    `difference` is its figure less the reference's, `ratio` its figure over the reference's, p that of the clustered
    randomization test. `detectable`: the difference that queries like these show in 4 of 5 trials. Where all queries
    are alike, as where none found anything, a bootstrap knows no interval: None.
    """
    values, sample = report.values(scorer)
    found = report.compare(scorer, reference)
    low, high = interval(bootstrap(values[:, None], sample)[:, 0]) if np.ptp(values) else (math.nan, math.nan)
    figures = {"queries": found.n_queries, "clusters": found.n_clusters, PRIMARY: found.first, "low": low, "high": high}
    if scorer != reference:
        figures |= {"difference": found.difference, "difference_low": found.low, "difference_high": found.high}
        figures |= {name: getattr(found, name) for name in ("ratio", "ratio_low", "ratio_high", "p")}
        figures["detectable"] = smallest_detectable(values - report.values(reference)[0], sample)
    return {name: round(value, 6) + 0 if math.isfinite(value) else None for name, value in figures.items()}


def adjusted(records: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """The same records with `p_holm`: each p adjusted for the number of all tests among them."""
    tested = [record for record in records if record.get("p") is not None]
    p_holm = holm([record["p"] for record in tested])
    for record, p in zip(tested, p_holm, strict=True):
        record["p_holm"] = round(p, 6)
    return list(records)


def by_kind(report: Report, label: str, kinds: Mapping[str, pl.Expr], reference: str) -> list[dict[str, Any]]:
    """One record a kind of queries and a scorer, as if only they had been asked; kinds without a query are left out."""
    chosen = {kind: report.queries.filter(where).with_columns(group=pl.lit(NEW)) for kind, where in kinds.items()}
    parts = {kind: replace(report, queries=queries) for kind, queries in chosen.items() if queries.height}
    return adjusted(
        [
            {label: kind, "scorer": scorer, **standing(some, scorer, reference)}
            for kind, some in parts.items()
            for scorer in report.names
        ]
    )

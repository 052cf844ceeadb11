"""What an evaluation found: a row for every query, a row for every scorer, and how sure one can be."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import numpy as np
import polars as pl

from matchmaker.array import FloatArray
from matchmaker.evaluation.block import NEW
from matchmaker.evaluation.significance import (
    DRAWS,
    POWER_FACTOR,
    Comparison,
    Sample,
    bootstrap,
    compare,
    compare_all,
    holm,
    interval,
    mean_of_sides,
    smallest_detectable,
    too_small,
)

PRIMARY = "ndcg@10"
METRICS = (PRIMARY, "recall@10", "recall@20", "mrr", "hit@10", "mutual_hit@10", "auc", "auc_matched")


@dataclass(frozen=True, eq=False)
class Report:
    """An evaluation of several scorers on the same queries.

    Attributes:
        day, until, positives, mutual, seed: what was asked.
        queries: one row a scorer, a group and a query: `scorer`, `group` (see `Block`), `side`, `org_id`, `newcomer`,
            `cluster`, `relevant` (their number) and the values of `METRICS`; NaN where a metric is not defined. For
            every scorer the same queries in the same order. `mutual_hit@10` knows only partners that were seekers, too:
            with a sample of the queries it misses most of them.
        scorers: one row a scorer: `coverage@10` (share of candidates in any top ten), `gini` (of exposure in the top
            tens), `brier` (blends only), `seconds` (to fit and to score; what scorers share is charged to the first).
        sides: one row a side: `seekers` with a new pair, those `judged`, `newcomers` among these, `candidates`,
            `new_pairs` as (seeker, candidate), and `lost_pairs`: those whose candidate cannot be found.
        reliability: of blends: predicted and observed shares (`Reliability.table`).
        megabytes: peak memory of the process so far; NaN where the system does not tell.
        nulls: the same scorers where nothing is to be found: in a `shuffled` and a `noise` world (unless no pair is new
            there, as may happen with very few).
    """

    day: date
    until: date | None
    positives: str
    mutual: bool
    seed: int
    queries: pl.DataFrame
    scorers: pl.DataFrame
    sides: pl.DataFrame
    reliability: Mapping[str, pl.DataFrame]
    megabytes: float
    nulls: Mapping[str, Report] = field(default_factory=dict)

    @property
    def names(self) -> list[str]:
        """The scorers, in the order given."""
        names: list[str] = self.scorers["scorer"].to_list()
        return names

    def values(
        self, scorer: str, metric: str = PRIMARY, *, group: str = NEW, newcomers: bool | None = None
    ) -> tuple[FloatArray, Sample]:
        """Values of the queries for which they are defined, and the side and cluster of each.

        `newcomers`: only seekers that were in nothing before the cut (or only the others); None: all.
        """
        chosen = self.queries.filter(pl.col("scorer") == scorer, pl.col("group") == group, pl.col(metric).is_not_nan())
        if newcomers is not None:
            chosen = chosen.filter(pl.col("newcomer") == newcomers)
        sides = {label: number for number, label in enumerate(self.sides["side"].to_list())}
        side = np.array([sides[label] for label in chosen["side"].to_list()], dtype=np.int64)
        return chosen[metric].to_numpy(), Sample(side, chosen["cluster"].to_numpy().astype(np.int64))

    def mean(self, scorer: str, metric: str = PRIMARY, *, group: str = NEW, newcomers: bool | None = None) -> float:
        """The mean over the sides of the mean over their queries; NaN without any."""
        return mean_of_sides(*self.values(scorer, metric, group=group, newcomers=newcomers))

    def summary(self) -> pl.DataFrame:
        """One row a scorer, the best first: every metric, newcomers and groups apart, the null worlds beside them."""
        rows = [
            {"scorer": name}
            | {metric: self.mean(name, metric) for metric in METRICS}
            | {
                f"{PRIMARY} {label}": self.mean(name, group=group, newcomers=only)
                for label, group, only in self._apart()
            }
            | {f"{metric} {world}": null.mean(name, metric) for world, null in self.nulls.items() for metric in _NULL}
            for name in self.names
        ]
        return (
            pl.DataFrame(rows)
            .join(self.scorers, on="scorer", how="left")
            .sort(PRIMARY, descending=True, nulls_last=True)
        )

    def compare(
        self,
        first: str,
        second: str,
        metric: str = PRIMARY,
        *,
        group: str = NEW,
        newcomers: bool | None = None,
        draws: int = DRAWS,
        seed: int = 0,
    ) -> Comparison:
        """Compare two scorers query by query: difference, ratio, their 95 % intervals, p of the randomization test."""
        one, sample = self.values(first, metric, group=group, newcomers=newcomers)
        other, _ = self.values(second, metric, group=group, newcomers=newcomers)
        return compare(one, other, sample, draws=draws, seed=seed)

    def against(
        self,
        first: str,
        others: Sequence[str] | None = None,
        metric: str = PRIMARY,
        *,
        draws: int = DRAWS,
        seed: int = 0,
    ) -> pl.DataFrame:
        """Compare `first` with each of `others` (None: all): one row each, `p_holm` adjusted for their number."""
        names = [name for name in self.names if name != first] if others is None else list(others)
        mine, sample = self.values(first, metric)
        theirs = np.array([self.values(name, metric)[0] for name in names]).reshape(len(names), len(mine)).T
        found = compare_all(mine, theirs, sample, draws=draws, seed=seed)
        frame = pl.DataFrame([{"against": name, **row._asdict()} for name, row in zip(names, found, strict=True)])
        return frame.with_columns(pl.Series("p_holm", holm([row.p for row in found]), dtype=pl.Float64))

    def records(self) -> list[dict[str, Any]]:
        """`summary` as plain records, with the interval of the primary metric and what the best one has over each.

        `ratio` and `p_holm` compare the best scorer with the row's; None where a figure is not defined.
        """
        table = self.summary()
        others = {row["against"]: row for row in self.against(table["scorer"][0]).iter_rows(named=True)}
        records = []
        for row in table.iter_rows(named=True):
            values, sample = self.values(row["scorer"])
            low, high = interval(bootstrap(values[:, None], sample)[:, 0])
            other = others.get(row["scorer"], {})
            beside = {"low": low, "high": high, "ratio": other.get("ratio"), "p_holm": other.get("p_holm")}
            figures = {key: row[key] for key in row if key not in ("scorer", PRIMARY)}
            numbers = {PRIMARY: row[PRIMARY], **beside, **figures}
            records.append({"scorer": row["scorer"], **{key: _rounded(value) for key, value in numbers.items()}})
        return records

    def warnings(self) -> list[str]:
        """What keeps these figures from being taken at face value."""
        notes = []
        best = self.summary()["scorer"].to_list()[:2]
        if len(best) == 2:
            (one, sample), (other, _) = self.values(best[0]), self.values(best[1])
            notes.append(too_small(len(one), smallest_detectable(one - other, sample)))
        for world, null in self.nulls.items():
            notes += [_too_good(name, world, null) for name in null.names]
        return [note for note in notes if note]

    def _apart(self) -> list[tuple[str, str, bool | None]]:
        """What is reported beside the primary question: (label, group, newcomers)."""
        groups = [group for group in self.queries["group"].unique().sort().to_list() if group != NEW]
        return [("newcomers", NEW, True), *((group, group, None) for group in groups)]


def _rounded(value: float | None) -> float | None:
    return None if value is None or not math.isfinite(value) else round(value, 12) + 0.0


_NULL = (PRIMARY, "auc_matched")
_SUSPICIOUS = 0.05  # above 0.5, in a world where nothing is to be found


def _too_good(name: str, world: str, null: Report) -> str | None:
    values, sample = null.values(name, "auc_matched")
    mean = mean_of_sides(values, sample)
    error = smallest_detectable(values, sample) / POWER_FACTOR
    if not mean - 0.5 > max(_SUSPICIOUS, 3.0 * error):
        return None
    return f"{name} finds in the {world} world what is not there: AUC {mean:.2f} against degree-matched negatives"

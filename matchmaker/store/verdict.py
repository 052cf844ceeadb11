"""Did the experts beat the model? What came of meetings that people pinned, that the model chose, that were vetoed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import polars as pl

from matchmaker.store.session import LADDER

PINNED, CHOSEN, VETOED = "pinned by people", "chosen by the model", "vetoed by people"
LEAST = 5  # pairs of each kind with an outcome: fewer are no comparison
MET, BEYOND = LADDER.index("met"), LADDER.index("intention")
Pair = frozenset[str]


@dataclass(frozen=True)
class Group:
    """What came of some pairs: how many there are, of how many an outcome is known, and how far these came."""

    name: str
    pairs: int
    known: int
    met: int
    beyond: int


@dataclass(frozen=True)
class Verdict:
    """What came of each kind of pair, and how the first two compare.

    `p`: of Fisher's exact test, two-sided, that pinned and chosen pairs came beyond a meeting equally often; None where
    there are too few.
    """

    groups: tuple[Group, ...]
    p: float | None

    @property
    def sentence(self) -> str:
        """The answer in words."""
        pinned, chosen = self.groups[:2]
        if self.p is None:
            return (
                f"Too few to tell whether people chose better than the model: outcomes of {pinned.known} pinned and "
                f"{chosen.known} chosen pairs; {LEAST} of each are wanted."
            )
        ours, theirs = (group.beyond / group.known for group in (pinned, chosen))
        if self.p >= 0.05 or ours == theirs:
            return f"No difference that can be told between pinned and chosen pairs (p = {self.p:.2g})."
        better = "People chose better than the model" if ours > theirs else "The model chose better than people"
        return (
            f"{better}: {ours:.0%} of pinned and {theirs:.0%} of chosen pairs came beyond a meeting (p = {self.p:.2g})."
        )


def verdict(tables: Mapping[str, pl.DataFrame]) -> Verdict:
    """Compare what came of pairs, from the tables of decisions, meetings and outcomes with values.

    A pair is pinned or vetoed if anyone decided so, for a session or for all; chosen if it was planned, and neither.
    What came of a vetoed pair is known where the two met all the same.
    """
    decided = {word: set(_pairs(tables["decisions"].filter(pl.col("decision") == word))) for word in ("pin", "veto")}
    planned = set(_pairs(tables["meetings"].filter(pl.col("status").ne_missing("cancelled"))))
    reached = _reached(tables["outcomes"].filter(pl.col("right").is_not_null()))
    kinds = {
        PINNED: decided["pin"] - decided["veto"],
        CHOSEN: planned - decided["pin"] - decided["veto"],
        VETOED: decided["veto"],
    }
    groups = tuple(_group(name, pairs, reached) for name, pairs in kinds.items())
    return Verdict(groups, _fisher(*groups[:2]))


def _pairs(frame: pl.DataFrame) -> Iterator[Pair]:
    return map(frozenset, frame.select("left", "right").iter_rows())


def _reached(outcomes: pl.DataFrame) -> dict[Pair, int]:
    """The highest rung of each pair; −1 for one that was refused, or did not come."""
    found: dict[Pair, int] = {}
    for pair, word in zip(_pairs(outcomes), outcomes["outcome"], strict=True):
        found[pair] = max(found.get(pair, -1), LADDER.index(word) if word in LADDER else -1)
    return found


def _group(name: str, pairs: set[Pair], reached: Mapping[Pair, int]) -> Group:
    rungs = [reached[pair] for pair in pairs if pair in reached]
    return Group(name, len(pairs), len(rungs), sum(r >= MET for r in rungs), sum(r >= BEYOND for r in rungs))


def _fisher(first: Group, second: Group) -> float | None:
    from scipy.stats import fisher_exact

    if min(first.known, second.known) < LEAST:
        return None
    table = [[group.beyond, group.known - group.beyond] for group in (first, second)]
    return float(fisher_exact(np.array(table)).pvalue)

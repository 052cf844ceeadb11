"""From the scores of a block to the best of each seeker's list: who may be in it, and in what order."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from matchmaker.array import BoolArray, FloatArray, IntArray
from matchmaker.blend import Blend, sigmoid
from matchmaker.graph import ContextGraph
from matchmaker.scorers import Scorer
from matchmaker.scorers.base import comparable
from matchmaker.sparse import CSR


class Among(NamedTuple):
    """Who may be in the lists of a block of seekers, never the seekers themselves.

    Attributes:
        allowed: shape (n,): who may be in them.
        wanted: shape (n,): at least one of the two must be of these; None: whoever.
        later: only those who come after the seeker in the order of rows, so that a pair is met once.
        exclude_met: nobody who shares an event or an agreement with the seeker.
        apart: shape (n, n): pairs that are in no list, whatever the scores say.
    """

    allowed: BoolArray
    wanted: BoolArray | None = None
    later: bool = False
    exclude_met: bool = False
    apart: CSR | None = None

    def excluded(self, graph: ContextGraph, rows: IntArray) -> CSR | None:
        """Whom the seekers are not to be told of, shape (len(rows), n); None: there is no one."""
        found = [graph.together(rows)] if self.exclude_met else []
        found += [] if self.apart is None else [self.apart[rows]]
        return sum(found[1:], found[0]) if found else None

    def mask(self, graph: ContextGraph, rows: IntArray) -> BoolArray:
        """The same, shape (len(rows), n)."""
        place = np.arange(len(self.allowed))[None, :]
        passes = self.allowed[None, :] & (place > rows[:, None] if self.later else place != rows[:, None])
        if self.wanted is not None:
            passes &= self.wanted[rows][:, None] | self.wanted[None, :]
        excluded = self.excluded(graph, rows)
        if excluded is not None:
            passes[np.repeat(np.arange(len(rows)), np.diff(excluded.indptr)), excluded.indices] = False
        return passes


class Lists(NamedTuple):
    """The best partners of some seekers, shape (len(rows), n_best), the best first; −1 and NaN where there are fewer.

    `met`: whether the two share an event or an agreement.
    """

    rows: IntArray
    columns: IntArray
    scores: FloatArray
    forward: FloatArray
    backward: FloatArray
    met: BoolArray

    @classmethod
    def of(
        cls, graph: ContextGraph, rows: IntArray, columns: IntArray, both: tuple[FloatArray, FloatArray],
        scores: FloatArray,
    ) -> Lists:  # fmt: skip
        """With what both sides say, from two blocks (len(rows), n), and whether they met."""
        place, found = np.maximum(columns, 0), columns >= 0
        forward, backward = (np.where(found, np.take_along_axis(side, place, axis=1), np.nan) for side in both)
        met = graph.met_before(np.repeat(rows, columns.shape[1]), place.ravel()).reshape(place.shape) & found
        return cls(rows, columns, scores, forward, backward, met)


def ranked(scorer: Scorer, graph: ContextGraph, rows: IntArray, among: Among, n: int) -> Lists:
    """The `n` best for each of a block of seekers, by any scorer."""
    forward, backward = both(scorer, rows)
    score, passes = mutual(scorer, forward, backward), among.mask(graph, rows)
    columns = np.full((len(rows), n), -1)
    for k in range(len(rows)):
        found = best(score[k], np.flatnonzero(passes[k]), n)
        columns[k, : len(found)] = found
    scores = np.where(columns >= 0, np.take_along_axis(score, np.maximum(columns, 0), axis=1), np.nan)
    return Lists.of(graph, rows, columns, (forward, backward), scores)


def both(scorer: Scorer, rows: IntArray) -> tuple[FloatArray, FloatArray]:
    """What the seekers say of everyone, and everyone of them, shape (len(rows), n): log-odds for a blend."""
    if isinstance(scorer, Blend):
        return scorer.both_log_odds(rows)
    forward = scorer.score(rows)
    return forward, forward if scorer.symmetric else scorer.score(rows, reverse=True)


def mutual(scorer: Scorer, forward: FloatArray, backward: FloatArray) -> FloatArray:
    """The product of both probabilities for a blend; for a single scorer, whose 0 means no evidence, the mean."""
    if isinstance(scorer, Blend):
        return sigmoid(forward) * sigmoid(backward)
    return (forward + backward) / 2.0


def best(score: FloatArray, allowed: IntArray, n: int) -> list[int]:
    """The `n` highest of `score[allowed]`, ties by position (rows are sorted by identifier)."""
    found = score[allowed]
    if len(allowed) > 4 * n > 0:
        worst = np.partition(found, len(found) - n)[len(found) - n]
        allowed = allowed[found >= worst - 1e-11 * abs(worst)]  # a little more than what may be a tie
    order = np.lexsort((allowed, -comparable(score[allowed])))[:n]
    return [int(row) for row in allowed[order]]

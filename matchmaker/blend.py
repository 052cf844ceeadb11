"""A weighted sum of scorers, in log-odds, is a scorer."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import TYPE_CHECKING, Any, ClassVar, Self, TypeAlias

import numpy as np

from matchmaker.array import FloatArray, IntArray
from matchmaker.errors import Problem, UsageError, quoted
from matchmaker.scorers import SCORERS, Reason, Scorer
from matchmaker.scorers.base import Known, known_score, remember

if TYPE_CHECKING:
    from matchmaker.dataset import Dataset
    from matchmaker.learning import Lesson

# By scorer and `intercept`; under NEWCOMERS a table of those that differ for them.
Weights: TypeAlias = Mapping[str, Any]
NEWCOMERS = "newcomers"


@dataclass(eq=False)
class Blend:
    """Log-odds that the seeker wants to meet the candidate: intercept + Σ weight × score.

    A block holds sigmoid(log-odds): a pair without any evidence gets sigmoid(intercept), not 0. The reasons of one
    direction, the intercept first, add up to its log-odds; the mutual score, the product of both directions, is
    computed and never decomposed. Not calibrated until weights are learned: read it as an order, not as a probability.

    Args:
        weights: by scorer, and `intercept`; None takes the prior weights of the dataset's domain (settings.toml), which
            were chosen by reason. A scorer of weight 0 is not fitted at all. Under `newcomers`: the weights that differ
            for who looks for partners without having been in any event or agreement. Nothing is known of such a one's
            ways, so that what all others do must speak, which would drown the ways of who has some.
    """

    symmetric: ClassVar[bool] = False
    monotone: ClassVar[bool] = False
    weights: Weights | None = None
    intercept_: FloatArray = field(init=False, repr=False)
    weights_: dict[str, FloatArray] = field(init=False, repr=False)
    scorers_: dict[str, Scorer] = field(init=False, repr=False)
    n_: int = field(init=False, repr=False)
    lesson_: Lesson | None = field(default=None, init=False, repr=False)

    def fit(self, dataset: Dataset, *, until: date | None = None, earlier: Blend | None = None, **options: Any) -> Self:
        """Fit every scorer that has a weight; with `until`, learn the weights first, from what came before that day.

        Args:
            dataset: the world.
            until: the first day that is not known to the fitted blend, neither to its weights nor to its scorers.
            earlier: one that is fitted to an earlier state of the data, whose scorers may know much of it already; the
                result does not depend on it.
            options: of `learning.learn`.

        Raises:
            UsageError: a weight for a scorer that does not exist.
            DataError: too little to learn from.
        """
        if until is not None:
            from matchmaker.learning import learn

            self.lesson_ = learn(dataset, until, prior=self.weights, **options)
            self.weights, dataset = self.lesson_.weights, dataset.before(until)
        weights = plain(dataset.domain.settings["weights"] if self.weights is None else self.weights)
        newcomer = np.diff(dataset.graph.everyone.indptr) == 0
        self.n_ = len(dataset)
        self.intercept_, *vectors = np.where(newcomer, *(np.array(_checked(each))[:, None] for each in weights[::-1]))
        self.weights_ = {name: vector for name, vector in zip(SCORERS, vectors, strict=True) if vector.any()}
        known = {} if earlier is None else earlier.scorers_
        self.scorers_ = {name: _fitted(SCORERS[name](), dataset, known.get(name)) for name in self.weights_}
        return self

    def log_odds(self, rows: IntArray, *, reverse: bool = False) -> FloatArray:
        """Shape (len(rows), n): intercept + Σ weight × score."""
        return self._both(rows, (reverse,))[0]

    def both_log_odds(self, rows: IntArray) -> tuple[FloatArray, FloatArray]:
        """What the seekers think of everyone, and everyone of them; symmetric scorers are asked once."""
        forward, backward = self._both(rows, (False, True))
        return forward, backward

    def _both(self, rows: IntArray, directions: tuple[bool, ...]) -> list[FloatArray]:
        def weighed(vector: FloatArray, reverse: bool) -> FloatArray:  # by the weights of the one who looks
            return vector[None, :] if reverse else vector[rows][:, None]

        shape = len(rows), self.n_
        sums = [np.broadcast_to(weighed(self.intercept_, reverse), shape).copy() for reverse in directions]
        for name, scorer in self.scorers_.items():
            blocks = [scorer.score(rows, reverse=directions[0])]
            blocks += [blocks[0] if scorer.symmetric else scorer.score(rows, reverse=other) for other in directions[1:]]
            for way, block in enumerate(blocks):
                sums[way] += weighed(self.weights_[name], directions[way]) * block
            if len(rows) == 1 and directions == (False, True):  # its reasons are what is asked for next
                remember(scorer, Known(int(rows[0]), blocks[0][0], blocks[1][0]))
        return sums

    def score(self, rows: IntArray, *, reverse: bool = False) -> FloatArray:
        """Shape (len(rows), n): sigmoid(log-odds), in (0, 1)."""
        return sigmoid(self.log_odds(rows, reverse=reverse))

    def explain(self, seeker: int, candidate: int) -> list[Reason]:
        """The intercept, then every scorer's reasons in log-odds, the weightiest first; they add up to `log_odds`."""
        reasons = [
            reason._replace(contribution=float(self.weights_[name][seeker]) * reason.contribution + 0.0)  # no −0
            for name, scorer in self.scorers_.items()
            if self.weights_[name][seeker] and known_score(scorer, seeker, candidate) != 0.0  # no reasons add up to 0
            for reason in scorer.explain(seeker, candidate)
        ]
        reasons.sort(key=lambda reason: -round(abs(reason.contribution), 12))
        return [Reason("before any evidence", float(self.intercept_[seeker])), *reasons]


def _fitted(scorer: Scorer, dataset: Dataset, earlier: Scorer | None) -> Scorer:
    """Fitted, from what an earlier one of its kind knows where it can be."""
    update = getattr(scorer, "update", None)
    fitted: Scorer = scorer.fit(dataset) if update is None or earlier is None else update(dataset, earlier)
    return fitted


def plain(weights: Weights) -> tuple[dict[str, float], dict[str, float]]:
    """The weights of those with a past and of newcomers, each a plain table."""
    others = {name: weight for name, weight in weights.items() if name != NEWCOMERS}
    return others, others | dict(weights.get(NEWCOMERS, {}))


def _checked(weights: Mapping[str, float]) -> list[float]:
    """The intercept, then the weight of each scorer, in the order of the registry."""
    for name, weight in weights.items():
        if name not in SCORERS and name != "intercept":
            known = "known: " + ", ".join(SCORERS)
            raise UsageError(Problem("MM-USE-012", f"no scorer is called {quoted(name)}", known))
        if not math.isfinite(weight):
            raise UsageError(Problem("MM-USE-022", f"the weight of {name} is {weight}", "give a finite number"))
    return [float(weights.get(name, 0.0)) for name in ("intercept", *SCORERS)]


def sigmoid(x: FloatArray) -> FloatArray:
    """1 / (1 + e⁻ˣ), without overflow."""
    return 0.5 * (1.0 + np.tanh(0.5 * x))

"""Learn the weights of a blend from what came of earlier periods, shrunk to the prior weights, and calibrate them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np

from matchmaker.dataset import BoolArray, Dataset, FloatArray, IntArray
from matchmaker.errors import DataError, Problem
from matchmaker.evaluation import metrics
from matchmaker.evaluation.block import NEW, Block, blocks, sampled
from matchmaker.evaluation.panel import Panel
from matchmaker.evaluation.split import Split
from matchmaker.scorers import SCORERS

# How strongly the weights are held at the prior, per query; the strongest leaves them where they are.
STRENGTHS = (1e-5, 1e-4, 1e-3, 1e-2, 0.1, 1.0, 10.0)
PERIODS = 3
YEAR = 365
QUERIES = 600
NEAREST, AT_RANDOM = 100, 200  # negatives of each query: the best by the prior blend, and some of all the others
MOST_POSITIVES = 10.0  # what one query can weigh: as much as the top ten that it is judged by
LEAST_QUERIES = 5
TOP = 10


class Sample(NamedTuple):
    """Pairs of some queries, each query with all its positives and a sample of the others that it will rank.

    Attributes:
        features: shape (m, n_scorers): what each scorer says, in the order of `SCORERS`.
        positive: shape (m,): 1 for a pair that came to be.
        weight: shape (m,): how many candidates the pair stands for; so the sample speaks for all candidates.
        query: shape (m,): number of the query, ascending.
    """

    features: FloatArray
    positive: FloatArray
    weight: FloatArray
    query: IntArray

    @property
    def n_queries(self) -> int:
        """Number of queries."""
        return int(self.query[-1]) + 1 if len(self.query) else 0


@dataclass(frozen=True)
class Lesson:
    """What was learned.

    Attributes:
        weights: by scorer, and the intercept: calibrated log-odds.
        prior: the weights that these were shrunk to.
        strength: how strongly; the best of `STRENGTHS` on the tuning period, or the one that was given.
        tuning: by strength: nDCG@10 on the tuning period, fitted to the periods before; infinity is the prior itself.
        days: the cuts between periods, the first to the last.
        queries: how many queries there were to learn from.
    """

    weights: dict[str, float]
    prior: dict[str, float]
    strength: float
    tuning: dict[float, float]
    days: tuple[date, ...]
    queries: int


def learn(
    dataset: Dataset,
    until: date,
    *,
    prior: Mapping[str, float] | None = None,
    tune: date | None = None,
    periods: int = PERIODS,
    queries: int = QUERIES,
    strength: float | None = None,
    positives: str | None = None,
    candidates: str = "known",
    seed: int = 0,
) -> Lesson:
    """Learn from the pairs that first met, or signed, before `until`.

    Time before `until` is cut into periods as long as the last one, [tune, until). Within each, the scorers know what
    was known before it. Weights w minimize the mean over queries of the conditional (softmax) log loss of the positives
    among the candidates, plus strength × |w − prior|²: the MAP estimate under a normal prior (conditional logit,
    McFadden 1974; as a listwise loss, Cao et al., ICML 2007). The strength is the one that ranks the last period best
    when fitted to those before; then the weights are fitted to all. A sigmoid on the predictions for the last period,
    made without it, calibrates the sum (Platt 1999), so that weights and intercept are log-odds.

    Args:
        dataset: the world; nothing dated `until` or later is looked at.
        until: the first day that is not known.
        prior: weights to shrink to (None: those of the domain's settings).
        tune: the first day of the last period (None: a year before `until`).
        periods: how many periods to learn from, the last one included; at least 2.
        queries: at most so many seekers a period, drawn at random.
        strength: of the prior (None: chosen on the last period).
        positives: what makes a pair: see `evaluation.Split.at`.
        candidates: who can be found: see `evaluation.Split.at`.
        seed: of the queries and the candidates that are drawn.

    Raises:
        DataError: too few pairs to learn from.
    """
    known = dataset.before(until)
    weights = dict.fromkeys(("intercept", *SCORERS), 0.0) | dict(prior or dataset.domain.settings["weights"])
    length = timedelta(days=YEAR) if tune is None else until - tune
    days = tuple(until - length * k for k in range(max(periods, 2), -1, -1))
    options: dict[str, Any] = {"positives": positives, "candidates": candidates}
    study = _Study(known, np.array([weights[name] for name in SCORERS]), queries, seed)
    samples = [study.sample(Split.at(known, day, end, **options)) for day, end in pairwise(days)]
    early, last = _joined(samples[:-1]), samples[-1]
    if min(early.n_queries, last.n_queries) < LEAST_QUERIES:
        counts = (
            f"{early.n_queries} and {last.n_queries} organizations with a new partner before and in the last period"
        )
        raise DataError(
            Problem("MM-LRN-001", f"too little to learn from: {counts}", "give an earlier --tune, or keep the prior")
        )
    strengths = STRENGTHS if strength is None else (strength,)
    fits = {each: fitted(early, study.prior, each) for each in strengths}
    ranked = study.ndcg(Split.at(known, days[-2], until, **options), [study.prior, *fits.values()])
    tuning = dict(zip((float("inf"), *strengths), ranked, strict=True))
    best = max(strengths, key=lambda each: (round(tuning[each], 6), each))
    final = fitted(_joined(samples), study.prior, best)
    intercept, slope = calibrated(last.features @ fits[best], last.positive, last.weight)
    learned = {"intercept": intercept, **dict(zip(SCORERS, (slope * final).tolist(), strict=True))}
    return Lesson(learned, weights, best, tuning, days, early.n_queries + last.n_queries)


def as_toml(lesson: Lesson, dataset: Dataset) -> str:
    """The learned weights as a file of weights: with the data's digest, the days and what was measured."""
    tuning = lesson.tuning[lesson.strength], lesson.tuning[float("inf")]
    lines = [
        "# Weights of a blend, learned by `matchmaker fit`; `match --weights FILE` ranks with them.",
        "[weights]",
        *(f"{name} = {weight!r}" for name, weight in lesson.weights.items()),
        "",
        "[learned]",
        f'data = "{dataset.digest}"',
        f"periods = [{', '.join(day.isoformat() for day in lesson.days)}]",
        f"queries = {lesson.queries}",
        f"strength = {lesson.strength!r}",
        f"tuning_ndcg_at_10 = {tuning[0]!r}",
        f"prior_ndcg_at_10 = {tuning[1]!r}",
    ]
    return "\n".join(lines) + "\n"


@dataclass(eq=False)
class _Study:
    """Draws queries and candidates of a period, and judges weights on one."""

    dataset: Dataset
    prior: FloatArray
    queries: int
    seed: int
    _panels: dict[date, Panel] = field(default_factory=dict)

    def sample(self, split: Split) -> Sample:
        """Pairs to learn from."""
        random = np.random.default_rng(self.seed)
        parts: list[Sample] = []
        for block, features in self._blocks(split):
            for position in np.flatnonzero(block.groups[NEW].relevant.any(axis=1)).tolist():
                relevant, allowed = (mask[position] for mask in block.groups[NEW])
                values = features[:, position].T
                chosen, weight = _drawn(values @ self.prior, relevant, allowed, random)
                number = np.full(len(chosen), len(parts))
                parts.append(Sample(values[chosen], relevant[chosen].astype(np.float64), weight, number))
        return _stacked(parts, len(self.prior))

    def ndcg(self, split: Split, weights: Sequence[FloatArray]) -> list[float]:
        """Mean nDCG@10 of each of several weights over the queries of a period, all candidates ranked."""
        table = np.stack(weights)
        gains: list[FloatArray] = []
        mutual = split.train.domain.sides is not None
        for block, features in self._blocks(split, mutual=mutual):
            relevant, allowed = block.groups[NEW]
            asked = np.flatnonzero(relevant.any(axis=1))
            n_relevant = relevant[asked].sum(axis=1)
            scores = np.tensordot(table, features, axes=1)
            gains.append(
                np.stack(
                    [
                        metrics.ndcg(
                            metrics.hits(relevant[asked], metrics.best(each[asked], allowed[asked], TOP)), n_relevant
                        )
                        for each in np.round(scores, 12)
                    ]
                )
            )
        return [float(value) for value in np.concatenate(gains, axis=1).mean(axis=1)]

    def _blocks(self, split: Split, *, mutual: bool = False) -> Iterator[tuple[Block, FloatArray]]:
        """Blocks of queries and what every scorer says, forward or in the mean of both: shape (n_scorers, b, m)."""
        if split.day not in self._panels:
            self._panels = {split.day: Panel.fit(split.train, {name: SCORERS[name]() for name in SCORERS})}
        panel = self._panels[split.day]
        for direction in split.directions:
            most = -(-self.queries // len(split.directions))
            seekers = sampled(split.census(direction).seekers, most, self.seed)
            for block in blocks(split, direction, seekers, seed=self.seed):
                found = panel.blocks(block.rows)
                views = [(f + b) / 2.0 if mutual else f for f, b in found.values()]
                yield block, np.stack([np.take_along_axis(view, block.columns, axis=1) for view in views])


def fitted(sample: Sample, prior: FloatArray, strength: float) -> FloatArray:
    """The weights that minimize the penalized conditional log loss of a sample: shape (n_scorers,)."""
    from scipy.optimize import minimize

    start = np.flatnonzero(np.diff(sample.query, prepend=-1))
    n_positive = np.add.reduceat(sample.positive, start)
    share = np.minimum(n_positive, MOST_POSITIVES) / n_positive
    mass = sample.positive * share[sample.query]
    total = np.add.reduceat(mass, start)

    def loss(weights: FloatArray) -> tuple[float, FloatArray]:
        score = sample.features @ weights
        score = score - np.maximum.reduceat(score, start)[sample.query]
        odds = np.exp(score) * sample.weight
        partition = np.add.reduceat(odds, start)
        expected = odds / partition[sample.query] * total[sample.query]
        value = float(total @ np.log(partition) - mass @ score) / len(start)
        gradient = sample.features.T @ (expected - mass) / len(start)
        away = weights - prior
        return value + strength * float(away @ away), gradient + 2.0 * strength * away

    found: FloatArray = minimize(loss, prior, jac=True, method="L-BFGS-B", options={"maxiter": 500}).x
    return found


def calibrated(score: FloatArray, positive: FloatArray, weight: FloatArray) -> tuple[float, float]:
    """Intercept and slope so that sigmoid(intercept + slope × score) is the probability of a positive (Platt 1999).

    Scores that say nothing, or the contrary, keep the slope 1: then only the intercept is fitted.
    """
    from scipy.optimize import minimize

    share = weight / weight.sum()

    def loss(parameters: FloatArray) -> tuple[float, FloatArray]:
        logit = parameters[0] + parameters[1] * score
        probability = 0.5 * (1.0 + np.tanh(0.5 * logit))
        error = share * (probability - positive)
        value = float(share @ (np.logaddexp(0.0, logit) - positive * logit))
        return value * len(score), np.array([error.sum(), error @ score]) * len(score)

    rate = float(share @ positive)
    begin = np.log(rate / (1.0 - rate)) - float(share @ score)
    intercept, slope = minimize(loss, np.array([begin, 1.0]), jac=True, method="L-BFGS-B").x
    if slope > 0.0:
        return float(intercept), float(slope)
    return anchor(score, weight, float(weight @ positive)), 1.0


def anchor(log_odds: FloatArray, weight: FloatArray, expected: float) -> float:
    """What to add to all log-odds so that the probabilities sum to `expected`, the meetings of an event.

    Args:
        log_odds: shape (m,): of the pairs that the event could bring together.
        weight: shape (m,): how many pairs each stands for.
        expected: more than 0 and less than the sum of the weights.
    """
    low, high = -60.0 - float(log_odds.max()), 60.0 - float(log_odds.min())
    for _ in range(200):
        middle = (low + high) / 2.0
        total = float(weight @ (0.5 * (1.0 + np.tanh(0.5 * (log_odds + middle)))))
        low, high = (middle, high) if total < expected else (low, middle)
    return (low + high) / 2.0


def _drawn(
    score: FloatArray, relevant: BoolArray, allowed: BoolArray, random: np.random.Generator
) -> tuple[IntArray, FloatArray]:
    """All positives, the best negatives by `score`, and some at random of the rest, which stand for all of it."""
    found, others = np.flatnonzero(relevant), np.flatnonzero(allowed & ~relevant)
    order = np.argsort(-score[others], kind="stable")
    near, rest = others[order[:NEAREST]], others[order[NEAREST:]]
    some = rest if len(rest) <= AT_RANDOM else random.choice(rest, AT_RANDOM, replace=False)
    weight = np.ones(len(found) + len(near) + len(some))
    weight[len(found) + len(near) :] = len(rest) / max(len(some), 1)
    return np.concatenate([found, near, some]), weight


def _stacked(parts: Sequence[Sample], n_scorers: int) -> Sample:
    if not parts:
        return Sample(np.empty((0, n_scorers)), np.empty(0), np.empty(0), np.empty(0, dtype=np.int64))
    return Sample(*(np.concatenate(each) for each in zip(*parts, strict=True)))


def _joined(samples: Sequence[Sample]) -> Sample:
    """Several samples as one; their queries are numbered on."""
    offsets = np.cumsum([0, *(sample.n_queries for sample in samples)])
    parts = [sample._replace(query=sample.query + offset) for sample, offset in zip(samples, offsets, strict=False)]
    return _stacked(parts, samples[0].features.shape[1])

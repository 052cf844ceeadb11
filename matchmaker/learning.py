"""Learn the weights of a blend from what came of earlier periods, shrunk to the prior weights, and calibrate them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np

from matchmaker.array import BoolArray, FloatArray, IntArray
from matchmaker.blend import NEWCOMERS, Weights, plain
from matchmaker.dataset import Dataset
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
NEAREST, AT_RANDOM = 20, 200  # negatives of each query: the best by each scorer, and some of all the others
MOST_POSITIVES = 10.0  # what one query can weigh: as much as the top ten that it is judged by
LEAST_QUERIES = 5
TOP = 10
ROUNDS = 4
PAST, NEW_HERE = 0, 1  # rows of a table of weights: for who has a past, and for newcomers


class Sample(NamedTuple):
    """Pairs of some queries, each query with all its positives and a sample of the others that it will rank.

    Attributes:
        forward: shape (m, n_scorers): what each scorer says of the candidate, in the order of `SCORERS`.
        backward: shape (m, n_scorers): what it says of the seeker to the candidate; 0 where only one side is asked.
        positive: shape (m,): 1 for a pair that came to be.
        weight: shape (m,): how many candidates the pair stands for; so the sample speaks for all candidates.
        query: shape (m,): number of the query, ascending.
        newcomers: shape (m, 2): whether the seeker, and whether the candidate, had no past.
    """

    forward: FloatArray
    backward: FloatArray
    positive: FloatArray
    weight: FloatArray
    query: IntArray
    newcomers: BoolArray

    @property
    def n_queries(self) -> int:
        """Number of queries."""
        return int(self.query[-1]) + 1 if len(self.query) else 0

    def of(self, group: int) -> Sample:
        """The queries of seekers with a past, or of newcomers."""
        part = Sample(*(each[self.newcomers[:, 0] == group] for each in self))
        return part._replace(query=np.unique(part.query, return_inverse=True)[1].astype(np.int64))

    def features(self, apart: bool) -> FloatArray:
        """Shape (m, n_scorers), or (m, 2 n_scorers) if newcomers are `apart`, whose weights are the second half.

        What both sides say, added: the list is ranked by the product of both probabilities, which is, as far as they
        are small, the sum of both log-odds.
        """
        if not apart:
            return self.forward + self.backward
        seeker, candidate = self.newcomers.T[:, :, None]
        past, new = (
            self.forward * (seeker == group) + self.backward * (candidate == group) for group in (PAST, NEW_HERE)
        )
        return np.hstack([past, new])


@dataclass(frozen=True)
class Lesson:
    """What was learned.

    Attributes:
        weights: by scorer, and the intercept: calibrated log-odds; those of newcomers under `newcomers`, if `apart`.
        prior: the weights that these were shrunk to.
        strength: how strongly; the best of `STRENGTHS` on the tuning period, or the one that was given.
        apart: whether newcomers have weights of their own, because the tuning period was ranked better so.
        tuning: by strength: nDCG@10 on the tuning period, fitted to the periods before; infinity is the prior itself.
        days: the cuts between periods, the first to the last.
        queries: how many queries there were to learn from.
    """

    weights: dict[str, Any]
    prior: dict[str, Any]
    strength: float
    apart: bool
    tuning: dict[float, float]
    days: tuple[date, ...]
    queries: int


def learn(
    dataset: Dataset,
    until: date,
    *,
    prior: Weights | None = None,
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
    among the candidates, where there are two sides by what both say, plus strength × |w − prior|²: the MAP estimate
    under a normal prior (conditional logit, McFadden 1974; as a listwise loss, Cao et al., ICML 2007). The strength,
    and whether newcomers get weights of their own, are what ranks the last period best when fitted to those before;
    then the weights are fitted to all. A sigmoid on the predictions for the last period, made without it, calibrates
    the sum (Platt 1999), so that weights and intercept are log-odds.

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
    stated = dict(prior or dataset.domain.settings["weights"])
    names = ("intercept", *SCORERS)
    given = np.array([[weights.get(name, 0.0) for name in names] for weights in plain(stated)])
    length = timedelta(days=YEAR) if tune is None else until - tune
    days = tuple(until - length * k for k in range(max(periods, 2), -1, -1))
    options: dict[str, Any] = {"positives": positives, "candidates": candidates}
    study = _Study(known, queries, seed)
    splits = [Split.at(known, day, end, **options) for day, end in pairwise(days)]
    samples = [study.sample(split) for split in splits]
    early, last = _joined(samples[:-1]), samples[-1]
    if min(early.n_queries, last.n_queries) < LEAST_QUERIES:
        counts = (
            f"{early.n_queries} and {last.n_queries} organizations with a new partner before and in the last period"
        )
        raise DataError(
            Problem("MM-LRN-001", f"too little to learn from: {counts}", "give an earlier --tune, or keep the prior")
        )
    fewest = min(part.of(group).n_queries for part in (early, last) for group in (PAST, NEW_HERE))
    plans = [
        (each, apart)
        for each in (STRENGTHS if strength is None else (strength,))
        for apart in ((False, True) if fewest >= LEAST_QUERIES else (False,))
    ]
    fits = [_table(early, given[:, 1:], *plan) for plan in plans]
    odds = [_as_log_odds(fit, last, apart) for fit, (_, apart) in zip(fits, plans, strict=True)]
    tables = [np.column_stack([start, slope * fit]) for fit, (start, slope) in zip(fits, odds, strict=True)]
    of_prior, *ranked = study.ndcg(splits[-1], [given, *tables])
    best = max(range(len(plans)), key=lambda k: (round(ranked[k], 6), plans[k][0], not plans[k][1]))
    tuning = {float("inf"): of_prior}
    for (each, _), value in zip(plans, ranked, strict=True):
        tuning[each] = max(value, tuning.get(each, 0.0))
    intercept, slope = odds[best]
    final = np.column_stack([intercept, slope * _table(_joined(samples), given[:, 1:], *plans[best])]).tolist()
    of_group = [dict(zip(names, row, strict=True)) for row in final]
    learned = of_group[PAST] | ({NEWCOMERS: of_group[NEW_HERE]} if plans[best][1] else {})
    return Lesson(
        learned, dict.fromkeys(names, 0.0) | stated, *plans[best], tuning, days, early.n_queries + last.n_queries
    )


def as_toml(lesson: Lesson, dataset: Dataset) -> str:
    """The learned weights as a file of weights: with the data's digest, the days and what was measured."""
    tuning = lesson.tuning[lesson.strength], lesson.tuning[float("inf")]
    lines = [
        "# Weights of a blend, learned by `matchmaker fit`; `match --weights FILE` ranks with them.",
        *weight_lines(lesson.weights, ("intercept", *SCORERS)),
        "[learned]",
        f'data = "{dataset.digest}"',
        f"periods = [{', '.join(day.isoformat() for day in lesson.days)}]",
        f"queries = {lesson.queries}",
        f"strength = {lesson.strength!r}",
        f"tuning_ndcg_at_10 = {tuning[0]!r}",
        f"prior_ndcg_at_10 = {tuning[1]!r}",
    ]
    return "\n".join(lines) + "\n"


def weight_lines(weights: Weights, names: Sequence[str]) -> Iterator[str]:
    """Weights as tables of a TOML file, those of newcomers in one of their own."""
    groups = {"weights": weights} | ({f"weights.{NEWCOMERS}": weights[NEWCOMERS]} if NEWCOMERS in weights else {})
    for title, group in groups.items():
        yield from (f"[{title}]", *(f"{name} = {group[name]!r}" for name in names), "")


@dataclass(eq=False)
class _Study:
    """Draws queries and candidates of a period, and judges weights on one."""

    dataset: Dataset
    queries: int
    seed: int
    _panels: dict[date, Panel] = field(default_factory=dict)

    def sample(self, split: Split) -> Sample:
        """Pairs to learn from."""
        random = np.random.default_rng(self.seed)
        parts: list[Sample] = []
        for block, forward, backward in self._blocks(split):
            for position in np.flatnonzero(block.groups[NEW].relevant.any(axis=1)).tolist():
                relevant, allowed = (mask[position] for mask in block.groups[NEW])
                mine = forward[:, position]
                both = mine if backward is None else mine + backward[:, position]
                chosen, weight = _drawn(both, relevant, allowed, random)
                theirs = np.zeros((len(chosen), len(mine))) if backward is None else backward[:, position, chosen].T
                number = np.full(len(chosen), len(parts))
                seeker = np.full(len(chosen), split.newcomers[block.rows[position]])
                newcomers = np.column_stack([seeker, split.newcomers[block.columns[position, chosen]]])
                positive = relevant[chosen].astype(np.float64)
                parts.append(Sample(mine[:, chosen].T, theirs, positive, weight, number, newcomers))
        return _stacked(parts)

    def ndcg(self, split: Split, tables: Sequence[FloatArray]) -> list[float]:
        """Mean nDCG@10 of each of several tables of weights over the queries of a period, all candidates ranked."""
        gains: list[FloatArray] = []
        for block, forward, backward in self._blocks(split):
            relevant, allowed = block.groups[NEW]
            asked = np.flatnonzero(relevant.any(axis=1))
            n_relevant = relevant[asked].sum(axis=1)
            mine, theirs = split.newcomers[block.rows[asked]], split.newcomers[block.columns[asked]]
            found = []
            for table in tables:
                score = _log_odds(table, forward[:, asked], mine[:, None])
                if backward is not None:
                    score = -np.logaddexp(0.0, -score)
                    score -= np.logaddexp(0.0, -_log_odds(table, backward[:, asked], theirs))
                best = metrics.best(np.round(score, 12), allowed[asked], TOP)
                found.append(metrics.ndcg(metrics.hits(relevant[asked], best), n_relevant))
            gains.append(np.stack(found))
        return [float(value) for value in np.concatenate(gains, axis=1).mean(axis=1)]

    def _blocks(self, split: Split) -> Iterator[tuple[Block, FloatArray, FloatArray | None]]:
        """Blocks of queries and what every scorer says, shape (n_scorers, b, m); with two sides also the other way."""
        mutual = split.train.domain.sides is not None
        if split.day not in self._panels:
            self._panels = {split.day: Panel.fit(split.train, {name: SCORERS[name]() for name in SCORERS})}
        panel = self._panels[split.day]
        for direction in split.directions:
            most = -(-self.queries // len(split.directions))
            seekers = sampled(split.census(direction).seekers, most, self.seed)
            for block in blocks(split, direction, seekers, seed=self.seed):
                views = [
                    np.stack([np.take_along_axis(each, block.columns, axis=1) for each in way])
                    for way in zip(*panel.blocks(block.rows, reverse=mutual).values(), strict=True)
                ]
                yield block, views[0], views[1] if mutual else None


def _log_odds(table: FloatArray, features: FloatArray, newcomers: BoolArray) -> FloatArray:
    """Shape (b, m): by the weights of who looks; `newcomers` has that shape, or (b, 1)."""
    past, new = (table[group, 0] + np.tensordot(table[group, 1:], features, axes=1) for group in (PAST, NEW_HERE))
    odds: FloatArray = np.where(newcomers, new, past)
    return odds


def _table(sample: Sample, prior: FloatArray, strength: float, apart: bool) -> FloatArray:
    """Weights for those with a past and for newcomers, shape (2, n_scorers): `apart`, or the same for both."""
    start = prior.ravel() if apart else prior[PAST]
    found = fitted(sample, sample.features(apart), start, strength)
    return found.reshape(2, -1) if apart else np.tile(found, (2, 1))


def _as_log_odds(table: FloatArray, sample: Sample, apart: bool) -> tuple[FloatArray, FloatArray]:
    """Intercepts and slopes that calibrate a table, each of shape (2, 1)."""
    parts = [sample.of(group) if apart else sample for group in (PAST, NEW_HERE)]
    found = [calibrated(part.forward @ row, part.positive, part.weight) for row, part in zip(table, parts, strict=True)]
    intercept, slope = np.array(found).T
    return intercept[:, None], slope[:, None]


def fitted(
    sample: Sample, features: FloatArray, prior: FloatArray, strength: float, rounds: int = ROUNDS
) -> FloatArray:
    """The weights that minimize the penalized conditional log loss of a sample with these features: shape (k,).

    The list is judged by its top ten. A positive at rank r of the weights found so far counts 1 / (1 + r / 10), so that
    those that no weights bring near the top do not decide what stands there; the weights are found in that many
    `rounds`, all positives counting alike in the first. After LambdaRank (Burges, Microsoft Research TR-2010-82).
    """
    from scipy.optimize import minimize

    start = np.flatnonzero(np.diff(sample.query, prepend=-1))
    n_positive = np.add.reduceat(sample.positive, start)
    share = np.minimum(n_positive, MOST_POSITIVES) / n_positive
    mass = sample.positive * share[sample.query]

    def loss(weights: FloatArray, mass: FloatArray, total: FloatArray) -> tuple[float, FloatArray]:
        score = features @ weights
        score = score - np.maximum.reduceat(score, start)[sample.query]
        odds = np.exp(score) * sample.weight
        partition = np.add.reduceat(odds, start)
        expected = odds / partition[sample.query] * total[sample.query]
        value = float(total @ np.log(partition) - mass @ score) / len(start)
        gradient = features.T @ (expected - mass) / len(start)
        away = weights - prior
        return value + strength * float(away @ away), gradient + 2.0 * strength * away

    found, counts = prior, mass
    for number in range(rounds):
        if number:
            counts = mass / (1.0 + _ranks(sample, features @ found) / TOP)
        counted = counts, np.add.reduceat(counts, start)
        found = np.asarray(minimize(loss, found, counted, "L-BFGS-B", jac=True, options={"maxiter": 500}).x)
    return found


def _ranks(sample: Sample, score: FloatArray) -> FloatArray:
    """Shape (m,): about at which rank of its query each pair stands, the pairs that it stands for counted in."""
    order = np.lexsort((-np.round(score, 12), sample.query))
    above = np.cumsum(sample.weight[order])
    start = np.flatnonzero(np.diff(sample.query, prepend=-1))
    above -= np.concatenate([[0.0], above[start[1:] - 1]])[sample.query[order]]
    ranks = np.empty(len(score))
    ranks[order] = above
    return ranks


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
    values: FloatArray, relevant: BoolArray, allowed: BoolArray, random: np.random.Generator
) -> tuple[IntArray, FloatArray]:
    """All positives, the best negatives by each scorer (of ties none), and some at random, who stand for all others.

    Args:
        values: shape (n_scorers, m).
        relevant: shape (m,).
        allowed: shape (m,).
        random: draws the rest.
    """
    found, others = np.flatnonzero(relevant), np.flatnonzero(allowed & ~relevant)
    limit = np.partition(values[:, others], -min(NEAREST, len(others)), axis=1)[:, [-min(NEAREST, len(others))]]
    near = (values[:, others] > limit).any(axis=0)
    rest = others[~near]
    some = rest if len(rest) <= AT_RANDOM else random.choice(rest, AT_RANDOM, replace=False)
    weight = np.ones(len(found) + int(near.sum()) + len(some))
    weight[len(weight) - len(some) :] = len(rest) / max(len(some), 1)
    return np.concatenate([found, others[near], some]), weight


def _stacked(parts: Sequence[Sample]) -> Sample:
    if not parts:
        none, nothing = np.empty(0), np.empty((0, len(SCORERS)))
        return Sample(nothing, nothing, none, none, none.astype(np.int64), np.empty((0, 2), dtype=bool))
    return Sample(*(np.concatenate(each) for each in zip(*parts, strict=True)))


def _joined(samples: Sequence[Sample]) -> Sample:
    """Several samples as one; their queries are numbered on."""
    offsets = np.cumsum([0, *(sample.n_queries for sample in samples)])
    parts = [sample._replace(query=sample.query + offset) for sample, offset in zip(samples, offsets, strict=False)]
    return _stacked(parts)

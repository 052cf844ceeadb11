"""Learn the weights of a blend from what came of meetings: an ordered outcome, shrunk to the weights before."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from matchmaker.array import FloatArray, IntArray
from matchmaker.blend import NEWCOMERS, Weights, plain
from matchmaker.dataset import Dataset
from matchmaker.errors import DataError, Problem
from matchmaker.evaluation.panel import Panel
from matchmaker.learning import weight_lines
from matchmaker.scorers import SCORERS

BLOCK = 64
BARS = {"declined": "accepted", "no-show": "met"}  # the rung that was not reached
NAMES = ("intercept", *SCORERS)
# How strongly weights are held: so that no statement can move the log-odds of any pair by more than 2, see `bound`.
STRENGTH = 2.0 * len(NAMES)


class Statement(NamedTuple):
    """Someone says that `left` and one of `rights` (identifiers) came to `outcome`, or that it came to `declined`."""

    left: str
    rights: tuple[str, ...]
    outcome: str


@dataclass(frozen=True, eq=False)
class Evidence:
    """What is learned from; entry k is a pair of the statement `statement[k]`.

    Attributes:
        forward: shape (k, n): 1, then what each scorer says to the left one of the right one, less what it says of
            pairs on the average: so that many who met move the intercept, and only what sets them apart the weights.
        backward: shape (k, n): the same to the right one of the left one.
        average: shape (n,): 0, then what each scorer says on the average.
        before: shape (2, k): log-odds of both directions by the weights before.
        statement: shape (k,): ascending.
        step: shape (m,): log-odds by which the rung of each statement is harder to reach than that both want to meet.
        sign: shape (m,): 1 where it was reached, −1 where it was not.
        outcomes: the word of each statement.
    """

    forward: FloatArray
    backward: FloatArray
    average: FloatArray
    before: FloatArray
    statement: IntArray
    step: FloatArray
    sign: FloatArray
    outcomes: tuple[str, ...]

    def weights(self, shift: FloatArray) -> FloatArray:
        """By how much intercept and weights change with a shift, shape (…, n)."""
        change = shift.copy()
        change[..., 0] -= shift @ self.average
        return change

    def loss(self, shift: FloatArray) -> tuple[float, FloatArray]:
        """Minus the log-likelihood of weights that are moved by `shift`, and its gradient."""
        each, gradients = self.pulls(shift)
        return float(each.sum()), -gradients.sum(axis=0)

    def pulls(self, shift: FloatArray) -> tuple[FloatArray, FloatArray]:
        """By statement: minus its log-likelihood, shape (m,), and where it pulls the weights, shape (m, n)."""
        from scipy.special import expit

        forward = self.before[0] + self.forward @ shift
        backward = self.before[1] + self.backward @ shift
        odds = mutual_log_odds(forward, backward)
        toward = np.clip(self.sign[self.statement] * (odds - self.step[self.statement]), -700.0, 700.0)
        start = np.flatnonzero(np.diff(self.statement, prepend=-1))
        none = np.add.reduceat(np.logaddexp(0.0, toward), start)  # −log that it is true of none of the pairs
        force = (expit(toward) / np.expm1(np.minimum(none, 700.0))[self.statement]) * self.sign[self.statement]
        ours, theirs = (1.0 - np.exp(odds - other) for other in (backward, forward))
        slopes = ours[:, None] * self.forward + theirs[:, None] * self.backward
        return -np.log(-np.expm1(-none)), np.add.reduceat(force[:, None] * slopes, start, axis=0)


def mutual_log_odds(forward: FloatArray, backward: FloatArray) -> FloatArray:
    """Log-odds that both want to meet, by which lists are ranked, from the log-odds of each."""
    odds: FloatArray = -np.logaddexp(np.logaddexp(-forward, -backward), -forward - backward)
    return odds


@dataclass(frozen=True)
class LadderLesson:
    """What was learned.

    Attributes:
        weights: by scorer, and `intercept`; those of newcomers under `newcomers`, where the prior had any.
        prior: the weights before.
        because: by weight: how much of its change comes from each outcome; these add up to the change.
        counts: by outcome: how many statements were learned from, after those that say no more of a pair are left out.
        stated: how many statements there were.
        strength: how strongly the weights are held.
        likelihood: log-likelihood of the statements before and after.
    """

    weights: dict[str, Any]
    prior: dict[str, Any]
    because: dict[str, dict[str, float]]
    counts: dict[str, int]
    stated: int
    strength: float
    likelihood: tuple[float, float]

    @property
    def bound(self) -> float:
        """No statement moves the log-odds that two want to meet by more than this, whoever the two are."""
        return 4.0 * len(NAMES) / self.strength


def learn_from_outcomes(
    dataset: Dataset,
    statements: Sequence[Statement],
    *,
    prior: Weights | None = None,
    strength: float = STRENGTH,
) -> LadderLesson:
    """Learn from what came of meetings.

    The log-odds that a pair reaches a rung of the ladder are its mutual log-odds less the step of the rung: a
    proportional-odds model (McCullagh, JRSS B 42, 1980) with known steps (settings.toml, `ladder`). A statement says
    that a rung was reached, and nothing of those above, which may still be; `declined` and `no-show` say of one that it
    was not. Where several could be meant, one of them at least is. Of a pair the highest rung that is stated counts,
    and the lowest that was barred, however many say so. The same shift of all weights, for those with a past and for
    newcomers, minimizes −log-likelihood + strength / 2 × |shift|²: the MAP estimate under a normal prior. The weights
    are of what a scorer says beyond its average over pairs, and of an intercept.

    Every term falls, or rises, with the mutual log-odds of its pairs alone, and the steps do not depend on the data: so
    what is added for a pair can never move its own log-odds the other way. A term pulls by no more than 2 √n, and a
    pair gives way by no more than 2 √n for each unit of the shift; hence `LadderLesson.bound`.

    Args:
        dataset: the world, without what outcomes add to it: else the label would be its own reason.
        statements: who came to what.
        prior: the weights before (None: those of the domain's settings).
        strength: of the prior, more than 0.

    Raises:
        DataError: no statement about organizations of the dataset.
    """
    stated = dict(prior or dataset.domain.settings["weights"])
    telling = told_once(dataset, statements)
    if not telling:
        fix = "bring some into the store: matchmaker feedback import FILE"
        raise DataError(Problem("MM-LRN-002", "there is no outcome to learn from", fix))
    evidence = gathered(dataset, telling, stated)
    shift = shifted(evidence, strength)
    before, after = (-evidence.loss(each)[0] for each in (np.zeros(len(NAMES)), shift))
    because = _because(evidence, shift, strength)
    counts = dict(Counter(evidence.outcomes))
    return LadderLesson(
        moved(stated, evidence.weights(shift)), stated, because, counts, len(statements), strength, (before, after)
    )


def shifted(evidence: Evidence, strength: float) -> FloatArray:
    """The shift of all weights that minimizes −log-likelihood + strength / 2 × |shift|², shape (n,)."""
    from scipy.optimize import minimize

    def penalized(shift: FloatArray) -> tuple[float, FloatArray]:
        loss, slope = evidence.loss(shift)
        return loss + strength / 2.0 * float(shift @ shift), slope + strength * shift

    options: Any = {"maxiter": 2000, "ftol": 0.0, "gtol": 1e-9}
    start = np.zeros(evidence.forward.shape[1])
    found: FloatArray = minimize(penalized, start, jac=True, method="L-BFGS-B", options=options).x
    return found


def moved(weights: Weights, shift: FloatArray) -> dict[str, Any]:
    """Weights with the shift added to each, to those of newcomers, too."""
    past, newcomers = (
        {name: group.get(name, 0.0) + change for name, change in zip(NAMES, shift.tolist(), strict=True)}
        for group in plain(weights)
    )
    return past | ({NEWCOMERS: newcomers} if NEWCOMERS in weights else {})


def _because(evidence: Evidence, shift: FloatArray, strength: float) -> dict[str, dict[str, float]]:
    """At the optimum the change of a weight is the sum of all pulls, divided by the strength."""
    pulls = evidence.weights(evidence.pulls(shift)[1] / strength)
    words = np.array(evidence.outcomes)
    parts = {word: pulls[words == word].sum(axis=0).tolist() for word in sorted(set(evidence.outcomes))}
    return {name: {word: part[k] for word, part in parts.items()} for k, name in enumerate(NAMES)}


def told_once(dataset: Dataset, statements: Iterable[Statement]) -> list[Statement]:
    """The statements about who is there, of each pair the one that says most, for and against it; in one order."""
    steps = ladder(dataset)
    found: dict[tuple[Any, ...], Statement] = {}
    for each in sorted(set(statements)):
        rights = tuple(sorted({right for right in each.rights if right in dataset.row_of and right != each.left}))
        if each.left not in dataset.row_of or len(rights) < len(set(each.rights)) or not rights:
            continue  # of one who is not there nothing can be known, so that "one of these" may mean that one
        pairs = tuple(sorted(tuple(sorted((each.left, right))) for right in rights))
        key = pairs, each.outcome in BARS
        known = found.get(key)
        if known is None or _says_more(each.outcome, known.outcome, steps):
            found[key] = Statement(each.left, rights, each.outcome)
    return [found[key] for key in sorted(found)]


def ladder(dataset: Dataset) -> dict[str, float]:
    """The step of each rung, in ascending order."""
    steps: Mapping[str, float] = dataset.domain.settings["ladder"]
    return dict(zip(steps, np.maximum.accumulate(list(steps.values())).tolist(), strict=True))


def _says_more(outcome: str, than: str, steps: Mapping[str, float]) -> bool:
    rungs = list(steps)
    new, old = (rungs.index(BARS.get(word, word)) for word in (outcome, than))
    return new < old if outcome in BARS else new > old


def gathered(dataset: Dataset, statements: Sequence[Statement], weights: Weights) -> Evidence:
    """What the scorers say of the pairs of the statements."""
    steps = ladder(dataset)
    rows = np.array(
        [[dataset.row_of[each.left], dataset.row_of[right]] for each in statements for right in each.rights]
    )
    forward, backward, average = _features(dataset, rows[:, 0], rows[:, 1])
    newcomer = np.diff(dataset.graph.everyone.indptr) == 0
    tables = np.array([[group.get(name, 0.0) for name in NAMES] for group in plain(weights)])
    looks = tables[newcomer[rows].astype(np.int64)]  # shape (k, 2, n): the weights of either one
    return Evidence(
        forward - average,
        backward - average,
        average,
        np.stack([(forward * looks[:, 0]).sum(axis=1), (backward * looks[:, 1]).sum(axis=1)]),
        np.repeat(np.arange(len(statements)), [len(each.rights) for each in statements]),
        np.array([steps[BARS.get(each.outcome, each.outcome)] for each in statements]),
        np.array([-1.0 if each.outcome in BARS else 1.0 for each in statements]),
        tuple(each.outcome for each in statements),
    )


def _features(dataset: Dataset, left: IntArray, right: IntArray) -> tuple[FloatArray, FloatArray, FloatArray]:
    """1 and what every scorer says, in both directions, shape (k, n); and on the average, shape (n,), 0 for the 1."""
    panel = Panel.fit(dataset, {name: SCORERS[name]() for name in SCORERS})
    forward, backward = np.ones((2, len(left), len(NAMES)))
    seekers = np.unique(left)
    for start in range(0, len(seekers), BLOCK):
        block = seekers[start : start + BLOCK]
        here = np.flatnonzero(np.isin(left, block))
        places = np.searchsorted(block, left[here]), right[here]
        for column, (ours, theirs) in enumerate(panel.blocks(block, reverse=True).values(), 1):
            forward[here, column], backward[here, column] = ours[places], theirs[places]
    return forward, backward, np.array([0.0, *_averages(panel, dataset)])


def _averages(panel: Panel, dataset: Dataset) -> Iterator[float]:
    """What each scorer says of pairs across the border, on the average over some seekers, whoever is said to meet."""
    there = np.flatnonzero((dataset.side >= 0) | (dataset.domain.sides is None))
    rows = np.unique(there[np.linspace(0, len(there) - 1, min(BLOCK, len(there))).astype(np.int64)])
    across = np.array([dataset.across(row) for row in rows.tolist()], dtype=bool)
    for (block,) in panel.blocks(rows, reverse=False).values():
        yield float(block[across].mean()) if across.any() else 0.0


def as_toml(lesson: LadderLesson, digest: str) -> str:
    """The learned weights as a file of weights, with the digest of the data and what they were learned from."""
    lines = [
        "# Weights of a blend, learned by `matchmaker fit --from-store`; `match --weights FILE` ranks with them.",
        *weight_lines(lesson.weights, NAMES),
        "[learned]",
        f'data = "{digest}"',
        f"statements = {sum(lesson.counts.values())}",
        f"strength = {lesson.strength!r}",
        f"log_likelihood = [{lesson.likelihood[0]!r}, {lesson.likelihood[1]!r}]",
    ]
    return "\n".join(lines) + "\n"

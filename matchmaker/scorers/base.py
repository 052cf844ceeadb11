"""The promise that every scorer keeps, and the sparse factors that most of them are made of.

* Scores lie in [0, 1]; 0 means *no evidence*, not *never*.
* `score(rows)` is what those seekers think of every candidate, `score(rows, reverse=True)` what the candidates think
  of them; for a symmetric scorer the two are equal.
* Scales are fixed at `fit`, never per query, so that scores of different organizations can be compared.
* The contributions of `explain` add up to the score to 1e-9.
* A scorer that declares `monotone` never gives a pair a lower score for one more shared fact.
* A scorer sees only the dataset that `fit` is given.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, ClassVar, Literal, NamedTuple, Protocol, Self, runtime_checkable

import numpy as np

from matchmaker.array import FloatArray, IntArray
from matchmaker.sparse import CSR, in_both, in_order, row_of, transposed

if TYPE_CHECKING:
    from matchmaker.dataset import Dataset


class Reason(NamedTuple):
    """One part of a score: what fact, how much it adds, who says so and since when."""

    text: str
    contribution: float
    source: str | None = None
    day: date | None = None
    derived: bool = False


class Known(NamedTuple):
    """What a scorer said last of one organization, both ways, shape (n,): a blend leaves it with its scorers."""

    row: int
    forward: FloatArray
    backward: FloatArray


@runtime_checkable
class Scorer(Protocol):
    """What a scorer is; see the promise at the top of this module."""

    symmetric: ClassVar[bool]
    monotone: ClassVar[bool]

    def fit(self, dataset: Dataset) -> Self:
        """Learn from `dataset` and return the scorer itself."""
        ...

    def score(self, rows: IntArray, *, reverse: bool = False) -> FloatArray:
        """Score every candidate for each of `rows`: shape (len(rows), n), values in [0, 1]."""
        ...

    def explain(self, seeker: int, candidate: int) -> list[Reason]:
        """Reasons whose contributions add up to `score([seeker])[0, candidate]`."""
        ...


def remember(scorer: Scorer, known: Known) -> None:
    """Leave what a scorer said last with it."""
    scorer.__dict__["known_"] = known


def known_score(scorer: Scorer, seeker: int, candidate: int) -> float | None:
    """The score of a pair, if one of the two is who was asked about last."""
    known: Known | None = scorer.__dict__.get("known_")
    if known is not None and known.row == seeker:
        return float(known.forward[candidate])
    if known is not None and known.row == candidate:
        return float(known.backward[seeker])
    return None


def score_of(scorer: Scorer, seeker: int, candidate: int) -> float:
    """The score of a pair, for its reasons."""
    known = known_score(scorer, seeker, candidate)
    return float(scorer.score(np.array([seeker]))[0, candidate]) if known is None else known


def clipped(x: FloatArray) -> FloatArray:
    """`x` cut to [0, 1]: rounding may carry a score a little beyond."""
    cut: FloatArray = np.clip(x, 0.0, 1.0)
    return cut


def comparable(x: FloatArray) -> FloatArray:
    """`x` rounded to 12 significant digits: equal but for rounding is a tie, and small numbers stay apart."""
    fraction, exponent = np.frexp(x)
    rounded: FloatArray = np.ldexp(np.round(fraction, 12), exponent)
    return rounded


def on_chance_scale(share: FloatArray, n: int) -> FloatArray:
    """log(1 + n x) / log(1 + n), in [0, 1]: a share x of 1 in n, chance among n, gives log 2 / log(1 + n)."""
    most = max(n, 1)
    return clipped(np.log1p(most * share) / np.log1p(most))


class Scale(NamedTuple):
    """What a sum x becomes: x, or log(1 + chance x) / log(1 + chance) (`logarithm`), or x / (1 + x) (`saturation`)."""

    kind: Literal["identity", "logarithm", "saturation"] = "identity"
    chance: int = 1

    def of(self, x: FloatArray) -> FloatArray:
        """Scores in [0, 1] of sums ≥ 0."""
        if self.kind == "logarithm":
            return on_chance_scale(x, self.chance)
        return clipped(x / (1.0 + x) if self.kind == "saturation" else x)


AS_IT_IS = Scale()


@dataclass(frozen=True, eq=False)
class Factors:
    """Exact sparse factors: the score of a pair is `scale` of `left[i] @ right[j]`; both have shape (n, n_features)."""

    left: CSR
    right: CSR
    left_transposed: CSR
    right_transposed: CSR
    scale: Scale = AS_IT_IS

    @classmethod
    def of(cls, left: CSR, right: CSR | None = None, scale: Scale = AS_IT_IS) -> Factors:
        """Keep both factors and their transposes; a symmetric scorer gives one."""
        left = in_order(left)
        flipped = transposed(left)
        if right is None:
            return cls(left, left, flipped, flipped, scale)
        right = in_order(right)
        return cls(left, right, flipped, transposed(right), scale)

    def scores(self, rows: IntArray, *, reverse: bool = False, itself: bool = True) -> FloatArray:
        """Shape (len(rows), n), values in [0, 1]; 0 for `itself` if that is False."""
        sums = self.block(rows, reverse=reverse)
        if not itself:
            sums[np.arange(len(rows)), rows] = 0.0
        return self.scale.of(sums)

    def block(self, rows: IntArray, *, reverse: bool = False) -> FloatArray:
        """Shape (len(rows), n): inner products of `rows` with everyone."""
        seekers, candidates = (self.right, self.left_transposed) if reverse else (self.left, self.right_transposed)
        product: FloatArray = (seekers[rows] @ candidates).toarray()
        return product

    def parts(self, seeker: int, candidate: int) -> tuple[IntArray, FloatArray]:
        """The features that two organizations share, and what each adds to the inner product."""
        features, mine, theirs = in_both(row_of(self.left, seeker), row_of(self.right, candidate))
        return features, mine * theirs

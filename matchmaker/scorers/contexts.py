"""Context Adamic–Adar: have they been in the same events and agreements, and how exclusive were these?"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, ClassVar, Self

import numpy as np

from matchmaker.array import FloatArray, IntArray
from matchmaker.graph import ContextGraph
from matchmaker.scorers.base import Factors, Reason, Scale
from matchmaker.sparse import CSR, scaled

if TYPE_CHECKING:
    from matchmaker.dataset import Dataset


@dataclass(eq=False)
class ContextAdamicAdar:
    """Shared contexts, each discounted by its size and age.

    x(i, j) = Σ over shared contexts c of role_ic role_jc strength_c / log(1 + size_c); score = x / (1 + x). Contexts in
    which one of the two is not verified are counted apart, with the size that counts the unverified, too; what they add
    to x is cut at `unverified_cap`. Strangers get 0.

    Source: Adamic & Adar, Social Networks 25 (2003), on contexts instead of neighbors.
    """

    symmetric: ClassVar[bool] = True
    monotone: ClassVar[bool] = True
    graph_: ContextGraph = field(init=False, repr=False)
    weight_: FloatArray = field(init=False, repr=False)
    doubtful_weight_: FloatArray = field(init=False, repr=False)
    factors_: Factors = field(init=False, repr=False)
    doubtful_: tuple[Factors, Factors] | None = field(init=False, repr=False)

    def fit(self, dataset: Dataset) -> Self:
        """Weigh the contexts of the graph."""
        self.graph_ = graph = dataset.graph
        self.weight_, self.doubtful_weight_ = (
            graph.strength / np.log1p(np.maximum(size, 1.0)) for size in (graph.size, graph.size_with_doubtful)
        )
        self.factors_ = _factors(graph.verified, self.weight_)
        self.doubtful_ = None
        if graph.everyone.nnz > graph.verified.nnz:  # what both blocks hold is the verified part, at the same weight
            everyone, verified = (_factors(m, self.doubtful_weight_) for m in (graph.everyone, graph.verified))
            self.doubtful_ = everyone, verified
        return self

    @property
    def _cap(self) -> float:
        return float(self.graph_.settings["unverified_cap"])

    def score(self, rows: IntArray, *, reverse: bool = False) -> FloatArray:
        """Shape (len(rows), n), values in [0, 1)."""
        if self.doubtful_ is None:
            return self.factors_.scores(rows, itself=False)
        everyone, verified = self.doubtful_
        doubtful = np.clip(everyone.block(rows) - verified.block(rows), 0.0, self._cap)
        shared = self.factors_.block(rows) + doubtful
        shared[np.arange(len(rows)), rows] = 0.0
        return self.factors_.scale.of(shared)

    def explain(self, seeker: int, candidate: int) -> list[Reason]:
        """One reason for each shared context, the weightiest first; unverified ones after the cap."""
        if seeker == candidate:
            return []
        shared = [
            (column, product * (self.weight_ if sure else self.doubtful_weight_)[column], sure)
            for column, product, sure in self.graph_.shared(seeker, candidate)
        ]
        doubtful = sum(weight for _, weight, sure in shared if not sure)
        cut = min(1.0, self._cap / doubtful) if doubtful > 0 else 1.0
        weights = [weight if sure else weight * cut for _, weight, sure in shared]
        total = sum(weights)
        reasons = [
            self._reason(column, weight / (1.0 + total), sure)
            for (column, _, sure), weight in zip(shared, weights, strict=True)
        ]
        return sorted(reasons, key=lambda reason: -reason.contribution)

    def _reason(self, column: int, contribution: float, sure: bool) -> Reason:
        context = self.graph_.context(column)
        article = "an" if context.kind[:1] in "aeiou" else "a"
        how = "have an agreement" if context.kind == "agreement" else f"were both in {article} {context.kind}"
        doubt = "" if sure else " (unverified)"
        return Reason(f"{how}: {context.title}{doubt}", contribution, context.source, context.day)


def _factors(members: CSR, weight: FloatArray) -> Factors:
    return Factors.of(scaled(members, columns=np.sqrt(weight)), scale=Scale("saturation"))

"""Odd Katz: are they joined by chains of partnerships of length three and five?"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np
import scipy.sparse as sp

from matchmaker.array import FloatArray, IntArray
from matchmaker.scorers.base import Reason, clipped, score_of
from matchmaker.sparse import CSR, Step, row_sums, scaled, transposed

if TYPE_CHECKING:
    from matchmaker.dataset import Dataset

POWER_STEPS = 60


@dataclass(eq=False)
class OddKatz:
    """Chains of partnerships of odd length: between two sides, every chain is odd.

    κ = (Â³ + b² Â⁵) / (1 + b²), Â the organization–organization graph of verified partnerships over its largest
    eigenvalue, b < 1 the attenuation; score = log(1 + n κ) / log(1 + n). Who is a partner
    already gets 0.
    Where a domain has no verified partnership, two organizations are linked by each shared event, weighted
    1/(size − 1), applied as B (Bᵀ x) and never formed. Unconnected pairs get 0.

    Source: Katz, Psychometrika 18 (1953); odd lengths: Kunegis, De Luca & Albayrak, IPMU 2010.
    """

    symmetric: ClassVar[bool] = True
    monotone: ClassVar[bool] = False
    dataset_: Dataset = field(init=False, repr=False)
    links_: CSR = field(init=False, repr=False)
    transposed_: CSR = field(init=False, repr=False)
    own_: FloatArray = field(init=False, repr=False)
    step_: Step = field(init=False, repr=False)
    scale_: float = field(init=False)
    attenuation_: float = field(init=False)

    def fit(self, dataset: Dataset) -> Self:
        """Find the largest eigenvalue of the partnership graph."""
        self.dataset_ = dataset
        self.attenuation_ = float(dataset.domain.settings["graph"]["katz_attenuation"])
        if len(dataset.verified_partner_pairs.fact):
            self.links_, self.transposed_ = _partner_graph(dataset), sp.csr_array(sp.eye_array(len(dataset)))
            self.own_ = np.zeros(len(dataset))
        else:
            graph = dataset.graph
            pair = graph.strength / np.maximum(graph.size - 1.0, 1.0)
            shared = np.bincount(graph.verified.indices, minlength=len(pair)) > 1
            self.links_ = scaled(graph.verified, columns=np.sqrt(pair * shared))
            self.transposed_ = transposed(self.links_)
            self.own_ = row_sums(self.links_.power(2))
        self.step_ = Step.of(self.links_, self.transposed_, self.own_)
        self.scale_ = self._largest_eigenvalue()
        return self

    def score(self, rows: IntArray, *, reverse: bool = False) -> FloatArray:
        """Shape (len(rows), n), values in [0, 1]."""
        n = len(self.own_)
        if self.scale_ == 0.0:
            return np.zeros((len(rows), n))
        chains = self.step_.back(self.chains(self.step_.units(rows), lambda x: self.step_(x) / self.scale_))
        chains[np.arange(len(rows)), rows] = 0.0
        return clipped(np.log1p(n * chains) / np.log1p(n))

    def chains(self, x: FloatArray, step: Callable[[Any], Any]) -> FloatArray:
        """κ of some seekers, shape (n, k), from their unit vectors (n, k) and one step along the partnerships, Â x."""
        attenuation = self.attenuation_**2
        first = step(x)
        third = step(step(first))
        fifth = step(step(third))
        chains: FloatArray = fifth  # a block may be large: from here on it is changed where it lies
        chains *= attenuation
        chains += third
        chains *= 1.0 / (1.0 + attenuation)
        np.maximum(chains, 0.0, out=chains)
        chains *= first <= 0.0  # between partners, chains only go to and fro
        return chains

    def explain(self, seeker: int, candidate: int) -> list[Reason]:
        """One reason: a chain of three partnerships, where there is one."""
        score = score_of(self, seeker, candidate)
        if score == 0.0:
            return []
        chain = self._chain(seeker, candidate)
        names = [self.dataset_.organization(row).name for row in chain]
        what = "chain of partnerships" if len(self.dataset_.verified_partner_pairs.fact) else "chain of meetings"
        return [Reason(what + (": over " + " and ".join(names) if names else " of length five"), score)]

    def _largest_eigenvalue(self) -> float:
        """By power iteration on the square: two sides make a bipartite graph, which has −λ beside λ."""
        x = np.full((len(self.dataset_), 1), 1.0)
        square = 0.0
        for _ in range(POWER_STEPS):
            x = self.step_(self.step_(x))
            square = float(np.linalg.norm(x))
            if square == 0.0:
                return 0.0
            x /= square
        return float(np.sqrt(square))

    def _chain(self, seeker: int, candidate: int) -> list[int]:
        """The two organizations in the middle of a strongest chain of length three."""
        step, ends = self.step_, [seeker, candidate]
        near = step(step.units(np.array(ends)))
        first = self._strongest(near[:, [0]] * step(near[:, [1]]), ends)
        if first is None:
            return []
        second = self._strongest(step(step.units(np.array([first]))) * near[:, [1]], ends)
        return [] if second is None else [first, second]

    def _strongest(self, x: FloatArray, ends: list[int]) -> int | None:
        """The organization at which x, shape (n, 1), is largest, the ends left out; None where it is nowhere > 0."""
        by_row = self.step_.back(x)[0]
        by_row[ends] = 0.0
        return int(np.argmax(by_row)) if by_row.max() > 0 else None


def _partner_graph(dataset: Dataset) -> sp.csr_array:
    left, right, facts = dataset.verified_partner_pairs
    strength = dataset.graph.strength[facts + dataset.events.height]
    rows, columns = np.concatenate([left, right]), np.concatenate([right, left])
    shape = len(dataset), len(dataset)
    graph = sp.csr_array((np.concatenate([strength, strength]), (rows, columns)), shape=shape)
    graph.data = np.minimum(graph.data, 1.0)
    return graph

"""Counterparts: has the candidate dealt with organizations like the seeker before?"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar, Literal, Self

import numpy as np
import scipy.sparse as sp

from matchmaker.dataset import Dataset, FloatArray, IntArray
from matchmaker.scorers.base import Factors, Reason, clipped
from matchmaker.sparse import CSR, scaled, transposed

WORDS = {"sector": "of the sector", "country": "from the country"}


@dataclass(eq=False)
class SectorCounterparts:
    """How many organizations of the seeker's sector the candidate has met.

    score(i, j) = log(1 + m_gj) / log(1 + max m), g the group of i, m_gj = Σ over verified contexts c of j of role_jc
    strength_c × members of c in g, j itself left out. A seeker without a group, and a candidate without a context, get
    0. It is what says something of a newcomer: others of its kind have been partners of j.

    Source: block-wise degrees, Karrer & Newman, Physical Review E 83 (2011).
    """

    by: ClassVar[Literal["sector", "country"]] = "sector"
    symmetric: ClassVar[bool] = False
    monotone: ClassVar[bool] = False
    dataset_: Dataset = field(init=False, repr=False)
    groups_: CSR = field(init=False, repr=False)
    factors_: Factors = field(init=False, repr=False)

    def fit(self, dataset: Dataset) -> Self:
        """Count who has met whom, group by group."""
        self.dataset_, graph = dataset, dataset.graph
        self.groups_ = _groups(dataset.organizations[self.by].to_list())
        present = graph.verified.astype(bool).astype(np.float64)
        per_context = sp.csr_array(transposed(present) @ self.groups_)
        itself = scaled(self.groups_, rows=graph.degree)
        counts = sp.csr_array(graph.weighted @ per_context - itself)
        counts.data = np.log1p(np.maximum(counts.data, 0.0))
        counts.data /= max(float(counts.data.max(initial=0.0)), 1e-300)
        counts.eliminate_zeros()
        self.factors_ = Factors.of(self.groups_, counts)
        return self

    def score(self, rows: IntArray, *, reverse: bool = False) -> FloatArray:
        """Shape (len(rows), n), values in [0, 1]."""
        scores = clipped(self.factors_.block(rows, reverse=reverse))
        scores[np.arange(len(rows)), rows] = 0.0
        return scores

    def explain(self, seeker: int, candidate: int) -> list[Reason]:
        """One reason: how many of the seeker's group the candidate has met."""
        score = float(self.score(np.array([seeker]))[0, candidate])
        if score == 0.0:
            return []
        group = self.dataset_.organizations[self.by][seeker]
        label = self.dataset_.sectors.label(group) if self.by == "sector" else group
        mine = self.dataset_.graph.verified[[candidate]].indices
        like = self.groups_.indices == self.groups_[[seeker]].indices[0]
        members = np.flatnonzero(np.diff(self.groups_.indptr))[like]
        met = np.unique(self.dataset_.graph.verified[members][:, mine].tocoo().row)
        count = len(met) - int(candidate in members)
        return [Reason(f"has met {count} {WORDS[self.by]} {label}", score)]


@dataclass(eq=False)
class CountryCounterparts(SectorCounterparts):
    """The same for the seeker's country: who knows how to deal with it."""

    by: ClassVar[Literal["sector", "country"]] = "country"


def _groups(values: list[str | None]) -> CSR:
    """Shape (n, n_groups): 1 for the group of each organization; a row without a value is empty."""
    known = sorted({value for value in values if value is not None})
    column = {value: number for number, value in enumerate(known)}
    rows = [row for row, value in enumerate(values) if value is not None]
    columns = [column[value] for value in values if value is not None]
    return sp.csr_array((np.ones(len(rows)), (rows, columns)), shape=(len(values), len(known)))

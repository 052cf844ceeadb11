"""Counterparts: to whom have organizations like the seeker come before, when they were new?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, ClassVar, Self

import numpy as np
import scipy.sparse as sp

from matchmaker.array import FloatArray, IntArray
from matchmaker.scorers.base import Factors, Reason, on_chance_scale, score_of
from matchmaker.sparse import CSR, inverse, row_of, row_sums, scaled, times_row, transposed

if TYPE_CHECKING:
    from matchmaker.dataset import Dataset


@dataclass(eq=False)
class SectorCounterparts:
    """How often organizations of the seeker's sector had their first meeting with the candidate.

    score(i, j) = log(1 + n v_ij) / log(1 + n), v_ij = m_gj / Σ_k m_gk, g the group of i, m_gj = Σ over
    verified contexts c of j of role_jc strength_c × members of c in g, other than j, of whom nothing earlier is
    recorded; n the number of organizations with a context: a candidate that has its average part gets log 2 /
    log(1 + n). A seeker without a group, and a candidate without a context, get 0. It is what says something of a
    newcomer: who takes in others of its kind. First meetings say so better than all meetings do.

    Source: block-wise degrees, Karrer & Newman, Physical Review E 83 (2011), on first meetings.
    """

    by: ClassVar[str] = "sector"
    symmetric: ClassVar[bool] = False
    monotone: ClassVar[bool] = False
    dataset_: Dataset = field(init=False, repr=False)
    first_: CSR = field(init=False, repr=False)
    names_: list[str] = field(init=False, repr=False)
    group_: IntArray = field(init=False, repr=False)
    factors_: Factors = field(init=False, repr=False)

    def fit(self, dataset: Dataset) -> Self:
        """Count who has met whom, group by group."""
        self.dataset_, graph = dataset, dataset.graph
        first = first_contexts(dataset)
        self.first_ = transposed(first)
        self.names_, self.group_, groups = grouped(dataset.organizations[self.by].to_list())
        met = graph.weighted @ sp.csr_array(self.first_ @ groups)
        itself = scaled(groups, rows=row_sums(sp.csr_array(graph.weighted.multiply(first))))
        counts = sp.csr_array(met - itself)
        counts.data[counts.data < 1e-12] = 0.0  # what rounding leaves of the organization itself
        counts.eliminate_zeros()
        part = scaled(counts, columns=inverse(row_sums(transposed(counts))))
        part.data = on_chance_scale(part.data, int((graph.degree > 0).sum()))  # of one group, so no sum comes before
        self.factors_ = Factors.of(groups, part)
        return self

    def label(self, name: str) -> str:
        """A group in words."""
        return f"of the sector {self.dataset_.sectors.label(name)}"

    def score(self, rows: IntArray, *, reverse: bool = False) -> FloatArray:
        """Shape (len(rows), n), values in [0, 1]."""
        return self.factors_.scores(rows, reverse=reverse, itself=False)

    def explain(self, seeker: int, candidate: int) -> list[Reason]:
        """One reason: how many of the seeker's group met the candidate on their first day."""
        score = score_of(self, seeker, candidate)
        if score == 0.0:
            return []
        group = self.group_[seeker]
        came = times_row(row_of(self.dataset_.graph.verified, candidate), self.first_).columns
        count = int((self.group_[came[came != candidate]] == group).sum())
        return [Reason(f"among the first partners of {count} {self.label(self.names_[group])}", score)]


@dataclass(eq=False)
class CountryCounterparts(SectorCounterparts):
    """The same for the seeker's country: who takes in those from there."""

    by: ClassVar[str] = "country"

    def label(self, name: str) -> str:
        """A group in words."""
        return f"from the country {name}"


def first_contexts(dataset: Dataset) -> CSR:
    """Shape (n, n_contexts), 0/1: the verified contexts of each organization's first day; of undated ones all."""
    days = [*dataset.events["day"].to_list(), *dataset.partnerships["day"].to_list()]
    number = np.array([np.inf if day is None else day.toordinal() for day in days])
    members = dataset.graph.verified.tocoo()
    first = np.full(len(dataset), np.inf)
    np.minimum.at(first, members.row, number[members.col])
    is_first = (number[members.col] == first[members.row]) & (members.data > 0)
    row, column = members.row[is_first], members.col[is_first]
    return sp.csr_array((np.ones(len(row)), (row, column)), shape=members.shape)


def grouped(groups: Sequence[str | None]) -> tuple[list[str], IntArray, CSR]:
    """Names in order; the number of each organization's, −1 where it has none; the same as 0/1, (n, n_groups)."""
    names = sorted({group for group in groups if group is not None})
    known = {name: column for column, name in enumerate(names)}
    number = np.array([-1 if group is None else known[group] for group in groups], dtype=np.int64)
    rows = np.flatnonzero(number >= 0)
    return names, number, sp.csr_array((np.ones(len(rows)), (rows, number[rows])), shape=(len(groups), len(names)))

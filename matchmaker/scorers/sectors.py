"""Sector affinity: do organizations of these two sectors become partners oftener than by chance?"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, ClassVar, Self

import numpy as np
import scipy.sparse as sp

from matchmaker.array import FloatArray, IntArray
from matchmaker.scorers.base import Reason, score_of

if TYPE_CHECKING:
    from matchmaker.dataset import Dataset


@dataclass(eq=False)
class SectorAffinity:
    """Smoothed lift of sector pairs among past partnerships.

    score = log(lift) / log(cap), clipped to [0, 1], with lift(s, t) = (N_st + a π_st) / (E_st + a) shrunk toward a
    prior π from the vocabulary (equal, related, of one kind) that weighs as much as `a` partnerships of each pair;
    N_st counts verified partnerships (where there are none, shared events, each weighted 1/(size − 1)), E_st what their
    margins let expect. Pairs met as often as by chance, or less, and unknown sectors get 0.

    Source: the shrunk log-odds of Mosteller & Wallace (1964); DuMouchel, The American Statistician 53 (1999).
    """

    symmetric: ClassVar[bool] = True
    monotone: ClassVar[bool] = False
    dataset_: Dataset = field(init=False, repr=False)
    table_: FloatArray = field(init=False, repr=False)
    count_: FloatArray = field(init=False, repr=False)
    sector_: IntArray = field(init=False, repr=False)

    def fit(self, dataset: Dataset) -> Self:
        """Count the sector pairs of past partnerships."""
        self.dataset_ = dataset
        settings = dataset.domain.settings["sectors"]
        terms = sorted(dataset.sectors.terms)
        column = {term: number for number, term in enumerate(terms)}
        sectors = dataset.organizations["sector"].to_list()
        self.sector_ = np.array([column.get(sector, -1) for sector in sectors], dtype=np.int64)
        self.count_ = self._counts(len(terms))
        margin = self.count_.sum(axis=1)
        expected = np.outer(margin, margin) / max(margin.sum(), 1.0)
        prior = self._prior(terms, settings)
        lift = (self.count_ + settings["shrinkage"] * prior) / (expected + settings["shrinkage"])
        self.table_ = np.clip(np.log(np.maximum(lift, 1e-12)) / np.log(settings["cap"]), 0.0, 1.0)
        return self

    def score(self, rows: IntArray, *, reverse: bool = False) -> FloatArray:
        """Shape (len(rows), n), values in [0, 1]."""
        known = (self.sector_[rows] >= 0)[:, None] & (self.sector_ >= 0)[None, :]
        return (
            np.where(known, self.table_[self.sector_[rows][:, None], self.sector_[None, :]], 0.0)
            if len(self.table_)
            else np.zeros((len(rows), len(self.sector_)))
        )

    def explain(self, seeker: int, candidate: int) -> list[Reason]:
        """One reason: the two sectors and how many partnerships joined them."""
        score = score_of(self, seeker, candidate)
        if score == 0.0:
            return []
        mine, theirs = (self.dataset_.organization(row).sector or "" for row in (seeker, candidate))
        labels = [self.dataset_.sectors.label(sector) for sector in (mine, theirs)]
        count = self.count_[self.sector_[seeker], self.sector_[candidate]]
        if not count:
            return [Reason(f"{self._relation(mine, theirs)}: {' and '.join(dict.fromkeys(labels))}", score)]
        agreed = len(self.dataset_.verified_partner_pairs.fact)
        number = round(count / (2.0 if mine == theirs else 1.0))
        known = f"{number} known partnership{'' if number == 1 else 's'}" if agreed else "have met before"
        return [Reason(f"sectors that go together: {labels[0]} and {labels[1]} ({known})", score)]

    def _relation(self, mine: str, theirs: str) -> str:
        """What the vocabulary says of two sectors of which no dealing is known."""
        if mine == theirs:
            return "of the same sector"
        return "related sectors" if theirs in self.dataset_.sectors.neighbors.get(mine, ()) else "sectors of one kind"

    def _counts(self, n_sectors: int) -> FloatArray:
        dataset = self.dataset_
        counts = np.zeros((n_sectors, n_sectors))
        agreed = dataset.verified_partner_pairs
        if len(agreed.fact):
            first, second = self.sector_[agreed.left], self.sector_[agreed.right]
            known = (first >= 0) & (second >= 0)
            np.add.at(counts, (first[known], second[known]), 1.0)
            return counts + counts.T
        known = self.sector_ >= 0
        rows = np.flatnonzero(known)
        one_hot = sp.csr_array((np.ones(len(rows)), (self.sector_[rows], rows)), shape=(n_sectors, len(known)))
        members = dataset.graph.verified
        weight = 1.0 / np.maximum(dataset.graph.size - 1.0, 1.0)
        per_event = (one_hot @ members).tocsr()
        pairs: FloatArray = (per_event @ sp.diags_array(weight) @ per_event.T).toarray()
        return pairs - np.diag(np.asarray(one_hot @ (members.power(2) @ weight)))

    def _prior(self, terms: list[str], settings: dict[str, float]) -> FloatArray:
        vocabulary = self.dataset_.sectors
        roots = np.array([vocabulary.root(term) for term in terms])
        prior = np.where(roots[:, None] == roots[None, :], settings["same_kind"], 1.0)
        for row, term in enumerate(terms):
            near = set(vocabulary.neighbors.get(term, ()))
            prior[row, [column for column, other in enumerate(terms) if other in near]] = settings["related"]
        np.fill_diagonal(prior, settings["same"])
        return prior

"""Popularity and reach: how often is the candidate recorded, and with how many others?"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, ClassVar, Self

import numpy as np

from matchmaker.array import FloatArray, IntArray
from matchmaker.scorers.base import Reason
from matchmaker.sparse import row_of

if TYPE_CHECKING:
    from matchmaker.dataset import Dataset


@dataclass(eq=False)
class Popularity:
    """Weighted number of the candidate's verified contexts, whoever asks: a nuisance that the blend can subtract.

    score(i, j) = log(1 + degree_j) / log(1 + max degree). The reverse block is the seeker's own popularity. An
    organization without a context gets 0.

    Source: preferential attachment, Barabási & Albert, Science 286 (1999).
    """

    symmetric: ClassVar[bool] = False
    monotone: ClassVar[bool] = False
    dataset_: Dataset = field(init=False, repr=False)
    popularity_: FloatArray = field(init=False, repr=False)

    def fit(self, dataset: Dataset) -> Self:
        """Take the degrees of the graph."""
        self.dataset_ = dataset
        self.popularity_ = on_log_scale(dataset.graph.degree)
        return self

    def score(self, rows: IntArray, *, reverse: bool = False) -> FloatArray:
        """Shape (len(rows), n), values in [0, 1]."""
        return whoever_asks(self.popularity_, rows, reverse=reverse)

    def explain(self, seeker: int, candidate: int) -> list[Reason]:
        """One reason: how many contexts are recorded."""
        score = float(self.popularity_[candidate])
        count = len(row_of(self.dataset_.graph.verified, candidate).columns)
        noun = "event or agreement" if count == 1 else "events and agreements"
        return [Reason(f"recorded in {count} {noun}", score)] if score > 0 else []


@dataclass(eq=False)
class Reach:
    """Weighted number of others in the candidate's verified contexts, whoever asks: large consortia make many partners.

    score(i, j) = log(1 + reach_j) / log(1 + max reach), reach_j = Σ over contexts c of j of role_jc strength_c
    (size_c − 1). The reverse block is the seeker's own reach. An organization that was never with others gets 0.

    Source: degree in the co-occurrence graph; Newman, Physical Review E 64 (2001).
    """

    symmetric: ClassVar[bool] = False
    monotone: ClassVar[bool] = False
    dataset_: Dataset = field(init=False, repr=False)
    reach_: FloatArray = field(init=False, repr=False)

    def fit(self, dataset: Dataset) -> Self:
        """Count the others in each organization's contexts."""
        self.dataset_, graph = dataset, dataset.graph
        self.reach_ = on_log_scale(graph.weighted @ np.maximum(graph.size - 1.0, 0.0))
        return self

    def score(self, rows: IntArray, *, reverse: bool = False) -> FloatArray:
        """Shape (len(rows), n), values in [0, 1]."""
        return whoever_asks(self.reach_, rows, reverse=reverse)

    def explain(self, seeker: int, candidate: int) -> list[Reason]:
        """One reason: how many others were there."""
        score = float(self.reach_[candidate])
        graph = self.dataset_.graph
        count = int(np.maximum(graph.size[row_of(graph.verified, candidate).columns] - 1.0, 0.0).sum())
        return [Reason(f"was together with {count} others, counted each time", score)] if score > 0 else []


@dataclass(eq=False)
class LocalReach(Reach):
    """`Reach`, within the seeker's own country only: the ones who bring others of the country together.

    score(i, j) = that of `Reach` where both are of one country, else 0; where two countries face each other, always 0.
    """

    country_: IntArray = field(init=False, repr=False)

    def fit(self, dataset: Dataset) -> Self:
        """Count the others, and number the countries; who has none is in a country of its own."""
        super().fit(dataset)
        countries = dataset.organizations["country"].to_list()
        own = [f"\0{row}" if country is None else country for row, country in enumerate(countries)]
        self.country_ = np.unique(np.array(own, dtype=str), return_inverse=True)[1].astype(np.int64)
        return self

    def score(self, rows: IntArray, *, reverse: bool = False) -> FloatArray:
        """Shape (len(rows), n), values in [0, 1]."""
        scores = super().score(rows, reverse=reverse)
        scores[self.country_[rows][:, None] != self.country_[None, :]] = 0.0
        return scores

    def explain(self, seeker: int, candidate: int) -> list[Reason]:
        """One reason: how many others were there."""
        if self.country_[seeker] != self.country_[candidate]:
            return []
        found = super().explain(seeker, candidate)
        return [reason._replace(text=f"of the same country, {reason.text}") for reason in found]


def on_log_scale(count: FloatArray) -> FloatArray:
    """log(1 + x) over its largest value: shape (n,), values in [0, 1]."""
    logarithm: FloatArray = np.log1p(count)
    return logarithm / max(float(logarithm.max(initial=0.0)), 1e-300)


def whoever_asks(values: FloatArray, rows: IntArray, *, reverse: bool) -> FloatArray:
    """A block of what depends on the candidate alone (reverse: on the seeker): shape (len(rows), n)."""
    shape = len(rows), len(values)
    return np.broadcast_to(values[rows][:, None] if reverse else values[None, :], shape).copy()

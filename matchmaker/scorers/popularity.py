"""Popularity: how often is the candidate recorded at all? A nuisance that the blend can subtract."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar, Self

import numpy as np

from matchmaker.dataset import Dataset, FloatArray, IntArray
from matchmaker.scorers.base import Reason


@dataclass(eq=False)
class Popularity:
    """Weighted number of the candidate's verified contexts, whoever asks.

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
        degree = np.log1p(dataset.graph.degree)
        self.popularity_ = degree / max(float(degree.max(initial=0.0)), 1e-300) if degree.any() else degree
        return self

    def score(self, rows: IntArray, *, reverse: bool = False) -> FloatArray:
        """Shape (len(rows), n), values in [0, 1]."""
        shape = len(rows), len(self.popularity_)
        values = self.popularity_[rows][:, None] if reverse else self.popularity_[None, :]
        return np.broadcast_to(values, shape).copy()

    def explain(self, seeker: int, candidate: int) -> list[Reason]:
        """One reason: how many contexts are recorded."""
        score = float(self.popularity_[candidate])
        count = int(self.dataset_.graph.verified[[candidate]].nnz)
        return [Reason(f"recorded in {count} events and agreements", score)] if score > 0 else []

"""Topics: who is at work, and how much, on what the seeker works on?"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, ClassVar, Self

import numpy as np
import scipy.sparse as sp

from matchmaker.array import FloatArray, IntArray
from matchmaker.scorers.base import Factors, Reason, Scale, score_of
from matchmaker.space import event_topics
from matchmaker.sparse import CSR, inverse, row_sums, scaled, transposed

if TYPE_CHECKING:
    from matchmaker.dataset import Dataset


@dataclass(eq=False)
class TopicWalk:
    """The walk from the seeker over one of its topics to an organization at work on it.

    score(i, j) = log(1 + n v_ij) / log(1 + n), v_ij = Σ_t a_it / Σ_u a_iu × a_jt / Σ_k a_kt, a_it the weight of the
    verified events of i on topic t (role × strength), and 1 more if t is among its stated interests; n the number of
    organizations with a topic. Unlike `InterestSimilarity`, it asks how much somebody does, not how alike two are.
    An organization without topics gets 0.

    Source: two-step random walk on a bipartite graph; Cooper et al., WWW 2014 (P³).
    """

    symmetric: ClassVar[bool] = False
    monotone: ClassVar[bool] = False
    dataset_: Dataset = field(init=False, repr=False)
    terms_: list[str] = field(init=False, repr=False)
    amount_: FloatArray = field(init=False, repr=False)
    factors_: Factors = field(init=False, repr=False)

    def fit(self, dataset: Dataset) -> Self:
        """Add up what each organization does on each topic."""
        self.dataset_ = dataset
        self.terms_, activity = topic_activity(dataset)
        self.amount_ = row_sums(activity)
        share = scaled(activity, rows=inverse(self.amount_))
        part = scaled(activity, columns=inverse(row_sums(transposed(activity))))
        self.factors_ = Factors.of(share, part, Scale("logarithm", int((np.diff(activity.indptr) > 0).sum())))
        return self

    def score(self, rows: IntArray, *, reverse: bool = False) -> FloatArray:
        """Shape (len(rows), n), values in [0, 1]."""
        return self.factors_.scores(rows, reverse=reverse, itself=False)

    def explain(self, seeker: int, candidate: int) -> list[Reason]:
        """One reason: the topic over which most of the walks lead."""
        score = score_of(self, seeker, candidate)
        if score == 0.0:
            return []
        topics, parts = self.factors_.parts(seeker, candidate)
        best = self.terms_[int(topics[np.lexsort((topics, -parts))[0]])]
        others = f" and {len(topics) - 1} more" if len(topics) > 1 else ""
        return [Reason(f"active on topics of the seeker: {self.dataset_.interests.label(best)}{others}", score)]


def topic_activity(dataset: Dataset) -> tuple[list[str], CSR]:
    """Topics in order, and shape (n, n_topics): the weight of each organization's events and interests on each."""
    stated = [set(found or ()) for found in dataset.organizations["interests"].to_list()]
    terms = sorted({*dataset.topics["term"].to_list(), *(term for found in stated for term in found)})
    column = {term: number for number, term in enumerate(terms)}
    pairs = [(row, column[term]) for row, found in enumerate(stated) for term in sorted(found)]
    rows, columns = np.array(pairs, dtype=np.int64).reshape(-1, 2).T
    of_interests = sp.csr_array((np.ones(len(rows)), (rows, columns)), shape=(len(dataset), len(terms)))
    of_events = dataset.graph.weighted[:, : dataset.events.height] @ event_topics(dataset, column)
    return terms, sp.csr_array(of_events + of_interests)

"""Random walk with restart: how near are they in the network, over all ways at once?"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, ClassVar, Self

import numpy as np

from matchmaker.array import FloatArray, IntArray
from matchmaker.graph import ContextGraph
from matchmaker.scorers.base import Reason, clipped, on_chance_scale, score_of
from matchmaker.sparse import inverse

if TYPE_CHECKING:
    from matchmaker.dataset import Dataset


@dataclass(eq=False)
class RandomWalk:
    """Personalized PageRank over the organization–context graph, on a logarithmic scale.

    score(i, j) = log(1 + n v_ij) / log(1 + n), v_ij the share of time that a walk from i that restarts with probability
    `restart` spends at j (`ContextGraph.visits`), n the number of organizations with a context: 1 visit in n, chance,
    gives log 2 / log(1 + n). Only verified facts count. Unconnected pairs get 0.

    Source: Page et al. 1999; Tong, Faloutsos & Pan, ICDM 2006.
    """

    symmetric: ClassVar[bool] = False
    monotone: ClassVar[bool] = False
    graph_: ContextGraph = field(init=False, repr=False)
    n_connected_: int = field(init=False, repr=False)

    def fit(self, dataset: Dataset) -> Self:
        """Build the graph's kernel."""
        self.graph_ = dataset.graph
        self.n_connected_ = int((self.graph_.degree > 0).sum())
        return self

    @property
    def degree(self) -> FloatArray:
        """Shape (n,): what the walk from i to j and that from j to i differ by."""
        return self.graph_.degree

    def visits(self, rows: IntArray) -> FloatArray:
        """Shape (len(rows), n): the share of time that the walk spends at each organization."""
        return visits_of(self.graph_, rows)

    def score(self, rows: IntArray, *, reverse: bool = False) -> FloatArray:
        """Shape (len(rows), n), values in [0, 1]."""
        visits = self.visits(rows)
        if reverse:  # the kernel is symmetric: what j visits of i is what i visits of j, times their degrees' ratio
            visits = visits * self.degree[rows][:, None] * inverse(self.degree)[None, :]
        return on_chance_scale(visits, self.n_connected_)

    def explain(self, seeker: int, candidate: int) -> list[Reason]:
        """One reason: the strongest way from one to the other."""
        score = score_of(self, seeker, candidate)
        return [path_reason(self.graph_, seeker, candidate, score, "near in the network")] if score > 0 else []


@dataclass(eq=False)
class TwoStepWalk(RandomWalk):
    """Those met by those whom the seeker has met: the walk after exactly two steps.

    score as in `RandomWalk`, with v_ij = Σ_k p_ik p_kj, p the step from one organization to one that it met, chosen by
    the weight of their contexts; the more in a context, the more are met there. A middle that has met many says little;
    nobody is found farther away. Where large projects make most pairs, this ranks better than a step over contexts.

    Source: resource allocation, Zhou, Lü & Zhang, European Physical Journal B 71 (2009).
    """

    @property
    def degree(self) -> FloatArray:
        """Shape (n,): weighted number of meetings with others."""
        return self.graph_.meetings

    def visits(self, rows: IntArray) -> FloatArray:
        """Shape (len(rows), n): the share of walks that are there after two steps."""
        return self.graph_.remembered(rows, lambda: self._two_steps(rows), "two steps")  # asked for both directions

    def _two_steps(self, rows: IntArray) -> FloatArray:
        met, share = self.graph_.met, inverse(self.degree)
        halfway = met(met.units(rows) * share[rows]) * share[met.order][:, None]
        visits = met.back(np.maximum(met(halfway), 0.0))
        visits[np.arange(len(rows)), rows] = 0.0
        return visits


@dataclass(eq=False)
class CorrectedWalk:
    """The same walk, corrected for how often anyone comes by.

    score(i, j) = log(v_ij / s_j) / log(1 / min s), clipped to [0, 1], s the stationary distribution: only nearness
    beyond what the candidate's degree explains counts. Symmetric. Unconnected pairs get 0.

    Source: the normalized random walk of Zhou, Jiang & Su 2009; degree correction as in Karrer & Newman 2011.
    """

    symmetric: ClassVar[bool] = True
    monotone: ClassVar[bool] = False
    graph_: ContextGraph = field(init=False, repr=False)
    inverse_: FloatArray = field(init=False, repr=False)

    def fit(self, dataset: Dataset) -> Self:
        """Take the stationary distribution from the degrees."""
        self.graph_ = dataset.graph
        self.inverse_ = inverse(self.graph_.degree) * self.graph_.degree.sum()
        return self

    def score(self, rows: IntArray, *, reverse: bool = False) -> FloatArray:
        """Shape (len(rows), n), values in [0, 1]."""
        lift = np.maximum(visits_of(self.graph_, rows) * self.inverse_[None, :], 1.0)
        largest = max(float(self.inverse_.max(initial=0.0)), np.e)
        return clipped(np.log(lift) / np.log(largest))

    def explain(self, seeker: int, candidate: int) -> list[Reason]:
        """One reason: the strongest way from one to the other."""
        score = score_of(self, seeker, candidate)
        if score == 0.0:
            return []
        return [path_reason(self.graph_, seeker, candidate, score, "nearer than their size explains")]


def visits_of(graph: ContextGraph, rows: IntArray) -> FloatArray:
    """Visits by the domain's restart and steps, without those to oneself: shape (len(rows), n)."""
    visits = graph.visits(rows, float(graph.settings["restart"]), int(graph.settings["chebyshev_steps"]))
    visits[np.arange(len(rows)), rows] = 0.0
    return visits


def path_reason(graph: ContextGraph, seeker: int, candidate: int, score: float, what: str) -> Reason:
    """Name the strongest way over at most one organization in between."""
    steps = graph.path(seeker, candidate)
    if not steps:
        return Reason(f"{what}, over more than one other organization", score)
    context, between = steps[0]
    if len(steps) == 1:
        return Reason(f"{what}: {context.title}", score, context.source, context.day)
    name = graph.dataset.organization(between).name
    return Reason(f"{what}: over {name} ({context.title}; {steps[1][0].title})", score, context.source, context.day)

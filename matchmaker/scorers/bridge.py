"""Bridge: do hubs that they belong to have an agreement with each other?"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, ClassVar, Self

import numpy as np
import scipy.sparse as sp

from matchmaker.array import FloatArray, IntArray
from matchmaker.scorers.base import Factors, Reason
from matchmaker.sparse import transposed

if TYPE_CHECKING:
    from matchmaker.dataset import Dataset


@dataclass(eq=False)
class HubBridge:
    """Paths member – hub – agreement – hub – member.

    x(i, j) = Σ over hubs g, h of m_ig a_gh m_jh; score = x / (1 + x). m is an organization's decayed weight in the
    contexts it shares with the hub, saturated (a hub is fully a member of itself), a the decayed weight of verified
    agreements between the two hubs. Hubs are the sectors marked `hub` in the vocabulary: conveners, parks,
    governments. Organizations without a hub get 0.

    Source: structural bridges, Burt, Structural Holes (1992); as meta-paths: Sun et al., VLDB 2011.
    """

    symmetric: ClassVar[bool] = True
    monotone: ClassVar[bool] = True
    dataset_: Dataset = field(init=False, repr=False)
    hubs_: IntArray = field(init=False, repr=False)
    membership_: sp.csr_array = field(init=False, repr=False)
    agreements_: sp.csr_array = field(init=False, repr=False)
    paths_: Factors = field(init=False, repr=False)

    def fit(self, dataset: Dataset) -> Self:
        """Find the hubs, their members and the agreements between them."""
        self.dataset_ = dataset
        self.hubs_ = np.flatnonzero(dataset.hubs)
        self.agreements_ = _agreements(dataset, self.hubs_)
        self.membership_ = _membership(dataset, self.hubs_)
        self.paths_ = Factors.of(sp.csr_array(self.membership_ @ self.agreements_), self.membership_)
        return self

    def score(self, rows: IntArray, *, reverse: bool = False) -> FloatArray:
        """Shape (len(rows), n), values in [0, 1)."""
        paths = self.paths_.block(rows)
        paths[np.arange(len(rows)), rows] = 0.0
        return paths / (1.0 + paths)

    def explain(self, seeker: int, candidate: int) -> list[Reason]:
        """One reason for each pair of hubs that joins the two, the weightiest first."""
        if seeker == candidate:
            return []
        mine, theirs = (self.membership_[[row]].toarray()[0] for row in (seeker, candidate))
        bridge = (sp.diags_array(mine) @ self.agreements_ @ sp.diags_array(theirs)).tocoo()
        total = float(bridge.data.sum())
        reasons = [
            self._reason(int(first), int(second), weight / (1.0 + total))
            for first, second, weight in zip(bridge.row, bridge.col, bridge.data.tolist(), strict=True)
            if weight > 0
        ]
        return sorted(reasons, key=lambda reason: (-reason.contribution, reason.text))

    def _reason(self, first: int, second: int, contribution: float) -> Reason:
        names = [self.dataset_.organization(int(self.hubs_[hub])).name for hub in (first, second)]
        return Reason(f"bridge: {names[0]} and {names[1]} have an agreement", contribution)


def _membership(dataset: Dataset, hubs: IntArray) -> sp.csr_array:
    """Shape (n, n_hubs), values in [0, 1)."""
    graph = dataset.graph
    together = sp.csr_array(graph.weighted @ transposed(graph.verified[hubs]))
    together.data = together.data / (1.0 + together.data)
    itself = sp.csr_array((np.ones(len(hubs)), (hubs, np.arange(len(hubs)))), shape=together.shape)
    return sp.csr_array(together.maximum(itself))


def _agreements(dataset: Dataset, hubs: IntArray) -> sp.csr_array:
    """Shape (n_hubs, n_hubs): decayed weight of verified agreements."""
    position = np.full(len(dataset), -1)
    position[hubs] = np.arange(len(hubs))
    left, right, facts = dataset.verified_partner_pairs
    between = (position[left] >= 0) & (position[right] >= 0)
    first, second = position[left[between]], position[right[between]]
    strength = dataset.graph.strength[facts[between] + dataset.events.height]
    rows, columns = np.concatenate([first, second]), np.concatenate([second, first])
    return sp.csr_array((np.concatenate([strength, strength]), (rows, columns)), shape=(len(hubs), len(hubs)))

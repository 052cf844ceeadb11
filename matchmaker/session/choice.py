"""Who meets whom: the meetings of the highest total value that everyone's places allow, and prices that prove it.

A b-matching in a bipartite graph, solved as an integer flow of least cost (Ahuja, Magnanti and Orlin, Network Flows,
1993); the shortest distances in what is left of the network are the dual prices.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from matchmaker.array import BoolArray, IntArray
from matchmaker.errors import DataError, Problem
from matchmaker.session.limit import Capacity, Limit
from matchmaker.session.plan import UNITS, Candidates
from matchmaker.session.session import Delegation

SOURCE, DOOR, SINK, FIRST = 0, 1, 2, 3


class Choice(NamedTuple):
    """`chosen`, shape (candidates,); `prices` of capacities that are full, in billionths."""

    chosen: BoolArray
    prices: dict[Capacity, int]


@dataclass
class _Network:
    """Arcs from `tails` to `heads`; `names` says whose capacity an arc is, by number of the arc."""

    tails: list[IntArray] = field(default_factory=list)
    heads: list[IntArray] = field(default_factory=list)
    capacities: list[IntArray] = field(default_factory=list)
    costs: list[IntArray] = field(default_factory=list)
    names: dict[int, Capacity] = field(default_factory=dict)
    arcs: int = 0

    def add(
        self, ends: tuple[IntArray, IntArray], capacities: IntArray, costs: IntArray, names: list[Capacity]
    ) -> None:
        """Arcs, the first `len(names)` of which are capacities of those names."""
        self.names |= {self.arcs + k: name for k, name in enumerate(names)}
        for column, values in zip(
            (self.tails, self.heads, self.capacities, self.costs), (*ends, capacities, costs), strict=True
        ):
            column.append(np.asarray(values, dtype=np.int64))
        self.arcs += len(ends[0])


def choose(limit: Limit, candidates: Candidates) -> Choice:
    """The meetings, beside the pinned ones, of the highest total value.

    Raises:
        DataError: OR-tools is not installed.
    """
    able = limit.possible(candidates.left, candidates.right) & (candidates.value > 0)
    rows = np.flatnonzero(able)
    network, supply = _network(limit, candidates, rows)
    arcs = [np.concatenate(column) for column in (network.tails, network.heads, network.capacities, network.costs)]
    flows = _flows(arcs, supply)
    chosen = np.zeros(len(candidates), dtype=bool)
    chosen[rows] = flows[len(flows) - len(rows) :] > 0
    return Choice(chosen, _prices(arcs, flows, network.names))


def in_units(candidates: Candidates) -> IntArray:
    """Shape (candidates,): values in whole billionths."""
    return np.rint(candidates.value * UNITS).astype(np.int64)


def _network(limit: Limit, candidates: Candidates, rows: IntArray) -> tuple[_Network, int]:
    """Source → door → left parties → their kinds → pairs → right parties' kinds → right parties → sink.

    What the door holds back goes around it at no cost, so that any number of meetings is a flow.
    """
    left, right = candidates.left[rows], candidates.right[rows]
    ours, theirs = limit.session.delegations
    total = max(0, limit.total - len(limit.pinned))
    supply = total + 1
    network = _Network()
    zeros = np.zeros(1, dtype=np.int64)
    network.add((np.array([SOURCE]), np.array([DOOR])), np.array([total]), zeros, [("total",)])
    network.add((np.array([SOURCE]), np.array([SINK])), np.array([supply + 1]), zeros, [])
    left_nodes = FIRST + np.arange(len(ours.parties))
    right_nodes = FIRST + len(ours.parties) + np.arange(len(theirs.parties))
    _add_parties(network, limit, 0, left_nodes)
    _add_parties(network, limit, 1, right_nodes)
    first = FIRST + len(ours.parties) + len(theirs.parties)
    tails, first = _add_kinds(network, limit, 0, left, limit.kind_of(theirs)[right], left_nodes, first)
    heads, first = _add_kinds(network, limit, 1, right, limit.kind_of(ours)[left], right_nodes, first)
    network.add((tails, heads), np.ones(len(rows), dtype=np.int64), -in_units(candidates)[rows], [])
    return network, supply


def _add_parties(network: _Network, limit: Limit, side: int, nodes: IntArray) -> None:
    """An arc from the door to each left party, from each right party to the sink."""
    pinned = np.bincount([pair[side] for pair in limit.pinned], minlength=len(nodes))
    places = np.maximum(limit.places[side] - pinned, 0)
    ends = (np.full(len(nodes), DOOR), nodes) if side == 0 else (nodes, np.full(len(nodes), SINK))
    names: list[Capacity] = [("party", party.id) for party in limit.session.delegations[side].parties]
    network.add(ends, places, np.zeros_like(places), names)


def _add_kinds(
    network: _Network, limit: Limit, side: int, party: IntArray, kind: IntArray, nodes: IntArray, first: int
) -> tuple[IntArray, int]:
    """For each pair the node at which it leaves its party: its own, or that of a kind that the party meets rarely."""
    node = nodes[party] if len(party) else np.zeros(0, dtype=np.int64)
    limited = kind >= 0
    keys, which = np.unique(party[limited] * max(len(limit.kinds), 1) + kind[limited], return_inverse=True)
    if not len(keys):
        return node, first
    owner, kinds = np.divmod(keys, len(limit.kinds))
    gates = first + np.arange(len(keys))
    ends = (nodes[owner], gates) if side == 0 else (gates, nodes[owner])
    ours, theirs = limit.session.delegations[side], limit.session.delegations[1 - side]
    places = _kind_places(limit, side, owner, kinds, theirs)
    names: list[Capacity] = [
        ("kind", ours.parties[o].id, limit.kinds[k]) for o, k in zip(owner.tolist(), kinds.tolist(), strict=True)
    ]
    network.add(ends, places, np.zeros_like(places), names)
    node = node.copy()
    node[limited] = gates[which]
    return node, first + len(keys)


def _kind_places(limit: Limit, side: int, owner: IntArray, kinds: IntArray, others: Delegation) -> IntArray:
    """What a party's limit of a kind leaves beside its pins."""
    kind_of = limit.kind_of(others)
    pinned: dict[tuple[int, int], int] = {}
    for pair in limit.pinned:
        key = pair[side], int(kind_of[pair[1 - side]])
        pinned[key] = pinned.get(key, 0) + 1
    caps = [
        limit.session.kind_caps[limit.kinds[k]] - pinned.get((int(o), int(k)), 0)
        for o, k in zip(owner, kinds, strict=True)
    ]
    return np.maximum(np.array(caps, dtype=np.int64), 0)


def _flows(arcs: list[IntArray], supply: int) -> IntArray:
    """The flow on each arc."""
    try:
        from ortools.graph.python.min_cost_flow import SimpleMinCostFlow  # type: ignore[import-untyped]
    except ImportError:
        raise DataError(
            Problem("MM-SES-003", "planning needs OR-tools", "pip install 'partner-matchmaker[plan]'")
        ) from None
    solver = SimpleMinCostFlow()
    numbers = solver.add_arcs_with_capacity_and_unit_cost(*arcs)
    solver.set_nodes_supplies(np.array([SOURCE, SINK]), np.array([supply, -supply]))
    if solver.solve() != solver.OPTIMAL:
        raise AssertionError("the way around the door is always open")
    return np.asarray(solver.flows(numbers), dtype=np.int64)


def _prices(arcs: list[IntArray], flows: IntArray, names: dict[int, Capacity]) -> dict[Capacity, int]:
    """How much one more place of each capacity would be worth, by the distances in the residual network."""
    tails, heads, capacities, costs = arcs
    distance = _distances(tails, heads, costs, flows < capacities, flows > 0, 1 + int(max(tails.max(), heads.max())))
    worth = distance[heads] - distance[tails] - costs
    return {name: int(worth[arc]) for arc, name in names.items() if worth[arc] > 0}


def _distances(
    tails: IntArray, heads: IntArray, costs: IntArray, ahead: BoolArray, back: BoolArray, n: int
) -> IntArray:
    """Shape (n,): shortest distances from anywhere (Bellman–Ford); at an optimum there is no cycle that pays.

    What can still flow and what can be taken back are relaxed in turns: the second are few.
    """
    both = [
        _sorted_by_end(tails[ahead], heads[ahead], costs[ahead]),
        _sorted_by_end(heads[back], tails[back], -costs[back]),
    ]
    distance = np.zeros(n, dtype=np.int64)
    for _ in range(n + 1):
        before = distance.copy()
        for start, length, first, end in both:
            if len(end):
                nearer = np.minimum.reduceat(distance[start] + length, first)
                distance[end] = np.minimum(distance[end], nearer)
        if (distance == before).all():
            return distance
    raise AssertionError("a flow of least cost leaves no cycle that pays")


def _sorted_by_end(start: IntArray, end: IntArray, length: IntArray) -> tuple[IntArray, IntArray, IntArray, IntArray]:
    """Starts and lengths of arcs in the order of their ends, where each end begins, and the ends."""
    order = np.argsort(end, kind="stable")
    first = np.flatnonzero(np.diff(end[order], prepend=-1))
    return start[order], length[order], first, end[order][first]

"""When times bind: meetings and slots are chosen together, as a program in whole numbers with a bound (HiGHS).

Its linear relaxation is nearly whole by itself, so that branching is rare; a constraint solver took a hundred times as
long on the same sessions.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
import scipy.sparse as sp

from matchmaker.array import BoolArray, FloatArray, IntArray
from matchmaker.errors import DataError, Problem, counted
from matchmaker.session.limit import Limit
from matchmaker.session.plan import UNITS

Pair = tuple[int, int]
Rule = tuple[sp.csr_array, Any, Any]  # cells, at least, at most


class Solved(NamedTuple):
    """The slot of each pair that meets; `bound`: what no plan can be worth more than, in billionths."""

    slots: dict[Pair, int]
    bound: int


@dataclass(frozen=True, eq=False)
class Grid:
    """One yes or no for each pair and slot in which it could meet; `must` says which pairs have to."""

    limit: Limit
    left: IntArray
    right: IntArray
    must: BoolArray

    @classmethod
    def of(cls, limit: Limit, pairs: list[Pair], must: int) -> Grid:
        """Of pairs, the first `must` of which have to meet."""
        both = np.array(pairs, dtype=np.int64).reshape(-1, 2)
        return cls(limit, both[:, 0], both[:, 1], np.arange(len(both)) < must)

    @cached_property
    def cells(self) -> tuple[IntArray, IntArray]:
        """Of each cell, the position of its pair and its slot."""
        possible = when(self.limit, self.left, self.right)
        for k in np.flatnonzero(self.must):
            slot = self.limit.pinned.get((int(self.left[k]), int(self.right[k])))
            if slot is not None:
                possible[k] &= np.arange(self.limit.slots) == slot
        pair, slots = np.nonzero(possible)
        return pair, slots

    def sums(self, groups: IntArray, height: int, cells: BoolArray | None = None) -> sp.csr_array:
        """Shape (height, cells): which cells are of which group."""
        columns = np.arange(len(groups)) if cells is None else np.flatnonzero(cells)
        return sp.csr_array((np.ones(len(columns)), (groups[columns], columns)), shape=(height, len(groups)))

    def rules(self) -> list[Rule]:
        """What every plan keeps to."""
        limit = self.limit
        pair, slot = self.cells
        rules: list[Rule] = [
            (self.sums(pair, len(self.must)), self.must.astype(np.float64), 1.0),
            (self.sums(slot, limit.slots), 0.0, limit.tables),
        ]
        if limit.session.most_meetings is not None:  # one long row makes the program slow
            rules.append((self.sums(np.zeros_like(pair), 1), 0.0, limit.total))
        if limit.interpreters is not None:
            needy = limit.needs_interpreter[self.left[pair], self.right[pair]]
            rules.append((self.sums(slot, limit.slots, needy), 0.0, limit.interpreters))
        for side in (0, 1):
            rules += self._party_rules(side)
        return rules

    def _party_rules(self, side: int) -> list[Rule]:
        """Nobody is in two meetings at once, nor in more than it has places for, in all or with a kind."""
        limit, (pair, slot) = self.limit, self.cells
        ends = (self.left, self.right)
        party, other = ends[side][pair], ends[1 - side][pair]
        places = limit.places[side]
        kind, kinds = limit.kind_of(limit.session.delegations[1 - side])[other], max(len(limit.kinds), 1)
        caps = np.array([limit.session.kind_caps[each] for each in limit.kinds] or [0])
        return [
            (self.sums(party * limit.slots + slot, len(places) * limit.slots), 0.0, 1.0),
            (self.sums(party, len(places)), 0.0, places),
            (self.sums(party * kinds + kind, len(places) * kinds, kind >= 0), 0.0, np.tile(caps, len(places))),
        ]


def when(limit: Limit, left: IntArray, right: IntArray) -> BoolArray:
    """Shape (pairs, slots): both are there, a table is open, and an interpreter if they need one."""
    possible = limit.open[0][left] & limit.open[1][right]
    if limit.interpreters is not None:
        possible = possible & ((limit.interpreters > 0)[None, :] | ~limit.needs_interpreter[left, right][:, None])
    return np.asarray(possible, dtype=bool)


def solve(limit: Limit, pairs: list[Pair], worth: IntArray, must: int, seconds: float) -> Solved:
    """The most valuable meetings and their slots.

    Args:
        limit: of the session.
        pairs: who may meet; the first `must` of them have to.
        worth: shape (pairs,): in billionths.
        must: how many of the first pairs have to meet.
        seconds: most time to search.

    Raises:
        DataError: what must be cannot be, or no plan was found in the time.
    """
    grid = Grid.of(limit, pairs, must)
    if not len(grid.cells[0]):
        if must:
            raise DataError(_impossible(limit, must, proven=True))
        return Solved({}, 0)
    solved = _run(grid, worth[grid.cells[0]] / UNITS, seconds)
    if solved.x is None:
        raise DataError(_impossible(limit, must, proven=solved.status == 2))
    slots = _slots(grid, solved)
    if solved.status == 0:
        return Solved(slots, int(worth[[pair in slots for pair in pairs]].sum()))
    return Solved(slots, int(np.ceil(-solved.mip_dual_bound * UNITS)))


def settled(limit: Limit, slots: Mapping[Pair, int], before: Mapping[Pair, int], seconds: float) -> dict[Pair, int]:
    """The same meetings, as many as can be in the slots that they had before."""
    if not slots:
        return {}
    grid = Grid.of(limit, sorted(slots), len(slots))
    pair, slot = grid.cells
    earlier = np.array([before.get(each, -1) for each in sorted(slots)], dtype=np.int64)
    solved = _run(grid, (earlier[pair] == slot).astype(np.float64), seconds)
    return dict(slots) if solved.x is None else _slots(grid, solved)


def fewest_slots(limit: Limit, slots: Mapping[Pair, int], seconds: float) -> Solved:
    """The same meetings in as few slots as can be found; `bound`: fewer slots are not enough."""
    grid = Grid.of(limit, sorted(slots), len(slots))
    used = -sp.diags_array(np.minimum(limit.tables, len(slots)).astype(np.float64)).tocsr()
    solved = _run(grid, np.zeros(len(grid.cells[0])), seconds, used)
    if solved.x is None:
        return Solved(dict(slots), 0)
    return Solved(_slots(grid, solved), int(np.ceil(solved.mip_dual_bound - 1e-6)))


def _run(grid: Grid, worth: FloatArray, seconds: float, used: sp.csr_array | None = None) -> Any:
    """Maximize what cells are worth; with `used`, shape (slots, slots), minimize the number of slots that are used."""
    from scipy.optimize import Bounds, LinearConstraint, milp

    cost, rules = -worth, grid.rules()
    if used is not None:
        height = used.shape[0]
        by_slot = sp.hstack([grid.sums(grid.cells[1], height), used])
        rules = [(sp.hstack([cells, sp.csr_array((cells.shape[0], height))]), low, high) for cells, low, high in rules]
        rules.append((by_slot, -np.inf, 0.0))
        cost = np.concatenate([cost, np.ones(height)])
    return milp(
        cost,
        constraints=[LinearConstraint(*rule) for rule in rules],
        integrality=np.ones(len(cost), dtype=np.int64),
        bounds=Bounds(0, 1),
        options={"time_limit": seconds, "mip_rel_gap": 0.0},
    )


def _slots(grid: Grid, solved: Any) -> dict[Pair, int]:
    pair, slot = grid.cells
    chosen = np.flatnonzero(solved.x[: len(pair)] > 0.5)
    ends = zip(grid.left[pair[chosen]].tolist(), grid.right[pair[chosen]].tolist(), strict=True)
    return dict(zip(ends, slot[chosen].tolist(), strict=True))


def _impossible(limit: Limit, must: int, *, proven: bool) -> Problem:
    if proven:
        message = f"the {counted(must, 'pinned meeting')} cannot all be: times, tables or interpreters do not allow it"
        return Problem("MM-SES-004", message, "take back a pin, or add slots, tables or interpreters")
    return Problem("MM-SES-005", f"no timetable of {limit.slots} slots was found in the time", "give it more --seconds")

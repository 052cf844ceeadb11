"""When times bind: meetings and slots are chosen together by a constraint solver, with a bound (OR-tools CP-SAT)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np

from matchmaker.dataset import IntArray
from matchmaker.errors import DataError, Problem, counted
from matchmaker.session.limit import Limit

Pair = tuple[int, int]
Cell = tuple[int, int]  # a pair, by its position in the list, and a slot


class Wanted(NamedTuple):
    """A pair of positions and what its meeting is worth in billionths; `must` it be, and in which slot before?"""

    pair: Pair
    worth: int
    must: bool = False
    before: int | None = None


class Solved(NamedTuple):
    """The slot of each pair that meets, and a total value that no plan exceeds (None: not proven)."""

    slots: dict[Pair, int]
    bound: int


@dataclass
class _Model:
    """One yes or no for each pair and slot in which it could meet."""

    limit: Limit
    wanted: list[Wanted]
    model: Any
    cells: dict[Cell, Any] = field(default_factory=dict)

    def of_pair(self, k: int) -> list[Any]:
        """The choices of a pair."""
        return [self.cells[k, slot] for slot in range(self.limit.slots) if (k, slot) in self.cells]

    def grouped(self, key: Any) -> Mapping[Any, list[Any]]:
        """Choices by `key(pair, slot)`; those of key None are left out."""
        groups: dict[Any, list[Any]] = defaultdict(list)
        for (k, slot), choice in self.cells.items():
            if (name := key(k, slot)) is not None:
                groups[name].append(choice)
        return groups


def solve(limit: Limit, wanted: list[Wanted], hint: Mapping[Pair, int], *, seconds: float, seed: int) -> Solved:
    """The most valuable meetings, as many as can be in the slots they had before, in the time that is given.

    Args:
        limit: of the session.
        wanted: pairs that may meet.
        hint: slots from which to start.
        seconds: of the solver's own clock, which does not depend on the machine.
        seed: of the search.

    Raises:
        DataError: what must be cannot be, or no plan was found in the time.
    """
    model = _model(limit, wanted)
    kept = [choice for (k, slot), choice in model.cells.items() if wanted[k].before == slot]
    scale = len(kept) + 1
    worth = [scale * wanted[k].worth * choice for (k, _), choice in model.cells.items()]
    model.model.maximize(sum(worth) + sum(kept))
    for (k, slot), choice in model.cells.items():
        model.model.add_hint(choice, hint.get(wanted[k].pair) == slot)
    solver, status = _run(model, seconds, seed)
    if status not in ("OPTIMAL", "FEASIBLE"):
        raise DataError(_impossible(limit, wanted, status))
    return Solved(_slots(model, solver), int(solver.best_objective_bound) // scale)


def fewest_slots(limit: Limit, meetings: Mapping[Pair, int], *, seconds: float, seed: int) -> Solved:
    """The same meetings in as few slots as possible; `bound`: fewer slots are not enough."""
    model = _model(limit, [Wanted(pair, 0, must=True) for pair in meetings])
    used = {}
    for slot, choices in model.grouped(lambda _, slot: slot).items():
        used[slot] = model.model.new_bool_var("")
        model.model.add(sum(choices) <= len(choices) * used[slot])
        for choice in choices:
            model.model.add_implication(choice, used[slot])
    model.model.minimize(sum(used.values()))
    for (k, slot), choice in model.cells.items():
        model.model.add_hint(choice, meetings[model.wanted[k].pair] == slot)
    solver, status = _run(model, seconds, seed)
    if status not in ("OPTIMAL", "FEASIBLE"):
        return Solved(dict(meetings), 0)
    return Solved(_slots(model, solver), int(np.ceil(solver.best_objective_bound - 1e-6)))


def cells_of(limit: Limit, pair: Pair) -> IntArray:
    """The slots in which a pair can meet."""
    there = limit.open[0][pair[0]] & limit.open[1][pair[1]]
    if limit.interpreters is not None and limit.needs_interpreter[pair]:
        there = there & (limit.interpreters > 0)
    pinned = limit.pinned.get(pair)
    slots = np.flatnonzero(there)
    return slots if pinned is None else slots[slots == pinned]


def _model(limit: Limit, wanted: list[Wanted]) -> _Model:
    try:
        from ortools.sat.python import cp_model
    except ImportError:
        from matchmaker.session.choice import needs_solver

        raise needs_solver() from None
    model = _Model(limit, wanted, cp_model.CpModel())
    for k, each in enumerate(wanted):
        for slot in cells_of(limit, each.pair).tolist():
            model.cells[k, slot] = model.model.new_bool_var("")
        if each.must:
            model.model.add_exactly_one(model.of_pair(k))
        else:
            model.model.add_at_most_one(model.of_pair(k))
    _add_parties(model)
    _add_slots(model)
    return model


def _add_parties(model: _Model) -> None:
    """Nobody is in two meetings at once, nor in more than it has places for, in all or with a kind."""
    limit = model.limit
    kinds = [limit.kind_of(delegation) for delegation in limit.session.delegations]
    for side in (0, 1):
        row_of = [each.pair[side] for each in model.wanted]
        other_kind = [int(kinds[1 - side][each.pair[1 - side]]) for each in model.wanted]
        for choices in model.grouped(lambda k, slot, row=row_of: (row[k], slot)).values():
            model.model.add_at_most_one(choices)
        for row, choices in model.grouped(lambda k, _, row=row_of: row[k]).items():
            model.model.add(sum(choices) <= int(limit.places[side][row]))
        rare = model.grouped(lambda k, _, row=row_of, kind=other_kind: (row[k], kind[k]) if kind[k] >= 0 else None)
        for (_, kind), choices in rare.items():
            model.model.add(sum(choices) <= limit.session.kind_caps[limit.kinds[kind]])


def _add_slots(model: _Model) -> None:
    """Tables and interpreters are enough in every slot, and the meetings not too many in all."""
    limit = model.limit
    for slot, choices in model.grouped(lambda _, slot: slot).items():
        model.model.add(sum(choices) <= int(limit.tables[slot]))
    model.model.add(sum(model.cells.values()) <= limit.total)
    if limit.interpreters is None:
        return
    needy = limit.needs_interpreter
    spoken = model.grouped(lambda k, slot: slot if needy[model.wanted[k].pair] else None)
    for slot, choices in spoken.items():
        model.model.add(sum(choices) <= int(limit.interpreters[slot]))


def _run(model: _Model, seconds: float, seed: int) -> tuple[Any, str]:
    """Search; several strategies in turns in one thread, so that the answer depends on nothing but the seed."""
    from ortools.sat.python import cp_model

    solver = cp_model.CpSolver()
    solver.parameters.num_workers = 8
    solver.parameters.interleave_search = True
    solver.parameters.random_seed = seed
    solver.parameters.max_deterministic_time = seconds
    return solver, solver.status_name(solver.solve(model.model))


def _slots(model: _Model, solver: Any) -> dict[Pair, int]:
    return {model.wanted[k].pair: slot for (k, slot), choice in model.cells.items() if solver.value(choice)}


def _impossible(limit: Limit, wanted: Iterable[Wanted], status: str) -> Problem:
    musts = sum(each.must for each in wanted)
    if status == "INFEASIBLE":
        message = f"the {counted(musts, 'pinned meeting')} cannot all be: times, tables or interpreters do not allow it"
        return Problem("MM-SES-004", message, "take back a pin, or add slots, tables or interpreters")
    return Problem("MM-SES-005", f"no timetable of {limit.slots} slots was found in the time", "give it more --seconds")

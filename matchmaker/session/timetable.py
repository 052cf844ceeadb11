"""When and where: slots for the meetings that were chosen, then tables and interpreters."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import NamedTuple

import numpy as np

from matchmaker.array import IntArray
from matchmaker.errors import counted
from matchmaker.session.choice import Choice, in_units
from matchmaker.session.coloring import colors
from matchmaker.session.limit import Limit
from matchmaker.session.plan import Candidates
from matchmaker.session.solver import Pair, fewest_slots, settled, solve, when

MOST_CELLS = 60_000  # pairs × slots that the solver is given
MOST_SHRUNK, SHRINKING = 5_000, 5.0  # pairs × slots for which the fewest slots are searched, and for how many seconds


class Timetable(NamedTuple):
    """The slot of each pair that meets; `bound`: what no plan can be worth more than, where the solver was asked.

    `least`: fewer slots are not enough for these meetings.
    """

    slots: dict[Pair, int]
    bound: int | None
    least: int
    why: str


def timetable(
    limit: Limit,
    candidates: Candidates,
    choice: Choice,
    before: Mapping[Pair, int],
    seconds: float,
) -> Timetable:
    """Slots for the chosen meetings and the pinned ones; where times bind, others may take their place.

    Args:
        limit: of the session.
        candidates: pairs that may meet.
        choice: who meets if times do not bind.
        before: slots of an earlier plan, which are kept where they can be.
        seconds: most time to search.

    Raises:
        DataError: pinned meetings cannot all be.
    """
    if limit.uniform:
        return _colored(limit, _pairs(limit, candidates, choice), before)
    solved, bound = _timed(limit, candidates, choice, seconds)
    return _arranged(limit, solved, bound, before, seconds)


def _timed(limit: Limit, candidates: Candidates, choice: Choice, seconds: float) -> tuple[dict[Pair, int], int | None]:
    """Slots for the chosen meetings; if not all fit, for the best of all that may be; and the solver's bound, if any.

    The few that were chosen are timed at once, and if all fit, their prices are all the proof that is needed.
    """
    must, chosen = len(limit.pinned), np.flatnonzero(choice.chosen)
    pairs, worth = _listed(limit, candidates, chosen)
    first = solve(limit, pairs, worth, must, seconds / 2)
    if len(first.slots) == len(pairs):
        return first.slots, None
    able = np.flatnonzero(limit.possible(candidates.left, candidates.right) & (candidates.value > 0))
    rows = _fewer(limit, candidates, choice, able)
    pairs, worth = _listed(limit, candidates, rows)
    whole = solve(limit, pairs, worth, must, seconds / 2)
    of_pair = dict(zip(pairs, worth.tolist(), strict=True))
    best = max((whole.slots, first.slots), key=lambda slots: sum(of_pair[pair] for pair in slots))
    return best, whole.bound if len(rows) == len(able) else None


def least_slots(limit: Limit, pairs: Iterable[Pair]) -> tuple[int, str]:
    """No fewer slots are enough, and why: the busiest organization, or the tables."""
    pairs = list(pairs)
    if not pairs:
        return 0, "there is no meeting"
    session, counts = limit.session, [Counter(pair[side] for pair in pairs) for side in (0, 1)]
    most, side, row = max((n, -side, -row) for side in (0, 1) for row, n in counts[side].items())
    busiest = session.delegations[-side].parties[-row].title
    needs = [(len(pairs), limit.tables, "table")]
    if limit.interpreters is not None:
        needs.append((sum(bool(limit.needs_interpreter[pair]) for pair in pairs), limit.interpreters, "interpreter"))
    for n, there, what in needs:
        filled = -(-n // max(int(there.max()), 1))
        if filled > most:
            return filled, f"{counted(n, 'meeting')} with {counted(int(there.max()), what)} fill {filled} slots"
    return most, f"{busiest} has {counted(most, 'meeting')}"


def _pairs(limit: Limit, candidates: Candidates, choice: Choice) -> list[Pair]:
    chosen = np.flatnonzero(choice.chosen)
    found = zip(candidates.left[chosen].tolist(), candidates.right[chosen].tolist(), strict=True)
    return sorted([*limit.pinned, *found])


def _colored(limit: Limit, pairs: list[Pair], before: Mapping[Pair, int]) -> Timetable:
    """The fewest slots, by coloring."""
    least, why = least_slots(limit, pairs)
    slots = max([least, *(slot + 1 for pair in pairs if (slot := before.get(pair)) is not None)])
    left, right = (np.array([pair[side] for pair in pairs], dtype=np.int64) for side in (0, 1))
    held = np.array([before.get(pair, -1) for pair in pairs], dtype=np.int64)
    found = colors(left, right, slots if before else least, held)
    return Timetable(dict(zip(pairs, found.tolist(), strict=True)), None, least, why)


def _fewer(limit: Limit, candidates: Candidates, choice: Choice, rows: IntArray) -> IntArray:
    """The chosen ones and the best others, as many as the solver is given."""
    if len(rows) * limit.slots <= MOST_CELLS:
        return rows
    order = np.lexsort((-candidates.value[rows], ~choice.chosen[rows]))
    return np.sort(rows[order[: max(MOST_CELLS // limit.slots, int(choice.chosen.sum()))]])


def _listed(limit: Limit, candidates: Candidates, rows: IntArray) -> tuple[list[Pair], IntArray]:
    """Pinned pairs, then those of some candidates, and what each is worth."""
    pairs = list(zip(candidates.left.tolist(), candidates.right.tolist(), strict=True))
    worth = dict(zip(pairs, in_units(candidates).tolist(), strict=True))
    found = [*limit.pinned, *(pairs[row] for row in rows.tolist())]
    return found, np.array([worth.get(pair, 0) for pair in found], dtype=np.int64)


def _arranged(
    limit: Limit, slots: dict[Pair, int], bound: int | None, before: Mapping[Pair, int], seconds: float
) -> Timetable:
    """The same meetings as they were before; else in fewer slots, if that is cheap to find."""
    least, why = least_slots(limit, slots)
    if before:
        return Timetable(settled(limit, slots, before, seconds), bound, least, why)
    left, right = (np.array([pair[side] for pair in slots], dtype=np.int64) for side in (0, 1))
    if len(set(slots.values())) > least and when(limit, left, right).sum() <= MOST_SHRUNK:
        fewer = fewest_slots(limit, slots, min(seconds, SHRINKING))
        slots = fewer.slots
        if fewer.bound > least:
            least, why = fewer.bound, f"the solver found that fewer than {fewer.bound} slots do not do"
    return Timetable(slots, bound, least, why)


def tables_of(limit: Limit, slots: Mapping[Pair, int]) -> dict[Pair, str]:
    """A table for each meeting; where a delegation has no more parties than tables, each of them stays at its own."""
    resident = next((side for side in (0, 1) if limit.places[side].size <= int(limit.tables.min(initial=0))), None)
    found = {}
    for slot, pairs in _by_slot(slots).items():
        names = list(limit.session.tables(slot))
        for number, pair in enumerate(pairs):
            found[pair] = names[number if resident is None else pair[resident]]
    return found


def interpreters_of(limit: Limit, slots: Mapping[Pair, int]) -> dict[Pair, str]:
    """An interpreter for each meeting that needs one."""
    people = limit.session.interpreters
    if people is None:
        return {}
    found: dict[Pair, str] = {}
    for slot, pairs in _by_slot(slots).items():
        there = [person.name for person in people if person.present is None or slot in person.present]
        needy = [pair for pair in pairs if limit.needs_interpreter[pair]]
        found |= dict(zip(needy, there, strict=False))
    return found


def _by_slot(slots: Mapping[Pair, int]) -> dict[int, list[Pair]]:
    found: dict[int, list[Pair]] = {}
    for pair, slot in sorted(slots.items()):
        found.setdefault(slot, []).append(pair)
    return found

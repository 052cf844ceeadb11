"""From a session and its candidates to a plan that has been checked; and to the next one, when something changed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace

import numpy as np

from matchmaker.array import BoolArray, IntArray
from matchmaker.session.checker import faults
from matchmaker.session.choice import Choice, choose, in_units
from matchmaker.session.limit import Limit, check_pins
from matchmaker.session.plan import Candidates, Certificate, Change, Meeting, Plan, Waiting
from matchmaker.session.session import Pin, Session
from matchmaker.session.solver import Pair, when
from matchmaker.session.timetable import Timetable, interpreters_of, tables_of, timetable

SECONDS = 20.0


def plan(
    session: Session,
    candidates: Candidates,
    *,
    earlier: Plan | None = None,
    seconds: float = SECONDS,
) -> Plan:
    """The plan of the highest total value, checked.

    Args:
        session: who, when, where, and what people have decided.
        candidates: pairs that may meet, and what a meeting of each is worth.
        earlier: a plan that was announced: its meetings stay, in their slots as far as they can.
        seconds: most time to search where times bind.

    Raises:
        DataError: pins that cannot be.

    Example:
        >>> from datetime import UTC, datetime
        >>> import numpy as np
        >>> from matchmaker.session import Candidates, Delegation, Party, Session
        >>> left, right = Delegation((Party("a"), Party("b"))), Delegation((Party("x"), Party("y")))
        >>> session = Session("two", left, right, (datetime(2026, 12, 1, 9, tzinfo=UTC),))
        >>> worth = np.array([0.9, 0.8, 0.7])
        >>> found = plan(session, Candidates(np.array([0, 0, 1]), np.array([0, 1, 0]), worth, worth))
        >>> [(meeting.left, meeting.right) for meeting in found.meetings], found.certificate.optimal
        ([('a', 'y'), ('b', 'x')], True)
    """
    check_pins(session)
    if earlier is None:
        return _plan(session, candidates, (), {}, seconds)
    before = _before(Limit(session), earlier)
    held = _held(session, candidates, before, seconds)
    found = _plan(session, candidates, held, before, seconds)
    return replace(found, change=_change(earlier, found))


def _plan(
    session: Session,
    candidates: Candidates,
    held: tuple[Pin, ...],
    before: Mapping[Pair, int],
    seconds: float,
) -> Plan:
    limit = Limit(replace(session, pins=(*session.pins, *held)))
    choice = choose(limit, candidates)
    times = timetable(limit, candidates, choice, before, seconds)
    meetings = _meetings(limit, candidates, times)
    wanted = _wanted(limit, candidates)
    waiting = tuple(_waiting(limit, candidates, wanted, times.slots))
    certificate = _certificate(limit, candidates, choice, times)
    found = Plan(meetings, waiting, int(wanted.sum()), certificate, held)
    if wrong := faults(session, candidates, found):
        raise AssertionError("the plan is wrong: " + "; ".join(wrong[:3]))
    return found


def _before(limit: Limit, earlier: Plan) -> dict[Pair, int]:
    """The slots of meetings of an earlier plan that still may be."""
    known = [m for m in earlier.meetings if m.left in limit.position and m.right in limit.position]
    pairs = {(limit.position[m.left], limit.position[m.right]): m.slot for m in known if m.slot < limit.slots}
    return {pair: slot for pair, slot in pairs.items() if pair not in limit.barred}


def _held(session: Session, candidates: Candidates, before: Mapping[Pair, int], seconds: float) -> tuple[Pin, ...]:
    """The meetings of an earlier plan that can stay: as many as possible, then those of the highest value."""
    limit = Limit(session)
    rows = [pair for pair in before if pair not in limit.pinned]
    left, right = (np.array([pair[side] for pair in rows], dtype=np.int64) for side in (0, 1))
    worth = dict(zip(_pairs(candidates), candidates.value.tolist(), strict=True))
    highest = max(worth.values(), default=1.0) or 1.0
    value = np.array([1.0 + worth.get(pair, 0.0) / highest / (len(rows) + 1) for pair in rows])
    announced = Candidates(left, right, value, value)
    times = timetable(limit, announced, choose(limit, announced), before, seconds)
    ours, theirs = (delegation.parties for delegation in session.delegations)
    kept = [pair for pair in times.slots if pair not in limit.pinned]
    return tuple(Pin(ours[a].id, theirs[b].id, why="announced before") for a, b in kept)


def _change(earlier: Plan, later: Plan) -> Change:
    old, new = ({(m.left, m.right): m.slot for m in each.meetings} for each in (earlier, later))
    both = old.keys() & new.keys()
    kept = sum(old[pair] == new[pair] for pair in both)
    return Change(kept, len(both) - kept, len(new) - len(both), len(old) - len(both))


def _pairs(candidates: Candidates) -> list[Pair]:
    return list(zip(candidates.left.tolist(), candidates.right.tolist(), strict=True))


def _meetings(limit: Limit, candidates: Candidates, times: Timetable) -> tuple[Meeting, ...]:
    """The timetable with tables, interpreters and values, in the order of slots and tables."""
    known = zip(candidates.value.tolist(), candidates.relevance.tolist(), strict=True)
    worth = dict(zip(_pairs(candidates), known, strict=True))
    tables, people = tables_of(limit, times.slots), interpreters_of(limit, times.slots)
    pinned = {(pin.left, pin.right) for pin in limit.session.pins if pin.why != "announced before"}
    ours, theirs = (delegation.parties for delegation in limit.session.delegations)
    found = []
    for pair, slot in sorted(times.slots.items(), key=lambda item: (item[1], item[0])):
        ids = ours[pair[0]].id, theirs[pair[1]].id
        value, relevance = worth.get(pair, (0.0, 0.0))
        found.append(Meeting(*ids, slot, tables[pair], value, relevance, ids in pinned, people.get(pair, "")))
    return tuple(found)


def _wanted(limit: Limit, candidates: Candidates) -> BoolArray:
    """Shape (candidates,): among the best of one of the two, as many as it has places for."""
    units = in_units(candidates)
    found = np.zeros(len(candidates), dtype=bool)
    for side, ends in enumerate((candidates.left, candidates.right)):
        found |= _rank(ends, units) < limit.places[side][ends]
    return found & (candidates.value > 0)


def _rank(groups: IntArray, units: IntArray) -> IntArray:
    """Shape (candidates,): 0 for the best of each group, ties by position."""
    order = np.lexsort((-units, groups))
    first = np.searchsorted(groups[order], groups[order])
    rank = np.empty_like(order)
    rank[order] = np.arange(len(order)) - first
    return rank


def _waiting(limit: Limit, candidates: Candidates, wanted: BoolArray, slots: Mapping[Pair, int]) -> Iterator[Waiting]:
    """Wanted meetings that are not planned, and why; the most valuable first."""
    counts = [Counter(pair[side] for pair in slots) for side in (0, 1)]
    kinds = _kind_counts(limit, slots)
    units = in_units(candidates)
    pairs = _pairs(candidates)
    ours, theirs = (delegation.parties for delegation in limit.session.delegations)
    rows = np.flatnonzero(wanted)
    for row in rows[np.lexsort((rows, -units[rows]))].tolist():
        pair = pairs[row]
        if pair not in slots:
            why = _reason(limit, pair, counts, kinds, len(slots))
            yield Waiting(ours[pair[0]].id, theirs[pair[1]].id, float(candidates.value[row]), why)


def _kind_counts(limit: Limit, pairs: Iterable[Pair]) -> Counter[tuple[int, int, str]]:
    """How many of each kind everyone meets: by side, position and kind."""
    parties = [delegation.parties for delegation in limit.session.delegations]
    found: Counter[tuple[int, int, str]] = Counter()
    for pair in pairs:
        for side in (0, 1):
            found[side, pair[side], parties[1 - side][pair[1 - side]].kind or ""] += 1
    return found


def _reason(
    limit: Limit, pair: Pair, counts: list[Counter[int]], kinds: Counter[tuple[int, int, str]], planned: int
) -> str:
    """Why two who want to do not meet."""
    if pair in limit.barred:
        return limit.barred[pair]
    if not (limit.open[0][pair[0]] & limit.open[1][pair[1]]).any():
        return "no slot in which both are there"
    parties = [delegation.parties[row] for delegation, row in zip(limit.session.delegations, pair, strict=True)]
    full = [parties[side].title for side in (0, 1) if counts[side][pair[side]] >= limit.places[side][pair[side]]]
    if full:
        return " and ".join(full) + (" is full" if len(full) == 1 else " are full")
    for side in (0, 1):
        kind = parties[1 - side].kind or ""
        if kinds[side, pair[side], kind] >= limit.session.kind_caps.get(kind, planned + 1):
            return f"{parties[side].title} meets enough of kind {kind}"
    return _no_time(limit, pair, planned)


def _no_time(limit: Limit, pair: Pair, planned: int) -> str:
    """Why there is no slot for two who both have places left."""
    if not when(limit, *np.array(pair)[:, None]).any():
        return "no interpreter while both are there"
    if planned >= limit.total:
        return _full(limit)
    return "no table or interpreter while both are free"


def _full(limit: Limit) -> str:
    """What is used up when there are as many meetings as can be."""
    if limit.total == limit.session.most_meetings:
        return "there are enough meetings"
    held = "tables" if limit.total >= limit.tables.sum() else "interpreters"
    return f"all {held} of all slots are taken"


def _certificate(limit: Limit, candidates: Candidates, choice: Choice, times: Timetable) -> Certificate:
    worth = dict(zip(_pairs(candidates), in_units(candidates).tolist(), strict=True))
    value = sum(worth.get(pair, 0) for pair in times.slots)
    chosen = int(in_units(candidates)[choice.chosen].sum()) + sum(worth.get(pair, 0) for pair in limit.pinned)
    used = len(set(times.slots.values()))
    return Certificate(value, chosen, choice.prices, times.least, used, times.why, times.bound, used == times.least)

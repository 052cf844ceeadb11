"""Whether a plan keeps to its session and its certificate holds: worked out anew, from the description and the plan."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from functools import cached_property

from matchmaker.session.plan import UNITS, Candidates, Meeting, Plan
from matchmaker.session.session import Interpreter, Party, Pin, Room, Session

# Nothing of choice.py, timetable.py, solver.py, coloring.py or limit.py is used here, so that their errors are found.


def faults(session: Session, candidates: Candidates, plan: Plan) -> list[str]:
    """Everything that is wrong with a plan, as sentences; nothing, if it is valid and proves what it claims.

    Checked are the identifiers, double bookings, places, kinds, tables, times, interpreters, pins and vetoes; values;
    the bound, from the prices alone; the count of slots. What only the solver claims (`solver_bound`) cannot be.
    """
    return list(Checker(session, candidates, plan).faults())


class Checker:
    """What is looked up again and again while a plan is checked."""

    def __init__(self, session: Session, candidates: Candidates, plan: Plan) -> None:
        self.session, self.candidates, self.plan = session, candidates, plan
        self.pins: dict[tuple[str, str], Pin] = {(p.left, p.right): p for p in (*plan.held, *session.pins)}
        self.vetoes = {(veto.left, veto.right) for veto in session.vetoes}
        self.most = {p.id: session.each if p.most is None else p.most for p in session.party.values()}

    def faults(self) -> Iterator[str]:
        """All of them."""
        strangers = list(self._strangers())
        yield from strangers
        if strangers:
            return  # nothing else can be looked up
        yield from self._double()
        yield from self._too_many()
        yield from self._places()
        yield from self._decisions()
        yield from self._interpreters()
        yield from self._values()
        yield from self._bound()
        yield from self._slots()

    def _strangers(self) -> Iterator[str]:
        sides = [{party.id for party in delegation.parties} for delegation in self.session.delegations]
        for meeting in self.plan.meetings:
            if meeting.left not in sides[0] or meeting.right not in sides[1]:
                yield f"{meeting.left} and {meeting.right} are not of the two delegations"
            if not 0 <= meeting.slot < len(self.session.starts):
                yield f"there is no slot {meeting.slot}"

    def _double(self) -> Iterator[str]:
        pairs = Counter((m.left, m.right) for m in self.plan.meetings)
        yield from (f"{left} and {right} meet {n} times" for (left, right), n in pairs.items() if n > 1)
        at = Counter((who, m.slot) for m in self.plan.meetings for who in (m.left, m.right))
        yield from (f"{who} is in {n} meetings in slot {slot}" for (who, slot), n in at.items() if n > 1)
        tables = Counter((m.table, m.slot) for m in self.plan.meetings)
        yield from (f"{n} meetings are at table {table} in slot {slot}" for (table, slot), n in tables.items() if n > 1)

    def _too_many(self) -> Iterator[str]:
        most = self.session.most_meetings
        if most is not None and len(self.plan.meetings) > most:
            yield f"{len(self.plan.meetings)} meetings are more than {most}"
        counts = Counter(who for m in self.plan.meetings for who in (m.left, m.right))
        for who, n in counts.items():
            if n > self.most[who]:
                yield f"{who} has {n} meetings and room for {self.most[who]}"
        for (who, kind), n in self._by_kind((m.left, m.right) for m in self.plan.meetings).items():
            if n > self.session.kind_caps[kind]:
                yield f"{who} meets {n} of kind {kind}, and may meet {self.session.kind_caps[kind]}"

    def _by_kind(self, pairs: Iterable[tuple[str, str]]) -> Counter[tuple[str, str]]:
        """How many of each limited kind everyone meets."""
        found: Counter[tuple[str, str]] = Counter()
        for pair in pairs:
            for who, other in (pair, pair[::-1]):
                kind = self.session.party[other].kind
                if kind in self.session.kind_caps:
                    found[who, str(kind)] += 1
        return found

    def _places(self) -> Iterator[str]:
        for meeting in self.plan.meetings:
            for who in (meeting.left, meeting.right):
                available = self.session.party[who].available
                if available is not None and meeting.slot not in available:
                    yield f"{who} is not there in slot {meeting.slot}"
            if meeting.table not in _tables(self.session.rooms, meeting.slot):
                yield f"there is no table {meeting.table} in slot {meeting.slot}"

    def _decisions(self) -> Iterator[str]:
        planned = {(m.left, m.right): m for m in self.plan.meetings}
        yield from (f"{left} and {right} must not meet" for left, right in planned.keys() & self.vetoes)
        for pair, pin in self.pins.items():
            if pair not in planned:
                yield f"{pin.left} and {pin.right} are pinned and do not meet"
            elif pin.slot is not None and planned[pair].slot != pin.slot:
                yield f"{pin.left} and {pin.right} are pinned to slot {pin.slot}"
        yield from (f"{w.left} and {w.right} meet and wait" for w in self.plan.waiting if (w.left, w.right) in planned)

    def _interpreters(self) -> Iterator[str]:
        if self.session.interpreters is None:
            return
        known = {person.name: person for person in self.session.interpreters}
        busy = Counter((m.interpreter, m.slot) for m in self.plan.meetings if m.interpreter)
        yield from (f"{name} interprets {n} meetings in slot {slot}" for (name, slot), n in busy.items() if n > 1)
        for meeting in self.plan.meetings:
            person = known.get(meeting.interpreter)
            if self._apart(meeting) and (person is None or not _there(person, meeting.slot)):
                yield f"{meeting.left} and {meeting.right} have no interpreter in slot {meeting.slot}"

    def _apart(self, meeting: Meeting) -> bool:
        """Whether the two share no language."""
        return not (self._languages[meeting.left] & self._languages[meeting.right])

    @cached_property
    def _languages(self) -> dict[str, frozenset[str]]:
        return {
            party.id: party.languages or frozenset([delegation.language])
            for delegation in self.session.delegations
            for party in delegation.parties
        }

    @cached_property
    def _units(self) -> list[int]:
        return [round(value * UNITS) for value in self.candidates.value.tolist()]

    @cached_property
    def _pairs(self) -> list[tuple[str, str]]:
        ours, theirs = ([party.id for party in each.parties] for each in self.session.delegations)
        ends = zip(self.candidates.left.tolist(), self.candidates.right.tolist(), strict=True)
        return [(ours[left], theirs[right]) for left, right in ends]

    def _values(self) -> Iterator[str]:
        worth = dict(zip(self._pairs, self._units, strict=True))
        total = 0
        for meeting in self.plan.meetings:
            pair = meeting.left, meeting.right
            if pair not in worth and pair not in self.pins:
                yield f"{meeting.left} and {meeting.right} were no candidates"
            total += worth.get(pair, 0)
        if total != self.plan.certificate.value:
            yield f"the meetings are worth {total}, not {self.plan.certificate.value}"

    def _bound(self) -> Iterator[str]:
        """Weak duality: whatever the prices are, no plan is worth more than this."""
        claimed, prices = self.plan.certificate, self.plan.certificate.prices
        if any(price < 0 for price in prices.values()):
            yield "a price is negative"
        if unknown := [name for name in prices if not self._limits(name)]:
            yield f"{' '.join(unknown[0])} limits nothing and has a price"
            return
        bound = sum(price * self._room(name) for name, price in prices.items())
        worth = dict(zip(self._pairs, self._units, strict=True))
        bound += sum(worth.get(pair, 0) for pair in self.pins)
        bound += self._excess()
        if bound != claimed.bound:
            yield f"the prices prove a bound of {bound}, not {claimed.bound}"
        if self.plan.certificate.value > claimed.best_bound:
            yield "the plan is worth more than its bound"

    def _limits(self, name: tuple[str, ...]) -> bool:
        """Whether there is such a capacity."""
        match name:
            case ("total",):
                return True
            case ("party", who):
                return who in self.session.party
            case ("kind", who, kind):
                return who in self.session.party and kind in self.session.kind_caps
        return False

    def _room(self, name: tuple[str, ...]) -> int:
        """How many meetings a capacity has room for beside the pins."""
        if name == ("total",):
            most = self.session.most_meetings
            held = sum(self._held(slot) for slot in range(len(self.session.starts)))
            return (held if most is None else min(held, most)) - len(self.pins)
        if name[0] == "party":
            who = name[1]
            return min(self.most[who], self._masks[who].bit_count()) - sum(who in pair for pair in self.pins)
        _, who, kind = name
        return self.session.kind_caps[kind] - self._by_kind(self.pins)[who, kind]

    def _held(self, slot: int) -> int:
        """How many meetings a slot holds: by its tables, and by its interpreters, where nobody can do without."""
        tables, people = len(_tables(self.session.rooms, slot)), self.session.interpreters
        sides = [{self._languages[party.id] for party in each.parties} for each in self.session.delegations]
        if people is None or any(ours & theirs for ours in sides[0] for theirs in sides[1]):
            return tables
        return min(tables, sum(_there(person, slot) for person in people))

    def _excess(self) -> int:
        """What the pairs that may meet are worth beyond the prices of the places that they take."""
        prices = self.plan.certificate.prices
        total, kinds = prices.get(("total",), 0), any(name[0] == "kind" for name in prices)
        price = {who: prices.get(("party", who), 0) for who in self.session.party}
        found = 0
        for (left, right), units in zip(self._pairs, self._units, strict=True):
            excess = units - total - price[left] - price[right]
            if kinds:
                excess -= prices.get(("kind", left, self.session.party[right].kind or ""), 0)
                excess -= prices.get(("kind", right, self.session.party[left].kind or ""), 0)
            if excess > 0 and self._may_meet(left, right):
                found += excess
        return found

    def _may_meet(self, left: str, right: str) -> bool:
        """Neither pinned nor vetoed, and both are there in one of the slots."""
        if (left, right) in self.pins or (left, right) in self.vetoes:
            return False
        common = self._masks[left] & self._masks[right]
        if self._languages[left] & self._languages[right]:
            return common != 0
        return common & self._interpreted != 0

    @cached_property
    def _masks(self) -> dict[str, int]:
        """Of every organization, the slots in which it can meet at a table, as bits."""
        slots = range(len(self.session.starts))
        tables = [slot for slot in slots if _tables(self.session.rooms, slot)]
        return {party.id: _bits(party, tables) for party in self.session.party.values()}

    @cached_property
    def _interpreted(self) -> int:
        people, slots = self.session.interpreters, range(len(self.session.starts))
        if people is None:
            return -1
        return sum(1 << slot for slot in slots if any(_there(person, slot) for person in people))

    def _slots(self) -> Iterator[str]:
        certificate = self.plan.certificate
        used = len({meeting.slot for meeting in self.plan.meetings})
        if used != certificate.used_slots:
            yield f"{used} slots are used, not {certificate.used_slots}"
        busiest = Counter(who for m in self.plan.meetings for who in (m.left, m.right))
        tables = max((len(_tables(self.session.rooms, slot)) for slot in range(len(self.session.starts))), default=0)
        least = max([*busiest.values(), *([-(-len(self.plan.meetings) // tables)] if tables else [])], default=0)
        if certificate.least_slots > used or certificate.least_slots < least:
            yield f"at least {least} slots are needed and {used} used; {certificate.least_slots} cannot be the fewest"
        if certificate.slots_proven and used > certificate.least_slots:
            yield f"{used} slots are not proven to be the fewest"


def _tables(rooms: tuple[Room, ...], slot: int) -> set[str]:
    """The names of the tables that are open."""
    there = (room for room in rooms if room.open is None or slot in room.open)
    return {f"{room.name} {k + 1}".strip() for room in there for k in range(room.tables)}


def _there(person: Interpreter, slot: int) -> bool:
    return person.present is None or slot in person.present


def _bits(party: Party, slots: list[int]) -> int:
    return sum(1 << slot for slot in slots if party.available is None or slot in party.available)

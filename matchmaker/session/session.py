"""What a docking session is: who takes part, when and where they can meet, and what people have decided about it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from functools import cached_property
from typing import NamedTuple
from zoneinfo import ZoneInfo


@dataclass(frozen=True)
class Party:
    """An organization that takes part.

    Args:
        id: its identifier, unique over both delegations.
        name: as it is printed; blank: the identifier.
        kind: of which most meetings of an organization may be limited (None: not known).
        most: most meetings that it takes (None: the session's `each`).
        available: numbers of the slots in which it can meet (None: all).
        languages: that it can meet in without an interpreter; empty: the language of its delegation.
        drawn: stands for an organization whose name is not known.
        names: what it is called, by language; none: only by its title.
    """

    id: str
    name: str = ""
    kind: str | None = None
    most: int | None = None
    available: frozenset[int] | None = None
    languages: frozenset[str] = frozenset()
    drawn: bool = False
    names: Mapping[str, str] = field(default_factory=dict)

    @property
    def title(self) -> str:
        """Its name, else its identifier."""
        return self.name or self.id

    @property
    def titles(self) -> str:
        """Its names in all languages, joined by a middle dot."""
        return " · ".join(dict.fromkeys(self.names.values())) or self.title


@dataclass(frozen=True)
class Delegation:
    """One side of the session: its organizations, and the clock and the language that they live by.

    `zone` is a name of the time zone database (Asia/Seoul), `clock` the city by which it is called.
    """

    parties: tuple[Party, ...]
    label: str = ""
    zone: str = "UTC"
    clock: str = ""
    language: str = ""

    @property
    def city(self) -> str:
        """The city that names its clock: as stated, else that of the zone."""
        return self.clock or self.zone.rpartition("/")[2].replace("_", " ")


class Room(NamedTuple):
    """`tables` tables that can be used in the slots `open` (None: all)."""

    name: str
    tables: int
    open: frozenset[int] | None = None


class Interpreter(NamedTuple):
    """Someone without whom two who share no language cannot meet, in the slots `present` (None: all)."""

    name: str
    present: frozenset[int] | None = None


class Pin(NamedTuple):
    """A meeting that people have decided on; `slot` None: whenever it fits."""

    left: str
    right: str
    slot: int | None = None
    who: str = ""
    when: str = ""
    why: str = ""


class Veto(NamedTuple):
    """A meeting that must not be; `who` is blank where a rule decides (they have met before), not a person."""

    left: str
    right: str
    who: str = ""
    when: str = ""
    why: str = ""


class Wish(NamedTuple):
    """`seeker` has said that it wants to meet `candidate`; `strength` in (0, 1] is how surely."""

    seeker: str
    candidate: str
    strength: float = 1.0


@dataclass(frozen=True)
class Session:
    """A docking session: two delegations, a list of slots, tables, and what people have decided.

    Args:
        id: a short name without blanks, such as suzhou-2026.
        left: one delegation; every meeting is between one of `left` and one of `right`.
        right: the other one.
        starts: when each slot begins, in ascending order, each with its time zone; slot k is `starts[k]`.
        minutes: how long a meeting lasts.
        rooms: with their tables.
        each: most meetings of one organization, where it states no number of its own.
        most_meetings: most meetings in all (None: what the tables hold).
        kind_caps: most meetings of one organization with organizations of a kind.
        interpreters: None: as many as are needed.
        pins: meetings that must be.
        vetoes: meetings that must not be.
        wishes: who has said whom it wants to meet.
        expected_meetings: how many mutual interests the organizer expects (None: the scores as they are).
        as_of: the last day of which facts are used (None: all of them).
        title: as it is printed.
        place: where it takes place.
    """

    id: str
    left: Delegation
    right: Delegation
    starts: tuple[datetime, ...]
    minutes: int = 30
    rooms: tuple[Room, ...] = (Room("", 10),)
    each: int = 6
    most_meetings: int | None = None
    kind_caps: dict[str, int] = field(default_factory=dict)
    interpreters: tuple[Interpreter, ...] | None = None
    pins: tuple[Pin, ...] = ()
    vetoes: tuple[Veto, ...] = ()
    wishes: tuple[Wish, ...] = ()
    expected_meetings: float | None = None
    as_of: date | None = None
    title: str = ""
    place: str = ""

    @property
    def day(self) -> date:
        """The day on which it begins, by the left delegation's clock."""
        return self.clock(0, self.left).date()

    @property
    def delegations(self) -> tuple[Delegation, Delegation]:
        """Left, right."""
        return self.left, self.right

    @cached_property
    def party(self) -> dict[str, Party]:
        """Both delegations' parties, by identifier."""
        return {party.id: party for delegation in self.delegations for party in delegation.parties}

    def clock(self, slot: int, delegation: Delegation) -> datetime:
        """When a slot begins, by the clock of a delegation."""
        return self.starts[slot].astimezone(ZoneInfo(delegation.zone))

    def end(self, slot: int) -> datetime:
        """When a slot ends, in the zone in which its start is given."""
        return self.starts[slot] + timedelta(minutes=self.minutes)

    def clocks(self, slot: int) -> str:
        """`Beijing 09:00 = Seoul 10:00`; one clock where both are the same zone; another day is said."""
        first = self.clock(slot, self.left)
        said = [f"{self.left.city} {first:%H:%M}"]
        if self.right.zone != self.left.zone:
            other = self.clock(slot, self.right)
            said.append(
                f"{self.right.city} {other:%H:%M}" + ("" if other.date() == first.date() else f" ({other.date()})")
            )
        return " = ".join(said)

    def tables(self, slot: int) -> Iterator[str]:
        """The names of the tables that are open in a slot, room by room: `Hall 1`, `Hall 2`, or `1`, `2`."""
        for room in self.rooms:
            if room.open is None or slot in room.open:
                yield from (f"{room.name} {number}".strip() for number in range(1, room.tables + 1))

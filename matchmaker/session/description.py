"""A session as people describe it: a TOML file, or a table of the same form made from options."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from functools import cached_property
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np

from matchmaker.dataset import Dataset
from matchmaker.domain import Side, misshaped, read_toml, refuse_all
from matchmaker.errors import DataError, Problem, UsageError, quoted
from matchmaker.names import resolve
from matchmaker.session.session import Delegation, Interpreter, Party, Pin, Room, Session, Veto, Wish
from matchmaker.vocabulary import Wanted, are_texts, is_number, is_text

_CLOCK = r"([01]?\d|2[0-4]):([0-5]\d)"
_TIME = re.compile(_CLOCK)
_WINDOW = re.compile(rf"{_CLOCK}\s*[-–]\s*{_CLOCK}")
MOST_SLOTS = 1000


def is_zone(name: str) -> bool:
    """Whether the time zone database knows `name`."""
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        return False
    return True


_TEXT = Wanted(is_text, "write a text in quotes")
_TABLES = Wanted(
    lambda value: isinstance(value, list) and all(isinstance(each, Mapping) for each in value),
    "write a table under double brackets for each: [[veto]]",
)
_TABLE = Wanted(lambda value: isinstance(value, Mapping), "write a table")
_NAMES = Wanted(are_texts, 'write a list: ["…"]')
_AT = Wanted(lambda value: is_text(value) and _TIME.fullmatch(value) is not None, 'write a time: "09:00"')
_WINDOWS = Wanted(
    lambda value: are_texts(value) and all(_WINDOW.fullmatch(each) for each in value),
    'write a list of times: ["09:00-12:00"]',
)
_DAY = Wanted(lambda value: isinstance(value, date) and not isinstance(value, datetime), "write a day: 2026-12-01")
_ZONE = Wanted(lambda value: is_text(value) and is_zone(value), 'write a name of the time zone database: "Asia/Seoul"')
_TRUTH = Wanted(lambda value: isinstance(value, bool), "write true or false")


def _whole(low: int, high: int) -> Wanted:
    return Wanted(
        lambda value: isinstance(value, int) and is_number(value, low, high), f"a whole number from {low} to {high:,}"
    )


_COUNT = _whole(0, 100_000)
_CAPS = Wanted(
    lambda value: isinstance(value, Mapping) and all(_COUNT.fits(most) for most in value.values()),
    "write a table of kinds and whole numbers: { park = 2 }",
)
_DECISION = {"left": _TEXT, "right": _TEXT, "who": _TEXT, "when": _TEXT, "why": _TEXT}
_LISTS: Mapping[str, Mapping[str, Wanted]] = {
    "room": {"name": _TEXT, "tables": _COUNT, "open": _WINDOWS},
    "interpreter": {"name": _TEXT, "present": _WINDOWS},
    "pin": {**_DECISION, "time": _AT, "slot": _whole(1, MOST_SLOTS)},
    "veto": _DECISION,
    "wish": {"who": _TEXT, "whom": _TEXT, "strength": Wanted(lambda value: is_number(value, 0.001, 1), "0.001 to 1")},
}
_PARTY = {"name": _TEXT, "kind": _TEXT, "most": _COUNT, "available": _WINDOWS, "languages": _NAMES}
_WHO = ("organizations", "organization", "drawn", "drawn_kind")
_SIDE = {
    "label": _TEXT,
    "zone": _ZONE,
    "clock": _TEXT,
    "language": _TEXT,
    "hours": _WINDOWS,
    "organizations": _NAMES,
    "organization": _TABLES,
    "drawn": _COUNT,
    "drawn_kind": _TEXT,
}
_SESSION: Mapping[str, Wanted] = {
    **dict.fromkeys(_LISTS, _TABLES),
    "title": _TEXT,
    "place": _TEXT,
    "day": _DAY,
    "zone": _ZONE,
    "start": _AT,
    "slots": _whole(1, MOST_SLOTS),
    "minutes": _whole(1, 1440),
    "pause": _whole(0, 1440),
    "breaks": _WINDOWS,
    "tables": _COUNT,
    "each": _COUNT,
    "meetings": _COUNT,
    "kinds": _CAPS,
    "expected_meetings": Wanted(lambda value: is_number(value, 0.001, 1e9), "write a number > 0"),
    "again": _TRUTH,
    "as_of": _DAY,
    "seed": _COUNT,
    "left": _TABLE,
    "right": _TABLE,
}


def read_session(path: str | Path, dataset: Dataset, options: Mapping[str, Any] | None = None) -> Session:
    """Read a session from a TOML file; `options` are a table of the same form whose keys count more.

    Raises:
        UsageError: no such file, or an organization that is not in the dataset.
        DataError: what docs/session.md does not allow, with its line.
    """
    path = Path(path)
    return session_of(overlaid(read_description(path), options or {}), dataset, path.stem)


def read_description(path: Path) -> dict[str, Any]:
    """What a TOML file says of a session.

    Raises:
        UsageError: no such file.
        DataError: what docs/session.md does not allow, with its line.
    """
    if not path.is_file():
        raise UsageError(Problem("MM-USE-001", f"there is no file {quoted(path)}", "name a TOML file of a session"))
    stated = read_toml(path)
    refuse_all(_wrong(stated, path), path)
    return stated


def overlaid(stated: Mapping[str, Any], options: Mapping[str, Any]) -> dict[str, Any]:
    """`stated` with what `options` say instead; who takes part on a side is said in one place only."""
    merged = {**stated, **options}
    for side in {"left", "right"} & stated.keys() & options.keys():
        merged[side] = {key: value for key, value in stated[side].items() if key not in _WHO} | dict(options[side])
    return merged


def checked(options: Mapping[str, Any]) -> dict[str, Any]:
    """Options that hold what a file of a session may hold.

    Raises:
        UsageError: one does not.
    """
    for key, value in options.items():
        if not _SESSION[key].fits(value):
            raise UsageError(Problem("MM-CLI-003", f"{key} cannot be {quoted(value)}", _SESSION[key].mend_of(value)))
    return dict(options)


def session_of(stated: Mapping[str, Any], dataset: Dataset, name: str = "session") -> Session:
    """A session from a table in the form of docs/session.md.

    What it leaves out comes from the domain: all organizations of a side but its conveners, the side's zone and
    language. Who has met before is not planned again, unless it says `again = true`.

    Raises:
        UsageError: an organization that is not in the dataset.
        DataError: an organization on both sides or twice, a decision about who does not take part, no slot at all.
    """
    return _Description(stated, dataset, name).session()


@dataclass(frozen=True)
class _Description:
    """What is stated, and where the rest comes from."""

    stated: Mapping[str, Any]
    dataset: Dataset
    name: str

    def session(self) -> Session:
        """All of it."""
        left, right = (self._delegation(number) for number in (0, 1))
        _refuse_twins(left, right)
        session = Session(
            id=re.sub(r"\W+", "-", self.name).strip("-") or "session",
            left=left,
            right=right,
            starts=self.starts,
            minutes=self.minutes,
            rooms=self._rooms(),
            each=int(self.stated.get("each", 6)),
            most_meetings=self.stated.get("meetings"),
            kind_caps=dict(self.stated.get("kinds", {})),
            interpreters=self._interpreters(),
            expected_meetings=self.stated.get("expected_meetings"),
            as_of=self.stated.get("as_of"),
            title=self.stated.get("title", ""),
            place=self.stated.get("place", ""),
        )
        return self._decided(session)

    @property
    def minutes(self) -> int:
        """Of a meeting."""
        return int(self.stated.get("minutes", 30))

    @property
    def zone(self) -> str:
        """The zone of the place: as stated, else the left delegation's."""
        return str(self.stated.get("zone") or self._side("left").get("zone") or self._domain_side(0).zone)

    def _side(self, name: str) -> Mapping[str, Any]:
        found: Mapping[str, Any] = self.stated.get(name, {})
        return found

    def _domain_side(self, number: int) -> Side:
        sides = self.dataset.domain.sides
        return sides[number] if sides else Side("", "")

    @cached_property
    def starts(self) -> tuple[datetime, ...]:
        """When slots begin: one after the other, with pauses, around the breaks."""
        day = self.stated.get("day") or date.today()  # a plan without a day is for now
        first = _at(day, self.stated.get("start", "09:00"), self.zone)
        breaks = list(_windows(day, self.stated.get("breaks", ()), self.zone))
        length, step = timedelta(minutes=self.minutes), timedelta(minutes=self.minutes + self.stated.get("pause", 0))
        found: list[datetime] = []
        while len(found) < self.stated.get("slots", 12):
            around = [end for start, end in breaks if first < end and first + length > start]
            if around:
                first = max(around)
                continue
            found.append(first)
            first += step
        return tuple(found)

    def _slots(self, windows: Iterable[str] | None, zone: str) -> frozenset[int] | None:
        """The slots that lie in one of the windows, by the clock of a zone, on whatever day they begin there."""
        if windows is None:
            return None
        length = timedelta(minutes=self.minutes)
        found = set()
        for slot, start in enumerate(self.starts):
            local = start.astimezone(ZoneInfo(zone))
            spans = _windows(local.date(), windows, zone)
            found |= {slot for begin, end in spans if begin <= start and start + length <= end}
        return frozenset(found)

    def _rooms(self) -> tuple[Room, ...]:
        rooms = self.stated.get("room")
        if rooms is None:
            return (Room("", int(self.stated.get("tables", 10))),)
        return tuple(
            Room(room.get("name", ""), room.get("tables", 1), self._slots(room.get("open"), self.zone))
            for room in rooms
        )

    def _interpreters(self) -> tuple[Interpreter, ...] | None:
        people = self.stated.get("interpreter")
        if people is None:
            return None
        return tuple(
            Interpreter(person.get("name") or f"interpreter {k}", self._slots(person.get("present"), self.zone))
            for k, person in enumerate(people, 1)
        )

    def _delegation(self, number: int) -> Delegation:
        stated, side = self._side(("left", "right")[number]), self._domain_side(number)
        zone = stated.get("zone", side.zone)
        if not is_zone(zone):
            raise DataError(Problem("MM-SET-006", f"zone cannot be {quoted(zone)}", f"{_ZONE.mend}, or install tzdata"))
        return Delegation(
            tuple(self._parties(stated, number, zone)),
            stated.get("label", side.label),
            zone,
            stated.get("clock", side.clock if zone == side.zone else ""),
            stated.get("language", side.language),
        )

    def _parties(self, stated: Mapping[str, Any], number: int, zone: str) -> Iterator[Party]:
        hours = self._slots(stated.get("hours"), zone)
        named = [*({"name": name} for name in stated.get("organizations", ())), *stated.get("organization", ())]
        rows = [resolve(self.dataset, each["name"]) for each in named]
        for row, each in zip(rows, named, strict=True):
            yield self._party(row, each, hours, zone)
        drawn = stated.get("drawn", 0) if {"drawn", "organizations", "organization"} & stated.keys() else None
        for row in self._others(rows, number, drawn, stated.get("drawn_kind")):
            yield self._party(row, {}, hours, zone, drawn=drawn is not None)

    def _others(self, rows: list[int], number: int, drawn: int | None, kind: str | None) -> list[int]:
        """Those of the side who are not named: all (None), or so many drawn by lot."""
        dataset = self.dataset
        there = (dataset.side == number) if dataset.domain.sides else np.ones(len(dataset), dtype=bool)
        there &= ~dataset.conveners
        there[rows] = False
        if kind is not None:
            there &= np.array([each == kind for each in dataset.kinds], dtype=bool)
        if drawn is None:
            return np.flatnonzero(there).tolist()
        generator = np.random.default_rng([self.stated.get("seed", 0), number])
        if drawn > there.sum():
            message = f"{drawn} organizations are to be drawn from the {there.sum()} of the data that are not named"
            raise DataError(Problem("MM-SES-008", message, "draw fewer"))
        return sorted(generator.choice(np.flatnonzero(there), drawn, replace=False).tolist())

    def _party(
        self, row: int, stated: Mapping[str, Any], hours: frozenset[int] | None, zone: str, *, drawn: bool = False
    ) -> Party:
        organization = self.dataset.organization(row)
        available = self._slots(stated.get("available"), zone)
        if available is None:
            available = hours
        return Party(
            organization.id,
            f"unnamed, drawn: {organization.name}" if drawn else organization.name,
            stated.get("kind", self.dataset.kinds[row]),
            stated.get("most"),
            available,
            frozenset(stated.get("languages", ())),
            drawn,
            {} if drawn else organization.names,
        )

    def _decided(self, session: Session) -> Session:
        """The same session with pins and vetoes."""
        pins, vetoes = (
            [
                (self._pair(each, session), each, [each.get(key, "") for key in ("who", "when", "why")])
                for each in listed
            ]
            for listed in (self.stated.get("pin", ()), self.stated.get("veto", ()))
        )
        met = () if self.stated.get("again", False) else self._met(session)
        decided = {pair for pair, _, _ in (*pins, *vetoes)}
        return replace(
            session,
            pins=tuple(Pin(*pair, self._slot(each, session), *why) for pair, each, why in pins),
            vetoes=(
                *(Veto(*pair, *why) for pair, _, why in vetoes),
                *(veto for veto in met if (veto.left, veto.right) not in decided),
            ),
            wishes=tuple(self._wishes(session)),
        )

    def _wishes(self, session: Session) -> Iterator[Wish]:
        for each in self.stated.get("wish", ()):
            pair = {"left": each.get("who", ""), "right": each.get("whom", "")}
            self._pair(pair, session)
            seeker, candidate = (self.dataset.ids[resolve(self.dataset, pair[side])] for side in ("left", "right"))
            yield Wish(seeker, candidate, float(each.get("strength", 1.0)))

    def _met(self, session: Session) -> Iterator[Veto]:
        dataset = self.dataset if session.as_of is None else self.dataset.as_of(session.as_of)
        for ours in session.left.parties:
            met = dataset.met(dataset.row(ours.id))
            for theirs in session.right.parties:
                if met[dataset.row(theirs.id)]:
                    yield Veto(ours.id, theirs.id, why="they have met before")

    def _pair(self, each: Mapping[str, Any], session: Session) -> tuple[str, str]:
        """The identifiers of the two that a decision names, in the order of the delegations."""
        ids = tuple(self.dataset.ids[resolve(self.dataset, each.get(key, ""))] for key in ("left", "right"))
        left, right = ({party.id for party in delegation.parties} for delegation in session.delegations)
        for pair in (ids, ids[::-1]):
            if pair[0] in left and pair[1] in right:
                return pair[0], pair[1]
        message = f"{quoted(each.get('left', ''))} and {quoted(each.get('right', ''))} are not of the two delegations"
        raise DataError(Problem("MM-SES-006", message, "name one of each, or take the decision out"))

    def _slot(self, each: Mapping[str, Any], session: Session) -> int | None:
        if "time" not in each:
            return self._numbered(each, session)
        wanted = _at(session.clock(0, session.left).date(), each["time"], self.zone)
        if wanted not in session.starts:
            message = f"no slot begins at {each['time']}"
            raise DataError(Problem("MM-SES-007", message, "give the time at which one begins, or none"))
        return session.starts.index(wanted)

    def _numbered(self, each: Mapping[str, Any], session: Session) -> int | None:
        slot = each.get("slot")
        if slot is not None and slot > len(session.starts):
            raise DataError(Problem("MM-SES-007", f"there is no slot {slot}", "give one of the session's, or none"))
        return None if slot is None else int(slot) - 1


def _wrong(stated: Mapping[str, Any], path: Path) -> Iterator[Problem]:
    yield from misshaped(stated, _SESSION, "", path)
    for name, keys in _LISTS.items():
        for number, table in enumerate(_listed(stated, name)):
            yield from misshaped(table, keys, f"{name}.{number}.", path)
    for side in ("left", "right"):
        table = stated.get(side, {})
        if isinstance(table, Mapping):
            yield from misshaped(table, _SIDE, f"{side}.", path)
            for number, party in enumerate(_listed(table, "organization")):
                yield from misshaped(party, _PARTY, f"{side}.organization.{number}.", path)
                if "name" not in party:
                    place = f"{side}.organization.{number}"
                    yield Problem("MM-SES-011", "an organization without a name", 'name = "…"', str(path), field=place)


def _listed(table: Mapping[str, Any], name: str) -> list[Mapping[str, Any]]:
    found = table.get(name, [])
    return found if _TABLES.fits(found) else []


def _refuse_twins(left: Delegation, right: Delegation) -> None:
    seen: set[str] = set()
    for party in (*left.parties, *right.parties):
        if party.id in seen:
            message = f"{quoted(party.title)} takes part twice"
            raise DataError(Problem("MM-SES-009", message, "name it on one side, once"))
        seen.add(party.id)
    for delegation, name in ((left, "left"), (right, "right")):
        if not delegation.parties:
            raise DataError(Problem("MM-SES-010", f"the {name} side has no organization", "name some"))


def _at(day: date, clock: str, zone: str) -> datetime:
    """A time of a day by the clock of a zone, in UTC; 24:00 is the next day's 00:00."""
    hours, minutes = map(int, clock.split(":"))
    return (datetime.combine(day, time(), ZoneInfo(zone)) + timedelta(hours=hours, minutes=minutes)).astimezone(UTC)


def _windows(day: date, windows: Iterable[str], zone: str) -> Iterator[tuple[datetime, datetime]]:
    for window in windows:
        begin, end = re.split(r"\s*[-–]\s*", window)
        yield _at(day, begin, zone), _at(day, end, zone)

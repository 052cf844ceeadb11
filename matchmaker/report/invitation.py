"""A calendar for each organization (RFC 5545): its meetings in UTC, and those announced before that are withdrawn."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from matchmaker.errors import DataError, Problem, quoted, safe_text
from matchmaker.report.word import words
from matchmaker.session.plan import Meeting, Plan
from matchmaker.session.session import Party, Session

if TYPE_CHECKING:
    from icalendar import Event

Announced: TypeAlias = "Mapping[str, Mapping[str, Event]]"  # by the name of the file, then by UID

LONGEST_TEXT = 500
HOST = "partner-matchmaker"
_PLAIN = re.compile(r"[a-z0-9가-힣一-鿿][a-z0-9가-힣一-鿿_-]{0,59}")
_RESERVED = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)")  # names that Windows does not give to files


def calendars(session: Session, plan: Plan, announced: Announced, now: datetime) -> dict[str, bytes]:
    """A calendar for everyone who meets someone or was to meet someone, by the name of its file.

    A meeting keeps its UID; its SEQUENCE grows when anything about it changes; one that is withdrawn stays, cancelled.
    What has not changed is the same, to the byte, whenever it is written (`now`: the DTSTAMP of what has).
    """
    latest = _latest(announced)
    events = {meeting: _revised(_event(session, meeting), latest, now) for meeting in plan.meetings}
    planned = {
        file_name(who): {events[each].uid: events[each] for each in meetings}
        for who, meetings in plan.by_party().items()
    }
    found = {}
    for name in sorted(planned.keys() | announced.keys()):
        mine = planned.get(name, {})
        withdrawn = [latest[uid] for uid in announced.get(name, {}) if uid not in mine]
        found[name] = _calendar([*mine.values(), *(_cancelled(event, now) for event in withdrawn)])
    return found


def file_name(identifier: str) -> str:
    """The name of an organization's file: its identifier, or what every file system takes of it and a hash."""
    if _PLAIN.fullmatch(identifier) and not _RESERVED.fullmatch(identifier):
        return f"{identifier}.ics"
    plain = re.sub(r"[^a-z0-9가-힣一-鿿_-]+", "-", identifier.lower())[:40].strip("-_")
    return f"{plain or 'organization'}-{_hash(identifier)}.ics"


def announced_by(session: Session, plan: Plan) -> Announced:
    """What the calendars of a plan said when they were first written, as far as it can be told from the plan."""
    events = {meeting: _event(session, meeting) for meeting in plan.meetings}
    return {
        file_name(who): {events[each].uid: events[each] for each in meetings}
        for who, meetings in plan.by_party().items()
    }


def read_calendars(session: Session, folder: Path) -> Announced:
    """What the calendars in a folder say; nothing, where there is no such folder.

    Raises:
        DataError: one cannot be read, or is not of this session.
    """
    return {path.name: _read(session, path) for path in sorted(folder.glob("*.ics"))}


def merged(first: Announced, second: Announced) -> Announced:
    """Both; of what both announce, the later version."""
    latest = _latest({"first": _latest(first), "second": _latest(second)})
    return {
        name: {uid: latest[uid] for uid in {**first.get(name, {}), **second.get(name, {})}}
        for name in first.keys() | second.keys()
    }


def event_of(session: Session) -> list[str]:
    """The session itself as the lines of a calendar's event: short, for a code that is scanned."""
    event = _between(session.starts[0], session.end(len(session.starts) - 1))
    event.add("summary", safe_text(session.title or session.id))
    if session.place:
        event.add("location", safe_text(session.place))
    return [str(line) for line in event.content_lines() if line]


def _event(session: Session, meeting: Meeting) -> Event:
    """A meeting as it is first announced."""
    last = len(session.starts) - 1
    slot = min(meeting.slot, last)  # of an earlier, longer session: it has a time, and will be cancelled
    event = _between(session.starts[slot], session.end(slot))
    left, right = (session.party.get(who, Party(who)) for who in (meeting.left, meeting.right))
    event.add("uid", _uid(session, meeting))
    event.add("summary", _said(f"{left.title} – {right.title}"))
    table = f"{words()['table']['en']} {meeting.table}"
    event.add("location", _said(", ".join(filter(None, (session.place, table)))))
    lines = [session.title, session.clocks(slot), left.titles, right.titles]
    lines += [f"{words()['interpreter']['en']}: {meeting.interpreter}"] if meeting.interpreter else []
    event.add("description", "\n".join(_said(line) for line in lines if line))
    event.add("status", "CONFIRMED")
    return event


def _between(start: datetime, end: datetime) -> Event:
    from icalendar import Event

    event = Event()
    event.add("dtstart", start.astimezone(UTC))
    event.add("dtend", end.astimezone(UTC))
    return event


def _uid(session: Session, meeting: Meeting) -> str:
    """The same for both organizations, and for as long as the session and they are called so."""
    return f"{_hash(session.id)}-{_hash(session.id, meeting.left, meeting.right)}@{HOST}"


def _hash(*parts: str) -> str:
    return sha256("\0".join(parts).encode("utf-8", "backslashreplace")).hexdigest()[:16]


def _revised(event: Event, latest: Mapping[str, Event], now: datetime) -> Event:
    """The event with the number of its version and the time at which it was made."""
    before = latest.get(event.uid)
    if before is not None and _content(before) == _content(event):
        return _numbered(event, before.sequence, before.DTSTAMP or now)
    return _numbered(event, 0 if before is None else before.sequence + 1, now)


def _cancelled(event: Event, now: datetime) -> Event:
    """The event withdrawn; as it is, if it is so already."""
    if event.get("STATUS") == "CANCELLED":
        return event
    found = event.copy()
    found.pop("STATUS", None)
    found.add("status", "CANCELLED")
    return _numbered(found, event.sequence + 1, now)


def _numbered(event: Event, sequence: int, stamp: datetime) -> Event:
    for key in ("SEQUENCE", "DTSTAMP"):
        event.pop(key, None)
    event.add("sequence", sequence)
    event.add("dtstamp", stamp.astimezone(UTC))
    return event


def _content(event: Event) -> dict[str, bytes]:
    """What it says, but for which version it is."""
    return {key: value.to_ical() for key, value in event.items() if key not in ("SEQUENCE", "DTSTAMP")}


def _latest(announced: Announced) -> dict[str, Event]:
    """The last version of each event."""
    found: dict[str, Event] = {}
    for events in announced.values():
        for uid, event in events.items():
            if uid not in found or event.sequence > found[uid].sequence:
                found[uid] = event
    return found


def _calendar(events: Iterable[Event]) -> bytes:
    from icalendar import Calendar

    calendar = Calendar()
    calendar.add("prodid", f"-//{HOST}//plan//EN")
    calendar.add("version", "2.0")
    calendar.add("method", "PUBLISH")
    for event in sorted(events, key=lambda event: (event["DTSTART"].to_ical(), event.uid)):
        calendar.add_component(event)
    return bytes(calendar.to_ical())


def _read(session: Session, path: Path) -> dict[str, Event]:
    from icalendar import Calendar

    try:
        calendar = Calendar.from_ical(path.read_bytes())
        events = {event.uid: event for event in calendar.events if event.DTSTART and event.sequence >= 0}
    except (ValueError, KeyError, TypeError, AttributeError, IndexError, OSError):
        raise _refused(path, "is no calendar of a plan") from None
    if not events or not all(uid.startswith(f"{_hash(session.id)}-") for uid in events):
        raise _refused(path, f"is not of the session {quoted(session.id)}")
    return events


def _refused(path: Path, why: str) -> DataError:
    mend = "choose another folder, or call the session what it was called"
    return DataError(Problem("MM-SES-014", f"{quoted(path.name)} {why}", mend, str(path)))


def _said(text: str) -> str:
    return safe_text(text, LONGEST_TEXT)

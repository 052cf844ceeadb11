"""A session as tables of a store: what is known of it as a description, and a plan as rows to be kept."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, date
from typing import Any

import polars as pl

from matchmaker.dataset import Dataset
from matchmaker.errors import DataError, Problem, UsageError, quoted
from matchmaker.session.description import checked
from matchmaker.session.plan import Certificate, Meeting, Plan
from matchmaker.session.session import Delegation, Session

SIDES = ("left", "right")
TABLES = ("sessions", "attendees", "wishes", "decisions", "meetings")
_COLUMNS = ("title", "place", "minutes", "tables", "each")
_DAYS = ("day", "as_of")
_OWN = ("left", "right", "pin", "veto", "wish", "day", *_COLUMNS)  # kept in rows and columns of their own
Tables = Mapping[str, pl.DataFrame]
Stated = dict[str, Any]


def described(tables: Tables, name: str, dataset: Dataset) -> Stated:
    """A session in the form of docs/session.md, but for the slots of people: see `with_slots`.

    Args:
        tables: those of `TABLES` with values; of decisions also who made them and when (`Store.stated`).
        name: of the session.
        dataset: tells the side of whoever has none stated.

    Raises:
        DataError: an organization of which nothing tells the side.
    """
    row = of_session(tables["sessions"], name).row(0, named=True)
    stated = _settings(row)
    for side in SIDES:
        stated[side] = stated.get(side, {}) | {"organization": []}
    for attendee in of_session(tables["attendees"], name).iter_rows(named=True):
        stated[_side(attendee, dataset)]["organization"].append(_party(attendee))
    present = {party["name"] for side in SIDES for party in stated[side]["organization"]}
    return stated | decided(tables, name, present)


def decided(tables: Tables, name: str, present: set[str]) -> Stated:
    """Pins, vetoes and wishes of a session among those who are there."""
    stated: Stated = {
        word: [_decision(each) for each in _decisions(tables, name, present, word)] for word in ("pin", "veto")
    }
    wishes = of_session(tables["wishes"], name).iter_rows(named=True)
    stated["wish"] = [_wish(each) for each in wishes if {each["org_id"], each["wanted_id"]} <= present]
    return stated


def of_session(frame: pl.DataFrame, name: str) -> pl.DataFrame:
    """The rows of a session."""
    return frame.filter(pl.col("session_id") == name)


def _settings(row: Mapping[str, Any]) -> Stated:
    stated = _read(row["plan"] or "{}", row["session_id"])
    stated |= {key: row[key] for key in _COLUMNS if row[key] is not None}
    if row["day"] is not None:
        stated["day"] = row["day"]
    for side in SIDES:
        if row[f"{side}_zone"]:
            stated[side] = {"zone": row[f"{side}_zone"]} | stated.get(side, {})
    return stated


def _read(text: str, name: str) -> Stated:
    """Settings from JSON.

    Raises:
        DataError: they are none that a session can have.
    """
    try:
        stated: Stated = json.loads(text)
        stated |= {key: date.fromisoformat(stated[key]) for key in _DAYS if key in stated}
        return checked(stated)
    except (ValueError, TypeError, KeyError, UsageError):
        message = f"the plan of session {quoted(name)} holds no settings: {quoted(text)}"
        raise DataError(Problem("MM-SES-017", message, "plan it again from a file, or blank the cell")) from None


def _side(attendee: Mapping[str, Any], dataset: Dataset) -> str:
    identifier = attendee["org_id"]
    side = int(dataset.side[dataset.row(identifier)]) if dataset.domain.sides else -1
    if attendee["side"] is None and side < 0:
        message = f"nothing tells on which side {quoted(identifier)} is"
        raise DataError(Problem("MM-SES-015", message, "import it with --side left or --side right"))
    return attendee["side"] or SIDES[side]


def _party(attendee: Mapping[str, Any]) -> Stated:
    stated = {"most": attendee["most"], "languages": list(attendee["languages"] or ())}
    return {"name": attendee["org_id"]} | {key: value for key, value in stated.items() if value}


def _decisions(tables: Tables, name: str, present: set[str], word: str) -> Iterator[Mapping[str, Any]]:
    """Those of the session, and those of all sessions on pairs of which the session has none of its own."""
    rows = tables["decisions"].filter(pl.col("session_id").is_null() | (pl.col("session_id") == name))
    latest = {frozenset((row["left"], row["right"])): row for row in rows.sort("session_id").iter_rows(named=True)}
    for pair, row in latest.items():
        if row["decision"] == word and pair <= present:
            yield row


def _decision(row: Mapping[str, Any]) -> Stated:
    slot = {} if row["slot"] is None else {"slot": row["slot"]}
    who = {"who": row["source"] or row["author"], "when": row["time"][:10], "why": row["why"] or ""}
    return {"left": row["left"], "right": row["right"], **who, **slot}


def _wish(row: Mapping[str, Any]) -> Stated:
    strength = 1.0 if row["strength"] is None else float(row["strength"])
    return {"who": row["org_id"], "whom": row["wanted_id"], "strength": strength}


def with_slots(session: Session, tables: Tables) -> Session:
    """The session in which people can meet in the slots that are stored for them."""
    attendees = of_session(tables["attendees"], session.id)
    stated = attendees.filter(pl.col("available").is_not_null()).select("org_id", "available").iter_rows()
    known = {identifier: _slots(identifier, text, len(session.starts)) for identifier, text in stated}

    def told(delegation: Delegation) -> Delegation:
        parties = (replace(each, available=known.get(each.id, each.available)) for each in delegation.parties)
        return replace(delegation, parties=tuple(parties))

    return replace(session, left=told(session.left), right=told(session.right))


def _slots(identifier: str, text: str, n: int) -> frozenset[int]:
    """Slots from their numbers, of the `n` that there are."""
    numbers = [each.strip() for each in text.split(";") if each.strip()]
    if not all(each.isdecimal() for each in numbers):
        message = f"{quoted(identifier)} is available in {quoted(text)}"
        raise DataError(Problem("MM-SES-016", message, "write numbers of slots with ; between", "attendees"))
    return frozenset(int(each) - 1 for each in numbers if 1 <= int(each) <= n)


def earlier_plan(tables: Tables, name: str) -> Plan | None:
    """The meetings that are planned so far; None: there are none."""
    rows = of_session(tables["meetings"], name).filter(pl.col("status") == "planned", pl.col("slot").is_not_null())
    meetings = tuple(
        Meeting(
            row["left"], row["right"], row["slot"] - 1, f"{row['room'] or ''} {row['table_number']}".strip(), 0.0, 0.0
        )
        for row in rows.iter_rows(named=True)
    )
    return Plan(meetings, (), len(meetings), Certificate(0, 0, {}, 0, 0, "")) if meetings else None


def rows_of(session: Session, plan: Plan, stated: Stated, tables: Tables) -> dict[str, pl.DataFrame]:
    """A plan, and what it was made from, as rows of a store that holds `tables`.

    Args:
        session: what was planned.
        plan: the meetings.
        stated: the description that the session was made from, with who decided what.
        tables: what the store holds of the session; meetings that are planned no more are cancelled in the answer.
    """
    return {
        "sessions": _frame([_session_row(session, stated)]),
        "attendees": _frame(_attendee_rows(session)),
        "wishes": _frame([_wish_row(session, *wish) for wish in session.wishes]),
        "decisions": _frame(list(_decision_rows(session, tables))),
        "meetings": _frame(_meeting_rows(session, plan, tables)),
    }


def _frame(rows: Sequence[Mapping[str, Any]]) -> pl.DataFrame:
    """Rows as texts, a cell that says nothing as null."""
    cells = [{key: None if value is None else str(value) for key, value in row.items()} for row in rows]
    return pl.DataFrame(cells, schema=dict.fromkeys(rows[0], pl.String()) if rows else None)


def _session_row(session: Session, stated: Stated) -> Stated:
    settings = {key: value for key, value in stated.items() if key not in _OWN}
    for side in SIDES:
        kept = {key: value for key, value in stated.get(side, {}).items() if key in ("label", "clock", "language")}
        settings |= {side: kept} if kept else {}
    return {
        "session_id": session.id,
        "title": session.title or None,
        "place": session.place or None,
        "date": session.day,
        "starts": ";".join(_utc(session, slot) for slot in range(len(session.starts))),
        "minutes": session.minutes,
        "tables": max(sum(1 for _ in session.tables(slot)) for slot in range(len(session.starts))),
        "each": session.each,
        "left_zone": session.left.zone,
        "right_zone": session.right.zone,
        "plan": json.dumps(settings, ensure_ascii=False, default=str, sort_keys=True),
    }


def _utc(session: Session, slot: int) -> str:
    return session.starts[slot].astimezone(UTC).strftime("%Y-%m-%dT%H:%MZ")


def _attendee_rows(session: Session) -> list[Stated]:
    return [
        {
            "session_id": session.id,
            "org_id": party.id,
            "side": side,
            "most": party.most,
            "available": None if party.available is None else ";".join(str(s + 1) for s in sorted(party.available)),
            "languages": ";".join(sorted(party.languages)) or None,
            "note": "drawn by lot" if party.drawn else None,
        }
        for side, delegation in zip(SIDES, session.delegations, strict=True)
        for party in delegation.parties
    ]


def _wish_row(session: Session, seeker: str, candidate: str, strength: float) -> Stated:
    return {"session_id": session.id, "org_id": seeker, "wanted_id": candidate, "strength": strength}


def _decision_rows(session: Session, tables: Tables) -> Iterator[Stated]:
    """Decisions of people that the store does not hold yet; what a rule decides has no author."""
    stored = {
        (frozenset((row["left"], row["right"])), row["decision"], row["slot"])
        for row in tables["decisions"].iter_rows(named=True)
        if row["session_id"] in (None, session.id)
    }
    listed = [(each, "pin", each.slot) for each in session.pins]
    listed += [(each, "veto", None) for each in session.vetoes if each.who]  # type: ignore[misc]  # both are decisions
    for each, word, slot in listed:
        number = None if slot is None else slot + 1
        if (frozenset((each.left, each.right)), word, number) not in stored:
            known = {"session_id": session.id, "left": each.left, "right": each.right, "decision": word}
            yield {**known, "slot": number, "why": each.why or None, "source": each.who or None}


def _meeting_rows(session: Session, plan: Plan, tables: Tables) -> list[Stated]:
    before = {
        (row["left"], row["right"]): row for row in of_session(tables["meetings"], session.id).iter_rows(named=True)
    }
    rows = [_meeting_row(session, meeting, before.get((meeting.left, meeting.right))) for meeting in plan.meetings]
    planned = {(meeting.left, meeting.right) for meeting in plan.meetings}
    for pair, row in before.items():
        if pair not in planned and row["status"] == "planned":
            known = dict.fromkeys(rows[0]) if rows else {}
            gone = {"session_id": session.id, "left": pair[0], "right": pair[1], "status": "cancelled"}
            rows.append({**known, **gone, "sequence": (row["sequence"] or 0) + 1})
    return rows


def _meeting_row(session: Session, meeting: Meeting, before: Mapping[str, Any] | None) -> Stated:
    room, _, number = meeting.table.rpartition(" ")
    placed = {
        "slot": meeting.slot + 1,
        "room": room or None,
        "table_number": number,
        "start": _utc(session, meeting.slot),
        "minutes": session.minutes,
        "status": "planned",
    }
    changed = before is not None and any(str(before[key]) != str(value) for key, value in placed.items())
    sequence = 0 if before is None else (before["sequence"] or 0) + changed
    return {"session_id": session.id, "left": meeting.left, "right": meeting.right, **placed, "sequence": sequence}

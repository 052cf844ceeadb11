"""A plan as an Excel workbook: all meetings by time, those of each organization, and who waits and why."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any, TypeAlias

from matchmaker.errors import safe_text
from matchmaker.report.word import label
from matchmaker.session.document import DIGITS
from matchmaker.session.plan import Meeting, Plan, Waiting
from matchmaker.session.session import Party, Session
from matchmaker.writing import Record, as_workbook

Sheet: TypeAlias = tuple[list[Record], dict[str, str]]

MOST_SHEETS = 200  # organizations that have a sheet of their own; of more, all are on one
LONGEST_NAME = 31  # of a sheet, in units of UTF-16, as Excel counts
_FORBIDDEN = re.compile(r"[\[\]:*?/\\]")


def workbook(session: Session, plan: Plan) -> bytes:
    """All of it; the sheets of organizations are called after them, as far as Excel allows."""
    sheets = [(label("plan"), _plan(session, plan)), (label("waiting"), _waiting(session, plan))]
    sheets += _organizations(session, plan)
    return as_workbook(dict(zip(sheet_names(name for name, _ in sheets), (sheet for _, sheet in sheets), strict=True)))


def sheet_names(titles: Iterable[str]) -> list[str]:
    """A name for each sheet that Excel takes: short, without its signs, no name twice, whatever the case."""
    found: dict[str, str] = {"history": ""}  # which Excel keeps for itself
    for title in titles:
        plain = " ".join(_FORBIDDEN.sub(" ", safe_text(title, 100)).split()).strip(" '") or "-"
        name, number = _cut(plain, LONGEST_NAME), 1
        while name.casefold() in found:
            number += 1
            ending = f" ({number})"
            name = _cut(plain, LONGEST_NAME - len(ending)) + ending
        found[name.casefold()] = name
    return list(found.values())[1:]


def _cut(text: str, units: int) -> str:
    """The beginning of `text` that takes at most so many units of UTF-16, no character in halves."""
    return text.encode("utf-16-le")[: 2 * units].decode("utf-16-le", "ignore").strip(" '")


def _plan(session: Session, plan: Plan) -> Sheet:
    columns = {key: label(key) for key in ("day", "time", "table")} | _sides(session)
    columns |= {key: label(key) for key in (*_interpreted(session), "pinned", "value")}
    rows: list[Record] = [
        _place(session, meeting)
        | _ends(session, meeting)
        | {"pinned": meeting.pinned, "value": round(meeting.value, DIGITS)}
        for meeting in plan.meetings
    ]
    return rows, columns


def _waiting(session: Session, plan: Plan) -> Sheet:
    columns = _sides(session) | {key: label(key) for key in ("value", "reason")}
    rows: list[Record] = [
        _ends(session, each) | {"value": round(each.value, DIGITS), "reason": each.reason} for each in plan.waiting
    ]
    return rows, columns


def _organizations(session: Session, plan: Plan) -> Iterator[tuple[str, Sheet]]:
    """A sheet for each, or one for all where there are too many of them."""
    keys = ("organization", "day", "time", "table", "partner", *_interpreted(session))
    columns = {key: label(key) for key in keys}
    meetings = plan.by_party()
    sheets = {who: list(_own(session, party, meetings.get(who, []))) for who, party in session.party.items()}
    if len(sheets) > MOST_SHEETS:
        yield label("by_organization"), ([row for rows in sheets.values() for row in rows], columns)
        return
    for who, rows in sheets.items():
        yield session.party[who].title, (rows, columns)


def _own(session: Session, party: Party, meetings: list[Meeting]) -> Iterator[Record]:
    """The meetings of one organization; one row that says so where there are none."""
    name = {"organization": party.titles}
    if not meetings:
        yield name | {"partner": label("none")}
    for meeting in meetings:
        other = meeting.right if meeting.left == party.id else meeting.left
        yield name | _place(session, meeting) | {"partner": session.party[other].titles}


def _place(session: Session, meeting: Meeting) -> dict[str, Any]:
    return {
        "day": session.clock(meeting.slot, session.left).date(),
        "time": session.clocks(meeting.slot),
        "table": meeting.table,
        "interpreter": meeting.interpreter,
    }


def _ends(session: Session, pair: Meeting | Waiting) -> dict[str, Any]:
    return {"left": session.party[pair.left].titles, "right": session.party[pair.right].titles}


def _sides(session: Session) -> dict[str, str]:
    """What the two delegations are called."""
    return {"left": session.left.label or "Left", "right": session.right.label or "Right"}


def _interpreted(session: Session) -> list[str]:
    return [] if session.interpreters is None else ["interpreter"]

"""A plan as records and documents, for files and pipes; and the way back from a document to a plan."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from matchmaker.errors import DataError, Problem, UsageError, quoted
from matchmaker.session.plan import Certificate, Meeting, Plan
from matchmaker.session.session import Session

COLUMNS = (
    "slot",
    "start",
    "left_time",
    "right_time",
    "table",
    "left_id",
    "left_name",
    "right_id",
    "right_name",
    "value",
    "relevance",
    "pinned",
    "interpreter",
)
DIGITS = 12


def meeting_records(session: Session, plan: Plan) -> list[dict[str, Any]]:
    """One record a meeting, in the order of slots; slots are numbered from 1, times are by both clocks."""
    return [
        {
            "slot": meeting.slot + 1,
            "start": session.clock(meeting.slot, session.left).isoformat(timespec="minutes"),
            "left_time": f"{session.clock(meeting.slot, session.left):%H:%M}",
            "right_time": f"{session.clock(meeting.slot, session.right):%H:%M}",
            "table": meeting.table,
            **_ends(session, meeting.left, meeting.right),
            "value": round(meeting.value, DIGITS),
            "relevance": round(meeting.relevance, DIGITS),
            "pinned": meeting.pinned,
            "interpreter": meeting.interpreter,
        }
        for meeting in plan.meetings
    ]


def waiting_records(session: Session, plan: Plan) -> list[dict[str, Any]]:
    """One record a wanted meeting that is not planned, and why."""
    return [
        {**_ends(session, each.left, each.right), "value": round(each.value, DIGITS), "reason": each.reason}
        for each in plan.waiting
    ]


def document(session: Session, plan: Plan) -> dict[str, Any]:
    """The plan and what is proven of it, as plain values."""
    certificate = plan.certificate
    proven = {key: value for key, value in asdict(certificate).items() if key != "prices"}
    prices = [{"of": list(name), "price": price} for name, price in sorted(certificate.prices.items())]
    return {
        "session": session.id,
        "title": session.title,
        "place": session.place,
        "day": session.day.isoformat(),
        "minutes": session.minutes,
        "clocks": [session.clocks(slot) for slot in range(len(session.starts))],
        "meetings": meeting_records(session, plan),
        "waiting": waiting_records(session, plan),
        "wanted": plan.wanted,
        "certificate": {**proven, "optimal": certificate.optimal, "gap": certificate.gap, "prices": prices},
        "change": None if plan.change is None else asdict(plan.change),
        "figures": dict(plan.figures),
    }


def read_plan(path: str | Path) -> Plan:
    """The meetings of a plan that was written as JSON: what a new plan starts from.

    Raises:
        UsageError: there is no such file.
        DataError: it is no plan.
    """
    path = Path(path)
    path = path / "plan.json" if path.is_dir() else path
    if not path.is_file():
        raise UsageError(Problem("MM-USE-001", f"there is no file {quoted(path)}", "name the plan.json of a plan"))
    try:
        meetings = tuple(_meeting(record) for record in json.loads(path.read_text("utf-8"))["meetings"])
    except (ValueError, KeyError, TypeError):
        raise DataError(Problem("MM-SES-012", "this is no plan", "name the plan.json of a plan", str(path))) from None
    return Plan(meetings, (), len(meetings), Certificate(0, 0, {}, 0, 0, ""))


def _meeting(record: Mapping[str, Any]) -> Meeting:
    """A meeting from its record."""
    return Meeting(
        str(record["left_id"]),
        str(record["right_id"]),
        int(record["slot"]) - 1,
        str(record["table"]),
        float(record["value"]),
        float(record["relevance"]),
    )


def _ends(session: Session, left: str, right: str) -> dict[str, str]:
    names = {"left_name": session.party[left].title, "right_name": session.party[right].title}
    return {"left_id": left, "left_name": names["left_name"], "right_id": right, "right_name": names["right_name"]}

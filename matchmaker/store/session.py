"""The tables of sessions: who is invited, what each side wishes, what people decided, who met, and what came of it."""

from __future__ import annotations

import re
from collections.abc import Mapping

from matchmaker.schema import TABLES, Column, Table

LADDER = ("requested", "accepted", "met", "intention", "mou", "contract")
OUTCOMES = (*LADDER, "no-show", "declined")

_SOURCE = Column("source", "text", "where this is stated: an address, a document")
_NOTE = Column("note", "text", "remark for people")


def _organization(name: str, doc: str, *, required: bool = True) -> Column:
    return Column(name, "reference", doc, required=required, table="organizations")


def _session(*, required: bool = True) -> Column:
    return Column("session_id", "reference", "the session", required=required, headers=("session",), table="sessions")


SESSION_TABLES: dict[str, Table] = {
    table.name: table
    for table in (
        Table(
            "sessions",
            "Docking sessions. One row a session.",
            (
                Column("session_id", "id", "identifier", required=True, headers=("id", "session")),
                Column("title", "text", "as it is printed"),
                Column("place", "text", "where"),
                Column("date", "date", "first day"),
                Column("starts", "text", "when each slot begins, in UTC, `;` between"),
                Column("minutes", "count", "how long a meeting lasts"),
                Column("tables", "count", "tables that can be used at a time"),
                Column("each", "count", "most meetings of an organization, where it states no number of its own"),
                Column("left_zone", "text", "time zone of the left side, such as Asia/Shanghai"),
                Column("right_zone", "text", "time zone of the right side"),
                Column("plan", "text", "settings of the plan, as JSON"),
                _SOURCE,
                _NOTE,
            ),
            order=("session_id",),
        ),
        Table(
            "attendees",
            "Who is invited. One row a session and an organization.",
            (
                _session(),
                _organization("org_id", "the organization"),
                Column("side", "text", "`left` or `right`"),
                Column("most", "count", "most meetings that it takes"),
                Column("available", "text", "numbers of the slots in which it can meet, `;` between; blank: all"),
                Column("languages", "terms", "that it can meet in without an interpreter"),
                Column("contact", "text", "who comes: personal, and left out of exports"),
                _SOURCE,
                _NOTE,
            ),
            order=("session_id", "org_id"),
        ),
        Table(
            "wishes",
            "Whom an organization asked to meet. One row a session and a directed pair.",
            (
                _session(),
                _organization("org_id", "who wishes"),
                _organization("wanted_id", "whom it wishes to meet"),
                Column("strength", "number", "how much, 1 where nothing is stated"),
                _SOURCE,
                _NOTE,
            ),
            order=("session_id", "org_id", "wanted_id"),
        ),
        Table(
            "decisions",
            "Pins and vetoes: what people decided, whatever the scores say. One row a session and a pair.",
            (
                _organization("left", "the organization on the left side"),
                _organization("right", "the organization on the right side"),
                _session(required=False),
                Column("decision", "text", "`pin` or `veto`", required=True),
                Column("slot", "count", "in which slot, where one is pinned"),
                Column("why", "text", "the reason"),
                _SOURCE,
            ),
            order=("session_id", "left", "right"),
        ),
        Table(
            "meetings",
            "Who meets when and where. One row a session and a pair.",
            (
                _session(),
                _organization("left", "the organization on the left side"),
                _organization("right", "the organization on the right side"),
                Column("slot", "count", "number of the slot"),
                Column("room", "text", "which room"),
                Column("table_number", "count", "which table in it"),
                Column("start", "text", "when it begins, in UTC"),
                Column("minutes", "count", "how long it lasts"),
                Column("status", "text", "`planned`, `held` or `cancelled`"),
                Column("sequence", "count", "how often it has been changed, for calendars"),
                _SOURCE,
                _NOTE,
            ),
            order=("session_id", "left", "right"),
        ),
        Table(
            "outcomes",
            "What came of it. One row a statement; several of a pair stand beside each other, with author and time.",
            (
                Column("outcome_id", "id", "identifier; the same one twice is one row", required=True, headers=("id",)),
                _organization("left", "one organization"),
                _organization("right", "the other; blank where only `one_of` is known", required=False),
                Column("one_of", "names", "identifiers of which the other is one, `;` between"),
                _session(required=False),
                Column("outcome", "text", ", ".join(OUTCOMES), required=True),
                Column("date", "date", "when"),
                _SOURCE,
                _NOTE,
            ),
            order=("outcome_id",),
        ),
    )
}
# By table and column: the words that it takes.
WORDS: Mapping[tuple[str, str], tuple[str, ...]] = {
    ("attendees", "side"): ("left", "right"),
    ("decisions", "decision"): ("pin", "veto"),
    ("meetings", "status"): ("planned", "held", "cancelled"),
    ("outcomes", "outcome"): OUTCOMES,
}
PERSONAL: Mapping[str, tuple[str, ...]] = {"attendees": ("contact",)}
STORED: dict[str, Table] = TABLES | SESSION_TABLES


def is_name(text: str) -> bool:
    """Whether a session can be called so: its name may become that of a folder."""
    return re.fullmatch(r"[A-Za-z0-9가-힣一-鿿._-]{1,64}", text) is not None and not text.startswith(".")

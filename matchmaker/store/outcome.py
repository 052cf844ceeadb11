"""What came of a meeting: one statement at a time, checked against what is known of the pair."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from hashlib import blake2b

import polars as pl
import sqlalchemy as sa

from matchmaker.day import StatedDay, parse_day
from matchmaker.errors import DataError, Problem, UsageError, quoted
from matchmaker.store.change import Writer
from matchmaker.store.session import LADDER, OUTCOMES

AFTER_A_MEETING = (*LADDER[LADDER.index("met") :], "no-show")


@dataclass(frozen=True)
class Outcome:
    """A statement: `left` and `right`, or `left` and one of several (`one_of`), came to `outcome`.

    `outcome` is a rung of the ladder requested → accepted → met → intention → mou → contract, or no-show, or declined.
    `source` is a page or a document that states it, where there is one.
    """

    left: str
    right: str | None
    outcome: str
    day: date | None = None
    session: str | None = None
    one_of: Sequence[str] = ()
    note: str | None = None
    source: str | None = None

    @property
    def identifier(self) -> str:
        """The same for the same statement: so a form that is sent twice is one row."""
        stated = (self.left, self.right, *sorted(set(self.one_of)), self.session, self.outcome, self.day, self.note)
        return blake2b("\0".join(str(each or "") for each in stated).encode(), digest_size=12).hexdigest()

    def frame(self, identifier: str, source: str) -> pl.DataFrame:
        """The row of the table of outcomes."""
        row = {
            "outcome_id": identifier,
            "left": self.left,
            "right": self.right,
            "one_of": ";".join(sorted(set(self.one_of))) or None,
            "session_id": self.session,
            "outcome": self.outcome,
            "date": self.day and self.day.isoformat(),
            "source": source,
            "note": self.note,
        }
        return pl.DataFrame([row], schema=dict.fromkeys(row, pl.String()))

    def check(self) -> None:
        """Refuse what no pair can come to.

        Raises:
            UsageError: an unknown outcome, an organization and itself, or not exactly one of `right` and `one_of`.
        """
        if self.outcome not in OUTCOMES:
            message = f"there is no outcome {quoted(self.outcome)}"
            raise UsageError(Problem("MM-STO-010", message, "choose from " + ", ".join(OUTCOMES)))
        if (self.right is None) == (not self.one_of):
            raise UsageError(
                Problem("MM-STO-010", "name the other organization, or those of which it is one", "not both")
            )
        if self.left in (self.right, *self.one_of):
            raise UsageError(Problem("MM-USE-013", f"{quoted(self.left)} and itself", "name another organization"))


def check_against(writer: Writer, outcome: Outcome, seen: int | None) -> None:
    """Refuse an outcome that is known otherwise since `seen`, that precedes its session, or lies ahead.

    Raises:
        DataError: it is.
    """
    _check_day(writer, outcome)
    _check_members(writer, outcome)
    if seen is not None:
        _check_seen(writer, outcome, seen)


def _check_day(writer: Writer, outcome: Outcome) -> None:
    sessions = writer.table("sessions")
    text = writer.connection.scalar(sa.select(sessions.c.date).where(sessions.c.session_id == outcome.session))
    stated = parse_day(text) if text and outcome.outcome in AFTER_A_MEETING else None
    if outcome.day is not None and isinstance(stated, StatedDay) and outcome.day < stated.first:
        message = f"{outcome.outcome} on {outcome.day} is before the session {quoted(outcome.session)} of {text}"
        raise DataError(Problem("MM-STO-011", message, "correct the day"))
    if problem := ahead(outcome):
        raise DataError(problem)


def ahead(outcome: Outcome) -> Problem | None:
    """What is to be said of an outcome of a day to come."""
    if outcome.day is None or outcome.day <= date.today():
        return None
    return Problem("MM-DAY-005", f"the date {quoted(outcome.day)} lies ahead", "correct it, or state it then")


def _check_members(writer: Writer, outcome: Outcome) -> None:
    """Candidates in a list are no references that the database could check."""
    table = writer.table("organizations")
    found = set(writer.connection.scalars(sa.select(table.c.org_id).where(table.c.org_id.in_(outcome.one_of))))
    for identifier in outcome.one_of:
        if identifier not in found:
            raise DataError(Problem("MM-REF-001", f"no organization {quoted(identifier)}", "correct it", "outcomes"))


def _check_seen(writer: Writer, outcome: Outcome, seen: int) -> None:
    table, changes = writer.table("outcomes"), writer.table("change")
    pairs = ((outcome.left, outcome.right), (outcome.right, outcome.left))
    same = sa.or_(*((table.c.left == left) & (table.c.right == right) for left, right in pairs))
    newer = (
        sa.select(table.c.outcome, changes.c.number, changes.c.author, changes.c.time)
        .join(changes, changes.c.number == table.c.change)
        .where(same, table.c.change > seen)
        .order_by(table.c.change.desc())
    )
    if (row := writer.connection.execute(newer.limit(1)).first()) is not None:
        message = f"{quoted(row.author)} stated {row.outcome} of this pair at {row.time}, in change {row.number}"
        raise DataError(Problem("MM-STO-012", message, "look at it, and state yours again if it still holds"))

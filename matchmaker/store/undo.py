"""Taking a change back: which rows it wrote, whether they still stand as it left them, and what they were before."""

from __future__ import annotations

from collections.abc import Iterator

import sqlalchemy as sa

from matchmaker.errors import DataError, Problem, UsageError, counted
from matchmaker.store.change import Before, Writer
from matchmaker.store.layout import key_of
from matchmaker.store.session import STORED

_NOTHING: Before = (None, None)


def undo(writer: Writer, number: int) -> None:
    """Let every row that change `number` wrote or removed be again what it was before.

    Raises:
        UsageError: there is no such change, or it is undone.
        DataError: a later change has built on it.
    """
    _check(writer, number)
    for name in reversed(STORED):  # who refers before who is referred to
        standing = _standing(writer, name, number)
        replaced = _replaced(writer, name, number)
        _refuse_later(writer, name, number, standing)
        writer.restore(name, dict.fromkeys(standing, _NOTHING) | replaced)
    _mark(writer, number, writer.number)


def _check(writer: Writer, number: int) -> None:
    changes = writer.table("change")
    row = writer.connection.execute(sa.select(changes).where(changes.c.number == number)).first()
    if row is None:
        raise UsageError(Problem("MM-STO-009", f"there is no change {number}", "see `matchmaker history`"))
    if row.source in ("forget", "restore") and row.token is not None:
        raise UsageError(
            Problem("MM-STO-009", f"change {number} cannot be undone: it is a {row.source}", "nothing to mend")
        )
    if row.undone_by is not None:
        fix = f"undo {row.undone_by} brings it back"
        raise UsageError(Problem("MM-STO-009", f"change {number} is undone, by change {row.undone_by}", fix))


def _undone_and_redone(writer: Writer, number: int) -> Iterator[int]:
    """Changes that took `number` back, and those that brought it again: it stands, so that they come to nothing."""
    changes = writer.table("change")
    later = [number]
    while later:
        later = list(writer.connection.scalars(sa.select(changes.c.number).where(changes.c.undoes.in_(later))))
        yield from later


def _mark(writer: Writer, number: int, by: int | None) -> None:
    """Mark a change as undone, or as valid again; what it had undone is then the other."""
    changes = writer.table("change")
    writer.connection.execute(changes.update().values(undone_by=by).where(changes.c.number == number))
    target = writer.connection.scalar(sa.select(changes.c.undoes).where(changes.c.number == number))
    if target is not None:
        _mark(writer, target, None if by else number)


def _standing(writer: Writer, name: str, number: int) -> set[str]:
    """Keys of the rows that are as the change wrote them."""
    table = writer.table(name)
    return set(writer.connection.scalars(sa.select(table.c[key_of(STORED[name])]).where(table.c.change == number)))


def _replaced(writer: Writer, name: str, number: int) -> dict[str, Before]:
    """By key: what the change replaced or removed, and which change had written that."""
    versions = writer.table("version")
    query = sa.select(versions).where(versions.c.table == name, versions.c.change == number)
    return {row.key: (row.before, row.since) for row in writer.connection.execute(query)}


def _refuse_later(writer: Writer, name: str, number: int, standing: set[str]) -> None:
    """Refuse to undo what a later change has replaced: it would be lost without a word."""
    versions = writer.table("version")
    ours = versions.c.table == name
    touched = sa.select(versions.c.key).where(ours, sa.or_(versions.c.change == number, versions.c.since == number))
    latest = sa.select(versions.c.key, sa.func.max(versions.c.change)).where(
        ours, versions.c.key.in_(touched), versions.c.change.not_in(list(_undone_and_redone(writer, number)))
    )
    found = writer.connection.execute(latest.group_by(versions.c.key))
    later = {key: change for key, change in found if change > number and key not in standing}
    if later:
        message = f"{counted(len(later), 'row')} of {name} changed since, by change {max(later.values())}"
        raise DataError(Problem("MM-STO-008", message, f"undo {max(later.values())} first"))

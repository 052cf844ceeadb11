"""Copies of a whole store, its history included, from one database to another."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import polars as pl
import sqlalchemy as sa

from matchmaker.errors import DataError, Problem, quoted
from matchmaker.store.change import Writer, batches, insert_rows, languages_in
from matchmaker.store.layout import LANGUAGE, layout
from matchmaker.store.session import STORED
from matchmaker.store.tombstone import Eraser, Tombstones, erase_organization, erase_text
from matchmaker.writing import refuse_target

KEPT = "tombstone"  # what a copy adds to, and never takes away


def copy(source: sa.Connection, target: sa.Connection) -> None:
    """Let `target` hold what `source` holds, and nothing else; what it knows to be forgotten it goes on knowing."""
    languages = languages_in(source)
    for name in sorted(set(languages) - set(languages_in(target))):
        target.exec_driver_sql(f'ALTER TABLE organizations ADD COLUMN "{name}" TEXT')
    for table in layout(languages).sorted_tables:
        known = set(target.scalars(sa.select(table.c.digest))) if table.name == KEPT else set()
        if table.name != KEPT:
            target.execute(table.delete())
        for batch in batches(source, sa.select(table)):
            rows = [row for row in batch if table.name != KEPT or row.digest not in known]
            schema = {column.name: pl.Int64() if _is_number(column) else pl.String() for column in table.c}
            insert_rows(target, table, pl.DataFrame([tuple(row) for row in rows], schema=schema, orient="row"))


def _is_number(column: sa.Column[object]) -> bool:
    return isinstance(column.type, sa.Integer)


def bury_again(writer: Writer) -> None:
    """Erase whoever is forgotten and came back with an older copy."""
    known = Tombstones(writer.connection, writer.table("tombstone"))
    if not known:
        return
    for identifier in set(_returned(writer, known)):
        erase_organization(writer, identifier)
    names = {name for text in set(_texts(writer)) if text for name in known.named_in(text)}
    erase_text(writer, Eraser(set(), names))


def _returned(writer: Writer, known: Tombstones) -> Iterator[str]:
    table, versions = writer.table("organizations"), writer.table("version")
    for row in writer.connection.execute(sa.select(table)).mappings():
        names = [text for name, text in row.items() if f"{name}_".startswith(LANGUAGE)]
        if known.among(names, "name"):
            yield row["org_id"]
    earlier = sa.select(versions.c.key).where(versions.c.table == "organizations").union(sa.select(table.c.org_id))
    yield from known.among(writer.connection.scalars(earlier), "id")


def _texts(writer: Writer) -> Iterator[str | None]:
    """Every text that is or was stated."""
    for name in (*STORED, "change", "version"):
        for column in writer.table(name).c:
            if isinstance(column.type, sa.Text):
                yield from writer.connection.scalars(sa.select(column).distinct())


@contextmanager
def beside(path: Path) -> Iterator[Path]:
    """A new name beside `path`; what is written under it takes the name of `path` at the end, whole.

    Raises:
        UsageError, DataError: the file cannot be written.
    """
    refuse_target(path)
    scratch = path.parent / f".matchmaker-{os.urandom(8).hex()}.tmp"
    try:
        yield scratch
        scratch.replace(path)
    except OSError as error:
        message = f"{quoted(path)} could not be written: {error.strerror or error}"
        raise DataError(Problem("MM-CLI-010", message, "choose another place")) from None
    finally:
        for ending in ("", "-wal", "-shm"):
            Path(f"{scratch}{ending}").unlink(missing_ok=True)

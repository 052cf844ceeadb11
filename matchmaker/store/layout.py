"""The store's tables in SQL, one layout for SQLite and Postgres, made from the tables of the schema."""

from __future__ import annotations

from functools import lru_cache

import sqlalchemy as sa

from matchmaker.schema import Column, Table
from matchmaker.store.session import SESSION_TABLES, STORED

VERSION = 1  # of the layout; what is written by a later one is refused
APPLICATION = 0x6D61746B  # "matk", at its place in the header of an SQLite file
LANGUAGE = "name_"  # names in any language are columns, added when the first such name is stored


@lru_cache(maxsize=16)
def layout(languages: tuple[str, ...] = ()) -> sa.MetaData:
    """All tables; `languages` are the columns for names that the multilingual ones have beside `name`."""
    metadata = sa.MetaData()
    _bookkeeping(metadata)
    for table in STORED.values():
        names = languages if table.multilingual else ()
        columns = [sa.Column(name, sa.Text) for name in names]
        columns += [_column(column) for column in stored_columns(table)]
        if key_of(table) == "key":
            columns.insert(0, sa.Column("key", sa.Text, primary_key=True))
        change = sa.Column("change", sa.Integer, nullable=False)  # who, when, from where: see the table change
        sa.Table(table.name, metadata, *columns, change, sqlite_with_rowid=table.multilingual)
    return metadata


def stored_columns(table: Table) -> list[Column]:
    """The columns that are kept."""
    return [column for column in table.columns if column.kind != "unused"]


def key_of(table: Table) -> str:
    """The column by which a row is known: its identifier, else a digest of what makes it this row."""
    first = next((column for column in table.columns if column.kind == "id" and column.required), None)
    return "key" if first is None else first.name


def identity_of(table: Table) -> list[str]:
    """What the digest covers: a fact is all that it states, a row of a session is its place in it."""
    if table.name in SESSION_TABLES:
        return list(table.order)
    return [column.name for column in stored_columns(table)]


def is_all_that_it_states(table: Table) -> bool:
    """Whether a row is known by everything in it, so that another content is another row."""
    has_identifier = any(column.kind == "id" for column in table.columns)
    return table.name not in SESSION_TABLES and not has_identifier


def references(table: Table) -> list[Column]:
    """The columns that hold identifiers of another table."""
    return [column for column in stored_columns(table) if column.table]


def _column(column: Column) -> sa.Column[str]:
    """Every cell is text, as it was stated: nothing is rounded, widened or reread."""
    is_key = column.kind == "id" and column.required
    constraints = []
    if column.table:
        parent = f"{column.table}.{key_of(STORED[column.table])}"
        constraints.append(sa.ForeignKey(parent, deferrable=True, initially="DEFERRED"))
    return sa.Column(column.name, sa.Text, *constraints, primary_key=is_key, nullable=not column.required)


def _bookkeeping(metadata: sa.MetaData) -> None:
    sa.Table(
        "change",
        metadata,
        sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("author", sa.Text, nullable=False),
        sa.Column("time", sa.Text, nullable=False),  # UTC
        sa.Column("source", sa.Text, nullable=False),
        sa.Column("what", sa.Text, nullable=False),  # JSON: rows added, updated and removed by table
        sa.Column("session_id", sa.Text),
        sa.Column("token", sa.Text, unique=True),  # the same token twice is one change
        sa.Column("undoes", sa.Integer),
        sa.Column("undone_by", sa.Integer),
        comment=f"matchmaker {VERSION}",
    )
    sa.Table(  # what a change replaced; rows that it only added have the number of the change and nothing here
        "version",
        metadata,
        sa.Column("table", sa.Text, primary_key=True),
        sa.Column("key", sa.Text, primary_key=True),
        sa.Column("change", sa.Integer, primary_key=True, index=True),
        sa.Column("before", sa.Text),  # JSON; nothing where there was no such row
        sa.Column("since", sa.Integer, index=True),  # the change that had written it
    )
    sa.Table(
        "tombstone",
        metadata,
        sa.Column("digest", sa.Text, primary_key=True),
        sa.Column("salt", sa.Text, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),  # id, name or word
        sa.Column("length", sa.Integer, nullable=False),
        sa.Column("change", sa.Integer, nullable=False),
    )

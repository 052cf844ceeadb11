"""Tables of an SQLite or Postgres database, named by an address; they are only read, and a password is never shown."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import polars as pl

from matchmaker.errors import DataError, Problem, UsageError, quoted, safe_text
from matchmaker.intake.grid import Grid, grid_frame, numbered_from
from matchmaker.table import ReadOptions, check_rows

SCHEMES = ("sqlite", "postgresql")
SQLITE = b"SQLite format 3\0"
_FIX = "such as sqlite:///file.sqlite?table=participants or postgresql://host/database?table=participants"
_MOST_TABLES = 50


def is_address(source: str) -> bool:
    """Whether `source` is an address and not the path of a file."""
    return "://" in source[:20]


def shown(address: str) -> str:
    """The address without what may be secret: no user, no password, no option but the table."""
    parts = urlsplit(address)
    host = parts.netloc.rpartition("@")[2]
    table = parse_qs(parts.query).get("table", [""])[0]
    return safe_text(f"{parts.scheme}://{host}{parts.path}" + (f"?table={table}" if table else ""), 200)


def read_database(address: str, options: ReadOptions) -> list[Grid]:
    """The table named in the address (`?table=`, with its schema before a point), else every table.

    Raises:
        UsageError: another scheme; no such file.
        DataError: the database cannot be reached or read; it has no such table.
    """
    scheme = address.partition("://")[0].casefold()
    if scheme.partition("+")[0] not in SCHEMES:
        message = f"{quoted(scheme + '://…')} is an address; matchmaker takes files only, and tables of two databases"
        raise UsageError(Problem("MM-USE-005", message, _FIX))
    from sqlalchemy.exc import SQLAlchemyError

    name = shown(address)
    try:
        return _tables(address, name, options)
    except (SQLAlchemyError, ValueError, ImportError, OSError) as error:
        raise DataError(Problem("MM-SQL-001", f"cannot be read: {_cause(error)}", _FIX, name)) from None


def _cause(error: BaseException) -> str:
    """The kind of error alone: drivers quote addresses, passwords included, in their messages."""
    known = {
        "ModuleNotFoundError": "its driver is not installed (the extra postgres)",
        "OperationalError": "it is not there, out of reach, or refuses the user",
        "DatabaseError": "it is damaged, or no database",
        "ArgumentError": "the address is not written as one",
    }
    return known.get(type(error).__name__, type(error).__name__)


def _tables(address: str, name: str, options: ReadOptions) -> list[Grid]:
    import sqlalchemy as sql

    engine, wanted = _engine(address, name)
    try:
        with engine.connect() as connection:
            inspector = sql.inspect(connection)
            known = [*inspector.get_table_names(), *inspector.get_view_names()]
            schema, _, table = wanted.rpartition(".")
            if wanted and table not in (
                inspector.get_table_names(schema) + inspector.get_view_names(schema) if schema else known
            ):
                message = f"has no table {quoted(wanted)}; there are {', '.join(map(quoted, known[:_MOST_TABLES]))}"
                raise DataError(Problem("MM-SQL-002", message, "name one of them: ?table=…", name))
            chosen = [table] if wanted else sorted(known)[:_MOST_TABLES]
            return [_grid(connection, each, schema or None, name, options) for each in chosen]
    finally:
        engine.dispose()


def _engine(address: str, name: str) -> tuple[Any, str]:
    """An engine that cannot write, and the table that the address names."""
    import sqlalchemy as sql

    url = sql.make_url(address)
    wanted = url.query.get("table", "")
    url = url.difference_update_query(["table"])
    if url.get_backend_name() == "sqlite":
        path = Path(url.database or "")
        if not path.is_file():
            raise UsageError(Problem("MM-USE-001", "no such file", _FIX, name))
        return sql.create_engine(f"sqlite:///file:{_quoted_path(path)}?mode=ro&uri=true"), str(wanted)
    options = {"connect_timeout": 10, "options": "-c default_transaction_read_only=on"}
    return sql.create_engine(url, connect_args=options), str(wanted)


def _quoted_path(path: Path) -> str:
    from urllib.parse import quote

    return quote(str(path.absolute()))


def _grid(connection: Any, table: str, schema: str | None, name: str, options: ReadOptions) -> Grid:
    import sqlalchemy as sql

    reflected = sql.Table(table, sql.MetaData(), schema=schema, autoload_with=connection)
    headings = [column.name for column in reflected.columns]
    query = sql.select(*(sql.cast(column, sql.Text) for column in reflected.columns)).limit(options.max_rows + 1)
    chunks = [_chunk(rows, len(headings)) for rows in connection.execute(query).partitions(65_536)]
    frame = pl.concat(chunks) if chunks else grid_frame([[] for _ in headings])
    check_rows(frame.height, name, options)
    return Grid(name, "database", frame, numbered_from(1, frame.height), table, tuple(headings))


def _chunk(rows: Sequence[Any], width: int) -> pl.DataFrame:
    return grid_frame([[row[index] for row in rows] for index in range(width)])

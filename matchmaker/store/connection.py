"""Connections to a store: opened with the promises that it keeps, and its failures in words without a password."""

from __future__ import annotations

import os
import re
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import unquote

import sqlalchemy as sa
from sqlalchemy.engine import URL, Engine, make_url

from matchmaker.errors import DataError, MatchmakerError, Problem, StoreError, UsageError, quoted, safe_text
from matchmaker.store.layout import APPLICATION, VERSION, layout

WAIT = 30.0  # seconds for which a writer waits for another one, before it asks once more
_LOCK = 0x6D61746B  # of Postgres: one writer at a time, so that changes are numbered without gaps
_HEADER = b"SQLite format 3\0"
_SCHEMES = "give sqlite:///FILE or postgresql://USER@HOST/DATABASE"
Answer = TypeVar("Answer")


@dataclass(frozen=True)
class Place:
    """Where a store is: `url` for machines, which is never shown, and `name` for people."""

    url: URL
    name: str
    secrets: tuple[str, ...] = ()

    @property
    def path(self) -> Path | None:
        """The file of an SQLite store."""
        return Path(str(self.url.database)) if self.url.drivername == "sqlite" else None

    def without_secrets(self, text: str) -> str:
        """`text` without the password, however it is written in it."""
        for secret in self.secrets:
            text = text.replace(secret, "***")
        return text

    def problem(self, code: str, message: str, fix: str) -> Problem:
        """A problem of this store."""
        return Problem(code, self.without_secrets(message), fix, self.name)


def place_of(text: str) -> Place:
    """The place that an address names.

    Raises:
        UsageError: it is no address of SQLite or Postgres. The address itself is not repeated: it may hold a password.
    """
    scheme, _, rest = text.strip().partition("://")
    if scheme not in ("sqlite", "postgresql"):
        what = f"a store of the kind {quoted(scheme)} is not known" if rest else "that is no address of a store"
        raise UsageError(Problem("MM-STO-001", what, _SCHEMES))
    try:
        url = make_url(text.strip())
    except Exception:  # noqa: BLE001  # whatever it is, its text holds the address
        raise UsageError(Problem("MM-STO-001", "the address of the store cannot be read", _SCHEMES)) from None
    return _sqlite(url) if scheme == "sqlite" else _postgres(url, text)


def _sqlite(url: URL) -> Place:
    if url.host or not url.database or url.database == ":memory:" or url.query:
        fix = "give sqlite:///FILE, with three strokes, or four before a path from the root"
        raise UsageError(Problem("MM-STO-001", "the address of the store names no file", fix))
    return Place(url, safe_text(url.database, 400))


def _postgres(url: URL, text: str) -> Place:
    if "@" in str(url.host):
        raise UsageError(Problem("MM-STO-001", "the address of the store has an @ too many", "write %40 in a password"))
    given = [url.password, *(value for key, value in url.query.items() if "pass" in key.lower())]
    written = re.findall(r"://[^:/@?]*:(.*)@", text) + re.findall(r"pass\w*=([^&]*)", text)
    secrets = {str(secret) for secret in [*given, *written, *map(unquote, written)] if secret}
    name = f"{url.host or url.query.get('host') or 'localhost'}/{url.database or ''}"
    place = Place(url, "", tuple(sorted(secrets, key=len, reverse=True)))
    return Place(url, place.without_secrets(safe_text(name)), place.secrets)


def is_store(source: str) -> bool:
    """Whether a path or an address is that of a store; a table named in an address (`?table=`) is a table."""
    if "://" not in source:
        return _application(Path(source)) == APPLICATION
    if "table=" in source or not source.startswith(("sqlite:", "postgresql:")):
        return False
    place = place_of(source)
    if place.path is not None:
        return _application(place.path) == APPLICATION
    try:
        connect(place, create=False, wait=WAIT).dispose()
    except (UsageError, DataError):
        return False
    return True


def _application(path: Path) -> int:
    """The number by which a database says what it belongs to; 0 for what is none."""
    try:
        with path.open("rb") as file:
            header = file.read(100)
    except (OSError, ValueError):
        return 0
    return int.from_bytes(header[68:72], "big") if header.startswith(_HEADER) else 0


def connect(place: Place, *, create: bool, wait: float) -> Engine:
    """An engine whose transactions are durable, and whose writers come one after the other.

    Raises:
        UsageError: there is no store, and none is to be made.
        DataError: what is there is no store of ours, is damaged, or was written by a later version.
        StoreError: it is busy or out of reach.
    """
    if place.path is not None:
        _check_file(place, place.path, create=create)
    engine = sa.create_engine(place.url, hide_parameters=True, **_arguments(place, wait))
    if place.path is not None:
        sa.event.listen(engine, "connect", lambda connection, _: _prepare(connection, wait))
    sa.event.listen(engine, "begin", lambda connection: _begin(connection, wait))
    try:
        _check_version(place, engine, create=create)
    except BaseException:
        engine.dispose()
        raise
    return engine


def _arguments(place: Place, wait: float) -> dict[str, Any]:
    if place.path is not None:
        return {"connect_args": {"timeout": wait, "isolation_level": None, "check_same_thread": False}}
    return {"connect_args": {"connect_timeout": max(2, int(wait))}, "pool_pre_ping": True}


def _prepare(connection: Any, wait: float) -> None:
    for pragma in ("foreign_keys=ON", "synchronous=FULL", "secure_delete=ON", "cache_size=-262144"):
        connection.execute(f"PRAGMA {pragma}")
    connection.execute(f"PRAGMA busy_timeout={int(wait * 1000)}")


def _begin(connection: sa.Connection, wait: float) -> None:
    reading = connection.get_execution_options().get("reading", False)
    if connection.dialect.name == "sqlite":
        connection.exec_driver_sql("BEGIN" if reading else "BEGIN IMMEDIATE")
    elif not reading:
        connection.exec_driver_sql(f"SET LOCAL lock_timeout = '{int(wait * 1000)}ms'")
        connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_LOCK})")


@contextmanager
def reading(engine: Engine, place: Place) -> Iterator[sa.Connection]:
    """A connection that sees one state of the store, and does not keep anyone from writing."""
    options: dict[str, Any] = {"reading": True}
    if engine.dialect.name == "postgresql":
        options |= {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}
    with _in_words(place), engine.connect().execution_options(**options) as connection, connection.begin():
        yield connection


@contextmanager
def writing(engine: Engine, place: Place, *, keep: bool = True) -> Iterator[sa.Connection]:
    """A connection whose transaction is kept whole at the end, or not at all: never, where `keep` is False."""
    with _in_words(place), engine.connect() as connection:
        transaction = _twice(connection.begin)
        try:
            yield connection
            if keep:
                transaction.commit()
            else:
                transaction.rollback()
        except BaseException:
            with suppress(Exception):  # the first error says more
                transaction.rollback()
            raise


def purge(engine: Engine, place: Place) -> None:
    """Let nothing that was erased stay behind in free pages or in the log of the database."""
    with _in_words(place):
        connection = engine.raw_connection()
        try:
            if engine.dialect.name == "sqlite":
                _twice(lambda: connection.cursor().execute("VACUUM"))
                connection.cursor().execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
            else:
                connection.driver_connection.autocommit = True  # type: ignore[union-attr]
                for name in layout().tables:
                    connection.cursor().execute(f'VACUUM FULL "{name}"')
                connection.driver_connection.autocommit = False  # type: ignore[union-attr]
        finally:
            connection.close()


def _twice(begin: Callable[[], Answer]) -> Answer:
    """Ask for the lock again, where another writer kept it longer than anyone should wait."""
    try:
        return begin()
    except (sa.exc.DBAPIError, sqlite3.Error) as error:
        if not _is_busy(error):
            raise
    time.sleep(0.1)
    return begin()


# --- what is at the place -----------------------------------------------------------------------------------------


def _check_file(place: Place, path: Path, *, create: bool) -> None:
    """Make a new store under its name at once and whole; refuse what is none, before SQLite would touch it."""
    if not path.parent.is_dir():
        raise UsageError(place.problem("MM-STO-002", "there is no such folder", "make it first"))
    if not path.exists():
        if not create:
            fix = "bring tables into it with `matchmaker import`, or correct the address"
            raise UsageError(place.problem("MM-STO-002", "there is no store", fix))
        _make(place, path)
        return
    if not path.is_file():
        raise UsageError(place.problem("MM-STO-002", "is not a regular file", "give the name of a file"))
    try:
        _check_header(place, path)
    except OSError as error:
        raise DataError(place.problem("MM-STO-006", f"may not be read: {error.strerror}", _PERMISSIONS)) from None


_PERMISSIONS = "check the permissions of the file and its folder"
_RESTORE = "restore a backup; the file is left as it is"


def _check_header(place: Place, path: Path) -> None:
    with path.open("rb") as file:
        header = file.read(100)
    if not header.startswith(_HEADER):
        what = "is empty" if not header else "is not an SQLite database"
        raise DataError(place.problem("MM-STO-003", what, "give the file of a store"))
    size = int.from_bytes(header[16:18], "big") if len(header) == 100 else 0
    pages, log = int.from_bytes(header[28:32], "big"), Path(f"{path}-wal")
    if path.stat().st_size < pages * (65_536 if size == 1 else size) and not log.exists():
        raise DataError(place.problem("MM-STO-004", "is cut: its end is missing", _RESTORE))
    if _application(path) != APPLICATION:
        message = "is an SQLite database, but no store of matchmaker"
        raise DataError(place.problem("MM-STO-003", message, "give the file of a store; `import` reads its tables"))


def _make(place: Place, path: Path) -> None:
    beside = path.parent / f".matchmaker-{os.urandom(8).hex()}.tmp"
    try:
        with _in_words(place):
            _make_at(beside)
            with suppress(FileExistsError):  # another process was faster
                _take_name(beside, path)
    finally:
        for ending in ("", "-wal", "-shm", "-journal"):
            Path(f"{beside}{ending}").unlink(missing_ok=True)


def _make_at(path: Path) -> None:
    engine = sa.create_engine(URL.create("sqlite", database=str(path)))
    try:
        with engine.begin() as connection:
            connection.exec_driver_sql(f"PRAGMA application_id={APPLICATION}")
            connection.exec_driver_sql(f"PRAGMA user_version={VERSION}")
            layout().create_all(connection)
        with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.exec_driver_sql("PRAGMA journal_mode=WAL")
    finally:
        engine.dispose()


def _take_name(beside: Path, path: Path) -> None:
    try:
        os.link(beside, path)
    except FileExistsError:
        raise
    except OSError:  # a file system without links
        beside.rename(path)


def _check_version(place: Place, engine: Engine, *, create: bool) -> None:
    with _in_words(place):
        if engine.dialect.name == "postgresql":
            found = _postgres_version(place, engine, create=create)
        else:
            with engine.connect() as connection:
                found = int(connection.exec_driver_sql("PRAGMA user_version").scalar_one())
    if found > VERSION:
        message = f"was written by a later version of matchmaker (layout {found}; this one knows {VERSION})"
        raise DataError(place.problem("MM-STO-005", message, "update matchmaker"))


def _postgres_version(place: Place, engine: Engine, *, create: bool) -> int:
    with reading(engine, place) as connection:
        comment = _comment(connection)
    if comment is None:
        if not create:
            fix = "bring tables into it with `matchmaker import`, or correct the address"
            raise UsageError(place.problem("MM-STO-002", "the database holds no store", fix))
        with writing(engine, place) as connection:
            if _comment(connection) is None:  # another process may have been faster
                layout().create_all(connection)
        return VERSION
    found = re.fullmatch(r"matchmaker (\d+)", comment)
    if found is None:
        message = "has a table change, but it is none of matchmaker's"
        raise DataError(place.problem("MM-STO-003", message, "give a database of its own"))
    return int(found[1])


def _comment(connection: sa.Connection) -> str | None:
    """What the table of changes says about itself; None where there is no such table."""
    inspector = sa.inspect(connection)
    if not inspector.has_table("change"):
        return None
    return inspector.get_table_comment("change")["text"] or ""


# --- failures in words --------------------------------------------------------------------------------------------


@contextmanager
def _in_words(place: Place) -> Iterator[None]:
    """Say what a database says in words of ours: its own may hold the address, and its trace the parameters."""
    try:
        yield
    except MatchmakerError:
        raise
    except (sa.exc.SQLAlchemyError, sqlite3.Error, OSError, MemoryError) as error:
        raise _refusal(place, error) from None
    except Exception as error:
        if type(error).__module__.partition(".")[0] != "psycopg":
            raise
        raise _refusal(place, error) from None


def _is_busy(error: BaseException) -> bool:
    text = str(getattr(error, "orig", error))
    return any(words in text for words in ("database is locked", "lock timeout", "database table is locked"))


# By what the database says: the code, what it means, the mend, and whether the data are refused or the store is away.
_MEANINGS: tuple[tuple[str, str, str, str], ...] = (
    ("disk is full|No space left|File too large|could not extend|disk I/O error|Disk quota", "MM-STO-006",
     "could not be written: the disk is full or failing; nothing was saved", "make room, and do it again"),
    ("readonly database|read-only|permission denied|Permission denied|Read-only file system", "MM-STO-006",
     "may not be written; nothing was saved", _PERMISSIONS),
    ("malformed|not a database|encrypted", "MM-STO-004", "is damaged", _RESTORE),
    ("FOREIGN KEY|violates foreign key", "MM-STO-008", "other rows refer to what would be gone; nothing was saved",
     "undo the later change first"),
)  # fmt: skip


def _refusal(place: Place, error: BaseException) -> MatchmakerError:
    text = str(getattr(error, "orig", error))
    if isinstance(error, MemoryError):
        return DataError(place.problem("MM-STO-006", "there is not enough memory; nothing was saved", "free some"))
    if _is_busy(error):
        return StoreError(place.problem("MM-STO-007", "is busy: another program keeps writing", "try again"))
    for words, code, message, fix in _MEANINGS:
        if re.search(words, text):
            return DataError(place.problem(code, message, fix))
    cause = safe_text(place.without_secrets(text.strip().split("\n")[0]), 160)
    return StoreError(place.problem("MM-STO-007", f"cannot be reached: {cause}", "check the address and the server"))

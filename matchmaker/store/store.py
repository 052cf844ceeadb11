"""A store: everything that people state, decide and report, with who said it and when, in SQLite or Postgres."""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import date
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeAlias

import polars as pl
import sqlalchemy as sa
from sqlalchemy.engine import Engine

from matchmaker.dataset import Dataset
from matchmaker.domain import Domain
from matchmaker.errors import DataError, Problem, UsageError, quoted
from matchmaker.schema import TABLES
from matchmaker.store.backup import beside, bury_again, copy
from matchmaker.store.change import Change, Writer, batches, languages_in
from matchmaker.store.connection import WAIT, Place, connect, place_of, purge, reading, writing
from matchmaker.store.consequence import TABLES_OF_FACTS, Apart, apart, with_facts
from matchmaker.store.layout import LANGUAGE, key_of, layout
from matchmaker.store.outcome import Outcome, check_against
from matchmaker.store.row import columns_of, values_of
from matchmaker.store.session import STORED
from matchmaker.store.tombstone import Tombstones, erase_organization, erase_person
from matchmaker.store.undo import undo
from matchmaker.table import ReadOptions, nearest

Tables: TypeAlias = Mapping[str, pl.DataFrame]
MOST_CHECKED = 2_000_000  # rows that are also read as a world before they are kept; above, each is checked by itself


class Store:
    """What is known, in a database: rows come in by `put`, and every change can be undone.

    Each method opens a transaction and ends it: between calls nobody is kept from reading or writing.
    """

    def __init__(self, place: Place, engine: Engine) -> None:
        self.place = place
        self._engine = engine

    @classmethod
    def open(cls, url: str, *, create: bool = True, wait: float = WAIT) -> Store:
        """Open the store at `sqlite:///FILE` or `postgresql://…`; a new one is made unless `create` is False.

        `wait`: seconds for which a writer waits for another one.

        Raises:
            UsageError: no such address, or no store there.
            DataError: what is there is no store, is damaged, or was written by a later version.
            StoreError: it is busy or out of reach.
        """
        place = place_of(url)
        return cls(place, connect(place, create=create, wait=wait))

    def close(self) -> None:
        """Close all connections."""
        self._engine.dispose()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"Store({self.place.name!r})"

    # --- writing ------------------------------------------------------------------------------------------------

    def put(
        self,
        tables: Tables | Iterable[Tables],
        *,
        author: str,
        source: str,
        session: str | None = None,
        once: str | None = None,
        options: ReadOptions | None = None,
        domain: Domain | None = None,
        dry_run: bool = False,
    ) -> Change:
        """Write rows of any tables, all of them or none: new ones are added, known ones filled in or corrected.

        A row is known by its identifier; a fact without one (a participation, a tie) by all that it states. Blank cells
        change nothing. Putting the same twice, in parts or in another order is putting it once.

        Args:
            tables: frames by the names of `STORED`, with cells as docs/format.md has them; what is too large for memory
                comes in several parts, one after the other, and is one change all the same.
            author: who says so.
            source: where it comes from: a file, an address.
            session: the session for which it was brought.
            once: a name of this change; a second one of the same name is not carried out, and the first is returned.
            options: how dates and numbers are written, where they are not as docs/format.md has them.
            domain: refuse rows with which the store could not be read as a world of this domain.
            dry_run: write nothing; the change tells what would be written.

        Raises:
            DataError: a cell that its column does not take, or a reference to what is not there; nothing is written.
            UsageError: a table of another name.
            StoreError: the store is busy or out of reach.
        """
        with writing(self._engine, self.place, keep=not dry_run) as connection:
            if (known := _by_token(connection, once)) is not None:
                return known
            writer = Writer(connection, author, source)
            put(writer, tables, options or ReadOptions())
            change = writer.finish(session=session, token=once)
            if domain is not None and 0 < sum(change.added.values()) + sum(change.updated.values()) < MOST_CHECKED:
                _dataset(_texts(connection, TABLES), domain, options)
            return change

    def record(
        self,
        outcome: Outcome,
        *,
        author: str,
        source: str,
        once: str | None = None,
        seen: int | None = None,
    ) -> Change:
        """Write down what came of a meeting; statements of several people about a pair stand beside each other.

        Args:
            outcome: the statement.
            author: who says so.
            source: where it comes from.
            once: a name of this statement; the same one sent twice is one row.
            seen: the last change that the author knew of; refused where another statement about the pair is newer.

        Raises:
            UsageError: no such outcome, or not two organizations.
            DataError: an organization that is not there, a day before the session, or a newer statement.
        """
        outcome.check()
        with writing(self._engine, self.place) as connection:
            if (known := _by_token(connection, once)) is not None:
                return known
            writer = Writer(connection, author, source)
            check_against(writer, outcome, seen)
            put(writer, {"outcomes": outcome.frame(once or secrets.token_hex(8), source)}, ReadOptions())
            return writer.finish(session=outcome.session, token=once)

    def report(self, outcomes: Mapping[str, Outcome], *, author: str, source: str) -> Change:
        """Write down the outcomes of a form in one change, by identifier: the same form twice is the same rows.

        Raises:
            UsageError, DataError: as `record`, of the first outcome that cannot be; nothing is written then.
        """
        with writing(self._engine, self.place) as connection:
            writer = Writer(connection, author, source)
            for outcome in outcomes.values():
                outcome.check()
                check_against(writer, outcome, None)
            rows = [outcome.frame(identifier, outcome.source or source) for identifier, outcome in outcomes.items()]
            put(writer, {"outcomes": pl.concat(rows)} if rows else {}, ReadOptions())
            sessions = {outcome.session for outcome in outcomes.values()}
            return writer.finish(session=sessions.pop() if len(sessions) == 1 else None)

    def remove(self, table: str, keys: Sequence[str], *, author: str, source: str) -> Change:
        """Remove rows by their keys; it can be undone.

        Raises:
            DataError: other rows refer to them.
        """
        with writing(self._engine, self.place) as connection:
            writer = Writer(connection, author, source)
            writer.remove(table, keys)
            return writer.finish()

    def undo(self, number: int, *, author: str, source: str = "undo") -> Change:
        """Take a change back: every row is again what it was before.

        Raises:
            UsageError: there is no such change, or it is undone.
            DataError: a later change has built on it.
        """
        with writing(self._engine, self.place) as connection:
            writer = Writer(connection, author, source)
            undo(writer, number)
            return writer.finish(undoes=number, token=f"undo {writer.number}")

    def forget(self, identifier: str, *, author: str, person: bool = False) -> Change:
        """Erase an organization (or, with `person`, someone's name) everywhere; this cannot be undone.

        Its facts, its history and its names in other texts go, and what is imported or restored later is kept free of
        it. Only a keyed digest of its identifier and its names stays. Copies made before are out of reach.

        Raises:
            UsageError: there is no trace of it.
            StoreError: someone is reading or writing all the time.
        """
        with writing(self._engine, self.place) as connection:
            writer = Writer(connection, author, "forget")
            erase = erase_person if person else erase_organization
            if not erase(writer, identifier):
                what = "is nowhere named" if person else "is no organization of the store"
                raise UsageError(Problem("MM-USE-010", f"{quoted(identifier)} {what}", "see `matchmaker show`"))
            change = writer.finish(token=f"forget {writer.number}")
        purge(self._engine, self.place)
        return change

    def backup(self, path: str | Path) -> None:
        """Write all of the store, its history included, into a new SQLite store.

        Raises:
            DataError, UsageError: the file cannot be written.
        """
        with (
            beside(Path(path)) as scratch,
            Store.open(f"sqlite:///{scratch}") as target,
            reading(self._engine, self.place) as source,
            writing(target._engine, target.place) as connection,
        ):
            copy(source, connection)

    def restore(self, path: str | Path, *, author: str) -> Change:
        """Let the store be again what `backup` wrote to `path`; whoever was forgotten since stays forgotten.

        Raises:
            UsageError, DataError: there is no store at `path`.
        """
        with (
            Store.open(f"sqlite:///{path}", create=False) as backup,
            reading(backup._engine, backup.place) as source,
            writing(self._engine, self.place) as connection,
        ):
            copy(source, connection)
            writer = Writer(connection, author, "restore")
            bury_again(writer)
            change = writer.finish(token=f"restore {writer.number}")
        purge(self._engine, self.place)
        return change

    # --- reading ------------------------------------------------------------------------------------------------

    def texts(self, *names: str) -> dict[str, pl.DataFrame]:
        """Tables as they are stored, every cell a text: all of them, or those of these names; rows by key."""
        with reading(self._engine, self.place) as connection:
            return _texts(connection, names or STORED)

    def tables(self, *names: str) -> dict[str, pl.DataFrame]:
        """The same with values: lists, numbers, truth values, and `day` beside each `date`."""
        return {name: values_of(frame, STORED[name]) for name, frame in self.texts(*names).items()}

    def dataset(
        self,
        domain: Domain | None = None,
        options: ReadOptions | None = None,
        *,
        names: Sequence[str] = tuple(TABLES),
        outcomes: bool = True,
    ) -> Dataset:
        """The world to rank in; it does not hold on to the store.

        `names` are the tables to read, organizations among them. With `outcomes` the facts that these add are in it:
        see `consequence.with_facts`.

        Raises:
            DataError: the store holds no organization, or its tables say something that the domain does not know.
        """
        outcomes = outcomes and {*TABLES_OF_FACTS} <= {*names}
        frames = self.texts(*names, *(["outcomes"] if outcomes else []))
        if frames["organizations"].is_empty():
            fix = "bring some into it: matchmaker import FILE --store URL"
            raise DataError(self.place.problem("MM-STO-014", "the store holds no organization yet", fix))
        return _dataset(with_facts(frames) if outcomes else frames, domain, options)

    def apart(self, day: date, cool_down: int) -> list[Apart]:
        """Who is not to be proposed to whom on a day, and why: refused within `cool_down` days, vetoed, or partners."""
        return apart(self.tables("decisions", "outcomes", "partnerships"), day, cool_down)

    def stated(self, name: str) -> pl.DataFrame:
        """One table with values, and of each row the `change`, the `author` and the `time` at which it was stated."""
        with reading(self._engine, self.place) as connection:
            metadata = layout(languages_in(connection))
            frame = _frame(connection, metadata.tables[name])
            return values_of(frame, STORED[name]).hstack(_authors(connection, metadata, name))

    def history(self, n: int | None = None) -> list[Change]:
        """Changes, the latest first: all of them, or the last `n`."""
        changes = layout().tables["change"]
        with reading(self._engine, self.place) as connection:
            return [
                Change.of(row)
                for row in connection.execute(sa.select(changes).order_by(changes.c.number.desc()).limit(n))
            ]


def put(writer: Writer, tables: Tables | Iterable[Tables], options: ReadOptions) -> None:
    """Put tables, less whoever is forgotten.

    Raises:
        UsageError: a table of another name.
    """
    known = Tombstones(writer.connection, writer.table("tombstone"))
    gone: set[str] = set()
    keep = partial(known.without, gone=gone) if known else None
    for part in [tables] if isinstance(tables, Mapping) else tables:
        _check_names(part)
        for name in (name for name in STORED if name in part):
            writer.put(name, part[name], options, keep)


def _check_names(tables: Tables) -> None:
    for name in tables:
        if name not in STORED:
            near = nearest(name, list(STORED))
            fix = f"did you mean {near}?" if near else "the tables are " + ", ".join(STORED)
            raise UsageError(Problem("MM-USE-007", f"there is no table {quoted(name)}", fix))


def _texts(connection: sa.Connection, names: Iterable[str]) -> dict[str, pl.DataFrame]:
    metadata = layout(languages_in(connection))
    return {name: _frame(connection, metadata.tables[name]) for name in names}


def _dataset(frames: Mapping[str, pl.DataFrame], domain: Domain | None, options: ReadOptions | None) -> Dataset:
    """A world of stored texts: how files were written that once were read does not matter here."""
    plain = replace(options or ReadOptions(), date_format=None, decimal=None, skip_rows=0, max_tags=10**9)
    given = {
        name: frame for name, frame in frames.items() if name in TABLES and (frame.height or name == "organizations")
    }
    return Dataset.from_frames(domain=domain, options=plain, **given)


def _authors(connection: sa.Connection, metadata: sa.MetaData, name: str) -> pl.DataFrame:
    """Who stated each row, and when, in the order of the keys."""
    table, changes = metadata.tables[name], metadata.tables["change"]
    columns = (table.c.change, changes.c.author, changes.c.time)
    query = (
        sa.select(*columns).join(changes, changes.c.number == table.c.change).order_by(table.c[key_of(STORED[name])])
    )
    schema = {"change": pl.Int64(), "author": pl.String(), "time": pl.String()}
    return pl.DataFrame([tuple(row) for row in connection.execute(query)], schema=schema, orient="row")


def _by_token(connection: sa.Connection, token: str | None) -> Change | None:
    changes = layout().tables["change"]
    row = connection.execute(sa.select(changes).where(changes.c.token == token)).first() if token else None
    return None if row is None else Change.of(row)


def _frame(connection: sa.Connection, table: sa.Table) -> pl.DataFrame:
    """A table of the database as texts, in the order of its keys."""
    stored = STORED[table.name]
    names = columns_of(stored, languages_in(connection))
    query = sa.select(*(table.c[name] for name in names)).order_by(table.c[key_of(stored)])
    schema = dict.fromkeys(names, pl.String())
    frame = pl.concat([pl.DataFrame(schema=schema), *(_part(batch, schema) for batch in batches(connection, query))])
    unused = [name for name in names if f"{name}_".startswith(LANGUAGE) and frame[name].is_null().all()]
    return frame.drop(unused if stored.multilingual else [])


def _part(rows: Sequence[Any], schema: Mapping[str, pl.DataType]) -> pl.DataFrame:
    columns = zip(*rows, strict=True)
    return pl.DataFrame(
        [pl.Series(name, cells, dtype=pl.String()) for name, cells in zip(schema, columns, strict=True)]
    )

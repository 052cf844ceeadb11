"""A store: everything that people state, decide and report, with who said it and when, in SQLite or Postgres."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import TracebackType
from typing import Any, Self

import polars as pl
import sqlalchemy as sa
from sqlalchemy.engine import Engine

from matchmaker.dataset import Dataset
from matchmaker.domain import Domain
from matchmaker.errors import Problem, UsageError, quoted
from matchmaker.schema import TABLES
from matchmaker.store.change import Change, Writer, batches, languages_in
from matchmaker.store.connection import WAIT, Place, connect, place_of, reading, writing
from matchmaker.store.layout import LANGUAGE, key_of, layout
from matchmaker.store.row import columns_of, values_of
from matchmaker.store.session import STORED
from matchmaker.store.undo import undo
from matchmaker.table import ReadOptions, nearest


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
        self, tables: Mapping[str, pl.DataFrame], *, author: str, source: str, session: str | None = None,
        token: str | None = None,
    ) -> Change:  # fmt: skip
        """Write rows of any tables, all of them or none: new ones are added, known ones filled in or corrected.

        A row is known by its identifier; a fact without one (a participation, a tie) by all that it states. Blank cells
        change nothing. Putting the same twice, in parts or in another order is putting it once.

        Args:
            tables: frames by the names of `STORED`, with cells as docs/format.md has them.
            author: who says so.
            source: where it comes from: a file, an address.
            session: the session for which it was brought.
            token: a name of this change; a second one of the same name is not carried out, and the first is returned.

        Raises:
            DataError: a cell that its column does not take, or a reference to what is not there; nothing is written.
            UsageError: a table of another name.
            StoreError: the store is busy or out of reach.
        """
        for name in tables:
            if name not in STORED:
                near = nearest(name, list(STORED))
                fix = f"did you mean {near}?" if near else "the tables are " + ", ".join(STORED)
                raise UsageError(Problem("MM-USE-007", f"there is no table {quoted(name)}", fix))
        with writing(self._engine, self.place) as connection:
            if (known := _by_token(connection, token)) is not None:
                return known
            writer = Writer(connection, author, source)
            for name in (name for name in STORED if name in tables):
                writer.put(name, tables[name])
            return writer.finish(session=session, token=token)

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

    # --- reading ------------------------------------------------------------------------------------------------

    def texts(self, *names: str) -> dict[str, pl.DataFrame]:
        """Tables as they are stored, every cell a text: all of them, or those of these names; rows by key."""
        with reading(self._engine, self.place) as connection:
            metadata = layout(languages_in(connection))
            return {name: _frame(connection, metadata.tables[name]) for name in names or STORED}

    def tables(self, *names: str) -> dict[str, pl.DataFrame]:
        """The same with values: lists, numbers, truth values, and `day` beside each `date`."""
        return {name: values_of(frame, STORED[name]) for name, frame in self.texts(*names).items()}

    def dataset(self, domain: Domain | None = None, options: ReadOptions | None = None) -> Dataset:
        """The world to rank in; it does not hold on to the store.

        Raises:
            DataError: the tables say something that the domain does not know.
        """
        frames = {name: frame for name, frame in self.texts(*TABLES).items() if frame.height or name == "organizations"}
        return Dataset.from_frames(domain=domain, options=options, **frames)

    def history(self, n: int | None = None) -> list[Change]:
        """Changes, the latest first: all of them, or the last `n`."""
        changes = layout().tables["change"]
        with reading(self._engine, self.place) as connection:
            return [
                Change.of(row)
                for row in connection.execute(sa.select(changes).order_by(changes.c.number.desc()).limit(n))
            ]


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

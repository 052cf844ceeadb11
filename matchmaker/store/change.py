"""A change in the making: rows put, removed and restored in one transaction, with what they replaced."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import lru_cache
from itertools import islice
from typing import Any, TypeAlias

import polars as pl
import sqlalchemy as sa

from matchmaker.errors import MOST_PROBLEMS_SHOWN, DataError, Problem, counted, quoted
from matchmaker.schema import Column, Table, normalized_header
from matchmaker.store.layout import LANGUAGE, is_all_that_it_states, key_of, layout, references
from matchmaker.store.row import by_key, columns_of, parts_of, twins_problem
from matchmaker.store.session import STORED
from matchmaker.table import ReadOptions, nearest

Before: TypeAlias = tuple[str | None, int | None]  # what a row said, as JSON, and the change that wrote it
Keep: TypeAlias = Callable[[Table, pl.DataFrame], pl.DataFrame]
_FETCH, _KEYS, _INSERT = 10_000, 1_000, 50_000
_PARTS = 5  # that are sorted together: a tree in the order of digests is walked once for all of them


@dataclass(frozen=True)
class Change:
    """What was written at once: by whom, when, from where, and how many rows of which table.

    `number` is 0 where there was nothing to write. `time` is UTC, in ISO 8601.
    """

    number: int
    author: str
    time: str
    source: str
    added: Mapping[str, int] = field(default_factory=dict)
    updated: Mapping[str, int] = field(default_factory=dict)
    removed: Mapping[str, int] = field(default_factory=dict)
    unchanged: Mapping[str, int] = field(default_factory=dict)
    left_out: Mapping[str, int] = field(default_factory=dict)  # of who is forgotten
    session: str | None = None
    undoes: int | None = None
    undone_by: int | None = None

    @classmethod
    def of(cls, row: Any) -> Change:
        """The change of a row of the table of changes."""
        stated = {name: getattr(row, name) for name in ("number", "author", "time", "source", "undoes", "undone_by")}
        return cls(**stated, session=row.session_id, **json.loads(row.what))


def now() -> str:
    """This moment in UTC."""
    return datetime.now(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


def languages_in(connection: sa.Connection) -> tuple[str, ...]:
    """The columns that the store has for names in other languages."""
    columns = sa.inspect(connection).get_columns("organizations")
    return tuple(sorted(column["name"] for column in columns if column["name"].startswith(LANGUAGE)))


class Writer:
    """One change: everything that is done through it bears its number."""

    def __init__(self, connection: sa.Connection, author: str, source: str) -> None:
        self.connection = connection
        self.metadata = layout(languages_in(connection))
        self.author, self.source = author, source
        changes = self.metadata.tables["change"]
        self.number = int(connection.scalar(sa.select(sa.func.coalesce(sa.func.max(changes.c.number), 0))) or 0) + 1
        self.added: Counter[str] = Counter()
        self.updated: Counter[str] = Counter()
        self.removed: Counter[str] = Counter()
        self.unchanged: Counter[str] = Counter()
        self.left_out: Counter[str] = Counter()
        self._indexes: list[str] = []

    def table(self, name: str) -> sa.Table:
        """A table of the database."""
        return self.metadata.tables[name]

    # --- put ----------------------------------------------------------------------------------------------------

    def put(self, name: str, frame: pl.DataFrame, options: ReadOptions, keep: Keep | None = None) -> None:
        """Add the rows of `frame` that are new, and fill in or replace the cells that it states otherwise.

        `keep` chooses the rows of a part that may be there.

        Raises:
            DataError: a cell that its column does not take, or two rows that contradict each other.
        """
        table = STORED[name]
        self._add_languages(table, frame)
        stage = _stage(self.table(name))
        stage.create(self.connection)
        options = replace(options, allow_extra=True, max_tags=10**9)
        parts = self._kept(table, parts_of(frame, table, options), keep)
        while batch := list(islice(parts, _PARTS)):
            rows = by_key(pl.concat(batch), table)
            self._load(stage, rows)
            self._take(table, stage, rows.height)
        stage.drop(self.connection)

    def _kept(self, table: Table, parts: Iterator[pl.DataFrame], keep: Keep | None) -> Iterator[pl.DataFrame]:
        for part in parts:
            kept = part if keep is None else keep(table, part)
            self.left_out[table.name] += part.height - kept.height
            yield kept

    def _add_languages(self, table: Table, frame: pl.DataFrame) -> None:
        if not table.multilingual:
            return
        known = set(columns_of(table, languages_in(self.connection)))
        found = {column.name for header in frame.columns if (column := table.find(normalized_header(header)))}
        new = {name for name in found if name.startswith(LANGUAGE)} - known
        for name in sorted(new):
            self.connection.exec_driver_sql(f'ALTER TABLE {table.name} ADD COLUMN "{name}" TEXT')
        if new:
            self.metadata = layout(languages_in(self.connection))

    def _load(self, stage: sa.Table, part: pl.DataFrame) -> None:
        self.connection.execute(stage.delete())
        names = [column.name for column in stage.columns if column.name in part.columns]
        insert_rows(self.connection, stage, part.select(names))

    def _take(self, table: Table, stage: sa.Table, staged: int) -> None:
        """Bring the staged rows into their table."""
        target = self.table(table.name)
        changed = 0 if is_all_that_it_states(table) else self._correct(table, stage, target)
        key = key_of(table)
        names = [column.name for column in stage.columns]
        new = sa.select(*stage.columns, sa.literal(self.number)).where(
            ~sa.exists().where(stage.c[key] == target.c[key])
        )
        insert = target.insert().from_select([*names, "change"], new)
        added = self.connection.execute(insert, execution_options={"preserve_rowcount": True}).rowcount
        self.added[table.name] += added
        self.updated[table.name] += changed
        self.unchanged[table.name] += staged - added - changed

    def _correct(self, table: Table, stage: sa.Table, target: sa.Table) -> int:
        """Replace the cells that the staged rows state otherwise; the number of rows that have any."""
        key = key_of(table)
        same, differs = stage.c[key] == target.c[key], _differs(stage, target)
        self._refuse_twins(table, sa.select(stage).join(target, same).where(differs, target.c.change == self.number))
        changed = self._count(sa.select(sa.func.count()).select_from(stage).join(target, same).where(differs))
        if changed:
            self._keep(target, sa.select(target).join(stage, same).where(differs))
            cells = {c.name: sa.func.coalesce(stage.c[c.name], c) for c in target.c if c.name not in (key, "change")}
            self.connection.execute(target.update().values(change=self.number, **cells).where(same, differs))
        return changed

    def _refuse_twins(self, table: Table, twins: sa.Select[Any]) -> None:
        """Refuse rows that say something else than what this very change has just written."""
        if (row := self.connection.execute(twins.limit(1)).first()) is not None:
            raise DataError(twins_problem(table, dict(row._mapping)))

    def _count(self, query: sa.Select[Any]) -> int:
        return int(self.connection.scalar(query) or 0)

    # --- remove and restore -------------------------------------------------------------------------------------

    def remove(self, name: str, keys: Iterable[str]) -> None:
        """Remove rows; what they said is kept."""
        target = self.table(name)
        key = target.c[key_of(STORED[name])]
        self._index_references()
        for part in _parts(sorted(set(keys))):
            found = key.in_(part)
            self._keep(target, sa.select(target).where(found))
            self.removed[name] += self.connection.execute(target.delete().where(found)).rowcount

    def restore(self, name: str, befores: Mapping[str, Before]) -> None:
        """Let rows be again what they were: `befores` gives by key what they said and the change that wrote it."""
        target = self.table(name)
        key = target.c[key_of(STORED[name])]
        if befores:
            self._index_references()
        for part in _parts(sorted(befores)):
            found = key.in_(part)
            self._keep(target, sa.select(target).where(found))
            present = set(self.connection.scalars(sa.select(key).where(found)))
            self.connection.execute(target.delete().where(found))
            again = {each: befores[each] for each in part if befores[each][0] is not None}
            self._note(name, [{"key": each, "before": None, "since": None} for each in again if each not in present])
            rows = [{**dict.fromkeys(target.c.keys()), **json.loads(str(text)), "change": since}
                    for text, since in again.values()]  # fmt: skip
            if rows:
                self.connection.execute(target.insert(), rows)
            self._count_restored(name, present, set(again))

    def _index_references(self) -> None:
        """Let the database find who refers to a row that goes; kept for longer, it would slow every import."""
        if self._indexes:
            return
        for name, column in ((name, column) for name, table in STORED.items() for column in references(table)):
            self._indexes.append(f"reference_{name}_{column.name}")
            self.connection.exec_driver_sql(f'CREATE INDEX "{self._indexes[-1]}" ON "{name}" ("{column.name}")')

    def _drop_indexes(self) -> None:
        if self._indexes and self.connection.dialect.name == "postgresql":
            self.connection.exec_driver_sql("SET CONSTRAINTS ALL IMMEDIATE")
        for index in self._indexes:
            self.connection.exec_driver_sql(f'DROP INDEX "{index}"')

    def _count_restored(self, name: str, before: set[str], after: set[str]) -> None:
        self.added[name] += len(after - before)
        self.updated[name] += len(after & before)
        self.removed[name] += len(before - after)

    def _keep(self, target: sa.Table, rows: sa.Select[Any]) -> None:
        """Keep what `rows` of `target` say before they are replaced."""
        for batch in batches(self.connection, rows):
            self._note(target.name, [_before(target, row) for row in batch])

    def _note(self, table: str, notes: Sequence[Mapping[str, Any]]) -> None:
        """Note what stood under keys of a table before this change."""
        if notes:
            values = [{"table": table, "change": self.number, **note} for note in notes]
            self.connection.execute(self.table("version").insert(), values)

    # --- the end ------------------------------------------------------------------------------------------------

    def finish(self, *, session: str | None = None, token: str | None = None, undoes: int | None = None) -> Change:
        """Write down the change itself; where nothing has changed, there is none.

        Raises:
            DataError: rows refer to others that are not there.
        """
        self._check_references()
        self._drop_indexes()
        written = {kind: _counted(getattr(self, kind)) for kind in ("added", "updated", "removed")}
        number = self.number if any(written.values()) or token else 0
        change = Change(
            number=number,
            author=self.author,
            time=now(),
            source=self.source,
            unchanged=_counted(self.unchanged),
            left_out=_counted(self.left_out),
            session=session,
            undoes=undoes,
            **written,  # type: ignore[arg-type]  # each of them counts rows by table
        )
        if number:
            self._write_down(change, json.dumps(written), token)
        return change

    def _write_down(self, change: Change, what: str, token: str | None) -> None:
        stated = {name: getattr(change, name) for name in ("number", "author", "time", "source", "undoes")}
        row = {**stated, "what": what, "session_id": change.session, "token": token}
        self.connection.execute(self.table("change").insert(), row)

    def _check_references(self) -> None:
        problems: list[Problem] = []
        for name, table in STORED.items():
            for column in references(table):
                gone = self.removed[str(column.table)]
                if gone or self.added[name] or self.updated[name]:
                    problems += self._lost(name, column, everywhere=bool(gone))
        if problems:
            raise DataError(problems)

    def _lost(self, name: str, column: Column, *, everywhere: bool) -> list[Problem]:
        """What rows of a table, those of this change or all of them, refer to in vain."""
        rows, parent = self.table(name), self.table(str(column.table))
        key = parent.c[key_of(STORED[parent.name])]
        reference = rows.c[column.name]
        stated = sa.select(reference.label("id"), sa.func.count().label("n")).where(reference.is_not(None))
        if not everywhere:
            stated = stated.where(rows.c.change == self.number)
        used = stated.group_by(reference).subquery()
        lost = sa.select(used).where(~sa.exists().where(key == used.c.id)).order_by(used.c.id)
        found = self.connection.execute(lost.limit(MOST_PROBLEMS_SHOWN)).all()
        if not found:
            return []
        known = list(self.connection.scalars(sa.select(key)))
        return [_unknown(name, column, row.id, row.n, nearest(row.id, known)) for row in found]


def _counted(counts: Counter[str]) -> dict[str, int]:
    return {table: counts[table] for table in STORED if counts[table]}


def _unknown(name: str, column: Column, identifier: str, n: int, near: str | None) -> Problem:
    message = f"no {str(column.table)[:-1]} {quoted(identifier)} ({counted(n, 'row')})"
    message += f"; the nearest is {quoted(near)}" if near else ""
    fix = f"import it with its {column.table}, or first"
    return Problem("MM-REF-001", message, fix, name, field=column.name)


@lru_cache(maxsize=64)
def _stage(target: sa.Table) -> sa.Table:
    """A table of one connection for the rows of a part."""
    columns = [sa.Column(column.name, sa.Text) for column in target.columns if column.name != "change"]
    return sa.Table(f"stage_{target.name}", sa.MetaData(), *columns, prefixes=["TEMPORARY"])


def _differs(stage: sa.Table, target: sa.Table) -> sa.ColumnElement[bool]:
    """Whether a staged row states a cell otherwise; what it leaves blank it does not deny."""
    columns = [column for column in stage.columns if not target.c[column.name].primary_key]
    return sa.or_(*(column.is_not(None) & column.is_distinct_from(target.c[column.name]) for column in columns))


def _before(target: sa.Table, row: Any) -> dict[str, Any]:
    stated = {name: value for name, value in row._mapping.items() if value is not None and name != "change"}
    key = next(column.name for column in target.primary_key)
    return {"key": stated[key], "before": json.dumps(stated, ensure_ascii=False), "since": row.change}


def batches(connection: sa.Connection, query: sa.Select[Any]) -> Iterator[Sequence[Any]]:
    """The rows of a query, some at a time."""
    yield from connection.execute(query, execution_options={"yield_per": _FETCH}).partitions()


def _parts(keys: Sequence[str]) -> Iterator[Sequence[str]]:
    """As many keys at a time as one statement takes."""
    return (keys[start : start + _KEYS] for start in range(0, len(keys), _KEYS))


def insert_rows(connection: sa.Connection, table: sa.Table, frame: pl.DataFrame) -> None:
    """Insert texts in bulk: by COPY where there is one."""
    quoter = connection.dialect.identifier_preparer
    columns = ", ".join(quoter.quote(name) for name in frame.columns)
    name = quoter.format_table(table)
    marks = ", ".join("?" * frame.width)
    for part in frame.iter_slices(_INSERT):
        if connection.dialect.name == "sqlite":
            connection.exec_driver_sql(f"INSERT INTO {name} ({columns}) VALUES ({marks})", part.rows())  # noqa: S608  # names are ours
            continue
        cursor: Any = connection.connection.cursor()
        with cursor.copy(f"COPY {name} ({columns}) FROM STDIN (FORMAT csv)") as copy:
            copy.write(part.write_csv(include_header=False, quote_style="non_numeric"))

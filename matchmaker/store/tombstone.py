"""Forgetting: an organization or a person is erased everywhere, and only a keyed digest remembers to keep it out."""

from __future__ import annotations

import json
import re
import secrets
from collections.abc import Callable, Iterable, Iterator, Mapping
from hashlib import blake2b
from typing import Any

import polars as pl
import sqlalchemy as sa

from matchmaker.cell import normalized_term
from matchmaker.schema import Table
from matchmaker.store.change import Writer, batches, insert_rows
from matchmaker.store.layout import LANGUAGE, key_of, references
from matchmaker.store.row import with_key
from matchmaker.store.session import STORED

FORGOTTEN = "[forgotten]"
LISTS = {"intentions": "candidate_counterparts", "outcomes": "one_of"}  # columns that hold identifiers, `;` between
_SHORTEST = 3  # letters of a name in ASCII that is searched for in texts; one letter of another script says more


class Tombstones:
    """What has been forgotten, as digests: whether a name is among them can be asked, which they are cannot.

    An `id` or a `name` keeps the rows of an organization out; a `name` or a `word` (an alias, a person) is taken out of
    texts. The length of each is kept, too, so that a text need not be searched for all of its parts.
    """

    def __init__(self, connection: sa.Connection, table: sa.Table) -> None:
        self._known = {(row.digest, row.kind) for row in connection.execute(sa.select(table))}
        salts = set(connection.scalars(sa.select(table.c.salt)))
        self._salts = sorted(salts) or [secrets.token_hex(16)]
        self._lengths = sorted(set(connection.scalars(sa.select(table.c.length).where(table.c.kind != "id"))))

    def __bool__(self) -> bool:
        return bool(self._known)

    def stone(self, text: str, kind: str) -> dict[str, Any]:
        """What is kept of a forgotten name."""
        salt, plain = self._salts[0], normalized_term(text)
        return {"digest": _digest(plain, kind, salt), "salt": salt, "kind": kind, "length": len(plain)}

    def hold(self, plain: str, *kinds: str) -> bool:
        """Whether an identifier, a name or a word is forgotten; `plain` is without differences of writing."""
        return any((_digest(plain, kind, salt), kind) in self._known for salt in self._salts for kind in kinds)

    def among(self, texts: Iterable[str | None], *kinds: str) -> list[str]:
        """Those of `texts` that are forgotten."""
        return [text for text in dict.fromkeys(texts) if text and self.hold(normalized_term(text), *kinds)]

    def named_in(self, text: str) -> set[str]:
        """The forgotten names and words that a text holds."""
        plain = normalized_term(text)
        return {
            plain[start : start + length]
            for length in self._lengths
            for start in range(len(plain) - length + 1)
            if _is_whole(plain, start, start + length) and self.hold(plain[start : start + length], "name", "word")
        }

    def without(self, table: Table, frame: pl.DataFrame, gone: set[str]) -> pl.DataFrame:
        """The rows that are of no one forgotten, no one named in them; who goes is added to the identifiers `gone`."""
        if table.name == "organizations":
            names = [name for name in frame.columns if f"{name}_".startswith(LANGUAGE)]
            gone.update(frame.filter(_any_of(names, self.among(_cells(frame, names), "name")))["org_id"])
        columns = organization_columns(table)
        gone.update(self.among(_cells(frame, columns), "id"))
        frame = frame.filter(~_any_of(columns, gone))
        if (name := LISTS.get(table.name)) and gone:
            frame = frame.with_columns(_mapped(frame[name], lambda text: without_entries(text, gone)))
        free = [name for name in frame.columns if name not in columns]
        return frame.with_columns(_mapped(frame[name], self.cleaned) for name in free)

    def cleaned(self, text: str) -> str:
        """A text without the forgotten names and words in it."""
        names = self.named_in(text)
        return Eraser(set(), names).text(text) if names else text


def _digest(plain: str, kind: str, salt: str) -> str:
    """A name as a digest that is of no use without its key."""
    return blake2b(f"{kind} {plain}".encode(), key=bytes.fromhex(salt), digest_size=16).hexdigest()


def _is_whole(text: str, start: int, end: int) -> bool:
    """Whether a part of a text does not begin or end within a word of Latin letters or digits."""
    pairs = (text[start - 1 : start + 1] if start else "", text[end - 1 : end + 1])
    return not any(len(pair) == 2 and pair.isascii() and pair.isalnum() for pair in pairs)


def organization_columns(table: Table) -> list[str]:
    """The columns that hold the identifier of an organization."""
    named = [column.name for column in references(table) if column.table == "organizations"]
    return ["org_id"] if table.name == "organizations" else named


def _cells(frame: pl.DataFrame, columns: Iterable[str]) -> Iterator[str | None]:
    for column in columns:
        yield from frame[column].unique().to_list()


def _any_of(columns: Iterable[str], values: Iterable[str]) -> pl.Expr:
    known = list(values)
    return pl.any_horizontal(
        pl.lit(value=False), *(pl.col(name).is_in(known).fill_null(value=False) for name in columns)
    )


def _mapped(column: pl.Series, change: Callable[[str], str | None]) -> pl.Series:
    changed = {text: change(text) for text in column.unique().drop_nulls().to_list()}
    return column.replace_strict(changed, default=None, return_dtype=pl.String()).alias(column.name)


def without_entries(text: str, gone: Iterable[str]) -> str | None:
    """A list of identifiers without some of them."""
    forgotten = set(gone)
    return ";".join(each for each in map(str.strip, text.split(";")) if each not in forgotten) or None


# --- erasing ------------------------------------------------------------------------------------------------------


def erase_organization(writer: Writer, identifier: str) -> bool:
    """Erase an organization, its facts, and its names in other texts; whether there was any trace of it."""
    records = list(_records_of(writer, identifier))
    names = {text for record in records for name, text in record.items() if f"{name}_".startswith(LANGUAGE)}
    aliases = {each for record in records for each in str(record.get("aliases") or "").split(";")}
    found = bool(records)
    for name, table in STORED.items():
        found |= _erase_rows(writer, name, organization_columns(table), identifier)
    erase_text(writer, Eraser({identifier}, names | aliases))
    _bury(writer, {"id": {identifier}, "name": names, "word": aliases})
    return found


def erase_person(writer: Writer, name: str) -> bool:
    """Erase the name of a person from all texts, and as the author of changes; whether it was anywhere."""
    found = erase_text(writer, Eraser(set(), {name}))
    _bury(writer, {"word": {name}})
    return found


def _bury(writer: Writer, names: Mapping[str, Iterable[str]]) -> None:
    table = writer.table("tombstone")
    known = Tombstones(writer.connection, table)
    stones = {(kind, name): known.stone(name, kind) for kind, each in names.items() for name in each if name.strip()}
    new = {stone["digest"]: stone for (kind, name), stone in stones.items() if not known.among([name], kind)}
    if new:
        writer.connection.execute(table.insert(), [{**stone, "change": writer.number} for stone in new.values()])


def _records_of(writer: Writer, identifier: str) -> Iterator[Mapping[str, Any]]:
    """What is and was said of an organization."""
    table, versions = writer.table("organizations"), writer.table("version")
    for row in writer.connection.execute(sa.select(table).where(table.c.org_id == identifier)):
        yield {name: value for name, value in row._mapping.items() if value is not None}
    earlier = sa.select(versions.c.before).where(versions.c.table == "organizations", versions.c.key == identifier)
    yield from (json.loads(text) for text in writer.connection.scalars(earlier) if text)


def _erase_rows(writer: Writer, name: str, columns: list[str], identifier: str) -> bool:
    """Delete the rows that name an organization, and what they said before."""
    if not columns:
        return False
    table, versions = writer.table(name), writer.table("version")
    hit = sa.or_(*(table.c[column] == identifier for column in columns))
    gone = writer.connection.execute(table.delete().where(hit)).rowcount
    writer.removed[name] += gone
    found = sa.select(versions).where(versions.c.table == name, versions.c.before.contains(identifier, autoescape=True))
    keys = {row.key for batch in batches(writer.connection, found) for row in batch
            if identifier in [json.loads(row.before).get(column) for column in columns]}  # fmt: skip
    for key in keys:
        writer.connection.execute(versions.delete().where(versions.c.table == name, versions.c.key == key))
    return bool(gone or keys)


class Eraser:
    """Takes names out of texts, and identifiers out of lists of them."""

    def __init__(self, identifiers: set[str], names: set[str]) -> None:
        self.identifiers = identifiers
        self.names = sorted({name for name in map(str.strip, names) if _is_telling(name)}, key=len, reverse=True)
        self._pattern = re.compile("|".join(map(_bounded, self.names)) or "(?!)", re.IGNORECASE)

    def clean(self, table: str, record: Mapping[str, Any]) -> dict[str, Any]:
        """A record without them."""
        cleaned = {name: self.text(value) if isinstance(value, str) else value for name, value in record.items()}
        if (name := LISTS.get(table)) and cleaned.get(name):
            cleaned[name] = without_entries(cleaned[name], self.identifiers)
        return cleaned

    def text(self, text: str) -> str:
        """A text without the names."""
        return self._pattern.sub(FORGOTTEN, text)

    def may_concern(self, column: sa.ColumnElement[Any]) -> sa.ColumnElement[bool]:
        """What a database can say about it; the rest is looked at."""
        words = [*self.names, *self.identifiers]
        return sa.or_(sa.false(), *(column.icontains(word, autoescape=True) for word in words))


def _is_telling(name: str) -> bool:
    return len(name) >= (_SHORTEST if name.isascii() else 2)


def _bounded(name: str) -> str:
    start = "(?<![A-Za-z0-9])" if name[0].isascii() and name[0].isalnum() else ""
    end = "(?![A-Za-z0-9])" if name[-1].isascii() and name[-1].isalnum() else ""
    return start + re.escape(name) + end


def erase_text(writer: Writer, eraser: Eraser) -> bool:
    """Take names out of every text that is and was stated; whether they were in any."""
    found = [_erase_cells(writer, name, eraser) for name in STORED]
    return any([*found, _erase_versions(writer, eraser), _erase_changes(writer, eraser)])


def _erase_cells(writer: Writer, name: str, eraser: Eraser) -> bool:
    """Clean the cells of a table; what a row is known by may change with them."""
    table, stored = writer.table(name), STORED[name]
    fixed = {*organization_columns(stored), key_of(stored), "change"}
    columns = [column for column in table.c if column.name not in fixed]
    rows = writer.connection.execute(sa.select(table).where(sa.or_(*map(eraser.may_concern, columns)))).mappings().all()
    changed = []
    for row in rows:
        free = {column: row[column] for column in row if column not in fixed}
        if (cleaned := eraser.clean(name, free)) != free:
            changed.append({**row, **cleaned})
    if changed:
        _replace(writer, table, stored, changed)
    return bool(changed)


def _replace(writer: Writer, table: sa.Table, stored: Table, rows: list[dict[str, Any]]) -> None:
    key = key_of(stored)
    for row in rows:
        writer.connection.execute(table.delete().where(table.c[key] == row[key]))
    frame = pl.DataFrame(
        rows, schema={column.name: pl.Int64() if column.name == "change" else pl.String() for column in table.c}
    )
    frame = with_key(frame, stored).unique(key, keep="first", maintain_order=True)
    present = set(writer.connection.scalars(sa.select(table.c[key]).where(table.c[key].in_(frame[key].to_list()))))
    insert_rows(writer.connection, table, frame.filter(~pl.col(key).is_in(list(present))))


def _erase_versions(writer: Writer, eraser: Eraser) -> bool:
    versions = writer.table("version")
    rows = writer.connection.execute(sa.select(versions).where(eraser.may_concern(versions.c.before))).all()
    changed = False
    for row in rows:
        record = json.loads(row.before)
        if (cleaned := eraser.clean(row.table, record)) != record:
            here = (versions.c.table == row.table, versions.c.key == row.key, versions.c.change == row.change)
            text = json.dumps(cleaned, ensure_ascii=False)
            writer.connection.execute(versions.update().values(before=text).where(*here))
            changed = True
    return changed


def _erase_changes(writer: Writer, eraser: Eraser) -> bool:
    changes = writer.table("change")
    found = sa.or_(eraser.may_concern(changes.c.author), eraser.may_concern(changes.c.source))
    rows = writer.connection.execute(sa.select(changes).where(found)).all()
    for row in rows:
        cleaned = {"author": eraser.text(row.author), "source": eraser.text(row.source)}
        writer.connection.execute(changes.update().values(**cleaned).where(changes.c.number == row.number))
    return bool(rows)

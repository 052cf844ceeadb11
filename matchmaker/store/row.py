"""Rows as the store keeps them: texts in one form, each with the key by which it is known."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from hashlib import blake2b

import polars as pl

from matchmaker.cell import one_of
from matchmaker.consistency import FIRST
from matchmaker.day import StatedDay, parse_day
from matchmaker.errors import DataError, Problem, Refusal, quoted
from matchmaker.schema import Table
from matchmaker.store.layout import LANGUAGE, identity_of, key_of, stored_columns
from matchmaker.store.session import WORDS
from matchmaker.table import LINE, ReadOptions, sheet_of
from matchmaker.tables import with_values

PART = 200_000  # rows that are looked at together
_BETWEEN = "\0"  # what no cell holds


def columns_of(table: Table, languages: tuple[str, ...] = ()) -> list[str]:
    """The names of the stored columns, those of other languages after the others."""
    return [column.name for column in stored_columns(table)] + (list(languages) if table.multilingual else [])


def parts_of(frame: pl.DataFrame, table: Table, options: ReadOptions) -> Iterator[pl.DataFrame]:
    """The rows of `frame` as texts in one form, part by part.

    Raises:
        DataError: a cell that its column does not take, all of them of a part listed.
    """
    for start in range(0, max(frame.height, 1), PART):
        yield _texts(frame.slice(start, PART), table, options)


def values_of(frame: pl.DataFrame, table: Table) -> pl.DataFrame:
    """Stored texts as values: lists, numbers, truth values, and `day` beside `date`."""
    options = ReadOptions(max_tags=10**9)
    sheet, _ = with_values(sheet_of(frame, table.name, table, options)[0], options)
    return sheet.frame.drop(LINE, FIRST, strict=False)


def texts_of(frame: pl.DataFrame, table: Table) -> pl.DataFrame:
    """Values as the texts that would be stored."""
    return _texts(frame, table, ReadOptions(allow_extra=True, max_tags=10**9))


def _texts(frame: pl.DataFrame, table: Table, options: ReadOptions) -> pl.DataFrame:
    sheet, problems = sheet_of(frame, table.name, table, options)
    sheet, refused = with_values(sheet, options)
    problems = [problem for problem in [*problems, *refused, *_other_words(sheet.frame, table)] if not problem.warning]
    if problems:
        raise DataError(problems)
    kept = [name for name in sheet.frame.columns if name in columns_of(table) or name.startswith(LANGUAGE)]
    texts = sheet.frame.select(_text(sheet.frame[name]) for name in kept)
    return texts if options.date_format is None else texts.with_columns(_iso(texts, table, options.date_format))


def _iso(frame: pl.DataFrame, table: Table, date_format: str) -> list[pl.Series]:
    """Dates in the one form that needs no telling."""
    columns = [frame[column.name] for column in stored_columns(table) if column.kind == "date"]
    return [
        column.replace({text: _stated(text, date_format) for text in column.unique().drop_nulls()})
        for column in columns
    ]


def _stated(text: str, date_format: str) -> str:
    stated = parse_day(text, date_format=date_format)
    return stated.first.isoformat() if isinstance(stated, StatedDay) and stated.first == stated.last else text


def _text(column: pl.Series) -> pl.Series:
    """A column of values as texts; a list without entries is blank."""
    if column.dtype == pl.Boolean:
        return column.replace_strict({True: "yes", False: "no"}, default=None, return_dtype=pl.String)
    if isinstance(column.dtype, pl.List):
        column = column.list.join(";")
    return column.cast(pl.String).replace("", None)


def _other_words(frame: pl.DataFrame, table: Table) -> list[Problem]:
    """Cells that hold none of the words that their column takes, or a character that no database keeps."""
    found = []
    for (name, column), words in WORDS.items():
        if name == table.name:
            texts = frame.filter(~pl.col(column).is_in(words))
            found += [(row[LINE], column, one_of(*words)(row[column])) for row in texts.iter_rows(named=True)]
    for column in (column for column in frame.columns if frame.schema[column] == pl.String):
        texts = frame.filter(pl.col(column).str.contains(_BETWEEN, literal=True))
        refusal = Refusal("MM-CSV-006", "NUL byte in a cell", "write it without")
        found += [(row[LINE], column, refusal) for row in texts.iter_rows(named=True)]
    return [
        Problem(*refusal, table.name, row=row, field=column)
        for row, column, refusal in found
        if isinstance(refusal, Refusal)
    ]


def with_key(frame: pl.DataFrame, table: Table) -> pl.DataFrame:
    """The same rows, each with its key."""
    return frame if key_of(table) != "key" else frame.with_columns(_digests(frame, table))


def by_key(frame: pl.DataFrame, table: Table) -> pl.DataFrame:
    """Rows with their keys and in the order of these, each once.

    Raises:
        DataError: two rows of one identifier say different things.
    """
    key = key_of(table)
    frame = with_key(frame, table).unique(maintain_order=True).sort(key)
    twins = frame.filter(pl.col(key).is_duplicated())
    if twins.height:
        raise DataError(twins_problem(table, twins.row(0, named=True)))
    return frame


def twins_problem(table: Table, row: Mapping[str, str]) -> Problem:
    """Two rows contradict each other: `row` is one of them."""
    key = key_of(table)
    names = [key] if key != "key" else identity_of(table)
    stated = ", ".join(f"{name} {quoted(row[name])}" for name in names[:3] if row[name] is not None)
    message = f"two rows of {stated} say different things"
    return Problem("MM-TAB-016", message, "merge the rows, or import one after the other", table.name)


def _digests(frame: pl.DataFrame, table: Table) -> pl.Series:
    stated = identity_of(table)
    joined = frame.select(pl.concat_str(pl.col(stated).fill_null(""), separator=_BETWEEN)).to_series()
    keys = [blake2b(text.encode(), digest_size=12).hexdigest() for text in joined.to_list()]
    return _with_own_identifiers(pl.Series("key", keys, dtype=pl.String()), frame, table)


def _with_own_identifiers(keys: pl.Series, frame: pl.DataFrame, table: Table) -> pl.Series:
    """An identifier that is stated, though it need not be, is the key."""
    own = next((column.name for column in table.columns if column.kind == "id"), None)
    return keys if own is None else frame[own].fill_null(keys).alias("key")

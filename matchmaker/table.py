"""One table as a polars frame of text cells that remembers its lines: from CSV, from Parquet, or from a frame."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta, timezone
from itertools import islice
from pathlib import Path
from typing import Any

import polars as pl

from matchmaker.decoding import check_magic, decode, read_bytes
from matchmaker.errors import MOST_PROBLEMS_SHOWN, DataError, Problem, counted, quoted
from matchmaker.parquet import MARKS, read_parquet
from matchmaker.schema import Table, normalized_header

LINE = "\0line"  # no header can be called so
DELIMITERS = {",": "comma", ";": "semicolon", "\t": "tab", "|": "bar"}
MOST_COLUMNS = 1_000
LONGEST_CELL = 131_072
LONGEST_LINE = 16 * 2**20
_SAMPLE = 50
_CHUNK = 65_536
_HEADER_SEARCH = 20


@dataclass(frozen=True)
class ReadOptions:
    """How to read tables. `today` (None: the machine's) is the day on which they are read."""

    encoding: str | None = None
    date_format: str | None = None
    decimal: str | None = None
    skip_rows: int = 0
    allow_unknown: bool = False
    allow_extra: bool = False
    max_rows: int = 20_000_000
    max_tags: int = 1_000
    today: date | None = None

    @property
    def last_day(self) -> date:
        """The last day on which something can have happened: `today`, else that of the place where it changes first."""
        return self.today or datetime.now(timezone(timedelta(hours=14))).date()


@dataclass(frozen=True, eq=False)
class Sheet:
    """A table as read: text cells, null for blank, and where each row stands.

    `frame` has the known columns of `table` and `LINE`; `positions` gives the 1-based number of each field. `numbered`
    says what `LINE` counts: the lines of a file, or the rows of something without lines, such as the `sheet` of a
    workbook.
    """

    table: Table
    file: str
    frame: pl.DataFrame
    positions: Mapping[str, int] = field(default_factory=dict)
    numbered: str = "line"
    sheet: str = ""

    def problem(
        self, code: str, message: str, fix: str, line: int = 0, column: str = "", *, warning: bool = False
    ) -> Problem:
        """A problem in this table."""
        position = self.positions.get(column, 0)
        place: dict[str, Any] = {self.numbered: int(line), "sheet": self.sheet}
        return Problem(code, message, fix, self.file, column=position, field=column, warning=warning, **place)

    def problems(
        self, rows: pl.DataFrame, code: str, message: Callable[..., str], fix: str, column: str = "", **options: Any
    ) -> list[Problem]:
        """One problem for each of `rows` up to a number, and one that counts the others.

        `message` is given the row as a dictionary.
        """
        first = rows.head(MOST_PROBLEMS_SHOWN).iter_rows(named=True)
        found = [self.problem(code, message(row), fix, row[LINE], column, **options) for row in first]
        if rows.height > len(found):
            found.append(
                self.problem(
                    code, f"the same in {counted(rows.height - len(found), 'more row')}", fix, 0, column, **options
                )
            )
        return found


class BadRecord(Exception):  # noqa: N818  # whoever reads records turns it into a problem
    """A record that cannot be read: at which line and field, and what is wrong."""

    def __init__(self, code: str, line: int, column: int, message: str) -> None:
        super().__init__(message)
        self.code, self.line, self.column, self.message = code, line, column, message

    def problem(self, file: str, header: Sequence[str]) -> Problem:
        """The same as a problem of a file."""
        column = header[self.column - 1] if 0 < self.column <= len(header) else str(self.column or "")
        fix = f'correct the quotes on line {self.line}, or save the table again as "CSV UTF-8"'
        if self.code == "MM-LIM-002":
            fix = "break the line, or close a quote in it"
        return Problem(self.code, self.message.format(column=quoted(column)), fix, file, self.line, self.column, column)


def read_table(path: Path, table: Table, options: ReadOptions) -> tuple[Sheet, list[Problem]]:
    """Read one file, CSV or Parquet by its content, and list what is wrong with its form.

    Raises:
        UsageError: no such file, or one that may not be read.
        DataError: nothing of it can be read.
    """
    data, file = read_bytes(path), str(path)
    if data.startswith(MARKS):
        return sheet_of(read_parquet(data, file), file, table, options)
    check_magic(data, file)
    if path.suffix == ".parquet" and data:
        raise DataError(
            Problem("MM-PAR-001", "not a readable Parquet file: it starts otherwise", "name CSV .csv", file)
        )
    text, warnings = decode(data, file, options.encoding)
    del data
    sheet, problems = _read_text(text, file, table, options)
    return sheet, warnings + problems


def sheet_of(frame: pl.DataFrame, file: str, table: Table, options: ReadOptions) -> tuple[Sheet, list[Problem]]:
    """A frame of any column types as a sheet: dates, numbers, truth values and lists become text as in a file.

    Raises:
        DataError: as `read_table`.
    """
    columns, problems = _columns_of(list(frame.columns), file, table, options, line=0)
    check_rows(frame.height, file, options)
    texts = {}
    for index, name in columns.items():
        try:
            texts[name] = as_text(frame.to_series(index))
        except (pl.exceptions.PolarsError, TypeError):
            message = f"the column {quoted(name)} holds {frame.dtypes[index]}"
            problems.append(
                Problem("MM-PAR-003", message, "text, or a list of texts, is wanted", file, 0, index + 1, name)
            )
    if any(not problem.warning for problem in problems):
        raise DataError(problems)
    lines = pl.int_range(1, frame.height + 1, dtype=pl.Int64, eager=True).alias(LINE)
    sheet = Sheet(
        table, file, pl.DataFrame([series.alias(name) for name, series in texts.items()] + [lines]),
        {name: index + 1 for index, name in columns.items()}, "row",
    )  # fmt: skip
    return _tidy(sheet, problems)


# --- text ---------------------------------------------------------------------------------------------------------


def _read_text(text: str, file: str, table: Table, options: ReadOptions) -> tuple[Sheet, list[Problem]]:
    start, line = _after_lines(text, _lines_above(text, table, options))
    if not text[start : start + LONGEST_LINE].strip():
        raise DataError(Problem("MM-CSV-001", f"is empty after line {line - 1}", "give a smaller --skip-rows", file))
    delimiter = _delimiter(text, start, table)
    names: list[str] = []
    try:
        rows = records(text, delimiter, start, line)
        line, header = next(rows, (line, []))
        _check_header(header, line, file, table, lambda: first_records(text, delimiter, start, line))
        names = [normalized_header(name) for name in header]
        columns, problems = _columns_of(header, file, table, options, line)
        frame, ragged = _frame(rows, len(header), columns, file, options)
    except BadRecord as bad:
        raise DataError(bad.problem(file, names)) from None
    problems += _ragged(ragged, len(header), file)
    if delimiter != ",":
        message = f"the columns are separated by {DELIMITERS[delimiter]}s"
        problems.append(Problem("MM-CSV-009", message, "nothing to mend", file, line, warning=True))
    sheet, problems = _tidy(Sheet(table, file, frame, {name: index + 1 for index, name in columns.items()}), problems)
    return sheet, problems + _swallowed(sheet, delimiter, len(header))


def _lines_above(text: str, table: Table, options: ReadOptions) -> int:
    """How many lines to skip: none in a table that begins with its header, though others of its folder do not."""
    begins = options.skip_rows and _is_header(text, 0, table)
    return 0 if begins and not _is_header(text, _after_lines(text, options.skip_rows)[0], table) else options.skip_rows


def _is_header(text: str, start: int, table: Table) -> bool:
    samples = (first_records(text, mark, start, 1, 1) for mark in DELIMITERS)
    return any(sample and _needed(sample[0][1], table) for sample in samples)


def _after_lines(text: str, n_lines: int) -> tuple[int, int]:
    """Position and number of the line after the first `n_lines`."""
    position = 0
    for skipped in range(n_lines):
        end = text.find("\n", position)
        if end < 0:
            return len(text), skipped + 1
        position = end + 1
    return position, n_lines + 1


def records(text: str, delimiter: str, position: int = 0, line: int = 1) -> Iterator[tuple[int, list[str]]]:
    """The records of a text, each with the line on which it starts; blank lines are none."""
    length, quoted_record = len(text), _quoted_reader(text, delimiter)
    while position < length:
        end = text.find("\n", position)
        if end < 0:
            end = length
        row = text[position:end]
        if '"' in row:
            fields, end = quoted_record(position, line)
            yield line, fields
            line += text.count("\n", position, end)
        elif row:
            check_length(len(row), line)
            yield line, row.split(delimiter)
        line += 1
        position = end + 1


def check_length(length: int, line: int) -> None:
    """Refuse a line of more characters than any record has."""
    if length > LONGEST_LINE:
        message = f"has {length:,} characters or more; the limit is {LONGEST_LINE:,}"
        raise BadRecord("MM-LIM-002", line, 0, message)


def _quoted_reader(text: str, delimiter: str) -> Callable[[int, int], tuple[list[str], int]]:
    """A function that reads the record at a position, quotes and all, and returns its fields and its end."""
    mark = re.escape(delimiter)
    cell = re.compile(rf'"((?:[^"]++|"")*+)"(?=[{mark}\n]|\Z)|([^"{mark}\n]*+)(?=[{mark}\n]|\Z)')

    def record(position: int, line: int) -> tuple[list[str], int]:
        fields: list[str] = []
        start = position
        while True:
            found = cell.match(text, position)
            if found is None:
                raise _bad_quote(text, position, line + text.count("\n", start, position), len(fields) + 1)
            whole, bare = found.groups()
            fields.append(bare if whole is None else whole.replace('""', '"'))
            position = found.end()
            check_length(position - start, line)
            if position == len(text) or text[position] == "\n":
                return fields, position
            position += 1

    return record


def _bad_quote(text: str, position: int, line: int, column: int) -> BadRecord:
    if text[position] != '"':
        message = "a quote stands in a cell of column {column} that has none around it"
        return BadRecord("MM-CSV-012", line, column, message)
    closed = re.compile(r'"(?:[^"]++|"")*+"').match(text, position)
    n_after = text.count("\n", position, len(text.rstrip("\n")))
    if closed is None:
        lost = f"; {counted(n_after, 'line')} after it {'was' if n_after == 1 else 'were'} not read" if n_after else ""
        return BadRecord("MM-CSV-010", line, column, "the quote opened in column {column} is never closed" + lost)
    n_within = text.count("\n", position, closed.end())
    if n_within:
        message = f"is not closed before line {line + n_within}, where another one opens"
        return BadRecord("MM-CSV-010", line, column, "the quote opened in column {column} " + message)
    return BadRecord("MM-CSV-011", line, column, "the quote in column {column} is closed before the end of the cell")


def _delimiter(text: str, start: int, table: Table) -> str:
    """The delimiter whose header has the columns that the table needs; else one that divides all records alike."""
    samples = {mark: first_records(text, mark, start, 1) for mark in DELIMITERS}
    for mark, sample in samples.items():
        if sample and _needed(sample[0][1], table):
            return mark
    for mark, sample in samples.items():
        widths = {len(fields) for _, fields in sample}
        if len(widths) == 1 and widths.pop() > 1:
            return mark
    return ","


def first_records(text: str, delimiter: str, start: int, line: int, most: int = _SAMPLE) -> list[tuple[int, list[str]]]:
    """The first records of a text, up to one that cannot be read."""
    found: list[tuple[int, list[str]]] = []
    with suppress(BadRecord):  # whoever reads the whole text says so
        found.extend(islice(records(text, delimiter, start, line), most))
    return found


def _needed(header: Sequence[str], table: Table) -> bool:
    """Whether a record holds every column that the table needs."""
    found = {column.name for name in header if (column := table.find(normalized_header(name)))}
    return found.issuperset(table.required_columns)


def _check_header(
    header: Sequence[str], line: int, file: str, table: Table, sample: Callable[[], list[tuple[int, list[str]]]]
) -> None:
    if len(header) > MOST_COLUMNS:
        message = f"has {len(header):,} columns; the limit is {MOST_COLUMNS:,}"
        raise DataError(Problem("MM-LIM-003", message, "leave out what is not a column of the table", file, line))
    if _needed(header, table):
        return
    for other, fields in sample()[1:_HEADER_SEARCH]:
        if _needed(fields, table):
            missing = _missing(header, table)
            message = f"line {line} is not a header: no column {missing[0]}; line {other} is"
            fix = f"delete the lines above it, or give --skip-rows {other - 1}"
            raise DataError(Problem("MM-CSV-008", message, fix, file, line))


def _frame(
    rows: Iterator[tuple[int, list[str]]], width: int, columns: Mapping[int, str], file: str, options: ReadOptions
) -> tuple[pl.DataFrame, list[tuple[int, int]]]:
    """The rows of the right width as a frame, and (line, width) of the others."""
    chunks, n_rows = [_chunk([], [], columns)], 0
    ragged: list[tuple[int, int]] = []
    while batch := list(islice(rows, _CHUNK)):
        good = [record for record in batch if len(record[1]) == width]
        if len(good) < len(batch):
            wrong = [record for record in batch if len(record[1]) != width]
            ragged.extend((line, len(fields)) for line, fields in wrong if any(cell.strip() for cell in fields))
        n_rows += len(good)
        check_rows(n_rows, file, options)
        chunks.append(_chunk([line for line, _ in good], [fields for _, fields in good], columns))
    return pl.concat(chunks), ragged


def _chunk(lines: list[int], rows: list[list[str]], columns: Mapping[int, str]) -> pl.DataFrame:
    cells: list[Sequence[str]] = list(zip(*rows, strict=True)) if rows else []
    series = [pl.Series(name, cells[index] if rows else [], dtype=pl.String()) for index, name in columns.items()]
    return pl.DataFrame([*series, pl.Series(LINE, lines, dtype=pl.Int64())])


def _ragged(ragged: Sequence[tuple[int, int]], width: int, file: str) -> list[Problem]:
    fix = "quote cells that hold the delimiter; fill or drop cells"
    problems = [
        Problem("MM-CSV-013", f"{counted(found, 'field')}, where the header has {width:,}", fix, file, line)
        for line, found in ragged[:MOST_PROBLEMS_SHOWN]
    ]
    if len(ragged) > MOST_PROBLEMS_SHOWN:
        message = f"the same in {counted(len(ragged) - MOST_PROBLEMS_SHOWN, 'more row')}"
        problems.append(Problem("MM-CSV-013", message, fix, file))
    return problems


def _swallowed(sheet: Sheet, delimiter: str, width: int) -> list[Problem]:
    """Refuse a cell whose lines are whole records: two stray quotes can enclose any number of rows."""
    problems = []
    if width < 3 or sheet.frame.is_empty():
        return []
    broken = sheet.frame.select(pl.exclude(LINE).str.contains("\n", literal=True).any()).row(0, named=True)
    for name in (name for name, is_broken in broken.items() if is_broken):
        before = sheet.positions[name] - 1
        for text, line in sheet.frame.select(name, LINE).filter(pl.col(name).str.contains("\n", literal=True)).rows():
            counts = [part.count(delimiter) for part in text.split("\n")]
            counts[0] += before
            counts[-1] += width - 1 - before
            if set(counts) == {width - 1}:
                message = (
                    f"lines {line} to {line + len(counts) - 1} stand in one cell, and each has the fields of a row"
                )
                fix = "delete the stray quotes, or the line breaks within the cell"
                problems.append(sheet.problem("MM-CSV-004", message, fix, line, name))
    return problems


# --- both ---------------------------------------------------------------------------------------------------------


def check_rows(n_rows: int, file: str, options: ReadOptions) -> None:
    """Refuse a table of more rows than the options allow."""
    if n_rows > options.max_rows:
        message = f"has {n_rows:,} rows or more; the limit is {options.max_rows:,}"
        raise DataError(Problem("MM-LIM-004", message, "give --max-rows", file))


def _columns_of(
    header: Sequence[str], file: str, table: Table, options: ReadOptions, line: int
) -> tuple[dict[int, str], list[Problem]]:
    """Which field holds which column, and what is wrong with the header.

    Raises:
        DataError: a column is missing or there twice.
    """
    problems: list[Problem] = []
    columns: dict[int, str] = {}
    for index, raw in enumerate(header):
        name = normalized_header(raw)
        column = table.find(name)
        if column is None:
            problems += _extra(raw, table, Problem("", "", "", file, line, index + 1, raw), options)
            continue
        if raw != name:
            message = f"the header {quoted(raw)} is taken as {quoted(name)}"
            problems.append(Problem("MM-TAB-003", message, f"write {name}", file, line, index + 1, name, warning=True))
        if column.kind != "unused":
            columns[index] = column.name
    problems += _twins(columns, header, file, line)
    for name in _missing(header, table):
        message, fix = f"no column {name}", f"add the column {name}"
        if near := nearest(name, [text for text in header if text]):
            message, fix = f"no column {name}; the nearest found is {quoted(near)}", f"rename it to {name}"
        problems.append(Problem("MM-TAB-001", message, fix, file, line, field=name))
    if any(not problem.warning for problem in problems):
        raise DataError(problems)
    return columns, problems


def _missing(header: Sequence[str], table: Table) -> list[str]:
    found = {column.name for raw in header if (column := table.find(normalized_header(raw)))}
    return [name for name in table.required_columns if name not in found]


def _extra(raw: str, table: Table, place: Problem, options: ReadOptions) -> list[Problem]:
    if options.allow_extra or normalized_header(raw) == "day":  # a canonical frame has it
        return []
    if not raw.strip():
        message, fix = "a column without a name is not used", "name it or delete it"
    else:
        known = [column.name for column in table.columns]
        near = nearest(normalized_header(raw), known)
        message, fix = f"the column {quoted(raw)} is not used", f"did you mean {near}?" if near else "nothing to mend"
    return [Problem("MM-TAB-004", message, fix, place.file, place.line, place.column, place.field, warning=True)]


def _twins(columns: Mapping[int, str], header: Sequence[str], file: str, line: int) -> list[Problem]:
    problems = []
    for name, count in Counter(columns.values()).items():
        if count > 1:
            indices = [index for index, other in columns.items() if other == name]
            message = "the columns " + " and ".join(quoted(header[index]) for index in indices) + f" both mean {name}"
            problems.append(Problem("MM-TAB-002", message, "keep one of them", file, line, indices[-1] + 1, name))
    return problems


def nearest(text: str, known: Sequence[str]) -> str | None:
    """The nearest spelling among `known`, if one is near."""
    from rapidfuzz import fuzz, process

    found = process.extractOne(text, known, scorer=fuzz.ratio, processor=normalized_header, score_cutoff=66)
    return str(found[0]) if found else None


def _tidy(sheet: Sheet, problems: list[Problem]) -> tuple[Sheet, list[Problem]]:
    """Strip cells, make blank ones null, and drop rows of nothing but blanks."""
    cells = [name for name in sheet.frame.columns if name != LINE]
    frame = sheet.frame.with_columns(pl.col(cells).str.strip_chars(BLANKS).str.normalize("NFC").replace("", None))
    full = frame.filter(~pl.all_horizontal(pl.col(cells).is_null()))
    tidied = replace(sheet, frame=full)
    if full.height < frame.height:
        message = f"{counted(frame.height - full.height, 'row')} without any content, skipped"
        problems = [*problems, tidied.problem("MM-TAB-005", message, "nothing to mend", warning=True)]
    return tidied, problems + _rows_of_no_one(tidied)


TOTALS = ("total", "totals", "sum", "subtotal", "合计", "总计", "小计", "總計", "合計", "합계", "총계", "소계", "계")


def _rows_of_no_one(sheet: Sheet) -> list[Problem]:
    """Refuse a second header and a row of totals."""
    cells = [name for name in sheet.frame.columns if name != LINE]
    repeated = [pl.col(name).is_null() | (pl.col(name).str.to_lowercase() == name) for name in cells]
    headers = sheet.frame.filter(pl.all_horizontal(repeated))
    first = sheet.table.required_columns[0]
    totals = sheet.frame.tail(1).filter(pl.col(first).str.to_lowercase().is_in(TOTALS))
    return [
        *sheet.problems(headers, "MM-TAB-011", lambda _: "the row repeats the header", "delete it"),
        *sheet.problems(totals, "MM-TAB-012", lambda _: "the row looks like a row of totals", "delete it", first),
    ]


# White space and invisible characters that a cell may begin or end with.
BLANKS = (
    "\t\n\v\f\r\x1c\x1d\x1e\x1f \x85\xa0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a"
    "\u2028\u2029\u202f\u205f\u3000\u00ad\u200b\u200c\u200d\u200e\u200f\u2060\u2061\u2062\u2063\u2064\ufeff"
)


# --- Parquet and frames -------------------------------------------------------------------------------------------


def as_text(series: pl.Series) -> pl.Series:
    """The cells as they would stand in a file.

    Raises:
        TypeError: a nested or binary type.
    """
    dtype = series.dtype
    if dtype == pl.String:
        return series
    if dtype == pl.Boolean:
        return series.cast(pl.Int8).cast(pl.String)
    if isinstance(dtype, pl.List | pl.Array):
        return series.cast(pl.List(pl.String)).list.eval(pl.element().drop_nulls()).list.join(";")
    if dtype == pl.Datetime:
        return series.dt.date().cast(pl.String)
    if dtype in (pl.Date, pl.Null, pl.Categorical, pl.Enum) or dtype.is_numeric():
        return series.cast(pl.String)
    raise TypeError(dtype)


def list_series(name: str, lists: Sequence[Sequence[str]]) -> pl.Series:
    """A column of lists of texts without semicolons; polars splits texts 20 times as fast as it takes Python lists."""
    joined = pl.Series(name, [";".join(texts) if texts else None for texts in lists], dtype=pl.String())
    return joined.str.split(";").fill_null([])

"""All tables of a domain: read, checked against each other, and brought into the one form that the engine relies on."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from datetime import date
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl

from matchmaker import cell
from matchmaker.bundled import bundled
from matchmaker.consistency import FIRST, check_tables
from matchmaker.day import PRECISIONS, StatedDay, check_date_format, known_from, parse_day
from matchmaker.errors import DataError, Problem, Refusal, UsageError, quoted
from matchmaker.schema import TABLES, Column, Kind, Table
from matchmaker.table import LINE, LONGEST_CELL, ReadOptions, Sheet, list_series, nearest, read_table, sheet_of

if TYPE_CHECKING:
    from matchmaker.domain import Domain

__all__ = ["ReadOptions", "canonical_frames", "check_options", "checked", "read_tables", "with_values"]

ENDINGS = (".csv", ".parquet")
OTHER_ENDINGS = (".xlsx", ".xls", ".xlsm", ".xlsb", ".ods", ".json", ".jsonl", ".tsv", ".txt", ".gz", ".zip")
_DTYPES: dict[Kind, pl.DataType] = {
    "names": pl.List(pl.String()),
    "terms": pl.List(pl.String()),
    "day": pl.Date(),
    "number": pl.Float64(),
    "count": pl.Int64(),
    "yes/no": pl.Boolean(),
}
_BLANK_MEANS = {"verified": True, "direction": "mutual"}


def read_tables(
    folder: str | Path | None, domain: Domain, options: ReadOptions
) -> tuple[dict[str, pl.DataFrame], list[Problem]]:
    """Read every table of the domain in `folder` (None: the one that travels with the package).

    Returns:
        Canonical frames by the names of `TABLES`, each with every column of its table; and warnings.

    Raises:
        UsageError: no such folder, no organizations in it, or a file that may not be read.
        DataError: errors in the tables, all of them listed, the warnings after them.
    """
    check_options(options)
    place = bundled("data") if folder is None else _data_folder(folder)
    paths, problems = _paths(place, options)
    sheets: dict[str, Sheet] = {}
    found: dict[str, list[Problem]] = {}
    for name, path in paths.items():
        try:
            sheets[name], found[name] = read_table(path, TABLES[name], options)
        except DataError as error:
            found[name] = error.problems
    return _canonical(sheets, found, problems, domain, options)


def canonical_frames(
    frames: Mapping[str, Any], domain: Domain, options: ReadOptions
) -> tuple[dict[str, pl.DataFrame], list[Problem]]:
    """The same from frames by the names of `TABLES`: polars, or anything that `polars.DataFrame()` takes.

    Raises:
        UsageError: a table of another name, no organizations, or something that is not a frame.
        DataError: as `read_tables`; rows are numbered from 1.
    """
    check_options(options)
    for name in frames:
        if name not in TABLES:
            near = nearest(name, list(TABLES))
            fix = f"did you mean {near}?" if near else "the tables are " + ", ".join(TABLES)
            raise UsageError(Problem("MM-USE-007", f"there is no table {quoted(name)}", fix))
    if "organizations" not in frames:
        raise UsageError(Problem("MM-USE-008", "there is no table organizations", "give one, with a column org_id"))
    sheets: dict[str, Sheet] = {}
    found: dict[str, list[Problem]] = {}
    for name, table in TABLES.items():
        if name in frames:
            try:
                sheets[name], found[name] = sheet_of(_frame_of(frames[name], name), name, table, options)
            except DataError as error:
                found[name] = error.problems
    return _canonical(sheets, found, [], domain, options)


def _frame_of(given: Any, name: str) -> pl.DataFrame:
    if isinstance(given, pl.DataFrame):
        return given
    try:
        return given.collect() if isinstance(given, pl.LazyFrame) else pl.DataFrame(given)
    except Exception as error:  # noqa: BLE001  # whatever a foreign type raises, it is no frame
        fix = "install pyarrow" if isinstance(error, ImportError) else "give a polars frame"
        message = f"the table {name} is not a frame: {quoted(error)}"
        raise UsageError(Problem("MM-USE-009", message, fix)) from None


def check_options(options: ReadOptions) -> None:
    """Refuse a date format or a decimal mark that cannot be used.

    Raises:
        UsageError: it cannot.
    """
    if options.date_format is not None and (reason := check_date_format(options.date_format)):
        message = f"the date format {quoted(options.date_format)} cannot be used: {reason}"
        raise UsageError(Problem("MM-USE-015", message, "such as %d/%m/%Y"))
    if options.decimal not in (None, ".", ","):
        raise UsageError(Problem("MM-USE-016", f"{quoted(options.decimal)} is no decimal mark", "give . or ,"))


# --- where the tables are -----------------------------------------------------------------------------------------


def _data_folder(folder: str | Path) -> Path:
    if "://" in str(folder):
        raise UsageError(Problem("MM-USE-005", f"{quoted(folder)} is an address", "give a folder: only files are read"))
    try:
        place = Path(folder)
        if not place.exists():
            raise UsageError(Problem("MM-USE-001", "no such folder", "check the path", str(folder)))
        if not place.is_dir():
            raise UsageError(Problem("MM-USE-004", "is not a folder", "give the folder of a domain", str(folder)))
        return place / "data" if (place / "data").is_dir() else place
    except (OSError, ValueError):
        raise UsageError(Problem("MM-USE-001", "no such folder", "check the path", str(folder))) from None


def _paths(place: Path, options: ReadOptions) -> tuple[dict[str, Path], list[Problem]]:
    """The file of each table, and what is wrong with the names in the folder."""
    try:
        present = {path.name: path for path in sorted(place.iterdir())}
    except OSError:
        raise UsageError(Problem("MM-USE-002", "may not be read", "check its permissions", str(place))) from None
    paths: dict[str, Path] = {}
    problems: list[Problem] = []
    for name in TABLES:
        found = [present[name + ending] for ending in ENDINGS if name + ending in present]
        if len(found) > 1:
            message = f"there is {found[0].name} and {found[1].name}, too"
            problems.append(Problem("MM-TAB-013", message, "keep one of them", str(place)))
        elif found:
            paths[name] = found[0]
        else:
            _refuse_other_type(name, present)
    if "organizations" not in paths and not problems:
        near = nearest("organizations.csv", list(present))
        fix = f"rename {near} to organizations.csv" if near else "see docs/format.md"
        raise UsageError(
            Problem("MM-USE-008", "there is no organizations.csv or organizations.parquet", fix, str(place))
        )
    return paths, problems + _strangers(present, options)


def _refuse_other_type(name: str, present: Mapping[str, Path]) -> None:
    for ending in OTHER_ENDINGS:
        if path := present.get(name + ending) or present.get(f"{name}.csv{ending}"):
            fix = f'save it as "CSV UTF-8" under the name {name}.csv'
            raise UsageError(Problem("MM-USE-017", "this type of file is not read", fix, str(path)))


def _strangers(present: Mapping[str, Path], options: ReadOptions) -> list[Problem]:
    """Warn of tables that no one will read, which may be misnamed."""
    problems = []
    for path in present.values():
        if path.suffix in ENDINGS and path.stem not in TABLES and not options.allow_extra:
            near = nearest(path.stem, list(TABLES))
            fix = f"did you mean {near}{path.suffix}?" if near else "nothing to mend"
            problems.append(
                Problem("MM-TAB-014", "no table has this name: it is not read", fix, str(path), warning=True)
            )
    return problems


# --- from text to values ------------------------------------------------------------------------------------------


def _canonical(
    sheets: dict[str, Sheet],
    found: dict[str, list[Problem]],
    problems: list[Problem],
    domain: Domain,
    options: ReadOptions,
) -> tuple[dict[str, pl.DataFrame], list[Problem]]:
    """Canonical frames from `sheets`; `found` is what was wrong with the form of each table that is there."""
    sheets, inconsistent = checked(sheets, found, domain, options)
    problems = sorted(problems + inconsistent, key=lambda problem: problem.warning)
    if problems and not problems[0].warning:
        raise DataError(problems)
    return {name: _finished(sheets[name]) for name in TABLES}, problems


def checked(
    sheets: dict[str, Sheet],
    found: Mapping[str, list[Problem]],
    domain: Domain,
    options: ReadOptions,
    unseen: Iterable[str] = (),
) -> tuple[dict[str, Sheet], list[Problem]]:
    """Every table with values for texts, and all that is wrong with them, what was `found` before included.

    What refers to the tables in `unseen` is not checked.
    """
    problems = [problem for name in found for problem in found[name]]
    incomplete = {name for name in found if _lost_rows(found[name])} | set(unseen)
    valued = {}
    for name, sheet in sheets.items():
        valued[name], refused = with_values(sheet, options)
        problems += refused
        if _lost_rows(problem for problem in refused if problem.field == sheet.table.order[0]):
            incomplete.add(name)
    empty = {name: _empty(table) for name, table in TABLES.items() if name not in sheets}
    valued, inconsistent = check_tables(valued | empty, incomplete, domain, options)
    return valued, problems + inconsistent


def _lost_rows(problems: Iterable[Problem]) -> bool:
    """Whether rows, or their identifiers, were refused: what refers to them is no mistake."""
    return any(not problem.warning for problem in problems)


@lru_cache
def _empty(table: Table) -> Sheet:
    schema = {column.name: pl.String() for column in table.columns if column.kind != "unused"}
    if table.multilingual:
        del schema["name"]
    frame = pl.DataFrame(schema=schema | {LINE: pl.Int64()})
    return with_values(Sheet(table, table.name, frame), ReadOptions())[0]


def _finished(sheet: Sheet) -> pl.DataFrame:
    """The canonical frame: columns in the order of the schema, rows in the order of the table."""
    frame = sheet.frame.drop(LINE, FIRST, strict=False)
    blanks = [pl.col(name).fill_null(value) for name, value in _BLANK_MEANS.items() if name in frame.columns]
    order = [name for name in sheet.table.order if name in frame.columns]
    rest = [name for name in frame.columns if name not in order and frame.schema[name] != pl.List(pl.String())]
    return frame.with_columns(blanks).sort(order + rest, nulls_last=True)


def with_values(sheet: Sheet, options: ReadOptions) -> tuple[Sheet, list[Problem]]:
    """The sheet with a value instead of text in every cell, columns that were missing filled with blanks."""
    problems = _blank_cells(sheet)
    columns: list[pl.Series] = []
    longest = _longest(sheet)
    for column in _columns(sheet):
        text = _text(sheet, column.name)
        too_long = _too_long(sheet, column, options) if longest.get(column.name, 0) > LONGEST_CELL else []
        problems += too_long
        if column.kind == "date" and not too_long:
            added, found = _days(sheet, column, text, options)
            columns += [text, *added]
        else:
            values, found = (text, []) if too_long else _values(sheet, column, text, options)
            columns.append(values)
        problems += found
    frame = pl.DataFrame([*columns, sheet.frame[LINE]])
    return replace(sheet, frame=frame), problems


def _columns(sheet: Sheet) -> list[Column]:
    """The columns of the table in order, names in other languages after the plain one."""
    columns = [column for column in sheet.table.columns if column.kind != "unused"]
    if not sheet.table.multilingual:
        return columns
    names = [sheet.table.column(name) for name in sorted(sheet.frame.columns) if name.startswith("name_")]
    plain = [column for column in columns if column.name != "name" or "name" in sheet.frame.columns]
    return [*plain[:1], *names, *plain[1:]]


def _text(sheet: Sheet, name: str) -> pl.Series:
    if name in sheet.frame.columns:
        return sheet.frame[name]
    return pl.repeat(None, sheet.frame.height, dtype=pl.String(), eager=True).alias(name)


def _blank_cells(sheet: Sheet) -> list[Problem]:
    problems = []
    for name in sheet.table.required_columns:
        if not sheet.frame[name].null_count():
            continue
        blank = sheet.frame.filter(pl.col(name).is_null())
        fix = f"write the {name}, or delete the row"
        problems += sheet.problems(blank, "MM-TAB-006", lambda _, name=name: f"{name} is blank", fix, name)
    return problems


def _longest(sheet: Sheet) -> dict[str, int]:
    """By column: the number of bytes in its longest cell."""
    longest = sheet.frame.select(pl.exclude(LINE).str.len_bytes().max())
    return {name: length or 0 for name, length in longest.row(0, named=True).items()}


def _too_long(sheet: Sheet, column: Column, options: ReadOptions) -> list[Problem]:
    text = pl.col(column.name)
    long = sheet.frame.filter(text.str.len_chars() > LONGEST_CELL)
    if column.kind in ("terms", "names"):  # their own limit says more
        long = long.filter(text.str.count_matches(";", literal=True) < options.max_tags)
    return sheet.problems(
        long,
        "MM-LIM-006",
        lambda row: f"{len(row[column.name]):,} characters in one cell; the limit is {LONGEST_CELL:,}",
        "shorten it",
        column.name,
    )


def _reader(column: Column, options: ReadOptions) -> Callable[[str], Any] | None:
    """The function that reads a cell of this column; None where the text is the value."""
    readers: dict[Kind, Callable[[str], Any]] = {
        "id": cell.identifier,
        "reference": cell.identifier,
        "names": lambda text: cell.names(text, options.max_tags),
        "term": cell.term,
        "terms": lambda text: cell.terms(text, options.max_tags),
        "precision": cell.one_of(*PRECISIONS),
        "day": lambda text: _last_day(text, options),
        "number": lambda text: cell.number(text, options.decimal),
        "count": cell.count,
        "yes/no": cell.yes_no,
        "direction": cell.one_of(*cell.DIRECTIONS),
    }
    return readers.get(column.kind)


def _last_day(text: str, options: ReadOptions) -> date | Refusal:
    stated = parse_day(text, date_format=options.date_format)
    return stated if isinstance(stated, Refusal) else known_from(stated)


def _values(sheet: Sheet, column: Column, text: pl.Series, options: ReadOptions) -> tuple[pl.Series, list[Problem]]:
    read = _reader(column, options)
    dtype = _DTYPES.get(column.kind, pl.String())
    if read is None:
        return text, []
    values, refusals = _read_each(text, read)
    answers = list(values.values())
    if (
        dtype == pl.String() and not refusals and answers == list(values)
    ):  # as it was: a second copy of a large column would be for nothing
        return text, []
    cells = list_series("", answers) if isinstance(dtype, pl.List) else pl.Series(answers, dtype=dtype)
    return _looked_up(text, list(values), cells).rename(column.name), _refused(sheet, column, text, refusals)


def _looked_up(text: pl.Series, keys: list[str | None], answers: pl.Series) -> pl.Series:
    """The answer to each text, blank where there is none; a list of all cells would take ten times the memory."""
    known = pl.DataFrame({"key": pl.Series(keys, dtype=pl.String()), "answer": answers})
    asked = pl.DataFrame({"key": text})
    found = asked.join(known, on="key", how="left", maintain_order="left")["answer"]
    return found.fill_null([]) if isinstance(answers.dtype, pl.List) else found


def _read_each(text: pl.Series, read: Callable[[str], Any]) -> tuple[dict[str | None, Any], dict[str, Refusal]]:
    """Read each distinct text once."""
    answers: dict[str, Any] = {key: read(key) for key in text.unique().drop_nulls().to_list()}
    refusals = {key: answer for key, answer in answers.items() if isinstance(answer, Refusal)}
    return {key: answer for key, answer in answers.items() if key not in refusals}, refusals


def _refused(sheet: Sheet, column: Column, text: pl.Series, refusals: Mapping[str, Refusal]) -> list[Problem]:
    """Problems for the refused cells; they are grouped by what is wrong, so that one habit does not hide another."""
    problems: list[Problem] = []
    by_code: dict[tuple[str, str], list[str]] = {}
    for key, refusal in refusals.items():
        by_code.setdefault((refusal.code, refusal.fix), []).append(key)
    for (code, fix), keys in by_code.items():
        rows = sheet.frame.filter(text.is_in(keys))
        problems += sheet.problems(rows, code, lambda row: refusals[row[column.name]].message, fix, column.name)
    return sorted(problems, key=lambda problem: (problem.line or problem.row) or 10**12)


def _days(sheet: Sheet, column: Column, text: pl.Series, options: ReadOptions) -> tuple[list[pl.Series], list[Problem]]:
    """The day from which each date counts as known, and the first that it can mean."""
    stated, refusals = _read_each(text, lambda key: parse_day(key, date_format=options.date_format))
    precisions, _ = _read_each(_text(sheet, "date_precision"), cell.one_of(*PRECISIONS))
    known: dict[tuple[str | None, str | None], tuple[date | None, date | None]] = {}
    days, firsts = [], []
    for pair in zip(text.to_list(), _text(sheet, "date_precision").to_list(), strict=True):
        day: StatedDay | None = stated.get(pair[0])
        if pair not in known:
            precision = precisions.get(pair[1])
            known[pair] = (known_from(day, precision), _first_of(day, precision)) if day else (None, None)
        days.append(known[pair][0])
        firsts.append(known[pair][1])
    found = [pl.Series("day", days, dtype=pl.Date()), pl.Series(FIRST, firsts, dtype=pl.Date())]
    return found, _refused(sheet, column, text, refusals)


def _first_of(stated: StatedDay, precision: str | None) -> date | None:
    """The first day that a stated date can mean; None where it only says by when."""
    if precision in ("by", "before"):
        return None
    if precision in ("year", "approximate"):
        return stated.first.replace(month=1, day=1)
    return stated.first.replace(day=1) if precision == "month" else stated.first

"""Files that people send, of any format and in three languages, become tables of docs/format.md and problems."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import polars as pl

from matchmaker.domain import Domain
from matchmaker.errors import DataError, Problem, column_letters, counted, quoted, safe_text
from matchmaker.intake.grid import Grid
from matchmaker.intake.heading import HEADING_SEARCH, Headings, nearest_heading, possible_headings
from matchmaker.intake.reference import resolve_references
from matchmaker.intake.source import IntakeOptions, read_source
from matchmaker.intake.transcript import Transcript, transcribed
from matchmaker.intake.twin import KnownNames, report_twins, take_known_identifiers
from matchmaker.schema import TABLES, normalized_header
from matchmaker.table import DELIMITERS, LINE, Sheet
from matchmaker.tables import check_options, checked

if TYPE_CHECKING:
    from matchmaker.dataset import Dataset

__all__ = ["Intake", "IntakeOptions", "Recognized", "read_sources"]


@dataclass(frozen=True)
class Recognized:
    """What was taken from one sheet: how it was read, and which heading became which column."""

    source: str
    kind: str
    table: str
    rows: int
    encoding: str = ""
    delimiter: str = ""
    sheet: str = ""
    heading_rows: tuple[int, ...] = ()
    columns: tuple[tuple[str, str], ...] = ()
    left_out: tuple[str, ...] = ()

    def lines(self) -> Iterator[str]:
        """The same in words, a line a fact, safe to print."""
        place = self.source + (f", sheet {quoted(self.sheet)}" if self.sheet else "")
        form = [
            self.kind,
            self.encoding.upper(),
            DELIMITERS.get(self.delimiter, "") and f"{DELIMITERS[self.delimiter]}s",
        ]
        yield f"{safe_text(place, 400)}: {', '.join(filter(None, form))}; {counted(self.rows, 'row')} of {self.table}"
        if self.heading_rows:
            yield "  heading in row " + " and ".join(map(str, self.heading_rows))
        for heading, column in self.columns:
            yield f"  {safe_text(heading)} -> {column}"
        if self.left_out:
            yield "  not taken: " + ", ".join(map(safe_text, self.left_out))


@dataclass(frozen=True, eq=False)
class Intake:
    """What files gave: tables of text under the names of docs/format.md, as `Dataset.from_frames` takes them.

    `tables` has one row a record and null for blank; `problems` are errors and warnings; `recognized` is what was
    taken, to be shown before anything is saved; `transcripts` are the sheets as they stood, for a corrected copy.
    """

    tables: dict[str, pl.DataFrame]
    problems: list[Problem]
    recognized: list[Recognized]
    transcripts: list[Transcript] = field(default_factory=list, repr=False)

    @property
    def errors(self) -> list[Problem]:
        """The problems for which nothing may be saved."""
        return [problem for problem in self.problems if not problem.warning]

    def places(self, table: str) -> pl.Series:
        """Where each row of a table came from, such as `participants.xlsx!참가기업!row 17`; none for a registry's."""
        works = [work for work in self.transcripts if work.headings.table.name == table]
        return pl.concat(map(_places, works)) if works else pl.Series("place", dtype=pl.String())


def read_sources(
    sources: Sequence[str | Path], *, domain: Domain, options: IntakeOptions | None = None, known: Dataset | None = None
) -> Intake:
    """Read files and tables of databases; errors in them are listed in the answer, not raised.

    Args:
        sources: paths of CSV, TSV, Excel, OpenDocument, JSON, JSON lines, Parquet or SQLite files, or addresses
            `sqlite:///file?table=…` and `postgresql://…?table=…`.
        domain: what terms are called, and which countries there are.
        options: how to read.
        known: organizations that are there already: twins of them are reported, and references may name them.

    Raises:
        UsageError: no such file, or an option that cannot be used.
        DataError: a source of which nothing can be read; those of all sources together.
    """
    options = options or IntakeOptions()
    check_options(options)
    transcripts: list[Transcript] = []
    unread: list[Problem] = []
    for source in sources:
        try:
            transcripts += _transcripts(read_source(source, options), domain, options)
        except DataError as error:
            unread += error.problems
    if unread:
        raise DataError(unread)
    return _intake(transcripts, domain, options, known)


def _transcripts(grids: Sequence[Grid], domain: Domain, options: IntakeOptions) -> list[Transcript]:
    chosen = _chosen(grids, options)
    return [transcribed(grid, headings, domain, options) for grid, headings in chosen]


# --- which sheet is which table -----------------------------------------------------------------------------------


def _chosen(grids: Sequence[Grid], options: IntakeOptions) -> list[tuple[Grid, Headings]]:
    """The sheets that are tables. One sheet is taken as it is; of several, all that bear the name of a table, else one.

    Raises:
        DataError: none looks like a table, or more than one does and none is named.
    """
    found = [(grid, headings) for grid in grids if (headings := _headings(grid, options)) is not None]
    usable = [(grid, headings) for grid, headings in found if not headings.missing]
    if not usable:
        raise DataError(_no_table(grids, found))
    named = [(grid, headings) for grid, headings in usable if _table_named(grid.sheet) == headings.table.name]
    if named or len(usable) == 1 or options.sheet is not None:
        return named or usable
    visible = [(grid, headings) for grid, headings in usable if not grid.hidden]
    if len(visible) == 1:
        return visible
    names = ", ".join(quoted(grid.sheet) for grid, _ in visible or usable)
    message = f"{len(visible or usable)} sheets look like tables: {names}"
    raise DataError(Problem("MM-XLS-003", message, "name one: --sheet, or ?table= of a database", usable[0][0].file))


def _table_named(text: str) -> str | None:
    name = normalized_header(text)
    return name if name in TABLES else None


def _headings(grid: Grid, options: IntakeOptions) -> Headings | None:
    """The table that a sheet is: the one asked for, or that its name says, or that it looks like."""
    if not grid.frame.height and grid.headings is None:
        return None
    possible = possible_headings(grid.top(HEADING_SEARCH + 1), grid.headings)
    name = options.table or _table_named(grid.sheet) or _table_named(Path(grid.file).name.partition(".")[0])
    if name is not None:
        return next((headings for headings in possible if headings.table.name == name), None)
    return possible[0] if possible else None


def _no_table(grids: Sequence[Grid], found: Sequence[tuple[Grid, Headings]]) -> list[Problem]:
    if all(not grid.frame.height for grid in grids):
        return [Problem("MM-CSV-001", "is empty", "write a heading and rows", grids[0].file if grids else "")]
    if not found:
        first = next(iter(grids))
        shown = ", ".join(quoted(cell) for row in first.top(3) for cell in row if cell.strip())[:200]
        message = f"has no heading that is known; it begins with {shown}"
        fix = 'name the columns, such as "name", "country", "interests"; see `matchmaker template`'
        return [first.problem("MM-TAB-022", message, fix, warning=False)]
    return [problem for grid, headings in found[:1] for problem in _missing(grid, headings)]


def _missing(grid: Grid, headings: Headings) -> Iterator[Problem]:
    unknown = [text for position, text in enumerate(headings.texts) if text and position not in headings.columns]
    row = int(grid.rows[headings.last]) if headings.last >= 0 else 0
    for name in headings.missing:
        near = next((text for text in unknown if nearest_heading(text, headings.table)), None)
        message = f"no column {name}" + (f"; the nearest found is {quoted(near)}" if near else "")
        wanted = "name" if (headings.table.name, name) == ("organizations", "org_id") else name
        yield grid.problem("MM-TAB-001", message, f"call a column {wanted}", row, 0, name, warning=False)


# --- all together -------------------------------------------------------------------------------------------------


def _intake(transcripts: list[Transcript], domain: Domain, options: IntakeOptions, known: Dataset | None) -> Intake:
    organizations = [work for work in transcripts if work.headings.table.name == "organizations"]
    n_rows = sum(work.frame.height for work in organizations)
    names = KnownNames(known, n_rows) if known is not None and n_rows else None
    if names is not None:
        take_known_identifiers(organizations, names)
    resolve_references(transcripts, known)
    if organizations:
        report_twins(organizations, names)
    problems = [problem for work in transcripts for problem in (*work.grid.problems, *work.problems)]
    for work in transcripts:
        problems += _value_problems(work, domain, options)
    by_table = {name: [work for work in transcripts if work.headings.table.name == name] for name in TABLES}
    tables = {name: _together(works) for name, works in by_table.items() if works}
    return Intake(tables, _ordered(problems), [_recognized(work) for work in transcripts], transcripts)


def _value_problems(work: Transcript, domain: Domain, options: IntakeOptions) -> list[Problem]:
    """What is wrong with the cells of one table: the same checks as for a domain."""
    sheet = work.sheet()
    if not work.frame.height:
        required = sheet.table.required
        return [sheet.problem("MM-CSV-002", "has a heading and no rows", "add rows", warning=not required)]
    whole = [column.name for column in sheet.table.columns if column.required and column.name not in work.frame.columns]
    blank = work.frame.with_columns(pl.lit(None, pl.String()).alias(name) for name in whole)
    full = Sheet(sheet.table, sheet.file, blank, sheet.positions, sheet.numbered, sheet.sheet)
    _, problems = checked({sheet.table.name: full}, {}, domain, options, unseen=TABLES)
    return problems


def _together(works: Sequence[Transcript]) -> pl.DataFrame:
    return pl.concat([work.frame.drop(LINE) for work in works], how="diagonal")


def _places(work: Transcript) -> pl.Series:
    place = f"{work.grid.name}!row " if work.grid.sheet else f"{work.grid.name}:{work.grid.numbered} "
    return work.frame.select(pl.concat_str(pl.lit(place), pl.col(LINE).cast(pl.String))).to_series().alias("place")


def _ordered(problems: Sequence[Problem]) -> list[Problem]:
    """Errors before warnings; within a sheet as a reader goes through it."""
    return sorted(dict.fromkeys(problems), key=lambda problem: (problem.warning, problem.file, problem.sheet))


def _recognized(work: Transcript) -> Recognized:
    grid, headings = work.grid, work.headings
    workbook = grid.kind in ("Excel", "OpenDocument")

    def label(position: int) -> str:
        letters = f"{column_letters(grid.first + position + 1)}: " if workbook else ""
        return letters + headings.texts[position]

    left = [label(k) for k, text in enumerate(headings.texts) if text and k not in headings.columns]
    rows = tuple(int(grid.rows[k]) for k in range(headings.first, headings.last + 1)) if headings.last >= 0 else ()
    columns = tuple((label(position), column) for position, column in headings.columns.items())
    return Recognized(
        grid.file, grid.kind, headings.table.name, work.frame.height, grid.encoding, grid.delimiter, grid.sheet,
        rows, columns, tuple(left),
    )  # fmt: skip

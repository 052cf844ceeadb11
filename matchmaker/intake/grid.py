"""A sheet as it stands in its file: cells of text by row and column, before anyone knows what they mean."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

import polars as pl

from matchmaker.errors import DataError, Problem
from matchmaker.table import MOST_COLUMNS

_LONGEST_SHOWN = 200  # characters of a cell that can be a heading
Kind = Literal["CSV", "Excel", "OpenDocument", "JSON", "Parquet", "database"]


@dataclass(frozen=True, eq=False)
class Grid:
    """One sheet of a source.

    `frame` has one text column a field, named by its position from 0, null for blank; `rows` gives the number of each
    row in the file, counted from 1: its line in text, its row elsewhere. `headings` is set where the format itself
    names the columns, and then no row of the frame is a heading. `first` is the position of the leftmost column of a
    workbook; `widths` are the fields of each record, which may be more or fewer than the heading has.
    """

    file: str
    kind: Kind
    frame: pl.DataFrame
    rows: pl.Series
    sheet: str = ""
    headings: tuple[str, ...] | None = None
    widths: pl.Series | None = None
    first: int = 0
    encoding: str = ""
    delimiter: str = ""
    hidden: bool = False
    problems: tuple[Problem, ...] = field(default=())

    @property
    def numbered(self) -> str:
        """What `rows` counts."""
        return "line" if self.kind == "CSV" else "row"

    @property
    def name(self) -> str:
        """File and sheet, as a person would say them."""
        return f"{self.file}!{self.sheet}" if self.sheet else self.file

    def problem(
        self,
        code: str,
        message: str,
        fix: str,
        row: int = 0,
        column: int = 0,
        heading: str = "",
        *,
        warning: bool = True,
    ) -> Problem:
        """A problem in this sheet; `row` and `column` as a person counts them, 0: the whole."""
        place = {self.numbered: row}
        return Problem(
            code, message, fix, self.file, column=column, field=heading, sheet=self.sheet, warning=warning, **place
        )

    def without(self, n_rows: int) -> Grid:
        """The same sheet without its first rows; one whose format names the columns stays as it is."""
        if self.headings is not None:
            return self
        widths = None if self.widths is None else self.widths.slice(n_rows)
        return replace(self, frame=self.frame.slice(n_rows), rows=self.rows.slice(n_rows), widths=widths)

    def top(self, n: int) -> list[tuple[str, ...]]:
        """The beginnings of the cells of the first `n` rows, blank ones as empty texts."""
        return self.frame.head(n).select(pl.all().str.slice(0, _LONGEST_SHOWN).fill_null("")).rows()


def grid_frame(columns: Sequence[Sequence[str | None] | pl.Series]) -> pl.DataFrame:
    """Columns of text as the frame of a grid."""
    return pl.DataFrame([pl.Series(str(index), cells, dtype=pl.String()) for index, cells in enumerate(columns)])


def numbered_from(start: int, n: int) -> pl.Series:
    """`n` row numbers from `start` on."""
    return pl.int_range(start, start + n, dtype=pl.Int64, eager=True)


def check_width(n_columns: int, file: str) -> None:
    """Refuse a sheet of more columns than any table has use for."""
    if n_columns > MOST_COLUMNS:
        message = f"has {n_columns:,} columns; the limit is {MOST_COLUMNS:,}"
        raise DataError(Problem("MM-LIM-003", message, "leave out what is not a column of the table", file))

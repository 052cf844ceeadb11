"""CSV and other delimited text, from its bytes to a grid."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

import polars as pl

from matchmaker.errors import DataError
from matchmaker.intake.encoding import read_text
from matchmaker.intake.grid import Grid, check_width, grid_frame
from matchmaker.table import DELIMITERS, BadRecord, ReadOptions, check_rows, first_records, records

_CHUNK = 65_536
Record = tuple[int, list[str]]


def read_delimited(data: bytes, file: str, options: ReadOptions) -> Grid:
    """The rows of a text, with the encoding and the delimiter that were taken.

    Raises:
        UsageError: no such encoding.
        DataError: the text cannot be read; see `read_text`.
    """
    text, encoding, problems = read_text(data, file, options.encoding)
    del data
    delimiter = _delimiter(text)
    try:
        frame, lines, widths = _frame(records(text, delimiter), file, options)
    except BadRecord as bad:
        raise DataError(bad.problem(file, ())) from None
    return Grid(
        file, "CSV", frame, lines, widths=widths, encoding=encoding, delimiter=delimiter, problems=tuple(problems)
    )


def _delimiter(text: str) -> str:
    """The mark that divides most of the first records into the same number of fields, more than one.

    Lines above the heading, of a title or a date, have fewer; a comma within a title is no reason to divide by commas.
    """
    return max(DELIMITERS, key=lambda mark: _evenness(text, mark))


def _evenness(text: str, mark: str) -> tuple[int, int]:
    widths = [len(fields) for _, fields in first_records(text, mark, 0, 1)]
    counts = {width: widths.count(width) for width in set(widths) if width > 1}
    if not counts:
        return 0, 0
    width = max(counts, key=lambda width: (counts[width], width))
    return counts[width], width


def _frame(rows: Iterator[Record], file: str, options: ReadOptions) -> tuple[pl.DataFrame, pl.Series, pl.Series]:
    """Cells, line numbers and widths; short records are filled with blanks."""
    chunks, lines, widths, n_rows = [], [], [], 0
    while batch := list(islice(rows, _CHUNK)):
        n_rows += len(batch)
        check_rows(n_rows, file, options)
        lines.append(pl.Series([line for line, _ in batch], dtype=pl.Int64()))
        sizes = [len(fields) for _, fields in batch]
        widths.append(pl.Series(sizes, dtype=pl.Int64()))
        check_width(max(sizes), file)
        chunks.append(_chunk([fields for _, fields in batch], min(sizes), max(sizes)))
    return pl.concat(chunks, how="diagonal"), pl.concat(lines), pl.concat(widths)


def _chunk(rows: list[list[str]], least: int, most: int) -> pl.DataFrame:
    if least < most:
        rows = [fields + [""] * (most - len(fields)) for fields in rows]
    return grid_frame(list(zip(*rows, strict=True)))

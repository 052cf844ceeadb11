"""Any source, a file or the address of a table, as grids; what it is, its first bytes decide, not its name."""

from __future__ import annotations

import gzip
import io
import zipfile
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from matchmaker.decoding import MOST_BYTES, check_magic, read_bytes
from matchmaker.errors import DataError, Problem, counted, quoted
from matchmaker.intake.database import SQLITE, is_address, read_database
from matchmaker.intake.document import looks_like_document, read_document
from matchmaker.intake.grid import Grid, grid_frame, numbered_from
from matchmaker.intake.text import read_delimited
from matchmaker.intake.workbook import ZIPPED, check_archive, is_workbook, read_workbook
from matchmaker.parquet import MARKS, read_parquet
from matchmaker.table import ReadOptions, as_text, check_rows

_BYTES_A_CELL = 24
GZIP = b"\x1f\x8b"


@dataclass(frozen=True)
class IntakeOptions(ReadOptions):
    """How to read files that people send.

    `sheet` and `table` name the sheet to read and the table that it is (None: what it looks like); `country` is that of
    organizations of which nothing tells it; `max_memory` are the bytes that a parser may take.
    """

    sheet: str | None = None
    table: str | None = None
    country: str | None = None
    max_memory: int = 2**30


def read_source(source: str | Path, options: IntakeOptions) -> list[Grid]:
    """Every sheet of a source.

    Raises:
        UsageError: no such file or scheme.
        DataError: it cannot be read.
    """
    if is_address(str(source)):
        return read_database(str(source), options)
    grids = _grids(read_bytes(Path(source)), str(source), options)
    return [grid.without(options.skip_rows) for grid in grids] if options.skip_rows else grids


def _grids(data: bytes, file: str, options: IntakeOptions) -> list[Grid]:
    if data.startswith(GZIP):
        data = _unzipped(data, file)
    if data.startswith(MARKS):
        return [_frame_grid(read_parquet(data, file, options.max_memory), file, options)]
    if data.startswith(SQLITE):
        return read_database(f"sqlite:///{Path(file).absolute()}", options)
    if is_workbook(data):
        return read_workbook(data, file, options, options.sheet, options.max_memory)
    if data.startswith(ZIPPED):
        return _grids(_only_member(data, file), file, options)
    check_magic(data, file)
    read: Callable[..., list[Grid]] = read_document if looks_like_document(data) else _read_text
    return read(data, file, options)


def _read_text(data: bytes, file: str, options: ReadOptions) -> list[Grid]:
    return [read_delimited(data, file, options)]


def _unzipped(data: bytes, file: str) -> bytes:
    limit = min(MOST_BYTES, 200 * max(len(data), 2**16))
    try:
        with gzip.GzipFile(fileobj=io.BytesIO(data)) as stream:
            found = stream.read(limit + 1)
    except (OSError, EOFError, zlib.error):
        raise DataError(
            Problem("MM-ZIP-001", "the gzip archive is cut off or damaged", "pack it again", file)
        ) from None
    return _within(found, limit, file)


def _within(content: bytes, limit: int, file: str) -> bytes:
    if len(content) > limit:
        message = f"unpacks to more than {limit / 2**20:,.0f} MiB"
        raise DataError(Problem("MM-LIM-007", message, "split the table, or write it as Parquet", file))
    return content


def _only_member(data: bytes, file: str) -> bytes:
    """The one file in an archive; its path means nothing."""
    members = [member for member in check_archive(data, file) if not member.is_dir()]
    if len(members) != 1:
        names = ", ".join(quoted(member.filename) for member in members[:5])
        message = f"is an archive of {counted(len(members), 'file')}" + (f": {names}" if names else "")
        raise DataError(Problem("MM-ZIP-002", message, "unpack it and give the table in it", file))
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive, archive.open(members[0]) as member:
            return _within(member.read(MOST_BYTES + 1), MOST_BYTES, file)
    except (zipfile.BadZipFile, zlib.error, OSError, EOFError, ValueError, NotImplementedError):
        raise DataError(Problem("MM-ZIP-001", "the archive is cut off or damaged", "pack it again", file)) from None


def _frame_grid(frame: pl.DataFrame, file: str, options: IntakeOptions) -> Grid:
    """A frame of any flat types as a grid.

    Raises:
        DataError: a column is nested; it is named.
    """
    check_rows(frame.height, file, options)
    needed = frame.height * frame.width * _BYTES_A_CELL
    if needed > options.max_memory:
        message = f"would need {needed / 2**30:.2g} GiB as text; the limit is {options.max_memory / 2**30:.2g} GiB"
        raise DataError(Problem("MM-LIM-008", message, "give --max-memory 3G, or split the table", file))
    columns = []
    for name in frame.columns:
        try:
            columns.append(as_text(frame[name]))
        except (pl.exceptions.PolarsError, TypeError):
            message = f"the column {quoted(name)} holds {frame[name].dtype}"
            fix = "text, or a list of texts, is wanted"
            raise DataError(Problem("MM-PAR-003", message, fix, file, field=name)) from None
    return Grid(file, "Parquet", grid_frame(columns), numbered_from(1, frame.height), "", tuple(frame.columns))

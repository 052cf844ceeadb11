"""Tables as files that people and other programs open, and that `import` reads back to the same store."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import polars as pl

from matchmaker.errors import Problem, UsageError, quoted
from matchmaker.store.session import PERSONAL
from matchmaker.writing import BYTE_ORDER_MARK, FORMULA_STARTS, as_json, as_json_lines, new_book, write_file

FILES = (".xlsx", ".json")  # one file holds all tables
IN_A_FOLDER = ("csv", "tsv", "parquet", "jsonl")
_FORMULA = rf"^'*[{''.join(FORMULA_STARTS)}]".replace("-", r"\-")
_NUMBER = r"^[+-]?[0-9]*\.?[0-9]+$"
_MOST_ROWS = 1_048_575  # of a sheet of Excel, less the heading


def write_tables(
    tables: Mapping[str, pl.DataFrame], target: Path, form: str = "csv", *, personal: bool = False
) -> None:
    """Write tables of texts into one workbook or JSON file, or each into a file of the folder `target`.

    Args:
        tables: by name; those without rows are left out.
        target: a file that ends in .xlsx or .json, else a folder, which is made.
        form: of the files in a folder: csv, tsv, parquet or jsonl.
        personal: with the columns that name persons.

    Raises:
        UsageError, DataError: the target cannot be written.
    """
    kept = {name: _kept(name, frame, personal=personal) for name, frame in tables.items() if frame.height}
    if target.suffix.lower() in FILES:
        write_file(target, _workbook(kept) if target.suffix.lower() == ".xlsx" else as_json(_documents(kept)))
        return
    _make_folder(target)
    for name, frame in kept.items():
        write_file(target / f"{name}.{form}", _ENCODERS[form](frame))


def _make_folder(target: Path) -> None:
    if target.suffix or (target.exists() and not target.is_dir()):
        fix = "end it in .xlsx, .json or .db, or name a folder; an address begins with postgresql:// or sqlite:///"
        raise UsageError(Problem("MM-CLI-006", f"{quoted(target)} is no target that can be written", fix))
    try:
        target.mkdir(exist_ok=True)
    except OSError as error:
        message = f"{quoted(target)} cannot be made: {error.strerror}"
        raise UsageError(Problem("MM-CLI-011", message, "choose another place")) from None


def _kept(name: str, frame: pl.DataFrame, *, personal: bool) -> pl.DataFrame:
    """The columns that say something."""
    hidden = () if personal else PERSONAL.get(name, ())
    return frame.select(column for column in frame if column.null_count() < frame.height and column.name not in hidden)


def _documents(tables: Mapping[str, pl.DataFrame]) -> dict[str, list[dict[str, str]]]:
    return {name: list(_objects(frame)) for name, frame in tables.items()}


def _objects(frame: pl.DataFrame) -> Iterator[dict[str, str]]:
    for row in frame.iter_rows(named=True):
        yield {name: value for name, value in row.items() if value is not None}


def escaped(frame: pl.DataFrame) -> pl.DataFrame:
    """Cells that a spreadsheet would run as formulas, with a quote before them; plain numbers excepted."""
    cell = pl.col(pl.String)
    runs = cell.str.contains(_FORMULA) & ~cell.str.contains(_NUMBER)
    return frame.with_columns(pl.when(runs).then("'" + cell).otherwise(cell).name.keep())


def unescaped(frame: pl.DataFrame) -> pl.DataFrame:
    """The same cells without the quote."""
    quoted_ones = frame.select(pl.col(pl.String).str.starts_with("'").any()).row(0)
    columns = [name for name, has in zip(frame.select(pl.col(pl.String)).columns, quoted_ones, strict=True) if has]
    if not columns:
        return frame
    cell = pl.col(columns)
    return frame.with_columns(
        pl.when(cell.str.starts_with("'") & cell.str.contains(_FORMULA))
        .then(cell.str.slice(1))
        .otherwise(cell)
        .name.keep()
    )


def _csv(frame: pl.DataFrame, separator: str = ",") -> bytes:
    return BYTE_ORDER_MARK + escaped(frame).write_csv(separator=separator).encode()


def _parquet(frame: pl.DataFrame) -> bytes:
    target = io.BytesIO()
    frame.write_parquet(target)
    return target.getvalue()


_ENCODERS: Mapping[str, Callable[[pl.DataFrame], bytes]] = {
    "csv": _csv,
    "tsv": lambda frame: _csv(frame, "\t"),
    "parquet": _parquet,
    "jsonl": lambda frame: as_json_lines(_objects(frame)),
}


def _workbook(tables: Mapping[str, pl.DataFrame]) -> bytes:
    """A sheet for each table; every cell is text, and none a formula."""
    target, book = new_book()
    with book:
        for name, frame in tables.items() or {"organizations": pl.DataFrame()}.items():
            if frame.height > _MOST_ROWS:
                message = f"a sheet holds no more than {_MOST_ROWS:,} of the {frame.height:,} rows of {name}"
                raise UsageError(Problem("MM-CLI-006", message, "export to a folder"))
            sheet = book.add_worksheet(name)
            sheet.freeze_panes(1, 0)
            for row, cells in enumerate([tuple(frame.columns), *frame.iter_rows()]):
                for column, text in enumerate(cells):
                    if text is not None:
                        sheet.write_string(row, column, text)
    return target.getvalue()

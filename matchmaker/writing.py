"""Write records as CSV, JSON, JSON lines, Markdown or Parquet, and files so that they are whole or not there."""

from __future__ import annotations

import io
import os
import stat
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, TypeAlias

from matchmaker.errors import DataError, Problem, UsageError, quoted, safe_text

Record: TypeAlias = Mapping[str, Any]

BYTE_ORDER_MARK = "\ufeff".encode()
FORMATS = ("table", "csv", "json", "jsonl", "md", "parquet")
ENDINGS = {
    ".csv": "csv",
    ".json": "json",
    ".jsonl": "jsonl",
    ".md": "md",
    ".parquet": "parquet",
    ".txt": "table",
}
_NO_TIME = datetime(2000, 1, 1)  # so that the same workbook is the same bytes whenever it is made
WIDEST = 48  # of a column of a workbook, in digits
# What a spreadsheet takes for the start of a formula, the full-width forms included.
_PLAIN = {"strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False, "in_memory": True}
FORMULA_STARTS = tuple("=+-@\t\r\0＝＋－＠")


def format_of(path: str | Path, endings: Mapping[str, str] = ENDINGS) -> str:
    """The format that the ending of `path` names.

    Raises:
        UsageError: an ending that is not written here.
    """
    ending = Path(path).suffix.lower()
    if ending not in endings:
        raise UsageError(
            Problem("MM-CLI-006", f"{quoted(path)} has an unknown ending", "end it in " + ", ".join(endings))
        )
    return endings[ending]


def as_csv(records: Sequence[Record], columns: Sequence[str], *, for_people: bool = False) -> bytes:
    """CSV with a header; cells that a spreadsheet would run as formulas are escaped; a BOM `for_people` with Excel."""
    import csv

    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\r\n")  # or a lone \r in a cell would not be quoted
    lines = []
    for row in (columns, *([_csv_cell(record.get(column)) for column in columns] for record in records)):
        writer.writerow(row)
        lines.append(text.getvalue().removesuffix("\r\n") + "\n")
        text.seek(text.truncate(0))
    return (BYTE_ORDER_MARK if for_people else b"") + _bytes("".join(lines))


def as_json(document: Any) -> bytes:
    """Indented JSON in UTF-8; characters that a terminal would act on are written as escapes."""
    import json

    return _bytes(_visible(json.dumps(document, ensure_ascii=False, indent=2, allow_nan=False)) + "\n")


def as_json_lines(documents: Iterable[Any]) -> bytes:
    """One JSON object a line."""
    import json

    lines = (_visible(json.dumps(document, ensure_ascii=False, allow_nan=False)) for document in documents)
    return _bytes("".join(line + "\n" for line in lines))


def as_markdown(records: Sequence[Record], columns: Sequence[str]) -> bytes:
    """A Markdown table; nothing in a cell is read as Markdown or HTML."""
    rows = [list(columns), ["---"] * len(columns)]
    rows += [[_markdown_cell(record.get(column)) for column in columns] for record in records]
    return _bytes("".join("| " + " | ".join(row) + " |\n" for row in rows))


def as_parquet(records: Sequence[Record], columns: Sequence[str]) -> bytes:
    """A Parquet file with the columns of the CSV; a column without values holds text."""
    import polars as pl

    target = io.BytesIO()
    frame = pl.DataFrame({column: [_plain(record.get(column)) for record in records] for column in columns})
    frame.with_columns(pl.col(pl.Null).cast(pl.String)).write_parquet(target)
    return target.getvalue()


def as_workbook(sheets: Mapping[str, tuple[Sequence[Record], Mapping[str, str]]]) -> bytes:
    """An Excel workbook of sheets by name, each with its records, and headings by column.

    Headings stay in sight, and on every page of A4 that is printed; no text becomes a formula or a link.
    """
    target, book = new_book()
    with book:
        book.set_properties({"created": _NO_TIME})
        heading = book.add_format({"bold": True, "text_wrap": True, "valign": "top", "bottom": 1})
        body = book.add_format({"text_wrap": True, "valign": "top"})
        for name, (records, columns) in sheets.items():
            sheet = book.add_worksheet(name)
            _set_up(sheet)
            rows = [[_sheet_cell(record.get(column)) for column in columns] for record in records]
            for column, title in enumerate(columns.values()):
                sheet.set_column(column, column, _column_width([title, *(row[column] for row in rows)]))
            sheet.write_row(0, 0, [_sheet_cell(title) for title in columns.values()], heading)
            for number, row in enumerate(rows, 1):
                sheet.write_row(number, 0, row, body)
    return target.getvalue()


def new_book() -> tuple[io.BytesIO, Any]:
    """A workbook in which no text becomes a formula, a link or a number, and the bytes that it will be."""
    import xlsxwriter  # type: ignore[import-untyped]

    target = io.BytesIO()
    return target, xlsxwriter.Workbook(target, _PLAIN)


def write_file(path: str | Path, content: bytes | Iterable[bytes]) -> None:
    """Write `content` to `path`: through a new file beside it that takes its name at the end, so never half.

    Pieces are written as they come.

    Raises:
        UsageError: there is no such folder.
        DataError: the target is a link, a folder or a device, or cannot be written; what was there stays as it was.
    """
    path = Path(path)
    try:
        _replace(path, content, refuse_target(path))
    except ValueError as error:
        raise DataError(Problem("MM-CLI-007", f"{quoted(path)} is no file name: {error}", "choose another")) from None
    except OSError as error:
        reason = error.strerror or str(error)
        raise DataError(
            Problem("MM-CLI-010", f"{quoted(path)} could not be written: {reason}", "choose another place")
        ) from None


def refuse_target(path: str | Path) -> int | None:
    """The permissions of the file that will be replaced, if there is one.

    Raises:
        UsageError: there is no such folder.
        DataError: the target is a link, a folder, a device or protected.
    """
    path = Path(path)
    mode = _mode(path)
    if mode is None:
        if not path.parent.is_dir():
            raise UsageError(Problem("MM-CLI-011", f"there is no folder {quoted(path.parent)}", "make it first"))
        return None
    kinds = ((stat.S_ISLNK, "a symbolic link"), (stat.S_ISDIR, "a folder"))
    if not stat.S_ISREG(mode):
        what = next((name for is_kind, name in kinds if is_kind(mode)), "not an ordinary file")
        raise DataError(Problem("MM-CLI-007", f"{quoted(path)} is {what}", "give the name of a file"))
    if not mode & 0o222 or not os.access(path, os.W_OK):
        raise DataError(Problem("MM-CLI-010", f"{quoted(path)} may not be overwritten", "choose another name"))
    return stat.S_IMODE(mode)


def _mode(path: Path) -> int | None:
    try:
        return path.lstat().st_mode
    except (OSError, ValueError):  # what no file can be called is refused when it is written
        return None


def _replace(path: Path, content: bytes | Iterable[bytes], mode: int | None) -> None:
    beside = path.parent / f".matchmaker-{os.urandom(8).hex()}.tmp"
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0)
    descriptor = os.open(beside, flags, 0o666)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.writelines([content] if isinstance(content, bytes) else content)
            file.flush()
            os.fsync(file.fileno())
        if mode is not None:
            beside.chmod(mode)
        beside.replace(path)
    except BaseException:  # an interrupt, too, leaves nothing behind
        beside.unlink(missing_ok=True)
        raise


def _plain(value: Any) -> Any:
    """A value that a flat format can hold: days in ISO 8601, lists joined."""
    if isinstance(value, list | tuple):
        return "; ".join(str(_plain(item)) for item in value)
    return value.isoformat() if hasattr(value, "isoformat") else value


def _csv_cell(value: Any) -> Any:
    value = _plain(value)
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, str) and value.startswith(FORMULA_STARTS) and not _is_number(value):
        return "'" + value
    return value


def _is_number(text: str) -> bool:
    digits = text[1:] if text[:1] in "+-" else text
    return digits.replace(".", "", 1).isascii() and digits.replace(".", "", 1).isdigit()


def _set_up(sheet: Any) -> None:
    """The heading stays where it is; A4 across, as wide as the paper, the sheet's name above, the page below."""
    sheet.freeze_panes(1, 0)
    sheet.repeat_rows(0)
    sheet.set_paper(9)
    sheet.set_landscape()
    sheet.fit_to_pages(1, 0)
    sheet.set_header("&L&A")
    sheet.set_footer("&R&P / &N")


def _column_width(cells: Iterable[Any]) -> int:
    """Room for the longest cell, in digits; letters of the East take two, and what is longer goes on below."""
    return min(WIDEST, 2 + max(sum(_digits(character) for character in str(cell)) for cell in cells))


def _digits(character: str) -> int:
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1


def _sheet_cell(value: Any) -> Any:
    value = _plain(value)
    if isinstance(value, bool):
        return "yes" if value else "no"
    return safe_text(value, 32_000) if isinstance(value, str) else value


def _markdown_cell(value: Any) -> str:
    value = _plain(value)
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    text = f"{value:.4g}" if isinstance(value, float) else safe_text(value, 1000)
    text = text.replace("&", "&amp;").replace("<", "&lt;")
    return "".join("\\" + character if character in "\\|`*_[]~" else character for character in text)


def _visible(text: str) -> str:
    """JSON text with everything that does not print written as an escape, so that it stays the same JSON."""
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() or c == "\n" else _json_escape(c) for c in text)


def _json_escape(character: str) -> str:
    units = character.encode("utf-16-be", "surrogatepass")
    return "".join(f"\\u{units[i]:02x}{units[i + 1]:02x}" for i in range(0, len(units), 2))


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "backslashreplace")

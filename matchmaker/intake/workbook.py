"""Workbooks (.xlsx, .xlsm, .xlsb, .xls, .ods): checked from outside, then parsed in a child process with limits."""

from __future__ import annotations

import io
import json
import re
import struct
import zipfile
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

import polars as pl

from matchmaker.child import BrokenChildError, in_child, refused
from matchmaker.errors import DataError, Problem, column_letters, counted, quoted
from matchmaker.intake.grid import Grid, Kind, check_width, numbered_from
from matchmaker.table import ReadOptions, check_rows

ZIPPED, COMPOUND = b"PK\x03\x04", b"\xd0\xcf\x11\xe0"
MOST_UNPACKED, MOST_RATIO = 200 * 2**20, 200
_SAVE = 'open it in Excel and save it again as "Excel Workbook (.xlsx)", or as "CSV UTF-8"'
_CONTENTS: dict[str, Kind] = {
    "xl/workbook.xml": "Excel", "xl/workbook.bin": "Excel", "content.xml": "OpenDocument",
}  # fmt: skip
_MIDNIGHT = r" 00:00:00$"


# --- outside ------------------------------------------------------------------------------------------------------


def is_workbook(data: bytes) -> bool:
    """Whether the bytes are those of a workbook, whatever the name of the file."""
    if data.startswith(COMPOUND):
        return True
    return data.startswith(ZIPPED) and any(name in _CONTENTS for name in member_names(data))


def member_names(data: bytes) -> list[str]:
    """Names of the members of a ZIP archive; none where it is damaged."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            return archive.namelist()
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError, struct.error):
        return []


def read_workbook(data: bytes, file: str, options: ReadOptions, sheet: str | None, memory: int) -> list[Grid]:
    """Every sheet that is asked for: the one named `sheet`, else all.

    Raises:
        DataError: it is damaged, protected, or grows too large; there is no such sheet.
    """
    kind = _checked(data, file)
    try:
        answer = in_child(
            "matchmaker.intake.workbook:parse", data, {"sheet": sheet, "max_rows": options.max_rows}, memory
        )
    except BrokenChildError as broken:
        raise _refusal(broken.cause, file) from None
    grids = [_grid(description, frame, file, kind) for description, frame in _unpacked(answer)]
    for grid in grids:
        check_rows(grid.frame.height, file, options)
        check_width(grid.frame.width, file)
    return grids


def check_archive(data: bytes, file: str) -> list[zipfile.ZipInfo]:
    """The members of a ZIP archive, none of them twice, all of them small enough when unpacked.

    Raises:
        DataError: it is damaged, protected, or unpacks to too much; sizes that it states are not trusted later, either.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            members = archive.infolist()
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError, struct.error):
        raise _damaged("the archive is cut off or damaged", file) from None
    twins = [name for name, count in Counter(member.filename for member in members).items() if count > 1]
    if twins:
        raise _damaged(f"the part {quoted(twins[0])} stands in it twice", file)
    if any(member.flag_bits & 1 for member in members):
        raise _protected(file)
    unpacked = sum(member.file_size for member in members)
    if unpacked > MOST_UNPACKED or unpacked > MOST_RATIO * max(len(data), 2**16):
        message = f"would unpack to {unpacked / 2**20:,.0f} MiB from {len(data) / 2**20:,.2f}; the limit is "
        message += f"{MOST_UNPACKED // 2**20} MiB and {MOST_RATIO} times its size"
        raise DataError(Problem("MM-LIM-007", message, "split the table, or save it as CSV or Parquet", file))
    return members


def _checked(data: bytes, file: str) -> Kind:
    if data.startswith(COMPOUND):
        if "EncryptedPackage".encode("utf-16-le") in data:
            raise _protected(file)
        return "Excel"
    members = {member.filename for member in check_archive(data, file)}
    if "META-INF/manifest.xml" in members and b"encryption-data" in _manifest(data):
        raise _protected(file)
    return next(kind for name, kind in _CONTENTS.items() if name in members)


def _manifest(data: bytes) -> bytes:
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive, archive.open("META-INF/manifest.xml") as member:
            return member.read(2**20)
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError):
        return b""


def _protected(file: str) -> DataError:
    return DataError(Problem("MM-XLS-002", "is protected by a password", "save it without a password", file))


def _damaged(cause: str, file: str) -> DataError:
    return refused("MM-XLS-001", "workbook", cause, _SAVE, file)


def _refusal(cause: str, file: str) -> DataError:
    if "password" in cause.casefold():
        return _protected(file)
    if cause.startswith("no sheet"):
        return DataError(Problem("MM-XLS-003", cause, "give one of them to --sheet", file))
    return _damaged(cause, file)


def _unpacked(answer: bytes) -> Iterator[tuple[dict[str, Any], pl.DataFrame]]:
    """Descriptions and frames, one after the other, each after its length."""
    view, position = memoryview(answer), 0
    while position < len(answer):
        parts = []
        for _ in range(2):
            (length,) = struct.unpack_from("<Q", answer, position)
            parts.append(view[position + 8 : position + 8 + length])
            position += 8 + length
        yield json.loads(bytes(parts[0])), pl.read_ipc(io.BytesIO(parts[1]))


def _grid(description: dict[str, Any], frame: pl.DataFrame, file: str, kind: Kind) -> Grid:
    frame = frame.with_columns(pl.all().str.replace(_MIDNIGHT, ""))
    grid = Grid(
        file, kind, frame, numbered_from(1, frame.height), description["sheet"],
        first=description["first"], hidden=description["hidden"],
    )  # fmt: skip
    filled, merged = _without_merges(grid, description["merged"])
    return replace(filled, problems=(*merged, *_strange_cells(grid, description)))


def _without_merges(grid: Grid, ranges: Sequence[Sequence[int]]) -> tuple[Grid, list[Problem]]:
    """Cells that were merged all hold what their first one does."""
    frame, problems = grid.frame, []
    for top, left, bottom, right in ranges[:1000]:
        columns = [str(k) for k in range(left - grid.first, right - grid.first + 1) if 0 <= k < frame.width]
        if not columns or top >= frame.height:
            continue
        value = frame[columns[0]][top]
        within = pl.int_range(pl.len()).is_between(top, min(bottom, frame.height - 1))
        frame = frame.with_columns(pl.when(within).then(pl.lit(value)).otherwise(name).alias(name) for name in columns)
        if top < bottom and value is not None:
            problems.append(_merged(grid, top, left, bottom, right, value))
    return replace(grid, frame=frame), problems


def _merged(grid: Grid, top: int, left: int, bottom: int, right: int, value: str) -> Problem:
    cells = f"{column_letters(left + 1)}{top + 1}:{column_letters(right + 1)}{bottom + 1}"
    message = f"the cells {cells} are merged: each is taken as {quoted(value)}"
    return grid.problem("MM-XLS-005", message, "unmerge them", top + 1, left + 1)


def _strange_cells(grid: Grid, description: dict[str, Any]) -> Iterator[Problem]:
    for row, column, text in description["errors"]:
        message = f"the cell holds the error {quoted(text)}, taken as blank"
        yield grid.problem("MM-XLS-004", message, "correct the formula", row + 1, column + 1)
    for row, column, text in description["unsaved"]:
        message = f"the formula {quoted('=' + text)} was saved without its value"
        fix = "open the workbook in Excel, let it calculate, and save it"
        yield grid.problem("MM-XLS-006", message, fix, row + 1, column + 1, warning=False)
    if description["silent"]:
        message = "hidden rows, merged cells and cells with errors are not told apart in this kind of workbook"
        yield grid.problem("MM-XLS-009", message, 'save it as "Excel Workbook (.xlsx)" to be told of them')
    if rows := description["hidden_rows"]:
        message = f"{counted(len(rows), 'hidden row')} taken like the others, the first of them row {rows[0] + 1}"
        yield grid.problem("MM-XLS-007", message, "delete those that are not meant", rows[0] + 1)


# --- in the child -------------------------------------------------------------------------------------------------


def parse(data: bytes, sheet: str | None, max_rows: int) -> bytes:
    """Sheets as pairs of a description and a frame in Arrow's form; called in the child."""
    import fastexcel

    reader = fastexcel.read_excel(data)
    names = reader.sheet_names
    if sheet is not None and sheet not in names:
        raise ValueError(f"no sheet is called {quoted(sheet)}; there are {', '.join(map(quoted, names[:20]))}")
    parts = _sheet_parts(data)
    answer = b""
    for name in names if sheet is None else [sheet]:
        loaded = reader.load_sheet(name, header_row=None, skip_rows=0, n_rows=max_rows + 1, dtypes="string")
        found: Any = loaded.to_polars()
        frame = found.rename({old: str(index) for index, old in enumerate(found.columns)})
        told = {"sheet": name, "hidden": loaded.visible != "visible", "silent": name not in parts}
        description = {**told, **_described(parts.get(name, b""))}
        answer += _packed(json.dumps(description).encode()) + _packed(_ipc(frame))
    return answer


def _packed(content: bytes) -> bytes:
    return struct.pack("<Q", len(content)) + content


def _ipc(frame: pl.DataFrame) -> bytes:
    target = io.BytesIO()
    _without_blank_tail(frame).write_ipc(target)
    return target.getvalue()


def _without_blank_tail(frame: pl.DataFrame) -> pl.DataFrame:
    """A million formatted rows below the table are none."""
    if frame.is_empty() or not frame.width:
        return frame.head(0)
    full = frame.select(pl.any_horizontal(pl.all().is_not_null() & (pl.all() != ""))).to_series().arg_true()
    return frame.head(int(full[-1]) + 1 if full.len() else 0)


def _sheet_parts(data: bytes) -> dict[str, bytes]:
    """The XML of each sheet of an .xlsx by its name: calamine tells neither merged cells nor what has no value."""
    if not data.startswith(ZIPPED):
        return {}
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        if "xl/workbook.xml" not in archive.namelist():
            return {}
        for name in archive.namelist():
            if name.endswith((".xml", ".rels")) and b"<!DOCTYPE" in archive.open(name).read(4096):
                raise ValueError(f"the part {quoted(name)} declares entities")
        targets = _targets(archive)
        return {name: archive.read(part) for name, part in targets.items() if part in archive.namelist()}


def _targets(archive: zipfile.ZipFile) -> dict[str, str]:
    """The part of each sheet."""
    from xml.etree import ElementTree  # entities were refused above

    if "xl/_rels/workbook.xml.rels" not in archive.namelist():
        return {}
    links = ElementTree.fromstring(archive.read("xl/_rels/workbook.xml.rels"))  # noqa: S314
    places = {link.get("Id"): str(link.get("Target")) for link in links}
    book = ElementTree.fromstring(archive.read("xl/workbook.xml"))  # noqa: S314
    found = {}
    for element in book.iter():
        if element.tag.endswith("}sheet"):
            identifier = next((value for key, value in element.items() if key.endswith("}id")), None)
            target = places.get(identifier, "")
            found[str(element.get("name"))] = target[1:] if target.startswith("/") else f"xl/{target}"
    return found


_REFERENCE = re.compile(rb'\br="([A-Z]{1,3})([0-9]{1,7})"')
_FULL_CELL = re.compile(rb'<(?:\w+:)?c (?:[^>]*? )?r="([A-Z]{1,3})[0-9]{1,7}"[^>]*[^/]>')
_ERROR_CELL = re.compile(rb'<(?:\w+:)?c [^>]*\bt="e"[^>]*>(?:(?!</(?:\w+:)?c>).)*?<(?:\w+:)?v>([^<]{0,20})<', re.DOTALL)
_UNSAVED = re.compile(
    rb"<(?:\w+:)?f(?: [^>]*[^/])?>([^<]{1,8192})</(?:\w+:)?f>"
    rb"\s*(?:<(?:\w+:)?v ?/>|<(?:\w+:)?v></(?:\w+:)?v>)?\s*</(?:\w+:)?c>"
)
_MERGED = re.compile(rb'<(?:\w+:)?mergeCell [^>]*ref="([A-Z]{1,3})([0-9]{1,7}):([A-Z]{1,3})([0-9]{1,7})"')
_HIDDEN = re.compile(rb'<(?:\w+:)?row [^>]*?\br="([0-9]{1,7})"[^>]*?\bhidden="(?:1|true)"')
_MOST_CELLS = 200


def _described(xml: bytes) -> dict[str, Any]:
    """What the XML of a sheet tells beside its values; positions count from 0."""
    columns = {_position(letters) for letters in set(_FULL_CELL.findall(xml))}
    return {
        "first": min(columns, default=0),
        "merged": [_range(found) for found in _MERGED.findall(xml)],
        "errors": [(*_cell_at(xml, found.start()), found[1].decode()) for found in _first(_ERROR_CELL, xml)],
        "unsaved": [
            (*_cell_at(xml, xml.rfind(b"c ", 0, found.start())), found[1].decode("utf-8", "replace")[:80])
            for found in _first(_UNSAVED, xml)
            if b't="str"' not in xml[xml.rfind(b"c ", 0, found.start()) : found.start()]
        ],
        "hidden_rows": [int(row) - 1 for row in _HIDDEN.findall(xml)],
    }


def _first(pattern: re.Pattern[bytes], xml: bytes) -> list[re.Match[bytes]]:
    return [found for found, _ in zip(pattern.finditer(xml), range(_MOST_CELLS), strict=False)]


def _cell_at(xml: bytes, position: int) -> tuple[int, int]:
    """Row and column of the cell whose element begins at `position`."""
    found = _REFERENCE.search(xml, max(position, 0))
    return (int(found[2]) - 1, _position(found[1])) if found else (0, 0)


def _range(found: tuple[bytes, bytes, bytes, bytes]) -> tuple[int, int, int, int]:
    left, top, right, bottom = found
    return int(top) - 1, _position(left), int(bottom) - 1, _position(right)


def _position(letters: bytes) -> int:
    """`A` is 0."""
    number = 0
    for letter in letters:
        number = 26 * number + letter - ord("A") + 1
    return number - 1

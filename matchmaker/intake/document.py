"""JSON and JSON lines: an array of objects, one object a line, or an object of such arrays by table."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, NoReturn

from matchmaker.decoding import decode
from matchmaker.errors import DataError, Problem, counted, quoted
from matchmaker.intake.grid import Grid, check_width, grid_frame, numbered_from
from matchmaker.table import ReadOptions, check_rows

_MOST_DIGITS = 400
_SHAPE = 'write an array of objects: [{"name": "…"}, …]'


class _Refused(ValueError):  # noqa: N818  # never leaves this module
    """A value that JSON readers take and that means nothing here."""


def looks_like_document(data: bytes) -> bool:
    """Whether the text begins as JSON does and no table would."""
    start = data[:4096].removeprefix(b"\xef\xbb\xbf").lstrip()
    if start[:1] == b"[":
        return start[1:].lstrip()[:1] in (b"{", b"[", b"") or data[-4096:].rstrip().endswith(b"]")
    return start[:1] == b"{" or start in (b"null", b"true", b"false")


def read_document(data: bytes, file: str, options: ReadOptions) -> list[Grid]:
    """The tables in a JSON text, each with a grid.

    Raises:
        DataError: it is not JSON, with line and column; a key stands twice in an object; it holds no table.
    """
    text, _ = decode(data, file, options.encoding)
    lines = _lines(text, file)
    if lines is not None:
        return [_grid_of([each for _, each in lines], file, "", options, [line for line, _ in lines])]
    document = _parsed(text, file)
    if isinstance(document, dict) and _is_row(document):
        document = [document]
    if isinstance(document, list):
        return [_grid_of(document, file, "", options)]
    tables = document.items() if isinstance(document, dict) else ()
    found = [_grid_of(rows, file, name, options) for name, rows in tables if isinstance(rows, list)]
    if not found:
        raise DataError(Problem("MM-JSN-002", f"holds no table but {quoted(text.strip())}", _SHAPE, file))
    return found


def _is_row(document: Mapping[str, Any]) -> bool:
    """Whether an object is a single record, as JSON lines of one line are, and not tables by their names."""
    rows = (row for value in document.values() if isinstance(value, list) for row in value)
    return any(isinstance(value, str) for value in document.values()) and not any(isinstance(r, Mapping) for r in rows)


def _lines(text: str, file: str) -> list[tuple[int, Any]] | None:
    """Objects by line, where the text is one object a line; a single one may be a whole document."""
    full = [(number, line) for number, line in enumerate(text.split("\n"), 1) if line.strip()]
    if len(full) < 2 or not all(line.lstrip().startswith("{") for _, line in full[:2]) or full[0][1].strip() == "{":
        return None
    return [(number, _parsed(line, file, number)) for number, line in full]


def _parsed(text: str, file: str, line: int = 1) -> Any:
    try:
        return json.loads(
            text, object_pairs_hook=_once, parse_constant=_no_number, parse_int=_number, parse_float=_number
        )
    except json.JSONDecodeError as error:
        place = line + error.lineno - 1
        raise DataError(
            Problem(
                "MM-JSN-001",
                f"is not JSON: {error.msg[:1].lower()}{error.msg[1:]}",
                "correct it",
                file,
                place,
                error.colno,
            )
        ) from None
    except _Refused as error:
        raise DataError(Problem("MM-JSN-003", str(error), "correct it", file, line if line > 1 else 0)) from None
    except RecursionError:
        raise DataError(Problem("MM-JSN-001", "is not JSON of a table: nested too deeply", _SHAPE, file)) from None


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        keys = [key for key, _ in pairs]
        twin = next(key for key in keys if keys.count(key) > 1)
        raise _Refused(
            f"the key {quoted(twin)} stands twice in one object, with {quoted(pairs[0][1])} in its first field"
        )
    return found


def _no_number(text: str) -> NoReturn:
    raise _Refused(f"holds {text}, which is no number")


def _number(text: str) -> str:
    """Numbers stay as they are written: 1.10 may be a version, and 20 digits an identifier."""
    if len(text) > _MOST_DIGITS:
        raise _Refused(f"holds a number of {len(text):,} digits")
    return text


def _grid_of(rows: list[Any], file: str, name: str, options: ReadOptions, lines: list[int] | None = None) -> Grid:
    where = f"$.{name}" if name else "$"
    for position, row in enumerate(rows):
        if not isinstance(row, Mapping):
            message = f"{where}[{position}] is {quoted(row)}, not an object"
            raise DataError(Problem("MM-JSN-002", message, _SHAPE, file, row=position + 1))
    check_rows(len(rows), file, options)
    keys = list(dict.fromkeys(key for row in rows for key in row))
    check_width(len(keys), file)
    columns = [[_text(row.get(key), f"{where}[{n}].{key}", file) for n, row in enumerate(rows)] for key in keys]
    numbers = numbered_from(1, len(rows))
    frame = grid_frame(columns)
    notes = [] if lines is None else [
        Problem("MM-JSN-004", f"is JSON lines: {counted(len(lines), 'object')}", "nothing to mend", file, warning=True)
    ]  # fmt: skip
    return Grid(file, "JSON", frame, numbers, name, tuple(keys), problems=tuple(notes))


def _text(value: Any, where: str, file: str) -> str | None:
    if value is None or isinstance(value, str):
        if value is not None and not _encodable(value):
            raise DataError(Problem("MM-JSN-003", f"{where} holds half of a character", "correct it", file))
        return value
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list) and all(isinstance(item, str) for item in value):
        return ";".join(value)
    if isinstance(value, Mapping) and all(isinstance(item, str) for item in value.values()):
        return ";".join(value.values())
    message = f"{where} is {quoted(value)}"
    raise DataError(Problem("MM-JSN-002", message, "a text, a number, or a list of texts is wanted", file))


def _encodable(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True

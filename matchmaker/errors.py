"""What can be wrong with a user's input, and how it is said: what, where, why, and how to mend it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import ClassVar, NamedTuple

MOST_PROBLEMS_SHOWN = 20


def safe_text(value: object, limit: int = 80) -> str:
    """Return `value` as text that is safe to print: no control or bidi characters, at most `limit` characters.

    Every string that comes from a user's file passes here before it reaches a terminal or a log.
    """
    text = str(value)
    if len(text) > limit:
        text = text[: limit - 1] + "…"
    return "".join(character if character.isprintable() else _escaped(character) for character in text)


def counted(n: int, noun: str) -> str:
    """`1 row`, `2 rows`."""
    return f"{n:,} {noun}" + ("" if n == 1 else "s")


def quoted(value: object) -> str:
    """Return `value` escaped and in double quotes, for use inside a message."""
    return f'"{safe_text(value)}"'


def _escaped(character: str) -> str:
    return character.encode("unicode_escape").decode("ascii")


def column_letters(number: int) -> str:
    """The name of a column of a workbook, counted from 1.

    >>> column_letters(28)
    'AB'
    """
    letters = ""
    while number > 0:
        number, rest = divmod(number - 1, 26)
        letters = chr(ord("A") + rest) + letters
    return letters


class Refusal(NamedTuple):
    """Why one value is refused, before it is known where the value stands."""

    code: str
    message: str
    fix: str


@dataclass(frozen=True)
class Problem:
    """One thing wrong with a user's input.

    `line` is the physical line where the record starts (the header is 1), `column` the 1-based number of the field;
    0 means that the problem concerns the whole file or the whole record. What has no lines (Parquet, a frame) has
    `row`, the first of them 1, instead; in a workbook, that is the row of `sheet`.
    """

    code: str
    message: str
    fix: str = ""
    file: str = ""
    line: int = 0
    column: int = 0
    field: str = ""
    warning: bool = False
    row: int = 0
    sheet: str = ""

    @property
    def where(self) -> str:
        """`file:line:column`, `file:row 17:name` or `file!Sheet!B17`, as far as it is known."""
        place = safe_text(self.file, 400)
        if self.sheet:
            cell = f"{column_letters(self.column)}{self.row}" if self.column and self.row else ""
            parts = [place, safe_text(self.sheet), cell or (f"row {self.row}" if self.row else "")]
            return "!".join(part for part in parts if part)
        if self.row:
            return f"{place}:row {self.row}" + (f":{safe_text(self.field)}" if self.field else "")
        if self.line:
            place += f":{self.line}"
            if self.column:
                place += f":{self.column}"
        return place

    def __str__(self) -> str:
        grade = "warning" if self.warning else "error"
        parts = [f"{grade}[{self.code}]: "]
        if self.where:
            parts.append(f"{self.where}: ")
        parts.append(self.message)
        if self.fix:
            parts.append(f"; fix: {self.fix}")
        return "".join(parts)

    def as_dict(self) -> dict[str, object]:
        """The same as an object for `--json`."""
        return asdict(self)


class MatchmakerError(Exception):
    """Base of the errors that a user can mend; `exit_code` is what the command line returns."""

    exit_code: ClassVar[int] = 1

    def __init__(self, problems: Problem | Sequence[Problem]) -> None:
        self.problems: list[Problem] = [problems] if isinstance(problems, Problem) else list(problems)
        super().__init__("\n".join(str(problem) for problem in self.problems[:MOST_PROBLEMS_SHOWN]))


class DataError(MatchmakerError):
    """The input or the data was refused."""

    exit_code = 1


class UsageError(MatchmakerError):
    """Wrong use: no such file, an unknown name, an unsupported type."""

    exit_code = 2


class StoreError(MatchmakerError):
    """The store is busy or out of reach."""

    exit_code = 3

"""An answer and the forms that it takes: a page for a person, records for a machine."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from matchmaker.cli.complain import one_of, say
from matchmaker.cli.options import Output, Talk
from matchmaker.cli.page import Page
from matchmaker.errors import Problem, UsageError, quoted
from matchmaker.writing import (
    FORMATS,
    Record,
    as_csv,
    as_json,
    as_json_lines,
    as_markdown,
    as_parquet,
    format_of,
    refuse_target,
    write_file,
)


@dataclass(frozen=True)
class Answer:
    """What a command found out.

    `records` have plain cells in `columns`, for the flat formats; `document` is the same for JSON, with its lists;
    `lines` are the objects of JSON lines; `print_page` prints it for a person.
    """

    columns: Sequence[str]
    records: Sequence[Record]
    document: Any
    lines: Sequence[Any]
    print_page: Callable[[Page], None]


def deliver(answer: Answer, output: Output, talk: Talk) -> None:
    """Write an answer to the file or the stream, in the format, that were asked for."""
    form = chosen_format(output)
    if output.file in (None, "-"):
        _to_stdout(answer, form)
        return
    content = _page(answer, Page.of_file()).encode() if form == "table" else _encoded(answer, form, for_people=True)
    write_to(str(output.file), content, talk)


def chosen_format(output: Output) -> str:
    """The format that is meant: the one named, else the file's ending, else what suits a terminal or a pipe.

    Raises:
        UsageError: no such format or ending; Parquet to a terminal.
        DataError: the file cannot be written, which is better said before the work than after.
    """
    form = one_of("--format", output.format, ("auto", *FORMATS))
    to_file = output.file not in (None, "-")
    if to_file:
        refuse_target(a_path(str(output.file)))
    on_terminal = not to_file and sys.stdout.isatty()
    if form == "parquet" and on_terminal:
        raise UsageError(Problem("MM-CLI-009", "Parquet is not text for a terminal", "write it to a file: -o FILE"))
    if form != "auto":
        return form
    if to_file:
        return format_of(str(output.file))
    return "table" if on_terminal else "csv"


def write_to(file: str, content: bytes | Iterable[bytes], talk: Talk) -> None:
    """Write a whole file, or nothing, and say so."""
    write_file(a_path(file), content)
    if not talk.quiet:
        say(f"wrote {file}")


def write_bytes(content: bytes) -> None:
    """Write to stdout as it is."""
    sys.stdout.flush()
    sys.stdout.buffer.write(content)
    sys.stdout.buffer.flush()


def a_path(text: str) -> str:
    """`text`, unless it is an address.

    Raises:
        UsageError: it is.
    """
    if "://" in text[:12]:
        raise UsageError(
            Problem("MM-CLI-008", f"{quoted(text)} is an address; matchmaker takes files only", "save it first")
        )
    return text


def _to_stdout(answer: Answer, form: str) -> None:
    if form == "table":
        sys.stdout.write(_page(answer, Page.of_stdout()))
        sys.stdout.flush()
    else:
        content = _encoded(answer, form)
        write_bytes(_safe(content) if sys.stdout.isatty() else content)


def _page(answer: Answer, page: Page) -> str:
    answer.print_page(page)
    return page.text()


def _encoded(answer: Answer, form: str, *, for_people: bool = False) -> bytes:
    if form == "json":
        return as_json(answer.document)
    if form == "jsonl":
        return as_json_lines(answer.lines)
    if form == "md":
        return as_markdown(answer.records, answer.columns)
    if form == "parquet":
        return as_parquet(answer.records, answer.columns)
    return as_csv(answer.records, answer.columns, for_people=for_people)


def _safe(content: bytes) -> bytes:
    """On a terminal nothing may act that a user's file holds."""
    lines = content.decode().split("\n")
    return "\n".join("".join(c if c.isprintable() else ascii(c)[1:-1] for c in line) for line in lines).encode()

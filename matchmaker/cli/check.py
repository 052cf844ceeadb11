"""`matchmaker check`: read files or a domain and list everything wrong with them."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from matchmaker.bundled import bundled
from matchmaker.cli.answer import a_path, write_bytes, write_to
from matchmaker.cli.complain import complain, say
from matchmaker.cli.intake import intake_options, recognized_lines
from matchmaker.cli.options import Files, Talk, spread
from matchmaker.cli.world import read_options
from matchmaker.errors import MatchmakerError, Problem, UsageError, counted, quoted
from matchmaker.writing import as_json

if TYPE_CHECKING:
    from matchmaker.dataset import Dataset
    from matchmaker.domain import Domain
    from matchmaker.intake import Intake

Places = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="FOLDER|FILE…",
        help="Folder of a domain (left out, the embedded one), or files: CSV, Excel, OpenDocument, JSON, Parquet,"
        " SQLite; or postgresql://… addresses.",
        show_default=False,
    ),
]
AsJson = Annotated[bool, typer.Option("--json", help="The same as one JSON object on stdout.")]
Copy = Annotated[
    str | None,
    typer.Option(
        "--output",
        "-o",
        metavar="FILE.problems.xlsx",
        help="Write the rows with their problems beside them, to correct.",
    ),
]


@spread
def check(talk: Talk, files: Files, places: Places = None, output: Copy = None, as_objects: AsJson = False) -> int:
    """Read a domain in FOLDER, or FILEs as `import` would, and list everything wrong; nothing is changed.

    Exit code 0: it can be used, perhaps with warnings; 1: it has errors; 2: it could not be read.
    """
    given = list(places or ())
    if len(given) > 1 or (given and not _is_folder(given[0])):
        return _check_files(given, output, talk, files, as_objects=as_objects)
    if output is not None:
        raise UsageError(Problem("MM-CLI-005", "--output is for files, and this is a folder", "leave it out"))
    return _check_folder(given[0] if given else talk.domain, talk, as_objects=as_objects)


def _is_folder(place: str) -> bool:
    try:
        return Path(place).is_dir()
    except (OSError, ValueError):  # what no file can be called is said by whoever reads it
        return False


# --- files --------------------------------------------------------------------------------------------------------


def _check_files(given: Sequence[str], output: str | None, talk: Talk, files: Files, *, as_objects: bool) -> int:
    from matchmaker.intake import read_sources

    if output is not None and not output.lower().endswith(".xlsx"):
        raise UsageError(Problem("MM-CLI-006", f"{quoted(output)} does not end in .xlsx", "name it so"))
    known = known_already(None if talk.domain is None else a_path(talk.domain))
    try:
        intake = read_sources(given, domain=known.domain, options=intake_options(talk, files), known=known)
    except MatchmakerError as error:
        _report([], [], error.problems, talk, as_objects=as_objects)
        return error.exit_code
    tables = [{"table": name, "file": ", ".join(given), "rows": frame.height} for name, frame in intake.tables.items()]
    lines = [*recognized_lines(intake), "" if intake.errors else _verdict(intake.problems)]
    _report(lines, tables, intake.problems, talk, as_objects=as_objects)
    offer_copy(intake, known.domain, given, output, talk)
    return 1 if intake.errors else 0


@lru_cache(maxsize=1)
def known_already(folder: str | None) -> Dataset:
    """Who is known already: the domain, read as docs/format.md has it, since the options are for the files."""
    from matchmaker.dataset import Dataset

    return Dataset.read(folder)


def offer_copy(intake: Intake, domain: Domain, given: Sequence[str], output: str | None, talk: Talk) -> None:
    """Write the copy to correct that was asked for, or say how to get one."""
    if output is not None:
        from matchmaker.intake.form import corrected_copy

        write_to(output, corrected_copy(intake, domain), talk)
    elif intake.errors and not talk.quiet:
        name = Path(given[0]).stem if "://" not in given[0] else "table"
        say(f"to correct it: add -o {name}.problems.xlsx for a copy with the problems beside the rows")


# --- a folder -----------------------------------------------------------------------------------------------------


def _check_folder(place: str | None, talk: Talk, *, as_objects: bool) -> int:
    from matchmaker.dataset import Dataset

    try:
        dataset = Dataset.read(None if place is None else a_path(place), read_options(talk))
    except MatchmakerError as error:
        _report([], [], error.problems, talk, as_objects=as_objects)
        return error.exit_code
    tables = _tables(dataset, place)
    verdict = f"Read as {talk.encoding or 'UTF-8'}. {_verdict(dataset.problems)}"
    _report([*map(_table_line, tables), verdict], tables, list(dataset.problems), talk, as_objects=as_objects)
    return 0


def _tables(dataset: Dataset, folder: str | None) -> list[dict[str, Any]]:
    from matchmaker.schema import TABLES

    place = bundled("data") if folder is None else Path(folder)
    place = place / "data" if (place / "data").is_dir() else place
    return [{"table": name, "file": _file(place, name), "rows": getattr(dataset, name).height} for name in TABLES]


def _file(place: Path, name: str) -> str | None:
    """The file that holds a table; none where the table is not there."""
    return next((name + ending for ending in (".csv", ".parquet") if (place / (name + ending)).exists()), None)


def _table_line(table: dict[str, Any]) -> str:
    name = table["file"] or f"{table['table']}: not there"
    return f"{name:<24} {counted(table['rows'], 'row') if table['file'] else ''}".rstrip()


# --- both ---------------------------------------------------------------------------------------------------------


def _verdict(problems: Sequence[Problem]) -> str:
    return f"It can be used; {counted(len(problems), 'warning') if problems else 'no warning'}."


def _report(
    lines: Sequence[str], tables: list[dict[str, Any]], problems: list[Problem], talk: Talk, *, as_objects: bool
) -> None:
    """Print what was read and what is wrong with it."""
    if as_objects:
        usable = not any(not problem.warning for problem in problems)
        found = [problem.as_dict() for problem in problems]
        write_bytes(as_json({"usable": usable, "tables": tables, "problems": found}))
        return
    sys.stdout.writelines(line + "\n" for line in lines if line)
    sys.stdout.flush()
    complain([problem for problem in problems if not (talk.quiet and problem.warning)])

"""`matchmaker check`: read a domain and list everything wrong with it."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from matchmaker.bundled import bundled
from matchmaker.cli.answer import a_path, write_bytes
from matchmaker.cli.complain import complain
from matchmaker.cli.options import Folder, Talk, spread
from matchmaker.cli.world import read_options
from matchmaker.errors import MatchmakerError, Problem, counted
from matchmaker.writing import as_json

if TYPE_CHECKING:
    from matchmaker.dataset import Dataset

AsJson = Annotated[bool, typer.Option("--json", help="The same as one JSON object on stdout.")]


@spread
def check(talk: Talk, folder: Folder = None, as_objects: AsJson = False) -> int:
    """Read the domain in FOLDER and list everything wrong with it; nothing is changed.

    Exit code 0: it can be used, perhaps with warnings; 1: it has errors; 2: it could not be read.
    """
    from matchmaker.dataset import Dataset

    place = folder or talk.domain
    try:
        dataset = Dataset.read(None if place is None else a_path(place), read_options(talk))
    except MatchmakerError as error:
        _report([], error.problems, talk, as_objects=as_objects)
        return error.exit_code
    _report(_tables(dataset, place), list(dataset.problems), talk, as_objects=as_objects)
    return 0


def _report(tables: list[dict[str, Any]], problems: list[Problem], talk: Talk, *, as_objects: bool) -> None:
    """Print what was read and what is wrong with it."""
    errors = sum(not problem.warning for problem in problems)
    if as_objects:
        found = [problem.as_dict() for problem in problems]
        write_bytes(as_json({"usable": not errors, "tables": tables, "problems": found}))
        return
    for table in tables:
        name = table["file"] or f"{table['table']}: not there"
        sys.stdout.write(f"{name:<24} {counted(table['rows'], 'row') if table['file'] else ''}".rstrip() + "\n")
    if tables:
        warnings = counted(len(problems), "warning") if problems else "no warning"
        sys.stdout.write(f"Read as {talk.encoding or 'UTF-8'}. It can be used; {warnings}.\n")
    sys.stdout.flush()
    complain([problem for problem in problems if not (talk.quiet and problem.warning)])


def _tables(dataset: Dataset, folder: str | None) -> list[dict[str, Any]]:
    from matchmaker.schema import TABLES

    place = bundled("data") if folder is None else Path(folder)
    place = place / "data" if (place / "data").is_dir() else place
    return [{"table": name, "file": _file(place, name), "rows": getattr(dataset, name).height} for name in TABLES]


def _file(place: Path, name: str) -> str | None:
    """The file that holds a table; none where the table is not there."""
    return next((name + ending for ending in (".csv", ".parquet") if (place / (name + ending)).exists()), None)

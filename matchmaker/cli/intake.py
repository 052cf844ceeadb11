"""What the commands that read people's files share: options, and saying what was taken."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import fields
from typing import TYPE_CHECKING

from matchmaker.cli.complain import one_of
from matchmaker.cli.options import Files, Reading, Talk
from matchmaker.errors import Problem, UsageError, quoted

if TYPE_CHECKING:
    from matchmaker.intake import Intake, IntakeOptions

_UNITS = {"": 1, "K": 2**10, "M": 2**20, "G": 2**30}


def intake_options(talk: Talk, files: Files) -> IntakeOptions:
    """How to read the files.

    Raises:
        UsageError: no such table, or a size that is none.
    """
    from matchmaker.intake import IntakeOptions
    from matchmaker.schema import TABLES

    table = None if files.table is None else one_of("--table", files.table, TABLES)
    stated = {field.name: getattr(talk, field.name) for field in fields(Reading)}
    return IntakeOptions(
        **stated, sheet=files.sheet, table=table, country=files.country, max_memory=memory_of(files.max_memory)
    )


def memory_of(text: str) -> int:
    """Bytes from a size such as 512M or 3G.

    Raises:
        UsageError: it is none.
    """
    found = re.fullmatch(r"([0-9]{1,9})([KMG]?)i?B?", text.strip(), re.IGNORECASE)
    if not found or int(found[1]) == 0:
        raise UsageError(Problem("MM-CLI-003", f"--max-memory {quoted(text)} is no size", "such as 512M or 3G"))
    return int(found[1]) * _UNITS[found[2].upper()]


def recognized_lines(intake: Intake) -> Iterator[str]:
    """What was taken from each sheet, before anything is saved."""
    for each in intake.recognized:
        yield from each.lines()

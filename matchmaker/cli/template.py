"""`matchmaker template`: a workbook for people to list participants in."""

from __future__ import annotations

from typing import Annotated

import typer

from matchmaker.cli.answer import a_path, write_to
from matchmaker.cli.options import Talk, spread
from matchmaker.errors import Problem, UsageError, quoted


@spread
def template(
    talk: Talk,
    output: Annotated[str, typer.Option("--output", "-o", metavar="FILE.xlsx", help="Write to FILE.xlsx.")],
) -> None:
    """Write a workbook with headings in three languages, drop-down lists of the domain's terms, and an example row.

    The example row is not taken when the workbook is read; `matchmaker check FILE.xlsx` says what is.
    """
    if not output.lower().endswith(".xlsx"):
        raise UsageError(Problem("MM-CLI-006", f"{quoted(output)} does not end in .xlsx", "name it so"))
    from matchmaker.domain import Domain
    from matchmaker.intake.form import template as workbook

    domain = Domain.read(None if talk.domain is None else a_path(talk.domain))
    write_to(output, workbook(domain), talk)

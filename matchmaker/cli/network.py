"""`matchmaker network`: a picture of an organization's neighborhood."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from matchmaker.cli.answer import a_path, write_bytes, write_to
from matchmaker.cli.options import AsOf, Organization, Talk, spread
from matchmaker.cli.world import dataset_of, day_of, organization_of
from matchmaker.errors import Problem, UsageError
from matchmaker.writing import format_of, refuse_target

Picture = Annotated[
    str | None,
    typer.Option("--output", "-o", metavar="FILE.svg", help="Where to; without it, to the pipe."),
]


@spread
def network(organization: Organization, talk: Talk, file: Picture = None, as_of: AsOf = None) -> None:
    """Draw the events, agreements and organizations around one of them, as one SVG file that needs nothing else."""
    if file not in (None, "-"):
        refuse_target(a_path(str(file)))
        format_of(str(file), {".svg": "svg"})
    elif sys.stdout.isatty():
        raise UsageError(Problem("MM-CLI-009", "a picture is not text for a terminal", "write it: -o network.svg"))
    day = day_of(as_of)
    dataset = dataset_of(talk) if day is None else dataset_of(talk).as_of(day)
    row = dataset.row(organization_of(dataset, organization, talk).id)
    from matchmaker.picture import neighborhood_svg

    picture = neighborhood_svg(dataset, row).encode()
    if file in (None, "-"):
        write_bytes(picture)
    else:
        write_to(str(file), picture, talk)

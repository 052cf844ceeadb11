"""`matchmaker index`: keep the fitted blend beside the data, so that one list need not read and fit everything."""

from __future__ import annotations

from typing import Annotated

import typer

from matchmaker.cli.answer import a_path
from matchmaker.cli.complain import say
from matchmaker.cli.options import Talk, spread
from matchmaker.cli.quick import import_scipy
from matchmaker.errors import Problem, UsageError


@spread
def index(
    talk: Talk,
    weights: Annotated[
        str | None, typer.Option("--weights", metavar="FILE", help="TOML with [weights], for `match --weights FILE`.")
    ] = None,
) -> None:
    """Fit the blend and keep it in DOMAIN/index, from where `match` and all others take it while the data are the same.

    When data or vocabularies change, the index is left, and said to be of other data, until it is built anew.
    """
    if talk.domain is None:
        fix = "give --domain FOLDER; the embedded data are read in no time"
        raise UsageError(Problem("MM-IDX-004", "an index lies beside the data of a domain", fix))
    import_scipy()
    from matchmaker.domain import read_weights
    from matchmaker.index import Index

    folder = a_path(talk.domain)
    built = Index.build(folder, None if weights is None else read_weights(a_path(weights)))
    if not talk.quiet:
        say(f"wrote {built.folder}: {len(built.ids):,} organizations, {built.megabytes:,.0f} MB")

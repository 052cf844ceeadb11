"""`matchmaker forget`: erase an organization or a person from a store, for good."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from matchmaker.cli.history import told
from matchmaker.cli.options import Author, Talk, spread
from matchmaker.cli.world import opened, store_address, who
from matchmaker.errors import safe_text


@spread
def forget(
    talk: Talk,
    name: Annotated[
        str, typer.Argument(metavar="ORGANIZATION|NAME", help="Identifier of an organization; with --person, a name.")
    ],
    person: Annotated[bool, typer.Option("--person", help="Erase the name of a person from all texts.")] = False,
    author: Author = None,
) -> None:
    """Erase an organization everywhere in the store, its history included; this cannot be undone.

    What is imported later is kept free of it: a keyed digest of its names stays, and nothing else. Files that were
    exported or backed up before are out of reach.
    """
    with opened(store_address(talk)) as store:
        change = store.forget(name, author=who(author), person=person)
    sys.stdout.write(f"Forgotten: {safe_text(name)}. {told(change).capitalize() or 'Its name was in texts only'}.\n")
    if store.place.path is None and not talk.quiet:
        sys.stderr.write("The log of a Postgres server, and its backups, are its administrator's to clear.\n")

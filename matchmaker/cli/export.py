"""`matchmaker export`: all tables of a store or a domain as files, or in another store."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from matchmaker.cli.answer import a_path
from matchmaker.cli.complain import one_of, say
from matchmaker.cli.history import rows
from matchmaker.cli.options import Author, Talk, spread
from matchmaker.cli.world import dataset_of, opened, who

if TYPE_CHECKING:
    import polars as pl

STORES = (".db", ".sqlite", ".sqlite3")


@spread
def export(
    talk: Talk,
    to: Annotated[
        str,
        typer.Option("--to", metavar="TARGET", help="FILE.xlsx, FILE.json, FILE.db, a folder, or postgresql://…"),
    ],
    form: Annotated[
        str, typer.Option("--format", "-f", metavar="FORMAT", help="In a folder: csv, tsv, parquet or jsonl.")
    ] = "csv",
    personal: Annotated[bool, typer.Option("--personal", help="With the columns that name persons.")] = False,
    author: Author = None,
) -> None:
    """Write all tables of the store (without --store: of the domain); `import` reads them back to the same store."""
    from matchmaker.store.export import IN_A_FOLDER, write_tables

    one_of("--format", form, IN_A_FOLDER)
    tables = _tables(talk)
    if "://" in to or to.endswith(STORES):
        _to_store(tables, to if "://" in to else f"sqlite:///{to}", author, personal=personal)
    else:
        write_tables(tables, Path(a_path(to)), form, personal=personal)
    if not talk.quiet:
        say("wrote " + (rows({name: frame.height for name, frame in tables.items() if frame.height}) or "nothing"))


def _tables(talk: Talk) -> dict[str, pl.DataFrame]:
    if talk.store is not None:
        with opened(talk.store) as store:
            return store.texts()
    from matchmaker.schema import TABLES
    from matchmaker.store.row import texts_of

    dataset = dataset_of(talk)
    return {name: texts_of(getattr(dataset, name), table) for name, table in TABLES.items()}


def _to_store(tables: dict[str, pl.DataFrame], url: str, author: str | None, *, personal: bool) -> None:
    from matchmaker.store.session import PERSONAL

    hidden = {} if personal else PERSONAL
    kept = {name: frame.drop(hidden.get(name, ())) for name, frame in tables.items()}
    with opened(url, create=True) as store:
        store.put(kept, author=who(author), source="export")

"""`matchmaker import`: bring files and tables of databases into a store, in one change that can be undone."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple

import typer

from matchmaker.cli.check import Copy, known_already, offer_copy
from matchmaker.cli.complain import complain, one_of
from matchmaker.cli.history import rows, told
from matchmaker.cli.intake import intake_options, recognized_lines
from matchmaker.cli.options import Author, Files, Talk, spread
from matchmaker.cli.world import opened, store_address, who
from matchmaker.errors import DataError, MatchmakerError, Problem, UsageError, quoted, safe_text

if TYPE_CHECKING:
    import polars as pl

    from matchmaker.dataset import Dataset
    from matchmaker.domain import Domain
    from matchmaker.intake import Intake, IntakeOptions
    from matchmaker.store import Change, Store

REGISTRIES = ("cordis", "clinicaltrials", "ror")
Sources = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="[REGISTRY] FILE|FOLDER|URL…",
        help="CSV, Excel, OpenDocument, JSON, Parquet or SQLite files, a folder of tables, postgresql://… addresses; "
        "after cordis, clinicaltrials or ror, files of that registry.",
        show_default=False,
    ),
]


class Invitation(NamedTuple):
    """To which session those in the files are invited, and on which side they are (None: that of their country)."""

    session: str
    side: str | None


@spread
def import_(
    talk: Talk,
    files: Files,
    sources: Sources = None,
    session: Annotated[
        str | None, typer.Option("--session", metavar="NAME", help="The organizations attend this session.")
    ] = None,
    side: Annotated[
        str | None, typer.Option("--side", metavar="left|right", help="Of the session; left out, by the country.")
    ] = None,
    author: Author = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would be saved, and save nothing.")] = False,
    undo: Annotated[int | None, typer.Option("--undo", metavar="NUMBER", help="Take a change back.")] = None,
    alone: Annotated[
        bool, typer.Option("--alone", help="Without the domain's own organizations, though these are of one side.")
    ] = False,
    output: Copy = None,
) -> int:
    """Read files as `check` does, show what was recognized, and save all of it in the store, or nothing.

    New rows are added, known ones filled in or corrected; the same twice is once. --undo takes a change back.
    A list of one side of the border that begins a store meets there the organizations of the domain.
    """
    address = store_address(talk)
    if undo is not None:
        return undone(address, undo, author)
    if not sources:
        raise UsageError(Problem("MM-CLI-004", "no file is named", "see matchmaker import --help"))
    invitation = None if session is None else _invitation(session, side)
    if sources[0] in REGISTRIES and len(sources) > 1:
        return _import_registry(address, sources, author, talk, dry_run=dry_run)
    return _import(address, sources, invitation, author, output, talk, files, dry_run=dry_run, alone=alone)


def undone(address: str, number: int, author: str | None) -> int:
    """Take a change back, and say so."""
    with opened(address) as store:
        change = store.undo(number, author=who(author))
    done = told(change) or "nothing to do"
    sys.stdout.write(f"Undone: change {number} ({done}). Again: matchmaker import --undo {change.number}\n")
    return 0


def _import(
    address: str, sources: Sequence[str], invitation: Invitation | None, author: str | None, output: str | None,
    talk: Talk, files: Files, *, dry_run: bool, alone: bool,
) -> int:  # fmt: skip
    from matchmaker.domain import Domain

    domain, options = Domain.read(talk.domain), intake_options(talk, files)
    known, exists = _known(address, domain, options)
    intake, tables = _read(_files(sources), domain, options, known)
    joined = _joined(tables, domain, talk) if known is None and not alone else None
    if joined is not None:
        intake, tables = _read(_files(sources), domain, options, joined)
    if not _is_usable(intake, domain, sources, output, talk):
        return 1
    del intake  # what large files were read from would stand beside what is written
    stated = {
        "tables": tables if invitation is None else _invited(tables, invitation, domain),
        "author": who(author),
        "source": ", ".join(map(source_name, sources)),
        "session": invitation and invitation.session,
        "options": options,
        "domain": domain,
    }
    changes = [_own(joined, domain), stated] if joined is not None else [stated]
    for change in _saved(address, changes, new=not exists, dry_run=dry_run):
        report_change(change, dry_run=dry_run, named=len(changes) > 1)
    return 0


def _is_usable(intake: Intake, domain: Domain, sources: Sequence[str], output: str | None, talk: Talk) -> bool:
    """Show what was recognized and what is wrong with it; whether it may be saved."""
    sys.stdout.writelines(line + "\n" for line in recognized_lines(intake))
    sys.stdout.flush()
    complain([problem for problem in intake.problems if not (talk.quiet and problem.warning)])
    if intake.errors:
        sys.stdout.write("Nothing was saved.\n")
        offer_copy(intake, domain, sources, output, talk)
    return not intake.errors


def _joined(tables: dict[str, pl.DataFrame], domain: Domain, talk: Talk) -> Dataset | None:
    """The domain's own data, if it has some, where nobody of the tables could be matched with another one of them."""
    organizations = tables.get("organizations")
    if domain.sides is None or organizations is None or "country" not in organizations.columns:
        return None
    sides = {side.country for side in domain.sides} & set(organizations["country"].to_list())
    if len(sides) != 1:
        return None
    try:
        return known_already(talk.domain)
    except UsageError:  # a domain that has terms alone
        return None


def _own(dataset: Dataset, domain: Domain) -> dict[str, Any]:
    """The domain's own data as a change of its own, which can be undone alone."""
    from matchmaker.schema import TABLES

    tables = {name: getattr(dataset, name) for name in TABLES}
    return {"tables": tables, "author": "matchmaker", "source": domain.title}


def _import_registry(address: str, sources: Sequence[str], author: str | None, talk: Talk, *, dry_run: bool) -> int:
    """Import the files of a registry part by part, in one change."""
    from matchmaker.domain import Domain
    from matchmaker.intake.registry import read_registry

    registry, *paths = sources
    parts = read_registry(registry, paths, domain=Domain.read(talk.domain))
    source = f"{registry}: {', '.join(map(source_name, paths))}"
    with _store_for(address, dry_run=dry_run) as store:
        change = store.put(_parts(parts, talk), author=who(author), source=source, dry_run=dry_run)
    report_change(change, dry_run=dry_run)
    return 0


@contextmanager
def _store_for(address: str, *, dry_run: bool) -> Iterator[Store]:
    """The store to write to; where there is none yet, a dry run gets one that is thrown away."""
    with ExitStack() as stack:
        if dry_run and not _is_there(address):
            address = f"sqlite:///{stack.enter_context(TemporaryDirectory())}/store.db"
        yield stack.enter_context(opened(address, create=True))


def _is_there(address: str) -> bool:
    try:
        opened(address).close()
    except UsageError as error:
        if error.problems[0].code != "MM-STO-002":
            raise
        return False
    return True


def _parts(parts: Iterator[Intake], talk: Talk) -> Iterator[dict[str, pl.DataFrame]]:
    for part in parts:
        if part.errors:
            raise DataError(part.errors)
        complain([] if talk.quiet else part.problems)
        yield part.tables


def _known(address: str, domain: Domain, options: IntakeOptions) -> tuple[Dataset | None, bool]:
    """The organizations and events of the store, if there are any, and whether there is a store."""
    try:
        with opened(address) as store:
            return store.dataset(domain, replace(options, allow_unknown=True), names=("organizations", "events")), True
    except MatchmakerError as error:
        if error.problems[0].code not in ("MM-STO-002", "MM-STO-014"):
            raise
        return None, error.problems[0].code == "MM-STO-014"


def _saved(address: str, changes: Sequence[dict[str, Any]], *, new: bool, dry_run: bool) -> list[Change]:
    """The changes; where there is no store yet, they are tried elsewhere, so that a refusal leaves none behind."""
    from matchmaker.store.store import MOST_CHECKED

    n_rows = sum(frame.height for stated in changes for frame in stated["tables"].values())
    if new and (dry_run or n_rows < MOST_CHECKED):
        with TemporaryDirectory() as folder, opened(f"sqlite:///{folder}/store.db", create=True) as trial:
            tried = [trial.put(**stated) for stated in changes]
        if dry_run:
            return tried
        changes = [{**stated, "domain": None} for stated in changes]  # it was read as a world just now
    with opened(address, create=True) as store:
        return [store.put(**stated, dry_run=dry_run) for stated in changes]


def _read(
    sources: Sequence[str], domain: Domain, options: IntakeOptions, known: Dataset | None
) -> tuple[Intake, dict[str, pl.DataFrame]]:
    """What the files give; tables of sessions are read as `export` wrote them."""
    from matchmaker.intake import Intake, read_sources
    from matchmaker.store.export import unescaped
    from matchmaker.store.session import SESSION_TABLES
    from matchmaker.table import LINE, read_table

    if len(sources) == 1 and (stored := _stored(sources[0])) is not None:
        return Intake({}, [], []), stored
    own = [source for source in sources if Path(source).stem in SESSION_TABLES]
    rest = [source for source in sources if source not in own]
    intake = read_sources(rest, domain=domain, options=options, known=known) if rest else Intake({}, [], [])
    tables = dict(intake.tables)
    for source in own:
        sheet, problems = read_table(Path(source), SESSION_TABLES[Path(source).stem], options)
        intake.problems.extend(problems)
        tables[Path(source).stem] = sheet.frame.drop(LINE)
    return intake, {name: unescaped(frame) for name, frame in tables.items()}


def _stored(source: str) -> dict[str, pl.DataFrame] | None:
    """The tables of another store, such as a backup; None where the source is no store."""
    from matchmaker.store.connection import is_store

    if not is_store(source):
        return None
    with opened(source if "://" in source else f"sqlite:///{source}") as store:
        return {name: frame for name, frame in store.texts().items() if frame.height}


def _files(sources: Sequence[str]) -> list[str]:
    """The sources, with the tables of a folder for the folder."""
    from matchmaker.store.session import STORED

    found: list[str] = []
    for source in sources:
        folder = Path(source)
        if "://" in source or not folder.is_dir():
            found.append(source)
            continue
        place = folder / "data" if (folder / "data").is_dir() else folder
        tables = [path for path in sorted(place.iterdir()) if path.stem in STORED and path.is_file()]
        if not tables:
            raise UsageError(Problem("MM-USE-008", "there is no table in this folder", "see docs/format.md", source))
        found += map(str, tables)
    return found


def source_name(source: str) -> str:
    """What is kept of a source: the name of the file, or an address without secrets."""
    if "://" not in source:
        return os.path.basename(os.path.normpath(source))  # noqa: PTH119  # of a folder, too
    from matchmaker.intake.database import shown

    return shown(source)


def _invitation(session: str, side: str | None) -> Invitation:
    from matchmaker.store.session import is_name

    if not is_name(session):
        message = f"a session cannot be called {quoted(session)}"
        raise DataError(Problem("MM-STO-013", message, "up to 64 letters, digits, points, - and _, without blanks"))
    return Invitation(session, None if side is None else one_of("--side", side, ("left", "right")))


def _invited(tables: dict[str, pl.DataFrame], invitation: Invitation, domain: Domain) -> dict[str, pl.DataFrame]:
    """The tables, and the organizations in them as attendees of a session."""
    import polars as pl

    from matchmaker.store.session import STORED

    if "organizations" not in tables:
        raise DataError(Problem("MM-STO-013", "nothing in these files can attend a session", "leave out --session"))
    sides = {side.country: name for side, name in zip(domain.sides or (), ("left", "right"), strict=False)}
    organizations = tables["organizations"]
    country = organizations["country"] if "country" in organizations.columns else pl.Series([None], dtype=pl.String())
    side = country.replace_strict(sides, default=None, return_dtype=pl.String())
    attendees = organizations.select(
        pl.lit(invitation.session).alias("session_id"),
        pl.col("org_id"),
        pl.lit(invitation.side, pl.String()).fill_null(side).alias("side"),
    )
    rows = {"sessions": pl.DataFrame({STORED["sessions"].order[0]: [invitation.session]}), "attendees": attendees}
    return tables | rows


def report_change(change: Change, *, dry_run: bool, named: bool = False) -> None:
    """Say what was done, and how to take it back."""
    if change.left_out:
        sys.stdout.write(f"Left out, as they are to be forgotten: {rows(change.left_out)}.\n")
    done = f"{safe_text(change.source)}: {told(change)}" if named else told(change).capitalize()
    if dry_run:
        sys.stdout.write(f"{done or 'Nothing new'}: this is what would be done. Nothing was saved.\n")
    elif change.number:
        sys.stdout.write(f"{done}. Undo: matchmaker import --undo {change.number}\n")
    else:
        sys.stdout.write("All of it is known already; nothing was changed.\n")

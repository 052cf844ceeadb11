"""Organizations and events that rows name in words become identifiers, where it is beyond doubt who is meant."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

import polars as pl

from matchmaker.errors import counted, quoted
from matchmaker.intake.transcript import Transcript
from matchmaker.intake.twin import entries
from matchmaker.names import Entry, Resolution, Resolver, comparison_key
from matchmaker.schema import Column
from matchmaker.table import LINE, nearest

if TYPE_CHECKING:
    from matchmaker.dataset import Dataset

Titles = Mapping[str, str]


def resolve_references(works: Sequence[Transcript], known: Dataset | None) -> None:
    """Put identifiers in place of names and refuse what no one is called, where it can be known who there is."""
    here = {work.headings.table.name for work in works}
    referring = [work for work in works if any(column.table for column in work.headings.table.columns)]
    if not referring:
        return
    organizations = [work for work in works if work.headings.table.name == "organizations"]
    names = _resolver(organizations, known) if known or "organizations" in here else None
    events = [work for work in works if work.headings.table.name == "events"]
    titles = _titles(events, known) if known or "events" in here else None
    for work in referring:
        for column in work.headings.table.columns:
            if column.table == "organizations" and names is not None and work.has(column.name):
                _name_organizations(work, column, names)
            if column.table == "events" and titles is not None and work.has(column.name):
                _name_events(work, column, titles)


def _resolver(works: Sequence[Transcript], known: Dataset | None) -> Resolver:
    """Over the organizations of the tables, and those known that they do not state anew."""
    here = list(entries(works))
    stated = {entry.identifier for entry in here}
    return Resolver.of([*here, *(entry for entry in _known_entries(known) if entry.identifier not in stated)])


def _known_entries(known: Dataset | None) -> Iterable[Entry]:
    for row in range(len(known) if known else 0):
        organization = known.organization(row)  # type: ignore[union-attr]
        yield Entry(organization.id, [*organization.names.values(), *organization.aliases], organization.country)


def _titles(works: Sequence[Transcript], known: Dataset | None) -> Titles:
    """Events by the comparison key of identifier and title."""
    frames = [work.frame for work in works] + ([known.events] if known else [])
    found: dict[str, str] = {}
    for frame in frames:
        columns = [name for name in ("event_id", "title") if name in frame.columns]
        for identifier, *names in frame.select(columns).iter_rows():
            for name in (identifier, *names):
                found.setdefault(comparison_key(name or ""), identifier)
    return found


def _name_organizations(work: Transcript, column: Column, names: Resolver) -> None:
    identifiers = set(names.identifiers)
    texts = [text for text in work.frame[column.name].unique().drop_nulls().sort().to_list() if text not in identifiers]
    answers: dict[str, Resolution] = {text: names.resolve(text) for text in texts}
    found = {text: answer.found.identifier for text, answer in answers.items() if answer.found}
    lost = {
        text: " or ".join(f"{each.identifier} ({each.spelling})" for each in answer.candidates[:2])
        for text, answer in answers.items()
        if not answer.found
    }
    _replace(work, column, found, lost)


def _name_events(work: Transcript, column: Column, titles: Titles) -> None:
    identifiers = set(titles.values())
    texts = [text for text in work.frame[column.name].unique().drop_nulls().sort().to_list() if text not in identifiers]
    found = {text: titles[key] for text in texts if (key := comparison_key(text)) in titles}
    known = sorted(identifiers - {None})
    _replace(work, column, found, {text: nearest(text, known) or "" for text in texts if text not in found})


def _replace(work: Transcript, column: Column, found: Mapping[str, str], lost: Mapping[str, str]) -> None:
    what = str(column.table)[:-1]
    rows = work.frame.filter(pl.col(column.name).is_in(list(lost))).unique(
        column.name, keep="first", maintain_order=True
    )
    allowed = work.options.allow_unknown
    work.problems += work.sheet().problems(
        rows,
        "MM-REF-001",
        lambda row: (
            f"no {what} {quoted(row[column.name])}"
            + (f"; the nearest is {near}" if (near := lost[row[column.name]]) else "")
        ),
        "skipped" if allowed else f"add it to {column.table}, correct it, or give --allow-unknown",
        column.name,
        warning=allowed,
    )
    work.frame = work.frame.with_columns(pl.col(column.name).replace({**found}))
    if allowed and lost:
        work.frame = work.frame.filter(~pl.col(column.name).is_in(list(lost)).fill_null(value=False))
    if found:
        text, identifier = next(iter(found.items()))
        message = (
            f"{counted(len(found), f'name of {what}s')} taken as identifiers, such as {quoted(text)} as {identifier}"
        )
        row = work.frame.filter(pl.col(column.name) == identifier)[LINE]
        work.note("MM-REF-006", message, "nothing to mend", int(row[0]) if row.len() else 0, column.name)

"""`matchmaker show`: all that is recorded of one organization."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any

import polars as pl

from matchmaker.cli.answer import Answer, chosen_format, deliver
from matchmaker.cli.describe import iso, name_columns, organization_record, place, sector, unknown
from matchmaker.cli.options import AsOf, Organization, Output, Talk, spread
from matchmaker.cli.page import Page, Sources
from matchmaker.cli.world import dataset_of, day_of, organization_of

if TYPE_CHECKING:
    from matchmaker import dataset as tables

COLUMNS = ["org_id", "field", "value", "label", "with", "day", "source"]
TERMS = ("interests", "offers", "seeks")


@dataclass(frozen=True)
class Fact:
    """One line of a record: a stated term, an event, a partnership."""

    field: str
    value: str
    label: str = ""
    others: tuple[str, ...] = ()
    day: date | None = None
    source: str | None = None

    def as_dict(self) -> dict[str, Any]:
        """The fact as an object."""
        return {
            "field": self.field,
            "value": self.value,
            "label": self.label,
            "with": list(self.others),
            "day": iso(self.day),
            "source": self.source,
        }


@spread
def show(organization: Organization, output: Output, talk: Talk, as_of: AsOf = None) -> None:
    """Show one organization's record down the page: names, terms, events and partnerships with date and source."""
    chosen_format(output)
    day = day_of(as_of)
    dataset = dataset_of(talk) if day is None else dataset_of(talk).as_of(day)
    deliver(_answer(dataset, organization_of(dataset, organization, talk)), output, talk)


def _answer(dataset: tables.Dataset, found: tables.Organization) -> Answer:
    facts = [*_stated(dataset, found), *_events(dataset, found), *_partnerships(dataset, found)]
    records = [{"org_id": found.id, **fact.as_dict()} for fact in facts]
    names = {column: found.names.get(language) for column, language in _named(dataset)}
    document = {
        **organization_record(dataset, found),
        "aliases": list(found.aliases),
        "city": found.city,
        "description": found.description,
        "source": found.source,
        **{name: list(getattr(found, name)) for name in TERMS},
        "events": [fact.as_dict() for fact in facts if fact.field == "event"],
        "partnerships": [fact.as_dict() for fact in facts if fact.field == "partnership"],
        "unknown": list(unknown(dataset, found)),
    }
    named = [{"org_id": found.id, "field": key, "value": name} for key, name in names.items() if name]

    def print_page(page: Page) -> None:
        _print(page, dataset, found, facts)

    return Answer(COLUMNS, named + records, document, [document], print_page)


def _named(dataset: tables.Dataset) -> Iterator[tuple[str, str]]:
    return zip(name_columns(dataset), dataset.languages, strict=True)


def _stated(dataset: tables.Dataset, found: tables.Organization) -> Iterator[Fact]:
    for alias in found.aliases:
        yield Fact("alias", alias)
    for key, vocabulary in (("sector", dataset.sectors), ("city", dataset.regions), ("region", dataset.regions)):
        term = getattr(found, key)
        if term:
            yield Fact(key, term, vocabulary.label(term), source=found.source)
    for key in TERMS:
        for term in getattr(found, key):
            yield Fact(key, term, dataset.interests.label(term), source=found.source)


def _events(dataset: tables.Dataset, found: tables.Organization) -> Iterator[Fact]:
    rows = dataset.participations.filter(pl.col("org_id") == found.id)
    own = dataset.events.filter(pl.col("event_id").is_in(rows["event_id"].unique().implode()))
    for event in own.sort("day", "event_id", descending=[True, False], nulls_last=True).iter_rows(named=True):
        others = dataset.participations.filter(pl.col("event_id") == event["event_id"])["org_id"].unique().sort()
        others_ids = tuple(other for other in others.to_list() if other != found.id)
        title = event["title"] or event["event_id"]
        yield Fact("event", event["event_id"], title, others_ids, event["day"], event["source"])


def _partnerships(dataset: tables.Dataset, found: tables.Organization) -> Iterator[Fact]:
    own = dataset.partnerships.filter((pl.col("left") == found.id) | (pl.col("right") == found.id))
    latest_first = own.sort("day", "left", "right", descending=[True, False, False], nulls_last=True)
    for deal in latest_first.iter_rows(named=True):
        other = deal["right"] if deal["left"] == found.id else deal["left"]
        kind = deal["kind"] or "agreement"
        yield Fact("partnership", kind, _deal(deal), (other,), deal["day"], deal["source"])


def _deal(deal: Mapping[str, Any]) -> str:
    return str(deal.get("description") or deal.get("note") or deal["kind"] or "agreement")


def _print(page: Page, dataset: tables.Dataset, found: tables.Organization, facts: list[Fact]) -> None:
    sources = Sources()
    page.heading(found.title)
    page.table(["", ""], list(_about(dataset, found, sources)))
    for field, heading in (("event", "Events"), ("partnership", "Partnerships")):
        chosen = [fact for fact in facts if fact.field == field]
        page.line()
        page.heading(f"{heading}: {len(chosen) or 'none recorded'}")
        if chosen:
            page.table(["", ""], [[iso(fact.day) or "undated", _told(dataset, fact, sources)] for fact in chosen])
    notes = list(unknown(dataset, found))
    if notes:
        page.line()
        page.line(f"Unknown: {found.name} {'; '.join(notes)}.")
    page.sources(sources)


def _about(dataset: tables.Dataset, found: tables.Organization, sources: Sources) -> Iterator[list[str]]:
    labels = {name: [dataset.interests.label(term) for term in getattr(found, name)] for name in TERMS}
    lines = {
        "id": found.id,
        "aliases": "; ".join(found.aliases),
        "place": place(dataset, found),
        "sector": sector(dataset, found),
        **{name: "; ".join(terms) for name, terms in labels.items()},
        "about": found.description or "",
        "source": sources.mark(found.source),
    }
    return ([key, value] for key, value in lines.items() if value)


def _told(dataset: tables.Dataset, fact: Fact, sources: Sources) -> str:
    names = [dataset.organization(dataset.row(other)).name for other in fact.others if other in set(dataset.ids)]
    shown = ", ".join(names[:6]) + (f" and {len(names) - 6} more" if len(names) > 6 else "")
    lines = [f"{fact.label} {sources.mark(fact.source)}".rstrip(), f"with {shown}" if shown else ""]
    return "\n".join(filter(None, lines))

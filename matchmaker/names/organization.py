"""An organization of a dataset by what a person types: taken where it is beyond doubt, else the nearest are offered."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import NamedTuple

from matchmaker.dataset import Dataset
from matchmaker.errors import Problem, UsageError, quoted
from matchmaker.names.resolver import MOST_OFFERED, Candidate, Entry, Resolution, Resolver
from matchmaker.names.term import listed


class Located(NamedTuple):
    """The organization that a text names, and by what: identifier, name, pinyin …."""

    row: int
    how: str


def resolver_of(dataset: Dataset) -> Resolver:
    """The resolver over the organizations of `dataset`, made once; its rows are the dataset's."""
    return _resolver(dataset)


@lru_cache(maxsize=4)
def _resolver(dataset: Dataset) -> Resolver:
    return Resolver.of(entries_of(dataset), korean_places(dataset))


def entries_of(dataset: Dataset) -> Iterator[Entry]:
    """The organizations of `dataset` as a resolver knows them."""
    columns = [f"name_{language}" if language else "name" for language in dataset.languages]
    records = dataset.organizations.select("org_id", "country", "city", "region", *columns, "aliases").iter_rows()
    for identifier, country, city, region, *names, aliases in records:
        yield Entry(identifier, [name for name in (*names, *aliases) if name], country, _towns(dataset, city, region))


def korean_places(dataset: Dataset) -> dict[str, str]:
    """Chinese names of the domain's regions, and how Koreans write them."""
    regions = dataset.regions.terms.values()
    known = ((term.labels.get("zh"), term.synonyms.get("zh", ()), term.labels.get("ko")) for term in regions)
    return {name: korean for label, others, korean in known if label and korean for name in (label, *others)}


def _towns(dataset: Dataset, *regions: str | None) -> tuple[str, ...]:
    known = (dataset.regions.terms.get(region) for region in regions if region)
    return tuple(dict.fromkeys(name for term in known if term for name in term.names()))


def lookup(dataset: Dataset, text: str) -> Located:
    """The organization that `text` names: by its identifier, else by any name in any of three scripts.

    Raises:
        UsageError: nobody or more than one is called so; the nearest are named.
    """
    if (row := dataset.row_of.get(text)) is not None:  # as the resolver has it, which need not be made then
        return Located(row, "identifier")
    resolution = resolver_of(dataset).resolve(text)
    if resolution.found:
        return Located(resolution.found.row, resolution.found.how)
    raise UsageError(_unsettled(dataset, resolution))


def _unsettled(dataset: Dataset, resolution: Resolution) -> Problem:
    asked, candidates = quoted(resolution.text), resolution.candidates
    if len(candidates) > 1 and candidates[1].likeness == 1.0:
        message = f"{len(candidates)} organizations are called {asked}"
        return Problem("MM-USE-018", message, "give an identifier: " + _offered(dataset, candidates))
    see = "see `matchmaker show -h`, or describe it with --profile"
    fix = f"did you mean {_offered(dataset, candidates)}?" if candidates else see
    return Problem("MM-USE-010", f"no organization is called {asked}", fix)


def resolve(dataset: Dataset, text: str) -> int:
    """The row of the organization that `text` names.

    Raises:
        UsageError: as `lookup`.
    """
    return lookup(dataset, text).row


def nearest_names(dataset: Dataset, text: str, most: int = MOST_OFFERED) -> list[Candidate]:
    """Organizations that are called nearly `text`, or so and more, the nearest first; ties by identifier."""
    return resolver_of(dataset).near(text, most=most)


def _offered(dataset: Dataset, candidates: Iterable[Candidate]) -> str:
    return listed(f"{quoted(each.identifier)} ({dataset.organization(each.row).title})" for each in candidates)

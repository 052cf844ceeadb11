"""What an organization may have left unsaid: single facts that would bring it into another's list, if they are true."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from typing import NamedTuple

import numpy as np

from matchmaker.dataset import Dataset, Organization
from matchmaker.errors import Problem, UsageError
from matchmaker.names import resolve
from matchmaker.recommender import Recommender

LISTS = ("interests", "offers", "seeks")


class Gap(NamedTuple):
    """`field` does not hold `term`; if it did, the organization would have `rank` in the other's list, with `score`.

    `blank` says that the field holds nothing at all.
    """

    field: str
    term: str
    rank: int
    score: float
    blank: bool


class Advice(NamedTuple):
    """Where an organization stands in another's list, and the gaps by the rank that filling one of them would give.

    `rank` counts from 1. `tried`: how many gaps were looked at. `gaps`: those that better the
    rank, the best first.
    """

    organization: Organization
    toward: Organization
    rank: int
    score: float
    tried: int
    gaps: list[Gap]


def advise(recommender: Recommender, organization: str, toward: str, *, as_of: date | None = None) -> Advice:
    """Search all single gaps: each is filled, everything is fitted anew, and the other's list is read.

    A gap is a term that touches what the other states, itself, by a term above or by a neighbor (no other can raise
    the score, which is a sum), in a list that does not hold it; or any sector or region, where none is stated. What is
    found is never a claim: only who knows the organization knows whether it is true.

    Raises:
        UsageError: an unknown organization, or two of which one is no candidate for the other.
    """
    dataset = recommender.dataset
    row, other = resolve(dataset, organization), resolve(dataset, toward)
    if not dataset.across(other)[row]:
        message = f"{dataset.organization(row).name} is no candidate for {dataset.organization(other).name}"
        raise UsageError(Problem("MM-USE-025", message, "name two organizations of different sides"))
    rank, score = _standing(recommender, row, other, as_of)
    gaps = list(_gaps(dataset, row, other))
    filled = []
    for field, term, blank in gaps:
        grown = recommender.updated(_filled(dataset, row, field, term))
        filled.append(Gap(field, term, *_standing(grown, row, other, as_of), blank))
    better = [gap for gap in filled if gap.rank < rank]
    better.sort(key=lambda gap: (gap.rank, -round(gap.score, 12), not gap.blank, gap.field, gap.term))
    return Advice(dataset.organization(row), dataset.organization(other), rank, score, len(gaps), better)


def _standing(recommender: Recommender, row: int, other: int, as_of: date | None) -> tuple[int, float]:
    """The rank and the score of a row in the list of another."""
    dataset = recommender.dataset
    rows = np.flatnonzero(dataset.across(other) & (~dataset.conveners | (np.arange(len(dataset)) == row)))
    score = recommender.mutual(np.array([other]), rows, as_of=as_of)[0]
    own = score[np.searchsorted(rows, row)]
    ahead = (score > own) | ((score == own) & (rows < row))
    return 1 + int(ahead.sum()), float(own)


def _gaps(dataset: Dataset, row: int, other: int) -> Iterator[tuple[str, str, bool]]:
    """Each field and term that could be filled in, and whether the field is blank."""
    ours, theirs = dataset.organization(row), dataset.organization(other)
    for term in _touching(dataset, theirs):
        for field in LISTS:
            stated = getattr(ours, field)
            if term not in stated:
                yield field, term, not stated
    if ours.sector is None:
        yield from (("sector", term, True) for term in sorted(dataset.sectors.terms))
    if ours.region is None and ours.city is None:
        yield from (("region", term, True) for term in sorted(dataset.regions.terms))


def _touching(dataset: Dataset, organization: Organization) -> list[str]:
    """Terms that have something in common with what an organization states, or its sector usually offers and seeks."""
    known = {*organization.interests, *organization.offers, *organization.seeks}
    above = dataset.sectors.ancestors(organization.sector) if organization.sector else ()
    for rule in dataset.domain.rules:
        if rule.sector in above:
            known |= {*rule.offers, *rule.seeks}
    space = dataset.features.fields["interests"]
    closed = space.closure
    reached = np.zeros(len(space.terms), dtype=bool)
    for term in known & space.column.keys():
        reached[closed[[space.column[term]]].indices] = True
    return [term for column, term in enumerate(space.terms) if reached[closed[[column]].indices].any()]


def _filled(dataset: Dataset, row: int, field: str, term: str) -> Dataset:
    """The same world, in which one organization states one term more."""
    import polars as pl

    table = dataset.organizations
    record = table.row(row, named=True)
    record[field] = sorted({*record[field], term}) if field in LISTS else term
    changed = pl.DataFrame([record], schema=table.schema)
    return replace(dataset, organizations=pl.concat([table[:row], changed, table[row + 1 :]]))

"""Where a delegation should go: host regions by what its members find there."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from matchmaker.array import FloatArray, IntArray
from matchmaker.dataset import Dataset

BEST = 3  # partners whom a member meets in a region


class Host(NamedTuple):
    """A region as a host.

    `value`: expected mutual interests of the delegation, each member with its best partners there; `served`: members
    who have one of their best of all there; `pairs`: the best (member, host) of each, as positions, the best first;
    `ties`: stated ties with the members' regions, as rows of `dataset.region_ties`.
    """

    region: str
    value: float
    hosts: int
    served: int
    pairs: tuple[tuple[int, int], ...]
    ties: tuple[int, ...]


def rank_hosts(dataset: Dataset, relevance: FloatArray, members: IntArray, hosts: IntArray) -> list[Host]:
    """Regions of the hosts, the one of the highest value first; ties by identifier.

    Args:
        dataset: the world.
        relevance: shape (members, hosts): mutual interest.
        members: rows of the delegation.
        hosts: rows of those who could be met.
    """
    regions = np.array([place or "" for place in dataset.organizations["region"].to_list()], dtype=object)
    at_home = {place for row in members for place in _around(dataset, dataset.places[row])}
    overall = np.sort(relevance, axis=1)[:, -BEST:].min(axis=1, initial=np.inf)
    found = [
        _host(dataset, region, relevance, np.flatnonzero(regions[hosts] == region), overall, at_home)
        for region in sorted(set(regions[hosts]) - {""})
    ]
    return sorted(found, key=lambda host: (-round(host.value, 12), host.region))


def _host(
    dataset: Dataset, region: str, relevance: FloatArray, columns: IntArray, overall: FloatArray, at_home: set[str]
) -> Host:
    there = relevance[:, columns]
    best = np.sort(there, axis=1)[:, -BEST:]
    served = int((there.max(axis=1) >= overall).sum())
    favorite = columns[np.argmax(there, axis=1)]
    order = np.argsort(-there.max(axis=1), kind="stable")
    pairs = tuple((int(row), int(favorite[row])) for row in order)
    return Host(region, float(best.sum()), len(columns), served, pairs, tuple(_ties(dataset, region, at_home)))


def _ties(dataset: Dataset, region: str, at_home: set[str]) -> Iterator[int]:
    """Rows of stated ties between a region, or a place in it, and where the members are."""
    for row, (left, right) in enumerate(dataset.region_ties.select("left", "right").iter_rows()):
        for here, there in ((left, right), (right, left)):
            if region in _around(dataset, here) and there in at_home:
                yield row
                break


def _around(dataset: Dataset, place: str | None) -> list[str]:
    """A place and those around it, but not its country."""
    if place is None:
        return []
    return [each for each in dataset.regions.ancestors(place) if each != dataset.regions.root(each)] or [place]

"""Blocks of queries: some seekers, their candidates in the order in which ties are broken, and who should be found."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import NamedTuple

import numpy as np

from matchmaker.array import BoolArray, IntArray
from matchmaker.evaluation.split import Direction, Split
from matchmaker.sparse import CSR

BLOCK = 64
# What is judged: the primary question, then what is asked apart.
NEW, INDEPENDENT, CONVENERS = "new", "independent", "conveners"


class Group(NamedTuple):
    """Who should be found, and who is judged at all: shape (len(rows), n_columns); `relevant` implies `allowed`."""

    relevant: BoolArray
    allowed: BoolArray


class Block(NamedTuple):
    """A block of queries.

    Attributes:
        rows: shape (b,): the seekers.
        columns: shape (b, m): rows of their candidates. Ties go to the lower column, so the order is one random
            permutation, begun for each seeker at another place: by chance, the same for every scorer, and no favorites.
        groups: by name. `new`: new pairs, the primary question. `independent`: those whose profiles were written
            without the facts to be found. `conveners`: new pairs with one that brings others together.
        by_degree: shape (b, m): columns in ascending order of the candidates' `Split.degree`.
        causes: shape (b,): see `Split.causes`.
    """

    rows: IntArray
    columns: IntArray
    groups: Mapping[str, Group]
    by_degree: IntArray
    causes: IntArray


def blocks(
    split: Split, direction: Direction, seekers: IntArray, *, seed: int = 0, size: int = BLOCK
) -> Iterator[Block]:
    """The queries of some seekers of one direction, in blocks of `size`; `seed` is that of the order of ties."""
    order = np.random.default_rng(seed).permutation(np.flatnonzero(direction.candidates))
    by_degree = np.argsort(split.degree[order], kind="stable")
    for start in range(0, len(seekers), size):
        yield _block(split, seekers[start : start + size], order, by_degree)


def sampled(seekers: IntArray, most: int | None, seed: int = 0) -> IntArray:
    """At most `most` of them, drawn at random; None: all. In the order of rows."""
    if most is None or most >= len(seekers):
        return seekers
    return np.sort(np.random.default_rng(seed).choice(seekers, most, replace=False))


def _block(split: Split, rows: IntArray, order: IntArray, by_degree: IntArray) -> Block:
    start = _start(order, rows, len(split.train))[:, None]
    columns = order[(start + np.arange(len(order))[None, :]) % len(order)]
    new, independent, unasked = split.labels(rows)
    open_to = ~_read(unasked, columns) & (columns != rows[:, None])
    pairs = _read(new, columns) & open_to
    groups = _groups(split, rows, columns, pairs, _read(independent, columns), open_to)
    return Block(rows, columns, groups, (by_degree[None, :] - start) % len(order), split.causes(rows, new))


def _groups(
    split: Split, rows: IntArray, columns: IntArray, new: BoolArray, independent: BoolArray, open_to: BoolArray
) -> dict[str, Group]:
    """What is new in one group is neither right nor wrong in the others."""
    conveners = split.train.conveners
    plain = ~(conveners[rows][:, None] | conveners[columns])
    groups = {NEW: Group(new & plain, open_to & plain)}
    if split.states_independence:
        groups[INDEPENDENT] = Group(new & plain & independent, open_to & plain & (independent | ~new))
    if conveners.any():
        groups[CONVENERS] = Group(new & ~plain, open_to & ~(new & plain))
    return groups


def _read(pairs: CSR, columns: IntArray) -> BoolArray:
    """Read sparse 0/1 rows at the columns of each."""
    dense = np.zeros(pairs.shape, dtype=bool)
    dense[np.repeat(np.arange(len(columns)), np.diff(pairs.indptr)), pairs.indices] = True
    found: BoolArray = np.take_along_axis(dense, columns, axis=1)
    return found


def _start(order: IntArray, rows: IntArray, n: int) -> IntArray:
    """Shape (len(rows),): where `order` is begun: behind the seeker; at some other place if it is not in there."""
    place = np.full(n, -1)
    place[order] = np.arange(len(order))
    start: IntArray = np.where(place[rows] >= 0, place[rows], rows) + 1
    return start

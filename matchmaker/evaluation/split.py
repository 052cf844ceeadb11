"""Temporal splits by whole events: what was known before a day, and which pairs first met, or signed, from it on."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date
from functools import cached_property
from itertools import pairwise
from typing import Literal, NamedTuple, Self

import numpy as np
import polars as pl
import scipy.sparse as sp

from matchmaker.array import BoolArray, IntArray
from matchmaker.dataset import Dataset
from matchmaker.evaluation.fact import EVENTS, PARTNERSHIPS, Facts, events, facts_of, partnerships
from matchmaker.sparse import CSR, transposed

CHUNK = 512  # seekers whose pairs are counted at once


class Labels(NamedTuple):
    """For some seekers, each of shape (len(rows), n) and 1 where it holds.

    `new`: to be found. `independent`: new, and no fact that makes it so was at hand when the profiles were written.
    `unasked`: neither right nor wrong: partners already, or doubtful.
    """

    new: CSR
    independent: CSR
    unasked: CSR


class Census(NamedTuple):
    """Seekers with a new pair whose candidate can be found; how many (seeker, candidate) are new, or new and lost.

    Lost are those whose candidate cannot be found: it had no event or partnership before the cut.
    """

    seekers: IntArray
    n_pairs: int
    n_lost: int


@dataclass(frozen=True, eq=False)
class Direction:
    """Seekers of one side, the others across, and who of these can be found; everyone and everyone without sides."""

    label: str
    seekers: BoolArray
    others: BoolArray
    candidates: BoolArray


@dataclass(frozen=True, eq=False)
class Split:
    """A world cut at `day`, and what it came to in [day, until).

    A pair is *new* if a fact of the test period joins it and none did before, of those that `positives` names:
    partnerships; or events, a partnership being more than a meeting; or events of one kind, likewise. What an undated
    fact or only a doubtful one joins (unverified, or marked as unfit to evaluate with) is neither right nor wrong.

    Attributes:
        train: all that a scorer may see: the world before `day`, without events at which later deals were signed.
        made: shape (n, n_facts), 0/1: who is in which fact that can make a pair new, in the order of time.
        earlier: shape (n, n_earlier), 0/1: the same for the facts before.
        doubtful: shape (n, n_doubtful), 0/1: the same for all facts of the test period; without columns if none is.
        cause: shape (n_facts,): facts of one number have one cause.
        independent: shape (n_facts,): both profiles were written without its page.
        degree: shape (n,): number of facts in `earlier`.
        newcomers: shape (n,): in no event and no partnership before `day`.
        candidates: shape (n,): who can be found.
    """

    day: date
    until: date | None
    positives: str
    train: Dataset
    made: CSR
    earlier: CSR
    doubtful: CSR
    cause: IntArray
    independent: BoolArray
    degree: IntArray
    newcomers: BoolArray
    candidates: BoolArray

    @classmethod
    def at(
        cls,
        dataset: Dataset,
        day: date,
        until: date | None = None,
        *,
        positives: str | None = None,
        candidates: Literal["known", "all"] = "known",
    ) -> Self:
        """Cut `dataset` at `day`.

        Args:
            dataset: the world, the future included.
            day: the first day that is not known.
            until: the first day after the test period; None: there is no end.
            positives: `partnerships`, `events` or a kind of event; None: partnerships where the domain has that table.
            candidates: `known`: in an event or a partnership before `day`, or first known before it where the table
                says since when; `all`: everyone, for domains whose organizations are known from profiles.

        Raises:
            UsageError: `positives` is no kind of event.
        """
        relation = positives or (PARTNERSHIPS if dataset.partnerships.height else EVENTS)
        facts, deals = facts_of(dataset, relation), partnerships(dataset)
        stronger = [] if relation == PARTNERSHIPS else [deals]
        within = np.flatnonzero(facts.within(day, until))
        doubt = facts.members.nnz > facts.trusted.nnz
        earlier = _before([facts, *stronger], day)
        newcomers = ~(_in_any(events(dataset), day) | _in_any(deals, day))
        return cls(
            day=day,
            until=until,
            positives=relation,
            train=_train(dataset, day),
            made=sp.csr_array(facts.trusted[:, within]),
            earlier=earlier,
            doubtful=sp.csr_array(facts.members[:, within if doubt else within[:0]]),
            cause=np.unique(facts.causes.gather(within).to_numpy(), return_inverse=True)[1],
            independent=facts.independent[within],
            degree=np.diff(earlier.indptr).astype(np.int64),
            newcomers=newcomers,
            candidates=~newcomers | _first_known(dataset, day) | (candidates == "all"),
        )

    @cached_property
    def directions(self) -> list[Direction]:
        """The two directions of a domain with sides, left first; the one of a domain without."""
        dataset, sides = self.train, self.train.domain.sides
        if sides is None:
            everyone = np.ones(len(dataset), dtype=bool)
            return [Direction("all", everyone, everyone, self.candidates)]
        masks = [dataset.side == number for number in (0, 1)]
        return [
            Direction(side.label, masks[number], masks[1 - number], self.candidates & masks[1 - number])
            for number, side in enumerate(sides)
        ]

    @property
    def states_independence(self) -> bool:
        """Whether it is stated of any fact that profiles are independent of it."""
        return bool(self.independent.any())

    def labels(self, rows: IntArray) -> Labels:
        """What is to be found for each of `rows`, whoever can be a candidate."""
        earlier = _joined(self.earlier, self._transposed["earlier"], rows)
        new = _without(_joined(self.made, self._transposed["made"], rows), earlier)
        doubtful = _without(_joined(self.doubtful, self._transposed["doubtful"], rows), new)
        return Labels(new, self._independent(new, rows), sp.csr_array(earlier.maximum(doubtful)))

    def census(self, direction: Direction) -> Census:
        """Find the queries of a direction, and count their new pairs."""
        seekers, n_pairs, n_lost = [np.empty(0, dtype=np.int64)], 0, 0
        for rows, new in self._new_pairs(direction):
            all_pairs, found = new @ (direction.others * 1.0), new @ (direction.candidates * 1.0)
            seekers.append(rows[found > 0])
            n_pairs += int(all_pairs.sum())
            n_lost += int((all_pairs - found).sum())
        return Census(np.concatenate(seekers), n_pairs, n_lost)

    def causes(self, rows: IntArray, new: CSR) -> IntArray:
        """Shape (len(rows),): the cause of the fact that joins most of the `new` pairs of each seeker; -1 for none.

        Of several, the earliest. Queries with one cause are not independent of each other: a significance test moves
        them together.
        """
        shared = (new @ self.made).multiply(self.made[rows]).tocoo()
        order = np.lexsort((shared.col, -shared.data, shared.row))
        seeker, first = np.unique(shared.row[order], return_index=True)
        causes = np.full(len(rows), -1, dtype=np.int64)
        causes[seeker] = self.cause[shared.col[order][first]]
        return causes

    def _independent(self, new: CSR, rows: IntArray) -> CSR:
        if not self.states_independence:
            return sp.csr_array(new.shape)
        return _without(new, _joined(self._biased, self._transposed["_biased"], rows))

    def _new_pairs(self, direction: Direction) -> Iterator[tuple[IntArray, CSR]]:
        seekers = np.flatnonzero(direction.seekers & (np.diff(self.made.indptr) > 0))
        for start in range(0, len(seekers), CHUNK):
            rows = seekers[start : start + CHUNK]
            yield rows, self.labels(rows).new

    @cached_property
    def _biased(self) -> CSR:
        """Shape (n, n_biased): the columns of `made` that are not independent."""
        return sp.csr_array(self.made[:, np.flatnonzero(~self.independent)])

    @cached_property
    def _transposed(self) -> dict[str, CSR]:
        return {name: transposed(getattr(self, name)) for name in ("made", "earlier", "doubtful", "_biased")}


def rolling(
    dataset: Dataset,
    days: Sequence[date],
    *,
    positives: str | None = None,
    candidates: Literal["known", "all"] = "known",
) -> Iterator[Split]:
    """A rolling origin: one split for each day but the last, tested on what came until the next.

    Example:
        >>> from matchmaker import Dataset
        >>> days = [date(2015, 1, 1), date(2017, 1, 1), date(2019, 1, 1)]
        >>> [split.train.today.year for split in rolling(Dataset.read(), days)]
        [2014, 2016]
    """
    for day, until in pairwise(days):
        yield Split.at(dataset, day, until, positives=positives, candidates=candidates)


def _train(dataset: Dataset, day: date) -> Dataset:
    """The world before `day`; an event at which a later deal was signed is part of the answer and left out."""
    train = dataset.before(day)
    later = dataset.partnerships.filter(pl.col("day") >= day)["event_id"].drop_nulls().unique()
    if later.is_empty():
        return train
    names = ("events", "participations", "topics", "intentions")
    frames = {name: getattr(train, name).filter(~pl.col("event_id").is_in(later.implode())) for name in names}
    return replace(train, **frames)


def _before(relations: Sequence[Facts], day: date) -> CSR:
    return sp.csr_array(sp.hstack([facts.members[:, np.flatnonzero(facts.before(day))] for facts in relations]))


def _in_any(facts: Facts, day: date) -> BoolArray:
    """Shape (n,): in a fact that is dated before `day`."""
    dated = np.flatnonzero((facts.days < day).fill_null(value=False).to_numpy())
    return np.diff(facts.members[:, dated].indptr) > 0


def _first_known(dataset: Dataset, day: date) -> BoolArray:
    return (dataset.organizations["first_known"] < day).fill_null(value=False).to_numpy().astype(bool)


def _joined(members: CSR, transposed_members: CSR, rows: IntArray) -> CSR:
    """Shape (len(rows), n): 1 where a column joins the two, not with oneself."""
    together = sp.csr_array(members[rows] @ transposed_members)
    oneself = together.indices == np.repeat(rows, np.diff(together.indptr))
    together.data = np.where(oneself, 0.0, (together.data > 0).astype(np.float64))
    together.eliminate_zeros()
    return together


def _without(pairs: CSR, others: CSR) -> CSR:
    """`pairs`, those in `others` taken out; both 0/1."""
    rest = sp.csr_array(pairs - pairs.multiply(others))
    rest.eliminate_zeros()
    return rest

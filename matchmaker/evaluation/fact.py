"""Facts that join pairs: events or partnerships as columns of who is in them, and when."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import numpy as np
import polars as pl
import scipy.sparse as sp

from matchmaker.array import BoolArray, IntArray
from matchmaker.dataset import Dataset
from matchmaker.errors import Problem, UsageError, quoted
from matchmaker.sparse import CSR

PARTNERSHIPS, EVENTS = "partnerships", "events"


@dataclass(frozen=True, eq=False)
class Facts:
    """Events or partnerships of a world, in the order of time; the undated come last.

    Attributes:
        members: shape (n, n_facts), 0/1: who is in which.
        trusted: the same, without what is unverified or marked as unfit to evaluate with (`holdout_clean`).
        days: when each is known from; null: undated.
        causes: facts of one name have one cause: the event, or the event at which it was agreed, else the agreement.
        independent: shape (n_facts,): both profiles were written without its page (`profiles_independent`).
    """

    members: CSR
    trusted: CSR
    days: pl.Series
    causes: pl.Series
    independent: BoolArray

    def before(self, day: date) -> BoolArray:
        """Shape (n_facts,): dated before `day`, or not at all."""
        return (self.days < day).fill_null(value=True).to_numpy()

    def within(self, day: date, until: date | None) -> BoolArray:
        """Shape (n_facts,): dated on `day` or later, and before `until` if there is one."""
        late = self.days >= day
        return (late & (self.days < until) if until else late).fill_null(value=False).to_numpy()


def facts_of(dataset: Dataset, relation: str) -> Facts:
    """The facts of a relation: `partnerships`, `events`, or the events of one kind.

    Raises:
        UsageError: no event is of this kind.
    """
    if relation == PARTNERSHIPS:
        return partnerships(dataset)
    kinds = dataset.events["kind"].drop_nulls().unique().sort().to_list()
    if relation != EVENTS and relation not in kinds:
        known = ", ".join([PARTNERSHIPS, EVENTS, *kinds])
        raise UsageError(Problem("MM-EVA-001", f"no event is of the kind {quoted(relation)}", f"known: {known}"))
    return events(dataset, None if relation == EVENTS else relation)


def events(dataset: Dataset, kind: str | None = None) -> Facts:
    """Events (of one kind) and who took part."""
    organizations, columns, rows = dataset.participation_pairs
    table = dataset.events
    trust = dataset.participations["verified"].to_numpy()[rows] & table["verified"].to_numpy()[columns]
    chosen = table.select(pl.int_range(pl.len()).alias("column"), "day", "event_id", "kind")
    if kind is not None:
        chosen = chosen.filter(pl.col("kind") == kind)
    chosen = chosen.sort("day", "event_id", nulls_last=True)
    order = chosen["column"].to_numpy().astype(np.int64)
    shape = len(dataset), table.height
    return Facts(
        _members(organizations, columns, shape)[:, order],
        _members(organizations[trust], columns[trust], shape)[:, order],
        chosen["day"],
        chosen["event_id"],
        np.zeros(chosen.height, dtype=bool),
    )


def partnerships(dataset: Dataset) -> Facts:
    """Partnerships and the two who are in each."""
    left, right, rows = dataset.partner_pairs
    table = dataset.partnerships
    clean = table.select(pl.col("verified") & pl.col("holdout_clean").fill_null(value=True)).to_series().to_numpy()
    order = table.select(pl.arg_sort_by("day", "left", "right", nulls_last=True)).to_series().to_numpy()
    organizations, columns = np.concatenate([left, right]), np.concatenate([rows, rows])
    trust = clean[columns].astype(bool)
    shape = len(dataset), table.height
    sorted_table = table[order]
    pair = pl.concat_str(pl.min_horizontal("left", "right"), pl.max_horizontal("left", "right"), separator="\0")
    return Facts(
        _members(organizations, columns, shape)[:, order],
        _members(organizations[trust], columns[trust], shape)[:, order],
        sorted_table["day"],
        sorted_table.select(pl.coalesce("event_id", pair)).to_series(),
        sorted_table["profiles_independent"].fill_null(value=False).to_numpy().astype(bool),
    )


def _members(rows: IntArray, columns: IntArray, shape: tuple[int, int]) -> CSR:
    members = sp.csr_array((np.ones(len(rows)), (rows, columns)), shape=shape)
    members.data[:] = 1.0
    return members

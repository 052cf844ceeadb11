"""Null worlds: what a scorer reaches where there is nothing to be found."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import numpy as np
import polars as pl

from matchmaker.array import BoolArray, IntArray
from matchmaker.dataset import Dataset
from matchmaker.schema import TABLES

ATTEMPTS = 200
PARTNERSHIP_ORDER = TABLES["partnerships"].order


def shuffled(dataset: Dataset, day: date, seed: int = 0) -> Dataset:
    """The same world, but from `day` on everyone takes part in another's name.

    The past stays as it is, and so does the shape of what follows; only who meets whom is chance. Names are dealt among
    organizations of one side that are alike in being conveners and in having been seen before `day` or not.
    """
    names = _dealt_names(dataset, day, np.random.default_rng(seed))
    late_events = dataset.events.filter(pl.col("day") >= day)["event_id"].implode()
    late, signed = pl.col("event_id").is_in(late_events), pl.col("day") >= day
    participations = _renamed(dataset.participations, ("org_id",), late, names)
    partnerships = _renamed(dataset.partnerships, ("left", "right"), signed, names)
    return replace(
        dataset,
        participations=participations.sort("event_id", "org_id"),
        partnerships=partnerships.sort(*PARTNERSHIP_ORDER, nulls_last=True),
    )


def noise(dataset: Dataset, seed: int = 0) -> Dataset:
    """A world of events as large and organizations as active as before, in which who meets whom is chance.

    Guests are dealt anew among the events of each kind, right sides among partnerships.
    """
    generator = np.random.default_rng(seed)
    attended = dataset.participations.join(dataset.events.select("event_id", "kind"), on="event_id", how="left")
    kinds = attended.partition_by("kind", maintain_order=True) if attended.height else [attended]
    dealt = [_dealt(guests, "event_id", "org_id", generator) for guests in kinds]
    partnerships = _dealt(dataset.partnerships, "left", "right", generator)
    return replace(
        dataset,
        participations=pl.concat(dealt).drop("kind").sort("event_id", "org_id"),
        partnerships=partnerships.filter(pl.col("left") != pl.col("right")).sort(*PARTNERSHIP_ORDER, nulls_last=True),
    )


def _dealt_names(dataset: Dataset, day: date, generator: np.random.Generator) -> dict[str, str]:
    """By identifier: another one of the same side, as much a convener, and as much seen before `day`."""
    before = dataset.before(day)
    seen = np.zeros(len(dataset), dtype=bool)
    for rows in (before.participation_pairs.left, before.partner_pairs.left, before.partner_pairs.right):
        seen[rows] = True
    _, alike = np.unique(np.stack([dataset.side, seen, dataset.conveners]), axis=1, return_inverse=True)
    dealt = np.arange(len(dataset))
    for members in (np.flatnonzero(alike == number) for number in np.unique(alike)):
        dealt[members] = generator.permutation(members)
    return dict(zip(dataset.ids, (dataset.ids[row] for row in dealt), strict=True))


def _renamed(frame: pl.DataFrame, columns: tuple[str, ...], which: pl.Expr, names: dict[str, str]) -> pl.DataFrame:
    return frame.with_columns(
        pl.when(which.fill_null(value=False)).then(pl.col(column).replace(names)).otherwise(column).alias(column)
        for column in columns
    )


def _dealt(frame: pl.DataFrame, key: str, value: str, generator: np.random.Generator) -> pl.DataFrame:
    """Shuffle a column so that no key gets one value twice; what cannot be placed is dropped."""
    keys, values = (frame[name].cast(pl.Categorical).to_physical().to_numpy().astype(np.int64) for name in (key, value))
    order = generator.permutation(len(values))
    for _ in range(ATTEMPTS):
        wrong = np.flatnonzero(_repeats(keys, values[order]))
        if not len(wrong):
            break
        again = np.union1d(wrong, generator.integers(0, len(order), len(wrong) + 1))
        order[again] = generator.permutation(order[again])
    return frame.with_columns(frame[value].gather(order)).filter(pl.Series(~_repeats(keys, values[order])))


def _repeats(keys: IntArray, values: IntArray) -> BoolArray:
    """Shape (n_rows,): rows that repeat an earlier one."""
    repeats = np.ones(len(keys), dtype=bool)
    repeats[np.unique(keys * (values.max(initial=0) + 1) + values, return_index=True)[1]] = False
    return repeats

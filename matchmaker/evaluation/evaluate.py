"""Fit on what was known before a day, rank, and compare with what came after."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from datetime import date
from typing import Any, Literal

from matchmaker.dataset import Dataset
from matchmaker.errors import UsageError
from matchmaker.evaluation.judge import QUERIES, judge
from matchmaker.evaluation.nulls import noise, shuffled
from matchmaker.evaluation.panel import Panel
from matchmaker.evaluation.report import Report
from matchmaker.evaluation.split import Split
from matchmaker.scorers import Scorer

NULL_QUERIES = 200


def evaluate(
    dataset: Dataset,
    day: date,
    until: date | None = None,
    scorers: Mapping[str, Scorer] | None = None,
    *,
    positives: str | None = None,
    candidates: Literal["known", "all"] = "known",
    mutual: bool | None = None,
    queries: int | None = QUERIES,
    null_queries: int = NULL_QUERIES,
    seed: int = 0,
) -> Report:
    """Judge scorers by the pairs that first met, or signed, in [day, until), knowing only what was known before.

    Args:
        dataset: the world, the future included.
        day: the first day that is not known.
        until: the first day after the test period; None: there is no end.
        scorers: by name, fitted here to what was known; None: every scorer of the registry, and the blend.
        positives: what makes a pair: see `Split.at`.
        candidates: who can be found: see `Split.at`.
        mutual: rank by what both think of each other; None: where the domain has two sides.
        queries: at most so many seekers, drawn at random, half of them on each side; None: all.
        null_queries: as many in the two null worlds; 0: leave these out.
        seed: of the order of ties, of the queries drawn, of the null worlds.

    Raises:
        UsageError: no new pair in the test period, or `positives` is no kind of event.

    Example:
        >>> from matchmaker import Dataset
        >>> from matchmaker.scorers import SCORERS
        >>> scorers = {name: SCORERS[name]() for name in ("interests", "popularity")}
        >>> report = evaluate(Dataset.read(), date(2019, 1, 1), None, scorers, candidates="all", null_queries=0)
        >>> report.summary().height
        2
    """
    options: dict[str, Any] = {"positives": positives, "candidates": candidates}
    split = Split.at(dataset, day, until, **options)
    panel = Panel.fit(split.train, scorers)
    report = judge(split, panel, mutual=mutual, queries=queries, seed=seed)
    if not null_queries:
        return report
    how: dict[str, Any] = {"mutual": mutual, "queries": null_queries, "seed": seed}
    worlds = {"shuffled": shuffled(dataset, day, seed), "noise": noise(dataset, seed)}
    nulls = {}
    for name, world in worlds.items():
        null = Split.at(world, day, until, **options)
        with suppress(UsageError):  # with very few pairs, none may be new there
            # The past of the shuffled world is the true one, to which the panel is fitted.
            nulls[name] = judge(null, panel if name == "shuffled" else Panel.fit(null.train, scorers), **how)
    return replace(report, nulls=nulls)

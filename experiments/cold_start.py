"""What do we know of an organization without a past?

Question: how well are partners ranked for a seeker that was in no event and no partnership before the split, and how
does that change with the number of events and partnerships that it was in?
Method: the queries of a test period that nothing was tuned on, apart for newcomers and others, and by the number of
earlier contexts (events and partnerships) of the seeker. nDCG@10 over new pairs with cluster-bootstrap 95 % intervals;
ratio and paired randomization test, clustered by event, against popularity, Holm over all rows. `random order` is one
draw.
Command: python experiments/cold_start.py [--domain FOLDER …; -h lists the options]
Without arguments, on the embedded data. Writes results/cold_start.csv and .html; of a network, with its name.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import date
from typing import Any

import numpy as np
import polars as pl

from experiments.page import NDCG, Picture, Point, intervals
from experiments.trial import CHANCE, LEARNED, PRIOR, STANDING, Trial, by_kind, options
from matchmaker import SCORERS, Blend
from matchmaker.evaluation import NEW, PRIMARY, Report, Split
from matchmaker.evaluation.significance import too_small

SEED, SPLIT, TUNE = 0, date(2019, 1, 1), date(2017, 1, 1)
BASELINE = "popularity"
SINGLE = (BASELINE, "country_counterparts", "sector_counterparts", "text", "interests")
COLUMNS = ["seekers", "scorer", *STANDING]
NEWCOMER, CONTEXTS = pl.col("newcomer"), pl.col("contexts")
SEEKERS = {
    "all": pl.lit(value=True),
    "newcomers": NEWCOMER,
    "others": ~NEWCOMER,
    "0 contexts": CONTEXTS == 0,
    "1 context": CONTEXTS == 1,
    "2–4 contexts": CONTEXTS.is_between(2, 4),
    "5 or more contexts": CONTEXTS >= 5,
}


def counted(report: Report, split: Split) -> Report:
    """The report with the number of events and partnerships that each seeker was in before the split."""
    number = np.diff(split.train.graph.everyone.indptr)
    contexts = pl.DataFrame({"org_id": split.train.ids, "contexts": number})
    queries = report.queries.filter(pl.col("group") == NEW)
    return replace(report, queries=queries.join(contexts, on="org_id", how="left", maintain_order="left"))


def notes(records: list[dict[str, Any]]) -> Iterator[str]:
    """Where there are too few queries to tell the learned blend from popularity, and where there are none."""
    asked = {row["seekers"]: row for row in records if row["scorer"] == LEARNED}
    for name in SEEKERS:
        if name not in asked:
            yield f"{name}: no query."
        elif note := too_small(asked[name]["queries"], asked[name]["detectable"] or float("nan")):
            yield f"{name}: {note}."


def picture(records: list[dict[str, Any]], names: Sequence[str]) -> Picture:
    """How well each scorer ranks for some kinds of seekers."""
    rows = [row for row in records if row["seekers"] in names]
    points = [Point(row["scorer"], row[PRIMARY], row["low"], row["high"], row["seekers"]) for row in rows]
    lines: dict[bool, list[str]] = {True: [], False: []}  # by whether the blend is clearly better than popularity
    for name in dict.fromkeys(row["seekers"] for row in rows):
        mine = {row["scorer"]: row for row in rows if row["seekers"] == name}
        learned, best = mine[LEARNED], max(mine, key=lambda scorer: mine[scorer][PRIMARY])
        times = f", {learned['ratio']:.2f} times popularity" if learned["ratio"] else ""
        lines[learned["difference"] > 0 and learned["p_holm"] < 0.05].append(
            f"{name} ({learned['queries']} queries): learned blend {learned[PRIMARY]:.3f}{times}, popularity "
            f"{mine[BASELINE][PRIMARY]:.3f}, the best of all {best} with {mine[best][PRIMARY]:.3f}"
        )
    return Picture(
        intervals(points, f"{NDCG}, 95 % interval"),
        f"the learned blend is better than popularity (p < 0.05 after Holm) for: {'; '.join(lines[True]) or 'none'}. "
        f"Not shown to be for: {'; '.join(lines[False]) or 'none'}.",
        "rank with the learned blend where it is better; elsewhere nothing here speaks against it, nor for it: see the "
        "notes for how many queries it takes.",
    )


def main() -> None:
    """Learn, judge, write."""
    trial = Trial.read(options(__doc__, SEED, SPLIT, TUNE))
    blends = {LEARNED: Blend(trial.learned().weights), PRIOR: Blend()}
    single = {name: SCORERS[name]() for name in SINGLE}
    report = trial.judged({**blends, **single, CHANCE: Blend({})})  # the evaluator breaks ties by chance
    records = by_kind(counted(report, trial.split), "seekers", SEEKERS, BASELINE)
    kinds = list(SEEKERS)
    trial.write(
        "cold_start", records, COLUMNS, [picture(records, kinds[:3]), picture(records, kinds[3:])], notes(records)
    )


if __name__ == "__main__":
    main()

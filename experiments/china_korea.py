"""Would the partnerships that Chinese and Korean organizations signed from 2019 on have been found in 2018?

Question: is the blend better than the overlap of sector and region, than popularity, text or chance, at ranking the
partners that they then signed with for the first time; and how much can so few pairs tell?
Method: known is what is dated 2018-12-31 or earlier (--split 2019-01-01 is the first day that is not); weights are
learned from the periods before. nDCG@10 over new pairs, every organization across the border a candidate; bootstrap
95 % intervals and paired randomization tests against the learned blend, both clustered by event, Holm over all rows.
Apart: `independent` pairs, whose profiles were written without the page of the agreement, and seekers without a past.
Baseline: the mean of two Jaccard coefficients: of the sectors, each with those above it and their related ones, and of
the regions, each with those above it and what these have a stated tie with. `random order` is one draw.
Command: python experiments/china_korea.py [--split DAY …; -h lists the options]
Without arguments, on the embedded data. Writes results/china_korea.csv and .html.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Any

import numpy as np
import polars as pl
import scipy.sparse as sp

from experiments.page import NDCG, Picture, Point, intervals
from experiments.trial import CHANCE, LEARNED, PRIOR, STANDING, Answer, Rule, Trial, by_kind, options
from matchmaker import SCORERS, Blend, Dataset
from matchmaker.array import FloatArray, IntArray
from matchmaker.evaluation import INDEPENDENT, NEW, PRIMARY
from matchmaker.sparse import CSR, row_sums, transposed

SEED, SPLIT, TUNE = 0, date(2019, 1, 1), date(2017, 1, 1)
OVERLAP = "sector and region overlap"
COLUMNS = ["pairs", "scorer", *STANDING]
IS_NEW = pl.col("group") == NEW
PAIRS = {"all": IS_NEW, "independent": pl.col("group") == INDEPENDENT, "newcomers": IS_NEW & pl.col("newcomer")}


def overlap(dataset: Dataset) -> Answer:
    """How much two organizations have in common by what any directory says of them; of unknown sector and region: 0."""
    tied: dict[str, set[str]] = {}
    for left, right in dataset.region_ties.select("left", "right").iter_rows():
        tied.setdefault(left, set()).add(right)
        tied.setdefault(right, set()).add(left)
    sectors, members = dataset.organizations["sector"].to_list(), []
    views = ((dataset.sectors, sectors, dataset.sectors.neighbors), (dataset.regions, dataset.places, tied))
    for vocabulary, stated, near in views:
        column = {term: number for number, term in enumerate(vocabulary.terms)}
        member = sp.lil_array((len(dataset), len(column)))
        for row, term in enumerate(stated):
            above = vocabulary.ancestors(term) if term else []
            member[row, [column[other] for one in above for other in (one, *near.get(one, ()))]] = 1.0
        members.append(sp.csr_array(member))

    def jaccard(member: CSR, rows: IntArray) -> FloatArray:
        both, size = (member[rows] @ transposed(member)).toarray(), row_sums(member)
        share: FloatArray = both / np.maximum(size[rows][:, None] + size[None, :] - both, 1.0)
        return share

    return lambda rows: (jaccard(members[0], rows) + jaccard(members[1], rows)) / 2.0


def verdicts(records: list[dict[str, Any]]) -> Iterator[str]:
    """For each kind of pairs, what their number allows to say."""
    for name in dict.fromkeys(row["pairs"] for row in records):
        rows = [row for row in records if row["pairs"] == name and row["scorer"] != LEARNED]
        said: dict[bool, list[str]] = {True: [], False: []}
        for row in rows:
            said[row["p_holm"] < 0.05].append(f"{row['scorer']} ({-row['difference']:+.3f}, p = {row['p_holm']:.2g})")
        least = sorted(row["detectable"] for row in rows if row["detectable"] is not None)
        missed = f"Leads of less than {least[0]:.2f} to {least[-1]:.2f} are likely to be missed. " if least else ""
        yield (
            f"{name}: {rows[0]['queries']} queries from {rows[0]['clusters']} signings. {missed}The lead of the "
            f"learned blend over the others (p after Holm): not by luck {', '.join(said[True]) or 'over none'}; "
            f"perhaps by luck, perhaps not, {', '.join(said[False]) or 'over none'}."
        )


def picture(records: list[dict[str, Any]], shows: str) -> Picture:
    """How well each ranks, kind by kind of pairs."""
    points = [Point(row["scorer"], row[PRIMARY], row["low"], row["high"], row["pairs"]) for row in records]
    return Picture(
        intervals(points, f"{NDCG}, 95 % interval"),
        shows,
        "quote the intervals, never the figures alone, and claim no lead that cannot be told from none. To say more, "
        "collect pairs, independent ones first: other profiles rest in part on the page that reports the agreement.",
    )


def main() -> None:
    """Learn, judge, write."""
    trial = Trial.read(options(__doc__, SEED, SPLIT, TUNE))
    blends = {LEARNED: Blend(trial.learned().weights), PRIOR: Blend()}
    single = {name: SCORERS[name]() for name in ("text", "popularity")}
    report = trial.judged({**blends, OVERLAP: Rule(overlap), **single, CHANCE: Blend({})})
    records = by_kind(report, "pairs", PAIRS, LEARNED)
    first, *rest = verdicts(records)
    trial.write("china_korea", records, COLUMNS, [picture(records, first)], rest)


if __name__ == "__main__":
    main()

"""Does it pay to ask both sides? Speed dating, where both decisions are known.

Question: how well is a match (both say yes) ranked by what one side is likely to say, and by both together?
Method: for each meeting, the probability that i says yes to j from how often i says yes and how often j is said yes
to, in all *other* meetings of the wave: the pair's own two decisions are held out; ratings, `like` and `prob_yes`,
which are given at the meeting, are never used. Rates are shrunk to the wave's by two meetings, and add up in log-odds
(Rasch 1960). Nothing is fitted. Both sides are then fused as their product (what the blend does), harmonic mean and
minimum. AUC over all meetings, each counted once, and its difference from that of one side; 95 % intervals by drawing
waves with replacement.
Command: python experiments/reciprocity.py [FOLDER] [-o results/reciprocity.csv]
Without FOLDER, on a small simulated wave (said in the table), so that it runs anywhere. A page stands beside.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
import polars as pl

from experiments.page import Picture, Point, as_page, intervals
from matchmaker.evaluation import metrics
from matchmaker.writing import as_csv, write_file

HOME = Path(__file__).parents[1]
SEED, DRAWS, SHRINKAGE = 20201028, 2000, 2.0
COLUMNS = [
    "data", "fusion", "meetings", "matches", "auc", "low", "high", "difference", "difference_low", "difference_high",
]  # fmt: skip
Array = npt.NDArray[np.float64]
ONE_SIDE = "one side"
Fusion: TypeAlias = Callable[[Array, Array], Array]
FUSIONS: dict[str, Fusion] = {
    ONE_SIDE: lambda forward, _: forward,
    "the other side": lambda _, backward: backward,
    "product": lambda forward, backward: forward * backward,
    "harmonic": lambda forward, backward: 2 * forward * backward / (forward + backward),
    "minimum": np.minimum,
}


def read(folder: Path | None) -> tuple[str, pl.DataFrame]:
    """Directed decisions: wave, iid, pid, decision."""
    if folder is not None:
        frame = pl.read_parquet(folder / "decisions.parquet", columns=["wave", "iid", "pid", "decision"])
        return folder.name, frame.drop_nulls()
    random = np.random.default_rng(SEED)
    ask, draw = random.normal(size=(2, 400))
    rows = [
        (wave, wave * 40 + i, wave * 40 + j)
        for wave in range(10) for a in range(20) for b in range(20, 40) for i, j in ((a, b), (b, a))
    ]  # fmt: skip
    yes = [int(random.random() < 1 / (1 + np.exp(-ask[i] - draw[j]))) for _, i, j in rows]
    frame = pl.DataFrame(rows, schema=["wave", "iid", "pid"], orient="row")
    return "simulated", frame.with_columns(decision=pl.Series(yes))


def chances(decisions: pl.DataFrame) -> pl.DataFrame:
    """P(i says yes to j) from all other meetings of the wave; `other` is what j said of i."""
    back = decisions.select("wave", iid="pid", pid="iid", other="decision")
    decisions = decisions.join(back, on=["wave", "iid", "pid"])
    yes = pl.col("decision")
    # These sums leave out the decision of i on j; that of j on i is in neither, and taken from the wave's.
    gives = (yes.sum().over("wave", "iid") - yes, pl.len().over("wave", "iid") - 1)
    gets = (yes.sum().over("wave", "pid") - yes, pl.len().over("wave", "pid") - 1)
    wave = (yes.sum().over("wave") - yes - pl.col("other")) / (pl.len().over("wave") - 2)

    def log_odds(count: pl.Expr, n: pl.Expr) -> pl.Expr:
        rate = (count + SHRINKAGE * wave) / (n + SHRINKAGE)
        return (rate / (1 - rate)).log()

    center = (wave / (1 - wave)).log()
    return decisions.with_columns(chance=1 / (1 + (center - log_odds(*gives) - log_odds(*gets)).exp()))


def meetings(decisions: pl.DataFrame) -> pl.DataFrame:
    """One row a meeting: both chances, and whether both said yes."""
    chance = chances(decisions)
    back = chance.select("wave", iid="pid", pid="iid", backward="chance")
    both = chance.join(back, on=["wave", "iid", "pid"]).filter(pl.col("iid") < pl.col("pid"))
    return both.with_columns(match=(pl.col("decision") * pl.col("other")) > 0).sort("wave", "iid", "pid")


def auc(score: Array, match: npt.NDArray[np.bool_]) -> float:
    """Of all meetings together."""
    return float(metrics.auc(score[None, :], match[None, :], np.ones((1, len(match)), dtype=bool))[0])


def table(name: str, met: pl.DataFrame) -> list[dict[str, Any]]:
    """One record a fusion; `difference` is its AUC less that of one side, on the same draws of waves."""
    match, waves = met["match"].to_numpy(), met["wave"].to_numpy()
    random = np.random.default_rng(SEED)
    of_wave = [np.flatnonzero(waves == wave) for wave in np.unique(waves)]
    drawn = [np.concatenate([of_wave[k] for k in random.integers(0, len(of_wave), len(of_wave))]) for _ in range(DRAWS)]
    found, records = {}, []
    for fusion, fuse in FUSIONS.items():
        score = fuse(met["chance"].to_numpy(), met["backward"].to_numpy())
        found[fusion] = np.array([auc(score, match), *(auc(score[rows], match[rows]) for rows in drawn)])
        both = found[fusion], found[fusion] - found[ONE_SIDE]
        spans = np.concatenate([(values[0], *np.quantile(values[1:], [0.025, 0.975])) for values in both])
        figures = (np.round(spans, 4) + 0.0).tolist()
        records.append(dict(zip(COLUMNS, (name, fusion, len(match), int(match.sum()), *figures), strict=True)))
    return records


def picture(records: list[dict[str, Any]]) -> Picture:
    """How well each rule ranks the meetings."""
    points = [Point(row["fusion"], row["auc"], row["low"], row["high"]) for row in records]
    product = next(row for row in records if row["fusion"] == "product")
    gain = f"{product['difference']:+.3f} ({product['difference_low']:+.3f} to {product['difference_high']:+.3f})"
    return Picture(
        intervals(points, f"AUC over {product['meetings']:,} meetings, 95 % interval"),
        f"both sides joined by their product reach {product['auc']:.3f}: {gain} against one side alone.",
        "ask both sides, and do not dwell on the rule that joins them."
        if product["difference_low"] > 0
        else "nothing: these meetings do not settle whether to ask both sides.",
    )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", nargs="?", type=Path, help="with decisions.parquet, as in shared/data/speed_dating")
    parser.add_argument("-o", "--output", type=Path, default=HOME / "results/reciprocity.csv")
    arguments = parser.parse_args()
    data, decisions = read(arguments.folder)
    found = table(data, meetings(decisions))
    write_file(arguments.output, as_csv(found, COLUMNS))
    page = as_page(str(__doc__), {"data": data, "seed": SEED}, found, COLUMNS[1:], [picture(found)])
    write_file(arguments.output.with_suffix(".html"), page)

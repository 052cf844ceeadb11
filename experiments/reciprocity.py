"""Does it pay to ask both sides? Speed dating, where both decisions are known.

Question: how well is a match (both say yes) ranked by what one side is likely to say, and by both together?
Method: for each meeting, the probability that i says yes to j from how often i says yes and how often j is said yes
to, in all *other* meetings of the wave: the pair's own two decisions are held out; ratings, `like` and `prob_yes`,
which are given at the meeting, are never used. Rates are shrunk to the wave's by two meetings, and add up in log-odds
(Rasch 1960). Nothing is fitted. Both sides are then fused as their product (what the blend does), harmonic mean and
minimum. AUC over all meetings, each counted once; 95 % interval by drawing waves with replacement.
Command: python experiments/reciprocity.py [FOLDER] [-o results/reciprocity.csv]
Without FOLDER, on a small simulated wave (said in the table), so that it runs anywhere.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path

import numpy as np
import numpy.typing as npt
import polars as pl

from matchmaker.evaluation import metrics
from matchmaker.writing import as_csv, write_file

HOME = Path(__file__).parents[1]
SEED, DRAWS, SHRINKAGE = 20201028, 2000, 2.0
Array = npt.NDArray[np.float64]
FUSIONS: dict[str, Callable[[Array, Array], Array]] = {
    "one side": lambda forward, _: forward,
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
    return "simulated", pl.DataFrame(rows, schema=["wave", "iid", "pid"], orient="row").with_columns(
        decision=pl.Series(yes)
    )


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


def table(name: str, met: pl.DataFrame) -> list[dict[str, object]]:
    """One record a fusion."""
    match, waves = met["match"].to_numpy(), met["wave"].to_numpy()
    random = np.random.default_rng(SEED)
    of_wave = [np.flatnonzero(waves == wave) for wave in np.unique(waves)]
    drawn = [np.concatenate([of_wave[k] for k in random.integers(0, len(of_wave), len(of_wave))]) for _ in range(DRAWS)]
    records = []
    for fusion, fuse in FUSIONS.items():
        score = fuse(met["chance"].to_numpy(), met["backward"].to_numpy())
        spread = np.quantile([auc(score[rows], match[rows]) for rows in drawn], [0.025, 0.975])
        values = (auc(score, match), *spread)
        records.append({"data": name, "fusion": fusion, "meetings": len(match), "matches": int(match.sum())})
        records[-1] |= {key: round(float(value), 4) for key, value in zip(("auc", "low", "high"), values, strict=True)}
    return records


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", nargs="?", type=Path, help="with decisions.parquet, as in shared/data/speed_dating")
    parser.add_argument("-o", "--output", default=HOME / "results/reciprocity.csv")
    arguments = parser.parse_args()
    data, decisions = read(arguments.folder)
    found = table(data, meetings(decisions))
    write_file(arguments.output, as_csv(found, list(found[0])))

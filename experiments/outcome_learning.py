"""How many outcomes does `fit --from-store` need before it ranks better than the weights it starts from?

Question: people of another trade than the prior was made for meet; are pairs that were not reported ranked better by
what was learned from those that were?
Method: on the embedded data, with planted weights: the prior's plus a normal number (standard deviation 2) for each
scorer. Pairs across the border are drawn at random; each comes as far up the ladder as its true log-odds and a logistic
error take it, or is declined. Weights are learned from the first n; Spearman's rank correlation with the true log-odds
over 2,000 other pairs. Mean and standard error over 20 plantings. The learner is not told what lies above the rung that
was reached, and counts it as open: so it is not the model that made the data.
Baseline: the prior weights.
Command: python experiments/outcome_learning.py [--plantings N]
Writes results/outcome_learning.csv.
"""

from __future__ import annotations

import argparse
import csv
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from scipy import stats

from matchmaker import Dataset
from matchmaker.array import FloatArray
from matchmaker.ladder import NAMES, STRENGTH, Evidence, Statement, gathered, ladder, mutual_log_odds, shifted

COUNTS, TEST, SPREAD, SEED = (10, 30, 100, 300, 1000), 2000, 2.0, 0
STRENGTHS = (STRENGTH, STRENGTH / 4)
RESULT = Path(__file__).resolve().parents[1] / "results" / "outcome_learning.csv"


def pairs(dataset: Dataset, n: int, seed: int) -> Evidence:
    """So many pairs across the border, and what the scorers say of them."""
    draw = np.random.default_rng(seed)
    left, right = (np.flatnonzero((dataset.side == side) & ~dataset.conveners) for side in (0, 1))
    chosen = draw.choice(len(left) * len(right), n, replace=False)
    rows = [(dataset.ids[left[k // len(right)]], dataset.ids[right[k % len(right)]]) for k in chosen.tolist()]
    said = [Statement(ours, (theirs,), "met") for ours, theirs in rows]
    return gathered(dataset, said, dataset.domain.settings["weights"])


def odds(world: Evidence, shift: FloatArray) -> FloatArray:
    """Mutual log-odds of all pairs, by the prior and a shift."""
    return mutual_log_odds(world.before[0] + world.forward @ shift, world.before[1] + world.backward @ shift)


def reported(
    world: Evidence, truth: FloatArray, steps: dict[str, float], n: int, draw: np.random.Generator
) -> Evidence:
    """The outcomes of the first n pairs."""
    reach = truth[:n] + draw.logistic(size=n)
    rungs = np.array(list(steps.values()))
    rung = np.searchsorted(rungs, reach, side="right") - 1
    sign = np.where(rung >= 0, 1.0, -1.0)
    step = np.where(rung >= 0, rungs[np.maximum(rung, 0)], steps["accepted"])
    return replace(
        world,
        forward=world.forward[:n],
        backward=world.backward[:n],
        before=world.before[:, :n],
        statement=np.arange(n),
        step=step,
        sign=sign,
    )


def planted(world: Evidence, steps: dict[str, float], *seed: int) -> dict[tuple[float, int], float]:
    """Rank correlation by strength and number of outcomes; under 0 outcomes that of the prior."""
    draw = np.random.default_rng(seed)
    shift = draw.normal(0.0, SPREAD, len(NAMES))
    shift[0] = 0.0
    shift[0] = -float(np.median(odds(world, shift)))  # half of the pairs would want to meet
    truth = odds(world, shift)

    def found(learned: FloatArray) -> float:
        return float(stats.spearmanr(odds(world, learned)[-TEST:], truth[-TEST:]).statistic)

    result = {(strength, 0): found(np.zeros(len(NAMES))) for strength in STRENGTHS}
    for n in COUNTS:
        told = reported(world, truth, steps, n, np.random.default_rng([*seed, 1]))
        result |= {(strength, n): found(shifted(told, strength)) for strength in STRENGTHS}
    return result


def main() -> None:
    """Plant, learn, write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--plantings", type=int, default=20)
    parser.add_argument("--seed", type=int, default=SEED)
    asked = parser.parse_args()
    dataset = Dataset.read()
    world = pairs(dataset, max(COUNTS) + TEST, asked.seed)
    found = [planted(world, ladder(dataset), asked.seed, number) for number in range(asked.plantings)]
    records: list[dict[str, Any]] = []
    for strength, n in found[0]:
        values = [each[strength, n] for each in found]
        figures = {"correlation": float(np.mean(values)), "error": float(stats.sem(values))}
        records.append({"strength": strength, "outcomes": n} | {key: round(x, 3) for key, x in figures.items()})
    records.sort(key=lambda record: (-record["strength"], record["outcomes"]))
    for record in records:
        print("  ".join(f"{name} {value}" for name, value in record.items()))
    with RESULT.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, records[0], lineterminator="\n")
        writer.writeheader()
        writer.writerows(records)


if __name__ == "__main__":
    main()

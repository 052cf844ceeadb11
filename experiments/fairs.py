"""Does the congestion dial bring more meetings than ranking by mutual interest alone, and more evenly?

Question: at a fair where everyone is shown a list and marks whom it wants, and two meet if both marked each other, how
many meetings does each rule of making lists bring?
Method: simulated fairs. Log-odds are a shared taste (inner product of random vectors), the popularity of the one who is
wanted, and noise, anchored so that 6 % of pairs are mutually interested. Everyone is shown as many names as it has
meetings (6). Expected meetings: Σ over pairs on both lists of the probability that both want it; `read`: the same of
whole lists read with attention 1 / rank. Gini: of how often each is read. The sharpness is tuned on other sizes
(40 × 70, 80 × 80, 150 × 50) and other seeds than those reported. 95 % intervals over fairs (Student's t).
Baseline: the product rule, dial 0.
Command: python experiments/fairs.py [--fairs N --dial D]
Writes results/fairs.csv.
"""

from __future__ import annotations

import argparse
import csv
from collections.abc import Callable
from pathlib import Path

import numpy as np
from scipy import stats

from matchmaker.array import FloatArray
from matchmaker.blend import sigmoid
from matchmaker.session.congestion import SHARPNESS, equilibrium, gini
from matchmaker.session.interest import anchor

SIZES = ((12, 50), (100, 100), (200, 60))
TUNING_SIZES, TUNING_SEED, SEED = ((40, 70), (80, 80), (150, 50)), 10_000, 0
GRID = (0.5, 0.75, 1.0, 1.25, 1.5, 2.0, 3.0)
EACH, INTERESTED, TASTES = 6, 0.06, 6
READINGS: dict[str, Callable[[FloatArray], FloatArray]] = {
    "list": lambda rank: (rank < EACH).astype(np.float64),
    "read": lambda rank: 1.0 / (rank + 1.0),
}
RESULT = Path(__file__).parents[1] / "results" / "fairs.csv"


def fair(generator: np.random.Generator, n: int, m: int) -> tuple[FloatArray, FloatArray]:
    """Probabilities that left wants right, and right left; shape (n, m)."""
    ours, theirs = generator.normal(size=(n, TASTES)), generator.normal(size=(m, TASTES))
    taste = ours @ theirs.T / np.sqrt(TASTES)
    forward = taste + generator.normal(size=m)[None, :] + 0.5 * generator.normal(size=(n, m))
    backward = taste + generator.normal(size=n)[:, None] + 0.5 * generator.normal(size=(n, m))
    shift = anchor(forward, backward, INTERESTED * n * m)
    return sigmoid(forward + shift), sigmoid(backward + shift)


def ranks(value: FloatArray) -> FloatArray:
    """Shape (n, m): the place of each candidate in the list of each row, from 0."""
    order = np.argsort(-value, axis=1, kind="stable")
    place = np.empty(value.shape)
    np.put_along_axis(place, order, np.arange(value.shape[1], dtype=np.float64)[None, :], axis=1)
    return place


def outcome(wants: tuple[FloatArray, FloatArray], value: FloatArray, reading: str) -> tuple[float, float]:
    """Expected meetings, and the Gini of how often each is read by someone interested."""
    forward, backward = wants
    ours = READINGS[reading](ranks(value)) * forward
    theirs = READINGS[reading](ranks(value.T)).T * backward
    return float((ours * theirs).sum()), gini(np.concatenate([ours.sum(axis=0), theirs.sum(axis=1)]))


def compared(size: tuple[int, int], seed: int, sharpness: float, dial: float, reading: str) -> tuple[float, ...]:
    """Of one fair: the product rule's meetings, the share that the dial adds, and both Ginis."""
    wants = fair(np.random.default_rng([seed, *size]), *size)
    relevance = wants[0] * wants[1]
    places = [np.full(n, EACH, dtype=np.int64) for n in size]
    market = equilibrium(relevance, places[0], places[1], sharpness)
    base, base_gini = outcome(wants, relevance, reading)
    found, found_gini = outcome(wants, relevance ** (1 - dial) * market**dial, reading)
    return base, found / base - 1.0, base_gini, found_gini


def tuned(fairs: int) -> float:
    """The sharpness that adds most at dial 1, on fairs that are not reported."""
    gains = {
        sharpness: np.mean(
            [
                compared(size, TUNING_SEED + seed, sharpness, 1.0, reading)[1]
                for size in TUNING_SIZES
                for seed in range(fairs)
                for reading in READINGS
            ]
        )
        for sharpness in GRID
    }
    for sharpness, gain in gains.items():
        print(f"tuning: sharpness {sharpness:4.2f}: {gain:+.1%}")
    return max(gains, key=lambda sharpness: gains[sharpness])


def main() -> None:
    """Tune, compare, write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--fairs", type=int, default=40, help="of each size")
    parser.add_argument("--dial", type=float, nargs="*", default=[0.5, 1.0])
    asked = parser.parse_args()
    print(f"tuned: {tuned(max(asked.fairs // 4, 1))}; the engine's: {SHARPNESS}\n")
    records = []
    for size in SIZES:
        for reading in READINGS:
            for dial in asked.dial:
                rows = [compared(size, SEED + seed, SHARPNESS, dial, reading) for seed in range(asked.fairs)]
                base, gain, before, after = np.mean(rows, axis=0)
                error = stats.sem([row[1] for row in rows]) * stats.t.ppf(0.975, len(rows) - 1)
                figures = (base, gain, gain - error, gain + error, before, after)
                names = ("product", "gain", "low", "high", "gini_product", "gini")
                records.append(
                    {"fair": f"{size[0]}x{size[1]}", "reading": reading, "dial": dial}
                    | {name: round(float(value), 4) for name, value in zip(names, figures, strict=True)}
                )
                print("  ".join(f"{name} {value}" for name, value in records[-1].items()))
    with RESULT.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, records[0], lineterminator="\n")
        writer.writeheader()
        writer.writerows(records)


if __name__ == "__main__":
    main()

"""Reliability: of the pairs that got a probability, how many came true?"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import polars as pl

from matchmaker.array import BoolArray, FloatArray

# Half a decade each: among all pairs of a network, one in thousands comes true.
EDGES = np.concatenate([[0.0], 10.0 ** np.arange(-6.0, 0.0, 0.5), [1.0]])


@dataclass(eq=False)
class Reliability:
    """A table of predicted and observed shares, filled block by block."""

    count: FloatArray = field(default_factory=lambda: np.zeros(len(EDGES) - 1))
    predicted: FloatArray = field(default_factory=lambda: np.zeros(len(EDGES) - 1))
    observed: FloatArray = field(default_factory=lambda: np.zeros(len(EDGES) - 1))
    squared_error: float = 0.0

    def add(self, probability: FloatArray, outcome: BoolArray) -> None:
        """Add pairs; both arguments have shape (n_pairs,)."""
        place = np.clip(np.searchsorted(EDGES, probability, "right") - 1, 0, len(EDGES) - 2)
        n = len(EDGES) - 1
        self.count += np.bincount(place, minlength=n)
        self.predicted += np.bincount(place, probability, minlength=n)
        self.observed += np.bincount(place, outcome, minlength=n)
        self.squared_error += float(((probability - outcome) ** 2).sum())

    @property
    def brier(self) -> float:
        """Mean squared error over all pairs; NaN without any."""
        n = float(self.count.sum())
        return self.squared_error / n if n else float("nan")

    def table(self) -> pl.DataFrame:
        """One row an interval of probabilities that has pairs: their number, mean probability, and share come true."""
        frame = pl.DataFrame(
            {"from": EDGES[:-1], "to": EDGES[1:], "pairs": self.count, "p": self.predicted, "y": self.observed}
        ).filter(pl.col("pairs") > 0)
        return frame.select(
            "from",
            "to",
            pl.col("pairs").cast(pl.Int64),
            predicted=pl.col("p") / pl.col("pairs"),
            observed=pl.col("y") / pl.col("pairs"),
        )

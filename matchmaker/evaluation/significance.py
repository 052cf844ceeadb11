"""Is one scorer better than another, or was it luck? Tests and intervals that move dependent queries together.

Queries that share a cause (a consortium, one signing ceremony) succeed and fail together: they form a cluster. The
statistic is the primary one: the mean over the sides of the mean over their queries.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from matchmaker.array import FloatArray, IntArray

DRAWS = 10_000
CHUNK = 500  # draws made at once
ENOUGH_QUERIES = 150  # to separate scorers that differ by 0.05 nDCG, as a rule
POWER_FACTOR = 2.8  # standard errors that a difference needs to be seen in 4 of 5 trials at the 5 % level


class Sample(NamedTuple):
    """What is known of each query beside its values: shape (n_queries,) each, numbered from 0."""

    side: IntArray
    cluster: IntArray


class Comparison(NamedTuple):
    """Whether the first scorer is better: `difference` and `ratio` of the means with 95 % intervals, `p`, sizes."""

    first: float
    second: float
    difference: float
    low: float
    high: float
    ratio: float
    ratio_low: float
    ratio_high: float
    p: float
    n_queries: int
    n_clusters: int


def mean_of_sides(values: FloatArray, sample: Sample) -> float:
    """Mean over the sides of the mean over their queries; NaN without any."""
    return float(values @ _weights(sample)) if len(values) else float("nan")


def compare(first: FloatArray, second: FloatArray, sample: Sample, *, draws: int = DRAWS, seed: int = 0) -> Comparison:
    """Compare two scorers on the same queries: `first` and `second` have shape (n_queries,)."""
    return compare_all(first, second[:, None], sample, draws=draws, seed=seed)[0]


def compare_all(
    first: FloatArray, others: FloatArray, sample: Sample, *, draws: int = DRAWS, seed: int = 0
) -> list[Comparison]:
    """Compare a scorer, `first` of shape (n_queries,), with several: `others` of shape (n_queries, n_scorers)."""
    drawn = bootstrap(np.column_stack([first, others]), sample, draws=draws, seed=seed)
    p_values = randomization_test(first[:, None] - others, sample, draws=draws, seed=seed)
    found = []
    for column, p in enumerate(p_values):
        means = mean_of_sides(first, sample), mean_of_sides(others[:, column], sample)
        mine, theirs = drawn[:, 0], drawn[:, column + 1]
        ratio = float(_quotient(np.array(means[0]), np.array(means[1])))
        found.append(
            Comparison(
                *means,
                means[0] - means[1],
                *interval(mine - theirs),
                ratio,
                *interval(_quotient(mine, theirs)),
                float(p),
                len(first),
                len(np.unique(sample.cluster)),
            )
        )
    return found


def randomization_test(differences: FloatArray, sample: Sample, *, draws: int = DRAWS, seed: int = 0) -> FloatArray:
    """Two-sided p: how often a mean difference as large arises if each cluster's sign is tossed.

    `differences` has shape (n_queries, n_tests), the answer (n_tests,). If there is no difference, the names of the
    two scorers can be exchanged within a cluster. With few clusters, no p can be smaller than 2 / 2^n_clusters; with
    `draws` tosses none is smaller than 1 / (draws + 1).

    Source: Fisher 1935; Smucker, Allan & Carterette, CIKM 2007 (rankings); Cameron & Miller, JHR 50 (2015) (clusters).
    """
    sums = _cluster_sums(differences * _weights(sample)[:, None], sample.cluster)
    observed = np.abs(sums.sum(axis=0)) - 1e-12
    generator = np.random.default_rng(seed)
    as_large = np.ones(differences.shape[1])
    for start in range(0, draws, CHUNK):
        signs = generator.integers(0, 2, (min(CHUNK, draws - start), len(sums))) * 2.0 - 1.0
        as_large += (np.abs(signs @ sums) >= observed).sum(axis=0)
    return as_large / (draws + 1)


def bootstrap(values: FloatArray, sample: Sample, *, draws: int = DRAWS, seed: int = 0) -> FloatArray:
    """Draw clusters with replacement: shape (draws, n_columns), `mean_of_sides` of each column of `values`.

    `values` has shape (n_queries, n_columns). A draw in which a side has no query gives NaN.

    Source: Efron & Tibshirani 1993; by clusters Cameron & Miller, JHR 50 (2015).
    """
    generator = np.random.default_rng(seed)
    n_clusters = len(np.unique(sample.cluster))
    parts = [np.empty((0, values.shape[1]))]
    for start in range(0, draws if n_clusters else 0, CHUNK):
        times = _times_drawn(n_clusters, min(CHUNK, draws - start), generator)
        parts.append(np.mean([_resampled(values, sample, side, times) for side in np.unique(sample.side)], axis=0))
    return np.concatenate(parts)


def interval(drawn: FloatArray, level: float = 0.95) -> tuple[float, float]:
    """The middle `level` of what was drawn."""
    known = drawn[np.isfinite(drawn)]
    if not len(known):
        return float("nan"), float("nan")
    low, high = np.quantile(known, [(1.0 - level) / 2.0, (1.0 + level) / 2.0])
    return float(low), float(high)


def holm(p_values: Sequence[float]) -> list[float]:
    """Adjust the p of several tests so that the chance of any false alarm stays what is stated.

    Source: Holm, Scandinavian Journal of Statistics 6 (1979).

    Example:
        >>> holm([0.01, 0.04, 0.03])
        [0.03, 0.06, 0.06]
    """
    p = np.asarray(p_values, dtype=np.float64)
    order = np.argsort(p, kind="stable")
    adjusted = np.empty_like(p)
    adjusted[order] = np.minimum(np.maximum.accumulate(p[order] * np.arange(len(p), 0, -1)), 1.0)
    return [float(value) for value in adjusted]


def smallest_detectable(difference: FloatArray, sample: Sample) -> float:
    """The difference of means that queries like these show in 4 of 5 trials; NaN with fewer than two clusters."""
    if len(np.unique(sample.cluster)) < 2:
        return float("nan")
    weight = _weights(sample)
    centered = (difference - float(difference @ weight)) * weight
    return POWER_FACTOR * float(np.sqrt((_cluster_sums(centered[:, None], sample.cluster) ** 2).sum()))


def too_small(n_queries: int, detectable: float = float("nan")) -> str | None:
    """Say so where a set cannot tell scorers apart that differ by 0.05 nDCG; None where it can.

    Without `detectable` (from `smallest_detectable`) by the rule that about 150 queries are needed.
    """
    if np.isnan(detectable):
        detectable = 0.05 * float(np.sqrt(ENOUGH_QUERIES / max(n_queries, 1)))
    if detectable <= 0.05:
        return None
    return (
        f"{n_queries} queries are too few to separate scorers that differ by less than about {detectable:.2f}: "
        f"for 0.05 it takes about {np.ceil(n_queries * (detectable / 0.05) ** 2 / 10) * 10:.0f}"
    )


def _weights(sample: Sample) -> FloatArray:
    """Shape (n_queries,), summing to 1: each side counts the same, and each query of a side."""
    sides, position = np.unique(sample.side, return_inverse=True)
    weights: FloatArray = 1.0 / (len(sides) * np.bincount(position))[position]
    return weights


def _cluster_sums(values: FloatArray, cluster: IntArray) -> FloatArray:
    """Shape (n_clusters, n_columns)."""
    clusters, position = np.unique(cluster, return_inverse=True)
    sums = np.zeros((len(clusters), values.shape[1]))
    np.add.at(sums, position, values)
    return sums


def _times_drawn(n_clusters: int, n_draws: int, generator: np.random.Generator) -> FloatArray:
    """Shape (n_draws, n_clusters): how often each cluster comes up in as many draws as there are clusters."""
    drawn = generator.integers(0, n_clusters, (n_draws, n_clusters)) + np.arange(n_draws)[:, None] * n_clusters
    times = np.bincount(drawn.ravel(), minlength=n_draws * n_clusters).reshape(n_draws, n_clusters)
    return times.astype(np.float64)


def _resampled(values: FloatArray, sample: Sample, side: int, times: FloatArray) -> FloatArray:
    """Shape (n_draws, n_columns): means over the queries of a side, each counted as often as its cluster was drawn."""
    of_side = (sample.side == side)[:, None].astype(np.float64)
    sums = times @ _cluster_sums(values * of_side, sample.cluster)
    counts = times @ _cluster_sums(of_side, sample.cluster)
    return _quotient(sums, np.broadcast_to(counts, sums.shape))


def _quotient(above: FloatArray, below: FloatArray) -> FloatArray:
    """NaN where `below` is 0."""
    quotient: FloatArray = np.divide(above, below, out=np.full(np.shape(above), np.nan), where=below != 0)
    return quotient

"""Metrics of ranked lists, for a block of queries at once.

Throughout, `scores`, `relevant` and `allowed` have shape (n_queries, n_candidates): who is judged at all, and who of
these should be found. Of equal scores the candidate in the lower column comes first, so the columns must come in an
order that knows nothing of the truth (`evaluation.block` takes a random one that differs from query to query). A query
without a relevant candidate gets NaN.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from matchmaker.array import BoolArray, FloatArray, IntArray

N_MATCHED = 50


def best(scores: FloatArray, allowed: BoolArray, n: int) -> IntArray:
    """Columns of the `n` highest scores, the highest first: shape (n_queries, n); -1 where none is left."""
    n_columns = scores.shape[1]
    if n_columns < n:
        padding = np.full((len(scores), n - n_columns), -1, dtype=np.int64)
        return np.concatenate([best(scores, allowed, n_columns), padding], axis=1)
    if n == 0:
        return np.empty((len(scores), 0), dtype=np.int64)
    judged = np.where(allowed, scores, -np.inf)
    threshold = np.partition(judged, n_columns - n, axis=1)[:, n_columns - n, None]
    above, equal = judged > threshold, judged == threshold
    room = n - above.sum(axis=1, keepdims=True)
    kept = above | (equal & (np.cumsum(equal, axis=1, dtype=np.int32) <= room))
    columns = np.nonzero(kept)[1].reshape(len(scores), n)
    value = np.take_along_axis(judged, columns, axis=1)
    order = np.argsort(-value, axis=1, kind="stable")
    columns, value = (np.take_along_axis(x, order, axis=1) for x in (columns, value))
    return np.where(value == -np.inf, -1, columns)


def hits(relevant: BoolArray, ranking: IntArray) -> BoolArray:
    """Shape of `ranking` (columns, from `best`): whether the candidate at each place is relevant."""
    found: BoolArray = np.take_along_axis(relevant, np.maximum(ranking, 0), axis=1) & (ranking >= 0)
    return found


def ndcg(found: BoolArray, n_relevant: IntArray) -> FloatArray:
    """Normalized discounted cumulative gain of the places in `found` (from `hits`), each hit a gain of 1.

    Source: Järvelin & Kekäläinen, ACM TOIS 20 (2002).
    """
    k = found.shape[1]
    discount = 1.0 / np.log2(np.arange(2.0, k + 2.0))
    ideal = np.concatenate([[0.0], np.cumsum(discount)])[np.minimum(n_relevant, k)]
    return _ratio(found @ discount, ideal)


def recall(found: BoolArray, n_relevant: IntArray) -> FloatArray:
    """Share of the relevant candidates that stand in the places of `found` (from `hits`)."""
    return _ratio(found.sum(axis=1), n_relevant)


def hit(found: BoolArray, n_relevant: IntArray) -> FloatArray:
    """1 if any place of `found` (from `hits`) holds a relevant candidate, else 0."""
    return _ratio(found.any(axis=1), n_relevant > 0)


def reciprocal_rank(scores: FloatArray, relevant: BoolArray, allowed: BoolArray) -> FloatArray:
    """1 / rank of the first relevant candidate."""
    wanted = relevant & allowed
    top = np.where(wanted, scores, -np.inf).max(axis=1, initial=-np.inf, keepdims=True)
    first = np.argmax(wanted & (scores == top), axis=1)[:, None]
    earlier = (scores == top) & (np.arange(scores.shape[1])[None, :] < first)
    rank = 1.0 + ((scores > top) & allowed).sum(axis=1) + (earlier & allowed).sum(axis=1)
    return np.where(wanted.any(axis=1), 1.0 / rank, np.nan)


def auc(scores: FloatArray, relevant: BoolArray, allowed: BoolArray) -> FloatArray:
    """Chance that a relevant candidate scores higher than another one; equal scores count half.

    Source: Hanley & McNeil, Radiology 143 (1982), by midranks.
    """
    wanted = relevant & allowed
    n_wanted, n_allowed = wanted.sum(axis=1), allowed.sum(axis=1)
    ascending = np.sort(np.where(allowed, scores, np.inf), axis=1)
    midranks = np.array(
        [
            sum(np.searchsorted(line, row[mask], side).sum() for side in ("left", "right"))
            for line, row, mask in zip(ascending, scores, wanted, strict=True)
        ],
        dtype=np.float64,
    )
    rank_sum: FloatArray = (midranks + n_wanted) / 2.0
    return _ratio(rank_sum - n_wanted * (n_wanted + 1) / 2.0, n_wanted * (n_allowed - n_wanted))


class Matched(NamedTuple):
    """Positives and, for each, others of about the same degree: columns of shape (n_positives, 2 × width); -1: none."""

    query: IntArray
    column: IntArray
    negatives: IntArray


def matched(relevant: BoolArray, allowed: BoolArray, by_degree: IntArray, n_matched: int = N_MATCHED) -> Matched:
    """Find for each relevant candidate the irrelevant ones that are next to it by degree.

    `by_degree` has shape (n_queries, n_candidates): the columns in ascending order of degree. As many are taken from
    below as from above, `n_matched` in all: a score that only tells large from small then wins as often as it loses.
    At the ends fewer are there; the largest candidate of all has no match and is left out.
    """
    width = n_matched // 2
    ordered = np.take_along_axis(allowed & ~relevant, by_degree, axis=1)
    below = np.cumsum(ordered, axis=1, dtype=np.int64)
    query, place = np.nonzero(np.take_along_axis(relevant & allowed, by_degree, axis=1))
    total = below[:, -1] if below.shape[1] else np.zeros(len(below), dtype=np.int64)
    rank = below[query, place]
    reach = np.minimum(np.minimum(rank, total[query] - rank), width)
    negatives = by_degree[ordered]  # query after query, each in the order of degree
    offset = np.arange(-width, width)[None, :]
    near = (offset >= -reach[:, None]) & (offset < reach[:, None])
    start = np.concatenate([[0], np.cumsum(total)])[query]
    position = np.where(near, (start + rank)[:, None] + offset, 0)
    taken = negatives[position] if len(negatives) else np.full(position.shape, -1, dtype=np.int64)
    return Matched(query, by_degree[query, place], np.where(near, taken, -1))


def matched_auc(scores: FloatArray, match: Matched) -> FloatArray:
    """`auc` of each query against degree-matched negatives, the mean over its relevant candidates."""
    query = match.query[:, None]
    mine, theirs = scores[query, match.column[:, None]], scores[query, match.negatives]
    wins = np.where(match.negatives >= 0, (mine > theirs) + 0.5 * (mine == theirs), 0.0).sum(axis=1)
    n_negatives = (match.negatives >= 0).sum(axis=1)
    known = n_negatives > 0
    share = wins[known] / n_negatives[known]
    sums, counts = (
        np.bincount(match.query[known], weights, minlength=len(scores)) for weights in (share, np.ones(len(share)))
    )
    return _ratio(sums, counts)


def brier(probability: FloatArray, outcome: BoolArray) -> float:
    """Mean squared error of probabilities; 0 is perfect.

    Source: Brier, Monthly Weather Review 78 (1950).
    """
    return float(np.mean((probability - outcome) ** 2))


def gini(counts: FloatArray) -> float:
    """Inequality of exposure: 0 if all are shown equally often, near 1 if one gets everything; NaN if none is shown."""
    if not counts.sum():
        return float("nan")
    n = len(counts)
    return float((2.0 * np.arange(1, n + 1) - n - 1) @ np.sort(counts) / (n * counts.sum()))


def _ratio(above: npt.ArrayLike, below: npt.ArrayLike) -> FloatArray:
    """NaN where `below` is 0."""
    numerator, denominator = np.asarray(above, dtype=np.float64), np.asarray(below, dtype=np.float64)
    ratio: FloatArray = np.divide(numerator, denominator, out=np.full(numerator.shape, np.nan), where=denominator > 0)
    return ratio

"""The kernels again, slowly: plain Python over dense matrices, in the type of the data and in the kernels' order."""

from __future__ import annotations

from math import log1p

import numpy as np


def sums(left, right, row):
    """Inner products of a row of `left` (n, f) with all of `right` (m, f), feature by feature."""
    totals = np.zeros(len(right), dtype=left.dtype)
    for feature in np.flatnonzero(left[row]):
        for column in np.flatnonzero(right[:, feature]):
            totals[column] += left[row, feature] * right[column, feature]
    return totals


def mean(kind, ours, theirs):
    if kind == "product":
        return ours * theirs
    return 2 * (ours * theirs) / (ours + theirs) if ours + theirs > 0 else ours + theirs


def top(scores, n, allowed, above=0.0):
    """Columns and scores of the `n` best over `above`; equal ones by column; −1 and `above` where there are fewer."""
    passed = [column for column in range(len(scores)) if allowed[column] and scores[column] > above]
    best = sorted(passed, key=lambda column: (-scores[column], column))[:n]
    lack = n - len(best)
    return [*best, *[-1] * lack], [*(float(scores[column]) for column in best), *[above] * lack]


def on_scale(kind, x, chance):
    if kind == "logarithm":
        return log1p(chance * x) / log1p(chance)
    return x if kind == "identity" else x / (1 + x)

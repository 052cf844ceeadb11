"""Congestion: what a meeting is worth when everyone's time is scarce, behind one dial."""

from __future__ import annotations

import numpy as np

from matchmaker.array import FloatArray, IntArray

# How strongly the better pairs are preferred; tuned by experiments/fairs.py on other fairs than those it reports.
SHARPNESS = 1.5
STEPS, CLOSE = 1000, 1e-9


def equilibrium(
    relevance: FloatArray, left_places: IntArray, right_places: IntArray, sharpness: float = SHARPNESS
) -> FloatArray:
    """Shape (left, right): how many meetings each pair would have in a market in which time is the price.

    Transferable-utility matching (Choo and Siow, 2006): A_i B_j K_ij with A_i² + Σ_j A_i B_j K_ij = the places of i,
    and the same of j, found by iterative proportional fitting (Tomita, Togashi, Hashizume and Ohsaka, RecSys 2023). Who
    is wanted by many is dear, so that less of it goes to each; sums stay below the places on both sides.

    Args:
        relevance: shape (left, right), mutual interest >= 0; K is its power `sharpness`, 1 for the best pair.
        left_places: shape (left,): most meetings of each.
        right_places: shape (right,): the same of the other side.
        sharpness: 0: everyone meets everyone; the higher, the more the best pairs are preferred.
    """
    kernel = (relevance / max(float(relevance.max(initial=0.0)), 1e-300)) ** sharpness
    kernel[relevance <= 0] = 0.0
    ours, theirs = (places.astype(np.float64) for places in (left_places, right_places))
    left, right = np.sqrt(ours), np.sqrt(theirs)
    for _ in range(STEPS):
        before = left
        left = _fitted(kernel @ right, ours)
        right = _fitted(kernel.T @ left, theirs)
        scale = _balance(float(left @ left), float(right @ right), float(ours.sum() - theirs.sum()))
        left, right = left * scale, right / scale
        if np.max(np.abs(left - before), initial=0.0) <= CLOSE * np.max(left, initial=0.0):
            break
    return left[:, None] * kernel * right[None, :]


def dialed(relevance: FloatArray, left_places: IntArray, right_places: IntArray, dial: float) -> FloatArray:
    """Shape (left, right): the worth of a meeting: relevance at dial 0, the equilibrium at 1, between them by powers.

    The best pair counts 1, so that plans of any dial are as exact.
    """
    value = relevance
    if dial > 0:
        market = equilibrium(relevance, left_places, right_places)
        value = relevance ** (1.0 - dial) * market**dial
    return value / max(float(value.max(initial=0.0)), 1e-300)


def gini(amounts: FloatArray) -> float:
    """How unevenly amounts are spread: 0 evenly, towards 1 all to one; nothing at all is even."""
    ordered, n = np.sort(amounts), len(amounts)
    total = float(ordered.sum())
    return float((2 * np.arange(1, n + 1) - n - 1) @ ordered) / (n * total) if total else 0.0


def _balance(left: float, right: float, surplus: float) -> float:
    """By what to multiply all A and divide all B, which changes no meeting: what stays unmet then differs by `surplus`.

    Steps of fitting alone find it last, and need hundreds where time is scarce.
    """
    if left <= 0.0 or right <= 0.0:
        return 1.0
    return float(np.sqrt((surplus + np.sqrt(surplus * surplus + 4.0 * left * right)) / (2.0 * left)))


def _fitted(pull: FloatArray, places: FloatArray) -> FloatArray:
    """The positive solution x of x² + x pull = places."""
    half = pull / 2.0
    return np.sqrt(places + half * half) - half

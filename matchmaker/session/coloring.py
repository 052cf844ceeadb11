"""Slots as colors of the edges of a bipartite graph: as few as the busiest needs, and evenly filled.

König's theorem by alternating paths, then balancing by alternating paths (Folkman and Fulkerson, 1969; de Werra, 1971):
M meetings fit in k slots of T tables if and only if k >= the most meetings of one organization and k T >= M.
Plain Python for the meetings of a day; compiled for more.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any

import numpy as np

from matchmaker.array import IntArray

COMPILED_FROM = 3000  # meetings from which reading the compiler pays


def colors(left: IntArray, right: IntArray, slots: int, held: IntArray | None = None) -> IntArray:
    """Shape (meetings,): the slot of each, none twice at one organization, slots filled evenly (to one meeting).

    Args:
        left: shape (meetings,): position of the left organization.
        right: the same of the right one; no pair twice.
        slots: at least the most meetings of one organization.
        held: slots from which to start, -1 where there is none; few meetings leave theirs.
    """
    color, even = _kernels(compiled=len(left) >= COMPILED_FROM)
    ends = [np.asarray(side, dtype=np.int64) for side in (left, right)]
    at = [np.full((int(side.max(initial=-1)) + 1, slots), -1, dtype=np.int64) for side in ends]
    found = np.full(len(left), -1, dtype=np.int64)
    kept = np.full(len(left), -1) if held is None else held
    for edge in np.flatnonzero((kept >= 0) & (kept < slots)):
        slot, a, b = kept[edge], ends[0][edge], ends[1][edge]
        if at[0][a, slot] < 0 and at[1][b, slot] < 0:
            at[0][a, slot] = at[1][b, slot] = edge
            found[edge] = slot
    color(*ends, *at, found)
    _balance(even, ends, at, found, slots)
    return found


def _balance(even: Callable[..., None], ends: list[IntArray], at: list[IntArray], found: IntArray, slots: int) -> None:
    """Move meetings from the fullest slot to the emptiest until all hold the same number, or one more."""
    least, more = divmod(len(found), slots) if slots else (0, 0)
    sizes = np.bincount(found, minlength=slots)
    while slots and (sizes.max() > least + (more > 0) or sizes.min() < least):
        full, empty = int(np.argmax(sizes)), int(np.argmin(sizes))
        excess = (sizes[full] - sizes[empty]) // 2
        excess = min(excess, max(sizes[full] - least - (more > 0), least - sizes[empty]))
        even(*ends, *at, found, full, empty, int(excess))
        sizes[full] -= excess
        sizes[empty] += excess


@lru_cache(maxsize=2)
def _kernels(*, compiled: bool) -> tuple[Callable[..., None], Callable[..., None]]:
    if not compiled:
        return _color, _even
    from matchmaker import kernels

    return kernels.compiled(_color), kernels.compiled(_even)


def _color(left: Any, right: Any, at_left: Any, at_right: Any, found: Any) -> None:
    """Give every edge without a color one that is free at both ends, after turning an alternating path if need be."""
    for edge in range(len(left)):
        if found[edge] >= 0:
            continue
        u, v = left[edge], right[edge]
        a = b = 0
        while at_left[u, a] >= 0:
            a += 1
        while at_right[v, b] >= 0:
            b += 1
        moving, y = at_right[v, a], v
        at_right[v, a] = -1
        while moving >= 0:  # from color a to b, and the next one from b to a; u has no a and is never met
            at_right[y, b] = moving
            found[moving] = b
            x = left[moving]
            other = at_left[x, b]
            at_left[x, b] = moving
            at_left[x, a] = other
            if other < 0:
                break
            found[other] = a
            y = right[other]
            moving = at_right[y, a]
            at_right[y, a] = other
            at_right[y, b] = -1
        at_left[u, a] = at_right[v, a] = edge
        found[edge] = a


def _even(left: Any, right: Any, at_left: Any, at_right: Any, found: Any, full: int, empty: int, excess: int) -> None:
    """Turn `excess` alternating paths that begin and end in color `full`: each gives one edge to `empty`."""
    for u in range(len(at_left)):
        if excess == 0:
            break
        if at_left[u, full] < 0 or at_left[u, empty] >= 0:
            continue
        x = u
        odd = False
        while at_left[x, full] >= 0:
            other = at_right[right[at_left[x, full]], empty]
            if other < 0:
                odd = True
                break
            x = left[other]
        if not odd:
            continue
        excess -= 1
        x, moving = u, at_left[u, full]
        at_left[u, full] = -1
        while moving >= 0:
            at_left[x, empty] = moving
            found[moving] = empty
            y = right[moving]
            other = at_right[y, empty]
            at_right[y, empty] = moving
            at_right[y, full] = other
            if other < 0:
                break
            found[other] = full
            x = left[other]
            moving = at_left[x, full]
            at_left[x, full] = other

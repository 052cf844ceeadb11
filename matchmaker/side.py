"""Who faces whom across the border."""

from __future__ import annotations

import numpy as np

from matchmaker.array import BoolArray, IntArray


def facing(side: IntArray, row: int, *, border: bool) -> BoolArray:
    """Shape (n,): the other side of `row`; both sides for who is on neither; everyone, where there is no border.

    `side` (n,) is 0, 1, or −1 for neither.
    """
    if not border:
        return np.ones(len(side), dtype=bool)
    others: BoolArray = side >= 0 if side[row] < 0 else side == 1 - side[row]
    return others

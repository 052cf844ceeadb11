"""Which keys share the most letters with one: an inverted index of pieces of two or three letters."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from matchmaker.dataset import FloatArray, IntArray

CodePoints = npt.NDArray[np.uint32]
_BUCKETS = 1 << 21
_EDGE = 10  # the code point of the line break, which no key holds
_MOST_POSTINGS = 400_000  # entries that one question reads; the commonest pieces, which say least, are left out first


@dataclass(frozen=True, eq=False)
class PieceIndex:
    """`postings[start[p]:start[p + 1]]` are the keys that hold piece *p*; `weight[p]` is how rare it is.

    A piece is a hash of three letters in a row, or of two where one of them is Chinese; the edges of a key are letters.
    `size[k]` is the summed weight of the pieces of key *k*.
    """

    start: IntArray
    postings: npt.NDArray[np.int32]
    weight: FloatArray
    size: FloatArray

    @classmethod
    def of(cls, keys: Sequence[str]) -> PieceIndex:
        """Index `keys`; in O(pieces · log pieces)."""
        pieces, owner = _pieces(keys)
        together = np.unique(pieces.astype(np.int64) * max(len(keys), 1) + owner)
        piece, owner = np.divmod(together, max(len(keys), 1))
        counts = np.bincount(piece, minlength=_BUCKETS)
        weight: FloatArray = np.log((1.0 + len(keys)) / (1.0 + counts)) + 0.1
        start = np.concatenate([[0], np.cumsum(counts)])
        size: FloatArray = np.bincount(owner, weights=weight[piece], minlength=len(keys)).astype(float)
        return cls(start, owner.astype(np.int32), weight, size)

    def shared(self, key: str) -> tuple[IntArray, FloatArray, float]:
        """Keys that share a piece with `key`, by how much weight of pieces; and the weight of all pieces of `key`."""
        pieces = np.unique(_pieces([key])[0])
        pieces = pieces[np.argsort(self.start[pieces + 1] - self.start[pieces], kind="stable")]
        counts = self.start[pieces + 1] - self.start[pieces]
        read = np.cumsum(counts) <= max(_MOST_POSTINGS, counts[:1].sum())
        found = [self.postings[self.start[piece] : self.start[piece + 1]] for piece in pieces[read]]
        if not found:
            return np.empty(0, np.int64), np.empty(0), 0.0
        weights = np.repeat(self.weight[pieces[read]], counts[read])
        total: FloatArray = np.bincount(np.concatenate(found), weights=weights, minlength=len(self.size)).astype(float)
        held: IntArray = np.flatnonzero(total).astype(np.int64)
        return held, total[held], float(self.weight[pieces].sum())


def _pieces(keys: Sequence[str]) -> tuple[IntArray, IntArray]:
    """The pieces of all keys as numbers below `_BUCKETS`, and the number of the key that each stands in."""
    text = "\n" + "\n".join(keys) + "\n"
    letters: CodePoints = np.frombuffer(text.encode("utf-32-le", "surrogatepass"), dtype=np.uint32)
    edges = letters == _EDGE
    owner = np.cumsum(edges) - 1
    chinese = (letters >= 0x3400) & (letters <= 0x9FFF)
    pairs = (chinese[:-1] | chinese[1:]) & ~(edges[:-1] & edges[1:])
    triples = ~(chinese[:-2] | chinese[1:-1] | chinese[2:] | edges[1:-1])
    two, three = np.flatnonzero(pairs), np.flatnonzero(triples)
    hashes = np.concatenate([_hash(letters, two, 2), _hash(letters, three, 3)])
    owners = np.concatenate([owner[two], owner[three]])
    return hashes, owners


def _hash(letters: CodePoints, places: IntArray, length: int) -> IntArray:
    value = np.full(len(places), length, dtype=np.uint64)
    for step in range(length):
        value = (value ^ letters[places + step]) * np.uint64(0x9E3779B97F4A7C15)
        value ^= value >> np.uint64(29)
    return (value % np.uint64(_BUCKETS)).astype(np.int64)

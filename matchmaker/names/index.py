"""Which keys are the likest to one: an inverted index of pieces of two or three letters, then letter by letter."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from matchmaker.dataset import FloatArray, IntArray

CodePoints = npt.NDArray[np.uint32]
_BUCKETS = 1 << 21
_EDGE = 10  # the code point of the line break, which no key holds
_MOST_POSTINGS = 60_000  # entries that one question reads: the rarest pieces first, which say most
_SHORTLIST = 200  # keys that are compared letter by letter
_UNSHARED = (
    0.2  # what a piece that only the longer name has counts against it: people leave out what goes without saying
)


@dataclass(frozen=True, eq=False)
class PieceIndex:
    """`postings[start[p]:start[p + 1]]` are the positions of the keys that hold piece *p*; `weight[p]` is its rarity.

    A piece is a hash of three letters in a row, or of two where one of them is Chinese; the edges of a key are letters.
    Rarity is log(n / number of keys with it), so what many names hold (pharma, 医药, 제약) counts for little.
    """

    keys: Sequence[str]
    start: IntArray
    postings: npt.NDArray[np.int32]
    weight: FloatArray

    @classmethod
    def of(cls, keys: Sequence[str]) -> PieceIndex:
        """Index n `keys`, in O(n log n)."""
        piece, owner = _distinct(*_pieces(keys))
        counts = np.bincount(piece, minlength=_BUCKETS)
        weight: FloatArray = np.log((1.0 + len(keys)) / (1.0 + counts)) + 0.1
        return cls(keys, np.concatenate([[0], np.cumsum(counts)]), owner.astype(np.int32), weight)

    def near(self, key: str) -> tuple[IntArray, FloatArray]:
        """Positions of keys that are like `key`, and how much: 0 to 1."""
        pieces = np.unique(_pieces([key])[0])
        positions = self._shortlist(pieces)
        if not len(positions):
            return positions, np.empty(0)
        others = [self.keys[position] for position in positions.tolist()]
        return positions, 0.5 * self._shared(pieces, others) + 0.5 * _likeness(key, others)

    def _shortlist(self, pieces: IntArray) -> IntArray:
        """Positions of the keys that share the most weight with `pieces`, ascending."""
        counts = self.start[pieces + 1] - self.start[pieces]
        order = np.argsort(counts, kind="stable")
        kept = order[np.cumsum(counts[order]) <= max(_MOST_POSTINGS, int(counts.min(initial=_MOST_POSTINGS)))]
        found = np.concatenate([self.postings[self.start[p] : self.start[p + 1]] for p in pieces[kept]] or [_NOTHING])
        if not len(found):
            return np.empty(0, np.int64)
        together = np.argsort(found, kind="stable")
        found, weights = found[together], np.repeat(self.weight[pieces[kept]], counts[kept])[together]
        first = np.flatnonzero(np.concatenate([[True], found[1:] != found[:-1]]))
        total = np.add.reduceat(weights, first)
        best = np.lexsort((found[first], -total))[:_SHORTLIST]
        return np.sort(found[first[best]]).astype(np.int64)

    def _shared(self, pieces: IntArray, others: Sequence[str]) -> FloatArray:
        """Shape (n,): weight of the pieces that both have over that of all; those of the other alone count less."""
        piece, owner = _distinct(*_pieces(others))
        both = np.isin(piece, pieces)
        size, shared = (
            np.bincount(owner[some], weights=self.weight[piece[some]], minlength=len(others))
            for some in (slice(None), both)
        )
        share: FloatArray = shared / (self.weight[pieces].sum() + _UNSHARED * (size - shared))
        return share


_NOTHING = np.empty(0, np.int32)


def _likeness(key: str, others: Sequence[str]) -> FloatArray:
    """Shape (n,): how like `key` each of `others` is, 0 to 1, as a whole or as a part of it or around it."""
    from rapidfuzz import fuzz, process

    whole = process.cdist([key], others, scorer=fuzz.ratio)[0]
    held = process.cdist([key], others, scorer=fuzz.partial_ratio, score_cutoff=85)[0]
    # A part of a name says less than the whole, and the less the longer the name is.
    shares = np.array([min(1.0, len(key) / max(len(other), 1)) for other in others])
    alike: FloatArray = np.maximum(whole, held * (0.75 + 0.2 * shares)).astype(float) / 100.0
    return alike


def _pieces(keys: Sequence[str]) -> tuple[IntArray, IntArray]:
    """The pieces of all keys as numbers below `_BUCKETS`, and the position of the key that each stands in."""
    text = "\n" + "\n".join(keys) + "\n"
    letters: CodePoints = np.frombuffer(text.encode("utf-32-le", "surrogatepass"), dtype=np.uint32)
    edges = letters == _EDGE
    owner = np.cumsum(edges, dtype=np.int32) - 1
    chinese = (letters >= 0x3400) & (letters <= 0x9FFF)
    two = np.flatnonzero((chinese[:-1] | chinese[1:]) & ~(edges[:-1] & edges[1:]))
    three = np.flatnonzero(~(chinese[:-2] | chinese[1:-1] | chinese[2:] | edges[1:-1]))
    hashes = np.concatenate([_hash(letters, two, 2), _hash(letters, three, 3)])
    return hashes, np.concatenate([owner[two], owner[three]]).astype(np.int64)


def _hash(letters: CodePoints, places: IntArray, length: int) -> IntArray:
    value = np.full(len(places), length, dtype=np.uint64)
    for step in range(length):
        value = (value ^ letters[places + step]) * np.uint64(0x9E3779B97F4A7C15)
        value ^= value >> np.uint64(29)
    return (value % np.uint64(_BUCKETS)).astype(np.int64)


def _distinct(piece: IntArray, owner: IntArray) -> tuple[IntArray, IntArray]:
    """Each pair once, sorted."""
    together = np.sort(piece << 32 | owner)
    kept = together[np.concatenate([[True], together[1:] != together[:-1]])[: len(together)]]
    return kept >> 32, kept & 0xFFFFFFFF

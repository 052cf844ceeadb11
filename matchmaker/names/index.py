"""Which keys are the likest to one: an inverted index of pieces of two or three letters, then letter by letter."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from matchmaker.array import FloatArray, IntArray

CodePoints = npt.NDArray[np.uint32]
_BUCKETS = 1 << 21
_EDGE = 10  # the code point of the line break, which no key holds
_MOST_POSTINGS = 60_000  # entries that one question reads: the rarest pieces first, which say most
_SHORTLIST = 200  # keys that are compared letter by letter
_UNSHARED = (
    0.2  # what a piece that only the longer name has counts against it: people leave out what goes without saying
)


@dataclass(frozen=True, eq=False)
class Postings:
    """`owner[start[p]:start[p + 1]]` are the numbers of the things that hold piece *p*; `weight[p]` is its rarity.

    Rarity is log(n / number of things with it), so what many names hold (pharma, 医药, 제약) counts for little.
    """

    start: IntArray
    owner: npt.NDArray[np.int32]
    weight: FloatArray

    @classmethod
    def of(cls, piece: IntArray, owner: IntArray, n_pieces: int, n: int) -> Postings:
        """Index n things by their pieces, in O(entries · log entries)."""
        piece, owner = distinct(piece, owner)
        counts = np.bincount(piece, minlength=n_pieces)
        weight: FloatArray = np.log((1.0 + n) / (1.0 + counts)) + 0.1
        return cls(np.concatenate([[0], np.cumsum(counts)]), owner.astype(np.int32), weight)

    def sharing(self, pieces: IntArray) -> tuple[IntArray, FloatArray]:
        """Who shares `pieces`, ascending, and with how much weight: of the rarest pieces, so many as can be read."""
        counts = self.start[pieces + 1] - self.start[pieces]
        order = np.argsort(counts, kind="stable")
        kept = order[np.cumsum(counts[order]) <= max(_MOST_POSTINGS, int(counts.min(initial=_MOST_POSTINGS)))]
        found = np.concatenate([_NOTHING, *(self.owner[self.start[p] : self.start[p + 1]] for p in pieces[kept])])
        if not len(found):
            return np.empty(0, np.int64), np.empty(0)
        together = np.argsort(found, kind="stable")
        found, weights = found[together], np.repeat(self.weight[pieces[kept]], counts[kept])[together]
        first = np.flatnonzero(np.concatenate([[True], found[1:] != found[:-1]]))
        return found[first].astype(np.int64), np.add.reduceat(weights, first)


@dataclass(frozen=True, eq=False)
class PieceIndex:
    """Keys by their pieces: a hash of three letters in a row, or of two where one is Chinese; the edges are letters."""

    keys: Sequence[str]
    postings: Postings

    @classmethod
    def of(cls, keys: Sequence[str]) -> PieceIndex:
        """Index `keys`."""
        return cls(keys, Postings.of(*_pieces(keys), _BUCKETS, len(keys)))

    def near(self, key: str) -> tuple[IntArray, FloatArray]:
        """Positions of keys that are like `key`, and how much: 0 to 1."""
        pieces = np.unique(_pieces([key])[0])
        positions, shared = self.postings.sharing(pieces)
        if not len(positions):
            return positions, shared
        positions = np.sort(positions[largest(shared, _SHORTLIST)])
        others = [self.keys[position] for position in positions.tolist()]
        return positions, 0.5 * self._shared(pieces, others) + 0.5 * _likeness(key, others)

    def _shared(self, pieces: IntArray, others: Sequence[str]) -> FloatArray:
        """Shape (n,): weight of the pieces that both have over that of all; those of the other alone count less."""
        piece, owner = distinct(*_pieces(others))
        both, weight = np.isin(piece, pieces), self.postings.weight
        size, shared = (
            np.bincount(owner[some], weights=weight[piece[some]], minlength=len(others)) for some in (slice(None), both)
        )
        share: FloatArray = shared / (weight[pieces].sum() + _UNSHARED * (size - shared))
        return share


_NOTHING = np.empty(0, np.int32)


def largest(values: FloatArray, n: int) -> IntArray:
    """Places of the `n` largest of `values`, the largest first, ties by place."""
    places = np.arange(len(values))
    if n < len(values):
        places = np.flatnonzero(values >= np.partition(values, len(values) - n)[len(values) - n])
    return places[np.lexsort((places, -values[places]))][:n]


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


def distinct(piece: IntArray, owner: IntArray) -> tuple[IntArray, IntArray]:
    """Each pair once, sorted."""
    together = np.sort(piece << 32 | owner)
    kept = together[np.concatenate([[True], together[1:] != together[:-1]])[: len(together)]]
    return kept >> 32, kept & 0xFFFFFFFF

"""What speaks for each spelling that a line may hold: how much of it is there, how near together, and where it is."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from matchmaker.array import BoolArray, FloatArray, IntArray
from matchmaker.names.line import Line

if TYPE_CHECKING:
    from matchmaker.names.affiliation import AffiliationIndex

_ALL = 0.999  # the share that counts as all, whatever the rounding
_MOST = 0.8
_LONGEST_ACRONYM = 7
_HEADS = (("university", "college"), ("hospital",), ("institute", "center", "laboratory", "department", "school"))


class Evidence(NamedTuple):
    """One value a spelling; affiliation.toml has the weight of each.

    Words weigh the more, the fewer organizations have them. A segment is what stands between two commas; that of a
    spelling is the one which holds most of it.
    """

    covered: FloatArray  # share of its words' weight that the line has
    complete: BoolArray  # the line has all of it
    nearly: BoolArray  # the line has four fifths of its weight
    literal: BoolArray  # it stands there word by word, in its own language, little words included
    literal_equal: BoolArray  # and is all of its segment
    together: FloatArray  # share that its segment has
    united: BoolArray  # its segment has all of it
    explained: FloatArray  # share of its segment's weight that is its own
    equal: BoolArray  # its segment has its words and no others
    alone: BoolArray  # so has the line, but for places
    mass: FloatArray  # logarithm of the weight that the line has of it
    missing: FloatArray  # weight of its words that the line lacks
    ordered: FloatArray  # share of its words in the piece of the segment from its first to its last
    last: FloatArray  # place of its segment among those that are not only places: 0 to 1
    home: BoolArray  # the line names its country
    complete_home: BoolArray  # and has all of it
    abroad: BoolArray  # the line names other countries only
    town: BoolArray  # the line names its city or province
    elsewhere: BoolArray  # the line names other places only
    acronym: FloatArray  # an acronym that the line writes as one: 1; that it does not: -1
    single: BoolArray  # one word
    contained: FloatArray  # share of its words' weight in the line that a longer complete spelling of another has too
    behind: FloatArray  # how much more weight the longest complete spelling of another has in the line
    namesakes: FloatArray  # logarithm of the number of organizations with the same words
    main: BoolArray  # the first name of its organization
    known: FloatArray  # logarithm of the number of spellings of its organization: whom many mention has many
    in_order: FloatArray  # share of its words that follow the one before, as they do in it
    parts: FloatArray  # logarithm of 1 and the number of organizations that are a part of it
    within: BoolArray  # the line has all of something that it is a part of
    around: BoolArray  # the line has all of something that is a part of it
    preceded: BoolArray  # a word stands right before it
    followed: BoolArray  # a word stands right behind it
    university: BoolArray  # a university or a college
    complete_university: BoolArray  # and the line has all of it
    hospital: BoolArray  # a hospital
    part: BoolArray  # an institute, a center, a laboratory …: often a part of something larger


class Overlap(NamedTuple):
    """Which words of the line n spellings have: of its known words, of its segments, and word by word."""

    own: BoolArray  # (n, known)
    weighted: FloatArray  # (n, known)
    inside: FloatArray  # (n, segments): weight in each segment
    best: IntArray  # (n,): the segment that holds most, the last of equal ones
    size: FloatArray  # (n,): weight of all words of the spelling
    length: IntArray  # (n,): number of all words of the spelling

    @classmethod
    def of(cls, index: AffiliationIndex, found: IntArray, line: Line) -> Overlap:
        """The overlap of the spellings `found` with `line`."""
        known = line.known.tolist()
        own = np.array([[word in index.words[k] for word in known] for k in found.tolist()])
        weighted = own * index.postings.weight[line.known]
        inside = weighted @ line.where
        best = inside.shape[1] - 1 - np.argmax(inside[:, ::-1].round(9), axis=1)
        count = np.array([len(index.words[k]) for k in found.tolist()])
        return cls(own, weighted, inside, best, index.size[found], count)

    @property
    def mass(self) -> FloatArray:
        """Shape (n,): the weight that the line has of each."""
        mass: FloatArray = self.weighted.sum(axis=1)
        return mass

    @property
    def complete(self) -> BoolArray:
        """Shape (n,): the line has all of it."""
        return self.mass / self.size > _ALL

    def fills(self, line: Line) -> BoolArray:
        """Shape (n,): its segment has its words and no others."""
        united: BoolArray = self.inside.max(axis=1) / self.size > _ALL
        fills: BoolArray = united & (np.bincount(line.segment)[self.best] == self.length)
        return fills

    def spread(self, line: Line) -> BoolArray:
        """Shape (n, words of the line): the word is the spelling's."""
        spread = self.own[:, np.searchsorted(line.known, line.words).clip(0, self.own.shape[1] - 1)]
        return spread & (line.words >= 0)


def evidence(index: AffiliationIndex, found: IntArray, line: Line) -> Evidence:
    """What speaks for each of the spellings `found` (n,), all of which share a word with `line`."""
    overlap = Overlap.of(index, found, line)
    return Evidence(
        **_amount(overlap),
        **_position(index, overlap, line),
        **_wording(index, found, line, overlap),
        **_surroundings(index, found, line, overlap),
        **_rivals(index, found, overlap),
        **_kind(index, found, overlap),
    )


def _amount(overlap: Overlap) -> dict[str, Any]:
    """How much of it the line has, and the segment that has most of it."""
    together = overlap.inside.max(axis=1) / overlap.size
    return {
        "covered": overlap.mass / overlap.size,
        "complete": overlap.complete,
        "nearly": overlap.mass / overlap.size > _MOST,
        "together": together,
        "united": together > _ALL,
        "mass": np.log1p(overlap.mass),
        "missing": overlap.size - overlap.mass,
        "single": overlap.length == 1,
    }


def _position(index: AffiliationIndex, overlap: Overlap, line: Line) -> dict[str, Any]:
    """Where it stands in the line and its segment, and what else stands there."""
    spread, best = overlap.spread(line), overlap.best
    inside = spread & (line.segment == best[:, None])
    start, end = inside.argmax(axis=1), inside.shape[1] - 1 - inside[:, ::-1].argmax(axis=1)
    most = overlap.inside.max(axis=1)
    return {
        "explained": np.minimum(1.0, most / np.bincount(line.segment, weights=index.weights(line))[best]),
        "equal": overlap.fills(line),
        "alone": overlap.complete & ~(~spread & ~line.placed).any(axis=1),
        "ordered": overlap.length / np.maximum(overlap.length, end - start + 1),
        "last": _place_of(line)[best],
        "preceded": _in_segment(line, start - 1, best),
        "followed": _in_segment(line, end + 1, best),
    }


def _wording(index: AffiliationIndex, found: IntArray, line: Line, overlap: Overlap) -> dict[str, Any]:
    """Whether it stands there in its own words and their order."""
    literal = np.array([f" {index.plain[k]} " in line.text for k in found.tolist()])
    return {
        "literal": literal,
        "literal_equal": literal & overlap.fills(line),
        "in_order": _in_order(index, found, line),
        "acronym": _acronyms(index, found, line),
    }


def _surroundings(index: AffiliationIndex, found: IntArray, line: Line, overlap: Overlap) -> dict[str, Any]:
    """Whether the places that the line names are its own."""
    home, abroad = _countries(index, found, line)
    town, elsewhere = _towns(index, found, line)
    agree = {"home": home, "complete_home": home & overlap.complete, "abroad": abroad}
    return {**agree, "town": town, "elsewhere": elsewhere}


def _rivals(index: AffiliationIndex, found: IntArray, overlap: Overlap) -> dict[str, Any]:
    """Who else may be meant by the same words, and what it is a part of."""
    contained, behind = _longer(overlap, index.table.rows[found])
    within, around = _related(index, found, overlap.complete)
    namesakes = np.log([index.namesakes[frozenset(index.words[k])] for k in found.tolist()])
    related = {"within": within, "around": around, "namesakes": namesakes}
    return {"contained": contained, "behind": behind, **related}


def _kind(index: AffiliationIndex, found: IntArray, overlap: Overlap) -> dict[str, Any]:
    """What kind of organization it is, and how well known."""
    rows = index.table.rows[found]
    university, hospital, part = (_any_of(index, found, head) for head in _HEADS)
    return {
        "main": index.table.main[found],
        "known": np.log(index.spellings_of_row[rows]),
        "parts": np.log1p(index.parts_of_row[rows]),
        "university": university,
        "complete_university": university & overlap.complete,
        "hospital": hospital,
        "part": part,
    }


def _place_of(line: Line) -> FloatArray:
    """By segment: its place among those that hold more than names of places, 0 to 1."""
    held = np.bincount(line.segment, weights=~line.placed) > 0
    place: FloatArray = np.maximum(np.cumsum(held) - 1, 0) / max(int(held.sum()) - 1, 1)
    return place


def _longer(overlap: Overlap, rows: IntArray) -> tuple[FloatArray, FloatArray]:
    """How far each is contained in a longer complete spelling of another row, and how much longer the longest is."""
    mass, complete = overlap.mass, overlap.complete
    longer = complete[None, :] & (rows[None, :] != rows[:, None]) & (mass[None, :] > mass[:, None] + 1e-9)
    shared = np.where(longer, overlap.weighted @ overlap.own.T, 0.0)
    behind = np.where(longer, mass[None, :] - mass[:, None], 0.0)
    return shared.max(axis=1) / mass, behind.max(axis=1)


def _countries(index: AffiliationIndex, found: IntArray, line: Line) -> tuple[BoolArray, BoolArray]:
    stated = [index.table.countries[row] for row in index.table.rows[found].tolist()]
    home = np.array([country in line.countries for country in stated])
    return home, ~home & np.array([country is not None and bool(line.countries) for country in stated])


def _towns(index: AffiliationIndex, found: IntArray, line: Line) -> tuple[BoolArray, BoolArray]:
    towns = [index.towns[row] for row in index.table.rows[found].tolist()]
    town = np.array([not line.places.isdisjoint(names) for names in towns])
    return town, ~town & np.array([bool(names) and bool(line.places) for names in towns])


def _acronyms(index: AffiliationIndex, found: IntArray, line: Line) -> FloatArray:
    names = [index.table.spelling[k] for k in found.tolist()]
    return np.array([0.0 if not _is_acronym(name) else 1.0 if name in line.capitals else -1.0 for name in names])


def _is_acronym(name: str) -> bool:
    return name.isupper() and name.isalpha() and len(name) <= _LONGEST_ACRONYM


def _related(index: AffiliationIndex, found: IntArray, complete: BoolArray) -> tuple[BoolArray, BoolArray]:
    """Whether a complete spelling is of something that each is a part of, and of something that is a part of each."""
    rows, parents = index.table.rows[found].tolist(), index.table.parents
    there = set(index.table.rows[found[complete]].tolist())
    around = {parent for row in there for parent in parents[row]}
    return np.array([not there.isdisjoint(parents[row]) for row in rows]), np.array([row in around for row in rows])


def _in_order(index: AffiliationIndex, found: IntArray, line: Line) -> FloatArray:
    place = {word: place for place, word in reversed(list(enumerate(line.words.tolist())))}
    shares = []
    for k in found.tolist():
        places = [place[word] for word in index.words[k] if word in place]
        follows = sum(after > before for before, after in pairwise(places))
        shares.append((1 + follows) / max(len(places), 1))
    return np.array(shares)


def _any_of(index: AffiliationIndex, found: IntArray, heads: tuple[str, ...]) -> BoolArray:
    numbers = {index.number.get(head, -1) for head in heads}
    return np.array([not numbers.isdisjoint(index.words[k]) for k in found.tolist()])


def _in_segment(line: Line, places: IntArray, segment: IntArray) -> BoolArray:
    """Whether each of `places` is a word of `segment`."""
    there: BoolArray = line.segment[places.clip(0, len(line.segment) - 1)] == segment
    return there & (places >= 0) & (places < len(line.segment))

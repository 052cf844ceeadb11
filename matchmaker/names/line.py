"""A longer line as it is compared: its words, the segments between commas, and the places that it names."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache

import numpy as np

from matchmaker.array import BoolArray, IntArray
from matchmaker.names.legal_form import own_table
from matchmaker.names.word import common_words, plain_words

LONGEST_LINE = 1000  # characters of a line that are read
_BREAK = re.compile(r"[,;:|/\n()\[\]（），；、·•]|\s[-–—]\s|\. ")
_CAPITALS = re.compile(r"\b[A-Z][A-Z&]+\b")
_MOST_PLACE_WORDS = 4


@dataclass(frozen=True, eq=False)
class Line:
    """Words by their numbers (-1: unknown), the segment of each, and the places, countries and acronyms in the line."""

    text: str  # all words as they are, a blank before, between and behind them
    words: IntArray
    segment: IntArray
    placed: BoolArray  # the word is one of a place's name
    places: frozenset[str]
    countries: frozenset[str]
    capitals: frozenset[str]

    @cached_property
    def known(self) -> IntArray:
        """The distinct known words, ascending."""
        return np.unique(self.words[self.words >= 0])

    @cached_property
    def where(self) -> BoolArray:
        """Shape (known, segments): the segment has the word."""
        where = np.zeros((len(self.known), int(self.segment.max(initial=-1)) + 1), bool)
        there = self.words >= 0
        where[np.searchsorted(self.known, self.words[there]), self.segment[there]] = True
        return where


def read_line(
    text: str, country: str | None, number: Mapping[str, int], place_countries: Mapping[str, frozenset[str]]
) -> Line:
    """What of `text` is compared; `country` is where it is, if that is known."""
    text = text[:LONGEST_LINE]
    parts = [plain_words(part) for part in _BREAK.split(text)]
    places = frozenset(name for part in parts for name in _places(part, place_countries))
    common = [words for words in map(common_words, parts) if words]
    words = [word for part in common for word in part]
    placed = {word for name in places for word in common_words(name.split())}
    return Line(
        "".join(f" {word}" for part in parts for word in part) + " ",
        np.array([number.get(word, -1) for word in words], np.int64),
        np.repeat(np.arange(len(common)), [len(part) for part in common]),
        np.array([word in placed for word in words], bool),
        places,
        frozenset([country]) if country else _countries(places, place_countries),
        frozenset(_CAPITALS.findall(text)),
    )


def _places(words: Sequence[str], known: Mapping[str, frozenset[str]]) -> Iterator[str]:
    for start in range(len(words)):
        for end in range(start + 1, min(start + _MOST_PLACE_WORDS, len(words)) + 1):
            name = " ".join(words[start:end])
            if name in known or name in country_names():
                yield name


def _countries(places: Iterable[str], known: Mapping[str, frozenset[str]]) -> frozenset[str]:
    """The countries that are named, else those in which there is a place of such a name."""
    named = {code for name in places if (code := country_names().get(name))}
    return frozenset(named or (code for name in places for code in known.get(name, ())))


def plain(text: str) -> str:
    """`text` in plain words.

    >>> plain("São Paulo"), plain("People's Republic of China")
    ('sao paulo', 'peoples republic of china')
    """
    return " ".join(plain_words(text))


@lru_cache(maxsize=1)
def country_names() -> dict[str, str]:
    """Codes of countries by their names in plain words."""
    return {plain(name): code for code, names in own_table("country_names.toml").items() for name in names}

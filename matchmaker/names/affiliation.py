"""Who is named in a longer line, such as the address in a paper: by the words that agree, and the places that agree."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from pathlib import Path
from typing import NamedTuple

import numpy as np

from matchmaker.array import BoolArray, FloatArray, IntArray
from matchmaker.domain import parse_toml
from matchmaker.names.evidence import Evidence, evidence
from matchmaker.names.index import Postings, largest
from matchmaker.names.line import Line, plain, read_line
from matchmaker.names.word import common_words

_SHORTLIST = 50


class Table(NamedTuple):
    """What is known of the spellings and of the rows that they name."""

    spelling: Sequence[str]
    rows: IntArray  # by spelling
    main: BoolArray  # by spelling: the first of its row
    countries: Sequence[str | None]  # by row
    towns: Sequence[Sequence[str]]  # by row
    parents: Sequence[frozenset[int]]  # by row: the rows of what it is a part of


class Weights(NamedTuple):
    """What each evidence adds to the log-odds of a spelling against "none of these", and when one is sure."""

    bias: float
    evidence: FloatArray
    sure: float  # probability from which on an organization is taken to be named


@lru_cache(maxsize=1)
def learned_weights() -> Weights:
    """The weights that travel with the package; experiments/name_matching.py --fit learned them."""
    path = Path(__file__).with_name("affiliation.toml")
    table = parse_toml(path.read_text(encoding="utf-8"), path.name)
    return Weights(table["bias"], np.array([table["evidence"][name] for name in Evidence._fields]), table["sure"])


@dataclass(frozen=True, eq=False)
class AffiliationIndex:
    """Spellings by their words: `words[k]` are the numbers of those of spelling *k*, `size[k]` is their weight."""

    table: Table
    plain: list[str]  # by spelling: in plain words
    number: Mapping[str, int]
    words: list[tuple[int, ...]]  # by spelling: each once, in their order
    size: FloatArray
    postings: Postings

    @classmethod
    def of(cls, table: Table) -> AffiliationIndex:
        """Index the spellings of a table."""
        number: dict[str, int] = {}
        spoken = [plain(name) for name in table.spelling]
        words = [
            tuple(dict.fromkeys(number.setdefault(word, len(number)) for word in common_words(name.split())))
            for name in spoken
        ]
        owner = np.repeat(np.arange(len(words)), [len(each) for each in words])
        piece = np.fromiter((word for each in words for word in each), np.int64, count=len(owner))
        weight = Postings.of(piece, table.rows[owner], len(number), len(table.countries)).weight
        size: FloatArray = np.bincount(owner, weights=weight[piece], minlength=len(words)).astype(float)
        postings = replace(Postings.of(piece, owner, len(number), len(words)), weight=weight)
        return cls(table, spoken, number, words, size, postings)

    def likely(self, text: str, country: str | None = None) -> list[tuple[int, float]]:
        """(number of the spelling, probability) of who may be named, the likest first, one spelling a row."""
        found, speaks = self.found(text, country)
        if not len(found):
            return []
        chance = _chances(learned_weights().bias + speaks @ learned_weights().evidence)
        rows, group = np.unique(self.table.rows[found], return_inverse=True)
        total = np.bincount(group, weights=chance).round(12)
        best = {int(group[place]): int(found[place]) for place in np.lexsort((-found, chance)).tolist()}
        return [(best[one], float(total[one])) for one in np.lexsort((rows, -total)).tolist()]

    def found(self, text: str, country: str | None = None) -> tuple[IntArray, FloatArray]:
        """Numbers (n,) of the spellings that the line may hold, and what speaks for each (n, fields of Evidence)."""
        line = read_line(text, country, self.number, self.place_countries)
        likely, shared = self.postings.sharing(line.known)
        worth = shared * shared / self.size[likely]
        found = likely[largest(worth, _SHORTLIST)]
        if not len(found):
            return found, np.empty((0, len(Evidence._fields)))
        return found, np.column_stack([*evidence(self, found, line)]).astype(float)

    def weights(self, line: Line) -> FloatArray:
        """Shape (words of the line,): an unknown word is as rare as can be; said again in a segment it says nothing."""
        weights = np.where(line.words >= 0, self.postings.weight[line.words], self.postings.weight.max(initial=0.0))
        said = np.unique(np.column_stack([line.segment, line.words]), axis=0, return_index=True)[1]
        first = line.words < 0
        first[said] = True
        return np.where(first, weights, 0.0)

    @cached_property
    def towns(self) -> list[frozenset[str]]:
        """By row: names of its places in plain words."""
        return [frozenset(map(plain, names)) - {""} for names in self.table.towns]

    @cached_property
    def spellings_of_row(self) -> IntArray:
        """By row: how many spellings it has."""
        return np.bincount(self.table.rows, minlength=len(self.table.countries)).astype(np.int64)

    @cached_property
    def parts_of_row(self) -> IntArray:
        """By row: how many are a part of it."""
        parents = [parent for each in self.table.parents for parent in each]
        return np.bincount(np.array(parents, np.int64), minlength=len(self.table.countries)).astype(np.int64)

    @cached_property
    def place_countries(self) -> dict[str, frozenset[str]]:
        """In which countries there is a place of a name."""
        known: dict[str, set[str]] = {}
        for names, country in zip(self.towns, self.table.countries, strict=True):
            for name in names:
                known.setdefault(name, set()).update([country] if country else [])
        return {name: frozenset(countries) for name, countries in known.items()}

    @cached_property
    def namesakes(self) -> dict[frozenset[int], int]:
        """How many rows have a spelling of the same words."""
        rows: dict[frozenset[int], set[int]] = {}
        for row, words in zip(self.table.rows.tolist(), self.words, strict=True):
            rows.setdefault(frozenset(words), set()).add(row)
        return {words: len(found) for words, found in rows.items()}


def _chances(log_odds: FloatArray) -> FloatArray:
    """Shape (n,): the chance of each, where "none of these" has log-odds 0."""
    top = max(float(log_odds.max()), 0.0)
    odds = np.exp(log_odds - top)
    chances: FloatArray = odds / (odds.sum() + np.exp(-top))
    return chances

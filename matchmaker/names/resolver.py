"""Who is meant by a name: found by any spelling, in any of three scripts; what is close is ranked and never picked."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Literal, NamedTuple

import numpy as np

from matchmaker.dataset import FloatArray
from matchmaker.names.index import PieceIndex
from matchmaker.names.key import comparison_key, spellings
from matchmaker.names.reading import LOSSY, Reading, readings

MOST_OFFERED = 5
NEAR = 0.5  # likeness below which a name is not offered
_SHORTLIST = 200  # keys that are compared letter by letter
_FEW = 20_000  # so many keys are all compared

Status = Literal["exact", "sure", "ambiguous", "unknown"]


class Entry(NamedTuple):
    """One organization as a resolver knows it; `places` are names of its city, region …, in any language."""

    identifier: str
    names: Sequence[str]
    country: str | None = None
    places: Sequence[str] = ()


class Candidate(NamedTuple):
    """Who may be meant: row and identifier, the spelling that is like the text, how, and how much (0 to 1)."""

    row: int
    identifier: str
    spelling: str
    how: str
    likeness: float


class Resolution(NamedTuple):
    """What a text means.

    `exact`: an identifier or a spelling of one organization. `sure`: the same name but for its legal form or script.
    `ambiguous`: several are called so, or some are called nearly so. `unknown`: nobody is. Candidates are ranked.
    """

    text: str
    status: Status
    candidates: tuple[Candidate, ...] = ()

    @property
    def found(self) -> Candidate | None:
        """The one who is meant, where that is beyond doubt."""
        return self.candidates[0] if self.status in ("exact", "sure") else None


@dataclass(frozen=True, eq=False)
class Resolver:
    """All spellings of all organizations: `spelling[k]` names row `rows[k]`; rows are numbered in the order given.

    `places` gives Chinese names of places as Koreans write them, for the reading of Chinese names.
    """

    identifiers: list[str]
    spelling: list[str]
    rows: list[int]
    countries: list[str | None]
    towns: list[tuple[str, ...]]
    places: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, entries: Iterable[Entry], places: Mapping[str, str] | None = None) -> Resolver:
        """Index identifiers and names; a remark in brackets is a spelling of its own. Nothing depends on the order."""
        ordered = sorted(entries, key=lambda entry: entry.identifier)
        resolver = cls([], [], [], [], [], dict(places or {}))
        for row, entry in enumerate(ordered):
            known = dict.fromkeys(part for name in (entry.identifier, *entry.names) if name for part in spellings(name))
            resolver.spelling.extend(known)
            resolver.rows.extend([row] * len(known))
            resolver.identifiers.append(entry.identifier)
            resolver.countries.append(entry.country)
            resolver.towns.append(tuple(entry.places))
        return resolver

    def __len__(self) -> int:
        return len(self.identifiers)

    def resolve(self, text: str, country: str | None = None, most: int = MOST_OFFERED) -> Resolution:
        """What `text`, which is a name and nothing else, means; `country` decides between namesakes."""
        row = self._row_of.get(text)
        if row is not None:
            return Resolution(text, "exact", (Candidate(row, text, text, "identifier", 1.0),))
        key = comparison_key(text)
        if same := self._by_key.get(key, ()):
            return self._settled(text, "exact", [self._candidate(k, "name", 1.0) for k in same], country, most)
        asked = [reading for reading in readings(text, self.places) if reading.how not in LOSSY]
        alike = [
            self._candidate(k, reading.how, 1.0) for reading in asked for k in self._by_reading.get(reading.key, ())
        ]
        if alike:
            return self._settled(text, "sure", alike, country, most)
        near = self.near(text, country, most)
        return Resolution(text, "ambiguous" if near else "unknown", tuple(near))

    def near(self, text: str, country: str | None = None, most: int = MOST_OFFERED) -> list[Candidate]:
        """Who is called nearly so or by a part of it, the likest first, ties by identifier; one spelling each."""
        best: dict[int, Candidate] = {}
        for asked in (Reading(comparison_key(text), "spelling"), *readings(text, self.places)):
            for candidate in self._near_key(asked):
                known = best.get(candidate.row)
                if known is None or candidate.likeness > known.likeness:
                    best[candidate.row] = candidate
        likely = (self._weighed(each, country) for each in best.values())
        ranked = sorted(likely, key=lambda each: (-each.likeness, each.row))
        return [each for each in ranked[:most] if each.likeness >= NEAR]

    def _near_key(self, asked: Reading) -> Iterator[Candidate]:
        if not asked.key:
            return
        positions, weight, whole = self._pieces.shared(asked.key)
        rarity = weight / (whole + 0.2 * (self._pieces.size[positions] - weight))
        best = np.sort(np.argsort(-rarity, kind="stable")[:_SHORTLIST])
        positions, rarity = positions[best], rarity[best]
        likeness = 0.5 * rarity + 0.5 * _likeness(asked.key, [self._all_keys[k].key for k in positions.tolist()])
        for k, value in zip(positions.tolist(), likeness.tolist(), strict=True):
            yield self._candidate(self._owner[k], self._all_keys[k].how, value)

    def _weighed(self, candidate: Candidate, country: str | None) -> Candidate:
        stated = self.countries[candidate.row]
        foreign = country is not None and stated is not None and stated != country
        return candidate._replace(likeness=candidate.likeness * 0.8) if foreign else candidate

    def _settled(
        self, text: str, status: Status, found: Sequence[Candidate], country: str | None, most: int
    ) -> Resolution:
        """The only one of `found`, or the only one in `country`; else all of them."""
        one_each = {candidate.row: candidate for candidate in reversed(found)}
        rows = sorted(one_each)
        home = [row for row in rows if country is not None and self.countries[row] == country]
        if len(home or rows) == 1:
            return Resolution(text, status, (one_each[(home or rows)[0]],))
        ranked = sorted(rows, key=lambda row: (row not in home, row))
        return Resolution(text, "ambiguous", tuple(one_each[row] for row in ranked[:most]))

    def _candidate(self, k: int, how: str, likeness: float) -> Candidate:
        row = self.rows[k]
        return Candidate(row, self.identifiers[row], self.spelling[k], how, likeness)

    @cached_property
    def _row_of(self) -> dict[str, int]:
        return {identifier: row for row, identifier in enumerate(self.identifiers)}

    @cached_property
    def _keys(self) -> list[str]:
        return list(map(comparison_key, self.spelling))

    @cached_property
    def _by_key(self) -> dict[str, tuple[int, ...]]:
        return _grouped(zip(self._keys, range(len(self._keys)), strict=True))

    @cached_property
    def _readings(self) -> list[tuple[Reading, int]]:
        """(reading, number of the spelling) of all spellings."""
        return [(reading, k) for k, name in enumerate(self.spelling) for reading in readings(name, self.places)]

    @cached_property
    def _by_reading(self) -> dict[str, tuple[int, ...]]:
        made = ((reading.key, k) for reading, k in self._readings if reading.how not in LOSSY)
        return _grouped((*zip(self._keys, range(len(self._keys)), strict=True), *made))

    @cached_property
    def _all_keys(self) -> list[Reading]:
        return [*(Reading(key, "spelling") for key in self._keys), *(reading for reading, _ in self._readings)]

    @cached_property
    def _owner(self) -> list[int]:
        return [*range(len(self.spelling)), *(k for _, k in self._readings)]

    @cached_property
    def _pieces(self) -> PieceIndex:
        return PieceIndex.of([reading.key for reading in self._all_keys])


def _grouped(pairs: Iterable[tuple[str, int]]) -> dict[str, tuple[int, ...]]:
    grouped: dict[str, tuple[int, ...]] = {}
    for key, number in pairs:
        if key:
            grouped[key] = (*grouped.get(key, ()), number)
    return grouped


def _likeness(key: str, others: Sequence[str]) -> FloatArray:
    """Shape (n,): how like `key` each of `others` is, 0 to 1, as a whole or as a part of it or around it."""
    from rapidfuzz import fuzz, process

    whole = process.cdist([key], others, scorer=fuzz.ratio)[0]
    held = process.cdist([key], others, scorer=fuzz.partial_ratio, score_cutoff=85)[0]
    # A part of a name says less than the whole, and the less the longer the name is.
    shares = np.array([min(1.0, len(key) / max(len(other), 1)) for other in others])
    alike: FloatArray = np.maximum(whole, held * (0.75 + 0.2 * shares)).astype(float) / 100.0
    return alike

"""Who is meant by a name: found by any spelling, in any of three scripts; what is close is ranked and never picked."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Literal, NamedTuple

import numpy as np

from matchmaker.names.index import PieceIndex
from matchmaker.names.key import comparison_key, has_hangul, initials, is_initials, spellings
from matchmaker.names.reading import readings, sounds

if TYPE_CHECKING:
    from matchmaker.names.affiliation import AffiliationIndex

MOST_OFFERED = 5
NEAR = 0.4  # likeness below which a name is not offered
FOREIGN = 0.8  # what is left of the likeness of a name in another country than the stated one

Status = Literal["exact", "sure", "ambiguous", "unknown"]


class Entry(NamedTuple):
    """One organization as a resolver knows it.

    `names` are in any language, the usual one first; so are `places`, the names of its city, region …; `parents` are
    the identifiers of what it is a part of.
    """

    identifier: str
    names: Sequence[str]
    country: str | None = None
    places: Sequence[str] = ()
    parents: Sequence[str] = ()


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


class Keys(NamedTuple):
    """Keys that are compared with each other: `pieces.keys[p]` is made as `how[p]` says, of spelling `spelling[p]`."""

    pieces: PieceIndex
    how: list[str]
    spelling: list[int]

    @classmethod
    def of(cls, made: Iterable[tuple[str, str, int]]) -> Keys:
        """Index (key, how, number of the spelling)."""
        keys, how, spelling = ([], [], []) if not (rows := list(made)) else map(list, zip(*rows, strict=True))
        return cls(PieceIndex.of(keys), how, spelling)


@dataclass(frozen=True, eq=False)
class Resolver:
    """All spellings of all organizations: `spelling[k]` names row `rows[k]`; rows are numbered by sorted identifier.

    `places` gives Chinese names of places as Koreans write them, for the reading of Chinese names. What only a question
    that no spelling answers needs, is made when the first such question comes.
    """

    identifiers: list[str] = field(default_factory=list)
    countries: list[str | None] = field(default_factory=list)
    towns: list[tuple[str, ...]] = field(default_factory=list)
    parents: list[tuple[str, ...]] = field(default_factory=list)
    spelling: list[str] = field(default_factory=list)
    rows: list[int] = field(default_factory=list)
    places: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, entries: Iterable[Entry], places: Mapping[str, str] | None = None) -> Resolver:
        """Index identifiers and names; a remark in brackets is a spelling of its own."""
        resolver = cls(places=dict(places or {}))
        entries = list(entries)
        remarks = Counter(part for entry in entries for name in entry.names if name for part in spellings(name)[2:])
        for row, entry in enumerate(sorted(entries, key=lambda entry: entry.identifier)):
            names = (*entry.names, entry.identifier)
            known = dict.fromkeys(
                part for name in names if name for part in spellings(name) if remarks.get(part, 0) <= 2
            )
            resolver.spelling.extend(known)
            resolver.rows.extend([row] * len(known))
            resolver.identifiers.append(entry.identifier)
            resolver.countries.append(entry.country)
            resolver.towns.append(tuple(entry.places))
            resolver.parents.append(tuple(entry.parents))
        return resolver

    def __len__(self) -> int:
        return len(self.identifiers)

    def resolve(self, text: str, country: str | None = None, most: int = MOST_OFFERED) -> Resolution:
        """What `text`, which is a name and nothing else, means; `country` decides among namesakes."""
        same = self.same(text, country, most)
        if same.candidates:
            return same
        near = self.near(text, country, most)
        return Resolution(text, "ambiguous" if near else "unknown", tuple(near))

    def same(self, text: str, country: str | None = None, most: int = MOST_OFFERED) -> Resolution:
        """The same without those who are only called nearly so."""
        row = self._row_of.get(text)
        if row is not None:
            return Resolution(text, "exact", (Candidate(row, text, text, "identifier", 1.0),))
        if same := self._by_key.get(comparison_key(text)):
            return self._settled(text, "exact", [self._candidate(k, "name", 1.0) for k in same], country, most)
        if alike := [self._candidate(k, how, 1.0) for k, how in self._read_alike(text)]:
            return self._settled(text, "sure", alike, country, most)
        return Resolution(text, "unknown")

    def within(self, text: str, country: str | None = None, most: int = MOST_OFFERED) -> Resolution:
        """Who is named in `text`, a longer line such as the address in a paper; `country` where the line comes from.

        `likeness` is the probability that the candidate is meant, as learned from labeled addresses.
        """
        from matchmaker.names.affiliation import learned_weights

        likely = self._affiliations.likely(text, country)[:most]
        found = tuple(self._candidate(k, "words", chance) for k, chance in likely)
        sure = bool(found) and found[0].likeness >= learned_weights().sure
        return Resolution(text, "sure" if sure else "ambiguous" if found else "unknown", found)

    def near(self, text: str, country: str | None = None, most: int = MOST_OFFERED) -> list[Candidate]:
        """Who is called nearly so or by a part of it, the likest first, ties by identifier; one spelling each."""
        best: dict[int, Candidate] = {}
        for keys, key in self._asked(text):
            positions, likeness = keys.pieces.near(key)
            for position, value in zip(positions.tolist(), likeness.tolist(), strict=True):
                k = keys.spelling[position]
                known = best.get(self.rows[k])
                if known is None or value > known.likeness:
                    best[self.rows[k]] = self._candidate(k, keys.how[position], value)
        likely = (self._weighed(candidate, country) for candidate in best.values())
        ranked = sorted(likely, key=lambda each: (-each.likeness, each.row))
        return [each for each in ranked[:most] if each.likeness >= NEAR]

    def _read_alike(self, text: str) -> Iterator[tuple[int, str]]:
        """(number, how) of the spellings that are `text` in another script or without its legal form."""
        yield from self._by_reading.get(comparison_key(text), ())
        for reading in readings(text, self.places):
            for k in self._by_key.get(reading.key, ()):
                yield k, reading.how
            for k, _ in self._by_reading.get(reading.key, ()):
                yield k, reading.how

    def _asked(self, text: str) -> Iterator[tuple[Keys, str]]:
        """The keys of `text`, and which others they are compared with."""
        if is_initials(key := comparison_key(text)):
            yield self._initials, key
            return
        yield self._letters, key
        yield from ((self._letters, reading.key) for reading in readings(text, self.places))
        if heard := sounds([text])[0]:
            yield (self._latin_sounds if has_hangul(text) else self._hangul_sounds), heard

    def _weighed(self, candidate: Candidate, country: str | None) -> Candidate:
        stated = self.countries[candidate.row]
        foreign = country is not None and stated is not None and stated != country
        return candidate._replace(likeness=candidate.likeness * FOREIGN) if foreign else candidate

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
    def _by_key(self) -> dict[str, list[int]]:
        return _grouped((comparison_key(name), k) for k, name in enumerate(self.spelling))

    @cached_property
    def _readings(self) -> list[tuple[str, str, int]]:
        """(key, how, number of the spelling) of all other writings of all spellings."""
        made = ((reading, k) for k, name in enumerate(self.spelling) for reading in readings(name, self.places))
        return [(reading.key, reading.how, k) for reading, k in made]

    @cached_property
    def _by_reading(self) -> dict[str, list[tuple[int, str]]]:
        """(number of the spelling, how the key was made of it) by key."""
        grouped: dict[str, list[tuple[int, str]]] = {}
        for key, how, k in self._readings:
            grouped.setdefault(key, []).append((k, how))
        return grouped

    @cached_property
    def _letters(self) -> Keys:
        plain = ((key, "spelling", k) for key, numbers in self._by_key.items() for k in numbers)
        return Keys.of((*plain, *self._readings))

    @cached_property
    def _affiliations(self) -> AffiliationIndex:
        from matchmaker.names.affiliation import AffiliationIndex, Table

        rows = np.array(self.rows, np.int64)
        main = np.concatenate([[True], rows[1:] != rows[:-1]])[: len(rows)]
        known = self._row_of
        parents = [frozenset(known[parent] for parent in each if parent in known) for each in self.parents]
        return AffiliationIndex.of(Table(self.spelling, rows, main, self.countries, self.towns, parents))

    @cached_property
    def _initials(self) -> Keys:
        korean = ((initials(key), numbers) for key, numbers in self._by_key.items())
        return Keys.of((key, "initials", k) for key, numbers in korean if key for k in numbers)

    @cached_property
    def _latin_sounds(self) -> Keys:
        return self._sounds(hangul=False)

    @cached_property
    def _hangul_sounds(self) -> Keys:
        return self._sounds(hangul=True)

    def _sounds(self, *, hangul: bool) -> Keys:
        numbers = [k for k, name in enumerate(self.spelling) if has_hangul(name) == hangul]
        heard = zip(sounds(self.spelling[k] for k in numbers), numbers, strict=True)
        return Keys.of((key, "sound", k) for key, k in heard if key)


def _grouped(pairs: Iterable[tuple[str, int]]) -> dict[str, list[int]]:
    grouped: dict[str, list[int]] = {}
    for key, number in pairs:
        if key:
            grouped.setdefault(key, []).append(number)
    return grouped

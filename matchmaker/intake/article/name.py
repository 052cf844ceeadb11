"""Known names of organizations and places in a text: one search for all of them, over letters alone."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from typing import Any, NamedTuple

from matchmaker.dataset import Dataset
from matchmaker.intake.article.cue import CUES, one_of
from matchmaker.vocabulary import is_latin

SHORTEST_LATIN, SHORTEST_OTHER = 3, 2
LONGEST_ACRONYM = 5
_LEGAL_END = re.compile(
    rf"[\s,]{{1,4}}{one_of(CUES.name('en')['legal'])}\.?$|(?:股份|有限责任|集团)?(?:有限)?公司$|㈜$|\(주\)$|주식회사$"
)
_LEGAL_START = re.compile(r"^(?:㈜|\(주\)|주식회사)\s?")
_FOLLOWS = re.compile(
    rf"(?:\s?\((?:Group|Holdings)\))?,?\s?{one_of(CUES.name('en')['legal'])}(?![\w])|(?:\((?:集团|中国|韩国)\))?(?:集团)?(?:股份|有限责任)?有限公司|\(주\)|㈜"
)
_PARENTHESIS = re.compile(r"\s?[(（][^()（）]{1,40}[)）]")
_LETTERS = re.compile(r"[^\W_]+|\n")
_MEANS_NOTHING = re.compile(r"[\W_]", re.UNICODE)


PROVINCES = ("country", "province", "municipality", "autonomous-region", "metropolitan-city", "special-city")
ZONES = ("zone", "cluster", "park")
_ENDS = {end for language in ("zh", "ko") for end in CUES.name(language)["ends"]}


class Named(NamedTuple):
    """A name at `start:end` of a text: of an organization (`id`, or new where blank) or of a place."""

    start: int
    end: int
    id: str
    how: str
    confidence: float


@dataclass(frozen=True)
class Folded:
    """A text as letters only, in small form, with the place of each in the original."""

    letters: str
    places: list[int]

    @classmethod
    def of(cls, text: str) -> Folded:
        """Fold `text`: width, case, blanks and marks make no difference; a line break stays."""
        small = text.casefold()
        if len(small) == len(text) and unicodedata.is_normalized("NFKC", small):
            return cls._plain(small)
        letters: list[str] = []
        places: list[int] = []
        for place, character in enumerate(text):
            folded = _folded(character)
            letters.append(folded)
            places.extend([place] * len(folded))
        return cls("".join(letters), places)

    @classmethod
    def _plain(cls, small: str) -> Folded:
        letters: list[str] = []
        places: list[int] = []
        for run in _LETTERS.finditer(small):
            letters.append(run[0])
            places.extend(range(run.start(), run.end()))
        return cls("".join(letters), places)


_FOLDS: dict[str, str] = {}


def _folded(character: str) -> str:
    known = _FOLDS.get(character)
    if known is None:
        known = (
            character
            if character == "\n"
            else _MEANS_NOTHING.sub("", unicodedata.normalize("NFKC", character).casefold())
        )
        if len(_FOLDS) < 1 << 17:
            _FOLDS[character] = known
    return known


@lru_cache(maxsize=1 << 16)
def letters_of(name: str) -> str:
    """`name` as it is searched for.

    >>> letters_of("Gen-N Bio Ｃｏ.")
    'gennbioco'
    """
    return Folded.of(unicodedata.normalize("NFC", name)).letters.replace("\n", "")


@lru_cache(maxsize=1 << 16)
def without_legal_form(name: str) -> str:
    """`name` without `Co., Ltd.`, 有限公司, 주식회사 …

    >>> without_legal_form("Cobetter Filtration Equipment Co., Ltd.")
    'Cobetter Filtration Equipment'
    """
    bare = name.strip()
    for _ in range(3):
        shorter = _LEGAL_START.sub("", _LEGAL_END.sub("", bare)).strip(" ,")
        if shorter in (bare, ""):
            break
        bare = shorter
    return bare


class Entry(NamedTuple):
    """What a searched name means; `exact`: so it must be written; `weak`: many could have it; `apart`: a word."""

    ids: tuple[str, ...]
    exact: str
    length: int
    weak: bool = False
    apart: bool = False


@dataclass(frozen=True, eq=False)
class Names:
    """All names of the organizations and the places of a domain, ready to be searched for in any text."""

    organizations: dict[str, Entry]
    places: dict[str, Entry]
    spellings: dict[str, tuple[str, ...]] = field(default_factory=dict)
    provinces: frozenset[str] = frozenset()

    @classmethod
    def of(cls, dataset: Dataset) -> Names:
        """Names in every language, aliases and places; legal forms are optional."""
        places = {
            letters_of(name): term.id
            for term in dataset.regions.terms.values()
            for name in term.names()
            if len(letters_of(name)) >= (SHORTEST_LATIN if name.isascii() else SHORTEST_OTHER)
        }
        both = {
            letters for letters, term in places.items() if dataset.regions.terms[term].attributes.get("level") in ZONES
        }
        spellings = _spellings(dataset)
        found: dict[str, dict[str, str]] = {}
        for identifier, names in spellings.items():
            for name in _searched(names):
                letters = letters_of(name)
                if _is_long_enough(letters) and (letters not in places or letters in both):
                    found.setdefault(letters, {}).setdefault(identifier, name)
        organizations = {
            letters: Entry(
                tuple(sorted(ids)),
                _exactly(next(iter(ids.values()))),
                len(letters),
                letters in _ENDS,
                len(letters) == 2,
            )
            for letters, ids in found.items()
        }
        regions = {letters: Entry((term,), "", len(letters)) for letters, term in places.items()}
        wide = frozenset(
            letters
            for letters, term in places.items()
            if dataset.regions.terms[term].attributes.get("level") in PROVINCES
        )
        return cls(organizations, regions, spellings, wide)

    @cached_property
    def _automata(self) -> tuple[Any, Any]:
        return _automaton(self.organizations), _automaton(self.places)

    def find(self, text: str, folded: Folded, *, within: bool = False) -> list[Named]:
        """The organizations that `text` names, the longest name where they overlap; `within`: not all of `text`."""
        found = [
            (
                entry.weak,
                Named(start, _closed(text, start, end), entry.ids[0], "|".join(entry.ids), 1.0 / len(entry.ids)),
            )
            for start, end, entry in _found(self._automata[0], text, folded, len(folded.letters) if within else -1)
        ]
        sure = {named.id for weak, named in found if not weak}
        return [named for weak, named in found if not weak or named.id in sure]

    def find_places(self, text: str, folded: Folded) -> list[Named]:
        """The places that `text` names."""
        return [
            Named(start, end, entry.ids[0], "place", 1.0)
            for start, end, entry in _found(self._automata[1], text, folded)
        ]


def _spellings(dataset: Dataset) -> dict[str, tuple[str, ...]]:
    """By organization: its names in every language, aliases, and what stands in brackets as another name."""
    columns = [f"name_{language}" if language else "name" for language in dataset.languages]
    records = dataset.organizations.select("org_id", *columns, "aliases").iter_rows()
    return {
        identifier: tuple(dict.fromkeys(part for name in (*names, *aliases) if name for part in (name, *_inside(name))))
        for identifier, *names, aliases in records
    }


def _inside(name: str) -> Iterator[str]:
    for part in _PARENTHESIS.findall(name):
        bare = part.strip(" ()（）")
        if (bare.isupper() and len(bare) >= SHORTEST_LATIN) or not bare.isascii():
            yield bare


def _searched(names: Iterable[str]) -> Iterator[str]:
    for name in names:
        yield name
        yield without_legal_form(name)
        if "(" in name or "（" in name:
            yield without_legal_form(_PARENTHESIS.sub("", name))


def _is_long_enough(letters: str) -> bool:
    return len(letters) >= (SHORTEST_LATIN if letters[:1].isascii() else SHORTEST_OTHER)


def _exactly(name: str) -> str:
    """How an acronym must be written: `CAS` is not `cas`."""
    bare = name.strip()
    return bare if len(bare) <= LONGEST_ACRONYM and bare.isascii() and bare.upper() == bare else ""


def _automaton(entries: dict[str, Entry]) -> Any:
    import ahocorasick  # type: ignore[import-not-found]  # compiled, without type stubs

    automaton = ahocorasick.Automaton()
    for letters, entry in entries.items():
        automaton.add_word(letters, entry)
    if entries:
        automaton.make_automaton()
    return automaton


def _found(automaton: Any, text: str, folded: Folded, but: int = -1) -> Iterator[tuple[int, int, Entry]]:
    """All places of all names that stand alone, none within a longer one, none of `but` letters."""
    if not len(automaton):
        return
    hits: list[tuple[int, int, Entry]] = []
    for last, entry in automaton.iter(folded.letters):
        start, end = folded.places[last - entry.length + 1], folded.places[last] + 1
        if entry.length != but and _stands_alone(text, start, end, entry):
            hits.append((start, end, entry))
    reached = -1
    for start, end, entry in sorted(hits, key=lambda hit: (hit[0], -hit[1])):
        if start >= reached:
            yield start, end, entry
            reached = end


def _stands_alone(text: str, start: int, end: int, entry: Entry) -> bool:
    """Latin names stand between marks or other scripts; no name goes over the end of a sentence."""
    if start > 0 and is_latin(text[start]) and is_latin(text[start - 1]):
        return False
    if end < len(text) and is_latin(text[end - 1]) and is_latin(text[end]):
        return False
    written = text[start:end]
    if entry.apart and not _is_apart(text, start, end):
        return False
    if entry.exact:
        return written == entry.exact
    if written.isascii():
        return written[0].isupper() or written[0].isdigit() or any(map(str.isupper, written))
    return not any(mark in written for mark in ",，、;；。\t")


_PARTICLE = re.compile(r"(?:은|는|이|가|을|를|와|과|의|에|도|등|측)?(?![가-힣一-鿿])")


def _is_apart(text: str, start: int, end: int) -> bool:
    """Whether a name of two letters stands as a word of its own, but for a particle."""
    before = text[start - 1 : start]
    return not ("가" <= before <= "힣" or "一" <= before <= "鿿") and _PARTICLE.match(text, end) is not None


def _closed(text: str, start: int, end: int) -> int:
    """The end of a name with its closing bracket and its legal form."""
    if "(" in text[start:end] and text[end : end + 1] == ")" and ")" not in text[start:end]:
        end += 1
    return with_legal_form(text, end)


def with_legal_form(text: str, end: int) -> int:
    """Where a name ends that goes on with `Co., Ltd.` and the like."""
    found = _FOLLOWS.match(text, end)
    return found.end() if found else end

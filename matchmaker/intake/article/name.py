"""Known names of organizations and places in a text: one search for all of them, over letters alone."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Container, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from typing import Any, NamedTuple

from matchmaker.dataset import Dataset
from matchmaker.intake.article.cue import CUES, one_of
from matchmaker.names import without_legal_form
from matchmaker.names.key import spellings
from matchmaker.names.legal_form import legal_forms
from matchmaker.names.organization import entries_of
from matchmaker.names.sino_korean import simplified_in_place
from matchmaker.vocabulary import is_latin

SHORTEST_LATIN, SHORTEST_OTHER = 3, 2
LONGEST_ACRONYM = 5
STRONG, WEAK, LISTED, THIN = (
    0.8,
    0.6,
    0.5,
    0.1,
)  # confidence in a name by its end, by a loose end, by what stands around it, in none
_SPELLED = frozenset(["Co", "plc", "GmbH", "S.A.", "S.p.A."])  # short ones in small letters are other words
_LATIN_FORMS = _SPELLED | {
    shape
    for form in legal_forms().words
    if form.isascii()
    for shape in (form.upper(), *[form.title()] * (len(form) > 2))
}
LEGAL_FORM = re.compile(
    rf"(?:\s?\((?:Group|Holdings)\))?(?:,?\s?{one_of(_LATIN_FORMS)}\.?(?!\w)){{1,3}}"
    rf"|(?:\((?:中国|韩国)\))?(?:集团)?{one_of((*legal_forms().marks, '㈜'))}"
)
_LETTERS = re.compile(r"[^\W_]+|\n")
_COMPANY = re.compile(r"(?:医药|制药|药业|生物|医疗|科技|의약|제약|바이오|메디칼|의료기)$")
_PLAIN_OR_ONE = re.compile(r"[0-9A-Za-z가-힣一-鿿]+|.", re.DOTALL)
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
        small = unicodedata.normalize("NFKC", text).casefold()
        if len(small) == len(text) and unicodedata.is_normalized("NFC", text):  # then letter stands for letter
            return cls._plain(small)
        letters: list[str] = []
        places: list[int] = []
        for run in _PLAIN_OR_ONE.finditer(text):
            folded = run[0].lower() if len(run[0]) > 1 else _folded(run[0])
            letters.append(folded)
            places.extend(range(*run.span()) if len(run[0]) > 1 else [run.start()] * len(folded))
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
    return Folded.of(simplified_in_place(unicodedata.normalize("NFC", name))).letters.replace("\n", "")


@lru_cache(maxsize=1 << 16)
def bare_letters_of(name: str) -> str:
    """The same without the legal form.

    >>> bare_letters_of("Cobetter Filtration Equipment Co., Ltd."), bare_letters_of("三生製藥股份有限公司")
    ('cobetterfiltrationequipment', '三生制药')
    """
    return letters_of(without_legal_form(name))


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
        terms = dataset.regions.terms
        places = {
            letters: term.id
            for term in terms.values()
            for letters in map(letters_of, term.names())
            if _is_long_enough(letters)
        }
        level = {letters: terms[term].attributes.get("level") for letters, term in places.items()}
        by_organization = _spellings(dataset)
        taken = {letters for letters in places if level[letters] not in ZONES}
        regions = {letters: Entry((term,), "", len(letters)) for letters, term in places.items()}
        wide = frozenset(letters for letters in places if level[letters] in PROVINCES)
        return cls(_entries(by_organization, taken), regions, by_organization, wide)

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


def _entries(spellings: Mapping[str, Iterable[str]], taken: Container[str]) -> dict[str, Entry]:
    """By their letters: all names but those which are `taken` by places."""
    found: dict[str, dict[str, str]] = {}
    for identifier, names in spellings.items():
        for name in _searched(names, taken):
            letters = letters_of(name)
            if _is_long_enough(letters) and letters not in taken:
                found.setdefault(letters, {}).setdefault(identifier, name)
    return {
        letters: Entry(
            tuple(sorted(ids)), _exactly(next(iter(ids.values()))), len(letters), letters in _ENDS, len(letters) == 2
        )
        for letters, ids in found.items()
    }


def _spellings(dataset: Dataset) -> dict[str, tuple[str, ...]]:
    """By organization: its names in every language, aliases, and what stands in brackets as another name."""
    return {
        entry.identifier: tuple(dict.fromkeys(part for name in entry.names for part in _parts(name)))
        for entry in entries_of(dataset)
    }


def _parts(name: str) -> Iterator[str]:
    whole, *rest = spellings(name)
    yield from (whole, *rest[:1])
    yield from (part for part in rest[1:] if len(part) >= SHORTEST_LATIN and (part.isupper() or not part.isascii()))


def _searched(names: Iterable[str], places: Container[str]) -> Iterator[str]:
    for name in names:
        yield name
        yield (bare := without_legal_form(name))
        if not bare.isascii() and _COMPANY.search(bare):
            yield from (bare[cut:] for cut in (2, 3) if letters_of(bare[:cut]) in places and len(bare) - cut >= 4)


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
    found = LEGAL_FORM.match(text, end)
    return found.end() if found else end

"""Terms, places and countries as people write them in cells, brought to the identifiers of the vocabularies."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import NamedTuple

from matchmaker.cell import normalized_term
from matchmaker.domain import Domain
from matchmaker.errors import Refusal, quoted
from matchmaker.names import comparison_key
from matchmaker.table import LONGEST_CELL
from matchmaker.vocabulary import Vocabulary

SEPARATORS = ("[;；\n\r|•▪■●※]", "[,，、]", r"[/／·ㆍ・&+＋]|\s+(?:및|와|과|and|和|与|及)\s+|[和与及]")
_ANY = re.compile("[;；\n\r|•▪■●※,，、]")
_LONGEST_PHRASE = 500
_MISSPELLED = 0.8  # share of letters in place from which words that are no term are one with a slip of the pen
_IDENTIFIER = re.compile("[a-z0-9]+(?:-[a-z0-9]+)+")


class Reading(NamedTuple):
    """The terms of a cell; `heard` are phrases that are no names of terms but mention some, `unread` mention none."""

    terms: tuple[str, ...] = ()
    heard: tuple[str, ...] = ()
    unread: tuple[str, ...] = ()


def _joined(readings: Iterable[Reading]) -> Reading:
    terms, heard, unread = ([each for part in parts for each in part] for parts in zip(*readings, strict=True))
    return Reading(tuple(dict.fromkeys(terms)), tuple(heard), tuple(unread))


@dataclass(frozen=True)
class TermReader:
    """Reads cells of one vocabulary (None: every word is a term).

    With `short`, a term is also known without the name of its kind: `Pharmaceutical company` by `Pharmaceutical`.
    """

    vocabulary: Vocabulary | None
    what: str
    max_tags: int = 1_000
    allow_unknown: bool = False
    short: bool = False

    @cached_property
    def _terms(self) -> dict[str, set[str]]:
        """Terms by the comparison key of an identifier or label, and of a synonym where no label has it."""
        labels: dict[str, set[str]] = {}
        synonyms: dict[str, set[str]] = {}
        for term in self.vocabulary.terms.values() if self.vocabulary else ():
            for name in (term.id, *term.labels.values()):
                labels.setdefault(comparison_key(name), set()).add(term.id)
            for name in term.names():
                synonyms.setdefault(comparison_key(name), set()).add(term.id)
        return self._short_names() | synonyms | labels

    def _short_names(self) -> dict[str, set[str]]:
        """Terms by their names, less a name of the term above at the end."""
        found: dict[str, set[str]] = {}
        for term in self.vocabulary.terms.values() if self.vocabulary and self.short else ():
            above = self.vocabulary.terms.get(term.parent or "") if self.vocabulary else None
            kinds = {comparison_key(name) for name in above.names()} if above else set()
            for key in map(comparison_key, term.names()):
                for kind in kinds:
                    if key.endswith(kind) and key != kind:
                        found.setdefault(key.removesuffix(kind).strip(), set()).add(term.id)
        return found

    def read(self, text: str) -> Reading | Refusal:
        """All terms of a cell, between any of `SEPARATORS`."""
        n_tags = len(_ANY.findall(text)) + 1
        if n_tags > self.max_tags:
            message = f"{n_tags:,} terms in one cell; the limit is {self.max_tags:,}"
            return Refusal("MM-LIM-005", message, f"write fewer, or give --max-tags {n_tags}")
        if len(text) > LONGEST_CELL:
            return Refusal(
                "MM-LIM-006", f"{len(text):,} characters in one cell; the limit is {LONGEST_CELL:,}", "shorten it"
            )
        found = [self._part(part, 1) for part in _parts(text, SEPARATORS[0])]
        refused = next((each for each in found if isinstance(each, Refusal)), None)
        return refused or _joined([Reading(), *(each for each in found if isinstance(each, Reading))])

    def read_one(self, text: str) -> Reading | Refusal:
        """The single term of a cell; of several that are mentioned, the narrowest, if the others lie above it."""
        if self.vocabulary is None:
            return Reading((normalized_term(text),))
        exact = self._exact(text)
        if exact is not None:
            return exact if isinstance(exact, Refusal) else Reading((exact,))
        parts = [self._exact(part) for part in _parts(text, SEPARATORS[0])]
        if len(parts) > 1 and isinstance(parts[0], str) and set(parts) == {parts[0]}:
            return Reading((parts[0],))
        mentioned = self._mentioned(text)
        above = {term for each in mentioned for term in self.vocabulary.ancestors(each)[1:]}
        lowest = [term for term in mentioned if term not in above]
        if narrowest := self._common(lowest):
            return Reading((narrowest,), (text,))
        if lowest:
            message = f"{quoted(text)} mentions {' and '.join(lowest[:3])}"
            return Refusal("MM-REF-004", message, f"write one {self.what}")
        return self._unknown(text)

    def _common(self, terms: Sequence[str]) -> str | None:
        """The one term; of several, the narrowest above all, unless above that there is nothing, as above a country."""
        if self.vocabulary is None or len(terms) < 2:
            return terms[0] if terms else None
        chains = [self.vocabulary.ancestors(term) for term in terms]
        shared = [term for term in chains[0] if all(term in chain for chain in chains)]
        return shared[0] if len(shared) > 1 else None

    def exact(self, text: str) -> str | None:
        """The one term that is called so, if there is one."""
        found = self._exact(text)
        return found if isinstance(found, str) else None

    def _part(self, text: str, level: int) -> Reading | Refusal:
        """A part of a cell: a term, else parts of it, else the terms that it mentions."""
        exact = self._exact(text)
        if exact is not None:
            return exact if isinstance(exact, Refusal) else Reading((exact,))
        parts = _parts(text, SEPARATORS[level]) if level < len(SEPARATORS) else []
        if len(parts) > 1:
            found = [self._part(part, level + 1) for part in parts]
            readings = [each for each in found if isinstance(each, Reading)]
            is_list = level == 1
            if len(readings) == len(found) and (is_list or not any(each.unread for each in readings)):
                return _joined(readings)
            if is_list:
                return next(each for each in found if isinstance(each, Refusal))
        elif level + 1 < len(SEPARATORS):
            return self._part(text, level + 1)
        mentioned = self._mentioned(text)
        return Reading(tuple(mentioned), (text,)) if mentioned else self._unknown(text)

    def _exact(self, text: str) -> str | Refusal | None:
        if self.vocabulary is None:
            return None if len(_parts(text, SEPARATORS[1])) > 1 else normalized_term(text)
        if text in self.vocabulary:
            return text
        key = comparison_key(text)
        found = sorted(self._terms.get(key) or self._terms.get(_singular(key)) or [])
        if len(found) > 1:
            message = f"{quoted(text)} can mean {' or '.join(found[:5])}"
            return Refusal("MM-REF-004", message, "write one of them")
        return found[0] if found else None

    def _mentioned(self, text: str) -> list[str]:
        if self.vocabulary is None or len(text) > _LONGEST_PHRASE:
            return []
        return list(dict.fromkeys(found.term for found in self.vocabulary.find(text)))

    def _unknown(self, text: str) -> Reading | Refusal:
        """What is no term: refused, if it was meant to be one, else words for people to read."""
        if self.allow_unknown:
            return Reading((normalized_term(text),))
        if not (_IDENTIFIER.fullmatch(text) or self._is_misspelled(text)):
            return Reading(unread=(text,))
        near = self.nearest(text)
        message = f"no {self.what} is called {quoted(text)}" + (f"; the nearest is {near}" if near else "")
        return Refusal("MM-REF-004", message, "write one that is known, or give --allow-unknown")

    def _is_misspelled(self, text: str) -> bool:
        from rapidfuzz import process
        from rapidfuzz.distance import OSA

        key, likeness = comparison_key(text), OSA.normalized_similarity
        return process.extractOne(key, list(self._terms), scorer=likeness, score_cutoff=_MISSPELLED) is not None

    def nearest(self, text: str) -> str | None:
        """The nearest term, with its label in the script of `text`."""
        from rapidfuzz import fuzz, process

        key = comparison_key(text)
        found = process.extractOne(key, list(self._terms), scorer=fuzz.ratio, score_cutoff=60)
        if not found or self.vocabulary is None:
            return None
        term = min(self._terms[found[0]])
        return f"{term} ({self.vocabulary.label(term, script_of(text))})"


def _singular(key: str) -> str:
    return key[:-3] + "y" if key.endswith("ies") else key.removesuffix("s")


def _parts(text: str, separator: str) -> list[str]:
    return [part.strip() for part in re.split(separator, text) if part.strip()]


_SCRIPTS = (("ko", re.compile("[\uac00-\ud7a3\u1100-\u11ff]")), ("ja", re.compile("[\u3041-\u30fa]")),
            ("zh", re.compile("[\u3400-\u9fff\uf900-\ufaff]")))  # fmt: skip


def script_of(text: str) -> str:
    """The language that the script of `text` tells: any Hangul is Korean, any kana Japanese, else any Han Chinese.

    >>> script_of("LG화학"), script_of("恒瑞 Pharma"), script_of("GenNBio")
    ('ko', 'zh', 'en')
    """
    return next((language for language, pattern in _SCRIPTS if pattern.search(text)), "en")


@dataclass(frozen=True)
class CountryReader:
    """Reads countries: by the code of a side or a region, its label, or a name of that country."""

    domain: Domain
    codes: dict[str, str] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "codes", dict(self._names()))

    def _names(self) -> Iterator[tuple[str, str]]:
        terms = self.domain.regions.terms.values() if self.domain.regions else ()
        for term in terms:
            if term.parent is None and (code := term.attributes.get("country")):
                yield from ((comparison_key(name), code) for name in (code, term.id, *term.names()))
        for side in self.domain.sides or ():
            yield from ((comparison_key(name), side.country) for name in (side.country, side.label))

    def read(self, text: str) -> str | Refusal:
        """The code of a country; without sides, or as two capital letters, what is written is taken as it is."""
        found = self.codes.get(comparison_key(text)) or self.mentioned([text])
        if found:
            return found
        if self.domain.sides is None or re.fullmatch("[A-Z]{2}", text):
            return text
        known = " or ".join(side.country for side in self.domain.sides)
        return Refusal(
            "MM-REF-005",
            f"{quoted(text)} is no country of this domain",
            f"write {known}, or another code of two capitals",
        )

    def mentioned(self, texts: Iterable[str]) -> str | None:
        """The one country that is named in the texts, such as a title or the name of a sheet."""
        regions = self.domain.regions
        if regions is None:
            return None
        found = {regions.attribute(each.term, "country") for text in texts for each in regions.find(text[:200])}
        return found.pop() if len(found) == 1 else None

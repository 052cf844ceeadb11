"""A forest of terms (interests, sectors, regions) with labels and synonyms in several languages."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from typing import Any, NamedTuple

from matchmaker.errors import DataError, Problem, quoted, safe_text


class Wanted(NamedTuple):
    """What a key of a TOML file may hold: whether a value fits, and what to write (`…` stands for a text)."""

    fits: Callable[[Any], bool]
    mend: str

    def mend_of(self, value: Any) -> str:
        """What to write in place of `value`."""
        return self.mend.replace("…", safe_text(value)) if isinstance(value, str) else self.mend


def is_text(value: Any) -> bool:
    """Whether `value` is a text."""
    return isinstance(value, str)


def are_texts(value: Any) -> bool:
    """Whether `value` is a list of texts: a single text would be taken for the list of its letters."""
    return isinstance(value, list) and all(map(is_text, value))


def is_number(value: Any, low: float, high: float) -> bool:
    """Whether `value` is a number from `low` to `high`; NaN is none."""
    return isinstance(value, int | float) and not isinstance(value, bool) and low <= value <= high


def _by_language(fits: Callable[[Any], bool]) -> Callable[[Any], bool]:
    return lambda value: isinstance(value, Mapping) and all(map(fits, value.values()))


_TRUTH = Wanted(lambda value: isinstance(value, bool), "write true or false")
# The keys that the engine reads; a term may have any others that do not look like one of them misspelled.
_LINKS: Mapping[str, Wanted] = {
    "parent": Wanted(is_text, 'write parent = "…"'),
    "label": Wanted(_by_language(is_text), 'write label = { en = "…" }'),
    "synonyms": Wanted(_by_language(are_texts), 'write synonyms = { en = ["…"] }'),
    "related": Wanted(are_texts, 'write related = ["…"]'),
}
_ATTRIBUTES: Mapping[str, Wanted] = {
    "country": Wanted(is_text, 'write country = "…"'),
    "latitude": Wanted(lambda value: is_number(value, -90.0, 90.0), "write degrees from -90 to 90"),
    "longitude": Wanted(lambda value: is_number(value, -180.0, 180.0), "write degrees from -180 to 180"),
    "candidate": _TRUTH,
    "hub": _TRUTH,
}
_KEYS: Mapping[str, Wanted] = {**_LINKS, **_ATTRIBUTES}
_GAP = re.compile(r"[\s\-_‐-―·・]+")


@dataclass(frozen=True)
class Term:
    """One entry of a vocabulary: what it is called, what it belongs under and what lies near it."""

    id: str
    parent: str | None = None
    labels: Mapping[str, str] = field(default_factory=dict)
    synonyms: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    related: tuple[str, ...] = ()
    attributes: Mapping[str, Any] = field(default_factory=dict)

    def label(self, language: str = "en") -> str:
        """The label in `language`, else in English, else in any language, else the identifier."""
        return self.labels.get(language) or self.labels.get("en") or next(iter(self.labels.values()), self.id)

    def names(self) -> Iterator[str]:
        """Every label and synonym, in every language."""
        yield from self.labels.values()
        for synonyms in self.synonyms.values():
            yield from synonyms


class Found(NamedTuple):
    """A term that a text mentions, and where: `text[start:end]` of the folded text."""

    term: str
    start: int
    end: int


@dataclass(frozen=True)
class Vocabulary:
    """Terms by identifier, each with at most one parent.

    A vocabulary without a file is flat: `flat(ids)` gives terms without labels, parents or neighbors.
    """

    terms: Mapping[str, Term]
    name: str = "vocabulary"

    @classmethod
    def flat(cls, ids: Iterable[str], name: str = "vocabulary") -> Vocabulary:
        """A vocabulary of unconnected terms."""
        return cls({term: Term(term) for term in sorted(set(ids))}, name)

    @classmethod
    def from_tables(cls, tables: Mapping[str, Any], file: str, name: str) -> Vocabulary:
        """Build from parsed TOML: one table per term.

        Raises:
            DataError: a parent or a related term that does not exist, a circle of parents, a misspelled key, a value
                that a key cannot have; each with `term.key` as its field.
        """
        problems: list[Problem] = []
        terms = {term: _term(term, tables[term], file, problems) for term in sorted(tables)}
        problems.extend(_broken_links(terms, file))
        if problems:
            raise DataError(problems)
        return cls(terms, name)

    def __contains__(self, term: object) -> bool:
        return term in self.terms

    def __len__(self) -> int:
        return len(self.terms)

    def with_terms(self, ids: Iterable[str]) -> Vocabulary:
        """The same vocabulary and, standing alone, each of `ids` that it lacks."""
        missing = sorted(set(ids) - set(self.terms))
        if not missing:
            return self
        return Vocabulary({**self.terms, **{term: Term(term) for term in missing}}, self.name)

    def label(self, term: str, language: str = "en") -> str:
        """What `term` is called in `language`; the identifier itself where nothing is known."""
        known = self.terms.get(term)
        return known.label(language) if known else term

    def ancestors(self, term: str) -> list[str]:
        """`term`, its parent, the parent's parent, … up to the root."""
        chain = []
        current: str | None = term
        while current is not None and current in self.terms:
            chain.append(current)
            current = self.terms[current].parent
        return chain or [term]

    def root(self, term: str) -> str:
        """The topmost ancestor."""
        return self.ancestors(term)[-1]

    def attribute(self, term: str, key: str, default: Any = None) -> Any:
        """An attribute of `term`, or the nearest ancestor's that has it."""
        for ancestor in self.ancestors(term):
            known = self.terms.get(ancestor)
            if known and key in known.attributes:
                return known.attributes[key]
        return default

    @cached_property
    def neighbors(self) -> Mapping[str, tuple[str, ...]]:
        """Related terms, in both directions."""
        pairs: dict[str, set[str]] = {}
        for term in self.terms.values():
            for other in term.related:
                pairs.setdefault(term.id, set()).add(other)
                pairs.setdefault(other, set()).add(term.id)
        return {term: tuple(sorted(others)) for term, others in sorted(pairs.items())}

    @cached_property
    def _names(self) -> list[tuple[str, str]]:
        """(folded name, term), longest names first, so that the most specific reading wins."""
        names = {(fold(name), term.id) for term in self.terms.values() for name in (*term.names(), term.id)}
        return sorted((name for name in names if name[0]), key=lambda name: (-len(name[0]), name))

    def find(self, text: str) -> list[Found]:
        """Find the terms that `text` mentions by label, synonym or identifier, in any language.

        Longer names win over the shorter ones inside them. Latin names match whole words (a plural `s` is
        forgiven); Chinese and Korean names match anywhere, because particles follow a name directly.

        Returns:
            The terms in the order of the text.
        """
        folded = fold(text)
        taken = [False] * len(folded)
        found: list[Found] = []
        for name, term in self._names:
            for start in _occurrences(name, folded):
                end = start + len(name)
                if not any(taken[start:end]) or any(f.start == start and f.end == end for f in found):
                    taken[start:end] = [True] * len(name)
                    found.append(Found(term, start, end))
        return sorted(found, key=lambda mention: (mention.start, mention.term))


def fold(text: str) -> str:
    """Fold `text` for comparison: NFKC, case, hyphens and runs of blanks make no difference."""
    folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())  # case folding moves marks
    return _GAP.sub(" ", folded).strip()


def is_latin(character: str) -> bool:
    """Whether `character` belongs to a word of a script that writes blanks between words."""
    return character.isalnum() and ord(character) < 0x0500


def _occurrences(name: str, folded: str) -> Iterator[int]:
    start = folded.find(name)
    while start >= 0:
        if _stands_alone(folded, start, start + len(name)):
            yield start
        start = folded.find(name, start + 1)


def _stands_alone(folded: str, start: int, end: int) -> bool:
    if is_latin(folded[start]) and start > 0 and is_latin(folded[start - 1]):
        return False
    if not is_latin(folded[end - 1]):
        return True
    rest = folded[end : end + 2]
    return not rest or not is_latin(rest[0]) or (rest[0] == "s" and not (len(rest) > 1 and is_latin(rest[1])))


def _term(term: str, table: Any, file: str, problems: list[Problem]) -> Term:
    if not isinstance(table, Mapping):
        problems.append(
            Problem(
                "MM-VOC-001", f"{quoted(term)} is not a table", f"write it as [{safe_text(term)}]", file, field=term
            )
        )
        return Term(term)
    found = list(_wrong_keys(term, table, file))
    if found:
        problems.extend(found)
        return Term(term)
    return Term(
        term,
        table.get("parent"),
        dict(table.get("label", {})),
        {language: tuple(names) for language, names in table.get("synonyms", {}).items()},
        tuple(table.get("related", ())),
        {key: value for key, value in table.items() if key not in _LINKS},
    )


def _wrong_keys(term: str, table: Mapping[str, Any], file: str) -> Iterator[Problem]:
    for key, value in table.items():
        place = f"{term}.{key}"
        wanted = _KEYS.get(key)
        if wanted is None:
            if near := _misspelled(key):
                message = f"{quoted(term)} has the unknown key {quoted(key)}"
                yield Problem("MM-VOC-005", message, f"did you mean {near}?", file, field=place)
        elif not wanted.fits(value):
            message = f"{key} of {quoted(term)} cannot be {quoted(value)}"
            yield Problem("MM-VOC-002", message, wanted.mend_of(value), file, field=place)


@lru_cache(maxsize=256)  # a thousand terms have the same few keys
def _misspelled(key: str) -> str | None:
    return near_key(key, _KEYS)


def near_key(key: str, known: Iterable[str]) -> str | None:
    """The key among `known` for which `key` looks like a slip of the pen."""
    from difflib import get_close_matches

    return next(iter(get_close_matches(key.casefold(), list(known), 1, 0.75)), None)


def _broken_links(terms: Mapping[str, Term], file: str) -> Iterator[Problem]:
    for term in terms.values():
        links = [("related", link) for link in term.related] + ([("parent", term.parent)] if term.parent else [])
        for key, link in links:
            if link not in terms:
                message = f"{quoted(term.id)} names {quoted(link)}, which is no term"
                yield Problem("MM-VOC-003", message, "add it or drop it", file, field=f"{term.id}.{key}")
        if _circular(term, terms):
            message = f"{quoted(term.id)} is its own ancestor"
            yield Problem("MM-VOC-004", message, "break the circle of parents", file, field=f"{term.id}.parent")


def _circular(term: Term, terms: Mapping[str, Term]) -> bool:
    seen = {term.id}
    parent = term.parent
    while parent is not None and parent in terms:
        if parent in seen:
            return True
        seen.add(parent)
        parent = terms[parent].parent
    return False

"""A forest of terms (interests, sectors, regions) with labels and synonyms in several languages."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, NamedTuple

from matchmaker.errors import DataError, Problem, quoted


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
            DataError: a parent or a related term that does not exist, a circle of parents, a value of the wrong type.
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
    folded = unicodedata.normalize("NFKC", text).casefold()
    return re.sub(r"[\s\-_‐-―·・]+", " ", folded).strip()


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
        problems.append(Problem("MM-VOC-001", f"{quoted(term)} is not a table", f"write it as [{term}]", file))
        return Term(term)
    known = {"parent", "label", "synonyms", "related"}
    parent, labels, related = table.get("parent"), table.get("label", {}), table.get("related", [])
    synonyms = table.get("synonyms", {})
    wrong = [
        key
        for key, value, kind in (
            ("label", labels, Mapping),
            ("synonyms", synonyms, Mapping),
            ("related", related, list),
        )
        if not isinstance(value, kind)
    ]
    if not (parent is None or isinstance(parent, str)) or wrong:
        fields = ", ".join(wrong or ["parent"])
        problems.append(
            Problem("MM-VOC-002", f"{fields} of {quoted(term)} has the wrong type", "see docs/format.md", file)
        )
        return Term(term)
    return Term(
        term,
        parent,
        {str(language): str(label) for language, label in labels.items()},
        {str(language): tuple(map(str, names)) for language, names in synonyms.items()},
        tuple(map(str, related)),
        {key: value for key, value in table.items() if key not in known},
    )


def _broken_links(terms: Mapping[str, Term], file: str) -> Iterator[Problem]:
    for term in terms.values():
        for link in (*term.related, *([term.parent] if term.parent else [])):
            if link not in terms:
                yield Problem(
                    "MM-VOC-003", f"{quoted(term.id)} names {quoted(link)}, which is no term", "add it or drop it", file
                )
        if _circular(term, terms):
            yield Problem("MM-VOC-004", f"{quoted(term.id)} is its own ancestor", "break the circle of parents", file)


def _circular(term: Term, terms: Mapping[str, Term]) -> bool:
    seen = {term.id}
    parent = term.parent
    while parent is not None and parent in terms:
        if parent in seen:
            return True
        seen.add(parent)
        parent = terms[parent].parent
    return False

"""Terms of a vocabulary by any of their names; near spellings are offered, never taken."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from matchmaker.dataset import LISTS, Dataset, Organization
from matchmaker.errors import Problem, UsageError, quoted
from matchmaker.names.key import comparison_key
from matchmaker.vocabulary import Vocabulary

MOST_OFFERED = 5
NEAR = 60.0  # likeness in percent below which a spelling is not offered


def resolve_term(vocabulary: Vocabulary, text: str, what: str, among: Iterable[str] | None = None) -> str:
    """The term that `text` names by identifier, label or synonym in any language; `what` is its kind, for the error.

    Args:
        vocabulary: where to look.
        text: as typed.
        what: `region`, `sector`, …
        among: only these terms (None: all).

    Raises:
        UsageError: no term or more than one is called so; the nearest are named.
    """
    terms = sorted(vocabulary.terms if among is None else among)
    if text in terms:
        return text
    key = comparison_key(text)
    for names in (_labels, _synonyms):
        found = [term for term in terms if key in map(comparison_key, names(vocabulary, term))]
        if len(found) == 1:
            return found[0]
        if found:
            message = f"{len(found)} {what}s are called {quoted(text)}"
            raise UsageError(Problem("MM-USE-018", message, "choose from " + ", ".join(found[:MOST_OFFERED])))
    raise UsageError(Problem("MM-USE-019", f"no {what} is called {quoted(text)}", _near_terms(vocabulary, terms, key)))


def settled(dataset: Dataset, organization: Organization) -> Organization:
    """`organization` with every term as its vocabulary writes it, whether given by identifier, label or synonym.

    Raises:
        UsageError: a term that its vocabulary lacks, or a value of the wrong type.
    """
    for key in LISTS:
        if isinstance(value := getattr(organization, key), str) or not all(isinstance(each, str) for each in value):
            message = f"{key} of {quoted(organization.id)} is no list of texts"
            raise UsageError(Problem("MM-USE-021", message, f'write {key}=("…", "…")'))
    names: object = organization.names
    if not isinstance(names, Mapping):
        message = f"the names of {quoted(organization.id)} are no table"
        raise UsageError(Problem("MM-USE-021", message, 'write names={"en": "…"}'))
    single = {"sector": dataset.sectors, "region": dataset.regions, "city": dataset.regions}
    found: dict[str, Any] = {
        key: _known_term(vocabulary, getattr(organization, key), key)
        for key, vocabulary in single.items()
        if getattr(organization, key)
    }
    for key in LISTS[1:]:
        found[key] = tuple(_known_term(dataset.interests, term, key) for term in getattr(organization, key))
    return replace(organization, **found)


def _known_term(vocabulary: Vocabulary, text: str, what: str) -> str:
    """A term by any of its names; in a flat vocabulary, which no one has written, any other word is a new term."""
    flat = all(not term.labels for term in vocabulary.terms.values())
    return text if flat else resolve_term(vocabulary, text, what)


def _near_terms(vocabulary: Vocabulary, terms: list[str], key: str) -> str:
    from rapidfuzz import fuzz, process

    names = [(name, term) for term in terms for name in (*_labels(vocabulary, term), *_synonyms(vocabulary, term))]
    keys = [comparison_key(name) for name, _ in names]
    found = process.extract(key, keys, scorer=fuzz.ratio, limit=3 * MOST_OFFERED, score_cutoff=NEAR)
    near = list(dict.fromkeys(names[position][1] for _, _, position in found))[:3]
    if near:
        return f"did you mean {listed(f'{term} ({vocabulary.label(term)})' for term in near)}?"
    return "known are " + ", ".join(terms[:12]) + (" …" if len(terms) > 12 else "")


def _labels(vocabulary: Vocabulary, term: str) -> Iterator[str]:
    yield term
    yield from vocabulary.terms[term].labels.values()


def _synonyms(vocabulary: Vocabulary, term: str) -> Iterator[str]:
    for names in vocabulary.terms[term].synonyms.values():
        yield from names


def listed(words: Iterable[str]) -> str:
    """`a`, `a or b`, `a, b or c`."""
    first, *rest = words
    return first + "".join(f", {word}" for word in rest[:-1]) + (f" or {rest[-1]}" if rest else "")

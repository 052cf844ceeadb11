"""Find what a name means: an organization, or a term of a vocabulary; near spellings are offered, never taken."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any, NamedTuple

from matchmaker.dataset import LISTS, Dataset, Organization
from matchmaker.errors import Problem, UsageError, quoted
from matchmaker.vocabulary import Vocabulary, fold

MOST_OFFERED = 5
NEAR = 60.0  # likeness in percent below which a spelling is not offered
LONGEST = 200  # characters of a name that are compared


class Located(NamedTuple):
    """The organization that a text names, and by what: identifier, name or alias."""

    row: int
    how: str


class Near(NamedTuple):
    """A spelling that is near to what was typed, and how near: 0 to 100."""

    row: int
    name: str
    likeness: float


@dataclass(frozen=True, eq=False)
class NameIndex:
    """All spellings of all organizations: `spellings[k]`, compared as `keys[k]`, names row `rows[k]`."""

    spellings: list[str]
    keys: list[str]
    rows: list[int]
    by_key: Mapping[str, tuple[int, ...]]

    @classmethod
    def of(cls, dataset: Dataset) -> NameIndex:
        """Index identifiers, names in every language and aliases; a remark in brackets is a spelling of its own."""
        spellings: list[str] = []
        rows: list[int] = []
        columns = [f"name_{language}" if language else "name" for language in dataset.languages]
        records = dataset.organizations.select("org_id", *columns, "aliases").iter_rows()
        for row, (identifier, *names, aliases) in enumerate(records):
            known = dict.fromkeys(part for name in (identifier, *names, *aliases) if name for part in _spellings(name))
            spellings.extend(known)
            rows.extend([row] * len(known))
        keys = [comparison_key(spelling) for spelling in spellings]
        by_key: dict[str, dict[int, None]] = {}
        for key, row in zip(keys, rows, strict=True):
            by_key.setdefault(key, {})[row] = None
        return cls(spellings, keys, rows, {key: tuple(found) for key, found in by_key.items()})


_index = lru_cache(maxsize=4)(NameIndex.of)


def comparison_key(text: str) -> str:
    """`text` without case, width, blanks and punctuation; Hangul letter by letter, so that a typo is one letter.

    >>> comparison_key("Gen-N Bio Ｃｏ.")
    'gennbioco'
    """
    folded = unicodedata.normalize("NFD", fold(text[:LONGEST]))
    return re.sub(r"[\W_]+", "", folded) or folded


def lookup(dataset: Dataset, text: str) -> Located:
    """The organization that `text` names: by its identifier, else by a name in any language or an alias.

    Raises:
        UsageError: nobody or more than one is called so; the nearest are named.
    """
    exact = dataset.row_of.get(text)
    if exact is not None:
        return Located(exact, "identifier")
    index = _index(dataset)
    found = index.by_key.get(comparison_key(text), ())
    if len(found) == 1:
        return Located(found[0], "name")
    if found:
        message = f"{len(found)} organizations are called {quoted(text)}"
        raise UsageError(Problem("MM-USE-018", message, "give an identifier: " + _listed(dataset, found)))
    near = list(dict.fromkeys(each.row for each in nearest_names(dataset, text)))[:MOST_OFFERED]
    fix = (
        f"did you mean {_listed(dataset, near)}?" if near else "see `matchmaker show -h`, or describe it with --profile"
    )
    raise UsageError(Problem("MM-USE-010", f"no organization is called {quoted(text)}", fix))


def resolve(dataset: Dataset, text: str) -> int:
    """The row of the organization that `text` names.

    Raises:
        UsageError: as `lookup`.
    """
    return lookup(dataset, text).row


def nearest_names(dataset: Dataset, text: str, most: int = 4 * MOST_OFFERED) -> list[Near]:
    """Names that are spelled nearly as `text`, or that hold it, the nearest first; ties by row."""
    from rapidfuzz import fuzz, process

    index, key = _index(dataset), comparison_key(text)
    if not key:
        return []
    whole = process.cdist([key], index.keys, scorer=fuzz.ratio)[0]
    held = process.cdist([key], index.keys, scorer=fuzz.partial_ratio, score_cutoff=85)[0]
    # A part of a name says less than the whole, and the less the longer the name is.
    shares = (min(1.0, len(key) / max(len(name), 1)) for name in index.keys)
    likeness = [max(a, b * (0.75 + 0.2 * s)) for a, b, s in zip(whole.tolist(), held.tolist(), shares, strict=True)]
    order = sorted(range(len(likeness)), key=lambda k: (-likeness[k], index.rows[k], k))
    return [Near(index.rows[k], index.spellings[k], likeness[k]) for k in order[:most] if likeness[k] >= NEAR]


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
        return f"did you mean {_or(f'{term} ({vocabulary.label(term)})' for term in near)}?"
    return "known are " + ", ".join(terms[:12]) + (" …" if len(terms) > 12 else "")


def _labels(vocabulary: Vocabulary, term: str) -> Iterator[str]:
    yield term
    yield from vocabulary.terms[term].labels.values()


def _synonyms(vocabulary: Vocabulary, term: str) -> Iterator[str]:
    for names in vocabulary.terms[term].synonyms.values():
        yield from names


def _spellings(name: str) -> list[str]:
    """A name as it is, without what stands in brackets, and what stands in brackets."""
    short = re.sub(r"[(（][^()（）]*[)）]", " ", name).strip()
    inside = [part.strip() for part in re.findall(r"[(（]([^()（）]{2,})[)）]", name)]
    return [name, *([short] if short else []), *inside]


def _listed(dataset: Dataset, rows: Iterable[int]) -> str:
    return _or(f"{quoted(dataset.ids[row])} ({dataset.organization(row).title})" for row in list(rows)[:MOST_OFFERED])


def _or(words: Iterable[str]) -> str:
    first, *rest = words
    return first + "".join(f", {word}" for word in rest[:-1]) + (f" or {rest[-1]}" if rest else "")

"""An organization that is not in the data: from a JSON or TOML file, or from one line of text in any language."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable, Mapping
from dataclasses import replace
from difflib import get_close_matches
from pathlib import Path
from typing import Any, NamedTuple

from matchmaker.cell import normalized_term
from matchmaker.dataset import Dataset, Organization
from matchmaker.decoding import check_magic, decode, read_bytes
from matchmaker.domain import parse_toml
from matchmaker.errors import DataError, Problem, UsageError, quoted
from matchmaker.names import resolve_term
from matchmaker.vocabulary import Found, Vocabulary, fold, is_latin

LISTS = ("interests", "offers", "seeks")
PLACES = ("region", "city")
TEXTS = ("id", "name", "country", "region", "city", "sector", "description", "source")
KEYS = (*TEXTS, "names", "aliases", *LISTS)
MOST_CHARACTERS = 20_000
STDIN = "standard input"
_SENTENCE_ENDS = ".;。；!?！？\n"
_HANGUL = re.compile("[\uac00-\ud7a3]")
_HAN = re.compile("[\u3400-\u9fff]")


class Profile(NamedTuple):
    """An organization as described, and what the reader should know about how it was understood."""

    organization: Organization
    notes: list[str]


def read_profile(source: str, dataset: Dataset, country: str | None = None) -> Profile:
    """Read a profile: a file (`.json`, `.toml`, or text), `-` for standard input, or the text itself.

    `country` overrides the one that is stated: the side of the border on which the organization stands.

    Raises:
        UsageError: no such file; an identifier that is taken.
        DataError: not JSON or TOML; an unknown key or term; a value of the wrong type.
    """
    text, file = _text_of(source)
    table = _table_of(text, file)
    profile = _from_text(text, dataset) if table is None else _from_table(table, file, dataset)
    organization = profile.organization
    if country is not None:
        organization = replace(organization, country=country)
    return Profile(organization, [*profile.notes, *_side_note(organization, dataset)])


def _side_note(organization: Organization, dataset: Dataset) -> list[str]:
    sides = dataset.domain.sides
    if sides is None or organization.country in [side.country for side in sides]:
        return []
    countries = " or ".join(side.country for side in sides)
    return [f"which side it is on is not known, so both are ranked: --side {countries}"]


# --- from where ---------------------------------------------------------------------------------------------------


def _text_of(source: str) -> tuple[str, str]:
    """The text of a profile and the name of its file (empty: it was given as text)."""
    if source == "-":
        return _decoded(sys.stdin.buffer.read(), STDIN), STDIN
    if _is_path(source):
        return _decoded(read_bytes(Path(source)), source), source
    if not source.strip():
        raise UsageError(Problem("MM-USE-020", "the profile is empty", "say what the organization works on"))
    return source[:MOST_CHARACTERS], ""


def _decoded(data: bytes, file: str) -> str:
    check_magic(data, file)
    return decode(data, file)[0]


def _is_path(source: str) -> bool:
    if re.search(r"\.(json|toml|txt)$", source, re.IGNORECASE):
        return True
    try:
        return Path(source).exists()
    except (OSError, ValueError):  # too long, or with a NUL: no file can be called so
        return False


def _table_of(text: str, file: str) -> dict[str, Any] | None:
    """The profile as a table, if it is JSON or TOML; None where it is plain text."""
    if text.lstrip().startswith("{") or file.casefold().endswith(".json"):
        return _json(text, file)
    if file.casefold().endswith(".toml") or (file and re.match(r"\s*(#.*\n\s*)*[A-Za-z_.]+ *=", text)):
        return parse_toml(text, file, "MM-PRO-001")
    return None


def _json(text: str, file: str) -> dict[str, Any]:
    import json

    def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        names = [name for name, _ in pairs]
        twin = next((name for name in names if names.count(name) > 1), None)
        if twin is not None:
            raise DataError(Problem("MM-PRO-001", f"the key {quoted(twin)} is there twice", "keep one of them", file))
        return dict(pairs)

    try:
        table = json.loads(text, object_pairs_hook=once)
    except json.JSONDecodeError as error:
        message = f"not JSON: {error.msg}"
        raise DataError(
            Problem("MM-PRO-001", message, "correct it: one object in braces", file, error.lineno, error.colno)
        ) from None
    except (RecursionError, ValueError):
        raise DataError(Problem("MM-PRO-001", "nested too deeply, or a number too long", "simplify it", file)) from None
    if not isinstance(table, dict):
        raise DataError(Problem("MM-PRO-001", "is not one object", 'write {"name": …, "interests": […]}', file))
    return table


# --- a table ------------------------------------------------------------------------------------------------------


def _from_table(table: Mapping[str, Any], file: str, dataset: Dataset) -> Profile:
    """Every problem of the table at once; a term may be given by identifier, label or synonym."""
    problems = [
        problem for key, value in table.items() for problem in [_problem_of(key, value, file)] if problem is not None
    ]
    if problems:
        raise DataError(problems)
    vocabularies = {"sector": dataset.sectors, **dict.fromkeys(PLACES, dataset.regions)}
    single: dict[str, Any] = {key: table.get(key) for key in ("country", "description", "source")}
    for key, vocabulary in vocabularies.items():
        single[key] = _term(table.get(key), vocabulary, key, file, problems)
    lists: dict[str, Any] = {
        key: _terms(_listed(table.get(key)), dataset.interests, key, file, problems) for key in LISTS
    }
    if problems:
        raise DataError(problems)
    return Profile(
        Organization(
            id=_identifier(table.get("id"), dataset),
            names=_names(table, dataset),
            aliases=tuple(_listed(table.get("aliases"))),
            **single,
            **lists,
        ),
        [],
    )


def _problem_of(key: str, value: Any, file: str) -> Problem | None:
    if key not in KEYS and not key.startswith("name_"):
        near = get_close_matches(key, KEYS, 1)
        fix = f"did you mean {near[0]}?" if near else "known keys: " + ", ".join(KEYS)
        return Problem("MM-PRO-002", f"unknown key {quoted(key)}", fix, file)
    if key == "names":
        right = isinstance(value, Mapping) and all(isinstance(name, str) for name in value.values())
        wanted = 'a table, such as { en = "…", ko = "…" }'
    elif key in (*LISTS, "aliases"):
        right = isinstance(value, str) or (isinstance(value, list) and all(isinstance(each, str) for each in value))
        wanted = "a list of texts, or one text with ; between them"
    else:
        right, wanted = isinstance(value, str), "a text"
    return (
        None if right or value is None else Problem("MM-PRO-003", f"{key} has the wrong type", f"give {wanted}", file)
    )


def _listed(value: Any) -> list[str]:
    parts = value.split(";") if isinstance(value, str) else value or []
    return [part.strip() for part in parts if part.strip()]


def _terms(
    stated: Iterable[str], vocabulary: Vocabulary, key: str, file: str, problems: list[Problem]
) -> tuple[str, ...]:
    found = (_term(text, vocabulary, key, file, problems) for text in stated)
    return tuple(dict.fromkeys(term for term in found if term))


def _term(text: str | None, vocabulary: Vocabulary, key: str, file: str, problems: list[Problem]) -> str | None:
    """A term by any of its names; where the vocabulary is flat and lacks it, the normal form of what is written."""
    if not text or not text.strip():
        return None
    try:
        return resolve_term(vocabulary, normalized_term(text), key)
    except UsageError as error:
        if all(not term.labels for term in vocabulary.terms.values()):
            return normalized_term(text)
        problem = error.problems[0]
        problems.append(Problem("MM-PRO-004", f"{key}: {problem.message}", problem.fix, file, field=key))
        return None


def _identifier(stated: str | None, dataset: Dataset) -> str:
    if stated and stated.strip() in dataset.row_of:
        message = f"the identifier {quoted(stated)} is that of an organization in the data"
        raise UsageError(Problem("MM-USE-011", message, "choose another, or match that organization by its name"))
    if stated and stated.strip():
        return stated.strip()
    return next(name for k in range(len(dataset) + 1) if (name := f"profile{k or ''}") not in dataset.row_of)


def _names(table: Mapping[str, Any], dataset: Dataset) -> dict[str, str]:
    """Names by language; a plain `name` counts as English, where the data have English names."""
    names = {key[5:]: value for key, value in table.items() if key.startswith("name_") and value}
    names |= {language: name for language, name in (table.get("names") or {}).items() if name}
    if table.get("name"):
        names.setdefault("en" if "en" in dataset.languages or not dataset.languages else "", table["name"])
    return names


# --- a line of text -----------------------------------------------------------------------------------------------


class Mention(NamedTuple):
    """A term that a text mentions, of which vocabulary, and whether it is sought, offered or its own."""

    field: str
    found: Found
    role: str


def _from_text(text: str, dataset: Dataset) -> Profile:
    """What the text says that the organization works on, seeks and offers, by the names of terms."""
    mentions = mentions_of(text, dataset)
    own = [mention for mention in mentions if mention.role == "interests"]
    place = next((mention.found.term for mention in own if mention.field == "regions"), None)
    sector = next((mention.found.term for mention in own if mention.field == "sectors"), None)
    stated: dict[str, Any] = {
        role: tuple(dict.fromkeys(m.found.term for m in mentions if m.field == "interests" and m.role == role))
        for role in LISTS
    }
    organization = Organization(
        id=_identifier(None, dataset),
        names={"en": "Your profile"},
        country=_country(place, text, dataset),
        region=place,
        sector=sector,
        description=" ".join(text.split()),
        **stated,
    )
    return Profile(organization, _reading(organization, dataset))


def _country(place: str | None, text: str, dataset: Dataset) -> str | None:
    """The country of the place that is named, else of the side whose language the text is written in."""
    if place is not None:
        country: str | None = dataset.regions.attribute(place, "country")
        return country
    language = "ko" if _HANGUL.search(text) else "zh" if _HAN.search(text) else None
    return next((side.country for side in dataset.domain.sides or () if side.language == language), None)


def mentions_of(text: str, dataset: Dataset) -> list[Mention]:
    """The terms that a text mentions, in its order; where two overlap, the longer one, else the interest, is meant."""
    vocabularies = {"interests": dataset.interests, "sectors": dataset.sectors, "regions": dataset.regions}
    every = [(name, found) for name, vocabulary in vocabularies.items() for found in vocabulary.find(text)]
    every.sort(key=lambda each: (each[1].start - each[1].end, list(vocabularies).index(each[0]), each[1]))
    folded = fold(text)
    taken = [""] * len(folded)
    kept = []
    for name, found in every:
        if any(taken[found.start : found.end]) and set(taken[found.start : found.end]) != {f"{name}{found.start}"}:
            continue
        taken[found.start : found.end] = [f"{name}{found.start}"] * (found.end - found.start)
        kept.append((name, found))
    cues = _cues(folded, taken, dataset.domain.settings["reading"])
    ends = [found.end for _, found in kept]
    mentions = [Mention(name, found, _role(found, folded, cues, ends)) for name, found in kept]
    return sorted(mentions, key=lambda mention: (mention.found.start, mention.field, mention.found.term))


def _folded_lines(text: str) -> str:
    """The text as `Vocabulary.find` counts its positions."""
    return fold(text)


def _cues(folded: str, taken: list[str], words: Mapping[str, list[str]]) -> list[Found]:
    """Words that say that something is sought or offered, the longest first where they overlap, outside of terms."""
    cues: list[Found] = []
    names = sorted(
        ((fold(word), role) for role in ("seeks", "offers") for word in words[role]), key=lambda w: -len(w[0])
    )
    for name, role in names:
        for hit in re.finditer(re.escape(name), folded):
            start, end = hit.span()
            clash = any(taken[start:end]) or any(cue.start < end and start < cue.end for cue in cues)
            if not clash and _is_word(folded, start, end):
                cues.append(Found(role, start, end))
    return sorted(cues, key=lambda cue: cue.start)


def _is_word(folded: str, start: int, end: int) -> bool:
    """Latin cues are whole words."""
    before, after = folded[start - 1 : start], folded[end : end + 1]
    return not (is_latin(folded[start]) and ((before and is_latin(before)) or (after and is_latin(after))))


def _role(found: Found, folded: str, cues: list[Found], ends: list[int]) -> str:
    """A Korean cue follows what is sought, an English or a Chinese one comes before it; a sentence ends both."""
    before = [cue for cue in cues if cue.end <= found.start and not _broken(folded[cue.end : found.start])]
    if before and not _HANGUL.search(folded[before[-1].start : before[-1].end]):
        return before[-1].term
    after = next((cue for cue in cues if cue.start >= found.end), None)
    if after is not None and _HANGUL.search(folded[after.start : after.end]):
        between = folded[found.end : after.start]
        if not _broken(between) and not _leaves_the_list(found.end, between, ends):
            return after.term
    return "interests"


def _broken(between: str) -> bool:
    return any(end in between for end in _SENTENCE_ENDS)


def _leaves_the_list(start: int, between: str, ends: list[int]) -> bool:
    """Whether a comma between a Korean term and its cue ends a clause: `백신을 개발하고, 공장을 찾습니다`.

    Before a comma of a mere list stands a term and nothing else.
    """
    commas = [start + hit.start() for hit in re.finditer("[,、，]", between)]
    return any(not any(end <= comma and comma - end <= 1 for end in ends) for comma in commas)


def _reading(organization: Organization, dataset: Dataset) -> list[str]:
    """How the text was understood, in a line."""
    interests = dataset.interests
    parts = [
        f"{role} {', '.join(map(interests.label, getattr(organization, role)))}"
        for role in LISTS
        if getattr(organization, role)
    ]
    parts += [f"sector {dataset.sectors.label(organization.sector)}"] if organization.sector else []
    parts += [f"place {dataset.regions.label(organization.region)}"] if organization.region else []
    if organization.country and not organization.region:
        parts.append(f"side {organization.country}, by its language (--side changes it)")
    if not organization.interests + organization.offers + organization.seeks:
        parts.append("no term of the vocabulary, so its wording decides")
    return ["read as: " + "; ".join(parts)]

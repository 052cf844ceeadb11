"""An organization that is not in the data: from a JSON or TOML file, or from one line of text in any language."""

from __future__ import annotations

import codecs
import re
import sys
from collections import Counter
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
from matchmaker.names import comparison_key, resolve_term
from matchmaker.reading import Reading, read_line
from matchmaker.vocabulary import Vocabulary

LISTS = ("interests", "offers", "seeks")
PLACES = ("region", "city")
TEXTS = ("id", "name", "country", "region", "city", "sector", "description", "source")
KEYS = (*TEXTS, "names", "aliases", *LISTS)
MOST_CHARACTERS = 20_000
STDIN = "standard input"
_VERBS = ("works on", "seeks")
_SURROGATE = re.compile("[\ud800-\udfff]")


class Profile(NamedTuple):
    """An organization as described, and what the reader should know about how it was understood."""

    organization: Organization
    notes: list[str]


def read_profile(source: str, dataset: Dataset, country: str | None = None) -> Profile:
    """Read a profile: a file (`.json`, `.toml`, or text), `-` for standard input, or the text itself.

    `country` overrides the one that is stated: the side of the border on which the organization stands.

    Raises:
        UsageError: no such file; an empty profile; an identifier that is taken.
        DataError: not JSON or TOML; an unknown key or term; a value of the wrong type.
    """
    text, file = _text_of(source)
    table = _table_of(text, file)
    profile = _from_text(text, dataset) if table is None else _from_table(table, text, file, dataset)
    organization = profile.organization
    if country is not None:
        organization = replace(organization, country=country)
    return Profile(organization, [*profile.notes, *_side_note(organization, dataset)])


def side_country(text: str, dataset: Dataset) -> str | None:
    """The country of the side that `text` names: by its code, its label, or a name of that country among the regions.

    None where there are no sides, or `text` names neither.
    """
    key = comparison_key(text)
    sides = dataset.domain.sides or ()
    return next((side.country for side in sides if key in _country_names(side.country, side.label, dataset)), None)


def _country_names(country: str, label: str, dataset: Dataset) -> set[str]:
    terms = dataset.regions.terms.values()
    regions = (term for term in terms if term.parent is None and term.attributes.get("country") == country)
    names = (name for term in regions for name in (term.id, *term.names()))
    return set(map(comparison_key, (country, label, *names)))


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
        raise _empty()
    text = source[:MOST_CHARACTERS]
    if (stray := _SURROGATE.search(text)) is not None:
        message = f"character {stray.start() + 1} is no text"
        raise DataError(Problem("MM-PRO-001", message, "write it in UTF-8, or save it as a file"))
    return text, ""


def _empty(file: str = "") -> UsageError:
    return UsageError(Problem("MM-USE-020", "the profile is empty", "say what the organization works on", file))


def _decoded(data: bytes, file: str) -> str:
    if not data.strip(b"\xef\xbb\xbf \t\r\n"):
        raise _empty(file)
    check_magic(data, file)
    # A whole line lets the encoding of a short text be named; two-byte encodings would be left with half a character.
    wide = data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)) or b"\0" in data
    try:
        return decode(data if wide else data + b"\n", file)[0]
    except DataError as error:
        raise DataError([_about_profile(problem) for problem in error.problems]) from None


def _about_profile(problem: Problem) -> Problem:
    """A profile has no --encoding."""
    return replace(problem, fix="save it as UTF-8") if problem.code == "MM-CSV-005" else problem


def _is_path(source: str) -> bool:
    """A name that a file or an ending tells; the name of a folder alone is a word, such as `data`."""
    if re.search(r"\.(json|toml|txt)$", source, re.IGNORECASE):
        return True
    if not source.strip():
        return False
    try:
        path = Path(source)
        return path.exists() and (not path.is_dir() or bool(re.search(r"[/\\]", source)))
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
    if _SURROGATE.search(json.dumps(table, ensure_ascii=False)):
        line = _line_of(r"\\u[dD][89a-fA-F]", text)
        raise DataError(
            Problem("MM-PRO-001", "half a character: a lone \\ud800 to \\udfff", "write it out", file, line)
        )
    return table


def _line_of(pattern: str, text: str) -> int:
    """The line of the first match; 0 where there is none."""
    hit = re.search(pattern, text)
    return text.count("\n", 0, hit.start()) + 1 if hit else 0


def _line_of_key(key: str, text: str) -> int:
    return _line_of(rf"""(?<![\w-])["']?{re.escape(key)}["']?\s*[:=\]]""", text)


# --- a table ------------------------------------------------------------------------------------------------------


def _from_table(table: Mapping[str, Any], text: str, file: str, dataset: Dataset) -> Profile:
    """Every problem of the table at once; a term may be given by identifier, label or synonym."""
    problems = [
        problem for key, value in table.items() for problem in [_problem_of(key, value, file)] if problem is not None
    ]
    if problems:
        raise DataError(_placed(problems, text))
    vocabularies = {"sector": dataset.sectors, **dict.fromkeys(PLACES, dataset.regions)}
    single: dict[str, Any] = {key: table.get(key) for key in ("country", "description", "source")}
    for key, vocabulary in vocabularies.items():
        single[key] = _term(table.get(key), vocabulary, key, file, problems)
    lists: dict[str, Any] = {
        key: _terms(_listed(table.get(key)), dataset.interests, key, file, problems) for key in LISTS
    }
    if problems:
        raise DataError(_placed(problems, text))
    single["country"] = side_country(single["country"] or "", dataset) or single["country"]
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
        return Problem("MM-PRO-002", f"unknown key {quoted(key)}", fix, file, field=key)
    if key == "names":
        right = isinstance(value, Mapping) and all(isinstance(name, str) for name in value.values())
        wanted = 'a table, such as { en = "…", ko = "…" }'
    elif key in (*LISTS, "aliases"):
        right = isinstance(value, str) or (isinstance(value, list) and all(isinstance(each, str) for each in value))
        wanted = "a list of texts, or one text with ; between them"
    else:
        right, wanted = isinstance(value, str), "a text"
    if right or value is None:
        return None
    return Problem("MM-PRO-003", f"{key} has the wrong type", f"give {wanted}", file, field=key)


def _placed(problems: list[Problem], text: str) -> list[Problem]:
    """The problems with the lines of their keys."""
    return [replace(problem, line=_line_of_key(problem.field, text)) for problem in problems]


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


def _from_text(text: str, dataset: Dataset) -> Profile:
    """What the text says that the organization works on, seeks and offers, by the names of terms."""
    said = read_line(text, dataset)
    organization = Organization(
        id=_identifier(None, dataset),
        names={"en": "Your profile"},
        country=said.country,
        region=said.place,
        sector=said.sector,
        interests=said.interests,
        offers=said.offers,
        seeks=said.seeks,
        description=" ".join(text.split()),
    )
    return Profile(organization, _notes(said, dataset))


def _notes(said: Reading, dataset: Dataset) -> list[str]:
    """How the text was understood, and what of it was not used."""
    parts = [
        f"{role} {', '.join(map(dataset.interests.label, getattr(said, role)))}"
        for role in LISTS
        if getattr(said, role)
    ]
    parts += [f"sector {dataset.sectors.label(said.sector)}"] if said.sector else []
    parts += [f"place {dataset.regions.label(said.place)}"] if said.place else []
    if not parts and not said.unused and not said.dropped:
        return [_not_understood(dataset)]
    parts += [f"side {said.country}, {said.country_by} (--side changes it)"] if said.country_by else []
    parts += [f"without {', '.join(said.dropped)}, which the text denies"] if said.dropped else []
    if not said.interests + said.offers + said.seeks:
        parts.append("no term of the vocabulary, so its wording decides")
    notes = ["read as: " + "; ".join(parts)]
    if said.unused:
        notes.append(f"sought but not used for ranking: {', '.join(said.unused)} (see --sector, --region)")
    return notes


def _not_understood(dataset: Dataset) -> str:
    """An example is made of what the data speak of most."""
    common = Counter(term for terms in dataset.organizations["interests"] for term in terms)
    often = sorted(common, key=lambda term: (-common[term], term))[:2]
    example = "; ".join(f"{verb} {dataset.interests.label(term)}" for verb, term in zip(_VERBS, often, strict=False))
    fix = f", such as {quoted(example)}" if example else ""
    return f"nothing was understood, so only the wording counts: write what it works on and what it seeks{fix}"

"""A domain: its two sides, its vocabularies, its rules and its settings, read from `features/`."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import chain
from pathlib import Path
from typing import Any, TypeAlias

import tomli

from matchmaker.bundled import bundled
from matchmaker.errors import DataError, Problem, UsageError, quoted, safe_text
from matchmaker.vocabulary import Vocabulary, Wanted, are_texts, is_number, is_text, near_key

Settings: TypeAlias = Mapping[str, Any]
VOCABULARIES = ("interests", "sectors", "regions")

# The values that a number of settings.toml may have, by its path or by that of its table. Outside of them scores would
# leave [0, 1] or be no numbers: the walk needs some restart, the logarithm of 1 divides by zero.
RANGES: Mapping[str, tuple[float, float]] = {
    "weights": (-1_000, 1_000),
    "weights.newcomers": (-1_000, 1_000),
    "features": (0, 1),
    "graph.half_life_days": (1, 1_000_000),
    "graph.undated": (0, 1),
    "graph.unverified_cap": (0, 1),
    "graph.restart": (0.01, 0.99),
    "graph.chebyshev_steps": (1, 1_000),
    "graph.katz_attenuation": (0, 1),
    "graph.kind": (0, 100),
    "graph.role": (0, 100),
    "regions.distance_km": (1, 100_000),
    "regions.distance_share": (0, 1),
    "regions.value_cap": (1, 1_000_000_000),
    "regions.unverified": (0, 1),
    "regions.kind": (0, 100),
    "ladder": (-20, 20),
    "store.cool_down_days": (0, 1_000_000),
    "sectors.shrinkage": (0.01, 1_000_000),
    "sectors.cap": (1.01, 1_000_000),
    "sectors": (0.01, 1_000),
}
_ANY_NUMBER = (-1_000_000, 1_000_000)

_TEXT = Wanted(is_text, "write a text in quotes")
_TEXTS = Wanted(are_texts, 'write a list: ["…"]')
_TABLE = Wanted(lambda value: isinstance(value, Mapping), "write a table")
_LABEL = Wanted(lambda value: is_text(value) or (isinstance(value, Mapping) and all(map(is_text, value.values()))),
                'write label = "China" or label = { en = "China" }')  # fmt: skip
_RULES = Wanted(lambda value: isinstance(value, list) and all(isinstance(rule, Mapping) for rule in value),
                "write [[rule]] above each rule")  # fmt: skip
_ABOUT: Mapping[str, Wanted] = {"title": _TEXT, "sides": _TABLE}
_SIDES: Mapping[str, Wanted] = {"left": _TABLE, "right": _TABLE}
_SIDE: Mapping[str, Wanted] = {"label": _LABEL, "country": _TEXT, "language": _TEXT, "zone": _TEXT, "clock": _TEXT}
_RULE: Mapping[str, Wanted] = {
    "sector": _TEXT,
    "offers": _TEXTS,
    "seeks": _TEXTS,
    "interests_as": Wanted(lambda value: value in ("offers", "seeks"), 'write "offers" or "seeks"'),
    "why": _TEXT,
}


@dataclass(frozen=True)
class Side:
    """One side of the border: the organizations of `country`; people there write `language`.

    Their clocks show the time of `zone` (a name of the time zone database), which is called that of the city `clock`.
    """

    label: str
    country: str
    language: str = "en"
    zone: str = "UTC"
    clock: str = ""


@dataclass(frozen=True)
class Rule:
    """What organizations of a sector (or of the kinds below it) usually offer and seek."""

    sector: str
    offers: tuple[str, ...] = ()
    seeks: tuple[str, ...] = ()
    interests_as: str | None = None
    why: str = ""


@dataclass(frozen=True)
class Domain:
    """What can be said about an organization, and what counts for how much.

    A folder without vocabularies gives flat terms; one without sides ranks everyone against everyone.
    """

    title: str = ""
    sides: tuple[Side, Side] | None = None
    interests: Vocabulary | None = None
    sectors: Vocabulary | None = None
    regions: Vocabulary | None = None
    rules: tuple[Rule, ...] = ()
    overrides: Settings = field(default_factory=dict)

    @classmethod
    def read(cls, folder: str | Path | None = None) -> Domain:
        """Read the `features` folder of the domain in `folder` (None: the one that travels with the package).

        Raises:
            DataError: a TOML file that cannot be read, or that does not hold what docs/format.md says.
        """
        features = bundled("features") if folder is None else Path(folder) / "features"
        about = read_toml(features / "domain.toml")
        _check_about(about, features / "domain.toml")
        found = {name: _vocabulary(features, name) for name in VOCABULARIES}
        return cls(
            title=about.get("title", "" if folder is None else Path(folder).name),
            sides=_sides(about, features / "domain.toml"),
            rules=_rules(features / "rules.toml", found["sectors"], found["interests"]),
            overrides=_known_settings(read_toml(features / "settings.toml"), features / "settings.toml"),
            **found,
        )

    @cached_property
    def settings(self) -> Settings:
        """The engine's settings with the domain's own on top."""
        return _overlaid(engine_settings(), self.overrides)

    def with_sides(self, left: str, right: str) -> Domain:
        """The same domain with the countries `left` and `right` as its sides."""
        return replace(self, sides=(Side(left, left), Side(right, right)))

    def with_weights(self, weights: Mapping[str, Any]) -> Domain:
        """The same domain with other weights of the blend."""
        return replace(self, overrides=_overlaid(self.overrides, {"weights": dict(weights)}))


def engine_settings() -> Settings:
    """The settings that travel with the engine."""
    return read_toml(Path(__file__).with_name("settings.toml"))


def read_weights(path: str | Path) -> dict[str, Any]:
    """Read the weights of a blend: a TOML file with a `[weights]` table.

    Raises:
        UsageError: no such file.
        DataError: not TOML, no such table, an unknown scorer, a weight that is not a finite number.
    """
    path = Path(path)
    if not path.is_file():
        raise UsageError(Problem("MM-USE-001", f"no such file: {quoted(path)}", "give the path of a TOML file"))
    table = read_toml(path)
    if "weights" not in table:
        raise DataError(Problem("MM-SET-002", "there is no [weights] table", "see matchmaker/settings.toml", str(path)))
    weights: dict[str, Any] = dict(_known_settings({"weights": table["weights"]}, path)["weights"])
    return weights


def read_toml(path: Path) -> dict[str, Any]:
    """The tables of a file; none, where there is no file.

    Raises:
        DataError: it is not TOML, or not UTF-8.
        UsageError: it may not be read.
    """
    if not path.exists():
        return {}
    try:
        return parse_toml(path.read_text("utf-8-sig"), str(path))
    except UnicodeDecodeError as error:
        raise DataError(
            Problem("MM-SET-004", f"byte {error.start + 1} is not UTF-8", "save the file as UTF-8", str(path))
        ) from None
    except OSError as error:
        raise UsageError(Problem("MM-USE-002", f"{quoted(path)} may not be read: {error.strerror}", "")) from None


def parse_toml(text: str, file: str, code: str = "MM-SET-001") -> dict[str, Any]:
    """The table that `text` holds.

    Raises:
        DataError: it is not TOML; with line and column.
    """
    try:
        return tomli.loads(text)
    except (ValueError, RecursionError) as error:  # a number of 5,000 digits is a plain ValueError
        message = str(error) or "nested too deeply"
        place = re.search(r"\(at line (\d+), column (\d+)\)", message)
        line, column = (int(place[1]), int(place[2])) if place else (text.rstrip().count("\n") + 1, 0)
        raise DataError(Problem(code, f"not TOML: {message}", "correct the line", file, line, column)) from None


def _vocabulary(features: Path, name: str) -> Vocabulary | None:
    path = features / f"{name}.toml"
    tables = read_toml(path)
    try:
        return Vocabulary.from_tables(tables, str(path), name) if path.exists() else None
    except DataError as error:
        raise DataError(_placed(error.problems, path)) from None


# --- the sides and the rules --------------------------------------------------------------------------------------


def _sides(about: Mapping[str, Any], path: Path) -> tuple[Side, Side] | None:
    sides = about.get("sides")
    if not sides:
        return None
    try:
        return _side(sides["left"]), _side(sides["right"])
    except KeyError:
        message = "[sides] needs a left and a right, each with a country"
        fix = 'write [sides.left] country = "CN" and [sides.right] country = "KR"'
        raise DataError(_placed([Problem("MM-SET-003", message, fix, str(path), field="sides")], path)) from None


def _check_about(about: Mapping[str, Any], path: Path) -> None:
    refuse_all(misshaped(about, _ABOUT, "", path), path)
    sides = about.get("sides", {})
    refuse_all(misshaped(sides, _SIDES, "sides.", path), path)
    wrong = (misshaped(side, _SIDE, f"sides.{name}.", path) for name, side in sides.items())
    refuse_all(chain.from_iterable(wrong), path)


def _side(table: Mapping[str, Any]) -> Side:
    country = table["country"]
    label = table.get("label", country)
    stated = {key: table[key] for key in ("language", "zone", "clock") if key in table}
    return Side(label if is_text(label) else label.get("en", country), country, **stated)


def _rules(path: Path, sectors: Vocabulary | None, interests: Vocabulary | None) -> tuple[Rule, ...]:
    stated = read_toml(path)
    refuse_all(misshaped(stated, {"rule": _RULES}, "", path), path)
    tables = stated.get("rule", [])
    wrong = (misshaped(table, _RULE, f"rule.{number}.", path) for number, table in enumerate(tables))
    refuse_all(chain.from_iterable(wrong), path)
    rules = tuple(map(_rule, tables))
    lost = (_lost_terms(number, rule, sectors, interests, path) for number, rule in enumerate(rules))
    refuse_all(chain.from_iterable(lost), path)
    return rules


def _rule(table: Mapping[str, Any]) -> Rule:
    return Rule(
        table.get("sector", ""),
        tuple(table.get("offers", ())),
        tuple(table.get("seeks", ())),
        table.get("interests_as"),
        table.get("why", ""),
    )


def _lost_terms(
    number: int, rule: Rule, sectors: Vocabulary | None, interests: Vocabulary | None, path: Path
) -> Iterator[Problem]:
    named = [("sector", rule.sector, sectors)]
    named += [(key, term, interests) for key in ("offers", "seeks") for term in getattr(rule, key)]
    for key, term, vocabulary in named:
        if vocabulary is not None and term not in vocabulary:
            message, fix = (
                f"a rule names {quoted(term)}, which is no term",
                f"correct it, or add it to {vocabulary.name}",
            )
            yield Problem("MM-VOC-003", message, fix, str(path), field=f"rule.{number}.{key}")


def misshaped(table: Mapping[str, Any], keys: Mapping[str, Wanted], prefix: str, path: Path) -> Iterator[Problem]:
    """What `table` holds that is none of `keys`, or does not fit its key."""
    for key, value in table.items():
        place = prefix + key
        if key not in keys:
            yield Problem("MM-SET-005", f"unknown key {quoted(key)}", _known_keys(key, keys), str(path), field=place)
        elif not keys[key].fits(value):
            mend = keys[key].mend_of(value)
            yield Problem("MM-SET-006", f"{key} cannot be {quoted(value)}", mend, str(path), field=place)


def _known_keys(key: str, keys: Iterable[str]) -> str:
    near = near_key(key, keys)
    return f"did you mean {near}?" if near else "known here: " + ", ".join(sorted(keys))


# --- the settings -------------------------------------------------------------------------------------------------


def _known_settings(overrides: Mapping[str, Any], path: Path) -> Settings:
    """Refuse a key that the engine does not have, and a value of another type or range than it can work with."""
    weights = engine_settings()["weights"]
    known = {**engine_settings(), "weights": {**weights, "newcomers": weights}}  # those who have no past, see Blend
    refuse_all(_wrong_settings(overrides, known, "", path), path)
    return overrides


def _wrong_settings(
    overrides: Mapping[str, Any], known: Mapping[str, Any], prefix: str, path: Path
) -> Iterator[Problem]:
    for key, value in overrides.items():
        place = prefix + key
        wanted = known.get(key, known.get("other"))
        if key not in known and "other" not in known:  # kinds and roles are the domain's own words
            yield Problem("MM-SET-005", f"unknown key {quoted(place)}", _known_keys(key, known), str(path), field=place)
        elif isinstance(wanted, Mapping) and isinstance(value, Mapping):
            yield from _wrong_settings(value, wanted, f"{place}.", path)
        elif not _same_type(value, wanted):
            message = f"{safe_text(place)} = {quoted(value)} has the wrong type"
            yield Problem("MM-SET-006", message, _like(wanted), str(path), field=place)
        elif not isinstance(wanted, list) and not is_number(value, *_range(place)):
            low, high = _range(place)
            message = f"{safe_text(place)} = {safe_text(value)} is not from {low:,} to {high:,}"
            yield Problem("MM-SET-007", message, f"the engine's own is {wanted}", str(path), field=place)


def _range(place: str) -> tuple[float, float]:
    return RANGES.get(place) or RANGES.get(place.rpartition(".")[0]) or _ANY_NUMBER


def _same_type(value: Any, wanted: Any) -> bool:
    if isinstance(wanted, int | float):
        return isinstance(value, int | float) and not isinstance(value, bool)
    if isinstance(wanted, list):
        return are_texts(value) and all(text.strip() for text in value)  # a blank text is found everywhere
    return isinstance(value, type(wanted))


def _like(wanted: Any) -> str:
    if isinstance(wanted, Mapping):
        return "write a table"
    return 'write a list: ["…"]' if isinstance(wanted, list) else f"write a number, like {wanted}"


# --- where a key stands -------------------------------------------------------------------------------------------

_NAME = r"""(?:"[^"]*"|'[^']*'|[\w-]+)"""
_PATH = rf"({_NAME}(?:\s*\.\s*{_NAME})*)"
_HEADER = re.compile(rf"\s*\[(\[?)\s*{_PATH}\s*\]")
_ENTRY = re.compile(rf"\s*{_PATH}\s*=")


def refuse_all(problems: Iterable[Problem], path: Path) -> None:
    """Raise `problems`, if there are any."""
    if found := list(problems):
        raise DataError(_placed(found, path))


def _placed(problems: Iterable[Problem], path: Path) -> list[Problem]:
    """The same problems, with the lines of the keys that they name in `field`."""
    lines = _lines(path.read_text("utf-8-sig"))
    return [replace(problem, line=_line_of(problem.field, lines)) for problem in problems]


def _line_of(place: str, lines: Mapping[str, int]) -> int:
    """The line of a key, else of the nearest table around it."""
    while place and place not in lines:
        place = place.rpartition(".")[0]
    return lines.get(place, 0)


def _lines(text: str) -> dict[str, int]:
    """The first line that names each table and key, by its path; `rule.0.sector` in the first [[rule]]."""
    lines: dict[str, int] = {}
    seen: Counter[str] = Counter()
    table = ""
    for number, line in enumerate(text.split("\n"), 1):
        if header := _HEADER.match(line):
            place = table = _plain(header[2])
            if header[1]:
                place = table = f"{table}.{seen[table]}"
                seen[_plain(header[2])] += 1
        elif entry := _ENTRY.match(line):
            place = f"{table}.{_plain(entry[1])}" if table else _plain(entry[1])
        else:
            continue
        while place:
            lines.setdefault(place, number)
            place = place.rpartition(".")[0]
    return lines


def _plain(written: str) -> str:
    """A dotted key without its quotes and blanks."""
    return ".".join(name.strip("\"'") for name in re.findall(_NAME, written))


def _overlaid(below: Settings, above: Settings) -> dict[str, Any]:
    merged = dict(below)
    for key, value in above.items():
        nested = isinstance(value, Mapping) and isinstance(merged.get(key), Mapping)
        merged[key] = _overlaid(merged[key], value) if nested else value
    return merged

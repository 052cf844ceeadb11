"""A domain: its two sides, its vocabularies, its rules and its settings, read from `features/`."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any, TypeAlias

from matchmaker.bundled import bundled
from matchmaker.errors import DataError, Problem, UsageError, quoted
from matchmaker.vocabulary import Vocabulary

Settings: TypeAlias = Mapping[str, Any]
VOCABULARIES = ("interests", "sectors", "regions")


@dataclass(frozen=True)
class Side:
    """One side of the border: the organizations of `country`; people there write `language`."""

    label: str
    country: str
    language: str = "en"


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
        about = _toml(features / "domain.toml")
        found = {name: _vocabulary(features, name) for name in VOCABULARIES}
        return cls(
            title=str(about.get("title", "" if folder is None else Path(folder).name)),
            sides=_sides(about, features / "domain.toml"),
            rules=_rules(features / "rules.toml", found["sectors"], found["interests"]),
            overrides=_known_settings(_toml(features / "settings.toml"), features / "settings.toml"),
            **found,
        )

    @cached_property
    def settings(self) -> Settings:
        """The engine's settings with the domain's own on top."""
        return _overlaid(engine_settings(), self.overrides)

    def with_sides(self, left: str, right: str) -> Domain:
        """The same domain with the countries `left` and `right` as its sides."""
        return replace(self, sides=(Side(left, left), Side(right, right)))

    def with_weights(self, weights: Mapping[str, float]) -> Domain:
        """The same domain with other weights of the blend."""
        return replace(self, overrides=_overlaid(self.overrides, {"weights": dict(weights)}))


def engine_settings() -> Settings:
    """The settings that travel with the engine."""
    return _toml(Path(__file__).with_name("settings.toml"))


def read_weights(path: str | Path) -> dict[str, float]:
    """Read the weights of a blend: a TOML file with a `[weights]` table.

    Raises:
        UsageError: no such file.
        DataError: not TOML, no such table, an unknown scorer, a weight that is not a finite number.
    """
    path = Path(path)
    if not path.is_file():
        raise UsageError(Problem("MM-USE-001", f"no such file: {quoted(path)}", "give the path of a TOML file"))
    table = _toml(path)
    if "weights" not in table:
        raise DataError(Problem("MM-SET-002", "there is no [weights] table", "see matchmaker/settings.toml", str(path)))
    known = _known_settings({"weights": table["weights"]}, path)
    return {name: float(weight) for name, weight in known["weights"].items()}


def _toml(path: Path) -> dict[str, Any]:
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
        return tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        message = str(error) or "nested too deeply"
        place = re.search(r"\(at line (\d+), column (\d+)\)", message)
        line, column = (int(place[1]), int(place[2])) if place else (text.rstrip().count("\n") + 1, 0)
        raise DataError(Problem(code, f"not TOML: {message}", "correct the line", file, line, column)) from None


def _vocabulary(features: Path, name: str) -> Vocabulary | None:
    path = features / f"{name}.toml"
    tables = _toml(path)
    return Vocabulary.from_tables(tables, str(path), name) if path.exists() else None


def _sides(about: Mapping[str, Any], path: Path) -> tuple[Side, Side] | None:
    sides = about.get("sides")
    if not sides:
        return None
    try:
        return _side(sides["left"]), _side(sides["right"])
    except (KeyError, TypeError, AttributeError):
        raise DataError(
            Problem(
                "MM-SET-003",
                "[sides] needs a left and a right, each with a country",
                'write [sides.left] country = "CN" and [sides.right] country = "KR"',
                str(path),
            )
        ) from None


def _side(table: Mapping[str, Any]) -> Side:
    country = str(table["country"])
    label = table.get("label", country)
    return Side(
        str(label.get("en", country) if isinstance(label, Mapping) else label),
        country,
        str(table.get("language", "en")),
    )


def _rules(path: Path, sectors: Vocabulary | None, interests: Vocabulary | None) -> tuple[Rule, ...]:
    rules = []
    for table in _toml(path).get("rule", []):
        rule = Rule(
            str(table.get("sector", "")),
            tuple(table.get("offers", ())),
            tuple(table.get("seeks", ())),
            table.get("interests_as"),
            str(table.get("why", "")),
        )
        for term, vocabulary in ((rule.sector, sectors), *((term, interests) for term in rule.offers + rule.seeks)):
            if vocabulary is not None and term not in vocabulary:
                raise DataError(
                    Problem("MM-VOC-003", f"a rule names {quoted(term)}, which is no term", "correct it", str(path))
                )
        rules.append(rule)
    return tuple(rules)


def _known_settings(overrides: Mapping[str, Any], path: Path) -> Settings:
    """Refuse a key that the engine does not have, and a value of another type than the engine's own."""
    problems = list(_wrong_settings(overrides, engine_settings(), "", str(path)))
    if problems:
        raise DataError(problems)
    return overrides


def _wrong_settings(overrides: Any, known: Any, prefix: str, file: str) -> list[Problem]:
    problems = []
    for key, value in overrides.items():
        open_table = "other" in known  # kinds and roles are the domain's own words
        if key not in known and not open_table:
            fix = "known here: " + ", ".join(sorted(known))
            problems.append(Problem("MM-SET-005", f"unknown key {quoted(prefix + key)}", fix, file))
            continue
        wanted = known.get(key, 0.0)
        if isinstance(wanted, Mapping) and isinstance(value, Mapping):
            problems.extend(_wrong_settings(value, wanted, f"{prefix}{key}.", file))
        elif not _same_type(value, wanted):
            problems.append(
                Problem("MM-SET-006", f"{prefix}{key} = {quoted(value)} has the wrong type", f"like {wanted}", file)
            )
    return problems


def _same_type(value: Any, wanted: Any) -> bool:
    if isinstance(wanted, int | float):
        return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < 1e6
    return isinstance(value, type(wanted))


def _overlaid(below: Settings, above: Settings) -> dict[str, Any]:
    merged = dict(below)
    for key, value in above.items():
        nested = isinstance(value, Mapping) and isinstance(merged.get(key), Mapping)
        merged[key] = _overlaid(merged[key], value) if nested else value
    return merged

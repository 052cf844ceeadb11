"""The words by which events, agreements, counts and names of organizations are known, from `cue.toml`."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from importlib.resources import files
from typing import Any

import tomli

LANGUAGES = ("en", "zh", "ko")


def one_of(words: Iterable[str]) -> str:
    """A group of a pattern that takes any of `words`, the longest first."""
    return "(?:" + "|".join(sorted(map(re.escape, words), key=lambda word: (-len(word), word))) + ")"


@dataclass(frozen=True, eq=False)
class Cues:
    """The tables of `cue.toml`, and patterns made of them."""

    tables: Mapping[str, Any]

    @cached_property
    def sidebar_heads(self) -> tuple[str, ...]:
        """Words of the headings of lists of other articles."""
        return tuple(self.tables["sidebar"]["heads"])

    @cached_property
    def sidebar_feet(self) -> tuple[str, ...]:
        """Words of imprints."""
        return tuple(self.tables["sidebar"]["feet"])

    @cached_property
    def event_kinds(self) -> dict[str, str]:
        """By the word in which a title ends, in small letters: the kind of event."""
        return {
            word.casefold(): kind
            for kind, words in reversed(self.tables["event"].items())
            for word in self.words(words)
        }

    @staticmethod
    def words(table: Mapping[str, Any]) -> list[str]:
        """All words of a table with a list for each language."""
        return [word for language in LANGUAGES for word in table.get(language, ())]

    @cached_property
    def held(self) -> re.Pattern[str]:
        """Words that say that an event takes place."""
        return self.pattern(self.tables["held"])

    @cached_property
    def roles(self) -> dict[str, re.Pattern[str]]:
        """By role: words that stand near who has it."""
        return {role: self.pattern(table) for role, table in self.tables["role"].items()}

    def pattern(self, table: Mapping[str, Any]) -> re.Pattern[str]:
        """Any word of a table; English ones as whole words, whatever their case."""
        latin = one_of(table["en"])
        other = one_of([*table.get("zh", ()), *table.get("ko", ())])
        return re.compile(rf"\b{latin}\b|{other}", re.IGNORECASE)

    def name(self, language: str) -> Mapping[str, list[str]]:
        """The words in and around names of organizations in a language."""
        table: Mapping[str, list[str]] = self.tables["name"][language]
        return table


CUES = Cues(tomli.loads(files(__package__).joinpath("cue.toml").read_text("utf-8")))

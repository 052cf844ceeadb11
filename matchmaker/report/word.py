"""Labels in the languages of those who read them."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from importlib.resources import files

from matchmaker.domain import parse_toml

LANGUAGES = ("en", "zh", "ko")


@lru_cache
def words() -> Mapping[str, Mapping[str, str]]:
    """Every label, by key and language."""
    return parse_toml(files("matchmaker.report").joinpath("word.toml").read_text("utf-8"), "word.toml")


def label(key: str) -> str:
    """A label in all languages: `Table · 桌号 · 테이블`.

    >>> label("table")
    'Table · 桌号 · 테이블'
    """
    return " · ".join(words()[key][language] for language in LANGUAGES)

"""The other ways in which a name may be written: its letters in the next script, its sound, its initials."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import NamedTuple

from matchmaker.names.key import comparison_key, has_han, has_hangul, initials
from matchmaker.names.legal_form import own_table, without_legal_form
from matchmaker.names.sino_korean import mandarin_hangul, simplified, sino_korean, softened, translated

LOSSY = ("initials", "sound")  # what many names share: a ground to offer one, never to take it
_SOUND = "~"  # opens a key that is compared by sound, so that it meets its like only
_LIKE = (
    ("ph", "p"),
    ("f", "p"),
    ("v", "b"),
    ("th", "s"),
    ("sh", "s"),
    ("ch", "j"),
    ("c", "k"),
    ("q", "k"),
    ("x", "ks"),
)
_LIKE_LETTERS = str.maketrans({"z": "j", "r": "l", "d": "t", "g": "k", "w": "u", "y": "i", "h": ""})


class Reading(NamedTuple):
    """A key under which a name may be asked for, and how it was made."""

    key: str
    how: str


def readings(text: str, places: Mapping[str, str]) -> list[Reading]:
    """Other keys of `text`; `places` gives Chinese names of places as Koreans write them."""
    made = {key: how for key, how in reversed(list(_made(text, places))) if key}
    return [Reading(key, how) for key, how in reversed(made.items())]


def _made(text: str, places: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    yield comparison_key(without_legal_form(text)), "name without legal form"
    if has_han(text):
        yield from _chinese(without_legal_form(simplified(text)), places)
    elif has_hangul(text):
        yield from _korean(without_legal_form(text))
    elif key := comparison_key(latin(text)):
        yield key, "letters"
        yield sound(latin(without_legal_form(text))), "sound"


def _chinese(text: str, places: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    yield comparison_key(text), "simplified form"
    pinyin = latin(text)
    yield comparison_key(pinyin), "pinyin"
    words = generic_words()
    for known in ({}, words, places, {**words, **places}):
        replaced = translated(text, known)
        yield softened(comparison_key(sino_korean(replaced))), "Korean reading"
        yield softened(comparison_key(mandarin_hangul(replaced))), "Mandarin in Hangul"


def _korean(text: str) -> Iterator[tuple[str, str]]:
    key = comparison_key(text)
    yield softened(key), "Korean reading"
    yield comparison_key(latin(text)), "romanization"
    yield sound(latin(text)), "sound"
    yield initials(key), "initials"


def latin(text: str) -> str:
    """`text` in Latin letters: Chinese as pinyin, Hangul as the Revised Romanization, all else letter by letter."""
    if has_han(text):
        from pypinyin import lazy_pinyin

        text = "".join(lazy_pinyin(text))
    if has_hangul(text):
        from hangulpy import romanize

        text = romanize(text)
    if text.isascii():
        return text
    from anyascii import anyascii

    return anyascii(text)


def sound(text: str) -> str:
    """Latin text by its sound, as a Korean ear has it: 시노팜 and Sinopharm nearly agree.

    >>> sound("tasly"), sound("teseulli")
    ('~tasli', '~tesli')
    """
    text = re.sub("[^a-z]", "", text.casefold())
    text = re.sub("eui?|eo", "e", re.sub("(?<=[bcdfgjklmnpqrstvz])eu", "", text))
    for one, other in _LIKE:
        text = text.replace(one, other)
    text = re.sub(r"(.)\1+", r"\1", text.translate(_LIKE_LETTERS))
    return _SOUND + text if text else ""


@lru_cache(maxsize=1)
def generic_words() -> dict[str, str]:
    """Chinese words that many names hold, and the Korean words for them."""
    concepts = own_table("words.toml").values()
    return {word: each["ko"][0] for each in concepts for word in each.get("zh", ()) if "ko" in each}

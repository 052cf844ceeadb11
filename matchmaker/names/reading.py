"""The other ways in which a name may be written: its letters in the next script, its sound, its initials."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from typing import NamedTuple

from matchmaker.names.key import comparison_key, has_han, has_hangul
from matchmaker.names.legal_form import may_lose_a_form, own_table, without_legal_form
from matchmaker.names.sino_korean import korean_writings, pinyin, simplified, softened

_NO_LETTER = re.compile("[^a-z\n]")
_EU = re.compile("(?<=[bcdfgjklmnpqrstvz])eu")  # the vowel that Hangul puts where a consonant stands alone
_EO = re.compile("eui?|eo")
_TWICE = re.compile("([a-z])\\1+")
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
    """Other keys of `text` than its own; `places` gives Chinese names of places as Koreans write them."""
    if text.isascii() and not may_lose_a_form(text):
        return []  # most names of a large table, in a tenth of the time
    made = {key: how for key, how in reversed(list(_made(text, places))) if key and key != comparison_key(text)}
    return [Reading(key, how) for key, how in reversed(made.items())]


def _made(text: str, places: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    short = without_legal_form(text)
    yield comparison_key(short), "name without legal form"
    if text.isascii():
        return
    if has_han(text):
        yield from _chinese(without_legal_form(simplified(text)), places)
    elif has_hangul(text):
        yield from _korean(short)
    else:
        yield comparison_key(latin(short)), "letters"


def _chinese(text: str, places: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    yield comparison_key(text), "simplified form"
    yield comparison_key("".join(pinyin(text))), "pinyin"
    words = generic_words()
    for written, how in dict.fromkeys(korean_writings(text, {}, words, places, {**words, **places})):
        yield softened(comparison_key(written)), how


def _korean(text: str) -> Iterator[tuple[str, str]]:
    yield softened(comparison_key(text)), "Korean reading"
    yield comparison_key(latin(text)), "romanization"


def latin(text: str) -> str:
    """`text` in Latin letters: Chinese as pinyin, Hangul as the Revised Romanization, all else letter by letter."""
    if has_han(text):
        text = "".join(pinyin(text))
    if has_hangul(text):
        from hangulpy import romanize

        text = romanize(text)
    if text.isascii():
        return text
    from anyascii import anyascii

    return anyascii(text)


def sounds(names: Iterable[str]) -> list[str]:
    """Names by their sound in Latin letters, as a Korean ear has it (시노팜 is nearly Sinopharm); empty of Chinese.

    >>> sounds(["Tasly Co., Ltd.", "테슬리", "天士力"])
    ['tasli', 'tesli', '']
    """
    spoken = ["" if has_han(name) else latin(without_legal_form(name)) for name in names]
    letters = _NO_LETTER.sub("", "\n".join(spoken).casefold())
    letters = _EO.sub("e", _EU.sub("", letters))
    for one, other in _LIKE:
        letters = letters.replace(one, other)
    return _TWICE.sub(r"\1", letters.translate(_LIKE_LETTERS)).split("\n") if spoken else []


@lru_cache(maxsize=1)
def generic_words() -> dict[str, str]:
    """Chinese words that many names hold, and the Korean words for them."""
    concepts = own_table("words.toml").values()
    return {word: each["ko"][0] for each in concepts for word in each.get("zh", ()) if "ko" in each}

"""Text as a row of words that mean the same in any language: hospital, Hôpital and Krankenhaus are one word."""

from __future__ import annotations

import re
from functools import lru_cache

from matchmaker.names.legal_form import legal_forms, own_table
from matchmaker.vocabulary import fold

_JOINED = re.compile(r"\b([dl]|all|dall|dell|nell|sull)['’`]")
_APOSTROPHE = re.compile("['’`´]")
_UMLAUT = re.compile("(?<=[aou])e(?=[^aeiou\\W])")
_RUN_ON = re.compile("(?<=[a-z0-9])(?=[A-Z][a-z])")  # MedicineUniversity, 1Department: a line break or a mark is lost
_WORD = re.compile(r"[㐀-鿿가-힣]+|[^\W_㐀-鿿가-힣]+")
_DENSE = re.compile("[㐀-鿿가-힣]")


def plain_words(text: str) -> list[str]:
    """The words of `text` in Latin letters without case and accents; Chinese and Korean in pieces of two characters.

    >>> plain_words("Hôpital d’Évry"), plain_words("恒瑞医药")
    (['hopital', 'd', 'evry'], ['恒瑞', '瑞医', '医药'])
    """
    folded = _APOSTROPHE.sub("", _JOINED.sub(r"\1 ", fold(_RUN_ON.sub(" ", text))))
    words: list[str] = []
    for word in _WORD.findall(folded if folded.isascii() else _ascii(folded)):
        words += _pairs(word) if _DENSE.match(word) else [word]
    return words


def common_words(words: list[str]) -> list[str]:
    """`words` as one language has them, without the little ones and without legal forms.

    >>> common_words(plain_words("Universität zu Köln")), common_words(plain_words("Children's Hospitals, Ltd."))
    (['university', 'koln'], ['children', 'hospital'])
    """
    return [common for common in map(_common, words) if common]


def _ascii(text: str) -> str:
    from anyascii import anyascii

    return "".join(
        letter if letter.isascii() or _DENSE.match(letter) else anyascii(letter) for letter in text
    ).casefold()


def _pairs(word: str) -> list[str]:
    return [word[place : place + 2] for place in range(len(word) - 1)] or [word]


@lru_cache(maxsize=1 << 18)
def _common(word: str) -> str:
    """One word; empty if it says nothing."""
    if (known := _concepts().get(word)) is not None:
        return known
    word = _UMLAUT.sub("", word)
    return word[:-1] if len(word) > 4 and word.endswith("s") and not word.endswith("ss") else word


@lru_cache(maxsize=1)
def _concepts() -> dict[str, str]:
    tables = own_table("words.toml")
    silent = dict.fromkeys((*tables.pop("little")["other"], *legal_forms().words), "")
    said = {
        form: table["en"][0]
        for table in tables.values()
        for language in ("en", "other")
        if "en" in table
        for form in table.get(language, ())
        if " " not in form
    }
    return {**silent, **said}

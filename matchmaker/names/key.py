"""What of a name is compared: letters and digits without case, width, accents, blanks and punctuation."""

from __future__ import annotations

import re
import unicodedata

from matchmaker.vocabulary import fold

LONGEST = 200  # characters of a name that are compared
_LETTERS_A_CHARACTER = 4  # a Hangul syllable in three letters, and a mark
_NO_LETTER = re.compile(r"[\W_]+")
_NO_ASCII_LETTER = {code: None for code in range(128) if not chr(code).isalnum()}
_HAN = re.compile("[\u3400-\u9fff\uf900-\ufaff\U00020000-\U000323af]")
_HANGUL = re.compile("[\uac00-\ud7a3\u1100-\u11ff]")
_BRACKETS = re.compile("[(（]([^()（）]*)[)）]")


def comparison_key(text: str) -> str:
    """`text` without case, width, blanks and punctuation; Hangul letter by letter, so that a typo is one letter.

    >>> comparison_key("Gen-N Bio Ｃｏ.")
    'gennbioco'
    """
    if text.isascii() and len(text) <= LONGEST and (plain := text.lower().translate(_NO_ASCII_LETTER)):
        return plain  # what the steps below come to, in a fifth of the time
    letters = unicodedata.normalize("NFD", folded(text))
    return _NO_LETTER.sub("", letters) or letters


def folded(text: str) -> str:
    """`text` without case, width and runs of blanks, cut to what is compared; composed and decomposed forms agree."""
    return fold(text[: LONGEST * _LETTERS_A_CHARACTER])[:LONGEST]


def spellings(name: str) -> list[str]:
    """A name as it is, without what stands in brackets, and what stands in brackets."""
    if "(" not in name and "（" not in name:
        return [name] if name else []
    inside = [part.strip() for part in _BRACKETS.findall(name) if len(part) > 1]
    short = _BRACKETS.sub(" ", name).strip() if inside else ""
    return [part for part in (name, short, *inside) if part]


def has_han(text: str) -> bool:
    """Whether a Chinese character is in `text`.

    >>> has_han("恒瑞 Pharma"), has_han("한미")
    (True, False)
    """
    return not text.isascii() and _HAN.search(text) is not None


def has_hangul(text: str) -> bool:
    """Whether a Korean syllable or letter is in `text`, composed or not."""
    return not text.isascii() and _HANGUL.search(text) is not None


def initials(key: str) -> str:
    """The first letters of the Hangul syllables of a comparison key: of 한미 those of ㅎㅁ; empty without Hangul."""
    return "".join(letter for letter in key if "ᄀ" <= letter <= "ᄒ")


def is_initials(key: str) -> bool:
    """Whether a comparison key is nothing but first letters of Hangul syllables, as ㅎㅁㅇㅍ."""
    return bool(key) and initials(key) == key

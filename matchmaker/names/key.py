"""What of a name is compared: letters and digits without case, width, accents, blanks and punctuation."""

from __future__ import annotations

import re
import unicodedata

from matchmaker.vocabulary import fold

LONGEST = 200  # characters of a name that are compared
_LETTERS_A_CHARACTER = 4  # a Hangul syllable in three letters, and a mark


def comparison_key(text: str) -> str:
    """`text` without case, width, blanks and punctuation; Hangul letter by letter, so that a typo is one letter.

    >>> comparison_key("Gen-N Bio Ｃｏ.")
    'gennbioco'
    """
    letters = unicodedata.normalize("NFD", folded(text))
    return re.sub(r"[\W_]+", "", letters) or letters


def folded(text: str) -> str:
    """`text` without case, width and runs of blanks, cut to what is compared; composed and decomposed forms agree."""
    return fold(text[: LONGEST * _LETTERS_A_CHARACTER])[:LONGEST]


def spellings(name: str) -> list[str]:
    """A name as it is, without what stands in brackets, and what stands in brackets."""
    short = re.sub(r"[(（][^()（）]*[)）]", " ", name).strip()
    inside = [part.strip() for part in re.findall(r"[(（]([^()（）]{2,})[)）]", name)]
    return [name, *([short] if short else []), *inside]


def has_han(text: str) -> bool:
    """Whether a Chinese character is in `text`.

    >>> has_han("恒瑞 Pharma"), has_han("한미")
    (True, False)
    """
    return re.search("[\u3400-\u9fff\uf900-\ufaff\U00020000-\U000323af]", text) is not None


def has_hangul(text: str) -> bool:
    """Whether a Korean syllable or letter is in `text`, composed or not."""
    return re.search("[\uac00-\ud7a3\u1100-\u11ff]", text) is not None


def initials(key: str) -> str:
    """The first letters of the Hangul syllables of a comparison key: of 한미 those of ㅎㅁ; empty without Hangul."""
    return "".join(letter for letter in key if "ᄀ" <= letter <= "ᄒ")

"""One cell of a table: from its text to a value, or to the reason why it is refused."""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Callable

from matchmaker.errors import Refusal, quoted

_INVISIBLE = re.compile("[\u00ad\u200b-\u200f\u2060-\u2064\ufeff]")
_NUMBER = re.compile(r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")
_COUNT = re.compile(r"([0-9]+)(?:\.0+)?")
_LONGEST_NUMBER = 40
_GREATEST_COUNT = 10**12
_YES_NO = {"yes": True, "true": True, "1": True, "no": False, "false": False, "0": False}
DIRECTIONS = ("left2right", "right2left", "mutual")


def normalized_term(text: str) -> str:
    """A term without differences of case, blanks, width, composition and invisible characters; idempotent.

    >>> normalized_term("  Ａｎｔｉviral-Drug ")
    'antiviral-drug'
    """
    while (folded := _folded(text)) != text:
        text = folded
    return text


def _folded(text: str) -> str:
    return " ".join(unicodedata.normalize("NFKC", _INVISIBLE.sub("", text).casefold()).split())


def term(text: str) -> str | None:
    """A single term; None where nothing is left of it."""
    return normalized_term(text) or None


def terms(text: str, max_tags: int) -> list[str] | Refusal:
    """Terms between semicolons, sorted, each once."""
    if refusal := _too_many(text, max_tags):
        return refusal
    parts = unicodedata.normalize("NFKC", text).split(";") if not text.isascii() else text.split(";")
    return sorted({name for part in parts if (name := normalized_term(part))})


def names(text: str, max_tags: int) -> list[str] | Refusal:
    """Names between semicolons, as written, sorted, each once."""
    if refusal := _too_many(text, max_tags):
        return refusal
    return sorted({name for part in re.split("[;；]", text) if (name := " ".join(part.split()))})


def _too_many(text: str, max_tags: int) -> Refusal | None:
    n_tags = text.count(";") + 1
    if n_tags <= max_tags:
        return None
    return Refusal(
        "MM-LIM-005", f"{n_tags:,} terms in one cell; the limit is {max_tags:,}", f"give --max-tags {n_tags}"
    )


def identifier(text: str) -> str | Refusal:
    """An identifier, already stripped; it must be printable, so that it can be read, typed and found again."""
    if text.isprintable():
        return text
    strange = next(character for character in text if not character.isprintable())
    message = f"the identifier {quoted(text)} holds the invisible character U+{ord(strange):04X}"
    return Refusal("MM-TAB-007", message, "write it without")


def number(text: str, decimal: str | None) -> float | Refusal:
    """A finite number; thousands separators are taken only where the decimal mark is said."""
    plain = text
    if decimal is not None:
        plain = text.replace("," if decimal == "." else ".", "").replace(decimal, ".")
    if len(plain) > _LONGEST_NUMBER:
        return _no_number(text, f"has {len(plain):,} characters; at most {_LONGEST_NUMBER} are taken")
    if not _NUMBER.fullmatch(plain):
        return _no_number(text, "is not a number")
    value = float(plain)
    return value + 0.0 if math.isfinite(value) else _no_number(text, "is too large")


def count(text: str) -> int | Refusal:
    """A whole number from 0 on."""
    found = _COUNT.fullmatch(text)
    if not found or len(text) > _LONGEST_NUMBER:
        return _no_number(text, "is not a whole number from 0 on")
    value = int(found[1])
    return value if value <= _GREATEST_COUNT else _no_number(text, "is too large")


def _no_number(text: str, reason: str) -> Refusal:
    fix = "write digits and a point, such as 1234.5; 1,234.5 needs --decimal ."
    return Refusal("MM-TAB-008", f"{quoted(text)} {reason}", fix)


def yes_no(text: str) -> bool | Refusal:
    """Yes or no."""
    value = _YES_NO.get(normalized_term(text))
    return Refusal("MM-TAB-009", f"{quoted(text)} is neither yes nor no", "write yes or no") if value is None else value


def one_of(*words: str) -> Callable[[str], str | Refusal]:
    """A reader of cells that hold one of `words`."""

    def word(text: str) -> str | Refusal:
        value = normalized_term(text)
        return (
            value
            if value in words
            else Refusal("MM-TAB-010", f"{quoted(text)} is none of {', '.join(words)}", "write one of them")
        )

    return word

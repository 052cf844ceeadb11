"""Chinese names as Koreans write them: each character in its Korean reading, or the Mandarin sound in Hangul."""

from __future__ import annotations

import csv
import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from pathlib import Path

from matchmaker.names.key import has_han
from matchmaker.names.legal_form import own_table

_NASAL, _LIQUID, _SILENT = "ᄂ", "ᄅ", "ᄋ"
_GLIDES = "ᅣᅤᅧᅨᅭᅲᅵ"  # the vowels that open with the sound of i or y


def sino_korean(text: str) -> str:
    """`text` with every Chinese character in its Korean reading; simplified ones are read as their traditional form.

    >>> sino_korean("恒瑞制药"), sino_korean("三诺 Bio")
    ('항서제약', '삼낙 Bio')
    """
    traditional: str = _converter("s2t").convert(text)
    return traditional.translate(_readings())


def mandarin_hangul(text: str) -> str:
    """`text` with every Chinese character as Hangul writes its Mandarin sound.

    >>> mandarin_hangul("复星"), mandarin_hangul("江苏")
    ('푸싱', '장쑤')
    """
    return "".join(map(_syllable, pinyin(text)))


def pinyin(text: str) -> list[str]:
    """The toneless pinyin of each Chinese character of `text`; other characters as they are, each by itself."""
    from pypinyin import lazy_pinyin

    return lazy_pinyin(text, errors=list)  # type: ignore[arg-type]


def korean_writings(text: str, *known: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """(writing, how) of `text` in Korean, read and by its Mandarin sound, with the words of `known` put so."""
    read, heard = sino_korean(text), list(map(_syllable, pinyin(text)))
    for words in known:
        spans = [found.span() for found in _pattern(tuple(words)).finditer(text)] if words else []
        korean = [words[text[start:end]] for start, end in spans]
        yield _spliced(read, spans, korean), "Korean reading"
        yield _spliced(heard, spans, korean), "Mandarin in Hangul"


def _spliced(letters: Sequence[str], spans: Sequence[tuple[int, int]], instead: Sequence[str]) -> str:
    """`letters` with each of `spans` replaced."""
    parts, last = [], 0
    for (start, end), word in zip(spans, instead, strict=True):
        parts += [*letters[last:start], word]
        last = end
    return "".join([*parts, *letters[last:]])


def simplified(text: str) -> str:
    """`text` with every traditional Chinese character in its simplified form."""
    converted: str = _converter("t2s").convert(text)
    return converted


def simplified_in_place(text: str) -> str:
    """`text` with each traditional letter in its simplified form, letter by letter: every other one keeps its place.

    >>> simplified_in_place("香港生物醫藥協會")
    '香港生物医药协会'
    """
    return text.translate(_simple_letters()) if has_han(text) else text


@lru_cache(maxsize=1)
def _simple_letters() -> dict[int, str]:
    letters = list(map(chr, range(0x4E00, 0xA000)))
    pairs = zip(letters, simplified("\n".join(letters)).split("\n"), strict=True)
    return {ord(letter): simple for letter, simple in pairs if letter != simple and len(simple) == 1}


def softened(key: str) -> str:
    """A comparison key in which ㄹ and ㄴ open a syllable as they do at the start of a word (두음법칙).

    Where a word starts is not known, and 강소연환 and 강소련환 are one name: so every syllable counts as a first one.

    >>> from matchmaker.names.key import comparison_key
    >>> softened(comparison_key("련녀라")) == comparison_key("연여나")
    True
    """
    key = re.sub(f"[{_NASAL}{_LIQUID}](?=[{_GLIDES}])", _SILENT, key)
    return key.replace(_LIQUID, _NASAL)


@lru_cache(maxsize=2)
def _converter(kind: str):  # type: ignore[no-untyped-def]  # noqa: ANN202  # named where it is imported, which costs
    from opencc import OpenCC

    return OpenCC(kind)


@lru_cache(maxsize=1)
def _readings() -> dict[int, str]:
    with Path(__file__).with_name("hangul_readings.csv").open(encoding="utf-8", newline="") as file:
        rows = csv.reader(file)
        next(rows)
        return {ord(character): syllable for syllable, characters in rows for character in characters}


@lru_cache(maxsize=16)
def _pattern(words: Iterable[str]) -> re.Pattern[str]:
    return re.compile("|".join(map(re.escape, sorted(words, key=lambda word: (-len(word), word)))))


@lru_cache(maxsize=1)
def _sounds() -> dict[str, dict[str, str]]:
    return own_table("mandarin_hangul.toml")  # type: ignore[return-value]


@lru_cache(maxsize=4096)
def _syllable(pinyin: str) -> str:
    """One pinyin syllable in Hangul; anything else as it is."""
    sounds = _sounds()
    if pinyin in sounds["open"]:
        return sounds["open"][pinyin]
    consonant = next((pinyin[:n] for n in (2, 1) if pinyin[:n] in sounds["initial"]), "")
    rest = pinyin[len(consonant) :]
    if rest == "i" and consonant in ("z", "c", "s", "zh", "ch", "sh", "r"):
        return _joined(sounds["initial"][consonant], "으")
    vowels = {**sounds["final"], **(sounds["palatal"] if consonant in ("j", "q", "x") else {})}.get(rest)
    if vowels is None:
        return pinyin
    return _joined(sounds["initial"][consonant], vowels) if consonant else vowels


def _joined(consonant: str, vowels: str) -> str:
    """ㅎ and 어우 are 허우."""
    first = unicodedata.normalize("NFD", vowels[0])
    letter = unicodedata.normalize("NFKC", consonant)
    return unicodedata.normalize("NFC", letter + first[1:]) + vowels[1:]

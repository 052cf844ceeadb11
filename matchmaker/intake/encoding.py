"""Which encoding a text is in: taken when one reading alone is likely, and otherwise asked for, never guessed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from matchmaker.decoding import decode
from matchmaker.errors import DataError, Problem

ENCODINGS = {"cp949": "Korean", "gb18030": "Chinese", "big5": "Traditional Chinese", "shift_jis": "Japanese"}
LIKELY = 0.85  # share of the letters that must be ordinary ones of the language
FEWEST = 12  # letters in two bytes, below which Korean and Chinese cannot be told apart
_SAMPLE = 1 << 18


@dataclass(frozen=True)
class Letters:
    """The letters in two bytes of a text, as pairs (first byte, second byte); marks and symbols are left out."""

    pairs: list[tuple[int, int]]

    def share(self, ordinary: Callable[[int, int], bool]) -> float:
        """How many of the letters are ordinary ones."""
        return sum(ordinary(*pair) for pair in self.pairs) / max(len(self.pairs), 1)

    @property
    def low(self) -> float:
        """How many have a second byte that is an ASCII one, which Big5 and Shift_JIS alone use for ordinary letters."""
        return self.share(lambda _, second: second < 0x80)


def read_text(data: bytes, file: str, encoding: str | None) -> tuple[str, str, list[Problem]]:
    """The text of `data`, its encoding, and warnings.

    UTF-8, or what a byte order mark says; else the one East Asian encoding in which the text reads as ordinary writing.

    Raises:
        UsageError: there is no encoding of the name `encoding`.
        DataError: the text is empty or damaged, or more than one reading is possible; they are named.
    """
    try:
        text, warnings = decode(data, file, encoding)
        return text, encoding or _marked(data), warnings
    except DataError as error:
        if encoding is not None or error.problems[0].code != "MM-CSV-005":
            raise
        found = _wide(data) or _only_likely(data, error)
    text, warnings = decode(data, file, found)
    message = f"is not UTF-8; read as {found.upper()} ({ENCODINGS.get(found, 'Unicode')})"
    note = Problem(
        "MM-CSV-014", message, f"if names look wrong, give another --encoding than {found}", file, warning=True
    )
    return text, found, [note, *warnings]


def _marked(data: bytes) -> str:
    marks = ((b"\xff\xfe\0\0", "utf-32"), (b"\0\0\xfe\xff", "utf-32"), (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"))
    return next((codec for mark, codec in marks if data.startswith(mark)), "utf-8")


def _wide(data: bytes) -> str | None:
    """UTF-16 without its mark: its line ends hold a NUL byte, which no other encoding of text does."""
    for name, end in (("utf-16-le", b"\n\0"), ("utf-16-be", b"\0\n")):
        aligned = data[: data.find(end)] if end in data else b"\0"
        if len(aligned) % 2 == 0 and _decodes(data, name) and "\0" not in data.decode(name):
            return name
    return None


def _only_likely(data: bytes, refusal: DataError) -> str:
    problem = refusal.problems[0]
    if "mixed" in problem.message or "UTF-7" in problem.message:
        raise refusal
    likely = likely_encodings(data)
    if len(likely) == 1:
        return likely[0]
    possible = likely or [name for name in ENCODINGS if _decodes(data, name)]
    if not possible:
        raise refusal
    readings = " and ".join(f"{name.upper()} ({ENCODINGS[name]})" for name in possible)
    message = f"is not UTF-8; it can be read as {readings}"
    fix = f'give --encoding {possible[0]}{" or another" if len(possible) > 1 else ""}, or save it as "CSV UTF-8"'
    raise DataError(Problem("MM-CSV-005", message, fix, problem.file, problem.line))


def likely_encodings(data: bytes) -> list[str]:
    """The encodings in which `data` decodes without error and is ordinary writing of the language.

    KS X 1001 and GB 2312 share their range: Korean uses the 25 rows B0 to C8 of it alone, while half of any Chinese
    text lies above. Big5 and Shift_JIS use second bytes below 80, the other two hardly ever.
    """
    sample = data[:_SAMPLE]
    return [name for name, is_likely in _TESTS.items() if is_likely(_letters(sample, name)) and _decodes(data, name)]


def _decodes(data: bytes, encoding: str) -> bool:
    try:
        data.decode(encoding)
    except UnicodeDecodeError:
        return False
    return True


def _letters(data: bytes, encoding: str) -> Letters:
    """Pairs of bytes as the encoding divides them; rows of symbols (A1 to A9; 81 in Shift_JIS) are no letters."""
    single = range(0xA0, 0xE0) if encoding == "shift_jis" else range(0)
    symbols = range(0x81, 0x82) if encoding == "shift_jis" else range(0xA1, 0xA4 if encoding == "big5" else 0xAA)
    pairs, position = [], 0
    while position < len(data) - 1:
        first = data[position]
        if first < 0x80:
            position += 1
        elif first in single:
            pairs.append((0, 0))  # half-width kana: counted, and never ordinary
            position += 1
        else:
            if first not in symbols:
                pairs.append((first, data[position + 1]))
            position += 2
    return Letters(pairs)


def _hangul(letters: Letters) -> float:
    return letters.share(lambda first, second: 0xB0 <= first <= 0xC8 and second >= 0xA1)


def _is_korean(letters: Letters) -> bool:
    return len(letters.pairs) >= FEWEST and _hangul(letters) >= 0.9 and letters.low < 0.1


def _is_chinese(letters: Letters) -> bool:
    ordinary = letters.share(lambda first, second: 0xB0 <= first <= 0xF7 and second >= 0xA1)
    return len(letters.pairs) >= 4 and ordinary >= LIKELY and _hangul(letters) < 0.75 and letters.low < 0.1


def _is_traditional_chinese(letters: Letters) -> bool:
    ordinary = letters.share(lambda first, second: 0xA4 <= first <= 0xC6 and (0x40 <= second <= 0x7E or second >= 0xA1))
    return len(letters.pairs) >= FEWEST and ordinary >= LIKELY and letters.low >= 0.15


def _is_japanese(letters: Letters) -> bool:
    kana = letters.share(lambda first, _: first in (0x82, 0x83))
    ordinary = letters.share(lambda first, _: first in range(0x82, 0x98) or first in range(0x98, 0xA0))
    return len(letters.pairs) >= FEWEST and kana >= 0.1 and ordinary >= LIKELY


_TESTS: dict[str, Callable[[Letters], bool]] = {
    "cp949": _is_korean,
    "gb18030": _is_chinese,
    "big5": _is_traditional_chinese,
    "shift_jis": _is_japanese,
}

"""The text of an article: decoded, without markup, sidebars and what it says twice, in the positions of its file."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from html import unescape
from pathlib import Path

from matchmaker.decoding import check_magic, decode, read_bytes
from matchmaker.errors import DataError, Problem
from matchmaker.intake.article.cue import CUES
from matchmaker.names.sino_korean import simplified_in_place

MOST_BYTES = 50_000_000
LONGEST_SENTENCE = 1200  # characters; the rest is read as another sentence
LONGEST_HEADLINE = 120
FILLER = "\u2060"  # stands where an entity was longer than what it means
_CODE = re.compile(r"(?is)<(script|style|noscript|svg)\b[^>]{0,2000}>.{0,200000}?</\1\s*>|<!--.{0,20000}?-->")
_TAG = re.compile(r"</?[A-Za-z!][^<>]{0,2000}>")
_BREAK = re.compile(r"(?i)</?(?:p|br|div|li|ul|ol|tr|td|th|h[1-6]|title|table|section|article|aside|footer)\b")
_ENTITY = re.compile(r"&(?:#\d{1,7}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z]{2,10});")
_LANGUAGE = re.compile(r"<html[^>]{0,500}\blang=[\"']?([A-Za-z]{2})")
_END = re.compile(r"[。！？!?]+[”\"’'」』)）]*|\.[”\"’'」』)）]*(?=\s|$|[가-힣一-鿿])|\n")
_ABBREVIATED = re.compile(
    r"(?:\b(?:Co|Ltd|Inc|Corp|Dr|Mr|Ms|Mrs|Prof|No|St|vs|Jan|Feb|Mar|Apr|Jun|Jul|Aug|Sept?|Oct|Nov|Dec|U\.S|Gen|Sen|Gov"
    r"|Jr|Sr|Univ|Dept|Mt|Ph\.D|e\.g|i\.e|[A-Z])|\b\d{1,4})$"
)
_GOES_ON = re.compile(r"\s{0,20}(?:[a-z(\d&]|Ltd|Inc|LLC)")
_LISTED = re.compile(r"\s{0,20}(?:\d{1,2}\s*[|.)]|[|•·▶▷■◆●*-]\s)")
_LETTER = re.compile(r"\w")
_SCRIPTS = {"ko": re.compile("[가-힣]+"), "zh": re.compile("[一-鿿]+"), "en": re.compile("[A-Za-z]+")}


@dataclass(frozen=True)
class Article:
    """One article; `written` has as many characters as its file, blanks where something was left out.

    `text` is the same in simplified letters, in which everything is searched for.
    """

    file: str
    written: str
    problems: tuple[Problem, ...] = ()
    feet: tuple[str, ...] = field(default=(), repr=False)

    @cached_property
    def text(self) -> str:
        """What is written, in simplified letters: each at its place."""
        return simplified_in_place(self.written)

    @cached_property
    def language(self) -> str:
        """What most of it is written in: `ko`, `zh` or `en`; a Chinese or Korean letter counts threefold."""
        share = {name: sum(map(len, script.findall(self.text))) for name, script in _SCRIPTS.items()}
        return max(share, key=lambda name: share[name] * (1 if name == "en" else 3))

    @cached_property
    def sentences(self) -> list[tuple[int, int]]:
        """Where sentences start and end."""
        return list(_sentences(self.text))

    @property
    def headline(self) -> int:
        """Where it ends: the first line, if it is no sentence and at least four follow; else 0."""
        start, end = self.sentences[0]
        is_sentence = self.text[:end].rstrip("”\"’'」』)） ").endswith((".", "。", "!", "！", "다"))
        return 0 if is_sentence or len(self.sentences) < 5 or end - start > LONGEST_HEADLINE else end

    @cached_property
    def _starts(self) -> list[int]:
        return [start for start, _ in self.sentences]

    def sentence_at(self, position: int) -> int:
        """The number of the sentence around a position."""
        return max(bisect_right(self._starts, position) - 1, 0)

    def quote(self, start: int, end: int) -> str:
        """A piece of the text on one line."""
        return " ".join(self.written[start:end].replace(FILLER, "").split())


def read_article(path: str | Path, encoding: str | None = None) -> Article:
    """Read one article.

    Raises:
        UsageError: no such file, or one that may not be read.
        DataError: it is larger than `MOST_BYTES`, no text, or has no text in it.
    """
    file = Path(path)
    if file.is_file() and file.stat().st_size > MOST_BYTES:
        message = f"has {file.stat().st_size:,} bytes; an article has at most {MOST_BYTES:,}"
        raise DataError(Problem("MM-ART-001", message, "give one article a file", str(path)))
    data = read_bytes(file)
    if not data.lstrip(b"\xef\xbb\xbf \t\r\n\0"):
        raise DataError(_without_text(str(path)))
    if not data.lstrip().startswith(b"<"):
        check_magic(data, str(path))
    text, warnings = decode(data, str(path), encoding)
    return article_of(text, str(path), warnings)


def article_of(text: str, file: str = "text", problems: list[Problem] | None = None) -> Article:
    """An article from its text, in which tags may stand; they are never acted on.

    Raises:
        DataError: no text is left.
    """
    plain = _without_markup(text)
    kept, feet = _without_rest(plain)
    if not _LETTER.search(kept):
        raise DataError(_without_text(file))
    article = Article(file, kept, tuple(problems or ()), tuple(feet))
    tagged = _LANGUAGE.search(text[:5000])
    if tagged and tagged[1].lower() != article.language:
        message = f"says that it is in {tagged[1].lower()!r} and is in {article.language!r}; read as the latter"
        warning = Problem("MM-ART-003", message, "correct its lang", file, warning=True)
        return Article(file, kept, (*article.problems, warning), tuple(feet))
    return article


def _without_text(file: str) -> Problem:
    return Problem("MM-ART-002", "has no text; skipped", "save the article as text", file, warning=True)


def _without_markup(text: str) -> str:
    """Blanks in place of tags and scripts, characters in place of entities: every other character keeps its place."""
    if "<" in text:
        text = _CODE.sub(lambda found: " " * len(found[0]), text)
        text = _TAG.sub(_blank, text)
    return _ENTITY.sub(_character, text) if "&" in text else text


def _blank(tag: re.Match[str]) -> str:
    first = "\n" if _BREAK.match(tag[0]) else " "
    return first + " " * (len(tag[0]) - 1) if first == "\n" else FILLER * len(tag[0])


def _character(entity: re.Match[str]) -> str:
    meant = unescape(entity[0]).replace("\xa0", " ")
    return (meant + FILLER * len(entity[0]))[: len(entity[0])]


def _without_rest(text: str) -> tuple[str, list[str]]:
    """The text with sidebars, imprints and repeated lines blanked, and the imprints."""
    kept: list[str] = []
    feet: list[str] = []
    seen: set[str] = set()
    beside = False
    for line in text.split("\n"):
        bare = line.replace(FILLER, "").strip()
        folded = bare.casefold()
        if _is_head(folded):
            beside = True
        elif beside and _is_body(bare):
            beside = False
        if _is_foot(folded):
            feet.append(bare)
            kept.append(" " * len(line))
        elif beside or (len(bare) >= 15 and folded in seen):
            kept.append(" " * len(line))
        else:
            kept.append(line)
        seen.add(folded)
    return "\n".join(kept), feet


def _is_head(folded: str) -> bool:
    """A short line that announces other articles."""
    return len(folded) < 40 and any(head in folded for head in CUES.sidebar_heads)


def _is_foot(folded: str) -> bool:
    return len(folded) < 300 and any(foot in folded for foot in CUES.sidebar_feet)


def _is_body(bare: str) -> bool:
    """A line of prose, no headline: it is long and ends as a sentence does."""
    if _LISTED.match(bare) or len(bare) < 40:
        return False
    return bare.rstrip("”\"’'」』)） ").endswith((".", "。", "！", "!", "다"))


def _sentences(text: str) -> Iterator[tuple[int, int]]:
    start = 0
    for found in _END.finditer(text):
        if found[0].startswith(".") and _stands_within(text, found):
            continue
        if found[0] == "\n" and _is_wrapped(text, start, found.end()):
            continue
        yield from _cut(text, start, found.end())
        start = found.end()
    yield from _cut(text, start, len(text))


def _stands_within(text: str, point: re.Match[str]) -> bool:
    """Whether a point ends an abbreviation or a number of a date, and no sentence."""
    if not _ABBREVIATED.search(text, max(0, point.start() - 6), point.start()):
        return False
    return bool(_GOES_ON.match(text, point.end())) or text[max(0, point.start() - 3) : point.start()].lstrip() in (
        "Dr", "Mr", "Ms", "Mrs", "No",
    )  # fmt: skip


def _is_wrapped(text: str, start: int, end: int) -> bool:
    """Whether a line break only wraps a long line of prose."""
    line = end - 1 - (text.rfind("\n", start, end - 1) + 1 or start)
    return line > 50 and end < len(text) and text[end].islower() and text[end].isascii()


def _cut(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    piece = text[start:end]
    left = start + len(piece) - len(piece.lstrip())
    right = start + len(piece.rstrip())
    for begin in range(left, right, LONGEST_SENTENCE):
        yield begin, min(begin + LONGEST_SENTENCE, right)

"""Which row of a sheet is its heading, and which column of which table each heading means, in three languages."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import chain
from pathlib import Path

from matchmaker.domain import parse_toml
from matchmaker.schema import TABLES, Table, normalized_header

ASIDE = "aside"
PERSONAL = ("phone", "e-mail", "person", "resident number")
HEADING_SEARCH = 30
LONGEST_HEADING = 60  # characters; what is longer is a sentence
# What stands for a column that must be there: an identifier can be made from a name.
STAND_INS: Mapping[tuple[str, str], str] = {("organizations", "org_id"): "name", ("events", "event_id"): "title"}

_LANGUAGES = {
    "ko": ("국문", "한글", "한국어", "korean", "kor", "韩文", "韩语", "韓文", "韩国语", "한국명"),
    "zh": ("중문", "중국어", "chinese", "chn", "中文", "汉语", "漢文", "简体"),
    "en": ("영문", "영어", "english", "eng", "英文", "英语", "英語"),
}
_NOT_SAID = re.compile(r"필수|선택|required|optional|mandatory|必填|选填|필수입력|복수선택|多选|예시.*|例.*")
_PART = r"[/|\n&,、]|\s+(?:및|와|과|and|or)\s+|[及与和]"
# Words at the end of a heading that do not change which column it is.
_TAIL = re.compile(
    "(?:명칭|사항|내용|정보|현황|목록|名称|内容|描述|说明|情况|信息|详情|类|details|information|offered|wanted|sought|list|url|no)$"
)
_BARE_NAME = {"명": "ko", "名": "zh", "名称": "zh", "이름": "ko", "name": "en", "명칭": "ko", "": ""}


@dataclass(frozen=True)
class Headings:
    """The heading of a sheet: in rows `first` to `last` of its grid (-1: the format names the columns).

    `texts` are the headings by position, `columns` what each means in `table`, `aside` what is known and not taken.
    """

    table: Table
    texts: tuple[str, ...]
    columns: Mapping[int, str]
    aside: Mapping[int, str] = field(default_factory=dict)
    first: int = -1
    last: int = -1

    @property
    def found(self) -> set[str]:
        """The columns that are there."""
        return set(self.columns.values())

    @property
    def missing(self) -> list[str]:
        """Columns without which the table cannot be used, and for which nothing stands in."""
        return [name for name in self.table.required_columns if not self._stated(name)]

    def _stated(self, name: str) -> bool:
        stand_in = STAND_INS.get((self.table.name, name))
        return name in self.found or (stand_in is not None and any(is_name(other, stand_in) for other in self.found))


def is_name(column: str, plain: str = "name") -> bool:
    """Whether `column` holds a name: `name`, `name_ko` …"""
    return column == plain or column.startswith(f"{plain}_")


def possible_headings(rows: Sequence[Sequence[str]], named: Sequence[str] | None) -> list[Headings]:
    """The best reading of the heading for each table that has one, the table with most columns found first.

    `rows` are the first rows of the sheet; `named`: what the format itself calls the columns.
    """
    found = [best for table in TABLES.values() if (best := heading_of(rows, named, table)) is not None]
    return sorted(found, key=lambda headings: (len(headings.missing), -len(headings.found)))


def heading_of(rows: Sequence[Sequence[str]], named: Sequence[str] | None, table: Table) -> Headings | None:
    """The best reading of the heading as that of `table`, if there is any."""
    candidates = [_headings(named, table, -1, -1)] if named is not None else list(_candidates(rows, table))
    candidates = [headings for headings in candidates if headings.columns]
    return max(candidates, key=_weight, default=None)


def _weight(headings: Headings) -> tuple[int, int, int, int]:
    """Nothing missing, many columns; one row rather than two, and the first of equal ones."""
    known = len(headings.found) + len(headings.aside)
    return -len(headings.missing), known, headings.first - headings.last, -headings.first


def _candidates(rows: Sequence[Sequence[str]], table: Table) -> Iterator[Headings]:
    for position, row in enumerate(rows[:HEADING_SEARCH]):
        yield _headings(row, table, position, position)
        if position + 1 < min(len(rows), HEADING_SEARCH):
            yield _headings(_joined(row, rows[position + 1]), table, position, position + 1)


def _joined(above: Sequence[str], below: Sequence[str]) -> list[str]:
    """Two rows of headings as one: what stands above holds for the blank cells at its right, too."""
    texts, last = [], ""
    for upper, lower in zip(above, below, strict=True):
        last = upper if upper.strip() else last
        same = upper.strip() == lower.strip()
        texts.append((upper if same else f"{last if lower.strip() else upper} {lower}").strip())
    return texts


def _headings(texts: Sequence[str], table: Table, first: int, last: int) -> Headings:
    columns: dict[int, str] = {}
    aside: dict[int, str] = {}
    for position, text in enumerate(texts):
        if reason := _known_aside(text, _synonyms()[table.name]):
            aside[position] = reason
        elif column := meaning(text, table):
            columns[position] = column
    columns |= _identifier(texts, columns, table)
    return Headings(table, tuple(" ".join(text.split()) for text in texts), columns, aside, first, last)


def _identifier(texts: Sequence[str], columns: Mapping[int, str], table: Table) -> dict[int, str]:
    """`organization` is a name where it stands alone, and an identifier beside a name, as in a domain."""
    key = table.order[0]
    named = [position for position, column in columns.items() if is_name(column)]
    both = [k for k in named if (found := table.find(normalized_header(texts[k]))) and found.name == key]
    return {both[0]: key} if both and len(named) > len(both) and key not in columns.values() else {}


def meaning(text: str, table: Table) -> str | None:
    """The column of `table` that a heading means.

    >>> meaning("희망 협력분야 (필수)", TABLES["organizations"]), meaning("기업명(영문)", TABLES["organizations"])
    ('seeks', 'name_en')
    """
    if not text.strip() or len(text) > LONGEST_HEADING:
        return None
    synonyms = _synonyms()[table.name]
    plain = normalized_header(text)
    if plain not in {column.name for column in table.columns}:
        if table.multilingual and (name := _name_in_a_language(text, synonyms)):
            return name
        if found := _known(text, synonyms):
            return found
    column = table.find(plain)
    return column.name if column and column.kind != "unused" else None


def _known(text: str, known: Mapping[str, str]) -> str | None:
    """What a heading, or a part of it, is known for; else what the longest end of it is.

    In all three languages the word that says what is meant stands last: 重点研究方向 is a 研究方向.
    """
    parts = _parts(text)
    keys = [key for part in parts if (key := _key(part))]
    ends = (end for part in parts for end in _ends(part))
    return next((known[key] for key in chain(keys, ends) if key in known), None)


def _ends(text: str) -> Iterator[str]:
    """The ends of a heading, the longest first: from each word in Latin letters, from each other letter on."""
    folded = unicodedata.normalize("NFKC", text).casefold()
    for start in range(len(folded)):
        if not folded[start].isascii() or start == 0 or folded[start - 1] == " ":
            key = _key(folded[start:])
            yield from (end for end in (key, _TAIL.sub("", key)) if len(end) > 1)


def _name_in_a_language(text: str, synonyms: Mapping[str, str]) -> str | None:
    """`name_ko` where a heading, or a part of it, says name and Korean."""
    for part in (text, *re.split(r"[/|\n]", text)):
        language, rest = _language(part)
        if language and (_key(rest) in _BARE_NAME or synonyms.get(_key(rest)) == "name"):
            return f"name_{language}"
    return None


def _known_aside(text: str, columns: Mapping[str, str]) -> str | None:
    """Why a heading is not taken: it, each of its parts, or the end of it is known not to be."""
    known = _synonyms()[ASIDE]
    whole, outside, *_ = _parts(text)
    each = [known.get(_key(part)) for part in re.split(_PART, outside)]
    if found := known.get(_key(whole)) or (each[0] if all(each) else None):
        return found
    longest = next((end for end in _ends(outside) if end in known or end in columns), None)
    return known.get(longest) if longest is not None and longest not in columns else None


def _parts(text: str) -> list[str]:
    """A heading as a whole, without what stands in brackets, and each of its parts: it may be in two languages."""
    plain = unicodedata.normalize("NFKC", text)
    outside = re.sub(r"\([^()]*\)|\[[^\[\]]*\]", " ", plain)
    parts = [
        plain,
        outside,
        *re.split(r"[/|·\n]", outside),
        *re.split(_PART, outside),
        *re.findall(r"[(\[]([^()\[\]]+)[)\]]", plain),
    ]
    scripts = re.findall(r"[가-힣][가-힣\s·]*|[㐀-鿿]+|[A-Za-z][A-Za-z .&'-]*", plain)
    plainly_two = len(scripts) > 1 and re.fullmatch(r"[^\W\d_]+(?:[\s()*.&'/-]+[^\W\d_]+)*[\s()*.]*", plain)
    return [*parts, *(scripts if plainly_two else [])]


def _language(text: str) -> tuple[str, str]:
    """The language that a heading names, and the heading without it."""
    folded = unicodedata.normalize("NFKC", text).casefold()
    if short := re.search(r"[(\[]\s*(en|ko|kr|zh|cn)\s*[)\]]", folded):
        return {"kr": "ko", "cn": "zh"}.get(short[1], short[1]), folded.replace(short[0], " ")
    if len({language for language, words in _LANGUAGES.items() for word in words if word in folded}) > 1:
        return "", text  # a column for names in either language
    for language, words in _LANGUAGES.items():
        for word in words:
            if word in folded:
                return language, re.sub(r"[()\[\]]", " ", folded.replace(word, " ", 1)).replace(" in ", " ")
    return "", text


def _key(text: str) -> str:
    """What of a heading is compared."""
    folded = unicodedata.normalize("NFKC", text).casefold()
    return re.sub(r"[\W_]+", "", _NOT_SAID.sub("", folded)) or folded.strip()


@lru_cache(maxsize=1)
def _synonyms() -> dict[str, dict[str, str]]:
    """By table: the column of each heading. The first column that lists a heading has it."""
    path = Path(__file__).with_name("headings.toml")
    tables = parse_toml(path.read_text("utf-8"), path.name)
    known: dict[str, dict[str, str]] = {name: {} for name in (*TABLES, *tables, ASIDE)}
    for table, columns in tables.items():
        for column, headings in columns.items():
            for heading in headings:
                known[table].setdefault(_key(heading), column)
    return known


def nearest_heading(text: str, table: Table) -> str | None:
    """The known heading of `table` that is nearest to `text`, if one is near, and what it means."""
    from rapidfuzz import fuzz, process

    known = {**{column.name: column.name for column in table.columns}, **_synonyms()[table.name]}
    found = process.extractOne(_key(text), list(known), scorer=fuzz.ratio, score_cutoff=75)
    return f"{found[0]} ({known[found[0]]})" if found else None

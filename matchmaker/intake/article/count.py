"""Numbers of organizations, people, projects, meetings and agreements, in three languages; money and ranks are none."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from matchmaker.intake.article.cue import CUES, one_of
from matchmaker.intake.article.text import Article

_SMALL = """two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen
eighteen nineteen twenty"""
_TENS_EN = {"thirty": 30, "forty": 40, "fifty": 50, "hundred": 100, "a dozen": 12, "dozen": 12}
_WORDS = {word: number for number, word in enumerate(_SMALL.split(), 2)} | _TENS_EN
_HAN = {letter: number for number, letter in enumerate("一二三四五六七八九", 1)} | {"两": 2, "兩": 2}
_TENS = {"十": 10, "百": 100, "千": 1000}
_LARGE = {"万": 10_000, "萬": 10_000, "만": 10_000, "천": 1000, "백": 100, "thousand": 1000, "million": 10**6}
_AT_LEAST = re.compile(r"more than|over|at least|超过|逾|余|多|이상|넘는|여|至少|\+", re.IGNORECASE)
_ABOUT = re.compile(r"about|around|some|nearly|approximately|almost|up to|约|近|大约|약|가량|정도|将近", re.IGNORECASE)
_TABLES = CUES.tables["count"]
_NOUN: dict[str, str] = {noun: kind for kind, table in _TABLES.items() for noun in table.get("en", ())}
_NUMBER = r"\d{1,3}(?:,\d{3})+|\d{1,9}"
_BEFORE_EN = r"(?:more than|over|at least|about|around|some|nearly|approximately|almost|up to|a total of)"
_ENGLISH = re.compile(
    rf"(?<![\w.,$€£¥₩-])(?:(?P<lead>{_BEFORE_EN})\s)?"
    rf"(?P<number>{_NUMBER}|{one_of(_WORDS)})(?P<plus>\+|\splus)?(?:\s(?P<large>thousand|million))?(?P<odd>-odd)?"
    rf"(?![\w%,.]*\d|st\b|nd\b|rd\b|th\b|[%.,]?\w)(?P<rest>(?:\s[A-Za-z][\w'’/-]*,?){{1,7}})?",
    re.IGNORECASE,
)
_STOP_WORDS = """of in at from with for to on by than as is are was were has have had percent million billion trillion
years year months month days day weeks week hours times minutes yuan won dollars usd yen km meters square countries
cities provinces sides parties nations points that which who will would also held took went came"""
_STOP = frozenset(_STOP_WORDS.split())
_GROUP_OF = re.compile(r"\b(?:delegation|group|party|team)\sof\s$")
_NOUN_BEFORE = re.compile(rf"\b{one_of(_NOUN)}\b", re.IGNORECASE)
_KINDS_ZH = {word: kind for kind, table in _TABLES.items() for word in table.get("zh", ())}
_AFTER_ZH = {word: kind for kind, table in _TABLES.items() for word in table.get("zh_after", ())}
_CHINESE = re.compile(
    rf"(?P<lead>超过|逾|约|近|大约|至少|将近|共计|共|总计)?(?<![\d.,第一-鿿-])?(?P<number>{_NUMBER}|[一二两三四五六七八九十百千]{{1,7}})"
    rf"(?P<large>万)?(?P<more>余|多)?(?P<unit>{one_of(_KINDS_ZH)}|个|项|余)(?P<rest>[^，。；、！？\s\d]{{0,10}})"
)
_KINDS_KO = {word: kind for kind, table in _TABLES.items() for word in table.get("ko", ())}
_AFTER_KO = {word: kind for kind, table in _TABLES.items() for word in table.get("ko_after", ())}
_NEAR_KO = {word: kind for kind, table in _TABLES.items() for word in table.get("ko_near", ())}
_KOREAN = re.compile(
    rf"(?P<lead>약|총|모두|최소)?\s?(?<![\d.,제])(?P<number>\d{{1,4}}만\s?\d{{1,4}}천?|\d{{1,2}}천\s?\d{{1,3}}|{_NUMBER})\s?(?P<large>만|천|백)?\s?(?P<more>여)?\s?"
    rf"(?P<unit>{one_of([*_KINDS_KO, *_AFTER_KO])}|개|건)(?P<more2>\s?이상|\s?가량|\s?정도)?"
    r"(?P<rest>[^,.。\n\d]{0,14})"
)
_NO_UNIT_KO = re.compile(
    r"월|국(?!제|내|립|책|가산)|년|국가|도시|성(?!형)|층|분야|부문|언어|시간|주(?!요)|호|위|품목|제품"
)
_NO_PERSON = re.compile(r"^(?:당|기준|근|권|분의)")
_NO_UNIT_ZH = re.compile(r"^(?:月|国家|城市|省|方面|小时|百分点|工作日|多月|星期|展位|领域|环节|产品|品种|亿)")


class Counted(NamedTuple):
    """`number` (with `mark`: `+` at least, `~` about, blank exact) of `what` at `start:end` of the text."""

    start: int
    end: int
    number: int
    mark: str
    what: str

    def __str__(self) -> str:
        return f"{self.number}{self.mark} {self.what}"


def counts_of(article: Article) -> list[Counted]:
    """All counts in the order of the text."""
    found = [*_english(article.text)]
    if article.language != "en" or not article.text.isascii():
        found += [*_chinese(article.text), *_korean(article.text)]
    return sorted(found)


def _english(text: str) -> Iterator[Counted]:
    for found in _ENGLISH.finditer(text):
        noun = _noun_after(found)
        if noun is None and _ends_clause(text, found):
            noun = _noun_before(text, found.start())
        if noun is None and _GROUP_OF.search(text, max(0, found.start() - 24), found.start()):
            noun = "person"
        if noun is None or _is_anaphor(text, found):
            continue
        end = found.end("rest") if found["rest"] else found.end()
        yield Counted(
            found.start(), end, _english_number(found), _mark(found["lead"], found["plus"] or found["odd"]), noun
        )


def _english_number(found: re.Match[str]) -> int:
    word = found["number"].lower()
    number = _WORDS[word] if word in _WORDS else int(word.replace(",", ""))
    return number * _LARGE.get((found["large"] or "").lower(), 1)


def _noun_after(found: re.Match[str]) -> str | None:
    """What the first plural noun in the words after the number says, before a preposition."""
    for word in (found["rest"] or "").split():
        bare = word.strip(",").casefold()
        if bare in _STOP:
            return None
        if bare in _NOUN:
            return _NOUN[bare]
    return None


def _ends_clause(text: str, found: re.Match[str]) -> bool:
    return bool(found["lead"]) and not found["rest"] and text[found.end() : found.end() + 1] in (".", ",", ";", "")


def _noun_before(text: str, start: int) -> str | None:
    """`… there are also more than 60.`: the noun stands earlier in the sentence."""
    clause = text[max(0, start - 90) : start]
    nouns: list[str] = _NOUN_BEFORE.findall(re.split(r"[.;。]\s", clause)[-1])
    return _NOUN[nouns[-1].casefold()] if nouns else None


def _is_anaphor(text: str, found: re.Match[str]) -> bool:
    """`the two companies` are counted elsewhere."""
    before = text[max(0, found.start() - 6) : found.start()].casefold()
    return found["number"].lower() in ("two", "hundred") or before.endswith(("the ", "these ", "those ", "top "))


def _chinese(text: str) -> Iterator[Counted]:
    for found in _CHINESE.finditer(text):
        kind = _chinese_kind(found) or _chinese_kind_before(text, found)
        number = _chinese_number(found["number"]) * _LARGE.get(found["large"] or "", 1)
        if kind is None or number < 2 or text[max(0, found.start("number") - 1) : found.start("number")] in ("第", "."):
            continue
        if found["number"] in ("两", "几", "百", "千") and not found["more"]:
            continue
        yield Counted(found.start(), found.end("unit"), number, _mark(found["lead"], found["more"]), kind)


def _chinese_kind(found: re.Match[str]) -> str | None:
    rest, unit = found["rest"], found["unit"]
    after = _first(_AFTER_ZH, rest[:8])
    if _NO_UNIT_ZH.match(rest) or unit == "余" or (unit == "人" and re.match(r"民币|均|口|才", rest)):
        return None
    if unit in ("名", "位", "人", "人次"):
        return None if unit == "位" and rest.startswith(("于", "居")) else "person"
    if unit in ("项", "个"):
        return "project" if "项目" in unit + rest[:6] and after != "agreement" else after
    return after if unit in ("场", "场次", "份") else _KINDS_ZH[unit]


def _chinese_kind_before(text: str, found: re.Match[str]) -> str | None:
    """`签约项目23个`: the noun stands before the number."""
    if found["unit"] not in ("个", "项", "份", "场", "场次") or re.match(r"\w", found["rest"]):
        return None
    before = text[max(0, found.start() - 4) : found.start()]
    if before.endswith("签约"):
        return "agreement"
    return next((kind for word, kind in _AFTER_ZH.items() if before.endswith(word)), None)


def _chinese_number(written: str) -> int:
    if written[0].isdigit():
        return int(written.replace(",", ""))
    total, digit = 0, 0
    for letter in written:
        if letter in _TENS:
            total += (digit or 1) * _TENS[letter]
            digit = 0
        else:
            digit = _HAN.get(letter, 0)
    return total + digit


def _korean(text: str) -> Iterator[Counted]:
    for found in _KOREAN.finditer(text):
        kind = _korean_kind(text, found)
        if kind is None:
            continue
        number = _korean_number(found["number"]) * _LARGE.get(found["large"] or "", 1)
        mark = _mark(found["lead"], (found["more"] or "") + (found["more2"] or ""))
        if number > 1 or kind != "organization":
            yield Counted(found.start("number"), found.end("unit"), number, mark, kind)


def _korean_number(written: str) -> int:
    """`1만 7천`, `1천200`, `1,200`."""
    total = 0
    for digits, unit in re.findall(r"(\d+)\s?(만|천)?", written.replace(",", "")):
        total += int(digits) * {"만": 10_000, "천": 1000}.get(unit, 1)
    return total


def _korean_kind(text: str, found: re.Match[str]) -> str | None:
    unit, rest = found["unit"], found["rest"]
    before = text[max(0, found.start() - 14) : found.start()]
    if unit in ("개", "건"):
        if unit == "개" and _NO_UNIT_KO.match(rest):
            return None
        near = _first(_NEAR_KO, rest) or (_first(_NEAR_KO, before) if unit == "건" else None)
        after = _first(_AFTER_KO, rest[:10]) or _first(_AFTER_KO, before[-8:])
        return (near or after) if unit == "건" else (after or near)
    if (
        unit in ("인", "사", "팀")
        and re.match(r"[가-힣]", rest)
        and not re.match(r"[이가은는을를의과와]\s|[가이] ", rest)
    ):
        return None
    if unit == "병원":  # the number of a hospital, as in 제4병원
        return None
    if unit == "명" and _NO_PERSON.match(rest):
        return None
    return _KINDS_KO.get(unit) or _AFTER_KO.get(unit)


def _first(kinds: dict[str, str], text: str) -> str | None:
    """The kind of the word that stands first in `text`."""
    folded = text.casefold()
    places = [(folded.find(word), -len(word), kind) for word, kind in kinds.items() if word in folded]
    return min(places)[2] if places else None


def _mark(*words: str | None) -> str:
    said = " ".join(word for word in words if word)
    return "+" if _AT_LEAST.search(said) else "~" if _ABOUT.search(said) else ""

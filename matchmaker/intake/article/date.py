"""Dates in three languages, resolved against the day of the article."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta

from matchmaker.day import StatedDay, parse_day
from matchmaker.intake.article.text import Article

MONTHS = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
    "December",
)  # fmt: skip
WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_HEAD = 700  # characters in which an article says when it appeared
_LONGEST_RANGE = 60  # days
_MONTH = (
    r"(?P<{}>Jan(?:uary)?|Feb(?:ruary)?|Mar(?:ch)?|Apr(?:il)?|May|June?|July?|Aug(?:ust)?"
    r"|Sept?(?:ember)?|Oct(?:ober)?|Nov(?:ember)?|Dec(?:ember)?)\.?"
)
_YEAR = r"(?:19|20)\d\d"
_DASH = r"\s?(?:[~∼～–—-]|to|through|and|until|至|到|부터|和|与|、|과|와|,|및)\s?"
_PAST = r"(?:지난(?!\s?달|해)|last|上|past|previous|刚刚过去的)"
_NEXT = r"(?:오는|next|下|coming|upcoming|将于|定于|다음(?!\s?달))"
_LEAN = rf"(?P<lean>{_PAST}|{_NEXT})"

# 2024年7月28日, 2024년 7월, 今年9月, 지난달 28일, 10月23日至25日, 지난 9월 21일, 28일
_EASTERN = re.compile(
    rf"(?<![\d.])(?=[\d今去前明同当本上下刚将定올금지작내같이다전오lpcnuLPN])(?:{_LEAN}\s?)?"
    rf"(?:(?P<year>{_YEAR}|今年|去年|前年|明年|올해|금년|지난해|작년|내년|同年|当年|같은 해)\s?[年년]?도?\s?)?"
    r"(?:(?P<near>本月|当月|上个?月|下个?月|이달|이번\s?달|지난\s?달|다음\s?달|내달|같은\s?달|전월)\s?|"
    r"(?P<month>1[0-2]|0?[1-9])\s?(?:月|월)(?:份|중|말|초)?\s?)?"
    rf"(?:(?P<day>3[01]|[12]\d|0?[1-9])(?:\s?[日号일](?:부터)?)?(?:\([^()]{{1,3}}\))?(?P<mark>{_DASH})"
    r"(?:(?P<month2>1[0-2]|0?[1-9])\s?[月월]\s?)?(?P<day2>3[01]|[12]\d|0?[1-9])\s?[日号일](?!간|内)|"
    r"(?P<only>3[01]|[12]\d|0?[1-9])\s?(?:日|号|일)(?!간|동안|내|째|차|후|만에|이내|间|内|后|游|报|线|本|元|个))?"
)
_BARE_YEAR = re.compile(rf"(?<![\d.,$¥￦])(?P<year>{_YEAR})\s?(?:年|년)(?![度도]|代|대|\d)")
_NUMERIC = re.compile(
    rf"(?<![\d./-])(?P<year>{_YEAR})\s?[-./]\s?(?P<month>1[0-2]|0?[1-9])\s?[-./]\s?(?P<day>3[01]|[12]\d|0?[1-9])(?![\d/-])"
)
_MONTH_FIRST = re.compile(
    rf"\b(?:{_LEAN}\s)?{_MONTH.format('month')}\s(?P<day>3[01]|[12]\d|0?[1-9])(?:st|nd|rd|th)?(?![\d:%])"
    rf"(?:(?P<mark>{_DASH})(?:{_MONTH.format('month2')}\s)?(?P<day2>3[01]|[12]\d|0?[1-9])(?:st|nd|rd|th)?\b(?!\d|,\d|\s(?!respect|in|at|20)[a-z]))?"
    rf"(?:,?\s(?P<year>{_YEAR}))?(?!\d)"
)  # fmt: skip
_DAY_FIRST = re.compile(
    r"\b(?P<day>3[01]|[12]\d|0?[1-9])(?:st|nd|rd|th)?"
    r"(?:(?P<mark>\s?[–—-]\s?|\sto\s|\sand\s)(?P<day2>3[01]|[12]\d|0?[1-9])(?:st|nd|rd|th)?)?"
    rf"(?:\sof)?\s{_MONTH.format('month')}(?![a-z])(?:,?\s(?P<year>{_YEAR}))?(?!\d)"
)
_MONTH_ALONE = re.compile(
    rf"\b(?:(?P<lean>[Ll]ast|[Nn]ext|[Cc]oming)|[Ii]n|[Ss]ince|[Oo]f|[Bb]y|[Uu]ntil|[Ee]arly|[Ll]ate|[Mm]id-?|[Tt]his|[Ff]rom|[Tt]o)"
    rf"\s?{_MONTH.format('month')}(?![a-z])(?:(?:\sof)?,?\s(?P<year>{_YEAR}|last year|this year|next year))?(?!\s?\d)"
)
_MONTH_AND_YEAR = re.compile(rf"\b{_MONTH.format('month')},?\s(?P<year>{_YEAR})\b")
_ORDINAL = re.compile(
    r"\b[Oo]n the (?P<day>3[01]|[12]\d|[1-9])(?:st|nd|rd|th)\b"
    r"(?=\s?(?:[,.;)]|of (?:this|last|next)|and|in|at|to|by|,|$))(?:\sof\s(?P<near>this|last|next)\smonth)?"
)
_YEAR_ALONE = re.compile(
    rf"\b(?:in|since|from|by|to|of|until|between|and|during|after|before|year|In|Since|From|By|During|late|early)\s(?P<year>{_YEAR})(?![\w%-]|,\d|\s[A-Z])"
)
_RELATIVE = re.compile(
    r"\b(?P<word>yesterday|today|tomorrow|last month|next month|earlier this month|later this month|this month)\b"
    r"|(?P<east>어제|그제|내일|오늘(?!날)|昨天|昨日|今天|明天|前天|지난달|다음\s?달|내달|上个?月|下个?月|次日|이달)(?!\s?\d|的)"
    r"|(?:(?:\b(?P<when>last|next|this|on|coming)\s|(?<=[a-z]\s))(?P<weekday>Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)day\b)"
    r"|(?P<eastern>上周|本周|下周|这周|上星期|下星期|周|星期|지난\s?주|이번\s?주|다음\s?주|지난|오는)\s?(?P<eastday>[一二三四五六日天](?!带|边)|[월화수목금토일]요일)",
    re.IGNORECASE,
)
_YEARS_IN_NAMES = re.compile(rf"(?<![\d.,$¥])({_YEAR})(?![\d%.,]\d|\d)")
_UPDATED = re.compile(
    r"updated|published|posted|입력|등록|승인|게재|기사작성|发布|来源|时间|日期|date|기자|배포|작성일|released",
    re.IGNORECASE,
)
DATELINE = re.compile(
    rf"(?P<east>(?P<m>1[0-2]|0?[1-9])月(?P<d>3[01]|[12]\d|0?[1-9])日(?:电|讯|消息))|"
    rf"{_MONTH.format('month')}\s(?P<day>3[01]|[12]\d|0?[1-9])(?:,?\s(?P<year>{_YEAR}))?\s?(?:\(|--|—|–|/)"
)
_TO_COME = re.compile(
    r"오는|내년|将|定于|计划|预计|\b(?:by|until|next|will|plans?|planned|scheduled|slated|expected)\b"
)
_STILL_TO_COME = re.compile(r"\b(?:will|until|through|plans? to|due to|to be|is to|are to)\b[^.;]*$")
_FOLLOWING = re.compile(r"\b[Tt]he (?:following|next) day\b|다음 ?날|이튿날|次日|翌日|第二天")


@dataclass(frozen=True)
class Dated:
    """A date in the text at `start:end`; to the day, the month or the year; `note` says what is inferred."""

    start: int
    end: int
    first: date
    last: date
    precision: str
    note: str = ""
    until: date | None = None

    @property
    def iso(self) -> str:
        """The date as exact as stated: 2024-07-28, 2024-07, 2024."""
        return self.first.isoformat()[: {"year": 4, "month": 7}.get(self.precision, 10)]


@dataclass(frozen=True)
class Raw:
    """A date as written, before what is missing is filled in; `lean` -1 is past, 1 is to come."""

    start: int
    end: int
    year: int | None = None
    month: int | None = None
    day: int | None = None
    lean: int = 0
    day2: int | None = None
    month2: int | None = None
    span: bool = False
    shift: int | None = None  # months from that of the article
    exact: date | None = None
    is_next: bool = False


@dataclass(frozen=True)
class Anchor:
    """The day of the article, as far as it is known: `day`, else the earliest that it can be; and why."""

    day: date | None = None
    floor: date | None = None
    year: int | None = None
    note: str = ""


@dataclass(frozen=True)
class Calendar:
    """The dates of an article and the day on which it appeared."""

    dates: list[Dated]
    anchor: Anchor


def dates_of(article: Article, published: date | None = None) -> Calendar:
    """All dates in an article, in its order, none twice at one place; `published` is known from elsewhere."""
    anchor = _anchor(article.text, published)
    raws = _without_overlap(
        [*_western(article.text), *_eastern(article.text, anchor), *_relative(article.text, anchor)]
    )
    anchor = _settled(anchor, raws)
    found: list[Dated] = []
    previous: Raw | None = None
    for raw in raws:
        same = previous is not None and article.sentence_at(previous.start) == article.sentence_at(raw.start)
        filled = _after(found, raw) if raw.is_next else _in_context(raw, previous if same else None)
        days = list(_resolved(filled, anchor))
        found.extend(days)
        if days and filled.day and not filled.month and anchor.day is None:
            anchor = replace(anchor, floor=days[0].first)
        previous = filled if filled.month else previous
    return Calendar(found, anchor)


# --- the day of the article ---------------------------------------------------------------------------------------


def _anchor(text: str, published: date | None) -> Anchor:
    if published:
        return Anchor(published)
    if day := _printed(text):
        return Anchor(day)
    years = [int(year) for year in _YEARS_IN_NAMES.findall(text)]
    line = DATELINE.search(text, 0, _HEAD)
    full = max(_full_days(text), default=None)
    floor = full or max(_months(text), default=None)
    if line:
        return _of_dateline(line, floor, max(years, default=None))
    return Anchor(full, full, max(years, default=None)) if full else Anchor(None, floor, max(years, default=None))


def _of_dateline(line: re.Match[str], floor: date | None, year: int | None) -> Anchor:
    month = int(line["m"]) if line["m"] else _month(line["month"])
    day = int(line["d"] or line["day"])
    if line["year"]:
        return Anchor(_day(int(line["year"]), month, day))
    if floor:
        later = next((found for k in (0, 1) if (found := _day(floor.year + k, month, day)) and found >= floor), None)
        return Anchor(later, note="year from the other dates")
    return Anchor(_day(year, month, day), note="year from a name") if year else Anchor()


def _printed(text: str) -> date | None:
    """A full date in a line at the top (or the end) that is no sentence."""
    head = text[:_HEAD]
    for found in (*_NUMERIC.finditer(head), *_EASTERN_FULL.finditer(head), *_MONTH_FIRST.finditer(head)):
        left, right = head.rfind("\n", 0, found.start()) + 1, text.find("\n", found.end())
        line = text[left : right if right >= 0 else len(text)]
        is_short = len(line) < 100 and not line.rstrip().endswith(("다.", "。"))
        if (is_short or _UPDATED.search(line[:100])) and len(line) < 200 and (day := _full(found)):
            return day
    tail = text[-400:]
    lines = [line for line in tail.split("\n") if len(line) < 100 and _UPDATED.search(line)]
    days = [day for line in lines for found in _NUMERIC.finditer(line) if (day := _full(found))]
    return days[0] if days else None


_EASTERN_FULL = re.compile(
    rf"(?P<year>{_YEAR})\s?[年년]\s?(?P<month>1[0-2]|0?[1-9])\s?[月월]\s?(?P<day>3[01]|[12]\d|0?[1-9])\s?[日号일]"
)


def _full(found: re.Match[str]) -> date | None:
    if not found["year"]:
        return None
    month = found["month"]
    return _day(int(found["year"]), int(month) if month.isdigit() else _month(month), int(found["day"]))


def _full_days(text: str) -> Iterator[date]:
    for pattern in (_NUMERIC, _EASTERN_FULL, _MONTH_FIRST, _DAY_FIRST):
        for found in pattern.finditer(text):
            if not _TO_COME.search(text, max(0, found.start() - 14), found.start()) and (day := _full(found)):
                yield day


def _months(text: str) -> Iterator[date]:
    for found in _MONTH_AND_YEAR.finditer(text):
        if not _TO_COME.search(text, max(0, found.start() - 40), found.start()):
            yield date(int(found["year"]), _month(found["month"]), 1)
    for found in re.finditer(rf"({_YEAR})\s?[年년]\s?(1[0-2]|0?[1-9])\s?[月월]", text):
        if not _TO_COME.search(text, max(0, found.start() - 14), found.start()):
            yield date(int(found[1]), int(found[2]), 1)


def _settled(anchor: Anchor, raws: list[Raw]) -> Anchor:
    """Where an article does not say its day, it is not before the latest day of the months that it names."""
    if anchor.day or not anchor.year:
        return anchor
    days = [_day(raw.year or anchor.year, raw.month, raw.day or 1) for raw in raws if raw.month and raw.lean <= 0]
    floor = max([day for day in days if day] + ([anchor.floor] if anchor.floor else []), default=None)
    return replace(anchor, floor=floor, note="month from the other dates")


# --- dates as written ---------------------------------------------------------------------------------------------


def _western(text: str) -> Iterator[Raw]:
    for pattern in (_NUMERIC, _MONTH_FIRST, _DAY_FIRST, _MONTH_ALONE, _MONTH_AND_YEAR):
        for found in pattern.finditer(text):
            yield _raw(found)
    for found in _ORDINAL.finditer(text):
        shift = {"last": -1, "next": 1, "this": 0}.get(found["near"] or "")
        yield Raw(found.start(), found.end(), day=int(found["day"]), shift=shift)
    for found in _FOLLOWING.finditer(text):
        yield Raw(found.start(), found.end(), is_next=True)
    for found in _YEAR_ALONE.finditer(text):
        yield Raw(found.start("year"), found.end(), year=int(found["year"]))


def _raw(found: re.Match[str]) -> Raw:
    parts = found.groupdict()
    month = parts["month"]
    return Raw(
        found.start(),
        found.end(),
        _number(parts.get("year")),
        int(month) if month.isdigit() else _month(month),
        _number(parts.get("day")),
        _lean(parts.get("lean")),
        _number(parts.get("day2")),
        _month(parts["month2"]) if parts.get("month2") else None,
        _is_span(parts.get("mark")),
    )


def _eastern(text: str, anchor: Anchor) -> Iterator[Raw]:
    year = anchor.day.year if anchor.day else anchor.year
    relative = {"去年": -1, "지난해": -1, "작년": -1, "明年": 1, "내년": 1, "前年": -2}
    for found in _each_eastern(text):
        parts = found.groupdict()
        day = parts["day"] or parts["only"]
        if not (parts["month"] or day):
            continue
        stated = parts["year"]
        own = int(stated) if stated and stated.isdigit() else None
        if stated and own is None and year:
            own = year + relative.get(stated, 0)
        yield Raw(
            found.start(), found.end(), own, _number(parts["month"]), _number(day), _lean(parts["lean"]),
            _number(parts["day2"]), _number(parts["month2"]), _is_span(parts["mark"]), _shift(parts["near"]),
        )  # fmt: skip
    for found in _BARE_YEAR.finditer(text):
        yield Raw(found.start(), found.end(), year=int(found["year"]))


def _each_eastern(text: str) -> Iterator[re.Match[str]]:
    """Matches of the pattern whose parts are all optional, tried only before a sign of a day, a month or a year."""
    end = 0
    for hint in re.finditer(
        r"[0-9]{1,4}\s?[日号일月월年년~∼～–—-]|本月|当月|上个?月|下个?月|이달|이번\s?달|지난\s?달|다음\s?달|내달|같은\s?달",
        text,
    ):
        start = max(end, hint.start() - 6)
        if hint.start() < end:
            continue
        for begin in range(start, hint.start() + 1):
            found = _EASTERN.match(text, begin)
            if found and found.end() >= hint.end():
                yield found
                end = found.end()
                break


def _relative(text: str, anchor: Anchor) -> Iterator[Raw]:
    if anchor.day is None:
        return
    for found in _RELATIVE.finditer(text):
        if raw := _of_word(found, anchor.day):
            yield raw


_DAYS_AWAY = {
    "yesterday": -1, "today": 0, "tomorrow": 1, "어제": -1, "그제": -2, "내일": 1, "오늘": 0, "昨天": -1, "昨日": -1,
    "今天": 0, "明天": 1, "前天": -2,
}  # fmt: skip
_MONTHS_AWAY = {
    "last month": -1, "next month": 1, "지난달": -1, "다음달": 1, "다음 달": 1, "내달": 1, "上个月": -1, "上月": -1,
    "下个月": 1, "下月": 1,
}  # fmt: skip


def _of_word(found: re.Match[str], day: date) -> Raw | None:
    word = (found["word"] or found["east"] or "").lower()
    if word in _DAYS_AWAY:
        return Raw(found.start(), found.end(), exact=day + timedelta(_DAYS_AWAY[word]))
    if word in _MONTHS_AWAY:
        return Raw(found.start(), found.end(), shift=_MONTHS_AWAY[word])
    if found["weekday"]:
        number = [name[:3] for name in WEEKDAYS].index(found["weekday"][:3].title())
        when = (found["when"] or "on").lower()
        to_come = when == "on" and _STILL_TO_COME.search(found.string, max(0, found.start() - 90), found.start())
        return Raw(found.start(), found.end(), exact=_weekday(day, number, "next" if to_come else when))
    if found["eastday"]:
        letter = found["eastday"][0]
        number = (
            "一二三四五六日天" if letter in "一二三四五六日天" and "요" not in found["eastday"] else "월화수목금토일"
        ).index(letter)
        return Raw(found.start(), found.end(), exact=_east_weekday(day, min(number, 6), found["eastern"]))
    return None


def _weekday(day: date, number: int, when: str) -> date:
    """`last Friday` is the latest before the day, `next` the earliest after it, `Friday` alone the latest up to it."""
    back = (day.weekday() - number) % 7
    if when in ("next", "coming"):
        return day + timedelta((number - day.weekday() - 1) % 7 + 1)
    if when == "this":
        return day + timedelta(number - day.weekday())
    return day - timedelta(back or (7 if when == "last" else 0))


def _east_weekday(day: date, number: int, week: str) -> date:
    """上周五 lies in the week before, 지난 금요일 is the latest Friday."""
    monday = day - timedelta(day.weekday())
    if week in ("지난", "오는"):
        return _weekday(day, number, "last" if week == "지난" else "next")
    shift = -1 if week.startswith(("上", "지난")) else 1 if week.startswith(("下", "다음")) else 0
    return monday + timedelta(7 * shift + number)


def _after(found: Sequence[Dated], raw: Raw) -> Raw:
    """`the following day` is the one after the date before it."""
    return replace(raw, exact=found[-1].last + timedelta(1)) if found and found[-1].precision == "day" else raw


# --- filling in ---------------------------------------------------------------------------------------------------


def _without_overlap(raws: list[Raw]) -> list[Raw]:
    kept: list[Raw] = []
    for raw in sorted(raws, key=lambda raw: (raw.start, -raw.end)):
        if not kept or raw.start >= kept[-1].end:
            kept.append(raw)
        elif raw.end > kept[-1].end and raw.month and not kept[-1].month:
            kept[-1] = raw
    return kept


def _in_context(raw: Raw, previous: Raw | None) -> Raw:
    """A lone day after a month in the same sentence lies in that month; a lone month in its year."""
    if previous is None or raw.lean or raw.shift is not None or raw.exact:
        return raw
    if raw.day and not raw.month and previous.month and (previous.day2 or previous.day or 99) < raw.day:
        return replace(raw, month=previous.month2 or previous.month, year=previous.year)
    if raw.month and not raw.year and previous.year and raw.month >= (previous.month or 99):
        return replace(raw, year=previous.year)
    return raw


def _resolved(raw: Raw, anchor: Anchor) -> Iterator[Dated]:
    """The date or dates that are meant; none where too much is missing."""
    first = _filled(raw, anchor)
    if first is None:
        return
    exact, precision, note = first
    stated = parse_day(exact.isoformat()[: {"year": 4, "month": 7}.get(precision, 10)])
    if not isinstance(stated, StatedDay):
        return
    other = _second(raw, exact)
    until = other if raw.span and other and exact < other <= exact + timedelta(_LONGEST_RANGE) else None
    yield Dated(raw.start, raw.end, stated.first, stated.last, precision, note, until)
    if other and not until and other != exact:
        yield Dated(raw.start, raw.end, other, other, precision, note)


def _second(raw: Raw, first: date) -> date | None:
    return _day(first.year, raw.month2 or first.month, raw.day2) if raw.day2 else None


def _filled(raw: Raw, anchor: Anchor) -> tuple[date, str, str] | None:
    if raw.exact or raw.is_next:
        return (raw.exact, "day", "") if raw.exact else None
    if raw.shift is not None:
        return _by_shift(raw, anchor)
    if raw.year:
        day = _day(raw.year, raw.month or 1, raw.day or 1)
        return (day, "day" if raw.day else "month" if raw.month else "year", "") if day else None
    if raw.month:
        day = _nearest(anchor, raw.lean, lambda year, _: _day(year, raw.month, raw.day or 1), _year_of(anchor))
        return (day, "day" if raw.day else "month", anchor.note) if day else None
    day = _nearest(anchor, raw.lean, lambda year, month: _day(year, month, raw.day), None)
    if day is None:
        return None
    return (day, "day", anchor.note) if anchor.day else (day, "approximate", anchor.note)


def _year_of(anchor: Anchor) -> int | None:
    return None if anchor.day else anchor.year


def _by_shift(raw: Raw, anchor: Anchor) -> tuple[date, str, str] | None:
    if anchor.day is None or raw.shift is None:
        return None
    months = anchor.day.year * 12 + anchor.day.month - 1 + raw.shift
    day = _day(months // 12, months % 12 + 1, raw.day or 1)
    return (day, "day" if raw.day else "month", "") if day else None


def _nearest(anchor: Anchor, lean: int, make: Callable[[int, int], date | None], year: int | None) -> date | None:
    """The day nearest to that of the article on the side that the words say; else the first that it can be."""
    if anchor.day is None and year:
        return make(year, 1)
    start = anchor.day or anchor.floor
    if start is None:
        return None
    months = [start.year * 12 + start.month - 1 + shift for shift in range(-12, 13)]
    days = {found for month in months if (found := make(month // 12, month % 12 + 1))}
    if anchor.day is None:
        return min((day for day in days if day >= start), default=None)
    sided = [day for day in days if (day - start).days * lean >= 0] or list(days)
    return min(sided, key=lambda day: (abs((day - start).days), day), default=None)


def _day(year: int, month: int | None, day: int | None) -> date | None:
    try:
        return date(year, month or 1, day or 1)
    except ValueError:
        return None


def _month(name: str) -> int:
    return 1 + next(number for number, month in enumerate(MONTHS) if month.startswith(name[:3].title()))


def _number(text: str | None) -> int | None:
    return int(text) if text and text.isdigit() else None


def _lean(word: str | None) -> int:
    if not word:
        return 0
    return -1 if re.fullmatch(_PAST, word, re.IGNORECASE) else 1


def _shift(word: str | None) -> int | None:
    if not word:
        return None
    bare = "".join(word.split())
    return -1 if bare.startswith(("上", "지난", "전월")) else 1 if bare.startswith(("下", "다음", "내달")) else 0


def _is_span(mark: str | None) -> bool:
    return bool(mark) and not re.search(r"and|和|与|、|과|와|,|및", str(mark))

"""Days as people state them: to the day, the month or the year, and from when on such a fact counts as known."""

from __future__ import annotations

import re
import unicodedata
from calendar import monthrange
from dataclasses import dataclass
from datetime import date, datetime

from matchmaker.errors import Refusal, quoted

PRECISIONS = ("day", "month", "year", "approximate", "by", "before")

_TIME = r"(?:[Tt ](?P<hour>[0-9]{2}):?(?P<minute>[0-9]{2})(?::?(?P<second>[0-9]{2})(?:[.,][0-9]+)?)?"
_ZONE = r" ?(?P<zone>[Zz]|[+-][0-9]{2}(?::?[0-9]{2})?)?)?"
_EXTENDED = re.compile(rf"(?P<year>[0-9]{{4}})(?:-(?P<month>[0-9]{{2}})(?:-(?P<day>[0-9]{{2}}){_TIME}{_ZONE})?)?")
_BASIC = re.compile(rf"(?P<year>[0-9]{{4}})(?P<month>[0-9]{{2}})(?P<day>[0-9]{{2}}){_TIME}{_ZONE}")
_CHINESE = re.compile(r"(?P<year>[0-9]{4}) *年 *(?:(?P<month>[0-9]{1,2}) *月 *(?:(?P<day>[0-9]{1,2}) *[日号])?)?")
_KOREAN = re.compile(r"(?P<year>[0-9]{4}) *년 *(?:(?P<month>[0-9]{1,2}) *월 *(?:(?P<day>[0-9]{1,2}) *일)?)?")
_SLASHED = re.compile(r"([0-9]{1,2})[/.-]([0-9]{1,2})[/.-]([0-9]{4}|[0-9]{2})")
_YEAR_FIRST = re.compile(r"[0-9]{4}([/.-])[0-9]{1,2}(?:\1[0-9]{1,2}\.?)?")
_FORMAT = re.compile(r"(?:[^%]|%[YymdjHMSfz%])*")
_LONGEST = 40
_WRITE = "write 2024-07-28, 2024-07 or 2024"


@dataclass(frozen=True)
class StatedDay:
    """The days that a date as written can mean, from `first` to `last`."""

    first: date
    last: date


def parse_day(text: str, *, date_format: str | None = None) -> StatedDay | Refusal:
    """Read a date in ISO 8601 (year, month, day, or with a time), Chinese or Korean form, or in `date_format`.

    The date is the local one as stated: a time of day, with or without an offset, is checked and dropped.

    >>> parse_day("2024年2月").last.isoformat()
    '2024-02-29'
    """
    written = unicodedata.normalize("NFKC", text).strip()
    if len(written) > _LONGEST:
        return _refused(text, "is too long for a date", _WRITE)
    if date_format is not None and (formatted := _by_format(written, date_format)):
        return formatted
    for pattern in (_EXTENDED, _CHINESE, _KOREAN, *([] if date_format else [_BASIC])):
        if found := pattern.fullmatch(written):
            return _stated(text, found)
    return _strange(text, written, date_format)


def known_from(stated: StatedDay, precision: str | None = None) -> date:
    """The last day that a stated date can mean: from then on, the fact counts as known.

    `precision` is one of `PRECISIONS`. `month` and `year` widen a full date to the end of its month or year;
    `approximate` means some day of that year, so its end; `by` and `before` change nothing.

    >>> known_from(parse_day("2005-07-14"), "approximate").isoformat()
    '2005-12-31'
    """
    if precision in ("year", "approximate"):
        return date(stated.last.year, 12, 31)
    if precision == "month":
        return _month_end(stated.last)
    return stated.last


def check_date_format(date_format: str) -> str | None:
    """Why `date_format` cannot be used, if so: names of months and days would depend on the machine's language."""
    if not _FORMAT.fullmatch(date_format):
        return "only %Y %y %m %d %j %H %M %S %f %z may be used"
    if not re.search(r"%[Yy]", date_format):
        return "it has no year (%Y)"
    try:
        datetime.strptime("", date_format)  # only to learn whether the format itself is sound
    except re.error:
        return "a part stands in it twice"
    except ValueError:
        pass
    return None


def _by_format(written: str, date_format: str) -> StatedDay | None:
    try:
        found = datetime.strptime(written, date_format).date()  # the local date as stated
    except ValueError:
        return None
    if re.search("%[dj]", date_format):
        return StatedDay(found, found)
    return _span(found.year, found.month if "%m" in date_format else None, None)


def _stated(text: str, found: re.Match[str]) -> StatedDay | Refusal:
    parts = found.groupdict()
    year, month, day = (int(parts[key]) if parts[key] else None for key in ("year", "month", "day"))
    reason = _impossible_date(year or 0, month, day) or _impossible_time(parts)
    if reason:
        return Refusal("MM-DAY-001", f"{quoted(text)} is impossible: {reason}", "correct the date")
    return _span(year or 0, month, day)


def _span(year: int, month: int | None, day: int | None) -> StatedDay:
    if month is None:
        return StatedDay(date(year, 1, 1), date(year, 12, 31))
    if day is None:
        return StatedDay(date(year, month, 1), _month_end(date(year, month, 1)))
    return StatedDay(date(year, month, day), date(year, month, day))


def _month_end(day: date) -> date:
    return day.replace(day=monthrange(day.year, day.month)[1])


def _impossible_date(year: int, month: int | None, day: int | None) -> str | None:
    if year == 0:
        return "there is no year 0000"
    if month is not None and not 1 <= month <= 12:
        return f"there is no month {month:02}"
    if month is not None and day is not None and not 1 <= day <= monthrange(year, month)[1]:
        return f"{year}-{month:02} has {monthrange(year, month)[1]} days"
    return None


def _impossible_time(parts: dict[str, str | None]) -> str | None:
    if int(parts.get("hour") or 0) > 23 or int(parts.get("minute") or 0) > 59:
        return "there is no such time of day"
    if int(parts.get("second") or 0) > 59:
        return "seconds end at 59, and leap seconds are not taken"
    zone = (parts.get("zone") or "").lstrip("Zz+-").replace(":", "")
    if zone and (int(zone[:2]) > 14 or int(zone[2:] or 0) > 59):
        return f"no place is {parts['zone']} from UTC"
    return None


def _strange(text: str, written: str, date_format: str | None) -> Refusal:
    """Say in its own words what is wrong with something that has no accepted form."""
    if date_format is not None:
        return _refused(text, f"has neither the form {quoted(date_format)} nor that of 2024-07-28", _WRITE)
    if found := _SLASHED.fullmatch(written):
        return _ambiguous(text, int(found[1]), int(found[2]))
    if found := _YEAR_FIRST.fullmatch(written):
        mark = found[1]
        return _refused(text, "is not in ISO form", f"{_WRITE}, or give --date-format %Y{mark}%m{mark}%d")
    if re.fullmatch(r"[0-9]{5}(?:\.[0-9]+)?", written):
        return Refusal("MM-DAY-003", f"{quoted(text)} looks like a day number of Excel", "format the column as a date")
    if re.fullmatch(r"[0-9]{6}", written):
        return _refused(text, "can be a month or a day", _WRITE)
    return _refused(text, "is not a date", _WRITE)


def _ambiguous(text: str, first: int, second: int) -> Refusal:
    if first > 12 and second > 12:
        reason = f"there is no month {second}" if first <= 31 else "it has no day and month"
        return Refusal("MM-DAY-001", f"{quoted(text)} is impossible: {reason}", "correct the date")
    fix = f"{_WRITE}, or give --date-format %d/%m/%Y or %m/%d/%Y"
    return Refusal("MM-DAY-002", f"{quoted(text)} does not say which number is the month", fix)


def _refused(text: str, reason: str, fix: str) -> Refusal:
    return Refusal("MM-DAY-004", f"{quoted(text)} {reason}", fix)

"""Dates: which forms are taken, what each can mean, and from when on it counts as known."""

import locale
from contextlib import suppress
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from matchmaker.day import PRECISIONS, StatedDay, check_date_format, known_from, parse_day
from matchmaker.errors import Refusal

DAY = StatedDay(date(2024, 2, 9), date(2024, 2, 9))
MONTH = StatedDay(date(2024, 2, 1), date(2024, 2, 29))
YEAR = StatedDay(date(2024, 1, 1), date(2024, 12, 31))


@pytest.mark.parametrize(
    ("text", "stated"),
    [
        *[
            (text, DAY)
            for text in (
                "2024-02-09",
                "20240209",
                " 2024-02-09 ",
                "2024-02-09T23:30",
                "2024-02-09 23:30:59",
                "20240209T233059Z",
                "2024-02-09T23:30:00.123456Z",
                "2024-02-09T00:00:00+09:00",
                "2024-02-09T23:59-0930",
                "2024-02-09T10:00:00 +08",
                "2024年2月9日",
                "2024 年 02 月 09 日",
                "2024年2月9号",
                "2024년 2월 9일",
                "2024년2월9일",
                "２０２４-０２-０９",
                "２０２４年２月９日",
            )
        ],
        *[(text, MONTH) for text in ("2024-02", "2024年2月", "2024년 2월", "２０２４年２月")],
        *[(text, YEAR) for text in ("2024", "2024年", "2024년")],
    ],
)
def test_a_date_in_an_accepted_form_means_its_days(text, stated):
    assert parse_day(text) == stated


@pytest.mark.parametrize(
    ("text", "date_format", "stated"),
    [
        ("09/02/2024", "%d/%m/%Y", DAY),
        ("02/09/2024", "%m/%d/%Y", DAY),
        ("9.2.24", "%d.%m.%y", DAY),
        ("02/2024", "%m/%Y", MONTH),
        ("Y2024", "Y%Y", YEAR),
        ("2024-040", "%Y-%j", DAY),
        ("2024-02-09", "%d/%m/%Y", DAY),
        ("2024年2月", "%d/%m/%Y", MONTH),
    ],
)
def test_a_date_format_that_is_given_is_followed(text, date_format, stated):
    assert check_date_format(date_format) is None
    assert parse_day(text, date_format=date_format) == stated


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("2023-02-29", "MM-DAY-001"),
        ("2024-04-31T10:00", "MM-DAY-001"),
        ("2024-02-09T24:00", "MM-DAY-001"),
        ("2016-12-31 23:59:60", "MM-DAY-001"),
        ("2024-02-09T10:00+15:00", "MM-DAY-001"),
        ("2024년 13월", "MM-DAY-001"),
        ("99/99/2024", "MM-DAY-001"),
        ("3/4/2024", "MM-DAY-002"),
        ("13/04/2024", "MM-DAY-002"),
        ("45292.5", "MM-DAY-003"),
        ("", "MM-DAY-004"),
        ("2024-2-9", "MM-DAY-004"),
        ("2024-W05", "MM-DAY-004"),
        ("2024.02.09.", "MM-DAY-004"),
        ("9 February 2024", "MM-DAY-004"),
        ("২০২৪", "MM-DAY-004"),
        ("+2024-02-09", "MM-DAY-004"),
    ],
)
def test_anything_else_is_refused_in_its_own_words(text, code):
    refusal = parse_day(text)
    assert isinstance(refusal, Refusal)
    assert refusal.code == code
    assert refusal.fix


@pytest.mark.parametrize(
    ("text", "precision", "day"),
    [
        ("2024-02-09", None, "2024-02-09"),
        ("2024-02", None, "2024-02-29"),
        ("2024", None, "2024-12-31"),
        ("2024-02-09", "day", "2024-02-09"),
        ("2024-02-09", "month", "2024-02-29"),
        ("2024-02-09", "year", "2024-12-31"),
        ("2024-02-09", "approximate", "2024-12-31"),
        ("2024-02-09", "by", "2024-02-09"),
        ("2024-02", "before", "2024-02-29"),
        ("2024", "by", "2024-12-31"),
        ("2024", "month", "2024-12-31"),
    ],
)
def test_a_fact_counts_as_known_from_the_last_day_that_its_date_can_mean(text, precision, day):
    assert known_from(parse_day(text), precision) == date.fromisoformat(day)


@given(st.dates(min_value=date(1, 1, 1)), st.sampled_from([None, *PRECISIONS]))
def test_every_day_is_read_back_and_never_known_before_it_was(day, precision):
    for text in (
        day.isoformat(),
        f"{day.year:04}年{day.month}月{day.day}日",
        f"{day.year:04}년 {day.month}월 {day.day}일",
    ):
        stated = parse_day(text)
        assert stated == StatedDay(day, day)
        assert known_from(stated, precision) >= day


@given(st.text(max_size=50), st.sampled_from([None, "%d/%m/%Y", "%Y%m%d"]))
def test_any_text_is_a_day_or_refused(text, date_format):
    answer = parse_day(text, date_format=date_format)
    assert isinstance(answer, StatedDay | Refusal)
    if isinstance(answer, StatedDay):
        assert answer.first <= answer.last


@given(st.text("0123456789-:/TZ+. 年月日년월일", max_size=30))
def test_anything_like_a_date_is_a_day_or_refused(text):
    assert isinstance(parse_day(text), StatedDay | Refusal)


@pytest.mark.parametrize("date_format", ["%B %Y", "%x", "%c %Y", "%d/%m", "%Y %", "%p%Y", "%Y%Y", "%Y-%-m"])
def test_a_format_that_is_incomplete_or_depends_on_the_language_is_refused(date_format):
    assert check_date_format(date_format)


@given(st.text("%YymdjHMSfzZbBaApcxX /.-", max_size=12), st.text(max_size=12))
def test_a_format_that_passes_never_fails_in_use(date_format, text):
    if check_date_format(date_format) is None:
        assert isinstance(parse_day(text, date_format=date_format), StatedDay | Refusal)


def test_the_language_of_the_machine_makes_no_difference():
    before = locale.setlocale(locale.LC_TIME)
    with suppress(locale.Error):
        locale.setlocale(locale.LC_TIME, "C")
    try:
        assert parse_day("09/02/2024", date_format="%d/%m/%Y") == DAY
    finally:
        locale.setlocale(locale.LC_TIME, before)

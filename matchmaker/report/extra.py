"""Packages that only those need who print plans."""

from __future__ import annotations

from importlib.util import find_spec

from matchmaker.errors import DataError, Problem

NEEDED = ("icalendar", "jinja2", "segno")


def check_extra() -> None:
    """Nothing, if all packages are there that a timetable and calendars are made with.

    Raises:
        DataError: one is not, and what to type.
    """
    if missing := [name for name in NEEDED if find_spec(name) is None]:
        message = f"a timetable and calendars need {' and '.join(missing)}"
        raise DataError(Problem("MM-SES-003", message, "pip install 'partner-matchmaker[plan]'"))

"""All files of a plan in one folder: for organizers, for everyone who takes part, and for programs."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from matchmaker.errors import Problem, UsageError, quoted
from matchmaker.report.extra import check_extra
from matchmaker.report.invitation import Announced, announced_by, calendars, merged, read_calendars
from matchmaker.report.timetable import timetable
from matchmaker.report.workbook import workbook
from matchmaker.session.document import COLUMNS, document, meeting_records, read_plan
from matchmaker.session.plan import Plan
from matchmaker.session.session import Session
from matchmaker.writing import as_csv, as_json, refuse_target, write_file

CALENDAR = "calendar"


def write_all(
    session: Session,
    plan: Plan,
    folder: str | Path,
    earlier: Plan | str | Path | None = None,
    *,
    now: datetime | None = None,
) -> list[Path]:
    """Write plan.csv, plan.json, plan.xlsx, timetable.html and calendar/*.ics into a folder; their paths.

    Calendars go on from those that are in the folder, and from `earlier`: the folder of an announced plan, or that plan
    by itself. `now` is when that happens (None: by the clock). Files are whole or not there, and none is written before
    all are made; the calendars come last.

    Raises:
        DataError: a package is missing, a file cannot be replaced, or a calendar there is not of this session.
        UsageError: the folder cannot be made.
    """
    check_extra()
    folder, moment = Path(folder), (now or datetime.now(UTC)).replace(microsecond=0)
    announced = merged(_announced(session, earlier), read_calendars(session, folder / CALENDAR))
    contents = {folder / name: content for name, content in _contents(session, plan).items()}
    invitations = calendars(session, plan, announced, moment)
    contents |= {folder / CALENDAR / name: content for name, content in invitations.items()}
    _make(folder)
    _make(folder / CALENDAR)
    for path in contents:
        refuse_target(path)
    for path, content in contents.items():
        write_file(path, content)
    return list(contents)


def _contents(session: Session, plan: Plan) -> dict[str, bytes]:
    """What is one file for all, by name."""
    return {
        "plan.csv": as_csv(meeting_records(session, plan), COLUMNS, for_people=True),
        "plan.json": as_json(document(session, plan)),
        "plan.xlsx": workbook(session, plan),
        "timetable.html": timetable(session, plan),
    }


def _announced(session: Session, earlier: Plan | str | Path | None) -> Announced:
    """What calendars said before: as they are in a folder, else as the plan tells."""
    if earlier is None:
        return {}
    if isinstance(earlier, Plan):
        return announced_by(session, earlier)
    path = Path(earlier)
    beside = (path if path.is_dir() else path.parent) / CALENDAR
    return read_calendars(session, beside) if beside.is_dir() else announced_by(session, read_plan(path))


def _make(folder: Path) -> None:
    try:
        folder.mkdir(exist_ok=True)
    except OSError as error:
        raise UsageError(
            Problem("MM-CLI-011", f"{quoted(folder)} cannot be made: {error.strerror}", "choose another folder")
        ) from None

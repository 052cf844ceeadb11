"""What people take away from a session of many: seconds and bytes of each kind of file.

Command: python benchmarks/report.py [--each-side N] [--rounds N]
Eight meetings of each organization, names in three languages; everything is written into a new folder, then into the
same again, where it goes on from the calendars that are there.
"""

from __future__ import annotations

import argparse
import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path

from rounds import Rounds

from matchmaker.report import write_all
from matchmaker.report.invitation import calendars
from matchmaker.report.timetable import timetable
from matchmaker.report.workbook import workbook
from matchmaker.session import Certificate, Delegation, Meeting, Party, Plan, Room, Session, Waiting

EACH = 8
NOW = datetime(2026, 11, 20, tzinfo=UTC)
START = datetime(2026, 12, 1, 1, tzinfo=UTC)


def session_of(n: int) -> Session:
    """`n` organizations on each side."""
    sides = [
        Delegation(tuple(party(f"{letter}{k}") for k in range(n)), label, zone)
        for letter, label, zone in (("l", "China", "Asia/Shanghai"), ("r", "Korea", "Asia/Seoul"))
    ]
    starts = tuple(START + timedelta(minutes=30 * slot) for slot in range(EACH))
    return Session("benchmark", *sides, starts, rooms=(Room("", n),), title="Benchmark", place="Suzhou")


def party(identifier: str) -> Party:
    """With a name of usual length in each language."""
    names = {"en": f"{identifier} Pharmaceutical", "zh": f"江苏{identifier}医药集团", "ko": f"한국{identifier}제약"}
    return Party(identifier, names["en"], names=names)


def plan_of(n: int) -> Plan:
    """Everyone meets someone else in every slot, and one more waits for each."""
    meetings = tuple(
        Meeting(f"l{a}", f"r{(a + slot) % n}", slot, str(a + 1), 0.5, 0.5) for slot in range(EACH) for a in range(n)
    )
    waiting = tuple(Waiting(f"l{a}", f"r{(a + EACH) % n}", 0.1, "all tables are taken") for a in range(n))
    return Plan(meetings, waiting, len(meetings) + n, Certificate(0, 0, {}, 0, 0, ""))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--each-side", type=int, default=1000)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    session, plan = session_of(options.each_side), plan_of(options.each_side)
    made = {
        "plan.xlsx": lambda: workbook(session, plan),
        "timetable.html": lambda: timetable(session, plan),
        "calendars": lambda: b"".join(calendars(session, plan, {}, NOW).values()),
    }
    print(f"{2 * options.each_side:,} organizations, {len(plan.meetings):,} meetings")
    for name, call in made.items():
        print(f"{name:58} {len(call()) / 1e6:10.2f} MB")
    with tempfile.TemporaryDirectory() as folder:
        first = Rounds.run({"all, into a new folder": lambda: write_all(session, plan, folder)}, 1, warm=False)
        again = {"all, into the same folder": lambda: write_all(session, plan, folder)}
        taken = Rounds.run({**made, **again}, options.rounds, warm=False)
        print(f"{len(list(Path(folder).rglob('*.*'))):,} files")
    first.show()
    taken.show()


if __name__ == "__main__":
    main()

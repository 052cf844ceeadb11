"""What people take away says what the plan says, opens in other programs, and survives hostile names and new plans."""

import io
import re
import shutil
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from html.parser import HTMLParser
from pathlib import Path

import fastexcel
import openpyxl
import pytest
import segno
from hypothesis import example, given
from hypothesis import strategies as st

import matchmaker.report
from matchmaker.cli.program import run
from matchmaker.errors import DataError, UsageError
from matchmaker.report import write_all
from matchmaker.report.invitation import calendars, event_of, file_name
from matchmaker.report.timetable import code, timetable
from matchmaker.report.word import LANGUAGES, label, words
from matchmaker.report.workbook import LONGEST_NAME, MOST_SHEETS, sheet_names, workbook
from matchmaker.session import Certificate, Delegation, Interpreter, Meeting, Party, Plan, Session, Waiting
from tests.worlds import FEWER

NOW, LATER = datetime(2026, 11, 20, 8, tzinfo=UTC), datetime(2026, 11, 27, 8, tzinfo=UTC)
START = datetime(2026, 12, 1, 1, tzinfo=UTC)
HOSTILE = [
    "=cmd|' /C calc'!A0",
    "<script>alert(1)</script>",
    '"><img src=http://evil.example/x onerror=alert(1)>',
    "\x1b]0;owned\x07\x1b[31mred",
    "\u202egnp.exe",
    "../../etc/passwd",
    "https://evil.example/",
    "BEGIN:VEVENT\r\nSUMMARY:planted;x,y\\n",
    "CON",
    "{{ 7 * 7 }}{% raw %}",
    "\ud800 half",
    "名" * 400,
]
BOTH_CLOCKS = re.compile(r"Beijing \d\d:\d\d = Seoul \d\d:\d\d")


def session_of(lefts=("l0", "l1"), rights=("r0", "r1"), slots=4, **options):
    sides = [
        Delegation(tuple(who if isinstance(who, Party) else named(who) for who in side), *rest)
        for side, rest in (
            (lefts, ("China", "Asia/Shanghai", "Beijing", "zh")),
            (rights, ("Korea", "Asia/Seoul", "", "ko")),
        )
    ]
    starts = tuple(START + timedelta(minutes=30 * slot) for slot in range(slots))
    return Session("suzhou-2026", *sides, starts, title="Suzhou docking", place="Suzhou", **options)


def named(identifier):
    names = {"en": f"{identifier} Pharma", "zh": f"{identifier} 医药", "ko": f"{identifier} 제약"}
    return Party(identifier, names["en"], names=names)


def plan_of(*meetings, waiting=()):
    found = tuple(Meeting(left, right, slot, str(slot + 1), 0.5, 0.4) for left, right, slot in meetings)
    return Plan(found, waiting, len(found), Certificate(0, 0, {}, 0, 0, ""))


PLAN = plan_of(("l0", "r0", 0), ("l1", "r1", 0), ("l0", "r1", 1), waiting=(Waiting("l1", "r0", 0.1, "r0 is full"),))


def parsed(content):
    """The events of a calendar, read by its grammar alone: RFC 5545, sections 3.1 and 3.3.11."""
    assert all(len(line) <= 75 for line in content.split(b"\r\n"))
    lines = content.decode("utf-8").replace("\r\n ", "").removesuffix("\r\n").split("\r\n")
    assert not any("\n" in line or "\r" in line for line in lines)
    assert lines[0] == "BEGIN:VCALENDAR"
    assert lines[-1] == "END:VCALENDAR"
    found, event = [], None
    for line in lines[1:-1]:
        if line == "BEGIN:VEVENT":
            event = {}
        elif line == "END:VEVENT":
            found.append(event)
            event = None
        elif event is not None:
            key, _, value = line.partition(":")
            assert key not in event
            event[key] = re.sub(r"\\(.)", lambda sign: "\n" if sign[1] in "nN" else sign[1], value)
    assert "METHOD:PUBLISH" in lines
    return found


class Strict(HTMLParser):
    """Refuses what is not closed in its order, identifiers twice, and whatever asks for something outside."""

    VOID = ("meta", "link", "path", "use")

    def __init__(self, content):
        super().__init__()
        self.open, self.ids, self.seen, self.texts = [], set(), [], []
        self.feed(content)
        self.close()
        assert not self.open

    def handle_starttag(self, tag, attributes):
        values = dict(attributes)
        assert len(values) == len(attributes)
        assert tag not in ("script", "img", "iframe", "object", "form")
        assert not any(name.startswith("on") or name in ("src", "style", "action") for name in values)
        assert values.get("href", "#").startswith(("#", "data:"))
        if "id" in values:
            assert values["id"] not in self.ids
            self.ids.add(values["id"])
        self.seen.append((tag, values))
        if tag not in self.VOID:
            self.open.append((tag, values.get("lang")))

    def handle_startendtag(self, tag, attributes):
        self.handle_starttag(tag, attributes)

    def handle_endtag(self, tag):
        if tag not in self.VOID:
            assert self.open.pop()[0] == tag

    def handle_data(self, data):
        if data.strip():
            languages = [language for _, language in self.open if language]
            self.texts.append((self.open[-1][0], languages[-1], data.strip()))

    def count(self, tag):
        return sum(name == tag for name, _ in self.seen)


def opened(content):
    return openpyxl.load_workbook(io.BytesIO(content))


def rows_of(sheet):
    return [list(row) for row in sheet.iter_rows(min_row=2, values_only=True)]


def test_every_label_is_there_in_every_language():
    assert {key: set(texts) for key, texts in words().items()} == {key: set(LANGUAGES) for key in words()}
    assert all(text.strip() == text != "" for texts in words().values() for text in texts.values())
    for key, texts in words().items():
        assert not re.search(r"[가-힣一-鿿]", texts["en"]), key
        assert re.search(r"[一-鿿]", texts["zh"]), key
        assert re.search(r"[가-힣]", texts["ko"]), key


def test_every_label_is_used():
    folder = Path(matchmaker.report.__file__).parent
    code = "".join(path.read_text("utf-8") for path in folder.iterdir() if path.suffix in (".py", ".html"))
    assert [key for key in words() if f'"{key}"' not in code and f"'{key}'" not in code] == []


def test_a_workbook_holds_every_meeting_by_time_and_by_organization():
    session = session_of()
    book = opened(workbook(session, PLAN))
    assert book.sheetnames == [label("plan"), label("waiting"), "l0 Pharma", "l1 Pharma", "r0 Pharma", "r1 Pharma"]
    meetings = rows_of(book[label("plan")])
    assert [(row[0], row[2], row[3], row[4], row[6]) for row in meetings] == [
        ("2026-12-01", m.table, session.party[m.left].titles, session.party[m.right].titles, 0.5) for m in PLAN.meetings
    ]
    assert all(BOTH_CLOCKS.fullmatch(row[1]) for row in meetings)
    assert [row[1:] for row in rows_of(book["l0 Pharma"])] == [
        ["2026-12-01", "Beijing 09:00 = Seoul 10:00", "1", "r0 Pharma · r0 医药 · r0 제약"],
        ["2026-12-01", "Beijing 09:30 = Seoul 10:30", "2", "r1 Pharma · r1 医药 · r1 제약"],
    ]
    assert rows_of(book[label("waiting")])[0][2:] == [0.1, "r0 is full"]


def test_a_workbook_prints_on_a4_and_keeps_its_headings():
    for sheet in opened(workbook(session_of(), PLAN)).worksheets:
        assert sheet.freeze_panes == "A2"
        assert sheet.print_title_rows == "$1:$1"
        assert (sheet.page_setup.paperSize, sheet.page_setup.orientation) == (9, "landscape")
        assert sheet.sheet_properties.pageSetUpPr.fitToPage
        assert (sheet.page_setup.fitToWidth or 1, sheet.page_setup.fitToHeight) == (1, 0)
        assert all(sheet.column_dimensions[column].width > 4 for column in "ABCD")


def test_a_workbook_is_read_by_another_reader_and_does_not_tell_when_it_was_made():
    content = workbook(session_of(), PLAN)
    sheet = fastexcel.read_excel(content).load_sheet(0).to_polars()
    assert sheet[label("time")].to_list() == [session_of().clocks(meeting.slot) for meeting in PLAN.meetings]
    assert opened(content).properties.created.year == 2000


def test_of_too_many_organizations_all_are_on_one_sheet():
    session = session_of([f"l{k}" for k in range(MOST_SHEETS)], ["r0"])
    book = opened(workbook(session, plan_of(("l7", "r0", 2))))
    assert len(book.sheetnames) == 3
    rows = {row[0]: row for row in rows_of(book[label("by_organization")])}
    assert len(rows) == MOST_SHEETS + 1
    assert rows["l7 Pharma · l7 医药 · l7 제약"][4] == "r0 Pharma · r0 医药 · r0 제약"
    assert rows["l8 Pharma · l8 医药 · l8 제약"][4] == label("none")


@FEWER
@given(st.lists(st.one_of(st.text(max_size=40), st.sampled_from(HOSTILE))))
@example(["History", "history", "", "'", "'" * 40, "A" * 40, "a" * 40, "a" * 30 + "' b", "🧬" * 20, "🧬" * 20])
def test_sheets_have_names_that_excel_takes(titles):
    names = sheet_names(titles)
    assert len({name.casefold() for name in names}) == len(titles)
    for name in names:
        assert 0 < len(name.encode("utf-16-le")) // 2 <= LONGEST_NAME
        assert not re.search(r"[\[\]:*?/\\]", name)
        assert not name.startswith("'")
        assert not name.endswith("'")
        assert name.isprintable()
        assert name.casefold() != "history"


def test_a_timetable_has_a_page_for_each_organization():
    page = Strict(timetable(session_of(), PLAN).decode())
    assert page.count("section") == 4
    assert page.count("time") == 2 * len(PLAN.meetings)
    assert page.count("use") == 4
    assert [text for _, _, text in page.texts].count("Seoul 10:00") == 0  # never without its other clock
    clocks = [text for tag, _, text in page.texts if re.search(r"\d:\d", text)]
    assert clocks[:2] == ["Beijing 09:00", "= Seoul 10:00"]
    assert len(clocks) == 4 * len(PLAN.meetings)


def test_names_on_a_timetable_say_their_language():
    texts = Strict(timetable(session_of(), PLAN).decode()).texts
    assert {language for _, language, text in texts if text == "l0 医药"} == {"zh"}
    assert {language for _, language, text in texts if text == "r0 제약"} == {"ko"}
    assert {language for _, language, text in texts if text == "暂无洽谈安排。"} <= {"zh"}


def test_who_meets_nobody_is_told_so_in_all_languages():
    content = timetable(session_of(), plan_of(("l0", "r0", 0))).decode()
    assert all(content.count(text) == 2 for text in words()["none"].values())


def test_an_interpreter_has_a_column_where_there_are_any():
    session = session_of(interpreters=(Interpreter("Kim"),))
    plan = replace(PLAN, meetings=tuple(meeting._replace(interpreter="Kim") for meeting in PLAN.meetings))
    assert [text for _, _, text in Strict(timetable(session, plan).decode()).texts].count("Kim") == 6
    assert "Interpreter: Kim" in parsed(calendars(session, plan, {}, NOW)["l0.ics"])[0]["DESCRIPTION"]
    assert [row[5] for row in rows_of(opened(workbook(session, plan))[label("plan")])] == ["Kim"] * 3


def test_a_time_on_another_day_says_so():
    session = replace(session_of(), starts=tuple(START + timedelta(hours=14.5 + k) for k in range(4)))
    texts = [text for _, _, text in Strict(timetable(session, plan_of(("l0", "r0", 0))).decode()).texts]
    assert "= Seoul 00:30 (2026-12-02)" in texts
    assert "2026-12-01" in texts


def test_the_code_holds_the_event_itself():
    lines = event_of(session_of())
    assert lines[0] == "BEGIN:VEVENT"
    assert {"DTSTART:20261201T010000Z", "DTEND:20261201T030000Z", "SUMMARY:Suzhou docking"} <= set(lines)
    drawn = code(lines)
    expected = segno.make("\r\n".join(lines), error="l", micro=False, encoding="utf-8")
    assert dark(drawn["path"]) == {
        (row + 4, column + 4) for row, cells in enumerate(expected.matrix) for column, cell in enumerate(cells) if cell
    }
    assert drawn["box"] == f"0 0 {len(expected.matrix) + 8} {len(expected.matrix) + 8}"


def dark(path):
    """The squares that the lines of a path cover: (row, column)."""
    found, x, y = set(), 0.0, 0.0
    for command, text in re.findall(r"([Mmh])([-\d. ]+)", path.partition(' d="')[2]):
        numbers = [float(number) for number in re.findall(r"-?[\d.]+", text)]
        if command == "h":
            found |= {(int(y), int(x) + k) for k in range(int(numbers[0]))}
            x += numbers[0]
        else:
            x, y = (numbers[0], numbers[1]) if command == "M" else (x + numbers[0], y + numbers[1])
    return found


def test_a_calendar_is_in_utc_and_has_the_meetings_of_its_organization():
    found = {name: parsed(content) for name, content in calendars(session_of(), PLAN, {}, NOW).items()}
    assert {name: len(events) for name, events in found.items()} == {"l0.ics": 2, "l1.ics": 1, "r0.ics": 1, "r1.ics": 2}
    first = found["l0.ics"][0]
    assert first["DTSTART"] == "20261201T010000Z"
    assert first["DTEND"] == "20261201T013000Z"
    assert first["DTSTAMP"] == "20261120T080000Z"
    assert first["SUMMARY"] == "l0 Pharma – r0 Pharma"
    assert first["LOCATION"] == "Suzhou, Table 1"
    assert (first["SEQUENCE"], first["STATUS"]) == ("0", "CONFIRMED")
    assert BOTH_CLOCKS.search(first["DESCRIPTION"])
    assert "r0 제약" in first["DESCRIPTION"]
    assert first == found["r0.ics"][0]  # one meeting, one UID
    assert len({event["UID"] for events in found.values() for event in events}) == 3


def written(folder, plan, session=None, earlier=None, now=NOW):
    write_all(session or session_of(), plan, folder, earlier, now=now)
    return {path.name: parsed(path.read_bytes()) for path in (folder / "calendar").iterdir()}


def said(events):
    return [(event["SUMMARY"], event["SEQUENCE"], event["STATUS"]) for event in events]


MOVED = plan_of(("l0", "r0", 2), ("l1", "r1", 0))


def test_what_moves_grows_in_sequence_and_what_is_withdrawn_is_cancelled(tmp_path):
    before = written(tmp_path, PLAN)
    after = written(tmp_path, MOVED, now=LATER)
    assert said(after["l0.ics"]) == [
        ("l0 Pharma – r1 Pharma", "1", "CANCELLED"),
        ("l0 Pharma – r0 Pharma", "1", "CONFIRMED"),
    ]
    assert after["l1.ics"] == before["l1.ics"]
    assert said(after["r1.ics"]) == [
        ("l1 Pharma – r1 Pharma", "0", "CONFIRMED"),
        ("l0 Pharma – r1 Pharma", "1", "CANCELLED"),
    ]
    assert {event["UID"] for event in after["l0.ics"]} == {event["UID"] for event in before["l0.ics"]}
    assert {event["DTSTAMP"] for event in after["l0.ics"]} == {"20261127T080000Z"}
    again = written(tmp_path, PLAN, now=LATER)
    assert said(again["l0.ics"]) == [
        ("l0 Pharma – r0 Pharma", "2", "CONFIRMED"),
        ("l0 Pharma – r1 Pharma", "2", "CONFIRMED"),
    ]


def test_the_same_plan_again_is_the_same_to_the_byte(tmp_path):
    written(tmp_path, PLAN)
    written(tmp_path, MOVED)
    first = {path.name: path.read_bytes() for path in (tmp_path / "calendar").iterdir()}
    written(tmp_path, MOVED, now=LATER)
    assert {path.name: path.read_bytes() for path in (tmp_path / "calendar").iterdir()} == first


def test_who_has_left_is_told_that_their_meetings_are_cancelled(tmp_path):
    written(tmp_path, PLAN)
    after = written(tmp_path, plan_of(("l0", "r0", 0)), session_of(["l0"], ["r0"]))
    assert said(after["l1.ics"]) == [("l1 Pharma – r1 Pharma", "1", "CANCELLED")]
    assert said(after["l0.ics"])[0] == ("l0 Pharma – r0 Pharma", "0", "CONFIRMED")


@pytest.mark.parametrize("how", ["folder", "file", "plan", "document"])
def test_another_folder_goes_on_from_an_earlier_plan(tmp_path, how):
    first, second = tmp_path / "first", tmp_path / "second"
    written(first, PLAN)
    if how == "document":  # a plan without its calendars
        shutil.rmtree(first / "calendar")
    earlier = {"plan": PLAN, "file": first / "plan.json"}.get(how, first)
    after = written(second, MOVED, earlier=earlier, now=LATER)
    assert said(after["l0.ics"]) == [
        ("l0 Pharma – r1 Pharma", "1", "CANCELLED"),
        ("l0 Pharma – r0 Pharma", "1", "CONFIRMED"),
    ]


def test_a_meeting_of_a_longer_session_can_be_cancelled(tmp_path):
    after = written(tmp_path, MOVED, earlier=plan_of(("l0", "r1", 9), ("gone", "r0", 1)))
    assert ("l0 Pharma – r1 Pharma", "1", "CANCELLED") in said(after["l0.ics"])
    assert said(after["gone.ics"]) == [("gone – r0 Pharma", "1", "CANCELLED")]


def test_half_written_calendars_are_brought_up_to_date(tmp_path):
    written(tmp_path, PLAN)
    stale = (tmp_path / "calendar/r0.ics").read_bytes()
    written(tmp_path, MOVED)
    expected = written(tmp_path, PLAN)["r0.ics"]
    (tmp_path / "calendar/r0.ics").write_bytes(stale)
    assert written(tmp_path, PLAN)["r0.ics"] == expected
    assert said(expected) == [("l0 Pharma – r0 Pharma", "2", "CONFIRMED")]


def test_calendars_of_another_session_are_left_alone(tmp_path):
    written(tmp_path, PLAN)
    before = {path: path.read_bytes() for path in tmp_path.rglob("*.*")}
    with pytest.raises(DataError, match=r"MM-SES-014.*suzhou-2027"):
        write_all(replace(session_of(), id="suzhou-2027"), PLAN, tmp_path)
    assert {path: path.read_bytes() for path in tmp_path.rglob("*.*")} == before


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\xff\xfe\x00",
        b"BEGIN:VCALENDAR\r\n",
        b"BEGIN:VCALENDAR\r\nEND:VCALENDAR\r\n",
        b"BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n",
        b"BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nUID:x\r\nDTSTART:yesterday\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n",
        b"BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nUID:x\r\nSEQUENCE:many\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n",
    ],
)
def test_a_calendar_that_cannot_be_read_is_left_alone(tmp_path, content):
    (tmp_path / "calendar").mkdir()
    (tmp_path / "calendar/own.ics").write_bytes(content)
    with pytest.raises(DataError, match=r"MM-SES-014.*own\.ics"):
        write_all(session_of(), PLAN, tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["calendar"]


def test_nothing_is_written_where_one_file_cannot_be(tmp_path):
    (tmp_path / "timetable.html").mkdir()
    with pytest.raises(DataError, match="MM-CLI-007"):
        write_all(session_of(), PLAN, tmp_path)
    assert not list(tmp_path.glob("*.*[!l]"))
    (tmp_path / "file").write_text("")
    with pytest.raises(UsageError, match="MM-CLI-011"):
        write_all(session_of(), PLAN, tmp_path / "file")


def test_all_files_are_told_and_there(tmp_path):
    paths = write_all(session_of(), PLAN, tmp_path / "new", now=NOW)
    assert sorted(paths) == sorted(path for path in (tmp_path / "new").rglob("*.*") if path.is_file())
    assert [path.name for path in paths[:4]] == ["plan.csv", "plan.json", "plan.xlsx", "timetable.html"]


def hostile():
    """A session whose names and identifiers are what no one should be called."""
    parties = [Party(text, text, names={"en": text, '"><b>': text}) for text in HOSTILE]
    session = session_of(parties, ["r0"], slots=len(HOSTILE), interpreters=(Interpreter(HOSTILE[1]),))
    session = replace(session, title=HOSTILE[2], place=HOSTILE[7])
    session = replace(session, left=replace(session.left, label=HOSTILE[1], clock=HOSTILE[1]))
    plan = plan_of(*((text, "r0", slot) for slot, text in enumerate(HOSTILE)))
    meetings = tuple(meeting._replace(interpreter=HOSTILE[1], table=HOSTILE[0]) for meeting in plan.meetings)
    return session, replace(plan, meetings=meetings, waiting=(Waiting("CON", "r0", 0.1, HOSTILE[0]),))


def test_hostile_names_stay_text_in_a_workbook():
    book = opened(workbook(*hostile()))
    cells = [cell for sheet in book.worksheets for row in sheet.iter_rows() for cell in row if cell.value is not None]
    assert {cell.data_type for cell in cells} <= {"s", "n"}
    assert not any(cell.hyperlink for cell in cells)
    assert all(cell.value.isprintable() for cell in cells if cell.data_type == "s")
    assert HOSTILE[0] in {cell.value for cell in cells}


def test_hostile_names_stay_text_on_a_timetable():
    content = timetable(*hostile()).decode()
    page = Strict(content)
    assert page.count("section") == len(HOSTILE) + 1
    assert all(text.isprintable() for tag, _, text in page.texts if tag != "style")
    texts = {text for _, _, text in page.texts}
    assert {HOSTILE[0], HOSTILE[1], HOSTILE[2], HOSTILE[9]} <= texts
    assert "49" not in texts


def test_hostile_names_stay_text_in_calendars_and_their_files_in_the_folder(tmp_path):
    session, plan = hostile()
    found = written(tmp_path / "inner", plan, session)
    assert len(found) == len(HOSTILE) + 1
    assert [path.name for path in tmp_path.iterdir()] == ["inner"]
    assert all(re.fullmatch(r"[a-z0-9가-힣一-鿿_-]{1,64}\.ics", name) for name in found)
    assert len(found["r0.ics"]) == len(HOSTILE)
    assert all(line.isprintable() for events in found.values() for event in events for line in event["SUMMARY"])
    assert written(tmp_path / "inner", plan, session, now=LATER) == found


def test_files_are_told_apart_by_every_file_system():
    identifiers = ["luye", "Luye", "LUYE", "con", "nul", "a b", "a.b", "a/b", "", ".", "..", "恒瑞", "한미", "x" * 300]
    names = [file_name(identifier) for identifier in identifiers]
    assert len({name.casefold() for name in names}) == len(names)
    assert names[0] == "luye.ics"
    assert names[11] == "恒瑞.ics"
    assert all(len(name) <= 64 and not name.startswith((".", "-")) for name in names)
    assert not {name.partition(".")[0] for name in names} & {"con", "nul"}


@pytest.fixture
def ask(capfdbinary):
    def asked(*arguments):
        code = run([str(argument) for argument in arguments])
        out, error = capfdbinary.readouterr()
        return code, out.decode(), error.decode()

    return asked


def test_a_missing_package_is_said_before_the_work(ask, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "segno", None)
    code, out, error = ask("plan", "online-2020", "-o", tmp_path / "plan")
    assert code == 1
    assert out == ""
    assert re.search(r"MM-SES-003.*segno.*pip install 'partner-matchmaker\[plan\]'", error)
    assert not (tmp_path / "plan").exists()


def test_the_command_writes_for_everyone_and_goes_on_from_what_it_wrote(ask, tmp_path):
    folder = tmp_path / "plan"
    code, _, error = ask("plan", "online-2020", "-o", folder)
    assert code == 0
    assert "timetable.html and 7 calendar files" in error
    code, _, _ = ask("plan", "online-2020", "-o", folder, "--each", 2, "--earlier", folder)
    assert code == 0
    events = [event for path in (folder / "calendar").iterdir() for event in parsed(path.read_bytes())]
    assert {event["STATUS"] for event in events} == {"CONFIRMED", "CANCELLED"}
    assert all(event["SEQUENCE"] == "1" for event in events if event["STATUS"] == "CANCELLED")


CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
needs_chromium = pytest.mark.skipif(CHROMIUM is None, reason="Chromium is not installed")


def chromium(tmp_path, *arguments):
    command = [CHROMIUM, "--headless", "--no-sandbox", "--disable-gpu", f"--user-data-dir={tmp_path / 'profile'}"]
    return subprocess.run([*command, *arguments], check=True, capture_output=True, timeout=60).stdout.decode()


@needs_chromium
def test_every_organization_prints_on_a_page_of_a4(tmp_path):
    names = [f"l{k}" for k in range(9)], [f"r{k}" for k in range(9)]
    plan = plan_of(*((f"l{a}", f"r{(a + k) % 9}", k) for k in range(8) for a in range(8)))
    (tmp_path / "timetable.html").write_bytes(timetable(session_of(*names, slots=8), plan))
    target = tmp_path / "timetable.pdf"
    chromium(tmp_path, f"--print-to-pdf={target}", "--no-pdf-header-footer", (tmp_path / "timetable.html").as_uri())
    content = target.read_bytes()
    assert len(re.findall(rb"/Type\s*/Page\b", content)) == 18
    boxes = re.findall(rb"/MediaBox\s*\[\s*0 0 ([\d.]+) ([\d.]+)\s*\]", content)
    assert all(abs(float(w) - 595.3) < 1 and abs(float(h) - 841.9) < 1 for w, h in boxes)


@needs_chromium
def test_a_narrow_telephone_needs_no_sideways_scroll(tmp_path):
    (tmp_path / "timetable.html").write_bytes(timetable(*hostile()))
    (tmp_path / "frame.html").write_text(
        '<iframe src="timetable.html" width="360" height="800" style="border:0"></iframe><p id="width"></p><script>'
        "const frame = document.querySelector('iframe'); frame.onload = () => {"
        "document.querySelector('p').textContent = 'width ' + frame.contentDocument.documentElement.scrollWidth }"
        "</script>"
    )
    address = (tmp_path / "frame.html").as_uri()
    found = chromium(tmp_path, "--allow-file-access-from-files", "--virtual-time-budget=5000", "--dump-dom", address)
    assert 300 < int(re.search(r"width (\d+)", found)[1]) <= 360

"""Bad tables and what is said of them: rows 1-22 of the error contract, for CSV, Parquet and frames."""

import datetime
import io
import os
import re
import zipfile
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from matchmaker.domain import RANGES, Domain, engine_settings, read_weights
from matchmaker.errors import DataError, MatchmakerError, UsageError
from matchmaker.tables import ReadOptions, canonical_frames, read_tables
from matchmaker.vocabulary import Vocabulary

ROOT = Path(__file__).parent.parent
TODAY = datetime.date(2026, 1, 1)
ORGANIZATIONS = "org_id,name_en,country\na,Alpha,CN\nb,Beta,KR\nc,Gamma,KR\n"
EVENTS = "event_id,date\ne,2020\nf,2021-05-01\n"
FLAT = Domain()
CLOSED = Domain(
    interests=Vocabulary.flat(("antiviral-drug", "stem-cell")),
    sectors=Vocabulary.flat(("pharma",)),
    regions=Vocabulary.flat(("cn-beijing", "kr-seoul")),
)


@dataclass
class Case:
    """Files of a data folder, and the problem that they must give."""

    name: str
    code: str
    files: dict[str, str | bytes]
    place: str = "organizations.csv"
    parts: tuple[str, ...] = ()
    options: dict = field(default_factory=dict)
    exit_code: int | None = 1
    domain: Domain = FLAT


def organizations(name, code, content, place, *parts, **more):
    return Case(name, code, {"organizations.csv": content}, f"organizations.csv{place}", parts, **more)


def with_organizations(name, code, table, content, place, *parts, **more):
    files = {"organizations.csv": ORGANIZATIONS, "events.csv": EVENTS, f"{table}.csv": content}
    return Case(name, code, files, f"{table}.csv{place}", parts, **more)


def cell(column, text, code, *parts, **more):
    """A case with one bad cell in the second row, third field, of the table that has this column."""
    table, ids = {
        "first_known": ("organizations", "org_id,name_en"),
        "interests": ("organizations", "org_id,name_en"),
        "aliases": ("organizations", "org_id,name_en"),
        "sector": ("organizations", "org_id,name_en"),
        "city": ("organizations", "org_id,name_en"),
        "name_ko": ("organizations", "org_id,name_en"),
        "date": ("events", "event_id,title"),
        "size": ("events", "event_id,title"),
        "verified": ("events", "event_id,title"),
        "value": ("region_ties", "left,right"),
        "date_precision": ("partnerships", "left,right"),
        "direction": ("partnerships", "left,right"),
    }[column]
    quoted = f'"{text}"' if "," in text else text
    content = f"{ids},{column}\na,b,\nb,c,{quoted}\n"
    files = {"organizations.csv": ORGANIZATIONS, "events.csv": EVENTS, f"{table}.csv": content}
    name = f"{column} {text[:20]!r}"
    return Case(name, code, files, f"{table}.csv:3:3", parts, **more)


def encoded(text, encoding):
    return text.encode(encoding)


def as_windows(text):
    """UTF-8 as browsers and spreadsheets read it in windows-1252: the five bytes that mean nothing become controls."""
    return "".join(
        chr(byte) if byte in (0x81, 0x8D, 0x8F, 0x90, 0x9D) else bytes([byte]).decode("cp1252")
        for byte in text.encode()
    )


KOREAN = "org_id,name_ko,country\n한미,한미약품 주식회사,KR\n일양,일양약품 주식회사,KR\n동아,동아에스티 제약회사,KR\n"
CHINESE = "org_id,name_zh,country\n同仁堂,北京同仁堂股份有限公司,CN\n丽珠,丽珠医药集团股份有限公司,CN\n"
WARNING = {"exit_code": None}
ZIP = io.BytesIO()
with zipfile.ZipFile(ZIP, "w") as archive:
    archive.writestr("xl/workbook.xml", "<workbook/>")


def parquet(frame):
    target = io.BytesIO()
    frame.write_parquet(target)
    return target.getvalue()


PARQUET = parquet(pl.DataFrame({"org_id": ["a", "b"], "interests": [["x", "y"], []]}))
NESTED = parquet(pl.DataFrame({"org_id": ["a", "b"], "name": [{"en": "A"}, {"en": "B"}]}))

CASES = [
    # 1: what is no file
    Case("no organizations", "MM-USE-008", {"events.csv": EVENTS}, "", ("no organizations.csv",), exit_code=2),
    Case(
        "misnamed", "MM-USE-008", {"Organisations.csv": ORGANIZATIONS}, "", ("rename Organisations.csv",), exit_code=2
    ),
    Case("workbook", "MM-USE-017", {"organizations.xlsx": ZIP.getvalue()}, "organizations.xlsx", exit_code=2),
    Case("zipped", "MM-USE-017", {"organizations.csv.gz": b"\x1f\x8b"}, "organizations.csv.gz", exit_code=2),
    organizations("no such encoding", "MM-USE-006", ORGANIZATIONS, "", options={"encoding": "klingon"}, exit_code=2),
    organizations("no text encoding", "MM-USE-006", ORGANIZATIONS, "", options={"encoding": "hex"}, exit_code=2),
    organizations("locale format", "MM-USE-015", ORGANIZATIONS, "", options={"date_format": "%d %B %Y"}, exit_code=2),
    organizations("no year", "MM-USE-015", ORGANIZATIONS, "", "no year", options={"date_format": "%d/%m"}, exit_code=2),
    organizations("twice", "MM-USE-015", ORGANIZATIONS, "", options={"date_format": "%Y%m%m"}, exit_code=2),
    organizations("decimal", "MM-USE-016", ORGANIZATIONS, "", options={"decimal": "x"}, exit_code=2),
    # 2: empty
    organizations("empty", "MM-CSV-001", "", "", "is empty"),
    organizations("only new lines", "MM-CSV-001", "\n\n\r\n", "", "is empty"),
    organizations("only a mark", "MM-CSV-001", b"\xef\xbb\xbf", "", "is empty"),
    organizations("only a header", "MM-CSV-002", "org_id,name\n", "", "no rows"),
    with_organizations("optional, only a header", "MM-CSV-002", "topics", "event_id,term\n", "", "no rows", **WARNING),
    organizations("all is skipped", "MM-CSV-001", "Members\n2024\n", "", "after line 2", options={"skip_rows": 9}),
    # 3: another type
    organizations("PNG", "MM-CSV-003", b"\x89PNG\r\n\x1a\n" + bytes(40), "", "bytes of a PNG image, not text"),
    organizations("PDF", "MM-CSV-003", b"%PDF-1.7\n", "", "a PDF document"),
    organizations("SQLite", "MM-CSV-003", b"SQLite format 3\0" + bytes(90), "", "SQLite"),
    organizations(
        "workbook named .csv", "MM-CSV-003", ZIP.getvalue(), "", "Excel workbook", 'save the sheet as "CSV UTF-8"'
    ),
    organizations("old workbook", "MM-CSV-003", b"\xd0\xcf\x11\xe0\xa1\xb1", "", "Excel"),
    organizations("gzip", "MM-CSV-003", b"\x1f\x8b\x08\0", "", "gzip", "unpack"),
    organizations("web page", "MM-CSV-003", "<!DOCTYPE html><html>", "", "web page"),
    Case("CSV named .parquet", "MM-PAR-001", {"organizations.parquet": ORGANIZATIONS}, "organizations.parquet"),
    # 5, 6: encodings
    organizations(
        "CP949", "MM-CSV-005", encoded(KOREAN, "cp949"), ":2", "CP949 (Korean)", "byte 24", "--encoding cp949"
    ),
    organizations("EUC-KR", "MM-CSV-005", encoded(KOREAN, "euc-kr"), ":2", "CP949 (Korean)"),
    organizations("GB18030", "MM-CSV-005", encoded(CHINESE, "gb18030"), ":2", "GB18030 (Chinese)", "byte 26"),
    organizations("GBK", "MM-CSV-005", encoded(CHINESE, "gbk"), ":2", "GB18030 (Chinese)"),
    organizations(
        "Big5", "MM-CSV-005", encoded("org_id,name\na,臺灣大學醫學院附設醫院\nb,國立清華大學\n", "big5"), ":2", "BIG5"
    ),
    organizations(
        "Shift_JIS", "MM-CSV-005", encoded("org_id,name\na,株式会社タケダ\n", "shift_jis"), ":2", "SHIFT_JIS"
    ),
    organizations("UTF-16 LE", "MM-CSV-005", encoded(ORGANIZATIONS, "utf-16-le"), "", "--encoding utf-16-le"),
    organizations("UTF-16 BE", "MM-CSV-005", encoded(ORGANIZATIONS, "utf-16-be"), "", "--encoding utf-16-be"),
    organizations("UTF-7", "MM-CSV-005", encoded(KOREAN, "utf-7"), "", "--encoding utf-7"),
    organizations("another encoding", "MM-CSV-005", encoded(KOREAN, "cp949"), ":2", options={"encoding": "ascii"}),
    organizations(
        "mixed", "MM-CSV-005", KOREAN.encode() + encoded(CHINESE, "gb18030"), ":6", "two encodings are mixed"
    ),
    organizations("overlong", "MM-CSV-005", b"org_id,name\na,\xc0\xaf\n", ":2", "byte 15"),
    organizations("surrogate", "MM-CSV-005", b"org_id,name\na,b\nc,\xed\xa0\x80\n", ":3", "byte 19"),
    organizations("UTF-16 cut", "MM-CSV-005", encoded(ORGANIZATIONS, "utf-16")[:-1], ":4"),
    # 7: mojibake
    organizations(
        "read as cp1252",
        "MM-TAB-017",
        "org_id,name\na,Alpha\nb,SociÃ©tÃ©\n",
        ":3:2",
        "1 of 2 names",
        "cp1252",
        **WARNING,
    ),
    organizations(
        "read as GBK",
        "MM-TAB-017",
        "org_id,name\na," + "北京同仁堂公司制药".encode()[:24].decode("gb18030", "ignore") + "\n",
        ":2:2",
        "GBK",
        **WARNING,
    ),
    *[
        organizations(name, "MM-TAB-017", f"org_id,name\na,{name}\n", ":2:2", "cp1252", **WARNING)
        for name in (
            as_windows(text) for text in ("제넨바이오", "恒瑞医药", "泰格医药", "绿叶制药", "江苏恒瑞医药股份有限公司")
        )
    ],
    *[
        organizations(name, "MM-TAB-017", f"org_id,name\na,{name}\n", ":2:2", "cp1252", **WARNING)
        for name in (
            as_windows(text).replace("\xa0", " ") for text in ("삼성바이오에피스", "复星医药", "한미약품 주식회사")
        )
    ],
    organizations("lost", "MM-TAB-017", "org_id,name\na,�� Pharma\n", ":2:2", "could not decode", **WARNING),
    # 8: NUL
    organizations("NUL", "MM-CSV-006", "org_id,name\na,Al\0pha\n", ":2", "NUL byte at line 2"),
    organizations("NULs at the end", "MM-CSV-007", ORGANIZATIONS + "\0" * 12, "", "12 NUL bytes", **WARNING),
    # 10: delimiters
    *[
        organizations(word, "MM-CSV-009", ORGANIZATIONS.replace(",", mark), ":1", f"separated by {word}s", **WARNING)
        for mark, word in ((";", "semicolon"), ("\t", "tab"), ("|", "bar"))
    ],
    organizations("ragged with another delimiter", "MM-CSV-013", "org_id;name\na;A\nb\n", ":3", "1 field,"),
    # 11: preamble, second header, totals
    organizations(
        "preamble",
        "MM-CSV-008",
        "List of members\n\norg_id,name\na,A\n",
        ":1",
        "line 3 is",
        "delete the lines above it, or give --skip-rows 2",
    ),
    organizations("second header", "MM-TAB-011", "org_id,name\norg_id,name\na,A\n", ":2", "repeats the header"),
    organizations("totals", "MM-TAB-012", "org_id,name\na,A\n合计,2\n", ":3:1", "totals"),
    # 12: headers
    organizations("missing", "MM-TAB-001", "name,country\nA,CN\n", ":1", "no column org_id"),
    organizations(
        "near", "MM-TAB-001", "org_idd,name\na,A\n", ":1", 'nearest found is "org_idd"', "rename it to org_id"
    ),
    organizations("twins", "MM-TAB-002", "org_id,name,Name\na,A,B\n", ":1:3", '"name" and "Name" both mean name'),
    organizations("twins by another name", "MM-TAB-002", "org_id,organization\na,A\n", ":1:2", "both mean org_id"),
    organizations("variant", "MM-TAB-003", "\u200bＯｒｇ ID,name\na,A\n", ":1:1", "is taken as", **WARNING),
    organizations("extra", "MM-TAB-004", "org_id,fax\na,1\n", ":1:2", '"fax" is not used', **WARNING),
    organizations("near extra", "MM-TAB-004", "org_id,intrests\na,1\n", ":1:2", "did you mean interests?", **WARNING),
    organizations("blank name", "MM-TAB-004", "org_id,\na,1\n", ":1:2", "without a name", **WARNING),
    # 13, 14: ragged rows and quotes
    organizations("too few", "MM-CSV-013", "org_id,name,country\na,A,CN\nb,B\nc,C,KR\n", ":3", "2 fields", "has 3"),
    organizations("too many", "MM-CSV-013", "org_id,name\na,A\n\nb,B,C,D\n", ":4", "4 fields"),
    organizations(
        "never closed",
        "MM-CSV-010",
        'org_id,name\na,A\nb,"B\nc,C\nd,D\n',
        ":3:2",
        'the quote opened in column "name" is never closed; 2 lines after it were not read',
    ),
    organizations(
        "closed by another", "MM-CSV-010", 'org_id,name\na,"A\nb,"B"\nc,C\n', ":2:2", "not closed before line 3"
    ),
    organizations("second line of a row", "MM-CSV-010", 'org_id,name,note\na,"A\nB","C\n', ":3:3", "never closed"),
    organizations("closed early", "MM-CSV-011", 'org_id,name\na,"A"lpha\n', ":2:2", "closed before the end"),
    organizations("stray", "MM-CSV-012", 'org_id,name\na,A"lpha\n', ":2:2", "a quote stands in a cell"),
    organizations("swallowed", "MM-CSV-004", 'org_id,name,country\na,"A,CN\nb,B,KR\nc,C",KR\n', ":2:2", "lines 2 to 4"),
    # 15: limits
    organizations("long cell", "MM-LIM-006", f"org_id,name\na,{'x' * 2**20}\n", ":2:2", "1,048,576", "131,072"),
    organizations("many columns", "MM-LIM-003", ",".join(["org_id"] * 10_000) + "\n", ":1", "10,000", "1,000"),
    organizations("wide row", "MM-CSV-013", "org_id,name\n" + "," * 9_999 + "x\n", ":2", "10,000 fields"),
    organizations("long line", "MM-LIM-002", b"org_id\na\n" + b"x" * 20_000_000, ":3", "20,000,000"),
    organizations("long quoted line", "MM-LIM-002", b'org_id\n"' + b"x\n" * 10_000_000 + b'"', ":2", "16,777,216"),
    organizations("rows", "MM-LIM-004", ORGANIZATIONS, "", "--max-rows", options={"max_rows": 2}),
    cell("interests", "x;" * 1_000_000, "MM-LIM-005", "1,000,001 terms", "--max-tags"),
    cell("aliases", "x;y;z", "MM-LIM-005", "3 terms", "limit is 2", options={"max_tags": 2}),
    # 16, 17: identifiers
    organizations("blank id", "MM-TAB-006", "org_id,name\na,A\n ,B\n", ":3:1", "org_id is blank"),
    organizations("invisible id", "MM-TAB-006", "org_id,name\n\u200b\u3000,B\n", ":2:1", "org_id is blank"),
    organizations("control in id", "MM-TAB-007", "org_id,name\na\x1b[31m,B\n", ":2:1", "U+001B", "\\x1b"),
    organizations("bidi in id", "MM-TAB-007", "org_id\na\u202eb\n", ":2:1", "U+202E"),
    organizations("skipped rows", "MM-TAB-005", "org_id,name\na,A\n,\n , \n", "", "2 rows without", **WARNING),
    organizations(
        "equal twins",
        "MM-TAB-015",
        "org_id,name\na,A\na ,A\n",
        "",
        "1 row with the content of an earlier one",
        **WARNING,
    ),
    organizations("twins differ", "MM-TAB-016", "org_id,name\na,A\nb,B\na,C\n", ":4:1", '"a" stands on line 2'),
    organizations("twins by composition", "MM-TAB-016", "org_id,name\né,A\ne\u0301,B\n", ":3:1", "line 2"),
    # 18, 19: references
    with_organizations(
        "unknown",
        "MM-REF-001",
        "participations",
        "event_id,org_id\ne,a\ne,alpha1\nf,alpha1\n",
        ":3:2",
        'no organization "alpha1" (2 rows)',
        "--allow-unknown",
    ),
    with_organizations(
        "unknown event, near", "MM-REF-001", "participations", "event_id,org_id\nee,a\n", ":2:1", 'nearest is "e"'
    ),
    with_organizations(
        "unknown allowed",
        "MM-REF-001",
        "participations",
        "event_id,org_id\ne,zz\n",
        ":2:2",
        options={"allow_unknown": True},
        **WARNING,
    ),
    with_organizations("unknown partner", "MM-REF-001", "partnerships", "left,right\na,zz\n", ":2:2", '"zz"'),
    with_organizations("unknown event", "MM-REF-001", "partnerships", "left,right,event_id\na,b,zz\n", ":2:3", '"zz"'),
    with_organizations("unknown topic", "MM-REF-001", "topics", "event_id,term\nzz,x\n", ":2:1", '"zz"'),
    with_organizations(
        "unknown candidate",
        "MM-REF-001",
        "intentions",
        "intention_id,candidate_counterparts\n1,a; zz\n",
        ":2:2",
        '"zz"',
    ),
    with_organizations(
        "self", "MM-REF-002", "partnerships", "left,right\na,b\nb,b\n", ":3:2", "own partner", **WARNING
    ),
    with_organizations(
        "both ways",
        "MM-REF-003",
        "partnerships",
        "left,right,date\na,b,2020\nb,a,2020\n",
        "",
        "1 row with an agreement",
        **WARNING,
    ),
    # 20: numbers
    *[
        cell("value", text, "MM-TAB-008", "is not a number", "1234.5")
        for text in ("NaN", "inf", "-Infinity", "1,234", "1_000", "١٢٣", "0x10", "1e", ".", "１２")
    ],
    cell("value", "1e309", "MM-TAB-008", "too large"),
    cell("value", "9" * 400, "MM-TAB-008", "400 characters"),
    *[cell("size", text, "MM-TAB-008", "whole number") for text in ("-1", "1.5", "90+", "1e3")],
    cell("size", "9" * 30, "MM-TAB-008", "too large"),
    cell("verified", "maybe", "MM-TAB-009", "neither yes nor no"),
    cell("date_precision", "week", "MM-TAB-010", "none of day, month"),
    cell("direction", "east", "MM-TAB-010", "left2right"),
    # 21, 22: dates
    *[
        cell("date", text, "MM-DAY-001", "is impossible", part)
        for text, part in (
            ("2024-02-30", "2024-02 has 29 days"),
            ("0000-00-00", "no year 0000"),
            ("13/13/2024", "no month 13"),
            ("2024-13-01", "no month 13"),
            ("2024年2月30日", "29 days"),
            ("2016-12-31T23:59:60Z", "leap seconds"),
            ("2024-01-01T00:00:00+99:99", "+99:99"),
            ("2024-01-01T25:00", "time of day"),
        )
    ],
    *[
        cell("first_known", text, "MM-DAY-002", "which number is the month", "--date-format")
        for text in ("03/04/2024", "1.2.24")
    ],
    cell("date", "45292", "MM-DAY-003", "day number of Excel"),
    *[
        cell("date", text, "MM-DAY-004")
        for text in ("soon", "202401", "2024/01/31", "2024-1-5", "x" * 100, "٢٠٢٤", "-2024")
    ],
    cell("date", "2024-02-31", "MM-DAY-001", "29 days", options={"date_format": "%d/%m/%Y"}),
    cell("date", "20240113", "MM-DAY-004", "has neither the form", options={"date_format": "%Y%d%m"}),
    with_organizations(
        "participation ahead",
        "MM-DAY-005",
        "participations",
        "event_id,org_id\ne,a\nf,a\nf,b\n",
        ":3:1",
        "2 participations",
        "2021-05-01",
        options={"today": datetime.date(2021, 4, 30)},
    ),
    with_organizations(
        "one participation ahead",
        "MM-DAY-005",
        "participations",
        "event_id,org_id\nf,a\n",
        ":2:1",
        "(1 participation)",
        options={"today": datetime.date(2021, 4, 30)},
    ),
    with_organizations(
        "partnership ahead", "MM-DAY-005", "partnerships", "left,right,date\na,b,2035\n", ":2:3", "2035"
    ),
    with_organizations("tie ahead", "MM-DAY-005", "region_ties", "left,right,date\nx,y,2026-02\n", ":2:3", '"2026-02"'),
    Case(
        "planned",
        "MM-DAY-007",
        {"organizations.csv": ORGANIZATIONS, "events.csv": "event_id,date\ne,2035-05-01\n"},
        "events.csv:2:2",
        ("2035-05-01", "a plan"),
        **WARNING,
    ),
    Case(
        "end before start",
        "MM-DAY-006",
        {"organizations.csv": ORGANIZATIONS, "events.csv": "event_id,date,end_date\ne,2024-05-02,2024-05-01\n"},
        "events.csv:2:3",
        ("ends on 2024-05-01",),
    ),
    # vocabularies
    cell("interests", "antiviral-drugs", "MM-REF-004", 'nearest is "antiviral-drug"', "interests.toml", domain=CLOSED),
    cell("sector", "pharmacy", "MM-REF-004", "sectors.toml", domain=CLOSED),
    cell("city", "cn-peking", "MM-REF-004", "regions.toml", domain=CLOSED),
    cell("sector", "pharmacy", "MM-REF-004", domain=CLOSED, options={"allow_unknown": True}, **WARNING),
    # the folder, Parquet
    Case(
        "both", "MM-TAB-013", {"organizations.csv": ORGANIZATIONS, "organizations.parquet": PARQUET}, "", ("keep one",)
    ),
    Case(
        "a stranger",
        "MM-TAB-014",
        {"organizations.csv": ORGANIZATIONS, "participation.csv": ""},
        "participation.csv",
        ("did you mean participations.csv?",),
        **WARNING,
    ),
    Case("cut", "MM-PAR-001", {"organizations.parquet": PARQUET[:-20]}, "organizations.parquet", ("not a readable",)),
    Case("only a mark", "MM-PAR-001", {"organizations.parquet": b"PAR1"}, "organizations.parquet", ("not a readable",)),
    Case("encrypted", "MM-PAR-002", {"organizations.parquet": b"PARE" + PARQUET[4:]}, "organizations.parquet"),
    Case("nested", "MM-PAR-003", {"organizations.parquet": NESTED}, "organizations.parquet", ('"name" holds Struct',)),
    Case(
        "row of Parquet",
        "MM-TAB-006",
        {"organizations.parquet": parquet(pl.DataFrame({"org_id": ["a", None], "name": ["A", "B"]}))},
        "organizations.parquet:row 2:org_id",
    ),
]


def outcome(folder, domain=FLAT, **options):
    """Exit code (None: none) and problems."""
    try:
        _, problems = read_tables(folder, domain, ReadOptions(**{"today": TODAY, **options}))
    except MatchmakerError as error:
        return error.exit_code, error.problems
    return None, problems


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.code} {case.name}")
def test_a_bad_table_is_named_with_place_and_mend(case, tmp_path, monkeypatch, capfd):
    monkeypatch.chdir(tmp_path)
    Path("data").mkdir()
    for name, content in case.files.items():
        (Path("data") / name).write_bytes(content if isinstance(content, bytes) else content.encode())
    before = {path.name: path.read_bytes() for path in Path("data").iterdir()}

    exit_code, problems = outcome(".", case.domain, **case.options)

    assert exit_code == case.exit_code, [str(problem) for problem in problems]
    found = [problem for problem in problems if problem.code == case.code]
    assert found, [str(problem) for problem in problems]
    text = str(found[0])
    if not case.code.startswith("MM-USE"):
        assert found[0].warning == (case.exit_code is None)
        assert f"data/{case.place}: " in text or not case.place or "data: " in text
    for part in case.parts:
        assert part in text
    assert "; fix: " in text
    assert text.isprintable()
    assert len(text) < 500
    assert {path.name: path.read_bytes() for path in Path("data").iterdir()} == before
    assert capfd.readouterr() == ("", "")


def test_every_problem_of_a_table_is_listed_at_once(tmp_path):
    (tmp_path / "organizations.csv").write_text("org_id,name\na,A\n ,B\nc\na,C\n")
    (tmp_path / "participations.csv").write_text("event_id,org_id\ne,a\n")

    exit_code, problems = outcome(tmp_path)

    assert exit_code == 1
    assert [problem.code for problem in problems] == ["MM-CSV-013", "MM-TAB-006", "MM-TAB-016", "MM-REF-001"]


@pytest.mark.parametrize("organizations", ["org_id,name\na,A\nb\n", "org_id,name\na,A\n,B\n", "org_id\na\nb\x1b\n"])
def test_what_refers_to_a_refused_row_is_not_called_unknown(tmp_path, organizations):
    (tmp_path / "organizations.csv").write_text(organizations)
    (tmp_path / "events.csv").write_text("event_id\ne\n")
    (tmp_path / "participations.csv").write_text("event_id,org_id\ne,a\ne,b\nf,b\n")
    (tmp_path / "intentions.csv").write_text("intention_id,candidate_counterparts\ni,b\n")

    _, problems = outcome(tmp_path)

    assert [problem.message for problem in problems if problem.code == "MM-REF-001"] == ['no event "f"']
    assert len(problems) == 2


def test_a_bad_cell_elsewhere_hides_no_unknown_identifier(tmp_path):
    (tmp_path / "organizations.csv").write_text("org_id,first_known\na,soon\n")
    (tmp_path / "partnerships.csv").write_text("left,right\na,b\n")

    assert {problem.code for problem in outcome(tmp_path)[1]} == {"MM-DAY-004", "MM-REF-001"}


@pytest.mark.parametrize("name", ["Nestlé® Health", "Weiß GmbH", "Café", "Société à l'Île", "IRMÃ LÚCIA", "Ørsted"])
def test_a_name_with_accents_is_not_taken_for_misread(tmp_path, name):
    (tmp_path / "organizations.csv").write_text(f"org_id,name\na,{name}\n", "utf-8")

    assert outcome(tmp_path) == (None, [])


def test_many_problems_of_one_kind_are_counted(tmp_path):
    (tmp_path / "organizations.csv").write_text("org_id,name\n" + "a\n" * 500)

    _, problems = outcome(tmp_path)

    assert len([problem for problem in problems if problem.code == "MM-CSV-013"]) == 21
    assert any("480 more rows" in problem.message for problem in problems)


def test_a_missing_folder_a_file_and_an_address_are_wrong_use(tmp_path):
    file = tmp_path / "x.csv"
    file.write_text("a")
    for given_path, code, part in (
        (tmp_path / "none", "MM-USE-001", "no such folder"),
        ("a\0b", "MM-USE-001", "no such folder"),
        ("x" * 5000, "MM-USE-001", "no such folder"),
        (file, "MM-USE-004", "is not a folder"),
        ("https://example.org/data", "MM-USE-005", "is an address"),
        ("s3://bucket/data", "MM-USE-005", "is an address"),
    ):
        exit_code, problems = outcome(given_path)
        assert exit_code == 2
        assert problems[0].code == code
        assert part in str(problems[0])


def test_a_pipe_a_folder_and_a_device_in_place_of_a_table_do_not_hang(tmp_path):
    table = tmp_path / "organizations.csv"
    os.mkfifo(table)
    assert outcome(tmp_path)[1][0].code == "MM-USE-004"
    table.unlink()
    table.symlink_to("/dev/zero")
    assert outcome(tmp_path)[1][0].code == "MM-USE-004"
    table.unlink()
    table.mkdir()
    assert outcome(tmp_path)[1][0].code == "MM-USE-003"
    table.rmdir()
    table.symlink_to(tmp_path / "nowhere")
    assert outcome(tmp_path)[1][0].code == "MM-USE-001"


def test_a_table_that_may_not_be_read_is_wrong_use(tmp_path, monkeypatch):
    def refuse(*_, **__):
        raise PermissionError(13, "Permission denied")

    (tmp_path / "organizations.csv").write_text(ORGANIZATIONS)
    monkeypatch.setattr("matchmaker.decoding.os.open", refuse)

    exit_code, problems = outcome(tmp_path)

    assert exit_code == 2
    assert "MM-USE-002" in str(problems[0])
    assert "may not be read" in str(problems[0])


def test_a_file_above_the_limit_is_not_read(tmp_path, monkeypatch):
    (tmp_path / "organizations.csv").write_text(ORGANIZATIONS)
    monkeypatch.setattr("matchmaker.decoding.MOST_BYTES", 10)

    exit_code, problems = outcome(tmp_path)

    assert exit_code == 1
    assert "MM-LIM-001" in str(problems[0])


def test_frames_with_wrong_names_or_types_are_wrong_use():
    frame = pl.DataFrame({"org_id": ["a"]})
    for frames, code in (
        ({"organisations": frame}, "MM-USE-007"),
        ({"events": frame}, "MM-USE-008"),
        ({"organizations": object()}, "MM-USE-009"),
    ):
        with pytest.raises(UsageError, match=code):
            canonical_frames(frames, FLAT, ReadOptions())


def test_problems_of_a_frame_name_the_row_and_the_column():
    frame = pl.DataFrame({"org_id": ["a", "b"], "first_known": ["2020", "soon"]})
    with pytest.raises(DataError, match="organizations:row 2:first_known: "):
        canonical_frames({"organizations": frame}, FLAT, ReadOptions())


def test_hostile_cells_are_kept_and_printed_escaped(tmp_path):
    hostile = [
        "=cmd|' /C calc'!A0",
        "<script>alert(1)</script>",
        "\x1b]0;x\x07",
        "[/red]",
        "'; DROP TABLE x; --",
        "{0}%s",
    ]
    pl.DataFrame({"org_id": list("abcdef"), "name_en": hostile}).write_csv(tmp_path / "organizations.csv")

    frames, problems = read_tables(tmp_path, FLAT, ReadOptions())

    assert frames["organizations"]["name_en"].to_list() == hostile
    assert problems == []


# --- nothing else is ever raised --------------------------------------------------------------------------------------

MANY = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
GOOD = (
    "org_id,name_en,name_ko,country,interests,first_known\n"
    'a,"Alpha, Inc.",한미약품,KR,x;y,2020-01-31\nb,"The ""B"" Company\nof Busan",일양,KR,,2021\n'
    "c,丽珠,,CN,Y ; z,2019年5月\n"
)


def only_known_errors(folder, **options):
    with suppress(MatchmakerError):
        read_tables(folder, FLAT, ReadOptions(today=TODAY, **options))


@MANY
@given(st.binary(max_size=400))
def test_random_bytes_raise_nothing_unforeseen(tmp_path, content):
    (tmp_path / "organizations.csv").write_bytes(content)
    only_known_errors(tmp_path)


@MANY
@given(st.text(max_size=300))
def test_random_text_raises_nothing_unforeseen(tmp_path, content):
    (tmp_path / "organizations.csv").write_bytes(("org_id,name," + content).encode("utf-8", "surrogatepass"))
    only_known_errors(tmp_path)


@MANY
@given(st.data())
def test_a_damaged_good_table_raises_nothing_unforeseen(tmp_path, data):
    content = bytearray(GOOD.encode())
    for _ in range(data.draw(st.integers(1, 6))):
        at = data.draw(st.integers(0, len(content) - 1))
        piece = data.draw(st.one_of(st.binary(max_size=3), st.sampled_from([b'"', b",", b"\n", b"\r", b"\0", b";"])))
        content[at : at + data.draw(st.integers(0, 3))] = piece
        content = content or bytearray(b"x")
    (tmp_path / "organizations.csv").write_bytes(bytes(content))
    only_known_errors(tmp_path)


@settings(MANY, max_examples=15)
@given(st.data())
def test_a_damaged_parquet_file_raises_nothing_unforeseen(tmp_path, monkeypatch, data):
    monkeypatch.setattr("matchmaker.child.SECONDS", 3)
    content = bytearray(PARQUET)
    for _ in range(data.draw(st.integers(1, 6))):
        content[data.draw(st.integers(4, len(content) - 1))] = data.draw(st.integers(0, 255))
    (tmp_path / "organizations.parquet").write_bytes(bytes(content))
    only_known_errors(tmp_path)


@MANY
@given(
    st.sampled_from(["cp949", "gb18030", "big5", "shift_jis", "utf-16", "utf-7", "idna", "punycode"]),
    st.binary(max_size=60),
)
def test_a_named_encoding_raises_nothing_unforeseen(tmp_path, encoding, content):
    (tmp_path / "organizations.csv").write_bytes(content)
    only_known_errors(tmp_path, encoding=encoding)


# --- vocabularies and settings ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("code", "file", "content", "parts"),
    [
        ("MM-SET-001", "domain.toml", 'title = "x', (":1:",)),
        ("MM-SET-001", "settings.toml", "graph.restart = " + "1" * 5_000, (":1: ",)),
        ("MM-SET-003", "domain.toml", '[sides.left]\ncountry = "CN"', (":1: ",)),
        ("MM-SET-004", "domain.toml", b'title = "\xff"', ()),
        ("MM-SET-005", "domain.toml", 'titel = "x"', (":1: ", "did you mean title?")),
        ("MM-SET-005", "domain.toml", 'title = "x"\n\n[side.left]\ncountry = "CN"', (":3: ", "did you mean sides?")),
        ("MM-SET-005", "domain.toml", '[sides.left]\ncountry = "CN"\nlanguge = "zh"', (":3: ", "mean language?")),
        ("MM-SET-005", "domain.toml", '[sides.middle]\ncountry = "CN"', (":1: ", "known here: left, right")),
        ("MM-SET-006", "domain.toml", "title = 3", (":1: ",)),
        ("MM-SET-006", "domain.toml", "sides = 3", (":1: ",)),
        ("MM-SET-006", "domain.toml", "[sides.left]\ncountry = 86", (":2: ", "a text")),
        ("MM-SET-005", "rules.toml", '[[rules]]\nsector = "pharma"', (":1: ", "did you mean rule?")),
        (
            "MM-SET-005",
            "rules.toml",
            '[[rule]]\nsector = "pharma"\n[[rule]]\nsector = "pharma"\nofers = ["x"]',
            (":5: ", "did you mean offers?"),
        ),
        ("MM-SET-006", "rules.toml", "rule = 3", (":1: ", "[[rule]] above each rule")),
        ("MM-SET-006", "rules.toml", '[[rule]]\nsector = "pharma"\noffers = "x"', (":3: ", 'write a list: ["x"]')),
        ("MM-SET-006", "rules.toml", '[[rule]]\ninterests_as = "foo"', (":2: ", '"offers" or "seeks"')),
        ("MM-SET-005", "settings.toml", "[weights]\ninterest = 1.0", (":2: ", "did you mean interests?")),
        ("MM-SET-006", "settings.toml", '[weights]\ninterests = "much"', (":2: ", "a number, like 3.5")),
        ("MM-SET-006", "settings.toml", "\nweights = 3", (":2: ", "a table")),
        ("MM-SET-006", "settings.toml", "[graph]\nrestart = true", (":2: ",)),
        ("MM-SET-006", "settings.toml", '[reading]\nseeks = [""]', (":2: ", "write a list")),
        ("MM-SET-007", "settings.toml", "[graph]\nrestart = 1.5", (":2: ", "graph.restart = 1.5", "0.01 to 0.99")),
        ("MM-SET-007", "settings.toml", "graph.kind.forum = -1", (":1: ", "graph.kind.forum = -1", "0 to 100")),
        ("MM-SET-007", "settings.toml", "graph = { restart = 2, undated = 0.5 }", (":1: ", "graph.restart")),
        ("MM-VOC-001", "interests.toml", "x = 1", (":1: ",)),
        ("MM-VOC-002", "interests.toml", '[x]\nlabel = "Park"', (":2: ", 'write label = { en = "Park" }')),
        ("MM-VOC-002", "interests.toml", "[x]\nlabel.en = 3", (":2: ",)),
        ("MM-VOC-002", "interests.toml", '[y]\n[x]\nsynonyms.en = "park"', (":3: ", "write synonyms = {")),
        ("MM-VOC-002", "interests.toml", "[x]\nparent = 3", (":2: ",)),
        ("MM-VOC-002", "interests.toml", '[x]\nrelated = "y"\n[y]', (":2: ", 'related = ["y"]')),
        ("MM-VOC-002", "sectors.toml", '[x]\ncandidate = "no"', (":2: ", "true or false")),
        ("MM-VOC-002", "regions.toml", '[x]\nlatitude = "39.9"', (":2: ", "from -90 to 90")),
        ("MM-VOC-002", "regions.toml", "[x]\nlatitude = 39.9\nlongitude = 1164.0", (":3: ", "-180 to 180")),
        ("MM-VOC-002", "regions.toml", "[x]\nlatitude = nan", (":2: ",)),
        ("MM-VOC-003", "interests.toml", '[x]\nparent = "y"', (":2: ",)),
        ("MM-VOC-003", "rules.toml", '[[rule]]\nsector = "y"', (":2: ",)),
        ("MM-VOC-004", "interests.toml", '[x]\nparent = "x"', (":2: ",)),
        ("MM-VOC-005", "interests.toml", '["x y"]\nparnet = "z"', (":2: ", "did you mean parent?")),
    ],
)
def test_a_bad_vocabulary_or_setting_is_named_with_line_and_mend(tmp_path, code, file, content, parts):
    (tmp_path / "features").mkdir()
    (tmp_path / "features/sectors.toml").write_text("[pharma]")
    (tmp_path / "features" / file).write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(DataError, match=code) as caught:
        Domain.read(tmp_path)
    assert len(caught.value.problems) == 1
    text = str(caught.value)
    assert text.isprintable()
    for part in parts:
        assert part in text


def test_all_that_is_wrong_with_a_file_is_said_at_once(tmp_path):
    (tmp_path / "features").mkdir()
    (tmp_path / "features/settings.toml").write_text("[graph]\nrestart = 2\nundated = 2\n[weights]\nx = 1\n")
    with pytest.raises(DataError) as caught:
        Domain.read(tmp_path)
    assert [(problem.code, problem.line) for problem in caught.value.problems] == [
        ("MM-SET-007", 2),
        ("MM-SET-007", 3),
        ("MM-SET-005", 5),
    ]


def test_attributes_of_your_own_are_kept(tmp_path):
    (tmp_path / "features").mkdir()
    (tmp_path / "features/regions.toml").write_text('[x]\nlevel = "city"\nmesh = "X"\nsought_as = "y"\nnote = 3\n')
    assert set(Domain.read(tmp_path).regions.terms["x"].attributes) == {"level", "mesh", "sought_as", "note"}


def numbers(settings, prefix=""):
    """Path and value of every number in the engine's settings."""
    for key, value in settings.items():
        if isinstance(value, dict):
            yield from numbers(value, f"{prefix}{key}.")
        elif not isinstance(value, list):
            yield f"{prefix}{key}", value


NUMBERS = dict(numbers(engine_settings()))


def range_of(place):
    return RANGES.get(place) or RANGES[place.rpartition(".")[0]]


def test_every_number_of_the_engine_has_a_range_and_lies_in_it():
    for place, value in NUMBERS.items():
        low, high = range_of(place)
        assert low <= value <= high, place


@pytest.mark.parametrize("place", NUMBERS)
def test_a_number_out_of_its_range_or_not_finite_is_refused(tmp_path, place):
    (tmp_path / "features").mkdir()
    low, high = range_of(place)
    for value in (low - 1, high + 1, "nan", "inf", "-inf"):
        (tmp_path / "features/settings.toml").write_text(f"# of ours\n{place} = {value}\n")
        with pytest.raises(DataError, match=re.escape(f"settings.toml:2: {place} = {value} is not from")) as caught:
            Domain.read(tmp_path)
        assert caught.value.problems[0].code == "MM-SET-007"


@pytest.mark.parametrize("place", NUMBERS)
def test_scores_are_numbers_at_both_ends_of_every_range(tmp_path, place):
    from matchmaker.blend import Blend
    from matchmaker.dataset import Dataset

    (tmp_path / "features").mkdir()
    for name, content in {
        "organizations": "org_id,sector,city,interests,seeks\na,s,x,t,u\nb,s,y,t,\nc,r,x,,t\nd,,,,\n",
        "events": EVENTS,
        "participations": "event_id,org_id\ne,a\ne,b\nf,b\nf,c\n",
        "partnerships": "left,right,date\na,b,2020\nb,c,\nc,d,2019\n",
        "region_ties": "left,right,value\nx,y,5\n",
    }.items():
        (tmp_path / f"{name}.csv").write_text(content)
    for value in range_of(place):
        (tmp_path / "features/settings.toml").write_text(f"{place} = {value}\n")
        scores = Blend().fit(Dataset.read(tmp_path, ReadOptions(today=TODAY))).score(np.arange(4))
        assert np.isfinite(scores).all()
        assert ((scores >= 0) & (scores <= 1)).all()


def test_weights_need_their_table(tmp_path):
    (tmp_path / "weights.toml").write_text("x = 1")
    with pytest.raises(DataError, match="MM-SET-002"):
        read_weights(tmp_path / "weights.toml")


def test_an_unknown_organization_scorer_or_number_is_wrong_use():
    from matchmaker.dataset import Dataset, Organization
    from matchmaker.recommender import Recommender

    dataset = Dataset.from_frames(organizations={"org_id": ["a", "b"]})
    recommender = Recommender(dataset)
    for code, call in (
        ("MM-USE-010", lambda: dataset.row("c")),
        ("MM-USE-011", lambda: dataset.with_organization(Organization("a"))),
        ("MM-USE-012", lambda: Recommender(dataset, "oracle").match("a")),
        ("MM-USE-021", lambda: recommender.match(Organization("c", interests="vaccine"))),
        ("MM-USE-021", lambda: recommender.match(Organization("c", names="Ours"))),
        ("MM-USE-022", lambda: Recommender(dataset, weights={"text": float("nan")}).match("a")),
        ("MM-USE-013", lambda: recommender.explain("a", "a")),
        ("MM-USE-014", lambda: recommender.match("a", -1)),
    ):
        with pytest.raises(UsageError, match=code):
            call()


# --- docs/errors.md -----------------------------------------------------------------------------------------------

CODE = re.compile(r"MM-[A-Z]{3}-[0-9]{3}")


def codes_of(*paths):
    return {code for path in paths for code in CODE.findall(path.read_text("utf-8"))}


def test_every_code_is_documented_and_every_documented_code_exists():
    documented = re.findall(rf"^\| ({CODE.pattern}) ", (ROOT / "docs/errors.md").read_text("utf-8"), re.MULTILINE)
    assert len(documented) == len(set(documented))
    assert set(documented) == codes_of(*(ROOT / "matchmaker").rglob("*.py"))


def test_every_documented_code_is_raised_by_some_test():
    documented = {code for code in codes_of(ROOT / "docs/errors.md") if not code.startswith("MM-CLI")}
    assert documented - codes_of(*(ROOT / "tests").rglob("*.py")) == set()

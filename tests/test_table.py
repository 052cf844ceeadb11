"""Good tables, however strange: read as they are meant, and brought into the one form that the engine relies on."""

import csv
import datetime
import io
import random
import re
import subprocess
import sys
import unicodedata
from pathlib import Path

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from matchmaker.cell import normalized_term, number
from matchmaker.domain import Domain
from matchmaker.errors import Refusal
from matchmaker.schema import KINDS, TABLES
from matchmaker.table import LINE, ReadOptions, read_table, records
from matchmaker.tables import canonical_frames, read_tables
from matchmaker.vocabulary import Vocabulary

ROOT = Path(__file__).parent.parent
TODAY = datetime.date(2026, 1, 1)
FLAT = Domain()
PLAIN = "org_id,name_en,country\na,Alpha,CN\nb,Beta,KR\n"


def write(folder, **tables):
    for name, content in tables.items():
        (folder / f"{name}.csv").write_bytes(content if isinstance(content, bytes) else content.encode())


def read(folder, domain=FLAT, **options):
    return read_tables(folder, domain, ReadOptions(**{"today": TODAY, **options}))


WORLD = {
    "organizations": "org_id,name_en,name_ko,aliases,country,interests\nb,Beta,베타,B2;B1,KR,y; X ;x\na,Alpha,,,CN,\n",
    "events": "event_id,date,size,verified\nf,2021-05,12,no\ne,2020-01-02,,\ng,,,\n",
    "participations": "event_id,org_id,role\nf,b,Speaker\ne,b,\ne,a,speaker;host\nf,b,host\n",
    "partnerships": "left,right,date,date_precision,kind,direction,first_for_pair\n"
    "a,b,2020-06-01,month,JV,left2right,yes\n",
    "region_ties": "left,right,kind,value,date\nCN-Beijing,kr,firms,426,2020-09-30\n",
    "topics": "event_id,tag\ne,X\ne,x\n",
    "intentions": "intention_id,org_id,subject_interests\n1,,y;x\n",
}


def test_tables_come_in_the_canonical_form(tmp_path):
    write(tmp_path, **WORLD)

    frames, problems = read(tmp_path)

    assert [problem.code for problem in problems] == ["MM-TAB-015"]
    assert list(frames) == list(TABLES)
    organizations = frames["organizations"]
    assert organizations["org_id"].to_list() == ["a", "b"]
    assert organizations["interests"].to_list() == [[], ["x", "y"]]
    assert organizations["aliases"].to_list() == [[], ["B1", "B2"]]
    assert organizations["name_ko"].to_list() == [None, "베타"]
    assert "name" not in organizations.columns
    assert frames["events"].select("event_id", "date", "day", "size", "verified").rows() == [
        ("e", "2020-01-02", datetime.date(2020, 1, 2), None, True),
        ("f", "2021-05", datetime.date(2021, 5, 31), 12, False),
        ("g", None, None, None, True),
    ]
    assert frames["participations"].select("event_id", "org_id", "role").rows() == [
        ("e", "a", ["host", "speaker"]),
        ("e", "b", []),
        ("f", "b", ["host", "speaker"]),
    ]
    assert frames["partnerships"].select("day", "direction", "first_for_pair", "verified", "holdout_clean").rows() == [
        (datetime.date(2020, 6, 30), "left2right", True, True, None)
    ]
    assert frames["region_ties"].select("left", "value").rows() == [("cn-beijing", 426.0)]
    assert frames["topics"].rows() == [("e", "x")]
    assert frames["intentions"].select("org_id", "subject_interests").rows() == [(None, ["x", "y"])]


def test_missing_tables_and_columns_are_empty_ones_of_the_same_form(tmp_path):
    write(tmp_path, **WORLD)
    full, _ = read(tmp_path)
    bare, _ = canonical_frames({"organizations": {"org_id": ["a"]}}, FLAT, ReadOptions())

    for name, frame in bare.items():
        languages = [column for column in full[name].columns if column.startswith("name_")]
        assert frame.schema == full[name].drop(languages).schema
        assert frame.height == (name == "organizations")


def test_canonical_frames_are_their_own_canonical_form(tmp_path):
    write(tmp_path, **WORLD)
    frames, _ = read(tmp_path)

    again, problems = canonical_frames(frames, FLAT, ReadOptions(today=TODAY))

    assert problems == []
    for name, frame in frames.items():
        assert_frame_equal(again[name], frame)


def test_parquet_says_the_same_as_csv(tmp_path):
    write(tmp_path, **WORLD)
    frames, _ = read(tmp_path)
    other = tmp_path / "other" / "data"
    other.mkdir(parents=True)
    for name, frame in frames.items():
        frame.write_parquet(other / f"{name}.parquet")

    again, problems = read(tmp_path / "other")

    assert [problem.code for problem in problems if problem.code != "MM-CSV-002"] == []
    for name, frame in frames.items():
        assert_frame_equal(again[name], frame)


def test_frames_of_other_types_are_taken():
    frames, _ = canonical_frames(
        {
            "organizations": {
                "org_id": [1, 2],
                "first_known": [datetime.date(2020, 1, 1), None],
                "interests": [["B", "a"], None],
            },
            "events": pl.LazyFrame(
                {"event_id": ["e"], "date": [datetime.datetime(2020, 1, 1, 12)], "verified": [False]}
            ),
            "participations": pl.DataFrame(
                {"event_id": ["e"], "org_id": [1]}, schema_overrides={"event_id": pl.Categorical}
            ),
        },
        FLAT,
        ReadOptions(),
    )

    assert frames["organizations"]["org_id"].to_list() == ["1", "2"]
    assert frames["organizations"]["interests"].to_list() == [["a", "b"], []]
    assert frames["events"].select("day", "verified").row(0) == (datetime.date(2020, 1, 1), False)


# --- rows 4, 9, 10 of the error contract, and other good files --------------------------------------------------------

ODD = {
    "UTF-8 with mark": b"\xef\xbb\xbf" + PLAIN.encode(),
    "UTF-8 with two marks": b"\xef\xbb\xbf\xef\xbb\xbf" + PLAIN.encode(),
    "UTF-16": PLAIN.encode("utf-16"),
    "UTF-16 BE": b"\xfe\xff" + PLAIN.encode("utf-16-be"),
    "UTF-32": PLAIN.encode("utf-32"),
    "CRLF": PLAIN.replace("\n", "\r\n").encode(),
    "CR": PLAIN.replace("\n", "\r").encode(),
    "mixed ends": b"org_id,name_en,country\r\na,Alpha,CN\rb,Beta,KR\n",
    "Ctrl-Z": PLAIN.encode() + b"\x1a",
    "no last line end": PLAIN.rstrip().encode(),
    "blank lines": PLAIN.replace("\n", "\n\n").encode(),
    "all quoted": b'"org_id","name_en","country"\n"a","Alpha","CN"\n"b","Beta","KR"\n',
    "blanks around": "org_id,name_en,country\n a ,Alpha\u3000, CN\n\u200bb,Beta,KR\u00a0\n".encode(),
    "another order": b"country,org_id,name_en\nKR,b,Beta\nCN,a,Alpha\n",
}


@pytest.mark.parametrize("name", ODD)
def test_an_odd_but_good_file_is_read_without_a_word(tmp_path, name):
    write(tmp_path, organizations=PLAIN)
    expected, _ = read(tmp_path)
    write(tmp_path, organizations=ODD[name])

    frames, problems = read(tmp_path)

    assert problems == []
    assert_frame_equal(frames["organizations"], expected["organizations"])


@pytest.mark.parametrize("encoding", ["cp949", "gb18030", "big5", "shift_jis", "utf-16-le", "utf-7"])
def test_an_encoding_that_is_named_is_taken_exactly(tmp_path, encoding):
    write(tmp_path, organizations="org_id,name\na,中日\n".encode(encoding))
    frames, problems = read(tmp_path, encoding=encoding)
    assert problems == []
    assert frames["organizations"]["name"].to_list() == ["中日"]


def test_a_preamble_is_skipped_where_that_is_asked_for(tmp_path):
    write(tmp_path, organizations='Members, "2024\n\norg_id,name\na,A\n,B\n')
    with pytest.raises(Exception, match=re.escape("organizations.csv:5:1: org_id is blank")):
        read(tmp_path, skip_rows=2)


def test_lines_are_skipped_only_in_tables_that_do_not_begin_with_their_header(tmp_path):
    write(
        tmp_path,
        organizations="Members\n\norg_id,name\na,A\n",
        events="event_id;date\ne;2020\nf;2021\ng;2022\n",
    )

    frames, problems = read(tmp_path, skip_rows=2)

    assert [problem.code for problem in problems] == ["MM-CSV-009"]
    assert frames["organizations"]["name"].to_list() == ["A"]
    assert frames["events"]["event_id"].to_list() == ["e", "f", "g"]


def test_of_two_headers_the_one_after_the_skipped_lines_is_taken(tmp_path):
    write(tmp_path, organizations="org_id,name\nid,name_en\na,A\n")
    assert read(tmp_path, skip_rows=1)[0]["organizations"]["name_en"].to_list() == ["A"]


def test_extra_columns_and_files_are_silent_where_they_are_allowed(tmp_path):
    write(tmp_path, organizations="org_id,fax\na,1\n", notes="x\n")
    assert len(read(tmp_path)[1]) == 2
    assert read(tmp_path, allow_extra=True)[1] == []


def test_the_data_folder_of_a_domain_or_a_bare_folder_is_taken(tmp_path):
    (tmp_path / "data").mkdir()
    write(tmp_path / "data", organizations=PLAIN)
    assert read(tmp_path)[0]["organizations"].height == read(tmp_path / "data")[0]["organizations"].height == 2


# --- between tables ---------------------------------------------------------------------------------------------------


def test_a_date_that_may_lie_behind_does_not_lie_ahead(tmp_path):
    write(
        tmp_path,
        organizations=PLAIN,
        events="event_id,date,date_precision\ne,2026,\nf,2026-12-31,year\ng,2026-01,\nh,2027,before\n",
        participations="event_id,org_id\ne,a\nf,a\ng,a\nh,a\n",
        partnerships="left,right,date,date_precision\na,b,2026,\na,b,2026-06-30,approximate\na,b,2026-01-31,month\n",
    )

    frames, problems = read(tmp_path)

    assert problems == []
    assert frames["events"]["day"].max() == datetime.date(2027, 12, 31)


def test_an_agreement_stated_from_both_sides_is_one(tmp_path):
    write(
        tmp_path,
        organizations=PLAIN,
        partnerships=(
            "left,right,date,kind,direction,subject_interests,verified,partnership_id\n"
            "a,b,2020,JV,left2right,x,no,p1\nb,a,2020,JV,right2left,y,yes,p2\n"
            "a,b,2021,JV,left2right,x,,p3\nb,a,2021,JV,left2right,,,p4\na,b,2021,MoU,,,,p5\n"
        ),
    )

    frames, problems = read(tmp_path)

    assert [problem.code for problem in problems] == ["MM-REF-003"]
    columns = ["left", "right", "date", "kind", "direction", "subject_interests", "verified", "partnership_id"]
    assert frames["partnerships"].select(columns).rows() == [
        ("a", "b", "2020", "JV", "left2right", ["x", "y"], True, "p1"),
        ("a", "b", "2021", "JV", "mutual", ["x"], True, "p3"),
        ("a", "b", "2021", "MoU", "mutual", [], True, "p5"),
    ]


def test_unknown_identifiers_that_are_allowed_are_dropped_and_optional_ones_blanked(tmp_path):
    write(
        tmp_path,
        organizations=PLAIN,
        events="event_id\ne\n",
        participations="event_id,org_id\ne,a\ne,zz\nyy,a\n",
        partnerships="left,right,event_id\na,b,yy\na,zz,e\n",
    )

    frames, problems = read(tmp_path, allow_unknown=True)

    assert {problem.code for problem in problems} == {"MM-REF-001"}
    assert len(problems) == 4
    assert frames["participations"].select("event_id", "org_id").rows() == [("e", "a")]
    assert frames["partnerships"].select("left", "right", "event_id").rows() == [("a", "b", None)]


def test_terms_are_spelled_as_their_vocabulary_does(tmp_path):
    domain = Domain(interests=Vocabulary.flat(("AI-drug", "x")), sectors=Vocabulary.flat(("Pharma",)))
    write(tmp_path, organizations="org_id,sector,interests\na,PHARMA,X;ai-Drug\n")
    frames, problems = read(tmp_path, domain)
    assert problems == []
    assert frames["organizations"].select("sector", "interests").row(0) == ("Pharma", ["AI-drug", "x"])


def test_thousands_are_taken_only_where_the_decimal_mark_is_said():
    assert isinstance(number("1,234.5", None), Refusal)
    assert number("1,234.5", ".") == 1234.5
    assert number("1.234,5", ",") == 1234.5
    assert str(number("-0", None)) == "0.0"


# --- properties -------------------------------------------------------------------------------------------------------

SLOWLY = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
CELLS = st.text(st.sampled_from('ab,;"\n 한\u200b'), max_size=6)


@given(st.lists(st.lists(CELLS, min_size=1, max_size=4), min_size=1, max_size=8), st.sampled_from(",;\t|"))
def test_records_and_their_lines_are_those_of_the_csv_module(rows, delimiter):
    target = io.StringIO()
    writer = csv.writer(target, delimiter=delimiter, lineterminator="\n")
    starts, expected = [], []
    for row in rows:
        start = target.getvalue().count("\n") + 1
        writer.writerow(row)
        starts.append(start)
        expected.append(row)
    assert list(records(target.getvalue(), delimiter)) == list(zip(starts, expected, strict=True))


@SLOWLY
@given(st.lists(CELLS, min_size=1, max_size=6), st.sampled_from(["\n", "\r\n", "\r"]))
def test_lines_are_those_where_the_records_start(tmp_path, names, end):
    path = tmp_path / "organizations.csv"
    records = ["org_id,name"] + [
        f'id{number},"{name.replace(chr(34), chr(34) * 2)}"' for number, name in enumerate(names)
    ]
    path.write_bytes("\n".join(records).replace("\n", end).encode())
    starts = [1 + sum(record.count("\n") + 1 for record in records[:number]) for number in range(1, len(records))]

    sheet, _ = read_table(path, TABLES["organizations"], ReadOptions())

    assert sheet.frame[LINE].to_list() == starts


@given(st.text())
def test_normal_terms_are_normal_and_blind_to_composition_case_and_blanks(text):
    normal = normalized_term(text)
    assert normalized_term(normal) == normal
    assert normalized_term(unicodedata.normalize("NFD", text)) == normalized_term(unicodedata.normalize("NFC", text))
    assert normalized_term(f"  {text} ") == normal


@SLOWLY
@given(st.randoms(use_true_random=False))
def test_the_order_of_rows_columns_and_tags_changes_nothing(tmp_path, shuffler):
    write(tmp_path, **WORLD)
    expected, _ = read(tmp_path)
    for name, content in WORLD.items():
        rows = list(csv.reader(io.StringIO(content)))
        order = shuffler.sample(range(len(rows[0])), len(rows[0]))
        body = shuffler.choices(rows[1:], k=2) + rows[1:]
        shuffler.shuffle(body)
        shuffled = [[row[index] for index in order] for row in [rows[0], *body]]
        shuffled[1:] = [[_shuffled_tags(cell, shuffler) for cell in row] for row in shuffled[1:]]
        with (tmp_path / f"{name}.csv").open("w", newline="") as target:
            csv.writer(target).writerows(shuffled)

    frames, _ = read(tmp_path)

    for name, frame in expected.items():
        assert_frame_equal(frames[name], frame)


def _shuffled_tags(cell, shuffler):
    tags = cell.split(";")
    return " ; ".join(shuffler.sample(tags, len(tags)) + tags[:1]) if len(tags) > 1 else cell


# --- docs/format.md, imports, speed -----------------------------------------------------------------------------------


def as_markdown(table):
    lines = [
        f"### `{table.name}`" + (" (required)" if table.required else ""),
        "",
        table.doc,
        "",
        "| column | holds | |",
        "|---|---|---|",
    ]
    for column in table.columns:
        if column.kind != "unused":
            name = f"**`{column.name}`**" if column.required else f"`{column.name}`"
            of = f" of {column.vocabulary}" if column.vocabulary else f" to {column.table}" if column.table else ""
            also = f" (also `{'`, `'.join(column.headers)}`)" if column.headers else ""
            lines.append(f"| {name} | {column.kind}{of} | {column.doc}{also} |")
    return "\n".join(lines)


@pytest.mark.parametrize("name", TABLES)
def test_the_page_on_the_format_says_what_the_schema_says(name):
    page = (ROOT / "docs/format.md").read_text("utf-8")
    assert as_markdown(TABLES[name]) in page
    assert page.count("\n### ") == len(TABLES)


def test_every_kind_of_cell_is_explained_on_the_page():
    page = (ROOT / "docs/format.md").read_text("utf-8")
    for kind, meaning in KINDS.items():
        if kind != "unused":
            assert f"* `{kind}`: {meaning}" in page


def test_reading_tables_imports_neither_scipy_nor_rapidfuzz_nor_charset_normalizer(tmp_path):
    write(tmp_path, **WORLD)
    program = (
        "import sys\nfrom matchmaker.domain import Domain\nfrom matchmaker.tables import ReadOptions, read_tables\n"
        f"read_tables({str(tmp_path)!r}, Domain(), ReadOptions())\n"
        "costly = 'scipy', 'sklearn', 'networkx', 'pandas', 'rapidfuzz', 'charset_normalizer'\n"
        "print([name for name in costly if name in sys.modules])"
    )
    answer = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, cwd=ROOT)
    assert answer.stdout.strip() == "[]"


def test_a_large_world_is_read_in_seconds(tmp_path):
    chance = random.Random(1)
    write(
        tmp_path,
        organizations="org_id,name_en,interests\n"
        + "".join(f'o{i},"Name, {i}",t{i % 90};u{i % 7}\n' for i in range(20_000)),
        events="event_id,date\n" + "".join(f"e{i},20{i % 24:02}-0{i % 9 + 1}\n" for i in range(5_000)),
        participations="event_id,org_id\n"
        + "".join(f"e{chance.randrange(5_000)},o{chance.randrange(20_000)}\n" for _ in range(200_000)),
    )
    started = datetime.datetime.now()
    frames, _ = read(tmp_path)
    assert frames["participations"].height > 190_000
    assert (datetime.datetime.now() - started).total_seconds() < 20

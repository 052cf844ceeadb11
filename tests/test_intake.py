"""Files that people send: read as they are meant, all that was decided said, and refused where two ways are open."""

import contextlib
import gzip
import io
import json
import sqlite3
import zipfile

import openpyxl
import polars as pl
import pytest
import xlsxwriter

from matchmaker.bundled import bundled
from matchmaker.dataset import Dataset
from matchmaker.domain import Domain
from matchmaker.errors import DataError, MatchmakerError, UsageError
from matchmaker.intake import IntakeOptions, read_sources
from matchmaker.intake.form import TEMPLATE, choices, corrected_copy, template
from matchmaker.intake.heading import meaning
from matchmaker.intake.identifier import made_identifier
from matchmaker.intake.term import CountryReader, Reading, TermReader
from matchmaker.schema import ORGANIZATIONS, TABLES
from tests.workbooks import FORMATS

KOREAN = [
    ["번호", "기업명", "영문명", "소재지", "업종", "주요품목", "희망 협력분야", "담당자 이메일"],
    ["1", "(주)한미약품", "Hanmi Pharm", "서울특별시 송파구", "제약사", "항바이러스제, 백신", "기술이전", "a@b.kr"],
    ["2", "㈜제넥신", "Genexine", "경기도 성남시", "바이오벤처", "줄기세포치료제", "기술이전", "c@d.kr"],
]
CHINESE = (
    "单位名称,所在地,所属行业,主要产品\n"
    "北京恒瑞生物科技有限公司,上海市,生物科技公司,疫苗\n"
    "山东绿叶制药集团,山东省,制药企业,疫苗、抗病毒药物\n"
)


@pytest.fixture(scope="module")
def domain():
    return Domain.read()


@pytest.fixture
def read(tmp_path, domain):
    """Write a file and read it."""

    def write_and_read(content, name="table.csv", **options):
        known = options.pop("known", None)
        path = tmp_path / name
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return read_sources([path], domain=domain, options=IntakeOptions(**options), known=known)

    return write_and_read


def workbook(sheets, draw=None, **options):
    target = io.BytesIO()
    with xlsxwriter.Workbook(target, {"in_memory": True, **options}) as book:
        for name, rows in sheets.items():
            sheet = book.add_worksheet(name)
            for number, row in enumerate(rows):
                sheet.write_row(number, 0, row)
            if draw:
                draw(book, sheet)
    return target.getvalue()


def codes(intake, *, warning=None):
    return {problem.code for problem in intake.problems if warning in (None, problem.warning)}


def cells(intake, column, table="organizations"):
    return intake.tables[table][column].to_list()


# --- a Korean list from Excel -------------------------------------------------------------------------------------


def test_a_korean_list_under_a_merged_title_becomes_organizations(read):
    def title(book, sheet):
        sheet.merge_range("A1:H1", "2024 바이오 상담회 참가기업")

    content = workbook({"참가기업": [[], [], *KOREAN, ["합계", "2개사"]]}, title)
    intake = read(content, "list.xlsx")
    assert intake.errors == []
    assert cells(intake, "name_ko") == ["(주)한미약품", "㈜제넥신"]
    assert cells(intake, "name_en") == ["Hanmi Pharm", "Genexine"]
    assert cells(intake, "city") == ["kr-seoul", "kr-seongnam"]
    assert cells(intake, "region") == ["kr-seoul", "kr-gyeonggi"]
    assert cells(intake, "country") == ["KR", "KR"]
    assert cells(intake, "sector") == ["pharma", "biotech"]
    assert cells(intake, "offers") == ["antiviral-drug;vaccine", "stem-cell-therapy"]
    assert intake.places("organizations").to_list()[1].endswith("list.xlsx!참가기업!row 5")
    assert intake.recognized[0].heading_rows == (3,)
    assert ("B: 기업명", "name") in intake.recognized[0].columns


def test_what_intake_gives_is_a_dataset(read, domain):
    intake = read(workbook({"참가기업": KOREAN}), "list.xlsx")
    assert len(Dataset.from_frames(domain=domain, **intake.tables)) == 2


def test_columns_of_persons_are_counted_and_not_taken(read):
    intake = read(workbook({"참가기업": KOREAN}), "list.xlsx")
    told = [problem for problem in intake.problems if problem.code == "MM-PER-001"]
    assert "2 cells" in told[0].message
    assert "a@b.kr" not in str(intake.tables) + str(intake.problems) + str(intake.recognized)


def test_an_address_in_a_description_is_left_out_and_told(read):
    intake = read("name,country,description\nA,KR,we make drugs\nB,KR,write to kim@b.kr today\nC,KR,more\n")
    assert cells(intake, "description") == ["we make drugs", "write to   today", "more"]
    assert "MM-PER-002" in codes(intake)


def test_no_row_is_lost(read):
    rows = [["기업명", "분야"], *([f"회사{k}", "백신" if k % 3 else None] for k in range(200))]
    intake = read(workbook({"a": rows}), "list.xlsx", country="KR")
    assert len(cells(intake, "org_id")) == len(set(cells(intake, "org_id"))) == 200


def test_a_chinese_list_in_its_own_encoding(read):
    intake = read(CHINESE.encode("gb18030"), "list.csv")
    assert intake.errors == []
    assert cells(intake, "name_zh") == ["北京恒瑞生物科技有限公司", "山东绿叶制药集团"]
    assert cells(intake, "country") == ["CN", "CN"]
    assert cells(intake, "offers")[1] == "vaccine;antiviral-drug"
    assert intake.recognized[0].encoding == "gb18030"
    assert "MM-CSV-014" in codes(intake)


def test_tables_of_a_domain_come_through_intake_unchanged(domain):
    known = Dataset.read()
    intake = read_sources(sorted(bundled("data").glob("*.csv")), domain=domain)
    assert intake.errors == []
    assert Dataset.from_frames(domain=domain, **intake.tables).digest == known.digest


# --- headings -----------------------------------------------------------------------------------------------------


def test_two_rows_of_headings_are_read_as_one(read):
    rows = [["회사명", "", "소재지", "분야"], ["국문", "영문", "", ""], ["한미약품", "Hanmi", "서울", "백신"]]
    intake = read(workbook({"a": rows}, lambda _, sheet: sheet.merge_range("A1:B1", "회사명")), "a.xlsx")
    assert (cells(intake, "name_ko"), cells(intake, "name_en")) == (["한미약품"], ["Hanmi"])


def test_a_heading_that_is_nearly_known_is_offered(read):
    intake = read("name,country,cooperation reqest\nA,KR,x\n")
    told = [problem for problem in intake.problems if problem.code == "MM-TAB-004"]
    assert "cooperationrequest (seeks)" in told[0].fix


def test_a_sheet_without_a_known_heading_is_refused_with_its_beginning(read):
    with pytest.raises(DataError, match=r"MM-TAB-022.*alpha"):
        read("alpha,beta\n1,2\n")


def test_a_missing_column_is_named(read):
    with pytest.raises(DataError, match=r"MM-TAB-001.*no column org_id.*call a column name"):
        read("country,sector\nKR,pharma\n")


def test_a_list_and_its_names_may_come_in_any_order_of_columns(read):
    first = read("name,country,sector\nA,KR,pharma\n", "a.csv")
    second = read("sector,name,country\npharma,A,KR\n", "b.csv")
    assert first.tables["organizations"].equals(
        second.tables["organizations"].select(first.tables["organizations"].columns)
    )


# --- workbooks ----------------------------------------------------------------------------------------------------


def test_several_sheets_are_named_and_one_is_taken_when_asked_for(read):
    content = workbook({"한국": KOREAN, "중국": KOREAN})
    with pytest.raises(DataError, match=r'MM-XLS-003.*"한국", "중국"'):
        read(content, "a.xlsx")
    assert read(content, "a.xlsx", sheet="한국").recognized[0].sheet == "한국"
    with pytest.raises(DataError, match=r'MM-XLS-003.*no sheet is called "일본"'):
        read(content, "a.xlsx", sheet="일본")


def test_a_sheet_without_a_table_does_not_stand_in_the_way(read):
    intake = read(workbook({"안내": [["작성 요령"], ["빈칸 없이"]], "명단": KOREAN}), "a.xlsx")
    assert intake.recognized[0].sheet == "명단"


def test_sheets_that_bear_the_names_of_tables_are_all_taken(read):
    sheets = {
        "organizations": [["id", "name", "country"], ["a", "A", "KR"], ["b", "B", "CN"]],
        "events": [["id", "title", "date"], ["e", "Forum", "2024-05-01"]],
        "participations": [["event", "company"], ["Forum", "A"], ["e", "b"]],
    }
    intake = read(workbook(sheets), "a.xlsx")
    assert intake.errors == []
    assert intake.tables["participations"].select("event_id", "org_id").rows() == [("e", "a"), ("e", "b")]
    assert "MM-REF-006" in codes(intake)


def test_a_date_cell_is_a_day_in_both_systems_of_excel(read):
    for system in (False, True):
        target = io.BytesIO()
        with xlsxwriter.Workbook(target, {"in_memory": True, "date_1904": system}) as book:
            sheet = book.add_worksheet("events")
            sheet.write_row(0, 0, ["title", "date"])
            sheet.write_string(1, 0, "Forum")
            sheet.write_datetime(
                1, 1, __import__("datetime").datetime(2024, 7, 28), book.add_format({"num_format": "yyyy-mm-dd"})
            )
        assert cells(read(target.getvalue(), "a.xlsx"), "date", "events") == ["2024-07-28"]


def strange(book, sheet):
    sheet.write_formula(2, 1, "=NA()", None, "#N/A")
    sheet.set_row(3, None, None, {"hidden": True})
    sheet.merge_range("C2:C3", "KR")


def test_strange_cells_of_a_workbook_are_told_with_their_place(read):
    rows = [["company id", "company name", "country"], ["7", "A", "KR"], ["12", "B", "KR"], ["123", "C", "KR"]]
    intake = read(workbook({"참가": rows}, strange), "a.xlsx")
    assert {"MM-XLS-004", "MM-XLS-005", "MM-XLS-007", "MM-XLS-008"} <= codes(intake)
    error = next(problem for problem in intake.problems if problem.code == "MM-XLS-004")
    assert error.where.endswith("a.xlsx!참가!B3")
    assert cells(intake, "country") == ["KR", "KR", "KR"]


@pytest.mark.parametrize("form", ["xls", "xlsb", "ods"])
def test_a_workbook_that_does_not_tell_of_hidden_rows_is_said_to_be_one(read, form):
    assert "MM-XLS-009" in codes(read(FORMATS[form]({"a": KOREAN}), f"a.{form}"))


def test_a_formula_without_a_saved_value_is_refused_with_its_cell(read):
    book = openpyxl.Workbook()
    book.active.append(["name", "country"])
    book.active.append(["=A1", "KR"])
    target = io.BytesIO()
    book.save(target)
    intake = read(target.getvalue(), "a.xlsx")
    assert [problem.where.rpartition("!")[2] for problem in intake.errors if problem.code == "MM-XLS-006"] == ["A2"]


def test_a_table_need_not_begin_in_the_first_column(read):
    content = workbook({"a": [[], [], [None, None, "기업명", "국가"], [None, None, "한미", "모름"]]})
    intake = read(content, "a.xlsx")
    assert next(problem for problem in intake.errors).where.endswith("a.xlsx!a!D4")
    assert "MM-REF-005" in codes(intake)


def test_a_workbook_that_is_protected_damaged_or_too_large_is_refused(read):
    secret = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600) + "EncryptedPackage".encode("utf-16-le") + bytes(600)
    with pytest.raises(DataError, match="MM-XLS-002"):
        read(secret, "a.xlsx")
    good = workbook({"a": KOREAN})
    with pytest.raises(DataError, match="MM-XLS-001"):
        read(repacked(good, "xl/worksheets/sheet1.xml", b"<broken"), "a.xlsx")
    with pytest.raises(DataError, match="MM-LIM-007"):
        read(repacked(good, "xl/worksheets/sheet1.xml", b" " * (201 * 2**20)), "a.xlsx")


def test_entities_in_a_workbook_are_refused(read):
    good = workbook({"a": KOREAN})
    with pytest.raises(DataError, match="declares entities"):
        read(
            repacked(good, "xl/sharedStrings.xml", b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "b">]><sst/>'),
            "a.xlsx",
        )


def repacked(data, part, content):
    target = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            new.writestr(name, content if name == part else old.read(name))
    return target.getvalue()


# --- other formats ------------------------------------------------------------------------------------------------


def test_the_same_table_in_every_format_is_the_same(read, tmp_path):
    header, *rows = [["name", "country", "sector"], ["Hanmi", "KR", "pharma"], ["Hengrui", "CN", "pharma"]]
    text = "\n".join(",".join(row) for row in (header, *rows)) + "\n"
    records = [dict(zip(header, row, strict=True)) for row in rows]
    parquet = io.BytesIO()
    pl.DataFrame(records).write_parquet(parquet)
    database = tmp_path / "made.sqlite"
    with contextlib.closing(sqlite3.connect(database)) as connection, connection:
        connection.execute("create table list (name text, country text, sector text)")
        connection.executemany("insert into list values (?, ?, ?)", rows)
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as packed:
        packed.writestr("../../a.csv", text)
    made = {
        "a.csv": text,
        "a.tsv": text.replace(",", "\t"),
        "b.csv": text.replace(",", ";"),
        "a.csv.gz": gzip.compress(text.encode()),
        "a.zip": archive.getvalue(),
        "a.json": json.dumps(records),
        "a.jsonl": "\n".join(map(json.dumps, records)),
        "a.parquet": parquet.getvalue(),
        "a.xlsx": workbook({"a": [header, *rows]}),
        "a.sqlite": database.read_bytes(),
    }
    tables = {name: read(content, name).tables["organizations"] for name, content in made.items()}
    assert all(table.equals(tables["a.csv"]) for table in tables.values())


JSON = [
    ("MM-JSN-001", '[{"name": "A",}]', "line 1"),
    ("MM-JSN-001", "[" * 100_000, "nested too deeply"),
    ("MM-JSN-002", "{}", "holds no table"),
    ("MM-JSN-002", "[1]", r"\$\[0\]"),
    ("MM-JSN-002", '[{"name": "A", "x": {"a": {"b": 1}}}]', r"\$\[0\]\.x"),
    ("MM-JSN-003", '[{"name": "A", "name": "B"}]', 'the key "name" stands twice'),
    ("MM-JSN-003", '[{"name": NaN}]', "NaN"),
    ("MM-JSN-003", '[{"name": "\\ud800"}]', "half of a character"),
    ("MM-JSN-003", '[{"size": ' + "9" * 5000 + "}]", "5,000 digits"),
]


@pytest.mark.parametrize(("code", "text", "said"), JSON)
def test_json_that_is_no_table_is_refused(read, code, text, said):
    with pytest.raises(DataError, match=rf"{code}.*{said}" if said != "line 1" else rf"{code}.*:1:"):
        read(text, "a.json")


def test_a_single_record_is_a_table_of_one_row(read):
    assert cells(read('{"name": "A", "country": "KR", "interests": ["백신"]}', "a.jsonl"), "interests") == ["vaccine"]


def test_json_lines_are_told(read):
    assert "MM-JSN-004" in codes(read('{"name": "A", "country": "KR"}\n{"name": "B", "country": "KR"}\n', "a.json"))


def test_archives_are_opened_only_where_one_table_is_in_them(read):
    with pytest.raises(DataError, match="MM-ZIP-001"):
        read(gzip.compress(b"name\nA\n")[:-6], "a.csv.gz")
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as packed:
        packed.writestr("a.csv", "name\nA\n")
        packed.writestr("b.csv", "name\nA\n")
    with pytest.raises(DataError, match=r"MM-ZIP-002.*2 files"):
        read(archive.getvalue(), "a.zip")


def test_a_frame_that_would_not_fit_is_refused_by_its_size(read):
    target = io.BytesIO()
    pl.DataFrame({"name": pl.repeat(1, 2_000_000, dtype=pl.Int8, eager=True)}).write_parquet(target)
    with pytest.raises(DataError, match=r"MM-LIM-008.*--max-memory"):
        read(target.getvalue(), "a.parquet", max_memory=40 * 2**20)


def test_a_database_is_read_and_its_password_never_told(domain, tmp_path):
    with pytest.raises(DataError, match="MM-SQL-001") as refusal:
        read_sources(["postgresql://user:geheim@127.0.0.1:1/x?table=t"], domain=domain)
    assert "geheim" not in str(refusal.value) + repr(refusal.value.__context__)
    path = tmp_path / "a.sqlite"
    with contextlib.closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("create table list (name text)")
        connection.execute("create table other (name text)")
        connection.execute("insert into list values ('A')")
    with pytest.raises(DataError, match=r'MM-SQL-002.*"list", "other"'):
        read_sources([f"sqlite:///{path}?table=none"], domain=domain)
    intake = read_sources([f"sqlite:///{path}?table=list"], domain=domain)
    assert cells(intake, "name_en") == ["A"]
    with pytest.raises(UsageError, match="MM-USE-005"):
        read_sources(["mysql://host/x"], domain=domain)


# --- terms --------------------------------------------------------------------------------------------------------

CELLS = [
    ("백신, 항바이러스제", "vaccine;antiviral-drug"),
    ("疫苗、抗病毒药物", "vaccine;antiviral-drug"),
    ("vaccine / antiviral drugs", "vaccine;antiviral-drug"),
    ("백신·항바이러스제", "vaccine;antiviral-drug"),
    ("Vaccine\nStem cell therapy", "vaccine;stem-cell-therapy"),
    ("백신 및 줄기세포치료제", "vaccine;stem-cell-therapy"),
    ("백신 | 疫苗 | Vaccine", "vaccine"),
]


@pytest.mark.parametrize(("text", "terms"), CELLS)
def test_cells_of_terms_are_read_in_three_languages_with_any_separator(domain, text, terms):
    assert ";".join(TermReader(domain.interests, "interest").read(text).terms) == terms


def test_an_unknown_term_is_refused_with_its_cell_and_the_nearest(read):
    intake = read("name,country,interests\nA,KR,백신\nB,KR,백싄\n")
    (error,) = intake.errors
    assert (error.code, error.line, error.column) == ("MM-REF-004", 3, 3)
    assert "백싄" in error.message
    assert "vaccine" in error.message


def test_words_that_mention_terms_are_told_and_kept(read):
    intake = read("name,country,interests\nA,KR,차세대 백신 공동 개발 희망\n")
    assert "vaccine" in cells(intake, "interests")[0]
    assert cells(intake, "description") == ["interests: 차세대 백신 공동 개발 희망"]
    assert "MM-TAB-019" in codes(intake)


def test_words_that_are_no_slip_of_the_pen_are_kept_and_told(read):
    intake = read("name,country,sector,seeks\nA,KR,우주 항공,寻找代理;백신\n")
    assert (cells(intake, "sector"), cells(intake, "seeks")) == ([None], ["vaccine"])
    assert cells(intake, "description") == ["sector: 우주 항공; seeks: 寻找代理;백신"]
    assert [problem.code for problem in intake.problems].count("MM-TAB-023") == 2


@pytest.mark.parametrize(
    ("text", "sector"),
    [("제약", "pharma"), ("바이오", "biotech"), ("生物医药", "biotech"), ("Pharmaceuticals", "pharma")],
)
def test_a_sector_is_known_without_the_word_for_company(domain, text, sector):
    assert TermReader(domain.sectors, "sector", short=True).read_one(text).terms == (sector,)


def test_a_sector_among_interests_is_taken_as_what_it_is(read):
    intake = read("기업명,분야,소재지\n가나,제약,서울\n다라,백신,서울\n")
    assert cells(intake, "sector") == ["pharma", None]
    assert cells(intake, "interests") == [None, "vaccine"]


def test_of_two_places_beside_each_other_the_one_around_both_is_taken(read):
    assert cells(read("name,city\nA,충북 청주시 오송읍\n"), "city") == ["kr-chungbuk"]
    assert "MM-REF-004" in codes(read("name,city\nA,서울 and 北京\n"))


def test_a_million_terms_in_a_cell_are_refused_by_the_limit(read):
    intake = read("name,country,interests\nA,KR," + '"' + "x;" * 1_000_000 + '"\n')
    assert [error.code for error in intake.errors] == ["MM-LIM-005"]
    assert "--max-tags" in intake.errors[0].fix


def test_every_choice_of_the_template_means_its_term(domain):
    for name, one in (("sector", True), ("city", True), ("interests", False)):
        column = ORGANIZATIONS.column(name)
        vocabulary = getattr(domain, column.vocabulary)
        reader = TermReader(vocabulary, name)
        for term, text in zip(vocabulary.terms, choices(ORGANIZATIONS, name, domain), strict=True):
            assert (reader.read_one if one else reader.read)(text) == Reading((term,)), text


def test_countries_are_known_by_code_and_by_name_in_three_languages(domain):
    reader = CountryReader(domain)
    asked = ["KR", "한국", "대한민국", "South Korea", "韩国", "China", "中国", "중국", "JP"]
    assert [reader.read(text) for text in asked] == ["KR"] * 5 + ["CN"] * 3 + ["JP"]


# --- identifiers and twins ----------------------------------------------------------------------------------------


def test_identifiers_are_made_from_names_alone(read):
    assert made_identifier("(주)한미약품") == made_identifier("한미약품 주식회사")
    assert made_identifier("한미약품") != made_identifier("한미약풍")
    intake = read("name,country\nHanmi Pharm,KR\n한미,KR\n")
    assert "MM-TAB-021" in codes(intake)
    assert cells(intake, "org_id")[0] == "hanmi-pharm"


def test_twins_and_near_twins_are_told(read):
    names = ["Hanmi Pharm Co., Ltd.", "Hanmi Pharm", "Samsung Biologics", "Samsung Biologic"]
    intake = read("id,name,country\n" + "".join(f'{k},"{name}",KR\n' for k, name in enumerate(names)))
    twin, near = (problem for problem in intake.problems if problem.code.startswith("MM-TWN"))
    assert (twin.code, twin.line, near.code) == ("MM-TWN-001", 3, "MM-TWN-002")
    assert "Samsung Biologics" in near.message


def test_who_is_known_already_keeps_the_known_identifier(read):
    known = Dataset.read()
    intake = read("기업명,국가\n한미약품(주),KR\n없는회사이름,KR\n", known=known)
    assert cells(intake, "org_id")[0] == known.ids[known.row("hanmi")]
    assert "MM-TWN-003" in codes(intake)
    told = read("id,name,country\nmine,한미약품,KR\n", known=known)
    assert "MM-TWN-001" in codes(told)


def test_near_twins_are_not_looked_for_among_too_many_and_this_is_told(read, monkeypatch):
    monkeypatch.setattr("matchmaker.intake.twin.MOST_COMPARED", 2)
    assert "MM-TWN-004" in codes(read("name,country\nA,KR\nB,KR\nC,KR\n"))


def test_a_name_that_no_organization_has_is_refused_in_a_reference(read):
    intake = read("event,company\nForum,Nobody Ltd\n", table="participations", known=Dataset.read())
    assert {"MM-REF-001"} <= codes(intake, warning=False)


def test_organizations_without_a_country_are_told(read):
    assert "MM-TAB-020" in codes(read("name\nA\n"))
    assert cells(read("name\nA\n", country="KR"), "country") == ["KR"]


# --- forms --------------------------------------------------------------------------------------------------------


def test_the_headings_of_the_template_mean_their_columns():
    assert {name: meaning(text, ORGANIZATIONS) for name, (text, _) in TEMPLATE.items()} == {
        name: name for name in TEMPLATE
    }


def test_the_example_of_the_template_is_not_taken_and_what_is_filled_in_is(read, domain):
    book = openpyxl.load_workbook(io.BytesIO(template(domain)))
    sheet = book["participants"]
    assert len(sheet.data_validations.dataValidation) >= 6
    for position, text in {2: "새회사", 5: "KR", 7: next(choices(ORGANIZATIONS, "sector", domain))}.items():
        sheet.cell(3, position, text)
    target = io.BytesIO()
    book.save(target)
    intake = read(target.getvalue(), "participants.xlsx")
    assert intake.errors == []
    assert cells(intake, "name_ko") == ["새회사"]
    assert "MM-TAB-018" in codes(intake)


def test_a_corrected_copy_is_read_without_error_once_it_is_corrected(read, domain):
    wrong = "번호,기업명,국가,분야\n1,한미약품,KR,백싄\n2,제넥신,KR,백신\n3,=cmd|x,KR,백신\n"
    intake = read(wrong)
    assert len(intake.errors) == 1
    book = openpyxl.load_workbook(io.BytesIO(corrected_copy(intake, domain)))
    sheet = book.worksheets[0]
    assert "백싄" in sheet["A2"].value
    assert sheet["A3"].value is None
    assert sheet["E2"].fill.start_color.rgb != sheet["E3"].fill.start_color.rgb
    assert sheet["C4"].data_type == "s"
    sheet["E2"] = "백신"
    target = io.BytesIO()
    book.save(target)
    again = read(target.getvalue(), "table.problems.xlsx")
    assert again.errors == []
    columns = ["name_ko", "country", "interests"]
    assert again.tables["organizations"].select(columns).rows()[:2] == [
        ("한미약품", "KR", "vaccine"),
        ("제넥신", "KR", "vaccine"),
    ]


def test_only_errors_that_a_user_can_mend_are_raised(read):
    with pytest.raises(MatchmakerError):
        read("")
    assert set(read("name\nA\n").tables) <= set(TABLES)


def test_a_name_beside_another_of_its_language_becomes_an_alias(read):
    intake = read("기업명,영문명,국가\nHanmi,Hanmi Pharm,KR\n한미약품,Hanmi Pharm,KR\n", country="KR")
    assert cells(intake, "name_en") == ["Hanmi Pharm", "Hanmi Pharm"]
    assert cells(intake, "aliases") == ["Hanmi", None]


def test_unknown_names_in_references_are_skipped_when_allowed(read):
    intake = read("event,company\ne,Nobody Ltd\n", table="participations", known=Dataset.read(), allow_unknown=True)
    assert intake.tables["participations"].height == 0
    assert "MM-REF-001" in codes(intake, warning=True)

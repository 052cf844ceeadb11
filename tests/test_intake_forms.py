"""Lists as people send them: in what encodings, in which workbooks, and under which headings."""

import csv
from contextlib import suppress
from pathlib import Path

import pytest

from matchmaker.domain import Domain
from matchmaker.errors import DataError
from matchmaker.intake import IntakeOptions, read_sources
from matchmaker.intake.encoding import likely_encodings
from matchmaker.intake.heading import meaning, possible_headings
from matchmaker.schema import ORGANIZATIONS
from tests.workbooks import FORMATS

HEADINGS = list(csv.DictReader((Path(__file__).parent / "headings.csv").read_text("utf-8").splitlines()))


@pytest.fixture(scope="module")
def domain():
    return Domain.read()


@pytest.fixture
def read(tmp_path, domain):
    def write_and_read(content, name, **options):
        (tmp_path / name).write_bytes(content)
        return read_sources([tmp_path / name], domain=domain, options=IntakeOptions(**options))

    return write_and_read


# --- encodings ----------------------------------------------------------------------------------------------------

KOREAN = "기업명,소재지,분야\n(주)한미약품,서울특별시,백신\n제넥신 바이오,경기도,줄기세포치료제\n"
KOREAN_TABS = "기업명\t국가\t비고\n셀트리온 제약 주식회사\t한국\t바이오시밀러 개발\n메디톡스\t한국\t필러, 보톡스\n"
CHINESE = "单位名称,所在地,合作需求\n北京同仁堂科技发展有限公司,北京市,疫苗\n江苏恒瑞医药股份有限公司,江苏省,技术转让\n"
CHINESE_MORE = "企业名称;国家;简介\n绿叶制药集团;中国;从事抗肿瘤药物研发生产\n上海复星医药产业发展有限公司;中国;疫苗\n"
MIXED = (
    "name,country,description\nHanmi Pharm,KR,한국의 제약 회사로 항암제를 개발하고 있습니다\nGenexine,KR,바이오 벤처\n"
)
TEXTS = {"korean": KOREAN, "tabs": KOREAN_TABS, "chinese": CHINESE, "more": CHINESE_MORE, "mixed": MIXED}
UNICODE = ("utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32")
NATIONAL = {
    "korean": ("cp949", "euc-kr"),
    "tabs": ("cp949", "euc-kr"),
    "mixed": ("cp949", "euc-kr"),
    "chinese": ("gb18030", "gbk", "gb2312"),
    "more": ("gb18030", "gbk", "gb2312"),
}
FILES = [(text, encoding) for text in TEXTS for encoding in (*UNICODE, *NATIONAL[text])]


def test_there_are_forty_files():
    assert len(FILES) >= 40


@pytest.mark.parametrize(("text", "encoding"), FILES)
def test_a_list_is_read_right_in_its_encoding_and_it_is_said_which(read, text, encoding):
    expected = read(TEXTS[text].encode(), "list.csv").tables["organizations"]
    intake = read(TEXTS[text].encode(encoding), "list.csv")
    assert intake.tables["organizations"].equals(expected)
    family = {"euc-kr": "cp949", "gbk": "gb18030", "gb2312": "gb18030", "utf-8-sig": "utf-8"}
    assert intake.recognized[0].encoding == family.get(encoding, encoding)


BOTH = "한미\n".encode("cp949")  # two syllables can be two Chinese characters, too


def test_where_two_readings_are_possible_both_are_named_and_none_is_taken(read):
    content = b"name,country,description\nA,KR," + BOTH
    with pytest.raises(DataError, match=r"MM-CSV-005.*CP949 \(Korean\) and GB18030 \(Chinese\).*--encoding"):
        read(content, "list.csv")
    assert read(content, "list.csv", encoding="cp949").tables["organizations"]["description"].to_list() == ["한미"]


def test_names_of_the_embedded_data_are_never_taken_for_the_other_language():
    from matchmaker.dataset import Dataset

    frame = Dataset.read().organizations
    for column, encoding in (("name_ko", "cp949"), ("name_zh", "gb18030")):
        names = [name for name in frame[column].drop_nulls().to_list() if _encodable(name, encoding)]
        for start in range(0, len(names) - 4, 4):
            found = likely_encodings("\n".join(names[start : start + 4]).encode(encoding))
            assert found in ([encoding], []), names[start : start + 4]


def _encodable(text, encoding):
    try:
        text.encode(encoding)
    except UnicodeEncodeError:
        return False
    return True


# --- workbooks ----------------------------------------------------------------------------------------------------

ROWS = [["(주)한미약품", "Hanmi Pharm", "서울특별시", "백신"], ["제넥신", "Genexine", "경기도", "줄기세포치료제"]]
SHAPES = {
    "heading in row 1": {"명단": [["기업명", "영문명", "소재지", "분야"], *ROWS]},
    "title and blank row": {
        "명단": [["2024 상담회 참가기업 명단"], [], ["기업명", "영문명", "소재지", "분야"], *ROWS, ["합계", "2개사"]]
    },
    "two headings and other sheets": {
        "안내": [["작성 요령"], ["빈칸 없이 작성"]],
        "명단": [["기업명", "", "소재지", "분야"], ["국문", "영문", "", ""], *ROWS],
    },
}


@pytest.mark.parametrize("ending", FORMATS)
@pytest.mark.parametrize("shape", SHAPES)
def test_twelve_workbooks_are_read_alike(read, ending, shape):
    intake = read(FORMATS[ending](SHAPES[shape]), f"list.{ending}")
    assert intake.errors == []
    frame = intake.tables["organizations"]
    assert frame.select("name_ko", "name_en", "city", "interests").rows() == [
        ("(주)한미약품", "Hanmi Pharm", "kr-seoul", "vaccine"),
        ("제넥신", "Genexine", "kr-gyeonggi", "stem-cell-therapy"),
    ]


@pytest.mark.parametrize("ending", FORMATS)
def test_a_damaged_workbook_of_each_format_is_refused_or_read_as_far_as_it_is_whole(read, ending):
    content = bytearray(FORMATS[ending](SHAPES["heading in row 1"]))
    middle = len(content) // 3
    content[middle : middle + 60] = bytes(60)
    with suppress(DataError):  # or what was overwritten held no value
        assert read(bytes(content), f"list.{ending}").tables["organizations"].height <= len(ROWS)


# --- headings -----------------------------------------------------------------------------------------------------


def understood(heading):
    """The column that a heading means; `-`: known, and not taken."""
    found = possible_headings([[heading, "name"]], None)
    aside = any(0 in each.aside for each in found)
    return "-" if aside else meaning(heading, ORGANIZATIONS)


def test_headings_of_forms_in_three_languages_are_known():
    wrong = {row["heading"]: found for row in HEADINGS if (found := understood(row["heading"])) != row["column"]}
    assert len(HEADINGS) >= 60
    assert len(wrong) <= 0.05 * len(HEADINGS), wrong


def test_hardly_any_heading_is_taken_for_another_column():
    wrong = {row["heading"]: found for row in HEADINGS if (found := understood(row["heading"])) != row["column"]}
    taken = {heading for heading, found in wrong.items() if found is not None}
    assert len(taken) <= 0.01 * len(HEADINGS), taken

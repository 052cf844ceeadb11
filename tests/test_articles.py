"""Articles: what is found in them, what is left out, what a reviewer accepts, and what is refused."""

import csv
import importlib
import json
import pkgutil
import re
import subprocess
import sys
import time
from datetime import date
from pathlib import Path

import pytest

import matchmaker.intake.article
from experiments.articles import FIVE, LEARNED, OWN, judged, table, without_organizations
from matchmaker.cli.program import run
from matchmaker.dataset import Dataset
from matchmaker.errors import DataError
from matchmaker.intake.article.count import counts_of
from matchmaker.intake.article.date import dates_of
from matchmaker.intake.article.finding import Reader
from matchmaker.intake.article.text import MOST_BYTES, article_of, read_article

ARTICLES = Path(__file__).parent / "articles"
MEASURED = ("organization", "event", "date", "count")
PARTS = sorted(module.name for module in pkgutil.iter_modules(matchmaker.intake.article.__path__))
ATTACKS = [
    *"aA1 \n중中(<&和일월、",
    '"',
    "한국 ",
    "A ",
    "of ",
    "A、",
    "12 ",
    "1,",
    "2024 ",
    "가, ",
    "公司",
    "A and ",
    "제1회 ",
]
needs_the_five = pytest.mark.skipif(not FIVE[1].is_dir(), reason="the five articles are not part of the repository")


@pytest.fixture(scope="module")
def dataset():
    return Dataset.read()


@pytest.fixture(scope="module")
def reader(dataset):
    return Reader.of(dataset)


@pytest.fixture(scope="module")
def five(dataset):
    return judged(*FIVE, dataset)


def days(text, published=None):
    return [(day.iso, day.until and day.until.isoformat()) for day in dates_of(article_of(text), published).dates]


# --- figures ------------------------------------------------------------------------------------------------------


@needs_the_five
@pytest.mark.parametrize("kind", MEASURED)
def test_the_five_articles_are_read_nearly_as_a_careful_reader_does(five, kind):
    row = next(row for row in table(five) if row["kind"] == kind)
    assert row["recall"] >= 0.90
    assert row["precision"] >= 0.95


@needs_the_five
def test_a_body_that_stands_twice_gives_each_fact_once_and_its_sidebar_none(five):
    article = five["002"]
    for kind in MEASURED:
        assert not article.invented[kind]
    assert not {row.values["name"] for row in article.findings.table("organizations")} & {"HLB", "펩트론", "이뮨온시아"}


@needs_the_five
def test_four_intentions_name_no_counterpart_and_none_is_an_agreement(five):
    findings = five["000"].findings
    stated = [row.values["counterpart_as_stated"] for row in findings.table("intentions")]
    assert stated == ["Chinese companies and parks (not named)"] * 4
    assert findings.table("partnerships") == []


@pytest.mark.parametrize("news", [OWN, *LEARNED.values()], ids=["first", *LEARNED])
def test_other_news_is_read_as_well(dataset, news):
    for row in table(judged(*news, dataset)):
        if row["kind"] in MEASURED:
            assert row["recall"] >= 0.90, row
            assert row["precision"] >= 0.95, row


def test_without_known_names_most_organizations_are_proposed_as_new(dataset):
    articles = judged(*OWN, without_organizations(dataset))
    row = next(row for row in table(articles) if row["kind"] == "organization")
    assert row["recall"] >= 0.80


# --- text ---------------------------------------------------------------------------------------------------------


def test_every_row_points_at_its_place_in_the_file(reader):
    path = ARTICLES / "ko1.txt"
    text = path.read_text("utf-8")
    for row in reader.read(read_article(path)).table("organizations"):
        assert " ".join(text[row.start : row.end].split()) == row.values["name"]
        assert row.values["name"] in row.sentence


def test_traditional_letters_are_read_and_quoted_as_they_are_written(reader):
    findings = reader.read(article_of("6月5日，三生製藥與香港嘉和醫院在首爾簽署合作協議。"))
    assert [(row.values["org_id"][:4], row.values["name"]) for row in findings.table("organizations")] == [
        ("3sbi", "三生製藥"), ("new-", "香港嘉和醫院"),
    ]  # fmt: skip
    assert len(findings.table("partnerships")) == 1


def test_a_name_in_another_script_or_with_another_legal_form_is_the_known_organization(reader):
    text = "지난 5일 행사에는 ㈜한미약품, 江苏恒瑞医药股份有限公司, Luye Pharma Co., Ltd. 등이 참석했다."
    assert [row.values["org_id"] for row in reader.read(article_of(text)).table("organizations")] == [
        "hanmi", "hengrui", "luye",
    ]  # fmt: skip


def test_a_short_form_is_the_organization_whose_full_name_stands_elsewhere(reader):
    text = "가나대학교 부속병원은 5일 행사를 열었다. 이날 가나대병원은 새 병동을 공개했다."
    assert [row.values["name"] for row in reader.read(article_of(text)).table("organizations")] == [
        "가나대학교 부속병원"
    ]


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("Sunray, a maker of X-ray machines, took part in the fair.", "Sunray"),
        ("It was arranged on June 5, 2024, said Cho Hyun-jin, CEO of Sunray.", "Sunray"),
        ("Hanmi signed an agreement with Sunray in Seoul.", "Sunray"),
        ("在会上，瑞晟生物董事长钱立发言。", "瑞晟生物"),
        ("会上，三生制药与美得菲斯签署协议。", "美得菲斯"),
        ("이 자리에서 뉴로핏 대표 빈준길은 말했다.", "뉴로핏"),
        ("메디웨일은 중국 병원과 업무협약을 체결했다.", "메디웨일"),
    ],
)
def test_the_words_around_a_name_tell_that_it_is_an_organizations(reader, text, name):
    assert name in [row.values["name"] for row in reader.read(article_of(text)).table("organizations")]


@pytest.mark.parametrize(
    "text",
    [
        "Kim Dae-ho signed an agreement with Park Ji-won in Seoul.",
        "China signed an agreement with South Korea in Beijing.",
        "双方与企业签署协议。",
        "양측은 현지 기업과 업무협약을 체결했다.",
        "Seoul Convention Center hosted the event.",
    ],
)
def test_people_countries_and_kinds_of_things_are_no_organizations(reader, text):
    assert not reader.read(article_of(text)).table("organizations")


def test_tags_are_text_that_is_left_out_and_never_acted_on(reader):
    html = "<html lang='en'><script>alert('Evil Hospital')</script><p>Seoul Bio Hub &amp; <b>Celltrion</b> met.</p>"
    findings = reader.read(article_of(html))
    assert [row.values["org_id"] for row in findings.table("organizations")] == ["seoul-bio-hub", "celltrion"]
    assert findings.table("organizations")[0].sentence == "Seoul Bio Hub & Celltrion met."


def test_a_wrong_language_tag_is_said():
    article = article_of('<html lang="zh"><p>한국바이오협회는 서울에서 행사를 열었다.</p>')
    assert [problem.code for problem in article.problems] == ["MM-ART-003"]
    assert article.language == "ko"


def test_a_large_file_is_refused_by_its_size(tmp_path):
    path = tmp_path / "large.txt"
    path.touch()
    import os

    os.truncate(path, MOST_BYTES + 1)
    with pytest.raises(DataError, match="MM-ART-001"):
        read_article(path)


def test_scripts_may_be_mixed(reader):
    findings = reader.read(article_of("10月28日，셀트리온 and Seoul Bio Hub 签署合作协议。", "x"), date(2024, 10, 30))
    assert {row.values["org_id"] for row in findings.table("organizations")} == {"celltrion", "seoul-bio-hub"}
    assert [row.values["date"] for row in findings.table("dates")] == ["2024-10-28"]


# --- dates and counts ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("28일 열렸다", [("2024-05-28", None)]),
        ("지난 23일과 오는 30일", [("2024-05-23", None), ("2024-05-30", None)]),
        ("지난달 28일, 다음 달 3일", [("2024-04-28", None), ("2024-06-03", None)]),
        ("5월 9일부터 11일까지", [("2024-05-09", "2024-05-11")]),
        ("10月23日至25日", [("2024-10-23", "2024-10-25")]),
        ("去年11月，上周五", [("2023-11", None), ("2024-05-17", None)]),
        ("last Friday and next month", [("2024-05-24", None), ("2024-06", None)]),
        ("on 11 March and the following day", [("2024-03-11", None), ("2024-03-12", None)]),
        ("May 10 to 12, 2023", [("2023-05-10", "2023-05-12")]),
        ("They may 5 do; 3일간; 3个月; 1-800", []),
    ],
)
def test_dates_are_resolved_against_the_day_of_the_article(text, expected):
    assert days(text, date(2024, 5, 26)) == expected


def test_the_day_of_an_article_is_taken_from_its_head_or_its_dateline():
    assert dates_of(article_of("News\nUpdated: 2024-07-30\nText of 29日.")).anchor.day == date(2024, 7, 30)
    assert dates_of(article_of("SEOUL, Oct. 28, 2023 (News) -- They met on Friday.")).anchor.day == date(2023, 10, 28)


def test_a_month_that_is_not_stated_is_marked_as_inferred():
    found = dates_of(article_of("2015 교류회. 올해 9월 21일 만났다. 20일 열렸다.")).dates
    assert [(day.iso, day.precision) for day in found] == [("2015-09-21", "day"), ("2015-10-20", "approximate")]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("42건의 상담, 90여 명, 35개사, 3개월, 제7회", ["42 meeting", "90+ person", "35 organization"]),
        (
            "11个项目，120余家企业，合作协议15项，总投资30亿元，第三届",
            ["11 project", "120+ organization", "15 agreement"],
        ),
        ("More than 90 delegates, 18 agreements worth $30 million, the 14th", ["90+ person", "18 agreement"]),
    ],
)
def test_counts_have_a_number_a_mark_and_a_thing(text, expected):
    assert [str(count) for count in counts_of(article_of(text))] == expected


@pytest.mark.parametrize("name", PARTS)
def test_no_pattern_is_slower_than_its_text_is_long(name):
    module = importlib.import_module(f"matchmaker.intake.article.{name}")
    patterns = {key: value for key, value in vars(module).items() if isinstance(value, re.Pattern)}
    for key, pattern in patterns.items():
        for attack in ATTACKS:
            for size in (2_000, 50_000):
                start = time.process_time()
                sum(1 for _ in pattern.finditer((attack * size)[:size]))
                assert time.process_time() - start < 0.5, (key, attack, size)  # 0.1 s on a quiet machine


# --- the command --------------------------------------------------------------------------------------------------


@pytest.fixture
def rows(tmp_path, monkeypatch):
    """Proposed rows of one article in rows.csv, and a function that writes decisions beside them."""
    monkeypatch.chdir(tmp_path)
    assert run(["mentions", str(ARTICLES / "en1.txt"), "--published", "2024-05-22", "-o", "rows.csv", "-q"]) == 0
    with Path("rows.csv").open(encoding="utf-8-sig", newline="") as file:
        records = list(csv.DictReader(file))

    def decide(decision):
        for record in records:
            record["decision"] = decision(record)
        with Path("reviewed.csv").open("w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, records[0].keys())
            writer.writeheader()
            writer.writerows(records)

    return decide


def test_accepted_rows_become_a_domain_that_can_be_read(rows):
    rows(lambda record: record["decision"] or "accept")
    assert run(["mentions", "--accept", "reviewed.csv", "-o", "out", "-q"]) == 0
    found = Dataset.read("out")
    assert found.events["title"].to_list() == ["2024 Yellow Sea Healthcare Forum"]
    assert found.partnerships.height == 2
    assert "celltrion" in found.row_of


def test_accepted_rows_go_into_a_store(rows):
    from matchmaker.store import Store

    rows(
        lambda record: (
            record["decision"]
            or ("accept" if record["org_id"].startswith("new-") and record["table"] == "organizations" else "")
        )
    )
    assert run(["mentions", "--accept", "reviewed.csv", "--store", "sqlite:///s.db", "-q"]) == 0
    with Store.open("sqlite:///s.db", create=False) as store:
        assert "Hanbit Medical Group" in store.dataset().organizations["name_en"].to_list()


def test_an_identifier_as_decision_names_the_organization_that_is_meant(rows):
    rows(lambda record: "asan-mc" if record["name"] == "Hanbit Medical Group" else record["decision"] or "accept")
    assert run(["mentions", "--accept", "reviewed.csv", "-o", "out", "-q"]) == 0
    assert "asan-mc" in Dataset.read("out").partnerships["right"].to_list()


@pytest.mark.parametrize(
    ("decision", "code"),
    [
        (lambda record: "perhaps so" if record["title"] else "accept", "MM-ART-005"),
        (lambda _: "", "MM-ART-006"),
        (lambda record: "reject" if record["table"] == "organizations" else "accept", "MM-ART-007"),
    ],
)
def test_what_is_not_decided_is_not_written(rows, capsys, decision, code):
    rows(decision)
    assert run(["mentions", "--accept", "reviewed.csv", "-o", "out"]) == 1
    assert f"[{code}]" in capsys.readouterr().err
    assert not Path("out").exists()


def test_a_file_that_is_no_review_is_refused(tmp_path, capsys):
    (tmp_path / "other.csv").write_text("a,b\n1,2\n", "utf-8")
    assert run(["mentions", "--accept", str(tmp_path / "other.csv"), "-o", str(tmp_path / "out")]) == 1
    assert "[MM-ART-004]" in capsys.readouterr().err


def test_a_folder_that_holds_tables_is_left_as_it_is(rows, capsys):
    rows(lambda record: record["decision"] or "accept")
    Path("out").mkdir()
    Path("out/events.csv").write_text("event_id\n", "utf-8")
    assert run(["mentions", "--accept", "reviewed.csv", "-o", "out"]) == 1
    assert "[MM-ART-009]" in capsys.readouterr().err
    assert [path.name for path in Path("out").iterdir()] == ["events.csv"]


def test_a_folder_is_read_whole_and_what_is_no_article_is_said(tmp_path, capfd):
    (tmp_path / "empty.txt").write_text(" \n", "utf-8")
    (tmp_path / "good.txt").write_text("셀트리온은 2024년 5월 28일 행사를 열었다.", "utf-8")
    (tmp_path / "image.txt").write_bytes(b"\x89PNG\r\n\x1a\n....")
    assert run(["mentions", str(tmp_path), "-f", "jsonl"]) == 1
    shown = capfd.readouterr()
    assert {json.loads(line)["file"] for line in shown.out.splitlines()} == {str(tmp_path / "good.txt")}
    assert "warning[MM-ART-002]" in shown.err
    assert "error[MM-CSV-003]" in shown.err


def test_a_folder_without_articles_is_wrong_use(tmp_path, capsys):
    assert run(["mentions", str(tmp_path)]) == 2
    assert "[MM-ART-008]" in capsys.readouterr().err


def test_a_hostile_article_prints_nothing_that_acts(tmp_path):
    path = tmp_path / "hostile.txt"
    path.write_text("\x1b]0;x\x07=cmd|'/c calc' Celltrion \u202egnp 2024-05-28 [red] held the 5th Bad Forum.", "utf-8")
    for form in ("table", "json", "md"):
        shown = subprocess.run(
            [sys.executable, "-m", "matchmaker", "mentions", str(path), "-f", form], capture_output=True, check=True
        ).stdout.decode()
        assert all(character.isprintable() or character == "\n" for character in shown)


def test_a_workbook_of_rows_reads_back_as_a_review(tmp_path, capsys):
    target = tmp_path / "rows.xlsx"
    assert run(["mentions", str(ARTICLES / "zh1.txt"), "-o", str(target), "-q"]) == 0
    assert run(["mentions", "--accept", str(target), "-o", str(tmp_path / "out")]) == 1
    assert "[MM-ART-006]" in capsys.readouterr().err


def test_the_order_of_articles_changes_no_identifier(reader):
    first, second = (reader.read(read_article(ARTICLES / name)) for name in ("ko1.txt", "ko2.txt"))
    again = reader.read(read_article(ARTICLES / "ko1.txt"))
    assert again.rows == first.rows
    assert second.rows

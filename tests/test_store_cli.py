"""import, export, history, forget and --store on the command line, and what never comes out of it: a password."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import openpyxl
import polars as pl
import pytest

from matchmaker.cli.complain import without_password
from matchmaker.cli.import_ import REGISTRIES as OFFERED
from matchmaker.cli.program import run
from matchmaker.intake.registry import REGISTRIES
from matchmaker.store import Store
from matchmaker.store.export import escaped, unescaped
from tests.workbooks import as_xlsx

LIST = """org_id,name_ko,name_en,country,interests,description
acme,에이크미,Acme Bio,KR,vaccine,"=cmd|' /C calc'!A0"
beta,,贝塔医药,CN,vaccine,-5
"""


@pytest.fixture
def ask(capfd, tmp_path, monkeypatch):
    """Run a command in an empty folder with a list of participants; its exit code, stdout and stderr."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("MATCHMAKER_STORE", raising=False)
    Path("participants.csv").write_text(LIST, "utf-8")

    def asked(*arguments):
        code = run([str(argument) for argument in arguments])
        return code, *capfd.readouterr()

    return asked


def dump(url):
    with Store.open(url, create=False) as store:
        return {name: frame.to_dicts() for name, frame in store.texts().items()}


def test_a_list_of_participants_becomes_partners_in_two_commands(ask, url):
    code, out, error = ask("import", "participants.csv", "--store", url)
    assert (code, error) == (0, "")
    assert out.endswith("Added 2 organizations. Undo: matchmaker import --undo 1\n")
    code, out, _ = ask("match", "에이크미", "--store", url)
    assert code == 0
    assert "贝塔医药" in out


@pytest.mark.parametrize("command", ["pairs", "show acme", "explain acme beta", "network acme -o net.svg"])
def test_what_ranks_can_rank_a_store(ask, command):
    ask("import", "participants.csv", "--store", "sqlite:///store.db")
    assert ask(*command.split(), "--store", "sqlite:///store.db")[0] == 0


def test_both_databases_give_the_same_answer(ask, url, tmp_path):
    for address in (url, "sqlite:///other.db"):
        ask("import", "participants.csv", "--store", address)
    first, second = (
        ask("match", "acme", "--format", "json", "--store", address) for address in (url, "sqlite:///other.db")
    )
    assert first == second


def test_the_store_may_stand_in_the_environment_or_before_the_command(ask, monkeypatch):
    assert ask("--store", "sqlite:///store.db", "import", "participants.csv")[0] == 0
    monkeypatch.setenv("MATCHMAKER_STORE", "sqlite:///store.db")
    assert "acme" in ask("show", "acme")[1]


def test_a_dry_run_says_what_it_would_do_and_does_nothing(ask, url, tmp_path):
    before = sorted(tmp_path.iterdir())
    code, out, _ = ask("import", "participants.csv", "--store", url, "--dry-run")
    assert code == 0
    assert out.endswith("Added 2 organizations: this is what would be done. Nothing was saved.\n")
    assert sorted(tmp_path.iterdir()) == before


def test_import_undone_and_done_again(ask, url):
    ask("import", "participants.csv", "--store", url)
    before = dump(url)
    assert "nothing was changed" in ask("import", "participants.csv", "--store", url)[1]
    assert dump(url) == before
    code, out, _ = ask("import", "--undo", "1", "--store", url)
    assert (code, out) == (0, "Undone: change 1 (removed 2 organizations). Again: matchmaker import --undo 2\n")
    assert ask("match", "acme", "--store", url)[0] == 1
    ask("import", "--undo", "2", "--store", url)
    assert dump(url) == before


@pytest.mark.parametrize("row", ["gamma,,Gamma,KR,no-such-interest,", "acme,,Another,KR,,", ",,,,,x"])
def test_a_list_with_an_error_leaves_nothing_behind(ask, tmp_path, row):
    Path("participants.csv").write_text(LIST + row + "\n", "utf-8")
    before = sorted(tmp_path.iterdir())
    code, _, error = ask("import", "participants.csv", "--store", "sqlite:///store.db")
    assert code == 1
    assert "error[" in error
    assert sorted(tmp_path.iterdir()) == before


def test_what_refers_to_nothing_leaves_nothing_behind(ask, tmp_path):
    Path("participations.csv").write_text("event_id,org_id\ne1,acme\n", "utf-8")
    code, _, error = ask("import", "participations.csv", "--store", "sqlite:///store.db")
    assert code == 1
    assert "MM-REF-001" in error
    assert not Path("store.db").exists()


def test_those_of_a_list_attend_the_session(ask, url):
    code, out, _ = ask("import", "participants.csv", "--store", url, "--session", "suzhou-2026", "--author", "Kim")
    assert code == 0
    assert "1 session, 2 attendees" in out
    sides = {row["org_id"]: row["side"] for row in dump(url)["attendees"]}
    assert sides == {"acme": "right", "beta": "left"}
    code, out, _ = ask("history", "--store", url)
    assert re.search(r"^1,\S+Z,Kim,participants.csv,suzhou-2026,", out, re.MULTILINE)


@pytest.mark.parametrize("name", ["../up", "a b", "", "x" * 65, ".hidden", "a\nb"])
def test_a_session_has_a_name_that_a_folder_can_have(ask, name):
    code, _, error = ask("import", "participants.csv", "--store", "sqlite:///store.db", "--session", name)
    assert code == 1
    assert "MM-STO-013" in error


@pytest.mark.parametrize("target", ["folder", "tables.json", "tables.xlsx", "copy.db"])
@pytest.mark.parametrize("form", ["csv", "tsv", "parquet", "jsonl"])
def test_what_is_exported_is_imported_to_the_same_store(ask, target, form):
    if target != "folder" and form != "csv":
        pytest.skip("a form is that of a folder")
    ask("import", "participants.csv", "--store", "sqlite:///store.db")
    assert ask("export", "--to", target, "--format", form, "--store", "sqlite:///store.db")[0] == 0
    code, out, error = ask("import", target, "--store", "sqlite:///again.db")
    assert (code, "Added 2 organizations" in out) == (0, True), error
    assert dump("sqlite:///again.db") == dump("sqlite:///store.db")


def test_a_session_travels_in_folders_and_stores_without_whom_to_call(ask, url):
    ask("import", "participants.csv", "--store", url, "--session", "suzhou")
    with Store.open(url) as store:
        contact = pl.DataFrame({"session_id": ["suzhou"], "org_id": ["acme"], "contact": ["Kim, 010-1234-5678"]})
        store.put({"attendees": contact}, author="a", source="s")
    for target in ("folder", "copy.db"):
        ask("export", "--to", target, "--store", url)
        ask("import", target, "--store", f"sqlite:///from-{target}")
        there = dump(f"sqlite:///from-{target}")
        assert [row["contact"] for row in there["attendees"]] == [None, None]
        assert there["sessions"] == dump(url)["sessions"]
    ask("export", "--to", "personal", "--personal", "--store", url)
    assert "010-1234-5678" in Path("personal/attendees.csv").read_text("utf-8-sig")


def test_a_store_is_exported_to_another_database(ask, url):
    ask("import", "participants.csv", "--store", "sqlite:///here.db")
    for _ in range(2):
        assert ask("export", "--to", url, "--store", "sqlite:///here.db")[0] == 0
    assert dump(url) == dump("sqlite:///here.db")


def test_a_formula_stays_a_text_wherever_it_is_written(ask):
    ask("import", "participants.csv", "--store", "sqlite:///store.db")
    for target in ("out", "out.xlsx"):
        ask("export", "--to", target, "--store", "sqlite:///store.db")
    assert "\"'=cmd" in Path("out/organizations.csv").read_text("utf-8-sig").replace(",'=", ",\"'=")
    cells = [cell for row in openpyxl.load_workbook("out.xlsx")["organizations"] for cell in row if cell.value]
    assert {cell.data_type for cell in cells} == {"s"}


def test_escaping_is_undone_exactly():
    hostile = ["=1+1", "'=1+1", "''+x", "-5", "+1.5", "@SUM(A1)", "＝1", "plain", "'quoted'", "", "-", "=", "'-5", None]
    frame = pl.DataFrame({"a": hostile})
    assert unescaped(escaped(frame))["a"].to_list() == hostile
    assert not [cell for cell in escaped(frame)["a"] if cell and cell[0] in "=+@＝" and cell != "+1.5"]


def test_forget_erases_and_keeps_out(ask, url, tmp_path):
    ask("import", "participants.csv", "--store", url)
    code, out, _ = ask("forget", "acme", "--store", url)
    assert (code, out) == (0, "Forgotten: acme. Removed 1 organization.\n")
    code, out, _ = ask("import", "participants.csv", "--store", url)
    assert "Left out, as they are to be forgotten: 1 organization.\n" in out
    assert [row["org_id"] for row in dump(url)["organizations"]] == ["beta"]
    assert ask("forget", "acme", "--store", url)[0] == 2


@pytest.mark.parametrize(
    "arguments",
    [["import", "participants.csv"], ["history"], ["forget", "acme"], ["import", "--store", "sqlite:///x.db"]],
)
def test_without_a_store_or_a_file_there_is_nothing_to_do(ask, arguments):
    code, _, error = ask(*arguments)
    assert code == 2
    assert "MM-CLI-004" in error


def test_a_short_command_loads_no_database(tmp_path):
    script = """
import sys
from matchmaker.cli.program import run
run(["show", "GenNBio"])
assert "sqlalchemy" not in sys.modules
"""
    environment = {key: value for key, value in os.environ.items() if key != "MATCHMAKER_STORE"}
    home = str(Path(__file__).parents[1])
    assert (
        subprocess.run(
            [sys.executable, "-c", script], capture_output=True, check=False, env=environment | {"PYTHONPATH": home}
        ).returncode
        == 0
    )


ROR = [
    {
        "id": f"https://ror.org/0{number}xyz",
        "names": [{"value": f"Institute {number}", "types": ["ror_display", "label"], "lang": "en"}],
        "locations": [{"geonames_details": {"country_code": "KR", "country_name": "South Korea", "name": "Seoul"}}],
        "types": ["education"],
        "status": "active",
    }
    for number in range(3)
]


def test_a_registry_is_imported_as_it_is_published(ask):
    Path("ror-data.json").write_text(json.dumps(ROR), "utf-8")
    for expected in ("Added 3 organizations. Undo: matchmaker import --undo 1\n", "nothing was changed.\n"):
        code, out, error = ask("import", "ror", "ror-data.json", "--store", "sqlite:///store.db")
        assert code == 0, error
        assert out.endswith(expected)


def test_a_dry_run_of_a_registry_leaves_nothing_behind(ask, tmp_path):
    Path("ror-data.json").write_text(json.dumps(ROR), "utf-8")
    before = sorted(tmp_path.iterdir())
    code, out, _ = ask("import", "ror", "ror-data.json", "--store", "sqlite:///store.db", "--dry-run")
    assert (code, sorted(tmp_path.iterdir())) == (0, before)
    assert "Added 3 organizations: this is what would be done." in out


def test_the_registries_that_are_offered_are_those_that_are_read():
    assert set(OFFERED) == set(REGISTRIES)


# --- the password -------------------------------------------------------------------------------------------------

SECRET = "Tr0ub4dor%26"  # noqa: S105  # as it is written in an address
SPOKEN = ("Tr0ub4dor", "ub4dor")
WAYS = [
    f"postgresql://kim:{SECRET}@127.0.0.1:1/base",  # nobody listens
    f"postgresql://kim:{SECRET}@no-such-host.invalid/base",
    f"postgresql://kim:{SECRET}@127.0.0.1:port/base",
    f"postgresql://kim:{SECRET}@[::1/base",
    f"postgresql://kim:{SECRET}@127.0.0.1:1/base?sslmode=perhaps",
    f"postgresql://kim@127.0.0.1:1/base?password={SECRET}",
    f"postgresql://kim:{SECRET}@127.0.0.1:1/base?no_such_option=1",
    f"postgres://kim:{SECRET}@127.0.0.1/base",
    f"postgresql+pg8000://kim:{SECRET}@127.0.0.1/base",
    f"mysql://kim:{SECRET}@127.0.0.1/base",
    f"postgresql://kim:a@{SECRET}@127.0.0.1:1/base",
    f"postgresql:/kim:{SECRET}@127.0.0.1/base",
    f"sqlite://kim:{SECRET}@127.0.0.1/base",
]  # fmt: skip


@pytest.mark.parametrize("address", WAYS)
@pytest.mark.parametrize(
    "command", ["match acme --debug", "import participants.csv --debug", "history", "export --to x"]
)
def test_a_password_never_comes_out(ask, address, command):
    code, out, error = ask(*command.split(), "--store", address)
    assert code in (2, 3)
    assert error
    assert not [spoken for spoken in SPOKEN if spoken in out + error]


@pytest.mark.parametrize(
    "way",
    ["match {}", "import {} --store sqlite:///x.db", "export --to {}", "{}", "match acme --domain {}", "check {}"],
)
def test_nor_where_the_address_stands_in_a_wrong_place(ask, way):
    code, out, error = ask(*way.format(WAYS[0]).split())
    assert code in (1, 2, 3)
    assert not [spoken for spoken in SPOKEN if spoken in out + error]


def test_a_wrong_password_is_told_without_it(url, ask):
    if url.startswith("sqlite"):
        pytest.skip("files have none")
    wrong = re.sub(r"://([^@/]*)@", f"://nobody-of-this-name:{SECRET}@", url)
    code, out, error = ask("history", "--store", wrong, "--debug")
    assert code == 3
    assert "MM-STO-007" in error
    assert not [spoken for spoken in SPOKEN if spoken in out + error]


def test_a_store_out_of_reach_ends_with_three(ask):
    assert ask("history", "--store", WAYS[0])[0] == 3


def test_what_is_printed_has_no_password():
    assert without_password(f"see {WAYS[0]} now") == "see postgresql://kim:***@127.0.0.1:1/base now"
    assert without_password("https://example.org/a?b=c") == "https://example.org/a?b=c"


# --- a list of one side -------------------------------------------------------------------------------------------

HEADINGS = ["연번", "기업명", "영문명", "소재지", "분야", "주요제품", "희망 협력분야", "홈페이지", "담당자", "연락처"]
MINISTRY = [
    ["2025년 한-중 바이오 상담회 참가기업 명단"],
    ["(단위: 개사)"],
    HEADINGS,
    ["1", "(주)새봄바이오", "Saebom Bio", "경기도 성남시 분당구", "바이오의약품", "항체의약품, 백신", "중국 임상시험"],
    ["2", "㈜푸른화장품", "Pureun Cosmetics", "충북 청주시 오송읍", "화장품", "기능성 화장품", "우주 항공 협력"],
    ["3", "주식회사 제넨바이오", "", "서울특별시", "바이오", "", "기술이전", "http://a.kr", "김민수", "02-123-4567"],
    ["합계", "3개사"],
]


@pytest.fixture
def ministry(ask):
    Path("명단.xlsx").write_bytes(as_xlsx({"참가기업": MINISTRY}))
    return ask


def test_a_korean_list_meets_the_organizations_of_the_domain_in_two_commands(ministry, url):
    code, out, error = ministry("import", "명단.xlsx", "--store", url)
    assert code == 0, error
    assert "China–Korea biomedicine: added 4" in out
    assert out.endswith("명단.xlsx: added 2 organizations; updated 1 organization. Undo: matchmaker import --undo 2\n")
    for name in ("새봄바이오", "GenNBio"):
        code, out, _ = ministry("match", name, "--store", url, "--format", "json")
        matches = json.loads(out)
        assert code == 0
        assert len(matches) == 10
        assert {each["country"] for each in matches} == {"CN"}
        assert all(each["reasons"] for each in matches)


def test_what_is_no_term_is_kept_and_told(ministry, url):
    error = ministry("import", "명단.xlsx", "--store", url)[2]
    assert 'MM-TAB-023]: 명단.xlsx!참가기업!G5: no interest is called "우주 항공 협력": kept' in error
    cosmetics = next(row for row in dump(url)["organizations"] if row["name_ko"] == "㈜푸른화장품")
    assert "seeks: 우주 항공 협력" in cosmetics["description"]
    assert cosmetics["city"] == "kr-chungbuk"


def test_the_same_list_twice_is_once_and_each_change_is_undone_alone(ministry, url):
    ministry("import", "명단.xlsx", "--store", url)
    before = dump(url)
    assert "nothing was changed" in ministry("import", "명단.xlsx", "--store", url)[1]
    assert dump(url) == before
    assert ministry("import", "--undo", "2", "--store", url)[0] == 0
    assert len(dump(url)["organizations"]) == len(before["organizations"]) - 2


def test_a_list_stays_alone_when_asked_to(ministry, url):
    ministry("import", "명단.xlsx", "--alone", "--store", url)
    assert len(dump(url)["organizations"]) == 3
    code, _, error = ministry("match", "새봄바이오", "--store", url)
    assert code == 0
    assert "Nobody of the other side is in the data." in error


def test_a_dry_run_of_a_list_of_one_side_leaves_nothing_behind(ministry, url, tmp_path):
    before = sorted(tmp_path.iterdir())
    assert ministry("import", "명단.xlsx", "--store", url, "--dry-run")[0] == 0
    assert sorted(tmp_path.iterdir()) == before

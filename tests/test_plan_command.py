"""Sessions as people describe them, and `matchmaker plan` as they use it."""

import csv
import json
from datetime import date
from pathlib import Path

import openpyxl
import pytest

from matchmaker import Dataset, Recommender, UsageError
from matchmaker.cli.program import run
from matchmaker.errors import DataError
from matchmaker.session.description import read_session, session_of
from matchmaker.session.document import read_plan
from matchmaker.session.interest import Interest, anchor, figures
from matchmaker.session.planning import plan

SMALL = {
    "left": {"organizations": ["Hengrui", "Luye", "Tongrentang"]},
    "right": {"organizations": ["GenNBio", "Celltrion"]},
    "day": date(2026, 12, 1),
}


@pytest.fixture(scope="module")
def dataset():
    return Dataset.read()


@pytest.fixture(scope="module")
def recommender(dataset):
    return Recommender(dataset)


def described(tmp_path, text, dataset):
    path = tmp_path / "docking.toml"
    path.write_text(text, "utf-8")
    return read_session(path, dataset)


def test_clocks_breaks_and_hours_become_slots(tmp_path, dataset):
    session = described(
        tmp_path,
        """
        day = 2026-12-01
        slots = 4
        minutes = 30
        pause = 10
        breaks = ["10:10-11:00"]
        [left]
        organizations = ["Hengrui"]
        hours = ["09:40-24:00"]
        [right]
        drawn = 2
        hours = ["10:00-12:00"]
        [[right.organization]]
        name = "GenNBio"
        available = ["09:00-10:30"]
        """,
        dataset,
    )
    assert [session.clocks(slot) for slot in range(4)] == [
        "Beijing 09:00 = Seoul 10:00",
        "Beijing 09:40 = Seoul 10:40",
        "Beijing 11:00 = Seoul 12:00",
        "Beijing 11:40 = Seoul 12:40",
    ]
    assert session.left.parties[0].available == {1, 2, 3}
    assert [party.available for party in session.right.parties] == [{0}, {0, 1}, {0, 1}]
    assert [party.drawn for party in session.right.parties] == [False, True, True]


def test_who_has_met_is_not_planned_again_unless_asked(dataset):
    met = next(iter(session_of({}, dataset).vetoes))
    one = {"left": {"organizations": [met.left]}, "right": {"organizations": [met.right]}}
    assert [veto.why for veto in session_of(one, dataset).vetoes] == ["they have met before"]
    assert session_of({**one, "again": True}, dataset).vetoes == ()


def test_the_example_of_the_documentation_is_read(tmp_path, dataset):
    text = (Path(__file__).parents[1] / "docs/session.md").read_text("utf-8")
    session = described(tmp_path, text.partition("```toml")[2].partition("```")[0], dataset)
    assert session.pins[0].slot == 1
    assert session.vetoes[0].left == session.pins[0].left
    assert session.kind_caps == {"park": 2}


REFUSED = {
    "MM-SET-005": "slotz = 3",
    "MM-SET-006": 'start = "nine"',
    "MM-SES-006": '[[pin]]\nleft = "Hengrui"\nright = "Luye"',
    "MM-SES-007": '[[pin]]\nleft = "Hengrui"\nright = "GenNBio"\ntime = "09:07"',
    "MM-SES-008": "[left]\ndrawn = 100000",
    "MM-SES-009": '[left]\norganizations = ["GenNBio"]\n[right]\norganizations = ["GenNBio"]',
    "MM-SES-010": "[left]\norganizations = []",
    "MM-SES-011": "[[left.organization]]\nmost = 3",
}


@pytest.mark.parametrize("code", REFUSED)
def test_a_session_that_cannot_be_is_refused(tmp_path, dataset, code):
    with pytest.raises(DataError) as refused:
        described(tmp_path, REFUSED[code], dataset)
    assert refused.value.problems[0].code == code


def test_an_unknown_key_has_its_line(tmp_path, dataset):
    with pytest.raises(DataError, match=r"docking.toml:3.*did you mean each"):
        described(tmp_path, "slots = 3\n\neech = 4", dataset)


def test_a_side_of_a_domain_keeps_its_time(tmp_path):
    (tmp_path / "data").mkdir()
    (tmp_path / "features").mkdir()
    (tmp_path / "data/organizations.csv").write_text("org_id,country\na,A\nb,B\n", "utf-8")
    domain = tmp_path / "features/domain.toml"
    domain.write_text('[sides.left]\ncountry = "A"\nzone = "Europe/Paris"\n[sides.right]\ncountry = "B"\n', "utf-8")
    session = session_of({"day": date(2026, 7, 1)}, Dataset.read(tmp_path))
    assert session.clocks(0) == "Paris 09:00 = UTC 07:00"
    domain.write_text('[sides.left]\ncountry = "A"\nzone = "Paris"\n[sides.right]\ncountry = "B"\n', "utf-8")
    with pytest.raises(DataError, match=r"MM-SET-006.*Asia/Seoul"):
        session_of({}, Dataset.read(tmp_path))


def test_an_unknown_organization_or_file_is_refused(dataset, tmp_path):
    with pytest.raises(UsageError, match="no organization is called"):
        session_of({"left": {"organizations": ["Nobody & Sons"]}}, dataset)
    with pytest.raises(UsageError, match="there is no file"):
        read_session(tmp_path / "none.toml", dataset)


def test_mutual_interests_add_up_to_what_is_expected(dataset, recommender):
    session = session_of({**SMALL, "expected_meetings": 2.5}, dataset)
    assert Interest.read(session, recommender).relevance.sum() == pytest.approx(2.5)
    interest = Interest.read(session_of(SMALL, dataset), recommender)
    assert anchor(interest.forward, interest.backward, 0.001) < anchor(interest.forward, interest.backward, 5)


def test_interest_is_what_match_says(dataset, recommender):
    session = session_of({**SMALL, "again": True}, dataset)
    relevance = Interest.read(session, recommender).relevance
    ids = [party.id for party in session.right.parties]
    for match in recommender.match("Hengrui", 1000):
        if match.organization.id in ids:
            assert relevance[0, ids.index(match.organization.id)] == pytest.approx(match.score)


def test_only_a_blend_plans(dataset):
    with pytest.raises(UsageError, match="MM-USE-023"):
        Interest.read(session_of(SMALL, dataset), Recommender(dataset, "interests"))


def test_a_dial_that_is_turned_up_spreads_meetings_and_costs_interest(dataset, recommender):
    session = session_of({"slots": 6, "tables": 20, "each": 3}, dataset)
    interest = Interest.read(session, recommender)
    plain, shared = (figures(session, plan(session, interest.candidates(dial))) for dial in (0.0, 1.0))
    assert shared["relevance"] <= plain["relevance"]
    assert shared["served"] >= plain["served"]


@pytest.fixture
def ask(capfdbinary):
    def asked(*arguments):
        code = run([str(argument) for argument in arguments])
        out, error = capfdbinary.readouterr()
        return code, out.decode(), error.decode()

    return asked


def test_a_plan_is_written_in_three_forms_that_say_the_same(ask, tmp_path):
    folder = tmp_path / "plan"
    code, out, _ = ask("plan", "--slots", 4, "--tables", 5, "--each", 2, "--day", "2026-12-01", "-o", folder)
    assert code == 0
    assert "Both clocks: Beijing 09:00 = Seoul 10:00." in out
    assert "Optimal: by the prices" in out
    document = json.loads((folder / "plan.json").read_text("utf-8"))
    rows = list(csv.DictReader((folder / "plan.csv").read_text("utf-8-sig").splitlines()))
    sheet = openpyxl.load_workbook(folder / "plan.xlsx").worksheets[0]
    assert len(document["meetings"]) == len(rows) == sheet.max_row - 1 == 20
    assert [row["left_id"] for row in rows] == [record["left_id"] for record in document["meetings"]]
    assert len(read_plan(folder).meetings) == 20


def test_lists_of_two_delegations_and_an_earlier_plan(ask, tmp_path):
    (tmp_path / "left.txt").write_text("Hengrui  # leads\nLuye\n", "utf-8")
    (tmp_path / "right.txt").write_text("GenNBio\nCelltrion\n\n", "utf-8")
    options = ["--left", tmp_path / "left.txt", "--right", tmp_path / "right.txt", "--day", "2026-12-01", "--again"]
    assert ask("plan", *options, "-o", tmp_path / "one")[0] == 0
    code, out, _ = ask("plan", *options, "--earlier", tmp_path / "one", "--dial", 0.5, "--format", "table")
    assert code == 0
    assert "4 meetings unchanged, 0 in another slot, 0 new, 0 withdrawn" in out.replace("\n", " ")
    assert "Dial 0.5: costs" in out


def test_lists_given_as_options_keep_what_the_file_says_of_their_sides(tmp_path, dataset):
    path = tmp_path / "docking.toml"
    path.write_text('day = 2026-12-01\n[left]\ndrawn = 5\nhours = ["10:00-11:00"]\nlabel = "Us"', "utf-8")
    session = read_session(path, dataset, {"left": {"organizations": ["Hengrui"]}})
    assert [party.id for party in session.left.parties] == ["hengrui"]
    assert session.left.label == "Us"
    assert session.left.parties[0].available == {2, 3}


def test_a_plan_in_a_pipe_is_csv(ask):
    code, out, _ = ask("plan", "--slots", 2, "--tables", 2, "--day", "2026-12-01")
    assert code == 0
    assert len(list(csv.DictReader(out.splitlines()))) == 4


@pytest.mark.parametrize(
    ("options", "code", "said"),
    [
        (["--dial", "2"], 2, "MM-CLI-003"),
        (["--slots", "0"], 2, "MM-CLI-003"),
        (["--left", "none.txt"], 2, "MM-USE-001"),
        (["--earlier", "none"], 2, "MM-USE-001"),
        (["none.toml"], 2, "MM-USE-001"),
        (["-o", "none/deeper"], 2, "MM-CLI-011"),
    ],
)
def test_wrong_use_of_plan_is_said(ask, options, code, said):
    found, _, error = ask("plan", "--tables", 2, *options)
    assert found == code
    assert said in error


def test_what_is_no_plan_is_refused(tmp_path):
    (tmp_path / "plan.json").write_text('{"meetings": [{"slot": 1}]}', "utf-8")
    with pytest.raises(DataError, match="MM-SES-012"):
        read_plan(tmp_path)


REPLAYS = {  # left, right, meetings, slots that are used
    "online-2020": (3, 7, 12, 4),
    "dalian-2015": (97, 11, 42, 4),
    "qingdao-2015": (100, 11, 20, 2),
    "signing-2023": (1, 11, 11, 11),
}


@pytest.mark.parametrize("name", REPLAYS)
def test_reported_events_are_replayed_in_their_sizes(ask, name):
    code, out, _ = ask("plan", name, "--format", "json")
    document = json.loads(out)
    left, right, meetings, slots = REPLAYS[name]
    assert code == 0
    assert document["certificate"]["optimal"]
    assert len(document["meetings"]) == meetings
    assert document["certificate"]["used_slots"] == document["certificate"]["least_slots"] == slots
    session = read_session(Path(__file__).parents[1] / f"data/sessions/{name}.toml", Dataset.read())
    assert tuple(len(delegation.parties) for delegation in session.delegations) == (left, right)


def test_office_hours_of_both_cities_hold(ask):
    _, out, _ = ask("plan", "online-2020")
    rows = list(csv.DictReader(out.splitlines()))
    assert rows
    assert all("09:00" <= row["left_time"] < "17:00" and "09:00" <= row["right_time"] < "18:00" for row in rows)
    assert all(int(row["right_time"][:2]) - int(row["left_time"][:2]) == 1 for row in rows)

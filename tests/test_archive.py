"""Sessions in a store: planned, decided on, planned again, judged afterwards; and the whole way in six commands."""

import datetime
import json
from pathlib import Path

import polars as pl
import pytest
import xlsxwriter

from matchmaker import Dataset
from matchmaker.cli.program import run
from matchmaker.domain import read_weights
from matchmaker.schema import TABLES
from matchmaker.session import Party
from matchmaker.session.archive import with_slots
from matchmaker.session.description import session_of
from matchmaker.session.interest import Interest
from matchmaker.store import Outcome, Store
from matchmaker.store.verdict import LEAST, verdict

WHO = {"author": "Lee", "source": "test"}
ADDRESS = "sqlite:///store.db"
LISTS = {
    "left.xlsx": ("CN", ("org_id", "单位名称", "国家", "研究方向", "提供", "寻求"), "name_zh"),
    "right.xlsx": ("KR", ("org_id", "기업명", "국가", "관심분야", "제공", "희망 협력분야"), "name_ko"),
}
SITTING = ("--slots", "4", "--tables", "4", "--each", "3", "--day", "2025-03-04")


@pytest.fixture(scope="module")
def dataset():
    return Dataset.read()


def write_list(path, dataset, country, headings, name):
    """A list of participants as people send it: twelve organizations of a country with stated interests."""
    stated = (pl.col("interests").list.len() > 0) & (pl.col("country") == country) & pl.col(name).is_not_null()
    rows = dataset.organizations.filter(~pl.Series(dataset.conveners)).filter(stated).head(12)
    with xlsxwriter.Workbook(path) as book:
        sheet = book.add_worksheet()
        sheet.write_row(0, 0, headings)
        for place, row in enumerate(rows.iter_rows(named=True), 1):
            terms = [";".join(row[column] or ()) for column in ("interests", "offers", "seeks")]
            sheet.write_row(place, 0, [row["org_id"], row[name], country, *terms])


@pytest.fixture
def ask(capfd, tmp_path, monkeypatch, dataset):
    """Run a command in a folder with two lists of organizations; its exit code, stdout and stderr."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MATCHMAKER_STORE", ADDRESS)
    for file, description in LISTS.items():
        write_list(file, dataset, *description)

    def asked(*arguments):
        code = run([str(argument) for argument in arguments])
        return code, *capfd.readouterr()

    return asked


@pytest.fixture
def invited(ask):
    for file in LISTS:
        assert ask("import", file, "--session", "suzhou", "--alone", "-q")[0] == 0
    return ask


def tables(*names):
    with Store.open(ADDRESS, create=False) as store:
        return store.tables(*names)


def planned():
    return tables("meetings")["meetings"].filter(pl.col("status") == "planned")


def test_six_commands_lead_from_two_lists_to_timetables_outcomes_and_a_blend_that_has_learned(ask, tmp_path):
    assert ask("import", "left.xlsx", "--session", "suzhou", "-q")[0] == 0
    assert ask("import", "right.xlsx", "--session", "suzhou", "-q")[0] == 0
    code, out, _ = ask("plan", "suzhou", *SITTING, "-o", "suzhou")
    assert code == 0
    assert "no plan can be worth more" in out
    assert {"plan.xlsx", "timetable.html", "calendar"} <= {path.name for path in Path("suzhou").iterdir()}
    meetings = planned()
    assert meetings.height > 8
    words = ["met", "intention", "合同", "불참", "declined", "mou"]
    with xlsxwriter.Workbook("form.xlsx") as book:
        sheet = book.add_worksheet()
        sheet.write_row(0, 0, ["中方企业", "韩方企业", "结果", "日期", "备注"])
        for place, (left, right) in enumerate(meetings.select("left", "right").head(12).iter_rows(), 1):
            sheet.write_row(place, 0, [left, right, words[place % 6], "2025-03-04"])
    code, out, _ = ask("feedback", "import", "form.xlsx", "--session", "suzhou")
    assert (code, out.startswith("Added 12 outcomes.")) == (0, True)
    code, out, _ = ask("fit", "--from-store", "-o", "weights.toml", "--format", "json")
    assert code == 0
    found = json.loads(out)
    assert sum(found["counts"].values()) == 12
    assert found["weights"] == read_weights("weights.toml") != found["prior"]
    best, declined = meetings["left"][0], tables("outcomes")["outcomes"].filter(pl.col("outcome") == "declined")
    code, out, error = ask("match", best, "--weights", "weights.toml", "--format", "json")
    assert (code, error.count("error")) == (0, 0)
    assert json.loads(out)
    pair = declined.row(0, named=True)
    assert pair["right"] not in ask("match", pair["left"], "-n", "50", "--as-of", "2026-03-01", "--format", "csv")[1]


def test_planned_again_as_it_is_nothing_changes(invited):
    invited("plan", "suzhou", *SITTING)
    before = tables("meetings", "sessions", "attendees")
    code, out, error = invited("plan", "suzhou", "--format", "table")
    assert (code, "saved already" in error) == (0, True)
    assert f"{planned().height} meetings unchanged, 0 in another slot, 0 new, 0 withdrawn" in " ".join(out.split())
    for name, frame in tables("meetings", "sessions", "attendees").items():
        assert frame.equals(before[name])


def test_a_veto_and_a_pin_are_kept_with_author_time_and_reason_and_hold_from_then_on(invited):
    invited("plan", "suzhou", *SITTING)
    left, right = planned().select("left", "right").row(0)
    other = next(each for each in planned()["right"] if each != right)
    asked = ("--veto", f"{left}; {right}", "--pin", f"{left}; {other}; 09:30", "--why", "rivals", "--author", "Kim")
    assert invited("plan", "suzhou", *asked)[0] == 0
    for _ in range(2):
        pairs = {row[:2]: row[2] for row in planned().select("left", "right", "slot").iter_rows()}
        assert (left, right) not in pairs
        assert pairs[left, other] == 2
        assert invited("plan", "suzhou", "--author", "Lee")[0] == 0
    with Store.open(ADDRESS) as store:
        decided = store.stated("decisions").sort("decision").select("decision", "why", "author").rows()
    assert decided == [("pin", "rivals", "Kim"), ("veto", "rivals", "Kim")]
    withdrawn = tables("meetings")["meetings"].filter(pl.col("left") == left, pl.col("right") == right)
    assert withdrawn.select("status", "sequence").row(0) == ("cancelled", 1)
    assert "vetoed by Kim: rivals" in " ".join(invited("plan", "suzhou", "--format", "table")[1].split())


def test_a_later_decision_on_a_pair_replaces_the_earlier(invited):
    invited("plan", "suzhou", *SITTING)
    pair = "{}; {}".format(*planned().select("left", "right").row(0))
    assert invited("plan", "suzhou", "--veto", pair)[0] == 0
    assert invited("plan", "suzhou", "--pin", pair)[0] == 0
    assert tables("decisions")["decisions"]["decision"].to_list() == ["pin"]
    assert pair in {f"{left}; {right}" for left, right in planned().select("left", "right").iter_rows()}


def test_a_change_of_a_plan_is_undone_whole(invited):
    before = tables("meetings", "decisions", "sessions")
    invited("plan", "suzhou", *SITTING)
    invited("import", "--undo", "3")
    for name, frame in tables("meetings", "decisions", "sessions").items():
        assert frame.equals(before[name])


def test_a_dry_run_keeps_nothing(invited):
    assert invited("plan", "suzhou", *SITTING, "--dry-run")[0] == 0
    assert planned().is_empty()


def test_who_wishes_to_meet_is_believed(dataset):
    stated = {"left": {"organizations": ["Hengrui", "Luye"]}, "right": {"organizations": ["GenNBio"]}}
    wish = {"who": "GenNBio", "whom": "Luye", "strength": 0.9}
    session = session_of(stated | {"wish": [wish]}, dataset)
    assert session.wishes[0][:2] == ("gennbio", "luye")
    log_odds = pl.DataFrame([[-3.0, -3.0]]).to_numpy().reshape(2, 1)
    interest = Interest.of(session, log_odds, log_odds)
    assert interest.backward[:, 0] == pytest.approx([0.0474, 0.9], abs=1e-3)
    assert interest.forward[:, 0] == pytest.approx([0.0474, 0.0474], abs=1e-3)


def test_wishes_stay_with_the_session(invited):
    left, right = (
        tables("attendees")["attendees"].filter(pl.col("side") == side)["org_id"][3] for side in ("left", "right")
    )
    asked = ("--wish", f"{left}; {right}", "--wish", f"{right}; {left}")
    assert invited("plan", "suzhou", *SITTING, *asked)[0] == 0
    assert tables("wishes")["wishes"].height == 2
    assert (left, right) in planned().select("left", "right").rows()
    assert invited("plan", "suzhou", "--format", "csv")[0] == 0
    assert tables("wishes")["wishes"].height == 2


def test_who_declined_is_not_planned_and_the_reason_is_told(invited):
    invited("plan", "suzhou", *SITTING)
    left, right = planned().select("left", "right").row(0)
    invited("feedback", "add", left, right, "--outcome", "declined", "--day", "2026-01-01")
    _, out, _ = invited("plan", "suzhou", "--format", "table")
    assert (left, right) not in planned().select("left", "right").rows()
    assert "declined, not again before 2027-01-01" in " ".join(out.split())


def test_slots_of_people_are_kept_and_others_refused(dataset):
    session = session_of(
        {"left": {"organizations": ["Luye"]}, "right": {"organizations": ["GenNBio"]}, "slots": 3}, dataset
    )
    rows = {"session_id": ["session"], "org_id": ["luye"], "available": ["1;3;9"]}
    (luye,) = with_slots(session, {"attendees": pl.DataFrame(rows)}).left.parties
    assert isinstance(luye, Party)
    assert luye.available == {0, 2}
    with pytest.raises(Exception, match="MM-SES-016"):
        with_slots(session, {"attendees": pl.DataFrame(rows | {"available": ["in the morning"]})})


def test_without_two_sides_a_list_must_tell_its_own(ask):
    assert ask("import", "left.xlsx", "--session", "home", "--side", "left", "-q")[0] == 0
    assert set(tables("attendees")["attendees"]["side"]) == {"left"}
    assert ask("import", "left.xlsx", "--session", "home", "--side", "middle")[0] == 2
    rows = {"session_id": ["far"], "org_id": ["nowhere"]}
    with Store.open(ADDRESS) as store:
        store.put({"organizations": pl.DataFrame({"org_id": ["nowhere"], "country": ["DE"]})}, **WHO)
        store.put({"sessions": pl.DataFrame({"session_id": ["far"]}), "attendees": pl.DataFrame(rows)}, **WHO)
    assert "MM-SES-015" in ask("plan", "far")[2]


def test_a_session_that_is_nowhere_is_refused_with_the_nearest(invited):
    code, _, error = invited("plan", "suzou")
    assert (code, "MM-USE-027" in error, "suzhou" in error) == (2, True, True)


@pytest.mark.parametrize("text", ["Luye", "a; b; c; d", ""])
def test_a_decision_names_two(invited, text):
    assert invited("plan", "suzhou", "--veto", text)[0] == 2


def test_a_session_of_a_file_is_kept_in_a_store_of_the_same_world(ask, dataset):
    with Store.open(ADDRESS) as store:
        store.put({name: getattr(dataset, name) for name in TABLES}, **WHO)
    assert ask("plan", "online-2020")[0] == 0
    first = planned()
    assert first.height > 5
    assert tables("attendees")["attendees"].height == 10
    assert ask("plan", "online-2020")[0] == 0
    assert planned().equals(first)


def test_what_was_decided_of_a_session_of_a_file_holds_when_it_is_planned_again(ask, dataset):
    with Store.open(ADDRESS) as store:
        store.put({name: getattr(dataset, name) for name in TABLES}, **WHO)
    ask("plan", "online-2020")
    left, right = planned().select("left", "right").row(0)
    assert ask("plan", "online-2020", "--veto", f"{left}; {right}", "--wish", f"{right}; {left}")[0] == 0
    assert ask("plan", "online-2020")[0] == 0
    assert (left, right) not in planned().select("left", "right").rows()
    assert tables("wishes")["wishes"].height == 1


def test_a_folder_of_the_session_s_name_and_a_point_in_it_are_in_nobody_s_way(ask):
    for file in LISTS:
        ask("import", file, "--session", "suzhou.2025", "-q")
    for _ in range(2):
        assert ask("plan", "suzhou.2025", *SITTING, "-o", "suzhou.2025")[0] == 0
    assert set(tables("meetings")["meetings"]["session_id"]) == {"suzhou.2025"}


@pytest.mark.parametrize("settings", ["[]", "{", '{"slots": "many"}', '{"as_of": "soon"}', '{"seats": 1}'])
def test_settings_that_are_none_are_refused(invited, settings):
    with Store.open(ADDRESS) as store:
        store.put({"sessions": pl.DataFrame({"session_id": ["suzhou"], "plan": [settings]})}, **WHO)
    code, _, error = invited("plan", "suzhou")
    assert (code, "MM-SES-017" in error) == (1, True)


@pytest.mark.parametrize("strength", ["0", "-1", "nan", "inf"])
def test_a_strength_is_a_number_above_0(invited, strength):
    assert invited("fit", "--from-store", "--strength", strength)[0] == 2


# --- afterwards ---------------------------------------------------------------------------------------------------


def judged(pinned, chosen):
    """The verdict on so many pinned and chosen pairs, of which the given shares came to an agreement."""
    rows, outcomes = {"pin": [], "planned": []}, []
    for word, reached in (("pin", pinned), ("planned", chosen)):
        for number, outcome in enumerate(reached):
            rows[word].append((f"{word}{number}", "x"))
            outcomes.append((f"{word}{number}", "x", outcome))
    left, right = zip(*rows["pin"], strict=True)
    pairs = [*rows["pin"], *rows["planned"]]
    return verdict(
        {
            "decisions": pl.DataFrame({"left": left, "right": right, "decision": ["pin"] * len(left)}),
            "meetings": pl.DataFrame({"left": [a for a, _ in pairs], "right": ["x"] * len(pairs), "status": "planned"}),
            "outcomes": pl.DataFrame(outcomes, schema=["left", "right", "outcome"], orient="row"),
        }
    )


def test_the_experts_are_judged_once_there_is_enough_to_judge_them_by():
    few = judged(["mou"] * (LEAST - 1), ["met"] * 20)
    assert few.p is None
    assert "Too few to tell" in few.sentence
    better = judged(["mou"] * 12, ["met"] * 20)
    assert better.p < 0.001
    assert "People chose better than the model: 100% of pinned and 0% of chosen" in better.sentence
    assert "The model chose better" in judged(["no-show"] * 12, ["contract"] * 20).sentence
    assert "No difference" in judged(["met"] * 12, ["met"] * 20).sentence


def test_a_vetoed_pair_that_met_all_the_same_is_looked_back_at(dataset, url):
    with Store.open(url) as store:
        store.put({"organizations": dataset.organizations}, **WHO)
        store.put({"decisions": pl.DataFrame({"left": ["luye"], "right": ["gennbio"], "decision": ["veto"]})}, **WHO)
        store.record(Outcome("gennbio", "luye", "contract", datetime.date(2025, 3, 4)), **WHO)
        found = verdict(store.tables("decisions", "meetings", "outcomes"))
    assert (found.groups[2].pairs, found.groups[2].known, found.groups[2].beyond) == (1, 1, 1)

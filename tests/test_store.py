"""What a store promises, in SQLite and in Postgres: whole changes, history, undo, forgetting, and refusals in words."""

import contextlib
import datetime
import os
import re
import sqlite3
import subprocess
import sys
import threading
from pathlib import Path

import polars as pl
import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test

from matchmaker.dataset import Dataset
from matchmaker.domain import Domain
from matchmaker.errors import DataError, StoreError, UsageError
from matchmaker.schema import TABLES
from matchmaker.store import LADDER, STORED, Outcome, Store
from matchmaker.store.change import Writer
from matchmaker.store.connection import place_of
from matchmaker.store.layout import layout
from matchmaker.table import ReadOptions

WORLD = {
    "organizations": pl.DataFrame(
        {
            "org_id": ["acme", "beta", "cosmo"],
            "name_en": ["Acme Bio", "Beta Pharm", "Cosmo"],
            "name_ko": ["에이크미바이오", None, None],
            "country": ["KR", "CN", "CN"],
            "interests": ["vaccine;mrna", "vaccine", None],
            "description": [None, "met Acme Bio in Suzhou", None],
        }
    ),
    "events": pl.DataFrame({"event_id": ["e1"], "date": ["2024-07"], "title": ["Acme Bio day"]}),
    "participations": pl.DataFrame(
        {"event_id": ["e1", "e1"], "org_id": ["acme", "beta"], "role": ["host", None], "note": [None, "by Kim Minsu"]}
    ),
    "partnerships": pl.DataFrame({"left": ["acme"], "right": ["beta"], "date": ["2024-08-01"], "kind": ["licence"]}),
    "intentions": pl.DataFrame({"intention_id": ["i1"], "org_id": ["cosmo"], "candidate_counterparts": ["acme;beta"]}),
}
WHO = {"author": "Lee", "source": "test"}


@pytest.fixture
def store(url):
    with Store.open(url) as opened:
        yield opened


@pytest.fixture
def full(store):
    store.put(WORLD, **WHO)
    return store


def dump(store):
    return {name: frame.to_dicts() for name, frame in store.texts().items()}


# --- putting ------------------------------------------------------------------------------------------------------


def test_the_embedded_data_come_back_as_they_were(store):
    embedded = Dataset.read()
    store.put({name: getattr(embedded, name) for name in TABLES}, **WHO)
    stored = store.dataset(embedded.domain)
    for name in TABLES:
        assert getattr(stored, name).equals(getattr(embedded, name)), name


def test_a_change_counts_what_it_did(store):
    change = store.put(WORLD, **WHO)
    assert change.number == 1
    assert change.added == {"organizations": 3, "events": 1, "participations": 2, "partnerships": 1, "intentions": 1}
    assert (change.author, change.source) == ("Lee", "test")
    assert store.history() == [change]


def test_twice_is_once(full):
    before = dump(full)
    again = full.put(WORLD, **WHO)
    assert again.number == 0
    assert sum(again.unchanged.values()) == 8
    assert dump(full) == before
    assert len(full.history()) == 1


def test_parts_in_any_order_are_the_whole(store, tmp_path):
    for name in STORED:
        rows = WORLD.get(name, pl.DataFrame())
        for row in reversed(range(rows.height)):
            store.put({name: rows[row : row + 1]}, **WHO)
    with Store.open(f"sqlite:///{tmp_path}/whole.db") as whole:
        whole.put(WORLD, **WHO)
        assert dump(store) == dump(whole)


def test_a_cell_is_corrected_and_a_blank_one_denies_nothing(full):
    change = full.put(
        {"organizations": pl.DataFrame({"org_id": ["beta"], "city": ["suzhou"], "country": [None]})}, **WHO
    )
    assert change.updated == {"organizations": 1}
    beta = full.texts()["organizations"].row(1, named=True)
    assert (beta["city"], beta["country"], beta["name_en"]) == ("suzhou", "CN", "Beta Pharm")


def test_a_name_in_a_new_language_is_a_new_column(full):
    full.put({"organizations": pl.DataFrame({"org_id": ["beta"], "name_fr": ["Bêta"]})}, **WHO)
    assert full.texts()["organizations"]["name_fr"].to_list() == [None, "Bêta", None]
    full.undo(2, author="Lee")
    assert "name_fr" not in full.texts()["organizations"].columns


def test_dates_in_another_form_are_kept_in_the_common_one(store):
    event = pl.DataFrame({"event_id": ["e"], "date": ["03/04/2024"]})
    store.put({"events": event}, **WHO, options=ReadOptions(date_format="%d/%m/%Y"))
    assert store.texts()["events"]["date"].to_list() == ["2024-04-03"]


@pytest.mark.parametrize(
    ("code", "tables"),
    [
        ("MM-REF-001", {"participations": pl.DataFrame({"event_id": ["e1"], "org_id": ["acmee"]})}),
        ("MM-TAB-016", {"organizations": pl.DataFrame({"org_id": ["x", "x"], "city": ["a", "b"]})}),
        ("MM-TAB-009", {"events": pl.DataFrame({"event_id": ["e2"], "verified": ["perhaps"]})}),
        ("MM-TAB-010", {"decisions": pl.DataFrame({"left": ["acme"], "right": ["beta"], "decision": ["maybe"]})}),
        ("MM-CSV-006", {"events": pl.DataFrame({"event_id": ["e2"], "title": ["a\0b"]})}),
    ],
)
def test_one_wrong_row_keeps_all_of_them_out(full, code, tables):
    before = dump(full)
    with pytest.raises(DataError, match=code):
        full.put({"organizations": pl.DataFrame({"org_id": ["new"]}), **tables} | tables, **WHO)
    assert dump(full) == before
    assert len(full.history()) == 1


def test_rows_that_no_world_could_hold_are_refused(full):
    later = {"partnerships": pl.DataFrame({"left": ["acme"], "right": ["cosmo"], "date": ["2999-01-01"]})}
    with pytest.raises(DataError, match="MM-DAY-005"):
        full.put(later, **WHO, domain=Domain())
    assert full.put(later, **WHO, dry_run=True).added == {"partnerships": 1}
    assert len(full.history()) == 1


def test_a_table_of_another_name_is_no_table(store):
    with pytest.raises(UsageError, match="did you mean organizations"):
        store.put({"organisations": WORLD["organizations"]}, **WHO)


def test_what_is_named_once_is_one_change(store):
    first = store.put(WORLD, **WHO, once="form 7")
    second = store.put({"organizations": pl.DataFrame({"org_id": ["other"]})}, **WHO, once="form 7")
    assert (second.number, second.time) == (first.number, first.time)
    assert "other" not in store.texts()["organizations"]["org_id"].to_list()


def test_nothing_in_a_cell_is_read_as_sql(store):
    evil = "'); DROP TABLE organizations; --"
    store.put({"organizations": pl.DataFrame({"org_id": [evil], "city": ["%_\\"]})}, author=evil, source=evil)
    assert store.texts()["organizations"]["org_id"].to_list() == [evil]
    store.forget(evil, author="Lee")
    assert store.texts()["organizations"].is_empty()


def test_values_have_their_types_and_rows_their_authors(full):
    organizations = full.tables("organizations")["organizations"]
    assert organizations["interests"].to_list() == [["mrna", "vaccine"], ["vaccine"], []]
    stated = full.stated("events")
    assert stated["day"].to_list() == [datetime.date(2024, 7, 31)]
    assert stated["author"].to_list() == ["Lee"]
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z", stated["time"][0])


# --- undo ---------------------------------------------------------------------------------------------------------


def test_undo_is_as_if_it_had_not_been_and_undo_of_undo_as_if_it_had(full):
    before = dump(full)
    full.put({"organizations": pl.DataFrame({"org_id": ["beta", "delta"], "city": ["suzhou", "seoul"]})}, **WHO)
    after = dump(full)
    assert full.undo(2, author="Lee").undoes == 2
    assert dump(full) == before
    full.undo(3, author="Lee")
    assert dump(full) == after
    assert [change.undone_by for change in full.history()] == [None, 4, None, None]


def test_the_author_of_an_undone_row_is_again_the_one_before(full):
    full.put({"events": pl.DataFrame({"event_id": ["e1"], "place": ["Suzhou"]})}, author="Park", source="x")
    assert full.stated("events")["author"].to_list() == ["Park"]
    full.undo(2, author="Kim")
    assert full.stated("events")["author"].to_list() == ["Lee"]


def test_what_a_later_change_builds_on_is_not_undone(full):
    full.put({"organizations": pl.DataFrame({"org_id": ["acme"], "city": ["seoul"]})}, **WHO)
    with pytest.raises(DataError, match=r"MM-STO-008.*undo 2 first"):
        full.undo(1, author="Lee")
    full.undo(2, author="Lee")
    full.undo(1, author="Lee")
    assert all(frame.is_empty() for frame in full.texts().values())


def test_a_row_that_others_refer_to_is_not_removed(full):
    with pytest.raises(DataError, match="MM-REF-001"):
        full.remove("events", ["e1"], **WHO)
    assert full.remove("organizations", ["nobody"], **WHO).number == 0


def test_removing_can_be_undone_after_it_was_undone_and_done_again(full):
    full.put({"organizations": pl.DataFrame({"org_id": ["delta"]})}, **WHO)
    before = dump(full)
    removed = full.remove("organizations", ["delta"], **WHO)
    undone = full.undo(removed.number, author="Lee")
    full.undo(undone.number, author="Lee")
    full.undo(removed.number, author="Lee")
    assert dump(full) == before


def test_removing_can_be_undone(full):
    before = dump(full)
    full.remove("intentions", ["i1"], **WHO)
    assert full.texts()["intentions"].is_empty()
    full.undo(2, author="Lee")
    assert dump(full) == before


@pytest.mark.parametrize("number", [0, 2, -1])
def test_a_change_that_is_not_there_cannot_be_undone(full, number):
    with pytest.raises(UsageError, match="MM-STO-009"):
        full.undo(number, author="Lee")


def test_a_change_is_undone_once(full):
    full.undo(1, author="Lee")
    with pytest.raises(UsageError, match="MM-STO-009"):
        full.undo(1, author="Lee")


# --- what came of it ----------------------------------------------------------------------------------------------


def test_each_rung_of_the_ladder_is_kept_with_its_author(full):
    for rung in LADDER:
        full.record(Outcome("acme", "beta", rung), author="Kim", source="desk")
    stated = full.stated("outcomes")
    assert sorted(stated["outcome"]) == sorted(LADDER)
    assert set(stated["author"]) == {"Kim"}


def test_the_same_form_sent_twice_is_one_outcome(full):
    outcome = Outcome("acme", "beta", "met")
    first, second = (full.record(outcome, **WHO, once="form") for _ in range(2))
    assert first.number == second.number
    assert full.texts()["outcomes"].height == 1


def test_two_people_may_differ_and_a_stale_page_is_told(full):
    seen = full.history(1)[0].number
    full.record(Outcome("acme", "beta", "met"), author="Kim", source="desk")
    full.record(Outcome("acme", "beta", "no-show"), author="Park", source="desk")
    assert sorted(full.stated("outcomes")["author"]) == ["Kim", "Park"]
    with pytest.raises(DataError, match=r'MM-STO-012.*"Park" stated no-show'):
        full.record(Outcome("beta", "acme", "declined"), author="Choi", source="desk", seen=seen)


def test_a_partial_label_names_several(full):
    full.record(Outcome("acme", None, "intention", one_of=("cosmo", "beta")), **WHO)
    assert full.tables("outcomes")["outcomes"]["one_of"].to_list() == [["beta", "cosmo"]]
    with pytest.raises(DataError, match="MM-REF-001"):
        full.record(Outcome("acme", None, "intention", one_of=("nobody",)), **WHO)


@pytest.mark.parametrize(
    ("code", "outcome"),
    [
        ("MM-STO-010", Outcome("acme", "beta", "agreed")),
        ("MM-STO-010", Outcome("acme", None, "met")),
        ("MM-STO-010", Outcome("acme", "beta", "met", one_of=("cosmo",))),
        ("MM-USE-013", Outcome("acme", "acme", "met")),
        ("MM-REF-001", Outcome("acme", "nobody", "met")),
        ("MM-REF-001", Outcome("acme", "beta", "met", session="nowhere")),
        ("MM-STO-011", Outcome("acme", "beta", "met", datetime.date(2026, 11, 30), "suzhou")),
    ],
)
def test_an_outcome_that_cannot_be_is_refused(full, code, outcome):
    full.put({"sessions": pl.DataFrame({"session_id": ["suzhou"], "date": ["2026-12-01"]})}, **WHO)
    with pytest.raises((UsageError, DataError), match=code):
        full.record(outcome, **WHO)
    assert full.texts()["outcomes"].is_empty()


# --- forgetting ---------------------------------------------------------------------------------------------------

TRACES = ("acme", "에이크미바이오", "minsu")


def traces(folder):
    """Where anything of the forgotten still stands, in any case."""
    files = [path for path in folder.rglob("*") if path.is_file()]
    return [
        (path.name, word)
        for path in files
        for word in TRACES
        if word in path.read_bytes().decode("utf-8", "replace").lower()
    ]


def forgotten(store):
    store.put(
        {"organizations": WORLD["organizations"].with_columns(city=pl.lit("x"))},
        author="Kim Minsu",
        source="Acme Bio.csv",
    )
    store.record(Outcome("acme", "beta", "met", note="Kim Minsu was there"), **WHO)
    store.forget("acme", author="Lee")
    store.forget("Kim Minsu", author="Lee", person=True)


def test_nothing_of_the_forgotten_is_left_in_any_table(full, tmp_path):
    forgotten(full)
    stated = str(dump(full)) + str(full.history())
    assert not [word for word in TRACES if word in stated.lower()]
    if full.place.path is not None:
        assert traces(tmp_path) == []
    full.backup(tmp_path / "after.db")
    assert traces(tmp_path) == []


def test_the_forgotten_stay_out_of_later_imports(full):
    forgotten(full)
    before = dump(full)
    again = full.put(WORLD, **WHO)
    assert dump(full) == before
    assert again.left_out == {"organizations": 1, "participations": 1, "partnerships": 1}
    renamed = pl.DataFrame({"org_id": ["other"], "name_ko": ["에이크미바이오"]})
    assert full.put({"organizations": renamed}, **WHO).left_out == {"organizations": 1}


def test_the_forgotten_stay_out_of_an_older_backup(full, tmp_path):
    full.backup(tmp_path / "older.db")
    forgotten(full)
    full.restore(tmp_path / "older.db", author="Lee")
    (tmp_path / "older.db").unlink()
    assert not [word for word in TRACES if word in (str(dump(full)) + str(full.history())).lower()]
    assert full.texts()["organizations"]["org_id"].to_list() == ["beta", "cosmo"]
    if full.place.path is not None:
        assert traces(tmp_path) == []


def test_forgetting_is_not_undone_and_needs_someone_to_forget(full):
    change = full.forget("acme", author="Lee")
    with pytest.raises(UsageError, match="MM-STO-009"):
        full.undo(change.number, author="Lee")
    with pytest.raises(UsageError, match="MM-USE-010"):
        full.forget("acme", author="Lee")


def test_words_that_only_contain_a_forgotten_name_stay(store):
    texts = ["Bios of Bio", "BIO!", "symbiosis"]
    store.put(
        {
            "organizations": pl.DataFrame(
                {"org_id": ["b", "x", "y", "z"], "name_en": ["Bio", *"XYZ"], "description": [None, *texts]}
            )
        },
        **WHO,
    )
    store.forget("b", author="Lee")
    assert store.texts()["organizations"]["description"].to_list() == [
        "Bios of [forgotten]",
        "[forgotten]!",
        "symbiosis",
    ]


def test_a_backup_is_a_store_with_its_history(full, tmp_path):
    full.undo(1, author="Lee")
    full.undo(2, author="Lee")
    full.backup(tmp_path / "copy.db")
    with Store.open(f"sqlite:///{tmp_path}/copy.db", create=False) as copy:
        assert dump(copy) == dump(full)
        assert copy.history() == full.history()
        copy.undo(1, author="Lee")
    full.undo(1, author="Lee")
    change = full.restore(tmp_path / "copy.db", author="Lee")
    assert all(frame.is_empty() for frame in full.texts().values())
    assert change.number == 5


# --- what is at the place -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "address",
    ["", "store.db", "mysql://h/d", "postgres://h/d", "postgresql+psycopg://h/d", "sqlite://", "sqlite://store.db",
     "sqlite:///:memory:", "sqlite:///x.db?mode=ro", "postgresql://u:p@h:55x/d", "duckdb:///x", "postgresql://[::1/d"],
)  # fmt: skip
def test_only_addresses_of_sqlite_and_postgres_are_taken(address):
    with pytest.raises(UsageError, match="MM-STO-001"):
        Store.open(address)


def test_where_there_is_no_store_none_is_made_unasked(url, tmp_path):
    with pytest.raises(UsageError, match="MM-STO-002"):
        Store.open(url, create=False)
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(UsageError, match="MM-STO-002"):
        Store.open(f"sqlite:///{tmp_path}/no/store.db")
    with pytest.raises(UsageError, match="MM-STO-002"):
        Store.open(f"sqlite:///{tmp_path}")


def test_what_is_no_store_is_refused_and_left_as_it_is(tmp_path):
    path = tmp_path / "x.db"
    with contextlib.closing(sqlite3.connect(tmp_path / "other.db")) as connection:
        connection.execute("CREATE TABLE t (a)")
        connection.commit()
    for content in (b"", b"org_id,name\na,b\n", b"SQLite format 3\0", (tmp_path / "other.db").read_bytes()):
        path.write_bytes(content)
        with pytest.raises(DataError, match="MM-STO-003"):
            Store.open(f"sqlite:///{path}")
        assert path.read_bytes() == content


def test_a_cut_or_damaged_store_is_refused_and_left_as_it_is(tmp_path):
    path = tmp_path / "x.db"
    with Store.open(f"sqlite:///{path}") as store:
        store.put(WORLD, **WHO)
    whole = path.read_bytes()
    path.write_bytes(whole[:-4096])
    with pytest.raises(DataError, match="MM-STO-004"):
        Store.open(f"sqlite:///{path}")
    assert path.read_bytes() == whole[:-4096]
    path.write_bytes(whole[:4096] + b"\xff" * (len(whole) - 4096))
    with pytest.raises(DataError, match="MM-STO-004"), Store.open(f"sqlite:///{path}") as store:
        store.texts()


def test_a_later_store_is_refused_by_its_version(store, url, tmp_path):
    if store.place.path is None:
        import psycopg

        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute("COMMENT ON TABLE change IS 'matchmaker 7'")
    else:
        with contextlib.closing(sqlite3.connect(store.place.path)) as connection:
            connection.execute("PRAGMA user_version=7")
    with pytest.raises(DataError, match=r"MM-STO-005.*layout 7"):
        Store.open(url)


def test_a_store_that_is_busy_is_left_in_peace(store, url):
    with Store.open(url, wait=0.1) as hasty:
        started, done = threading.Event(), threading.Event()

        def keep_writing():
            from matchmaker.store.connection import writing

            with writing(store._engine, store.place):
                started.set()
                done.wait(20)

        thread = threading.Thread(target=keep_writing)
        thread.start()
        started.wait(20)
        with pytest.raises(StoreError, match="MM-STO-007") as refusal:
            hasty.put(WORLD, **WHO)
        assert refusal.value.exit_code == 3
        assert all(frame.is_empty() for frame in hasty.texts().values())  # reading goes on
        done.set()
        thread.join()
        assert hasty.put(WORLD, **WHO).number == 1


AS_NOBODY = """
import os, sys
import polars, sqlalchemy.dialects.sqlite.pysqlite
from matchmaker.errors import MatchmakerError
from matchmaker.store import Store
if os.getuid() == 0:
    os.setuid(65534)  # for whom permissions count
try:
    with Store.open(sys.argv[1]) as store:
        store.put({"organizations": polars.DataFrame({"org_id": ["new"]})}, author="a", source="s")
except MatchmakerError as error:
    print(error.problems[0].code, error.exit_code)
"""


def test_a_store_that_may_not_be_written_says_so(full, tmp_path):
    if full.place.path is None:
        pytest.skip("files only")
    full.close()
    address, home = f"sqlite:///{full.place.path}", str(Path(__file__).parents[1])
    for folder in (tmp_path, *tmp_path.parents):
        if folder.name.startswith(("pytest-", "popen-")):
            folder.chmod(0o755)
    full.place.path.chmod(0o444)
    tmp_path.chmod(0o555)
    environment = os.environ | {"PYTHONPATH": home}
    command = [sys.executable, "-c", AS_NOBODY, address]
    answer = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
    tmp_path.chmod(0o755)
    assert answer.stdout.split() == ["MM-STO-006", "1"], answer.stderr


def test_an_empty_store_is_no_world(store):
    with pytest.raises(DataError, match="MM-STO-014"):
        store.dataset()


def test_a_place_has_a_name_without_its_password():
    place = place_of("postgresql://kim:s3cr%40t@h/base?sslpassword=other")
    assert place.name == "h/base"
    assert place.without_secrets("s3cr@t s3cr%40t other") == "*** *** ***"


def test_a_new_store_keeps_what_it_has_promised(tmp_path):
    with Store.open(f"sqlite:///{tmp_path}/store.db") as store, store._engine.connect() as connection:
        pragmas = {
            name: connection.exec_driver_sql(f"PRAGMA {name}").scalar()
            for name in ("journal_mode", "synchronous", "foreign_keys", "secure_delete", "busy_timeout", "user_version")
        }
    assert pragmas == {
        "journal_mode": "wal",
        "synchronous": 2,
        "foreign_keys": 1,
        "secure_delete": 1,
        "busy_timeout": 30_000,
        "user_version": 1,
    }
    assert [path.name for path in tmp_path.iterdir()] == ["store.db"]


# --- any sequence of it -------------------------------------------------------------------------------------------

IDS = st.sampled_from(["a", "b", "c", "d"])
PLAIN = Domain("")
SESSIONS = ("outcomes", "decisions", "sessions", "attendees")
CITIES = st.sampled_from(["seoul", "suzhou", None])


class Machine(RuleBasedStateMachine):
    """A store and its model: dictionaries."""

    url = ""

    def __init__(self):
        super().__init__()
        emptied(self.url)
        self.store = Store.open(self.url)
        self.organizations, self.facts, self.dead = {}, set(), set()
        self.outcomes, self.decisions, self.sessions = set(), {}, {}
        self.past = []  # (number, state before), what can be undone

    def teardown(self):
        self.store.close()

    @property
    def state(self):
        return dict(self.organizations), set(self.facts), set(self.outcomes), dict(self.decisions), dict(self.sessions)

    def changed(self, change, before):
        if change.number:
            self.past.append((change.number, before))

    @rule(rows=st.dictionaries(IDS, CITIES, min_size=1))
    def put_organizations(self, rows):
        before = self.state
        frame = pl.DataFrame(
            {"org_id": list(rows), "city": list(rows.values())}, schema={"org_id": pl.String, "city": pl.String}
        )
        self.changed(self.store.put({"organizations": frame}, **WHO), before)
        for identifier, city in rows.items():
            if identifier not in self.dead:
                self.organizations[identifier] = city or self.organizations.get(identifier)

    @rule(left=IDS, right=IDS)
    def put_fact(self, left, right):
        before = self.state
        frame = {"partnerships": pl.DataFrame({"left": [left], "right": [right]})}
        if {left, right} & self.dead:
            assert self.store.put(frame, **WHO).left_out == {"partnerships": 1}
        elif {left, right} <= self.organizations.keys():
            self.changed(self.store.put(frame, **WHO), before)
            self.facts.add((left, right))
        else:
            with pytest.raises(DataError, match="MM-REF-001"):
                self.store.put(frame, **WHO)

    @rule(left=IDS, right=IDS, word=st.sampled_from(["met", "mou", "declined"]), session=st.sampled_from([None, "s"]))
    def record(self, left, right, word, session):
        """The same form twice is one row; who is not there, or is forgotten, has no outcomes."""
        before, outcome = self.state, Outcome(left, right, word, session=session)
        form = {outcome.identifier: outcome}
        if left == right:
            with pytest.raises(UsageError, match="MM-USE-013"):
                self.store.report(form, **WHO)
        elif {left, right} & self.dead:
            assert self.store.report(form, **WHO).left_out == {"outcomes": 1}
        elif session in (None, *self.sessions) and {left, right} <= self.organizations.keys():
            self.changed(self.store.report(form, **WHO), before)
            assert self.store.report(form, **WHO).number == 0
            self.outcomes.add((left, right, word, session))
        else:
            with pytest.raises(DataError, match="MM-REF-001"):
                self.store.report(form, **WHO)

    @rule(who=st.sets(IDS))
    def invite(self, who):
        """Whoever is there can attend a session; the forgotten are left out."""
        before, there = self.state, who - self.dead
        rows = [{"session_id": "s", "org_id": identifier} for identifier in sorted(who)]
        frame = pl.DataFrame(rows, schema={"session_id": pl.String, "org_id": pl.String})
        tables = {"sessions": pl.DataFrame({"session_id": ["s"]}), "attendees": frame}
        if there <= self.organizations.keys():
            self.changed(self.store.put(tables, **WHO), before)
            self.sessions["s"] = self.sessions.get("s", frozenset()) | there

    @rule(left=IDS, right=IDS, word=st.sampled_from(["pin", "veto"]))
    def decide(self, left, right, word):
        """The latest decision on a pair holds."""
        before = self.state
        frame = {"decisions": pl.DataFrame({"left": [left], "right": [right], "decision": [word]})}
        if {left, right} <= self.organizations.keys():
            self.changed(self.store.put(frame, **WHO), before)
            self.decisions[left, right] = word

    @rule(day=st.dates(datetime.date(2024, 1, 1), datetime.date(2026, 1, 1)))
    def rank(self, day):
        """Who is kept apart is who the model says, and what outcomes add can be read as a world."""
        apart = {each[:2] for each in self.store.apart(day, 365)}
        said = {outcome[:2] for outcome in self.outcomes if outcome[2] in ("mou", "declined")}
        assert apart == said | self.facts | {pair for pair, word in self.decisions.items() if word == "veto"}
        if self.organizations:
            met = {(frozenset(pair), session) for *pair, word, session in self.outcomes if word == "met"}
            assert self.store.dataset(PLAIN).events.height == len(met)

    @rule(identifier=IDS)
    def remove(self, identifier):
        before = self.state
        pairs = [fact[:2] for fact in (*self.facts, *self.outcomes, *self.decisions)]
        if any(identifier in each for each in (*pairs, *self.sessions.values())):
            with pytest.raises(DataError, match="MM-REF-001"):
                self.store.remove("organizations", [identifier], **WHO)
        else:
            self.changed(self.store.remove("organizations", [identifier], **WHO), before)
            self.organizations.pop(identifier, None)

    @precondition(lambda self: self.past)
    @rule()
    def undo(self):
        number, before = self.past.pop()
        self.store.undo(number, author="Lee")
        self.organizations, self.facts, self.outcomes, self.decisions, self.sessions = before

    @precondition(lambda self: self.past)
    @rule()
    def undo_and_redo(self):
        number, _ = self.past[-1]
        undone = self.store.undo(number, author="Lee")
        self.store.undo(undone.number, author="Lee")

    @precondition(lambda self: len(self.dead) < 2)
    @rule(identifier=IDS)
    def forget(self, identifier):
        if identifier in self.organizations:
            self.store.forget(identifier, author="Lee")
            self.dead.add(identifier)
            self.organizations.pop(identifier)
            self.facts = {fact for fact in self.facts if identifier not in fact}
            self.outcomes = {outcome for outcome in self.outcomes if identifier not in outcome}
            self.decisions = {pair: word for pair, word in self.decisions.items() if identifier not in pair}
            self.sessions = {name: there - {identifier} for name, there in self.sessions.items()}
            self.past = []

    @rule()
    def reopen(self):
        self.store.close()
        self.store = Store.open(self.url, create=False)

    @rule()
    def backup_and_restore(self):
        self.store.backup(self.scratch)
        self.store.put({"organizations": pl.DataFrame({"org_id": ["lost"]})}, **WHO)
        self.store.restore(self.scratch, author="Lee")

    @rule()
    def crash(self):
        with pytest.raises(ZeroDivisionError):
            crashed(self.store)

    @invariant()
    def is_the_model(self):
        texts = self.store.texts("organizations", "partnerships", *SESSIONS)
        assert set(texts["outcomes"].select("left", "right", "outcome", "session_id").iter_rows()) == self.outcomes
        there = set(texts["attendees"]["org_id"])
        assert dict.fromkeys(texts["sessions"]["session_id"], there) == self.sessions
        assert {row[:2]: row[2] for row in texts["decisions"].select("left", "right", "decision").iter_rows()} == (
            self.decisions
        )
        assert dict(texts["organizations"].select("org_id", "city").iter_rows()) == self.organizations
        assert set(texts["partnerships"].select("left", "right").iter_rows()) == self.facts
        numbers = [change.number for change in self.store.history()]
        assert numbers == list(range(len(numbers), 0, -1))
        for name in ("organizations", "outcomes", "decisions"):
            stated = self.store.stated(name)
            assert stated["author"].null_count() == stated["time"].null_count() == 0


def emptied(url):
    """Let there be no store at an address."""
    if url.startswith("sqlite"):
        Path(url.removeprefix("sqlite:///")).unlink(missing_ok=True)
        return
    with Store.open(url) as store:
        layout(("name_en",)).drop_all(store._engine)


def crashed(store):
    """A change that breaks off after it has written."""
    from matchmaker.store.connection import writing

    with writing(store._engine, store.place) as connection:
        writer = Writer(connection, "a", "s")
        writer.put("organizations", pl.DataFrame({"org_id": ["a"], "city": ["half"]}), ReadOptions())
        _ = 1 / 0


def test_any_sequence_of_changes_is_what_the_model_says(url, tmp_path):
    Machine.url, Machine.scratch = url, tmp_path / "scratch.db"
    run_state_machine_as_test(
        Machine, settings=settings(max_examples=3, stateful_step_count=10, deadline=None, derandomize=True)
    )

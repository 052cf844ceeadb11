"""A plan is worth as much as any can be, in as few slots as can be, and what is wrong with one is found."""

import ast
import sys
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import product
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from matchmaker.errors import DataError
from matchmaker.session import Candidates, Delegation, Interpreter, Party, Pin, Room, Session, Veto, checker
from matchmaker.session.checker import faults
from matchmaker.session.coloring import _kernels, colors
from matchmaker.session.limit import Limit
from matchmaker.session.plan import UNITS
from matchmaker.session.planning import plan
from matchmaker.session.timetable import least_slots
from tests.worlds import FEWER

START = datetime(2026, 12, 1, 1, tzinfo=UTC)


def starts(slots):
    return tuple(START + timedelta(minutes=30 * slot) for slot in range(slots))


def session_of(lefts, rights, slots=3, tables=3, **options):
    left = Delegation(tuple(lefts), "China", "Asia/Shanghai", "Beijing", "zh")
    right = Delegation(tuple(rights), "Korea", "Asia/Seoul", "", "ko")
    return Session("test", left, right, starts(slots), rooms=(Room("", tables),), **options)


def candidates_of(values):
    values = np.asarray(values, dtype=float)
    left, right = np.nonzero(values)
    return Candidates(left, right, values[left, right], values[left, right])


def parties(letter, n, **options):
    return [Party(f"{letter}{k}", **options) for k in range(n)]


@st.composite
def sessions(draw, *, times=False):
    """A session of at most 3 × 3, and what each pair is worth."""
    n, m, slots = draw(st.integers(1, 3)), draw(st.integers(1, 3)), draw(st.integers(1, 3))
    subset = st.frozensets(st.integers(0, slots - 1)) if times else st.none()
    pinned = st.sampled_from([None, *range(slots)]) if times else st.none()
    sides = []
    for letter, size in (("l", n), ("r", m)):
        sides.append(
            [
                Party(
                    f"{letter}{k}",
                    kind=draw(st.sampled_from(["park", "hospital", None])),
                    most=draw(st.sampled_from([None, 1, 2])),
                    available=draw(subset),
                    languages=draw(st.sampled_from([frozenset(), frozenset({"en"}), frozenset({"zh", "ko"})])),
                )
                for k in range(size)
            ]
        )
    cells = st.tuples(st.integers(0, n - 1), st.integers(0, m - 1))
    vetoes = draw(st.frozensets(cells, max_size=2))
    pins = draw(st.frozensets(cells, max_size=1)) - vetoes
    session = session_of(
        *sides,
        slots,
        draw(st.integers(1, 3)),
        most_meetings=draw(st.sampled_from([None, 2])),
        each=draw(st.integers(1, 3)),
        kind_caps=draw(st.sampled_from([{}, {"park": 1}])),
        pins=tuple(Pin(f"l{a}", f"r{b}", draw(pinned)) for a, b in sorted(pins)),
        vetoes=tuple(Veto(f"l{a}", f"r{b}") for a, b in sorted(vetoes)),
        interpreters=draw(st.sampled_from([None, (Interpreter("Kim"),)])) if times else None,
    )
    values = draw(st.lists(st.lists(st.integers(0, 9), min_size=m, max_size=m), min_size=n, max_size=n))
    return session, candidates_of(np.array(values) / 10)


def brute_force(session, candidates):
    """The highest total value over all ways to give each pair a slot or none; None: pins cannot be."""
    ends = zip(candidates.left, candidates.right, candidates.value, strict=True)
    worth = {(f"l{a}", f"r{b}"): round(value * UNITS) for a, b, value in ends}
    pins = {(pin.left, pin.right) for pin in session.pins}
    barred = {(veto.left, veto.right) for veto in session.vetoes}
    pairs = sorted(worth.keys() | pins)

    def totals(k, meetings, total):
        if not valid(session, meetings):
            return
        if k == len(pairs):
            yield total
            return
        pair = pairs[k]
        if pair not in pins:
            yield from totals(k + 1, meetings, total)
        for slot in () if pair in barred else common(session, pair):
            yield from totals(k + 1, [*meetings, (pair, slot)], total + worth.get(pair, 0))

    return max(totals(0, [], 0), default=None)


def common(session, pair):
    available = [session.party[who].available for who in pair]
    pinned = {pin.slot for pin in session.pins if (pin.left, pin.right) == pair} - {None}
    slots = pinned or range(len(session.starts))
    return [slot for slot in slots if all(a is None or slot in a for a in available)]


def valid(session, meetings):
    at = [(who, slot) for pair, slot in meetings for who in pair]
    slots = [slot for _, slot in meetings]
    needy = [slot for pair, slot in meetings if not languages(session, pair[0]) & languages(session, pair[1])]
    people = session.interpreters
    return (
        len(set(at)) == len(at)
        and (session.most_meetings is None or len(meetings) <= session.most_meetings)
        and all(slots.count(slot) <= session.rooms[0].tables for slot in slots)
        and (people is None or all(needy.count(slot) <= len(people) for slot in needy))
        and all(within(session, who, [pair[pair[0] == who] for pair, _ in meetings if who in pair]) for who, _ in at)
    )


def within(session, who, met):
    kinds = [session.party[other].kind for other in met]
    most = session.party[who].most
    enough = all(kinds.count(kind) <= cap for kind, cap in session.kind_caps.items())
    return enough and len(met) <= (session.each if most is None else most)


def languages(session, who):
    delegation = session.left if who.startswith("l") else session.right
    return session.party[who].languages or frozenset({delegation.language})


def assert_best(session, candidates):
    best = brute_force(session, candidates)
    if best is None:
        with pytest.raises(DataError):
            plan(session, candidates)
        return
    found = plan(session, candidates)
    assert found.certificate.value == best
    assert found.certificate.optimal
    assert faults(session, candidates, found) == []


@given(sessions())
def test_where_everyone_is_there_a_plan_is_worth_what_the_best_of_all_is(case):
    assert_best(*case)


@FEWER
@given(sessions(times=True))
def test_where_times_bind_a_plan_is_worth_what_the_best_of_all_is(case):
    assert_best(*case)


@st.composite
def graphs(draw):
    generator = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    return np.nonzero(generator.random(generator.integers(1, 13, 2)) < draw(st.sampled_from([0.1, 0.5, 0.9])))


@given(graphs(), st.integers(0, 2), st.booleans())
def test_meetings_fit_in_as_many_slots_as_the_busiest_has_meetings_and_fill_them_evenly(graph, more, start):
    left, right = graph
    slots = max([*np.bincount(left), *np.bincount(right), 1]) + more
    held = np.random.default_rng(more).integers(-1, slots, len(left)) if start else None
    found = colors(left, right, int(slots), held)
    assert len(set(zip(left, found, strict=True))) == len(left) == len(set(zip(right, found, strict=True)))
    sizes = np.bincount(found, minlength=slots)
    assert sizes.max() - sizes.min() <= 1


@given(graphs(), st.integers(1, 5))
def test_the_fewest_slots_are_those_of_the_theorem_and_are_always_attained(graph, tables):
    values = np.zeros((12, 12))
    values[graph] = 1.0
    session = session_of(parties("l", 12), parties("r", 12), 150, tables, each=12)
    found = plan(session, candidates_of(values))
    busiest, filled = max([*np.bincount(graph[0]), *np.bincount(graph[1]), 0]), -(-len(graph[0]) // tables)
    assert len(found.meetings) == len(graph[0])
    assert found.certificate.used_slots == found.certificate.least_slots == max(busiest, filled)


def test_compiled_and_plain_coloring_are_the_same(monkeypatch):
    left, right = np.nonzero(np.random.default_rng(0).random((30, 30)) < 0.4)
    plain = colors(left, right, 30)
    monkeypatch.setattr("matchmaker.session.coloring.COMPILED_FROM", 0)
    _kernels.cache_clear()
    assert colors(left, right, 30).tolist() == plain.tolist()


@pytest.fixture(scope="module")
def planned():
    """Five against six, with everything that a session can have; and its plan."""
    generator = np.random.default_rng(1)
    lefts, rights = parties("l", 5, kind="park"), parties("r", 6, kind="hospital")
    rights[0] = replace(rights[0], available=frozenset({0, 1}))
    session = session_of(
        lefts,
        rights,
        4,
        3,
        each=3,
        kind_caps={"park": 2},
        pins=(Pin("l0", "r0", 1, "Kim", "2026-11-01", "asked for"),),
        vetoes=(Veto("l1", "r1", "Li", "2026-11-02", "rivals"),),
        interpreters=(Interpreter("Park"), Interpreter("Choi"), Interpreter("Jin", frozenset({0}))),
    )
    candidates = candidates_of(generator.random((5, 6)))
    return session, candidates, plan(session, candidates)


def moved(found, k, **change):
    meetings = list(found.meetings)
    meetings[k] = meetings[k]._replace(**change)
    return replace(found, meetings=tuple(meetings))


def test_a_good_plan_has_no_faults(planned):
    session, candidates, found = planned
    assert faults(session, candidates, found) == []
    assert len(found.meetings) >= 8


def certified(found, **change):
    return replace(found, certificate=replace(found.certificate, **change))


def of(found, left, right):
    return [(m.left, m.right) for m in found.meetings].index((left, right))


def interpreted_twice(found):
    first = found.meetings[0]
    return moved(found, 0, interpreter=next(m.interpreter for m in found.meetings[1:] if m.slot == first.slot))


def waiting_twice(found):
    first = found.meetings[0]
    again = found.waiting[0]._replace(left=first.left, right=first.right)
    return replace(found, waiting=(*found.waiting, again))


FAULTS = {
    "is in 2 meetings": lambda f: moved(f, 0, left=f.meetings[1].left, right="r5", slot=f.meetings[1].slot),
    "meet 2 times": lambda f: replace(f, meetings=(*f.meetings, f.meetings[0]._replace(slot=3))),
    "are at table": lambda f: moved(f, 1, table=f.meetings[0].table, slot=f.meetings[0].slot),
    "is not there in slot": lambda f: moved(f, of(f, "l0", "r0"), slot=3),
    "there is no table": lambda f: moved(f, 0, table="9"),
    "there is no slot": lambda f: moved(f, 0, slot=17),
    "must not meet": lambda f: moved(f, 0, left="l1", right="r1"),
    "are pinned and do not meet": lambda f: replace(f, meetings=tuple(m for m in f.meetings if m.left != "l0")),
    "are pinned to slot": lambda f: moved(f, of(f, "l0", "r0"), slot=0),
    "are not of the two": lambda f: moved(f, 0, left="r1"),
    "have no interpreter": lambda f: moved(f, 0, interpreter=""),
    "interprets 2": interpreted_twice,
    "are worth": lambda f: replace(f, meetings=f.meetings[:-1]),
    "prove a bound": lambda f: certified(f, bound=f.certificate.value - 1),
    "a price is negative": lambda f: certified(f, prices={("party", "l0"): -1}),
    "limits nothing": lambda f: certified(f, prices={("kind", "l0", "nuns"): 5}),
    "more than its bound": lambda f: certified(f, solver_bound=1),
    "slots are used": lambda f: certified(f, used_slots=1),
    "cannot be the fewest": lambda f: certified(f, least_slots=0),
    "not proven to be the fewest": lambda f: certified(f, least_slots=3, slots_proven=True),
    "meet and wait": waiting_twice,
}


@pytest.mark.parametrize("said", FAULTS)
def test_a_planted_fault_is_found(planned, said):
    session, candidates, found = planned
    assert any(said in fault for fault in faults(session, candidates, FAULTS[said](found)))


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"each": 1}, "and room for 1"),
        ({"most_meetings": 3}, "are more than 3"),
        ({"kind_caps": {"hospital": 0}}, "of kind"),
    ],
)
def test_too_many_meetings_are_found(planned, change, said):
    session, candidates, found = planned
    assert any(said in fault for fault in faults(replace(session, **change), candidates, found))


def test_a_worse_plan_that_claims_to_be_the_best_is_found():
    session = session_of(parties("l", 2), parties("r", 2), 1, 2, each=1)
    candidates = candidates_of([[0.9, 0.8], [0.7, 0.1]])
    worse = plan(replace(session, vetoes=(Veto("l0", "r1"),)), candidates)
    assert worse.certificate.optimal
    said = faults(session, candidates, replace(worse, waiting=()))
    assert said == [f"the prices prove a bound of {18 * UNITS // 10}, not {UNITS}"]


def test_everything_that_waits_has_its_reason(planned):
    _, _, found = planned
    assert all(waiting.reason for waiting in found.waiting)
    assert found.wanted >= len(found.waiting)
    crowded = session_of(parties("l", 3), parties("r", 1), 3, 1, each=1)
    waiting = plan(crowded, candidates_of([[0.9], [0.8], [0.7]])).waiting
    assert [(each.left, each.reason) for each in waiting] == [("l1", "r0 is full"), ("l2", "r0 is full")]


REASONS = {
    "vetoed by Li: rivals": {"vetoes": (Veto("l0", "r0", "Li", "", "rivals"),)},
    "they have met": {"vetoes": (Veto("l0", "r0", why="they have met"),)},
    "l0 meets enough of kind park": {"kind_caps": {"park": 1}},
    "all tables of all slots are taken": {"slots": 1, "tables": 1},
    "all interpreters of all slots are taken": {"interpreters": (Interpreter("Kim", frozenset({0})),)},
    "there are enough meetings": {"most_meetings": 1},
    "no interpreter while both are there": {"interpreters": (), "each": 1, "mixed": True},
}


@pytest.mark.parametrize("reason", REASONS)
def test_a_reason_says_what_is_in_the_way(reason):
    options = {"slots": 2, "tables": 2, "each": 3, **REASONS[reason]}
    rights = parties("r", 2, kind="park")
    languages = [frozenset({"zh"}), frozenset({"ko" if options.pop("mixed", False) else "zh"})]
    lefts = [replace(party, languages=each) for party, each in zip(parties("l", 2), languages, strict=True)]
    session = session_of(lefts, rights, options.pop("slots"), options.pop("tables"), **options)
    waiting = plan(session, candidates_of([[0.5, 0.9], [0.8, 0.7]])).waiting
    assert reason in {each.reason for each in waiting}


def test_two_who_are_never_there_together_wait_for_that_reason():
    lefts, rights = parties("l", 1, available=frozenset({0})), parties("r", 1, available=frozenset({1}))
    found = plan(session_of(lefts, rights), candidates_of([[0.5]]))
    assert found.meetings == ()
    assert [each.reason for each in found.waiting] == ["no slot in which both are there"]


def test_a_new_plan_keeps_what_was_announced_and_says_what_moved():
    session = session_of(parties("l", 6), parties("r", 6), 6, 4, each=3)
    candidates = candidates_of(np.random.default_rng(2).random((6, 6)))
    first = plan(session, candidates)
    gone = first.meetings[0]
    vetoed = replace(session, vetoes=(Veto(gone.left, gone.right, "Kim", "2026-11-20", "they fell out"),))
    second = plan(vetoed, candidates, earlier=first)
    assert second.change is not None
    assert second.change.withdrawn == 1
    assert second.change.moved == 0
    assert second.change.kept == len(first.meetings) - 1
    assert (gone.left, gone.right) not in {(m.left, m.right) for m in second.meetings}


def test_who_cannot_be_there_any_more_moves_and_the_others_stay():
    session = session_of(parties("l", 4), parties("r", 4), 5, 4, each=3)
    candidates = candidates_of(np.random.default_rng(3).random((4, 4)))
    first = plan(session, candidates)
    late = [replace(session.left.parties[0], available=frozenset({2, 3, 4})), *session.left.parties[1:]]
    second = plan(replace(session, left=replace(session.left, parties=tuple(late))), candidates, earlier=first)
    assert second.change.withdrawn == 0
    assert 0 < second.change.moved < 6
    assert all(m.slot >= 2 for m in second.of("l0"))


def test_hours_of_sixty_against_sixty_are_kept_and_the_plan_is_proven():
    generator = np.random.default_rng(6)

    def timed(letter):
        for party in parties(letter, 60):
            free = frozenset(np.flatnonzero(generator.random(10) < 0.6).tolist())
            yield replace(party, available=free) if generator.random() < 0.4 else party

    session = session_of(timed("l"), timed("r"), 10, 40, each=4)
    found = plan(session, candidates_of(generator.random((60, 60)) * (generator.random((60, 60)) < 0.3)))
    assert len(found.meetings) > 200
    assert found.certificate.gap < 0.001


def test_the_same_plan_comes_twice():
    session = session_of(
        parties("l", 5), parties("r", 5), 4, 3, each=3, interpreters=(Interpreter("a"), Interpreter("b"))
    )
    candidates = candidates_of(np.random.default_rng(4).random((5, 5)))
    assert plan(session, candidates) == plan(session, candidates)


IMPOSSIBLE = {
    "MM-SES-001": {"pins": (Pin("l0", "r0"),), "vetoes": (Veto("l0", "r0"),)},
    "MM-SES-002": {"pins": (Pin("l0", "r0"), Pin("l0", "r1")), "each": 1},
    "MM-SES-004": {"pins": (Pin("l0", "r0", 0), Pin("l0", "r1", 0))},
}


@pytest.mark.parametrize("code", IMPOSSIBLE)
def test_pins_that_cannot_be_are_refused(code):
    session = session_of(parties("l", 2), parties("r", 2), 2, 2, **IMPOSSIBLE[code])
    with pytest.raises(DataError) as refused:
        plan(session, candidates_of(np.ones((2, 2)) / 2))
    assert [problem.code for problem in refused.value.problems] == [code]


def test_more_pins_than_tables_are_refused():
    session = session_of(parties("l", 2), parties("r", 2), 1, 1, pins=(Pin("l0", "r0"), Pin("l1", "r1")))
    with pytest.raises(DataError, match="room for 1 in all"):
        plan(session, candidates_of(np.ones((2, 2)) / 2))


def test_both_clocks_stand_on_every_time():
    session = session_of(parties("l", 1), parties("r", 1))
    assert session.clocks(0) == "Beijing 09:00 = Seoul 10:00"
    assert session.day.isoformat() == "2026-12-01"


def test_who_has_a_table_stays_at_it():
    session = session_of(parties("l", 3), parties("r", 9), 9, 3, each=4)
    found = plan(session, candidates_of(np.random.default_rng(5).random((3, 9))))
    assert len({(m.left, m.table) for m in found.meetings}) == 3


def test_the_fewest_slots_name_what_needs_them():
    limit = Limit(session_of(parties("l", 2), parties("r", 3), 5, 2))
    assert least_slots(limit, product([0], range(3))) == (3, "l0 has 3 meetings")
    assert least_slots(limit, [(0, 0), (1, 1), (0, 2)]) == (2, "l0 has 2 meetings")
    assert least_slots(limit, product([0, 1], range(3)))[0] == 3


def test_without_the_solver_it_is_said_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "ortools.graph.python.min_cost_flow", None)
    with pytest.raises(DataError, match=r"MM-SES-003.*partner-matchmaker\[plan\]"):
        plan(session_of(parties("l", 2), parties("r", 2)), candidates_of(np.ones((2, 2)) / 2))


def test_no_plan_in_no_time_is_said():
    pins = tuple(Pin(f"l{a}", f"r{b}") for a in range(12) for b in range(12) if (a + b) % 3)
    people = tuple(Interpreter(str(k)) for k in range(11))
    session = session_of(parties("l", 12), parties("r", 12), 9, 11, each=9, pins=pins, interpreters=people)
    with pytest.raises(DataError, match="MM-SES-005"):
        plan(session, candidates_of(np.ones((12, 12)) / 2), seconds=0.0)


def test_the_checker_shares_nothing_with_the_planner():
    tree = ast.parse(Path(checker.__file__).read_text("utf-8"))
    imported = {node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    ours = {module for module in imported if module.startswith("matchmaker")}
    assert ours == {"matchmaker.session.plan", "matchmaker.session.session"}

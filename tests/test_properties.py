"""What a ranking promises, stated so that it can be false: on random worlds, to the last digit where that is meant.

Nothing in ranking is random, so there is no seed to test. What each scorer promises alone stands in test_scorers.py.
"""

import datetime
import hashlib
import math
import os
import random
import re
import subprocess
import sys
import unicodedata
from dataclasses import replace
from itertools import combinations, pairwise, permutations

import numpy as np
import polars as pl
import pytest
import scipy.sparse as sp
from hypothesis import given, note, settings
from hypothesis import strategies as st

import matchmaker.recommender as ranking
from matchmaker.blend import Blend, sigmoid
from matchmaker.dataset import Dataset, Organization
from matchmaker.domain import engine_settings
from matchmaker.recommender import Recommender
from matchmaker.scorers import SCORERS
from matchmaker.scorers.popularity import Popularity
from matchmaker.vocabulary import fold
from tests.reference import Reference
from tests.worlds import (
    EVERYONE,
    FLAT,
    LAST_DAY,
    ONE_SIDE,
    OPTIONS,
    REGIONS,
    SECTORS,
    TWO_SIDES,
    World,
    everyone,
    fitted,
    frozen,
    meeting,
    mutual_scores,
    organization,
    permuted,
    ranked_pairs,
    worlds,
    worlds_with_pair,
)

SOME = settings(max_examples=settings.default.max_examples // 4)
FEW = settings(
    max_examples=settings.default.max_examples // 8
)  # an example builds a world or several, ranks and explains
WITH_VOCABULARY = (TWO_SIDES, ONE_SIDE)
WEIGHTS = engine_settings()["weights"]
DIRECTED = [name for name, scorer in SCORERS.items() if not scorer().symmetric]
CUT = datetime.date(2020, 6, 30)
CLOSE = 1e-9
EXACT = 1e-12


def told(dataset, scorer="blend", **options):
    """All that is answered about the first, the last and every pair, reasons included, to the last digit."""
    recommender = Recommender(dataset, scorer)
    lists = [recommender.match(dataset.ids[k], EVERYONE, conveners=True, **options) for k in (0, -1)]
    return repr((lists, recommender.pairs(EVERYONE, conveners=True, **options)))


def bits(dataset):
    """The blocks of every scorer, in both directions, to the last bit."""
    return {
        (name, reverse): scorer.score(everyone(dataset), reverse=reverse).tobytes()
        for name, scorer in fitted(dataset).items()
        for reverse in (False, True)
    }


def assert_same(one, other):
    assert one.ids == other.ids
    assert bits(one) == bits(other)
    assert told(one) == told(other)


def ids_of(matches):
    return [match.organization.id for match in matches]


# --- the same, computed slowly ------------------------------------------------------------------------------------


@SOME
@given(worlds(most=12))
def test_scorers_and_blend_are_what_plain_python_makes_of_their_formulas(world):
    # The walk to the last digit: its usual 13 steps leave an error near 5e-7, which test_graph.py bounds.
    world = replace(world, domain=replace(world.domain, overrides={"graph": {"chebyshev_steps": 60}}))
    dataset = world.dataset()
    reference = Reference(dataset)
    for name, scorer in fitted(dataset).items():
        expected = table(dataset, getattr(reference, name))
        for block in (scorer.score(everyone(dataset)), scorer.score(everyone(dataset), reverse=True).T):
            np.testing.assert_allclose(block, expected, rtol=0, atol=CLOSE, err_msg=name)
    forward, backward = Blend().fit(dataset).both_log_odds(everyone(dataset))
    expected = table(dataset, reference.log_odds)
    np.testing.assert_allclose(forward, expected, rtol=0, atol=CLOSE)
    np.testing.assert_allclose(backward, expected.T, rtol=0, atol=CLOSE)
    for (left, right), score in mutual_scores(dataset).items():
        assert score == pytest.approx(reference.mutual(dataset.row(left), dataset.row(right)), abs=CLOSE)


def table(dataset, function):
    """A function of a seeker and a candidate for all pairs."""
    return np.array([[function(i, j) for j in range(len(dataset))] for i in range(len(dataset))])


# --- what makes no difference -------------------------------------------------------------------------------------


def full_width(text):
    return "".join(chr(ord(c) + 0xFEE0) if "!" <= c <= "~" else c for c in text)


TERM_COLUMNS = {
    "organizations": ("interests", "offers", "seeks", "sector", "region", "city"),
    "participations": ("role",),
    "region_ties": ("left", "right"),
    "topics": ("term",),
}
LISTS = ("interests", "offers", "seeks", "role")
SPELLINGS = (
    str.upper,
    str.title,
    full_width,
    lambda term: unicodedata.normalize("NFD", term),
    lambda term: f" \u3000{term}\u200b ",
)


@st.composite
def respelled(draw, world):
    """The same world, its terms written otherwise; in lists some are there twice and all in another order."""

    def spelled(term):
        return draw(st.sampled_from(SPELLINGS))(term.strip())

    def cell(key, text):
        if text is None or key not in LISTS:
            return text and spelled(text)
        terms = text.split(";")
        return ";".join(map(spelled, draw(st.permutations(terms)) + terms[: draw(st.integers(0, 2))]))

    def change(columns):
        return lambda row: {key: cell(key, text) if key in columns else text for key, text in row.items()}

    return world.mapped(**{name: change(columns) for name, columns in TERM_COLUMNS.items()})


@st.composite
def rewritten(draw, frame):
    """The same table: cut and put together again with some rows twice, columns moved, one that no one knows beside."""
    ends = [draw(st.integers(0, frame.height)) for _ in range(2)]
    parts = draw(st.permutations([frame[: ends[0]], frame[ends[0] :], frame[: ends[1]]]))
    return pl.concat(parts).select(draw(st.permutations(frame.columns))).with_columns(pl.lit("red").alias("color"))


@SOME
@given(worlds(most=4), st.data())
def test_neither_order_nor_repetition_nor_spelling_nor_columns_that_no_one_knows_change_a_digit(world, data):
    # All at once: an example that fails shrinks to the change that matters.
    other = data.draw(permuted(data.draw(respelled(world))))
    frames = {name: data.draw(rewritten(frame)) for name, frame in other.frames().items()}
    options = replace(OPTIONS, allow_extra=True)
    assert_same(Dataset.from_frames(domain=world.domain, options=options, **frames), world.dataset())


@FEW
@given(worlds(least=2, most=4), st.data())
def test_other_identifiers_rename_the_answers(world, data):
    names = dict(
        zip(world.ids, data.draw(st.permutations([f"n{k}" for k in range(len(world.ids))])), strict=True)
    ) | dict(zip((f"e{k}" for k in range(5)), data.draw(st.permutations([f"x{k}" for k in range(5)])), strict=True))

    def renamed(row):
        keys = ("org_id", "event_id", "left", "right")
        return {key: names.get(value, value) if key in keys else value for key, value in row.items()}

    facts = ("organizations", "events", "participations", "partnerships", "topics")
    old, new = world.dataset(), world.mapped(**dict.fromkeys(facts, renamed)).dataset()
    rows = np.array([new.row(names[identifier]) for identifier in old.ids])
    for name, scorer in fitted(new).items():
        block = SCORERS[name]().fit(old).score(everyone(old))
        np.testing.assert_allclose(scorer.score(rows)[:, rows], block, rtol=0, atol=CLOSE, err_msg=name)
    scores = {(names[left], names[right]): score for (left, right), score in mutual_scores(old).items()}
    assert mutual_scores(new) == pytest.approx(scores, abs=CLOSE)


@FEW
@given(worlds(most=4), st.integers(-3000, 300))
def test_only_the_age_of_facts_counts_and_not_their_date(world, days):
    shift = datetime.timedelta(days=days)
    dataset = world.dataset()
    moved = replace(
        dataset,
        events=dataset.events.with_columns(pl.col("day") + shift),
        partnerships=dataset.partnerships.with_columns(pl.col("day") + shift),
        region_ties=dataset.region_ties.with_columns(pl.col("day") + shift),
    )
    assert bits(moved.as_of(LAST_DAY + shift)) == bits(dataset.as_of(LAST_DAY))


@FEW
@given(worlds(most=4))
def test_answering_again_and_fitting_anew_say_the_same(world):
    dataset = world.dataset()
    recommender = Recommender(dataset)
    seeker = dataset.ids[0]
    once = repr((recommender.match(seeker), recommender.pairs()))
    Recommender(dataset).match(seeker, 1, as_of=CUT)
    recommender.match(seeker, 1, as_of=CUT)
    assert repr((recommender.match(seeker), recommender.pairs())) == once
    assert repr((Recommender(dataset).match(seeker), Recommender(dataset).pairs())) == once


def test_a_scorer_that_was_given_is_not_mixed_up_between_days_and_profiles():
    world = World(FLAT, tuple(map(organization, "abc"))).plus(**meeting("e", "a", "b"))
    recommender = Recommender(world.plus(**meeting("f", "a", "c", date="2019-01-01")).dataset(), Popularity())
    once = recommender.match("a")
    recommender.match("a", as_of=CUT)
    recommender.match(Organization("aa"))
    assert recommender.match("a") == once


def test_threads_make_no_difference():
    program = (
        "import hashlib, numpy as np\n"
        "from matchmaker import SCORERS, Blend, Dataset, Recommender\n"
        "dataset = Dataset.read()\n"
        "rows = np.arange(0, len(dataset), 19)\n"
        "blocks = [s.fit(dataset).score(rows).tobytes() for s in (Blend(), *(make() for make in SCORERS.values()))]\n"
        "answer = repr(Recommender(dataset).match(dataset.ids[0], 3))\n"
        "print(hashlib.sha256(b''.join([*blocks, answer.encode()])).hexdigest())\n"
    )
    kept = os.environ | {"PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
    answers = [
        subprocess.run(
            [sys.executable, "-c", program],
            env=kept | dict.fromkeys(("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "POLARS_MAX_THREADS"), threads),
            capture_output=True,
            check=True,
        ).stdout
        for threads in ("1", "2")
    ]
    assert answers[0] == answers[1]
    assert len(answers[0].strip()) == hashlib.sha256().digest_size * 2


def test_ranking_draws_no_random_number(monkeypatch):
    def refuse(*arguments, **options):
        raise AssertionError("a random number is drawn")

    for name in ("default_rng", "random", "rand", "permutation", "shuffle", "RandomState"):
        monkeypatch.setattr(np.random, name, refuse)
    for name in ("random", "shuffle", "sample", "choice", "Random"):
        monkeypatch.setattr(random, name, refuse)
    world = World(ONE_SIDE, tuple(map(organization, "abcd"))).plus(**meeting("e", "a", "b")).plus(**meeting("f", *"bc"))
    assert told(world.dataset())


# --- lists --------------------------------------------------------------------------------------------------------


@FEW
@given(worlds(least=3, domains=(ONE_SIDE, FLAT)))
def test_a_shorter_list_is_the_beginning_of_a_longer_one(world):
    recommender = Recommender(world.dataset(), "regions")  # where ties are many
    pairs = recommender.pairs(EVERYONE)
    for n in range(len(pairs) + 1):
        assert recommender.pairs(n) == pairs[:n]
    for seeker in world.ids:
        matches = recommender.match(seeker, EVERYONE)
        for n in range(len(matches) + 1):
            assert recommender.match(seeker, n) == matches[:n]


@FEW
@given(worlds(least=2, most=5), st.integers(1, 3))
def test_ranking_in_blocks_is_ranking_one_by_one(world, size):
    dataset = world.dataset()
    whole = Recommender(dataset).pairs(5)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ranking, "BLOCK", size)
        assert Recommender(dataset).pairs(5) == whole


@FEW
@given(worlds(least=2, most=5))
def test_pairs_say_what_matches_say(world):
    dataset = world.dataset()
    recommender = Recommender(dataset)
    expected = {}
    for row, left in enumerate(dataset.ids):
        if dataset.domain.sides is None or dataset.organization(row).country == "CN":
            for match in recommender.match(left, EVERYONE, conveners=True):
                right = match.organization.id
                if dataset.domain.sides or left < right:
                    expected[left, right] = match
    pairs = recommender.pairs(EVERYONE, conveners=True)
    assert [(pair.left.id, pair.right.id) for pair in pairs] == sorted(
        expected, key=lambda ends: (-round(expected[ends].score, 12), ends)
    )
    for pair in pairs:
        match = expected[pair.left.id, pair.right.id]
        assert (pair.right, pair.met) == (match.organization, match.met)
        values, others = ((each.score, each.forward, each.backward) for each in (pair, match))
        assert values == pytest.approx(others, abs=EXACT)


@FEW
@given(worlds(least=2, most=5))
def test_lists_fall_by_score_and_ties_stand_by_identifier(world):
    dataset = world.dataset()
    for scorer in ("blend", "regions", "sectors"):
        recommender = Recommender(dataset, scorer)
        for seeker in dataset.ids:
            keys = [(-round(m.score, 12), m.organization.id) for m in recommender.match(seeker, EVERYONE)]
            assert keys == sorted(keys)
        keys = [(-pair.score, pair.left.id, pair.right.id) for pair in recommender.pairs(EVERYONE)]
        assert keys == sorted(keys)


# Each filter, and what it asks of a record; plainly, on the rows of the tables.


def chain(vocabulary, term):
    return [] if term is None else [term, *chain(vocabulary, vocabulary.terms[term].parent)]


def passes(record, region, sector, kind):
    place = record["city"] or record["region"] or record["country"]
    sectors = chain(SECTORS, record["sector"])
    asked = [term for term in (sector, kind) if term is not None]
    return (region is None or region in chain(REGIONS, place)) and set(asked) <= set(sectors)


def is_open(record, sector, kind, conveners):
    asked = [term for each in (sector, kind) for term in chain(SECTORS, each)]
    return conveners or "convener" in asked or "convener" not in chain(SECTORS, record["sector"])


def is_across(dataset, left, right):
    if left["org_id"] == right["org_id"] or dataset.domain.sides is None:
        return left["org_id"] != right["org_id"]
    sides = {"CN", "KR"}
    return right["country"] in (sides - {left["country"]})


def have_met(dataset, left, right):
    ends = {left["org_id"], right["org_id"]}
    where = [
        {fact["event_id"] for fact in dataset.participations.to_dicts() if fact["org_id"] == identifier}
        for identifier in ends
    ]
    return bool(set.intersection(*where)) or any(
        ends == {deal["left"], deal["right"]} for deal in dataset.partnerships.to_dicts()
    )


FILTERS = st.fixed_dictionaries(
    {},
    optional={
        "region": st.sampled_from(("CN", "KR", "Shandong", "Seoul")),
        "sector": st.sampled_from(tuple(SECTORS.terms)),
        "kind": st.sampled_from(("company", "park", "convener")),
        "exclude_met": st.booleans(),
        "conveners": st.booleans(),
    },
)


@SOME
@given(worlds(least=2, domains=WITH_VOCABULARY), st.lists(FILTERS, min_size=4, max_size=4))
def test_a_list_holds_whom_the_filters_let_through_and_no_one_else(world, asked):
    dataset = world.dataset()
    records = dataset.organizations.to_dicts()
    recommender = Recommender(dataset, "popularity")  # the quickest: no filter knows of scores
    for filters in asked:
        region, sector, kind = (filters.get(key) for key in ("region", "sector", "kind"))
        conveners, exclude_met = (filters.get(key, False) for key in ("conveners", "exclude_met"))

        def open_across(left, right, *, sector=sector, kind=kind, conveners=conveners, exclude_met=exclude_met):
            is_new = not (exclude_met and have_met(dataset, left, right))
            return is_new and is_across(dataset, left, right) and is_open(right, sector, kind, conveners)

        for seeker in records:
            matches = recommender.match(seeker["org_id"], EVERYONE, **filters)
            expected = [r["org_id"] for r in records if open_across(seeker, r) and passes(r, region, sector, kind)]
            assert sorted(ids_of(matches)) == expected
            assert all(m.met == have_met(dataset, seeker, records[dataset.row(m.organization.id)]) for m in matches)
        expected = [
            (left["org_id"], right["org_id"])
            for left in records
            for right in records
            if open_across(left, right)
            and is_open(left, sector, kind, conveners)
            and (passes(left, region, sector, kind) or passes(right, region, sector, kind))
            and (left["country"] == "CN" if dataset.domain.sides else left["org_id"] < right["org_id"])
            and (dataset.domain.sides is None or right["country"] == "KR")
        ]
        answer = [(pair.left.id, pair.right.id) for pair in recommender.pairs(EVERYONE, **filters)]
        assert sorted(answer) == expected


@FEW
@given(worlds(least=2, domains=WITH_VOCABULARY), FILTERS)
def test_narrowing_a_list_leaves_the_others_as_they_were(world, filters):
    dataset = world.dataset()
    recommender = Recommender(dataset)
    for seeker in dataset.ids[:2]:
        everybody = recommender.match(seeker, EVERYONE, conveners=True)
        some = recommender.match(seeker, EVERYONE, **filters)
        assert some == [match for match in everybody if match.organization.id in ids_of(some)]


# --- as of a day --------------------------------------------------------------------------------------------------


@FEW
@given(worlds(least=2, most=4))
def test_what_came_after_the_day_and_what_has_no_day_is_not_in_the_answer(world):
    later, (left, right) = world, world.ids[:2]
    for date in ("2020-07-01", None):
        later = later.plus(**meeting(f"late {date}", *world.ids, date=date)).plus(
            partnerships={"left": left, "right": right, "date": date, "kind": "late"},
            region_ties={"left": "CN", "right": "KR", "kind": "late", "date": date},
            topics={"event_id": f"late {date}", "term": "mrna"},
        )
    assert told(later.dataset(), as_of=CUT) == told(world.dataset(), as_of=CUT)


def test_what_came_on_the_day_is_in_the_answer():
    world = World(FLAT, (organization("a"), organization("b"))).plus(**meeting("e", "a", "b", date="2020-06-30"))
    recommender = Recommender(world.dataset())
    for day, is_known in ((CUT, True), (CUT - datetime.timedelta(days=1), False), (datetime.date.max, True)):
        (match,) = recommender.match("a", as_of=day)
        (pair,) = recommender.pairs(as_of=day)
        explanation = recommender.explain("a", "b", as_of=day)
        assert match.met == pair.met == explanation.met == is_known
        if day < datetime.date.max:  # by then, its weight has decayed to 0
            assert any(reason.text == "were both in a forum: e" for reason in match.reasons) == is_known
        assert (f"no event or agreement of a is recorded up to {day}" in explanation.unknown) == (not is_known)


def test_who_is_known_only_since_a_later_day_is_no_candidate_before():
    organizations = {"org_id": ["a", "b", "c"], "first_known": [None, "2020-07-01", "2020-06-30"]}
    recommender = Recommender(Dataset.from_frames(organizations=organizations))
    assert ids_of(recommender.match("a")) == ["b", "c"]
    assert ids_of(recommender.match("a", as_of=CUT)) == ["c"]
    assert [(pair.left.id, pair.right.id) for pair in recommender.pairs(as_of=CUT)] == [("a", "c")]


# --- who is there ------------------------------------------------------------------------------------------------


@FEW
@given(worlds(least=2, most=4))
def test_an_organization_of_which_nothing_is_known_changes_nothing_between_others(world):
    # With term weights frozen. Text has no frozen form: its rarity counts organizations. Katz has n in its scale.
    dataset = world.dataset()
    more = frozen(world.plus(organizations=organization("zzz")).dataset(), dataset)
    n = len(dataset)
    for name in set(SCORERS) - {"text"}:
        old, new = (SCORERS[name]().fit(each).score(everyone(dataset)) for each in (dataset, more))
        if name == "katz":
            old, new = np.expm1(old * np.log1p(n)) / n, np.expm1(new * np.log1p(n + 1)) / (n + 1)
        np.testing.assert_allclose(new[:, :n], old, rtol=0, atol=CLOSE, err_msg=name)


@FEW
@given(worlds(most=4))
def test_an_organization_of_which_nothing_is_known_gets_a_finite_list(world):
    dataset = world.plus(organizations=organization("zzz")).dataset()
    matches = Recommender(dataset).match("zzz", EVERYONE, conveners=True)
    sides = ("CN", "KR") if world.domain.sides else (None, "CN", "KR")  # of no side, it is ranked against both
    assert sorted(ids_of(matches)) == sorted(row["org_id"] for row in world.organizations if row["country"] in sides)
    for match in matches:
        assert all(math.isfinite(value) for value in (match.score, match.forward, match.backward))
        assert {reason.text.split(" in ")[0] for reason in match.reasons} <= {"before any evidence", "recorded"}


@FEW
@given(worlds(least=2, most=4), st.data())
def test_taking_a_candidate_away_leaves_the_others_as_they_were(world, data):
    # With term weights frozen, and for the scorers that know no event.
    gone = data.draw(st.sampled_from(world.ids))
    rest = replace(
        world,
        organizations=tuple(row for row in world.organizations if row["org_id"] != gone),
        participations=tuple(row for row in world.participations if row["org_id"] != gone),
        partnerships=tuple(row for row in world.partnerships if gone not in (row["left"], row["right"])),
    )
    before = world.dataset()
    after = frozen(rest.dataset(), before)
    rows = np.array([before.row(identifier) for identifier in after.ids])
    for name in ("interests", "complementarity", "regions"):
        old, new = SCORERS[name]().fit(before).score(rows)[:, rows], SCORERS[name]().fit(after).score(everyone(after))
        np.testing.assert_allclose(new, old, rtol=0, atol=EXACT, err_msg=name)


@FEW
@given(worlds_with_pair(least=3, most=4))
def test_twins_are_worth_the_same_and_only_their_equals_stand_between_them(found):
    world, _, one = found
    keys = ("org_id", "left", "right")
    copies = {
        name: [
            {key: "twin" if key in keys and value == one else value for key, value in row.items()}
            for row in getattr(world, name)
            if one in (row.get(key) for key in keys)
        ]
        for name in ("organizations", "participations", "partnerships")
    }
    dataset = world.plus(**copies).dataset()
    rows = [dataset.row(identifier) for identifier in (one, "twin")]
    others = np.array([row for row in everyone(dataset) if row not in rows])
    for name, scorer in fitted(dataset).items():
        for reverse in (False, True):
            block = scorer.score(others, reverse=reverse)
            np.testing.assert_allclose(block[:, rows[0]], block[:, rows[1]], rtol=0, atol=CLOSE, err_msg=name)
    recommender = Recommender(dataset)
    for seeker in others:
        matches = recommender.match(dataset.ids[seeker], EVERYONE, conveners=True)
        scores = {match.organization.id: match.score for match in matches}
        places = [place for place, identifier in enumerate(scores) if identifier in (one, "twin")]
        if places:
            between = list(scores.values())[places[0] : places[1] + 1]
            assert between == pytest.approx([between[0]] * len(between), abs=CLOSE)


@FEW
@given(worlds(least=2, most=4), st.data())
def test_a_profile_is_answered_as_if_it_were_in_the_data(world, data):
    known = world.plus(organizations={**data.draw(st.sampled_from(world.organizations)), "org_id": "mine"}).dataset()
    mine = known.organization(known.row("mine"))
    stranger = Recommender(replace(known, organizations=known.organizations.filter(pl.col("org_id") != "mine")))
    assert repr(stranger.match(mine, EVERYONE)) == repr(Recommender(known).match("mine", EVERYONE))
    assert "mine" not in stranger.dataset.row_of
    other = world.ids[0]
    assert repr(stranger.explain(mine, other)) == repr(Recommender(known).explain("mine", other))


# --- both directions ----------------------------------------------------------------------------------------------


@FEW
@given(worlds(least=2, most=4))
def test_the_score_is_mutual_and_only_the_directed_scorers_tell_the_directions_apart(world):
    dataset = world.dataset()
    rows = everyone(dataset)
    blend = Blend().fit(dataset)
    forward, backward = blend.both_log_odds(rows)
    np.testing.assert_allclose(backward, forward.T, rtol=0, atol=CLOSE)
    for reverse, block in ((False, forward), (True, backward)):
        assert blend.log_odds(rows, reverse=reverse).tobytes() == block.tobytes()
        np.testing.assert_allclose(blend.score(rows, reverse=reverse), 1 / (1 + np.exp(-block)), rtol=0, atol=EXACT)
    directed = sum(
        WEIGHTS[name] * (scorer.score(rows) - scorer.score(rows, reverse=True))
        for name, scorer in fitted(dataset).items()
        if name in DIRECTED
    )
    np.testing.assert_allclose(forward - backward, directed, rtol=0, atol=CLOSE)
    scores = mutual_scores(dataset)
    for left, right in scores:
        assert scores[left, right] == pytest.approx(scores[right, left], abs=EXACT)
    for left, right, score, _, _ in ranked_pairs(dataset):
        assert score == pytest.approx(scores[left, right], abs=EXACT)


@FEW
@given(worlds(least=2, most=4), st.sampled_from(("blend", *DIRECTED, "contexts")))
def test_an_explanation_says_what_the_list_says_and_who_has_less_reason(world, scorer):
    dataset = world.dataset()
    recommender = Recommender(dataset, scorer)
    for left in dataset.ids:
        for match in recommender.match(left, EVERYONE, conveners=True):
            right = match.organization.id
            told_of = recommender.explain(left, right)
            assert (told_of.left.id, told_of.right.id, told_of.met) == (left, right, match.met)
            assert (told_of.score, told_of.forward_score, told_of.backward_score) == match[1:4]
            assert (told_of.forward, told_of.backward) == (match.reasons, match.reasons_back)
            mirrored = recommender.explain(right, left)
            assert mirrored.score == pytest.approx(match.score, abs=EXACT)
            assert mirrored.forward_score == pytest.approx(match.backward, abs=CLOSE)
            for ours, theirs in ((mirrored.forward, match.reasons_back), (mirrored.backward, match.reasons)):
                assert [reason._replace(contribution=0.0) for reason in ours] == [
                    reason._replace(contribution=0.0) for reason in theirs
                ]
                assert [reason.contribution for reason in ours] == pytest.approx(
                    [reason.contribution for reason in theirs], abs=EXACT
                )
            assert told_of.weaker == mirrored.weaker
            if abs(match.forward - match.backward) > 2 * CLOSE:
                assert told_of.weaker.id == (left if match.forward < match.backward else right)
            elif abs(match.forward - match.backward) < CLOSE / 2:
                assert told_of.weaker is None


def test_who_seeks_what_the_other_offers_has_more_reason():
    world = World(FLAT, (organization("buyer", seeks="site"), organization("seller", offers="site")))
    explanation = Recommender(world.dataset()).explain("buyer", "seller")
    assert explanation.forward_score > explanation.backward_score
    assert explanation.weaker.id == "seller"
    assert "seller states no seeks" in explanation.unknown
    assert "buyer states no seeks" not in explanation.unknown
    assert "the sector of buyer is not known" in explanation.unknown


# --- weights ------------------------------------------------------------------------------------------------------


@FEW
@given(worlds(least=3, most=4, domains=(ONE_SIDE, FLAT)), st.sampled_from(tuple(SCORERS)), st.floats(0.1, 5.0))
def test_more_weight_never_moves_down_what_is_best_in_it_and_no_worse_elsewhere(world, name, more):
    dataset = world.dataset()
    heavier = {**WEIGHTS, name: WEIGHTS[name] + more}
    before, after = (
        {(pair.left.id, pair.right.id): pair for pair in Recommender(dataset, weights=weights).pairs(EVERYONE)}
        for weights in (WEIGHTS, heavier)
    )
    alone = {(pair.left.id, pair.right.id): pair for pair in Recommender(dataset, name).pairs(EVERYONE)}
    for one, other in combinations(before, 2):
        for better, worse in ((one, other), (other, one)):
            if all(no_worse(pairs[better], pairs[worse]) for pairs in (before, alone)):
                assert after[better].score >= after[worse].score - EXACT


def no_worse(one, other):
    return one.forward >= other.forward and one.backward >= other.backward


@FEW
@given(worlds(least=2, most=4), st.floats(0.01, 100.0))
def test_scaling_all_weights_scales_the_log_odds(world, scale):
    # So the order of one direction stays. That of the mutual score need not: a product of two sigmoids has no scale.
    dataset = world.dataset()
    scaled = {name: scale * weight for name, weight in WEIGHTS.items()}
    odds, others = (Blend(weights).fit(dataset).log_odds(everyone(dataset)) for weights in (WEIGHTS, scaled))
    np.testing.assert_allclose(others, scale * odds, rtol=1e-9, atol=CLOSE)
    for row, other in zip(np.round(odds, 9), np.round(others / scale, 9), strict=True):
        distinct = np.diff(np.sort(row)).min(initial=1.0) > 1e-6
        assert not distinct or (np.argsort(row) == np.argsort(other)).all()


@FEW
@given(worlds(least=2, most=4), st.sampled_from(tuple(SCORERS)))
def test_a_weight_of_zero_is_no_scorer_and_a_single_weight_ranks_by_that_scorer(world, name):
    dataset = world.dataset()
    rows = everyone(dataset)
    lone = Blend({name: 2.0, **{other: 0.0 for other in SCORERS if other != name}}).fit(dataset)
    assert list(lone.scorers_) == [name]
    np.testing.assert_allclose(lone.log_odds(rows), 2.0 * SCORERS[name]().fit(dataset).score(rows), rtol=0, atol=EXACT)


@pytest.mark.parametrize("weights", [{}, {"intercept": -1.0}, dict.fromkeys(SCORERS, 0.0)], ids=len)
def test_without_any_weight_everyone_is_worth_the_intercept(weights):
    recommender = Recommender(World(FLAT, tuple(map(organization, "abc"))).dataset(), weights=weights)
    intercept = weights.get("intercept", 0.0)
    matches = recommender.match("b")
    assert ids_of(matches) == ["a", "c"]
    assert [match.forward for match in matches] == [intercept, intercept]
    assert [match.score for match in matches] == pytest.approx([(1 / (1 + math.exp(-intercept))) ** 2] * 2)


# --- reasons ------------------------------------------------------------------------------------------------------


@FEW
@given(worlds(least=2, most=4), st.sampled_from(("blend", "blend", *SCORERS)))
def test_the_reasons_of_each_direction_add_up_to_it(world, scorer):
    dataset = world.dataset()
    recommender = Recommender(dataset, scorer)
    for seeker in dataset.ids:
        for match in recommender.match(seeker, EVERYONE, conveners=True):
            for reasons, value in ((match.reasons, match.forward), (match.reasons_back, match.backward)):
                note(f"{seeker} {match.organization.id} {value} {reasons}")
                assert math.fsum(reason.contribution for reason in reasons) == pytest.approx(value, abs=CLOSE)
                if scorer == "blend":
                    assert reasons[0] == ("before any evidence", WEIGHTS["intercept"], None, None, False)
                    sizes = [abs(reason.contribution) for reason in reasons[1:]]
                    assert sizes == sorted(sizes, reverse=True)
            if scorer == "blend":
                assert match.score == pytest.approx(float(sigmoid(match.forward) * sigmoid(match.backward)), abs=EXACT)
            else:
                assert match.score == pytest.approx((match.forward + match.backward) / 2, abs=EXACT)


class Facts:
    """Whether what a reason says is so, looked up in the rows of a world whose organizations are called by their id."""

    def __init__(self, dataset):
        self.dataset, self.reference = dataset, Reference(dataset)
        self.record = {row["org_id"]: row for row in self.reference.organizations}
        deals = self.reference.partnerships
        self.titles = [event["event_id"] for event in self.reference.events]
        self.titles += [f"{deal['kind'] or 'agreement'} of {deal['left']} and {deal['right']}" for deal in deals]
        self.agreed = {frozenset((deal["left"], deal["right"])) for deal in deals if deal["verified"]}

    def holds(self, text, seeker, candidate):
        for pattern, check in self.sayings.items():
            if found := re.fullmatch(pattern, text):
                return check(self, seeker, candidate, *found.groups())
        return False

    def shared(self, seeker, candidate, *, is_sure=True):
        """Titles of the events and agreements in which both are: surely, or not."""
        both = {seeker, candidate}
        return {
            title
            for title, context in zip(self.titles, self.reference.all, strict=True)
            if both <= context["members"].keys() and (both <= context["sure"].keys()) == is_sure
        }

    def term(self, label):
        return next(term for term in self.dataset.interests.terms if self.dataset.interests.label(term) == label)

    def works_on(self, seeker, candidate, how, label):
        (vectors,), _ = self.reference.vectors("interests")
        term, rows = self.term(label), [self.dataset.row(each) for each in (seeker, candidate)]
        stated = sum(term in self.record[each]["interests"] for each in (seeker, candidate))
        n_stated = {"both work on": 2, "neighboring work:": 1, "both in the field of": 0}[how]
        return stated == n_stated and all(term in vectors[row] for row in rows)

    def seeks(self, seeker, candidate, label, doubt):
        (seeks, offers), _ = self.reference.vectors("seeks", "offers")
        term = self.term(label)
        stated = term in self.record[seeker]["seeks"] and term in self.record[candidate]["offers"]
        reached = term in seeks[self.dataset.row(seeker)] and term in offers[self.dataset.row(candidate)]
        return reached and stated == (doubt is None)

    def sectors(self, seeker, candidate, first, second, count):
        deals = [{self.record[end]["sector"] for end in deal} for deal in self.deals()]
        sectors = [self.record[each]["sector"] for each in (seeker, candidate)]
        return sectors == [first, second] and (deals.count({first, second}) == int(count) if count else not deals)

    def relation(self, seeker, candidate, how, first, second):
        sectors = [self.record[each]["sector"] for each in (seeker, candidate)]
        is_so = {
            "of the same sector": lambda one, other: one == other,
            "related sectors": lambda one, other: other in self.dataset.sectors.neighbors[one],
            "sectors of one kind": lambda one, other: chain(SECTORS, one)[-1] == chain(SECTORS, other)[-1],
        }
        return sectors == [first, second or first] and is_so[how](*sectors)

    def deals(self):
        return [(deal["left"], deal["right"]) for deal in self.reference.partnerships if deal["verified"]]

    def tie(self, seeker, candidate, kind, value, first, second, doubt):
        near = [self.reference.places(self.record[each]) for each in (seeker, candidate)]
        return any(
            (tie["left"], tie["right"], tie["verified"]) == (first, second, doubt is None)
            and (tie["kind"] or "tie").replace("-", " ") == kind
            and value == (None if tie["value"] is None else f"{tie['value']:,.0f}")
            and any(a in near[0] and b in near[1] for a, b in ((first, second), (second, first)))
            for tie in self.reference.ties
        )

    def distance(self, seeker, candidate, first, second, kilometers):
        places = [next(iter(self.reference.places(self.record[each]))) for each in (seeker, candidate)]
        nearness = self.reference.nearness(*([place] for place in places))
        scale = self.reference.settings["regions"]["distance_km"]
        return places == [first, second] and abs(-scale * math.log(nearness) - int(kilometers)) <= 0.5 + CLOSE

    def wording(self, seeker, candidate, shared):
        texts = SCORERS["text"]().fit(self.dataset).texts_
        mine, theirs = (texts[self.dataset.row(each)] for each in (seeker, candidate))
        return all(word in mine and word in theirs for word in fold(shared or "").split())

    def event(self, seeker, candidate, kind, title, doubt):
        kinds = {event["event_id"]: event["kind"] or "event" for event in self.reference.events}
        return kinds[title] == kind and self.agreement(seeker, candidate, title, doubt)

    def agreement(self, seeker, candidate, title, doubt):
        return title in self.shared(seeker, candidate, is_sure=doubt is None)

    def way(self, seeker, candidate, over, titles, title):
        if over is None:
            return title is None or title in self.shared(seeker, candidate)
        first, second = titles.split("; ")
        return first in self.shared(seeker, over) and second in self.shared(over, candidate)

    def chain(self, seeker, candidate, what, first, second):
        steps = list(pairwise((seeker, first, second, candidate)))
        if what == "meetings" or first is None:
            return not self.agreed if first is None else all(self.shared(*step) for step in steps)
        return all(frozenset(step) in self.agreed for step in steps)

    def bridge(self, seeker, candidate, first, second):
        reached = all(hub == each or self.shared(each, hub) for each, hub in ((seeker, first), (candidate, second)))
        return reached and frozenset((first, second)) in self.agreed

    def recorded(self, seeker, candidate, count):
        return int(count) == sum(candidate in context["sure"] for context in self.reference.all)

    def together(self, seeker, candidate, count):
        contexts = [context for context in self.reference.all if candidate in context["sure"]]
        return int(count) == sum(max(context["size"] - 1, 0) for context in contexts)

    def counterparts(self, seeker, candidate, count, sector, country):
        group, value = ("sector", sector) if sector else ("country", country)
        alike = {name for name, row in self.record.items() if row[group] == value} - {candidate}
        first = {name: self.reference.first_contexts(self.reference.ids.index(name)) for name in alike}
        met = {name for name, contexts in first.items() if any(candidate in each["sure"] for each in contexts)}
        return self.record[seeker][group] == value and int(count) == len(met)

    sayings = {  # noqa: RUF012  # what is said, and how it is looked up; the last fits much
        r"before any evidence": lambda *_: True,
        r"(both work on|neighboring work:|both in the field of) (.+)": works_on,
        r"sought and offered: ([^(]+?)( \(.*\))?": seeks,
        r"sectors that go together: (.+) and (.+) \((?:(\d+) known partnerships?|have met before)\)": sectors,
        r"(of the same sector|related sectors|sectors of one kind): (\S+)(?: and (\S+))?": relation,
        r"(.+) and (.+) lie (\d+) km apart": distance,
        r"similar wording(?:: “(.+)”)?": wording,
        r"were both in an? (.+?): (.+?)( \(unverified\))?": event,
        r"have an agreement: (.+?)( \(unverified\))?": agreement,
        r"near(?:er than their size explains| in the network)"
        r"(?:: over (\S+) \((.*)\)|: (.+)|, over more than one other organization)": way,
        r"chain of (partnerships|meetings)(?:: over (\S+) and (\S+)| of length five)": chain,
        r"bridge: (\S+) and (\S+) have an agreement": bridge,
        r"recorded in (\d+) (?:event or agreement|events and agreements)": recorded,
        r"was together with (\d+) others, counted each time": together,
        r"among the first partners of (\d+) (?:of the sector (.+)|from the country (.+))": counterparts,
        r"([^:]+?)(?: \(([\d,]+)\))?: (\S+) and (\S+?)(, unverified)?": tie,
    }


def called_by_id(world):
    return world.mapped(organizations=lambda row: {**row, "name_en": row["org_id"]})


def assert_true(facts):
    """Hold all that is said about any pair against the rows."""
    ids, blend = facts.dataset.ids, Blend().fit(facts.dataset)
    for seeker, candidate in permutations(range(len(ids)), 2):
        for reason in blend.explain(seeker, candidate):
            assert facts.holds(reason.text, ids[seeker], ids[candidate]), (ids[seeker], ids[candidate], reason)


@SOME
@given(worlds(least=2, most=5))
def test_reasons_say_only_what_is_so(world):
    assert_true(Facts(called_by_id(world).dataset()))


def test_without_partnerships_it_is_meetings_that_make_a_chain():
    world = called_by_id(World(FLAT, tuple(map(organization, "abcd"))))
    for number, members in enumerate(("ab", "bc", "cd")):
        world = world.plus(**meeting(f"e{number}", *members))
    dataset = world.dataset()
    assert_true(Facts(dataset))
    assert "chain of meetings: over b and c" in [reason.text for reason in Blend().fit(dataset).explain(0, 3)]


# --- numbers ------------------------------------------------------------------------------------------------------


@st.composite
def extreme(draw, world):
    """The same world with the largest and smallest numbers and days that tables take."""

    def one_of(*values):
        return draw(st.sampled_from((None, *values)))

    return world.mapped(
        events=lambda row: {**row, "size": one_of("0", "1", "1000000000000"), "date": one_of("0001", "1900-01-01")},
        region_ties=lambda row: {**row, "value": one_of("0", "1e-300", "1e300", "-5")},
        partnerships=lambda row: {**row, "date": one_of("0001-01-01", "1066-10-14", "2025-12-31")},
    )


@FEW
@given(worlds(least=2, most=4), st.data())
def test_whatever_the_numbers_answers_are_finite_in_range_and_never_minus_0(world, data):
    # Any warning of numpy is an error in these tests.
    dataset = data.draw(extreme(world)).dataset()
    unkind = dict.fromkeys(SCORERS, -1.0)
    for scorer, weights in (("blend", None), ("blend", unkind), (data.draw(st.sampled_from(tuple(SCORERS))), None)):
        recommender = Recommender(dataset, scorer, weights)
        matches = recommender.match(dataset.ids[0], EVERYONE, conveners=True)
        for answer in (*matches, *recommender.pairs(EVERYONE, conveners=True)):
            values = [answer.score, answer.forward, answer.backward]
            values += [reason.contribution for reason in getattr(answer, "reasons", [])]
            assert all(math.isfinite(value) and str(value) != "-0.0" for value in values), (scorer, answer)
            assert 0.0 <= answer.score <= 1.0
            if scorer != "blend":
                assert 0.0 <= answer.forward <= 1.0
                assert 0.0 <= answer.backward <= 1.0


def test_no_reason_is_minus_0():
    world = World(ONE_SIDE, (organization("a", city="Weihai"), organization("b", city="Seoul")))
    world = world.plus(region_ties={"left": "Weihai", "right": "Seoul", "kind": "firms", "value": "0"})
    reasons = Recommender(world.dataset(), weights={"regions": -1.0}).match("a")[0].reasons
    assert [str(reason.contribution) for reason in reasons if str(reason.contribution) == "-0.0"] == []


ALONE = float(sigmoid(np.float64(WEIGHTS["intercept"]))) ** 2  # what a pair without any evidence scores
FOUR = tuple(map(organization, "dbca"))
EDGES = {
    "nothing is known of anyone": World(FLAT, FOUR),
    "one event of all": World(FLAT, FOUR).plus(**meeting("e", *"abcd")),
    "an event of no one": World(FLAT, FOUR).plus(**meeting("e")),
    "one interest for all": World(FLAT, tuple({**row, "interests": "tea"} for row in FOUR)),
    "everyone offers and seeks the same": World(FLAT, tuple({**row, "offers": "x", "seeks": "x"} for row in FOUR)),
    "everyone is a partner of everyone": World(FLAT, FOUR).plus(
        partnerships=[{"left": left, "right": right, "date": "2024"} for left, right in combinations("abcd", 2)]
    ),
    "one sector and one place for all": World(
        ONE_SIDE, tuple({**row, "sector": "pharma", "city": "Weihai"} for row in FOUR)
    ),
}


@pytest.mark.parametrize("name", EDGES)
def test_where_no_one_differs_everyone_ties_and_stands_by_identifier(name):
    dataset = EDGES[name].dataset()
    recommender = Recommender(dataset)
    scores = set()
    for seeker in "abcd":
        matches = recommender.match(seeker)
        assert ids_of(matches) == [other for other in "abcd" if other != seeker]
        scores |= {round(match.score, 12) for match in matches}
    assert len(scores) == 1
    is_evidence = name not in ("nothing is known of anyone", "an event of no one")
    assert scores.pop() == pytest.approx(ALONE, abs=EXACT) or is_evidence
    ends = [(pair.left.id, pair.right.id) for pair in recommender.pairs()]
    assert ends == list(combinations("abcd", 2))


def test_where_all_have_one_interest_they_are_alike_in_full():
    dataset = EDGES["one interest for all"].dataset()
    np.testing.assert_allclose(SCORERS["interests"]().fit(dataset).score(everyone(dataset)), 1.0, rtol=1e-12)


@pytest.mark.parametrize("domain", [FLAT, ONE_SIDE, TWO_SIDES], ids=lambda domain: domain.title)
def test_an_organization_alone_has_no_partner(domain):
    dataset = World(domain, (organization("a", country="CN"),)).plus(**meeting("e", "a")).dataset()
    assert Recommender(dataset).match("a") == []
    assert Recommender(dataset).pairs() == []
    for scorer in fitted(dataset).values():
        assert scorer.score(everyone(dataset)).shape == (1, 1)


def test_two_that_met_once_find_each_other():
    world = World(FLAT, (organization("a"), organization("b"))).plus(**meeting("e", "a", "b"))
    recommender = Recommender(world.dataset())
    for seeker, other in ("ab", "ba"):
        (match,) = recommender.match(seeker)
        assert (match.organization.id, match.met) == (other, True)
        assert match.score > ALONE
        assert match.forward == match.backward
    (pair,) = recommender.pairs()
    assert (pair.left.id, pair.right.id, pair.met) == ("a", "b", True)


def test_who_never_met_anyone_is_scored_by_the_popularity_of_others_alone():
    dataset = World(FLAT, (*FOUR, organization("z"))).plus(**meeting("e", *"abcd")).dataset()
    for match in Recommender(dataset).match("z"):
        assert match.forward == pytest.approx(WEIGHTS["intercept"] + WEIGHTS["popularity"], abs=EXACT)
        assert match.backward == pytest.approx(WEIGHTS["intercept"], abs=EXACT)
        assert not match.met


def test_a_partner_of_itself_is_left_out_with_a_warning():
    world = World(FLAT, FOUR).plus(partnerships={"left": "a", "right": "b", "date": "2024"})
    loop = world.plus(partnerships={"left": "c", "right": "c", "date": "2024"}).dataset()
    assert [problem.code for problem in loop.problems] == ["MM-REF-002"]
    assert_same(loop, world.dataset())


# --- arrays -------------------------------------------------------------------------------------------------------


@FEW
@given(worlds(least=2, most=4))
def test_the_type_and_layout_of_row_numbers_make_no_difference(world):
    dataset = world.dataset()
    rows = everyone(dataset)
    sealed = rows.copy()
    sealed.flags.writeable = False
    spread = np.repeat(rows, 2)[::2]
    assert not spread.flags.contiguous or len(rows) == 1
    for name, scorer in {**fitted(dataset), "blend": Blend().fit(dataset)}.items():
        for reverse in (False, True):
            expected = scorer.score(rows, reverse=reverse).tobytes()
            for other in (sealed, spread, rows.astype(np.int32), rows.astype(np.uint8), rows.astype(">i8")):
                assert scorer.score(other, reverse=reverse).tobytes() == expected, (name, other.dtype)


def rebuilt(graph, change):
    """The same graph with each of its arrays changed."""
    matrices = {
        name: sp.csr_array((change(m.data), change(m.indices), change(m.indptr)), shape=m.shape)
        for name, m in (("everyone", graph.everyone), ("verified", graph.verified))
    }
    vectors = {name: change(getattr(graph, name)) for name in ("strength", "size", "size_with_doubtful")}
    return replace(graph, **matrices, **vectors, _visits={})


def with_graph(dataset, change):
    """The same dataset with such a graph."""
    other = replace(dataset)
    other.__dict__["graph"] = rebuilt(dataset.graph, change)  # where the cached property keeps it
    return other


@FEW
@given(worlds(least=2, most=4))
def test_nothing_is_written_to_the_arrays_of_the_graph_and_single_precision_is_close(world):
    def sealed(array):
        copy = array.copy()
        copy.flags.writeable = False
        return copy

    def single(array):
        return array.astype(np.float32) if array.dtype.kind == "f" else array.astype(np.int32)

    dataset = world.dataset()
    assert_same(with_graph(dataset, sealed), dataset)
    rough = with_graph(dataset, single)
    for name, scorer in fitted(rough).items():
        expected = SCORERS[name]().fit(dataset).score(everyone(dataset))
        np.testing.assert_allclose(scorer.score(everyone(rough)), expected, rtol=0, atol=1e-5, err_msg=name)


def test_arrays_may_lie_in_files(tmp_path):
    world = EDGES["one event of all"].plus(organizations=organization("e", interests="tea", seeks="site"))
    dataset = world.plus(partnerships={"left": "a", "right": "e", "date": "2020"}).dataset()

    def on_disk(array):
        path = tmp_path / f"{len(list(tmp_path.iterdir()))}.npy"
        np.save(path, array)
        return np.load(path, mmap_mode="r")

    assert_same(with_graph(dataset, on_disk), dataset)

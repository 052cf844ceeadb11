"""The promise of every scorer (matchmaker/scorers/base.py), held over the whole registry on random worlds."""

import datetime
import math
from collections import Counter
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import assume, given, note
from hypothesis import strategies as st

from matchmaker.blend import Blend
from matchmaker.domain import engine_settings
from matchmaker.scorers import SCORERS, Scorer
from matchmaker.scorers.contexts import ContextAdamicAdar
from matchmaker.scorers.text import TextSimilarity, gram_counts
from tests.worlds import (
    DATES,
    DOUBT,
    FEWER,
    FLAT,
    INTERESTS,
    KINDS,
    ONE_SIDE,
    REGIONS,
    SECTORS,
    TERMS,
    TWO_SIDES,
    World,
    everyone,
    fitted,
    frozen,
    meeting,
    organization,
    worlds,
    worlds_with_pair,
)

WITH_VOCABULARY = (TWO_SIDES, ONE_SIDE)
CAP = engine_settings()["graph"]["unverified_cap"]
ONLY_VERIFIED = ("walk", "walk_corrected", "katz", "bridge", "popularity")
EXACT = 1e-12


def blocks(dataset, *, reverse=False):
    """The full block of every scorer."""
    return {name: scorer.score(everyone(dataset), reverse=reverse) for name, scorer in fitted(dataset).items()}


def pair_score(dataset, name, seeker, candidate):
    return SCORERS[name]().fit(dataset).score(np.array([dataset.row(seeker)]))[0, dataset.row(candidate)]


def unsaturated(score):
    """x of x / (1 + x)."""
    return score / (1.0 - score)


# --- the form -----------------------------------------------------------------------------------------------------


def test_every_scorer_keeps_the_protocol_and_has_a_prior_weight():
    weights = engine_settings()["weights"]
    assert set(SCORERS) == set(weights) - {"intercept"}
    for scorer in (*SCORERS.values(), Blend):
        assert isinstance(scorer(), Scorer)
        assert scorer.__doc__


@given(worlds())
def test_scores_are_finite_lie_between_0_and_1_and_are_never_minus_0(world):
    dataset = world.dataset()
    for scorer in (*fitted(dataset).values(), Blend().fit(dataset)):
        for reverse in (False, True):
            block = scorer.score(everyone(dataset), reverse=reverse)
            note(f"{type(scorer).__name__} {reverse=} {block}")
            assert block.shape == (len(dataset), len(dataset))
            assert block.dtype == np.float64
            assert np.isfinite(block).all()
            assert (block >= 0.0).all()
            assert (block <= 1.0).all()
            assert not np.signbit(block).any()


@given(worlds(), st.data())
def test_a_block_of_rows_is_its_rows_one_by_one_bit_for_bit(world, data):
    dataset = world.dataset()
    rows = np.array(data.draw(st.lists(st.integers(0, len(dataset) - 1), max_size=5)), dtype=np.int64)
    for scorer in (*fitted(dataset).values(), Blend().fit(dataset)):
        for reverse in (False, True):
            note(f"{type(scorer).__name__} {reverse=}")
            block = scorer.score(rows, reverse=reverse)
            assert block.shape == (len(rows), len(dataset))
            for k, row in enumerate(rows):
                assert block[k].tobytes() == scorer.score(np.array([row]), reverse=reverse)[0].tobytes()


@given(worlds())
def test_the_reverse_block_is_the_transpose(world):
    dataset = world.dataset()
    for name, scorer in fitted(dataset).items():
        note(name)
        forward, backward = (scorer.score(everyone(dataset), reverse=reverse) for reverse in (False, True))
        np.testing.assert_allclose(backward, forward.T, rtol=0, atol=EXACT)


@given(worlds())
def test_a_scorer_that_says_it_is_symmetric_is(world):
    dataset = world.dataset()
    for name, scorer in fitted(dataset).items():
        if scorer.symmetric:
            note(name)
            block = scorer.score(everyone(dataset))
            np.testing.assert_allclose(block, block.T, rtol=0, atol=EXACT)


@pytest.mark.parametrize("name", [name for name, scorer in SCORERS.items() if not scorer.symmetric])
def test_a_scorer_that_says_it_is_not_symmetric_is_not(name):
    world = (
        World(
            ONE_SIDE,
            (
                organization("a", seeks="site", sector="biotech", country="CN", interests="imaging;tcm"),
                organization("b", offers="site", sector="park", country="KR", interests="imaging"),
                organization("c", sector="park", country="KR"),
            ),
        )
        .plus(**meeting("e", "a", "b", "c"))
        .plus(**meeting("f", "a", "b"))
    )
    block = blocks(world.dataset())[name]
    assert abs(block - block.T).max() > 0.01


@given(worlds())
def test_without_evidence_the_score_is_0(world):
    dataset = world.plus(organizations=organization("nobody")).dataset()
    nobody = dataset.row("nobody")
    for name, block in blocks(dataset).items():
        note(name)
        assert not block[:, nobody].any()
        if name not in ("popularity", "reach"):  # which are evidence about the candidate alone
            assert not block[nobody].any()


# --- reasons ------------------------------------------------------------------------------------------------------


@given(worlds())
def test_reasons_add_up_to_the_score(world):
    dataset = world.dataset()
    for name, scorer in fitted(dataset).items():
        block = scorer.score(everyone(dataset))
        for (seeker, candidate), score in np.ndenumerate(block):
            reasons = scorer.explain(seeker, candidate)
            note(f"{name} {seeker} {candidate} {score} {reasons}")
            assert abs(math.fsum(reason.contribution for reason in reasons) - score) <= 1e-9
            assert all(reason.text and math.isfinite(reason.contribution) for reason in reasons)
            assert all(reason.contribution >= 0 and math.copysign(1, reason.contribution) > 0 for reason in reasons)


@FEWER
@given(worlds())
def test_reasons_name_only_sources_and_days_of_the_world(world):
    dataset = world.dataset()
    sources = {row.get("source") for rows in world.tables().values() for row in rows} | {None}
    days = {day for frame in (dataset.events, dataset.partnerships, dataset.region_ties) for day in frame["day"]}
    for scorer in fitted(dataset).values():
        for seeker, candidate in np.ndindex(len(dataset), len(dataset)):
            for reason in scorer.explain(seeker, candidate):
                note(reason)
                assert reason.source in sources
                assert reason.day is None or reason.day in days


@FEWER
@given(worlds_with_pair(dated=True))
def test_taking_a_named_meeting_away_takes_its_stated_part_away(found):
    # Contexts are the additive component that names facts: parts are shares of x / (1 + x), so of x before that.
    world, seeker, candidate = found
    world = world.plus(**meeting("named", seeker, candidate, title="the named meeting"))
    dataset = world.known()
    scorer = ContextAdamicAdar().fit(dataset)
    score = pair_score(dataset, "contexts", seeker, candidate)
    (part,) = (
        reason.contribution
        for reason in scorer.explain(dataset.row(seeker), dataset.row(candidate))
        if "the named meeting" in reason.text
    )
    without = replace(world, participations=tuple(r for r in world.participations if r["event_id"] != "named"))
    rest = pair_score(without.known(), "contexts", seeker, candidate)
    assert unsaturated(score) - unsaturated(rest) == pytest.approx(part * (1 + unsaturated(score)), abs=1e-9)


@FEWER
@given(worlds_with_pair(domains=(FLAT,)), st.sampled_from(TERMS))
def test_taking_a_named_offer_away_takes_its_stated_part_away(found, term):
    # With flat terms; in a vocabulary a term also counts for those above it, which other terms may still reach.
    world, seeker, candidate = found
    note(term)

    def with_term(row):
        field = {seeker: "seeks", candidate: "offers"}.get(row["org_id"])
        return {**row, field: f"{row[field] or ''};{term}"} if field else row

    def without_term(row):
        kept = [t for t in (row["offers"] or "").split(";") if t.strip() != term]
        return {**row, "offers": ";".join(kept)} if row["org_id"] == candidate else row

    world = world.mapped(organizations=with_term)
    dataset = world.dataset()
    rest = frozen(world.mapped(organizations=without_term).dataset(), dataset)
    assume(rest.interests.terms.keys() == dataset.interests.terms.keys())
    reasons = SCORERS["complementarity"]().fit(dataset).explain(dataset.row(seeker), dataset.row(candidate))
    part = sum(reason.contribution for reason in reasons if reason.text == f"sought and offered: {term}")
    lost = pair_score(dataset, "complementarity", seeker, candidate) - pair_score(
        rest, "complementarity", seeker, candidate
    )
    assert part > 0
    assert lost == pytest.approx(part, abs=1e-9)


# --- what a scorer sees -------------------------------------------------------------------------------------------


@given(worlds(), worlds())
def test_a_scorer_sees_only_the_dataset_that_it_is_given(world, other):
    fresh, dataset, elsewhere = world.dataset(), world.dataset(), other.dataset()
    for name, scorer in SCORERS.items():
        note(name)
        once = scorer().fit(fresh).score(everyone(dataset))
        used = scorer().fit(elsewhere)
        used.score(everyone(elsewhere))
        again = used.fit(dataset).fit(dataset)
        assert again is used
        assert once.tobytes() == again.score(everyone(dataset)).tobytes()
        assert once.tobytes() == again.score(everyone(dataset)).tobytes(), "scoring leaves a trace"


def snapshot(dataset):
    """Everything that scorers share: tables, graph and features."""
    graph, features = dataset.graph, dataset.features
    arrays = [graph.strength, graph.size, graph.degree]
    matrices = [graph.everyone, graph.verified, graph.kernel, features.interests, features.offers, features.seeks]
    arrays += [part for matrix in matrices for part in (matrix.data, matrix.indices, matrix.indptr)]
    arrays += [array for space in features.fields.values() for array in (space.keys_, space.weights_)]
    frames = [dataset.organizations, dataset.events, dataset.participations, dataset.partnerships, dataset.region_ties]
    return [array.tobytes() for array in arrays], [frame.clone() for frame in frames]


@given(worlds())
def test_fitting_scoring_and_explaining_do_not_change_the_dataset(world):
    dataset = world.dataset()
    arrays, frames = snapshot(dataset)
    for scorer in (*fitted(dataset).values(), Blend().fit(dataset)):
        scorer.score(everyone(dataset))[:] = 7.0  # the block is the caller's own
        scorer.score(everyone(dataset), reverse=True)[:] = 7.0
        scorer.explain(0, len(dataset) - 1)
        arrays_after, frames_after = snapshot(dataset)
        note(type(scorer).__name__)
        assert arrays == arrays_after
        assert all(before.equals(after) for before, after in zip(frames, frames_after, strict=True))


CUT = datetime.date(2020, 6, 30)
LATE = st.sampled_from(("2020-07-01", "2020-07", "2020", "2024-12-31", None))
EARLY = tuple(date for date in DATES if date and date <= "2020-06-30")


@st.composite
def late_facts(draw, world):
    """Rows of facts that are not known on the day of the cut."""
    ids, places = st.sampled_from(world.ids), st.sampled_from(tuple(REGIONS.terms))
    kinds, doubt = st.sampled_from(KINDS), st.sampled_from(DOUBT)
    events = [
        {"event_id": f"late{k}", "date": draw(LATE), "kind": draw(kinds), "verified": draw(doubt)}
        for k in range(draw(st.integers(0, 3)))
    ]
    named = st.sampled_from([row["event_id"] for row in events]) if events else st.nothing()

    def lists(**columns):
        return draw(st.lists(st.fixed_dictionaries(columns), max_size=5))

    deals = lists(left=ids, right=ids, date=LATE, kind=kinds, verified=doubt)
    return {
        "events": events,
        "participations": lists(event_id=named, org_id=ids, verified=doubt) if events else [],
        "topics": lists(event_id=named, term=st.sampled_from(TERMS)) if events else [],
        "partnerships": [deal for deal in deals if deal["left"] != deal["right"]],
        "region_ties": lists(left=places, right=places, kind=kinds, date=LATE),
    }


@given(worlds(least=2), st.data())
def test_facts_dated_after_the_day_leave_every_score_unchanged(world, data):
    early = {row["event_id"] for row in world.events if row["date"] in EARLY}
    dated = {
        name: tuple(row for row in getattr(world, name) if row["date"] in EARLY)
        for name in ("events", "partnerships", "region_ties")
    }
    of_events = {
        name: tuple(row for row in getattr(world, name) if row["event_id"] in early)
        for name in ("participations", "topics")
    }
    known = replace(world, **dated, **of_events)
    expected = blocks(known.dataset().as_of(CUT))
    for _ in range(2):
        altered = blocks(known.plus(**data.draw(late_facts(known))).dataset().as_of(CUT))
        for name, block in altered.items():
            note(name)
            assert block.tobytes() == expected[name].tobytes()


@given(worlds(), st.dates(datetime.date(2012, 1, 1), datetime.date(2025, 12, 31)) | st.just(CUT))
def test_as_of_keeps_exactly_the_facts_known_by_the_end_of_the_day(world, day):
    dataset = world.dataset()
    known = dataset.as_of(day)
    for name in ("events", "partnerships", "region_ties"):
        days = getattr(dataset, name)["day"].to_list()
        assert getattr(known, name)["day"].to_list() == [other for other in days if other and other <= day]
    events = set(known.events["event_id"])
    for name in ("participations", "topics"):
        rows = getattr(dataset, name).rows(named=True)
        assert getattr(known, name).rows(named=True) == [row for row in rows if row["event_id"] in events]
    assert known.today == day


# --- one more fact ------------------------------------------------------------------------------------------------


def add(world, identifier, field, term):
    """The world in which an organization states one more term."""
    return world.mapped(
        organizations=lambda row: {**row, field: f"{row[field] or ''};{term}"} if row["org_id"] == identifier else row
    )


def test_the_scorers_that_promise_to_be_monotone_are_those_tested_here():
    promised = {name for name, scorer in SCORERS.items() if scorer.monotone}
    assert promised == {"interests", "complementarity", "regions", "contexts", "bridge"}


@given(worlds_with_pair(domains=WITH_VOCABULARY), st.sampled_from(TERMS))
def test_one_more_shared_interest_never_lowers_interest_similarity(found, term):
    world, seeker, candidate = found
    dataset = world.dataset()
    more = add(add(world, seeker, "interests", term), candidate, "interests", term).dataset()
    before, after = (pair_score(world, "interests", seeker, candidate) for world in (dataset, frozen(more, dataset)))
    assert after >= before - EXACT


@given(worlds_with_pair(domains=WITH_VOCABULARY), st.data())
def test_taking_up_an_interest_of_the_seeker_never_lowers_interest_similarity(found, data):
    world, seeker, candidate = found
    dataset = world.dataset()
    stated = dataset.organization(dataset.row(seeker)).interests
    assume(stated)
    more = add(world, candidate, "interests", data.draw(st.sampled_from(stated))).dataset()
    before, after = (pair_score(world, "interests", seeker, candidate) for world in (dataset, frozen(more, dataset)))
    assert after >= before - EXACT


def near(term):
    """A term, what is above it and what is related to it."""
    return {*INTERESTS.ancestors(term), *INTERESTS.neighbors.get(term, ())}


@given(worlds_with_pair(domains=WITH_VOCABULARY), st.sampled_from(TERMS))
def test_taking_up_an_unrelated_interest_never_raises_interest_similarity(found, term):
    world, seeker, candidate = found
    world = replace(world, topics=())
    dataset = world.dataset()
    stated = dataset.organization(dataset.row(seeker)).interests
    assume(not near(term) & {other for mine in stated for other in near(mine)})
    more = add(world, candidate, "interests", term).dataset()
    before, after = (pair_score(world, "interests", seeker, candidate) for world in (dataset, frozen(more, dataset)))
    assert after <= before + EXACT


@given(worlds_with_pair(domains=WITH_VOCABULARY), st.sampled_from(TERMS))
def test_one_more_thing_sought_and_offered_never_lowers_complementarity(found, term):
    world, seeker, candidate = found
    dataset = world.dataset()
    offered = add(world, candidate, "offers", term)
    both = add(offered, seeker, "seeks", term)
    scores = [
        pair_score(world, "complementarity", seeker, candidate)
        for world in (dataset, frozen(offered.dataset(), dataset), frozen(both.dataset(), dataset))
    ]
    assert scores[1] >= scores[0] - EXACT
    assert scores[2] >= scores[0] - EXACT


@given(worlds_with_pair(), st.sampled_from(KINDS), st.sampled_from(DOUBT))
def test_one_more_meeting_of_two_never_lowers_contexts_and_changes_no_other_pair(found, kind, verified):
    world, seeker, candidate = found
    before = world.known()
    after = world.plus(**meeting("zz", seeker, candidate, kind=kind, verified=verified)).known()
    old, new = (ContextAdamicAdar().fit(dataset).score(everyone(dataset)) for dataset in (before, after))
    i, j = before.row(seeker), before.row(candidate)
    assert new[i, j] > old[i, j] - EXACT
    if verified != "no":
        assert new[i, j] > old[i, j]
    changed = np.zeros(old.shape, dtype=bool)
    changed[[i, j], [j, i]] = True
    np.testing.assert_allclose(new[~changed], old[~changed], rtol=0, atol=EXACT)


@given(worlds_with_pair(least=3), st.data())
def test_one_more_participant_of_a_shared_event_never_raises_contexts(found, data):
    world, seeker, candidate = found
    world = world.plus(**meeting("shared", seeker, candidate))
    third = data.draw(st.sampled_from([other for other in world.ids if other not in (seeker, candidate)]))
    joined = {"event_id": "shared", "org_id": third, "verified": data.draw(st.sampled_from(DOUBT))}
    before, after = (
        pair_score(world.known(), "contexts", seeker, candidate) for world in (world, world.plus(participations=joined))
    )
    assert after <= before + EXACT


@FEWER
@given(worlds_with_pair(domains=WITH_VOCABULARY), st.data())
def test_one_more_tie_between_their_regions_never_lowers_the_region_tie(found, data):
    world, seeker, candidate = found
    before = world.known()
    places = [before.places[before.row(identifier)] for identifier in (seeker, candidate)]
    assume(all(places))
    left, right = (data.draw(st.sampled_from(REGIONS.ancestors(place))) for place in places)
    ends = data.draw(st.permutations([left, right]))
    tie = {
        "left": ends[0],
        "right": ends[1],
        "kind": "new",
        "date": "2019",
        "verified": data.draw(st.sampled_from(DOUBT)),
    }
    after = world.plus(region_ties=tie).known()
    old, new = (SCORERS["regions"]().fit(dataset).score(everyone(dataset)) for dataset in (before, after))
    assert (new >= old - EXACT).all()
    assert new[before.row(seeker), before.row(candidate)] > old[before.row(seeker), before.row(candidate)]


@given(worlds(least=3, domains=WITH_VOCABULARY), st.data())
def test_one_more_agreement_between_hubs_never_lowers_a_bridge(world, data):
    hubs = data.draw(st.permutations(world.ids))[:2]
    world = world.mapped(organizations=lambda row: {**row, "sector": "park"} if row["org_id"] in hubs else row)
    before = world.known()
    after = world.plus(partnerships={"left": hubs[0], "right": hubs[1], "date": "2025-01-01", "kind": "twin"}).known()
    old, new = (SCORERS["bridge"]().fit(dataset).score(everyone(dataset)) for dataset in (before, after))
    first, second = (before.row(hub) for hub in hubs)
    assert (new >= old - EXACT).all()
    assert new[first, second] > old[first, second]


@pytest.mark.parametrize("years", [0, 4, 8])
def test_a_meeting_a_half_life_older_counts_half(years):
    pair = World(FLAT, (organization("a"), organization("b")))
    days = datetime.timedelta(days=1460 * years // 4)
    now, then = (
        pair.plus(**meeting("e", "a", "b", date=day.isoformat())).known()
        for day in (datetime.date(2025, 6, 1), datetime.date(2025, 6, 1) - days)
    )
    ratio = unsaturated(pair_score(then, "contexts", "a", "b")) / unsaturated(pair_score(now, "contexts", "a", "b"))
    assert ratio == pytest.approx(0.5 ** (years // 4), rel=1e-9)


@FEWER
@given(worlds_with_pair(), st.integers(0, 4000), st.integers(0, 4000))
def test_an_older_shared_event_counts_no_more_than_the_same_event_later(found, age, more):
    world, seeker, candidate = found
    last = datetime.date(2025, 12, 31)
    scores = [
        pair_score(
            world.plus(
                **meeting("e", seeker, candidate, date=(last - datetime.timedelta(days=days)).isoformat())
            ).known(),
            "contexts",
            seeker,
            candidate,
        )
        for days in (age + more, age)
    ]
    assert scores[0] <= scores[1] + EXACT


# --- doubt --------------------------------------------------------------------------------------------------------


def invented(how, k, left, right):
    """`k` unverified facts that join two organizations."""
    if how == "partnerships":
        return {
            how: [
                {"left": left, "right": right, "date": f"2025-{n % 12 + 1:02}", "kind": f"k{n}", "verified": "no"}
                for n in range(k)
            ]
        }
    doubtful_event = "no" if how == "events" else None
    doubtful_part = "no" if how == "participations" else None
    return {
        "events": [
            {"event_id": f"fake{n}", "date": "2025-12-01", "kind": "signing", "verified": doubtful_event}
            for n in range(k)
        ],
        "participations": [
            {"event_id": f"fake{n}", "org_id": member, "verified": doubtful_part}
            for n in range(k)
            for member in (left, right)
        ],
    }


@FEWER
@pytest.mark.parametrize("k", [1, 2, 5, 20])
@given(worlds_with_pair(), st.sampled_from(("events", "participations", "partnerships")))
def test_invented_facts_add_at_most_the_cap_to_contexts_and_nothing_to_the_network(k, found, how):
    world, seeker, candidate = found
    # Some real agreement: the next test has worlds without one.
    real = {"left": seeker, "right": candidate, "date": "2013-01-01", "kind": "real"}
    world = world.plus(partnerships=real)
    before, after = world.known(), world.plus(**invented(how, k, seeker, candidate)).known()
    old, new = fitted(before), fitted(after)
    for name in (*ONLY_VERIFIED, "sectors"):
        note(name)
        np.testing.assert_allclose(
            new[name].score(everyone(after)), old[name].score(everyone(before)), rtol=0, atol=EXACT
        )
    added = unsaturated(new["contexts"].score(everyone(after))) - unsaturated(old["contexts"].score(everyone(before)))
    i, j = before.row(seeker), before.row(candidate)
    assert 0.0 <= added[i, j] <= CAP + EXACT
    added[[i, j], [j, i]] = 0.0
    assert abs(added).max() <= EXACT
    # So in the blend: at most the weight of contexts times the cap, one direction.
    gain = Blend().fit(after).log_odds(everyone(after)) - Blend().fit(before).log_odds(everyone(before))
    assert abs(gain).max() <= engine_settings()["weights"]["contexts"] * CAP + 1e-9


@FEWER
@given(worlds_with_pair(agreements=False), st.sampled_from(("events", "participations")))
def test_an_invented_event_changes_nothing_in_the_network_where_there_is_no_agreement(found, how):
    world, seeker, candidate = found
    world = world.plus(**meeting("real", *world.ids))
    before, after = world.known(), world.plus(**invented(how, 1, seeker, candidate)).known()
    old, new = blocks(before), blocks(after)
    for name in (*ONLY_VERIFIED, "sectors"):
        note(name)
        np.testing.assert_allclose(new[name], old[name], rtol=0, atol=EXACT)


@pytest.mark.parametrize("name", ["katz", "sectors"])
def test_an_invented_agreement_changes_nothing_in_the_network_where_there_is_no_other(name):
    row = {"sector": "biotech"}
    world = World(ONE_SIDE, (organization("a", **row), organization("b", **row), organization("c", sector="park")))
    for k in range(5):
        world = world.plus(**meeting(f"e{k}", "a", "b"))
    fake = world.plus(**invented("partnerships", 1, "a", "c"))
    np.testing.assert_allclose(blocks(fake.known())[name], blocks(world.known())[name], rtol=0, atol=EXACT)


@pytest.mark.parametrize("how", ["events", "participations"])
def test_the_topics_of_an_invented_event_add_nothing(how):
    world = World(ONE_SIDE, (organization("a", interests="tcm"), organization("b"), organization("c")))
    fake = world.plus(**invented(how, 1, "a", "b")).plus(topics={"event_id": "fake0", "term": "mrna"})
    assert pair_score(fake.known(), "interests", "a", "b") == 0.0


def test_a_participant_who_is_sure_does_not_make_an_event_of_the_doubtful_smaller():
    pair = World(FLAT, (organization("a"), organization("b"), organization("c"))).plus(
        events={"event_id": "e", "date": "2025-01-01", "kind": "visit"},
        participations=[{"event_id": "e", "org_id": member, "verified": "no"} for member in "ab"],
    )
    more = pair.plus(participations={"event_id": "e", "org_id": "c"})
    role = {"graph": {"unverified_cap": 10.0}}  # so that the cap does not hide the size
    before, after = (
        pair_score(replace(world, domain=replace(FLAT, overrides=role)).known(), "contexts", "a", "b")
        for world in (pair, more)
    )
    assert after <= before + EXACT


# --- other formulas, other libraries ------------------------------------------------------------------------------


@given(worlds())
def test_contexts_are_adamic_adar_as_a_plain_loop_counts_it(world):
    world = replace(world, participations=tuple({**row, "verified": None} for row in world.participations))
    dataset = world.known()
    settings = dataset.domain.settings["graph"]
    block = ContextAdamicAdar().fit(dataset).score(everyone(dataset))
    members = {row["event_id"]: {} for row in dataset.events.iter_rows(named=True) if row["verified"]}
    for row in dataset.participations.iter_rows(named=True):
        if row["event_id"] in members:
            weights = [settings["role"].get(role, settings["role"]["other"]) for role in row["role"] or ["other"]]
            members[row["event_id"]][row["org_id"]] = max(weights)
    expected = Counter()
    for event in dataset.events.iter_rows(named=True):
        inside = members.get(event["event_id"], {})
        kind = settings["kind"].get(event["kind"], settings["kind"]["other"])
        age = (datetime.date(2025, 12, 31) - event["day"]).days
        weight = (
            kind * 0.5 ** (age / settings["half_life_days"]) / math.log(1 + max(len(inside), event["size"] or 0, 1))
        )
        for left, right in ((a, b) for a in inside for b in inside if a != b):
            expected[left, right] += weight * inside[left] * inside[right]
    sure = [deal for deal in dataset.partnerships.iter_rows(named=True) if deal["verified"]]
    for deal in sure:
        age = (datetime.date(2025, 12, 31) - deal["day"]).days
        weight = settings["kind"]["agreement"] * 0.5 ** (age / settings["half_life_days"]) / math.log(3)
        expected[deal["left"], deal["right"]] += weight
        expected[deal["right"], deal["left"]] += weight
    for (i, j), score in np.ndenumerate(block):
        x = expected[dataset.ids[i], dataset.ids[j]]
        assert x - EXACT <= unsaturated(score) <= x + CAP + EXACT


WORDS = st.sampled_from(("green", "cross", "bio", "vaccine", "cell", "녹십자", "바이오", "诊断", "疫苗", "mRNA-1", "x"))


@given(st.lists(st.lists(WORDS, min_size=1, max_size=6).map(" ".join), min_size=2, max_size=8))
def test_text_scores_are_those_of_scikit_learn_up_to_colliding_grams(lines):
    from sklearn.feature_extraction.text import TfidfVectorizer

    world = World(FLAT, tuple(organization(f"o{k}", description=line) for k, line in enumerate(lines)))
    dataset = world.dataset()
    scorer = TextSimilarity().fit(dataset)
    # Ours has no "+ 1" in idf: a gram that everyone has says nothing. Everything else is theirs.
    theirs = TfidfVectorizer(analyzer="char", ngram_range=(2, 4), lowercase=False, sublinear_tf=True, norm=None)
    weighted = theirs.fit_transform(scorer.texts_).toarray()
    weighted *= (theirs.idf_ - 1.0) / theirs.idf_
    norms = np.linalg.norm(weighted, axis=1, keepdims=True)
    unit = np.divide(weighted, norms, out=np.zeros_like(weighted), where=norms > 0)
    # Grams are hashed into 2¹⁸ buckets: of some 100 grams two share one in 2 worlds of 100, and then scores may differ.
    n_collisions = weighted.shape[1] - len(np.unique(gram_counts(scorer.texts_).indices))
    tolerance = 1e-9 if n_collisions == 0 else 0.1 * n_collisions
    np.testing.assert_allclose(scorer.score(everyone(dataset)), unit @ unit.T, rtol=0, atol=tolerance)


def test_sector_terms_of_the_test_worlds_have_hubs_and_conveners():
    # What the worlds must hold for the tests above to mean something.
    assert {term for term in SECTORS.terms if SECTORS.attribute(term, "hub", False)} == {"agency", "convener", "park"}

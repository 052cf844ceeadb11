"""The evaluator distrusts itself: every way in which an evaluation is known to flatter is tried on it."""

import datetime
from dataclasses import dataclass, field, replace
from functools import lru_cache
from itertools import pairwise

import numpy as np
import polars as pl
import pytest
import scipy.sparse as sp
from hypothesis import assume, given
from hypothesis import strategies as st

from matchmaker.blend import Blend, sigmoid
from matchmaker.dataset import Dataset
from matchmaker.domain import Domain, Side
from matchmaker.errors import UsageError
from matchmaker.evaluation import (
    METRICS,
    NEW,
    PRIMARY,
    Panel,
    Split,
    blocks,
    evaluate,
    judge,
    noise,
    rolling,
    sampled,
    shuffled,
    standard_scorers,
)
from matchmaker.evaluation.metrics import matched, matched_auc
from matchmaker.scorers import SCORERS
from tests.worlds import FEWER, OPTIONS, TWO_SIDES, World, everyone, meeting, organization, worlds

DAY = datetime.date(2020, 1, 1)
END = datetime.date(2022, 1, 1)
SIDES = (Side("west", "WE"), Side("east", "EA"))
QUICK = ("popularity", "walk", "contexts", "interests")  # cheap, and of every sort


# --- worlds -------------------------------------------------------------------------------------------------------


def random_frames(seed=0, n=240, n_events=420, sizes=(2, 8), loyalty=0.0):
    """Frames of a world of 2010 to 2021, activities uneven; with `loyalty` organizations keep to one of 12 circles."""
    generator = np.random.default_rng(seed)
    activity = generator.pareto(1.5, n) + 0.3
    circle = generator.integers(0, 12, n)
    ids = np.array([f"o{number:03d}" for number in range(n)])
    days = datetime.date(2010, 1, 1) + generator.integers(0, 365 * 12, n_events) * datetime.timedelta(days=1)
    rows = []
    for event in range(n_events):
        drawn_to = np.where(circle == generator.integers(0, 12), 1.0, 1.0 - loyalty)
        chance = activity * drawn_to / (activity * drawn_to).sum()
        rows += [
            (f"e{event:03d}", o)
            for o in generator.choice(ids, generator.integers(*sizes, endpoint=True), replace=False, p=chance)
        ]
    words = np.array(["gamma", "delta", "sigma", "lambda", "omega", "kappa", "theta", "zeta"])
    return {
        "organizations": pl.DataFrame(
            {
                "org_id": ids,
                "name": [" ".join(generator.choice(words, 3)) for _ in ids],
                "country": generator.choice(["WE", "EA"], n),
                "region": generator.choice(["north", "south", "coast"], n),
                "sector": generator.choice(["firm", "school", "clinic"], n),
                "interests": [";".join(generator.choice(words, 2)) for _ in ids],
                "seeks": generator.choice(words, n),
                "offers": generator.choice(words, n),
            }
        ),
        "events": pl.DataFrame(
            {"event_id": [f"e{number:03d}" for number in range(n_events)], "date": [str(day) for day in days]}
        ).with_columns(kind=pl.lit("forum")),
        "participations": pl.DataFrame(rows, schema=["event_id", "org_id"], orient="row"),
        "topics": pl.DataFrame(
            {"event_id": [f"e{number:03d}" for number in range(n_events)], "term": generator.choice(words, n_events)}
        ),
    }


def world_of(frames, sides=None, **options):
    return Dataset.from_frames(domain=Domain("test", sides), options=replace(OPTIONS, **options), **frames)


@lru_cache
def random_world(seed=0, sides=None, **options):
    return world_of(random_frames(seed, **options), sides)


def quick(names=QUICK):
    return {name: SCORERS[name]() for name in names}


def judged(dataset, scorers=None, day=DAY, until=None, **options):
    """An evaluation without null worlds, all queries."""
    return evaluate(dataset, day, until, scorers or quick(), queries=None, null_queries=0, **options)


def same(one, other, *, but=()):
    """Whether two reports say the same, seconds apart."""
    assert one.queries.drop(but).equals(other.queries.drop(but), null_equal=True)
    assert one.scorers.drop("seconds").equals(other.scorers.drop("seconds"))
    assert one.sides.equals(other.sides)


@dataclass(eq=False)
class Given:
    """A scorer that says what it is told: `truth` maps a dataset to an (n, n) block."""

    truth: object
    symmetric = True
    monotone = False
    block: np.ndarray = field(default=None, init=False)
    asked: list = field(default_factory=list)

    def fit(self, dataset):
        self.block = self.truth(dataset)
        return self

    def score(self, rows, *, reverse=False):
        self.asked.append((rows.tobytes(), reverse))
        return (self.block.T if reverse else self.block)[rows]

    def explain(self, seeker, candidate):
        return []


def constant(dataset):
    return np.zeros((len(dataset), len(dataset)))


def by_name(dataset):
    """Scores without ties that depend on nothing but two names, whatever the order of rows."""
    position = {name: number for number, name in enumerate(sorted(set(dataset.organizations["name"].to_list())))}
    rows = np.array([position[name] for name in dataset.organizations["name"].to_list()])
    block = np.random.default_rng(1).random((len(position), len(position)))
    return (block + block.T)[np.ix_(rows, rows)] / 2


def distinct_names(frames):
    names = pl.Series("name", [f"name {identifier}" for identifier in frames["organizations"]["org_id"]])
    return frames | {"organizations": frames["organizations"].with_columns(names)}


# --- the alarm: noise ---------------------------------------------------------------------------------------------


def test_in_a_world_of_noise_no_scorer_finds_anything_when_whole_events_are_held_out():
    found = {}
    for seed in (0, 1, 2):
        report = judged(random_world(seed), standard_scorers())
        for name in report.names:
            found.setdefault(name, []).append(report.mean(name, "auc_matched"))
    assert set(found) == {*SCORERS, "blend"}
    for name, values in found.items():
        assert np.mean(values) == pytest.approx(0.5, abs=0.05), name


def textbook(edges):
    """Adamic–Adar on the organization–organization graph, over common neighbors."""
    degree = np.asarray(edges.sum(axis=1)).ravel()
    weight = np.where(degree > 1, 1.0 / np.log(np.maximum(degree, 2.0)), 0.0)
    return (edges @ sp.diags_array(weight) @ edges).toarray()


def textbook_area(train, test, degree):
    """Area under the curve against degree-matched negatives; both graphs symmetric, 0/1, without a common edge."""
    allowed = ~(train.toarray() > 0)
    np.fill_diagonal(allowed, val=False)
    by_degree = np.tile(np.argsort(degree, kind="stable"), (len(degree), 1))
    return np.nanmean(matched_auc(textbook(train), matched(test.toarray() > 0, allowed, by_degree)))


def test_the_alarm_works_a_random_edge_split_of_the_same_noise_looks_like_a_triumph():
    """Every event is a clique that gives its own held-out edges away."""
    dataset = random_world(0, n=600, n_events=150, sizes=(8, 14))
    organizations, events, _ = dataset.participation_pairs
    members = sp.csr_array((np.ones(len(events)), (organizations, events)), shape=(len(dataset), dataset.events.height))
    late = (dataset.events["day"] >= DAY).to_numpy()

    def edges(columns):
        together = (members[:, np.flatnonzero(columns)] @ members[:, np.flatnonzero(columns)].T).toarray() > 0
        np.fill_diagonal(together, val=False)
        return sp.csr_array(together.astype(float))

    everything, before = edges(late | ~late), edges(~late)
    held_out = np.triu(np.random.default_rng(0).random(everything.shape) < 0.1, 1)
    random_test = everything.multiply(held_out + held_out.T).tocsr()
    random_train = sp.csr_array(everything - random_test)
    event_test = sp.csr_array(edges(late) - edges(late).multiply(before))

    assert textbook_area(random_train, random_test, random_train.sum(axis=1)) >= 0.9
    assert textbook_area(before, event_test, members[:, ~late].sum(axis=1)) == pytest.approx(0.5, abs=0.05)


def test_where_there_is_something_to_find_it_is_found_and_shuffled_labels_give_chance():
    dataset = random_world(3, loyalty=0.97)
    assert judged(dataset).mean("walk", "auc_matched") > 0.6
    for seed in (0, 1):
        report = judged(shuffled(dataset, DAY, seed))
        for name in report.names:
            assert report.mean(name, "auc") == pytest.approx(0.5, abs=0.05), name


def test_popularity_predicts_noise_until_negatives_are_matched():
    reports = [judged(random_world(seed), quick(["popularity"])) for seed in (0, 1, 2)]
    assert np.mean([report.mean("popularity", "auc") for report in reports]) > 0.57
    assert np.mean([report.mean("popularity", "auc_matched") for report in reports]) == pytest.approx(0.5, abs=0.03)


# --- leakage ------------------------------------------------------------------------------------------------------


def later(dataset, seed):
    """The same past; every dated fact of the future drawn anew, and some more."""
    generator = np.random.default_rng(seed)
    changed = shuffled(dataset, DAY, seed)
    gone = changed.events.filter(pl.col("day") >= DAY).sample(fraction=0.3, seed=seed)["event_id"].implode()
    is_late = pl.col("day") >= DAY
    moved = pl.duration(days=int(generator.integers(0, 900)))
    events = changed.events.filter(~pl.col("event_id").is_in(gone))
    return replace(
        changed,
        events=events.with_columns(
            day=pl.when(is_late).then(pl.col("day") + moved).otherwise("day"),
            kind=pl.when(is_late).then(pl.lit("visit")).otherwise("kind"),
        ),
        participations=changed.participations.filter(~pl.col("event_id").is_in(gone)),
        topics=changed.topics.filter(~pl.col("event_id").is_in(gone)),
    )


@pytest.mark.parametrize("sides", [None, SIDES])
def test_facts_of_the_future_altered_at_random_leave_every_score_unchanged(sides):
    dataset = random_world(4, sides)
    rows = np.arange(0, len(dataset), 7)
    before = Panel.fit(Split.at(dataset, DAY).train).blocks(rows)
    after = Panel.fit(Split.at(later(dataset, 1), DAY).train).blocks(rows)
    for name, blocks_ in before.items():
        for one, other in zip(blocks_, after[name], strict=True):
            np.testing.assert_array_equal(one, other, err_msg=name)


@FEWER
@given(worlds(least=2, dated=True))
def test_a_scorer_sees_nothing_of_what_is_dated_on_the_day_of_the_cut_or_later(world):
    days = {row["event_id"]: row["date"] for row in world.events}
    past = replace(
        world,
        events=tuple(row for row in world.events if row["date"] < "2020-06-30"),
        participations=tuple(row for row in world.participations if days[row["event_id"]] < "2020-06-30"),
        topics=tuple(row for row in world.topics if days[row["event_id"]] < "2020-06-30"),
        partnerships=tuple(row for row in world.partnerships if row["date"] < "2020-06-30"),
        region_ties=tuple(row for row in world.region_ties if row["date"] is None or row["date"] < "2020-06-30"),
    )
    day = datetime.date(2020, 6, 30)
    full, cut = (Split.at(each.dataset(), day).train for each in (world, past))
    for name, scorer in standard_scorers().items():
        one, other = (scorer.fit(train).score(everyone(train)) for train in (full, cut))
        np.testing.assert_array_equal(one, other, err_msg=name)


def test_a_planted_column_that_is_the_answer_has_no_effect():
    frames = random_frames(5)
    answer = frames["participations"].join(frames["events"], on="event_id").filter(pl.col("date") >= str(DAY))
    partners = answer.group_by("org_id").agg(pl.col("event_id").sort().str.join(";").alias("future_events"))
    planted = frames | {"organizations": frames["organizations"].join(partners, on="org_id", how="left")}
    same(judged(world_of(frames)), judged(world_of(planted, allow_extra=True)))


def test_an_event_at_which_a_later_deal_is_signed_is_hidden():
    world = (
        World(TWO_SIDES, tuple(organization(i, country=c) for i, c in (("a", "CN"), ("b", "KR"), ("c", "KR"))))
        .plus(**meeting("fair", "a", "b", "c", date="2019-06-01"))
        .plus(**meeting("forum", "a", "c", date="2019-07-01"))
    )
    frames = world.frames() | {
        "partnerships": pl.DataFrame({"left": ["a"], "right": ["b"], "date": ["2020-02-01"], "event_id": ["fair"]})
    }
    split = Split.at(Dataset.from_frames(domain=TWO_SIDES, options=OPTIONS, **frames), DAY)
    assert split.train.events["event_id"].to_list() == ["forum"]
    assert split.train.participations["event_id"].unique().to_list() == ["forum"]


# --- invariance ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("sides", [None, SIDES])
def test_shifting_all_dates_by_a_constant_changes_no_metric(sides):
    frames, days = random_frames(6), 1000
    shifted = pl.col("date").str.to_date() + pl.duration(days=days)
    moved = frames | {"events": frames["events"].with_columns(shifted.cast(pl.String))}
    one = judged(world_of(frames, sides), standard_scorers())
    other = judged(world_of(moved, sides), standard_scorers(), day=DAY + datetime.timedelta(days=days))
    same(one, other)


def test_the_same_event_loaded_twice_changes_nothing():
    frames = random_frames(7)
    twice = {name: pl.concat([frame, frame]) for name, frame in frames.items()}
    same(judged(world_of(frames)), judged(world_of(twice)))


def test_the_order_of_rows_changes_nothing():
    frames = random_frames(7)
    mixed = {name: frame.sample(fraction=1.0, shuffle=True, seed=3) for name, frame in frames.items()}
    same(judged(world_of(frames)), judged(world_of(mixed)))


def renamed(frames, rename):
    """Frames with other identifiers of organizations and events."""
    return {
        name: frame.with_columns(
            pl.Series(column, [rename(identifier) for identifier in frame[column]])
            for column in ("org_id", "event_id")
            if column in frame.columns
        )
        for name, frame in frames.items()
    }


def test_new_names_in_the_same_order_change_nothing():
    frames = random_frames(8)
    one, other = judged(world_of(frames)), judged(world_of(renamed(frames, lambda name: "x" + name)))
    same(one, other, but=["org_id"])


def test_reversing_all_names_changes_nothing_but_ties():
    """Identifiers that sort the other way: the area is the same exactly, and everything is for scores without ties."""
    frames = distinct_names(random_frames(8))
    digits = str.maketrans("0123456789", "9876543210")
    scorers = standard_scorers() | {"untied": Given(by_name)}
    one, other = (
        judged(world_of(each), scorers) for each in (frames, renamed(frames, lambda name: name.translate(digits)))
    )
    for name in one.names:
        assert one.mean(name, "auc") == pytest.approx(other.mean(name, "auc"), abs=1e-9), name
        if name == "untied":
            for metric in (PRIMARY, "recall@20", "mrr", "hit@10", "mutual_hit@10"):
                assert one.mean(name, metric) == pytest.approx(other.mean(name, metric), abs=1e-12), metric


def test_swapping_the_sides_swaps_the_sides_and_nothing_else():
    frames = distinct_names(random_frames(9))
    scorers = standard_scorers() | {"untied": Given(by_name)}
    one, other = (judged(world_of(frames, sides), scorers) for sides in (SIDES, SIDES[::-1]))
    order = ["scorer", "group", "side", "org_id"]
    columns = pl.exclude("cluster", "mutual_hit@10")
    swapped = [report.queries.sort(order).select(columns) for report in (one, other)]
    assert swapped[0].equals(swapped[1], null_equal=True)
    assert one.sides.sort("side").equals(other.sides.sort("side"))
    for metric in METRICS:
        assert one.mean("untied", metric) == pytest.approx(other.mean("untied", metric), abs=1e-12)


def test_the_mutual_score_of_a_pair_is_the_same_from_either_side():
    split = Split.at(random_world(9, SIDES), DAY)
    panel = Panel.fit(split.train)
    west, east = (np.flatnonzero(side.seekers)[:60] for side in split.directions)
    for name in panel.scorers:
        there = panel.ranking(name, west, np.tile(east, (len(west), 1)), mutual=True)
        back = panel.ranking(name, east, np.tile(west, (len(east), 1)), mutual=True)
        np.testing.assert_allclose(there, back.T, rtol=0, atol=1e-9, err_msg=name)


# --- chance and truth ---------------------------------------------------------------------------------------------


def truth_of(dataset):
    """A scorer that knows the future: 1 for every pair that a fact of the test period joins."""
    split = Split.at(dataset, DAY)
    together = (split.made @ split.made.T).toarray()
    return lambda _: np.minimum(together, 1.0)


@pytest.mark.parametrize("sides", [None, SIDES])
def test_a_ranker_that_returns_the_answer_scores_1(sides):
    dataset = random_world(10, sides)
    report = judged(dataset, {"oracle": Given(truth_of(dataset))})
    n_relevant = report.queries["relevant"].to_numpy()
    assert len(n_relevant) > 100
    for metric in (PRIMARY, "mrr", "hit@10", "auc", "auc_matched"):
        np.testing.assert_allclose(report.values("oracle", metric)[0], 1.0, atol=1e-12, err_msg=metric)
    np.testing.assert_allclose(report.values("oracle", "recall@10")[0], np.minimum(10 / n_relevant, 1.0))
    assert report.mean("oracle", "mutual_hit@10") > 0.9  # all partners of the busiest do not fit in a top ten


def test_a_ranker_that_says_nothing_gets_chance():
    """Ties are broken by a permutation that is begun elsewhere for each query, so no candidate is anyone's favorite."""
    dataset = random_world(11)
    report = judged(dataset, {"constant": Given(constant)})
    n_candidates = int(report.sides["candidates"].item())
    for metric in ("auc", "auc_matched"):
        assert set(report.values("constant", metric)[0].tolist()) == {0.5}
    n_queries = report.queries.height
    chance = 10 / n_candidates
    spread = 4 * np.sqrt(chance / report.queries["relevant"].sum())
    found = (report.queries["recall@10"] * report.queries["relevant"]).sum() / report.queries["relevant"].sum()
    assert found == pytest.approx(chance, abs=spread)
    assert report.scorers["gini"].item() < 0.5
    assert report.scorers["coverage@10"].item() > 0.9
    assert n_queries > 100


def test_ties_do_not_favor_the_truth_whatever_the_order_of_names():
    """A scorer that gives partners and others alike 1 must not look better because of where partners stand."""
    dataset = random_world(12)
    first, second = (judged(dataset, {"constant": Given(constant)}, seed=seed) for seed in (0, 1))
    assert not first.queries.equals(second.queries)
    assert first.mean("constant") == pytest.approx(second.mean("constant"), abs=0.03)


@pytest.mark.parametrize(("place", "both"), [(0, 1.0), (9, 1.0), (10, 0.0), (14, 0.0)])
def test_a_mutual_hit_takes_two_top_tens(place, both):
    """The first of the west finds its partner at the top; the partner has it at `place` of 15."""
    names = [f"{side}{number:02d}" for side in "ew" for number in range(15)]
    world = World(
        Domain("test", SIDES),
        tuple(organization(name, country="WE" if name[0] == "w" else "EA") for name in names),
        partnerships=({"left": "w00", "right": "e00", "date": "2021"},),
    )
    block = np.tile(np.linspace(1.0, 0.0, 30), (30, 1))  # the west is rows 15 to 29, each side in descending order
    block[0, 15], block[0, 16:] = 1.0 - place / 15, 1.0 - np.delete(np.arange(15), place) / 15
    report = judged(world.dataset(), {"given": Given(lambda _: block)}, candidates="all", mutual=False)
    assert report.queries["org_id"].to_list() == ["w00", "e00"]
    assert report.queries["hit@10"].to_list() == [1.0, both]
    assert report.queries["mutual_hit@10"].to_list() == [both, both]
    assert report.scorers["coverage@10"].item() == pytest.approx(10 / 15)


# --- splits -------------------------------------------------------------------------------------------------------


@FEWER
@given(worlds(least=2, most=7), st.sampled_from(["events", "partnerships", "forum"]))
def test_a_pair_is_new_in_both_directions_or_in_none_and_never_known_before(world, positives):
    assume(positives != "forum" or any(row["kind"] == "forum" for row in world.events))
    split = Split.at(world.dataset(), datetime.date(2020, 1, 1), positives=positives)
    new, independent, unasked = (part.toarray() for part in split.labels(everyone(split.train)))
    assert (new == new.T).all()
    assert (unasked == unasked.T).all()
    assert not (new * unasked).any()
    assert not np.diag(new).any()
    assert not (independent > new).any()
    before = split.train.participation_pairs if positives == "events" else split.train.partner_pairs
    if positives == "partnerships":
        assert not new[before.left, before.right].any()
    if positives == "events":
        for event in np.unique(before.right):
            guests = before.left[before.right == event]
            assert not new[np.ix_(guests, guests)].any()


def test_pairs_are_new_by_what_is_asked():
    world = World(organizations=tuple(organization(i) for i in "abcde"))
    world = world.plus(**meeting("old", "a", "b", date="2019-01-01", kind="forum"))
    world = world.plus(**meeting("new", "a", "b", "c", date="2020-05-01", kind="signing"))
    world = world.plus(**meeting("far", "a", "e", date="2022-05-01", kind="signing"))
    deals = [{"left": "c", "right": "d", "date": "2018"}, {"left": "a", "right": "b", "date": "2021"}]
    dataset = replace(world, partnerships=tuple(deals)).dataset()

    def pairs(positives, until=END):
        split = Split.at(dataset, DAY, until, positives=positives)
        left, right = np.nonzero(np.triu(split.labels(everyone(dataset)).new.toarray()))
        return {dataset.ids[i] + dataset.ids[j] for i, j in zip(left, right, strict=True)}

    assert pairs("partnerships") == {"ab"}
    assert pairs(None) == {"ab"}
    assert pairs("events") == {"ac", "bc"}
    assert pairs("events", None) == {"ac", "bc", "ae"}
    assert pairs("signing") == {"ab", "ac", "bc"}  # they had met, but not at a signing
    assert pairs("forum") == set()
    with pytest.raises(UsageError, match=r"MM-EVA-001.*no event is of the kind.*forum, signing"):
        pairs("ball")


def test_the_test_period_holds_its_first_day_and_not_the_day_after_its_last():
    world = World(organizations=tuple(organization(i) for i in "abcd"))
    for day, other in (("2019-12-31", "b"), ("2020-01-01", "c"), ("2022-01-01", "d")):
        world = world.plus(**meeting(f"at {day}", "a", other, date=day))
    split = Split.at(world.dataset(), DAY, END)
    assert np.flatnonzero(split.labels(np.array([0])).new.toarray()).tolist() == [2]
    assert split.train.events["event_id"].to_list() == ["at 2019-12-31"]


def test_doubtful_and_undated_facts_are_neither_right_nor_wrong():
    world = World(organizations=tuple(organization(i) for i in "abcd"))
    frames = world.frames() | {
        "partnerships": pl.DataFrame(
            [
                ("a", "b", "2021", "yes", "yes"),
                ("a", "c", "2021", "no", "yes"),
                ("a", "d", "2021", "yes", "no"),
                ("b", "c", None, "yes", "yes"),
                ("b", "c", "2021-03", "yes", "yes"),
                ("b", "d", "2021", "no", "yes"),
                ("b", "d", "2021-05", "yes", None),
            ],
            schema=["left", "right", "date", "verified", "holdout_clean"],
            orient="row",
        )
    }
    split = Split.at(Dataset.from_frames(options=OPTIONS, **frames), DAY)
    labels = split.labels(everyone(split.train))
    assert np.argwhere(np.triu(labels.new.toarray())).tolist() == [[0, 1], [1, 3]]
    assert np.argwhere(np.triu(labels.unasked.toarray())).tolist() == [[0, 2], [0, 3], [1, 2]]


def test_candidates_are_who_was_known_before_the_cut_and_newcomers_are_seekers_only():
    world = World(organizations=tuple(organization(i) for i in "abcde"))
    world = world.plus(**meeting("old", "a", "b", date="2019-01-01"))
    world = world.plus(**meeting("new", "a", "c", "d", date="2020-05-01"))
    frames = world.frames()
    known_since = pl.Series("first_known", [None, None, None, "2019-12-31", "2020-01-01"])
    frames["organizations"] = frames["organizations"].with_columns(known_since)
    dataset = Dataset.from_frames(options=OPTIONS, **frames)
    split = Split.at(dataset, DAY)
    assert split.candidates.tolist() == [True, True, False, True, False]
    assert split.newcomers.tolist() == [False, False, True, True, True]
    assert Split.at(dataset, DAY, candidates="all").candidates.all()
    census = split.census(split.directions[0])
    assert census.seekers.tolist() == [0, 2, 3]  # a finds d; c finds a and d; d finds a
    assert (census.n_pairs, census.n_lost) == (6, 2)
    report = judged(dataset)
    assert report.sides.row(0, named=True) == {
        "side": "all", "seekers": 3, "judged": 3, "newcomers": 2, "candidates": 3, "new_pairs": 6, "lost_pairs": 2,
    }  # fmt: skip
    assert len(report.values("walk", newcomers=True)[0]) == 2
    assert len(report.values("walk", newcomers=False)[0]) == 1


def test_pairs_with_a_convener_are_judged_apart():
    sectors = {"a": "pharma", "b": "pharma", "c": "agency", "d": "biotech", "e": "agency"}
    countries = {"a": "CN", "b": "KR", "c": "KR", "d": "KR", "e": "CN"}
    world = World(TWO_SIDES, tuple(organization(i, country=countries[i], sector=sectors[i]) for i in sectors))
    world = world.plus(**meeting("old", "a", "b", "c", "d", "e", date="2019-01-01"))
    deals = [{"left": "a", "right": r, "date": "2021"} for r in "bc"] + [{"left": "e", "right": "d", "date": "2021"}]
    report = judged(replace(world, partnerships=tuple(deals)).dataset())
    asked = report.queries.filter(pl.col("scorer") == "walk").select("group", "side", "org_id", "relevant").rows()
    assert sorted(asked) == [
        ("conveners", "China", "a", 1),
        ("conveners", "China", "e", 1),
        ("conveners", "Korea", "c", 1),
        ("conveners", "Korea", "d", 1),
        ("new", "China", "a", 1),
        ("new", "Korea", "b", 1),
    ]
    assert f"{PRIMARY} conveners" in report.summary().columns


def test_pairs_whose_profiles_are_independent_are_reported_apart():
    world = World(organizations=tuple(organization(i) for i in "abcd"))
    deals = pl.DataFrame(
        [("a", "b", "2021", "yes"), ("a", "c", "2021", "no"), ("b", "c", "2021", "yes"), ("b", "c", "2021-02", "no")],
        schema=["left", "right", "date", "profiles_independent"],
        orient="row",
    )
    dataset = Dataset.from_frames(options=OPTIONS, **world.frames() | {"partnerships": deals})
    report = judged(dataset, candidates="all")
    asked = report.queries.filter(pl.col("scorer") == "walk").select("group", "org_id", "relevant").rows()
    assert {row for row in asked if row[0] == "independent"} == {("independent", "a", 1), ("independent", "b", 1)}
    assert {row for row in asked if row[0] == NEW} == {(NEW, "a", 2), (NEW, "b", 2), (NEW, "c", 2)}


def test_queries_that_one_event_answers_share_a_cluster():
    world = World(organizations=tuple(organization(i) for i in "abcdefg"))
    world = world.plus(**meeting("old", *"abcdefg"[:1], date="2019-01-01"))
    world = world.plus(**meeting("large", "a", "b", "c", "d", date="2020-06-01"))
    world = world.plus(**meeting("small", "d", "e", date="2020-03-01"))
    world = world.plus(**meeting("other", "f", "g", date="2020-09-01"))
    split = Split.at(world.dataset(), DAY, candidates="all")
    causes = split.causes(everyone(split.train), split.labels(everyone(split.train)).new)
    assert len(set(causes[:4].tolist())) == 1
    assert causes[4] not in causes[:4]
    assert causes[5] == causes[6]
    assert causes[5] not in causes[:5]


def test_a_test_period_without_a_new_pair_is_refused():
    with pytest.raises(UsageError, match="MM-EVA-002"):
        judged(random_world(0), day=datetime.date(2024, 1, 1))
    with pytest.raises(UsageError, match="MM-EVA-002"):
        judged(World(organizations=(organization("a"),)).dataset())


def test_a_null_world_without_a_new_pair_is_left_out():
    world = World(organizations=tuple(organization(i) for i in "ab")).plus(**meeting("old", "a", date="2019-01-01"))
    world = world.plus(**meeting("other", "b", date="2019-02-01")).plus(**meeting("new", "a", "b", date="2020-05-01"))
    report = evaluate(world.dataset(), DAY, None, quick())
    assert set(report.nulls) <= {"shuffled", "noise"}
    assert report.mean("walk") == 1.0  # the only candidate there is


def test_a_rolling_origin_tests_every_period_once():
    dataset = random_world(13)
    days = [datetime.date(year, 1, 1) for year in (2017, 2018, 2020)]
    splits = list(rolling(dataset, days))
    assert [(split.day, split.until) for split in splits] == list(pairwise(days))
    assert all(split.train.events["day"].max() < split.day for split in splits)
    assert splits[0].made.shape[1] == dataset.events.filter(pl.col("day").is_between(days[0], days[1], "left")).height


# --- blocks and panels --------------------------------------------------------------------------------------------


def test_blocks_hold_every_query_once_and_every_candidate_of_it():
    split = Split.at(random_world(14, SIDES), DAY)
    for side in split.directions:
        seekers = split.census(side).seekers
        parts = list(blocks(split, side, seekers, size=16))
        assert np.concatenate([block.rows for block in parts]).tolist() == seekers.tolist()
        for block in parts:
            assert (np.sort(block.columns, axis=1) == np.flatnonzero(side.candidates)).all()
            degree = split.degree[np.take_along_axis(block.columns, block.by_degree, axis=1)]
            assert (np.diff(degree, axis=1) >= 0).all()
            relevant, allowed = block.groups[NEW]
            assert relevant.any(axis=1).all()
            assert not (relevant & ~allowed).any()
            wanted = split.labels(block.rows).new.toarray()
            assert (np.take_along_axis(wanted, block.columns, axis=1) > 0).tolist() == relevant.tolist()


def test_a_sample_of_queries_is_drawn_by_its_seed():
    seekers = np.arange(100)
    assert sampled(seekers, None).tolist() == sampled(seekers, 200).tolist() == seekers.tolist()
    assert sampled(seekers, 10, 1).tolist() == sorted(set(sampled(seekers, 10, 1).tolist()))
    assert sampled(seekers, 10, 1).tolist() != sampled(seekers, 10, 2).tolist()
    dataset = random_world(15, SIDES)
    report = evaluate(dataset, DAY, None, quick(), queries=21, null_queries=0)
    assert report.sides["judged"].to_list() == [11, 11]


def test_a_blend_ranks_the_same_with_the_parts_of_the_panel_as_alone():
    split = Split.at(random_world(16, SIDES), DAY)
    panel = Panel.fit(split.train)
    assert set(panel.parts) == set(SCORERS)
    rows = np.arange(20)
    columns = np.tile(np.arange(len(split.train)), (20, 1))
    forward, backward = Blend().fit(split.train).both_log_odds(rows)
    mutual = panel.ranking("blend", rows, columns, mutual=True)
    np.testing.assert_allclose(mutual, sigmoid(forward) * sigmoid(backward), rtol=0, atol=1e-12)
    np.testing.assert_allclose(panel.ranking("blend", rows, columns, mutual=False), sigmoid(forward), atol=1e-12)


def test_a_part_that_several_scorers_share_is_asked_once_for_a_block():
    split = Split.at(random_world(16, SIDES), DAY)
    scorers = {"given": Given(by_name), "one": Blend({"walk": 1.0, "text": 1.0}), "two": Blend({"walk": 2.0})}
    panel = Panel.fit(split.train, scorers | quick(["walk"]))
    assert list(panel.parts) == ["given", "walk", "text"]
    assert panel.scorers["two"].scorers_["walk"] is panel.parts["walk"]
    judge(split, panel, queries=40)
    asked = panel.parts["given"].scorer.asked
    assert len(asked) == len(set(asked)) == 2
    assert all(panel.cost(name) > 0 for name in panel.scorers)


def test_scorers_handed_in_are_not_changed():
    scorers = quick() | {"blend": Blend()}
    judged(random_world(16), scorers)
    assert not any(hasattr(scorer, "graph_") for scorer in scorers.values())
    assert not hasattr(scorers["blend"], "scorers_")


# --- null worlds and reports --------------------------------------------------------------------------------------


def test_noise_keeps_how_large_events_and_how_active_organizations_are():
    dataset = random_world(17)
    mixed = noise(dataset, 1)
    for column in ("event_id", "org_id"):
        one, other = (world.participations[column].value_counts().sort(column) for world in (dataset, mixed))
        assert one.equals(other)
    assert not mixed.participations.equals(dataset.participations)
    assert mixed.participations.select("event_id", "org_id").is_unique().all()
    assert noise(dataset, 1).participations.equals(mixed.participations)
    assert not noise(dataset, 2).participations.equals(mixed.participations)


def test_noise_deals_partners_anew_and_joins_no_one_with_itself():
    dataset = Dataset.read()
    mixed = noise(dataset)
    assert mixed.partnerships["left"].sort().equals(dataset.partnerships["left"].sort())
    assert mixed.partnerships["right"].sort().equals(dataset.partnerships["right"].sort())
    assert (mixed.partnerships["left"] != mixed.partnerships["right"]).all()
    assert noise(World(organizations=(organization("a"),)).dataset()).participations.is_empty()


def test_a_shuffled_world_keeps_its_past_and_the_shape_of_its_future():
    dataset = random_world(18, SIDES)
    mixed = shuffled(dataset, DAY, 1)
    one, other = Split.at(dataset, DAY), Split.at(mixed, DAY)
    assert one.train.participations.equals(other.train.participations)
    assert (one.made.T @ one.made).toarray().tolist() == (other.made.T @ other.made).toarray().tolist()
    sides = [np.sort(np.diff(split.made.tocsr().indptr)[split.train.side == 0]) for split in (one, other)]
    assert sides[0].tolist() == sides[1].tolist()
    assert not dataset.participations.equals(mixed.participations)


def test_a_report_puts_the_null_worlds_beside_each_scorer_and_warns():
    dataset = random_world(3, loyalty=0.97)
    report = evaluate(dataset, DAY, None, quick() | {"blend": Blend()}, queries=60, null_queries=40)
    table = report.summary()
    assert table["scorer"].to_list()[0] in {"walk", "blend"}
    assert {f"{PRIMARY} noise", f"{PRIMARY} shuffled", "auc_matched noise", "seconds", "brier"} <= set(table.columns)
    assert set(METRICS) <= set(table.columns)
    assert report.megabytes > 0
    assert list(report.reliability) == ["blend"]
    found = report.against("walk", ["popularity", "interests"], draws=500)
    assert found["p_holm"].to_list() >= found["p"].to_list()
    assert found["n_queries"].to_list() == [60, 60]
    assert report.against("walk", []).is_empty()
    few = evaluate(dataset, DAY, None, quick(), queries=8, null_queries=0)
    assert any("8 queries are too few" in note for note in few.warnings())


def test_a_scorer_that_finds_something_in_a_shuffled_world_is_called_out():
    dataset = random_world(3)
    mixed = shuffled(dataset, DAY, 0)
    report = evaluate(dataset, DAY, None, {"cheat": Given(truth_of(mixed)), **quick()}, queries=50, null_queries=50)
    notes = report.warnings()
    assert any("cheat finds in the shuffled world what is not there" in note for note in notes)
    assert not any("walk finds" in note for note in notes)

"""What came of meetings: forms become outcomes, outcomes facts and weights, and the six commands of a session."""

import csv
import datetime
from pathlib import Path

import numpy as np
import openpyxl
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from experiments import outcome_learning
from matchmaker import Dataset, Recommender
from matchmaker.cli.program import run
from matchmaker.domain import read_weights
from matchmaker.errors import DataError
from matchmaker.ladder import (
    NAMES,
    STRENGTH,
    Evidence,
    Statement,
    as_toml,
    ladder,
    learn_from_outcomes,
    mutual_log_odds,
    shifted,
    told_once,
)
from matchmaker.schema import TABLES
from matchmaker.store import Outcome, Store

DAY = datetime.date(2025, 3, 4)
WHO = {"author": "Lee", "source": "form.xlsx"}


@pytest.fixture(scope="module")
def dataset():
    return Dataset.read()


@pytest.fixture
def store(dataset, url):
    with Store.open(url) as opened:
        opened.put({name: getattr(dataset, name) for name in TABLES}, author="Lee", source="embedded")
        yield opened


@pytest.fixture
def ask(capfd, tmp_path, monkeypatch):
    """Run a command in an empty folder with a store in it; its exit code, stdout and stderr."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MATCHMAKER_STORE", "sqlite:///store.db")

    def asked(*arguments):
        code = run([str(argument) for argument in arguments])
        return code, *capfd.readouterr()

    return asked


# --- the ladder ---------------------------------------------------------------------------------------------------

RUNGS = ("requested", "accepted", "met", "intention", "mou", "contract")
BARS = ("declined", "no-show")
STEPS = dict(zip((*RUNGS, *BARS), (-1.5, 0.0, 0.25, 2.0, 2.5, 3.5, 0.0, 0.25), strict=True))


def evidence_of(features, before, said):
    """Evidence of pairs with these features, shape (2, pairs, n), and statements (pairs, word) about them."""
    rows = [pair for pairs, _ in said for pair in pairs]
    words = tuple(word for _, word in said)
    return Evidence(
        features[0, rows],
        features[1, rows],
        np.zeros(len(NAMES)),
        before[:, rows],
        np.repeat(np.arange(len(said)), [len(pairs) for pairs, _ in said]),
        np.array([STEPS[word] for word in words]),
        np.array([-1.0 if word in BARS else 1.0 for word in words]),
        words,
    )


@st.composite
def worlds(draw):
    """Six pairs with features in [0, 1], log-odds before, and up to 15 statements about single pairs."""
    generator = np.random.default_rng(draw(st.integers(0, 10**6)))
    features = generator.random((2, 6, len(NAMES))) * (generator.random((2, 6, len(NAMES))) < 0.6)
    features[:, :, 0] = 1.0
    before = generator.normal(-3.0, 2.0, (2, 6))
    said = draw(
        st.lists(
            st.tuples(st.integers(0, 5).map(lambda k: (k,)), st.sampled_from(sorted(STEPS))), min_size=1, max_size=15
        )
    )
    return features, before, said


def odds_after(features, before, shift):
    return mutual_log_odds(before[0] + features[0] @ shift, before[1] + features[1] @ shift)


@given(worlds(), st.integers(0, 5), st.sampled_from(sorted(STEPS)), st.sampled_from([4.0, STRENGTH]))
@settings(max_examples=100, deadline=None, derandomize=True)
def test_a_rung_that_is_reached_never_lowers_its_pair_and_a_refusal_never_raises_it(world, pair, word, strength):
    features, before, said = world
    less, more = (
        odds_after(features, before, shifted(evidence_of(features, before, each), strength))[pair]
        for each in (said, [*said, ((pair,), word)])
    )
    assert (less - more if word in RUNGS else more - less) <= 1e-6


@given(worlds(), st.integers(0, 5), st.sampled_from(sorted(STEPS)))
@settings(max_examples=100, deadline=None, derandomize=True)
def test_no_statement_moves_any_pair_by_more_than_the_bound(world, pair, word):
    features, before, said = world
    less, more = (
        odds_after(features, before, shifted(evidence_of(features, before, each), STRENGTH))
        for each in (said, [*said, ((pair,), word)])
    )
    bound = 4.0 * len(NAMES) / STRENGTH
    assert np.abs(more - less).max() <= bound


def test_one_of_these_is_the_probability_of_their_union():
    generator = np.random.default_rng(1)
    features, before = generator.random((2, 3, len(NAMES))), generator.normal(-1.0, 1.0, (2, 3))
    odds = odds_after(features, before, np.zeros(len(NAMES)))
    reached = 1.0 / (1.0 + np.exp(STEPS["met"] - odds))
    loss, _ = evidence_of(features, before, [((0, 1, 2), "met")]).loss(np.zeros(len(NAMES)))
    assert loss == pytest.approx(-np.log(1.0 - np.prod(1.0 - reached)))
    loss, _ = evidence_of(features, before, [((0, 1, 2), "no-show")]).loss(np.zeros(len(NAMES)))
    assert loss == pytest.approx(-np.log(1.0 - np.prod(reached)))


def test_the_gradient_is_that_of_the_loss():
    from scipy.optimize import approx_fprime

    generator = np.random.default_rng(2)
    features, before = generator.random((2, 5, len(NAMES))), generator.normal(-1.0, 2.0, (2, 5))
    evidence = evidence_of(features, before, [((0,), "met"), ((1, 2), "mou"), ((3,), "declined"), ((2, 4), "declined")])
    at = generator.normal(0.0, 0.3, len(NAMES))
    assert evidence.loss(at)[1] == pytest.approx(approx_fprime(at, lambda x: evidence.loss(x)[0], 1e-7), abs=1e-5)


def test_odds_of_both_wanting_are_those_of_the_product():
    forward, backward = np.array([-3.0, 0.0, 20.0, -700.0]), np.array([1.0, 0.0, -2.0, 3.0])
    both = 1 / (1 + np.exp(-forward[:3])) / (1 + np.exp(-backward[:3]))
    assert mutual_log_odds(forward, backward)[:3] == pytest.approx(np.log(both / (1 - both)))
    assert np.isfinite(mutual_log_odds(forward, backward)).all()


def test_of_a_pair_the_highest_rung_counts_once_however_many_say_so(dataset):
    said = [Statement("gennbio", ("luye",), word) for word in ("met", "met", "mou", "no-show", "declined")]
    assert [each.outcome for each in told_once(dataset, [*said, Statement("luye", ("gennbio",), "met")])] == [
        "mou",
        "declined",
    ]


def test_one_of_these_says_nothing_where_one_is_not_known(dataset):
    assert told_once(dataset, [Statement("gennbio", ("luye", "nobody"), "met")]) == []


@pytest.fixture(scope="module")
def lesson(dataset):
    said = [
        Statement("gennbio", ("hengrui",), "contract"),
        Statement("celltrion", ("luye",), "met"),
        Statement("genecell", ("luye", "hengrui"), "intention"),
        Statement("gennbio", ("tongrentang",), "declined"),
    ]
    return learn_from_outcomes(dataset, said)


def test_what_changed_is_the_sum_of_its_reasons(lesson):
    for name in NAMES:
        change = lesson.weights[name] - lesson.prior.get(name, 0.0)
        assert sum(lesson.because[name].values()) == pytest.approx(change, abs=1e-6)
    assert lesson.likelihood[1] > lesson.likelihood[0]
    assert lesson.counts == {"contract": 1, "met": 1, "intention": 1, "declined": 1}


def test_the_weights_are_a_file_that_ranks(dataset, lesson, tmp_path):
    path = tmp_path / "weights.toml"
    path.write_text(as_toml(lesson, dataset.digest), "utf-8")
    weights = read_weights(path)
    assert weights == lesson.weights
    rows = np.array([[dataset.row("gennbio")], [dataset.row("hengrui")]])
    before, after = (Recommender(dataset, weights=each).mutual(*rows)[0, 0] for each in (None, weights))
    assert after > before


def test_enough_outcomes_rank_other_pairs_better_than_the_prior_does(dataset):
    world = outcome_learning.pairs(dataset, 3000, 0)
    found = [outcome_learning.planted(world, ladder(dataset), 0, number) for number in range(6)]
    gain = [each[STRENGTH, 1000] - each[STRENGTH, 0] for each in found]
    assert np.mean(gain) > 0.01
    assert sum(each > 0 for each in gain) >= 4


def test_who_all_met_move_the_intercept_and_not_what_sets_no_one_apart(dataset):
    left, right = (np.flatnonzero((dataset.side == side) & ~dataset.conveners) for side in (0, 1))
    draw = np.random.default_rng(0)
    pairs = [(dataset.ids[draw.choice(left)], dataset.ids[draw.choice(right)]) for _ in range(400)]
    lesson = learn_from_outcomes(dataset, [Statement(a, (b,), "met") for a, b in pairs])
    change = {name: lesson.weights[name] - lesson.prior.get(name, 0.0) for name in NAMES}
    assert change.pop("intercept") > 2 * max(map(abs, change.values()))


def test_nothing_is_learned_from_nothing(dataset):
    with pytest.raises(DataError, match="MM-LRN-002"):
        learn_from_outcomes(dataset, [Statement("gennbio", ("nobody",), "met")])


# --- outcomes as facts --------------------------------------------------------------------------------------------


def test_a_meeting_is_one_event_however_many_say_so_and_an_agreement_a_partnership(store, dataset):
    said = [
        Outcome("gennbio", "luye", "met", DAY),
        Outcome("luye", "gennbio", "met", DAY, note="the other side's form"),
        Outcome("gennbio", "hengrui", "contract", DAY, source="https://example.org/news"),
        Outcome("gennbio", "tongrentang", "accepted", DAY),
        Outcome("genecell", None, "met", DAY, one_of=("luye", "hengrui")),
    ]
    store.report({each.identifier: each for each in said}, **WHO)
    world = store.dataset(dataset.domain)
    assert world.events.height == dataset.events.height + 1
    assert world.participations.height == dataset.participations.height + 2
    agreed = world.partnerships.filter(pl.col("kind") == "contract", pl.col("left") == "gennbio").row(0, named=True)
    assert (agreed["right"], agreed["verified"]) == ("hengrui", True)
    event = world.events.filter(pl.col("event_id").str.starts_with("met.")).row(0, named=True)
    assert (event["day"], event["verified"]) == (DAY, False)
    plain = store.dataset(dataset.domain, outcomes=False)
    assert plain.events.equals(dataset.events)
    assert plain.partnerships.equals(dataset.partnerships)


def test_what_lies_ahead_is_refused_and_is_no_fact(store, dataset):
    later = datetime.date.today() + datetime.timedelta(days=9)
    with pytest.raises(DataError, match="MM-DAY-005"):
        store.record(Outcome("gennbio", "luye", "mou", later), **WHO)
    row = {"outcome_id": ["o"], "left": ["gennbio"], "right": ["luye"], "outcome": ["mou"], "date": [later.isoformat()]}
    store.put({"outcomes": pl.DataFrame(row)}, **WHO)
    assert store.dataset(dataset.domain).partnerships.equals(dataset.partnerships)


@pytest.mark.parametrize(("days", "there"), [(0, False), (364, False), (365, True)])
def test_who_declined_comes_back_after_the_cool_down(store, dataset, days, there):
    seeker, partners = "gennbio", [each[:2] for each in store.apart(DAY, 365)]
    best = Recommender(dataset, apart=partners).match(seeker, 1)[0].organization.id
    store.record(Outcome(seeker, best, "declined", DAY), **WHO)
    apart = store.apart(DAY + datetime.timedelta(days=days), 365)
    lists = {
        match.organization.id for match in Recommender(dataset, apart=[each[:2] for each in apart]).match(seeker, 5)
    }
    assert (best in lists) == there


def test_the_vetoed_and_partners_are_in_no_list(store, dataset):
    first, second = (match.organization.id for match in Recommender(dataset).match("gennbio", 2))
    store.put({"decisions": pl.DataFrame({"left": [first], "right": ["gennbio"], "decision": ["veto"]})}, **WHO)
    store.record(Outcome("gennbio", second, "mou", DAY), **WHO)
    apart = [each[:2] for each in store.apart(datetime.date.today(), 365)]
    recommender = Recommender(dataset, apart=apart)
    everyone = pl.concat(recommender.everyone(len(dataset), seekers=[dataset.row("gennbio")]))["partner_id"].to_list()
    matched = [match.organization.id for match in recommender.match("gennbio", len(dataset))]
    assert everyone == matched
    assert not {first, second} & set(matched)
    assert not {frozenset(pair) for pair in apart} & {
        frozenset((pair.left.id, pair.right.id)) for pair in recommender.pairs(500)
    }


def test_an_organization_that_is_not_in_the_data_is_kept_from_no_one(dataset):
    assert len(Recommender(dataset, apart=[("gennbio", "nobody")]).match("gennbio", 5)) == 5


# --- forms --------------------------------------------------------------------------------------------------------


def workbook(path, *rows):
    book = openpyxl.Workbook()
    for row in rows:
        book.active.append(row)
    book.save(path)


def listed(ask):
    return list(csv.DictReader(ask("feedback", "export", "--format", "csv")[1].splitlines()))


@pytest.fixture
def embedded(ask, dataset):
    with Store.open("sqlite:///store.db") as opened:
        opened.put({name: getattr(dataset, name) for name in TABLES}, author="Lee", source="embedded")
    return ask


FORMS = {
    "en": [("Organization", "Partner", "Result", "Date", "Remarks"), ("Luye", "GenNBio", "Met", "2025-03-04", "good")],
    "zh": [
        ("中方企业", "韩方企业", "洽谈结果", "日期", "备注"),
        ("绿叶制药", "제넨바이오", "已会面", "2025年3月4日", "good"),
    ],
    "ko": [
        ("중국기업", "한국기업", "상담결과", "상담일", "비고"),
        ("绿叶制药", "제넨바이오", "상담 완료", "2025년 3월 4일", "good"),
    ],
}


def test_forms_in_three_languages_sent_twice_are_one_row(embedded):
    for language, rows in FORMS.items():
        workbook(f"{language}.xlsx", *rows)
        assert embedded("feedback", "import", f"{language}.xlsx", "-q")[0] == 0
    (row,) = listed(embedded)
    assert (row["left"], row["right"], row["outcome"], row["date"]) == ("luye", "gennbio", "met", "2025-03-04")
    assert row["author"]
    assert row["time"].endswith("Z")


def test_one_wrong_row_keeps_the_form_out_and_each_is_named(embedded):
    rows = [("luye", "gennbio", "met", "2025-03-04"), ("luye", "nobody", "met", ""), ("luye", "gennbio", "maybe", "")]
    rows += [
        ("luye", "gennbio", "met", "2025-13-04"),
        ("luye", "luye", "met", ""),
        ("luye", "gennbio", "met", "2999-01-01"),
    ]
    workbook("form.xlsx", ("left", "right", "outcome", "date"), *rows)
    code, out, error = embedded("feedback", "import", "form.xlsx")
    assert (code, out) == (1, "Nothing was saved.\n")
    for row, problem in zip(range(3, 8), ("REF-001", "STO-010", "DAY-001", "USE-013", "DAY-005"), strict=True):
        assert any(f"MM-{problem}" in line and str(row) in line for line in error.splitlines()), problem
    assert listed(embedded) == []


def test_a_file_that_is_no_form_is_refused(embedded):
    Path("list.csv").write_text("org_id,name\nluye,Luye\n", "utf-8")
    code, _, error = embedded("feedback", "import", "list.csv")
    assert code == 1
    assert "MM-TAB-022" in error


def test_feedback_is_added_undone_and_done_again(embedded):
    assert "Undo: matchmaker import --undo 2" in embedded("feedback", "add", "Luye", "GenNBio", "--outcome", "met")[1]
    assert "known already" in embedded("feedback", "add", "Luye", "GenNBio", "--outcome", "met")[1]
    assert embedded("feedback", "undo", "2")[0] == 0
    assert listed(embedded) == []
    assert embedded("feedback", "undo", "3")[0] == 0
    assert len(listed(embedded)) == 1


def test_one_of_several_is_a_partial_label(embedded):
    embedded("feedback", "add", "Luye", "--one-of", "GenNBio; Celltrion", "--outcome", "intention")
    (row,) = listed(embedded)
    assert (row["right"], row["one_of"]) == ("", "celltrion;gennbio")
    workbook(
        "form.xlsx", ("left", "one of", "outcome"), ("luye", "GenNBio; Celltrion", "met"), ("luye", "who; knows", "met")
    )
    assert "MM-REF-001" in embedded("feedback", "import", "form.xlsx")[2]


@pytest.mark.parametrize(
    "words", ["add Luye --outcome met", "add Luye GenNBio", "import", "undo x", "undo", "export x", "sing"]
)
def test_feedback_says_how_it_wants_to_be_called(embedded, words):
    assert embedded("feedback", *words.split())[0] == 2

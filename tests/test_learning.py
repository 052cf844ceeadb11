"""Weights that are learned: from the past only, shrunk to the prior, calibrated."""

import datetime
import math

import numpy as np
import polars as pl
import pytest

from matchmaker.blend import Blend, sigmoid
from matchmaker.dataset import Dataset
from matchmaker.domain import read_weights
from matchmaker.errors import DataError
from matchmaker.learning import Sample, anchor, as_toml, calibrated, fitted, learn
from matchmaker.scorers import SCORERS
from tests.worlds import OPTIONS

UNTIL = datetime.date(2024, 1, 1)
SEED = 20201028


def busy_world(n=60, events=240, host=False):
    """Events over ten years at which organizations of one group meet: who met before is a good sign.

    With `host`, another 120 come, one by one and once, to three hosts who meet nobody else.
    """
    random = np.random.default_rng(SEED)
    days = np.sort(random.integers(0, 3600, events))
    dates = [(datetime.date(2015, 1, 1) + datetime.timedelta(days=int(day))).isoformat() for day in days]
    group = random.integers(0, 6, events)
    members = [(f"e{k:03}", f"o{m * 6 + g:03}") for k, g in enumerate(group) for m in random.choice(n // 6, 3, False)]
    if host:
        members = [(event, name) for event, name in members if name not in {"o000", "o001", "o002"}]
        places = np.linspace(0, events - 1, 120).astype(int)
        dates += [dates[k] for k in places]
        members += [(f"h{k:03}", name) for k in range(120) for name in (f"o{n + k:03}", "o000", "o001", "o002")]
        n += 120
    names = sorted({event for event, _ in members} | {f"e{k:03}" for k in range(events)})
    return Dataset.from_frames(
        options=OPTIONS,
        organizations=pl.DataFrame({"org_id": [f"o{k:03}" for k in range(n)]}),
        events=pl.DataFrame({"event_id": names, "date": dates, "kind": ["forum"] * len(names)}),
        participations=pl.DataFrame(members, schema=["event_id", "org_id"], orient="row"),
    )


@pytest.fixture(scope="module")
def dataset():
    return busy_world()


@pytest.fixture(scope="module")
def lesson(dataset):
    return learn(dataset, UNTIL, queries=40)


def test_what_was_learned_ranks_the_last_period_at_least_as_well_as_the_prior(lesson):
    assert lesson.tuning[lesson.strength] >= lesson.tuning[float("inf")]
    assert set(lesson.weights) == {"intercept", *SCORERS}
    assert all(math.isfinite(weight) for weight in lesson.weights.values())


def test_the_future_is_never_looked_at(dataset, lesson):
    known = dataset.before(UNTIL)
    assert learn(known, UNTIL, queries=40).weights == lesson.weights


def test_the_same_seed_gives_the_same_weights_and_another_seed_others(dataset, lesson):
    assert learn(dataset, UNTIL, queries=40).weights == lesson.weights
    assert learn(dataset, UNTIL, queries=10, seed=1).weights != learn(dataset, UNTIL, queries=10, seed=2).weights


def test_a_strong_prior_keeps_the_weights_up_to_their_calibration(dataset):
    lesson = learn(dataset, UNTIL, queries=20, strength=1e6)
    learned, prior = (np.array([weights[name] for name in SCORERS]) for weights in (lesson.weights, lesson.prior))
    scale = learned @ prior / (prior @ prior)
    np.testing.assert_allclose(learned, scale * prior, atol=1e-3 * max(scale, 1.0))


def test_newcomers_have_weights_of_their_own_where_that_ranks_better():
    """Who has a past never meets the hosts whom all newcomers meet: no weight of being met often suits both."""
    dataset = busy_world(host=True)
    lesson = learn(dataset, UNTIL, queries=200)
    assert lesson.apart
    newcomers = lesson.weights["newcomers"]
    assert set(newcomers) == {"intercept", *SCORERS}
    assert newcomers != {name: lesson.weights[name] for name in newcomers}
    blend = Blend(lesson.weights).fit(dataset.before(UNTIL))
    rows = np.arange(len(dataset))
    is_newcomer = np.diff(blend.scorers_["walk"].graph_.everyone.indptr) == 0
    assert 0 < is_newcomer.sum() < len(rows)
    odds, reverse = blend.both_log_odds(rows)
    np.testing.assert_allclose(odds.T, reverse, atol=1e-12)
    for group, weights in ((~is_newcomer, lesson.weights), (is_newcomer, newcomers)):
        alone = Blend({name: weights[name] for name in newcomers}).fit(dataset.before(UNTIL))
        np.testing.assert_allclose(odds[group], alone.log_odds(rows)[group], atol=1e-12)
    for seeker in (np.flatnonzero(is_newcomer)[0], np.flatnonzero(~is_newcomer)[0]):
        reasons = blend.explain(int(seeker), 0 if seeker else 1)
        assert sum(reason.contribution for reason in reasons) == pytest.approx(odds[seeker, 0 if seeker else 1])


def test_too_little_to_learn_from_is_said(dataset):
    with pytest.raises(DataError, match="MM-LRN-001"):
        learn(dataset, datetime.date(2015, 2, 1))


def test_a_blend_can_be_fitted_from_the_past_and_saved(dataset, lesson, tmp_path):
    blend = Blend().fit(dataset, until=UNTIL, queries=40)
    assert blend.lesson_.weights == lesson.weights
    path = tmp_path / "weights.toml"
    path.write_text(as_toml(lesson, dataset))
    assert read_weights(path) == lesson.weights
    assert dataset.digest in path.read_text()


def test_the_digest_does_not_depend_on_the_order_of_rows(dataset):
    frames = {
        name: getattr(dataset, name).sample(fraction=1.0, shuffle=True, seed=1)
        for name in ("organizations", "events", "participations")
    }
    assert Dataset.from_frames(options=OPTIONS, **frames).digest == dataset.digest
    assert dataset.before(UNTIL).digest != dataset.digest


def test_the_loss_is_that_of_a_plain_loop_at_its_minimum():
    random = np.random.default_rng(SEED)
    features = random.random((40, 3))
    sample = Sample(
        features,
        np.zeros((40, 3)),
        np.tile([1.0, 0, 0, 0, 1.0, 0, 0, 0], 5),
        random.random(40) + 0.5,
        np.repeat(np.arange(5), 8),
        np.zeros((40, 2), dtype=bool),
    )

    def loss(weights):
        total = 0.0
        for query in range(5):
            mine = sample.query == query
            odds = sample.weight[mine] * np.exp(features[mine] @ weights)
            log_share = features[mine] @ weights - np.log(odds.sum())
            total -= (sample.positive[mine] * log_share).sum()
        return total / 5 + 0.1 * ((weights - 1.0) ** 2).sum()

    best = fitted(sample, sample.features(False), np.ones(3), 0.1, rounds=1)
    assert all(loss(best) <= loss(best + step) + 1e-9 for step in 0.05 * random.normal(size=(50, 3)))


def test_calibration_finds_the_sigmoid_that_made_the_labels():
    random = np.random.default_rng(SEED)
    score = random.normal(size=20_000)
    positive = (random.random(20_000) < sigmoid(-2.0 + 1.5 * score)).astype(float)
    intercept, slope = calibrated(score, positive, np.ones(20_000))
    assert (intercept, slope) == (pytest.approx(-2.0, abs=0.1), pytest.approx(1.5, abs=0.1))
    assert calibrated(-score, positive, np.ones(20_000))[1] == 1.0  # never turns an order round


def test_an_anchored_event_expects_the_meetings_that_were_asked_for():
    random = np.random.default_rng(SEED)
    log_odds, weight = random.normal(size=500), random.random(500) + 0.5
    for expected in (1.0, 40.0, 300.0):
        shift = anchor(log_odds, weight, expected)
        assert weight @ sigmoid(log_odds + shift) == pytest.approx(expected, rel=1e-6)

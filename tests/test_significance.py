"""Tests and intervals: exact where few clusters allow to count, and honest on worlds without a difference."""

import itertools

import numpy as np
import pytest

from matchmaker.evaluation.significance import (
    Sample,
    bootstrap,
    compare,
    holm,
    interval,
    mean_of_sides,
    randomization_test,
    smallest_detectable,
    too_small,
)


def one_side(cluster):
    """Queries of one side in these clusters."""
    cluster = np.asarray(cluster, dtype=np.int64)
    return Sample(np.zeros(len(cluster), dtype=np.int64), cluster)


def p_of(difference, sample, **options):
    """One test."""
    return float(randomization_test(np.asarray(difference, dtype=float)[:, None], sample, **options)[0])


def counted(difference, sample):
    """The exact p: all assignments of signs to clusters."""
    clusters = np.unique(sample.cluster)
    means = [
        mean_of_sides(difference * np.array(signs)[np.searchsorted(clusters, sample.cluster)], sample)
        for signs in itertools.product((-1, 1), repeat=len(clusters))
    ]
    return np.mean(np.abs(means) >= abs(mean_of_sides(difference, sample)) - 1e-12)


def test_each_side_counts_the_same_however_many_queries_it_has():
    sample = Sample(np.array([0, 0, 0, 1]), np.arange(4))
    assert mean_of_sides(np.array([1.0, 1.0, 1.0, 0.0]), sample) == pytest.approx(0.5)
    assert np.isnan(mean_of_sides(np.empty(0), one_side([])))


@pytest.mark.parametrize("seed", range(5))
def test_the_randomization_test_agrees_with_counting_all_signs(seed):
    generator = np.random.default_rng(seed)
    difference = generator.normal(0.3, 1.0, 24)
    sample = Sample(generator.integers(0, 2, 24), generator.integers(0, 9, 24))
    assert p_of(difference, sample, draws=20_000) == pytest.approx(counted(difference, sample), abs=0.015)


def test_two_equal_scorers_are_never_told_apart():
    assert p_of(np.zeros(50), one_side(range(50))) == 1.0


def test_a_hundred_queries_of_one_event_are_one_piece_of_evidence():
    difference = np.full(100, 0.2)
    assert p_of(difference, one_side(range(100))) < 0.001
    assert p_of(difference, one_side([0] * 100)) == 1.0
    assert p_of(difference, one_side([0] * 50 + [1] * 50)) == pytest.approx(0.5, abs=0.02)


def test_without_a_difference_one_test_in_twenty_gives_a_false_alarm():
    """Clusters with an effect of their own, which would fool a test of single queries."""
    generator = np.random.default_rng(11)
    cluster = np.repeat(np.arange(30), 6)
    alarms = {"clustered": 0, "single": 0}
    for trial in range(300):
        difference = generator.normal(0, 1, 30)[cluster] + generator.normal(0, 0.3, 180)
        for name, sample in (("clustered", one_side(cluster)), ("single", one_side(range(180)))):
            alarms[name] += p_of(difference, sample, draws=200, seed=trial) <= 0.05
    assert 0.02 <= alarms["clustered"] / 300 <= 0.085
    assert alarms["single"] / 300 > 0.3


def test_seeds_are_used_and_kept():
    difference, sample = np.random.default_rng(0).normal(0.1, 1, 60), one_side(range(60))
    values = np.stack([difference, -difference], axis=1)
    assert p_of(difference, sample, seed=1) == p_of(difference, sample, seed=1)
    assert p_of(difference, sample, seed=1) != p_of(difference, sample, seed=2)
    np.testing.assert_array_equal(
        bootstrap(values, sample, draws=700, seed=3), bootstrap(values, sample, draws=700, seed=3)
    )
    assert not np.array_equal(
        bootstrap(values, sample, draws=700, seed=3), bootstrap(values, sample, draws=700, seed=4)
    )


def test_the_bootstrap_spreads_as_independent_clusters_do():
    generator = np.random.default_rng(5)
    values = generator.normal(2.0, 1.0, (400, 1))
    drawn = bootstrap(values, one_side(range(400)), draws=4000)[:, 0]
    assert drawn.std() == pytest.approx(values.std() / 20, rel=0.06)
    low, high = interval(drawn)
    assert low < values.mean() < high
    assert high - low == pytest.approx(2 * 1.96 * values.std() / 20, rel=0.08)
    clustered = bootstrap(values, one_side(np.repeat(np.arange(40), 10)), draws=1000)
    assert clustered.shape == (1000, 1)


def test_a_draw_without_a_side_is_left_out_of_the_interval():
    sample = Sample(np.array([0, 1]), np.array([0, 1]))
    drawn = bootstrap(np.array([[1.0], [3.0]]), sample, draws=200)[:, 0]
    assert np.isnan(drawn).any()
    assert interval(drawn) == (2.0, 2.0)
    assert np.isnan(interval(np.array([np.nan]))).all()


def test_holm_adjusts_as_published():
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert holm([0.6, 0.7]) == [1.0, 1.0]
    assert holm([]) == []


def test_a_comparison_says_what_differs_by_how_much_and_how_sure_it_is():
    generator = np.random.default_rng(2)
    second = generator.random(300) * 0.2
    first = second + 0.05 + generator.normal(0, 0.05, 300)
    sample = Sample(np.repeat([0, 1], 150), np.repeat(np.arange(100), 3))
    found = compare(first, second, sample, draws=2000)
    assert found.difference == pytest.approx(found.first - found.second)
    assert found.ratio == pytest.approx(found.first / found.second)
    assert found.low < found.difference < found.high
    assert found.low > 0.03
    assert found.ratio_low < found.ratio < found.ratio_high
    assert found.p < 0.001
    assert (found.n_queries, found.n_clusters) == (300, 100)
    other = compare(second, first, sample, draws=2000)
    assert (other.difference, other.p) == (-found.difference, found.p)


def test_a_set_that_is_too_small_is_called_so():
    assert "80 queries are too few" in too_small(80)
    assert too_small(150) is None
    assert too_small(2000) is None
    assert too_small(0)


def test_what_can_be_seen_follows_from_how_the_scorers_differ():
    generator = np.random.default_rng(4)
    sample = one_side(range(200))
    loud, soft = generator.normal(0, 0.5, 200), generator.normal(0, 0.05, 200)
    assert smallest_detectable(loud, sample) == pytest.approx(2.8 * loud.std() / np.sqrt(200), rel=0.01)
    assert too_small(200, smallest_detectable(loud, sample))
    assert too_small(200, smallest_detectable(soft, sample)) is None
    assert smallest_detectable(loud, one_side(np.repeat(np.arange(20), 10))) != smallest_detectable(loud, sample)
    assert np.isnan(smallest_detectable(loud, one_side([0] * 200)))

"""The market for time keeps to everyone's places and shares out who is wanted by all; dial 0 is the product rule."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from experiments import fairs
from matchmaker.session.congestion import dialed, equilibrium, gini


@st.composite
def markets(draw):
    generator = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    n, m = generator.integers(1, 20, 2)
    relevance = generator.random((n, m)) ** draw(st.sampled_from([1, 3])) * (generator.random((n, m)) < 0.8)
    return relevance, generator.integers(0, 9, n), generator.integers(0, 9, m)


@given(markets(), st.sampled_from([0.0, 0.5, 1.5, 3.0]))
def test_nobody_is_given_more_meetings_than_it_has_places_for(market, sharpness):
    relevance, left, right = market
    meetings = equilibrium(relevance, left, right, sharpness)
    assert (meetings >= 0).all()
    assert (meetings.sum(axis=1) <= left + 1e-6).all()
    assert (meetings.sum(axis=0) <= right + 1e-6).all()
    assert (meetings[relevance == 0] == 0).all()


@given(markets())
def test_it_is_the_equilibrium_of_choo_and_siow(market):
    """What a pair has, squared, is what both have left, multiplied, times the square of its kernel."""
    relevance, left, right = market
    left, right = left + 1, right + 1
    meetings = equilibrium(relevance, left, right, 1.0)
    alone = np.outer(left - meetings.sum(axis=1), right - meetings.sum(axis=0))
    kernel = relevance / max(relevance.max(), 1e-300)
    np.testing.assert_allclose(meetings**2, alone * kernel**2, rtol=1e-4, atol=1e-6)


def test_at_dial_0_a_meeting_counts_what_both_want():
    relevance = np.array([[0.2, 0.4], [0.1, 0.3]])
    places = np.array([1, 1])
    np.testing.assert_allclose(dialed(relevance, places, places, 0.0), relevance / 0.4)


def test_who_is_wanted_by_all_counts_less_the_further_the_dial():
    relevance = np.array([[0.9, 0.5], [0.9, 0.5], [0.9, 0.5]])
    left, right = np.array([1, 1, 1]), np.array([1, 3])
    shares = [(value := dialed(relevance, left, right, dial))[0, 0] / value[0, 1] for dial in (0.0, 0.5, 1.0)]
    assert shares[0] == pytest.approx(1.8)
    assert shares[0] > shares[1] > shares[2]


def test_gini_of_even_and_of_single_amounts():
    assert gini(np.array([2.0, 2.0, 2.0])) == pytest.approx(0.0)
    assert gini(np.array([0.0, 0.0, 0.0, 1.0])) == pytest.approx(0.75)
    assert gini(np.zeros(3)) == 0.0


@pytest.mark.parametrize(("size", "least"), [((12, 50), -0.02), ((100, 100), 0.10), ((200, 60), 0.10)])
def test_the_dial_brings_what_the_results_say(size, least):
    gains = [fairs.compared(size, seed, fairs.SHARPNESS, 1.0, "list")[1] for seed in range(4)]
    assert np.mean(gains) >= least

"""What comes in later is ranked as if it had always been there, and what did not change is not worked out again."""

from dataclasses import replace

import numpy as np
import polars as pl
import pytest
from hypothesis import given

from matchmaker import Blend, Dataset, Organization, Recommender
from matchmaker.scorers import SCORERS, text
from tests.worlds import worlds

WEIGHTS = {"intercept": -3.0, **dict.fromkeys(SCORERS, 1.0), "newcomers": {"reach": 3.0}}


@pytest.fixture(scope="module")
def dataset():
    return Dataset.read()


def without(dataset, table, keep):
    return replace(dataset, **{table: getattr(dataset, table).filter(keep)})


def assert_update_equals_refit(earlier, later):
    known = Recommender(earlier, weights=WEIGHTS)
    known._world(None)
    updated, anew = known.updated(later), Recommender(replace(later), weights=WEIGHTS)
    rows = np.arange(len(later))
    for found, expected in zip(*(r._world(None)[1].both_log_odds(rows) for r in (updated, anew)), strict=True):
        np.testing.assert_array_equal(found, expected)
    if len(later) > 1:
        pair = later.ids[0], later.ids[-1]
        assert updated.explain(*pair) == anew.explain(*pair)
    return updated


def test_agreements_that_came_in(dataset):
    earlier = without(dataset, "partnerships", pl.int_range(pl.len()) < 200)
    updated = assert_update_equals_refit(earlier, dataset)
    assert updated.dataset.features.interests is earlier.features.interests


def test_participations_that_came_in(dataset):
    assert_update_equals_refit(without(dataset, "participations", pl.int_range(pl.len()) % 5 > 0), dataset)


def test_organizations_that_came_in(dataset, monkeypatch):
    earlier = without(dataset, "organizations", pl.col("country") == "CN")
    counted = []
    count = text.gram_counts
    monkeypatch.setattr(text, "gram_counts", lambda lines: counted.append(len(lines)) or count(lines))
    assert_update_equals_refit(earlier, dataset)
    assert counted == [len(earlier), len(set(text.texts(dataset)) - set(text.texts(earlier))), len(dataset)]


@given(worlds(), worlds())
def test_any_data_after_any_other(earlier, later):
    assert_update_equals_refit(earlier.dataset(), later.dataset())


def test_a_profile_is_ranked_as_if_it_were_in_the_data(dataset):
    profile = Organization(
        "new", {"en": "Seoul Antiviral"}, country="KR", sector="biotech", interests=("antiviral-drug",)
    )
    recommender = Recommender(dataset)
    grown = Recommender(dataset.with_organization(profile))
    assert recommender.match(profile, 5) == grown.match("new", 5)
    recommender.match("gennbio", 1)
    assert recommender.match(profile, 5) == grown.match("new", 5)


def test_a_blend_does_not_depend_on_the_earlier_one(dataset):
    first = Blend(WEIGHTS).fit(dataset)
    again = Blend(WEIGHTS).fit(dataset, earlier=first)
    assert again.scorers_["text"] is not first.scorers_["text"]
    np.testing.assert_array_equal(again.score(np.arange(5)), first.score(np.arange(5)))

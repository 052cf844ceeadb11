"""Metrics against two other implementations, on random rankings whose ties were broken by a permutation of ids."""

import math

import numpy as np
import pytest
import pytrec_eval
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import brier_score_loss, roc_auc_score

from matchmaker.evaluation import Reliability
from matchmaker.evaluation.metrics import (
    auc,
    best,
    brier,
    gini,
    hit,
    hits,
    matched,
    matched_auc,
    ndcg,
    recall,
    reciprocal_rank,
)

EXACT = 1e-12


def random_block(seed, n_queries=12, n_candidates=40, levels=7):
    """Scores with many ties, columns in the order of a permutation of ids; some candidates are not judged."""
    generator = np.random.default_rng(seed)
    scores = generator.integers(0, levels, (n_queries, n_candidates)) / levels
    allowed = generator.random(scores.shape) < 0.8
    return scores, (generator.random(scores.shape) < 0.15) & allowed, allowed


def strict(scores):
    """The same order without ties: of equal scores the lower column first."""
    ranks = np.empty_like(scores)
    for row, line in enumerate(scores):
        ranks[row, np.lexsort((np.arange(len(line)), -line))] = np.arange(len(line), 0, -1)
    return ranks


def peer(scores, relevant, allowed):
    """By measure: the values of pytrec_eval."""
    ids = [str(column) for column in range(scores.shape[1])]
    run, truth = {}, {}
    for query, (line, right, judged) in enumerate(zip(strict(scores), relevant, allowed, strict=True)):
        run[str(query)] = {ids[c]: float(line[c]) for c in np.flatnonzero(judged)}
        truth[str(query)] = {ids[c]: int(right[c]) for c in np.flatnonzero(judged)}
    measures = {"ndcg_cut_10", "recall_10", "recall_20", "recip_rank", "success_10"}
    found = pytrec_eval.RelevanceEvaluator(truth, measures).evaluate(run)
    return {name: [found[str(query)][name] for query in range(len(scores))] for name in measures}


@pytest.mark.parametrize("seed", range(20))
def test_ranking_metrics_agree_with_pytrec_eval(seed):
    scores, relevant, allowed = random_block(seed)
    relevant[:, 0], allowed[:, 0] = (
        True,
        True,
    )  # the peer gives 0 where nothing is relevant, we say that it is undefined
    n_relevant = relevant.sum(axis=1)
    found = hits(relevant, best(scores, allowed, 20))
    ours = {
        "ndcg_cut_10": ndcg(found[:, :10], n_relevant),
        "recall_10": recall(found[:, :10], n_relevant),
        "recall_20": recall(found, n_relevant),
        "recip_rank": reciprocal_rank(scores, relevant, allowed),
        "success_10": hit(found[:, :10], n_relevant),
    }
    for name, values in peer(scores, relevant, allowed).items():
        np.testing.assert_allclose(ours[name], values, rtol=0, atol=EXACT, err_msg=name)


@pytest.mark.parametrize("seed", range(20))
def test_the_area_under_the_curve_agrees_with_scikit_learn_ties_included(seed):
    scores, relevant, allowed = random_block(seed)
    relevant[:, 0], relevant[:, 1], allowed[:, :2] = True, False, True
    wanted = [
        roc_auc_score(right[judged], line[judged])
        for line, right, judged in zip(scores, relevant, allowed, strict=True)
    ]
    np.testing.assert_allclose(auc(scores, relevant, allowed), wanted, rtol=0, atol=EXACT)


@pytest.mark.parametrize("seed", range(5))
def test_the_brier_score_agrees_with_scikit_learn_however_it_is_added_up(seed):
    generator = np.random.default_rng(seed)
    probability = generator.random(500) ** 4
    outcome = generator.random(500) < probability
    reliability = Reliability()
    for part in np.array_split(np.arange(500), 7):
        reliability.add(probability[part], outcome[part])
    wanted = brier_score_loss(outcome, probability)
    assert brier(probability, outcome) == pytest.approx(wanted, rel=0, abs=EXACT)
    assert reliability.brier == pytest.approx(wanted, rel=0, abs=EXACT)
    table = reliability.table()
    assert table["pairs"].sum() == 500
    assert (table["observed"] * table["pairs"]).sum() == pytest.approx(outcome.sum())
    assert table.filter((table["predicted"] < table["from"]) | (table["predicted"] > table["to"])).is_empty()


def test_probabilities_of_0_and_1_have_a_place_in_the_table():
    reliability = Reliability()
    reliability.add(np.array([0.0, 1.0]), np.array([False, True]))
    assert reliability.table()["observed"].to_list() == [0.0, 1.0]
    assert math.isnan(Reliability().brier)


def test_a_ranking_that_is_the_answer_scores_1():
    _, relevant, allowed = random_block(1)
    relevant[:, 3], allowed[:, 3] = True, True
    scores, n_relevant = relevant.astype(float), relevant.sum(axis=1)
    found = hits(relevant, best(scores, allowed, 20))
    for values in (
        ndcg(found[:, :10], n_relevant),
        recall(found, n_relevant),
        hit(found, n_relevant),
        reciprocal_rank(scores, relevant, allowed),
        auc(scores, relevant, allowed),
    ):
        np.testing.assert_allclose(values, 1.0, rtol=0, atol=EXACT)


def test_a_query_without_anything_to_find_is_undefined_not_0():
    scores, allowed = np.array([[0.5, 0.2]]), np.ones((1, 2), dtype=bool)
    nothing = np.zeros((1, 2), dtype=bool)
    found, none = hits(nothing, best(scores, allowed, 1)), np.array([0])
    match = matched(nothing, allowed, np.array([[0, 1]]))
    for value in (
        ndcg(found, none),
        recall(found, none),
        hit(found, none),
        reciprocal_rank(scores, nothing, allowed),
        auc(scores, nothing, allowed),
        matched_auc(scores, match),
    ):
        assert np.isnan(value).tolist() == [True]


@given(st.integers(0, 2**32), st.integers(0, 45))
def test_the_best_are_those_of_a_full_sort(seed, n):
    scores, _, allowed = random_block(seed, n_queries=4)
    found = best(scores, allowed, n)
    assert found.shape == (4, n)
    for line, judged, columns in zip(scores, allowed, found, strict=True):
        order = [c for c in np.lexsort((np.arange(len(line)), -line)) if judged[c]][:n]
        assert columns.tolist() == order + [-1] * (n - len(order))


def test_who_is_not_judged_changes_nothing():
    scores, relevant, allowed = random_block(5)
    other = np.where(allowed, scores, 1.0 - scores)
    assert best(scores, allowed, 10).tolist() == best(other, allowed, 10).tolist()
    for metric in (auc, reciprocal_rank):
        np.testing.assert_array_equal(metric(scores, relevant, allowed), metric(other, relevant, allowed))


@pytest.mark.parametrize("seed", range(5))
def test_degree_matched_negatives_are_as_often_smaller_as_larger(seed):
    scores, relevant, allowed = random_block(seed, n_candidates=300)
    degree = np.random.default_rng(seed).pareto(1.0, scores.shape)
    by_degree = np.argsort(degree, axis=1)
    match = matched(relevant, allowed, by_degree, 20)
    assert len(match.query) == relevant.sum()
    assert ((match.negatives >= 0).sum(axis=1) > 0).mean() > 0.98
    for query, column, negatives in zip(*match, strict=True):
        found = negatives[negatives >= 0]
        assert allowed[query, found].all()
        assert not relevant[query, found].any()
        assert len(set(found.tolist())) == len(found)
        assert (degree[query, found] < degree[query, column]).sum() * 2 == len(found)
    np.testing.assert_allclose(matched_auc(degree, match), 0.5, atol=EXACT)  # size alone wins nothing
    np.testing.assert_allclose(matched_auc(-degree, match), 0.5, atol=EXACT)
    np.testing.assert_allclose(matched_auc(relevant.astype(float), match), 1.0, atol=EXACT)


def test_with_all_others_as_matches_the_matched_area_is_the_plain_one():
    """One positive in the middle by degree, everyone else a match: the two metrics ask the same."""
    scores = np.random.default_rng(3).integers(0, 4, (30, 41)).astype(float)
    relevant, allowed = np.zeros(scores.shape, dtype=bool), np.ones(scores.shape, dtype=bool)
    relevant[:, 20] = True
    match = matched(relevant, allowed, np.tile(np.arange(41), (30, 1)), 40)
    np.testing.assert_allclose(matched_auc(scores, match), auc(scores, relevant, allowed), atol=EXACT)


@pytest.mark.parametrize(("counts", "wanted"), [([3, 3, 3], 0.0), ([0, 0, 0, 8], 0.75), ([1, 2, 3], 2 / 9), ([5], 0.0)])
def test_the_inequality_of_exposure(counts, wanted):
    assert gini(np.array(counts, dtype=float)) == pytest.approx(wanted, abs=EXACT)
    assert math.isnan(gini(np.zeros(4)))

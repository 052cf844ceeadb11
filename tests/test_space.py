"""The feature space against a plain loop over terms, and what cosines made of it promise."""

import math
from collections import Counter
from dataclasses import replace

import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given
from hypothesis import strategies as st

from matchmaker.dataset import Organization
from matchmaker.scorers.interests import by_term, cosine_factor
from matchmaker.space import FeatureSpace, TermSpace, derived_terms
from matchmaker.vocabulary import Term, Vocabulary
from tests.worlds import FEWER, INTERESTS, ONE_SIDE, TWO_SIDES, World, organization, worlds

VALUES = (1.0, 0.7, 0.5, 0.25)
EXACT = 1e-12


@st.composite
def spaces(draw):
    """Small forests with cross-links, and how far a term reaches in them."""
    terms: dict[str, Term] = {}
    for number in range(draw(st.integers(1, 6))):
        known = tuple(terms)
        related = draw(st.lists(st.sampled_from(known), max_size=2, unique=True)) if known else []
        name = f"t{number * 5 % 7}"  # columns are not in the order of creation
        terms[name] = Term(name, draw(st.sampled_from((None, *known))), related=tuple(related))
    return TermSpace(Vocabulary(terms), draw(st.sampled_from((0.5, 0.9, 0.35))), draw(st.sampled_from((0.35, 0.5))))


@st.composite
def spaces_with_rows(draw, least=1):
    """A space and what some organizations state: for each a dictionary from terms to values."""
    space = draw(spaces())
    statement = st.dictionaries(st.sampled_from(space.terms), st.sampled_from(VALUES), max_size=4)
    return space, draw(st.lists(statement, min_size=least, max_size=6))


def matrix(space, rows):
    """Shape (len(rows), n_terms): the statements as a sparse matrix."""
    entries = [(row, space.column[term], value) for row, stated in enumerate(rows) for term, value in stated.items()]
    places = np.array([entry[:2] for entry in entries], dtype=np.int64).reshape(-1, 2).T
    shape = len(rows), len(space.terms)
    return sp.csr_array((np.array([entry[2] for entry in entries]), tuple(places)), shape=shape)


# --- the plain loop -----------------------------------------------------------------------------------------------


def closed(space, stated):
    """By term: the most that any stated term makes of it."""
    terms, found = space.vocabulary.terms, {}
    for term, value in stated.items():
        reached = [(other, space.related) for other in terms if other in terms[term].related]
        reached += [(other, space.related) for other in terms if term in terms[other].related]
        above, share = term, 1.0
        while above is not None:
            reached.append((above, share))
            above, share = terms[above].parent, share * space.parent_decay
        for other, part in reached:
            found[other] = max(found.get(other, 0.0), value * part)
    return found


def levels(space, rows):
    """By term: the values that it takes in any row, the lowest first."""
    found = {term: set() for term in space.terms}
    for stated in rows:
        for term, value in closed(space, stated).items():
            found[term].add(round(value, 9))
    return {term: sorted(values) for term, values in found.items() if values}


def rarity(space, rows):
    """By term: log(1 + n / (1 + number of rows that reach it))."""
    count = Counter(term for stated in rows for term in closed(space, stated))
    return {term: math.log1p(len(rows) / (1 + count[term])) for term in space.terms}


def likeness(space, rows, left, right):
    """The weighted sum of what two statements have in common."""
    mine, theirs = closed(space, left), closed(space, right)
    rare = rarity(space, rows)
    return math.fsum(rare[term] * min(mine[term], theirs[term]) for term in mine.keys() & theirs.keys())


# --- terms --------------------------------------------------------------------------------------------------------


@given(spaces_with_rows(least=0))
def test_closing_is_a_loop_over_parents_and_neighbors(found):
    space, rows = found
    expected = np.zeros((len(rows), len(space.terms)))
    for row, stated in enumerate(rows):
        for term, value in closed(space, stated).items():
            expected[row, space.column[term]] = value
    answer = space.close(matrix(space, rows))
    assert len(set(zip(answer.row.tolist(), answer.col.tolist(), strict=True))) == answer.nnz
    np.testing.assert_allclose(answer.toarray(), expected, rtol=0, atol=EXACT)


@given(spaces_with_rows())
def test_a_feature_is_a_level_that_a_term_reaches_and_weighs_its_width_times_its_rarity(found):
    space, rows = found
    fitted = space.fit(matrix(space, rows))
    expected, rare = levels(space, rows), rarity(space, rows)
    names = [(term, level) for term in space.terms for level in expected.get(term, ())]
    weights = [
        (level - below) * rare[term]
        for term, values in expected.items()
        for below, level in zip([0.0, *values], values, strict=False)
    ]
    assert [(term, pytest.approx(level, abs=1e-9)) for term, level in names] == fitted.names
    assert [space.terms[column] for column in fitted.term_of_feature] == [term for term, _ in names]
    np.testing.assert_allclose(fitted.weights_, weights, rtol=0, atol=1e-9)
    assert (fitted.weights_ > 0).all()


@given(spaces_with_rows(), st.data())
def test_whoever_reaches_a_level_has_its_feature_learned_from_or_not(found, data):
    space, rows = found
    fitted = space.fit(matrix(space, rows))
    stranger = data.draw(st.dictionaries(st.sampled_from(space.terms), st.sampled_from(VALUES), max_size=3))
    every = [*rows, stranger]
    encoded = fitted.encode(matrix(space, every)).toarray()
    expected = [
        [float(closed(space, stated).get(term, 0.0) >= level - 1e-9) for term, level in fitted.names]
        for stated in every
    ]
    assert encoded.tolist() == expected


@given(spaces_with_rows())
def test_inner_products_are_the_weighted_smaller_values(found):
    space, rows = found
    fitted = space.fit(matrix(space, rows))
    features = fitted.encode(matrix(space, rows))
    product = (features * fitted.weights_[None, :] @ features.T).toarray()
    expected = [[likeness(space, rows, left, right) for right in rows] for left in rows]
    np.testing.assert_allclose(product, expected, rtol=0, atol=1e-9)


@given(spaces_with_rows(least=2), st.data())
def test_one_more_shared_term_never_lowers_a_cosine(found, data):
    space, rows = found
    fitted = space.fit(matrix(space, rows))
    term = data.draw(st.sampled_from(space.terms))
    more = [{**stated, term: 1.0} for stated in rows[:2]]
    before, after = (cosines(fitted, pair)[0, 1] for pair in (rows[:2], more))
    assert after >= before - EXACT


@given(spaces_with_rows(least=2))
def test_cosines_lie_between_0_and_1_and_are_1_with_oneself(found):
    space, rows = found
    cosine = cosines(space.fit(matrix(space, rows)), rows)
    assert (cosine <= 1 + EXACT).all()
    assert (cosine >= 0).all()
    np.testing.assert_allclose(np.diag(cosine), [float(bool(stated)) for stated in rows], rtol=0, atol=EXACT)


def cosines(space, rows):
    factor = cosine_factor(space.encode(matrix(space, rows)), space.weights_)
    return (factor @ factor.T).toarray()


@given(spaces_with_rows(least=2))
def test_parts_of_features_add_up_term_by_term_the_largest_first(found):
    space, rows = found
    fitted = space.fit(matrix(space, rows))
    features = fitted.encode(matrix(space, rows))
    both = np.flatnonzero(features[[0]].toarray()[0] * features[[1]].toarray()[0])
    parts = by_term(fitted, both, fitted.weights_[both])
    mine, theirs = closed(space, rows[0]), closed(space, rows[1])
    rare = rarity(space, rows)
    expected = {term: rare[term] * min(mine[term], theirs[term]) for term in mine.keys() & theirs.keys()}
    assert dict(parts) == pytest.approx(expected, abs=1e-9)
    assert [part for _, part in parts] == sorted((part for _, part in parts), reverse=True)


@given(spaces_with_rows(least=0))
def test_fitting_and_encoding_leave_what_was_stated_and_the_space_as_they_were(found):
    space, rows = found
    stated = matrix(space, rows)
    for array in (stated.data, stated.indices, stated.indptr):
        array.flags.writeable = False
    fitted = space.fit(stated)
    fitted.encode(stated)
    assert not len(space.keys_)
    again = fitted.fit(stated)
    assert again.keys_.tobytes() == fitted.keys_.tobytes()
    assert again.weights_.tobytes() == fitted.weights_.tobytes()


def test_by_hand():
    # mrna is a vaccine is a therapeutic; both organizations reach them, the second by a lower step.
    space = TermSpace(INTERESTS, 0.5, 0.35)
    rows = [{"mrna": 1.0}, {"vaccine": 1.0}]
    fitted = space.fit(matrix(space, rows))
    assert fitted.names == [
        ("mrna", 1.0),
        ("therapeutics", 0.25),
        ("therapeutics", 0.5),
        ("vaccine", 0.5),
        ("vaccine", 1.0),
    ]
    assert fitted.encode(matrix(space, rows)).toarray().tolist() == [[1, 1, 0, 1, 0], [0, 1, 1, 1, 1]]
    one, two = math.log1p(2 / 2), math.log1p(2 / 3)
    np.testing.assert_allclose(fitted.weights_, [one, two / 4, two / 4, two / 2, two / 2], rtol=1e-12)


# --- organizations ------------------------------------------------------------------------------------------------


@FEWER
@given(worlds(most=5))
def test_a_profile_is_encoded_as_the_same_organization_in_the_data(world):
    dataset = replace(world, topics=()).dataset()
    features = dataset.features
    organizations = [dataset.organization(row) for row in range(len(dataset))]
    assert (features.encode(organizations, "interests") != features.interests).nnz == 0
    for name in ("sectors", "regions"):
        assert features.encode(organizations, name).toarray().tolist() == by_hand(features, organizations, name)


def by_hand(features, organizations, name):
    """The features of a sector or of a place: what lies above it and beside it."""
    space = features.fields[name]
    stated = [each.sector if name == "sectors" else each.city or each.region for each in organizations]
    reached = [closed(space, {term: 1.0} if term else {}) for term in stated]
    return [[float(mine.get(term, 0.0) >= level - 1e-9) for term, level in space.names] for mine in reached]


@FEWER
@given(worlds(most=5))
def test_topics_and_rules_only_add_to_what_is_stated(world):
    dataset = world.dataset()
    features = dataset.features
    organizations = [dataset.organization(row) for row in range(len(dataset))]
    for name in ("interests", "offers", "seeks"):
        stated, row = features.encode(organizations, name), getattr(features, name)
        assert stated.shape == row.shape == (len(dataset), len(features.names(name)))
        assert (stated > row).nnz == 0


def test_a_profile_outside_the_data_is_encoded_in_the_terms_that_the_data_have():
    features = World(TWO_SIDES, (organization("a", interests="mrna"),)).dataset().features
    stranger = Organization("new", interests=("vaccine", "site", "unheard of"))
    names = features.names("interests")
    assert names == [("mrna", 1.0), ("therapeutics", 0.25), ("vaccine", 0.5)]
    assert features.encode([stranger], "interests").toarray().tolist() == [[0, 1, 1]]
    assert features.encode([], "interests").shape == (0, 3)


def test_needs_and_offers_meet_in_the_same_features():
    world = World(ONE_SIDE, (organization("a", seeks="tcm"), organization("b", offers="site")))
    features = world.dataset().features
    assert features.fields["seeks"] is features.fields["offers"]
    assert [term for term, _ in features.names("seeks")] == ["korean-medicine", "site", "tcm"]


@pytest.mark.parametrize(
    ("sector", "name", "derived"),
    [
        ("park", "offers", ({"site"}, False)),
        ("park", "seeks", (set(), False)),
        ("biotech", "seeks", ({"site", "tcm"}, False)),  # as a company
        ("biotech", "offers", (set(), True)),
        ("company", "offers", (set(), False)),  # rules hold downward only
        (None, "seeks", (set(), False)),
    ],
)
def test_rules_hold_for_a_sector_and_those_below_it(sector, name, derived):
    assert derived_terms(World(ONE_SIDE, (organization("a"),)).dataset(), sector, name) == derived


def test_what_is_stated_outweighs_what_a_rule_says():
    dataset = World(ONE_SIDE, (organization("a", sector="pharma", seeks="site"),)).dataset()
    quarter = dataset.domain.settings["features"]["derived_seek"]
    related = pytest.approx(quarter * 0.35)
    assert dataset.features.names("seeks") == [("korean-medicine", related), ("site", 1.0), ("tcm", quarter)]
    assert dataset.features.seeks.toarray().tolist() == [[1, 1, 1]]


def test_a_feature_space_is_learned_from_its_dataset_alone():
    one, other = (World(ONE_SIDE, (organization("a", interests=term),)).dataset() for term in ("mrna", "site"))
    again = FeatureSpace.fit(one)
    assert again.names("interests") == one.features.names("interests") != other.features.names("interests")

"""A gap is what its filling does: the list of the other, read again, says so."""

from dataclasses import replace

import pytest

from matchmaker import Dataset, Recommender, UsageError
from matchmaker.advice import _filled, _touching, advise
from matchmaker.cli.program import run


@pytest.fixture(scope="module")
def dataset():
    return Dataset.read()


@pytest.fixture(scope="module")
def advice(dataset):
    return advise(Recommender(dataset), "GenNBio", "Tongrentang")


def rank_in(dataset, name, toward):
    listed = [match.organization.id for match in Recommender(dataset).match(toward, len(dataset))]
    return 1 + listed.index(name)


def test_the_rank_is_that_of_match(dataset, advice):
    assert advice.rank == rank_in(dataset, "gennbio", "tongrentang")


def test_filling_a_gap_gives_the_rank_that_was_promised(dataset, advice):
    gap = advice.gaps[0]
    changed = _filled(dataset, dataset.row("gennbio"), gap.field, gap.term)
    assert gap.term in getattr(changed.organization(changed.row("gennbio")), gap.field)
    assert gap.rank == rank_in(changed, "gennbio", "tongrentang") < advice.rank


def test_nothing_that_is_stated_is_called_a_gap(dataset, advice):
    stated = dataset.organization(dataset.row("gennbio"))
    assert all(gap.term not in getattr(stated, gap.field) for gap in advice.gaps)
    assert all(gap.blank == (not getattr(stated, gap.field)) for gap in advice.gaps)
    assert len({(gap.field, gap.term) for gap in advice.gaps}) == len(advice.gaps) <= advice.tried


def test_a_term_that_touches_nothing_of_the_other_does_not_raise_the_score(dataset):
    row, other = dataset.row("gennbio"), dataset.organization(dataset.row("tongrentang"))
    apart = sorted(dataset.interests.terms.keys() - set(_touching(dataset, other)))[::12]
    before = Recommender(dataset).explain("gennbio", "tongrentang").score
    assert apart
    for term in apart:
        grown = Recommender(_filled(dataset, row, "interests", term))
        assert grown.explain("gennbio", "tongrentang").score <= before * 1.02  # all are weighed anew


def test_a_blank_sector_is_a_gap(dataset):
    row = dataset.row("gennbio")
    blank = replace(dataset, organizations=_filled(dataset, row, "sector", None).organizations)
    from matchmaker.advice import _gaps

    assert ("sector", "biotech", True) in set(_gaps(blank, row, dataset.row("tongrentang")))


def test_two_of_one_side_have_no_advice_for_each_other(dataset):
    with pytest.raises(UsageError, match="MM-USE-025"):
        advise(Recommender(dataset), "GenNBio", "Celltrion")


def test_advice_says_that_it_claims_nothing(capfdbinary):
    assert run(["advise", "GenNBio", "--toward", "Tongrentang", "--format", "table"]) == 0
    assert b"If it is true of it" in capfdbinary.readouterr().out

"""The judgments of tests/cases.csv, and the rankings that docking sessions are known to have made."""

from collections import Counter
from datetime import date

import pytest

from experiments.judgments import cases, holds, shares
from matchmaker.recommender import Recommender


@pytest.fixture(scope="module")
def recommender():
    return Recommender()


@pytest.fixture(scope="module")
def held():
    return {record["scorer"]: record for record in shares(cases())}


def top(recommender, name, day, n=5):
    return [match.organization.id for match in recommender.match(name, n, as_of=date.fromisoformat(day))]


def test_there_are_sixty_judgments_over_all_kinds_of_organization(recommender):
    judgments = cases()
    dataset = recommender.dataset
    kinds = Counter(dataset.kinds[dataset.row(case[name])] for case in judgments for name in ("query", "better"))
    assert len(judgments) >= 60
    assert set(kinds) >= {"company", "hospital", "university", "park", "government"}
    assert all(case["why"] and case["strength"] in ("strong", "weak") for case in judgments)
    assert len({(case["query"], case["better"], case["worse"]) for case in judgments}) == len(judgments)


def test_the_blend_ranks_as_people_of_the_trade_would(held):
    assert held["blend"]["strong"] >= 0.95
    assert held["blend"]["weak"] >= 0.8


def test_the_blend_ranks_better_than_each_scorer_alone_and_popularity_does_clearly_worse(held):
    others = {name: record["all"] for name, record in held.items() if name != "blend"}
    assert held["blend"]["all"] > max(others.values())
    assert others["popularity"] <= held["blend"]["all"] - 0.3


def test_gennbio_finds_its_partner_of_2019_before_the_agreement(recommender):
    assert "xeno-life-science" in top(recommender, "GenNBio", "2019-12-22")


def test_seoul_bio_hub_finds_its_partner_of_2024_before_the_agreement(recommender):
    assert "liangjiang-life-science-town" in top(recommender, "Seoul Bio Hub", "2024-07-28")


PROJECTS = [
    ("wonkwang-foundation", "elderly-complex"),
    ("gennbio", "xenotransplantation"),
    ("kyunghee-korean-medicine-institute", "korean-medicine"),
    ("guro-noncontact-medical", "non-contact-care"),
]


@pytest.mark.parametrize(("owner", "term"), PROJECTS)
def test_the_projects_of_the_exchange_of_2020_find_work_that_fits_and_the_reasons_say_so(recommender, owner, term):
    interests = recommender.dataset.interests
    assert term in interests
    near = {term, *interests.neighbors.get(term, ()), interests.terms[term].parent}
    near |= {other.id for other in interests.terms.values() if other.parent in near}
    fitting = []
    for match in recommender.match(owner, 5, as_of=date(2020, 10, 22)):
        stated = near & {*match.organization.interests, *match.organization.offers, *match.organization.seeks}
        named = [interests.label(each) for each in near if each]
        if stated and any(label in reason.text for reason in match.reasons + match.reasons_back for label in named):
            fitting.append(match.organization.id)
    assert fitting


def test_conveners_are_contexts_and_no_candidates_unless_asked_for(recommender):
    dataset = recommender.dataset
    for match in recommender.match("GenNBio", 200):
        assert not dataset.conveners[dataset.row(match.organization.id)]
    assert any(
        dataset.conveners[dataset.row(m.organization.id)] for m in recommender.match("GenNBio", 300, conveners=True)
    )
    assert recommender.match("GenNBio", 5, kind="convener")


def test_the_table_of_results_is_the_one_that_is_committed(held):
    from experiments.judgments import COLUMNS, HOME
    from matchmaker.writing import as_csv

    committed = HOME / "results/judgments.csv"
    assert committed.read_bytes() == as_csv(list(held.values()), COLUMNS)


def test_a_judgment_that_ties_holds_by_half(recommender):
    case = {"query": "gennbio", "better": "ruijin", "worse": "ruijin", "as_of": "2020-01-01"}
    assert holds(recommender, case) == 0.5


def test_the_tables_of_the_readme_are_those_of_the_results():
    from experiments.readme import HOME, filled

    readme = (HOME / "README.md").read_text("utf-8")
    assert filled(readme) == readme

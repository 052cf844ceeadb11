"""Who is named in a longer line: by its words and places, and nobody where nobody is."""

import pytest

from matchmaker.names import Entry, Resolver

ENTRIES = [
    Entry("ucla", ["University of California, Los Angeles", "UCLA"], "US", ["Los Angeles", "California"]),
    Entry("uc", ["University of California System", "University of California"], "US", ["Oakland", "California"]),
    Entry("seoul", ["Seoul National University", "서울대학교"], "KR", ["Seoul"]),
    Entry("snuh", ["Seoul National University Hospital", "서울대학교병원"], "KR", ["Seoul"]),
    Entry("wien", ["University of Vienna", "Universität Wien"], "AT", ["Vienna", "Wien"]),
    Entry("newcastle-gb", ["Newcastle University"], "GB", ["Newcastle upon Tyne"]),
    Entry("newcastle-au", ["University of Newcastle Australia", "Newcastle University"], "AU", ["Newcastle"]),
    Entry("hengrui", ["Jiangsu Hengrui Pharmaceuticals", "江苏恒瑞医药"], "CN", ["Lianyungang"]),
    *(Entry(f"other-{n}", [f"Institute of Thing {n}", f"Thing {n} University"], "FR", ["Paris"]) for n in range(60)),
]


@pytest.fixture(scope="module")
def resolver():
    return Resolver.of(ENTRIES)


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("Department of Physics, University of California, Los Angeles, CA 90095, USA", "ucla"),
        ("Institut für Physik, Universität Wien, Boltzmanngasse 5, 1090 Wien, Austria", "wien"),
        ("Dept. of Chemistry, Seoul National University, Seoul, Republic of Korea", "seoul"),
        ("Department of Surgery, Seoul National University Hospital, Seoul, Korea", "snuh"),
        ("School of Law, Newcastle University, Newcastle upon Tyne, UK", "newcastle-gb"),
        ("1Department of Oncology, Jiangsu Hengrui Pharmaceuticals Co., Ltd., Lianyungang, China", "hengrui"),
    ],
)
def test_an_address_names_its_organization(resolver, text, meant):
    resolution = resolver.within(text)
    assert resolution.candidates[0].identifier == meant


@pytest.mark.parametrize(
    "text", ["Israel", "Seoul, Korea", "Department of Physics", "12345", "", "Nowhere Consulting Ltd"]
)
def test_a_line_that_names_nobody_is_not_sure(resolver, text):
    assert resolver.within(text).found is None


def test_a_stated_country_speaks_for_who_is_there(resolver):
    british, australian = (resolver.within("School of Law, Newcastle University", country=c) for c in ("GB", "AU"))
    assert british.candidates[0].identifier == "newcastle-gb"
    assert _chance(australian, "newcastle-au") > _chance(british, "newcastle-au")


def test_probabilities_are_ranked_and_add_up_to_one_at_most(resolver):
    chances = [each.likeness for each in resolver.within("Newcastle University, Seoul", most=50).candidates]
    assert chances == sorted(chances, reverse=True)
    assert 0 < sum(chances) <= 1 + 1e-9


def test_the_order_of_organizations_makes_no_difference(resolver):
    text = "University of California and Newcastle University"
    assert Resolver.of(ENTRIES[::-1]).within(text) == resolver.within(text)


def _chance(resolution, identifier):
    return next((each.likeness for each in resolution.candidates if each.identifier == identifier), 0.0)

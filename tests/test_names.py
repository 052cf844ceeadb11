"""Organizations and terms by any of their names, and near spellings that are offered and never taken."""

import csv
import random
import re
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from matchmaker.bundled import bundled
from matchmaker.dataset import Dataset
from matchmaker.errors import UsageError
from matchmaker.names import comparison_key, lookup, nearest_names, resolve, resolve_term

SEED = 20201028


@pytest.fixture(scope="module")
def dataset():
    return Dataset.read()


def spellings(dataset):
    """(identifier, name) for every identifier, name and alias of the embedded data."""
    with Path(bundled("data") / "organizations.csv").open(encoding="utf-8", newline="") as file:
        for record in csv.DictReader(file):
            names = [record["org_id"], *(record[f"name_{language}"] for language in ("en", "zh", "ko"))]
            for name in filter(None, [*names, *record["aliases"].split(";")]):
                yield record["org_id"], name.strip()


def first_answer(dataset, text):
    """The organization that is taken, else the first that is offered."""
    try:
        return dataset.ids[resolve(dataset, text)]
    except UsageError as error:
        offered = re.findall(r'"([^"]+)" \(', error.problems[0].fix)
        return offered[0] if offered else None


def with_a_typo(name, chance):
    """One letter left out, doubled, exchanged with the next, or replaced."""
    k = chance.randrange(len(name))
    kind = chance.choice(("left out", "doubled", "exchanged", "replaced"))
    if kind == "left out":
        return name[:k] + name[k + 1 :]
    if kind == "doubled":
        return name[:k] + name[k] + name[k:]
    if kind == "exchanged" and k + 1 < len(name):
        return name[:k] + name[k + 1] + name[k] + name[k + 2 :]
    return name[:k] + chance.choice("aeiou" if name.isascii() else "가한中大") + name[k + 1 :]


def test_every_identifier_name_and_alias_names_its_organization_or_says_that_it_names_several(dataset):
    wrong = [(name, identifier) for identifier, name in spellings(dataset) if first_answer(dataset, name) != identifier]
    several = [name for name, _ in wrong]
    assert len(several) <= 0.01 * sum(1 for _ in spellings(dataset))
    for name, identifier in wrong:  # of two that share a name, both are offered and neither is taken
        with pytest.raises(UsageError, match="MM-USE-018") as refusal:
            resolve(dataset, name)
        assert f'"{identifier}"' in refusal.value.problems[0].fix


def test_nine_of_ten_one_letter_typos_lead_to_the_right_organization_first(dataset):
    chance = random.Random(SEED)
    sample = chance.sample([pair for pair in spellings(dataset) if len(pair[1]) >= 4], 300)
    typed = [(identifier, with_a_typo(name, chance)) for identifier, name in sample]
    right = sum(first_answer(dataset, text) == identifier for identifier, text in typed)
    assert right >= 0.9 * len(typed)


@pytest.mark.parametrize("text", ["GENNBIO", "ＧｅｎＮＢｉｏ", "gen-n-bio", " GenN Bio ", "제넨바이오"])
def test_case_width_blanks_and_hyphens_make_no_difference(dataset, text):
    assert dataset.ids[resolve(dataset, text)] == "gennbio"


def test_a_remark_in_brackets_is_a_name_and_may_be_left_out(dataset):
    names = ("CIPA", "Investment Promotion Agency of the Ministry of Commerce")
    assert {dataset.ids[resolve(dataset, name)] for name in names} == {"cipa"}


def test_a_near_spelling_is_offered_and_never_taken(dataset):
    with pytest.raises(UsageError, match="MM-USE-010") as refusal:
        resolve(dataset, "GenNBoi")
    assert refusal.value.problems[0].fix.startswith('did you mean "gennbio" (GenNBio')


def test_a_name_of_two_is_ambiguous_and_an_identifier_wins_over_names():
    dataset = Dataset.from_frames(
        organizations={"org_id": ["a", "b", "c"], "name": ["Green Cross", "Green Cross", "a"], "aliases": ["", "", ""]}
    )
    with pytest.raises(UsageError, match="MM-USE-018"):
        resolve(dataset, "green cross")
    assert resolve(dataset, "a") == 0
    assert lookup(dataset, "c").how == "identifier"


@given(st.text(max_size=30))
def test_any_text_is_found_or_refused(text):
    dataset = Dataset.from_frames(organizations={"org_id": ["a", "한미"], "name": ["Alpha (주)", "()"]})
    with suppress(UsageError):
        assert 0 <= resolve(dataset, text) < 2
    for near in nearest_names(dataset, text):
        assert 0 <= near.likeness <= 1
    assert comparison_key(comparison_key(text)) == comparison_key(text)


@pytest.mark.parametrize("text", ["cn-shandong", "Shandong", "山东", "산둥성", "SHANDONG"])
def test_a_region_is_found_by_identifier_label_and_synonym(dataset, text):
    assert resolve_term(dataset.regions, text, "region") == "cn-shandong"


def test_an_unknown_term_is_answered_with_the_nearest(dataset):
    with pytest.raises(UsageError, match="MM-USE-019") as refusal:
        resolve_term(dataset.sectors, "hosptial", "sector")
    assert "hospital" in refusal.value.problems[0].fix
    with pytest.raises(UsageError, match="known are"):
        resolve_term(dataset.sectors, "qqqqqqqqq", "kind", among=["company", "park"])

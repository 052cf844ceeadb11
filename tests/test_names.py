"""Organizations and terms by any of their names, and near spellings that are offered and never taken."""

import csv
import random
import re
import subprocess
import sys
import time
import unicodedata
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from matchmaker.bundled import bundled
from matchmaker.dataset import Dataset
from matchmaker.errors import UsageError
from matchmaker.names import (
    Entry,
    Resolver,
    comparison_key,
    key,
    line,
    lookup,
    nearest_names,
    reading,
    resolve,
    resolve_term,
    resolver_of,
    sino_korean,
    without_legal_form,
    word,
)
from matchmaker.names.legal_form import legal_forms

SEED = 20201028
ATTACKS = [
    "(",
    "（a",
    "a ",
    "a(",
    ")(",
    "l'",
    "한",
    "恒",
    "aA",
    "e",
    "ae",
    ". ",
    " - ",
    "-",
    "A&",
    "_",
    "́",
    "\u200d",
    "eu",
    "1",
]


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


def test_nineteen_of_twenty_one_letter_typos_lead_to_the_right_organization_first(dataset):
    chance = random.Random(SEED)
    sample = chance.sample([pair for pair in spellings(dataset) if len(pair[1]) >= 4], 300)
    typed = [(identifier, with_a_typo(name, chance)) for identifier, name in sample]
    right = sum(first_answer(dataset, text) == identifier for identifier, text in typed)
    assert right >= 0.95 * len(typed)


@pytest.mark.parametrize("text", ["GENNBIO", "ＧｅｎＮＢｉｏ", "gen-n-bio", " GenN Bio ", "제넨바이오"])
def test_case_width_blanks_and_hyphens_make_no_difference(dataset, text):
    assert dataset.ids[resolve(dataset, text)] == "gennbio"


@pytest.mark.parametrize(
    ("text", "meant", "how"),
    [
        ("恒瑞", "hengrui", "pinyin"),
        ("한미", "hanmi", "romanization"),
        ("江蘇恆瑞醫藥", "hengrui", "simplified form"),
        ("江苏恒瑞医药股份有限公司", "hengrui", "name without legal form"),
        ("(주)한미약품", "hanmi", "name without legal form"),
        ("주식회사 한미약품", "hanmi", "name without legal form"),
        ("Hanmi Pharmaceutical Co., Ltd.", "hanmi", "name without legal form"),
        ("Jiangsu Hengrui Yiyao", "hengrui", "pinyin"),
    ],
)
def test_legal_form_and_script_make_no_difference_and_it_is_said_how(dataset, text, meant, how):
    found = lookup(dataset, text)
    assert (dataset.ids[found.row], found.how) == (meant, how)


@pytest.mark.parametrize(
    ("text", "meant"), [("恒瑞药", "hengrui"), ("ㅎㅁㅇㅍ", "hanmi"), ("한미약풍", "hanmi"), ("Hanmi Pharn", "hanmi")]
)
def test_part_initials_and_typo_are_offered_first_and_not_taken(dataset, text, meant):
    with pytest.raises(UsageError, match="MM-USE-010"):
        resolve(dataset, text)
    assert first_answer(dataset, text) == meant


def test_a_remark_in_brackets_is_a_name_and_may_be_left_out(dataset):
    names = ("CIPA", "Investment Promotion Agency of the Ministry of Commerce")
    assert {dataset.ids[resolve(dataset, name)] for name in names} == {"cipa"}


def test_a_remark_that_many_names_have_is_no_name():
    resolver = Resolver.of([Entry(str(n), [f"Company {n} (Taiwan)"]) for n in range(3)])
    assert resolver.resolve("Taiwan").found is None
    assert resolver.resolve("Company 1").found.identifier == "1"


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


def test_a_country_decides_among_namesakes_and_never_takes_a_stranger():
    resolver = Resolver.of([Entry("cn", ["Green Cross"], "CN"), Entry("kr", ["Green Cross"], "KR")])
    assert resolver.resolve("Green Cross").status == "ambiguous"
    assert resolver.resolve("Green Cross", country="KR").found.identifier == "kr"
    assert [each.identifier for each in resolver.resolve("Green Cross", country="JP").candidates] == ["cn", "kr"]


def test_a_chinese_name_is_found_by_its_korean_reading_with_the_place_as_koreans_call_it():
    entries = [Entry("tong", ["北京同仁堂"]), Entry("heng", ["江苏恒瑞医药股份有限公司"]), Entry("fosun", ["复星集团"])]
    resolver = Resolver.of(entries, {"北京": "베이징", "江苏": "장쑤"})
    for text, meant in [
        ("베이징동인당", "tong"),
        ("북경동인당", "tong"),
        ("장쑤항서의약", "heng"),
        ("푸싱그룹", "fosun"),
    ]:
        assert resolver.resolve(text).found.identifier == meant


def test_the_sound_of_a_first_syllable_makes_no_difference():
    resolver = Resolver.of([Entry("lian", ["联环药业"]), Entry("li", ["丽珠医药"])])
    assert resolver.resolve("연환약업").found.identifier == "lian"
    assert resolver.resolve("려주의약").found.identifier == "li"


def test_an_english_name_is_offered_for_its_sound_in_hangul():
    resolver = Resolver.of([Entry("a", ["Sinopharm"]), Entry("b", ["Tasly"]), Entry("c", ["Novartis"])])
    assert [resolver.resolve(text).candidates[0].identifier for text in ("시노팜", "테슬리", "노바티스")] == [
        "a",
        "b",
        "c",
    ]


@given(st.permutations(range(6)), st.sampled_from(["Green Cros", "恒瑞", "녹십자", "green", "ㄴㅅㅈ"]))
@settings(deadline=None)
def test_nothing_depends_on_the_order_of_rows_and_ties_go_by_identifier(order, text):
    names = ["Green Cross", "Green Crosz", "恒瑞医药", "恒瑞制药", "녹십자", "녹십자웰빙"]
    entries = [Entry(f"id{n}", [name]) for n, name in enumerate(names)]
    assert Resolver.of([entries[n] for n in order]).resolve(text) == Resolver.of(entries).resolve(text)


def test_two_that_are_equally_near_are_both_offered_by_identifier():
    resolver = Resolver.of([Entry("b", ["Medipost"]), Entry("a", ["Medipost"])])
    resolution = resolver.resolve("Medipist")
    assert (resolution.status, [each.identifier for each in resolution.candidates]) == ("ambiguous", ["a", "b"])


def test_what_nobody_is_called_is_unknown():
    resolver = Resolver.of([Entry("a", ["Alpha"])])
    assert resolver.resolve("zzzz").status == "unknown"
    assert Resolver.of([]).resolve("x").status == "unknown"
    assert Resolver.of([]).within("x").status == "unknown"


@given(st.text(max_size=30))
@settings(deadline=None)
def test_any_text_is_found_or_refused(text):
    dataset = Dataset.from_frames(organizations={"org_id": ["a", "한미"], "name": ["Alpha (주)", "()"]})
    with suppress(UsageError):
        assert 0 <= resolve(dataset, text) < 2
    for near in nearest_names(dataset, text):
        assert 0 <= near.likeness <= 1
    assert resolver_of(dataset).within(text).status in ("sure", "ambiguous", "unknown")


@given(st.text(max_size=120))
def test_a_key_is_its_own_key_and_the_same_for_composed_and_decomposed_text(text):
    key_ = comparison_key(text)
    assert comparison_key(key_) == key_
    assert comparison_key(unicodedata.normalize("NFD", text)) == comparison_key(unicodedata.normalize("NFC", text))


@given(st.text(max_size=60))
def test_a_name_without_legal_form_has_none_to_lose(text):
    assert without_legal_form(without_legal_form(text)) == without_legal_form(text)


def test_the_list_of_legal_forms_covers_the_three_languages_and_others():
    words, leading, marks = legal_forms()
    assert len(words) + len(leading) + len(marks) >= 40
    assert {"ltd", "gmbh"} <= words
    assert {"股份有限公司", "주식회사", "(주)", "株式会社"} <= set(marks)


def test_a_plain_name_loads_no_library_of_other_scripts():
    program = (
        "import sys; from matchmaker.names import Entry, Resolver\n"
        "r = Resolver.of([Entry('a', ['GenNBio', '제넨바이오'])])\n"
        "assert r.resolve('gennbio').status == r.resolve('a').status == 'exact'\n"
        "assert not {'opencc', 'pypinyin', 'hangulpy', 'anyascii', 'rapidfuzz'} & set(sys.modules), sorted(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", program], check=True)


@pytest.mark.parametrize("attack", ATTACKS)
def test_fifty_thousand_characters_of_anything_hold_no_regular_expression_up(attack):
    text = (attack * 50_000)[:50_000]
    patterns = {
        name: value
        for module in (key, line, reading, sino_korean, word)
        for name, value in vars(module).items()
        if isinstance(value, re.Pattern)
    }
    assert len(patterns) >= 8
    for name, pattern in patterns.items():
        start = time.process_time()
        pattern.sub("", text)
        assert time.process_time() - start <= 0.1, name


@pytest.mark.parametrize("attack", ATTACKS)
def test_a_name_of_fifty_thousand_characters_is_answered_at_once(attack):
    resolver = Resolver.of([Entry("a", ["Hanmi", "한미약품", "恒瑞医药"])])
    resolver.resolve("한미약풍 恒")
    resolver.within("한미약풍 恒")
    text = (attack * 50_000)[:50_000]
    start = time.process_time()
    resolver.resolve(text)
    resolver.within(text)
    assert time.process_time() - start <= 0.5


@pytest.mark.parametrize("text", ["cn-shandong", "Shandong", "山东", "산둥성", "SHANDONG"])
def test_a_region_is_found_by_identifier_label_and_synonym(dataset, text):
    assert resolve_term(dataset.regions, text, "region") == "cn-shandong"


def test_an_unknown_term_is_answered_with_the_nearest(dataset):
    with pytest.raises(UsageError, match="MM-USE-019") as refusal:
        resolve_term(dataset.sectors, "hosptial", "sector")
    assert "hospital" in refusal.value.problems[0].fix
    with pytest.raises(UsageError, match="known are"):
        resolve_term(dataset.sectors, "qqqqqqqqq", "kind", among=["company", "park"])

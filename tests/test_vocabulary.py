"""Terms: how a text is searched for them in three scripts, and what they inherit from those above."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from matchmaker.errors import DataError
from matchmaker.vocabulary import Found, Term, Vocabulary, fold, is_latin
from tests.worlds import INTERESTS, REGIONS, SECTORS

WORDS = ("vaccine", "vaccines", "mRNA", "Korean medicine", "antiviral", "诊断", "中医", "한의학", "진단을", "x", "ss")
GAPS = ("", " ", "  ", "-", ",", ". ", "、", "·", "s", "'s ", "は")
TEXTS = st.lists(st.sampled_from(WORDS + GAPS), max_size=8).map("".join) | st.text(max_size=30)
NAMES = st.sampled_from(("a", "ab", "b a", "s", "as", "bs", "中", "中a", "약", "約a b")) | st.text(max_size=4)


@st.composite
def vocabularies(draw):
    """Small forests with names in two languages that hide in each other."""
    vocabulary = Vocabulary({})
    for number in range(draw(st.integers(0, 5))):
        parent = draw(st.sampled_from((None, *vocabulary.terms)))
        names = draw(st.lists(NAMES, max_size=3))
        labels, synonyms = dict(zip(("en", "ko"), names, strict=False)), {"zh": tuple(names[2:])}
        related = tuple(draw(st.lists(st.sampled_from(tuple(vocabulary.terms)), max_size=2))) if number else ()
        term = Term(f"t{number}", parent, labels, synonyms, related)
        vocabulary = Vocabulary({**vocabulary.terms, term.id: term})
    return vocabulary


def called(**names):
    """A vocabulary of terms and the one name that each goes by."""
    return Vocabulary({term: Term(term, labels={"en": name}) for term, name in names.items()})


def mentioned(vocabulary, text):
    return [found.term for found in vocabulary.find(text)]


# --- fold ---------------------------------------------------------------------------------------------------------


@given(TEXTS)
def test_folding_twice_is_folding_once(text):
    assert fold(fold(text)) == fold(text)


@pytest.mark.parametrize("text", ["\u0130\u0327", "\u1f81\u0308"], ids=ascii)
def test_folding_twice_is_folding_once_for_letters_with_two_marks(text):
    assert fold(fold(text)) == fold(text)


@given(TEXTS)
def test_case_width_composition_and_blanks_around_make_no_difference(text):
    folded = fold(text)
    assert fold(unicodedata.normalize("NFD", text)) == fold(unicodedata.normalize("NFC", text))
    assert fold(f" \u3000{text}\n") == folded
    if text.isascii():
        assert fold(text.upper()) == folded
        assert fold("".join(chr(ord(c) + 0xFEE0) if "!" <= c <= "~" else c for c in text)) == folded  # full width


@pytest.mark.parametrize(
    "written", ["Traditional-Medicine", "TRADITIONAL_medicine", "traditional · medicine", "traditional\n medicine"]
)
def test_hyphens_points_and_runs_of_blanks_are_one_blank(written):
    assert fold(written) == "traditional medicine"


# --- find ---------------------------------------------------------------------------------------------------------


@given(vocabularies(), TEXTS | st.lists(NAMES, max_size=5).map(" ".join))
def test_whatever_the_text_the_places_found_lie_in_it_and_hold_a_name_of_the_term(vocabulary, text):
    folded = fold(text)
    for term, start, end in vocabulary.find(text):
        assert 0 <= start < end <= len(folded)
        assert folded[start:end] in {fold(name) for name in (*vocabulary.terms[term].names(), term)}


@given(vocabularies(), st.lists(NAMES, max_size=6).map(" ".join))
def test_places_are_in_the_order_of_the_text_and_overlap_only_where_they_are_the_same(vocabulary, text):
    found = vocabulary.find(text)
    assert found == sorted(found, key=lambda mention: (mention.start, mention.term))
    assert len(found) == len(set(found))
    for one in found:
        for other in found:
            assert (one.start, one.end) == (other.start, other.end) or one.end <= other.start or other.end <= one.start


@given(vocabularies(), st.sampled_from((" ", ", ", "。", "、")))
def test_every_term_is_found_by_each_of_its_names(vocabulary, gap):
    for term in vocabulary.terms.values():
        for name in (*term.names(), term.id):
            if fold(name):
                assert term.id in mentioned(vocabulary, f"{gap}{name}{gap}")


@given(vocabularies(), TEXTS)
def test_the_order_in_which_terms_were_written_down_makes_no_difference(vocabulary, text):
    backwards = Vocabulary(dict(reversed(vocabulary.terms.items())))
    assert backwards.find(text) == vocabulary.find(text)


@pytest.mark.parametrize(
    ("text", "is_found"),
    [
        ("vaccine", True),
        ("Vaccines.", True),  # a plural s
        ("vaccines", True),
        ("mRNA-vaccine", True),
        ("新vaccine的", True),  # a Latin word among Chinese ones stands alone
        ("vaccine's", True),
        ("vaccinesx", False),
        ("vacciness", False),
        ("vaccined", False),
        ("prevaccine", False),
        ("1vaccine", False),
        ("vaccine2", False),
    ],
)
def test_latin_names_are_whole_words_and_a_plural_s_is_forgiven(text, is_found):
    assert bool(called(vaccine="vaccine").find(text)) == is_found


@pytest.mark.parametrize(
    ("name", "text"), [("诊断", "新型诊断试剂"), ("한의학", "한의학을 찾습니다"), ("백신", "신종백신s")]
)
def test_chinese_and_korean_names_are_found_anywhere(name, text):
    (found,) = called(term=name).find(text)
    assert text[found.start : found.end] == name


def test_a_name_that_begins_in_one_script_and_ends_in_another_is_bound_where_it_is_latin():
    vocabulary = called(term="mRNA疫苗")
    assert mentioned(vocabulary, "新mRNA疫苗株") == ["term"]
    assert mentioned(vocabulary, "xmRNA疫苗株") == []


@pytest.mark.parametrize(
    ("text", "terms"),
    [
        ("Korean medicine", ["korean-medicine"]),  # and not the shorter name inside it
        ("medicine and Korean-medicine", ["medicine", "korean-medicine"]),
        ("medicine Korean", ["medicine", "korean"]),
        ("中医药", ["tcm-drug"]),
        ("中医的药", ["tcm"]),
    ],
)
def test_the_longest_name_wins(text, terms):
    names = {"korean-medicine": "Korean medicine", "medicine": "medicine", "korean": "Korean", "tcm": "中医"}
    assert mentioned(called(**names, **{"tcm-drug": "中医药"}), text) == terms


def test_a_name_that_two_terms_share_means_both_at_each_place():
    vocabulary = called(a="cell", b="Cell")
    assert vocabulary.find("cell cells") == [Found("a", 0, 4), Found("b", 0, 4), Found("a", 5, 9), Found("b", 5, 9)]


@pytest.mark.parametrize("text", ["", " ", "\0", "-", "s", "\ud800"])
def test_in_nothing_nothing_is_found(text):
    assert INTERESTS.find(text) == []
    assert Vocabulary({}).find(text) == []


def test_scripts_with_blanks_between_words_are_told_from_those_without():
    assert all(map(is_latin, "aéя7"))
    assert not any(map(is_latin, "-中약は"))


# --- above, beside and beyond -------------------------------------------------------------------------------------


@given(vocabularies())
def test_every_chain_of_ancestors_climbs_from_parent_to_parent_to_a_root(vocabulary):
    for term in vocabulary.terms:
        chain = vocabulary.ancestors(term)
        assert chain[0] == term
        assert vocabulary.root(term) == chain[-1]
        assert [vocabulary.terms[below].parent for below in chain] == [*chain[1:], None]


def test_what_no_one_knows_is_its_own_root_and_label_and_has_no_attribute():
    assert INTERESTS.ancestors("new") == ["new"]
    assert INTERESTS.root("new") == "new"
    assert INTERESTS.label("new", "ko") == "new"
    assert INTERESTS.attribute("new", "hub", "none") == "none"


@given(vocabularies())
def test_neighbors_are_so_in_both_directions(vocabulary):
    for term, others in vocabulary.neighbors.items():
        assert list(others) == sorted(set(others))
        for other in others:
            assert term in vocabulary.neighbors[other]
            assert other in vocabulary.terms[term].related or term in vocabulary.terms[other].related
    for term in vocabulary.terms.values():
        assert set(term.related) <= set(vocabulary.neighbors.get(term.id, ()))


@pytest.mark.parametrize(
    ("vocabulary", "term", "key", "value"),
    [
        (SECTORS, "convener", "hub", True),
        (SECTORS, "agency", "hub", True),  # inherited
        (SECTORS, "agency", "candidate", False),
        (SECTORS, "biotech", "hub", None),
        (REGIONS, "Weihai", "latitude", 37.5),  # the nearest counts, not that of the country
        (REGIONS, "Osong", "latitude", None),
    ],
)
def test_an_attribute_is_that_of_the_nearest_ancestor_that_has_it(vocabulary, term, key, value):
    assert vocabulary.attribute(term, key) == value


def test_a_false_attribute_hides_a_true_one_above_it():
    above, below = Term("above", attributes={"hub": True}), Term("below", "above", attributes={"hub": False})
    assert Vocabulary({"above": above, "below": below}).attribute("below", "hub", True) is False


def test_a_label_is_in_the_language_asked_for_else_english_else_any():
    assert INTERESTS.label("diagnostics", "ko") == "진단"
    assert INTERESTS.label("antiviral", "ko") == "Antiviral drug"
    assert INTERESTS.label("tcm", "en") == "中医"
    assert INTERESTS.label("site", "zh") == "site"


@given(vocabularies(), st.lists(st.sampled_from(("t0", "t1", "x", "y")), max_size=4))
def test_terms_that_are_added_stand_alone_and_leave_the_others_as_they_were(vocabulary, ids):
    grown = vocabulary.with_terms(ids)
    assert set(grown.terms) == {*vocabulary.terms, *ids}
    assert grown.name == vocabulary.name
    assert len(grown) == len(grown.terms)
    for term in grown.terms:
        assert term in grown
        assert grown.terms[term] == vocabulary.terms.get(term, Term(term))
    assert grown.with_terms(ids) is grown
    assert grown.neighbors == vocabulary.neighbors


def test_a_flat_vocabulary_has_each_term_once_and_nothing_between_them():
    flat = Vocabulary.flat(["b", "a", "b"], "words")
    assert list(flat.terms.values()) == [Term("a"), Term("b")]
    assert flat.name == "words"
    assert flat.neighbors == {}


def test_a_circle_of_parents_or_a_broken_link_is_refused_when_read():
    circle = {"a": {"parent": "b"}, "b": {"parent": "a"}}
    for tables in (circle, {"a": {"parent": "a"}}, {"a": {"parent": "gone"}}, {"a": {"related": ["gone"]}}):
        with pytest.raises(DataError):
            Vocabulary.from_tables(tables, "file.toml", "words")

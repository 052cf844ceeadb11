"""What must not change what an import gives: order, splitting, repetition, spelling, the round through files."""

import unicodedata
from pathlib import Path
from tempfile import TemporaryDirectory

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from matchmaker.domain import Domain
from matchmaker.intake import IntakeOptions, read_sources
from matchmaker.store import Store
from matchmaker.store.export import unescaped, write_tables

DOMAIN = Domain.read()
TERMS = ["백신", "항바이러스제", "疫苗", "Vaccine", "stem cell therapy", "antiviral-drug"]
WHO = {"author": "Lee", "source": "test"}
PARTS = st.integers(1, 4)
ROWS = st.lists(
    st.tuples(
        st.sampled_from(["한미", "제넥신", "恒瑞", "绿叶", "Acme", "=1+1", "'quoted", "가나 다라"]),
        st.sampled_from(["KR", "CN"]),
        st.lists(st.sampled_from(TERMS), max_size=3),
        st.sampled_from(["", "a note", "-5", "@here", "줄 하나"]),
    ),
    min_size=1,
    max_size=6,
    unique_by=lambda row: row[0],
)


def text_of(rows, columns=("name", "country", "interests", "description")):
    """A table of rows as CSV, its columns in the order of `columns`."""
    cells = [dict(zip(("name", "country", "interests", "description"), row, strict=True)) for row in rows]
    frame = pl.DataFrame([{**row, "interests": "、".join(row["interests"])} for row in cells])
    return frame.select(columns).write_csv()


def imported(texts, **options):
    """What a store holds after importing files, one after the other, and how many changes it took."""
    with TemporaryDirectory() as folder, Store.open(f"sqlite:///{folder}/store.db") as store:
        for number, text in enumerate(texts):
            path = Path(folder) / f"list{number}.csv"
            path.write_text(text, "utf-8")
            intake = read_sources([path], domain=DOMAIN, options=IntakeOptions(**options))
            assert intake.errors == []
            store.put({name: unescaped(frame) for name, frame in intake.tables.items()}, **WHO)
        return dump(store), len(store.history())


def dump(store):
    return {name: frame.to_dicts() for name, frame in store.texts().items() if frame.height}


@given(ROWS, st.randoms(), PARTS)
@settings(max_examples=5, deadline=None)
def test_a_list_in_parts_in_any_order_is_the_whole_list(rows, random, n_parts):
    shuffled = random.sample(rows, len(rows))
    parts = [part for k in range(n_parts) if (part := shuffled[k::n_parts])]
    assert imported(map(text_of, parts))[0] == imported([text_of(rows)])[0]


@given(ROWS, st.randoms())
@settings(max_examples=5, deadline=None)
def test_neither_the_order_of_rows_and_columns_nor_repetition_changes_anything(rows, random):
    columns = random.sample(["name", "country", "interests", "description"], 4)
    again = random.sample([*rows, *rows], 2 * len(rows))
    assert imported([text_of(again, columns)])[0] == imported([text_of(rows)])[0]


@given(ROWS)
@settings(max_examples=5, deadline=None)
def test_a_list_imported_twice_is_one_change(rows):
    once, twice = imported([text_of(rows)]), imported([text_of(rows)] * 2)
    assert twice == once
    assert once[1] == 1


@given(ROWS, st.sampled_from(["csv", "tsv", "jsonl", "parquet"]))
@settings(max_examples=5, deadline=None)
def test_what_is_exported_and_imported_again_is_the_same_store(rows, form):
    with TemporaryDirectory() as folder, Store.open(f"sqlite:///{folder}/a.db") as first:
        path = Path(folder) / "list.csv"
        path.write_text(text_of(rows), "utf-8")
        first.put(read_sources([path], domain=DOMAIN).tables, **WHO)
        write_tables(first.texts(), Path(folder) / "out", form)
        files = sorted((Path(folder) / "out").iterdir())
        intake = read_sources(files, domain=DOMAIN)
        with Store.open(f"sqlite:///{folder}/b.db") as second:
            second.put({name: unescaped(frame) for name, frame in intake.tables.items()}, **WHO)
            assert dump(second) == dump(first)


SPELLINGS = [
    str,
    str.upper,
    lambda text: f"  {text} ",
    lambda text: unicodedata.normalize("NFD", text),
    lambda text: "".join(chr(ord(each) + 0xFEE0) if "!" <= each <= "~" else each for each in text),
]


@given(st.lists(st.sampled_from(TERMS), min_size=1, max_size=4), st.randoms(), st.data())
@settings(max_examples=5, deadline=None)
def test_terms_in_any_order_spelling_and_number_are_the_same_terms(terms, random, data):
    spelled = [data.draw(st.sampled_from(SPELLINGS))(term) for term in random.sample([*terms, *terms], 2 * len(terms))]
    given_terms, others = (text_of([("Acme", "KR", each, "")]) for each in (terms, spelled))
    assert imported([others])[0] == imported([given_terms])[0]


@given(ROWS)
@settings(max_examples=5, deadline=None)
def test_other_identifiers_rename_the_rows_and_change_nothing_else(rows):
    def numbered(prefix):
        frame = pl.read_csv(text_of(rows).encode(), infer_schema=False)
        identifiers = pl.Series("org_id", [f"{prefix}{k}" for k in range(frame.height)])
        return imported([frame.with_columns(identifiers).write_csv()])[0]["organizations"]

    renamed = [{**row, "org_id": row["org_id"].replace("other", "id")} for row in numbered("other")]
    assert renamed == numbered("id")

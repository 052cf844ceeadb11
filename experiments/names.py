"""Is an organization found by whatever people write for it? On the embedded data, whose every name is asked for.

`first`, `in_five`: the right one is the first answer, or among five. `taken_wrong`: another was taken without asking.
What is asked is either in the data (identifier, name, alias), or made of it and not in it (typo, simplified or
traditional form, pinyin, initials, legal form added), or withheld: every spelling in that script is taken out of the
records of the organizations that are asked for, so a Chinese one by its Korean name has no Hangul to go by.
Nothing is fitted to these names, but the rules were written with the misses of the first of the withheld lists in view.
Command: python experiments/names.py
Writes results/names.csv.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import polars as pl

from matchmaker import Dataset
from matchmaker.names import Entry, Resolver, resolver_of
from matchmaker.names.key import comparison_key, has_han, has_hangul, initials
from matchmaker.names.organization import entries_of, korean_places
from matchmaker.names.sino_korean import pinyin

SEED = 5
HERE = Path(__file__).parent.parent
WITHHELD = (
    ("Korean name of a Chinese organization, withheld", "CN", "name_zh"),
    ("Korean name of a Korean organization, withheld", "KR", "name_en"),
)
LETTERS = {True: "aeiou", False: "가한中大"}


class Question(NamedTuple):
    """What is asked, and who is meant."""

    kind: str
    text: str
    identifier: str


class Embedded:
    """The records of the embedded data, and resolvers over what is left of them."""

    def __init__(self) -> None:
        self.dataset = Dataset.read()
        self.entries = list(entries_of(self.dataset))

    def without(self, left_out: Callable[[Entry, str], bool]) -> Resolver:
        """Over the names that are not left out."""
        kept = (
            entry._replace(names=[name for name in entry.names if not left_out(entry, name)]) for entry in self.entries
        )
        return Resolver.of(kept, korean_places(self.dataset))


def asked(entries: list[Entry]) -> Iterator[Question]:
    """What is in the data, or made of what is."""
    from opencc import OpenCC

    chance = random.Random(SEED)  # noqa: S311
    traditional, simplified = OpenCC("s2t").convert, OpenCC("t2s").convert
    for identifier, names, *_ in entries:
        yield Question("identifier", identifier, identifier)
        for place, name in enumerate(names):
            yield Question("name or alias", name, identifier)
            if len(name) >= 4:
                yield Question("typo of one letter", with_a_typo(name, chance), identifier)
            if has_han(name):
                yield from _other_form(traditional(name), simplified(name), name, identifier)
                yield Question("pinyin", " ".join(pinyin(name)), identifier)
                yield Question("legal form added", name + "股份有限公司", identifier)
            if has_hangul(name) and len(letters := initials(comparison_key(name))) >= 4:
                yield Question("initials", letters, identifier)
                yield Question("legal form added", "(주)" + name, identifier)
            if place == 0 and name.isascii():
                yield Question("legal form added", name + " Co., Ltd.", identifier)


def _other_form(traditional: str, simplified: str, name: str, identifier: str) -> Iterator[Question]:
    for text in {traditional, simplified} - {name}:
        yield Question("simplified or traditional", text, identifier)


def with_a_typo(name: str, chance: random.Random) -> str:
    """One letter left out, doubled, exchanged with the next, or replaced."""
    k = chance.randrange(len(name))
    another = chance.choice(LETTERS[name.isascii()])
    kinds = [name[:k] + name[k + 1 :], name[:k] + name[k] + name[k:], name[:k] + another + name[k + 1 :]]
    if k + 1 < len(name):
        kinds.append(name[:k] + name[k + 1] + name[k] + name[k + 2 :])
    return chance.choice(kinds)


def measured(resolver: Resolver, questions: list[Question]) -> Iterator[dict[str, Any]]:
    """The figures of each kind of question."""
    answers = pl.DataFrame([_answer(resolver, question) for question in questions])
    figures = (pl.col(name).mean().round(4) for name in ("first", "in_five", "taken_wrong"))
    grouped = answers.group_by("kind", maintain_order=True).agg(pl.len().alias("questions"), *figures)
    yield from grouped.iter_rows(named=True)


def _answer(resolver: Resolver, question: Question) -> dict[str, Any]:
    resolution = resolver.resolve(question.text)
    offered = [candidate.identifier for candidate in resolution.candidates]
    return {
        "kind": question.kind,
        "first": offered[:1] == [question.identifier],
        "in_five": question.identifier in offered[:5],
        "taken_wrong": resolution.found is not None and resolution.found.identifier != question.identifier,
    }


def withheld(embedded: Embedded, kind: str, country: str, other: str) -> tuple[Resolver, list[Question]]:
    """Organizations of a country by their Korean names, without any Hangul in their records."""
    named = pl.col("name_ko").is_not_null() & pl.col(other).is_not_null()
    known = embedded.dataset.organizations.filter(pl.col("country") == country, named).select("org_id", "name_ko")
    resolver = embedded.without(lambda entry, name: entry.country == country and has_hangul(name))
    return resolver, [Question(kind, korean, identifier) for identifier, korean in known.iter_rows()]


def main() -> None:
    """Ask, count, write."""
    embedded = Embedded()
    records = list(measured(resolver_of(embedded.dataset), list(asked(embedded.entries))))
    for kind, country, other in WITHHELD:
        records += measured(*withheld(embedded, kind, country, other))
    table = pl.DataFrame(records).select("kind", "questions", "first", "in_five", "taken_wrong")
    table.write_csv(HERE / "results" / "names.csv")
    with pl.Config(tbl_rows=-1, tbl_cols=-1, tbl_width_chars=140, fmt_str_lengths=60, tbl_hide_dataframe_shape=True):
        print(table)


if __name__ == "__main__":
    main()

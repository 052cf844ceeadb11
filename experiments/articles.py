"""How much of what a careful reader finds in news do the rows of `matchmaker mentions` hold, and how much else?

Question: per kind of fact, which share of the key is found (recall) and which share of what is found is in the key
(precision)?
Method: facts are compared with a key that was written before anything read the articles (tests/article_facts.toml for
the five articles, tests/articles for pieces written for this purpose, of which nothing was learned from held_out): an
organization by its identifier, or by its name where it has none; an event by day and words of its title; dates and
counts by value; participations, agreements and intentions by identifiers. What the key calls neutral is left out.
Twice the same fact is once too often.
Command: python experiments/articles.py [FOLDER | KEY FOLDER] [--unknown] [--misses]
FOLDER has the five articles (left out: ../shared/articles); --unknown empties the table of organizations first;
--misses never shows those of the pieces that are held out.
"""

from __future__ import annotations

import argparse
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import polars as pl
import tomli

from matchmaker import Dataset
from matchmaker.intake.article.finding import Findings, Reader
from matchmaker.intake.article.name import bare_letters_of, letters_of
from matchmaker.intake.article.text import read_article

HOME = Path(__file__).resolve().parents[1]
FIVE = (HOME / "tests" / "article_facts.toml", HOME.parent / "shared" / "articles")
NEWS = HOME / "tests" / "articles"
OWN = (NEWS / "facts.toml", NEWS)
LEARNED = {name: (NEWS / name / "facts.toml", NEWS / name) for name in ("second", "third", "fourth", "fifth", "sixth")}
HELD_OUT = (NEWS / "held_out" / "facts.toml", NEWS / "held_out")
KINDS = ("organization", "event", "date", "count", "participation", "agreement", "intention")
Facts = Mapping[str, Any]


class Judged:
    """One article beside its key: for each kind of fact what was found, missed and invented."""

    def __init__(self, findings: Findings, facts: Facts) -> None:
        self.findings, self.facts = findings, facts
        self.neutral: Facts = facts.get("neutral", {})
        self.ids = self._organizations()
        self.hits: dict[str, Counter[str]] = {}
        self.missed: dict[str, Counter[str]] = {}
        self.invented: dict[str, Counter[str]] = {}
        self._compare()

    def _organizations(self) -> dict[str, str]:
        """By identifier of what was found: the organization of the key, `?` if neutral, else blank."""
        found = {}
        for row in self.findings.table("organizations"):
            name = bare_letters_of(row.values["name"])
            found[row.values["org_id"]] = next(
                (
                    self._key(number)
                    for number, fact in enumerate(self.facts["organizations"])
                    if (fact.get("id") and fact["id"] == row.values["org_id"])
                    or name in map(bare_letters_of, fact["names"])
                ),
                "?" if self._is_neutral(row.values) else "",
            )
        return found

    def _key(self, number: int) -> str:
        fact = self.facts["organizations"][number]
        return fact.get("id") or fact["names"][0]

    def _is_neutral(self, values: Mapping[str, Any]) -> bool:
        return any(
            fact.get("id") == values["org_id"] or bare_letters_of(values["name"]) in map(bare_letters_of, fact["names"])
            for fact in self.neutral.get("organizations", ())
        )

    def _compare(self) -> None:
        self._settle("organization", (self._key(n) for n in range(len(self.facts["organizations"]))),
                     (known or f"! {self._name(who)}" for who, known in self.ids.items() if known != "?"))  # fmt: skip
        self._events()
        days = [row.values["date"] for row in self.findings.table("dates")]
        self._settle("date", self.facts["dates"], [day for day in days if day not in self.neutral.get("dates", ())])
        counts = [plain(row.values["counts"]) for row in self.findings.table("counts")]
        neutral = list(map(plain, self.neutral.get("counts", ())))
        self._settle("count", map(plain, self.facts["counts"]), [count for count in counts if count not in neutral])
        pairs = [" | ".join(sorted(fact.split(" | "))) for fact in self.facts.get("agreements", ())]
        named = (
            sorted(map(self._who, (row.values["left"], row.values["right"])))
            for row in self.findings.table("partnerships")
        )
        left_out = [" | ".join(sorted(fact.split(" | "))) for fact in self.neutral.get("agreements", ())]
        self._settle("agreement", pairs, (pair for pair in map(" | ".join, named) if pair not in left_out))
        owners = (self._who(row.values["org_id"]) for row in self.findings.table("intentions"))
        left_out = list(self.neutral.get("intentions", ()))
        self._settle("intention", self.facts.get("intentions", ()), (who for who in owners if who not in left_out))

    def _who(self, identifier: str) -> str:
        return self.ids.get(identifier) or f"! {self._name(identifier)}"

    def _name(self, identifier: str) -> str:
        return next(
            row.values["name"] for row in self.findings.table("organizations") if row.values["org_id"] == identifier
        )

    def _events(self) -> None:
        found, numbers = [], {}
        for row in self.findings.table("events"):
            number = next((n for n, fact in enumerate(self.facts["events"]) if is_event(row.values, fact)), None)
            if number is None and any(is_event(row.values, fact) for fact in self.neutral.get("events", ())):
                continue
            found.append(str(number) if number is not None else f"! {row.values.get('date')} {row.values['title']}")
            numbers[row.values["event_id"]] = str(number)
        self._settle("event", map(str, range(len(self.facts["events"]))), found)
        took_part = {
            f"{numbers[row.values['event_id']]} {who}"
            for row in self.findings.table("participations")
            if (who := self._who(row.values["org_id"])) != "?" and row.values["event_id"] in numbers
            and row.values.get("role") != "mentioned"
        }  # fmt: skip
        if "participations" in self.facts:
            self._settle("participation", self.facts["participations"], took_part)

    def _settle(self, kind: str, key: Iterable[str], found: Iterable[str]) -> None:
        wanted, given = Counter(key), Counter(found)
        self.hits[kind] = wanted & given
        self.missed[kind] = wanted - given
        self.invented[kind] = given - wanted


def plain(count: str) -> str:
    """A count without its mark."""
    number, _, what = count.partition(" ")
    return f"{number.rstrip('+~')} {what}"


def is_event(values: Mapping[str, Any], fact: Mapping[str, Any]) -> bool:
    """The same day (where the key has one), kind (of neutral ones) and words of the title."""
    if "day" in fact and values.get("date", "") != fact["day"]:
        return False
    if "title" not in fact:
        return bool(values["kind"] == fact["kind"])
    return any(letters_of(title) in letters_of(values["title"]) for title in fact["title"])


def judged(key: Path, folder: Path, dataset: Dataset) -> dict[str, Judged]:
    """Every article of a key, read with the names of `dataset`."""
    reader = Reader.of(dataset)
    facts = tomli.loads(key.read_text("utf-8"))
    found = {}
    for name, fact in facts.items():
        path = next(path for path in sorted(folder.glob("*.txt")) if path.name.startswith(name))
        day = fact.get("given")
        found[name] = Judged(reader.read(read_article(path), date.fromisoformat(day) if day else None), fact)
    return found


def without_organizations(dataset: Dataset) -> Dataset:
    """The same places, and nobody known."""
    return replace(dataset, organizations=dataset.organizations.clear())


def table(articles: Mapping[str, Judged]) -> list[dict[str, Any]]:
    """Recall and precision per kind of fact over all articles."""
    rows = []
    for kind in KINDS:
        hits = sum(one.hits[kind].total() for one in articles.values() if kind in one.hits)
        missed = sum(one.missed[kind].total() for one in articles.values() if kind in one.missed)
        invented = sum(one.invented[kind].total() for one in articles.values() if kind in one.invented)
        rows.append({
            "kind": kind, "key": hits + missed, "found": hits, "invented": invented,
            "recall": hits / (hits + missed) if hits + missed else None,
            "precision": hits / (hits + invented) if hits + invented else None,
        })  # fmt: skip
    return rows


def show(title: str, articles: Mapping[str, Judged], *, misses: bool) -> None:
    """Print the table, and every difference if asked for."""
    print(f"{title}\n{'':14}{'key':>5}{'found':>7}{'invented':>10}{'recall':>8}{'precision':>11}")
    for row in table(articles):
        shares = "".join(
            f"{'-' if row[name] is None else format(row[name], '.3f'):>{width}}"
            for name, width in (("recall", 8), ("precision", 11))
        )
        print(f"{row['kind']:14}{row['key']:5}{row['found']:7}{row['invented']:10}{shares}")
    for name, one in articles.items() if misses else ():
        for kind in one.hits:
            for sign, facts in (("missed", one.missed[kind]), ("invented", one.invented[kind])):
                for fact in facts.elements():
                    print(f"  {name} {kind} {sign}: {fact}")


def main() -> None:
    """Judge every set, with the embedded names or with none; all of them are written to results/articles.csv."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("paths", nargs="*", type=Path)
    parser.add_argument("--unknown", action="store_true")
    parser.add_argument("--misses", action="store_true")
    asked = parser.parse_args()
    sets = {"the five articles": FIVE, "pieces written for this": OWN, **LEARNED, "held out": HELD_OUT}
    if asked.paths:
        sets = {"articles": (FIVE[0], asked.paths[0]) if len(asked.paths) == 1 else (asked.paths[0], asked.paths[1])}
    dataset = Dataset.read()
    known = without_organizations(dataset) if asked.unknown else dataset
    rows = []
    for title, (key, folder) in sets.items():
        if key.exists() and folder.is_dir():
            articles = judged(key, folder, known)
            rows += [{"set": title, **row} for row in table(articles)]
            show(
                title + (", nobody known" if asked.unknown else ""),
                articles,
                misses=asked.misses and key != HELD_OUT[0],
            )
    if not asked.paths and not asked.unknown:
        shares = pl.col("recall", "precision").round(4)
        pl.DataFrame(rows).with_columns(shares).write_csv(HOME / "results" / "articles.csv")


if __name__ == "__main__":
    main()

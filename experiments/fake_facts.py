"""Can invented facts that no page states put a stranger into someone's top ten?

Question: someone adds 20 facts about itself and a seeker who has never heard of it. How often does it enter the ten
best of the seeker?
Method: on the embedded data, seekers and strangers drawn at random: a stranger is across the border, shares no event
or agreement with the seeker, and is not among its ten best. The facts are unverified: events of two, one event of
many split into events of two (every pair of seven), agreements, or reports of a meeting in the store, each
of another day. Share of strangers who enter, with a Clopper–Pearson 95 % interval.
Baseline: the same facts, verified, which is what a page of the web would have to state. `cap` is the most that all
unverified facts together may add to a context score (settings.toml, `unverified_cap`).
Command: python experiments/fake_facts.py [--trials N --cap X …]
Writes results/fake_facts.csv.
"""

from __future__ import annotations

import argparse
import csv
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from datetime import date, timedelta
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from scipy import stats

from matchmaker import Dataset, Recommender
from matchmaker.schema import TABLES
from matchmaker.store import Outcome
from matchmaker.store.consequence import with_facts
from matchmaker.store.row import texts_of

FACTS, TOP, SEED = 20, 10, 0
DAY = date(2025, 6, 1)
RESULT = Path(__file__).resolve().parents[1] / "results" / "fake_facts.csv"
Rows = dict[str, list[dict[str, Any]]]
Invent = Callable[[str, str, list[str], str], Rows]


def events(seeker: str, stranger: str, _others: list[str], verified: str) -> Rows:
    """Events of two."""
    return _meetings([(seeker, stranger)] * FACTS, verified)


def split_event(seeker: str, stranger: str, others: list[str], verified: str) -> Rows:
    """One event of seven as 21 events of two."""
    return _meetings(list(combinations([seeker, stranger, *others[:5]], 2)), verified)


def agreements(seeker: str, stranger: str, _others: list[str], verified: str) -> Rows:
    """Agreements of several kinds."""
    known = {"left": seeker, "right": stranger, "date": DAY.isoformat(), "verified": verified}
    return {"partnerships": [known | {"kind": f"kind {number}"} for number in range(FACTS)]}


def reports(seeker: str, stranger: str, _others: list[str], verified: str) -> Rows:
    """Reports of meetings in a store; one of them on each day."""
    source = "https://example.org" if verified == "yes" else "a form"
    said = [Outcome(seeker, stranger, "met", DAY - timedelta(days=n)) for n in range(FACTS)]
    outcomes = pl.concat([each.frame(each.identifier, source) for each in said])
    empty = {name: pl.DataFrame(schema=_texts(name)) for name in ("events", "participations", "partnerships")}
    found = with_facts(empty | {"outcomes": outcomes})
    return {name: found[name].to_dicts() for name in ("events", "participations")}


def _texts(name: str) -> dict[str, Any]:
    return {column.name: pl.String() for column in TABLES[name].columns if column.kind != "unused"}


def _meetings(pairs: list[tuple[str, str]], verified: str) -> Rows:
    known = {"kind": "docking", "date": DAY.isoformat(), "verified": verified}
    return {
        "events": [known | {"event_id": f"fake{number}"} for number in range(len(pairs))],
        "participations": [
            {"event_id": f"fake{number}", "org_id": each, "verified": verified}
            for number, pair in enumerate(pairs)
            for each in pair
        ],
    }


WAYS: Mapping[str, Invent] = {
    "events of two": events,
    "one event, split": split_event,
    "agreements": agreements,
    "reports of meetings": reports,
}


def strangers(
    dataset: Dataset, recommender: Recommender, trials: int, seed: int
) -> Iterator[tuple[str, str, list[str]]]:
    """Seekers, a stranger to each, and others."""
    draw = np.random.default_rng(seed)
    there = np.flatnonzero((dataset.side >= 0) & ~dataset.conveners)
    while trials:
        seeker = int(draw.choice(there))
        best = [dataset.row(match.organization.id) for match in recommender.match(dataset.ids[seeker], TOP)]
        unknown = dataset.across(seeker) & ~dataset.met(seeker) & ~dataset.conveners
        unknown[best] = False
        if unknown.sum() > FACTS:
            rows = draw.choice(np.flatnonzero(unknown), 6, replace=False)
            yield dataset.ids[seeker], dataset.ids[rows[0]], [dataset.ids[row] for row in rows[1:]]
            trials -= 1


def enters(texts: Mapping[str, pl.DataFrame], dataset: Dataset, seeker: str, stranger: str, rows: Rows) -> bool:
    """Whether the stranger is in the seeker's ten best once the rows are added."""
    frames = {
        name: pl.concat([frame, pl.DataFrame(rows[name], schema_overrides=_texts(name))], how="diagonal")
        if name in rows
        else frame
        for name, frame in texts.items()
    }
    world = Dataset.from_frames(domain=dataset.domain, **frames)
    return stranger in {match.organization.id for match in Recommender(world).match(seeker, TOP)}


def tried(trials: int, cap: float | None, seed: int) -> list[dict[str, Any]]:
    """A record a way and a kind of source; `cap` in place of the engine's own."""
    dataset = Dataset.read()
    if cap is not None:
        dataset = replace(dataset, domain=replace(dataset.domain, overrides={"graph": {"unverified_cap": cap}}))
    texts = {name: texts_of(getattr(dataset, name), table) for name, table in TABLES.items()}
    cases = list(strangers(dataset, Recommender(dataset), trials, seed))
    records, own = [], dataset.domain.settings["graph"]["unverified_cap"]
    for way, invent in WAYS.items() if cap is None else [("events of two", events)]:
        for verified in ("no", "yes") if cap is None else ("no",):
            hits = sum(enters(texts, dataset, *case[:2], invent(*case, verified)) for case in cases)
            interval = stats.binomtest(hits, trials).proportion_ci()
            figures = {"share": hits / trials, "low": interval.low, "high": interval.high}
            records.append(
                {"cap": own if cap is None else cap, "facts": way, "verified": verified, "trials": trials}
                | {name: round(float(value), 4) for name, value in figures.items()}
            )
            print("  ".join(f"{name} {value}" for name, value in records[-1].items()), flush=True)
    return records


def main() -> None:
    """Try, and write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--trials", type=int, default=200)
    parser.add_argument("--seed", type=int, default=SEED)
    parser.add_argument("-o", "--output", type=Path, default=RESULT)
    parser.add_argument("--cap", type=float, nargs="*", default=[0.05, 0.1], help="others to try")
    asked = parser.parse_args()
    records = [record for cap in (None, *asked.cap) for record in tried(asked.trials, cap, asked.seed)]
    with asked.output.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, records[0], lineterminator="\n")
        writer.writeheader()
        writer.writerows(records)


if __name__ == "__main__":
    main()

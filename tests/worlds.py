"""Random worlds: small domains of organizations, events and agreements, as plain rows, as frames and as files."""

from __future__ import annotations

import csv
import datetime
import os
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import polars as pl
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

from matchmaker.blend import Blend, sigmoid
from matchmaker.dataset import Dataset
from matchmaker.domain import Domain, Rule, Side
from matchmaker.scorers import SCORERS, Scorer
from matchmaker.table import ReadOptions
from matchmaker.vocabulary import Term, Vocabulary

_SLOW = [HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.large_base_example]
# `HYPOTHESIS_PROFILE=thorough pytest` looks longer and elsewhere each time; the default repeats itself.
settings.register_profile("default", max_examples=60, derandomize=True, deadline=None, suppress_health_check=_SLOW)
settings.register_profile("thorough", max_examples=1000, deadline=None, suppress_health_check=_SLOW)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "default"))

FEWER = settings(max_examples=settings.default.max_examples // 3)  # for what takes long

LAST_DAY = datetime.date(2025, 12, 31)  # no world knows of anything later
OPTIONS = ReadOptions(today=LAST_DAY)
EVERYONE = 10**6

INTERESTS = Vocabulary(
    {
        term.id: term
        for term in (
            Term("diagnostics", labels={"en": "Diagnostics", "zh": "诊断", "ko": "진단"}),
            Term("imaging", "diagnostics", related=("antiviral",)),
            Term("site"),
            Term("tcm", labels={"zh": "中医", "ko": "중의학"}, related=("korean-medicine",)),
            Term("korean-medicine", labels={"en": "Korean medicine", "ko": "한의학"}),
            Term("therapeutics"),
            Term("antiviral", "therapeutics", labels={"en": "Antiviral drug"}),
            Term("vaccine", "therapeutics"),
            Term("mrna", "vaccine"),
        )
    },
    "interests",
)
SECTORS = Vocabulary(
    {
        term.id: term
        for term in (
            Term("agency", "convener"),
            Term("biotech", "company", related=("university",)),
            Term("company"),
            Term("convener", attributes={"candidate": False, "hub": True}),
            Term("park", attributes={"hub": True}),
            Term("pharma", "company"),
            Term("university"),
        )
    },
    "sectors",
)
REGIONS = Vocabulary(
    {
        term.id: term
        for term in (
            Term("CN", attributes={"latitude": 35.0, "longitude": 105.0}),
            Term("Shandong", "CN", attributes={"latitude": 36.4, "longitude": 118.3}),
            Term("Weihai", "Shandong", attributes={"latitude": 37.5, "longitude": 122.1}),
            Term("KR"),
            Term("Seoul", "KR", attributes={"latitude": 37.57, "longitude": 126.98}),
            Term("Osong", "KR"),
        )
    },
    "regions",
)
RULES = (Rule("park", offers=("site",)), Rule("company", seeks=("site", "tcm")), Rule("biotech", interests_as="offers"))
SIDES = (Side("China", "CN", "zh"), Side("Korea", "KR", "ko"))
TWO_SIDES = Domain("two sides", SIDES, INTERESTS, SECTORS, REGIONS, RULES)
ONE_SIDE = replace(TWO_SIDES, title="one side", sides=None)
FLAT = Domain("flat")
DOMAINS = (TWO_SIDES, ONE_SIDE, FLAT)

Row = Mapping[str, str | None]
KEYS = {  # the columns of each table, the required ones among them; also the order in which tables are drawn
    "organizations": (
        "org_id", "name_en", "name_ko", "aliases", "country", "city", "region", "sector", "interests", "offers",
        "seeks", "description", "source",
    ),
    "events": ("event_id", "date", "title", "place", "kind", "size", "verified", "source"),
    "participations": ("event_id", "org_id", "role", "verified"),
    "partnerships": ("left", "right", "date", "date_precision", "kind", "verified", "source"),
    "region_ties": ("left", "right", "kind", "value", "date", "verified", "source"),
    "topics": ("event_id", "term"),
}  # fmt: skip


@dataclass(frozen=True)
class World:
    """The tables of a domain as rows of text, as they would stand in files."""

    domain: Domain = FLAT
    organizations: tuple[Row, ...] = ()
    events: tuple[Row, ...] = ()
    participations: tuple[Row, ...] = ()
    partnerships: tuple[Row, ...] = ()
    region_ties: tuple[Row, ...] = ()
    topics: tuple[Row, ...] = ()

    @property
    def ids(self) -> list[str]:
        return [row["org_id"] for row in self.organizations]

    def tables(self) -> dict[str, tuple[Row, ...]]:
        """The rows of each table."""
        return {name: getattr(self, name) for name in KEYS}

    def frames(self) -> dict[str, pl.DataFrame]:
        """Each table as a frame of text."""
        return {
            name: pl.DataFrame(
                {key: [row.get(key) for row in rows] for key in KEYS[name]}, schema=dict.fromkeys(KEYS[name], pl.String)
            )
            for name, rows in self.tables().items()
        }

    def dataset(self, options: ReadOptions = OPTIONS) -> Dataset:
        """The world as the engine sees it."""
        return Dataset.from_frames(domain=self.domain, options=options, **self.frames())

    def known(self) -> Dataset:
        """The same as of `LAST_DAY`, so that no fact moves the day from which others are aged."""
        return self.dataset().as_of(LAST_DAY)

    def plus(self, **rows: Row | list[Row]) -> World:
        """The same world and one or several more rows of some tables."""
        lists = {name: [more] if isinstance(more, Mapping) else more for name, more in rows.items()}
        return replace(self, **{name: (*getattr(self, name), *more) for name, more in lists.items()})

    def mapped(self, **changes: object) -> World:
        """The same world with a function applied to each row of some tables."""
        return replace(
            self, **{name: tuple(change(row) for row in getattr(self, name)) for name, change in changes.items()}
        )

    def write(self, folder: Path) -> Path:
        """Write the tables as CSV, blank cells empty; the vocabularies stay behind."""
        for name, rows in self.tables().items():
            with (folder / f"{name}.csv").open("w", encoding="utf-8", newline="") as file:
                writer = csv.DictWriter(file, KEYS[name])
                writer.writeheader()
                writer.writerows(rows)
        return folder


def organization(identifier: str, **cells: str) -> Row:
    """A row of organizations."""
    return {"org_id": identifier, **cells}


def meeting(event: str, *members: str, verified: str | None = None, **cells: str) -> dict[str, list[Row]]:
    """An event and who took part, as arguments of `World.plus`; the doubt, if any, is about the event."""
    cells = {"date": "2024-06-01", "kind": "forum", **cells}
    return {
        "events": [{"event_id": event, "verified": verified, **cells}],
        "participations": [{"event_id": event, "org_id": member} for member in members],
    }


# --- strategies ---------------------------------------------------------------------------------------------------

DATES = (None, "2012", "2016-02", "2018-03-05", "2020-06-30", "2023-11-30", "2024-12-31", "2025-10")
DOUBT = (None, None, None, "yes", "no")
KINDS = (None, "forum", "signing", "visit", "fair")
TERMS = tuple(INTERESTS.terms)
PLACES = (None, *REGIONS.terms)


def _sets(items: tuple[str, ...], most: int) -> st.SearchStrategy[str | None]:
    return st.lists(st.sampled_from(items), max_size=most, unique=True).map(lambda terms: "; ".join(terms) or None)


def _rows(
    **columns: st.SearchStrategy[str | None] | tuple[str | None, ...],
) -> st.SearchStrategy[dict[str, str | None]]:
    cells = {key: st.sampled_from(values) if isinstance(values, tuple) else values for key, values in columns.items()}
    return st.fixed_dictionaries(cells)


@st.composite
def worlds(
    draw: st.DrawFn,
    least: int = 1,
    most: int = 7,
    domains: tuple[Domain, ...] = DOMAINS,
    *,
    agreements: bool = True,
    dated: bool = False,
) -> World:
    """Worlds of `least` to `most` organizations; ids are neither in the order of rows nor of creation."""
    n = draw(st.integers(least, most))
    ids = tuple(draw(st.permutations("bgade한中"[:n] if n <= 7 else [f"o{k * 7 % 13}" for k in range(n)])))
    dates = tuple(date for date in DATES if date or not dated)
    profiles = _rows(
        name_en=(None, "Green Cross", "Green Bio Lab", "Xeno Life Science"),
        name_ko=(None, "녹십자", "서울바이오허브"),
        aliases=(None, "GC; Green"),
        country=("CN", "KR", "KR", None) if draw(st.booleans()) else ("CN", "KR"),
        city=(None, "Weihai", "Seoul", "Osong"),
        region=PLACES,
        sector=(None, *SECTORS.terms),
        interests=_sets(TERMS, 3),
        offers=_sets(TERMS, 2),
        seeks=_sets(TERMS, 2),
        description=(None, None, "makes vaccines against 코로나", "诊断试剂 and vaccines"),
        source=(None, "https://a.example/1"),
    )
    organizations = [{"org_id": identifier, **draw(profiles)} for identifier in ids]
    events = [
        {"event_id": f"e{(3 * k + 1) % 5}", **row}
        for k, row in enumerate(
            draw(st.lists(_rows(date=dates, kind=KINDS, size=(None, None, "3", "40"), verified=DOUBT), max_size=5))
        )
    ]
    named = tuple(row["event_id"] for row in events)
    members = _rows(event_id=named, org_id=ids, role=(None, "speaker", "mentioned; host", "planned"), verified=DOUBT)
    deals = _rows(left=ids, right=ids, date=dates, kind=(None, "JV", "licence"), verified=DOUBT)
    places = tuple(REGIONS.terms)
    ties = _rows(
        left=places,
        right=places,
        kind=(None, "sister-city", "firms"),
        value=(None, "0", "426"),
        date=dates,
        verified=DOUBT,
    )
    topics = _rows(event_id=named, term=TERMS)
    return World(
        draw(st.sampled_from(domains)),
        tuple(organizations),
        tuple(events),
        tuple(draw(st.lists(members, max_size=14))) if events else (),
        tuple(deal for deal in draw(st.lists(deals, max_size=6)) if deal["left"] != deal["right"])
        if agreements
        else (),
        tuple(draw(st.lists(ties, max_size=4))),
        tuple(draw(st.lists(topics, max_size=3))) if events else (),
    )


@st.composite
def worlds_with_pair(draw: st.DrawFn, least: int = 2, most: int = 7, **options: object) -> tuple[World, str, str]:
    """A world and two of its organizations, from different sides where there are sides."""
    world = draw(worlds(least=least, most=most, **options))
    left, right = draw(st.permutations(world.ids))[:2]
    sides = {left: "CN", right: "KR"}
    return (
        world.mapped(organizations=lambda row: {**row, "country": sides.get(row["org_id"], row["country"])}),
        left,
        right,
    )


@st.composite
def permuted(draw: st.DrawFn, world: World) -> World:
    """The same world with the rows of each table in another order."""
    return replace(world, **{name: tuple(draw(st.permutations(rows))) for name, rows in world.tables().items()})


# --- what a world comes to ----------------------------------------------------------------------------------------


def everyone(dataset: Dataset) -> np.ndarray:
    """All rows."""
    return np.arange(len(dataset), dtype=np.int64)


def fitted(dataset: Dataset) -> dict[str, Scorer]:
    """Every scorer of the registry, fitted."""
    return {name: scorer().fit(dataset) for name, scorer in SCORERS.items()}


def frozen(dataset: Dataset, like: Dataset) -> Dataset:
    """`dataset` with the term weights that were learned from `like`."""
    dataset.__dict__["features"] = replace(like.features, dataset=dataset)  # where the cached property keeps it
    return dataset


def mutual_scores(dataset: Dataset) -> dict[tuple[str, str], float]:
    """The blend's mutual score of each ordered pair of different organizations."""
    forward, backward = Blend().fit(dataset).both_log_odds(everyone(dataset))
    score = sigmoid(forward) * sigmoid(backward)
    ids = dataset.ids
    return {(ids[i], ids[j]): float(score[i, j]) for i in range(len(ids)) for j in range(len(ids)) if i != j}


def ranked_pairs(dataset: Dataset, scorer: object = "blend") -> list[tuple[str, str, float, float, float]]:
    """Every pair, the best first: (left, right, score, forward, backward)."""
    from matchmaker.recommender import Recommender

    pairs = Recommender(dataset, scorer).pairs(EVERYONE, conveners=True)
    return [(pair.left.id, pair.right.id, pair.score, pair.forward, pair.backward) for pair in pairs]

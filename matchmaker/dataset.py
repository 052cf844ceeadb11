"""Dated tables: organizations, the events and partnerships in which they met, and what came of it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import polars as pl

from matchmaker.array import BoolArray, IntArray
from matchmaker.domain import Domain
from matchmaker.errors import Problem, UsageError, quoted
from matchmaker.schema import TABLES
from matchmaker.side import facing
from matchmaker.tables import ReadOptions, canonical_frames, read_tables
from matchmaker.vocabulary import Vocabulary

if TYPE_CHECKING:
    from matchmaker.graph import ContextGraph
    from matchmaker.space import FeatureSpace

LISTS = ("aliases", "interests", "offers", "seeks")


@dataclass(frozen=True)
class Organization:
    """One organization, as stated: in the data or in a profile that is not."""

    id: str
    names: Mapping[str, str] = field(default_factory=dict)
    country: str | None = None
    city: str | None = None
    region: str | None = None
    sector: str | None = None
    interests: tuple[str, ...] = ()
    offers: tuple[str, ...] = ()
    seeks: tuple[str, ...] = ()
    aliases: tuple[str, ...] = ()
    description: str | None = None
    source: str | None = None

    @property
    def name(self) -> str:
        """Its name in English, else in any language, else its identifier."""
        return self.names.get("en") or next(iter(self.names.values()), self.id)

    @property
    def title(self) -> str:
        """Its names in up to three languages, joined by a middle dot."""
        return " · ".join(dict.fromkeys(self.names.values())) or self.id


class Pairs(NamedTuple):
    """A sparse relation: rows `left[k]` and `right[k]` are related, as row `fact[k]` of the frame says."""

    left: IntArray
    right: IntArray
    fact: IntArray


@dataclass(frozen=True, eq=False)
class Dataset:
    """The world as known on a day. Immutable; row *i* of `organizations` is row *i* of every matrix.

    The frames are canonical (docs/format.md): sorted by identifier, one row a fact, lists for multi-valued cells.
    `cut` is the first day that is not known (None: everything is known, undated facts included); `last_day` is the last
    on which something can have happened.
    """

    domain: Domain
    organizations: pl.DataFrame
    events: pl.DataFrame
    participations: pl.DataFrame
    partnerships: pl.DataFrame
    region_ties: pl.DataFrame
    topics: pl.DataFrame
    intentions: pl.DataFrame
    cut: date | None = None
    problems: tuple[Problem, ...] = ()
    last_day: date = date.max

    @classmethod
    def read(cls, folder: str | Path | None = None, options: ReadOptions | None = None) -> Dataset:
        """Read the domain in `folder` (None: the one that travels with the package).

        Raises:
            UsageError: no such folder, or a file in it that may not be read.
            DataError: a table or a vocabulary with errors, all of them listed.
        """
        domain, options = Domain.read(folder), options or ReadOptions()
        frames, problems = read_tables(folder, domain, options)
        return cls._of(domain, frames, problems, options)

    @classmethod
    def from_frames(cls, *, domain: Domain | None = None, options: ReadOptions | None = None, **frames: Any) -> Dataset:
        """Build from frames named as the tables of docs/format.md: polars, or anything `polars.DataFrame()` takes.

        Raises:
            DataError: as `read`; rows are numbered from 1.
            UsageError: a table of another name, or something that is not a frame.
        """
        domain, options = domain or Domain(), options or ReadOptions()
        given = {name: frame for name, frame in frames.items() if frame is not None}
        canonical, problems = canonical_frames(given, domain, options)
        return cls._of(domain, canonical, problems, options)

    @classmethod
    def _of(
        cls, domain: Domain, frames: Mapping[str, Any], problems: Sequence[Problem], options: ReadOptions
    ) -> Dataset:
        tables = {name: frames[name] for name in TABLES}
        return cls(domain, **tables, problems=tuple(problems), last_day=options.last_day)

    def __len__(self) -> int:
        return self.organizations.height

    @cached_property
    def ids(self) -> list[str]:
        """Identifiers by row."""
        return self.organizations["org_id"].to_list()

    @cached_property
    def row_of(self) -> dict[str, int]:
        """Row by identifier."""
        return {identifier: row for row, identifier in enumerate(self.ids)}

    def row(self, identifier: str) -> int:
        """The row of an organization.

        Raises:
            UsageError: no organization has this identifier.
        """
        try:
            return self.row_of[identifier]
        except KeyError:
            raise UsageError(
                Problem(
                    "MM-USE-010", f"no organization has the identifier {quoted(identifier)}", "see `matchmaker show`"
                )
            ) from None

    def organization(self, row: int) -> Organization:
        """The organization of a row."""
        record = self.organizations.row(row, named=True)
        return Organization(
            id=record["org_id"],
            names=self.names(record),
            **{key: record[key] for key in ("country", "city", "region", "sector", "description", "source")},
            aliases=tuple(record["aliases"]),
            interests=tuple(record["interests"]),
            offers=tuple(record["offers"]),
            seeks=tuple(record["seeks"]),
        )

    @cached_property
    def digest(self) -> str:
        """A short name of the content of all tables: the same rows in any order have the same one."""
        import hashlib
        import io

        content = hashlib.sha256()
        for name in TABLES:
            buffer = io.BytesIO()
            # In the newer form, how texts lie in memory depends on how they came there.
            getattr(self, name).write_ipc(buffer, compat_level=pl.CompatLevel.oldest())
            content.update(buffer.getvalue())
        return content.hexdigest()[:16]

    @cached_property
    def languages(self) -> list[str]:
        """Languages in which the table has names; English first, `""` for a name without a language."""
        columns = self.organizations.columns
        found = [name[5:] for name in columns if name.startswith("name_")] + ([""] if "name" in columns else [])
        return sorted(found, key=lambda language: (language != "en", language == "", language))

    def names(self, record: Mapping[str, Any]) -> dict[str, str]:
        """Names by language of one record of the organizations."""
        names = {language: record[f"name_{language}" if language else "name"] for language in self.languages}
        return {language: name for language, name in names.items() if name}

    def before(self, day: date) -> Dataset:
        """The world as known before `day`: facts dated on it or later, and undated ones, are gone."""
        events = self.events.filter(pl.col("day") < day)
        known = events.select("event_id")
        return replace(
            self,
            cut=day,
            events=events,
            participations=self.participations.join(known, on="event_id", how="semi"),
            topics=self.topics.join(known, on="event_id", how="semi"),
            partnerships=self.partnerships.filter(pl.col("day") < day),
            region_ties=self.region_ties.filter(pl.col("day") < day),
            intentions=self.intentions.filter(pl.col("event_id").is_in(known["event_id"].implode())),
        )

    def as_of(self, day: date) -> Dataset:
        """The world as known at the end of `day`."""
        return self.before(min(day, date.max - timedelta(days=1)) + timedelta(days=1))

    def with_organization(self, organization: Organization) -> Dataset:
        """The same world and one more organization, without a past.

        Raises:
            UsageError: the identifier is taken.
        """
        if organization.id in self.row_of:
            raise UsageError(
                Problem("MM-USE-011", f"the identifier {quoted(organization.id)} is taken", "choose another")
            )
        record: dict[str, Any] = {key: getattr(organization, key) for key in ("country", "city", "region", "sector")}
        record |= {key: list(getattr(organization, key)) for key in LISTS}
        record |= {"org_id": organization.id, "description": organization.description, "source": organization.source}
        for language, name in organization.names.items():
            record[f"name_{language}" if language else "name"] = name
        known = self.organizations.schema
        addition = pl.DataFrame(
            {key: [value] for key, value in record.items()},
            schema={key: known.get(key, pl.String()) for key in record},
        )
        grown = pl.concat([self.organizations, addition], how="diagonal").sort("org_id")
        return replace(self, organizations=grown)

    @cached_property
    def today(self) -> date:
        """The last day that is known: the day before the cut, else that of the latest meeting or agreement.

        An event that nobody took part in yet is a plan.
        """
        if self.cut:
            return self.cut - timedelta(days=1)
        held = self.events.join(self.participations, on="event_id", how="semi")
        days: list[Any] = [frame["day"].max() for frame in (held, self.partnerships)]
        return min(max([day for day in days if day is not None], default=date(1970, 1, 1)), self.last_day)

    @cached_property
    def known_by_now(self) -> BoolArray:
        """Shape (n,): not known only since a later day, where the table says since when."""
        if self.cut is None:
            return np.ones(len(self), dtype=bool)
        known: BoolArray = (self.organizations["first_known"] <= self.today).fill_null(value=True).to_numpy()
        return known.astype(bool)

    @cached_property
    def side(self) -> IntArray:
        """Shape (n,): 0 for the left side, 1 for the right, -1 for neither or where there are no sides."""
        sides = np.full(len(self), -1)
        if self.domain.sides:
            countries = self.organizations["country"].to_numpy()
            for number, side in enumerate(self.domain.sides):
                sides[countries == side.country] = number
        return sides

    def across(self, row: int) -> BoolArray:
        """Shape (n,): the organizations on the other side of the border from `row`; everyone else without sides."""
        others = facing(self.side, row, border=self.domain.sides is not None)
        others[row] = False
        return others

    @cached_property
    def interests(self) -> Vocabulary:
        """The domain's interests and, standing alone, every other term that is used."""
        used = [self.organizations[column].explode().drop_nulls() for column in LISTS[1:]]
        return _covering(self.domain.interests, [*used, self.topics["term"]], "interests")

    @cached_property
    def sectors(self) -> Vocabulary:
        """The domain's sectors and, standing alone, every other one that is used."""
        return _covering(self.domain.sectors, [self.organizations["sector"].drop_nulls()], "sectors")

    @cached_property
    def regions(self) -> Vocabulary:
        """The domain's regions and, standing alone, every other one that is used."""
        used = [
            self.organizations["region"],
            self.organizations["city"],
            self.region_ties["left"],
            self.region_ties["right"],
        ]
        return _covering(self.domain.regions, [column.drop_nulls() for column in used], "regions")

    @cached_property
    def kinds(self) -> list[str | None]:
        """By row: the kind (topmost sector) of each organization."""
        root = {sector: self.sectors.root(sector) for sector in self.sectors.terms}
        return [root.get(sector) for sector in self.organizations["sector"].to_list()]

    @cached_property
    def conveners(self) -> BoolArray:
        """Shape (n,): organizations of a sector that brings others together and is no candidate itself."""
        barred = {s for s in self.sectors.terms if self.sectors.attribute(s, "candidate", True) is False}
        return np.array([sector in barred for sector in self.organizations["sector"].to_list()], dtype=bool)

    @cached_property
    def hubs(self) -> BoolArray:
        """Shape (n,): organizations of a sector through which others reach each other."""
        hubs = {s for s in self.sectors.terms if self.sectors.attribute(s, "hub", False) is True}
        return np.array([sector in hubs for sector in self.organizations["sector"].to_list()], dtype=bool)

    @cached_property
    def partner_pairs(self) -> Pairs:
        """Partnerships as pairs of organization rows."""
        return self._pairs(self.partnerships, "left", "right", self.organizations["org_id"])

    @cached_property
    def verified_partner_pairs(self) -> Pairs:
        """The same, of verified partnerships only."""
        left, right, facts = self.partner_pairs
        sure = self.partnerships["verified"].to_numpy()[facts].astype(bool)
        return Pairs(left[sure], right[sure], facts[sure])

    @cached_property
    def participation_pairs(self) -> Pairs:
        """Participations as (organization row, event row)."""
        return self._pairs(self.participations, "org_id", "event_id", self.events["event_id"])

    @cached_property
    def sure_participations(self) -> BoolArray:
        """By entry of `participation_pairs`: whether both the participation and its event are verified."""
        _, events, facts = self.participation_pairs
        sure: BoolArray = self.participations["verified"].to_numpy()[facts] & self.events["verified"].to_numpy()[events]
        return sure

    def met(self, row: int) -> BoolArray:
        """Shape (n,): who has shared an event or a partnership with `row`."""
        seen = np.zeros(len(self), dtype=bool)
        organizations, events, _ = self.participation_pairs
        seen[organizations[np.isin(events, events[organizations == row])]] = True
        left, right, _ = self.partner_pairs
        seen[right[left == row]] = True
        seen[left[right == row]] = True
        seen[row] = False
        return seen

    @cached_property
    def features(self) -> FeatureSpace:
        """The feature space fitted to this world, built once."""
        from matchmaker.space import FeatureSpace  # it is built on this module

        return FeatureSpace.fit(self)

    def take_over(self, earlier: Dataset) -> None:
        """Keep what was worked out for `earlier` and must be the same for these data."""
        from matchmaker.space import FeatureSpace

        features = earlier.__dict__.get("features")
        tables = ("organizations", "events", "participations", "topics")
        same = self.domain is earlier.domain and all(
            getattr(self, each).equals(getattr(earlier, each)) for each in tables
        )
        if isinstance(features, FeatureSpace) and same:
            self.__dict__["features"] = features.of_same(self)

    @cached_property
    def graph(self) -> ContextGraph:
        """The organization–context graph of this world, built once."""
        from matchmaker.graph import ContextGraph  # it is built on this module

        return ContextGraph.fit(self)

    @cached_property
    def places(self) -> list[str | None]:
        """By row: the narrowest region that is stated (city, else region, else country where that is a region)."""
        stated = self.organizations.select(pl.coalesce("city", "region")).to_series()
        countries = self.organizations["country"].to_list()
        known = self.regions.terms
        return [
            place or (country if country in known else None)
            for place, country in zip(stated.to_list(), countries, strict=True)
        ]

    def _pairs(self, frame: pl.DataFrame, left: str, right: str, right_keys: pl.Series) -> Pairs:
        """Rows of organizations and of `right_keys` that a row of the frame names, where it names both."""
        first, second = _places(frame[left], self.organizations["org_id"]), _places(frame[right], right_keys)
        known = np.flatnonzero((first >= 0) & (second >= 0))
        return Pairs(first[known], second[known], known)


def _places(keys: pl.Series, known: pl.Series) -> IntArray:
    """Where each key stands among known ones, which are unique; −1 where it does not."""
    place = known.to_frame("key").with_row_index("place")
    found = keys.to_frame("key").join(place, on="key", how="left", maintain_order="left")["place"]
    places: IntArray = found.cast(pl.Int64).fill_null(-1).to_numpy()
    return places


def _covering(vocabulary: Vocabulary | None, used: Sequence[pl.Series], name: str) -> Vocabulary:
    terms: set[str] = set()
    for column in used:
        terms.update(column.unique().to_list())
    return (vocabulary or Vocabulary.flat((), name)).with_terms(_sorted(terms))


def _sorted(terms: Iterable[str | None]) -> list[str]:
    return sorted(term for term in terms if term is not None)

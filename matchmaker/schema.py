"""The tables of a domain: their columns, once and for all (docs/format.md says the same in words)."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from typing import Literal

Kind = Literal[
    "id", "reference", "text", "names", "term", "terms", "date", "precision", "day", "number", "count", "yes/no",
    "direction", "unused",
]  # fmt: skip
KINDS: dict[Kind, str] = {
    "id": "identifier of the row: no blank, no control character, no twin",
    "reference": "identifier of a row of another table",
    "text": "any text",
    "names": "names, `;` between them",
    "term": "one term; case, blanks and Unicode form make no difference",
    "terms": "terms, `;` between them; order, repetition, case, blanks and Unicode form make no difference",
    "date": "date as stated: 2024-07-28, 2024-07, 2024",
    "precision": "`day`, `month`, `year`, `approximate`, `by` or `before`",
    "day": "date; known to its month or year, it means the last day",
    "number": "finite number with a decimal point: 1234.5",
    "count": "whole number from 0 on",
    "yes/no": "`yes` or `no` (also true, false, 1, 0)",
    "direction": "`left2right`, `right2left` or `mutual` (blank)",
    "unused": "may be there; is not read",
}
Vocabulary = Literal["interests", "sectors", "regions"]

_INVISIBLE = re.compile("[\u00ad\u200b-\u200f\u2060-\u2064\ufeff]")
_NAME_IN_A_LANGUAGE = re.compile(r"name_[a-z]{2,3}(?:_[a-z0-9]{2,8})*")


@dataclass(frozen=True)
class Column:
    """One column: its name, what its cells hold, and other headers under which it is taken."""

    name: str
    kind: Kind
    doc: str
    required: bool = False
    headers: tuple[str, ...] = ()
    table: str | None = None
    vocabulary: Vocabulary | None = None


@dataclass(frozen=True)
class Table:
    """One table. `order` is what its rows are sorted by; `required` says whether a domain must have it."""

    name: str
    doc: str
    columns: tuple[Column, ...]
    order: tuple[str, ...]
    required: bool = False
    multilingual: bool = False

    @property
    def required_columns(self) -> list[str]:
        """Columns without which the table cannot be used."""
        return [column.name for column in self.columns if column.required]

    def column(self, name: str) -> Column:
        """The column of this name, `name_<language>` included.

        Raises:
            KeyError: there is none.
        """
        for column in self.columns:
            if column.name == name:
                return column
        if self.multilingual and _NAME_IN_A_LANGUAGE.fullmatch(name):
            return Column(name, "text", "name in that language")
        raise KeyError(name)

    def find(self, header: str) -> Column | None:
        """The column that a normalized header means, if any."""
        for column in self.columns:
            if header in (column.name, *column.headers):
                return column
        try:
            return self.column(header)
        except KeyError:
            return None


def normalized_header(text: str) -> str:
    """A header without differences of case, blanks, width and invisible characters.

    >>> normalized_header(" Ｏｒｇ ID")
    'org_id'
    """
    folded = _INVISIBLE.sub("", unicodedata.normalize("NFKC", text)).strip().casefold()
    return re.sub(r"[\s\-_]+", "_", folded)


_ORGANIZATION = ("organization", "organization_id", "organisation", "organisation_id")
_SOURCE = Column("source", "text", "where this is stated: an address, a document")
_VERIFIED = Column("verified", "yes/no", "`no`: no public page states it; blank or missing: `yes`")
_NOTE = Column("note", "text", "remark for people")
_DATE = Column("date", "date", "when; blank: not known")
_PRECISION = Column("date_precision", "precision", "how exact `date` is; blank: as written")


def _organization(name: str, doc: str, *, required: bool = True) -> Column:
    headers = _ORGANIZATION if name == "org_id" else ()
    return Column(name, "reference", doc, required=required, headers=headers, table="organizations")


def _event(doc: str, *, required: bool = True) -> Column:
    return Column("event_id", "reference", doc, required=required, headers=("event",), table="events")


def _interests(name: str, doc: str) -> Column:
    return Column(name, "terms", doc, vocabulary="interests")


ORGANIZATIONS = Table(
    "organizations",
    "Who can meet. One row an organization.",
    (
        Column("org_id", "id", "identifier", required=True, headers=("id", *_ORGANIZATION)),
        Column("name", "text", "name; `name_<language>` (`name_en`, `name_zh`, `name_ko`, …): name in that language"),
        Column("aliases", "names", "other names and short forms"),
        Column("country", "text", "country, as the sides in `domain.toml` write it"),
        Column("city", "term", "place", vocabulary="regions"),
        Column("region", "term", "wider place, such as a province", vocabulary="regions"),
        Column("sector", "term", "what kind of organization it is", vocabulary="sectors"),
        _interests("interests", "what it works on"),
        _interests("offers", "what it offers"),
        _interests("seeks", "what it seeks"),
        Column("description", "text", "free text about it"),
        _SOURCE,
        Column("first_known", "day", "since when it has been known"),
        Column("profile_basis", "text", "what the profile rests on"),
    ),
    order=("org_id",),
    required=True,
    multilingual=True,
)
EVENTS = Table(
    "events",
    "Where they met. One row an event.",
    (
        Column("event_id", "id", "identifier", required=True, headers=("id", "event")),
        _DATE,
        _PRECISION,
        Column("place", "text", "where"),
        Column("title", "text", "what it is called"),
        Column("kind", "text", "docking, forum, signing, …; weighed in `settings.toml`"),
        Column("size", "count", "number of participants, the unrecorded included"),
        Column("counts", "text", "counts as stated"),
        _VERIFIED,
        _SOURCE,
        Column("end_date", "day", "last day of the event"),
    ),
    order=("event_id",),
)
PARTICIPATIONS = Table(
    "participations",
    "Who took part in what. One row an event and an organization; several roles of one organization are merged.",
    (
        _event("the event"),
        _organization("org_id", "the organization"),
        Column("role", "terms", "organizer, speaker, …; weighed in `settings.toml`"),
        _VERIFIED,
        _SOURCE,
        _NOTE,
    ),
    order=("event_id", "org_id"),
)
PARTNERSHIPS = Table(
    "partnerships",
    "What came of it. One row a pair and an agreement; A–B and B–A of the same date and kind count once.",
    (
        _organization("left", "the organization on the left side"),
        _organization("right", "the organization on the right side"),
        Column("partnership_id", "id", "identifier", headers=("id",)),
        _DATE,
        _PRECISION,
        Column("kind", "text", "licence, joint venture, …"),
        Column("direction", "direction", "who supplies technology, goods or equity to whom"),
        _interests("subject_interests", "what it is about"),
        _event("the event at which it was agreed", required=False),
        Column("status", "text", "active, ended, …"),
        _VERIFIED,
        Column("first_for_pair", "yes/no", "the first agreement of this pair"),
        Column("holdout_clean", "yes/no", "fit to evaluate with: verified, dated, realized"),
        Column("profiles_independent", "yes/no", "both profiles were written without this agreement's page"),
        Column("in_window_2005_2025", "yes/no", "dated 2005 to 2025"),
        _SOURCE,
        _NOTE,
    ),
    order=("left", "right", "day", "kind", "partnership_id"),
)
REGION_TIES = Table(
    "region_ties",
    "Which places are tied: sister cities, paired industrial parks, invested firms. One row a tie.",
    (
        Column("left", "term", "a place, or a whole country", required=True, vocabulary="regions"),
        Column("right", "term", "the other place", required=True, vocabulary="regions"),
        Column("kind", "text", "sister-city, …; weighed in `settings.toml`"),
        Column("value", "number", "a count, where one is stated"),
        _DATE,
        _PRECISION,
        _VERIFIED,
        _SOURCE,
        _NOTE,
    ),
    order=("left", "right", "kind", "day", "value"),
)
TOPICS = Table(
    "topics",
    "What an event was about. One row an event and a term; who took part has the term from then on.",
    (
        _event("the event"),
        Column("term", "term", "a term", required=True, headers=("topic", "tag", "interest"), vocabulary="interests"),
        Column("kind", "unused", ""),
        Column("weight", "unused", ""),
    ),
    order=("event_id", "term"),
)
INTENTIONS = Table(
    "intentions",
    "Dealings that were announced without naming the counterpart. One row an intention.",
    (
        Column("intention_id", "id", "identifier", required=True, headers=("id",)),
        _organization("org_id", "who intends it", required=False),
        _event("where it was announced", required=False),
        Column("subject", "text", "what is intended"),
        _interests("subject_interests", "what it is about"),
        Column("counterpart_as_stated", "text", "the counterpart, in the source's words"),
        Column("candidate_counterparts", "text", "identifiers of candidates, `;` between them; never partners"),
        _SOURCE,
    ),
    order=("intention_id",),
)
TABLES: dict[str, Table] = {
    table.name: table
    for table in (ORGANIZATIONS, EVENTS, PARTICIPATIONS, PARTNERSHIPS, REGION_TIES, TOPICS, INTENTIONS)
}

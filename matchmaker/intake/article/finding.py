"""All that an article states of who met whom, as rows of the tables of a domain, each with the sentence it rests on."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from matchmaker.dataset import Dataset
from matchmaker.intake.article.agreement import (
    Agreement,
    Intention,
    Mentions,
    agreements_of,
    intentions_of,
    mentions_by_sentence,
)
from matchmaker.intake.article.count import Counted, counts_of
from matchmaker.intake.article.date import DATELINE, Calendar, Dated, dates_of
from matchmaker.intake.article.event import Happening, Phrase, Scene, happenings_of, phrases_of
from matchmaker.intake.article.name import Folded, letters_of
from matchmaker.intake.article.occasion import signings_of, visits_of
from matchmaker.intake.article.organization import Body, Registry, organizations_of
from matchmaker.intake.article.participation import Part, event_at, parts_of
from matchmaker.intake.article.text import Article

_DASH = re.compile(r"\s(?:--|—|–)\s")
FAR = 2  # sentences after the last word of an event in which a count still belongs to it


@dataclass(frozen=True)
class Row:
    """One proposed row: of `table`, with `values` by column, resting on `text[start:end]` of the article's file."""

    table: str
    values: dict[str, Any]
    start: int
    end: int
    sentence: str
    confidence: float


@dataclass(frozen=True)
class Findings:
    """What one article states."""

    article: Article
    published: date | None
    rows: list[Row] = field(default_factory=list)

    def table(self, name: str) -> list[Row]:
        """The proposed rows of one table."""
        return [row for row in self.rows if row.table == name]


@dataclass(frozen=True, eq=False)
class Reader:
    """Reads articles with the names and places of a domain."""

    registry: Registry
    countries: frozenset[str]
    home: dict[str, str]

    @classmethod
    def of(cls, dataset: Dataset) -> Reader:
        """A reader that knows the organizations and regions of `dataset`."""
        terms = dataset.regions.terms.values()
        countries = frozenset(term.id for term in terms if term.attributes.get("level") == "country" or not term.parent)
        home = {term.id: str(dataset.regions.attribute(term.id, "country") or "") for term in terms}
        return cls(Registry.of(dataset), countries, home)

    def read(self, article: Article, published: date | None = None) -> Findings:
        """All facts of an article; `published`: its day, where known from elsewhere."""
        text = article.text
        folded = Folded.of(text)
        places = self.registry.names.find_places(text, folded)
        calendar = dates_of(article, published)
        phrases = phrases_of(article)
        calendar = Calendar([day for day in calendar.dates if not _is_in_title(day, phrases)], calendar.anchor)
        printed = {day.start for day in calendar.dates if _is_printed(text, day)}
        scene = Scene(article, calendar.dates, printed, places, self.countries)
        events = happenings_of(scene, phrases)
        titles = [(phrase.start, phrase.end) for phrase in phrases if phrase.title]
        spans = [*((day.start, day.end) for day in calendar.dates), *titles]
        bodies = organizations_of(article, self.registry, folded, places, spans)
        mentions = mentions_by_sentence(article, bodies)
        agreements = agreements_of(article, mentions)
        names = {body.id: body.name for body in bodies}
        events += signings_of(scene, events, agreements, names)
        events += visits_of(scene, events, mentions, names)
        intentions = intentions_of(article, mentions, agreements)
        counts = _once(_attached(scene, counts_of(article), events))
        page = _Page(scene, calendar, bodies, events, mentions)
        return Findings(article, calendar.anchor.day, list(page.rows(agreements, intentions, counts)))


def _is_in_title(day: Dated, phrases: Sequence[Phrase]) -> bool:
    """A year that belongs to a name is no date."""
    return day.precision == "year" and any(phrase.title and phrase.start < day.end <= phrase.end for phrase in phrases)


def _is_printed(text: str, day: Dated) -> bool:
    """Whether a date only says when the article was sent."""
    return day.start < 300 and bool(DATELINE.match(text, day.start) or _DASH.match(text, day.end))


def _attached(
    scene: Scene, counts: Sequence[Counted], events: Sequence[Happening]
) -> list[tuple[Counted, Happening | None, bool]]:
    """Each count with the event of its sentence, or of one shortly before it."""
    found: list[tuple[Counted, Happening | None, bool]] = []
    for count in counts:
        sentence = scene.article.sentence_at(count.start)
        event, explicit = event_at(scene, events, sentence)
        near = event is not None and any(0 <= sentence - number <= FAR for number in event.sentences)
        found.append((count, event if near else None, explicit))
    return found


def _once(counts: Sequence[tuple[Counted, Happening | None, bool]]) -> list[tuple[Counted, Happening | None]]:
    """Each number of a thing once for each event; a repetition that names no other event is the same."""
    kept: list[tuple[Counted, Happening | None, bool]] = []
    for count, event, explicit in counts:
        same = (
            (other.number, other.what) == (count.number, count.what)
            and (event2 is event or not explicit or not explicit2)
            for other, event2, explicit2 in kept
        )
        if not any(same):
            kept.append((count, event, explicit))
    return [(count, event) for count, event, _ in kept]


@dataclass(frozen=True, eq=False)
class _Page:
    """The rows of one article."""

    scene: Scene
    calendar: Calendar
    bodies: Sequence[Body]
    events: Sequence[Happening]
    mentions: dict[int, Mentions]

    def rows(
        self,
        agreements: Sequence[Agreement],
        intentions: Sequence[Intention],
        counts: Sequence[tuple[Counted, Happening | None]],
    ) -> Iterator[Row]:
        for body in self.bodies:
            yield self._organization(body)
        for event in self.events:
            yield self._event(event, [count for count, where in counts if where is event])
        for part in parts_of(self.scene, self.events, self.mentions, agreements):
            yield self._participation(part)
        for agreement in agreements:
            yield self._agreement(agreement)
        for intention in intentions:
            yield self._intention(intention)
        for day in _distinct(self.calendar.dates):
            yield self._row(
                "dates",
                {"date": day.iso, "date_precision": _precision(day), "note": day.note, **_until(day)},
                day.start,
                day.end,
                1.0,
            )
        for count, where in counts:
            values = {"counts": str(count), "event_id": self.id_of(where) if where else None}
            yield self._row("counts", values, count.start, count.end, 0.9)

    @property
    def article(self) -> Article:
        return self.scene.article

    def id_of(self, event: Happening) -> str:
        """The same title on the same day has the same identifier in every article."""
        digest = _digest(letters_of(event.title))
        return f"ev-{event.day.iso if event.day else 'undated'}-{digest}"

    def _row(self, table: str, values: dict[str, Any], start: int, end: int, confidence: float) -> Row:
        first, last = self.article.sentences[self.article.sentence_at(start)]
        sentence = self.article.quote(first, last)
        return Row(
            table,
            {key: value for key, value in values.items() if value not in (None, "")},
            start,
            end,
            sentence,
            round(confidence, 2),
        )

    def _organization(self, body: Body) -> Row:
        start, end = body.span
        values: dict[str, Any] = {"org_id": body.id, "name": body.name, "note": body.how}
        if body.is_new:
            values["source"] = self.article.file
        return self._row("organizations", values, start, end, body.confidence)

    def _event(self, event: Happening, counts: Sequence[Counted]) -> Row:
        values: dict[str, Any] = {
            "event_id": self.id_of(event),
            "date": event.day.iso if event.day else None,
            "date_precision": _precision(event.day) if event.day else None,
            "end_date": event.day.until.isoformat() if event.day and event.day.until else None,
            "place": event.place,
            "title": event.title,
            "kind": event.kind,
            "counts": ";".join(f"{count.what}s={count.number}{count.mark}" for count in counts),
            "source": self.article.file,
            "note": event.day.note if event.day else None,
        }
        return self._row("events", values, event.start, event.end, event.confidence)

    def _participation(self, part: Part) -> Row:
        values = {
            "event_id": self.id_of(part.event),
            "org_id": part.organization,
            "role": part.role,
            "source": self.article.file,
        }
        return self._row("participations", values, part.start, part.end, part.confidence)

    def _agreement(self, agreement: Agreement) -> Row:
        event, _ = event_at(self.scene, self.events, agreement.sentence)
        day, precision = self._signed(event, agreement)
        first, last = self.article.sentences[agreement.sentence]
        values = {
            "partnership_id": "p-" + _digest(agreement.left, agreement.right, day.iso if day else self.article.file),
            "left": agreement.left,
            "right": agreement.right,
            "date": day.iso if day else None,
            "date_precision": precision,
            "kind": agreement.kind,
            "event_id": self.id_of(event) if event else None,
            "status": agreement.status,
            "source": self.article.file,
        }
        return self._row("partnerships", values, first, last, 0.7 if agreement.status == "signed" else 0.5)

    def _signed(self, event: Happening | None, agreement: Agreement) -> tuple[Dated | None, str | None]:
        """When it was signed: at its event, else on the day in its sentence, else by the day of the announcement."""
        if event and event.day:
            return event.day, _precision(event.day)
        start, end = self.article.sentences[agreement.sentence]
        days = [day for day in self.calendar.dates if start <= day.start < end and day.precision == "day"]
        return (
            (days[-1], "by" if agreement.announced else None) if days and agreement.status == "signed" else (None, None)
        )

    def _intention(self, intention: Intention) -> Row:
        event, _ = event_at(self.scene, self.events, intention.first)
        start, end = self.article.sentences[intention.first][0], self.article.sentences[intention.last][1]
        digest = _digest(intention.id, intention.subject)
        values = {
            "intention_id": "int-" + digest,
            "org_id": intention.id,
            "event_id": self.id_of(event) if event else None,
            "subject": intention.subject,
            "counterpart_as_stated": f"{intention.counterpart} (not named)",
            "source": self.article.file,
        }
        row = self._row("intentions", values, start, end, 0.6)
        return Row(row.table, row.values, start, end, self.article.quote(start, end), row.confidence)


def _digest(*parts: str) -> str:
    """The same parts make the same short text, wherever and whenever."""
    return hashlib.sha1("|".join(parts).encode(), usedforsecurity=False).hexdigest()[:10]


def _precision(day: Dated) -> str | None:
    return None if day.precision == "day" else day.precision


def _until(day: Dated) -> dict[str, str]:
    return {"end_date": day.until.isoformat()} if day.until else {}


def _distinct(days: Sequence[Dated]) -> list[Dated]:
    kept: dict[str, Dated] = {}
    for day in days:
        kept.setdefault(day.iso, day)
    return list(kept.values())

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
from matchmaker.intake.article.cue import CUES
from matchmaker.intake.article.date import DATELINE, Calendar, Dated, dates_of
from matchmaker.intake.article.event import Happening, Phrase, Scene, happenings_of, phrases_of
from matchmaker.intake.article.name import Folded, Names, letters_of
from matchmaker.intake.article.organization import Body, Registry, organizations_of
from matchmaker.intake.article.text import Article

FAR = 2  # sentences after the last word of an event in which a count still belongs to it
_VISITED = re.compile(
    r"(?i)\b(?:visited|toured|paid a visit to)\b|访问了?|考察了?|走访了?|参观了?|到访|造访"
    r"|방문했|방문해|방문하|둘러봤|시찰했"
)


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
        return cls(Registry(Names.of(dataset)), countries, home)

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
        events += _signings(scene, events, agreements, bodies)
        events += _visits(scene, events, mentions, bodies)
        intentions = intentions_of(article, mentions, agreements)
        counts = _once(_attached(article, counts_of(article), events))
        page = _Page(self, article, calendar, bodies, events, mentions)
        return Findings(article, calendar.anchor.day, list(page.rows(agreements, intentions, counts)))


def _is_in_title(day: Dated, phrases: Sequence[Phrase]) -> bool:
    """A year that belongs to a name is no date."""
    return day.precision == "year" and any(phrase.title and phrase.start < day.end <= phrase.end for phrase in phrases)


def _is_printed(text: str, day: Dated) -> bool:
    """Whether a date only says when the article was sent."""
    return bool(DATELINE.match(text, day.start)) and day.start < 300


def _signings(
    scene: Scene, events: Sequence[Happening], agreements: Sequence[Agreement], bodies: Sequence[Body]
) -> Iterator[Happening]:
    """An agreement that was signed on a day of its own is an event."""
    names = {body.id: body.name for body in bodies}
    done: set[date] = set()
    for agreement in agreements:
        days = scene.dates_in(agreement.sentence)
        if (
            not days
            or scene.is_announced(days[0])
            or days[0].start in scene.printed
            or agreement.status == "planned"
            or days[0].precision == "month"
            or agreement.sentence in {number for event in events for number in event.sentences if event.day}
        ):
            continue
        day = days[0]
        if day.first in done or any(event.first == day.first for event in events):
            continue
        done.add(day.first)
        start, end = scene.article.sentences[agreement.sentence]
        title = f"Signing: {names[agreement.left]} – {names[agreement.right]}"
        yield Happening(
            title, "signing", agreement.sentence, start, end, day, confidence=0.7, sentences={agreement.sentence}
        )


def _visits(
    scene: Scene, events: Sequence[Happening], mentions: dict[int, Mentions], bodies: Sequence[Body]
) -> Iterator[Happening]:
    """A dated visit to an organization."""
    names = {body.id: body.name for body in bodies}
    for sentence, named in mentions.items():
        start, end = scene.article.sentences[sentence]
        days = scene.dates_in(sentence)
        visited = _VISITED.search(scene.article.text, start, end)
        hosts = [mention for mention in named if visited and mention[0] >= visited.end()]
        if (
            not days
            or visited is None
            or scene.is_announced(days[0])
            or any(event.first == days[0].first for event in events)
        ):
            continue
        title = f"Visit: {names[(hosts or named)[0][2]]}"
        yield Happening(title, "visit", sentence, start, end, days[0], confidence=0.5, sentences={sentence})


def _event_at(events: Sequence[Happening], sentence: int) -> tuple[Happening | None, bool]:
    """The event that a sentence speaks of, and whether it says so; else that of the sentence before."""
    own = [event for event in events if sentence in event.sentences]
    if own:
        return min(own, key=lambda event: event.is_session), True
    before = [
        (number, event) for event in events for number in event.sentences if number < sentence and not event.is_session
    ]
    return (max(before, key=lambda pair: pair[0])[1] if before else None), False


def _attached(
    article: Article, counts: Sequence[Counted], events: Sequence[Happening]
) -> list[tuple[Counted, Happening | None, bool]]:
    """Each count with the event of its sentence, or of one shortly before it."""
    found: list[tuple[Counted, Happening | None, bool]] = []
    for count in counts:
        sentence = article.sentence_at(count.start)
        event, explicit = _event_at(events, sentence)
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

    reader: Reader
    article: Article
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
        yield from self._participations()
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
        start, end = body.mentions[0]
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

    def _participations(self) -> Iterator[Row]:
        found: dict[tuple[str, str], tuple[list[str], int, int, float]] = {}
        for sentence, named in sorted(self.mentions.items()):
            event, explicit = _event_at(self.events, sentence)
            if event is None:
                continue
            for start, end, body in named:
                role = self._role(sentence, start, end, explicit=explicit)
                shared = [
                    event,
                    *(
                        other
                        for other in self.events
                        if other.is_session and other.title == event.title and role == "organizer"
                    ),
                ]
                for one in shared:
                    roles, at, to, confidence = found.setdefault(
                        (self.id_of(one), body), ([], start, end, 0.8 if explicit else 0.4)
                    )
                    if role not in roles:
                        roles.append(role)
                    found[self.id_of(one), body] = (roles, at, to, max(confidence, 0.8 if explicit else 0.4))
        for (event_id, body), (roles, start, end, confidence) in found.items():
            said = (
                [role for role in roles if role not in ("mentioned", "participant")]
                or [role for role in roles if role != "mentioned"]
                or roles
            )
            yield self._row(
                "participations",
                {"event_id": event_id, "org_id": body, "role": ";".join(said), "source": self.article.file},
                start,
                end,
                confidence,
            )

    def _role(self, sentence: int, start: int, end: int, *, explicit: bool) -> str:
        """What the words around a name say that it did."""
        first, last = self.article.sentences[sentence]
        text = self.article.text
        before, after = text[max(first, start - 90) : start], text[end : min(last, end + 90)]
        for role, pattern in CUES.roles.items():
            if role == "organizer" and not explicit:
                continue
            place = before if role == "organizer" and text.isascii() else after
            if pattern.search(place) or (role == "organizer" and pattern.search(before + " " + after)):
                return role
        return "participant" if explicit else "mentioned"

    def _agreement(self, agreement: Agreement) -> Row:
        event, _ = _event_at(self.events, agreement.sentence)
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
        event, _ = _event_at(self.events, intention.first)
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

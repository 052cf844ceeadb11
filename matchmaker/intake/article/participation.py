"""Who took part in which event, and as what: by the words around a name, in the sentences that speak of the event."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from matchmaker.intake.article.agreement import Agreement, Mentions
from matchmaker.intake.article.cue import CUES
from matchmaker.intake.article.event import Happening, Scene

NEAR = 90  # characters around a name in which words say what it did
SAID, GUESSED = 0.8, 0.4
_ANAPHOR = CUES.pattern(CUES.tables["anaphor"])
_PLANNED = re.compile(
    r"(?i)\b(?:will|plans? to|is expected|are expected|aims? to|next month|next year)\b"
    r"|예정|계획|방침|将于|拟于|计划|明年|내년|오는"
)


@dataclass
class Part:
    """An organization at an event: what it did there, where the text first says so, and how surely."""

    event: Happening
    organization: str
    roles: list[str]
    start: int
    end: int
    confidence: float

    @property
    def role(self) -> str:
        """What it did, as far as it is told; `mentioned` where only its name stands near the event."""
        told = [role for role in self.roles if role not in ("mentioned", "participant")]
        return ";".join(told or [role for role in self.roles if role != "mentioned"] or self.roles)


def event_at(scene: Scene, events: Sequence[Happening], sentence: int) -> tuple[Happening | None, bool]:
    """The event that a sentence speaks of, and whether it says so; else the last one before it, if on no other day."""
    own = [event for event in events if sentence in event.sentences]
    if own:
        return min(own, key=lambda event: event.is_session), True
    before = [
        (number, event) for event in events for number in event.sentences if number < sentence and not event.is_session
    ]
    event = max(before, key=lambda pair: pair[0])[1] if before else None
    if event is None or _is_another_day(scene, event, sentence):
        return None, False
    return event, bool(_ANAPHOR.search(scene.article.text, *scene.article.sentences[sentence]))


def _is_another_day(scene: Scene, event: Happening, sentence: int) -> bool:
    """Whether a sentence has dates, and none of them is a day of the event."""
    start, end = scene.article.sentences[sentence]
    days = [
        day for day in scene.dates
        if start <= day.start < end and day.start not in scene.printed and not scene.is_announced(day)
    ]  # fmt: skip
    if not days or event.day is None:
        return False
    first, last = event.day.first, event.day.until or event.day.last
    return not any(day.first <= last and first <= (day.until or day.last) for day in days)


def parts_of(
    scene: Scene, events: Sequence[Happening], mentions: Mapping[int, Mentions], agreements: Sequence[Agreement]
) -> list[Part]:
    """Every organization once for each event, in the order of the text; `agreements` say who signed there."""
    found: dict[tuple[int, str], Part] = {}
    signed = {(each.sentence, who) for each in agreements if each.status == "signed" for who in (each.left, each.right)}
    for sentence, named in sorted(mentions.items()):
        event, explicit = event_at(scene, events, sentence)
        if event is None:
            continue
        planned = not explicit and _PLANNED.search(scene.article.text, *scene.article.sentences[sentence])
        for start, end, organization in named:
            role = "mentioned" if planned else _role(scene, sentence, start, end, explicit=explicit)
            role = "signatory" if (sentence, organization) in signed and role == "mentioned" else role
            for one in (event, *_sessions(events, event, role)):
                new = Part(one, organization, [], start, end, 0.0)
                part = found.setdefault((id(one), organization), new)
                part.roles += [role] * (role not in part.roles)
                part.confidence = max(part.confidence, SAID if explicit else GUESSED)
    return list(found.values())


def _sessions(events: Sequence[Happening], event: Happening, role: str) -> Iterator[Happening]:
    """Who holds an event holds each of its sessions."""
    if role == "organizer":
        yield from (other for other in events if other.is_session and other.title == event.title)


_IN = re.compile(r"\b(?:[Ii]n|[Aa]t|[Ff]rom)\s(?:the\s)?(?:[A-Z][\w-]+['’]s\s)?$|[在于]$")
_WHERE = re.compile(r"\s?(?:에서|에 (?:위치|있는))")


def _is_place(text: str, start: int, end: int) -> bool:
    """Whether a name only says where something was."""
    return bool(_IN.search(text, max(0, start - 40), start) or _WHERE.match(text, end))


def _role(scene: Scene, sentence: int, start: int, end: int, *, explicit: bool) -> str:
    """What the words around a name say that it did."""
    first, last = scene.article.sentences[sentence]
    text = scene.article.text
    if _is_place(text, start, end):
        return "mentioned"
    before, after = text[max(first, start - NEAR) : start], text[end : min(last, end + NEAR)]
    for role, pattern in CUES.roles.items():
        place = before if role == "organizer" and text.isascii() else after
        if pattern.search(place) or (role == "organizer" and pattern.search(before + " " + after)):
            return role
    return "participant" if explicit else "mentioned"

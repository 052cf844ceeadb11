"""Events that have no name of their own: agreements that were signed and visits that were paid, on a stated day."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

from matchmaker.intake.article.agreement import Agreement, Mentions
from matchmaker.intake.article.date import Dated
from matchmaker.intake.article.event import Happening, Scene

_VISITED = re.compile(
    r"(?i)\b(?:visited|toured|paid a visit to|called on|traveled to|travelled to|"
    r"(?:welcomed|hosted|received) a delegation)\b|访问了?|考察了?|走访了?|参观了?|到访|造访|拜访了?|调研"
    r"|率[^，。]{0,8}团[^，。]{0,4}[赴访抵]|방문했|방문해|방문하|둘러봤|시찰했|견학했|찾았다|찾아"
)
_SIGNED_BEFORE = re.compile(r"(?i)\b(?:signed|inked|concluded|entered into)\b[^.;]{0,60}\bon\s(?:\w+day,?\s)?$")
_SIGNED_AFTER = re.compile(r"[^，。.\n]{0,30}(?:签署|签订|签约|체결|맺)")


def signings_of(
    scene: Scene, events: Sequence[Happening], agreements: Sequence[Agreement], names: Mapping[str, str]
) -> Iterator[Happening]:
    """An agreement that was signed on a day on which nothing else was held."""
    held = {event.first for event in events}
    at_events = {number for event in events for number in event.sentences if event.day}
    for agreement in agreements:
        day = _signed_on(scene, agreement)
        if day is None or agreement.status == "planned" or agreement.sentence in at_events or day.first in held:
            continue
        held.add(day.first)
        title = f"Signing: {names[agreement.left]} – {names[agreement.right]}"
        yield _occasion(scene, title, "signing", agreement.sentence, day, 0.7)


def _signed_on(scene: Scene, agreement: Agreement) -> Dated | None:
    """The day in the sentence of the agreement, else the one that the text has for the signing."""
    days = [
        day for day in scene.dates_in(agreement.sentence)
        if not scene.is_announced(day) and day.start not in scene.printed and day.precision == "day"
    ]  # fmt: skip
    text = scene.article.text
    stated = (
        day for day in scene.dates
        if day.precision == "day" and _SIGNED_BEFORE.search(text, max(0, day.start - 90), day.start)
    )  # fmt: skip
    return next(iter(days), None) or next(stated, None)


def visits_of(
    scene: Scene, events: Sequence[Happening], mentions: Mapping[int, Mentions], names: Mapping[str, str]
) -> Iterator[Happening]:
    """A visit on a day on which nothing else was held."""
    held = {event.first for event in events}
    for sentence, named in mentions.items():
        visited = _VISITED.search(scene.article.text, *scene.article.sentences[sentence])
        days = scene.dates_in(sentence)
        if visited is None or not days or scene.is_announced(days[0]) or days[0].first in held:
            continue
        held.add(days[0].first)
        hosts = [mention for mention in named if mention[0] >= visited.end()]
        title = f"Visit: {names[(hosts or named)[0][2]]}"
        yield _occasion(scene, title, "visit", sentence, days[0], 0.5)


def _occasion(scene: Scene, title: str, kind: str, sentence: int, day: Dated, confidence: float) -> Happening:
    start, end = scene.article.sentences[sentence]
    return Happening(title, kind, sentence, start, end, day, confidence=confidence, sentences={sentence})

"""Read a line of text: what it says an organization works on, seeks and offers, what it is and where it stands.

A text is cut at its sentence ends and commas. Terms of the vocabularies are found in it, and words (the `[reading]`
table of the settings) that say what the terms near them are: a Chinese or English word governs what follows it, a
Korean one what stands before it. A kind of organization and the place before it are one party: the speaker, or the
counterpart.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple, TypeAlias

from matchmaker.dataset import Dataset
from matchmaker.vocabulary import Vocabulary, fold, is_latin

HANGUL = re.compile("[\uac00-\ud7a3]")
HAN = re.compile("[\u3400-\u9fff]")
_SENTENCE_END = re.compile(r"[;!?。；！？\n\r]|\.(?=\s|$)")
_COMMA = re.compile("[,、]")
_LONGEST_SENTENCE = 1000  # characters; the rest is read as another sentence
_CUES = ("seeks", "offers", "works", "ours", "with", "based", "not")
_SAYS = {"works": "interests", "ours": "interests", "with": "seeks"}
_LONGEST_TIE = 2  # characters between a negation and the word that it negates: `not a seller`, `찾지 않습니다`
_LONGEST_PARTY = 100  # characters between them, terms included
_LONGEST_NAME = 12  # characters between a place and the kind of organization that it belongs to: `Seoul mRNA company`


class Mention(NamedTuple):
    """A term that a text mentions: of which vocabulary, and where."""

    field: str
    term: str
    start: int
    end: int


class Cue(NamedTuple):
    """A word that says what the terms near it are; it governs what stands before it (Korean), or what follows."""

    role: str
    start: int
    end: int
    follows: bool


Roles: TypeAlias = list[tuple[Mention, tuple[str, ...]]]


@dataclass(frozen=True)
class Reading:
    """What was understood: terms by role, and the sought or dropped things that no list of a profile holds."""

    interests: tuple[str, ...] = ()
    offers: tuple[str, ...] = ()
    seeks: tuple[str, ...] = ()
    sector: str | None = None
    place: str | None = None
    country: str | None = None
    country_by: str = ""
    unused: tuple[str, ...] = ()
    dropped: tuple[str, ...] = ()


def read_line(text: str, dataset: Dataset) -> Reading:
    """What `text` says, in any language of the vocabularies."""
    home = _home(text, dataset)
    roles = _roles(text, dataset, home)
    own = {field: _own(roles, field) for field in ("sectors", "regions")}
    place = _narrowest(_beside_first(own["regions"], dataset.regions), dataset.regions)
    sought = _sought_terms(roles, dataset)
    interests, offers = (_terms(roles, role) for role in ("interests", "offers"))
    country, country_by = _country(place, home, roles, dataset)
    return Reading(
        # Who states nothing but an offer works on what it offers.
        interests=interests or offers,
        offers=offers,
        seeks=sought,
        sector=_narrowest(own["sectors"], dataset.sectors),
        place=place,
        country=country,
        country_by=country_by,
        unused=_unused(roles, dataset),
        dropped=_dropped(roles, dataset),
    )


def _home(text: str, dataset: Dataset) -> str | None:
    """The country of the side whose language the text is written in."""
    language = "ko" if HANGUL.search(text) else "zh" if HAN.search(text) else None
    return next((side.country for side in dataset.domain.sides or () if side.language == language), None)


def _roles(text: str, dataset: Dataset, home: str | None) -> Roles:
    """The terms of all sentences with their roles; the places in different sentences differ."""
    roles: Roles = []
    for number, sentence in enumerate(_sentences(text)):
        line = Line.of(sentence, dataset, home)
        offset = number * 20 * _LONGEST_SENTENCE  # one character may fold into 18
        for mention in line.mentions:
            moved = mention._replace(start=mention.start + offset, end=mention.end + offset)
            roles.append((moved, line.roles(mention)))
    return roles


def _sentences(text: str) -> Iterator[str]:
    for sentence in _SENTENCE_END.split(text):
        for start in range(0, len(sentence), _LONGEST_SENTENCE):
            yield sentence[start : start + _LONGEST_SENTENCE]


# --- what is where ------------------------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class Line:
    """A folded sentence with its terms and cues, each in the order of the text."""

    folded: str
    mentions: Sequence[Mention]
    cues: Sequence[Cue]
    words: Mapping[str, list[str]]
    dataset: Dataset
    home: str | None

    @classmethod
    def of(cls, text: str, dataset: Dataset, home: str | None) -> Line:
        """Find the terms and the cues; `home` is the country of those who write this language."""
        text = re.sub(r"(?<=[a-z])ies\b", "y", text, flags=re.IGNORECASE)  # companies, therapies: names are singular
        words, folded = dataset.domain.settings["reading"], fold(text)
        mentions = mentions_of(text, dataset)
        return cls(folded, mentions, _cues(folded, mentions, words), words, dataset, home)

    def country(self, place: str) -> str | None:
        """The country of a place."""
        country: str | None = self.dataset.regions.attribute(place, "country")
        return country

    def roles(self, mention: Mention) -> tuple[str, ...]:
        """Of `interests`, `seeks`, `offers` and `not`, what the text says of a term."""
        if mention.field == "interests":
            if role := self._in_itself(mention):
                return (role,)
            told = self._told(mention)
            return ("interests",) if told == ("seeks",) and self._is_for_means(mention) else told
        if mention.field == "sectors":
            return (self._of_party(mention, self._place_of(mention)),)
        sector = self._sector_of(mention)
        return (self._of_party(sector, mention) if sector else self._of_place(mention),)

    def _in_itself(self, mention: Mention) -> str | None:
        """The role that a term has by its own words: `license-out` is offered."""
        words = self.folded[mention.start : mention.end]
        return next((role for role in ("seeks", "offers") if words in map(fold, self.words[role])), None)

    @cached_property
    def _means(self) -> set[str]:
        """What a kind of organization is sought for: distribution, investment, a plant …"""
        attributes = (term.attributes.get("sought_as", []) for term in self.dataset.sectors.terms.values())
        return {term for terms in attributes for term in terms}

    def _is_for_means(self, mention: Mention) -> bool:
        """Whether a sought term only says what a means is for: who seeks a vaccine distributor has the vaccine."""
        if mention.term in self._means:
            return False
        means = [m for m in self.mentions if m.field == "interests" and m.term in self._means]
        means += [m for m in self.mentions if m.field == "sectors" and _sought_as(m, self.dataset.sectors)]
        return any(
            self._name(min(m.end, mention.end), max(m.start, mention.start)) and "seeks" in self.roles(m) for m in means
        )

    # --- parties

    def _sector_of(self, place: Mention) -> Mention | None:
        """The kind of organization right behind a place: `Seoul mRNA company`, `중국의 병원`."""
        return self._parties.get(place)

    @cached_property
    def _parties(self) -> dict[Mention, Mention]:
        """The places that stand right before a kind of organization, with it."""
        parties, sector = {}, None
        for mention in reversed(self.mentions):
            if mention.field == "sectors":
                sector = mention
            elif mention.field == "regions" and sector and self._name(mention.end, sector.start):
                parties[mention] = sector
        return parties

    def _place_of(self, sector: Mention) -> Mention | None:
        """The narrowest place right before a kind of organization."""
        return max((place for place, of in self._parties.items() if of == sector), default=None, key=lambda m: m.start)

    def _name(self, start: int, end: int) -> bool:
        """Whether what stands between, other than terms, is short and without a cue: the two are parts of one name."""
        between = [m for m in self.mentions if start <= m.start and m.end <= end]
        if end - start > _LONGEST_PARTY:
            return False
        length = end - start - sum({(m.start, m.end): m.end - m.start for m in between}.values())
        cut = self._cut(start, end) or any(start <= cue.start < end and cue.role != "with" for cue in self.cues)
        return not cut and length <= _LONGEST_NAME

    def _of_party(self, sector: Mention, place: Mention | None) -> str:
        """`interests` where the party is the speaker."""
        start, sector = place.start if place else sector.start, self._last(sector)
        told = self._told(Mention(sector.field, sector.term, start, sector.end))[0]
        if told == "not":
            return told
        if place and self._heads(start) and self.country(place.term) == self.home:
            return "interests"
        if self._stands_before(sector, "subject"):
            return "interests"
        return "seeks" if self._stands_before(sector, "partner") else told

    def _last(self, sector: Mention) -> Mention:
        """The last of the kinds that stand side by side: `CDMO 기업`, `biotech startup`."""
        later = (m for m in self.mentions if m.field == "sectors" and 0 <= m.start - sector.end <= 1)
        after = next((m for m in later if not _COMMA.search(self.folded[sector.end : m.start])), None)
        return self._last(after) if after else sector

    def _heads(self, start: int) -> bool:
        """Whether a noun stands behind a clause that is tied to it: `寻求医院的上海公司`."""
        return any(self.folded[:start].endswith(fold(tie)) for tie in self.words["relative"])

    def _stands_before(self, mention: Mention, kind: str) -> bool:
        """Whether a particle of that kind follows at once."""
        particles = "|".join(re.escape(fold(word)) for word in self.words[kind])
        return bool(re.match(rf"(?:{particles})(?![\uac00-\ud7a3])", self.folded[mention.end :]))

    def _of_place(self, place: Mention) -> str:
        """A place that stands alone: one's own after `based in`, else if nothing else is said."""
        lead = self._lead(place, ("based", "seeks", "offers", "with", "ours", "works", "not"))
        if lead and lead.role == "based":
            return "interests"
        told = self._told(place)
        if told[0] == "interests" and self.home and self.country(place.term) != self.home:
            return "seeks"
        return told[0]

    # --- cues

    def _told(self, mention: Mention) -> tuple[str, ...]:
        """What the nearest cue says that reaches a term; without one it is one's own."""
        follow = self._follow(mention)
        if follow:
            return ("interests",) if follow.role == "works" else (follow.role,)
        kinds = ("seeks", "offers", "works", "ours", "not")
        lead = self._lead(mention, kinds if mention.field == "interests" else ("with", *kinds))
        if lead is None:
            return ("interests",)
        if lead.role == "works":
            earlier = self._lead(mention, ("seeks", "ours", "not"), piece=True)
            if earlier and earlier.role == "seeks":
                return ("seeks", "interests") if mention.field == "interests" else ("seeks",)
        return (_SAYS.get(lead.role, lead.role),)

    def _lead(self, mention: Mention, roles: Iterable[str], piece: bool = False) -> Cue | None:
        """The nearest cue of `roles` before a term that reaches it."""
        before = [c for c in self.cues if not c.follows and c.end <= mention.start and c.role in roles]
        if not before:
            return None
        only = piece or before[-1].role in ("not", "with", "based")
        reaches = not self._cut(before[-1].end, mention.start, joined=not only)
        return before[-1] if reaches else None

    def _follow(self, mention: Mention) -> Cue | None:
        """The next cue behind a term that reaches it, a Korean one; a negation reaches the nearest list only."""
        cue = next((c for c in self.cues if c.follows and c.start >= mention.end), None)
        if cue is None or self._cut(mention.end, cue.start, joined=True):
            return None
        speakers = (m for m in self.mentions if m.field == "sectors" and mention.end <= m.end <= cue.start)
        if cue.role != "not" and any(self._stands_before(speaker, "subject") for speaker in speakers):
            return None
        if cue.role == "not" and any(mention.end < m.start and m.end <= cue.start for m in self.mentions):
            return None
        if cue.role == "works" and (sector := self._described(cue)):
            return Cue(sector, cue.start, cue.end, True)
        return cue

    def _described(self, cue: Cue) -> str | None:
        """What the party is that a Korean clause describes: `백신을 개발하는 기업을 찾습니다` seeks what it makes."""
        later = next((m for m in self.mentions if m.field == "sectors" and m.start >= cue.end), None)
        if later is None:
            return None
        place = self._place_of(later)
        between = self.folded[cue.end : place.start if place else later.start].strip()
        if between not in map(fold, self.words["describes"]):
            return None
        role = self._of_party(later, place)
        return None if role == "interests" else role

    # --- clauses

    def _cut(self, start: int, end: int, joined: bool = False) -> bool:
        """Whether a comma stands between; with `joined`, the comma of a list does not count."""
        between = self.folded[start:end]
        commas = [start + hit.start() for hit in _COMMA.finditer(between) if hit[0] == "," or not joined]
        return any(not joined or not self._is_list(comma) for comma in commas)

    def _is_list(self, comma: int) -> bool:
        """Whether a comma stands between like and like: terms of the same vocabularies."""
        left = [m for m in self.mentions if m.end <= comma and m.field != "regions"]
        right = [m for m in self.mentions if m.start > comma and m.field != "regions"]
        if not left or not right:
            return not left  # what is sought behind the comma is no term, so what stands before it is not its list
        # A Korean term with a verb behind it ends a clause; before the comma of a list stands the term alone.
        if HANGUL.search(self.folded[left[-1].end : comma]) and comma - left[-1].end > 1:
            return False
        kinds = [
            {m.field for m in side if (m.start, m.end) == (near.start, near.end)}
            for side, near in ((left, left[-1]), (right, right[0]))
        ]
        return kinds[0] == kinds[1]


def mentions_of(text: str, dataset: Dataset) -> list[Mention]:
    """The terms that a text mentions, in its order; where two overlap, the longer one, else the interest, is meant.

    A kind of organization that is sought for what it does (`sought_as`) is both: a distributor, and distribution.
    """
    vocabularies = {"interests": dataset.interests, "sectors": dataset.sectors, "regions": dataset.regions}
    every = [Mention(name, *found) for name, vocabulary in vocabularies.items() for found in vocabulary.find(text)]
    every.sort(key=lambda m: (m.start - m.end, list(vocabularies).index(m.field), m.start, m.term))
    kept: list[Mention] = []
    for mention in every:
        over = [other for other in kept if other.start < mention.end and mention.start < other.end]
        if all(_beside(other, mention, dataset.sectors) for other in over):
            kept.append(mention)
    return sorted(kept, key=lambda m: (m.start, m.field, m.term))


def _beside(one: Mention, other: Mention, sectors: Vocabulary) -> bool:
    """Whether two readings of the same words may both hold."""
    same = (one.start, one.end) == (other.start, other.end)
    return same and (one.field == other.field or one.term in _sought_as(other, sectors))


def _sought_as(mention: Mention, sectors: Vocabulary) -> list[str]:
    return sectors.attribute(mention.term, "sought_as", []) if mention.field == "sectors" else []


def _cues(folded: str, mentions: Sequence[Mention], words: Mapping[str, list[str]]) -> list[Cue]:
    """The cues outside of terms, the longest where they overlap; a negated one is a negation."""
    cues: list[Cue] = []
    taken = [(m.start, m.end) for m in mentions]
    behind = set(map(fold, words["behind"]))
    every = [(fold(word), role) for role in _CUES for word in words[role]]
    for word, role in sorted(every, key=lambda each: -len(each[0])):
        for hit in re.finditer(re.escape(word), folded):
            start, end = hit.span()
            free = not any(left < end and start < right for left, right in taken)
            if free and _is_word(folded, start, end):
                taken.append((start, end))
                cues.append(Cue(role, start, end, word in behind or bool(HANGUL.search(word))))
    return list(_negated(folded, sorted(cues, key=lambda cue: cue.start)))


def _negated(folded: str, cues: list[Cue]) -> Iterator[Cue]:
    for position, cue in enumerate(cues):
        beside = cues[position + 1 : position + 2] if cue.follows else cues[max(position - 1, 0) : position]
        gaps = [folded[min(cue.end, c.end) : max(cue.start, c.start)].strip() for c in beside if c.role == "not"]
        tied = any(len(gap) <= _LONGEST_TIE and not _COMMA.search(gap) for gap in gaps)
        yield cue._replace(role="not") if tied and cue.role != "ours" else cue


def _is_word(folded: str, start: int, end: int) -> bool:
    """Latin cues are whole words."""
    before, after = folded[start - 1 : start], folded[end : end + 1]
    return not (is_latin(folded[start]) and ((before and is_latin(before)) or (after and is_latin(after))))


# --- what is said -------------------------------------------------------------------------------------------------


def _own(roles: Roles, field: str) -> list[str]:
    return [mention.term for mention, found in roles if mention.field == field and "interests" in found]


def _terms(roles: Roles, role: str) -> tuple[str, ...]:
    """The interests of a role; what says the same as an own kind of organization is that kind."""
    spans = {(m.start, m.end) for m, found in roles if m.field == "sectors" and "interests" in found}
    stated = (m for m, found in roles if m.field == "interests" and role in found)
    return tuple(dict.fromkeys(m.term for m in stated if (m.start, m.end) not in spans))


def _sought_terms(roles: Roles, dataset: Dataset) -> tuple[str, ...]:
    """Sought interests, and those that a sought kind of organization stands for."""
    spans = {(m.start, m.end) for m, _ in roles if m.field == "interests"}
    stands_for = [
        term
        for m, found in roles
        if m.field == "sectors" and "seeks" in found and (m.start, m.end) not in spans
        for term in _sought_as(m, dataset.sectors)
        if term in dataset.interests
    ]
    return tuple(dict.fromkeys((*_terms(roles, "seeks"), *stands_for)))


def _unused(roles: Roles, dataset: Dataset) -> tuple[str, ...]:
    """Sought kinds and places that no list of a profile holds; a whole country is but the other side."""
    sought = [m for m, found in roles if "seeks" in found]
    sectors = [m for m in sought if m.field == "sectors" and not _sought_as(m, dataset.sectors)]
    places = [m for m in sought if m.field == "regions" and dataset.regions.terms[m.term].parent]
    return _labels(dataset, (*sectors, *places))


def _dropped(roles: Roles, dataset: Dataset) -> tuple[str, ...]:
    """What the text denies, each span once."""
    denied = {(m.start, m.end): m for m, found in reversed(roles) if "not" in found}
    return _labels(dataset, reversed(denied.values()))


def _labels(dataset: Dataset, mentions: Iterable[Mention]) -> tuple[str, ...]:
    labels = (getattr(dataset, mention.field).label(mention.term) for mention in mentions)
    return tuple(dict.fromkeys(labels))


def _narrowest(terms: list[str], vocabulary: Vocabulary) -> str | None:
    """The first term, or a narrower one of it that is named as well."""
    narrowest = next(iter(terms), None)
    for term in terms:
        if narrowest in vocabulary.ancestors(term):
            narrowest = term
    return narrowest


def _beside_first(places: list[str], regions: Vocabulary) -> list[str]:
    """The places in the country of the first, or only that one: a place across the border is not one's own as well."""
    return [place for place in places if regions.root(place) == regions.root(places[0])]


def _country(place: str | None, home: str | None, roles: Roles, dataset: Dataset) -> tuple[str | None, str]:
    """The country of one's own place; else of the side that writes so; else across the border from what is sought."""
    if place is not None:
        return dataset.regions.attribute(place, "country"), ""
    if home:
        return home, "by its language"
    sought = {
        dataset.regions.attribute(m.term, "country") for m, found in roles if m.field == "regions" and "seeks" in found
    }
    others: list[Any] = [side.country for side in dataset.domain.sides or () if side.country not in sought]
    return (others[0], "across from what it names") if len(others) == 1 else (None, "")

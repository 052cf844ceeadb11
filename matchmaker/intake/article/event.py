"""The events of an article: what was held, by the words that end its title, when and where."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property

from matchmaker.intake.article.cue import CUES, one_of
from matchmaker.intake.article.date import MONTHS, Dated
from matchmaker.intake.article.english import Word, english_runs
from matchmaker.intake.article.name import Named, letters_of
from matchmaker.intake.article.text import Article

_ONLY_IN_NAMES = (
    "week",
    "fair",
    "festival",
    "dialogue",
    "convention",
    "show",
    "meeting",
    "consultation",
    "business meeting",
)  # small, they are something else
LONGEST_TITLE = 160
CEREMONIES = frozenset(["signing", "inauguration"])
ALIKE = 82.0  # likeness in percent at which two titles are one event's
_LATIN = [word for word in CUES.event_kinds if word.isascii()]
_OTHER = [word for word in CUES.event_kinds if not word.isascii()]
_NOUN = re.compile(rf"\b{one_of(_LATIN)}s?\b|{one_of(_OTHER)}", re.IGNORECASE)
_SMALL_NOUN = re.compile(_NOUN.pattern)
_QUOTES = re.compile(
    r"“[^“”\n]{3,150}”|\"[^\"\n]{3,150}\"|‘[^‘’\n]{3,150}’|(?<!\w)'[^'\n]{3,150}'|「[^」\n]{3,120}」|『[^』\n]{3,120}』"
    r"|《[^》\n]{3,120}》|〈[^〉\n]{3,120}〉|<[^<>\n]{3,120}>|＜[^＞\n]{3,120}＞"
)
_THIS = re.compile(
    r"(?:\b(?:this|the|these|at the|such|same)(?:\s[\w-]+){0,3}\s"
    r"|이번\s?(?:\S{1,8}\s)?|이\s|同|该|本次|此次|本届|这次|해당\s|동\s)$",
    re.IGNORECASE,
)
_AFTER_QUOTE = re.compile(
    rf"\s?(?:{one_of([*_OTHER, '행사', '活动'])}|(?i:event|meeting|conference|forum|exhibition|seminar)\b)"
)
_STOP_ZH = re.compile(
    "(?:举行的?|举办的?|召开的?|出席了?|参加了?|参与|参展|承办的?|主办的?|协办的?|组织|在|于|由|日|与会|记者|获悉|介绍|表示|期间|通过|作为|"
    "以及|为期|拟|将|已|了|是|对|向|从|借助|依托|当天|当日|上午|下午|今天|昨天|近日|日前|共同|联合|[一两多]次|一届|成功|首次|同期|随后|这|该|此次|本次|本届|等|的|(?<=[\\d一两二三多首每])场)"
)
_TITLE_ZH = re.compile(r"[A-Za-z0-9一-鿿（）()·—–\-&“”]+$")
_MARKED = re.compile(
    r"第.{1,4}[届次회]|제?\s?\d{1,4}\s?[회차]|\b\d{1,4}(?:st|nd|rd|th)\b|(?:19|20)\d\d"
    r"|\b(?:First|Second|Third|Fourth|Fifth|Annual)\b"
)
_NO_FAIR_TEXT = "In Since By Of And During Copyright Year Spring Summer Autumn Fall Winter Early Late Mid Until From"
_NO_FAIR = frozenset(_NO_FAIR_TEXT.split())
_BULLETS = "△▲▷▶○●◇◆□■※•"
_CASE_KO = re.compile(
    r"(?:은|는|을|를|에서|에게|으로|와|과|에|이|가|로|도|등|까지|부터|며|고|서|던|된|한|하는|의|해|하여|되어|열린|열리는|개최되는|개최된|개최한|위한|하기|할|및|간)$"
)
_STOPS_KO_TEXT = """이번 이날 최근 공동 이어 또 또한 특히 지난 오는 현지 각각 당시 국내 등 및 맞아 통해 위해 따라 함께
대규모 이에 앞서 한편 매년 올해"""
_STOPS_KO = frozenset(_STOPS_KO_TEXT.split())
_NO_EVENT = re.compile(
    r"(?:실|장|업|원|처|국|소|센터|를 위한 위원|체|측)|(?:中心|馆|室|厅|组委)"
    r"|\s?(?:[Hh]all|[Cc]enter|[Cc]entre|[Rr]oom|[Oo]rganizers?|[Mm]inutes)\b"
    r"|\s?(?:&|and) (?:Convention|Exhibition|Conference)\b"
)
_PLACE_BEFORE = re.compile(r"(?:\b(?:in|at)(?:\s[\w'-]+,?){0,2}\s|在|于|于中国|在中国|在韩国)$", re.IGNORECASE)
_PLACE_AFTER = re.compile(
    r"^(?:시|市)?\s?(?:에서|서\s|[가-힣 ]{0,24}(?:호텔|센터|에서)|[一-鿿]{0,14}(?:举行|举办|召开|开幕))"
)
_ATTENDED = re.compile(
    r"(?i)\battend(?:ed|s|ing)?\b|\bparticipat|\btook part\b|출席|参加|参展|出席|亮相|참가|참석|참여"
)
_TOLD_AFTER = re.compile(
    r"\s?(?:\([^()]{1,6}\)\s?)?(?:(?:announced|said|reported)\b|밝혔|전했|발표했|알렸|밝힌|表示|宣布|介绍|通报|从[^，。]{2,25}(?:获悉|了解到|得知))"
)
_TOLD_BEFORE = re.compile(r"\b(?:said|announced|told|reported)\s(?:on\s)?$")
_AT_BEFORE = re.compile(r"\b(?:at|during|at the (?:opening|close|start) of|on the sidelines of)\s(?:the\s)?[“\"'‘]?$")
_AT_AFTER = re.compile(r"[”\"'’》」]?\s?(?:에서|기간|期间|上)")
_RESPECTIVE = re.compile(r"(?i)respectively|分别|각각")


_VERB_AT_END = re.compile(r"\s(?:Held|Opens?|Opened|Concludes?|Concluded|Begins|Kicks Off|Takes Place|Ends)$")


@dataclass
class Phrase:
    """A word for an event at `start:end` of the text, with the title that ends in it, if it has one."""

    start: int
    end: int
    title: str
    kind: str
    refers: bool
    quoted: bool = False


@dataclass
class Happening:
    """An event of an article, with the sentences that speak of it."""

    title: str
    kind: str
    sentence: int
    start: int
    end: int
    day: Dated | None = None
    place: str = ""
    confidence: float = 0.6
    places: set[str] = field(default_factory=set)
    sentences: set[int] = field(default_factory=set)
    aliases: list[str] = field(default_factory=list)
    cores: list[str] = field(default_factory=list)
    is_session: bool = False

    @property
    def first(self) -> date | None:
        """Its first day."""
        return self.day.first if self.day else None


def phrases_of(article: Article) -> list[Phrase]:
    """Every word for an event, in the order of the text, with titles where there are some."""
    text = article.text
    quotes = [(found.start() + 1, found.end() - 1) for found in _QUOTES.finditer(text)]
    nouns = [
        found
        for found in _nouns(text)
        if not _NO_EVENT.match(text, found.end())
        and not (found[0].startswith(_ONLY_IN_NAMES) and not _is_meant(text, found))
    ]
    runs = _runs_at(article, nouns)
    phrases: list[Phrase] = []
    for phrase in sorted(
        [*(_phrase(article, found, quotes, runs) for found in nouns), *_named_by_year(article)],
        key=lambda each: each.start,
    ):
        if phrases and phrase.start < phrases[-1].end:
            phrases[-1] = _longer(phrases[-1], phrase)
        else:
            phrases.append(phrase)
    return _with_named_by_what_follows(text, quotes, phrases)


_NAME_AND_YEAR = re.compile(r"\b(?:[A-Z][\w&-]{1,20}\s){1,5}(?:19|20)\d\d\b(?![,.]?\d)")


def _named_by_year(article: Article) -> Iterator[Phrase]:
    """`BIO KOREA 2024`: a name that ends in a year, and no date, is a fair's."""
    for found in _NAME_AND_YEAR.finditer(article.text):
        words = found[0].split()[:-1]
        if words[-1] not in _NO_FAIR and not any(word in MONTHS for word in words):
            yield Phrase(*found.span(), article.quote(*found.span()), "exhibition", refers=False)


def _is_meant(text: str, found: re.Match[str]) -> bool:
    """`the fair`: a word that is an event in names only, of one that was named before."""
    return found[0] in ("fair", "show", "convention", "festival") and text[
        max(0, found.start() - 4) : found.start()
    ].endswith(("The ", "the "))


def _nouns(text: str) -> Iterator[re.Match[str]]:
    """Words for events; they are looked for in small letters, which is ten times faster than whatever their case."""
    small = text.lower()
    if len(small) != len(text):
        yield from _NOUN.finditer(text)
        return
    for found in _SMALL_NOUN.finditer(small):
        if same := _NOUN.match(text, found.start()):
            yield same


def _longer(left: Phrase, right: Phrase) -> Phrase:
    return right if len(right.title) >= len(left.title) else left


def _runs_at(article: Article, nouns: Sequence[re.Match[str]]) -> list[list[Word]]:
    """Stretches of words with capitals in the sentences with a Latin word for an event."""
    numbers = dict.fromkeys(
        article.sentence_at(found.start()) for found in nouns if found[0][0].isupper() and found[0].isascii()
    )
    return [run for number in numbers for run in english_runs(article.text, *article.sentences[number])]


def _phrase(
    article: Article, found: re.Match[str], quotes: Sequence[tuple[int, int]], runs: Sequence[list[Word]]
) -> Phrase:
    text, word = article.text, found[0].casefold()
    kind = CUES.event_kinds.get(word) or CUES.event_kinds[word.removesuffix("s")]
    start, end, quoted = found.start(), found.end(), False
    if around := next(((a, b) for a, b in quotes if a <= start and end <= b and _is_title(text[a:b], end - a)), None):
        start, end, quoted = *around, True
    elif found[0].isascii():
        if found[0][0].isupper():
            start, end = _english_title(text, found, runs)
    elif "가" <= word[0] <= "힣":
        start = _korean_title(text, found.start(), article.sentences[article.sentence_at(found.start())][0])
    else:
        start = _chinese_title(text, found.start())
    title = _VERB_AT_END.sub("", article.quote(start, end)).strip(" ,·-")
    bare = start == found.start() and not quoted
    is_name = quoted or bool(_MARKED.search(title)) or (title.isascii() and len(title.split()) > 2)
    refers = not is_name and bool(_THIS.search(text, max(0, start - 40), start))
    return Phrase(start, end, "" if bare else title, kind, refers, quoted)


def _is_title(content: str, end: int) -> bool:
    """A quotation is a title where it ends in the word, or nearly so, and begins as a title does."""
    rest = content[end:].strip()
    if content.isascii() and not content[:1].isupper() and not content[:1].isdigit():
        return False
    return len(rest) <= 2 or (bool(re.match(r"[-–—(:：,~]|\s?(?:in|at|20\d\d|19\d\d)\b", rest)) and len(rest) < 40)


def _english_title(text: str, found: re.Match[str], runs: Sequence[list[Word]]) -> tuple[int, int]:
    for run in runs:
        if run[0].start <= found.start() and found.end() <= run[-1].end:
            words = [word for word in run if word.text not in ("The", "At", "During", "In", "On")] or run
            last = max(k for k, word in enumerate(words) if word.start <= found.start())
            tail = words[last + 1 :]
            closing = words[-1] if tail and tail[0].text in ("on", "of", "for", "and", "in") else words[last]
            ends = closing.start + len(closing.text)
            year = re.search(r"(?:19|20)\d\d\s$", text[max(0, words[0].start - 5) : words[0].start])
            return words[0].start - (5 if year else 0), max(ends, found.end())
    return found.start(), found.end()


def _chinese_title(text: str, noun: int) -> int:
    left = _TITLE_ZH.search(text, max(0, noun - 50), noun)
    if left is None:
        return noun
    start = left.start()
    for stop in _STOP_ZH.finditer(text, start, noun):
        if not re.match(r"\d{4}年", text[stop.start() - 4 : stop.end()]):
            start = stop.end()
    if since := re.match(r"[自从](?:19|20)\d\d年", text[start:noun]):
        return start + since.end()
    marked = re.search(r"(?:19|20)\d\d年?(?=[一-鿿第（(])|第[一二三四五六七八九十百\d]{1,4}届|“|首届", text[start:noun])
    if marked and not re.match(r"(?:19|20)\d\d年\d", text[start + marked.start() :]):
        return start + marked.start()
    while start < noun and text[start] in "）)”-—–·":
        start += 1
    return start


def _korean_title(text: str, noun: int, floor: int) -> int:
    """Words before the noun without particles; the title may have `와`, `및` and `·` within after an ordinal."""
    start, words = noun, 0
    while words < 8:
        left = text[max(floor, start - 25) : start]
        if words == 0 and left and not left[-1].isspace():
            piece = re.search(rf"[^\s,.'\"‘’“”()「」『』<>{_BULLETS}]+$", left)
            if piece is None:
                break
            word = piece[0]
        else:
            piece = re.search(rf"([^\s,.'\"‘’“”「」『』<>{_BULLETS}]+)\s$", left)
            if piece is None:
                break
            word = piece[1]
            if (
                word in _STOPS_KO
                or (len(word) > 1 and _CASE_KO.search(word) and not re.search(r"\d", word))
                or re.fullmatch(r"\d{1,2}[일월]|.*[은는을를]", word)
            ):
                break
            if re.search(r"\d일|\d월|\d시", word):
                break
        start -= len(piece[0])
        words += 1
        if re.match(r"제?\d+[회차]", word) and not re.search(r"(?:19|20)\d\d\s$", text[max(floor, start - 6) : start]):
            break
    return start


_HELD_AFTER_QUOTE = re.compile(
    r"(?:[을를이가](?:\s[^\s.]{1,12}){0,3}\s(?:개최|열[고었린렸려]|진행했|마련했)|(?:活动)?(?:正式|成功|隆重)?(?:举行|举办|召开|开幕))"
)


def _with_named_by_what_follows(text: str, quotes: Sequence[tuple[int, int]], phrases: list[Phrase]) -> list[Phrase]:
    """`'K-Medi Package' 행사`, `'K-Medi Package'를 열고`: what follows a quotation says that it is a title."""
    for start, end in quotes:
        after = _AFTER_QUOTE.match(text, end + 1) or _HELD_AFTER_QUOTE.match(text, end + 1)
        if after is None or end - start > LONGEST_TITLE or any(start <= phrase.start < end for phrase in phrases):
            continue
        word = after[0].strip().casefold()
        phrases = [phrase for phrase in phrases if not after.start() <= phrase.start < after.end()]
        kind = CUES.event_kinds.get(word, "forum" if word in ("meeting", "conference") else "docking")
        phrases.append(Phrase(start, end, " ".join(text[start:end].split()), kind, refers=False, quoted=True))
    return sorted(phrases, key=lambda phrase: phrase.start)


# --- from phrases to events ---------------------------------------------------------------------------------------


@dataclass
class Scene:
    """What stands around the events of an article: dates, places, names and where they are."""

    article: Article
    dates: Sequence[Dated]
    printed: set[int]
    places: Sequence[Named]
    countries: frozenset[str]

    @cached_property
    def _by_sentence(self) -> dict[int, list[Dated]]:
        found: dict[int, list[Dated]] = {}
        for day in self.dates:
            if day.precision != "year":
                found.setdefault(self.article.sentence_at(day.start), []).append(day)
        return found

    def dates_in(self, sentence: int) -> list[Dated]:
        """Days and months in a sentence, that of its dateline only if there is no other."""
        found = self._by_sentence.get(sentence, [])
        found = [day for day in found if day.start not in self.printed] or found
        return [day for day in found if not self.is_announced(day)]

    def dates_of(self, phrase: Phrase, sentence: int) -> list[Dated]:
        """Those in its sentence; a ceremony that is only called so is held when the sentence before it says."""
        found = self.dates_in(sentence)
        if found or phrase.title or phrase.kind not in CEREMONIES or not sentence:
            return found
        return [day for day in self.dates_in(sentence - 1) if day.start not in self.printed]

    def is_announced(self, day: Dated) -> bool:
        """Whether a date says only when something was told."""
        text = self.article.text
        return bool(_TOLD_AFTER.match(text, day.end) or _TOLD_BEFORE.search(text, max(0, day.start - 16), day.start))

    def places_in(self, sentence: int) -> list[Named]:
        """Places in a sentence, countries left out."""
        start, end = self.article.sentences[sentence]
        return [place for place in self.places if start <= place.start < end and place.id not in self.countries]


def happenings_of(scene: Scene, phrases: Sequence[Phrase]) -> list[Happening]:
    """Events that took or take place, each once, with the sentences that speak of them."""
    events: list[Happening] = []
    for phrase in phrases:
        sentence = scene.article.sentence_at(phrase.start)
        said = _said_of(scene, phrase, sentence)
        known = _known(events, phrase, said, scene, sentence)
        if known is None:
            known = _new(scene, phrase, sentence, said)
            if known is None:
                continue
            events.append(known)
        _add(known, phrase, sentence, said, scene)
        if said and _RESPECTIVE.search(scene.article.text, *scene.article.sentences[sentence]):
            events.extend(_sessions(events, known, phrase, sentence, scene))
    if len(events) == 1 and events[0].day is None:
        events[0].day = _only_day(scene, events[0])
    headline = scene.article.headline
    told = {event.kind for event in events if event.end > headline}
    return [event for event in events if event.end > headline or event.day or event.kind not in told]


def _only_day(scene: Scene, event: Happening) -> Dated | None:
    """The one day that the sentence before the one event of an article states."""
    days = [
        day
        for sentence in range(max(0, event.sentence - 1), event.sentence)
        for day in scene.dates_in(sentence)
        if day.start not in scene.printed and day.precision == "day"
    ]
    return days[0] if len({day.first for day in days}) == 1 else None


def _said_of(scene: Scene, phrase: Phrase, sentence: int) -> bool:
    """Whether the sentence says, near the phrase, that it is held."""
    start, end = scene.article.sentences[sentence]
    text = scene.article.text
    if CUES.held.search(text, max(start, phrase.start - 60), min(end, phrase.end + 120)):
        return True
    if phrase.title and not phrase.refers and _ATTENDED.search(text, max(start, phrase.start - 25), phrase.start):
        return True
    there = _AT_BEFORE.search(text, max(start, phrase.start - 30), phrase.start) or _AT_AFTER.match(text, phrase.end)
    return bool(there and phrase.title and not phrase.refers)


def _known(events: Sequence[Happening], phrase: Phrase, said: bool, scene: Scene, sentence: int) -> Happening | None:
    """The event that a phrase speaks of: `this forum` the last of its kind, a title the likest one."""
    if not events:
        return None
    if phrase.title and not phrase.refers:
        return _alike(events, phrase, said, scene, sentence)
    same = [event for event in events if event.kind == phrase.kind and not event.is_session]
    if phrase.refers or not said:
        return same[-1] if same else None
    days = {day.first for day in scene.dates_in(sentence)}
    return next((event for event in reversed(same) if not days or event.first is None or event.first in days), None)


def _alike(events: Sequence[Happening], phrase: Phrase, said: bool, scene: Scene, sentence: int) -> Happening | None:
    from rapidfuzz import fuzz

    beside = events[-1]
    if phrase.start - beside.end < 100 and beside.sentence == sentence and beside.kind == phrase.kind and said:
        return beside
    title = _core(scene, phrase)
    places = _places_of(scene, phrase, sentence)
    nearest = _nearest(scene, phrase, sentence) if said else None
    ranked: list[tuple[bool, float, int, Happening]] = []
    for number, event in enumerate(events):
        likeness = max(
            fuzz.partial_ratio(title, core) if min(len(title), len(core)) > 3 else 0.0 for core in event.cores or [""]
        )
        if likeness < ALIKE or (nearest and event.day and not _same_day(event.day, nearest)):
            continue
        ranked.append((bool(places & event.places), likeness, number, event))
    return max(ranked)[3] if ranked else None


def _same_day(left: Dated, right: Dated) -> bool:
    return left.first <= (right.until or right.last) and right.first <= (left.until or left.last)


def _core(scene: Scene, phrase: Phrase) -> str:
    """A title without its number, its year and its places, as letters."""
    title = scene.article.text[phrase.start : phrase.end]
    for place in reversed(scene.places_in(scene.article.sentence_at(phrase.start))):
        if phrase.start <= place.start and place.end <= phrase.end:
            title = title[: place.start - phrase.start] + " " + title[place.end - phrase.start :]
    return letters_of(_MARKED.sub("", title))


def _new(scene: Scene, phrase: Phrase, sentence: int, said: bool) -> Happening | None:
    proper = bool(phrase.title) and (phrase.quoted or _is_proper(phrase.title))
    dated = bool(scene.dates_of(phrase, sentence))
    start, end = scene.article.sentences[sentence]
    attended = bool(_ATTENDED.search(scene.article.text, start, end))
    if not ((said and (proper or dated)) or (proper and (attended or _MARKED.search(phrase.title)))):
        return None
    if phrase.refers and not proper and phrase.kind not in CEREMONIES:
        return None
    title = phrase.title or scene.article.quote(phrase.start, phrase.end)
    return Happening(title, phrase.kind, sentence, phrase.start, phrase.end, confidence=0.8 if said and proper else 0.6)


def _is_proper(title: str) -> bool:
    """A name, not a kind: marked by number or year, several capitals, or long enough to be one."""
    if _MARKED.search(title):
        return True
    if title.isascii():
        return sum(word[:1].isupper() for word in title.split()) >= 2
    return len(letters_of(title)) >= 7


def _add(event: Happening, phrase: Phrase, sentence: int, said: bool, scene: Scene) -> None:
    if phrase.title and phrase.title not in (event.title, *event.aliases):
        if event.day is None and len(phrase.title) > len(event.title) and said:
            event.aliases.append(event.title)
            event.title = phrase.title
        else:
            event.aliases.append(phrase.title)
    if phrase.title and (core := _core(scene, phrase)) not in event.cores:
        event.cores.append(core)
    event.sentences.add(sentence)
    if event.day is None and not scene.dates_in(sentence) and scene.dates_of(phrase, sentence):
        event.sentences.add(sentence - 1)
    if said and event.day is None and (day := _nearest(scene, phrase, sentence)):
        event.day = day
        event.sentence, event.start, event.end = sentence, phrase.start, phrase.end
    event.places |= _places_of(scene, phrase, sentence)
    if said and not event.place:
        event.place = _place_of(scene, phrase, sentence)


def _nearest(scene: Scene, phrase: Phrase, sentence: int) -> Dated | None:
    """The date nearest to the phrase in its sentence, not within its title."""
    days = [day for day in scene.dates_of(phrase, sentence) if not phrase.start <= day.start < phrase.end]
    latin = text_is_latin(scene, phrase)
    return min(days, key=lambda day: (_distance(phrase, day, latin=latin), day.start), default=None)


def text_is_latin(scene: Scene, phrase: Phrase) -> bool:
    """Whether the words of a phrase are Latin."""
    return scene.article.text[phrase.end - 1].isascii()


def _distance(phrase: Phrase, day: Dated, *, latin: bool) -> int:
    """Characters between a phrase and a date; in English, a date belongs to what stands before it."""
    return (day.start - phrase.end) // (3 if latin else 1) if day.start >= phrase.end else phrase.start - day.end


def _places_of(scene: Scene, phrase: Phrase, sentence: int) -> set[str]:
    within = {place.id for place in scene.places_in(sentence) if phrase.start <= place.start < phrase.end}
    return within or {place.id for place in scene.places_in(sentence)}


def _place_of(scene: Scene, phrase: Phrase, sentence: int) -> str:
    text = scene.article.text
    places = [place for place in scene.places_in(sentence) if not phrase.start <= place.start < phrase.end]
    for place in places:
        if _PLACE_BEFORE.search(text, max(0, place.start - 25), place.start) or _PLACE_AFTER.match(
            text[place.end : place.end + 40]
        ):
            return place.id
    inner = [place.id for place in scene.places_in(sentence) if phrase.start <= place.start < phrase.end]
    return inner[0] if inner and not places else ""


def _sessions(
    events: Sequence[Happening], event: Happening, phrase: Phrase, sentence: int, scene: Scene
) -> Iterator[Happening]:
    """`in A and B on the 1st and the 2nd respectively`: the same event once for each day."""
    days = scene.dates_in(sentence)
    places = [
        place.id for place in scene.places_in(sentence) if place.start >= phrase.start or place.end <= phrase.start
    ]
    if len(days) < 2:
        return
    for number, day in enumerate(days):
        place = places[number] if len(places) == len(days) else ""
        if event.day and day.first == event.day.first:
            event.place = event.place or place
            continue
        if any(other.first == day.first and other.title == event.title for other in events):
            continue
        yield Happening(
            event.title,
            event.kind,
            sentence,
            phrase.start,
            phrase.end,
            day,
            place,
            event.confidence,
            {place} - {""},
            {sentence},
            is_session=True,
        )

"""Names of organizations in English by their form: how they end, what they are called, and the lists they stand in."""

from __future__ import annotations

import re
from collections.abc import Container, Iterator, Sequence
from itertools import pairwise
from typing import NamedTuple

from matchmaker.intake.article.cue import CUES
from matchmaker.intake.article.date import MONTHS, WEEKDAYS
from matchmaker.intake.article.name import LEGAL_FORM, LISTED, STRONG, WEAK, Named, with_legal_form
from matchmaker.intake.article.text import FILLER, Article
from matchmaker.names.line import country_names

MOST_WORDS = 40
_EN = CUES.name("en")
_HEADS, _WEAK_HEADS, _OF = (frozenset(_EN[key]) for key in ("ends", "weak", "of"))
_TITLES, _GENERIC = frozenset(_EN["titles"]), frozenset(_EN["generic"])
_EVENT_HEADS = frozenset(word.split()[-1].title() for kind in CUES.tables["event"].values() for word in kind["en"])
_MONTHS = frozenset(MONTHS)
_DAYS = frozenset(WEEKDAYS)
_CAPITAL = re.compile("[A-Z]")
_WORD = re.compile(rf"[A-Za-z0-9À-ɏ][\w&’'{FILLER}./-]*|[(),;:&·]|\S")
_JOINS = frozenset({"of", "and", "for", "the", "&", "de", "on", "in", "·"})


class Word(NamedTuple):
    """A word of an English sentence and where it stands."""

    text: str
    start: int
    end: int


def english_names(article: Article, places: Sequence[Named], known: Sequence[Named]) -> Iterator[Named]:
    """Names in the sentences of `article`, in which `places` and `known` organizations are named."""
    spots = {(place.start, place.end) for place in places}
    starts = {named.start for named in known}
    for start, end in article.sentences:
        if not _CAPITAL.search(article.text, start, end) or article.text[start:end].isupper():
            continue
        words = _words(article.text, start, end)
        for run in _runs(words):
            for piece in _pieces(run):
                if named := _judged(article.text, piece):
                    yield named
                else:
                    yield from _witnessed(article.text, piece, spots)
        yield from _english_list(article.text, words, starts)
        yield from _introduced(article.text, words)


# --- names that nothing but the words around them tells: `Sunray, a maker of …`, `signed with Sunray`, `CEO of Sunray`

_FIRM = rf"(?:{'|'.join(_EN['introduces'])})"
_APPOSED = re.compile(rf"(?:\s\([^()]{{1,40}}\))?,\s(?:an?|the|one of)\s(?:[\w'’-]{{1,20}}\s){{0,6}}?{_FIRM}s?\b")
_LISTED_AT = re.compile(r"\s\((?:KOSDAQ|KOSPI|KRX|NASDAQ|Nasdaq|NYSE|HKEX|SSE|SZSE|HK|TSE)\b")
_HAS_CHIEF = re.compile(r"(?:['’]s)?\s(?:CEO|CTO|CFO|COO|[Cc]hief [Ee]xecutive|[Cc]o-?founder|[Ff]ounder)\b")
_CHIEF_OF = re.compile(
    r"\b(?:CEO|CTO|CFO|COO|[Cc]hief (?:\w+ )?[Oo]fficer|[Cc]hief [Ee]xecutive|[Ff]ounder|[Cc]hair(?:wo)?man)\s"
    r"of\s(?:the\s)?$"
)
_PARTNER = re.compile(
    r"\b(?:sign|ink|conclud|agreement|contract|deal|MOU|MoU|memorandum|partner|pact|joint venture)[^.;]{0,80}\b"
    r"with\s(?:the\s)?$"
)
_SIGNS = re.compile(
    r"(?:\sand\s(?:the\s)?(?:[A-Z][\w&'-]{1,20}\s(?:of\s)?){1,9}|\s)(?:has\s|have\s|had\s)?(?:also\s|later\s)?"
    r"(?:signed|inked|agreed\sto|entered\sinto|sealed|struck|partnered)\b"
)
_HOST = re.compile(r"\b(?:hosted|organi[sz]ed|arranged|sponsored)\sby\s(?:[^.;()]{0,70}?(?:and|,)\s)?(?:the\s)?$")
_SURNAMES_TEXT = """kim lee park choi jung jeong kang cho yoon jang lim han oh seo shin kwon hwang ahn song ryu hong
jeon ko moon son yang bae baek heo nam yoo zhang wang li liu chen huang zhao wu zhou xu sun ma zhu hu guo he lin luo
gao zheng liang xie tang feng yu dong xiao cheng cao yuan deng fu shen zeng peng lu su jiang cai jia ding wei xue ye"""
_SURNAMES = frozenset(_SURNAMES_TEXT.split())
_GIVEN = re.compile(r"[A-Z][a-z]+-[a-z]+$")


def _witnessed(text: str, words: Sequence[Word], places: Container[tuple[int, int]]) -> Iterator[Named]:
    if not words or words[-1].text in _EVENT_HEADS:
        return
    for piece in _at_and(list(words)):
        start, end = piece[0].start, piece[-1].start + len(piece[-1].text)
        if (start, end) in places or not _is_unusual(piece):
            continue
        if how := _witness(text, start, end):
            yield Named(start, end, "", how, LISTED)


def _witness(text: str, start: int, end: int) -> str | None:
    """What the words around a name say of it, if that is what an organization is."""
    if _APPOSED.match(text, end) or _LISTED_AT.match(text, end):
        return "called a company"
    if _HAS_CHIEF.match(text, end) or _CHIEF_OF.search(text, max(0, start - 60), start):
        return "has a chief executive"
    signs = _SIGNS.match(text, end) or _PARTNER.search(text, max(0, start - 120), start)
    if signs or _HOST.search(text, max(0, start - 120), start):
        return "a party of an agreement" if signs else "a host"
    return None


def _is_unusual(words: Sequence[Word]) -> bool:
    """Neither a kind of thing nor a person nor a country."""
    if not _is_distinct(words) or len(words) > 4 or any(word.text in _TITLES or not word.text for word in words):
        return False
    folded = [word.text.casefold() for word in words]
    person = len(words) <= 3 and (
        folded[0] in _SURNAMES or folded[-1] in _SURNAMES or any(map(_GIVEN.match, (word.text for word in words)))
    )
    return not person and " ".join(folded) not in country_names() and not folded[0].isdigit()


_BASED = re.compile(r"\w-(?:based|headquartered|listed|backed|affiliated)$")
_KINDS_EN = frozenset(_EN["introduces"])


def _introduced(text: str, words: Sequence[Word]) -> Iterator[Named]:
    """`drugmaker Boryung`, `Seoul-based Curiox Labs`: the word before a name says what it is."""
    for position, (kind, first) in enumerate(pairwise(words)):
        if not first.text[:1].isupper() or first.start - kind.end != 1:
            continue
        if kind.text in _KINDS_EN or _BASED.search(kind.text):
            run = next(_runs(words[position + 1 :]), [])[:4]
            run = run[: next((k for k, word in enumerate(run) if word.text in _JOINS), len(run))]
            if run and _is_distinct(run) and not any(word.text in _TITLES for word in run):
                end = with_legal_form(text, run[-1].start + len(run[-1].text))
                yield Named(run[0].start, end, "", f"called a {kind.text}", LISTED)


def _words(text: str, start: int, end: int) -> list[Word]:
    return [
        Word(found[0].rstrip(".'’" + FILLER), found.start(), found.end()) for found in _WORD.finditer(text, start, end)
    ]


def english_runs(text: str, start: int, end: int) -> Iterator[list[Word]]:
    """Stretches of words with capitals in a sentence, joined by `of`, `and`, `on` …"""
    return _runs(_words(text, start, end))


def _runs(words: Sequence[Word]) -> Iterator[list[Word]]:
    """Stretches of words with capitals, joined by `of`, `and` …; brackets are taken whole."""
    run: list[Word] = []
    pending: list[Word] = []
    position = 0
    while position < len(words):
        word = words[position]
        bracket = _bracket(words, position) if run and word.text == "(" else 0
        if bracket:
            run += pending + list(words[position : position + bracket])
            pending = []
            position += bracket
            continue
        numbered = bool(run) and run[-1].text == "No" and word.text.isdigit()
        if numbered or (_is_capital(word) and not _breaks(word)):
            run += [*pending, _without_possessive(word)]
            pending = []
            if run[-1].text != word.text:
                yield run[:MOST_WORDS]
                run = []
        elif run and word.text in _JOINS and len(pending) < 2 and _may_join(run, pending, word):
            pending.append(word)
        else:
            if run:
                yield run[:MOST_WORDS]
            run, pending = [], []
        position += 1
    if run:
        yield run[:MOST_WORDS]


def _bracket(words: Sequence[Word], position: int) -> int:
    """How many words a short bracket with capitals has that goes on into a name, as in `(Beijing) Technology`."""
    for width in (3, 4):
        piece = words[position : position + width]
        if len(piece) == width and piece[-1].text == ")" and all(map(_is_capital, piece[1:-1])):
            after = words[position + width] if position + width < len(words) else None
            goes_on = after is not None and (_is_capital(after) or after.text in {"Co", "Ltd"})
            return width if goes_on and not piece[1].text.isupper() else 0
    return 0


def _is_capital(word: Word) -> bool:
    first = word.text[:1]
    return first.isupper() or (first.isdigit() and word.text[-2:] in ("th", "st", "nd", "rd")) or (
        first.islower() and any(map(str.isupper, word.text[1:4])) and word.text.isalnum()
    )  # fmt: skip


_POSSESSIVE = re.compile(r"(?<!People)(?<!Women)(?<!Children)(?<!Men)(?<!Workers)['’]s$")


def _without_possessive(word: Word) -> Word:
    """`Chongqing's` ends a name; `People's` does not."""
    bare = _POSSESSIVE.sub("", word.text)
    return Word(bare, word.start, word.start + len(bare)) if bare != word.text else word


def _breaks(word: Word) -> bool:
    return word.text in _MONTHS or word.text in _DAYS or bool(_BASED.search(word.text))


def _may_join(run: Sequence[Word], pending: Sequence[Word], word: Word) -> bool:
    """`in` joins only embassies, `on` and `for` only what deals with something."""
    if word.text == "in":
        return any(part.text in ("Embassy", "Consulate", "Consulate-General") for part in run)
    if word.text == "the":
        return bool(pending)
    if word.text in ("on", "for"):
        return run[-1].text in _OF or (word.text == "on" and run[-1].text in _EVENT_HEADS)
    return True


def _pieces(run: list[Word]) -> Iterator[list[Word]]:
    """The names in a run: it is cut at titles, and at `and` between two names."""
    for part in _without_titles(run):
        yield from _split(part)


def _without_titles(run: list[Word]) -> Iterator[list[Word]]:
    """`Director of A and Mayor of B` holds A and B; `Samsung Hospital President Kim` holds the hospital."""
    part: list[Word] = []
    for word in run:
        if word.text in _TITLES or word.text.split("-")[0] in _TITLES:
            yield _trimmed(part)
            part = []
        else:
            part.append(word)
    yield _trimmed(part)


_OPENS_TEXT = (
    "The ( ) At In On By With From For And As During According While When After Meanwhile Under Also To Before Since"
)
_OPENS = _JOINS | frozenset(_OPENS_TEXT.split())


def _trimmed(words: list[Word]) -> list[Word]:
    """Without `of the` before it and `and` after it."""
    start, end = 0, len(words)
    while start < end and words[start].text in _OPENS:
        start += 1
    while end > start and words[end - 1].text in _JOINS:
        end -= 1
    return words[start:end]


def _split(words: list[Word]) -> Iterator[list[Word]]:
    for position, word in enumerate(words):
        if word.text == "and" and position and words[position + 1].text == "the":
            yield _trimmed(words[:position])
            yield from _split(_trimmed(words[position + 1 :]))
            return
        if word.text in ("and", "&") and position:
            left, right = _trimmed(words[:position]), _trimmed(words[position + 1 :])
            ends = _head(right) is not None and (len(right) > 1 or right[0].text not in _WEAK_HEADS)
            if word.text == "and" and _head(left) is not None and (ends or left[-1].text in _HEADS):
                yield left
                yield from _split(right)
                return
    yield words


def _head(words: Sequence[Word]) -> str | None:
    """The word that makes these words a name of an organization: the last, or the one before `of`."""
    if not words or words[-1].text in _EVENT_HEADS:
        return None
    if words[-1].text in _HEADS - _WEAK_HEADS:
        return words[-1].text
    if words[-1].text.rpartition("-")[2].title() in _HEADS and "-" in words[-1].text:
        return words[-1].text.rpartition("-")[2].title()
    for word, after in pairwise(words):
        if word.text in _OF and after.text in ("of", "for", "in", "on"):
            return word.text
    return words[-1].text if words[-1].text in _HEADS else None


def _judged(text: str, words: list[Word]) -> Named | None:
    words = _without_tail(_without_person(words))
    if not words:
        return None
    legal = LEGAL_FORM.match(text, words[-1].end) or LEGAL_FORM.match(text, words[-1].start + len(words[-1].text))
    inner = next((k for k, word in enumerate(words) if word.text in ("Co", "Ltd", "Inc", "Corp") and k), None)
    if inner is not None or legal:
        last = words[inner - 1] if inner is not None else words[-1]
        end = with_legal_form(text, last.start + len(last.text))
        return Named(words[0].start, end, "", "legal form", STRONG) if _is_distinct(words) else None
    head = _head(words)
    if head is None or not _is_distinct(words) or any(word.text in _HALLS for word in words[:-1]):
        return None
    if head in _WEAK_HEADS and words[-1].text == head and len(words) > 1 and not _is_firm(words):
        return None
    return Named(
        words[0].start,
        words[-1].start + len(words[-1].text),
        "",
        f"ends like one: {head}",
        STRONG if head not in _WEAK_HEADS else WEAK,
    )


def _without_person(words: list[Word]) -> list[Word]:
    """`Liu Zhefeng of the Hainan Health Commission` holds the commission."""
    cut = next((k for k, word in enumerate(words) if word.text == "of"), 0)
    if cut and cut <= 3 and words[0].text.casefold() in _SURNAMES and not any(map(_ends_name, words[:cut])):
        return _trimmed(words[cut:])
    return words


def _ends_name(word: Word) -> bool:
    return word.text in _HEADS or word.text.rpartition("-")[2].title() in _HEADS


def _without_tail(words: list[Word]) -> list[Word]:
    """Drop what follows the last word that ends a name, where nothing joins it."""
    last = max(
        (k for k, word in enumerate(words) if _ends_name(word) or word.text in ("Co", "Ltd", "Inc", "Corp")),
        default=None,
    )
    if last is None:
        return words
    follows = words[last + 1 :]
    if len(follows) == 1 and follows[0].text.casefold() in country_names():
        return words
    if not follows or follows[0].text in ("of", "for", "in", "on", "("):
        return words
    if words[-1].text in _EVENT_HEADS or words[-1].text in (
        "Project",
        "Platform",
        "Program",
        "Programme",
        "Initiative",
    ):
        return []
    return words if words[last].text in _WEAK_HEADS else words[: last + 1]


_HALLS = frozenset(["Convention", "Exhibition", "Expo", "Exposition", "Conference"])
_NO_NAME_EN = _HEADS | _GENERIC | _JOINS | {"(", ")"}


def _is_distinct(words: Sequence[Word]) -> bool:
    """At least one word that is no mere kind of thing."""
    return any(word.text not in _NO_NAME_EN and len(word.text) > 1 for word in words)


_SITES = frozenset(["Port", "Valley", "Base", "City", "Town", "Home", "Area", "Zone", "Complex", "Campus", "Board"])
_LOOSE = frozenset(["Hub", "Cluster", "Government", "Branch"])


def _is_firm(words: Sequence[Word]) -> bool:
    """Whether a name with a word that ends much else, too, is one: `Life Science Town`, `Nursing Home`."""
    last, before = words[-1].text, " ".join(word.text for word in words[:-1])
    if last in _LOOSE:
        return True
    if last in _SITES:
        return any(before.endswith(word) for word in _EN["weak_before"])
    return 2 <= len(words) <= 5 and not any(word.text == "of" for word in words)


_ADVERB = re.compile(r"[A-Z][a-z]{3,}ly")


_KINDS = rf"(?:{'|'.join(_EN['kinds'])})"
_AFTER_LIST = re.compile(rf"(?i)\W{{0,8}}(?:etc|(?:and )?other[a-z]* (?:[a-z-]+ ){{0,3}}{_KINDS})")
_BEFORE_LIST = re.compile(rf"{_KINDS}\b[^.]{{0,30}}$")
_OPENS_LIST = re.compile(rf"{_KINDS}(?:,\s|\s\(|:\s)$")
_INCLUDES = re.compile(r"\b(?:includ(?:es|ed|ing)|such as|among them|joined by|namely|:)\s(?:the\s)?$")


def _english_list(text: str, words: Sequence[Word], known: Container[int]) -> Iterator[Named]:
    """Names in a list that says so, or of which the greater part ends as organizations do or is `known` to start so."""
    for group in _items(words):
        named = [part for part in group if part and len(part) <= 10 and not _ADVERB.fullmatch(part[0].text)]
        before = text[max(0, group[0][0].start - 60) : group[0][0].start] if group and group[0] else ""
        introduced = bool(_OPENS_LIST.search(before))
        if introduced or _INCLUDES.search(before):
            named = [piece for part in named for piece in _at_and(part)]
        sure = sum(part[0].start in known or _judged(text, part) is not None for part in named)
        includes = bool(sure and _INCLUDES.search(before))
        enough = introduced or includes or (sure and _says(text, group, before))
        if len(named) >= (2 if introduced or includes else 3) and (enough or sure * 2 > len(named)):
            yield from (_item(text, part) for part in named if _may_be_item(part))


def _says(text: str, group: Sequence[Sequence[Word]], before: str) -> bool:
    """Whether the words around a list call its items organizations."""
    end = group[-1][-1].end if group and group[-1] else 0
    return bool(_AFTER_LIST.match(text, end, end + 60) or _BEFORE_LIST.search(before))


def _item(text: str, part: Sequence[Word]) -> Named:
    end = with_legal_form(text, part[-1].start + len(part[-1].text))
    return Named(part[0].start, end, "", "in a list of organizations", LISTED)


def _may_be_item(part: Sequence[Word]) -> bool:
    return _is_distinct(part) and part[-1].text not in _EVENT_HEADS and not any(word.text in _TITLES for word in part)


def _at_and(words: list[Word]) -> Iterator[list[Word]]:
    """The names on both sides of `and`."""
    cut = next((k for k, word in enumerate(words) if word.text == "and"), len(words))
    yield from (piece for piece in (words[:cut], words[cut + 1 :]) if piece)


def _items(words: Sequence[Word]) -> list[list[list[Word]]]:
    """Lists of names between commas: consecutive stretches of words with capitals."""
    groups: list[list[list[Word]]] = []
    group: list[list[Word]] = []
    item: list[Word] = []
    after_comma = False
    for word in words:
        if word.text in (",", "and") and (item or after_comma):
            if item and word.text == "and" and not after_comma and not group:
                item.append(word)
                continue
            if item:
                group.append(_trimmed(item))
            item, after_comma = [], True
        elif (_is_capital(word) and not _breaks(word)) or (item and word.text in ("of", "&", "(", ")", "the", "for")):
            item.append(word)
            after_comma = False
        else:
            if item:
                group.append(_trimmed(item))
            if group:
                groups.append([part for part in group if part])
            group, item, after_comma = [], [], False
    if item:
        group.append(_trimmed(item))
    if group:
        groups.append([part for part in group if part])
    return groups

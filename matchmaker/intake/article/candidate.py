"""Names that look like an organization's though nobody knows it: by how they end, and by the lists they stand in."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise
from typing import NamedTuple

from matchmaker.intake.article.cue import CUES, one_of
from matchmaker.intake.article.date import MONTHS, WEEKDAYS
from matchmaker.intake.article.name import Named, with_legal_form
from matchmaker.intake.article.text import FILLER, Article

LONGEST = 40  # characters of a Chinese or Korean name
MOST_WORDS = 40
STRONG, WEAK, LISTED = 0.8, 0.6, 0.5
_EN, _ZH, _KO = (CUES.name(language) for language in ("en", "zh", "ko"))
_HEADS, _WEAK_HEADS, _OF = (frozenset(_EN[key]) for key in ("ends", "weak", "of"))
_TITLES, _GENERIC = frozenset(_EN["titles"]), frozenset(_EN["generic"])
_EVENT_HEADS = frozenset(word.split()[-1].title() for kind in CUES.tables["event"].values() for word in kind["en"])
_MONTHS = frozenset(MONTHS)
_DAYS = frozenset(WEEKDAYS)
_LEGAL = re.compile(rf",?\s?{one_of(_EN['legal'])}(?!\w)")
_WORD = re.compile(rf"[A-Za-z0-9À-ɏ][\w&’'{FILLER}./-]*|[(),;:&·]|\S")
_JOINS = frozenset({"of", "and", "for", "the", "&", "de", "on", "in", "·"})


class Word(NamedTuple):
    """A word of an English sentence and where it stands."""

    text: str
    start: int
    end: int


def candidates_of(article: Article, places: Sequence[Named], taken: Sequence[tuple[int, int]]) -> list[Named]:
    """Names of organizations by their form alone; `taken` are spans of dates, at which a name ends."""
    found = [*_english(article)] if re.search(r"[A-Z]", article.text) else []
    if article.language != "en" or not article.text.isascii():
        found += [*_chinese(article.text, places, taken), *_korean(article.text, places, taken)]
    return sorted(set(found))


# --- English ------------------------------------------------------------------------------------------------------


def _english(article: Article) -> Iterator[Named]:
    for start, end in article.sentences:
        words = _words(article.text, start, end)
        for run in _runs(words):
            for piece in _pieces(run):
                if named := _judged(article.text, piece):
                    yield named
        yield from _english_list(article.text, words)
        yield from _introduced(article.text, words)


_BASED = re.compile(r"\w-(?:based|headquartered|listed|backed|affiliated)$")
_KINDS_EN = frozenset(_EN["introduces"])


def _introduced(text: str, words: Sequence[Word]) -> Iterator[Named]:
    """`drugmaker Boryung`, `Seoul-based Curiox Labs`: the word before a name says what it is."""
    for position, (kind, first) in enumerate(pairwise(words)):
        if (kind.text in _KINDS_EN or _BASED.search(kind.text)) and _is_capital(first) and first.start - kind.end == 1:
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
        if _is_capital(word) and not _breaks(word):
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


def _trimmed(words: list[Word]) -> list[Word]:
    """Without `of the` before it and `and` after it."""
    start, end = 0, len(words)
    while start < end and (
        words[start].text in _JOINS
        or words[start].text
        in (
            "The",
            "(",
            ")",
            "At",
            "In",
            "On",
            "By",
            "With",
            "From",
            "For",
            "And",
            "As",
            "During",
            "According",
            "While",
            "When",
            "After",
            "Meanwhile",
            "Under",
            "Also",
            "To",
        )
    ):
        start += 1
    while end > start and words[end - 1].text in _JOINS:
        end -= 1
    return words[start:end]


def _split(words: list[Word]) -> Iterator[list[Word]]:
    for position, word in enumerate(words):
        if word.text in ("and", "&") and position:
            left, right = _trimmed(words[:position]), _trimmed(words[position + 1 :])
            if word.text == "and" and _head(left) is not None and (_head(right) is not None or left[-1].text in _HEADS):
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
    words = _without_tail(words)
    if not words:
        return None
    legal = _LEGAL.match(text, words[-1].end) or _LEGAL.match(text, words[-1].start + len(words[-1].text))
    inner = next((k for k, word in enumerate(words) if word.text in ("Co", "Ltd", "Inc", "Corp") and k), None)
    if inner is not None or legal:
        last = words[inner - 1] if inner is not None else words[-1]
        end = with_legal_form(text, last.start + len(last.text))
        return Named(words[0].start, end, "", "legal form", STRONG) if _is_distinct(words) else None
    head = _head(words)
    if head is None or not _is_distinct(words):
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


def _english_list(text: str, words: Sequence[Word]) -> Iterator[Named]:
    """Names in a list of at least three, of which a part ends as organizations do, or that says so after it."""
    if not words:
        return
    items = _items(words)
    for group in items:
        if not group:
            continue
        named = [part for part in group if part and len(part) <= 10]
        sure = sum(_judged(text, part) is not None for part in named)
        tail = text[group[-1][-1].end : group[-1][-1].end + 60].casefold() if group[-1] else ""
        says = bool(re.match(rf"\W*(?:etc|(?:and )?other[a-z]* (?:[a-z-]+ ){{0,3}}(?:{'|'.join(_EN['kinds'])}))", tail))
        before = text[max(0, group[0][0].start - 60) : group[0][0].start]
        says = says or bool(re.search(rf"(?:{'|'.join(_EN['kinds'])})\b[^.]{{0,30}}$", before))
        introduced = bool(re.search(rf"(?:{'|'.join(_EN['kinds'])}),\s$", before))
        if introduced:
            named = [piece for part in named for piece in _at_and(part)]
        if len(named) < (2 if introduced else 3) or not (introduced or (says and sure) or sure * 2 > len(named)):
            continue
        for part in named:
            if (
                _is_distinct(part)
                and part[-1].text not in _EVENT_HEADS
                and not any(word.text in _TITLES for word in part)
            ):
                end = with_legal_form(text, part[-1].start + len(part[-1].text))
                yield Named(part[0].start, end, "", "in a list of organizations", LISTED)


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


# --- Chinese ------------------------------------------------------------------------------------------------------

_END_ZH = re.compile(one_of(_ZH["ends"]) + r"|(?<!仿)制药(?![企行产公集工业界领技股有厂的])")
_NAME_ZH = re.compile(r"[A-Za-z0-9一-鿿（）()·&+-]+$")
_STOP_ZH = re.compile(one_of(_ZH["keeps"]) + "|(" + one_of(_ZH["stops"]) + ")")
_GENERIC_ZH = re.compile(one_of(_ZH["generic"]) + "+")
_LIST_ZH = re.compile(
    rf"((?:[A-Za-z0-9一-鿿（）()·]{{2,20}}、){{1,15}}[A-Za-z0-9一-鿿（）()·]{{2,20}}?)等(?:\d+余?[家所])?(?:[一-鿿]{{0,8}}?){one_of(_ZH['listed'])}"
)
_SIGN_ZH = re.compile(r"^(?:还)?(?:举行|举办|与会)")


def _chinese(text: str, places: Sequence[Named], taken: Sequence[tuple[int, int]]) -> Iterator[Named]:
    starts = [place.start for place in places]
    reached = -1
    previous: Named | None = None
    for found in _END_ZH.finditer(text):
        start = _start_zh(text, found.start(), places, starts, taken)
        if start is None or not _is_name_zh(text[start : found.start()], found[0]):
            continue
        named = Named(start, found.end(), "", f"ends like one: {found[0]}", STRONG)
        if previous is not None and named.start <= previous.start:
            previous = named
            continue
        if previous is not None and previous.start >= reached:
            yield previous
            reached = previous.end
        previous = named
    if previous is not None:
        yield previous
    yield from _chinese_list(text)
    yield from _parties_zh(text)


_PARTY_ZH = re.compile(
    r"[与和同]((?:[一-鿿A-Za-z0-9（）()·]){2,20}?)(?:正式|共同|成功|分别|就|在|举行)?(?:签署|签订|签约|达成|签下)"
)


def _parties_zh(text: str) -> Iterator[Named]:
    """`与B签署`: whoever one signs with is an organization, whatever its name."""
    for found in _PARTY_ZH.finditer(text):
        stop = next((stop.start() for stop in _STOP_ZH.finditer(found[1]) if stop[1]), len(found[1]))
        start, end = found.start(1), found.start(1) + stop
        bare = text[start:end]
        if len(bare) >= 2 and not _GENERIC_ZH.fullmatch(bare) and not re.search(r"企业$|机构$|双方|单位$|方$", bare):
            yield Named(start, end, "", "a party of an agreement", LISTED)


def _start_zh(
    text: str, end: int, places: Sequence[Named], starts: list[int], taken: Sequence[tuple[int, int]]
) -> int | None:
    """Where the name before `end` begins: after the last word that no name holds, at the first place after it."""
    floor = max([end - LONGEST, 0, *(stop for start, stop in taken if stop <= end and stop > end - LONGEST)])
    left = _NAME_ZH.search(text, floor, end)
    if left is None:
        return None
    start = left.start()
    for stop in _STOP_ZH.finditer(text, start, end):
        if stop[1] and not (stop[1] in _JOINS_ZH and not _is_part_zh(text[stop.end() : end])):
            start = stop.end()
    while start < end and text[start] in ")）·-":
        start += 1
    for place in places[bisect_left(starts, start) :]:
        if place.start >= end:
            break
        gap = text[start : place.start]
        if not gap or not (_END_ZH.search(gap) or gap.isascii() or gap.endswith(("驻", "国家"))):
            return place.start
        break
    return start if start < end else None


_JOINS_ZH = frozenset([*"和与及同为以", "联合"])
_STATE_ZH = re.compile(r"(?:中国|韩国|大韩|中华|中韩|韩中).{4,}")


def _is_part_zh(text: str) -> bool:
    """Whether there is more than the kind of an organization after `和`: else it stands within a name."""
    return bool(text.strip("（）()·")) and not _GENERIC_ZH.fullmatch(text)


def _is_name_zh(modifier: str, end: str) -> bool:
    bare = modifier.strip("（）()·")
    if not bare or bare.isdigit() or (_GENERIC_ZH.fullmatch(bare) and not _STATE_ZH.fullmatch(bare)):
        return False
    return len(bare) >= 2 or len(end) >= 3


def _chinese_list(text: str) -> Iterator[Named]:
    """`A、B、C等企业`: the items are what the word after the list says."""
    for found in _LIST_ZH.finditer(text):
        position = found.start(1)
        for item in found[1].split("、"):
            start, end = position, position + len(item)
            position = end + 1
            stops = [stop.end() for stop in _STOP_ZH.finditer(item) if stop[1]]
            start += max(stops, default=0)
            bare = text[start:end]
            if len(bare) >= 2 and not _GENERIC_ZH.fullmatch(bare) and len(bare) <= 16:
                yield Named(start, end, "", "in a list of organizations", LISTED)


# --- Korean -------------------------------------------------------------------------------------------------------

_TOKEN_KO = re.compile(
    r"[A-Za-z0-9가-힣一-鿿&+·ㆍ㈜]{1,40}(?:[-.][A-Za-z0-9가-힣]{1,20}){0,3}(?:\((?:주|재|사|유)\))?[A-Za-z0-9가-힣]{0,20}"
    r"|\((?:주|재|사|유)\)[A-Za-z0-9가-힣]{0,30}|[^\sA-Za-z0-9가-힣]"
)
_LEGAL_KO = re.compile(r"^(?:㈜|\(주\)|주식회사)|(?:㈜|\(주\)|주식회사)$")
_END_KO = re.compile(rf"({one_of(_KO['ends'])})({one_of(_KO['particles'])})?$")
_PARTICLE = re.compile(rf"(?:{one_of(_KO['particles'])})$")
_STOPS_KO, _GENERIC_KO, _ENDS_KO = (frozenset(_KO[key]) for key in ("stops", "generic", "ends"))
_CASE = re.compile(
    r"(?:은|는|을|를|에서|에게|으로|와|과|에|의|이|가|로|도|등|해|한|된|하는|되는|할|하고|하며|했다|한다|던|진|인|위한|대한|까지|부터|간|및|며|고|여|서)$"
)
_NATIVE = re.compile(r"[가-힣]")
_LIST_KO = re.compile(
    rf"((?:[A-Za-z0-9가-힣&() ·㈜]{{2,24}}, ?){{1,15}}[A-Za-z0-9가-힣&()·㈜ ]{{2,24}}?)"
    rf" ?등 ?(?:\S{{0,8}} ){{0,2}}?(?:\d+여?[개곳]\S{{0,3}} ?)?\S{{0,4}}{one_of(_KO['listed'])}"
)
_CAME_KO = re.compile(
    r"((?:[A-Za-z0-9가-힣&()·㈜]{2,20}(?: [A-Za-z0-9가-힣&()·㈜]{2,20}){0,2}, ?){1,15}"
    r"[A-Za-z0-9가-힣&()·㈜]{2,20}(?: [A-Za-z0-9가-힣&()·㈜]{2,20})?)"
    r" ?등(?:이|은|도)? (?:\S{1,8} )?(?:참가|참석|참여|출품)"
)
_KIND_KO = re.compile(r"^(?:스타트업|바이오기업|제약사|벤처기업|의료기기업체|의료기기기업|업체|기업|국내|중견기업)\s")
_NAME_TOKENS = 3


class Line(NamedTuple):
    """The words of a Korean line, where dates end in it and where places begin."""

    words: list[Word]
    ends: set[int]
    places: set[int]


def _korean(text: str, places: Sequence[Named], taken: Sequence[tuple[int, int]]) -> Iterator[Named]:
    if not _NATIVE.search(text):
        return
    ends, starts = {end for _, end in taken}, {place.start for place in places}
    for found in re.finditer(r"[^\n.]+(?:\.(?=\S)[^\n.]+)*", text):
        words = [Word(each[0], each.start(), each.end()) for each in _TOKEN_KO.finditer(text, *found.span())]
        line = Line(list(_cut_at(words, ends)), ends, starts)
        named = (_korean_at(line, position) for position in range(len(line.words)))
        yield from _joined(text, [each for each in named if each])
    yield from _korean_list(text)


_PART_OF = re.compile(r"(?:부속|부설|산하|관리위원회|인민정부|분원|의과대학|의대|지점|지사|캠퍼스|연구센터|위원회$)")


def _joined(text: str, found: Sequence[Named]) -> Iterator[Named]:
    """`○○대학교 부속 ○○병원` and `○○개발구 관리위원회` are one name."""
    held: Named | None = None
    for named in found:
        if held is not None and text[held.end : named.start] == " " and _PART_OF.match(text[named.start : named.end]):
            held = held._replace(end=named.end, how=named.how)
            continue
        if held is not None:
            yield held
        held = named
    if held is not None:
        yield held


def _cut_at(words: Iterable[Word], ends: set[int]) -> Iterator[Word]:
    """A name that follows a date without a blank begins after it: `20일다롄시`."""
    for word in words:
        cut = next((end for end in range(word.start + 1, word.end) if end in ends), None)
        yield word if cut is None else Word(word.text[cut - word.start :], cut, word.end)


def _korean_at(line: Line, position: int) -> Named | None:
    word = line.words[position]
    if _LEGAL_KO.search(word.text):
        return _with_legal_form(line.words, position)
    parts = _parts_ko(line, word)
    if parts is None:
        return None
    modifier, ending = parts
    first = _first_word(line.words, position, line.ends)
    if first == position and (not modifier or modifier + ending in _GENERIC_KO):
        return None
    first += _is_person(line, first, position)
    before = line.words[first:position]
    if not modifier and all(each.start in line.places for each in before):
        return None
    modifiers = [each.text for each in before] + ([modifier] if modifier else [])
    if all(part in _NO_NAME_KO for part in modifiers):
        return None
    end = word.start + len(modifier + ending)
    return Named(line.words[first].start, end, "", f"ends like one: {ending}", STRONG if first == position else WEAK)


_SURNAMES = frozenset(
    "김이박최정강조윤장임한오서신권황안송류홍전고문손양배백허유남심노하곽성차주우구민"
    "진지엄채원천방공현함변염여추도소석선설마길연위표명기반왕금옥육인맹제모탁국"
)
_OFFICE = re.compile(
    r"[가-힣]{0,6}(?:장|대표|대표이사|교수|총재|총장|사장|시장|장관|차관|이사|본부장)(?:은|는|이|가|과|와|의|도)?"
)


def _is_person(line: Line, first: int, position: int) -> bool:
    """`홍길동 ○○센터 원장`: the word before a name is a person's where an office follows."""
    word = line.words[first].text
    after = line.words[position + 1].text if position + 1 < len(line.words) else ""
    is_named = first < position and 2 <= len(word) <= 4 and word[0] in _SURNAMES
    return is_named and line.words[first].start not in line.places and bool(_OFFICE.fullmatch(after))


def _parts_ko(line: Line, word: Word) -> tuple[str, str] | None:
    """What stands before the ending of a name, and the ending, without a particle; a place that acts is a name."""
    if found := _END_KO.search(word.text):
        return word.text[: found.start()], found[1]
    found = _CITY_KO.fullmatch(word.text)
    return (found[1], found[2]) if found and word.start in line.places else None


def _with_legal_form(words: Sequence[Word], position: int) -> Named:
    """`㈜바른메디칼은`, `주식회사 제넨바이오는`: without the particle."""
    last = position
    if words[position].text in ("㈜", "(주)", "주식회사") and position + 1 < len(words):
        last = position + 1
    word = words[last]
    particle = _PARTICLE.search(word.text)
    end = word.end - (len(particle[0]) if particle and particle.start() >= 3 else 0)
    return Named(words[position].start, end, "", "legal form", STRONG)


# A city or province with a particle of somebody who acts: `대구시는`, `인천시와`
_CITY_KO = re.compile(r"([가-힣]{1,4}?)(시|도|특별시|광역시|특별자치도|특별자치시)(?:는|와|가)")
_COUNTRIES = frozenset(
    {"한국", "중국", "한중", "한·중", "한ㆍ중", "중한", "양국", "미국", "일본", "해외", "국내", "정부", "민간"}
)


_NO_NAME_KO = _STOPS_KO | _ENDS_KO | _GENERIC_KO | _COUNTRIES


def _first_word(words: Sequence[Word], position: int, ends: set[int]) -> int:
    """The first word of the name that ends with this one: the words before it have no particles."""
    first = position
    short = len(words[position].text) <= 5 or words[position].text[:2] in ("한국", "국제")
    most = _NAME_TOKENS if short else 1
    while first > 0 and position - first < most:
        before = words[first - 1]
        gap = words[first].start - before.end
        if gap != 1 or before.end in ends or not _is_part_ko(before.text):
            break
        first -= 1
    while (
        first < position and words[first].text in _COUNTRIES and (position - first > 1 or len(words[position].text) > 5)
    ):
        first += 1
    return first


def _is_part_ko(word: str) -> bool:
    if word in _STOPS_KO or not re.match(r"[A-Za-z가-힣]", word) or word in _ENDS_KO:
        return False
    if len(word) >= 3 and _CASE.search(word):
        return False
    return (
        len(word) > 1
        and not re.search(r"\d", word)
        and word not in ("업무협약", "협약", "기업", "업체", "병원", "기관", "관계자")
    )


def _korean_list(text: str) -> Iterator[Named]:
    """`A, B, C 등 10개 기업`, `A와 B, C 등이 참가`: the items are what the words after the list say."""
    for pattern in (_LIST_KO, _CAME_KO):
        for found in pattern.finditer(text):
            position = found.start(1)
            for item in re.split(r",|(?<=[가-힣])[와과](?= )", found[1]):
                start = text.find(item, position)
                position = start + len(item)
                yield from _item_ko(text, item, start)


_NO_ITEM_KO = re.compile(r"\d{2,}|(?:대표|관계자|전문가|교수|원장|회장|의원|기업|업체|기관|의사|여명|명)$")


def _item_ko(text: str, item: str, start: int) -> Iterator[Named]:
    bare = _KIND_KO.sub("", item.strip())
    words = bare.split()
    while len(words) > 1 and (_CASE.search(words[-2]) or words[-2] in _STOPS_KO):
        words = words[-1:]
    bare = " ".join(words[-2:])
    at = text.find(bare, start) if bare else -1
    is_name = at >= 0 and 2 <= len(bare) <= 20 and bare not in _GENERIC_KO | _STOPS_KO
    if is_name and not _NO_ITEM_KO.search(bare):
        yield Named(at, at + len(bare), "", "in a list of organizations", LISTED)

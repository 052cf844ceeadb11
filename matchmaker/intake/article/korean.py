"""Names of organizations in Korean by their form: how they end, their legal form, and the lists they stand in."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from matchmaker.intake.article.cue import CUES, one_of
from matchmaker.intake.article.english import Word
from matchmaker.intake.article.name import LISTED, STRONG, WEAK, Named

_KO = CUES.name("ko")
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
    rf"((?:[A-Za-z0-9가-힣&() ·㈜]{{2,24}}(?:, ?| [▲△·] ?)){{1,15}}[A-Za-z0-9가-힣&()·㈜ ]{{2,24}}?)"
    rf" ?등 ?(?:\S{{0,8}} ){{0,2}}?(?:\d+여?[개곳]\S{{0,3}} ?)?\S{{0,4}}{one_of(_KO['listed'])}"
)
_CAME_KO = re.compile(
    r"((?:[A-Za-z0-9가-힣&()·㈜]{2,20}(?: [A-Za-z0-9가-힣&()·㈜]{2,20}){0,2}, ?){1,15}"
    r"[A-Za-z0-9가-힣&()·㈜]{2,20}(?: [A-Za-z0-9가-힣&()·㈜]{2,20})?)"
    r" ?등(?:이|은|도)? (?:\S{1,8} )?(?:참가|참석|참여|출품)"
)
_KIND_KO = re.compile(r"^(?:스타트업|바이오기업|제약사|벤처기업|의료기기업체|의료기기기업|업체|기업|국내|중견기업)\s")
_NAME_TOKENS = 3
_HALL_KO = re.compile(r"(?:컨벤션|전시|전람|회의|엑스포|박람)센터$|호텔$")


class Line(NamedTuple):
    """The words of a Korean line, where dates end in it and where places begin."""

    words: list[Word]
    ends: set[int]
    places: set[int]


def korean_names(text: str, places: Sequence[Named], taken: Sequence[tuple[int, int]]) -> Iterator[Named]:
    """Names in `text`, in which `places` are named and the spans `taken` are dates and titles."""
    ends, starts = {end for _, end in taken}, {place.start for place in places}
    for found in re.finditer(r"[^\n.]+(?:\.(?=\S)[^\n.]+)*", text):
        if not _NATIVE.search(found[0]):
            continue
        words = [Word(each[0], each.start(), each.end()) for each in _TOKEN_KO.finditer(text, *found.span())]
        line = Line([part for word in _cut_at(words, ends) for part in _at_joint(word)], ends, starts)
        named = (_korean_at(line, position) for position in range(len(line.words)))
        yield from _joined(text, [each for each in named if each and not _HALL_KO.search(text, each.start, each.end)])
    yield from _korean_list(text)
    yield from _officers_ko(text)
    yield from _called_ko(text)
    yield from _parties_ko(text)


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


_JOINT = re.compile(r"[-·ㆍ]")


def _at_joint(word: Word) -> Iterator[Word]:
    """`○○병원-○○대학교` in a headline, `○○시·○○재단` are two names."""
    for joint in _JOINT.finditer(word.text):
        left = word.text[: joint.start()]
        if _END_KO.search(left) or _CITY_KO.fullmatch(left):
            cut = word.start + joint.start()
            yield from (Word(left, word.start, cut), Word(joint[0], cut, cut + 1))
            yield from _at_joint(Word(word.text[joint.end() :], cut + 1, word.end))
            return
    yield word


_OFFICE_END = re.compile(r"..[청국]$|정부$|위원회$")  # with a place before it, it is a name


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
    of_place = all(each.start in line.places and not _END_KO.search(each.text) for each in before)
    if not modifier and of_place and not _OFFICE_END.search(ending):
        return None
    modifiers = [each.text for each in before] + ([modifier] if modifier else [])
    if all(part in _NO_NAME_KO for part in modifiers):
        return None
    end = word.start + len(modifier + ending)
    return Named(line.words[first].start, end, "", f"ends like one: {ending}", STRONG if first == position else WEAK)


_SURNAMES = frozenset(
    "김이박최정강조윤장임한오서신권황안송류홍전고문손양배백허유남심노하곽성차주우구민"
    "진지엄채원천방공현함변염여추도소석선설마길연위표명기반왕금옥육인맹제모탁국빈편봉용예어라감계피두갈호"
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


_OFFICIALS = ("관계자", "공무원", "대표단", "담당자", "(", "·", "ㆍ")
_STATES = ("특별자치도", "특별시", "광역시", "특별자치시")


def _acts(line: Line, word: Word) -> bool:
    """Whether a place has a particle of one who acts, or officials."""
    after = next((each.text for each in line.words if each.start > word.start), "")
    return word.text.endswith(("는", "와", "가")) or after.startswith(_OFFICIALS)


def _parts_ko(line: Line, word: Word) -> tuple[str, str] | None:
    """What stands before the ending of a name, and the ending, without a particle; a place that acts is a name."""
    if found := _END_KO.search(word.text):
        return word.text[: found.start()], found[1]
    found = _CITY_KO.fullmatch(word.text)
    is_place = found and (word.start in line.places or found[2] in _STATES)
    return (found[1], found[2]) if found and is_place and _acts(line, word) else None


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
_CITY_KO = re.compile(r"([가-힣]{1,4}?)(시|도|특별시|광역시|특별자치도|특별자치시)(?:는|와|가)?")
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
        if _END_KO.search(before.text):
            break
    while (
        first < position and words[first].text in _COUNTRIES and (position - first > 1 or len(words[position].text) > 5)
    ):
        first += 1
    return first


def _is_part_ko(word: str) -> bool:
    if word in _STOPS_KO or word in _KO["particles"] or not re.match(r"[A-Za-z가-힣]", word) or word in _ENDS_KO:
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
    for line in _LINE_OF_LIST.finditer(text):
        for pattern in (_LIST_KO, _CAME_KO):
            for found in pattern.finditer(text, *line.span()):
                yield from _items_ko(text, found)


_LINE_OF_LIST = re.compile(r"(?m)^(?=[^\n,▲△·]*[,▲△·])(?=[^\n등]*등)[^\n]+")


def _items_ko(text: str, found: re.Match[str]) -> Iterator[Named]:
    position = found.start(1)
    for item in re.split(r",| [▲△·]|(?<=[가-힣])[와과](?= )", found[1]):
        start = text.find(item, position)
        position = start + len(item)
        yield from _item_ko(text, item, start)


_NO_ITEM_KO = re.compile(
    r"^(?:에서|에는|에서는)\b|에는$|에서$|\d{2,}|(?:대표|관계자|전문가|교수|원장|회장|의원|기업|업체|기관|의사|여명|명)$"
)


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


_NAME_KO = r"(?:㈜|\(주\))?[A-Za-z0-9가-힣&·]{2,15}"
_OFFICE_KO = r"(?:공동)?(?:대표이사|대표|회장|사장|이사장|부사장|CEO)"
_PERSON_KO = rf"[{''.join(sorted(_SURNAMES))}][가-힣]{{1,2}}"
_OFFICER_KO = re.compile(
    rf"(?<![가-힣A-Za-z0-9])({_NAME_KO}) (?:{_OFFICE_KO} {_PERSON_KO}|{_PERSON_KO} {_OFFICE_KO})"
    r"(?=[은는이가과와의도,() ]|$)"
)


def _officers_ko(text: str) -> Iterator[Named]:
    """`○○ 대표 홍길동`, `○○ 홍길동 대표`: whoever has one is an organization, whatever its name."""
    for found in _OFFICER_KO.finditer(text):
        if _is_unusual_ko(found[1]):
            yield Named(*found.span(1), "", "has a chief executive", LISTED)


_CALLED_KO = re.compile(
    rf"(?:(?:기업|업체|회사|제약사)인|스타트업(?:인)?) ({_NAME_KO})(?:[와과] ({_NAME_KO}))?[은는가도](?= )"
)


def _called_ko(text: str) -> Iterator[Named]:
    """`스타트업 ○○은`, `기업인 ○○와 ○○도`: the word before a name says what it is."""
    for found in _CALLED_KO.finditer(text):
        for group in (1, 2):
            if found[group] and _is_unusual_ko(found[group]) and not _CASE.search(found[group]):
                yield Named(*found.span(group), "", "called a company", LISTED)


_SIGNS_KO = r"[^.\n]{0,60}?(?:협약|계약|양해각서|의향서|MOU)[^.\n]{0,20}?(?:체결|맺|서명|교환)"
_PARTIES_KO = re.compile(
    rf"(?:^|(?<=[.다,] )|(?<=\n))({_NAME_KO})[은는이가] "
    rf"(?=(?:[^\s.]{{1,20}} ){{0,4}}?[^\s.]{{2,20}}[과와] {_SIGNS_KO})",
    re.MULTILINE,
)
_PARTNER_KO = re.compile(rf"(?<![가-힣A-Za-z0-9])({_NAME_KO})[과와] (?={_SIGNS_KO})")


def _parties_ko(text: str) -> Iterator[Named]:
    """`A는 B와 … 협약을 체결`: who signs and with whom one signs are organizations, whatever their names."""
    for pattern in (_PARTIES_KO, _PARTNER_KO):
        for found in pattern.finditer(text):
            if _is_unusual_ko(found[1]):
                yield Named(*found.span(1), "", "a party of an agreement", LISTED)


_NOBODY_KO = re.compile(
    r"^\d|(?:기업|업체|회사|유통사|제약사|기관|병원|대학|협회|바이어|측|들|단체|정부|대표|관계자|교수|원장|회장|장관|시장|기술|분야|지역|국가|한국|중국|사업|행사|이날|[시군구]|\d[명곳년월일])$"
)


_VERBAL = re.compile(r"(?:에서|에게|으로|하는|되는|했다|한다|위한|대한|까지|부터|하며|하고|하여|되어|된|했던)$")


def _is_unusual_ko(bare: str) -> bool:
    """A name that is no kind of thing and does not go on with a particle."""
    return bare not in _NO_NAME_KO and not _NOBODY_KO.search(bare) and not _VERBAL.search(bare)

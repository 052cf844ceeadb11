"""Names of organizations in Chinese by their form: how they end, who signs with whom, and the lists they stand in."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Container, Iterator, Sequence

from matchmaker.intake.article.cue import CUES, one_of
from matchmaker.intake.article.name import LISTED, STRONG, THIN, Named

LONGEST = 40  # characters of a name
_ZH = CUES.name("zh")
_END_ZH = re.compile(
    rf"(?:{one_of(_ZH['ends'])}|(?<!仿)制药(?![企行产公集工业界领技股有厂的]))(?:(?<=园)区)?"
    r"(?!(?<=部)门|(?<=大学)生|(?<=会)议|(?<=学)术)"
)
_NAME_ZH = re.compile(r"[A-Za-z0-9一-鿿（）()·&+-]+$")
_STOP_ZH = re.compile(
    one_of(_ZH["keeps"]) + "|(" + one_of(_ZH["stops"]) + r"|(?<=[\d一二三四五六七八九十])[日月年]|[中韩]方(?!医|病院))"
)
_GENERIC_ZH = re.compile(one_of(_ZH["generic"]) + "+")
_ITEM_ZH = r"[A-Za-z0-9一-鿿（）()·-]{2,20}"
_LIST_ZH = re.compile(
    rf"((?:{_ITEM_ZH}、){{1,15}}{_ITEM_ZH}?)等(?:\d+余?[家所]|[一-鿿]?多家)?(?:[一-鿿]{{0,8}}?{one_of(_ZH['listed'])}|携|参展|亮相)"
)


def chinese_names(
    text: str, places: Sequence[Named], known: Sequence[Named], taken: Sequence[tuple[int, int]]
) -> Iterator[Named]:
    """Names in `text`, in which `places` and `known` organizations are named; `taken` are dates and titles."""
    ended = list(_ended_zh(text, places, known, taken))
    yield from ended
    yield from _chinese_list(text)
    yield from _enumerated_zh(text, [*known, *ended])
    yield from _parties_zh(text)
    yield from _officers_zh(text)


def _ended_zh(
    text: str, places: Sequence[Named], known: Sequence[Named], taken: Sequence[tuple[int, int]]
) -> Iterator[Named]:
    """Names that end as those of organizations do; the longer one where two begin at the same place."""
    starts, known_ends = [place.start for place in places], {named.end for named in known}
    reached, previous = -1, None
    for found in _END_ZH.finditer(text):
        start = _start_zh(text, found.start(), places, starts, taken, known_ends)
        confidence = _confidence_zh(text[start : found.start()], found[0]) if start is not None else 0.0
        if start is None or not confidence:
            continue
        named = Named(start, found.end(), "", f"ends like one: {found[0]}", confidence)
        if previous is not None and named.start > previous.start and previous.start >= reached:
            yield previous
            reached = previous.end
        previous = named
    if previous is not None:
        yield previous


_ENUMERATED_ZH = re.compile(r"(?<=、)[A-Za-z0-9一-鿿（）()·-]{2,14}?(?=[、，]|等)")
_TRADE_ZH = re.compile(r"(?:生物|医疗|医药|制药|药业|基因|诊断|器械|医学|健康|细胞|科技|化学|集团|资本|药品)$")


def _enumerated_zh(text: str, sure: Sequence[Named]) -> Iterator[Named]:
    """`A医院、B、C公司`: what stands between organizations in a list is one."""
    ends, starts = {named.end for named in sure}, {named.start for named in sure}
    for found in _ENUMERATED_ZH.finditer(text):
        beside = (found.start() - 1 in ends) + (found.end() + 1 in starts)
        enough = beside and (beside == 2 or _TRADE_ZH.search(found[0]) or found.string[found.end()] == "等")
        if enough and _is_unusual_zh(found[0]) and not any(stop[1] for stop in _STOP_ZH.finditer(found[0])):
            yield Named(*found.span(), "", "in a list of organizations", LISTED)


_PARTY = r"[一-鿿A-Za-z0-9（）()·]"
_SIGNS_ZH = r"(?:正式|共同|成功|分别|就|在|举行)?(?:签署|签订|签约|达成|签下)"
_PARTY_ZH = re.compile(rf"[与和同]({_PARTY}{{2,20}}?)(?:（[^（）]{{2,40}}）)?{_SIGNS_ZH}")
_FIRST_PARTY_ZH = re.compile(
    rf"(?:^|[，。；：\n]|其中|期间)({_PARTY}{{3,14}}?)(?:还|也|已|则)?(?:分别|正式|成功)?[与和同]{_PARTY}{{2,20}}?{_SIGNS_ZH}",
    re.MULTILINE,
)


def _parties_zh(text: str) -> Iterator[Named]:
    """`A与B签署`: who signs and with whom one signs are organizations, whatever their names."""
    for found in _PARTY_ZH.finditer(text):
        stop = next((stop.start() for stop in _STOP_ZH.finditer(found[1]) if stop[1]), len(found[1]))
        start, end = found.start(1), found.start(1) + stop
        if end - start >= 2 and _is_unusual_zh(text[start:end]):
            yield Named(start, end, "", "a party of an agreement", LISTED)
    for found in _FIRST_PARTY_ZH.finditer(text):
        whole = not any(stop[1] for stop in _STOP_ZH.finditer(found[1]))
        if whole and _is_unusual_zh(found[1]):
            yield Named(*found.span(1), "", "a party of an agreement", LISTED)


_OFFICER_ZH = re.compile(
    r"([一-鿿A-Za-z0-9（）()·]{2,20}?)(?:集团)?(?:联合)?(?:创始人|董事长|总裁|总经理|首席执行官|首席科学家|CEO)"
)


def _officers_zh(text: str) -> Iterator[Named]:
    """`B董事长`: whoever has one is an organization, whatever its name."""
    for found in _OFFICER_ZH.finditer(text):
        start, end = _bare_zh(text, *found.span(1))
        if end - start >= 3 and not _END_ZH.search(text, start, end) and _is_unusual_zh(text[start:end]):
            yield Named(start, end, "", "has a chief executive", LISTED)


def _bare_zh(text: str, start: int, end: int) -> tuple[int, int]:
    """Without the words before it that no name holds."""
    return max((stop.end() for stop in _STOP_ZH.finditer(text, start, end) if stop[1]), default=start), end


_NOBODY_ZH = re.compile(r"(?:[韩中外国药民]企|企业|机构|双方|单位|方|公司|集团|副|原|时任|兼|院|人|员)$")


def _is_unusual_zh(bare: str) -> bool:
    return not _GENERIC_ZH.fullmatch(bare) and not _NOBODY_ZH.search(bare)


def _start_zh(
    text: str,
    end: int,
    places: Sequence[Named],
    starts: list[int],
    taken: Sequence[tuple[int, int]],
    known_ends: Container[int],
) -> int | None:
    """Where the name before `end` begins: after the last word that no name holds, at the first place after it."""
    floor = max([end - LONGEST, 0, *(stop for start, stop in taken if stop <= end and stop > end - LONGEST)])
    left = _NAME_ZH.search(text, floor, end)
    if left is None:
        return None
    start = left.start()
    for stop in _STOP_ZH.finditer(text, start, end + 2):  # what comes next decides what a word is
        if stop.end() > end:
            break
        if not stop[1] or (
            stop[1] in _JOINS_ZH
            and stop.start() not in known_ends
            and _is_one_zh(text[start : stop.start()], text[stop.end() : end])
        ):
            continue
        start = stop.end()
    while start < end and text[start] in ")）·-":
        start += 1
    return _at_place(text, start, end, places[bisect_left(starts, start) :]) if start < end else None


def _at_place(text: str, start: int, end: int, places: Sequence[Named]) -> int:
    """`start`, or the first place after it, where nothing between them belongs to a name."""
    place = places[0].start if places else end
    gap = text[start:place]
    if place >= end or (gap.endswith(("（", "(")) and text[places[0].end : places[0].end + 1] in ("）", ")")):
        return start
    return start if gap and (_END_ZH.search(gap) or gap.isascii() or gap.endswith(("驻", "国家"))) else place


_JOINS_ZH = frozenset([*"和与及同为以", "联合"])
_STATE_ZH = re.compile(r"(?:中国|韩国|大韩|中华|中韩|韩中).{4,}")


_LAND = re.compile(r"(?:中国|韩国|大韩|中华)[一-鿿]{1,4}")


def _is_one_zh(before: str, after: str) -> bool:
    """Whether a word such as `和` stands within a name: no name has ended before it, and none begins after it."""
    if any(found.end() == len(before) for found in _END_ZH.finditer(before)):
        return False
    begins = bool(after.strip("（）()·")) and not _GENERIC_ZH.fullmatch(after)
    return not begins or (bool(_LAND.fullmatch(before)) and len(after) <= 4)


def _confidence_zh(modifier: str, end: str) -> float:
    """How surely what stands before the end of a name makes it one; 0: not at all."""
    bare = modifier.strip("（）()·")
    if not bare or bare.isdigit() or (len(bare) < 2 and len(end) < 3):
        return 0.0
    return THIN if _GENERIC_ZH.fullmatch(bare) and not _STATE_ZH.fullmatch(bare) else STRONG


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

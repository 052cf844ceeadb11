"""Agreements between organizations that are named, and intentions of those whose counterpart is not."""

from __future__ import annotations

import re
from collections.abc import Container, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from matchmaker.intake.article.cue import CUES, one_of
from matchmaker.intake.article.organization import Body
from matchmaker.intake.article.text import Article

SHORT = 45  # characters of a fragment that belongs to the sentence before it
_SIGNED_EN = re.compile(
    r"\b(?:signed|inked|sign|signs|signing|concluded|entered into|struck|sealed|formed|established|set up|agreed"
    r"|exchanged|partnered|teamed up|joined hands|partners|formalized|formalised|reached|renewed|extended"
    r"|announced\s(?:an?|the|its)\s(?:[\w-]+\s){0,3}(?:collaboration|partnership|agreement|deal|alliance))\b",
    re.IGNORECASE,
)
_SIGNED_ZH = re.compile(r"签署|签订|签约|签下|签了|达成|携手|建立|订立|缔结")
_SIGNED_KO = re.compile(r"체결|맺었|맺고|맺은|맺어|서명|손을? ?잡|조인|협약했|계약했|교환했|협약을|합의했|협약식")
_KINDS = {
    kind: re.compile(
        rf"\b{one_of([w for w in words if w.isascii()])}s?\b|{one_of([w for w in words if not w.isascii()])}",
        re.IGNORECASE,
    )
    if any(not w.isascii() for w in words)
    else re.compile(rf"\b{one_of(words)}s?\b", re.IGNORECASE)
    for kind, words in CUES.tables["agreement"]["kind"].items()
}
_INTENTION = CUES.pattern(CUES.tables["intention"])
_COUNTERPART = re.compile(
    r"(?i:\b(?:Chinese|Korean|Japanese|local|foreign|overseas|unnamed|undisclosed)\s(?:[a-z-]{2,20}\s){0,2}"
    r"(?:compan(?:y|ies)|firms?|partners?|hospitals?|distributors?|manufacturers?|drugmakers?|buyers?|investors?|biotechs?|enterprises?"
    r"|institutions?|universit(?:y|ies)|clinics?)(?:\sand\sparks)?\b)"
    r"|\ban?\s(?:[a-z-]{2,20}\s){1,3}(?:in\s[A-Z]\w+\s)?(?=(?:that|which|who)\s(?:asked|did|was|has|could))"
    r"|(?:中国|韩国|中方|韩方|当地|本地|海外|外资|国内|[一某多][家所])[一-鿿]{0,6}?(?:企业|公司|医院|药企|机构|经销商|园区|高校)|合作伙伴"
    r"|(?:중국|한국|현지|해외|국내|미국|일본|소재|[가-힣]{1,4}[시성])\s?(?:[가-힣]{1,6}\s?)?(?:기업|업체|제약사|병원|바이어|파트너|회사|유통사|의료기관|측)"
)
_PLANNED = re.compile(
    r"(?i)\b(?:will|plans? to|to be|is expected to|are expected to|set to|would|intends? to|aims? to)\s"
    r"(?:also\s)?(?:sign|ink|form|set up|establish)"
    r"|(?:将|拟|计划|预计|即将)(?:正式|共同)?(?:签|达成|建立)|(?:체결|서명)할\s?(?:예정|계획|방침)|(?:체결|서명)하기로|맺을\s?(?:예정|계획)"
)
_SAID_KO = re.compile(
    r"(?:체결|맺었|맺은|서명|협약|계약|합의)\S*?(?:다고|라고|다며)\s?(?:[^.]{0,40})?(?:밝혔|전했|발표)|체결했다고|맺었다고"
)
_IN = re.compile(r"\b(?:in|at|from)\s(?:the\s)?(?:[A-Z]\w+['’]s\s)?$")
_OWNER = re.compile(r"\s(?:affiliate|unit|subsidiary|spin-?off|arm)\b")
_WITH = re.compile(r"\bwith\b|\bbetween\b")
_TO = re.compile(r"\b(?:licens|suppl|sell|provid|transfer|deliver|export)\w*\b[^.;]{0,80}?\bto\s")
_AND_ZH = re.compile(r"^[还也则已]?(?:管委会|管理委员会)?(?:分别)?(?:（[^）]{1,20}）)?(?:正式|共同)?[与和同及跟]")
_INCLUDES = re.compile(r"(?i)\b(?:including|such as|namely)\b|包括")
_TITLE_OF_PERSON = re.compile(r"(?i)\b(?:said|told|noted|remarked|explained|added|pointed out)\b")


@dataclass(frozen=True)
class Agreement:
    """Two organizations that signed, or will; `announced` where only the day of the announcement is given."""

    left: str
    right: str
    kind: str
    sentence: int
    status: str
    announced: bool


@dataclass(frozen=True)
class Intention:
    """What an organization intends with somebody who is not named."""

    id: str
    subject: str
    counterpart: str
    first: int
    last: int


Mentions = list[tuple[int, int, str]]


def mentions_by_sentence(article: Article, bodies: Sequence[Body]) -> dict[int, Mentions]:
    """By sentence: start, end and identifier of every mention of an organization, in order."""
    found: dict[int, Mentions] = {}
    for body in bodies:
        for start, end in body.mentions:
            found.setdefault(article.sentence_at(start), []).append((start, end, body.id))
    return {sentence: sorted(mentions) for sentence, mentions in found.items()}


def agreements_of(article: Article, mentions: dict[int, Mentions]) -> list[Agreement]:
    """Each pair of organizations that an article says to have signed, or to be about to sign, once."""
    found: dict[tuple[str, str], Agreement] = {}
    for sentence, named in sorted(mentions.items()):
        start, end = article.sentences[sentence]
        verb, kind = _verb(article.text, start, end), kind_of(article.text[start:end])
        if verb is None or kind is None:
            continue
        status = "planned" if _PLANNED.search(article.text, start, end) else "signed"
        announced = bool(_SAID_KO.search(article.text, start, end))
        for left, right in _all_pairs(article.text, start, end, named, verb):
            key = (min(left, right), max(left, right))
            if left != right and (key not in found or found[key].status == "planned" != status):
                found[key] = Agreement(left, right, kind, sentence, status, announced)
    return list(found.values())


def _verb(text: str, start: int, end: int) -> re.Match[str] | None:
    return next(
        (verb for pattern in (_SIGNED_EN, _SIGNED_ZH, _SIGNED_KO) if (verb := pattern.search(text, start, end))), None
    )


def kind_of(sentence: str) -> str | None:
    """What kind of agreement a sentence speaks of, if of any."""
    return next((kind for kind, pattern in _KINDS.items() if pattern.search(sentence)), None)


def _all_pairs(text: str, start: int, end: int, named: Mentions, verb: re.Match[str]) -> Iterator[tuple[str, str]]:
    """The pairs of each clause with a verb of its own; in English, of the sentence."""
    if verb[0].isascii():
        free = [
            mention for mention in named if not (_IN.search(text, start, mention[0]) or _OWNER.match(text, mention[1]))
        ]
        for low, each, high in _clauses(text, start, end, free):
            yield from _pairs(text, high, [mention for mention in free if low <= mention[0] < high], each)
        return
    begin = start
    pattern = _SIGNED_KO if re.search("[가-힣]", verb[0]) else _SIGNED_ZH
    for each in pattern.finditer(text, start, end):
        found = list(_pairs(text, end, [mention for mention in named if begin <= mention[0] < each.end()], each))
        yield from found
        begin = each.end() if found else begin


def _clauses(text: str, start: int, end: int, named: Mentions) -> Iterator[tuple[int, re.Match[str], int]]:
    """The verbs of an English sentence with names on both sides, each with the bounds of its clause."""
    verbs: list[re.Match[str]] = []
    for verb in _SIGNED_EN.finditer(text, start, end):
        if not verbs or sum(verbs[-1].end() <= mention[0] < verb.start() for mention in named) >= 2:
            verbs.append(verb)
    lows = [start, *(verb.end() for verb in verbs)]
    for number, verb in enumerate(verbs):
        last = number == len(verbs) - 1
        yield lows[number], verb, end if last else verbs[number + 1].start()


def _pairs(text: str, end: int, named: Mentions, verb: re.Match[str]) -> Iterator[tuple[str, str]]:
    named = _without_repeats(named)
    if len(named) < 2:
        return
    if re.search("[가-힣]", verb[0]):
        yield from _korean_pairs(text, end, named)
    elif re.search("[一-鿿]", verb[0]):
        yield from _chinese_pairs(text, named, verb)
    else:
        yield from _english_pairs(text, end, named, verb)


def _without_repeats(named: Mentions) -> Mentions:
    seen: set[str] = set()
    return [mention for mention in named if not (mention[2] in seen or seen.add(mention[2]))]  # type: ignore[func-returns-value]


def _english_pairs(text: str, end: int, named: Mentions, verb: re.Match[str]) -> Iterator[tuple[str, str]]:
    before = [mention for mention in named if mention[1] <= verb.start()]
    after = [mention for mention in named if mention[0] >= verb.end()]
    joiner = (
        _WITH.search(text, verb.end(), end)
        or _TO.search(text, verb.end(), end)
        or _WITH.search(text, max(0, verb.start() - 120), verb.start())
    )
    if joiner and joiner[0] == "between":
        between = [mention for mention in named if mention[0] >= joiner.end()]
        yield from _first_two(text, between)
    elif joiner and joiner.start() > verb.start() and before:
        partners = _linked(text, _owned(text, [mention for mention in after if mention[0] >= joiner.end()]))
        if joiner.re is _TO and partners and "," in text[joiner.end() : partners[0][0]]:
            return
        yield from ((left[2], right[2]) for left in _subjects(text, before) for right in partners)
    elif len(before) == 1 and after and _INCLUDES.search(text, verb.end(), after[0][0]):
        yield from ((before[0][2], right[2]) for right in after)
    elif len(before) >= 2 and re.search(r"\band\b|,|&", text[before[-2][1] : before[-1][0]]):
        yield from _first_two(text, before[-2:])


def _subjects(text: str, before: Mentions) -> Mentions:
    """The last name before the verb, and those joined to it by `and`."""
    kept = [before[-1]]
    for left, right in zip(reversed(before[:-1]), reversed(before[1:]), strict=True):
        if re.fullmatch(r"[\s,]*(?:\([^()]{1,30}\))?[\s,]*(?:and|&)?[\s,]*(?:the\s)?", text[left[1] : right[0]]):
            kept.insert(0, left)
        else:
            break
    return kept


_OWNS = re.compile(r"['’]s\s(?:[a-z-]{2,20}\s){1,3}")


def _owned(text: str, mentions: Mentions) -> Mentions:
    """`A's affiliate B` is B."""
    while len(mentions) > 1 and _OWNS.fullmatch(text, mentions[0][1], mentions[1][0]):
        mentions = mentions[1:]
    return mentions


_JOINED = re.compile(
    r"[\s,、·]*(?:\([^()]{1,30}\))?[\s,]*(?:and|&|as well as|及|和)?[\s,]*(?:the\s)?(?:[A-Z][a-z]+['’]s\s)?"
    r"(?:(?:[A-Z][a-z]+-based\s)?(?:(?!(?:while|whereas|but|who|which|as|after|to|in|at|for|on|with|is|was)\b)[a-z-]{2,20}\s){1,4})?"
)


def _linked(text: str, mentions: Mentions) -> Mentions:
    """Names in a row, joined by commas and `and`."""
    kept = mentions[:1]
    for left, right in pairwise(mentions):
        if _JOINED.fullmatch(text, left[1], right[0]):
            kept.append(right)
        else:
            break
    return kept


def _first_two(text: str, mentions: Mentions) -> Iterator[tuple[str, str]]:
    if len(mentions) >= 2 and not re.search(r"[.;]\s", text[mentions[0][1] : mentions[1][0]]):
        yield mentions[0][2], mentions[1][2]


def _chinese_pairs(text: str, named: Mentions, verb: re.Match[str]) -> Iterator[tuple[str, str]]:
    before = [mention for mention in named if mention[1] <= verb.start()]
    if len(before) < 2:
        return
    for number in range(len(before) - 1, 0, -1):
        gap = text[before[number - 1][1] : before[number][0]]
        if _AND_ZH.match(gap) and len(gap) < 40:
            left = before[number - 1]
            yield from ((left[2], right[2]) for right in _linked(text, before[number:]))
            return
    between = text[before[0][1] : before[1][0]]
    if re.fullmatch(r"[，,、\s]*(?:分别|共同|正式)?[与和同及跟][^，。]{0,12}", between):
        yield before[0][2], before[1][2]


def _korean_pairs(text: str, end: int, named: Mentions) -> Iterator[tuple[str, str]]:
    """`A는 B와 협약을 맺었다`, `A와 B는 …`: who has `와` is the partner of the subject."""
    particles = {mention: _particle(text, mention[1], end) for mention in named}
    partners = [mention for mention in named if particles[mention] in ("와", "과", "및", "·", "-")]
    subjects = [mention for mention in named if particles[mention] in ("은", "는", "이", "가", "측은", "도")]
    if partners and subjects:
        for subject, own in _shared_out(partners, subjects):
            yield from ((subject[2], partner[2]) for partner in _listed_before(text, named, own, subject))
    elif len(named) == 2 and not any(text.startswith("에서", mention[1]) for mention in named):
        yield named[0][2], named[1][2]
    elif len(partners) == 1:
        after = named[named.index(partners[0]) + 1 :]
        yield from ((partners[0][2], other[2]) for other in after[:1])


def _shared_out(partners: Mentions, subjects: Mentions) -> Iterator[tuple[tuple[int, int, str], Mentions]]:
    """`A는 B와 …을, C는 D와 …을 각각 체결`: each subject with the partners up to the next one."""
    before = [partner for partner in partners if partner < subjects[0]]
    for subject, after in zip(subjects, [*subjects[1:], None], strict=True):
        own = [partner for partner in partners if subject < partner and (after is None or partner < after)]
        if subject == subjects[0]:
            own = before + own
        if own:
            yield subject, own


def _listed_before(text: str, named: Mentions, partners: Mentions, subject: tuple[int, int, str]) -> Mentions:
    """The partners, with those that commas join to them."""
    kept: Mentions = []
    for partner in partners:
        at = named.index(partner)
        group = [partner]
        while (
            at > 0
            and named[at - 1] != subject
            and re.fullmatch(r"\s?(?:\([^()]{1,40}\))?\s?[,·]\s?", text[named[at - 1][1] : named[at][0]])
        ):
            at -= 1
            group.insert(0, named[at])
        kept += [mention for mention in group if mention != subject]
    return kept


def _particle(text: str, end: int, limit: int) -> str:
    found = re.compile(
        r"(?:\s?\([^()]{1,60}\))?(?:\s(?:[가-힣]{2,6}장|대표|총장|[가-힣]{2,4}\s원장))?\s?(측은|측과|은|는|이|가|와|과|및|도|·|-)(?=[\s,]|\S{2})"
    ).match(text, end, limit)
    return {"측과": "과"}.get(found[1], found[1]) if found else ""


# --- intentions ---------------------------------------------------------------------------------------------------


def intentions_of(article: Article, mentions: dict[int, Mentions], signed: Sequence[Agreement]) -> list[Intention]:
    """What is intended with a counterpart that nobody names; a named one makes it an agreement, and no intention."""
    found: dict[str, Intention] = {}
    for sentence, (start, end) in enumerate(article.sentences):
        stray = sentence and sentence not in mentions and _is_fragment(article.text, start, end)
        first = sentence - 1 if stray else sentence
        stated = _stated(article, first, sentence, mentions.get(first, []))
        if stated is None:
            continue
        done = {who for each in signed if each.sentence == first for who in (each.left, each.right)}
        for mention in _owners(article.text, mentions.get(first, []), stated, done):
            subject = _subject(article, mention, end)
            found.setdefault(mention[2], Intention(mention[2], subject, article.quote(*stated.span()), first, sentence))
    return list(found.values())


def _is_named(words: re.Match[str], named: Mentions) -> bool:
    """Whether words such as `Korean hospital` stand in the name of an organization."""
    return any(start < words.end() and words.start() < end for start, end, _ in named)


def _stated(article: Article, first: int, last: int, named: Mentions) -> re.Match[str] | None:
    """The words for somebody who is not named, with whom something is intended or was signed."""
    text, begin, end = article.text, article.sentences[first][0], article.sentences[last][1]
    stated = next((each for each in _COUNTERPART.finditer(text, begin, end) if not _is_named(each, named)), None)
    if stated is None or _INTENTION.search(text, begin, end):
        return stated
    signs = _verb(text, begin, end) is not None and kind_of(text[begin:end]) is not None
    return stated if signs and _is_partner(text, stated) else None


_WITH_ONE = re.compile(
    r"\b(?:with|to|between)\s(?:an?\s|its\s|the\s|several\s|some\s|unnamed\s|undisclosed\s){0,2}$|[与和同向]$"
)
_WITH_ONE_KO = re.compile(
    r"(?:들)?(?:\s?\d{1,6}여?[곳개]사?)?[와과]\s(?!\d{1,6}여?\s?[건회])[^.\n]{0,40}(?:계약|협약|의향|합의)"
)


def _is_partner(text: str, stated: re.Match[str]) -> bool:
    """Whether a counterpart is one with whom somebody signed."""
    before = _WITH_ONE.search(text, max(0, stated.start() - 40), stated.start())
    return bool(before or _WITH_ONE_KO.match(text, stated.end()))


def _is_fragment(text: str, start: int, end: int) -> bool:
    """Whether a sentence is a stray end of the one before it, as translations have them."""
    return end - start < SHORT and _INTENTION.search(text, start, end) is not None and text[end - 1] == "."


def _owners(text: str, named: Mentions, stated: re.Match[str], done: Container[str]) -> Mentions:
    """Who intends: the names before the counterpart, else those after it; where others have signed, the last before."""
    named = _without_repeats(
        [
            mention
            for mention in named
            if not mention[0] <= stated.start() < mention[1] and not text.startswith("에서", mention[1])
        ]
    )
    before = [mention for mention in named if mention[1] <= stated.start()]
    owners = before or named
    if done and owners:
        owners = [owner for owner in before[-1:] if owner[2] not in done]
    if len(owners) == 1 and _TITLE_OF_PERSON.search(text, owners[0][1], stated.start()):
        return []
    return owners


def _subject(article: Article, mention: tuple[int, int, str], end: int) -> str:
    """The words from the name to the end of its part of the sentence."""
    stop = re.compile(r"[,，、;；。]|\s(?:have|has|and|were|was)\s").search(
        article.text, mention[1], min(end, mention[1] + 120)
    )
    return article.quote(mention[0], stop.start() if stop else min(end, mention[1] + 120))

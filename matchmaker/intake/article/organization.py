"""The organizations of an article, each once: known ones by any of their names, new ones by the form of theirs."""

from __future__ import annotations

import hashlib
import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from itertools import takewhile

from matchmaker.dataset import Dataset
from matchmaker.intake.article.candidate import candidates_of
from matchmaker.intake.article.cue import CUES, one_of
from matchmaker.intake.article.name import STRONG, THIN, WEAK, Folded, Named, Names, bare_letters_of, letters_of
from matchmaker.intake.article.text import Article
from matchmaker.names import Resolver, resolver_of, without_legal_form
from matchmaker.names.key import has_hangul
from matchmaker.names.legal_form import legal_forms

NEAR, NEAR_HERE = 93.0, 86.0  # likeness in percent at which two spellings are one name: in the data, in one article
LONGEST_ABBREVIATION = 5  # letters
SHORTEST_SHARE = 3  # letters (Latin: eight) of a name that stands for a longer one in the same article
_STOPWORDS = frozenset(["of", "the", "and", "for", "in", "a", "an", "to", "de", "&", "at"])
_WEAK_TEXT = """group municipal city people peoples korea korean china chinese south republic s district's"""
_WEAK_WORDS = frozenset(_WEAK_TEXT.split()) | legal_forms().words
_ADMINISTRATION = re.compile(
    r"(?i:\s(?:administration|administrative committee|management committee))$|管理委员会$|管委会$|\s?관리위원회$"
)
_OUTSIDE = re.compile(r"(?<=Government), [A-Z][a-z]+$")
_COUNTRY = re.compile(r"中国|韩国|大韩民国|한국|중국|대한민국|中华人民共和国")
_CITY = re.compile(r"특별시|광역시|특별자치시")
_BRACKET = re.compile(
    r"\s?[(（](?:이하|以下简称|下称|简称|hereinafter|“|\"|‘|')?\s*[:：]?\s*[“\"'‘]?([^()（）“”\"'‘’]{2,40})[”\"'’]?[)）]"
)
_OR = re.compile(r",\s(?:or|known\sas)\s([A-Z]\w{2,14})\b")
_BETWEEN = re.compile(r"[·,，/]")
_TOKEN = re.compile(r"@[\w-]+|[^\W_]+", re.UNICODE)


@dataclass
class Body:
    """One organization of an article: its identifier in the data or a new one, and where it is named.

    `name` stands at `span`.
    """

    id: str
    name: str
    is_new: bool
    how: str
    confidence: float
    span: tuple[int, int]
    mentions: list[tuple[int, int]] = field(default_factory=list)


@dataclass(frozen=True, eq=False)
class Registry:
    """Who is known, by name and by what is left of the names without words that say little."""

    names: Names
    resolver: Resolver = field(default_factory=Resolver)

    @classmethod
    def of(cls, dataset: Dataset) -> Registry:
        """The organizations of `dataset`."""
        return cls(Names.of(dataset), resolver_of(dataset))

    @cached_property
    def by_signature(self) -> dict[frozenset[str], set[str]]:
        """Organizations by their signature."""
        found: dict[frozenset[str], set[str]] = {}
        for identifier, spellings in self.names.spellings.items():
            for spelling in spellings:
                for form in self._forms(spelling):
                    if signature := self.signature(form):
                        found.setdefault(signature, set()).add(identifier)
        return found

    @cached_property
    def _letters(self) -> tuple[list[str], list[str]]:
        """All long spellings as letters, and whose each is."""
        pairs = sorted({
            (letters, identifier)
            for identifier, spellings in self.names.spellings.items()
            for spelling in spellings
            if len(letters := bare_letters_of(spelling)) >= 10
        })  # fmt: skip
        return [letters for letters, _ in pairs], [identifier for _, identifier in pairs]

    def _forms(self, name: str) -> list[str]:
        """A name, without its legal form, its administration, the province before it."""
        bare = _ADMINISTRATION.sub("", name)
        first, _, rest = bare.partition(" ")
        narrow = rest if letters_of(first) in self.names.provinces and len(rest.split()) > 1 else bare
        local = _OUTSIDE.sub("", name)
        return list(dict.fromkeys((name, local, without_legal_form(name), bare, _CITY.sub("시", name), narrow)))

    @lru_cache(maxsize=1 << 16)  # noqa: B019  # as below
    def signature(self, text: str) -> frozenset[str]:
        """The words of a name that tell it from others; a known organization within it is one word."""
        pieces, reached = [], 0
        for named in self.names.find(text, Folded.of(text), within=True):
            pieces += [text[reached : named.start], f" @{named.id} "]
            reached = named.end
        plain = _COUNTRY.sub("", "".join([*pieces, text[reached:]]))
        if not text.isascii() and "@" not in plain:
            return frozenset([bare_letters_of(plain)]) - {""}
        words = {_singular(word) for word in _TOKEN.findall(plain.casefold())}
        return frozenset(words - _STOPWORDS - _WEAK_WORDS)

    @lru_cache(maxsize=1 << 16)  # noqa: B019  # lives as long as the program reads articles
    def resolve(self, text: str) -> tuple[str, str, float] | None:
        """The organization that a name means though it is not spelled so in the data: identifier, why, confidence."""
        if found := self.resolver.same(text).found:
            return found.identifier, found.how, 0.9
        for form in self._forms(text):
            signature = self.signature(form)
            known = self.by_signature.get(signature, set()) if signature else set()
            if len(known) == 1:
                return next(iter(known)), "the same telling words", 0.9
        return self._near(bare_letters_of(text))

    def _near(self, letters: str) -> tuple[str, str, float] | None:
        from rapidfuzz import fuzz, process

        spellings, ids = self._letters
        if len(letters) < 10 or not spellings:
            return None
        found = process.extract(letters, spellings, scorer=fuzz.ratio, score_cutoff=NEAR, limit=3)
        who = {ids[position] for _, _, position in found}
        return (who.pop(), "a near spelling", 0.7) if len(who) == 1 else None


def _singular(word: str) -> str:
    return word[:-1] if len(word) > 4 and word.endswith("s") and not word.endswith("ss") else word


def new_id(name: str) -> str:
    """The identifier of an organization that nobody knows: the same name gets the same one."""
    return "new-" + hashlib.sha1(bare_letters_of(name).encode(), usedforsecurity=False).hexdigest()[:8]


def organizations_of(
    article: Article, registry: Registry, folded: Folded, places: Sequence[Named], taken: Sequence[tuple[int, int]]
) -> list[Body]:
    """Every organization of the article in the order of first mention; `taken` are spans of dates and titles."""
    known = registry.names.find(article.text, folded)
    free = [name for name in candidates_of(article, places, known, taken) if not _within(name, taken)]
    free = [name for name in free if name.confidence > THIN or registry.resolve(article.text[name.start : name.end])]
    free += _acting(article.text, registry, places)
    gathering = _Gathering(article, registry)
    names = _merged(article.text, registry, known, free)
    for named in sorted(
        names, key=lambda name: (not name.id, name.confidence < WEAK, name.start - name.end, name.start)
    ):
        gathering.add(named)
    gathering.add_short_forms(folded)
    return gathering.bodies()


_ACTS = re.compile(
    r"(?:\s(?:District|City|County|Province))?(?=\s(?:also\s|has\s|have\s|will\s|had\s)?"
    r"(?:established|invited|signed|held|hosted|launched|announced|organized|inked|set up)\b)"
)


def _acting(text: str, registry: Registry, places: Sequence[Named]) -> Iterator[Named]:
    """`Baoshan District also established …`: a place that acts is its government, where the data know it."""
    for place in places:
        acts = _ACTS.match(text, place.end)
        if (
            acts
            and text[place.start : place.end].isascii()
            and registry.resolve(text[place.start : acts.end()] + " Government")
        ):
            yield Named(place.start, acts.end(), "", "a place that acts", WEAK)


def _within(named: Named, taken: Iterable[tuple[int, int]]) -> bool:
    return any(start <= named.start and named.end <= end for start, end in taken)


def _merged(text: str, registry: Registry, known: Sequence[Named], free: Sequence[Named]) -> list[Named]:
    """Known and new names, none within another: a longer name is taken where it is another organization's."""
    kept: list[Named] = []
    replaced: set[Named] = set()
    taken = bytearray(len(text))
    ends = [name.end for name in known]
    for name in sorted(free, key=lambda name: (name.start - name.end, -name.confidence, name.start)):
        if any(taken[name.start : name.end]):
            continue
        inner = list(takewhile(lambda other: other.start < name.end, known[bisect_right(ends, name.start) :]))  # noqa: B023
        larger = _larger(text, registry, name, inner) if inner else name
        if larger:
            kept.append(larger)
            taken[larger.start : larger.end] = b"\1" * (larger.end - larger.start)
            replaced.update(other for other in inner if _overlap(larger, other))
    return sorted([*kept, *(name for name in known if name not in replaced)])


def _overlap(name: Named, other: Named) -> bool:
    return name.start < other.end and other.start < name.end


_BRANCHES = re.compile(
    r"(?i)\b(?:hospital|university|college|school|institute|committee|office|branch|association|foundation|council)\b"
    r"|医院|学院|研究院|研究所|委员会|分会|代表处|有限公司|병원|연구원|연구소|위원회|대학|의료원|지사|재단|센터|控股|公司"
)


_ENDS = re.compile(one_of(end for language in ("zh", "ko") for end in CUES.name(language)["ends"]) + r"\s*$")
_OFFICE = re.compile(r"(?:무역관|지사|지부|사무소|办事处|分公司)\s*$")  # of whom it is named after
_PARTS = re.compile(r"\s(?:R&D|Research and|Production|Project)")


def _larger(text: str, registry: Registry, name: Named, inner: Sequence[Named]) -> Named | None:
    """The longer name around known ones, if it is another organization's: a part, a branch, a subsidiary."""
    first = inner[0]
    if first.start > name.start and not text[name.start : first.start].rstrip().casefold().endswith(
        (" of", " of the", "of the")
    ):
        before = text[name.start : first.start].strip(" ,")
        if first.end >= name.end or len(before) < 3 or len(inner) > 1:
            return None
        if before.isascii() and _BRANCHES.search(before):
            return name._replace(end=name.start + len(before))
    if name.start >= first.start and name.end <= first.end:
        return None
    rest = text[name.start : max(name.start, first.start)] + " " + text[first.end : name.end]
    if not registry.signature(rest) or not (_BRANCHES.search(rest) or _ENDS.search(rest)):
        return None
    if _OFFICE.search(rest) and registry.resolve(text[name.start : name.end]) is None:
        return None
    is_part = first.start == name.start and _PARTS.match(text, first.end)
    is_known = registry.resolve(text[name.start : name.end]) is not None
    return name if is_known or (len(inner) == 1 and not is_part) else None


def _is_within(letters: str, other: str) -> bool:
    """Whether a name stands in a longer one: at its start, or anywhere for four letters that are not Latin."""
    return other.startswith(letters) or (not letters.isascii() and len(letters) > SHORTEST_SHARE and letters in other)


@lru_cache(maxsize=1 << 12)
def _contracted(letters: str) -> str:
    """A name with the usual short forms of its parts."""
    for part, contracted in _CONTRACTED:
        letters = letters.replace(part, contracted)
    return letters


_CONTRACTED = (
    ("대학교", "대"),
    ("의과대학", "의대"),
    ("부속", ""),
    ("附属", ""),
    ("经济技术开发区", "经开区"),
    ("高新技术产业开发区", "高新区"),
)


def _abbreviates(short: str, long: str) -> bool:
    """Whether a Chinese or Korean name is made of a longer one: of its first two letters, its last and some between.

    >>> _abbreviates("전남대병원", "전남대학교병원"), _abbreviates("한국바이오협회", "한국제약바이오협회")
    (True, False)
    """
    if short[:2] != long[:2] or short.isascii() or len(long) <= len(short):
        return False
    rest, last = iter(long), 2 if has_hangul(short) else 1
    is_short = 4 <= len(short) <= LONGEST_ABBREVIATION and short[-last:] == long[-last:]
    return (is_short and all(letter in rest for letter in short)) or _contracted(short) == _contracted(long)


def _is_form(letters: str, other: str, *, weak: bool) -> bool:
    """Whether a name is a shorter form of another: its end, an abbreviation, `○○ Hospital` of `○○ Hospital of …`."""
    if letters == other:
        return False
    begins = letters.isascii() and other.startswith(letters + "of")
    return other.endswith(letters) or begins or _abbreviates(letters, other) or (weak and _is_within(letters, other))


def _known_how(named: Named) -> str:
    """That a name is known, and whose else it is."""
    return f"a name of {' and of '.join(named.how.split('|'))}" if "|" in named.how else "name in the data"


class _Gathering:
    """Bodies as they are found; a shorter form of a name found before is the same body."""

    def __init__(self, article: Article, registry: Registry) -> None:
        self.article, self.text = article, article.text
        self.registry = registry
        self.by_id: dict[str, Body] = {}
        self.aliases: dict[str, str] = {}

    def add(self, named: Named) -> None:
        span = (named.start, named.end)
        name = self.article.quote(*span)
        letters = bare_letters_of(name)
        glosses = self._glosses(named.end)
        identifier, how, confidence = self._identity(named, name, letters, glosses)
        new = Body(identifier, name, identifier.startswith("new-"), how, confidence, span)
        body = self.by_id.setdefault(identifier, new)
        body.confidence = max(body.confidence, confidence)
        body.mentions.append(span)
        spellings = self.registry.names.spellings.get(identifier, ())
        managed = bare_letters_of(_ADMINISTRATION.sub("", name))
        for alias in (letters, managed, *glosses, *map(bare_letters_of, spellings)):
            self.aliases.setdefault(alias, identifier)

    def _glosses(self, end: int) -> list[str]:
        """The other names in brackets right after a name."""
        bracket = _BRACKET.match(self.text, end) or _OR.match(self.text, end)
        return [letters for alias in _BETWEEN.split(bracket[1]) if (letters := letters_of(alias))] if bracket else []

    def _identity(self, named: Named, name: str, letters: str, glosses: Sequence[str]) -> tuple[str, str, float]:
        if named.id:
            return named.id, _known_how(named), named.confidence
        for alias in (letters, *glosses):
            if alias in self.aliases:
                return self.aliases[alias], named.how, named.confidence
        if found := self.registry.resolve(name + (" Government" if named.how == "a place that acts" else "")):
            return found
        if here := self._here(name, letters, named.confidence):
            return here, "a form of a name before it", 0.7
        return new_id(name), named.how, named.confidence

    def _here(self, name: str, letters: str, confidence: float) -> str | None:
        """A body of this article with a longer, or nearly the same, name."""
        from rapidfuzz import fuzz

        shortest = 8 if letters.isascii() else SHORTEST_SHARE
        if len(letters) < shortest:
            return None
        weak = confidence < STRONG
        like = [other for other in self.aliases if letters in other or other[:2] == letters[:2]]  # the rest cannot be
        held = {self.aliases[other] for other in like if _is_form(letters, other, weak=weak)}
        if len(held) == 1:
            return held.pop()
        near = {
            who
            for other, who in self.aliases.items()
            if len(letters) > 12 and fuzz.ratio(letters, other) >= NEAR_HERE and letters[:6] == other[:6]
        }
        if len(near) == 1:
            return near.pop()
        return self._with_more_words(name) if name.isascii() else None

    def _with_more_words(self, name: str) -> str | None:
        """A body whose name has the same words and one more."""
        signature = self.registry.signature(name)
        if len(signature) < 3:
            return None
        held = {
            who for who, body in self.by_id.items()
            if signature < (other := self.registry.signature(body.name)) and len(other) == len(signature) + 1
        }  # fmt: skip
        return held.pop() if len(held) == 1 else None

    def add_short_forms(self, folded: Folded) -> None:
        """`Seoul Guro Non-Contact …` for a longer name that begins so."""
        for body in list(self.by_id.values()):
            words = body.name.split()
            if len(words) < 5 or not body.name.isascii():
                continue
            start = letters_of(" ".join(words[:3]))
            at = folded.letters.find(start)
            while at >= 0 and len(start) >= 12:
                place, end = folded.places[at], folded.places[at + len(start) - 1] + 1
                if not any(a <= place < b for other in self.by_id.values() for a, b in other.mentions):
                    body.mentions.append((place, end))
                at = folded.letters.find(start, at + 1)

    def bodies(self) -> list[Body]:
        """In the order of their first mention; new names that stand only in the headline, which shortens, are none."""
        headline = self.article.headline
        for body in self.by_id.values():
            body.mentions.sort()
        kept = [body for body in self.by_id.values() if not body.is_new or body.mentions[-1][0] >= headline]
        return sorted(kept, key=lambda body: body.mentions[0])

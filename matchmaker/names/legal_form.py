"""Names without their legal form (Co., Ltd.; 股份有限公司; 주식회사), which says nothing of who is meant."""

from __future__ import annotations

import re
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

from matchmaker.domain import parse_toml
from matchmaker.names.key import folded


class LegalForms(NamedTuple):
    """`words` end a name and `leading` words open it; `marks` touch it at either end, the longest first."""

    words: frozenset[str]
    leading: frozenset[str]
    marks: tuple[str, ...]


def own_table(name: str) -> dict[str, dict[str, list[str]]]:
    """A TOML file that travels with this package, by table and key."""
    path = Path(__file__).with_name(name)
    return parse_toml(path.read_text(encoding="utf-8"), name)


@lru_cache(maxsize=1)
def legal_forms() -> LegalForms:
    """The list that travels with the package."""
    words, leading, marks = (
        {folded(form) for forms in table.values() for form in forms} for table in own_table("legal_forms.toml").values()
    )
    return LegalForms(frozenset(words), frozenset(leading), tuple(sorted(marks, key=lambda mark: (-len(mark), mark))))


def without_legal_form(name: str) -> str:
    """`name`, folded, without legal forms at its ends; a name that is nothing else keeps one.

    >>> without_legal_form("Hanmi Pharm. Co., Ltd."), without_legal_form("(주)한미약품"), without_legal_form("Co.")
    ('hanmi pharm', '한미약품', 'co')
    """
    text = " ".join(re.sub("[.'’]", "", folded(name)).replace(",", " ").split())
    while (shorter := _shorter(text)) != text:
        text = shorter
    return text


def _shorter(text: str) -> str:
    """One legal form less, if there is one to spare."""
    first, _, rest = text.partition(" ")
    start, _, last = text.rpartition(" ")
    words, leading, marks = legal_forms()
    shorter = [start] * (last in words) + [rest] * (first in leading)
    shorter += [text.removesuffix(mark) for mark in marks if text.endswith(mark)]
    shorter += [text.removeprefix(mark) for mark in marks if text.startswith(mark)]
    return next((each.strip() for each in shorter if re.search(r"\w", each)), text)

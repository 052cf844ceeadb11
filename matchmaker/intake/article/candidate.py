"""Names that look like an organization's though nobody knows it."""

from __future__ import annotations

import re
from collections.abc import Sequence

from matchmaker.intake.article.chinese import chinese_names
from matchmaker.intake.article.english import english_names
from matchmaker.intake.article.korean import korean_names
from matchmaker.intake.article.name import Named
from matchmaker.intake.article.text import Article
from matchmaker.names.key import has_han, has_hangul


def candidates_of(
    article: Article, places: Sequence[Named], known: Sequence[Named], taken: Sequence[tuple[int, int]]
) -> list[Named]:
    """Names of organizations by their form alone; `taken` are spans of dates and titles, at which a name ends."""
    found = [*english_names(article, places, known)] if re.search(r"[A-Z]", article.text) else []
    if has_han(article.text):
        found += chinese_names(article.text, places, known, taken)
    if has_hangul(article.text):
        found += korean_names(article.text, places, taken)
    return sorted(set(found))

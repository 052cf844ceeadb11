"""Identifiers made from names: the same for the same name wherever it stands, readable, and free of legal forms."""

from __future__ import annotations

import hashlib
import re

from matchmaker.names import comparison_key, without_legal_form
from matchmaker.names.reading import latin

_LONGEST = 40


def made_identifier(name: str) -> str:
    """An identifier from a name in any script; names that differ in case, width and blanks alone have the same one.

    Latin letters, and six digits that tell names apart that are written alike in them.

    >>> made_identifier("Hanmi Pharm"), made_identifier("한미약품")
    ('hanmi-pharm', 'hanmi-yagpum-8cd9ee')
    """
    name = without_legal_form(name)
    key = comparison_key(name)
    if not key:
        return ""
    letters = re.sub(r"[^a-z0-9]+", "-", latin(name).casefold()).strip("-")[:_LONGEST].strip("-")
    if key.isascii() and letters.replace("-", "") == key:
        return letters
    digits = hashlib.sha256(key.encode()).hexdigest()[:6]
    return f"{letters}-{digits}" if letters else f"x-{digits}"

"""Who stands in the tables twice, or is known already: the same name but for its legal form, or nearly the same."""

from __future__ import annotations

import re
from collections.abc import Container, Iterator, Sequence
from typing import TYPE_CHECKING

import polars as pl

from matchmaker.errors import counted, quoted
from matchmaker.intake.heading import is_name
from matchmaker.intake.transcript import Transcript
from matchmaker.names import Entry, comparison_key, without_legal_form
from matchmaker.table import LINE

if TYPE_CHECKING:
    from matchmaker.dataset import Dataset

NEAR_TWINS = 92  # likeness in percent from which two names are pointed at
MOST_SHOWN = 3
MOST_COMPARED = 2_000  # organizations among which nearly equal names are looked for


def entries(works: Sequence[Transcript]) -> Iterator[Entry]:
    """The organizations of tables, as a resolver knows them."""
    for work in works:
        columns = [name for name in work.frame.columns if is_name(name)]
        countries = work.frame["country"].to_list() if "country" in work.frame.columns else [None] * work.frame.height
        rows = work.frame.select("org_id", *columns).iter_rows()
        for (identifier, *names), country in zip(rows, countries, strict=True):
            if identifier:
                yield Entry(identifier, [name for name in names if name], country)


class KnownNames:
    """Finds organizations of a dataset by a name: the same but for its legal form, or in another script."""

    def __init__(self, known: Dataset, n_rows: int) -> None:
        from matchmaker.names import resolver_of

        self._resolver = resolver_of(known)
        self._compare = n_rows <= MOST_COMPARED
        self._by_key: dict[str, set[str]] = {}
        for spelling, row in zip(self._resolver.spelling, self._resolver.rows, strict=True):
            self._by_key.setdefault(name_key(spelling), set()).add(self._resolver.identifiers[row])

    def find(self, names: Sequence[str], country: str | None) -> str | None:
        """The identifier of the one organization that all the names mean, if there is one."""
        found = [self._by_key.get(name_key(name), set()) for name in names]
        meant = set().union(*found)
        if not meant and self._compare:
            meant = {each.identifier for name in names if (each := self._resolver.resolve(name, country).found)}
        return meant.pop() if len(meant) == 1 else None


def name_key(name: str) -> str:
    """What twins have in common."""
    return comparison_key(without_legal_form(name))


def take_known_identifiers(works: Sequence[Transcript], names: KnownNames) -> None:
    """Where an identifier was made from a name that one known organization has, the known one is taken."""
    for work in works:
        found = _known(work, names, work.made)
        lines, stated = work.frame[LINE].to_list(), work.frame["org_id"].to_list()
        taken = [found.get(line, identifier) for line, identifier in zip(lines, stated, strict=True)]
        work.frame = work.frame.with_columns(pl.Series("org_id", taken, dtype=pl.String()))
        for line, identifier in list(found.items())[:MOST_SHOWN]:
            message = f"is known already: taken as {quoted(identifier)}"
            work.note("MM-TWN-003", message, "add a column org_id, if another is meant", line, "org_id")
        if len(found) > MOST_SHOWN:
            work.note("MM-TWN-003", f"the same in {counted(len(found) - MOST_SHOWN, 'more row')}", "nothing to mend")


def report_twins(works: Sequence[Transcript], known: KnownNames | None) -> None:
    """Note rows with the name of another row, or of a known organization with another identifier."""
    rows = [(work, line, identifier, names) for work in works for line, identifier, names in _rows(work)]
    seen: dict[str, tuple[Transcript, int, str]] = {}
    for work, line, identifier, names in rows:
        for key in filter(None, map(name_key, names)):
            other, at, twin = seen.setdefault(key, (work, line, identifier))
            if twin != identifier:
                place = f"row {at}" if other is work else f"{other.grid.name}, row {at}"
                message = f"{quoted(identifier)} has the name of {quoted(twin)} in {place}"
                work.note("MM-TWN-001", message, "merge the rows, if they are one organization", line, "org_id")
                break
    if known is not None:
        _report_known(works, known)
    _report_near(works)


def _rows(work: Transcript) -> Iterator[tuple[int, str, list[str]]]:
    columns = [name for name in work.frame.columns if is_name(name)]
    for line, identifier, *names in work.frame.select(LINE, "org_id", *columns).iter_rows():
        if identifier:
            yield line, identifier, [name for name in names if name]


def _known(work: Transcript, names: KnownNames, lines: Container[int]) -> dict[int, str]:
    """By row, of those in `lines`: the one known organization that its names mean."""
    countries = dict(work.frame.select(LINE, "country").iter_rows()) if "country" in work.frame.columns else {}
    found = ((line, names.find(called, countries.get(line))) for line, _, called in _rows(work) if line in lines)
    return {line: identifier for line, identifier in found if identifier}


def _report_known(works: Sequence[Transcript], names: KnownNames) -> None:
    for work in works:
        stated = dict(work.frame.select(LINE, "org_id").iter_rows())
        for line, identifier in _known(work, names, stated.keys() - work.made).items():
            if stated[line] != identifier:
                message = f"{quoted(stated[line])} has the name of {quoted(identifier)}, which is known already"
                work.note("MM-TWN-001", message, f"write {identifier}, if they are one organization", line, "org_id")


def _report_near(works: Sequence[Transcript]) -> None:
    """Names that differ by a letter or two; only among few organizations, since all are compared with all."""
    rows = [(work, line, identifier, names) for work in works for line, identifier, names in _rows(work)]
    if len(rows) > MOST_COMPARED:
        message = f"nearly equal names are looked for among {MOST_COMPARED:,} organizations at the most: here not"
        works[0].note("MM-TWN-004", message, "nothing to mend")
        return
    spelled = [(row, name) for row, (_, _, _, names) in enumerate(rows) for name in names]
    reported = set()
    for left, right in _near_pairs([name_key(name) for _, name in spelled]):
        (one, first), (other, second) = spelled[left], spelled[right]
        pair = (one, other)
        if rows[one][2] == rows[other][2] or pair in reported:
            continue
        reported.add(pair)
        work, line, _, _ = rows[other]
        message = f"{quoted(second)} is nearly called as {quoted(first)} in row {rows[one][1]}"
        work.note("MM-TWN-002", message, "merge the rows, if they are one organization", line, "org_id")


def _near_pairs(keys: Sequence[str]) -> Iterator[tuple[int, int]]:
    """Positions of keys that are nearly equal, though not equal, and have the same digits."""
    import numpy as np
    from rapidfuzz import fuzz, process

    likeness = process.cdist(keys, keys, scorer=fuzz.ratio, score_cutoff=NEAR_TWINS, dtype=np.uint8)
    for left, right in np.argwhere(np.triu(likeness, 1)).tolist():
        one, other = keys[left], keys[right]
        if one != other and re.findall("[0-9]", one) == re.findall("[0-9]", other):
            yield left, right

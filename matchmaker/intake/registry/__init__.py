"""Public registries in the formats in which they are published, read in parts, with bounded memory."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any

import polars as pl

from matchmaker.domain import Domain
from matchmaker.errors import Problem, UsageError, counted, quoted
from matchmaker.intake import Intake, Recognized
from matchmaker.intake.registry import clinicaltrials, cordis, ror
from matchmaker.intake.registry.published import Published, Row
from matchmaker.intake.term import TermReader
from matchmaker.schema import TABLES

__all__ = ["REGISTRIES", "read_registry"]

REGISTRIES: Mapping[str, Callable[[Published], Iterator[Row]]] = {
    "cordis": cordis.rows,
    "clinicaltrials": clinicaltrials.rows,
    "ror": ror.rows,
}
PART = 50_000  # rows of all tables in a part
_VOCABULARIES = {
    "sector": "sectors",
    "region": "regions",
    "city": "regions",
    "interests": "interests",
    "term": "interests",
}


def read_registry(name: str, paths: Sequence[str | Path], *, domain: Domain, part: int = PART) -> Iterator[Intake]:
    """Read files of a registry as they were downloaded, `part` rows at a time; every organization and event comes once.

    CORDIS: project and organization files, CSV, JSON or XML, in their ZIP archive or beside each other.
    ClinicalTrials.gov: studies as CSV, as JSON of the API, or the pipe-delimited archive of AACT.
    ROR: the dump, a ZIP archive with JSON of schema 1 or 2.

    Where the domain has vocabularies, their terms are taken and others left blank; the last part counts them.

    Raises:
        UsageError: no such registry or file.
        DataError: not a file of the registry, or a damaged one.
    """
    if name not in REGISTRIES:
        message = f"no registry is called {quoted(name)}"
        raise UsageError(Problem("MM-REG-002", message, "choose from " + ", ".join(REGISTRIES)))
    known = _KnownTerms(domain)
    rows = (row for path in paths for row in REGISTRIES[name](Published(str(path))))
    fresh = _once(filter(_is_whole, map(known.keep, rows)))
    source = ", ".join(map(str, paths))
    for batch in iter(partial(_batch, fresh, part), []):
        yield _intake(batch, source, name, [])
    if problems := known.problems(source):
        yield _intake([], source, name, problems)


def _batch(rows: Iterator[Row], most: int) -> list[Row]:
    return list(islice(rows, most))


def _once(rows: Iterator[Row]) -> Iterator[Row]:
    """Each organization once: it stands in every project that it takes part in."""
    seen: set[str] = set()
    for table, cells in rows:
        if table != "organizations":
            yield table, cells
        elif cells["org_id"] not in seen:
            seen.add(cells["org_id"])
            yield table, cells


def _is_whole(row: Row) -> bool:
    """Whether a row still says something: a topic is nothing without its term."""
    table, cells = row
    return all(cells.get(column) for column in TABLES[table].required_columns)


def _intake(rows: Sequence[Row], source: str, registry: str, problems: list[Problem]) -> Intake:
    by_table: dict[str, list[Mapping[str, Any]]] = {}
    for table, cells in rows:
        by_table.setdefault(table, []).append(cells)
    tables = {table: _frame(table, by_table[table]) for table in TABLES if table in by_table}
    recognized = [Recognized(source, registry, table, frame.height) for table, frame in tables.items()]
    return Intake(tables, problems, recognized)


def _frame(table: str, rows: Sequence[Mapping[str, Any]]) -> pl.DataFrame:
    columns = dict.fromkeys([*TABLES[table].required_columns, *(column for cells in rows for column in cells)])
    cells = {column: [row.get(column) or None for row in rows] for column in columns}
    return pl.DataFrame(cells, schema=dict.fromkeys(columns, pl.String()))


class _KnownTerms:
    """Keeps of each row the terms that the domain has, and counts the others."""

    def __init__(self, domain: Domain) -> None:
        vocabularies = {column: getattr(domain, name) for column, name in _VOCABULARIES.items()}
        self._readers = {
            column: TermReader(vocabulary, column)
            for column, vocabulary in vocabularies.items()
            if vocabulary is not None
        }
        self._answers: dict[tuple[str, str], str | None] = {}
        self._lost: dict[str, set[str]] = {}

    def keep(self, row: Row) -> Row:
        """The row with identifiers of terms in place of their names."""
        table, cells = row
        kept = dict(cells)
        for column in self._readers.keys() & kept.keys():
            if kept[column]:
                found = (self._term(column, text) for text in kept[column].split(";"))
                kept[column] = ";".join(dict.fromkeys(term for term in found if term)) or None
        return table, kept

    def _term(self, column: str, text: str) -> str | None:
        key = (column, text)
        if key not in self._answers:
            self._answers[key] = self._readers[column].exact(text)
            if self._answers[key] is None:
                self._lost.setdefault(column, set()).add(text)
        return self._answers[key]

    def problems(self, source: str) -> list[Problem]:
        """What was left out, by column."""
        fix = "read them in a domain of their own, or add them to its vocabulary"
        found = []
        for column, texts in sorted(self._lost.items()):
            message = f"{counted(len(texts), 'value')} of {column} are no terms of the domain, left blank"
            found.append(Problem("MM-REG-003", f"{message}, such as {quoted(min(texts))}", fix, source, warning=True))
        return found

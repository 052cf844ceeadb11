"""What a person decides on: proposed rows with the sentence that each rests on, and the tables of those accepted."""

from __future__ import annotations

import io
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import polars as pl

from matchmaker.dataset import Dataset
from matchmaker.errors import DataError, Problem, quoted
from matchmaker.intake.article.finding import Findings
from matchmaker.intake.grid import Grid
from matchmaker.reading import HAN, HANGUL
from matchmaker.schema import TABLES, normalized_header
from matchmaker.writing import Record

DECISION = "decision"
ABOUT = (DECISION, "table", "file", "start", "end", "sentence", "confidence")
VALUES = (
    "org_id", "name", "event_id", "date", "date_precision", "end_date", "place", "title", "kind", "counts", "role",
    "left", "right", "partnership_id", "status", "intention_id", "subject", "counterpart_as_stated", "source", "note",
)  # fmt: skip
COLUMNS = (*ABOUT, *VALUES)
WRITTEN = ("organizations", "events", "participations", "partnerships", "intentions")
_YES = frozenset({"accept", "accepted", "yes", "y", "ok", "接受", "是", "수락", "예", "o"})
_NO = frozenset({"", "-", "reject", "rejected", "no", "n", "拒绝", "否", "거부", "아니오", "x"})
_REFERENCES = {"org_id": "organizations", "left": "organizations", "right": "organizations", "event_id": "events"}
_WIDTHS = {"sentence": 70, "title": 36, "name": 30, "file": 18}


def records_of(findings: Findings) -> list[dict[str, Any]]:
    """One record a proposed row, the decision blank; dates and counts are there to be read, and never written."""
    return [
        {
            DECISION: "" if row.table in WRITTEN else "-",
            "table": row.table,
            "file": findings.article.file,
            "start": row.start,
            "end": row.end,
            "sentence": row.sentence,
            "confidence": row.confidence,
            **row.values,
        }
        for row in findings.rows
    ]


def document_of(findings: Findings) -> dict[str, Any]:
    """The same as one object an article, for JSON."""
    names = (*WRITTEN, "dates", "counts")
    rows = records_of(findings)
    tables = {name: [_without_blanks(row) for row in rows if row["table"] == name] for name in names}
    published = findings.published.isoformat() if findings.published else None
    return {"file": findings.article.file, "language": findings.article.language, "published": published, **tables}


def _without_blanks(row: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in row.items() if key not in (DECISION, "table", "file") and value is not None}


def workbook(records: Sequence[Record]) -> bytes:
    """The records as a workbook in which a decision is chosen from a list; nothing in it is a formula."""
    import xlsxwriter  # type: ignore[import-untyped]

    target = io.BytesIO()
    plain = {"strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False, "in_memory": True}
    book = xlsxwriter.Workbook(target, plain)
    sheet = book.add_worksheet("mentions")
    bold, wrapped = book.add_format({"bold": True}), book.add_format({"text_wrap": True, "valign": "top"})
    sheet.write_row(0, 0, COLUMNS, bold)
    for number, record in enumerate(records, 1):
        for position, column in enumerate(COLUMNS):
            value = record.get(column)
            sheet.write_string(number, position, "" if value is None else str(value), wrapped)
    for position, column in enumerate(COLUMNS):
        sheet.set_column(position, position, _WIDTHS.get(column, 14))
    sheet.data_validation(
        1, 0, max(len(records), 1), 0, {"validate": "list", "source": ["accept", "reject"], "error_type": "information"}
    )
    sheet.freeze_panes(1, 1)
    sheet.autofilter(0, 0, max(len(records), 1), len(COLUMNS) - 1)
    book.close()
    return target.getvalue()


# --- what was accepted --------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Decided:
    """One row of a reviewed sheet: where it stands, what was decided, and its cells."""

    row: int
    decision: str
    table: str
    cells: Mapping[str, str]

    @property
    def is_accepted(self) -> bool:
        """Whether it is taken, as it is or with another identifier."""
        return self.decision.casefold() not in _NO

    @property
    def other(self) -> str | None:
        """The identifier that the person gave in place of the proposed one."""
        return None if self.decision.casefold() in _YES | _NO else self.decision


def accepted_tables(grid: Grid, dataset: Dataset) -> dict[str, pl.DataFrame]:
    """The accepted rows by table, ready for a store or a folder; what the data know already is only referred to.

    Raises:
        DataError: no such columns, a decision that is none, or an accepted row that names what is not accepted.
    """
    rows = _decided(grid)
    ids, problems = _identifiers(rows, dataset, grid)
    found: dict[str, dict[tuple[Any, ...], dict[str, str]]] = {}
    for row in rows:
        if not row.is_accepted or row.table not in WRITTEN:
            continue
        problems += [_not_accepted(grid, row, column) for column in _REFERENCES if _is_open(row, column, ids)]
        cells = _cells(row, ids)
        if row.table != "organizations" or cells["org_id"] not in dataset.row_of:
            found.setdefault(row.table, {}).setdefault(_key(row.table, cells), cells)
    if problems:
        raise DataError(problems)
    if not found:
        message = "has no row with the decision accept"
        raise DataError(Problem("MM-ART-006", message, 'write "accept" beside the rows to take', grid.file))
    return {
        name: pl.DataFrame(list(found[name].values()), infer_schema_length=None) for name in WRITTEN if name in found
    }


def _key(table: str, cells: Mapping[str, str]) -> tuple[Any, ...]:
    """What makes a row one: its identifier, of a participation both of its references."""
    if table == "participations":
        return (cells.get("event_id"), cells.get("org_id"))
    return (
        cells.get(
            {"organizations": "org_id", "events": "event_id", "partnerships": "partnership_id"}.get(
                table, "intention_id"
            )
        ),
    )


def _decided(grid: Grid) -> list[Decided]:
    rows = [[cell or "" for cell in row] for row in grid.frame.iter_rows()]
    numbers = grid.rows.to_list()
    head = list(grid.headings) if grid.headings else rows.pop(0)
    numbers = numbers if grid.headings else numbers[1:]
    names = [normalized_header(name) for name in head]
    if not {DECISION, "table"} <= set(names):
        message = 'has no columns "decision" and "table"'
        raise DataError(Problem("MM-ART-004", message, "give the file that matchmaker mentions -o wrote", grid.file))
    records = (dict(zip(names, map(_unescaped, row), strict=False)) for row in rows)
    return [
        Decided(number, record[DECISION].strip(), record["table"], record)
        for number, record in zip(numbers, records, strict=True)
    ]


def _unescaped(cell: str) -> str:
    """A cell without the mark that keeps a spreadsheet from running it."""
    return cell[1:] if re.match("'[=+\\-@\t\r＝＋－＠]", cell) else cell


def _identifiers(
    rows: Iterable[Decided], dataset: Dataset, grid: Grid
) -> tuple[dict[tuple[str, str], str | None], list[Problem]]:
    """By table and proposed identifier: the one to write, or None where it is not taken."""
    ids: dict[tuple[str, str], str | None] = {}
    problems = []
    for row in rows:
        column = {"organizations": "org_id", "events": "event_id"}.get(row.table)
        if row.other and (column is None or not re.fullmatch(r"[^\s;]{1,100}", row.other)):
            message = f"the decision {quoted(row.decision)} is neither accept nor reject"
            problems.append(
                Problem(
                    "MM-ART-005",
                    message,
                    "an identifier may stand beside organizations and events only",
                    grid.file,
                    row=row.row,
                )
            )
        elif column and row.cells.get(column):
            key = (row.table, row.cells[column])
            is_known = row.table == "organizations" and key[1] in dataset.row_of and row.decision == ""
            taken = (row.other or key[1]) if row.is_accepted or is_known else None
            ids[key] = ids.get(key) or taken
    return ids, problems


def _is_open(row: Decided, column: str, ids: Mapping[tuple[str, str], str | None]) -> bool:
    value = row.cells.get(column, "")
    return bool(value) and ids.get((_REFERENCES[column], value), value) is None


def _not_accepted(grid: Grid, row: Decided, column: str) -> Problem:
    message = f"{row.table} names {quoted(row.cells[column])}, which is not accepted among {_REFERENCES[column]}"
    return Problem("MM-ART-007", message, "accept both or neither", grid.file, row=row.row, field=column)


def _cells(row: Decided, ids: Mapping[tuple[str, str], str | None]) -> dict[str, str]:
    """The cells of the columns that the table has."""
    table = TABLES[row.table]
    known = {column.name for column in table.columns}
    cells = {column: row.cells.get(column, "") for column in VALUES if column in known}
    for column, referred in _REFERENCES.items():
        if cells.get(column):
            cells[column] = ids.get((referred, cells[column])) or cells[column]
    if row.table == "organizations":
        name = cells.pop("name")
        language = "ko" if HANGUL.search(name) else "zh" if HAN.search(name) else "en"
        cells |= {f"name_{each}": name if each == language else "" for each in ("en", "zh", "ko")}
    cells["source"] = f"{row.cells.get('file', '')}:{row.cells.get('start', '')}-{row.cells.get('end', '')}"
    if "note" in known:
        cells["note"] = row.cells.get("sentence", "")
    return cells


def with_known_organizations(
    tables: Mapping[str, pl.DataFrame], dataset: Dataset, there: Iterable[str]
) -> dict[str, pl.DataFrame]:
    """The tables with the organizations of the data that they refer to, less those that are `there` already."""
    columns = ("org_id", "left", "right")
    named = {
        value for frame in tables.values() for column in columns if column in frame.columns for value in frame[column]
    }
    rows = [dataset.row_of[name] for name in sorted(named - set(there)) if name in dataset.row_of]
    lists = [name for name, kind in dataset.organizations.schema.items() if kind == pl.List(pl.String)]
    known = dataset.organizations[rows].with_columns(pl.col(lists).list.join(";")).cast(pl.String)
    both = [known, *([tables["organizations"]] if "organizations" in tables else [])]
    stated = {column.name for column in TABLES["organizations"].columns}
    joined = pl.concat(both, how="diagonal")
    kept = [column for column in joined.columns if column in stated or column.startswith("name_")]
    return {**tables, **({"organizations": joined.select(kept)} if joined.height else {})}

"""Workbooks for people to fill in: a blank template, and a copy of a table with its problems beside the rows."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from matchmaker.domain import Domain
from matchmaker.errors import Problem, column_letters
from matchmaker.intake import Intake
from matchmaker.intake.transcript import EXAMPLE, Transcript
from matchmaker.schema import ORGANIZATIONS, Table
from matchmaker.vocabulary import Vocabulary
from matchmaker.writing import new_book

PROBLEM = "problem | 문제 | 问题"
VALUES, PROBLEMS = "values", "problems"
LANGUAGES = ("ko", "zh", "en")
MOST_ROWS = 1_048_570  # of a sheet of Excel, less the heading
ROOM = 500  # rows of a template that have drop-down lists
_CHOSEN = {"term", "terms"}

# The columns of the template: heading in three languages, and what the example row holds.
TEMPLATE: Mapping[str, tuple[str, str]] = {
    "org_id": ("ID | 기업코드 | 企业编号", EXAMPLE),
    "name_ko": ("기업명(국문) | 韩文名称 | Company name (Korean)", "한빛바이오(주)"),
    "name_zh": ("기업명(중문) | 中文名称 | Company name (Chinese)", "韩光生物有限公司"),
    "name_en": ("기업명(영문) | 英文名称 | Company name (English)", "Hanbit Bio Co., Ltd."),
    "country": ("국가 | 国家 | Country", ""),
    "city": ("소재지 | 所在地 | Location", ""),
    "sector": ("업종 | 所属行业 | Sector", ""),
    "interests": ("관심분야 | 关注领域 | Interests", ""),
    "offers": ("주요품목 | 主要产品 | Offers", ""),
    "seeks": ("희망 협력분야 | 合作需求 | Seeks", ""),
    "description": ("소개 | 简介 | Description", ""),
    "source": ("홈페이지 | 网站 | Website", "https://example.org"),
}


def template(domain: Domain) -> bytes:
    """A workbook for a list of participants, with drop-down lists of the domain's terms and an example row.

    The example row is known by its marker and not taken.
    """
    target, book = new_book()
    sheet = book.add_worksheet("participants")
    heading, example = book.add_format(_HEADING), book.add_format({"italic": True, "font_color": "#777777"})
    lists = {name: list(choices(ORGANIZATIONS, name, domain)) for name in TEMPLATE}
    for position, (name, (text, shown)) in enumerate(TEMPLATE.items()):
        sheet.write_string(0, position, text, heading)
        sheet.write_string(1, position, shown or next(iter(lists[name]), ""), example)
        sheet.set_column(position, position, 24)
    sheet.freeze_panes(1, 0)
    _add_lists(book, sheet, {position: lists[name] for position, name in enumerate(TEMPLATE)}, 1, ROOM)
    book.close()
    return target.getvalue()


def corrected_copy(intake: Intake, domain: Domain) -> bytes:
    """The sheets of an intake as they were sent, each row with what is wrong with it, to be corrected and sent again.

    Cells with errors are marked, term columns have drop-down lists. The first column is not read again.
    """
    target, book = new_book()
    for number, work in enumerate(intake.transcripts):
        sheet = book.add_worksheet(_sheet_name(work, number, len(intake.transcripts)))
        _write_copy(book, sheet, work, [p for p in intake.problems if _belongs(p, work)], domain)
    _write_problems(book, intake.problems)
    book.close()
    return target.getvalue()


def choices(table: Table, name: str, domain: Domain) -> Iterator[str]:
    """What a drop-down list of a column offers: terms by their labels, countries by the sides of the domain."""
    if name == "country":
        yield from (side.country for side in domain.sides or ())
        return
    column = table.column(name)
    vocabulary = getattr(domain, column.vocabulary) if column.vocabulary else None
    if vocabulary is not None and column.kind in _CHOSEN:
        yield from (_labels(vocabulary, term) for term in vocabulary.terms)


def _labels(vocabulary: Vocabulary, term: str) -> str:
    stated = vocabulary.terms[term].labels
    return " | ".join(dict.fromkeys(stated[language] for language in LANGUAGES if language in stated)) or term


_HEADING = {"bold": True, "bg_color": "#DDE6F0", "text_wrap": True, "valign": "top", "border": 1}


def _add_lists(book: Any, sheet: Any, lists: Mapping[int, Sequence[str]], first: int, last: int) -> None:
    """Drop-down lists, whose values stand on a sheet of their own; several terms may be typed with `;` between them."""
    values = book.add_worksheet(f"{VALUES}{len(book.worksheets()) - 1}")
    values.hide()
    for position, offered in lists.items():
        if not offered:
            continue
        values.write_column(0, position, offered)
        source = f"='{values.get_name()}'!{_absolute(position, 1)}:{_absolute(position, len(offered))}"
        sheet.data_validation(
            first, position, max(last, first), position,
            {"validate": "list", "source": source, "show_error": False},
        )  # fmt: skip


def _absolute(column: int, row: int) -> str:
    return f"${column_letters(column + 1)}${row}"


# --- the corrected copy -------------------------------------------------------------------------------------------


def _sheet_name(work: Transcript, number: int, n_sheets: int) -> str:
    """The sheet's own name where a workbook takes it; the name of its table where there are several."""
    name = work.headings.table.name if n_sheets > 1 else work.grid.sheet
    usable = "".join(letter for letter in name if letter.isprintable() and letter not in "[]:*?/\\'")[:25]
    return f"{usable} {number + 1}" if n_sheets > 1 and number else usable or "table"


def _belongs(problem: Problem, work: Transcript) -> bool:
    return problem.file == work.grid.file and problem.sheet == work.grid.sheet


def _write_copy(book: Any, sheet: Any, work: Transcript, problems: Sequence[Problem], domain: Domain) -> None:
    grid, start = work.grid, work.headings.last + 1
    by_row = _by_row(problems)
    heading, wrong = book.add_format(_HEADING), book.add_format({"bg_color": "#FFD9D9", "border": 1})
    sheet.write_string(0, 0, PROBLEM, heading)
    for position, text in enumerate(work.headings.texts):
        sheet.write_string(0, position + 1, text, heading)
    numbers = grid.rows.slice(start).to_list()
    kept = range(len(numbers))
    if len(numbers) > MOST_ROWS:
        kept = [k for k in kept if numbers[k] in by_row]  # type: ignore[assignment]
    for written, k in enumerate(kept, 1):
        _write_row(sheet, written, grid.frame.row(start + k), by_row.get(numbers[k], []), grid.first, wrong)
    sheet.freeze_panes(1, 1)
    sheet.set_column(0, 0, 60)
    sheet.set_column(1, len(work.headings.texts), 20)
    table = work.headings.table
    lists = {position + 1: list(choices(table, name, domain)) for position, name in work.headings.columns.items()}
    _add_lists(book, sheet, lists, 1, max(len(kept), 1))


def _write_row(
    sheet: Any, row: int, cells: Sequence[str | None], problems: list[Problem], first: int, wrong: Any
) -> None:
    marked = {problem.column - first for problem in problems if problem.column}
    text = "\n".join(f"{problem.message}; {problem.fix}" for problem in problems)
    if text:
        sheet.write_string(row, 0, text[:32_000], wrong)
    for position, cell in enumerate(cells, 1):
        if cell is not None:
            sheet.write_string(row, position, cell[:32_767], *([wrong] if position in marked else []))
        elif position in marked:
            sheet.write_blank(row, position, None, wrong)


def _by_row(problems: Sequence[Problem]) -> dict[int, list[Problem]]:
    found: dict[int, list[Problem]] = {}
    for problem in problems:
        if problem.row or problem.line:
            found.setdefault(problem.row or problem.line, []).append(problem)
    return found


def _write_problems(book: Any, problems: Sequence[Problem]) -> None:
    """All problems, those of whole columns and files included."""
    sheet = book.add_worksheet(PROBLEMS)
    for row, cells in enumerate([("code", "at", "what", "mend"), *map(_cells, problems[:MOST_ROWS])]):
        for position, text in enumerate(cells):
            sheet.write_string(row, position, text[:32_000])
    sheet.set_column(1, 3, 50)


def _cells(problem: Problem) -> tuple[str, str, str, str]:
    return problem.code, problem.where, problem.message, problem.fix

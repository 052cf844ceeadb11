"""From a grid and its headings to text columns under the names of docs/format.md, with all that had to be decided."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import polars as pl

from matchmaker.domain import Domain
from matchmaker.errors import MOST_PROBLEMS_SHOWN, Problem, Refusal, counted, quoted
from matchmaker.intake.grid import Grid
from matchmaker.intake.heading import PERSONAL, Headings, is_name, nearest_heading
from matchmaker.intake.identifier import made_identifier
from matchmaker.intake.source import IntakeOptions
from matchmaker.intake.term import CountryReader, Reading, TermReader, script_of
from matchmaker.schema import Column
from matchmaker.table import BLANKS, LINE, TOTALS, Sheet

EXAMPLE = "예시 / 示例 / example"
ADDRESSES = ("source",)  # an @ in the address of a page is none of a person
JOINED = {"terms": ";", "names": ";", "text": "; "}
_WHAT = {"interests": "interest", "sectors": "sector", "regions": "place"}
_MOST_TOLD = 3


@dataclass
class Transcript:
    """A table in the making: `frame` holds text columns and `LINE`; problems are noted as they are found.

    `positions` gives the number of the column in the file for each of `frame`; `made` are the rows whose identifier was
    made from a name.
    """

    grid: Grid
    headings: Headings
    domain: Domain
    options: IntakeOptions
    frame: pl.DataFrame = field(default_factory=pl.DataFrame)
    positions: dict[str, int] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    made: set[int] = field(default_factory=set)

    def sheet(self) -> Sheet:
        """The table as the readers of domains take it."""
        grid = self.grid
        return Sheet(self.headings.table, grid.file, self.frame, self.positions, grid.numbered, grid.sheet)

    def note(self, code: str, message: str, fix: str, row: int = 0, column: str = "", *, warning: bool = True) -> None:
        """A problem of this table."""
        self.problems.append(self.sheet().problem(code, message, fix, row, column, warning=warning))

    def has(self, column: str) -> bool:
        """Whether a column is there and not blank throughout."""
        return column in self.frame.columns and self.frame[column].null_count() < self.frame.height


def transcribed(grid: Grid, headings: Headings, domain: Domain, options: IntakeOptions) -> Transcript:
    """The table that a grid holds; whatever is wrong with it stands in the `problems` of the result."""
    work = Transcript(grid, headings, domain, options)
    _take_cells(work)
    _note_columns(work)
    _drop_rows_of_no_one(work)
    if headings.table.multilingual:
        _name_languages(work)
    _read_terms(work)
    if headings.table.name == "organizations":
        _fill_region(work)
        _fill_country(work)
    _fill_identifier(work)
    return work


# --- cells --------------------------------------------------------------------------------------------------------


def _take_cells(work: Transcript) -> None:
    grid, headings = work.grid, work.headings
    start = headings.last + 1
    body = grid.frame.slice(start)
    texts = {position: _composed(body[str(position)]) for position in headings.columns}
    columns: dict[str, pl.Series] = {}
    for position, name in headings.columns.items():
        work.positions.setdefault(name, grid.first + position + 1)
        columns[name] = (
            _merged(work, name, columns[name], texts[position], position) if name in columns else texts[position]
        )
    lines = grid.rows.slice(start).alias(LINE)
    work.frame = pl.DataFrame([*(cells.alias(name) for name, cells in columns.items()), lines])
    _refuse_ragged(work, start)
    work.frame = work.frame.filter(~pl.all_horizontal(pl.exclude(LINE).is_null()))


def _composed(cells: pl.Series) -> pl.Series:
    """Cells without blanks around them, composed; the same series where that changes nothing, for large tables."""
    composed = cells.str.strip_chars(BLANKS).str.normalize("NFC").replace("", None)
    return cells if composed.equals(cells, null_equal=True) else composed


def _merged(work: Transcript, name: str, first: pl.Series, second: pl.Series, position: int) -> pl.Series:
    """Two columns of one meaning: lists and texts are joined; of others, one must be blank where the other is not."""
    column = work.headings.table.column(name)
    heading = work.headings.texts[position]
    if column.kind in JOINED and not is_name(name):
        both = pl.DataFrame({"0": first, "1": second})
        joined = both.select(
            pl.concat_str("0", "1", separator=JOINED[column.kind], ignore_nulls=True).replace("", None)
        )
        return joined.to_series()
    differing = (first.is_not_null() & second.is_not_null() & (first != second)).fill_null(value=False)
    if differing.any():
        message = f"the column {quoted(heading)} means {name}, as an earlier one does, and says something else"
        row = int(work.grid.rows.slice(work.headings.last + 1).filter(differing)[0])
        work.note("MM-TAB-002", message, "delete one of them", row, name, warning=False)
    return pl.select(pl.coalesce(first, second)).to_series()


def _refuse_ragged(work: Transcript, start: int) -> None:
    """Records with other numbers of fields than the heading: where nothing but blanks is over, nothing is lost."""
    widths = work.grid.widths
    if widths is None:
        return
    wanted = int(widths[work.headings.last])
    wrong = widths.slice(start).ne(wanted)
    if not wrong.any():
        return
    beyond = [pl.col(name) for name in work.grid.frame.columns[wanted:]]
    body = work.grid.frame.slice(start).with_columns(widths.slice(start).alias("found"), work.frame[LINE]).filter(wrong)
    empty = pl.all_horizontal(pl.exclude("found", LINE).fill_null("").str.strip_chars(BLANKS) == "")
    spare = (
        pl.all_horizontal(*(column.fill_null("").str.strip_chars(BLANKS) == "" for column in beyond))
        if beyond
        else False
    )
    ragged = body.filter(~empty & ~(spare & (pl.col("found") > wanted)))
    fix = "quote cells that hold the delimiter; fill or drop cells"
    work.problems += work.sheet().problems(
        ragged, "MM-CSV-013", lambda row: f"{counted(row['found'], 'field')}, where the heading has {wanted:,}", fix
    )


def _drop_rows_of_no_one(work: Transcript) -> None:
    """Repeated headings, the example of a template, and a row of totals are no rows of the table."""
    texts = {name: work.headings.texts[position - work.grid.first - 1] for name, position in work.positions.items()}
    repeated = pl.all_horizontal(pl.col(name).is_null() | (pl.col(name) == text) for name, text in texts.items())
    example = pl.any_horizontal(pl.exclude(LINE) == EXAMPLE)
    _drop(work, "repeats the heading", repeated)
    _drop(work, "is the example of the template", example)
    _drop(work, "holds totals", pl.col(LINE) == _row_of_totals(work))


def _drop(work: Transcript, what: str, rule: pl.Expr) -> None:
    found = work.frame.select(rule.fill_null(value=False)).to_series()
    for row in work.frame[LINE].filter(found).head(MOST_PROBLEMS_SHOWN).to_list():
        work.note("MM-TAB-018", f"the row {what}: not taken", "nothing to mend", row)
    work.frame = work.frame.filter(~found)


def _row_of_totals(work: Transcript) -> int:
    """The number of the last row, if one of its cells, taken or not, says that it sums up; else 0."""
    if work.frame.is_empty():
        return 0
    last = int(work.frame[LINE][-1])
    cells = work.grid.frame.row(int(work.grid.rows.search_sorted(last)))
    words = {re.sub(r"[\s:：]", "", cell).casefold() for cell in cells if cell}
    return last if words & set(TOTALS) else 0


# --- what is not taken --------------------------------------------------------------------------------------------

_E_MAIL = r"[A-Za-z0-9._%+-]{1,64}@[A-Za-z0-9-]{1,63}(?:\.[A-Za-z0-9-]{1,63}){1,5}"
_PHONE = r"(?:^|[^0-9-])(?:\+?8[26][- .]?)?\(?0?1[0-9]{1,2}\)?[- .][0-9]{3,4}[- .][0-9]{4}(?:$|[^0-9-])"
_RESIDENT = r"(?:^|[^0-9])(?:[0-9]{6}-[1-8][0-9]{6}|[1-9][0-9]{5}(?:19|20)[0-9]{9}[0-9Xx])(?:$|[^0-9])"
_PERSONAL_TEXT = {"e-mail addresses": _E_MAIL, "phone numbers": _PHONE, "resident numbers": _RESIDENT}


def _note_columns(work: Transcript) -> None:
    """Warn of columns that are not taken: those of persons with the number of their cells, others by name."""
    grid, headings = work.grid, work.headings
    for position, reason in headings.aside.items():
        if reason in PERSONAL:
            cells = grid.frame[str(position)].slice(headings.last + 1).drop_nulls()
            message = f"the column {quoted(headings.texts[position])} holds personal data ({reason}) in "
            message += f"{counted(cells.len(), 'cell')}: not taken"
            column = grid.first + position + 1
            work.problems.append(
                grid.problem("MM-PER-001", message, "leave it out", 0, column, headings.texts[position])
            )
    _note_unused(work)
    for name in [name for name in work.frame.columns if name not in (LINE, *ADDRESSES)]:
        if headings.table.column(name).kind in JOINED:
            _note_personal(work, name)


def _note_unused(work: Transcript) -> None:
    grid, headings = work.grid, work.headings
    for position, text in enumerate(headings.texts):
        known = position in headings.columns or position in headings.aside
        blank = grid.frame[str(position)].slice(headings.last + 1).fill_null("").str.strip_chars(BLANKS).eq("").all()
        if known or blank or work.options.allow_extra:
            continue
        what = f"the column {quoted(text)}" if text else "a column without a heading"
        fix = _did_you_mean(text, headings)
        work.problems.append(grid.problem("MM-TAB-004", f"{what} is not used", fix, 0, grid.first + position + 1, text))


def _did_you_mean(text: str, headings: Headings) -> str:
    near = nearest_heading(text, headings.table)
    return f"did you mean {near}?" if near else "nothing to mend"


def _note_personal(work: Transcript, name: str) -> None:
    """A column of which most cells are of persons is not taken; single ones are pointed at."""
    texts = work.frame[name].drop_nulls()
    for what, pattern in _PERSONAL_TEXT.items():
        n_found = int(texts.str.contains(pattern).sum())
        if not n_found:
            continue
        if 2 * n_found > texts.len():
            message = f"the column {name} holds {what} in {counted(n_found, 'cell')}: not taken"
            work.note("MM-PER-001", message, "leave it out", 0, name)
            work.frame = work.frame.with_columns(pl.lit(None, pl.String()).alias(name))
            return
        row = work.frame.filter(pl.col(name).str.contains(pattern))[LINE][0]
        message = f"{counted(n_found, 'cell')} of {name} hold {what}: taken without them"
        work.note("MM-PER-002", message, "delete them in the file, too", row, name)
        work.frame = work.frame.with_columns(
            pl.col(name).str.replace_all(pattern, " ").str.strip_chars(BLANKS).replace("", None)
        )


# --- names --------------------------------------------------------------------------------------------------------


def _name_languages(work: Transcript) -> None:
    """A name goes to the language of its script; where that column says something else, to the aliases."""
    if "name" not in work.frame.columns:
        return
    names = work.frame["name"].to_list()
    languages = [script_of(name) if name else None for name in names]
    position = work.positions.pop("name")
    for language in sorted({language for language in languages if language}):
        cells = [name if of == language else None for name, of in zip(names, languages, strict=True)]
        found = pl.Series("found", cells, dtype=pl.String())
        work.positions.setdefault(f"name_{language}", position)
        _add_names(work, f"name_{language}", found)
    work.frame = work.frame.drop("name")


def _add_names(work: Transcript, column: str, found: pl.Series) -> None:
    if column not in work.frame.columns:
        work.frame = work.frame.with_columns(found.alias(column))
        return
    other = pl.when(found != pl.col(column)).then(found)
    stated = [pl.col("aliases")] if "aliases" in work.frame.columns else []
    aliases = pl.concat_str(*stated, other, separator=";", ignore_nulls=True).replace("", None)
    work.positions.setdefault("aliases", work.positions[column])
    work.frame = work.frame.with_columns(pl.coalesce(column, found).alias(column), aliases.alias("aliases"))


# --- terms --------------------------------------------------------------------------------------------------------


def _read_terms(work: Transcript) -> None:
    _move_sectors(work)
    for column in work.headings.table.columns:
        if column.vocabulary is not None and work.has(column.name):
            reader = _reader(work, column.vocabulary)
            _read_column(work, column, reader.read_one if column.kind == "term" else reader.read)


def _reader(work: Transcript, vocabulary: str) -> TermReader:
    options, short = work.options, vocabulary == "sectors"
    terms = getattr(work.domain, vocabulary)
    return TermReader(terms, _WHAT[vocabulary], options.max_tags, options.allow_unknown, short)


def _move_sectors(work: Transcript) -> None:
    """Where no column tells sectors, those that stand for interests are taken as what they are."""
    columns = {column.name for column in work.headings.table.columns}
    if not {"sector", "interests"} <= columns or work.domain.sectors is None or work.has("sector"):
        return
    sectors, interests = _reader(work, "sectors"), _reader(work, "interests")
    texts = work.frame["interests"].unique().drop_nulls().to_list() if work.has("interests") else []
    moved = {text: term for text in texts if (term := sectors.exact(text)) and not interests.exact(text)}
    if not moved:
        return
    for text, term in sorted(moved.items())[:_MOST_TOLD]:
        message = f"{quoted(text)} is read as the sector {term}"
        work.note("MM-TAB-019", message, "write the interests, if others are meant", 0, "interests")
    stated = pl.col("interests")
    work.positions.setdefault("sector", work.positions["interests"])
    work.frame = work.frame.with_columns(
        stated.replace_strict(moved, default=None, return_dtype=pl.String()).alias("sector"),
        pl.when(~stated.is_in(list(moved))).then(stated).alias("interests"),
    )


def _read_column(work: Transcript, column: Column, read: Callable[[str], Reading | Refusal]) -> None:
    """Put the identifiers of terms in place of what is written; what is no term is said, and kept in words."""
    answers = {text: read(text) for text in work.frame[column.name].unique().drop_nulls().to_list()}
    refusals = {text: answer for text, answer in answers.items() if isinstance(answer, Refusal)}
    readings = {text: answer for text, answer in answers.items() if isinstance(answer, Reading)}
    work.problems += _refused_cells(work, column.name, refusals)
    _note_words(work, column.name, _WHAT[str(column.vocabulary)], readings)
    kept = [text for text, found in readings.items() if found.unread or (found.heard and column.kind == "terms")]
    if kept and "description" in {each.name for each in work.headings.table.columns}:
        _keep_words(work, column.name, kept)
    terms: dict[str, str | None] = {text: ";".join(answer.terms) or None for text, answer in readings.items()}
    terms |= dict.fromkeys(refusals)
    work.frame = work.frame.with_columns(
        pl.Series(column.name, [terms.get(text) for text in work.frame[column.name].to_list()], dtype=pl.String())
    )


def _note_words(work: Transcript, name: str, what: str, readings: Mapping[str, Reading]) -> None:
    """Say which words were read by the terms that they mention, and which mention none."""
    heard = {
        text: f"{quoted(text)} is read as {', '.join(found.terms)}" for text, found in readings.items() if found.heard
    }
    more = f"more of {name} are read by the terms that they mention"
    _note_cells(work, name, "MM-TAB-019", heard, "write the terms, if others are meant", more)
    unread = {
        text: f"no {what} is called {' or '.join(map(quoted, found.unread[:3]))}: kept in the description"
        for text, found in readings.items()
        if found.unread
    }
    more = f"more of {name} hold words that are no term: kept in the description"
    _note_cells(work, name, "MM-TAB-023", unread, "write terms, such as those of `matchmaker template`", more)


def _refused_cells(work: Transcript, name: str, refusals: Mapping[str, Refusal]) -> list[Problem]:
    problems: list[Problem] = []
    by_mend: dict[tuple[str, str], list[str]] = {}
    for text, refusal in refusals.items():
        by_mend.setdefault((refusal.code, refusal.fix), []).append(text)
    for (code, fix), texts in sorted(by_mend.items()):
        rows = work.frame.filter(pl.col(name).is_in(texts))
        problems += work.sheet().problems(rows, code, lambda row: refusals[row[name]].message, fix, name)
    return problems


def _note_cells(work: Transcript, name: str, code: str, messages: Mapping[str, str], fix: str, more: str) -> None:
    """A warning for each of the first texts of a column that have a message, and one for all the others."""
    rows = work.frame.filter(pl.col(name).is_in(list(messages))).unique(name, keep="first", maintain_order=True)
    for line, text in rows.select(LINE, name).head(_MOST_TOLD).iter_rows():
        work.note(code, messages[text], fix, line, name)
    if rows.height > _MOST_TOLD:
        work.note(code, f"{rows.height - _MOST_TOLD:,} {more}", fix, 0, name)


def _keep_words(work: Transcript, name: str, texts: list[str]) -> None:
    """What was written in words is kept in the description, so that nothing is lost."""
    written = pl.when(pl.col(name).is_in(texts)).then(pl.concat_str(pl.lit(f"{name}: "), pl.col(name)))
    stated = [pl.col("description")] if "description" in work.frame.columns else []
    work.frame = work.frame.with_columns(
        pl.concat_str(*stated, written, separator="; ", ignore_nulls=True).replace("", None).alias("description")
    )


# --- what follows from other columns ------------------------------------------------------------------------------


def _fill_region(work: Transcript) -> None:
    """The wider place of a place: the one right below its country."""
    vocabulary = work.domain.regions
    if vocabulary is None or not work.has("city"):
        return
    wider = {}
    for place in work.frame["city"].unique().drop_nulls().to_list():
        chain = vocabulary.ancestors(place)
        wider[place] = chain[max(len(chain) - 2, 0)]
    found = pl.Series("found", [wider.get(place) for place in work.frame["city"].to_list()], dtype=pl.String())
    stated = (
        work.frame["region"] if "region" in work.frame.columns else pl.Series([None] * len(found), dtype=pl.String())
    )
    work.positions.setdefault("region", work.positions["city"])
    work.frame = work.frame.with_columns(pl.select(pl.coalesce(stated, found)).to_series().alias("region"))


def _fill_country(work: Transcript) -> None:
    """Country: as stated, else that of the place, else the one that the sheet or a title names, else `--country`."""
    reader = CountryReader(work.domain)
    stated = work.frame["country"].to_list() if "country" in work.frame.columns else [None] * work.frame.height
    answers = {text: reader.read(text) for text in set(stated) if text}
    refusals = {text: answer for text, answer in answers.items() if isinstance(answer, Refusal)}
    work.problems += _refused_cells(work, "country", refusals) if refusals else []
    fallback = work.options.country or reader.mentioned(_titles(work))
    answered = [
        answers.get(text) if text else of or fallback for text, of in zip(stated, _of_places(work), strict=True)
    ]
    codes = [answer if isinstance(answer, str) else None for answer in answered]
    if None in codes and work.domain.sides is not None:
        message = f"the country of {counted(codes.count(None) - len(refusals), 'organization')} is not known"
        if codes.count(None) > len(refusals):
            work.note("MM-TAB-020", message, "add a column country, or give --country", 0, "country")
    work.frame = work.frame.with_columns(pl.Series("country", codes, dtype=pl.String()))


def _of_places(work: Transcript) -> list[str | None]:
    """The country of the place of each row: of its region, else of its city."""
    regions = work.domain.regions
    codes: list[str | None] = [None] * work.frame.height
    for name in ("city", "region"):
        places = work.frame[name].to_list() if regions and name in work.frame.columns else []
        for row, place in enumerate(places):
            codes[row] = (place and regions and regions.attribute(place, "country")) or codes[row]
    return codes


def _titles(work: Transcript) -> Iterator[str]:
    """What stands above the table, and the names of the sheet and the file."""
    yield from {cell for row in work.grid.top(max(work.headings.first, 0)) for cell in row if cell}
    yield work.grid.sheet
    yield re.split(r"[/\\]", work.grid.file)[-1]


def _fill_identifier(work: Transcript) -> None:
    """Identifiers that are missing are made from names, the same for the same name in any file."""
    key = work.headings.table.order[0]
    names = [name for name in sorted(work.frame.columns, key=_by_language) if is_name(name) or name == "title"]
    if work.headings.table.name not in ("organizations", "events"):
        return
    stated = work.frame[key].to_list() if key in work.frame.columns else [None] * work.frame.height
    if key in work.frame.columns and None not in stated:
        _note_leading_zeros(work, key)
        return
    rows: list[tuple[Any, ...]] = work.frame.select(names).rows() if names else [()] * work.frame.height
    found = [
        text or made_identifier(next((name for name in row if name), ""))
        for text, row in zip(stated, rows, strict=True)
    ]
    work.made = {line for line, text in zip(work.frame[LINE].to_list(), stated, strict=True) if text is None}
    work.positions.setdefault(key, work.positions.get(names[0], 0) if names else 0)
    work.frame = work.frame.with_columns(pl.Series(key, [each or None for each in found], dtype=pl.String()))
    first = next((each for each, text in zip(found, stated, strict=True) if text is None and each), None)
    if first:
        made = counted(len(work.made), "row")
        message = f"{made} without an identifier: made from the names, such as {quoted(first)}"
        work.note("MM-TAB-021", message, f"add a column {key}, if you have your own")


def _by_language(column: str) -> tuple[bool, str]:
    return column != "name_en", column


def _note_leading_zeros(work: Transcript, key: str) -> None:
    """Identifiers of digits alone, none of which begins with 0, may have lost their zeros in a workbook."""
    texts = work.frame[key].drop_nulls()
    if work.grid.kind not in ("Excel", "OpenDocument") or texts.is_empty():
        return
    if texts.str.contains("^[1-9][0-9]*$").all() and texts.str.len_chars().n_unique() > 1:
        message = f"the {counted(texts.len(), 'identifier')} are numbers: zeros in front of them may be gone"
        work.note("MM-XLS-008", message, "format the column as text", 0, key)

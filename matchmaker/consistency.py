"""What tables must not say of each other: twins, unknown identifiers and terms, agreements stated twice, the future."""

from __future__ import annotations

import codecs
import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import date
from typing import TYPE_CHECKING, Any

import polars as pl

from matchmaker.cell import normalized_term
from matchmaker.errors import MOST_PROBLEMS_SHOWN, Problem, counted, quoted
from matchmaker.schema import TABLES, Column, Vocabulary
from matchmaker.table import LINE, ReadOptions, Sheet, list_series, nearest

if TYPE_CHECKING:
    from matchmaker.domain import Domain

FIRST = "\0first"  # the first day that a stated date can mean: a date known to its year lies ahead if the year does
HIDDEN = (LINE, FIRST)
Sheets = dict[str, Sheet]


def check_tables(
    sheets: Sheets, incomplete: Collection[str], domain: Domain, options: ReadOptions
) -> tuple[Sheets, list[Problem]]:
    """Check tables of values; what may be dropped with a warning is dropped.

    `incomplete` are tables of which nothing, or not every row, could be read: what refers to them is not held wrong.
    """
    problems: list[Problem] = []
    for name, sheet in sheets.items():
        problems += _no_rows(sheet) if name not in incomplete else []
        sheets[name], found = _without_twins(sheet)
        problems += found
    for name in sheets:
        sheets[name], found = _with_known_references(sheets, name, incomplete, options)
        problems += found
    sheets["partnerships"], found = _agreements(sheets["partnerships"])
    problems += found
    problems += _ahead(sheets, options.last_day) + _ends_before_start(sheets["events"])
    sheets["participations"] = _merged_roles(sheets["participations"])
    for name in sheets:
        sheets[name], found = _with_known_terms(sheets[name], domain, options)
        problems += found
    return sheets, problems + _garbled_names(sheets["organizations"])


def _no_rows(sheet: Sheet) -> list[Problem]:
    optional = not sheet.table.required
    if sheet.frame.height or not sheet.positions or (optional and sheet.numbered == "row"):
        return []
    return [sheet.problem("MM-CSV-002", "has a header and no rows", "add rows", warning=optional)]


# --- twins --------------------------------------------------------------------------------------------------------


def _without_twins(sheet: Sheet) -> tuple[Sheet, list[Problem]]:
    """Drop rows that say the same as an earlier one; refuse rows that say something else of the same identifier."""
    if sheet.frame.is_empty():
        return sheet, []
    stated = [name for name in sheet.frame.columns if name not in HIDDEN]
    alike = _may_repeat(sheet.frame, stated)
    frame = sheet.frame if alike is None else sheet.frame.unique(subset=stated, keep="first", maintain_order=True)
    problems = []
    if n_equal := sheet.frame.height - frame.height:
        message = f"{counted(n_equal, 'row')} with the content of an earlier one, counted once"
        problems.append(sheet.problem("MM-TAB-015", message, "delete what is repeated", warning=True))
    for column in sheet.table.columns:
        if column.kind == "id":
            problems += _twins(replace(sheet, frame=frame), column.name)
    return replace(sheet, frame=frame), problems


def _may_repeat(frame: pl.DataFrame, columns: Sequence[str]) -> pl.Series | None:
    """Rows that may say in `columns` what another row says, by their hashes; None where all differ.

    Large tables seldom repeat themselves, and to group their rows would take several times their memory.
    """
    said = [name for name in columns if frame[name].null_count() < frame.height]
    hashes = frame.select(said).hash_rows() if said else pl.zeros(frame.height, dtype=pl.UInt64, eager=True)
    ordered = hashes.sort()
    twice = ordered.filter((ordered == ordered.shift()).fill_null(value=False))
    return hashes.is_in(twice.unique().implode()) if twice.len() else None


def _twins(sheet: Sheet, key: str) -> list[Problem]:
    twins = sheet.frame.filter(pl.col(key).is_not_null() & pl.col(key).is_duplicated())
    if twins.is_empty():
        return []
    first = twins.with_columns(pl.col(LINE).min().over(key).alias("first")).filter(pl.col(LINE) > pl.col("first"))
    return sheet.problems(
        first,
        "MM-TAB-016",
        lambda row: (
            f"the {key} {quoted(row[key])} stands on {sheet.numbered} {row['first']:,}, too, with other content"
        ),
        "merge the rows, or give one another identifier",
        key,
    )


# --- references ---------------------------------------------------------------------------------------------------


def _with_known_references(
    sheets: Mapping[str, Sheet], name: str, incomplete: Collection[str], options: ReadOptions
) -> tuple[Sheet, list[Problem]]:
    sheet, problems = sheets[name], []
    for column in sheet.table.columns:
        if column.table is None or column.table in incomplete or sheet.frame.is_empty():
            continue
        known = sheets[column.table].frame.select(pl.col(TABLES[column.table].order[0]).alias(column.name))
        lost = sheet.frame.filter(pl.col(column.name).is_not_null()).join(known, on=column.name, how="anti")
        if lost.is_empty():
            continue
        problems += _unknown(sheet, column, lost, known[column.name].drop_nulls().to_list(), options)
        if column.required:
            sheet = replace(
                sheet, frame=sheet.frame.join(lost.select(LINE), on=LINE, how="anti", maintain_order="left")
            )
        else:
            is_lost = pl.col(LINE).is_in(lost[LINE].to_list())
            kept = sheet.frame.with_columns(pl.when(~is_lost).then(pl.col(column.name)).alias(column.name))
            sheet = replace(sheet, frame=kept)
    if name == "intentions" and "organizations" not in incomplete:
        problems += _unknown_candidates(sheet, sheets["organizations"], options)
    return sheet, problems


def _unknown(sheet: Sheet, column: Column, lost: pl.DataFrame, known: list[str], options: ReadOptions) -> list[Problem]:
    """One problem for each unknown identifier, with the number of its rows and the nearest that is known."""
    what = str(column.table)[:-1]
    found = lost.group_by(column.name).agg(pl.len().alias("n"), pl.col(LINE).min()).sort(LINE)
    shown = {name: nearest(name, known) for name in found[column.name].head(MOST_PROBLEMS_SHOWN).to_list()}

    def message(row: dict[str, Any]) -> str:
        near = shown[row[column.name]]
        rows = f" ({row['n']:,} rows)" if row["n"] > 1 else ""
        return f"no {what} {quoted(row[column.name])}{rows}" + (f"; the nearest is {quoted(near)}" if near else "")

    fix = "skipped" if options.allow_unknown else f"add it to {column.table}, correct it, or give --allow-unknown"
    return sheet.problems(found, "MM-REF-001", message, fix, column.name, warning=options.allow_unknown)


def _unknown_candidates(sheet: Sheet, organizations: Sheet, options: ReadOptions) -> list[Problem]:
    name = "candidate_counterparts"
    each = sheet.frame.select(LINE, pl.col(name).str.split(";")).explode(name).drop_nulls()
    each = each.with_columns(pl.col(name).str.strip_chars()).filter(pl.col(name) != "")
    lost = each.join(organizations.frame.select(pl.col("org_id").alias(name)), on=name, how="anti")
    known = organizations.frame["org_id"].drop_nulls().to_list()
    column = replace(sheet.table.column(name), table="organizations")
    return _unknown(sheet, column, lost, known, options) if lost.height else []


# --- agreements and roles -----------------------------------------------------------------------------------------


def _agreements(sheet: Sheet) -> tuple[Sheet, list[Problem]]:
    """Drop agreements of an organization with itself; keep one of those that state the same agreement."""
    if sheet.frame.is_empty():
        return sheet, []
    problems = []
    own = sheet.frame.filter(pl.col("left") == pl.col("right"))
    if own.height:
        problems = sheet.problems(
            own,
            "MM-REF-002",
            lambda row: f"{quoted(row['left'])} is its own partner: the row is skipped",
            "correct the right side",
            "right",
            warning=True,
        )
        sheet = replace(sheet, frame=sheet.frame.filter((pl.col("left") != pl.col("right")).fill_null(value=True)))
    same = ["\0low", "\0high", "date", "date_precision", "kind"]
    keyed = sheet.frame.with_columns(
        pl.min_horizontal("left", "right").alias("\0low"), pl.max_horizontal("left", "right").alias("\0high")
    ).sort("left", "right", "partnership_id", LINE, nulls_last=True)
    merged = keyed.unique(subset=same, keep="first", maintain_order=True)
    if n_twice := keyed.height - merged.height:
        message = f"{counted(n_twice, 'row')} with an agreement of the same pair, date and kind again, counted once"
        problems.append(sheet.problem("MM-REF-003", message, "merge the rows", warning=True))
        merged = _joined(keyed, merged, same)
    return replace(sheet, frame=merged.drop("\0low", "\0high")), problems


def _joined(keyed: pl.DataFrame, merged: pl.DataFrame, same: list[str]) -> pl.DataFrame:
    """The rows of `merged`, their subjects, evidence and direction taken from all rows that state the same."""
    supplier = (
        pl.when(pl.col("direction").is_null() | (pl.col("direction") == "mutual"))
        .then(pl.lit(""))
        .when(pl.col("direction") == "left2right")
        .then("left")
        .otherwise("right")
    )
    all_rows = (
        keyed.with_columns(supplier.alias("\0supplier"))
        .group_by(same)
        .agg(
            pl.col("subject_interests").explode(empty_as_null=False).unique().sort(),
            pl.col("verified").fill_null(value=True).any(),
            pl.col("\0supplier").unique(),
        )
    )
    joined = merged.drop("subject_interests", "verified").join(
        all_rows, on=same, how="left", nulls_equal=True, maintain_order="left"
    )
    one = pl.col("\0supplier").list.len() == 1
    direction = (
        pl.when(one & (pl.col("\0supplier").list.first() == pl.col("left")))
        .then(pl.lit("left2right"))
        .when(one & (pl.col("\0supplier").list.first() == pl.col("right")))
        .then(pl.lit("right2left"))
        .otherwise(pl.lit("mutual"))
    )
    return joined.with_columns(direction.alias("direction")).select(merged.columns)


def _merged_roles(sheet: Sheet) -> Sheet:
    """One row an event and an organization, with all its roles."""
    key = ["event_id", "org_id"]
    if _may_repeat(sheet.frame, key) is None:
        return sheet
    rest = [name for name in sheet.frame.columns if name not in (*key, "role", "verified", LINE)]
    merged = (
        sheet.frame.sort(*key, *rest, nulls_last=True)
        .group_by(key, maintain_order=True)
        .agg(
            pl.col("role").explode(empty_as_null=False).unique().sort(),
            pl.col("verified").fill_null(value=True).any(),
            *(pl.col(name).drop_nulls().first() for name in rest),
            pl.col(LINE).min(),
        )
    )
    return replace(sheet, frame=merged.select(sheet.frame.columns))


# --- time ---------------------------------------------------------------------------------------------------------


def _ahead(sheets: Mapping[str, Sheet], today: date) -> list[Problem]:
    """Refuse facts of the future; an event of the future is a plan as long as nobody took part in it."""
    events = sheets["events"]
    planned = events.frame.filter(pl.col(FIRST) > today)
    problems = _held_ahead(sheets["participations"], planned) if planned.height else []
    for name in ("partnerships", "region_ties"):
        problems += sheets[name].problems(
            sheets[name].frame.filter(pl.col(FIRST) > today),
            "MM-DAY-005",
            lambda row: f"the date {quoted(row['date'])} lies ahead",
            "correct it, or leave the row out until then",
            "date",
        )
    return problems + events.problems(
        planned.join(sheets["participations"].frame, on="event_id", how="anti"),
        "MM-DAY-007",
        lambda row: f"the event {quoted(row['event_id'])} lies ahead ({row[FIRST]}): a plan, which counts for nothing",
        "nothing to mend if the date is right",
        "date",
        warning=True,
    )


def _held_ahead(participations: Sheet, planned: pl.DataFrame) -> list[Problem]:
    held = participations.frame.join(planned.select("event_id", FIRST), on="event_id")
    rows = held.group_by("event_id", FIRST).agg(pl.col(LINE).min(), pl.len().alias("n"))
    return participations.problems(
        rows.sort(LINE),
        "MM-DAY-005",
        lambda row: (
            f"the event {quoted(row['event_id'])} ({counted(row['n'], 'participation')}) lies ahead: {row[FIRST]}"
        ),
        "correct its date, or leave its participations out until it has taken place",
        "event_id",
    )


def _ends_before_start(events: Sheet) -> list[Problem]:
    return events.problems(
        events.frame.filter(pl.col("end_date") < pl.col(FIRST)),
        "MM-DAY-006",
        lambda row: f"the event ends on {row['end_date']}, before it starts on {row[FIRST]}",
        "correct one of the dates",
        "end_date",
    )


# --- terms --------------------------------------------------------------------------------------------------------


def _with_known_terms(sheet: Sheet, domain: Domain, options: ReadOptions) -> tuple[Sheet, list[Problem]]:
    """Write terms as their vocabulary does; what a vocabulary lacks is an error, or with a warning stands alone."""
    problems: list[Problem] = []
    spellings = {} if sheet.frame.is_empty() else _spellings(domain)
    for column in sheet.table.columns:
        if column.vocabulary is None or column.vocabulary not in spellings:
            continue
        spelling = spellings[column.vocabulary]
        stated = sheet.frame.select(column.name, LINE)
        if column.kind == "terms":
            stated = stated.explode(column.name)
        lost = stated.drop_nulls().filter(~pl.col(column.name).is_in(list(spelling)))
        if lost.height:
            problems += _unknown_terms(sheet, column, lost, list(spelling.values()), options)
        if any(key != value for key, value in spelling.items()):
            sheet = replace(sheet, frame=sheet.frame.with_columns(_spelled(sheet.frame[column.name], spelling)))
    return sheet, problems


def _spellings(domain: Domain) -> dict[Vocabulary, dict[str, str]]:
    """By vocabulary: its terms by their normal form."""
    vocabularies: dict[Vocabulary, Any] = {
        "interests": domain.interests,
        "sectors": domain.sectors,
        "regions": domain.regions,
    }
    return {
        name: {normalized_term(term): term for term in vocabulary.terms}
        for name, vocabulary in vocabularies.items()
        if vocabulary is not None
    }


def _spelled(column: pl.Series, spelling: Mapping[str, str]) -> pl.Series:
    if column.dtype == pl.String:
        return column.replace(spelling)
    return list_series(column.name, [sorted(spelling.get(term, term) for term in terms) for terms in column.to_list()])


def _unknown_terms(
    sheet: Sheet, column: Column, lost: pl.DataFrame, known: list[str], options: ReadOptions
) -> list[Problem]:
    found = lost.group_by(column.name).agg(pl.len().alias("n"), pl.col(LINE).min()).sort(LINE, column.name)
    shown = {name: nearest(name, known) for name in found[column.name].head(MOST_PROBLEMS_SHOWN).to_list()}

    def message(row: dict[str, Any]) -> str:
        near = shown[row[column.name]]
        rows = f" ({row['n']:,} rows)" if row["n"] > 1 else ""
        nearby = f"; the nearest is {quoted(near)}" if near else ""
        return f"{quoted(row[column.name])}{rows} is not in the vocabulary {column.vocabulary}{nearby}"

    mend = f"correct it, add it to {column.vocabulary}.toml, or give --allow-unknown"
    fix = "it stands alone" if options.allow_unknown else mend
    return sheet.problems(found, "MM-REF-004", message, fix, column.name, warning=options.allow_unknown)


# --- names --------------------------------------------------------------------------------------------------------


def _garbled_names(sheet: Sheet) -> list[Problem]:
    """Warn of names that were read in a wrong encoding before they came here."""
    problems = []
    for column in sheet.frame.columns:
        if column != "name" and not column.startswith("name_"):
            continue
        stated = sheet.frame.select(column, LINE).drop_nulls()
        foreign = stated.filter(pl.col(column).str.contains("[^\\x00-\\x7f]"))
        garbled = [(line, reading) for name, line in foreign.iter_rows() if (reading := _misread_as(name))]
        if garbled:
            line, reading = garbled[0]
            message = (
                f"{len(garbled):,} of {counted(stated.height, 'name')} in {column} read like {reading} "
                f"(first on {sheet.numbered} {line:,})"
            )
            problems.append(
                sheet.problem("MM-TAB-017", message, "export the table again as UTF-8", line, column, warning=True)
            )
    return problems


def _misread_as(name: str) -> str | None:
    if "\ufffd" in name:
        return "text that an earlier reader could not decode"
    if _was_windows(name):
        return "UTF-8 read as cp1252"
    if _EAST_ASIAN.search(_was_chinese(name)):
        return "UTF-8 read as GBK"
    return None


_EAST_ASIAN = re.compile("[\u3400-\u9fff\uac00-\ud7a3]")
_BYTES = bytes(range(256))
# Bytes by the character that browsers, Excel and Python read in them as windows-1252, where five bytes stand for
# control characters, or as Latin-1.
_WINDOWS = {chr(byte): byte for byte in _BYTES} | {
    character: byte for byte, character in enumerate(_BYTES.decode("cp1252", "replace")) if character != "\ufffd"
}
_BLANK_WITHIN = re.compile(rb"(?<=[\xe1-\xef]) (?=[\x80-\xbf])|(?<=[\xe0-\xef][\x80-\xbf]) ")


def _was_windows(name: str) -> bool:
    """Whether the bytes of `name` in windows-1252 are UTF-8; trimming may have cut the last character.

    A blank within the three bytes of a character was a no-break space, if another character bears that out:
    "Nestlé® Health" is as it should be.
    """
    if any(character not in _WINDOWS for character in name):
        return False
    data = bytes(_WINDOWS[character] for character in name)
    mended = _BLANK_WITHIN.sub(b"\xa0", data)
    try:
        text = codecs.getincrementaldecoder("utf-8")().decode(mended)
    except UnicodeError:
        return False
    return len(text) - len(text.encode("ascii", "ignore")) > (mended != data)


def _was_chinese(name: str) -> str:
    try:
        return name.encode("gb18030").decode("utf-8")
    except UnicodeError:
        return ""

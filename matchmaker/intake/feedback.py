"""Forms in which people report what came of meetings, in three languages, become outcomes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from matchmaker.day import StatedDay, parse_day
from matchmaker.domain import Domain, parse_toml
from matchmaker.errors import DataError, MatchmakerError, Problem, quoted
from matchmaker.intake.grid import Grid
from matchmaker.intake.heading import HEADING_SEARCH, Headings, heading_of
from matchmaker.intake.reference import resolve_references
from matchmaker.intake.source import IntakeOptions, read_source
from matchmaker.intake.transcript import Transcript, transcribed
from matchmaker.names import comparison_key, resolve
from matchmaker.store.outcome import Outcome, ahead
from matchmaker.store.session import OUTCOMES, SESSION_TABLES
from matchmaker.table import LINE

if TYPE_CHECKING:
    from matchmaker.dataset import Dataset

TABLE = SESSION_TABLES["outcomes"]


@dataclass(frozen=True)
class Feedback:
    """What forms say: outcomes by identifier, and what is wrong or was decided on the way."""

    outcomes: dict[str, Outcome]
    problems: list[Problem]

    @property
    def errors(self) -> list[Problem]:
        """The problems for which nothing may be saved."""
        return [problem for problem in self.problems if not problem.warning]


def read_feedback(
    sources: Sequence[str | Path],
    *,
    known: Dataset,
    options: IntakeOptions | None = None,
    session: str | None = None,
) -> Feedback:
    """Read forms of any format that `read_sources` takes; errors in rows are listed in the answer, not raised.

    Args:
        sources: files or addresses, each with a row a statement.
        known: the organizations that can be named, by identifier or by name.
        options: how to read.
        session: the session of rows that name none.

    Raises:
        UsageError: no such file.
        DataError: a source without a heading that tells who met whom and what came of it.
    """
    options = options or IntakeOptions()
    found = Feedback({}, [])
    for source in sources:
        for work in _works(read_source(source, options), known.domain, options):
            resolve_references([work], known)
            outcomes = dict(_outcomes(work, known, session))
            found.outcomes.update(outcomes)
            found.problems.extend((*work.grid.problems, *work.problems))
    return found


def _works(grids: Sequence[Grid], domain: Domain, options: IntakeOptions) -> list[Transcript]:
    """The sheets that are forms."""
    headed = [(grid, heading_of(grid.top(HEADING_SEARCH + 1), grid.headings, TABLE)) for grid in grids]
    found = [(grid, headings) for grid, headings in headed if headings and _is_form(headings)]
    if not found:
        message = "has no heading that says who met whom and what came of it"
        fix = "name the columns left, right (or one_of), outcome, date, session, note"
        raise DataError(grids[0].problem("MM-TAB-022", message, fix, warning=False))
    return [transcribed(grid, headings, domain, options) for grid, headings in found]


def _is_form(headings: Headings) -> bool:
    return {"left", "outcome"} <= headings.found and bool({"right", "one_of"} & headings.found)


def _outcomes(work: Transcript, known: Dataset, session: str | None) -> Iterator[tuple[str, Outcome]]:
    """The outcome of each row, by its own identifier or one made of what it says."""
    for cells in work.frame.iter_rows(named=True):
        row = {column.name: None for column in TABLE.columns} | cells
        outcome = Outcome(
            row["left"] or "",
            row["right"],
            _word(work, row),
            _day(work, row),
            row["session_id"] or session,
            _one_of(work, row, known),
            row["note"],
            row["source"],
        )
        if _can_be(work, row, outcome):
            yield row["outcome_id"] or outcome.identifier, outcome


def _word(work: Transcript, row: Mapping[str, Any]) -> str:
    word = _words().get(comparison_key(row["outcome"] or ""))
    if word is None:
        message = f"there is no outcome {quoted(row['outcome'] or '')}"
        work.note("MM-STO-010", message, "choose from " + ", ".join(OUTCOMES), row[LINE], "outcome", warning=False)
    return word or ""


def _day(work: Transcript, row: Mapping[str, Any]) -> date | None:
    """The day as stated; of a month or a year the last."""
    if row["date"] is None:
        return None
    stated = parse_day(row["date"], date_format=work.options.date_format)
    if isinstance(stated, StatedDay):
        return stated.last
    work.note(stated.code, stated.message, stated.fix, row[LINE], "date", warning=False)
    return None


def _one_of(work: Transcript, row: Mapping[str, Any], known: Dataset) -> tuple[str, ...]:
    names = [name.strip() for name in (row["one_of"] or "").split(";") if name.strip()]
    try:
        return tuple(known.ids[resolve(known, name)] for name in names)
    except MatchmakerError as error:
        problem = error.problems[0]
        work.note("MM-REF-001", problem.message, problem.fix, row[LINE], "one_of", warning=False)
        return ()


def _can_be(work: Transcript, row: Mapping[str, Any], outcome: Outcome) -> bool:
    """Whether the outcome can be; what `Outcome.check` refuses is told with its row, once."""
    if not outcome.outcome or (row["one_of"] and not outcome.one_of):
        return False
    try:
        outcome.check()
    except MatchmakerError as error:
        problem = error.problems[0]
        work.note(problem.code, problem.message, problem.fix, row[LINE], "right", warning=False)
        return False
    if later := ahead(outcome):
        work.note(later.code, later.message, later.fix, row[LINE], "date", warning=False)
    return later is None


@lru_cache(maxsize=1)
def _words() -> dict[str, str]:
    """By comparison key of a word in any of the languages: the outcome that it means."""
    path = Path(__file__).with_name("outcome.toml")
    listed = parse_toml(path.read_text("utf-8"), path.name)["outcome"]
    return {comparison_key(word): outcome for outcome in OUTCOMES for word in (outcome, *listed[outcome])}

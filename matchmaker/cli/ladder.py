"""What was learned from outcomes, as a page for people and as records."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from matchmaker.cli.answer import Answer
from matchmaker.cli.describe import figure
from matchmaker.cli.page import Page
from matchmaker.errors import counted

if TYPE_CHECKING:
    from matchmaker.ladder import LadderLesson
    from matchmaker.store.verdict import Verdict

COLUMNS = ("scorer", "before", "after", "change", "because")
SMALLEST = 0.0005  # of a change that is worth a word


def ladder_answer(lesson: LadderLesson, verdict: Verdict) -> Answer:
    """Which weights changed, by how much, because of which outcomes; and how people's decisions turned out."""
    records = list(_records(lesson))
    document = {
        "weights": lesson.weights,
        "prior": lesson.prior,
        "because": lesson.because,
        "counts": lesson.counts,
        "stated": lesson.stated,
        "strength": lesson.strength,
        "bound": lesson.bound,
        "log_likelihood": list(lesson.likelihood),
        "verdict": asdict(verdict),
    }

    def print_page(page: Page) -> None:
        page.heading(f"Learned from {counted(sum(lesson.counts.values()), 'statement')}")
        page.line(
            f"{_told(lesson.counts)}; {lesson.stated - sum(lesson.counts.values())} more say less of the same pair."
        )
        page.line()
        page.table(
            [*COLUMNS],
            [[each["scorer"], *(f"{each[name]:.3f}" for name in COLUMNS[1:4]), each["because"]] for each in records],
            numeric=(1, 2, 3),
        )
        page.line()
        before, after = lesson.likelihood
        page.line(f"Log-likelihood of the statements: {before:.2f} before, {after:.2f} after.")
        page.line(f"No statement moves the log-odds that two want to meet by more than {lesson.bound:.2g}.")
        page.line()
        rows = [[each.name, *map(str, (each.pairs, each.known, each.met, each.beyond))] for each in verdict.groups]
        page.table(["Pairs", "n", "known", "met", "beyond"], rows, numeric=(1, 2, 3, 4))
        page.line(verdict.sentence)

    return Answer(COLUMNS, records, document, [document], print_page)


def _records(lesson: LadderLesson) -> Iterator[dict[str, Any]]:
    for name, parts in lesson.because.items():
        before, after = lesson.prior.get(name, 0.0), lesson.weights[name]
        numbers = {"before": figure(before), "after": figure(after), "change": figure(after - before)}
        yield {"scorer": name, **numbers, "because": _reasons(parts)}


def _reasons(parts: Mapping[str, float]) -> str:
    """The outcomes that moved a weight, the strongest first; they add up to the change, but for what is too small."""
    told = sorted(
        ((word, part) for word, part in parts.items() if abs(part) >= SMALLEST), key=lambda each: -abs(each[1])
    )
    return ", ".join(f"{word} {part:+.3f}" for word, part in told)


def _told(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{n} {word}" for word, n in sorted(counts.items(), key=lambda each: (-each[1], each[0])))

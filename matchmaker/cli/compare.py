"""`matchmaker compare`: which scorer would have found the pairs that came later?"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from matchmaker.cli.answer import Answer, a_path, chosen_format, deliver, write_to
from matchmaker.cli.complain import one_of, say
from matchmaker.cli.describe import figure
from matchmaker.cli.options import Learning, Output, Talk, spread
from matchmaker.cli.page import Page
from matchmaker.cli.quick import import_scipy
from matchmaker.cli.world import dataset_of
from matchmaker.errors import Problem, UsageError
from matchmaker.writing import refuse_target

if TYPE_CHECKING:
    from matchmaker.dataset import Dataset
    from matchmaker.evaluation import Report
    from matchmaker.scorers import Scorer

PAGE_ENDINGS = (".html", ".htm")
BASELINE = "popularity"


@dataclass(frozen=True)
class Found:
    """A report and the comparisons of its best scorer with all others."""

    report: Report
    records: list[dict[str, Any]]
    notes: list[str]


@spread
def compare(
    learning: Learning,
    output: Output,
    talk: Talk,
    split: Annotated[str, typer.Option("--split", metavar="DAY", help="First day of the test period.")],
    until: Annotated[
        str | None, typer.Option("--until", metavar="DAY", help="First day after the test period; left out, no end.")
    ] = None,
    scorers: Annotated[
        str | None, typer.Option("--scorers", metavar="LIST", help="Names with commas between; left out, all.")
    ] = None,
    null_queries: Annotated[
        int,
        typer.Option("--null-queries", metavar="N", help="Queries in worlds where nothing is to be found; 0: none."),
    ] = 200,
) -> None:
    """Fit on what was known before a day, rank, and count who would have found the pairs that first met from then on.

    With --tune DAY, weights learned from the time before the split are judged beside the prior ones.
    """
    to_page = str(output.file or "").endswith(PAGE_ENDINGS)
    if to_page:
        refuse_target(a_path(str(output.file)))
    else:
        chosen_format(output)
    day = first_day(split, "--split")
    dataset = judged_world(talk, learning.sides)
    found = _found(dataset, day, until, scorers, null_queries, learning, talk)
    if to_page:
        from matchmaker.evaluation.page import as_page

        command = "matchmaker " + " ".join(_shown(word) for word in sys.argv[1:])
        write_to(str(output.file), as_page(found.report, command).encode(), talk)
        return
    deliver(_answer(found), output, talk)


def _shown(word: str) -> str:
    """A word of the command without paths of this machine, and without the address of a store."""
    if "://" in word:
        return "URL"
    return Path(word).name if "/" in word else word


def judged_world(talk: Talk, sides: str | None) -> Dataset:
    """The domain, with the sides that were asked for.

    Raises:
        UsageError: not two countries, or one that nobody is in.
    """
    import_scipy()
    dataset = dataset_of(talk)
    if sides is None:
        return dataset
    if sides == "none":
        return replace(dataset, domain=replace(dataset.domain, sides=None))
    countries = [country.strip() for country in sides.split(",")]
    known = dataset.organizations["country"].unique().drop_nulls().sort().to_list()
    if len(countries) != 2 or len(set(countries)) != 2:
        raise UsageError(Problem("MM-CLI-003", "--sides needs two countries", "such as --sides DE,FR, or none"))
    for country in countries:
        one_of("--sides", country, known)
    return replace(dataset, domain=dataset.domain.with_sides(*countries))


def chosen_candidates(dataset: Dataset, candidates: str) -> str:
    """`known` or `all`; `auto` is all where organizations are known from profiles of their own."""
    one_of("--candidates", candidates, ("auto", "known", "all"))
    if candidates != "auto":
        return candidates
    return "all" if bool(dataset.organizations["interests"].list.len().sum()) else "known"


def _found(
    dataset: Dataset,
    day: date,
    until: str | None,
    scorers: str | None,
    null_queries: int,
    learning: Learning,
    talk: Talk,
) -> Found:
    from matchmaker.evaluation import evaluate

    options: dict[str, Any] = {
        "positives": learning.positives,
        "candidates": chosen_candidates(dataset, learning.candidates),
        "queries": learning.queries or None,
        "seed": learning.seed,
    }
    wanted, lesson = _wanted(dataset, day, scorers, learning, options)
    if talk.verbose and lesson is not None:
        say(f"learned from {lesson.queries:,} queries before {day}, strength {lesson.strength:g}")
    end = None if until is None else first_day(until, "--until")
    report = evaluate(dataset, day, end, wanted, null_queries=null_queries, **options)
    return Found(report, report.records(), report.warnings())


def _wanted(
    dataset: Dataset, day: date, scorers: str | None, learning: Learning, options: dict[str, Any]
) -> tuple[dict[str, Scorer], Any]:
    from matchmaker.blend import Blend
    from matchmaker.evaluation import standard_scorers
    from matchmaker.learning import QUERIES, learn

    known = standard_scorers()
    names = list(known) if scorers is None else [name.strip() for name in scorers.split(",") if name.strip()]
    wanted = {one_of("--scorers", name, known): known[name] for name in names}
    if learning.tune is None:
        return wanted, None
    most = min(learning.queries or QUERIES, QUERIES)
    lesson = learn(dataset, day, tune=first_day(learning.tune, "--tune"), **(options | {"queries": most}))
    return {**wanted, "blend (learned)": Blend(lesson.weights)}, lesson


def first_day(text: str, option: str) -> date:
    """The day that an option names, the first of a month or year where no more is said."""
    from matchmaker.day import StatedDay, parse_day

    stated = parse_day(text)
    if isinstance(stated, StatedDay):
        return stated.first
    raise UsageError(Problem("MM-CLI-012", f"{option}: {stated.message}", "write 2024-07-28, 2024-07 or 2024"))


def _answer(found: Found) -> Answer:
    report, records = found.report, found.records
    document = {
        "split": report.day.isoformat(),
        "until": report.until and report.until.isoformat(),
        "positives": report.positives,
        "mutual": report.mutual,
        "seed": report.seed,
        "megabytes": figure(report.megabytes),
        "sides": report.sides.to_dicts(),
        "scorers": records,
        "warnings": found.notes,
    }

    def print_page(page: Page) -> None:
        page.heading(f"Who would have found the new pairs of {report.day} to {report.until or 'the end'}?")
        for side in report.sides.iter_rows(named=True):
            page.line(
                f"{side['side']}: {side['judged']:,} of {side['seekers']:,} seekers judged, of them "
                f"{side['newcomers']:,} newcomers; {side['candidates']:,} candidates; {side['new_pairs']:,} new pairs"
            )
        page.line()
        page.table(*_table(records, wide=page.width >= 110), numeric=range(1, 10))
        page.line()
        page.line("nDCG@10 with its 95 % interval; ratio: the best over this one; p: of a difference, adjusted (Holm).")
        for note in found.notes:
            page.line(note)

    return Answer(list(records[0]), records, document, [document], print_page)


def _table(records: Sequence[dict[str, Any]], *, wide: bool) -> tuple[list[str], list[list[str]]]:
    header = ["scorer", "nDCG@10", "95 %", "ratio", "p", "recall@10", "newcomers", "AUC", "null", "seconds"]
    rows = []
    for record in records:
        cells = (
            f"{record['low']:.3f}–{record['high']:.3f}",
            "" if record["ratio"] is None else f"{record['ratio']:.2f}",
            "" if record["p_holm"] is None else f"{record['p_holm']:.4f}",
        )
        shown = [record.get(key) for key in ("recall@10", "ndcg@10 newcomers", "auc_matched", "ndcg@10 shuffled")]
        rest = ["" if value is None else f"{value:.3f}" for value in shown]
        rows.append([record["scorer"], f"{record['ndcg@10']:.3f}", *cells, *rest, f"{record['seconds']:.1f}"])
    kept = len(header) if wide else 7  # the rest is in the files
    return header[:kept], [row[:kept] for row in rows]

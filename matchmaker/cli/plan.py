"""`matchmaker plan`: who meets whom at a docking session, when and where, and what is proven of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import numpy as np
import typer

from matchmaker.cli.agenda import agenda_of, keep
from matchmaker.cli.answer import Answer, a_path, chosen_format, deliver
from matchmaker.cli.complain import say
from matchmaker.cli.options import Deciding, Output, Ranking, Sitting, Talk, spread
from matchmaker.cli.page import Page
from matchmaker.cli.world import day_of, recommender_of
from matchmaker.errors import Problem, UsageError, counted, quoted

if TYPE_CHECKING:
    from matchmaker.array import IntArray
    from matchmaker.dataset import Dataset
    from matchmaker.session.plan import Plan
    from matchmaker.session.session import Session

SHOWN = 5  # reasons of the waiting list


@spread
def plan(
    sitting: Sitting,
    deciding: Deciding,
    ranking: Ranking,
    talk: Talk,
    session: Annotated[
        str | None,
        typer.Argument(
            metavar="SESSION",
            help="TOML file (docs/session.md), one of data/sessions, one of the store; left out: both sides.",
            show_default=False,
        ),
    ] = None,
    dial: Annotated[
        float, typer.Option("--dial", metavar="0…1", help="0: mutual interest alone; 1: everyone's time has its price.")
    ] = 0.0,
    earlier: Annotated[
        str | None,
        typer.Option("--earlier", metavar="FOLDER", help="A plan that was announced: what can stays as it is."),
    ] = None,
    seconds: Annotated[
        float, typer.Option("--seconds", metavar="N", help="Most time to search where times bind.")
    ] = 20.0,
    output: Annotated[
        str | None,
        typer.Option(
            "--output", "-o", metavar="FOLDER", help="Write a workbook, a timetable to print and calendars into FOLDER."
        ),
    ] = None,
    form: Annotated[
        str, typer.Option("--format", "-f", metavar="FORMAT", help="auto, table, csv, json, jsonl, md or parquet.")
    ] = "auto",
) -> None:
    """Plan the meetings of a docking session: whom each meets, when and at which table.

    The plan is the most valuable that places, tables and times allow, which is proven and checked; every wanted meeting
    that is not in it has its reason. With --store, the session is read from there, and the plan, pins, vetoes and
    wishes are saved in it in one change; planned again, what can stays as it is.
    """
    if not 0.0 <= dial <= 1.0:
        raise UsageError(Problem("MM-CLI-003", f"--dial {dial} is not from 0 to 1", "such as 0.5"))
    shown = Output(format=form if output is None else "table")
    chosen_format(shown)
    if output is not None:
        from matchmaker.report.extra import check_extra

        check_extra()  # before the work, not after it
    from matchmaker.session.document import read_plan
    from matchmaker.session.interest import Interest, figures
    from matchmaker.session.planning import plan as planned

    agenda = agenda_of(session, _stated(sitting, ranking), deciding, ranking, talk)
    before = agenda.earlier if earlier is None else read_plan(a_path(earlier))
    described = agenda.session
    interest = Interest.read(described, recommender_of(talk, ranking))
    found = planned(described, interest.candidates(dial), earlier=before, seconds=seconds)
    found = replace(found, figures=figures(described, found))
    if dial:
        plain = figures(described, planned(described, interest.candidates(), seconds=seconds))
        found = replace(found, figures={**found.figures, "dial": dial, **{f"{k}_at_0": v for k, v in plain.items()}})
    deliver(_answer(described, found, whole=output is None), shown, talk)
    if output is not None:
        _write(Path(a_path(output)), described, found, earlier or before, talk)
    keep(agenda, found, deciding, talk)


def _stated(sitting: Sitting, ranking: Ranking) -> dict[str, Any]:
    """The options as a table of the form of docs/session.md."""
    from matchmaker.session.description import checked

    options = {field.name: getattr(sitting, field.name) for field in fields(sitting)}
    stated = {key: value for key, value in options.items() if value is not None and value is not False}
    for side in ("left", "right"):
        if side in stated:
            stated[side] = {"organizations": list(_names(stated[side]))}
    days = {"day": sitting.day, "as_of": ranking.as_of}
    stated |= {key: day_of(day) for key, day in days.items() if day is not None}
    return checked(stated)


def listed(dataset: Dataset, file: str) -> IntArray:
    """The rows of the organizations that a file names, one a line, each once.

    Raises:
        UsageError: no such file, nobody in it, or an unknown name.
    """
    from matchmaker.names import resolve

    rows = [resolve(dataset, name) for name in _names(file)]
    if not rows:
        raise UsageError(Problem("MM-CLI-003", f"{quoted(file)} names nobody", "write an organization a line"))
    return np.array(list(dict.fromkeys(rows)), dtype=np.int64)


def _names(file: str) -> Iterator[str]:
    """The organizations of a file, one a line, where # begins a remark; or of a text, with ; between them."""
    path = Path(a_path(file))
    if path.suffix in (".txt", ".csv") and not path.is_file():
        raise UsageError(
            Problem("MM-USE-001", f"there is no file {quoted(file)}", "name one with an organization a line")
        )
    lines = path.read_text("utf-8-sig", "replace").splitlines() if path.is_file() else file.split(";")
    for line in lines:
        if name := line.partition("#")[0].strip():
            yield name


def _answer(session: Session, plan: Plan, *, whole: bool) -> Answer:
    from matchmaker.session.document import COLUMNS, document, meeting_records

    records = meeting_records(session, plan)

    def print_page(page: Page) -> None:
        page.heading(session.title or session.id)
        for line in summary(session, plan):
            page.line(line)
        if whole and records:
            page.line()
            rows = [
                [session.clocks(m.slot), m.table, session.party[m.left].title, session.party[m.right].title]
                for m in plan.meetings
            ]
            page.table(["Time", "Table", session.left.label or "Left", session.right.label or "Right"], rows)

    return Answer(COLUMNS, records, document(session, plan), records, print_page)


def summary(session: Session, plan: Plan) -> Iterator[str]:
    """What a person wants to know of a plan before the plan itself."""
    proven = plan.certificate
    fit = plan.wanted - len(plan.waiting)
    others = f", beside {len(plan.meetings) - fit} others" if len(plan.meetings) > fit else ""
    least = "Least possible slots" if proven.slots_proven else "Slots used"
    slots = proven.used_slots if not proven.slots_proven else proven.least_slots
    yield (
        f"{counted(len(plan.meetings), 'meeting')}: {fit} of {plan.wanted} wanted ones fit{others}. "
        f"{least}: {slots} of {len(session.starts)} ({proven.bottleneck})."
    )
    yield _waiting(plan)
    yield "Valid: nobody is booked twice, all limits are kept (checked by another program than made it)."
    yield _optimality(plan)
    yield f"Both clocks: {session.clocks(0)}." if session.left.zone != session.right.zone else session.clocks(0) + "."
    if plan.change is not None:
        change = plan.change
        yield (
            f"Since the earlier plan: {counted(change.kept, 'meeting')} unchanged, {change.moved} in another slot, "
            f"{change.added} new, {change.withdrawn} withdrawn."
        )
    if "dial" in plan.figures:
        yield _price(plan)


def _optimality(plan: Plan) -> str:
    proven = plan.certificate
    if not proven.optimal:
        return f"A better plan could be worth at most {proven.gap:.2%} more; --seconds gives more time to search."
    if proven.value >= proven.bound:
        return "Optimal: by the prices of places and tables, no plan can be worth more (checked)."
    return "Optimal: the solver found that no plan can be worth more, as times are (its own claim)."


def _waiting(plan: Plan) -> str:
    if not plan.waiting:
        return "Nobody waits."
    reasons = Counter(each.reason for each in plan.waiting)
    most = sorted(reasons.items(), key=lambda item: (-item[1], item[0]))
    listed = "; ".join(f"{n} {reason}" for reason, n in most[:SHOWN])
    more = sum(n for _, n in most[SHOWN:])
    return f"Waiting list: {len(plan.waiting)} ({listed}{f'; {more} for other reasons' if more else ''})."


def _price(plan: Plan) -> str:
    figures = plan.figures
    lost = 1.0 - figures["relevance"] / figures["relevance_at_0"] if figures["relevance_at_0"] else 0.0
    return (
        f"Dial {figures['dial']:g}: costs {lost:.1%} of mutual interest ({figures['relevance_at_0']:.3g} to "
        f"{figures['relevance']:.3g} expected); with a meeting: {figures['served']:.0f} organizations "
        f"(at 0: {figures['served_at_0']:.0f}); Gini of meetings {figures['gini']:.2f} "
        f"(at 0: {figures['gini_at_0']:.2f})."
    )


def _write(folder: Path, session: Session, plan: Plan, earlier: str | Plan | None, talk: Talk) -> None:
    """The files of a plan, each whole or not there."""
    from matchmaker.report import write_all

    paths = write_all(session, plan, folder, earlier)
    names = [path.name for path in paths if path.parent == folder]
    if not talk.quiet:
        say(f"wrote {', '.join(names)} and {counted(len(paths) - len(names), 'calendar file')} into {folder}")

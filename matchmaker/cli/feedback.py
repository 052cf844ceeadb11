"""`matchmaker feedback`: what came of meetings goes into the store, one statement or a whole form at a time."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

import typer

from matchmaker.cli.answer import Answer, deliver
from matchmaker.cli.complain import complain
from matchmaker.cli.complain import one_of as one_of_these
from matchmaker.cli.import_ import report_change, source_name, undone
from matchmaker.cli.intake import intake_options
from matchmaker.cli.options import Author, Files, Output, Talk, spread
from matchmaker.cli.page import Page
from matchmaker.cli.world import dataset_of, day_of, opened, organization_of, store_address, who
from matchmaker.errors import Problem, UsageError

if TYPE_CHECKING:
    from matchmaker.store import Outcome

ACTIONS = ("add", "import", "undo", "export")
WANTED = {"add": "add LEFT RIGHT --outcome met", "import": "import FILE", "undo": "undo NUMBER", "export": "export"}


@dataclass(frozen=True)
class Said:
    """What is said of two organizations."""

    outcome: Annotated[
        str | None,
        typer.Option(
            "--outcome", metavar="WORD", help="requested, accepted, met, intention, mou, contract, no-show or declined."
        ),
    ] = None
    one_of: Annotated[
        str | None,
        typer.Option("--one-of", metavar='"A; B"', help="With add LEFT: the other is one of these, unknown which."),
    ] = None
    day: Annotated[str | None, typer.Option("--day", metavar="DAY", help="When.")] = None
    session: Annotated[str | None, typer.Option("--session", metavar="NAME", help="At which session.")] = None
    note: Annotated[str | None, typer.Option("--note", metavar="TEXT", help="A remark for people.")] = None
    source: Annotated[
        str | None, typer.Option("--source", metavar="PAGE", help="A page that states it: it then counts as verified.")
    ] = None


@spread
def feedback(
    talk: Talk,
    said: Said,
    output: Output,
    action: Annotated[str, typer.Argument(metavar="ACTION", help="add, import, undo or export.")],
    what: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[LEFT RIGHT|FILE…|NUMBER]",
            help="add: two organizations; import: forms; undo: the number of a change; export: nothing.",
            show_default=False,
        ),
    ] = None,
    author: Author = None,
) -> int:
    """Write down what came of meetings: one statement (add), or all of a form (import); the same twice is once.

    A form has a row a statement, with columns such as left, right, outcome, date, session, note in English, Chinese or
    Korean. undo takes a change back; export lists all statements with who made them.
    """
    one_of_these("ACTION", action, ACTIONS)
    given = what or []
    address = store_address(talk)
    if action == "export" and not given:
        return _export(address, output, talk)
    if action == "undo" and len(given) == 1 and given[0].isdecimal():
        return undone(address, int(given[0]), author)
    if action == "import" and given:
        return _import(address, given, said.session, author, talk)
    if action == "add" and said.outcome is not None and len(given) == (1 if said.one_of else 2):
        return _add(address, _outcome(given, said.outcome, said, talk), author)
    raise UsageError(Problem("MM-CLI-004", f"this is not how to {action} feedback", f"feedback {WANTED[action]}"))


def _outcome(given: Sequence[str], word: str, said: Said, talk: Talk) -> Outcome:
    from matchmaker.store import Outcome

    dataset = dataset_of(talk)
    left, *right = (organization_of(dataset, name, talk).id for name in given)
    names = [name.strip() for name in (said.one_of or "").split(";") if name.strip()]
    others = [organization_of(dataset, name, talk).id for name in names]
    outcome = Outcome(
        left,
        right[0] if right else None,
        word.casefold(),
        day_of(said.day),
        said.session,
        others,
        said.note,
        said.source,
    )
    outcome.check()
    return outcome


def _add(address: str, outcome: Outcome, author: str | None) -> int:
    with opened(address) as store:
        change = store.report({outcome.identifier: outcome}, author=who(author), source="feedback")
    report_change(change, dry_run=False)
    return 0


def _import(address: str, sources: Sequence[str], session: str | None, author: str | None, talk: Talk) -> int:
    from matchmaker.intake.feedback import read_feedback

    form = read_feedback(sources, known=dataset_of(talk), options=intake_options(talk, Files()), session=session)
    complain([problem for problem in form.problems if not (talk.quiet and problem.warning)])
    if form.errors:
        sys.stdout.write("Nothing was saved.\n")
        return 1
    with opened(address) as store:
        change = store.report(form.outcomes, author=who(author), source=", ".join(map(source_name, sources)))
    report_change(change, dry_run=False)
    return 0


def _export(address: str, output: Output, talk: Talk) -> int:
    from matchmaker.store.session import STORED

    with opened(address) as store:
        stated = store.stated("outcomes")
    columns = [*(column.name for column in STORED["outcomes"].columns), "author", "time", "change"]
    records = [{**row, "one_of": ";".join(row["one_of"] or ())} for row in stated.iter_rows(named=True)]

    def print_page(page: Page) -> None:
        page.heading("What came of it")
        shown = ["date", "left", "right", "one_of", "outcome", "session_id", "author", "change"]
        page.table(shown, [[str(record[name] or "") for name in shown] for record in records])

    records = [{name: record[name] for name in columns} for record in records]
    deliver(Answer(columns, records, records, records, print_page), output, talk)
    return 0

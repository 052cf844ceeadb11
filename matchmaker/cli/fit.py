"""`matchmaker fit`: learn the weights of the blend from what came of earlier periods."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated, Any

import typer

from matchmaker.cli.answer import Answer, a_path, deliver, write_to
from matchmaker.cli.compare import chosen_candidates, first_day, judged_world
from matchmaker.cli.describe import figure
from matchmaker.cli.ladder import ladder_answer
from matchmaker.cli.options import Learning, Output, Talk, spread
from matchmaker.cli.page import Cell, Page
from matchmaker.cli.world import opened, read_options, store_address
from matchmaker.errors import Problem, UsageError
from matchmaker.writing import refuse_target

if TYPE_CHECKING:
    from matchmaker.learning import Lesson


@spread
def fit(
    learning: Learning,
    output: Output,
    talk: Talk,
    until: Annotated[
        str | None, typer.Option("--until", metavar="DAY", help="Learn from what came before this day only.")
    ] = None,
    from_store: Annotated[
        bool, typer.Option("--from-store", help="Learn from the outcomes in the store, rung by rung of the ladder.")
    ] = False,
    strength: Annotated[
        float | None, typer.Option("--strength", metavar="X", help="Of the prior; left out, what ranks best.")
    ] = None,
    weights: Annotated[
        str | None, typer.Option("--weights", metavar="FILE", help="TOML with other [weights] to start from.")
    ] = None,
) -> None:
    """Learn the weights of the blend from the pairs that first met, or signed, before a day; -o FILE.toml keeps them.

    `match --weights FILE.toml` ranks with them. With --from-store, learn from the requests, meetings, agreements and
    refusals that are in the store, and say what changed and why.
    """
    to_weights = str(output.file or "").endswith(".toml")
    if to_weights:
        refuse_target(a_path(str(output.file)))
    if from_store:
        _from_store(until, strength, weights, output, talk)
        return
    if until is None:
        raise UsageError(Problem("MM-CLI-004", "nothing says what to learn from", "give --until DAY or --from-store"))
    dataset = judged_world(talk, learning.sides)
    from matchmaker.domain import read_weights
    from matchmaker.learning import QUERIES, as_toml, learn

    lesson = learn(
        dataset,
        first_day(until, "--until"),
        prior=None if weights is None else read_weights(a_path(weights)),
        tune=None if learning.tune is None else first_day(learning.tune, "--tune"),
        queries=min(learning.queries or QUERIES, QUERIES),
        strength=strength,
        positives=learning.positives,
        candidates=chosen_candidates(dataset, learning.candidates),
        seed=learning.seed,
    )
    if to_weights:
        write_to(str(output.file), as_toml(lesson, dataset).encode(), talk)
    else:
        deliver(_answer(lesson), output, talk)


def _from_store(until: str | None, strength: float | None, weights: str | None, output: Output, talk: Talk) -> None:
    """Learn from the ladder, and look back at what people decided."""
    from matchmaker.domain import Domain, read_weights
    from matchmaker.ladder import STRENGTH, as_toml, learn_from_outcomes
    from matchmaker.store.consequence import statements
    from matchmaker.store.verdict import verdict

    if strength is not None and not 0.0 < strength < math.inf:
        raise UsageError(Problem("MM-CLI-003", f"--strength {strength} is no strength", "give a number > 0"))
    day = None if until is None else first_day(until, "--until")
    with opened(store_address(talk)) as store:
        dataset = store.dataset(Domain.read(talk.domain), read_options(talk), outcomes=False)
        tables = store.tables("outcomes", "decisions", "meetings")
    lesson = learn_from_outcomes(
        dataset if day is None else dataset.before(day),
        statements(tables["outcomes"], day),
        prior=None if weights is None else read_weights(a_path(weights)),
        strength=STRENGTH if strength is None else strength,
    )
    to_weights = str(output.file or "").endswith(".toml")
    if to_weights:
        write_to(str(output.file), as_toml(lesson, dataset.digest).encode(), talk)
    deliver(ladder_answer(lesson, verdict(tables)), replace(output, file=None) if to_weights else output, talk)


def _answer(lesson: Lesson) -> Answer:
    from matchmaker.blend import plain

    learned, newcomers = plain(lesson.weights)
    columns = ["scorer", "prior", "weight", *(["newcomers"] if lesson.apart else [])]
    records: list[dict[str, Any]] = [
        {
            "scorer": name,
            "prior": figure(lesson.prior[name]),
            "weight": figure(weight),
            "newcomers": figure(newcomers[name]),
        }
        for name, weight in learned.items()
    ]
    records = [{column: record[column] for column in columns} for record in records]
    document: dict[str, Any] = {
        "weights": lesson.weights,
        "prior": lesson.prior,
        "strength": lesson.strength,
        "tuning": {str(strength): figure(value) for strength, value in lesson.tuning.items()},
        "days": [day.isoformat() for day in lesson.days],
        "queries": lesson.queries,
    }

    def print_page(page: Page) -> None:
        first, last = lesson.days[0], lesson.days[-1]
        page.heading(f"Learned from {lesson.queries:,} organizations with new partners, {first} to {last}")
        page.line()
        rows: list[list[Cell]] = [
            [each["scorer"], *(f"{each[column]:.2f}" for column in columns[1:])] for each in records
        ]
        page.table(["scorer", "prior", "learned", *columns[3:]], rows, numeric=tuple(range(1, len(columns))))
        page.line()
        prior, best = lesson.tuning[float("inf")], lesson.tuning[lesson.strength]
        page.line(
            f"nDCG@10 on the last period, fitted to those before it: {best:.3f} at strength {lesson.strength:g}; "
            f"{prior:.3f} with the prior weights."
        )

    return Answer(columns, records, document, [document], print_page)

"""`matchmaker explain`: why two organizations match, or do not."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Any

import typer

from matchmaker.cli.answer import Answer, chosen_format, deliver
from matchmaker.cli.complain import say
from matchmaker.cli.completion import organization_names
from matchmaker.cli.describe import (
    figure,
    organization_record,
    reason_record,
    score_record,
    score_text,
    shares,
    summary,
    two_digits,
)
from matchmaker.cli.options import Output, Profile, Ranking, SideOfProfile, Talk, spread
from matchmaker.cli.page import Page, Sources
from matchmaker.cli.world import dataset_of, day_of, organization_of, recommender_of, seeker_of
from matchmaker.errors import Problem, UsageError

if TYPE_CHECKING:
    from matchmaker.dataset import Dataset, Organization
    from matchmaker.recommender import Explanation
    from matchmaker.scorers import Reason

COLUMNS = ["direction", "seeker", "candidate", "contribution", "text", "source", "day", "derived"]

First = Annotated[
    str, typer.Argument(metavar="ORGANIZATION", help="One of the two.", autocompletion=organization_names)
]
Second = Annotated[
    str | None,
    typer.Argument(
        metavar="ORGANIZATION",
        help="The other; left out with --profile.",
        autocompletion=organization_names,
        show_default=False,
    ),
]


@spread
def explain(
    first: First,
    ranking: Ranking,
    output: Output,
    talk: Talk,
    second: Second = None,
    profile: Profile = None,
    side: SideOfProfile = None,
) -> None:
    """Show everything that speaks for and against a pair, in both directions, with sources and dates.

    The contributions of one direction add up to its score.
    """
    chosen_format(output)
    day = day_of(ranking.as_of)
    if (second is None) == (profile is None):
        raise UsageError(Problem("MM-CLI-005", "name two organizations, or one and a --profile", "see --help"))
    recommender = recommender_of(talk, ranking)
    dataset = dataset_of(talk)
    left = seeker_of(dataset, None if profile else first, profile, side, talk)
    right = organization_of(dataset, second or first, talk)
    explanation = recommender.explain(left, right, as_of=day)
    deliver(_answer(dataset, explanation, ranking), output, talk)
    if talk.verbose:
        say("forward is what the first has to say for the second; log-odds for a blend, [0, 1] for one scorer")


def _answer(dataset: Dataset, found: Explanation, ranking: Ranking) -> Answer:
    document = _document(dataset, found)

    def print_page(page: Page) -> None:
        page.heading(f"{found.left.name} and {found.right.name}")
        page.table(["", ""], [[each.title, summary(dataset, each)] for each in (found.left, found.right)])
        page.line(_verdict(found, ranking))
        page.line(
            "The figures are log-odds: each fact adds or takes away; the more, the likelier."
            if ranking.scorer == "blend"
            else "The figures add up to the score, which lies between 0 and 1."
        )
        sources = Sources()
        _direction(page, (found.left, found.right), found.forward_score, found.forward, sources)
        _direction(page, (found.right, found.left), found.backward_score, found.backward, sources)
        _notes(page, found.unknown)
        page.sources(sources)

    return Answer(COLUMNS, _records(found), document, [document], print_page)


def _verdict(found: Explanation, ranking: Ranking) -> str:
    met = "They have met: they share an event or an agreement." if found.met else "They have not met, as far as known."
    as_of = f" as of {day_of(ranking.as_of)}" if ranking.as_of else ""
    weaker = f" {found.weaker.name} has less reason to want the other." if found.weaker else " Both want it alike."
    return f"Mutual score {score_text(found.score)} ({ranking.scorer}){as_of}.{weaker} {met}"


def _notes(page: Page, unknown: Sequence[str]) -> None:
    if unknown:
        page.line()
        page.heading("Unknown")
    for note in unknown:
        page.line(note, 2)


def _direction(
    page: Page, pair: tuple[Organization, Organization], score: float, parts: Sequence[Reason], sources: Sources
) -> None:
    seeker, candidate = pair
    page.line()
    page.heading(f"What {candidate.name} is to {seeker.name}")
    if not parts:
        page.line("no evidence", 2)
        return
    figures = shares([reason.contribution for reason in parts], score)
    rows = [[share, _fact(reason, sources)] for share, reason in zip(figures, parts, strict=True)]
    page.table(["", ""], [*rows, [two_digits(score), "altogether"]], numeric=(0,))


def _fact(reason: Reason, sources: Sources) -> str:
    """The fact, its day and its source; a part without either comes from the whole of the data."""
    day = f"({reason.day})" if reason.day else ""
    rule = "by a rule" if reason.derived else ""
    return " ".join(filter(None, [reason.text, day, rule, sources.mark(reason.source)]))


def _document(dataset: Dataset, found: Explanation) -> dict[str, Any]:
    return {
        "left": organization_record(dataset, found.left),
        "right": organization_record(dataset, found.right),
        **score_record(found.score, found.forward_score, found.backward_score, found.met),
        "weaker": found.weaker.id if found.weaker else None,
        "reasons": [reason_record(reason) for reason in found.forward],
        "reasons_back": [reason_record(reason) for reason in found.backward],
        "unknown": found.unknown,
    }


def _records(found: Explanation) -> list[dict[str, Any]]:
    directions = (
        ("forward", found.left, found.right, found.forward),
        ("backward", found.right, found.left, found.backward),
    )
    return [
        {
            "direction": direction,
            "seeker": seeker.id,
            "candidate": candidate.id,
            **reason_record(reason),
            "contribution": figure(reason.contribution),
        }
        for direction, seeker, candidate, reasons in directions
        for reason in reasons
    ]

"""`matchmaker advise`: what an organization may have left unsaid."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from matchmaker.cli.answer import Answer, chosen_format, deliver
from matchmaker.cli.describe import figure
from matchmaker.cli.options import Count, Organization, Output, Ranking, Talk, spread
from matchmaker.cli.page import Page
from matchmaker.cli.world import dataset_of, day_of, organization_of, recommender_of
from matchmaker.errors import counted

if TYPE_CHECKING:
    from matchmaker.advice import Advice
    from matchmaker.dataset import Dataset

COLUMNS = ["field", "term", "label", "blank", "rank", "score", "enters"]


@spread
def advise(
    ranking: Ranking,
    output: Output,
    talk: Talk,
    organization: Organization,
    toward: Annotated[str, typer.Option("--toward", metavar="ORGANIZATION", help="Whose list it would like to be in.")],
    n: Count = 10,
) -> None:
    """Find what an organization has not stated and would bring it among the first -n of another's list, if it is true.

    Never a claim: only a gap in its profile to look at.
    """
    chosen_format(output)
    from matchmaker.advice import advise as search

    dataset = dataset_of(talk)
    ids = [organization_of(dataset, name, talk).id for name in (organization, toward)]
    found = search(recommender_of(talk, ranking), *ids, as_of=day_of(ranking.as_of))
    deliver(_answer(dataset, found, n), output, talk)


def _answer(dataset: Dataset, found: Advice, n: int) -> Answer:
    vocabularies = {"sector": dataset.sectors, "region": dataset.regions}
    records = [
        {
            "field": gap.field,
            "term": gap.term,
            "label": vocabularies.get(gap.field, dataset.interests).label(gap.term),
            "blank": gap.blank,
            "rank": gap.rank,
            "score": figure(gap.score),
            "enters": gap.rank <= n,
        }
        for gap in found.gaps
    ]

    def print_page(page: Page) -> None:
        page.heading(f"What {found.organization.name} has not said, toward {found.toward.name}")
        page.line(_verdict(found, n))
        page.line()
        rows = [[str(r["rank"]), str(r["field"]), str(r["label"]), "yes" if r["blank"] else ""] for r in records[:n]]
        if rows:
            page.table(["Rank", "Field", "If it is true of it", "Blank now"], rows, numeric=(0,))

    return Answer(COLUMNS, records, records, records, print_page)


def _verdict(found: Advice, n: int) -> str:
    enters = sum(gap.rank <= n for gap in found.gaps)
    said = f"It is number {found.rank} in that list now. "
    if found.rank <= n:
        return said + f"It is among the first {n}; {counted(len(found.gaps), 'fact')} would move it up."
    if enters:
        return (
            said + f"{counted(enters, 'single fact')} of {found.tried} that were tried would bring it to the first {n}."
        )
    return said + f"None of {found.tried} single facts would bring it to the first {n}; the nearest are below."

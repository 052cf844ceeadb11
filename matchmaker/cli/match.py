"""`matchmaker match`: likely partners of one organization."""

from __future__ import annotations

import shlex
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from matchmaker.cli.answer import Answer, chosen_format, deliver
from matchmaker.cli.complain import say
from matchmaker.cli.describe import (
    best_reasons,
    name_columns,
    organization_record,
    reason_record,
    score_record,
    score_text,
    silent,
    summary,
    unknown,
    why,
)
from matchmaker.cli.options import (
    Count,
    Filters,
    MaybeOrganization,
    Output,
    Profile,
    Ranking,
    SideOfProfile,
    Talk,
    spread,
)
from matchmaker.cli.page import Cell, Page
from matchmaker.cli.world import apart_of, dataset_of, day_of, recommender_of, same_data, seeker_of

if TYPE_CHECKING:
    from matchmaker.dataset import Dataset, Organization
    from matchmaker.recommender import Match

SCORES = ["score", "forward", "backward", "met"]


@spread
def match(
    filters: Filters,
    ranking: Ranking,
    output: Output,
    talk: Talk,
    organization: MaybeOrganization = None,
    n: Count = 10,
    profile: Profile = None,
    side: SideOfProfile = None,
) -> None:
    """Rank the likeliest partners of an organization across the border, each with its score and reasons.

    Already-met partners are marked. The score is mutual: what each side has to say for the other, combined.
    """
    form = chosen_format(output)
    day = day_of(ranking.as_of)
    recommender = recommender_of(talk, ranking)
    seeker = seeker_of(dataset_of(talk), organization, profile, side, talk)
    matches = recommender.match(seeker, n, as_of=day, **asdict(filters))
    dataset = recommender.dataset if day is None else recommender.dataset.as_of(day)
    deliver(_answer(dataset, seeker, matches, ranking), output, talk)
    if not talk.quiet and (reasons := Counter(each.why for each in apart_of(talk, ranking) if seeker.id in each[:2])):
        say("Not proposed: " + ", ".join(f"{n} {why}" for why, n in sorted(reasons.items())))
    if not matches and form != "table" and not talk.quiet:
        say(_why_nobody(dataset, seeker))
    if form == "table" and matches and not talk.quiet:
        name = shlex.quote(seeker.id) if profile is None else f"--profile {shlex.quote(profile)}"
        since = f" --as-of {ranking.as_of}" if ranking.as_of else ""
        say(f"Next: matchmaker explain {name} {shlex.quote(matches[0].organization.id)}{since}{same_data(talk)}")


def _answer(dataset: Dataset, seeker: Organization, matches: Sequence[Match], ranking: Ranking) -> Answer:
    documents = [_document(dataset, rank, found) for rank, found in enumerate(matches, 1)]
    records = [_record(document, found) for document, found in zip(documents, matches, strict=True)]
    columns = ["rank", "org_id", *name_columns(dataset), "country", "region", "sector", *SCORES, "reasons"]

    def print_page(page: Page) -> None:
        page.heading(f"Partners for {seeker.title}")
        page.line(" · ".join(filter(None, (summary(dataset, seeker), _basis(dataset, ranking)))))
        page.line()
        if matches:
            page.table(*_table(dataset, matches, narrow=page.narrow), numeric=(0, 2))
        else:
            page.line(_why_nobody(dataset, seeker))
        _print_unknown(page, dataset, seeker, matches)

    return Answer(columns, records, documents, documents, print_page)


def _why_nobody(dataset: Dataset, seeker: Organization) -> str:
    if len(dataset) < 2:
        return "There is nobody else in the data."
    countries = set(dataset.organizations["country"]) - {seeker.country}
    across = countries or dataset.domain.sides is None
    return "Nobody passes the filters." if across else "Nobody of the other side is in the data."


def _basis(dataset: Dataset, ranking: Ranking) -> str:
    known = f"as of {dataset.today}" if dataset.cut else f"all that is known, to {dataset.today}"
    return f"{known} · scorer {ranking.scorer}"


def _document(dataset: Dataset, rank: int, found: Match) -> dict[str, Any]:
    return {
        "rank": rank,
        **organization_record(dataset, found.organization),
        **score_record(found.score, found.forward, found.backward, found.met),
        "reasons": [reason_record(reason) for reason in found.reasons],
        "reasons_back": [reason_record(reason) for reason in found.reasons_back],
    }


def _record(document: dict[str, Any], found: Match) -> dict[str, Any]:
    best = "; ".join(reason.text for reason, _ in best_reasons(found.reasons, found.reasons_back))
    return {**document, "reasons": best}


def _table(dataset: Dataset, matches: Sequence[Match], *, narrow: bool) -> tuple[list[str], list[list[Cell]]]:
    rows: list[list[Cell]] = []
    for rank, found in enumerate(matches, 1):
        who = [found.organization.title, summary(dataset, found.organization)] + ["already met"] * found.met
        reasons = why(found.reasons, found.reasons_back)
        row: list[Cell] = [str(rank), "\n".join(who), score_text(found.score), reasons]
        if narrow:
            row[1:] = ["\n".join(who + [f"{figure} {text}" for figure, text in reasons]), row[2]]
        rows.append(row)
    return ["#", "Organization", "Score", "Why"][: 3 if narrow else 4], rows


def _print_unknown(page: Page, dataset: Dataset, seeker: Organization, matches: Sequence[Match]) -> None:
    notes = list(unknown(dataset, seeker))
    page.line()
    if notes:
        page.line(f"Unknown: {seeker.name} {'; '.join(notes)}.")
    if notes and not (seeker.interests or seeker.offers or seeker.seeks):
        page.line("So the list rests on sector, place and network; to say what it works on would help most.")
    quiet = sum(silent(dataset, found.organization) for found in matches)
    if quiet:
        page.line(f"Unknown to the network: {quiet} of {len(matches)}, without a recorded event or agreement.")

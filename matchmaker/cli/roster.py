"""`matchmaker roster`: who should come, as a delegation."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Any

import numpy as np
import typer

from matchmaker.cli.answer import Answer, chosen_format, deliver
from matchmaker.cli.describe import figure, name_columns, organization_record, summary
from matchmaker.cli.options import Output, Ranking, SideOfProfile, Talk, spread
from matchmaker.cli.page import Page
from matchmaker.cli.plan import listed
from matchmaker.cli.world import dataset_of, day_of, recommender_of, side_of
from matchmaker.errors import Problem, UsageError

if TYPE_CHECKING:
    from matchmaker.array import IntArray
    from matchmaker.dataset import Dataset
    from matchmaker.session.roster import Quota, Roster

SHOWN = 3  # hosts that are named with each member


@spread
def roster(
    ranking: Ranking,
    output: Output,
    talk: Talk,
    size: Annotated[int, typer.Option("--size", metavar="N", help="Members.")] = 7,
    quota: Annotated[
        list[str] | None,
        typer.Option(
            "--quota", metavar="QUOTA", help="region:cn-beijing=1, kind:park<=2, sector:pharma>=1; repeatable."
        ),
    ] = None,
    side: SideOfProfile = None,
    toward: Annotated[
        str | None, typer.Option("--toward", metavar="FILE|NAMES", help="The hosts, as --left of plan; left out: all.")
    ] = None,
    seed: Annotated[int, typer.Option("--seed", metavar="N", help="Of the rosters that it is compared with.")] = 0,
) -> None:
    """Pick a delegation whose members, together, have somebody for as many hosts across the border as possible.

    Each host counts with the member that suits it best, so that members complement each other. It is compared with
    random delegations under the same quotas.
    """
    chosen_format(output)
    from matchmaker.blend import sigmoid
    from matchmaker.session.roster import pick
    from matchmaker.session.roster import quota as read_quota

    recommender, dataset, day = recommender_of(talk, ranking), dataset_of(talk), day_of(ranking.as_of)
    number = side_of(dataset, side)
    candidates = np.flatnonzero((dataset.side == number) & ~dataset.conveners)
    hosts = np.flatnonzero((dataset.side == 1 - number) & ~dataset.conveners)
    if toward is not None:
        hosts = listed(dataset, toward)
        candidates = candidates[~np.isin(candidates, hosts)]
    if not 0 < size <= len(candidates):
        raise UsageError(Problem("MM-CLI-003", f"--size {size} is not from 1 to {len(candidates)}", "such as 7"))
    quotas = [read_quota(dataset, candidates, text) for text in quota or ()]
    forward, backward = recommender.between(candidates, hosts, as_of=day)
    found = pick(sigmoid(forward) * sigmoid(backward), size, quotas, seed=seed)
    deliver(_answer(dataset, found, candidates, hosts, quotas), output, talk)


def _answer(dataset: Dataset, found: Roster, candidates: IntArray, hosts: IntArray, quotas: Sequence[Quota]) -> Answer:
    records = [_record(dataset, found, rank, candidates, hosts) for rank in range(len(found.members))]
    columns = ["rank", "org_id", *name_columns(dataset), "country", "region", "sector", "serves", "for"]
    document = {
        "value": figure(found.value),
        "bound": figure(found.bound),
        "optimal": found.optimal,
        "random": [figure(float(value)) for value in found.random],
        "members": records,
    }

    def print_page(page: Page) -> None:
        page.heading(f"A delegation of {len(records)}")
        for line in _summary(found, len(hosts), quotas):
            page.line(line)
        page.line()
        page.table(
            ["#", "Organization", "Serves", "Best for"], [_row(dataset, record) for record in records], numeric=(0, 2)
        )

    return Answer(columns, records, document, records, print_page)


def _record(dataset: Dataset, found: Roster, rank: int, candidates: IntArray, hosts: IntArray) -> dict[str, Any]:
    organization = dataset.organization(int(candidates[found.members[rank]]))
    served = [dataset.organization(int(hosts[host])).name for host in found.served[rank][:SHOWN]]
    return {
        "rank": rank + 1,
        **organization_record(dataset, organization),
        "serves": len(found.served[rank]),
        "for": "; ".join(served),
    }


def _row(dataset: Dataset, record: dict[str, Any]) -> list[str]:
    organization = dataset.organization(dataset.row(record["org_id"]))
    who = f"{organization.title}\n{summary(dataset, organization)}"
    return [str(record["rank"]), who, str(record["serves"]), record["for"]]


def _summary(found: Roster, hosts: int, quotas: Sequence[Quota]) -> list[str]:
    said = f"Expected mutual interests, each of {hosts} hosts with the member that suits it best: {found.value:.3g}"
    said += " (no delegation is worth more)." if found.optimal else f" (none is worth more than {found.bound:.3g})."
    under = " under " + ", ".join(each.text for each in quotas) if quotas else ""
    if not len(found.random):
        return [said, f"No random delegation{under} was found to compare it with."]
    low, middle, high = np.quantile(found.random, [0.05, 0.5, 0.95])
    return [
        said,
        f"{len(found.random):,} random delegations{under}: {middle:.3g} (5 to 95 %: {low:.3g} to {high:.3g}), the best "
        f"{found.random[-1]:.3g}.",
    ]

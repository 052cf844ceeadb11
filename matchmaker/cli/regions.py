"""`matchmaker regions`: where a delegation should go."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import numpy as np
import typer

from matchmaker.cli.answer import Answer, chosen_format, deliver
from matchmaker.cli.describe import figure
from matchmaker.cli.options import Count, Output, Ranking, Talk, spread
from matchmaker.cli.page import Page
from matchmaker.cli.plan import listed
from matchmaker.cli.world import dataset_of, day_of, recommender_of
from matchmaker.errors import counted

if TYPE_CHECKING:
    from matchmaker.array import IntArray
    from matchmaker.dataset import Dataset
    from matchmaker.session.host import Host

SHOWN = 3  # pairs and ties that are named with each region
COLUMNS = ["rank", "region", "name", "value", "hosts", "served", "pairs", "ties"]


@spread
def regions(
    ranking: Ranking,
    output: Output,
    talk: Talk,
    delegation: Annotated[
        str,
        typer.Option(
            "--delegation", metavar="FILE|NAMES", help="Its members: an organization a line, or names with ; between."
        ),
    ],
    n: Count = 10,
) -> None:
    """Rank the regions across the border as hosts of a delegation, by what its members find there, with reasons.

    A region counts the mutual interests of each member with its three best partners there.
    """
    chosen_format(output)
    from matchmaker.blend import sigmoid
    from matchmaker.session.host import rank_hosts

    recommender, dataset, day = recommender_of(talk, ranking), dataset_of(talk), day_of(ranking.as_of)
    members = listed(dataset, delegation)
    across = np.any([dataset.across(int(row)) for row in members], axis=0) & ~dataset.conveners
    across[members] = False
    hosts = np.flatnonzero(across)
    forward, backward = recommender.between(members, hosts, as_of=day)
    known = dataset if day is None else dataset.as_of(day)
    found = rank_hosts(known, sigmoid(forward) * sigmoid(backward), members, hosts)[:n]
    deliver(_answer(known, found, members, hosts), output, talk)


def _answer(dataset: Dataset, found: list[Host], members: IntArray, hosts: IntArray) -> Answer:
    records = [_record(dataset, rank, host, members, hosts) for rank, host in enumerate(found, 1)]

    def print_page(page: Page) -> None:
        page.heading(f"Host regions for a delegation of {len(members)}")
        page.line("Expected mutual interests of all members, each with its three best partners there.")
        page.line()
        rows = [[str(record["rank"]), record["name"], f"{record['value']:.3g}", _why(record)] for record in records]
        page.table(["#", "Region", "Value", "Why"], rows, numeric=(0, 2))

    return Answer(COLUMNS, records, records, records, print_page)


def _record(dataset: Dataset, rank: int, host: Host, members: IntArray, hosts: IntArray) -> dict[str, Any]:
    def name(row: int) -> str:
        return dataset.organization(row).name

    return {
        "rank": rank,
        "region": host.region,
        "name": dataset.regions.label(host.region),
        "value": figure(host.value),
        "hosts": host.hosts,
        "served": host.served,
        "pairs": [f"{name(int(members[a]))} – {name(int(hosts[b]))}" for a, b in host.pairs[:SHOWN]],
        "ties": [_tie(dataset, row) for row in host.ties],
    }


def _tie(dataset: Dataset, row: int) -> str:
    tie = dataset.region_ties.row(row, named=True)
    kind = f" ({tie['kind']})" if tie["kind"] else ""
    return f"{dataset.regions.label(tie['left'])} – {dataset.regions.label(tie['right'])}{kind}"


def _why(record: dict[str, Any]) -> str:
    lines = [f"{counted(record['hosts'], 'organization')}; among the best of {counted(record['served'], 'member')}"]
    lines += record["pairs"]
    if ties := record["ties"]:
        more = f" and {len(ties) - SHOWN} more" if len(ties) > SHOWN else ""
        lines.append("ties: " + "; ".join(ties[:SHOWN]) + more)
    return "\n".join(lines)

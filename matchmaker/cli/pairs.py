"""`matchmaker pairs`: the best pairs over both sides."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from functools import partial
from typing import TYPE_CHECKING, Any

from matchmaker.cli.answer import Answer, chosen_format, deliver
from matchmaker.cli.complain import say
from matchmaker.cli.describe import name_columns, organization_record, score_record, score_text, summary
from matchmaker.cli.options import Count, Filters, Output, Ranking, Talk, Threads, spread
from matchmaker.cli.page import Page
from matchmaker.cli.parts import Parts, key_of
from matchmaker.cli.world import dataset_of, day_of, recommender_of, same_data

if TYPE_CHECKING:
    from pathlib import Path

    import polars as pl

    from matchmaker.array import IntArray
    from matchmaker.dataset import Dataset
    from matchmaker.recommender import Pair, Recommender

SCORES = ["score", "forward", "backward", "met"]
STRIDE = 256  # seekers after which the bar moves


@spread
def pairs(filters: Filters, ranking: Ranking, output: Output, talk: Talk, n: Count = 20, threads: Threads = 2) -> None:
    """Rank the best pairs over both sides of the border; a filter holds for at least one of the two.

    With -o FILE.parquet, begun work is taken up again: while it runs, finished parts lie in FILE.parquet.parts.
    """
    form = chosen_format(output)
    day = day_of(ranking.as_of)
    recommender = recommender_of(talk, ranking)
    asked = {"n": n, "as_of": day, **asdict(filters)}
    if form == "parquet" and output.file not in (None, "-"):
        key = key_of("pairs", recommender, ranking, asked)
        parts = Parts.of(str(output.file), key, recommender.first_of_pairs(day), talk)
        found = _best(recommender.dataset, parts.run(partial(_part, recommender, asked, threads), talk), n)
        deliver(_answer(dataset_of(talk), found, ranking), output, talk)
        parts.done()
        return
    found = recommender.pairs(**asked, threads=threads)
    deliver(_answer(dataset_of(talk), found, ranking), output, talk)
    if form == "table" and found and not talk.quiet:
        named = f"{shlex.quote(found[0].left.id)} {shlex.quote(found[0].right.id)}"
        say(f"Next: matchmaker explain {named}{same_data(talk)}")


def _part(
    recommender: Recommender, asked: dict[str, Any], threads: int, rows: IntArray
) -> Iterator[tuple[int, pl.DataFrame]]:
    """The best pairs of some seekers."""
    import polars as pl

    schema = {"left": pl.String, "right": pl.String, **dict.fromkeys(SCORES[:3], pl.Float64), "met": pl.Boolean}
    for start in range(0, max(len(rows), 1), STRIDE):
        some = rows[start : start + STRIDE]
        found = recommender.pairs(**asked, seekers=some.tolist(), threads=threads)
        records = [(pair.left.id, pair.right.id, *pair[2:]) for pair in found]
        yield len(some), pl.DataFrame(records, schema=schema, orient="row")


def _best(dataset: Dataset, files: list[Path], n: int) -> list[Pair]:
    """The best of the pairs of all parts."""
    import polars as pl

    from matchmaker.recommender import Pair

    table = pl.read_parquet(files).sort("score", "left", "right", descending=[True, False, False]).head(n)
    return [
        Pair(dataset.organization(dataset.row(left)), dataset.organization(dataset.row(right)), *scores)
        for left, right, *scores in table.iter_rows()
    ]


def _answer(dataset: Dataset, found: Sequence[Pair], ranking: Ranking) -> Answer:
    records = [_record(dataset, rank, pair) for rank, pair in enumerate(found, 1)]
    one = ["org_id", *name_columns(dataset), "country", "region", "sector"]
    columns = ["rank", *(side + column for side in ("left_", "right_") for column in one), *SCORES]

    def print_page(page: Page) -> None:
        page.heading(f"The {len(found)} best pairs" if found else "No pair passes the filters.")
        page.line(f"as of {day_of(ranking.as_of) or dataset.today} · scorer {ranking.scorer}")
        page.line()
        if found:
            page.table(*_table(dataset, found, narrow=page.narrow), numeric=(0, 2 if page.narrow else 3))

    return Answer(columns, records, records, records, print_page)


def _record(dataset: Dataset, rank: int, pair: Pair) -> dict[str, Any]:
    return {
        "rank": rank,
        **organization_record(dataset, pair.left, "left_"),
        **organization_record(dataset, pair.right, "right_"),
        **score_record(pair.score, pair.forward, pair.backward, pair.met),
    }


def _table(dataset: Dataset, found: Sequence[Pair], *, narrow: bool) -> tuple[list[str], list[list[str]]]:
    rows = []
    for rank, pair in enumerate(found, 1):
        sides = [f"{each.title}\n{summary(dataset, each)}" for each in (pair.left, pair.right)]
        score = score_text(pair.score) + ("\nmet" if pair.met else "")
        rows.append([str(rank), "\n".join(sides), score] if narrow else [str(rank), *sides, score])
    header = ["Pair"] if narrow else _sides(dataset)
    return ["#", *header, "Score"], rows


def _sides(dataset: Dataset) -> list[str]:
    return [side.label for side in dataset.domain.sides] if dataset.domain.sides else ["One", "The other"]

"""`matchmaker everyone`: the likeliest partners of every organization, in one file."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from matchmaker.cli.answer import a_path
from matchmaker.cli.complain import say
from matchmaker.cli.options import Count, Filters, Ranking, Talk, Threads, spread
from matchmaker.cli.parts import Parts, key_of
from matchmaker.cli.world import day_of, recommender_of
from matchmaker.errors import Problem, UsageError, quoted
from matchmaker.writing import refuse_target

if TYPE_CHECKING:
    import polars as pl

    from matchmaker.array import IntArray
    from matchmaker.recommender import Recommender


@spread
def everyone(
    filters: Filters,
    ranking: Ranking,
    talk: Talk,
    output: Annotated[str, typer.Option("--output", "-o", metavar="FILE.parquet", help="Write to FILE.parquet.")],
    n: Count = 10,
    threads: Threads = 2,
) -> None:
    """Rank the likeliest partners of every organization into one Parquet file; begun work is taken up again.

    While it runs, finished parts lie in FILE.parquet.parts; the same command goes on from there after an interruption.
    """
    if Path(a_path(output)).suffix != ".parquet":
        raise UsageError(Problem("MM-CLI-006", f"{quoted(output)} does not end in .parquet", "name it so"))
    refuse_target(output)
    from matchmaker.recommender import no_lists

    recommender = recommender_of(talk, ranking)
    day = day_of(ranking.as_of)
    asked = {"n": n, "as_of": day, **asdict(filters)}
    names, rows = _names(recommender), recommender.seekers(day)
    parts = Parts.of(output, key_of("everyone", recommender, ranking, asked), rows, talk)

    def lists(seekers: IntArray) -> Iterator[tuple[int, pl.DataFrame]]:
        yield 0, _named(no_lists(), names)
        for frame in recommender.everyone(**asked, seekers=seekers.tolist(), threads=threads):
            yield frame["org_id"].n_unique(), _named(frame, names)

    _join(parts.run(lists, talk), Path(output))
    parts.done()
    if not talk.quiet:
        say(f"wrote {output}: the partners of {len(rows):,} organizations")


def _names(recommender: Recommender) -> pl.DataFrame:
    """The name of each identifier."""
    import polars as pl

    dataset = recommender.dataset
    titles = [dataset.organization(row).title for row in range(len(dataset))]
    return pl.DataFrame({"org_id": dataset.ids, "name": titles})


def _named(lists: pl.DataFrame, names: pl.DataFrame) -> pl.DataFrame:
    """With names beside the identifiers."""
    partners = names.rename({"org_id": "partner_id", "name": "partner"})
    for known in (names, partners):
        lists = lists.join(known, on=known.columns[0], how="left", maintain_order="left")
    first = ("org_id", "name", "rank", "partner_id", "partner")
    return lists.select(*first, *(column for column in lists.columns if column not in first))


def _join(files: list[Path], target: Path) -> None:
    """All parts as one file, which takes its name when it is whole."""
    import polars as pl

    whole = files[0].with_name("whole")
    pl.scan_parquet(files).sink_parquet(whole)
    whole.replace(target)

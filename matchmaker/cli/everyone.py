"""`matchmaker everyone`: the likeliest partners of every organization, in one file."""

from __future__ import annotations

import hashlib
import json
import shutil
import sys
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from matchmaker.cli.answer import a_path
from matchmaker.cli.complain import say
from matchmaker.cli.options import Count, Filters, Ranking, Talk, spread
from matchmaker.cli.world import day_of, recommender_of
from matchmaker.errors import Problem, UsageError, quoted
from matchmaker.writing import refuse_target

if TYPE_CHECKING:
    import polars as pl

    from matchmaker.recommender import Recommender

PART = 2048  # seekers in a part: what an interruption costs at the most


@spread
def everyone(
    filters: Filters,
    ranking: Ranking,
    talk: Talk,
    output: Annotated[str, typer.Option("--output", "-o", metavar="FILE.parquet", help="Write to FILE.parquet.")],
    n: Count = 10,
    threads: Annotated[int, typer.Option("--threads", metavar="N", help="To work in.")] = 2,
) -> None:
    """Rank the likeliest partners of every organization into one Parquet file; begun work is taken up again.

    While it runs, finished parts lie in FILE.parquet.parts; the same command goes on from there after an interruption.
    """
    if Path(a_path(output)).suffix != ".parquet":
        raise UsageError(Problem("MM-CLI-006", f"{quoted(output)} does not end in .parquet", "name it so"))
    if threads < 1:
        raise UsageError(Problem("MM-CLI-003", f"--threads {threads} is too few", "give 1 or more"))
    refuse_target(output)
    recommender = recommender_of(talk, ranking)
    day = day_of(ranking.as_of)
    asked = {"n": n, "as_of": day, **asdict(filters)}
    parts = Path(f"{output}.parts")
    _open(parts, _key(recommender, ranking, asked), talk)
    rows = recommender.seekers(day)
    slices = [rows[start : start + PART] for start in range(0, len(rows), PART)] or [rows]
    names = _names(recommender)
    with typer.progressbar(length=len(rows), file=sys.stderr, hidden=talk.quiet or not sys.stderr.isatty()) as bar:
        for number, part in enumerate(slices):
            path = parts / f"{number:06}.parquet"
            if path.exists():
                bar.update(len(part))
                continue
            frames = recommender.everyone(**asked, seekers=part.tolist(), threads=threads)
            _write(path, _watched(frames, bar), names)
    _join(parts, len(slices), Path(output))
    if not talk.quiet:
        say(f"wrote {output}: the partners of {len(rows):,} organizations")


def _key(recommender: Recommender, ranking: Ranking, asked: dict[str, Any]) -> str:
    """What the lists depend on, as a digest: parts of other lists are not taken up."""
    weights = recommender.weights or recommender.dataset.domain.settings["weights"]
    stated = [recommender.dataset.digest, ranking.scorer, weights, asked]
    return hashlib.sha256(json.dumps(stated, default=str, sort_keys=True).encode()).hexdigest()


def _open(parts: Path, key: str, talk: Talk) -> None:
    """Make the folder of parts, or go on with it where it holds parts of the same lists."""
    note = parts / "key"
    if note.is_file() and note.read_text("utf-8") == key:
        if not talk.quiet:
            say(f"going on with {parts}")
        return
    if parts.exists() and not note.is_file():
        raise UsageError(Problem("MM-CLI-010", f"{quoted(parts)} is in the way", "remove it, or choose another file"))
    shutil.rmtree(parts, ignore_errors=True)
    parts.mkdir()
    note.write_text(key, "utf-8")


def _watched(frames: Iterator[pl.DataFrame], bar: Any) -> Iterator[pl.DataFrame]:
    for frame in frames:
        yield frame
        bar.update(frame["org_id"].n_unique())


def _names(recommender: Recommender) -> pl.DataFrame:
    """The name of each identifier."""
    import polars as pl

    dataset = recommender.dataset
    titles = [dataset.organization(row).title for row in range(len(dataset))]
    return pl.DataFrame({"org_id": dataset.ids, "name": titles})


def _write(path: Path, frames: Iterator[pl.DataFrame], names: pl.DataFrame) -> None:
    """A part, whole or not there, with names beside the identifiers."""
    import polars as pl

    empty = pl.DataFrame(schema={"org_id": pl.String, "partner_id": pl.String})
    table = pl.concat([*frames, empty], how="diagonal")
    table = table.join(names, on="org_id", how="left", maintain_order="left")
    table = table.join(
        names.rename({"org_id": "partner_id", "name": "partner"}), on="partner_id", how="left", maintain_order="left"
    )
    scratch = path.with_suffix(".new")
    first = [column for column in ("org_id", "name", "rank", "partner_id", "partner") if column in table.columns]
    table.select(*first, pl.exclude(*first)).write_parquet(scratch)
    scratch.rename(path)


def _join(parts: Path, count: int, target: Path) -> None:
    """All parts as one file, which takes its name when it is whole."""
    import polars as pl

    files = [parts / f"{number:06}.parquet" for number in range(count)]
    whole = parts / "whole"
    pl.scan_parquet(files, missing_columns="insert").sink_parquet(whole)
    whole.replace(target)
    shutil.rmtree(parts)

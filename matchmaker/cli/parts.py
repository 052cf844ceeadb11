"""Long work in parts, kept beside the target until all are done: an interrupted command goes on where it stopped."""

from __future__ import annotations

import hashlib
import json
import shutil
import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from matchmaker.array import IntArray
from matchmaker.cli.complain import say
from matchmaker.cli.options import Ranking, Talk
from matchmaker.errors import Problem, UsageError, quoted

if TYPE_CHECKING:
    import polars as pl

    from matchmaker.recommender import Recommender

PART = 2048  # seekers in a part: what an interruption costs at the most


@dataclass(frozen=True)
class Parts:
    """The finished parts of one file, in FILE.parts, each a Parquet file of its own."""

    folder: Path
    slices: list[IntArray]

    @classmethod
    def of(cls, target: str, key: str, rows: IntArray, talk: Talk) -> Parts:
        """Make the folder, or go on with it where it holds parts of the same work.

        Raises:
            UsageError: something else has its name.
        """
        folder = Path(f"{target}.parts")
        note = folder / "key"
        if note.is_file() and note.read_text("utf-8") == key:
            if not talk.quiet:
                say(f"going on with {folder}")
        elif folder.exists() and not note.is_file():
            fix = "remove it, or choose another file"
            raise UsageError(Problem("MM-CLI-010", f"{quoted(folder)} is in the way", fix))
        else:
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir()
            note.write_text(key, "utf-8")
        return cls(folder, [rows[start : start + PART] for start in range(0, len(rows), PART)] or [rows])

    def run(self, made: Callable[[IntArray], Iterable[tuple[int, pl.DataFrame]]], talk: Talk) -> list[Path]:
        """The files of all parts; those that are missing are made of frames, each with the number of its seekers."""
        import polars as pl

        paths = [self.folder / f"{number:06}.parquet" for number in range(len(self.slices))]
        total = sum(len(part) for part in self.slices)
        with typer.progressbar(length=total, file=sys.stderr, hidden=talk.quiet or not sys.stderr.isatty()) as bar:
            for path, part in zip(paths, self.slices, strict=True):
                if path.exists():
                    bar.update(len(part))
                    continue
                frames = []
                for count, frame in made(part):
                    frames.append(frame)
                    bar.update(count)
                scratch = path.with_suffix(".new")
                pl.concat(frames, how="diagonal").write_parquet(scratch)
                scratch.rename(path)
        return paths

    def done(self) -> None:
        """Remove the parts."""
        shutil.rmtree(self.folder)


def key_of(work: str, recommender: Recommender, ranking: Ranking, asked: dict[str, Any]) -> str:
    """What the answer depends on, as a digest: parts of another one are not taken up."""
    weights = recommender.weights or recommender.dataset.domain.settings["weights"]
    apart = sorted(sorted(pair) for pair in recommender.apart)
    stated = [work, recommender.dataset.digest, ranking.scorer, weights, apart, asked]
    return hashlib.sha256(json.dumps(stated, default=str, sort_keys=True).encode()).hexdigest()

"""How long do 100,000 news articles of 1 GB take to read, and how much memory?

Limit: 30 minutes and 2 GiB on two cores (the load table of the design). Articles are made from the pieces in
tests/articles: each is a shuffle of their paragraphs of about 10 KB. Time and memory for all of them are extrapolated
from `--articles`; memory does not grow with their number, because rows are written as they are found.
Command: python benchmarks/articles.py [--articles N] [--processes N]
"""

from __future__ import annotations

import argparse
import random
import resource
import tempfile
import time
from pathlib import Path

from matchmaker import Dataset
from matchmaker.intake.article.batch import pieces_of

PIECES = Path(__file__).resolve().parents[1] / "tests" / "articles"
BYTES, WANTED, GIGABYTE = 10_000, 100_000, 10**9


def articles(count, folder):
    """Write `count` articles of about `BYTES` bytes."""
    draw = random.Random(0)  # noqa: S311  # texts, no secrets
    paragraphs = [
        line for path in sorted(PIECES.glob("*.txt")) for line in path.read_text("utf-8").splitlines() if line
    ]
    for number in range(count):
        lines = [f"2024-05-28 {number}"]
        while sum(len(line.encode()) + 1 for line in lines) < BYTES:
            lines.append(f"{draw.choice(paragraphs)} {draw.randrange(10**6)}.")
        path = folder / f"{number:06}.txt"
        path.write_text("\n".join(lines), "utf-8")
        yield path


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--articles", type=int, default=400)
    parser.add_argument("--processes", type=int, default=2)
    asked = parser.parse_args()
    dataset = Dataset.read()
    with tempfile.TemporaryDirectory() as name:
        files = list(articles(asked.articles, Path(name)))
        size = sum(path.stat().st_size for path in files)
        before = sum(resource.getrusage(who).ru_utime for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
        start = time.perf_counter()
        lines = sum(piece.lines.count(b"\n") for piece in pieces_of(files, dataset, "jsonl", processes=asked.processes))
        spent = time.perf_counter() - start
    peak = max(resource.getrusage(who).ru_maxrss for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)) / 1024
    print(f"{len(files)} articles, {size / 1e6:.1f} MB, {lines} rows, {asked.processes} processes: {spent:.1f} s")
    minutes = GIGABYTE / size * spent / 60
    print(f"{size / spent / 1e6:.2f} MB/s; 1 GB: {minutes:.0f} min (limit 30); {peak:.0f} MiB a process")
    used = sum(resource.getrusage(who).ru_utime for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)) - before
    alone = GIGABYTE / size * used / asked.processes / 60
    print(f"{used:.1f} s of processors, with starting; 1 GB on {asked.processes} that do nothing else: {alone:.0f} min")


if __name__ == "__main__":
    main()

"""What does a cold start cost with an index, and what without?

Question: the ten likeliest partners of one organization of 100,000, by a new process: with an index on disk, without
one, and against `import polars` alone.
Method: the synthetic world of growth.py, or a DOMAIN (copied), by its prior weights. Processor seconds of a process,
each in turn, ROUNDS times; the median of the ratios of each round. The disk is warm. `Index.best` gives identifiers,
names and scores; `matchmaker match` reasons, too.
Command: python benchmarks/index.py [DOMAIN] [--organizations 100000]
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from growth import world
from rounds import Rounds, verdict
from startup import MATCHMAKER, cpu_seconds

from matchmaker.index import Index

ROUNDS = 7
BEST = """
from matchmaker.cli.quick import import_scipy
import_scipy()
import sys
from matchmaker.index import Index
found = Index.open(sys.argv[1]).best(sys.argv[2])
assert len(found) == 10 and not {"polars", "sklearn", "numba"} & set(sys.modules)
"""


def main() -> None:
    """Build, measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("domain", nargs="?", help="folder of a domain, as made by build_domain.py")
    parser.add_argument("--organizations", type=int, default=100_000, metavar="N")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        folder, plain = Path(scratch, "indexed"), Path(scratch, "plain")
        if given.domain:
            shutil.copytree(given.domain, folder)
        else:
            folder.mkdir()
            for name, frame in world(given.organizations).items():
                frame.write_parquet(folder / f"{name}.parquet")
        shutil.copytree(folder, plain)
        start = time.perf_counter()
        index = Index.build(folder)
        print(
            f"{len(index.ids):,} organizations, built in {time.perf_counter() - start:.1f} s, {index.megabytes:.0f} MB"
        )
        identifier = index.ids[len(index.ids) // 2]
        commands = {
            "import polars": [sys.executable, "-c", "import polars"],
            "Index.best": [sys.executable, "-c", BEST, str(folder), identifier],
            "matchmaker match, index": [*MATCHMAKER, "match", identifier, "--domain", str(folder)],
            "matchmaker match, no index": [*MATCHMAKER, "match", identifier, "--domain", str(plain)],
        }
        for command in commands.values():  # byte code, and a warm disk
            subprocess.run(command, check=True, capture_output=True)
        rounds = Rounds({name: [] for name in commands})
        for _ in range(ROUNDS):
            for name, command in commands.items():
                rounds.times[name].append(cpu_seconds(command))
    rounds.show()
    best = rounds.ratio("Index.best", "import polars")
    verdict("P12: a list of identifiers: at most 1.0 import polars", best, 1.0, most=True)
    verdict("P12: the same with names: at most 1.8 import polars", best, 1.8, most=True)
    verdict("match with reasons, without an index / with one", rounds.ratio(*list(commands)[:1:-1]), 1.0)


if __name__ == "__main__":
    main()

"""Do a large table's `check` and `import` stay within their limits?

Question: participations of 100,000 organizations in 100,000 events as one CSV file beside the two others: seconds and
peak memory to check the files, and to import them into a new store.
Method: the world of benchmarks/load.py; each command in a process of its own, which tells its peak memory at the end.
Command: python benchmarks/intake.py [--organizations 100000] [--participations 10000000]
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import polars as pl
from load import world

GOALS = {"check": (120, 2048), "import": (240, 2048)}  # seconds, MiB


def write(name: str, frame: pl.DataFrame, folder: Path) -> None:
    """One table, its organizations on two sides."""
    if name == "organizations":
        frame = frame.with_columns(
            pl.Series("country", ["CN", "KR"]).sample(frame.height, with_replacement=True, seed=0)
        )
    frame.write_csv(folder / f"{name}.csv")


_RUN = """
import sys
from matchmaker.cli.program import run
from matchmaker.evaluation.judge import peak_megabytes
code = run(sys.argv[1:])
print(f"\\n{peak_megabytes()}")
sys.exit(code)
"""


def command(name: str, folder: Path) -> tuple[float, float]:
    """Seconds and peak MiB of one command on the tables of a folder."""
    store = ["--store", f"sqlite:///{folder}/store.db"] if name == "import" else []
    files = [str(path) for path in sorted(folder.glob("*.csv"))]
    start = time.perf_counter()
    arguments = [sys.executable, "-c", _RUN, name, *files, "--quiet", *store]
    told = subprocess.run(arguments, check=True, capture_output=True, text=True).stdout
    return time.perf_counter() - start, float(told.rsplit("\n", 2)[1])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--organizations", type=int, default=100_000)
    parser.add_argument("--participations", type=int, default=10_000_000)
    parser.add_argument("--write", type=Path, metavar="FOLDER", help="only make the tables")
    given = parser.parse_args()
    if given.write:
        for name, frame in world(given.organizations, given.participations).items():
            write(name, frame, given.write)
        return
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        # in a process of its own: a child begins with the peak of the process that started it
        subprocess.run([sys.executable, *sys.argv, "--write", place], check=True)
        size = (folder / "participations.csv").stat().st_size / 2**20
        print(f"{given.participations:,} participations, {size:,.0f} MiB")
        for name, (most_seconds, most_megabytes) in GOALS.items():
            seconds, megabytes = command(name, folder)
            print(f"{name:<8}{seconds:>8.1f} s of {most_seconds}{megabytes:>10,.0f} MiB of {most_megabytes:,}")


if __name__ == "__main__":
    main()

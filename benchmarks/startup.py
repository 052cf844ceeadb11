"""How much processor time does it take to start? Ratios to `import polars`, all in one run.

    python benchmarks/startup.py [runs]

Goals: `--help` at most 0.5 of `import polars`; `match` on the embedded data at most 3 and under 1.0 s.
"""

import os
import resource
import statistics
import subprocess
import sys
from pathlib import Path

MATCHMAKER = [sys.executable, "-m", "matchmaker"]
COMMANDS = {
    "import polars": [sys.executable, "-c", "import polars"],
    "import matchmaker": [sys.executable, "-c", "import matchmaker"],
    "matchmaker --help": [*MATCHMAKER, "--help"],
    "matchmaker match gennbio": [*MATCHMAKER, "match", "gennbio"],
    "matchmaker match gennbio -o x.parquet": [*MATCHMAKER, "match", "gennbio", "--format", "parquet"],
    "matchmaker explain gennbio xeno-life-science": [*MATCHMAKER, "explain", "gennbio", "xeno-life-science"],
}


def cpu_seconds(command: list[str]) -> float:
    """User and system time of one finished child process."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    # Where byte code may not be kept, Python would compile the package anew each time: that is no cost of its users.
    kept = {key: value for key, value in os.environ.items() if key != "PYTHONDONTWRITEBYTECODE"}
    nowhere = subprocess.DEVNULL
    subprocess.run(command, check=True, stdout=nowhere, stderr=nowhere, cwd=Path.home(), env=kept)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def main(runs: int = 7) -> None:
    """Time the commands in turn, so that a drift of the machine's speed meets all of them."""
    for command in COMMANDS.values():
        cpu_seconds(command)  # byte code and page cache
    times = [{name: cpu_seconds(command) for name, command in COMMANDS.items()} for _ in range(runs)]
    print(f"CPU seconds, median (minimum) of {runs}, and the ratio to `import polars` in the same round")
    for name in COMMANDS:
        own = [run[name] for run in times]
        ratio = statistics.median(run[name] / run["import polars"] for run in times)
        print(f"{name:46} {statistics.median(own):6.2f} ({min(own):.2f})   {ratio:5.2f} x")


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))

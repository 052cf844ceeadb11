"""Write the tables of README.md from results/*.csv, between their marks.

Command: python experiments/readme.py [--check]
"""

from __future__ import annotations

import argparse
import csv
import re
import sys
from pathlib import Path

from matchmaker.writing import as_markdown, write_file

HOME = Path(__file__).parents[1]
MARKED = re.compile(r"(<!-- table: (\S+) -->\n).*?(<!-- end -->)", re.DOTALL)


def table(name: str) -> str:
    """One file of results as a Markdown table."""
    with (HOME / "results" / name).open(encoding="utf-8-sig", newline="") as file:
        records = list(csv.DictReader(file))
    return as_markdown(records, list(records[0])).decode()


def filled(text: str) -> str:
    """`text` with every marked table made anew."""
    return MARKED.sub(lambda found: found[1] + table(found[2]) + found[3], text)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true", help="change nothing; exit code 1 if a table is not up to date")
    readme = HOME / "README.md"
    before = readme.read_text("utf-8")
    if parser.parse_args().check:
        sys.exit(before != filled(before))
    write_file(readme, filled(before).encode())

"""How do time and memory grow with the number of organizations?

Question: what does a world of 500 to 1,000,000 organizations cost: to read, to fit, one list, everyone's lists?
Method: synthetic worlds, shaped like the real networks: interests by Zipf's law over 2,000 terms, event sizes by a
power law (mean 4, at most 200), members by their popularity, four and a half participations an organization, 20
countries, 5 sectors. A blend in which every scorer has a weight, without sides. One process a size, so that peak memory
is its own; a list is `Recommender.match` with its reasons, the median of 20; everyone's lists are the median of ROUNDS
blocks in two threads, times their number. The exponent is the slope of a line through the logarithms, from 10,000 on.
Command: python benchmarks/growth.py [--sizes 500,1000,10000,100000,1000000] [-o results/growth.csv]
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import time
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from matchmaker import SCORERS, Blend, Dataset, Recommender
from matchmaker.evaluation.judge import peak_megabytes
from matchmaker.everyone import Engine
from matchmaker.ranking import Among
from matchmaker.recommender import block_size
from matchmaker.writing import as_csv, write_file

HOME = Path(__file__).parents[1]
SEED, ROUNDS, TERMS, SIZES = 0, 5, 2000, "500,1000,10000,100000,1000000"
LINEAR = 10_000  # organizations from which on a fixed cost no longer bends the line
WEIGHTS = {"intercept": -8.0, **dict.fromkeys(SCORERS, 1.0)}
COLUMNS = ["organizations", "participations", "read s", "fit s", "one list ms", "everyone s", "peak MB"]


def world(n: int) -> dict[str, pl.DataFrame]:
    """Frames of `n` organizations."""
    random = np.random.default_rng(SEED)
    zipf = 1.0 / np.arange(1, TERMS + 1)
    counts = 1 + random.poisson(3.0, n)
    terms = random.choice(TERMS, counts.sum(), p=zipf / zipf.sum())
    ends = np.cumsum(counts)
    interests = [";".join(f"t{term:04}" for term in set(terms[a:b])) for a, b in zip(ends - counts, ends, strict=True)]
    sizes = np.minimum(2 + random.pareto(1.6, int(1.1 * n)).astype(int), 200)
    popular = random.pareto(1.2, n) + 0.05
    members = random.choice(n, sizes.sum(), p=popular / popular.sum())
    event = np.repeat(np.arange(len(sizes)), sizes)
    days = np.sort(random.integers(0, 3600, len(sizes)))
    return {
        "organizations": pl.DataFrame(
            {
                "org_id": [f"o{k:07}" for k in range(n)],
                "name": [f"Organization {k:x}" for k in range(n)],
                "country": [f"C{k % 20:02}" for k in range(n)],
                "sector": [("company", "hospital", "university", "institute", "park")[k % 5] for k in range(n)],
                "interests": interests,
            }
        ),
        "events": pl.DataFrame(
            {
                "event_id": [f"e{k:07}" for k in range(len(sizes))],
                "date": [date(2015, 1, 1) + timedelta(days=int(day)) for day in days],
                "kind": ["project"] * len(sizes),
            }
        ),
        "participations": pl.DataFrame(
            {"event_id": [f"e{k:07}" for k in event], "org_id": [f"o{k:07}" for k in members]}
        ).unique(maintain_order=True),
    }


def measured(n: int) -> dict[str, Any]:
    """One size, in this process."""
    frames = world(n)
    start = time.perf_counter()
    dataset = Dataset.from_frames(**frames)
    read = time.perf_counter() - start
    start = time.perf_counter()
    blend = Blend(WEIGHTS).fit(dataset)
    engine = Engine.of(blend, dataset)
    fit = time.perf_counter() - start
    recommender, random = Recommender(dataset, weights=WEIGHTS), np.random.default_rng(SEED)
    chosen = random.choice(n, 21, replace=False)
    recommender.match(dataset.ids[chosen[0]])
    everybody, size = Among(np.ones(n, dtype=bool)), block_size(n)
    blocks = [(np.sort(random.choice(n, size, replace=False)), everybody) for _ in range(4)]
    list(engine.lists(blocks, 10))

    def median(works: list[Any]) -> float:
        times = []
        for work in works:
            begin = time.perf_counter()
            work()
            times.append(time.perf_counter() - begin)
        return statistics.median(times)

    one = median([lambda row=row: recommender.match(dataset.ids[row]) for row in chosen[1:]])
    four = median([lambda: list(engine.lists(blocks, 10))] * ROUNDS)
    return {
        "organizations": n,
        "participations": frames["participations"].height,
        "read s": round(read, 2),
        "fit s": round(fit, 2),
        "one list ms": round(one * 1000, 1),
        "everyone s": round(four / 4 * n / size, 1),
        "peak MB": round(peak_megabytes()),
    }


def main() -> None:
    """Measure each size in a process of its own."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sizes", default=SIZES, metavar="N,N")
    parser.add_argument("--one", type=int, help=argparse.SUPPRESS)
    parser.add_argument("-o", "--output", default=HOME / "results/growth.csv")
    given = parser.parse_args()
    if given.one:
        print(json.dumps(measured(given.one)))
        return
    records = []
    for size in given.sizes.split(","):
        answer = subprocess.run([sys.executable, __file__, "--one", size], check=True, capture_output=True, text=True)
        records.append(json.loads(answer.stdout))
        print(records[-1])
    large = [record for record in records if record["organizations"] >= LINEAR]
    if len(large) > 1:
        draw(records, Path(given.output).with_suffix(".svg"))
        exponents = {column: round(slope(large, column), 2) for column in COLUMNS[2:]}
        records.append({"organizations": "exponent", "participations": "", **exponents})
    write_file(given.output, as_csv(records, COLUMNS))


def slope(records: list[dict[str, Any]], column: str) -> float:
    """The exponent of n by which a column grows: least squares on logarithms."""
    points = np.log([[record["organizations"], max(record[column], 1e-3)] for record in records])
    return float(np.polyfit(points[:, 0], points[:, 1], 1)[0])


def draw(records: list[dict[str, Any]], target: Path) -> None:
    """A line for each column, both axes logarithmic."""
    import altair as alt

    table = pl.DataFrame(records).unpivot(COLUMNS[2:], index="organizations").filter(pl.col("value") > 0)
    logarithmic = alt.Scale(type="log")
    chart = alt.Chart(table, width=480, height=300).mark_line(point=True)
    chart.encode(
        x=alt.X("organizations:Q", scale=logarithmic),
        y=alt.Y("value:Q", scale=logarithmic, title="seconds, milliseconds, megabytes"),
        color=alt.Color("variable:N", sort=COLUMNS, title=None),
        shape=alt.Shape("variable:N", sort=COLUMNS, title=None),
    ).save(target)


if __name__ == "__main__":
    main()

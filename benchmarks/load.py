"""Does a heavy world stay within its limits?

Question: 100,000 organizations, 100,000 events, ten million participations: to fit, one list, everyone's lists; what
an event of 100,000 participants adds; and one organization with a million terms.
Method: members of events by Zipf's law, mean size 100; a blend in which every scorer has a weight, without sides. To
fit begins with frames in memory. Lists are `Recommender.match` with its reasons, 200 of them; everyone's lists are the
median of ROUNDS times four blocks of 64 in two threads, times their number. The event is added to the same world,
which is fitted in turn with and without it, BESIDE times. One process a load, so that peak memory is its own.
Command: python benchmarks/load.py [--organizations 100000] [--participations 10000000]
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from growth import WEIGHTS
from rounds import verdict

from matchmaker import Blend, Dataset, Recommender
from matchmaker.evaluation.judge import peak_megabytes
from matchmaker.everyone import Engine
from matchmaker.ranking import Among

WALKS = ("walk", "walk_corrected", "two_step", "katz")
SEED, ROUNDS, BLOCK, LISTS, BESIDE = 0, 5, 64, 200, 3


def world(n: int, participations: int, *, everyone_meets: bool = False) -> dict[str, pl.DataFrame]:
    """Frames of `n` organizations and as many events; with one more event that all take part in, if asked."""
    random = np.random.default_rng(SEED)
    popular = 1.0 / np.arange(10, n + 10) ** 0.7
    members = random.choice(n, participations, p=popular / popular.sum())
    events = random.integers(0, n, participations)
    if everyone_meets:
        members, events = np.concatenate([members, np.arange(n)]), np.concatenate([events, np.full(n, n)])
    days = random.integers(0, 3600, n + 1)
    known = pl.DataFrame({"event_id": events.astype(np.int32), "org_id": members.astype(np.int32)}).unique()
    return {
        "organizations": pl.DataFrame({"org_id": _named("o", np.arange(n)), "country": _named("C", np.arange(n) % 20)}),
        "events": pl.DataFrame({"event_id": _named("e", np.arange(n + 1)), "kind": ["forum"] * (n + 1)}).with_columns(
            (pl.lit(date(2015, 1, 1)) + pl.duration(days=pl.Series(days))).cast(pl.String).alias("date")
        ),
        "participations": known.select(
            pl.format("e{}", pl.col("event_id")).alias("event_id"), pl.format("o{}", pl.col("org_id")).alias("org_id")
        ),
    }


def _named(letter: str, numbers: np.ndarray) -> pl.Series:
    return pl.Series(numbers).to_frame("k").select(pl.format(letter + "{}", "k")).to_series()


def seconds(work: Callable[[], Any]) -> float:
    """Wall time."""
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def heavy(n: int, participations: int) -> dict[str, float]:
    """Fit, one list, everyone's lists."""
    frames = world(n, participations)
    start = time.perf_counter()
    dataset = Dataset.from_frames(**frames)
    blend = Blend(WEIGHTS).fit(dataset)
    fit = time.perf_counter() - start
    fit_megabytes = peak_megabytes()
    recommender, random = Recommender.of_fitted(dataset, blend), np.random.default_rng(SEED)
    rows = random.choice(n, LISTS + 1, replace=False).tolist()
    recommender.match(dataset.ids[rows[0]])
    times = sorted(seconds(lambda row=row: recommender.match(dataset.ids[row])) for row in rows[1:])
    everybody = Among(np.ones(n, dtype=bool))
    blocks = [(np.sort(random.choice(n, min(BLOCK, n), replace=False)), everybody) for _ in range(4)]

    def minutes(fitted: Blend) -> float:
        engine = Engine.of(fitted, dataset)
        list(engine.lists(blocks, 10))
        four = statistics.median(seconds(lambda: list(engine.lists(blocks, 10))) for _ in range(ROUNDS))
        return four / len(blocks) * n / BLOCK / 60

    without = Blend({name: weight for name, weight in WEIGHTS.items() if name not in WALKS}).fit(dataset)
    return {
        "fit s": fit,
        "fit MB": fit_megabytes,
        "list p50 ms": 1000 * times[len(times) // 2],
        "list p99 ms": 1000 * times[int(0.99 * len(times))],
        "everyone min": minutes(blend),
        "without walks min": minutes(without),
        "MB": peak_megabytes(),
    }


def one_event(n: int, participations: int) -> dict[str, float]:
    """What an event of all adds to a fit: the ratio of times, in turn."""
    times: dict[bool, list[float]] = {False: [], True: []}
    worlds = {each: Dataset.from_frames(**world(n, participations, everyone_meets=each)) for each in times}
    for _ in range(BESIDE):
        for each, dataset in worlds.items():
            for kept in ("graph", "features", "participation_pairs", "sure_participations"):
                vars(dataset).pop(kept, None)
            times[each].append(seconds(lambda dataset=dataset: Blend(WEIGHTS).fit(dataset)))
    ratio = statistics.median(times[True]) / statistics.median(times[False])
    return {"ratio": ratio, "MB": peak_megabytes()}


def many_terms(_n: int, _participations: int) -> dict[str, float]:
    """An organization with a million terms in one cell: how soon it is refused."""
    with tempfile.TemporaryDirectory() as folder:
        terms = ";".join(f"t{k}" for k in range(1_000_000))
        Path(folder, "organizations.csv").write_text(f"org_id,interests\na,{terms}\n", "utf-8")
        command = [sys.executable, "-m", "matchmaker", "check", folder]
        start = time.perf_counter()
        answer = subprocess.run(command, capture_output=True, text=True, check=False)
        taken = time.perf_counter() - start
    return {"seconds": taken, "refused": float(answer.returncode == 1 and "--max-tags" in answer.stderr)}


LOADS = {"heavy": heavy, "one_event": one_event, "many_terms": many_terms}


def main() -> None:
    """Each load in a process of its own, then the verdicts."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--organizations", type=int, default=100_000, metavar="N")
    parser.add_argument("--participations", type=int, default=10_000_000, metavar="N")
    parser.add_argument("--one", choices=LOADS, help=argparse.SUPPRESS)
    given = parser.parse_args()
    n, participations = given.organizations, given.participations
    if given.one:
        print(json.dumps(LOADS[given.one](n, participations)))
        return
    found = {}
    for name in LOADS:
        sizes = ["--organizations", str(n), "--participations", str(participations)]
        command = [sys.executable, __file__, "--one", name, *sizes]
        found[name] = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
        print(name, {key: round(value, 3) for key, value in found[name].items()}, flush=True)
    verdict("fit: at most 300 s", found["heavy"]["fit s"], 300, most=True)
    verdict("fit: at most 4 GiB", found["heavy"]["fit MB"] / 1073.7, 4, most=True)
    verdict("one list: 99 of 100 within 500 ms", found["heavy"]["list p99 ms"], 500, most=True)
    verdict("everyone: at most 15 minutes", found["heavy"]["everyone min"], 15, most=True)
    verdict("... without walks", found["heavy"]["without walks min"], 15, most=True)
    verdict("everyone: at most 4 GiB", found["heavy"]["MB"] / 1073.7, 4, most=True)
    verdict("an event of all: fit grows by 10 % at the most", found["one_event"]["ratio"], 1.1, most=True)
    verdict("a million terms: refused within 10 s", found["many_terms"]["seconds"], 10, most=True)
    verdict("... naming the option that allows more", found["many_terms"]["refused"], 1)


if __name__ == "__main__":
    main()

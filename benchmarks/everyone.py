"""How long do the lists of every organization take, with the whole blend, both ways?

Question: `Recommender.everyone` on a network, against the same blocks by `Blend` without compiled code.
Method: a blend in which every scorer has a weight; ROUNDS rounds of some blocks, spread over all seekers, by the engine
in one and in two threads and by `Blend`, one after the other; medians. The whole is the median block times their
number; with --whole all lists are made. Peak memory is that of the process. Compiled before the clock starts.
Command: python benchmarks/everyone.py [DOMAIN] [--whole]
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable, Iterator

import numpy as np
from rounds import Rounds

from matchmaker import SCORERS, Blend, Dataset, Recommender
from matchmaker.array import IntArray
from matchmaker.evaluation.judge import peak_megabytes
from matchmaker.everyone import Engine
from matchmaker.ranking import Among

ROUNDS, BLOCKS, BLOCK, SEED = 5, 4, 64, 0
WEIGHTS = {"intercept": -8.0, **dict.fromkeys(SCORERS, 1.0), "newcomers": {"reach": 3.0}}


def seconds(work: Callable[[], object]) -> float:
    """Wall time."""
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("domain", nargs="?", help="folder of a domain, as made by build_domain.py")
    parser.add_argument("--whole", action="store_true", help="make all lists, too")
    given = parser.parse_args()
    dataset = Dataset.read(given.domain)
    fitted = time.perf_counter()
    blend = Blend(WEIGHTS).fit(dataset)
    engine = Engine.of(blend, dataset)
    fitted = time.perf_counter() - fitted
    n, random = len(dataset), np.random.default_rng(SEED)
    everybody = Among(np.ones(n, dtype=bool))

    def tasks() -> Iterator[tuple[IntArray, Among]]:
        for _ in range(2 * BLOCKS):
            yield np.sort(random.choice(n, min(BLOCK, n), replace=False)), everybody

    some = list(tasks())
    ways: dict[str, Callable[[], object]] = {
        "compiled, 2 threads": lambda: list(engine.lists(some, 10, threads=2)),
        "compiled, 1 thread": lambda: list(engine.lists(some, 10, threads=1)),
        "Blend, 1 block": lambda: blend.both_log_odds(some[0][0]),
    }
    times = Rounds.run(ways, ROUNDS).times
    block = {name: statistics.median(found) / (len(some) if "compiled" in name else 1) for name, found in times.items()}
    print(f"{n:,} organizations, fitted in {fitted:.1f} s; a block of {min(BLOCK, n)}, both ways, the best ten of each")
    for name, each in block.items():
        whole = each * n / BLOCK
        ratio = block["Blend, 1 block"] / each
        print(f"{name:22} {each * 1000:8.0f} ms   all {whole:7.0f} s   {ratio:5.1f} times as fast as Blend")
    recommender = Recommender(dataset, weights=WEIGHTS)
    one = [seconds(lambda row=row: recommender.match(dataset.ids[row], 10)) for row in some[0][0][:20].tolist()]
    print(f"one match with reasons: median {statistics.median(one) * 1000:.0f} ms")
    if given.whole:
        taken = seconds(lambda: sum(frame.height for frame in recommender.everyone(10)))
        print(f"all lists: {taken:.0f} s")
    print(f"peak memory {peak_megabytes():.0f} MB")


if __name__ == "__main__":
    main()

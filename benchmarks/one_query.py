"""How long does it take to find the ten best of one organization?

Question: is a single query of the compiled kernel worth it beside a sparse product of scipy and dense search of faiss?
Method: synthetic organizations (vectors.py) of each size, single precision, one thread. In each round, QUERIES new
queries are put to each candidate in turn; its figure is the median of the round, the ratio the median over rounds.
scipy's ten are chosen among the scores that are not 0; the product alone is shown, too. faiss searches random unit
vectors of 128 dimensions (what they are does not matter to its time), up to 100,000.
Command: OPENBLAS_NUM_THREADS=1 python benchmarks/one_query.py [--sizes 10000 100000 1000000] [--queries 100]
Packages: pip install -e '.[benchmarks]'. What is missing is reported.
"""

import argparse
import statistics
import time

import numpy as np
from rounds import Rounds, package, verdict
from threadpoolctl import threadpool_limits
from vectors import vectors

from matchmaker import kernels
from matchmaker.kernels import Product

TOP = 10
MOST_DENSE = 100_000
KERNEL, SCIPY, CHOSEN, FAISS = (
    "kernel",
    "scipy q @ XT, none chosen",
    "scipy q @ XT, ten chosen",
    "faiss IndexFlatIP, d=128",
)


def candidates(n: int, n_queries: int) -> dict:
    """By name: what answers query number k."""
    queries, everyone = vectors(n_queries, 1), vectors(n, 2)
    product, flipped = Product.of(queries, everyone), everyone.T.tocsr()
    numbers, single = np.arange(n_queries), [queries[[k]] for k in range(n_queries)]

    def chosen(k: int) -> np.ndarray:
        scores = single[k] @ flipped
        if scores.nnz <= TOP:
            return scores.indices
        return scores.indices[np.argpartition(scores.data, -TOP)[-TOP:]]

    answers = {
        KERNEL: lambda k: kernels.best_sparse(product, numbers[k : k + 1], TOP),
        SCIPY: lambda k: single[k] @ flipped,
        CHOSEN: chosen,
    }
    faiss = package("faiss") if n <= MOST_DENSE else None
    if faiss is not None:
        faiss.omp_set_num_threads(1)
        index, asked = faiss.IndexFlatIP(128), unit(n_queries, 3)
        index.add(unit(n, 4))
        answers[FAISS] = lambda k: index.search(asked[k : k + 1], TOP)
    return answers


def unit(n: int, seed: int) -> np.ndarray:
    dense = np.random.default_rng(seed).normal(size=(n, 128)).astype(np.float32)
    return dense / np.linalg.norm(dense, axis=1, keepdims=True)


def median_seconds(answer, queries: range) -> float:
    times = []
    for k in queries:
        start = time.perf_counter()
        answer(k)
        times.append(time.perf_counter() - start)
    return statistics.median(times)


def compare(n: int, n_queries: int, rounds: int) -> None:
    """P6 at one size."""
    answers = candidates(n, n_queries * (rounds + 1))
    taken = Rounds({name: [] for name in answers})
    with threadpool_limits(1):
        for number in range(rounds + 1):  # the first one warms up
            asked = range(number * n_queries, (number + 1) * n_queries)
            for name, answer in answers.items():
                seconds = median_seconds(answer, asked)
                taken.times[name] += [seconds] if number else []
    print(f"\n{n:,} candidates, top {TOP}, {rounds} rounds of {n_queries} queries")
    taken.show("µs", 1e6)
    verdict("P6 scipy q @ XT, ten chosen / kernel, at least 5", taken.ratio(CHOSEN, KERNEL), 5)
    if n == MOST_DENSE:
        verdict("P6 faiss flat d=128 / kernel, at least 50", taken.ratio(FAISS, KERNEL), 50)


def main() -> None:
    """Read the sizes and print a table for each."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("--sizes", type=int, nargs="+", default=[10_000, 100_000, 1_000_000])
    parser.add_argument("--queries", type=int, default=100, help="queries of a round")
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    for n in options.sizes:
        compare(n, options.queries, options.rounds)


if __name__ == "__main__":
    main()

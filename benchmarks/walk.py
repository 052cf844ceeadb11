"""Random walk with restart on a real network: block Chebyshev against networkx, and against the exact answer.

    python benchmarks/walk.py ../shared/data/cordis

FOLDER holds events.parquet with event_id, org_id and date. Goals: one source at least 10 times as fast as
networkx.pagerank; recall@10 of exact personalized PageRank at least 0.995.
"""

import statistics
import sys
import time
from pathlib import Path

import networkx as nx
import numpy as np
import polars as pl

from matchmaker import Dataset

RESTART = 0.15
STEPS = 13
SOURCES = 32
REPEATS = 5
SEED = 20201028


def read(folder: Path) -> Dataset:
    """Organizations, events and participations, nothing else."""
    rows = pl.read_parquet(folder / "events.parquet", columns=["event_id", "org_id", "date"])
    members = rows.select("event_id", pl.col("org_id").cast(pl.String)).unique()
    events = rows.group_by("event_id").agg(pl.col("date").min().cast(pl.String)).with_columns(kind=pl.lit("project"))
    return Dataset.from_frames(organizations=members.select("org_id").unique(), events=events, participations=members)


def exact(dataset: Dataset, rows: np.ndarray) -> np.ndarray:
    """Power iteration to 1e-12 on the same graph."""
    graph, damping = dataset.graph, (1 - RESTART) ** 2
    source = np.zeros((len(dataset), len(rows)))
    source[rows, np.arange(len(rows))] = 1.0
    x = source.copy()
    for _ in range(100):
        x = source + damping * graph.step(x)
    return (x * np.sqrt(graph.degree)[:, None]).T


def top_ten(visits: np.ndarray, rows: np.ndarray) -> list[set[int]]:
    """The ten most visited, without the source itself."""
    visits = visits.copy()
    visits[np.arange(len(rows)), rows] = -1.0
    return [set(np.argsort(-line, kind="stable")[:10].tolist()) for line in visits]


def seconds(call) -> float:
    """Median wall time of REPEATS calls."""
    times = []
    for _ in range(REPEATS):
        start = time.perf_counter()
        call()
        times.append(time.perf_counter() - start)
    return statistics.median(times)


def main(folder: str) -> None:
    """Print times, ratios and recall."""
    dataset = read(Path(folder))
    graph = dataset.graph
    connected = np.flatnonzero(graph.degree > 0)
    rows = np.sort(np.random.default_rng(SEED).choice(connected, SOURCES, replace=False))
    graph.visits(rows[:1], RESTART, STEPS)  # builds the kernel
    block = graph.solve_visits(rows, RESTART, STEPS)
    pairs = zip(top_ten(exact(dataset, rows), rows), top_ten(block, rows), strict=True)
    recall = np.mean([len(wanted & found) / 10 for wanted, found in pairs])

    bipartite = nx.Graph()
    entry = graph.weighted.tocoo()
    bipartite.add_weighted_edges_from(
        zip(entry.row.tolist(), (-1 - entry.col).tolist(), entry.data.tolist(), strict=True)
    )
    source = int(rows[0])
    ours = seconds(lambda: graph.solve_visits(rows[:1], RESTART, STEPS))
    many = seconds(lambda: graph.solve_visits(rows, RESTART, STEPS)) / SOURCES
    theirs = seconds(lambda: nx.pagerank(bipartite, alpha=1 - RESTART, personalization={source: 1.0}, tol=1e-8))

    print(f"{len(dataset):,} organizations, {entry.nnz:,} memberships, {graph.weighted.shape[1]:,} contexts")
    print(f"recall@10 of exact personalized PageRank, {SOURCES} sources: {recall:.4f}")
    print(f"networkx.pagerank, one source          {1e3 * theirs:9.1f} ms")
    print(f"block Chebyshev, one source            {1e3 * ours:9.1f} ms   {theirs / ours:6.1f} x faster")
    print(f"block Chebyshev, one source of {SOURCES}      {1e3 * many:9.1f} ms   {theirs / many:6.1f} x faster")


if __name__ == "__main__":
    main(*sys.argv[1:])

"""How fast is a random walk with restart on a real network?

Question: what do the compiled block Chebyshev iteration, and the one in scipy that the graph itself has, cost against
networkx, igraph and scikit-network, and do they find the same?
Method: the bipartite graph of organizations and projects in FOLDER (events.parquet with event_id, org_id and date), as
`ContextGraph` weighs it; restart 0.15. Candidates run in turn, wall time, one thread; figures are medians of the ratios
of each round. Each round asks for other organizations: the peers for one, the kernel for one, and for 64 at once.
Recall@10 is against power iteration to 1e-12.
Command: OPENBLAS_NUM_THREADS=1 python benchmarks/walk.py FOLDER [--steps 8] [--rounds 5]
Packages: pip install -e '.[benchmarks]'. What is missing is reported.
"""

import argparse
from itertools import cycle
from pathlib import Path

import networkx as nx
import numpy as np
import polars as pl
import scipy.sparse as sp
from rounds import Rounds, package, verdict
from threadpoolctl import threadpool_limits

from matchmaker import Dataset, kernels
from matchmaker.graph import ContextGraph
from matchmaker.kernels import Walk

RESTART = 0.15
SOURCES = 64
SEED = 20201028
KERNEL, BLOCK, BLOCK_2 = "kernel, one source", "kernel, 64 sources", "kernel, 128 sources, 2 threads"
SCIPY, SCIPY_BLOCK = "ContextGraph (scipy), one source", "ContextGraph (scipy), 64 sources"
NETWORKX, IGRAPH, SCIKIT = "networkx.pagerank, tol 1e-8", "igraph PRPACK", "scikit-network bicgstab"


def read(folder: Path) -> Dataset:
    """Organizations, events and participations, nothing else."""
    rows = pl.read_parquet(folder / "events.parquet", columns=["event_id", "org_id", "date"])
    members = rows.select("event_id", pl.col("org_id").cast(pl.String)).unique()
    events = rows.group_by("event_id").agg(pl.col("date").min().cast(pl.String)).with_columns(kind=pl.lit("project"))
    return Dataset.from_frames(organizations=members.select("org_id").unique(), events=events, participations=members)


def exact(graph: ContextGraph, rows: np.ndarray) -> np.ndarray:
    """Power iteration to 1e-12 on the same graph."""
    damping = (1 - RESTART) ** 2
    source = np.zeros((len(graph.degree), len(rows)))
    source[rows, np.arange(len(rows))] = 1.0
    x, transposed = source.copy(), sp.csr_array(graph.kernel.T)
    for _ in range(100):
        x = source + damping * (graph.kernel @ (transposed @ x))
    return (x * np.sqrt(graph.degree)[:, None]).T


def top_ten(visits: np.ndarray, rows: np.ndarray) -> list[set[int]]:
    """The ten most visited, without the source itself."""
    visits = visits.copy()
    visits[np.arange(len(rows)), rows] = -1.0
    return [set(np.argsort(-line, kind="stable")[:10].tolist()) for line in visits]


def recall(found: list[set[int]], wanted: list[set[int]]) -> float:
    """Share of the wanted ten that are found."""
    return float(np.mean([len(ours & theirs) / 10 for ours, theirs in zip(found, wanted, strict=True)]))


def peers(graph: ContextGraph) -> dict:
    """By name: what gives the visits of every organization by a walk from one."""
    entry, n = graph.weighted.tocoo(), len(graph.degree)
    edges, weights = np.stack([entry.row, n + entry.col], axis=1).tolist(), entry.data.tolist()
    bipartite = nx.Graph()
    bipartite.add_nodes_from(range(n + graph.weighted.shape[1]))
    bipartite.add_weighted_edges_from((*edge, weight) for edge, weight in zip(edges, weights, strict=True))

    def by_networkx(row: int) -> np.ndarray:
        ranks = nx.pagerank(bipartite, alpha=1 - RESTART, personalization={row: 1.0}, tol=1e-8)
        return np.fromiter((ranks[node] for node in range(n)), dtype=float)

    answers = {NETWORKX: by_networkx}
    igraph, ranking = package("igraph"), package("sknetwork.ranking")
    if igraph is not None:
        twin = igraph.Graph(n + graph.weighted.shape[1], edges)
        twin.es["weight"] = weights
        answers[IGRAPH] = lambda row: np.array(
            twin.personalized_pagerank(damping=1 - RESTART, reset_vertices=row, weights="weight")[:n]
        )
    if ranking is not None:
        matrix = sp.csr_matrix(graph.weighted)
        peer = ranking.PageRank(damping_factor=1 - RESTART, solver="bicgstab", tol=1e-8)
        answers[SCIKIT] = lambda row: peer.fit_predict(matrix, weights_row={row: 1.0})
    return answers


def candidates(graph: ContextGraph, walk: Walk, blocks: np.ndarray, steps: int, answers: dict) -> dict:
    """Each asks for other sources at each call."""

    def asking(answer, n_sources: int):
        turns = cycle(blocks)
        return lambda: answer(next(turns)[:n_sources])

    def kernel(rows: np.ndarray, threads: int = 1) -> np.ndarray:
        return kernels.chebyshev_visits(walk, rows, RESTART, steps, threads=threads)

    timed = {
        KERNEL: asking(kernel, 1),
        BLOCK: asking(kernel, SOURCES),
        BLOCK_2: asking(lambda rows: kernel(rows, 2), 2 * SOURCES),
        SCIPY: asking(lambda rows: graph.solve_visits(rows, RESTART, steps), 1),
        SCIPY_BLOCK: asking(lambda rows: graph.solve_visits(rows, RESTART, steps), SOURCES),
    }
    return timed | {
        name: asking(lambda rows, answer=answer: answer(int(rows[0])), 1) for name, answer in answers.items()
    }


def compare(graph: ContextGraph, steps: int, rounds: int) -> None:
    """P7 and P9: print times, ratios and recall."""
    generator, connected = np.random.default_rng(SEED), np.flatnonzero(graph.degree > 0)
    blocks = np.stack([generator.choice(connected, 2 * SOURCES, replace=False) for _ in range(rounds + 1)])
    walk, answers = Walk.of(graph.kernel, graph.degree), peers(graph)
    with threadpool_limits(1):
        taken = Rounds.run(candidates(graph, walk, blocks, steps, answers), rounds)
        rows = blocks[0][:SOURCES]
        wanted = top_ten(exact(graph, rows), rows)
        found = recall(top_ten(kernels.chebyshev_visits(walk, rows, RESTART, steps), rows), wanted)
        few = rows[:3]
        others = {
            name: recall(top_ten(np.stack([answer(int(row)) for row in few]), few), wanted[:3])
            for name, answer in answers.items()
        }
    for name, n_sources in ((BLOCK, SOURCES), (SCIPY_BLOCK, SOURCES), (BLOCK_2, 2 * SOURCES)):
        taken.scaled(name, 1 / n_sources)
    print(f"milliseconds for one source, {steps} steps, {rounds} rounds")
    taken.show("ms", 1e3)
    for name, value in others.items():
        print(f"recall@10 of {name}, 3 sources: {value:.3f}")
    verdict("P7 networkx / kernel, 64 sources, at least 400", taken.ratio(NETWORKX, BLOCK), 400)
    verdict("P7 igraph / kernel, 64 sources, at least 50", taken.ratio(IGRAPH, BLOCK), 50)
    verdict("P7 scikit-network / kernel, 64 sources, at least 25", taken.ratio(SCIKIT, BLOCK), 25)
    verdict("P7 recall@10 of 64 sources, at least 0.995", found, 0.995)
    verdict("P9 networkx / kernel, one source, at least 100", taken.ratio(NETWORKX, KERNEL), 100)
    verdict("P9 igraph / kernel, one source, at least 10", taken.ratio(IGRAPH, KERNEL), 10)


def main() -> None:
    """Read the network and print the table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--steps", type=int, default=8)
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    graph = read(options.folder).graph
    n, contexts = graph.weighted.shape
    print(f"{n:,} organizations, {graph.weighted.nnz:,} memberships, {contexts:,} contexts")
    compare(graph, options.steps, options.rounds)


if __name__ == "__main__":
    main()

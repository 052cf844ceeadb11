r"""Do recommender libraries and textbook link predictors find the pairs that came later?

Question: how would somebody fare who took a recommender from the shelf (implicit, LightFM, cornac, scikit-network), or
popularity, common neighbors, Adamic–Adar, resource allocation in two lines of scipy?
Method: split, candidates, queries, order of ties and metric are those of compare_scorers.py. A peer is given the
organization–organization matrix before the cut: the number of meetings (events and agreements) that two shared, those
of more than CLIP members left out; LightFM also has countries, sectors and topics, PageRank the bipartite graph. Each
has at most six settings, tried on TUNE_QUERIES queries of the tuning period; the best by nDCG@10 is fitted anew to all
that was known at the split and judged once.
Command: python experiments/peers.py          # the embedded domain, results/peers.csv; a network:
         python experiments/peers.py --domain cordis-domain --tune 2022-01-01 --split 2023-01-01 --until 2024-01-01 \
             -o results/peers_cordis.csv --queries-out peers.parquet [--against compare.parquet]
Packages: pip install '.[peers]' in an environment of its own. One that is missing is reported. With --peers, rows
of other peers stay in the output, so that one table can be made in several environments.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from functools import lru_cache, partial
from importlib import import_module, metadata
from itertools import product
from pathlib import Path
from typing import Any, ClassVar, NamedTuple, Self

import numpy as np
import polars as pl
import scipy.sparse as sp

from matchmaker import Dataset
from matchmaker.array import FloatArray, IntArray
from matchmaker.evaluation import NEW, PRIMARY, Panel, Split, judge
from matchmaker.evaluation.significance import Sample, compare_all, holm
from matchmaker.scorers.base import Reason
from matchmaker.sparse import CSR, inverse, row_sums, scaled, transposed

HOME = Path(__file__).parents[1]
SEED, DRAWS, TUNE, SPLIT = 0, 10_000, date(2017, 1, 1), date(2019, 1, 1)
BLEND = "blend (learned)"
COMPARED = ("ratio", "ratio_low", "ratio_high", "p_holm")
TUNE_QUERIES, CLIP, THREADS = 300, 200, 2
Answer = Callable[[IntArray], FloatArray]  # rows of seekers -> block (len(rows), n)
Setting = dict[str, Any]


@dataclass(eq=False)
class Peer:
    """A peer with one setting, as a scorer; its scores are its own, not within [0, 1]."""

    train: Callable[..., Answer]
    setting: Setting
    symmetric: ClassVar[bool] = True
    monotone: ClassVar[bool] = False
    answer_: Answer = field(init=False, repr=False)

    def fit(self, dataset: Dataset) -> Self:
        """Train on what was known."""
        self.answer_ = self.train(dataset, **self.setting)
        return self

    def score(self, rows: IntArray, *, reverse: bool = False) -> FloatArray:
        """Shape (len(rows), n)."""
        return np.asarray(self.answer_(rows), dtype=np.float64)

    def explain(self, seeker: int, candidate: int) -> list[Reason]:
        """Nothing: peers give no reasons."""
        return []


# --- what they are given -------------------------------------------------------------------------------------------


def meetings(world: Dataset, most: int = CLIP) -> CSR:
    """Shape (n, n_meetings), 0/1: who was in which event or agreement of 2 to `most` members."""
    members = sp.csr_array((world.graph.verified > 0).astype(np.float64))
    size = row_sums(transposed(members))
    return sp.csr_array(members[:, np.flatnonzero((size > 1) & (size <= most))])


@lru_cache(maxsize=8)
def together(world: Dataset, weight: str = "number", most: int = CLIP) -> CSR:
    """Shape (n, n): how often two met: the `number` of meetings, `any` (0/1), or `newman`: each over its size − 1."""
    members = meetings(world, most)
    share = inverse(row_sums(transposed(members)) - 1.0) if weight == "newman" else None
    shared = sp.csr_array(scaled(members, columns=share) @ transposed(members))
    shared.setdiag(0.0)
    shared.eliminate_zeros()
    shared.data = np.ones_like(shared.data) if weight == "any" else shared.data
    return shared


def narrow(matrix: CSR) -> sp.csr_matrix:
    """The same numbers in the older type, of 32 bits, that libraries take."""
    indices, starts = matrix.indices.astype(np.int32), matrix.indptr.astype(np.int32)
    return sp.csr_matrix((matrix.data.astype(np.float32), indices, starts), shape=matrix.shape)


def side_features(world: Dataset) -> CSR:
    """Shape (n, n + n_terms), rows summing to 1: oneself, country, sector, topics of one's events, stated interests."""
    rows = world.organizations
    stated = [rows.select("org_id", term=name + ":" + pl.col(name)) for name in ("country", "sector")]
    topics = world.participations.join(world.topics, on="event_id").select("org_id", "term")
    interests = rows.select("org_id", term="interests").explode("term")
    facts = pl.concat([*stated, topics, interests]).drop_nulls().unique().sort("org_id", "term")
    facts = facts.filter(pl.col("org_id").is_in(world.ids))
    terms, column = np.unique(facts["term"].to_numpy(), return_inverse=True)
    row = [world.row_of[identifier] for identifier in facts["org_id"].to_list()]
    known = sp.csr_array((np.ones(len(row)), (row, column)), shape=(len(world), len(terms)))
    both = sp.csr_array(sp.hstack([sp.eye_array(len(world)), known]))
    return scaled(both, rows=1.0 / row_sums(both))


# --- peers ---------------------------------------------------------------------------------------------------------


def factors(left: Any, right: Any, offset: Any = 0.0) -> Answer:
    """Inner products of dense factors, and what a candidate has from everyone."""
    return lambda rows: left[rows] @ right.T + offset


def popularity(world: Dataset) -> Answer:
    """Number of events and agreements of the candidate, whoever asks."""
    count = np.diff(world.graph.verified.indptr)
    return lambda rows: np.tile(count, (len(rows), 1))


def two_hop(world: Dataset, worth: Callable[[FloatArray], FloatArray], weight: str, most: int) -> Answer:
    """Common neighbors, each of the `worth` of its degree: Liben-Nowell & Kleinberg (2003), Zhou, Lü & Zhang (2009)."""
    links = together(world, weight, most)
    first = scaled(links, columns=worth(np.diff(links.indptr).astype(np.float64)))
    return lambda rows: (first[rows] @ links).toarray()


def else_popularity(world: Dataset, train: Callable[..., Answer], **setting: Any) -> Answer:
    """A peer, and popularity for a seeker of whom it knows nothing: what a shop does with a new customer."""
    answer, popular = train(world, **setting), popularity(world)

    def block(rows: IntArray) -> FloatArray:
        scores = answer(rows)
        return np.where(scores.any(axis=1, keepdims=True), scores, popular(rows))

    return block


def implicit_factors(world: Dataset, model: str, **setting: Any) -> Answer:
    """Alternating least squares (Hu, Koren & Volinsky 2008), Bayesian personalized ranking (Rendle et al. 2009)."""
    module, name = model.split(":")
    fitted = getattr(import_module(module), name)(**setting, num_threads=THREADS, random_state=SEED)
    fitted.fit(narrow(together(world)), show_progress=False)
    return factors(fitted.user_factors, fitted.item_factors)


def implicit_items(world: Dataset, model: str, K: int, use: str) -> Answer:  # noqa: N803 - the library's name
    """Who is like those whom the seeker met (`use`: history), or like the seeker (similar); K neighbors are kept."""
    from implicit import nearest_neighbours

    links = narrow(together(world))
    fitted = getattr(nearest_neighbours, model)(K=K, num_threads=THREADS)
    fitted.fit(links, show_progress=False)
    if use == "similar":
        return lambda rows: fitted.similarity[rows].toarray()
    return lambda rows: (links[rows] @ fitted.similarity).toarray()


def lightfm(world: Dataset, epochs: int, sides: bool, **setting: Any) -> Answer:
    """Factors of oneself and, with `sides`, of side features, added up; WARP loss (Kula 2015)."""
    from lightfm import LightFM

    features = narrow(side_features(world) if sides else sp.csr_array(sp.eye_array(len(world))))
    model = LightFM(loss="warp", random_state=SEED, **setting)
    links = narrow(together(world, "any")).tocoo()
    model.fit(links, user_features=features, item_features=features, epochs=epochs, num_threads=THREADS)
    bias, items = model.get_item_representations(features)
    return factors(model.get_user_representations(features)[1], items, bias)


def cornac(world: Dataset, model: str, **setting: Any) -> Answer:
    """A model by its name there: Poisson factorization, BPR with negatives drawn by popularity."""
    import cornac

    links, n = narrow(together(world)).tocoo(), len(world)
    numbers = {row: row for row in range(n)}
    triples = links.row.astype(np.int64), links.col.astype(np.int64), links.data.astype(np.float64)
    train = cornac.data.Dataset(n, n, numbers, numbers, triples, seed=SEED)
    fitted = getattr(cornac.models, model)(**setting, seed=SEED, verbose=False).fit(train)
    return lambda rows: np.stack([fitted.score(row) for row in rows.tolist()])


def page_rank(world: Dataset, **setting: Any) -> Answer:
    """PageRank from the seeker on the bipartite graph of organizations and meetings."""
    from sknetwork.ranking import PageRank

    members, n = meetings(world), len(world)
    graph = sp.csr_matrix(sp.block_array([[None, members], [transposed(members), None]]))
    ranks = PageRank(**setting)
    return lambda rows: np.stack([n * ranks.fit_predict(graph, weights={row: 1.0})[:n] for row in rows.tolist()])


def linker(world: Dataset, weight: str, dimensions: int) -> Answer:
    """`NNLinker` with all neighbors: cosine of links (`dimensions` 0), or of their singular vectors."""
    from sknetwork.embedding import GSVD
    from sknetwork.linalg import normalize

    links = sp.csr_matrix(together(world, weight))
    if dimensions:
        units = normalize(GSVD(dimensions).fit_transform(links), p=2)
        return factors(units, units)
    units = sp.csr_array(normalize(links, p=2))
    flipped = transposed(units)
    return lambda rows: (units[rows] @ flipped).toarray()


class Entry(NamedTuple):
    """A peer: its package, how it is trained, and the settings to try."""

    package: str
    train: Callable[..., Answer]
    settings: Sequence[Setting]


def entry(package: str, train: Callable[..., Answer], **choices: Sequence[Any]) -> Entry:
    """All combinations of the choices."""
    return Entry(package, train, [dict(zip(choices, values, strict=True)) for values in product(*choices.values())])


HOPS = {"weight": ("any", "number", "newman"), "most": (CLIP, 30)}
NEIGHBORS = {"K": (20, 200, 1000), "use": ("history", "similar")}
ALS, BPR = "implicit.cpu.als:AlternatingLeastSquares", "implicit.cpu.bpr:BayesianPersonalizedRanking"
PEERS = {
    "popularity": entry("scipy", popularity),
    "common_neighbors": entry("scipy", partial(two_hop, worth=np.ones_like), **HOPS),
    "adamic_adar": entry("scipy", partial(two_hop, worth=lambda n: inverse(np.log(np.maximum(n, 1.0)))), **HOPS),
    "resource_allocation": entry("scipy", partial(two_hop, worth=inverse), **HOPS),
    "resource_allocation_else_popularity": entry(
        "scipy", partial(else_popularity, train=partial(two_hop, worth=inverse)), **HOPS
    ),
    "implicit_cosine": entry("implicit", implicit_items, model=["CosineRecommender"], **NEIGHBORS),
    "implicit_tfidf": entry("implicit", implicit_items, model=["TFIDFRecommender"], **NEIGHBORS),
    "implicit_bm25": entry("implicit", implicit_items, model=["BM25Recommender"], **NEIGHBORS),
    "implicit_als": entry("implicit", implicit_factors, model=[ALS], factors=(32, 64), alpha=(1.0, 10.0, 40.0),
                          regularization=[0.05]),
    "implicit_bpr": entry("implicit", implicit_factors, model=[BPR], factors=[64], learning_rate=(0.02, 0.05, 0.1),
                          iterations=[30]),
    "lightfm": entry("lightfm-next", lightfm, no_components=[32], epochs=(2, 6), sides=(True, False)),
    "cornac_hpf": entry("cornac", cornac, model=["HPF"], k=(10, 30), max_iter=[30]),
    "cornac_wbpr": entry("cornac", cornac, model=["WBPR"], k=[64], learning_rate=(0.02, 0.05), max_iter=[30]),
    "sknetwork_pagerank": entry("scikit-network", page_rank, damping_factor=(0.3, 0.5, 0.85)),
    "sknetwork_nnlinker": entry("scikit-network", linker, weight=("any", "newman"), dimensions=(0, 64, 256)),
}  # fmt: skip


# --- the table -----------------------------------------------------------------------------------------------------


def trial(name: str, tune: Split, test: Split, queries: int) -> tuple[dict[str, Any], pl.DataFrame | None]:
    """Choose the setting on the tuning period, judge it on the test period: a row of the table, and its queries."""
    package, train, settings = PEERS[name]
    try:
        version = metadata.version(package)
    except metadata.PackageNotFoundError:
        return {"peer": name, "package": package, "version": "not installed"}, None

    def judged(split: Split, scorers: dict[str, Peer], most: int) -> Any:
        return judge(split, Panel.fit(split.train, scorers), queries=most or None, seed=SEED)

    start = time.perf_counter()
    peers = {str(setting): Peer(train, setting) for setting in settings}
    tuned = judged(tune, peers, TUNE_QUERIES) if len(settings) > 1 else None
    best = tuned.summary()["scorer"][0] if tuned else str(settings[0])
    seconds = time.perf_counter() - start
    report = judged(test, {name: peers[best]}, queries)
    asked = report.queries.filter(group=NEW)
    row = {
        "peer": name, "package": package, "version": version, "split": str(test.day), "queries": asked.height,
        "setting": ", ".join(f"{key}={value}" for key, value in peers[best].setting.items()) or None,
        "settings_tried": len(settings), f"tuning {PRIMARY}": tuned.mean(best) if tuned else None,
        PRIMARY: report.mean(name), "recall@10": report.mean(name, "recall@10"),
        f"{PRIMARY} newcomers": report.mean(name, newcomers=True),
        "seconds": report.scorers["seconds"][0], "tuning_seconds": seconds,
    }  # fmt: skip
    return row, asked.select("org_id", "side", "newcomer", "cluster", pl.lit(name).alias("peer"), PRIMARY)


def kept(path: Path | None, peers: Sequence[str], read: Callable[[Path], pl.DataFrame]) -> list[pl.DataFrame]:
    """What an earlier run wrote of other peers, where only some are asked for now."""
    if path is None or not path.exists() or len(peers) == len(PEERS):
        return []
    return [read(path).filter(~pl.col("peer").is_in(peers))]


def checked(queries: Sequence[pl.DataFrame]) -> pl.DataFrame:
    """All queries, once it is sure that every peer was asked the same ones in the same order."""
    table = pl.concat(queries)
    asked = [part.select("org_id", "side", "cluster") for part in table.partition_by("peer", maintain_order=True)]
    if not all(part.equals(asked[0]) for part in asked):
        raise SystemExit("error: the peers were not asked the same queries: remove the table, and run all of them")
    return table


def against(peers: pl.DataFrame, ours: pl.DataFrame) -> pl.DataFrame:
    """One row a peer: by what `BLEND` is ahead on the same queries, its 95 % interval, and p, adjusted by Holm."""
    blend = ours.filter(scorer=BLEND, group=NEW)
    asked = blend.select("org_id", "side", "cluster")
    parts = peers.partition_by("peer", as_dict=True, maintain_order=True)
    if any(not part.select(asked.columns).equals(asked) for part in parts.values()):
        raise SystemExit("error: --against holds other queries than the peers were asked: make both with one split")
    side = np.unique(blend["side"].to_numpy(), return_inverse=True)[1]
    theirs = np.stack([part[PRIMARY].to_numpy() for part in parts.values()], axis=1)
    sample = Sample(side, blend["cluster"].to_numpy().astype(np.int64))
    found = compare_all(blend[PRIMARY].to_numpy(), theirs, sample, draws=DRAWS, seed=SEED)
    return pl.DataFrame([{"peer": name, **row._asdict()} for (name,), row in zip(parts, found, strict=True)]).select(
        "peer",
        pl.col("ratio", "ratio_low", "ratio_high").round_sig_figs(4),
        p_holm=pl.Series(holm([row.p for row in found])).round_sig_figs(4),
    )


def run(given: argparse.Namespace) -> None:
    """Try the peers one after the other; what is written is whole after each."""
    dataset = Dataset.read(given.domain)
    if given.sides:
        dataset = replace(dataset, domain=dataset.domain.with_sides(*given.sides.split(",")))
    options: Any = {"positives": given.positives, "candidates": "known" if given.domain else "all"}
    tune = Split.at(dataset, given.tune, given.split, **options)
    test = Split.at(dataset, given.split, given.until, **options)
    peers = given.peers.split(",")
    rows = kept(given.output, peers, partial(pl.read_csv, infer_schema_length=None))
    queries = kept(given.queries_out, peers, pl.read_parquet)
    for name in peers:
        row, asked = trial(name, tune, test, given.queries)
        print(", ".join(f"{key} {value:.4g}" if isinstance(value, float) else f"{value}" for key, value in row.items()))
        rows.append(pl.DataFrame([row]).with_columns(pl.selectors.float().round_sig_figs(4)))
        pl.concat(rows, how="diagonal_relaxed").write_csv(given.output)
        if asked is not None:
            queries.append(asked)
        if given.queries_out and queries:
            checked(queries).write_parquet(given.queries_out)
    if given.against:
        table = pl.concat(rows, how="diagonal_relaxed").drop(COMPARED, strict=False)
        table.join(against(checked(queries), pl.read_parquet(given.against)), on="peer", how="left").write_csv(
            given.output
        )


def main() -> None:
    """Read the arguments and run."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--domain", metavar="FOLDER", help="of a domain, as made by build_domain.py")
    for option, default in (("--tune", TUNE), ("--split", SPLIT), ("--until", None)):
        parser.add_argument(option, type=date.fromisoformat, default=default, metavar="DAY")
    parser.add_argument("--sides", metavar="A,B")
    parser.add_argument("--positives", metavar="KIND", help="partnerships, events or a kind of event")
    parser.add_argument("--queries", type=int, default=2000, metavar="N", help="0: all")
    parser.add_argument("--peers", default=",".join(PEERS), metavar="LIST")
    parser.add_argument("-o", "--output", type=Path, default=HOME / "results/peers.csv", metavar="FILE.csv")
    parser.add_argument("--queries-out", type=Path, metavar="FILE.parquet", help="nDCG@10 of every query")
    parser.add_argument("--against", type=Path, metavar="FILE.parquet", help="--queries-out of compare_scorers.py")
    run(parser.parse_args())


if __name__ == "__main__":
    main()

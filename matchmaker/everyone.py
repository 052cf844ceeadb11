"""Everyone's best partners: the blend for all organizations at once, compiled, block by block.

The arithmetic is that of `Blend`; only the order of work is another. A block of seekers has two dense sums, what they
think of everyone and everyone of them, and every scorer adds to both in one pass over what it has for the block: sparse
factors, or walks of all seekers of the block together. Walks and logarithms are in single precision: a score agrees
with that of `Blend` to about 1e-5.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from itertools import islice
from typing import Any, NamedTuple, TypeAlias

import numpy as np

from matchmaker import kernels
from matchmaker.array import FloatArray, IntArray
from matchmaker.blend import Blend
from matchmaker.dataset import Dataset
from matchmaker.errors import Problem, UsageError
from matchmaker.ranking import Among, Lists
from matchmaker.scorers import Scorer
from matchmaker.scorers.base import Factors
from matchmaker.scorers.bridge import HubBridge
from matchmaker.scorers.katz import OddKatz
from matchmaker.scorers.popularity import LocalReach, Popularity, Reach
from matchmaker.scorers.regions import RegionTie
from matchmaker.scorers.sectors import SectorAffinity
from matchmaker.scorers.topics import TopicWalk
from matchmaker.scorers.walk import CorrectedWalk, RandomWalk, TwoStepWalk
from matchmaker.sparse import CSR, inverse

Adder: TypeAlias = Callable[["Sums"], None]


class Sums(NamedTuple):
    """The log-odds of a block so far: of the seekers, and of everyone; shape (len(rows), n)."""

    rows: IntArray
    forward: FloatArray
    backward: FloatArray

    def sides(self, weight: FloatArray) -> kernels.Sides:
        """For the kernels, with the weight of each organization, shape (n,)."""
        return kernels.Sides(self.forward, self.backward, weight[self.rows], weight)


@dataclass(frozen=True, eq=False)
class Engine:
    """A fitted blend, laid out for all pairs.

    Attributes:
        blend: fitted to `dataset`.
        adders: what each part of the blend adds to the sums of a block.
    """

    blend: Blend
    dataset: Dataset
    adders: tuple[Adder, ...]

    @classmethod
    def of(cls, blend: Blend, dataset: Dataset) -> Engine:
        """Lay out a blend that is fitted to `dataset`."""
        return cls(blend, dataset, tuple(_adders(blend, dataset)))

    def sums(self, rows: IntArray) -> Sums:
        """The log-odds of a block, both ways."""
        n = len(self.dataset)
        forward = np.empty((len(rows), n))
        forward[:] = self.blend.intercept_[rows][:, None]
        backward = np.empty((len(rows), n))
        backward[:] = self.blend.intercept_[None, :]
        sums = Sums(rows, forward, backward)
        for add in self.adders:
            add(sums)
        return sums

    def best(self, rows: IntArray, among: Among, n: int) -> Lists:
        """The `n` best for each of a block of seekers, as `ranking.ranked`."""
        sums, graph = self.sums(rows), self.dataset.graph
        columns, scores = kernels.best_mutual(
            sums.forward,
            sums.backward,
            rows,
            n,
            among.allowed,
            wanted=among.wanted,
            later=among.later,
            excluded=among.excluded(graph, rows),
        )
        return Lists.of(graph, rows, columns, sums[1:], np.asarray(scores, dtype=np.float64))

    def lists(self, tasks: Iterable[tuple[IntArray, Among]], n: int, *, threads: int = 2) -> Iterator[Lists]:
        """The lists of all seekers, block after block in the order given, of which few are held at a time.

        Args:
            tasks: blocks of seekers, best 64 at a time, and who may be in their lists.
            n: the length of a list.
            threads: so many blocks are worked on at a time; the answer depends neither on it nor on the blocks.

        Raises:
            UsageError: no thread at all.
        """
        if threads < 1:
            raise UsageError(Problem("MM-USE-024", f"nothing is done in {threads} threads", "give 1 or more"))
        left = iter(tasks)
        with ThreadPoolExecutor(threads) as pool:

            def begun(most: int) -> list[Future[Lists]]:
                return [pool.submit(self.best, *task, n) for task in islice(left, most)]

            waiting = begun(2 * threads)
            while waiting:
                yield waiting.pop(0).result()
                waiting += begun(1)


def _adders(blend: Blend, dataset: Dataset) -> Iterator[Adder]:
    """One for each scorer; the two that rest on the same walk share one."""
    own: dict[type, Callable[[Any, FloatArray], Adder]] = {
        TopicWalk: _topic_walk,
        TwoStepWalk: _two_step,
        OddKatz: _katz,
        SectorAffinity: _sectors,
        RegionTie: _regions,
        HubBridge: _bridge,
        **dict.fromkeys((Popularity, Reach, LocalReach), _values),
    }
    walks = {name: scorer for name, scorer in blend.scorers_.items() if type(scorer) in (RandomWalk, CorrectedWalk)}
    for name, scorer in blend.scorers_.items():
        weight, factors = blend.weights_[name], getattr(scorer, "factors_", None)
        if type(scorer) in own:
            yield own[type(scorer)](scorer, weight)
        elif isinstance(factors, Factors) and getattr(scorer, "doubtful_", None) is None:
            yield _symmetric(factors, weight) if scorer.symmetric else _product(factors, weight)
        elif name not in walks:
            yield _block(scorer, weight)
    if walks:
        yield _walk(walks, {name: blend.weights_[name] for name in walks}, dataset)


def _product(factors: Factors, weight: FloatArray) -> Adder:
    ways = [
        kernels.Product(kernels.Rows.of(left, np.float64), kernels.Rows.of(flipped, np.float64))
        for left, flipped in (
            (factors.left, factors.right_transposed),
            (factors.right, factors.left_transposed),
        )
    ]
    kind, chance = factors.scale.kind, float(factors.scale.chance)

    def add(sums: Sums) -> None:
        rows = sums.rows
        kernels.add_sparse(ways[0], rows, weight[rows], sums.forward, scale=kind, chance=chance, most=1.0)
        kernels.add_sparse(ways[1], rows, 1.0, sums.backward, scale=kind, chance=chance, most=1.0, columns=weight)

    return add


def _symmetric(factors: Factors, weight: FloatArray) -> Adder:
    left, flipped = (kernels.Rows.of(each, np.float64) for each in (factors.left, factors.right_transposed))
    saturation = factors.scale.kind == "saturation"

    def add(sums: Sums) -> None:
        kernels.add_symmetric(kernels.Product(left, flipped), sums.rows, sums.sides(weight), saturation)

    return add


def _block(scorer: Scorer, weight: FloatArray) -> Adder:
    """A scorer whose scores are cheap as they are."""

    def add(sums: Sums) -> None:
        scores = scorer.score(sums.rows)
        sums.forward[:] += weight[sums.rows][:, None] * scores
        if not scorer.symmetric:
            scores = scorer.score(sums.rows, reverse=True)
        sums.backward[:] += weight[None, :] * scores

    return add


def _bridge(scorer: HubBridge, weight: FloatArray) -> Adder:
    return _block(scorer, weight) if scorer.agreements_.nnz else lambda _: None


def _values(scorer: Popularity | Reach, weight: FloatArray) -> Adder:
    values = scorer.popularity_ if isinstance(scorer, Popularity) else scorer.reach_
    groups = scorer.country_ if isinstance(scorer, LocalReach) else None

    def add(sums: Sums) -> None:
        kernels.add_values(values, sums.rows, sums.sides(weight), groups)

    return add


def _sectors(scorer: SectorAffinity, weight: FloatArray) -> Adder:
    table = np.zeros((len(scorer.table_) + 1,) * 2)  # the last is for who has none
    table[:-1, :-1] = scorer.table_

    def add(sums: Sums) -> None:
        kernels.add_lookup(table[scorer.sector_[sums.rows]], scorer.sector_ % len(table), sums.sides(weight))

    return add


def _regions(scorer: RegionTie, weight: FloatArray) -> Adder:
    share = scorer.share
    ties = _symmetric(scorer.ties_, weight * (1.0 - share)) if scorer.ties_.left.nnz else None

    def add(sums: Sums) -> None:
        if ties:
            ties(sums)
        near, position = scorer.near(sums.rows)
        kernels.add_lookup(share * near, position, sums.sides(weight))

    return add


def _walk(walks: Mapping[str, Scorer], weights: dict[str, FloatArray], dataset: Dataset) -> Adder:
    graph = dataset.graph
    walk = kernels.Walk.of(graph.kernel, graph.degree)
    restart, steps = float(graph.settings["restart"]), int(graph.settings["chebyshev_steps"])
    inverted = inverse(graph.degree)

    def add(sums: Sums) -> None:
        rows = sums.rows if len(sums.rows) > 1 else np.repeat(sums.rows, 2)  # one alone would walk by other means
        visits = _others(kernels.chebyshev_visits(walk, rows, restart, steps, dtype=np.float32)[: len(sums.rows)], sums)
        for name, scorer in walks.items():
            sides = sums.sides(weights[name])
            if isinstance(scorer, RandomWalk):
                back = graph.degree[sums.rows], inverted
                kernels.add_visits(visits, sides, chance=max(scorer.n_connected_, 1), back=back)
            elif isinstance(scorer, CorrectedWalk):
                most = max(float(scorer.inverse_.max(initial=0.0)), np.e)
                kernels.add_lift(visits, scorer.inverse_, sides, most=most)

    return add


def _two_step(scorer: TwoStepWalk, weight: FloatArray) -> Adder:
    graph = scorer.graph_
    step = kernels.Steps.of(graph.weighted, graph.verified_transposed, graph.alone)
    inverted = inverse(graph.meetings)
    onward = inverted.astype(np.float32)

    def add(sums: Sums) -> None:
        halfway = step(_units(sums, onward))
        halfway *= onward[:, None]
        visits = _others(kernels.turned(step(halfway)), sums)
        np.maximum(visits, np.float32(0.0), out=visits)
        back = graph.meetings[sums.rows], inverted
        kernels.add_visits(visits, sums.sides(weight), chance=max(scorer.n_connected_, 1), back=back)

    return add


def _topic_walk(scorer: TopicWalk, weight: FloatArray) -> Adder:
    factors, amount = scorer.factors_, scorer.amount_
    product = kernels.Product(*(kernels.Rows.of(each, np.float32) for each in (factors.left, factors.right_transposed)))
    chance, inverted = max(factors.scale.chance, 1), inverse(amount)

    def add(sums: Sums) -> None:
        visits = np.zeros(sums.forward.shape, dtype=np.float32)
        kernels.add_sparse(product, sums.rows, 1.0, visits)
        kernels.add_visits(_others(visits, sums), sums.sides(weight), chance=chance, back=(amount[sums.rows], inverted))

    return add


def _katz(scorer: OddKatz, weight: FloatArray) -> Adder:
    if scorer.scale_ == 0.0:
        return _block(scorer, weight)
    size = scorer.scale_
    step = kernels.Steps.of(CSR(scorer.links_ / size), scorer.transposed_, scorer.own_ / size)
    one = np.ones(len(weight), dtype=np.float32)

    def add(sums: Sums) -> None:
        chains = _others(kernels.turned(scorer.chains(_units(sums, one), step.__call__)), sums)
        kernels.add_visits(chains, sums.sides(weight), chance=len(weight))

    return add


def _units(sums: Sums, value: kernels.Real) -> Any:
    """Shape (n, b), float32: the value of each seeker at its own place."""
    block = np.zeros((len(value), len(sums.rows)), dtype=np.float32)
    block[sums.rows, np.arange(len(sums.rows))] = value[sums.rows]
    return block


def _others(visits: Any, sums: Sums) -> Any:
    """The block, with 0 for the seekers themselves."""
    visits[np.arange(len(sums.rows)), sums.rows] = 0.0
    return visits

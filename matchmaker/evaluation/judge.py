"""Judge fitted scorers by what came after: block by block, every scorer on the same queries."""

from __future__ import annotations

import sys
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
import polars as pl
import scipy.sparse as sp

from matchmaker.array import BoolArray, FloatArray, IntArray
from matchmaker.blend import Blend
from matchmaker.errors import Problem, UsageError
from matchmaker.evaluation import metrics
from matchmaker.evaluation.block import NEW, Block, blocks, sampled
from matchmaker.evaluation.panel import Panel
from matchmaker.evaluation.reliability import Reliability
from matchmaker.evaluation.report import Report
from matchmaker.evaluation.split import Direction, Split
from matchmaker.sparse import CSR, row_sums, transposed

QUERIES = 2000
LONGEST, TOP = 20, 10


def judge(
    split: Split, panel: Panel, *, mutual: bool | None = None, queries: int | None = QUERIES, seed: int = 0
) -> Report:
    """Judge scorers that are fitted to `split.train`; see `evaluate`.

    Raises:
        UsageError: no new pair in the test period.
    """
    if mutual is None:
        mutual = split.train.domain.sides is not None
    trial = _Trial(split, panel, mutual, seed)
    most = None if queries is None else -(-queries // len(split.directions))
    sides = [trial.side(direction, most) for direction in split.directions]
    if not trial.wanted:
        fix = "choose another day, another end, or other positives"
        raise UsageError(Problem("MM-EVA-002", "no pair that can be found is new in the test period", fix))
    return trial.report(sides)


class _Question(NamedTuple):
    """What one group asks of a block: `asked` are its queries with anything to find, as positions in the block.

    `relevant`, `allowed`: shape (len(asked), m). `about`: what is said of each query beside its metrics.
    """

    name: str
    asked: IntArray
    relevant: BoolArray
    allowed: BoolArray
    n_relevant: IntArray
    matched: metrics.Matched
    about: pl.DataFrame


@dataclass(eq=False)
class _Ledger:
    """What one scorer has shown so far; `shown` are (seeker, candidate) in top tens."""

    frames: list[pl.DataFrame] = field(default_factory=list)
    shown: list[tuple[IntArray, IntArray]] = field(default_factory=list)
    coverage: list[float] = field(default_factory=list)
    gini: list[float] = field(default_factory=list)
    reliability: Reliability = field(default_factory=Reliability)


class _Trial:
    """One run: `wanted` are the (seeker, candidate) of the primary question, `ledgers` what each scorer has shown."""

    def __init__(self, split: Split, panel: Panel, mutual: bool, seed: int) -> None:
        self.split, self.panel, self.mutual, self.seed = split, panel, mutual, seed
        self.wanted: list[tuple[IntArray, IntArray]] = []
        self.ledgers = {name: _Ledger() for name in panel.scorers}

    def side(self, direction: Direction, most: int | None) -> dict[str, Any]:
        """Judge the seekers of one side; a row of `Report.sides`."""
        census = self.split.census(direction)
        seekers = sampled(census.seekers, most, self.seed)
        n_before = len(self.wanted)
        for block in blocks(self.split, direction, seekers, seed=self.seed):
            self._block(direction.label, block)
        for ledger in self.ledgers.values():
            _count_exposure(ledger, n_before, direction.candidates & ~self.split.train.conveners)
        return {
            "side": direction.label,
            "seekers": len(census.seekers),
            "judged": len(seekers),
            "newcomers": int(self.split.newcomers[seekers].sum()),
            "candidates": int(direction.candidates.sum()),
            "new_pairs": census.n_pairs,
            "lost_pairs": census.n_lost,
        }

    def report(self, sides: list[dict[str, Any]]) -> Report:
        """What all sides have come to."""
        wanted = _matrix(self.wanted, len(self.split.train))
        return Report(
            self.split.day,
            self.split.until,
            self.split.positives,
            self.mutual,
            self.seed,
            pl.concat([_with_mutual_hits(name, ledger, wanted) for name, ledger in self.ledgers.items()]),
            pl.DataFrame([self._scorer_row(name, ledger) for name, ledger in self.ledgers.items()]),
            pl.DataFrame(sides),
            {
                name: ledger.reliability.table()
                for name, ledger in self.ledgers.items()
                if ledger.reliability.count.any()
            },
            peak_megabytes(),
        )

    def _block(self, side: str, block: Block) -> None:
        questions = [question for name in block.groups if len((question := self._question(name, side, block)).asked)]
        self.wanted.append(_pairs(block, *np.nonzero(block.groups[NEW].relevant)))
        for name, ledger in self.ledgers.items():
            scores = self.panel.ranking(name, block.rows, block.columns, mutual=self.mutual)
            for question in questions:
                ledger.frames.append(_answered(scores[question.asked], question, block, ledger))
            if isinstance(self.panel.scorers[name], Blend):
                group = block.groups[NEW]
                ledger.reliability.add(scores[group.allowed], group.relevant[group.allowed])

    def _question(self, name: str, side: str, block: Block) -> _Question:
        asked = np.flatnonzero(block.groups[name].relevant.any(axis=1))
        relevant, allowed = (mask[asked] for mask in block.groups[name])
        rows = block.rows[asked]
        about = pl.DataFrame(
            {
                "group": [name] * len(rows),
                "side": [side] * len(rows),
                "row": rows,
                "org_id": [self.split.train.ids[row] for row in rows.tolist()],
                "newcomer": self.split.newcomers[rows],
                "cluster": block.causes[asked],
                "relevant": relevant.sum(axis=1),
            }
        )
        match = metrics.matched(relevant, allowed, block.by_degree[asked])
        return _Question(name, asked, relevant, allowed, relevant.sum(axis=1), match, about)

    def _scorer_row(self, name: str, ledger: _Ledger) -> dict[str, Any]:
        return {
            "scorer": name,
            "coverage@10": float(np.mean(ledger.coverage)),
            "gini": float(np.mean(ledger.gini)),
            "brier": ledger.reliability.brier,
            "seconds": self.panel.cost(name),
        }


def peak_megabytes() -> float:
    """The most memory that this process has held; NaN where the system does not tell."""
    try:
        import resource
    except ImportError:  # Windows
        return float("nan")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (2**20 if sys.platform == "darwin" else 2**10)


def _answered(scores: FloatArray, question: _Question, block: Block, ledger: _Ledger) -> pl.DataFrame:
    """The metrics of a question's queries; the top tens of the primary question are kept in the ledger."""
    relevant, allowed, n_relevant = question.relevant, question.allowed, question.n_relevant
    ranking = metrics.best(scores, allowed, LONGEST)
    if question.name == NEW:
        position, place = np.nonzero(ranking[:, :TOP] >= 0)
        ledger.shown.append(_pairs(block, question.asked[position], ranking[position, place]))
    found = metrics.hits(relevant, ranking)
    return question.about.with_columns(
        pl.Series(name, values)
        for name, values in {
            "ndcg@10": metrics.ndcg(found[:, :TOP], n_relevant),
            "recall@10": metrics.recall(found[:, :TOP], n_relevant),
            "recall@20": metrics.recall(found, n_relevant),
            "mrr": metrics.reciprocal_rank(scores, relevant, allowed),
            "hit@10": metrics.hit(found[:, :TOP], n_relevant),
            "auc": metrics.auc(scores, relevant, allowed),
            "auc_matched": metrics.matched_auc(scores, question.matched),
        }.items()
    )


def _pairs(block: Block, position: IntArray, column: IntArray) -> tuple[IntArray, IntArray]:
    """(seeker, candidate) as rows, from positions in the block."""
    return block.rows[position], block.columns[position, column]


def _count_exposure(ledger: _Ledger, n_before: int, open_to: BoolArray) -> None:
    """How evenly the candidates of one side were shown."""
    shown = np.concatenate([np.empty(0, dtype=np.int64), *(candidates for _, candidates in ledger.shown[n_before:])])
    exposure = np.bincount(shown, minlength=len(open_to))[open_to].astype(np.float64)
    ledger.coverage.append(float((exposure > 0).sum()) / max(len(exposure), 1))
    ledger.gini.append(metrics.gini(exposure))


def _matrix(pairs: list[tuple[IntArray, IntArray]], n: int) -> CSR:
    """Shape (n, n), 0/1."""
    left, right = (np.concatenate([np.empty(0, dtype=np.int64), *parts]) for parts in zip(*pairs, strict=True))
    return sp.csr_array((np.ones(len(left)), (left, right)), shape=(n, n))


def _with_mutual_hits(name: str, ledger: _Ledger, wanted: CSR) -> pl.DataFrame:
    """All queries of a scorer; `mutual_hit@10`: is any partner in the top ten who has the seeker in theirs?

    NaN where no partner was asked: where its own list is not known.
    """
    shown = _matrix(ledger.shown, wanted.shape[0])
    both_asked = wanted.multiply(transposed(wanted))
    both_found = both_asked.multiply(shown).multiply(transposed(shown))
    hit = np.where(row_sums(sp.csr_array(both_found)) > 0, 1.0, 0.0)
    hit[row_sums(sp.csr_array(both_asked)) == 0] = np.nan
    frame = pl.concat(ledger.frames)
    mine = np.where((frame["group"] == NEW).to_numpy(), hit[frame["row"].to_numpy()], np.nan)
    return frame.select(pl.lit(name).alias("scorer"), pl.exclude("row")).with_columns(pl.Series("mutual_hit@10", mine))

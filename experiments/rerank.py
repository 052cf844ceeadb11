"""Do boosted trees order the top of the list better than the weighted sum does?

Question: a weighted sum cannot say that two signs count more together. If its best TOP candidates are ordered anew by
trees over the same scores, are the partners that came higher up?
Method: the challenger is scikit-learn's HistGradientBoostingClassifier on what every scorer, and the blend, say of the
pair (both ways where there are two sides), monotone in the blend. It learns from the last period before the split:
there the blend knows only weights from before it, so that its word is as good as it will be in the test. Of SETTINGS,
the one that ranks a third of that period's queries best when trained on the others. Then both are judged by the test
period; the trees would be kept only if they won.
Command: python experiments/rerank.py [--domain FOLDER --split DAY --until DAY --tune DAY --sides A,B]
Without arguments, on the embedded data. Writes results/rerank.csv and results/rerank.html.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from typing import Any, NamedTuple, cast

import numpy as np
from sklearn.ensemble import HistGradientBoostingClassifier

from experiments.page import NDCG, Picture, Point, intervals
from experiments.trial import LEARNED, STANDING, Rule, Trial, adjusted, options, standing
from matchmaker import SCORERS, Blend
from matchmaker.array import BoolArray, FloatArray, IntArray
from matchmaker.evaluation import NEW, PRIMARY, Panel, Split, metrics
from matchmaker.evaluation.block import blocks, sampled
from matchmaker.evaluation.panel import Part

SEED, SPLIT, TUNE = 0, date(2019, 1, 1), date(2017, 1, 1)
TOP, TREES = 200, "boosted trees"
SETTINGS: list[dict[str, Any]] = [
    {"max_leaf_nodes": leaves, "learning_rate": rate, "max_iter": 150, "min_samples_leaf": 50}
    for leaves in (4, 15)
    for rate in (0.03, 0.1)
]
COLUMNS = ["scorer", "chosen", *STANDING]


class Question(NamedTuple):
    """The best candidates of one query: `features` of shape (m, k), who was `relevant`, and how many there were."""

    features: FloatArray
    relevant: BoolArray
    n_relevant: int


def described(panel: Panel, rows: IntArray, *, both: bool) -> tuple[FloatArray, FloatArray]:
    """What the blend ranks by, shape (b, n), and the features, its word first: shape (k, b, n)."""
    blend = cast("Blend", panel.scorers[LEARNED])
    ways = blend.both_log_odds(rows) if both else (blend.log_odds(rows),)
    rank = -sum(np.logaddexp(0.0, -way) for way in ways)
    parts = panel.blocks(rows, reverse=both)
    return rank, np.stack([rank, *(way for name in SCORERS for way in parts[name])])


def questions(trial: Trial, split: Split, panel: Panel) -> Iterator[Question]:
    """Those of a period, each with the TOP that the blend puts first."""
    both = split.train.domain.sides is not None
    for direction in split.directions:
        seekers = sampled(split.census(direction).seekers, trial.given.queries or None, trial.given.seed)
        for block in blocks(split, direction, seekers, seed=trial.given.seed):
            rank, features = described(panel, block.rows, both=both)
            relevant, allowed = block.groups[NEW]
            best = metrics.best(np.take_along_axis(rank, block.columns, axis=1), allowed, TOP)
            for query in np.flatnonzero(relevant.any(axis=1)):
                chosen = best[query][best[query] >= 0]
                described_ = features[:, query, block.columns[query, chosen]].T
                yield Question(described_, relevant[query, chosen], int(relevant[query].sum()))


def trained(asked: list[Question], setting: dict[str, Any], seed: int) -> HistGradientBoostingClassifier:
    """Trees that know these queries."""
    features, relevant = np.concatenate([q.features for q in asked]), np.concatenate([q.relevant for q in asked])
    monotone = [1, *[0] * (features.shape[1] - 1)]
    return HistGradientBoostingClassifier(monotonic_cst=monotone, random_state=seed, **setting).fit(features, relevant)


def gain(model: HistGradientBoostingClassifier, asked: list[Question]) -> float:
    """Mean nDCG@10 when the trees order these queries."""
    values = []
    for question in asked:
        order = np.argsort(-model.decision_function(question.features), kind="stable")[:10]
        found = question.relevant[order][None, :]
        values.append(metrics.ndcg(found, np.array([question.n_relevant]))[0])
    return float(np.mean(values))


def challenger(trial: Trial, panel: Panel) -> tuple[Rule, str]:
    """The trees as a scorer beside the panel's blend, and the setting that was chosen."""
    given = trial.given
    earlier = replace(trial, given=type(given)(**{**vars(given), "split": given.tune, "tune": None}))
    before = Split.at(trial.dataset, given.tune, given.split, **trial.choices)
    known = Panel.fit(before.train, {**{n: SCORERS[n]() for n in SCORERS}, LEARNED: Blend(earlier.learned().weights)})
    asked = list(questions(trial, before, known))
    rest, third = [q for k, q in enumerate(asked) if k % 3], asked[::3]
    best = max(SETTINGS, key=lambda setting: gain(trained(rest, setting, given.seed), third))
    model, both = trained(asked, best, given.seed), trial.split.train.domain.sides is not None

    def answer(rows: IntArray) -> FloatArray:
        rank, features = described(panel, rows, both=both)
        first = np.argsort(-rank, axis=1, kind="stable")[:, : 2 * TOP]  # some of them are partners already
        order = np.take_along_axis(features, first[None], axis=2).reshape(len(features), -1).T
        scores = 0.5 / (1.0 + np.exp(-rank))  # behind all that the trees have ordered
        np.put_along_axis(scores, first, 0.5 + model.predict_proba(order)[:, 1].reshape(first.shape) / 2.0, axis=1)
        return scores

    return Rule(lambda _: answer), ", ".join(f"{key} {value}" for key, value in best.items())


def main() -> None:
    """Learn, challenge, judge, write."""
    trial = Trial.read(options(__doc__, SEED, SPLIT, TUNE))
    panel = Panel.fit(
        trial.split.train, {**{n: SCORERS[n]() for n in SCORERS}, LEARNED: Blend(trial.learned().weights)}
    )
    trees, setting = challenger(trial, panel)
    part = Part(trees.fit(trial.split.train), 0.0)
    report = trial.judged(
        Panel({LEARNED: panel.scorers[LEARNED], TREES: part}, {**panel.parts, TREES: part}, panel.seconds)
    )
    chosen = {LEARNED: None, TREES: setting}
    records = adjusted([{"scorer": n, "chosen": chosen[n], **standing(report, n, LEARNED)} for n in chosen])
    ours, theirs = records
    won = theirs["difference"] > 0 and theirs["p_holm"] < 0.05
    points = [Point(row["scorer"], row[PRIMARY], row["low"], row["high"]) for row in records]
    shows = f"trees reach {theirs[PRIMARY]:.3f}, the weighted sum {ours[PRIMARY]:.3f} (p {theirs['p_holm']:.3g})."
    todo = "put the trees behind the blend." if won else "keep the weighted sum: it is no worse, and says why."
    trial.write("rerank", records, COLUMNS, [Picture(intervals(points, f"{NDCG}; 95 % interval"), shows, todo)])


if __name__ == "__main__":
    main()

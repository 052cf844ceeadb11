"""Which scorer would have found the pairs that came later, and is the learned blend better than each of them?

Question: on a period that nothing was tuned on, how well do the blend with learned weights, the blend with prior
weights and every scorer alone rank the partners that organizations then had for the first time?
Method: matchmaker.evaluation (whole events, full candidate side, new pairs only, nDCG@10; paired randomization tests
clustered by event, Holm). Weights are learned from the periods before the split; the last of them, from --tune on,
chooses how strongly they are shrunk to the prior.
Command: python experiments/compare_scorers.py [--domain FOLDER --split DAY --until DAY --tune DAY --sides A,B]
Without arguments, on the embedded data. Writes results/NAME.csv and results/NAME.html; with --queries-out also each
query's figures, for tests against scorers that live in another environment (peers.py).
"""

from __future__ import annotations

from datetime import date
from pathlib import Path

from experiments.page import command
from experiments.trial import LEARNED, Trial, options
from matchmaker import Blend
from matchmaker.evaluation import evaluate, standard_scorers
from matchmaker.evaluation.page import as_page
from matchmaker.writing import as_csv, write_file

SEED, SPLIT, TUNE = 0, date(2019, 1, 1), date(2017, 1, 1)
COLUMNS = [
    "network", "sides", "split", "until", "tuned_from", "queries",
    "scorer", "ndcg@10", "low", "high", "ratio", "p_holm", "recall@10", "recall@20", "mrr",
    "mutual_hit@10", "auc_matched", "ndcg@10 newcomers", "coverage@10", "gini", "brier",
    "ndcg@10 shuffled", "auc_matched shuffled", "auc_matched noise", "seconds", "seed", "data",
]  # fmt: skip


def main() -> None:
    """Learn, judge, write."""
    parser = options(__doc__, SEED, SPLIT, TUNE)
    parser.add_argument(
        "--null-queries", type=int, default=200, metavar="N", help="in worlds without a pattern; 0: none"
    )
    parser.add_argument("--queries-out", type=Path, metavar="FILE.parquet", help="the figures of every query")
    trial = Trial.read(parser)
    given = trial.given
    scorers = {**standard_scorers(), LEARNED: Blend(trial.learned().weights)}
    asked = {"queries": given.queries or None, "null_queries": given.null_queries, "seed": given.seed}
    report = evaluate(trial.dataset, given.split, given.until, scorers, **trial.choices, **asked)
    about = {**trial.about, "queries": int(report.sides["judged"].sum())}
    records = [{**about, **record} for record in report.records()]
    path = trial.path("compare" if given.domain else "compare_embedded")
    write_file(path.with_suffix(".csv"), as_csv(records, COLUMNS))
    write_file(path.with_suffix(".html"), as_page(report, command()).encode())
    if given.queries_out:
        report.queries.write_parquet(given.queries_out)
    for record in records:
        print(f"{record['scorer']:22} {record['ndcg@10']:.4f} {record['ratio'] or '':.4} {record['p_holm']}")


if __name__ == "__main__":
    main()

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

import argparse
from dataclasses import replace
from datetime import date
from pathlib import Path

from matchmaker import Blend, Dataset
from matchmaker.evaluation import evaluate, standard_scorers
from matchmaker.evaluation.page import as_page
from matchmaker.learning import QUERIES, learn
from matchmaker.writing import as_csv, write_file

HOME = Path(__file__).parents[1]
SEED, SPLIT, TUNE = 0, date(2019, 1, 1), date(2017, 1, 1)
COLUMNS = [
    "network", "sides", "split", "until", "tuned_from", "queries",
    "scorer", "ndcg@10", "low", "high", "ratio", "p_holm", "recall@10", "recall@20", "mrr",
    "mutual_hit@10", "auc_matched", "ndcg@10 newcomers", "coverage@10", "gini", "brier",
    "ndcg@10 shuffled", "auc_matched shuffled", "auc_matched noise", "seconds", "seed", "data",
]  # fmt: skip


def arguments() -> argparse.Namespace:
    """The options."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--domain", type=Path, help="folder of a domain, as made by build_domain.py")
    for option, default in (("--split", SPLIT), ("--tune", TUNE), ("--until", None)):
        parser.add_argument(option, type=date.fromisoformat, default=default, metavar="DAY")
    parser.add_argument("--sides", metavar="A,B")
    parser.add_argument("--positives", metavar="KIND")
    parser.add_argument("--queries", type=int, default=2000)
    parser.add_argument("--null-queries", type=int, default=200)
    parser.add_argument("--seed", type=int, default=SEED)
    parser.add_argument("--name", help="of the files of results")
    parser.add_argument("--queries-out", type=Path, metavar="FILE.parquet")
    return parser.parse_args()


def world(domain: Path | None, sides: str | None) -> Dataset:
    """The domain, with the sides that were asked for."""
    dataset = Dataset.read(domain)
    return replace(dataset, domain=dataset.domain.with_sides(*sides.split(","))) if sides else dataset


def main() -> None:
    """Learn, judge, write."""
    given = arguments()
    dataset = world(given.domain, given.sides)
    options = {"positives": given.positives, "candidates": "known" if given.domain else "all", "seed": given.seed}
    lesson = learn(dataset, given.split, tune=given.tune, queries=min(given.queries, QUERIES), **options)
    scorers = {**standard_scorers(), "blend (learned)": Blend(lesson.weights)}
    report = evaluate(
        dataset, given.split, given.until, scorers, queries=given.queries, null_queries=given.null_queries, **options
    )
    name = given.name or "_".join(
        ["compare", given.domain.name if given.domain else "embedded", *filter(None, [given.sides])]
    )
    about = {
        "network": given.domain.name if given.domain else "embedded",
        "sides": given.sides or ("CN,KR" if given.domain is None else ""),
        "split": given.split,
        "until": given.until,
        "tuned_from": given.tune,
        "queries": int(report.sides["judged"].sum()),
        "seed": given.seed,
        "data": dataset.digest,
    }
    records = [{**about, **record} for record in report.records()]
    write_file(HOME / f"results/{name}.csv", as_csv(records, COLUMNS))
    write_file(
        HOME / f"results/{name}.html", as_page(report, f"python experiments/compare_scorers.py … → {name}").encode()
    )
    if given.queries_out:
        report.queries.write_parquet(given.queries_out)
    for record in records:
        print(f"{record['scorer']:22} {record['ndcg@10']:.4f} {record['ratio'] or '':.4} {record['p_holm']}")


if __name__ == "__main__":
    main()

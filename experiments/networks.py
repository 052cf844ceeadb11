"""How much better is the learned blend than the best that anyone would take instead, network by network?

Question: what do the comparisons with our own scorers and with peers come to?
Method: from results/compare_*.csv (compare_scorers.py) and results/peers_*.csv (peers.py --against) of the same split:
nDCG@10 of the learned blend over new pairs, of the best single scorer of ours and of the best peer or textbook
baseline; by what the blend is ahead, with p, adjusted by Holm within each comparison. Newcomers: seekers without past.
The matched AUC sets each new partner against candidates of the same degree.
Command: python experiments/networks.py          # writes results/networks.csv; readme.py puts it into README.md
"""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

from experiments.trial import LEARNED
from matchmaker.writing import as_csv, write_file

RESULTS = Path(__file__).parents[1] / "results"
BLENDS = (LEARNED, "blend")
COLUMNS = [
    "network", "sides", "test period", "tuned on", "queries", "blend", "best scorer", "its nDCG@10", "ratio", "p",
    "best peer", "peer's nDCG@10", "peer ratio", "peer p", "newcomers", "of popularity", "matched AUC",
]  # fmt: skip


def read(path: Path) -> list[dict[str, str]]:
    """The records of a table of results; none if there is no such file."""
    if not path.exists():
        return []
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def best(records: list[dict[str, str]], column: str, without: tuple[str, ...] = ()) -> dict[str, str]:
    """The record with the highest nDCG@10."""
    judged = [record for record in records if record[column] not in without and record["ndcg@10"]]
    return max(judged, key=lambda record: float(record["ndcg@10"]), default={})


def figure(value: str | None, digits: int) -> str:
    """A number as it is printed; empty if it is not known."""
    return f"{float(value):.{digits}f}" if value else ""


def row(name: str, compared: list[dict[str, str]], peers: list[dict[str, str]]) -> dict[str, Any]:
    """One network."""
    by_name = {record["scorer"]: record for record in compared}
    ours, single, peer = by_name[BLENDS[0]], best(compared, "scorer", BLENDS), best(peers, "peer")
    new, popular = (by_name[name]["ndcg@10 newcomers"] for name in (BLENDS[0], "popularity"))
    return {
        "network": ours["network"].replace("_", " ") + ("; sites of a trial" if "_sites" in name else ""),
        "sides": ours["sides"].replace(",", "–"),
        "test period": f"{ours['split']} to {ours['until'] or 'the end'}",
        "tuned on": f"from {ours['tuned_from']}",
        "queries": ours["queries"],
        "blend": figure(ours["ndcg@10"], 4),
        "best scorer": single["scorer"],
        "its nDCG@10": figure(single["ndcg@10"], 4),
        "ratio": figure(single["ratio"], 2) if single["ratio"] else "",
        "p": figure(single["p_holm"], 4),
        "best peer": peer.get("peer", ""),
        "peer's nDCG@10": figure(peer.get("ndcg@10"), 4),
        "peer ratio": figure(peer.get("ratio"), 2),
        "peer p": figure(peer.get("p_holm"), 4),
        "newcomers": figure(new, 4),
        "of popularity": f"{float(new) / float(popular):.2f}" if new and float(popular or 0) else "",
        "matched AUC": figure(ours["auc_matched"], 3),
    }


def main() -> None:
    """Collect and write."""
    names = sorted(path.stem.removeprefix("compare_") for path in RESULTS.glob("compare_*.csv"))
    rows = [row(name, read(RESULTS / f"compare_{name}.csv"), read(RESULTS / f"peers_{name}.csv")) for name in names]
    write_file(RESULTS / "networks.csv", as_csv(rows, COLUMNS))


if __name__ == "__main__":
    main()

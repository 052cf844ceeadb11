"""Who is meant by the affiliation strings of publishers? Precision, recall and F1 beside the published figures.

Our registry is ../shared/data/ror, two fifths of the full one in a later state; the published figures were measured
on all of that of 2023. Scored are the strings whose labels are all in it, and those labeled "nobody". So the figures
are of another task than the published ones: fewer who could be meant, and who could be mistaken for them; and "nobody"
may be in the registry by now. What the matcher knows was learned (--fit) from one half of the strings of each source,
chosen by a checksum of the text; reported is the other half, whose strings were not looked at. Strings a second are of
processor time.
Command: python experiments/name_matching.py [--fit] [--data ../shared/data]
Writes results/name_matching.csv; with --fit matchmaker/names/affiliation.toml in place of it.
"""

from __future__ import annotations

import argparse
import time
import zlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import polars as pl

from matchmaker.array import FloatArray, IntArray
from matchmaker.names import Entry, Resolver
from matchmaker.names.evidence import Evidence

HERE = Path(__file__).parent.parent
WEIGHTS = HERE / "matchmaker" / "names" / "affiliation.toml"
PENALTY = 1.0  # of the squared weights, each of which is for an evidence scaled to a variance of 1
FOLDS = 5


class Row(NamedTuple):
    """A labeled string."""

    source: str
    text: str
    identifiers: frozenset[str]

    @property
    def to_learn_from(self) -> bool:
        """Whether it is in the half that is learned from."""
        return zlib.crc32(self.text.encode()) % 2 == 0


class Figures(NamedTuple):
    """How right the answers are: right is one that is a label of the string; a label without an answer is missed."""

    precision: float
    recall: float
    f1: float


def registry(folder: Path) -> Iterator[Entry]:
    """The organizations that are not withdrawn, the name that the registry displays first."""
    aliases = pl.read_parquet(folder / "aliases.parquet").group_by("org_id", maintain_order=True).agg("name")
    known = dict(aliases.iter_rows())
    relations = pl.read_parquet(folder / "relations.parquet")
    up = relations.filter(pl.col("relation") == "parent").select("org_id", "other_id")
    down = relations.filter(pl.col("relation") == "child").select(org_id="other_id", other_id="org_id")
    parents = dict(pl.concat([up, down]).unique().group_by("org_id").agg("other_id").iter_rows())
    table = pl.read_parquet(folder / "organizations.parquet").filter(pl.col("status") != "withdrawn")
    for identifier, name, country, *places in table.select("org_id", "name", "country", "city", "region").iter_rows():
        names, towns = [name, *known.get(identifier, [])], [place for place in places if place]
        yield Entry(identifier, names, country, towns, parents.get(identifier, []))


def labeled(folder: Path, known: frozenset[str]) -> list[Row]:
    """The strings all of whose labels are in the registry."""
    table = pl.read_parquet(folder / "affiliation_labels.parquet").select("source", "text", "ror_ids")
    rows = (
        Row(source, text, frozenset(filter(None, (labels or "").split(";"))))
        for source, text, labels in table.sort("source", "text", "ror_ids").iter_rows()
    )
    return [row for row in rows if row.identifiers <= known]


def figures(right: int, wrong: int, labels: int) -> Figures:
    """Precision, recall and F1 of `right` and `wrong` answers where there are so many labels."""
    return Figures(right / max(right + wrong, 1), right / max(labels, 1), 2 * right / max(right + wrong + labels, 1))


# --- to measure ---------------------------------------------------------------------------------------------------


def measured(resolver: Resolver, rows: Sequence[Row]) -> dict[str, Any]:
    """The figures of one source."""
    start = time.process_time()
    answers = [resolver.within(row.text).found for row in rows]
    seconds = time.process_time() - start
    right = sum(a is not None and a.identifier in row.identifiers for a, row in zip(answers, rows, strict=True))
    given = sum(answer is not None for answer in answers)
    scored = figures(right, given - right, sum(len(row.identifiers) for row in rows))
    nobody = sum(not row.identifiers for row in rows)
    rounded = {name: round(value, 4) for name, value in scored._asdict().items()}
    return {"rows": len(rows), "nobody": nobody, **rounded, "per_second": round(len(rows) / seconds)}


def best_published(folder: Path) -> dict[str, tuple[str, float]]:
    """By source: the best F1 that was published for the split that we have (`train`), else for `valid`; and by what."""
    table = pl.read_csv(folder / "published_baselines.csv").sort("split", "f1")
    return {row["source"]: (f"{row['method']} ({row['split']})", row["f1"]) for row in _first_split(table)}


def _first_split(table: pl.DataFrame) -> Iterator[dict[str, Any]]:
    for _, group in table.group_by("source", maintain_order=True):
        yield group.filter(pl.col("split") == group["split"].min()).row(-1, named=True)


# --- to learn -----------------------------------------------------------------------------------------------------


class Sample(NamedTuple):
    """What speaks for the spellings of all lines: evidence (n, f), whether right (n,), line and row of each (n,)."""

    evidence: FloatArray
    right: FloatArray
    line: IntArray
    row: IntArray
    labels: int


def sample_of(resolver: Resolver, rows: Sequence[Row]) -> Sample:
    """The evidence of `rows`."""
    index = resolver._affiliations
    evidence, right, line, organization = [], [], [], []
    for number, row in enumerate(rows):
        found, speaks = index.found(row.text)
        meant = index.table.rows[found]
        evidence.append(speaks)
        right += [resolver.identifiers[one] in row.identifiers for one in meant.tolist()]
        line += [number] * len(found)
        organization.append(meant)
    labels = sum(len(row.identifiers) for row in rows)
    return Sample(
        np.concatenate(evidence), np.array(right, float), np.array(line), np.concatenate(organization), labels
    )


def fitted(evidence: FloatArray, right: FloatArray, line: IntArray) -> FloatArray:
    """Weights (f + 1,), the bias last, of a conditional logit: in each line one of the right ones is meant, or none."""
    from scipy.optimize import minimize

    scale = evidence.std(axis=0) + 1e-9
    inputs = np.column_stack([evidence / scale, np.ones(len(evidence))])
    start = np.zeros(inputs.shape[1])
    _, group = np.unique(line, return_inverse=True)
    result = minimize(_loss, start, args=(inputs, right, group), jac=True, method="L-BFGS-B", options={"maxiter": 500})
    return np.asarray(result.x) / np.append(scale, 1.0)


def _loss(weights: FloatArray, inputs: FloatArray, right: FloatArray, group: IntArray) -> tuple[float, FloatArray]:
    """Negative log-likelihood and its gradient; "none of these" has log-odds 0."""
    n, score = int(group.max()) + 1, inputs @ weights
    top = np.zeros(n)
    np.maximum.at(top, group, score)
    odds = np.exp(score - top[group])
    every = np.bincount(group, odds, n) + np.exp(-top)
    meant = np.bincount(group, odds * right, n)
    some = np.bincount(group, right, n) > 0
    target = np.where(some[group], odds * right / np.maximum(meant[group], 1e-300), 0.0)
    kept = np.append(weights[:-1], 0.0)
    loss = -np.log(np.where(some, meant, np.exp(-top)) / every).sum() + PENALTY * kept @ kept / 2
    return float(loss), inputs.T @ (odds / every[group] - target) + PENALTY * kept


def answers(sample: Sample, score: FloatArray) -> Iterator[tuple[float, bool]]:
    """Of each line: the probability of the likest organization, and whether it is right."""
    first = np.flatnonzero(np.append(True, sample.line[1:] != sample.line[:-1]))
    for part in np.split(np.arange(len(score)), first[1:]):
        top = max(float(score[part].max()), 0.0)
        odds = np.exp(score[part] - top)
        group = np.unique(sample.row[part], return_inverse=True)[1]
        total = np.bincount(group, odds) / (odds.sum() + np.exp(-top))
        best = int(total.argmax())
        yield float(total[best]), bool(sample.right[part][group == best].any())


def learn(sample: Sample) -> dict[str, Any]:
    """Weights from all lines; the probability that is sure enough for the best F1, from lines not learned from."""
    held_out = np.empty(len(sample.right))
    for fold in range(FOLDS):
        out = sample.line % FOLDS == fold
        weights = fitted(sample.evidence[~out], sample.right[~out], sample.line[~out])
        held_out[out] = sample.evidence[out] @ weights[:-1] + weights[-1]
    given = list(answers(sample, held_out))
    by_level = {level / 100: _at(given, level / 100, sample.labels) for level in range(10, 91, 5)}
    sure = max(by_level, key=lambda level: by_level[level].f1)
    print(f"on lines held out, {FOLDS} folds: {by_level[sure]}")
    *weights, bias = fitted(sample.evidence, sample.right, sample.line)
    return {"bias": bias, "sure": sure, **dict(zip(Evidence._fields, weights, strict=True))}


def _at(given: Sequence[tuple[float, bool]], sure: float, labels: int) -> Figures:
    taken = [right for chance, right in given if chance >= sure]
    return figures(sum(taken), len(taken) - sum(taken), labels)


def write_weights(learned: dict[str, Any]) -> None:
    """Write affiliation.toml."""
    lines = [
        '# What each evidence (evidence.py) adds to the log-odds of a spelling against "none of these", and the',
        "# probability from which on it is taken. Learned by experiments/name_matching.py --fit; do not edit by hand.",
        f"bias = {learned['bias']:.4f}",
        f"sure = {learned['sure']:.2f}",
        "",
        "[evidence]",
        *(f"{name} = {learned[name]:.4f}" for name in Evidence._fields),
    ]
    WEIGHTS.write_text("\n".join(lines) + "\n", encoding="utf-8")


def main() -> None:
    """Measure, or learn."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--fit", action="store_true", help="learn the weights")
    parser.add_argument("--data", type=Path, default=HERE.parent / "shared" / "data", help="with ror and name_matching")
    options = parser.parse_args()
    resolver = Resolver.of(registry(options.data / "ror"))
    known = pl.read_parquet(options.data / "ror" / "organizations.parquet", columns=["org_id"])["org_id"]
    rows = labeled(options.data / "name_matching", frozenset(known))
    if options.fit:
        write_weights(learn(sample_of(resolver, [row for row in rows if row.to_learn_from])))
        return
    resolver.within("University of Nowhere")
    published = best_published(options.data / "name_matching")
    records = []
    for source in sorted({row.source for row in rows}):
        chosen = [row for row in rows if row.source == source and not row.to_learn_from]
        best, f1 = published.get(source, ("", None))
        records.append({"source": source, **measured(resolver, chosen), "best_published": best, "published_f1": f1})
    table = pl.DataFrame(records)
    table.drop("per_second").write_csv(HERE / "results" / "name_matching.csv")
    with pl.Config(tbl_rows=-1, tbl_cols=-1, tbl_width_chars=160, tbl_hide_dataframe_shape=True):
        print(table)


if __name__ == "__main__":
    main()

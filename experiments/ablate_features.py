"""What does each group of evidence add, and what does the view of the other side?

Question: how much worse does the blend with learned weights rank without one scorer, without a group of them (graph,
profile, mere counting), and with the two directions joined otherwise than as a product?
Method: a scorer that is left out gets the weight 0; the other weights stay as they were learned before the split.
Directions: the seeker's view alone, the candidate's alone, harmonic mean, minimum. nDCG@10 over new pairs of the test
period; paired randomization tests clustered by event against the whole blend, Holm over all rows.
Command: python experiments/ablate_features.py [--domain FOLDER …; -h lists the options]
Without arguments, on the embedded data. Writes results/ablate_features.csv and .html; of a network, with its name.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any, cast

from experiments.page import NDCG, Picture, Point, intervals
from experiments.reciprocity import FUSIONS, ONE_SIDE, Fusion
from experiments.trial import LEARNED, STANDING, Rule, Trial, adjusted, options, standing
from matchmaker import SCORERS, Blend
from matchmaker.blend import NEWCOMERS, Weights, plain, sigmoid
from matchmaker.evaluation import PRIMARY, Panel, Report
from matchmaker.evaluation.panel import Part

SEED, SPLIT, TUNE = 0, date(2019, 1, 1), date(2017, 1, 1)
COLUMNS = ["change", "of", *STANDING]
# By file of matchmaker/scorers/, so that a scorer that joins one of these is in its group.
FILES = {
    "graph": ("contexts", "walk", "katz", "bridge"),
    "profile": ("interests", "complementarity", "sectors", "regions", "text", "topics"),
    "counting": ("counterparts", "popularity"),
}


def groups() -> dict[str, list[str]]:
    """The scorers of each group."""
    file = {name: scorer.__module__.rpartition(".")[2] for name, scorer in SCORERS.items()}
    return {group: [name for name in SCORERS if file[name] in files] for group, files in FILES.items()}


def panel(trial: Trial, weights: Weights) -> tuple[Panel, dict[str, list[str]]]:
    """The whole blend and its variants, fitted to what was known; the names of the variants by kind."""

    def without(names: Iterable[str]) -> Blend:
        past, newcomers = ({name: w for name, w in each.items() if name not in names} for each in plain(weights))
        return Blend({**past, NEWCOMERS: newcomers})

    def joined(fuse: Fusion) -> Rule:
        return Rule(lambda _: lambda rows: fuse(*(sigmoid(odds) for odds in whole.both_log_odds(rows))))

    groups_out = {group: without(names) for group, names in groups().items()}
    scorers_out = {name: without([name]) for name in SCORERS}
    found = Panel.fit(trial.split.train, {LEARNED: Blend(weights), **groups_out, **scorers_out})
    whole = cast("Blend", found.scorers[LEARNED])
    usual = ONE_SIDE if trial.split.train.domain.sides is None else "product"
    fusions = {name: joined(fuse) for name, fuse in FUSIONS.items() if name != usual}
    for name, rule in fusions.items():  # they ask the blend of the panel, whose parts remember their blocks
        found.scorers[name] = found.parts[name] = Part(rule.fit(trial.split.train), 0.0)
    return found, {
        "without the group": list(groups_out),
        "without": list(scorers_out),
        "directions joined by": list(fusions),
    }


def table(report: Report, kinds: Mapping[str, list[str]]) -> list[dict[str, Any]]:
    """The whole blend, then one record a variant; a negative difference says that what was left out helps."""
    records = [{"change": "none", "of": None, **standing(report, LEARNED, LEARNED)}]
    records += [
        {"change": kind, "of": name, **standing(report, name, LEARNED)}
        for kind, names in kinds.items()
        for name in names
    ]
    return adjusted(records)


def picture(records: list[dict[str, Any]]) -> Picture:
    """The differences, kind by kind."""
    whole, *rows = records
    points = [
        Point(row["of"], row["difference"], row["difference_low"], row["difference_high"], row["change"])
        for row in rows
    ]
    said = {row["of"]: f"{row['change']} {row['of']} ({row['difference']:+.3f})" for row in rows}
    lowest, highest = (choice(rows, key=lambda row: row["difference"])["of"] for choice in (min, max))
    clear = [said[row["of"]] for row in rows if row["p_holm"] < 0.05]
    return Picture(
        intervals(points, f"{NDCG} less the {whole[PRIMARY]:.3f} of the whole blend; 95 % interval"),
        f"left of 0, the change does harm: the most {said[lowest]}; the most useful is {said[highest]}. Clear after "
        f"Holm: {', '.join(clear) or 'none'}. The column detectable says what {whole['queries']} queries of "
        f"{whole['clusters']} events can show. Weights were not fitted anew: what a near relative could have made good "
        "counts as a loss.",
        "keep what is clearly needed. Where the interval spans 0, these figures are no reason to keep a scorer or to "
        "drop it: look at a larger network, at what it costs and at what its reasons explain.",
    )


def main() -> None:
    """Learn, take away, judge, write."""
    trial = Trial.read(options(__doc__, SEED, SPLIT, TUNE))
    found, kinds = panel(trial, trial.learned().weights)
    records = table(trial.judged(found), kinds)
    trial.write("ablate_features", records, COLUMNS, [picture(records)])


if __name__ == "__main__":
    main()

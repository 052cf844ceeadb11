"""How sensitive is the ranking to the weights of the blend?

Question: how well do weights rank that are held at the prior more or less strongly, and the prior weights themselves,
and how far apart are they?
Method: weights are learned from the periods before the split with each strength of the prior in learning.STRENGTHS,
and judged on the test period, which nothing was tuned on: nDCG@10 over new pairs. The strength that the last period
before the split chooses is the reference of the paired randomization tests, clustered by event (Holm over all rows).
`equal` gives every scorer the weight 1 (Dawes, American Psychologist 34, 1979).
Command: python experiments/blend_weights.py [--domain FOLDER …; -h lists the options]
Without arguments, on the embedded data. Writes results/blend_weights.csv and .html; of a network, with its name.
"""

from __future__ import annotations

from datetime import date
from typing import Any

from experiments.page import NDCG, Picture, Point, heatmap, intervals
from experiments.trial import STANDING, Trial, adjusted, options, standing
from matchmaker import SCORERS, Blend
from matchmaker.blend import Weights, plain
from matchmaker.evaluation import PRIMARY, Report
from matchmaker.learning import STRENGTHS, Lesson

SEED, SPLIT, TUNE = 0, date(2019, 1, 1), date(2017, 1, 1)
TUNING = f"tuning {PRIMARY}"
NAMES = ["intercept", *SCORERS]
COLUMNS = ["strength", "chosen", TUNING, *STANDING, "changed", *NAMES, *(f"newcomers {name}" for name in NAMES)]


def learned(trial: Trial) -> tuple[Lesson, dict[str, Weights]]:
    """The lesson with the chosen strength; weights by strength, the prior and equal ones."""
    lesson = trial.learned()
    weights = {
        f"{strength:g}": (lesson if strength == lesson.strength else trial.learned(strength=strength)).weights
        for strength in STRENGTHS
    }
    equal = {"intercept": lesson.prior["intercept"], **dict.fromkeys(SCORERS, 1.0)}
    return lesson, {**weights, "prior": lesson.prior, "equal": equal}


def apart(weights: Weights) -> zip[tuple[str, dict[str, float]]]:
    """Weights for who has a past, and for newcomers; the names of these are preceded by the word."""
    return zip(("", "newcomers "), plain(weights), strict=True)


def table(report: Report, lesson: Lesson, weights: dict[str, Weights]) -> list[dict[str, Any]]:
    """One record a set of weights; `changed` is the share of queries that it ranks better or worse than the chosen."""
    chosen = f"{lesson.strength:g}"
    tuning = {("prior" if strength == float("inf") else f"{strength:g}"): v for strength, v in lesson.tuning.items()}
    records = [
        {
            "strength": name,
            "chosen": name == chosen,
            TUNING: round(tuning[name], 6) if name in tuning else None,
            **standing(report, name, chosen),
            "changed": round(float((report.values(name)[0] != report.values(chosen)[0]).mean()), 4),
            **{
                f"{who}{scorer}": round(weight, 4)
                for who, each in apart(weights[name])
                for scorer, weight in each.items()
            },
        }
        for name in weights
    ]
    return adjusted(records)


def pictures(records: list[dict[str, Any]]) -> list[Picture]:
    """How well each ranks, and the weights."""
    tuned = [Point(row["strength"], row[TUNING], part="tuning period") for row in records if row[TUNING] is not None]
    tested = [Point(row["strength"], row[PRIMARY], row["low"], row["high"], "test period") for row in records]
    path = [row for row in records if row["strength"] != "equal"]
    worst, best = (choice(path, key=lambda row: row[PRIMARY]) for choice in (min, max))
    chosen = next(row for row in records if row["chosen"])
    prior = next(row for row in records if row["strength"] == "prior")
    clear = [row for row in records if row.get("p_holm", 1.0) < 0.05]
    better = [row["strength"] for row in clear if row["difference"] > 0]
    shows = (
        f"from free weights to the prior, {NDCG} on the test period lies between {worst[PRIMARY]:.3f} "
        f"({worst['strength']}) and {best[PRIMARY]:.3f} ({best['strength']}); the chosen {chosen['strength']} reaches "
        f"{chosen[PRIMARY]:.3f}, the prior {prior[PRIMARY]:.3f}. Told apart from the chosen (p < 0.05 after Holm): "
        f"{', '.join(row['strength'] for row in clear) or 'none'}. The prior serves {prior['changed']:.0%} of the "
        "queries better or worse."
    )
    cells = [{"strength": row["strength"], "scorer": name, "weight": row[name]} for row in path for name in SCORERS]
    moved = max(SCORERS, key=lambda name: abs(chosen[name] - prior[name]))
    return [
        Picture(
            intervals([*tuned, *tested], f"{NDCG}, on the test period with 95 % interval"),
            shows,
            f"see at another split whether {', '.join(better)} is better again: the tuning period chose badly."
            if better
            else "keep the strength that the tuning period chooses; nothing here says that another is better.",
        ),
        Picture(
            heatmap(cells, "strength", "scorer", "weight"),
            f"the log-odds that a full score adds; learned ones as calibrated. The farthest from the prior is {moved}: "
            f"{chosen[moved]:.2f}, prior {prior[moved]:.2f}. Scorers that overlap share a weight, so a sign by itself "
            "says little.",
            "read off what the past rewards; to see what a scorer is worth, leave it out (ablate_features.py).",
        ),
    ]


def main() -> None:
    """Learn, judge, write."""
    trial = Trial.read(options(__doc__, SEED, SPLIT, TUNE))
    lesson, weights = learned(trial)
    records = table(trial.judged({name: Blend(each) for name, each in weights.items()}), lesson, weights)
    trial.write("blend_weights", records, COLUMNS, pictures(records))


if __name__ == "__main__":
    main()

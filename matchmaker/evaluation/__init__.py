"""An evaluator that distrusts itself: whole-event temporal splits, metrics, null worlds, significance.

report = evaluate(dataset, date(2023, 1, 1))
report.summary()                     # every scorer, the null worlds beside them
report.against("blend")              # is it better than each other one, or was it luck?
"""

from __future__ import annotations

from matchmaker.evaluation.block import BLOCK, CONVENERS, INDEPENDENT, NEW, Block, Group, blocks, sampled
from matchmaker.evaluation.evaluate import evaluate
from matchmaker.evaluation.judge import judge
from matchmaker.evaluation.nulls import noise, shuffled
from matchmaker.evaluation.panel import Panel, standard_scorers
from matchmaker.evaluation.reliability import Reliability
from matchmaker.evaluation.report import METRICS, PRIMARY, Report
from matchmaker.evaluation.significance import Comparison, Sample, compare, holm
from matchmaker.evaluation.split import Census, Direction, Labels, Split, rolling

__all__ = [
    "BLOCK",
    "CONVENERS",
    "INDEPENDENT",
    "METRICS",
    "NEW",
    "PRIMARY",
    "Block",
    "Census",
    "Comparison",
    "Direction",
    "Group",
    "Labels",
    "Panel",
    "Reliability",
    "Report",
    "Sample",
    "Split",
    "blocks",
    "compare",
    "evaluate",
    "holm",
    "judge",
    "noise",
    "rolling",
    "sampled",
    "shuffled",
    "standard_scorers",
]

"""A report as one page of HTML that needs nothing else: no script, no request."""

from __future__ import annotations

import math
from html import escape

from matchmaker.evaluation.report import METRICS, PRIMARY, Report
from matchmaker.evaluation.significance import bootstrap, interval

WIDTH, ROW, LEFT, RIGHT = 760, 26, 190, 70
STYLE = """
body { font: 15px/1.5 "Noto Sans", "Noto Sans CJK SC", "Malgun Gothic", "Microsoft YaHei", sans-serif;
  max-width: 62rem; margin: 2rem auto; padding: 0 1rem; color: #1c1c1c; background: #fff }
table { border-collapse: collapse; margin: 1rem 0 } .wide { overflow-x: auto }
th, td { padding: .25rem .7rem; border-bottom: 1px solid #d8d8d8; text-align: right; white-space: nowrap }
th:first-child, td:first-child { text-align: left } code { background: #f2f2f2; padding: .1rem .3rem }
"""


def as_page(report: Report, command: str = "") -> str:
    """The page: what was asked, a picture of the primary metric with intervals, all metrics, the comparisons, warnings.

    `command` is what made it.
    """
    table = report.summary()
    best = str(table["scorer"][0])
    until = report.until or "the end"
    parts = [
        f"<h1>Who would have found the new pairs of {report.day} to {until}?</h1>",
        f"<p>Known to the scorers: what was known before {report.day}. New pairs: {escape(report.positives)}.</p>",
        _rows(["side", "seekers", "judged", "newcomers", "candidates", "new pairs"], _sides(report)),
        f"<h2>{PRIMARY}, the best first</h2>",
        _picture(report, table["scorer"].to_list()),
        "<p>What this shows: the mean of the sides' nDCG@10 over new pairs, all candidates ranked; the line is the "
        "95 % interval of a bootstrap over events.</p><p>What to do: prefer the upper; where lines overlap, see p.</p>",
        "<h2>All metrics</h2>",
        _rows(["scorer", *METRICS, "newcomers", "seconds"], _metrics(report)),
        f"<h2>{escape(best)} against the others</h2>",
        _rows(["against", "difference", "ratio", "p", "p (Holm)"], _against(report, best)),
        "<h2>Where nothing is to be found</h2>" + _nulls(report) if report.nulls else "",
        "".join(f"<p><strong>Note:</strong> {escape(note)}</p>" for note in report.warnings()),
        f"<p>Made by <code>{escape(command)}</code></p>" if command else "",
    ]
    title = f"Comparison of scorers, {report.day}"
    head = f'<meta charset="utf-8"><title>{title}</title><style>{STYLE}</style>'
    return f'<!DOCTYPE html>\n<html lang="en"><head>{head}</head><body>{"".join(parts)}</body></html>\n'


def _picture(report: Report, names: list[str]) -> str:
    """Bars with whiskers, as SVG; every bar has its figure beside it."""
    found = {name: report.values(name) for name in names}
    means = {name: report.mean(name) for name in names}
    spans = {name: interval(bootstrap(values[:, None], sample)[:, 0]) for name, (values, sample) in found.items()}
    largest = max([high for _, high in spans.values() if math.isfinite(high)] + [1e-9])
    scale = (WIDTH - LEFT - RIGHT) / largest
    lines = []
    for number, name in enumerate(names):
        y = number * ROW
        low, high = (LEFT + value * scale for value in spans[name])
        lines.append(
            f'<text x="{LEFT - 8}" y="{y + 17}" text-anchor="end">{escape(name)}</text>'
            f'<rect x="{LEFT}" y="{y + 5}" width="{means[name] * scale:.1f}" height="16" fill="#7aa6c2"/>'
            f'<path d="M{low:.1f} {y + 13}H{high:.1f}M{low:.1f} {y + 8}v10M{high:.1f} {y + 8}v10" stroke="#1c1c1c"/>'
            f'<text x="{WIDTH - RIGHT + 8}" y="{y + 17}">{means[name]:.4f}</text>'
        )
    height = ROW * len(names)
    return (
        f'<svg viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" height="{height}" font-size="13">{"".join(lines)}</svg>'
    )


def _rows(header: list[str], rows: list[list[str]]) -> str:
    cells = "".join(f"<th>{escape(name)}</th>" for name in header)
    body = "".join("<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in row) + "</tr>" for row in rows)
    return f'<div class="wide"><table><tr>{cells}</tr>{body}</table></div>'


def _sides(report: Report) -> list[list[str]]:
    keys = ("side", "seekers", "judged", "newcomers", "candidates", "new_pairs")
    return [[str(side["side"]), *(f"{side[key]:,}" for key in keys[1:])] for side in report.sides.iter_rows(named=True)]


def _metrics(report: Report) -> list[list[str]]:
    keys = (*METRICS, f"{PRIMARY} newcomers")
    return [
        [str(row["scorer"]), *(_figure(row[key]) for key in keys), f"{row['seconds']:.1f}"]
        for row in report.summary().iter_rows(named=True)
    ]


def _against(report: Report, best: str) -> list[list[str]]:
    return [
        [
            str(row["against"]),
            _figure(row["difference"]),
            f"{row['ratio']:.2f}",
            _figure(row["p"]),
            _figure(row["p_holm"]),
        ]
        for row in report.against(best).iter_rows(named=True)
    ]


def _nulls(report: Report) -> str:
    header = ["scorer", *(f"{world}: {metric}" for world in report.nulls for metric in (PRIMARY, "auc_matched"))]
    rows = [
        [name, *(_figure(null.mean(name, m)) for null in report.nulls.values() for m in (PRIMARY, "auc_matched"))]
        for name in report.names
    ]
    return _rows(header, rows) + "<p>Here an honest evaluation gives a matched AUC near 0.5.</p>"


def _figure(value: float | None) -> str:
    return "" if value is None or math.isnan(value) else f"{value:.4f}"

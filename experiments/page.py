"""One page of HTML for an experiment: what was asked, charts, what they show, the figures, the command.

Charts are rendered to SVG and stand in the page itself: no script, no request, so it opens offline and can be sent.
"""

from __future__ import annotations

import re
import shlex
import sys
from collections.abc import Iterable, Mapping, Sequence
from html import escape
from pathlib import Path
from typing import Any, NamedTuple

import altair as alt
import polars as pl
import vl_convert

from matchmaker.evaluation.page import STYLE
from matchmaker.writing import Record

WIDTH = 480
NDCG = "nDCG@10"  # as people write it; the column is called as in matchmaker.evaluation


class Picture(NamedTuple):
    """A chart, what it shows, and what to do about it."""

    chart: alt.TopLevelMixin
    shows: str
    do: str


class Point(NamedTuple):
    """A figure with its interval; figures of one `part` stand together, in the order given."""

    name: str
    value: float | None
    low: float | None = None
    high: float | None = None
    part: str = ""


def intervals(points: Iterable[Point], title: str) -> alt.TopLevelMixin:
    """One line a point: the figure as a dot, its interval as a bar; 0 is marked."""
    rows = [point._asdict() for point in points]
    names, parts = (list(dict.fromkeys(row[key] for row in rows)) for key in ("name", "part"))
    base = alt.Chart().encode(y=alt.Y("name:N", sort=names, title=None, axis=alt.Axis(labelLimit=260)))
    zero = alt.Chart().mark_rule(color="#999", strokeDash=[3, 3]).encode(x=alt.datum(0))
    bars = base.mark_rule(strokeWidth=2).encode(x=alt.X("low:Q", title=title, axis=alt.Axis(grid=True)), x2="high:Q")
    dots = base.mark_circle(size=70, opacity=1.0).encode(x="value:Q")
    chart = alt.layer(zero, bars, dots).properties(width=WIDTH, data=pl.DataFrame(rows, infer_schema_length=None))
    if parts == [""]:
        return chart
    words = alt.Header(
        labelAngle=0, labelOrient="top", labelAnchor="start", labelFontSize=12, labelFontWeight="bold", labelPadding=4
    )
    row = alt.Row("part:N", sort=parts, title=None, header=words)
    faceted: alt.FacetChart = chart.facet(row=row, spacing=24).resolve_scale(y="independent")
    return faceted


def heatmap(cells: Sequence[Record], x: str, y: str, value: str) -> alt.TopLevelMixin:
    """A table of figures as colors, blue above 0 and orange below, each with the figure in it."""
    base = alt.Chart(pl.DataFrame([{"x": cell[x], "y": cell[y], "value": cell[value]} for cell in cells])).encode(
        x=alt.X("x:N", sort=None, title=x, axis=alt.Axis(labelAngle=0, orient="top")),
        y=alt.Y("y:N", sort=None, title=y),
    )
    largest = max(abs(cell[value]) for cell in cells) or 1.0
    scale = alt.Scale(domain=[-largest, 0.0, largest], range=["#e08a3c", "#fff", "#5b8fb9"], interpolate="rgb")
    color = base.mark_rect().encode(color=alt.Color("value:Q", scale=scale, legend=None))
    figures = base.mark_text().encode(text=alt.Text("value:Q", format=".2f"))
    return alt.layer(color, figures).properties(width=alt.Step(62))


def svg(chart: alt.TopLevelMixin) -> str:
    """The chart as SVG to stand in a page, where it needs no namespaces."""
    specification = chart.to_dict()
    drawn = vl_convert.vegalite_to_svg(specification, vl_version=".".join(alt.SCHEMA_VERSION.strip("v").split(".")[:2]))
    return re.sub(r' xmlns(:\w+)?="[^"]*"', "", drawn)


def as_page(
    text: str,
    about: Mapping[str, Any],
    records: Sequence[Record],
    columns: Sequence[str],
    pictures: Sequence[Picture],
    notes: Iterable[str] = (),
) -> bytes:
    """The page of an experiment.

    Args:
        text: the docstring of its script: a title; then paragraphs that begin with `Question:`, `Method:`, `Command:`.
        about: what holds for all records.
        records: the figures.
        columns: those of the figures that are shown.
        pictures: the charts.
        notes: what has to be known to read the figures aright.
    """
    title, *paragraphs = [" ".join(part.split()) for part in re.split(r"\n(?=\n|Question:|Method:|Command:)", text)]
    parts = [f"<h1>{escape(title)}</h1>"]
    parts += [f"<p>{escape(line)}</p>" for line in paragraphs if line.startswith(("Question:", "Method:"))]
    parts += [f"<p><strong>Note:</strong> {escape(note)}</p>" for note in notes]
    for picture in pictures:
        parts.append(f'<figure class="wide">{svg(picture.chart)}</figure>')
        parts.append(f"<p>What this shows: {escape(picture.shows)}</p><p>What to do: {escape(picture.do)}</p>")
    parts.append(f"<h2>Figures</h2>{_table(records, columns)}")
    stated = (f"{key}: {_cell(value)}" for key, value in about.items() if value not in (None, ""))
    parts.append(f"<p>{escape('; '.join(stated))}</p>")
    parts.append(f"<p>Made by <code>{escape(command())}</code></p>")
    head = f'<meta charset="utf-8"><title>{escape(title)}</title><style>{STYLE}figure {{ margin: 1rem 0 }}</style>'
    return f'<!DOCTYPE html>\n<html lang="en"><head>{head}</head><body>{"".join(parts)}</body></html>\n'.encode()


def command() -> str:
    """The command that is running; of paths the last part only."""
    words = [Path(word).name if "/" in word else word for word in sys.argv]
    return shlex.join(["python", f"experiments/{words[0]}", *words[1:]])


def _table(records: Sequence[Record], columns: Sequence[str]) -> str:
    header = "".join(f"<th>{escape(column)}</th>" for column in columns)
    rows = ("".join(f"<td>{escape(_cell(record.get(column)))}</td>" for column in columns) for record in records)
    body = "".join(f"<tr>{row}</tr>" for row in rows)
    return f'<div class="wide"><table><tr>{header}</tr>{body}</table></div>'


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:.4g}" if isinstance(value, float) else str(value)

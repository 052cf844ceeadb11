"""A timetable to print: one page of HTML for each organization, which needs no script and asks for nothing outside."""

from __future__ import annotations

import re
from datetime import UTC
from importlib.resources import files
from typing import Any

from matchmaker.errors import safe_text
from matchmaker.picture import FONTS, FONTS_OF
from matchmaker.report.invitation import event_of
from matchmaker.report.word import words
from matchmaker.session.plan import Plan
from matchmaker.session.session import Session

LONGEST_TEXT = 300


def timetable(session: Session, plan: Plan) -> bytes:
    """Everyone's page: names and labels in all languages, both clocks, and the event as a code for a telephone."""
    keys = ["time", "table", "partner"] + ([] if session.interpreters is None else ["interpreter"])
    text = _template().render(
        title=session.title or session.id,
        session=session,
        parties=session.party,
        meetings=plan.by_party(),
        labels=words(),
        keys=keys,
        instant=lambda slot: f"{session.starts[slot].astimezone(UTC):%Y-%m-%dT%H:%MZ}",
        day=lambda slot: session.clock(slot, session.left).date().isoformat(),
        clocks=lambda slot: session.clocks(slot).split(" = "),
        code=code(event_of(session)),
        fonts=FONTS,
        fonts_of=FONTS_OF,
    )
    return str(text).encode("utf-8", "backslashreplace")


def code(lines: list[str]) -> dict[str, str]:
    """A QR code as the path of an SVG, and the box in which it lies with the margin that readers need."""
    import segno

    drawn = segno.make("\r\n".join(lines), error="l", micro=False, encoding="utf-8").svg_inline(omitsize=True)
    box = re.search(r'viewBox="([^"]+)"', drawn)
    path = re.search(r"<path.*?/>", drawn)
    if box is None or path is None:
        raise AssertionError("a code is drawn as one path in a box")
    return {"box": box[1], "path": path[0]}


def _template() -> Any:
    """The template; what it is given is escaped, and what does not print is made visible."""
    from jinja2 import Environment, StrictUndefined
    from markupsafe import Markup

    def plain(value: Any) -> Any:
        return value if isinstance(value, Markup) or not isinstance(value, str) else safe_text(value, LONGEST_TEXT)

    environment = Environment(autoescape=True, undefined=StrictUndefined, finalize=plain, trim_blocks=True)
    return environment.from_string(files("matchmaker.report").joinpath("timetable.html").read_text("utf-8"))

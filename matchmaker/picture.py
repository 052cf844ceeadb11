"""A picture of an organization's neighborhood: one SVG file that loads nothing and runs nothing."""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias
from urllib.parse import urlsplit
from xml.etree.ElementTree import Element, SubElement, tostring

import numpy as np

from matchmaker.dataset import Dataset, Organization
from matchmaker.errors import safe_text

if TYPE_CHECKING:
    import networkx as nx

Node: TypeAlias = tuple[str, int]
Point: TypeAlias = tuple[float, float]

INK, QUIET, FAINT, PALE, PAPER = "#1a1a1a", "#555555", "#8a8a8a", "#eef2f5", "#ffffff"
# Okabe and Ito's colors, which every eye tells apart; one dark, one light, one between, so that gray tells them too.
FILLS = {0: "#0072b2", 1: "#e69f00", -1: "#009e73"}
SHAPES = {0: "circle", 1: "triangle", -1: "square"}
CORNERS = {1: ((0.0, -1.25), (1.2, 0.85), (-1.2, 0.85)), -1: ((-0.9, -0.9), (0.9, -0.9), (0.9, 0.9), (-0.9, 0.9))}
FONTS = "'Segoe UI', 'Helvetica Neue', Arial, 'Noto Sans'"
# Han characters look different in each language, so each has fonts of its own.
FONTS_OF = {
    "zh": "'Microsoft YaHei', 'PingFang SC', 'Noto Sans CJK SC', 'Noto Sans SC'",
    "ko": "'Malgun Gothic', 'Apple SD Gothic Neo', 'Noto Sans CJK KR', 'Noto Sans KR'",
    "ja": "Meiryo, 'Hiragino Sans', 'Noto Sans CJK JP', 'Noto Sans JP'",
}

WIDTH, MARGIN, SPACE = 1000.0, 24.0, 36.0
ORGANIZATION_X = (254.0, 746.0)
BOX_X, BOX_WIDTH, BOX_PADDING = (362.0, 638.0), 276.0, 10.0
RADIUS, CENTER_RADIUS = 7.0, 11.0
ROOM = ORGANIZATION_X[0] - CENTER_RADIUS - 10.0 - MARGIN
LEADING = 1.3  # the height of a line of text, by its size
GAP = 10.0
LEGEND_LEADING, LEGEND_SYMBOL = 24.0, 36.0
BOLD = 1.08  # how much wider bold letters are
LONGEST_ADDRESS, LONGEST_TEXT = 2000, 400


class Line(NamedTuple):
    """One line of text, and how it is set."""

    text: str
    size: float = 13.0
    language: str = ""
    fill: str = INK
    bold: bool = False
    underlined: bool = False


class Entry(NamedTuple):
    """An entry of the legend: a symbol (a number: the shape of that side), what it means, and where it stands."""

    symbol: str | int
    text: str
    place: Point


def neighborhood_svg(dataset: Dataset, row: int, most: int = 60) -> str:
    """Draw an organization, its events and agreements, and who else took part; at most about `most` of them in all.

    Contexts stand in the middle, the latest first; organizations of the left side to their left, those of the right
    side to their right, each as near to its contexts as there is room, so that no label lies on another. (Springs
    and circles were tried: with twenty contexts, their labels cannot be read.)
    """
    neighborhood = Neighborhood(dataset, row, dataset.graph.neighborhood(row, most))
    heading, legend = _heading(neighborhood), list(_flowed(_legend(neighborhood)))
    top = MARGIN + _text_height(heading) + SPACE
    places, bottom = _places(neighborhood, top)
    svg = _sheet(neighborhood, bottom + SPACE + legend[-1].place[1] + LEGEND_LEADING)
    _draw_lines(svg, heading, (MARGIN, MARGIN + _text_height(heading) / 2))
    if neighborhood.contexts:
        _draw_columns(svg, neighborhood, top)
    _draw_edges(svg, neighborhood, places)
    for node, place in places.items():
        draw = _draw_organization if node[0] == "organization" else _draw_context
        draw(svg, neighborhood, node[1], place)
    _draw_legend(svg, neighborhood, legend, bottom + SPACE)
    return tostring(svg, encoding="unicode") + "\n"


# --- what is drawn ------------------------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class Neighborhood:
    """An organization, its contexts and those who share them; `view` holds what there is room for."""

    dataset: Dataset
    row: int
    view: nx.Graph[Any]

    @cached_property
    def contexts(self) -> list[int]:
        """Columns of the contexts, the latest first, undated ones last."""
        columns = sorted(column for kind, column in self.view if kind == "context")
        days = [self.dataset.graph.context(column).day for column in columns]
        order = sorted(range(len(columns)), key=lambda k: -day.toordinal() if (day := days[k]) else 0)
        return [columns[k] for k in order]

    @cached_property
    def others(self) -> list[int]:
        """Rows of the other organizations."""
        return sorted(row for kind, row in self.view if kind == "organization" and row != self.row)

    @cached_property
    def members(self) -> dict[int, int]:
        """How many organizations are recorded in each context of the organization, drawn or not, by column."""
        everyone = self.dataset.graph.everyone
        columns = everyone[[self.row]].indices
        counts = np.bincount(everyone[:, columns].indices, minlength=len(columns))
        return dict(zip(columns.tolist(), counts.tolist(), strict=True))

    @cached_property
    def left_out(self) -> tuple[int, int]:
        """How many contexts and how many organizations there was no room for."""
        known = np.diff(self.dataset.graph.everyone[:, list(self.members)].indptr) > 0
        return len(self.members) - len(self.contexts), int(known.sum()) - bool(known[self.row]) - len(self.others)

    @cached_property
    def doubtful(self) -> set[tuple[int, int]]:
        """Memberships, as (row, column), that are not verified."""
        verified = self.dataset.graph.verified
        rows = [self.row, *self.others]
        known = {(row, column) for row in rows for column in verified[[row]].indices.tolist()}
        return {(row, column) for row in rows for column in self.contexts_of(row)} - known

    def contexts_of(self, row: int) -> list[int]:
        """The contexts of an organization, from top to bottom."""
        return [column for column in self.contexts if ("context", column) in self.view["organization", row]]

    def members_of(self, column: int) -> list[int]:
        """The organizations that are drawn of those in a context."""
        return sorted(row for _, row in self.view["context", column])

    def side(self, row: int) -> int:
        """0 for the left side, 1 for the right, -1 for neither."""
        return int(self.dataset.side[row])

    def half(self, row: int) -> int:
        """The half of the picture, 0 or 1, where an organization stands: that of its side, if it has one."""
        side = self.side(row)
        return side if side >= 0 else int(row != self.row)


def address(source: str | None) -> str | None:
    """The first web address in a source; None where there is none, or none that may safely be followed.

    >>> address("article 7 https://a.example/7")
    'https://a.example/7'
    >>> address("javascript:alert(1)")
    """
    return next(filter(_is_address, map(_bare, (source or "").split())), None)


def _bare(word: str) -> str:
    """A word without the punctuation of the sentence around it."""
    word = word.lstrip("(").rstrip(",;")
    return word if "(" in word else word.rstrip(")")


def _is_address(word: str) -> bool:
    try:
        parts = urlsplit(word)
    except ValueError:
        return False
    return parts.scheme in ("http", "https") and bool(parts.hostname) and _plain(word, LONGEST_ADDRESS) == word


# --- in words -----------------------------------------------------------------------------------------------------


def _heading(neighborhood: Neighborhood) -> list[Line]:
    """Whose neighborhood it is, its names in two more languages, what is drawn and what is not."""
    organization = neighborhood.dataset.organization(neighborhood.row)
    room = WIDTH - 2 * MARGIN
    title = [Line(text, 20.0, bold=True) for text in _wrapped(_title(neighborhood), 20.0, room / BOLD, 2)]
    names = [
        Line(_fitted(name, 14.0, room), 14.0, language, QUIET)
        for language, name in organization.names.items()
        if name != organization.name
    ]
    return [*title, *names[:2], Line("", 4.0), *(Line(text) for text in _counts(neighborhood))]


def _title(neighborhood: Neighborhood) -> str:
    dataset = neighborhood.dataset
    return f"Neighborhood of {dataset.organization(neighborhood.row).name}{_as_of(dataset)}"


def _as_of(dataset: Dataset) -> str:
    dated = dataset.cut or dataset.events["day"].count() or dataset.partnerships["day"].count()
    return f" as of {dataset.today}" if dated else ""


def _counts(neighborhood: Neighborhood) -> list[str]:
    """Sentences on how much is in the picture and how much is not."""
    if not neighborhood.members:
        return ["Nothing is recorded of it: no event and no agreement."]
    contexts, organizations = neighborhood.left_out
    counts = [f"{_meetings(len(neighborhood.contexts))} with {_others(len(neighborhood.others))}."]
    if contexts or organizations:
        missing = [
            words
            for words, number in ((_meetings(contexts), contexts), (_others(organizations), organizations))
            if number
        ]
        counts.append(f"Not shown for want of room: {' and '.join(missing)}.")
    return counts


def _meetings(number: int) -> str:
    return f"{number:,} {'event or agreement' if number == 1 else 'events and agreements'}"


def _others(number: int) -> str:
    return f"{number:,} other organization{'' if number == 1 else 's'}"


def _label(neighborhood: Neighborhood, row: int) -> list[Line]:
    """The name of an organization and, below it, its name in the language of its side."""
    organization = neighborhood.dataset.organization(row)
    center, language = row == neighborhood.row, _language(organization)
    room = ROOM / BOLD if center else ROOM
    lines = [Line(text, 13.0, language, bold=center) for text in _wrapped(organization.name, 13.0, room, 2 + center)]
    sides, side = neighborhood.dataset.domain.sides, neighborhood.side(row)
    own = sides[side].language if sides and side >= 0 else ""
    name = organization.names.get(own, organization.name)
    return lines if name == organization.name else [*lines, Line(_fitted(name, 12.0, ROOM), 12.0, own, QUIET)]


def _language(organization: Organization) -> str:
    """The language of `organization.name`, if it is known."""
    return "en" if "en" in organization.names else next(iter(organization.names), "")


def _box(neighborhood: Neighborhood, column: int) -> list[Line]:
    """The title of a context and, below it, its kind, its day and how many took part."""
    context = neighborhood.dataset.graph.context(column)
    room = BOX_WIDTH - 2 * BOX_PADDING
    shown, known = len(neighborhood.members_of(column)), neighborhood.members[column]
    members = f"{shown} of {known} shown" if shown < known else f"{known} organizations" if known > 2 else ""
    below = " · ".join(filter(None, (context.kind, _day(neighborhood.dataset, column), members)))
    linked = address(context.source) is not None
    lines = [Line(text, 12.0) for text in _wrapped(context.title, 12.0, room, 2)]
    return [*lines, Line(_fitted(below, 11.0, room), 11.0, fill=QUIET, underlined=linked)]


def _day(dataset: Dataset, column: int) -> str:
    """The day of a context, no more exact than it was stated."""
    n_events = dataset.events.height
    frame, row = (dataset.events, column) if column < n_events else (dataset.partnerships, column - n_events)
    record = frame.row(row, named=True)
    if record["day"] is None:
        return "undated"
    stated, day, precision = record["date"], record["day"].isoformat(), record["date_precision"] or "day"
    coarse = {"year": day[:4], "approximate": f"about {day[:4]}", "month": day[:7], "day": stated}
    return str(coarse.get(precision, f"{precision} {stated}"))


def _about_organization(dataset: Dataset, row: int) -> str:
    """Names in up to three languages; place and sector."""
    organization, side = dataset.organization(row), int(dataset.side[row])
    names = list(dict.fromkeys(organization.names.values()))[:3] or [organization.id]
    place, sector, sides = dataset.places[row], organization.sector, dataset.domain.sides
    country = sides[side].label if sides and side >= 0 else organization.country
    where = dict.fromkeys(filter(None, (dataset.regions.label(place) if place else None, country)))
    about = filter(None, (", ".join(where), dataset.sectors.label(sector) if sector else None))
    return "\n".join(filter(None, (" · ".join(names), " · ".join(about))))


def _about_context(dataset: Dataset, column: int) -> str:
    """Title; kind and day; source."""
    context = dataset.graph.context(column)
    return "\n".join(filter(None, (context.title, f"{context.kind} · {_day(dataset, column)}", context.source)))


def _sides(neighborhood: Neighborhood) -> Iterator[tuple[int, str]]:
    """The sides, and what their shapes stand for; neither of them only where somebody is of neither."""
    sides = neighborhood.dataset.domain.sides
    for number, side in enumerate(sides or ()):
        yield number, side.label
    if any(neighborhood.side(row) < 0 for row in (neighborhood.row, *neighborhood.others)):
        yield -1, f"neither {sides[0].label} nor {sides[1].label}" if sides else "organization"


def _legend(neighborhood: Neighborhood) -> Iterator[tuple[str | int, str]]:
    """Symbols and what they mean, of what is in the picture."""
    contexts = [neighborhood.dataset.graph.context(column) for column in neighborhood.contexts]
    agreements = [context.kind == "agreement" for context in contexts]
    yield from _sides(neighborhood)
    yield "center", "large, thick outline: whose neighborhood it is"
    if not all(agreements):
        yield "event", "event"
    if any(agreements):
        yield "agreement", "agreement"
    if contexts:
        yield "thick", "thicker line: counts more, by kind, role and age"
    if neighborhood.doubtful:
        yield "dashed", "dashed line: not verified"
    if any(address(context.source) for context in contexts):
        yield "underlined", "opens its source"


# --- where it stands ----------------------------------------------------------------------------------------------


def _places(neighborhood: Neighborhood, top: float) -> tuple[dict[Node, Point], float]:
    """The middle of every node, and how far down they reach."""
    rows = [neighborhood.row, *neighborhood.others]
    stacks = [[row for row in rows if neighborhood.half(row) == half] for half in (0, 1)]
    heights = {row: _organization_height(neighborhood, row) for row in rows}
    boxes = {column: _box_height(_box(neighborhood, column)) + GAP for column in neighborhood.contexts}
    bottom = top + max(sum(boxes.values()), *(sum(heights[row] for row in stack) for stack in stacks))
    middles, middle = _shared_out(neighborhood, boxes, top, bottom), (top + bottom) / 2
    places: dict[Node, Point] = {("context", column): (WIDTH / 2, y) for column, y in middles.items()}
    for x, stack in zip(ORGANIZATION_X, stacks, strict=True):
        wanted = {row: _average([middles[c] for c in neighborhood.contexts_of(row)] or [middle]) for row in stack}
        stack.sort(key=lambda row: (wanted[row], row))
        found = _apart([wanted[row] for row in stack], [heights[row] for row in stack], top, bottom)
        places |= {("organization", row): (x, y) for row, y in zip(stack, found, strict=True)}
    return places, bottom


def _shared_out(neighborhood: Neighborhood, boxes: Mapping[int, float], top: float, bottom: float) -> dict[int, float]:
    """The middles of the contexts: those with many members of their own have more room around them."""
    homes = [neighborhood.contexts_of(row) for row in neighborhood.others]
    own = Counter(home[0] for home in homes if len(home) == 1)
    spare = (bottom - top - sum(boxes.values())) / max(1, sum(1 + own[column] for column in boxes))
    middles = {}
    for column, height in boxes.items():
        room = height + spare * (1 + own[column])
        middles[column] = top + room / 2
        top += room
    return middles


def _apart(wanted: Sequence[float], heights: Sequence[float], top: float, bottom: float) -> list[float]:
    """Middles as near to the wanted ones (ascending) as can be, none on another.

    With the heights of those above taken off, not to overlap is not to descend: an isotonic regression, by pooling.
    """
    offsets = (np.cumsum(heights) - np.array(heights) / 2).tolist()
    pools: list[list[float]] = []
    for level in (y - offset for y, offset in zip(wanted, offsets, strict=True)):
        pools.append([level])
        while len(pools) > 1 and _average(pools[-2]) > _average(pools[-1]):
            pools[-2:] = [pools[-2] + pools[-1]]
    levels = [min(max(_average(pool), top), bottom - sum(heights)) for pool in pools for _ in pool]
    return [level + offset for level, offset in zip(levels, offsets, strict=True)]


def _average(numbers: Sequence[float]) -> float:
    return sum(numbers) / len(numbers)


def _organization_height(neighborhood: Neighborhood, row: int) -> float:
    least = 4 * CENTER_RADIUS if row == neighborhood.row else 2 * RADIUS
    return 8.0 + max(least, _text_height(_label(neighborhood, row)))


def _box_height(lines: Sequence[Line]) -> float:
    return _text_height(lines) + BOX_PADDING


def _text_height(lines: Sequence[Line]) -> float:
    return sum(line.size * LEADING for line in lines)


def _flowed(entries: Iterable[tuple[str | int, str]]) -> Iterator[Entry]:
    """The entries of a legend side by side, in as many lines as it takes."""
    x, y = MARGIN, 0.0
    for symbol, text in entries:
        width = LEGEND_SYMBOL + _text_width(_plain(text), 12.0) + 22.0
        if x + width > WIDTH and x > MARGIN:
            x, y = MARGIN, y + LEGEND_LEADING
        yield Entry(symbol, text, (x, y))
        x += width


# --- how it is drawn ----------------------------------------------------------------------------------------------


def _sheet(neighborhood: Neighborhood, height: float) -> Element:
    """White paper, with a title and a description for whoever does not see it."""
    names = [f"neighborhood-{neighborhood.row}-{what}" for what in ("title", "description")]
    svg = Element("svg", {"xmlns": "http://www.w3.org/2000/svg", "lang": "en", "font-family": _fonts("")})
    _set(svg, width=WIDTH, height=height, viewBox=f"0 0 {_figure(WIDTH)} {_figure(height)}")
    _set(svg, aria_labelledby=" ".join(names))
    shapes = [f"A {SHAPES[side]} is {text}." for side, text in _sides(neighborhood)]
    _add(svg, "title", _title(neighborhood), id=names[0])
    _add(svg, "desc", " ".join(_counts(neighborhood) + shapes), id=names[1])
    _add(svg, "rect", width=WIDTH, height=height, fill=PAPER)
    return svg


def _draw_columns(svg: Element, neighborhood: Neighborhood, top: float) -> None:
    """The headings of the three columns, above `top`."""
    sides, rows = neighborhood.dataset.domain.sides, [neighborhood.row, *neighborhood.others]
    for half, x in enumerate(ORGANIZATION_X):
        elsewhere = any(neighborhood.side(row) < 0 for row in rows if neighborhood.half(row) == half)
        text = sides[half].label + " and elsewhere" * elsewhere if sides else ("", "Other organizations")[half]
        _draw_lines(svg, [Line(_fitted(text, 13.0, ROOM / BOLD), bold=True)], (_beside(half, x), top - 16.0), half)
    line = Line("Events and agreements, the latest first", bold=True)
    _draw_lines(svg, [line], (BOX_X[0], top - 16.0))


def _draw_edges(svg: Element, neighborhood: Neighborhood, places: Mapping[Node, Point]) -> None:
    """A line for each membership; those of the organization itself lie on top and are darker."""
    group = _add(svg, "g", fill="none", aria_hidden="true")
    for row in [*neighborhood.others, neighborhood.row]:
        own = row == neighborhood.row
        for column in neighborhood.contexts_of(row):
            weight = min(max(neighborhood.view["organization", row]["context", column]["weight"], 0.0), 1.0)
            curve = _curve(places["organization", row], (BOX_X[neighborhood.half(row)], places["context", column][1]))
            path = _add(group, "path", d=curve, stroke=INK if own else FAINT, stroke_width=1.0 + 3.0 * weight)
            if (row, column) in neighborhood.doubtful:
                _set(path, stroke_dasharray="6 4")


def _curve(start: Point, end: Point) -> str:
    """A line that leaves and arrives level."""
    bend = (end[0] - start[0]) * 0.4
    numbers = (*start, start[0] + bend, start[1], end[0] - bend, end[1], *end)
    return "M{} {} C{} {} {} {} {} {}".format(*map(_figure, numbers))


def _draw_organization(svg: Element, neighborhood: Neighborhood, row: int, place: Point) -> None:
    group = _add(svg, "g")
    _add(group, "title", _about_organization(neighborhood.dataset, row))
    _draw_shape(group, neighborhood.side(row), place, center=row == neighborhood.row)
    half = neighborhood.half(row)
    _draw_lines(group, _label(neighborhood, row), (_beside(half, place[0]), place[1]), half)


def _beside(half: int, x: float) -> float:
    """Where the label of an organization begins (on the right) or ends (on the left)."""
    return x + (CENTER_RADIUS + 10.0) * (1 if half else -1)


def _draw_shape(parent: Element, side: int, place: Point, *, center: bool = False) -> None:
    """A circle, a triangle or a square of about the same size."""
    x, y = place
    radius = CENTER_RADIUS if center else RADIUS
    if side == 0:
        shape = _add(parent, "circle", cx=x, cy=y, r=radius)
    else:
        points = (f"{_figure(x + radius * right)},{_figure(y + radius * down)}" for right, down in CORNERS[side])
        shape = _add(parent, "polygon", points=" ".join(points))
    _set(shape, fill=FILLS[side], stroke=INK, stroke_width=3.5 if center else 1.2, stroke_linejoin="round")


def _draw_context(svg: Element, neighborhood: Neighborhood, column: int, place: Point) -> None:
    """A box that leads to its source, where that has an address."""
    context = neighborhood.dataset.graph.context(column)
    target = address(context.source)
    group = _add(svg, "a", href=target, rel="noopener noreferrer") if target else _add(svg, "g")
    _add(group, "title", _about_context(neighborhood.dataset, column))
    names = [neighborhood.dataset.organization(row).name for row in neighborhood.members_of(column)]
    _add(group, "desc", f"With {'; '.join(names)}.")
    lines = _box(neighborhood, column)
    _draw_box(group, context.kind == "agreement", place, (BOX_WIDTH, _box_height(lines)))
    _draw_lines(group, lines, (BOX_X[0] + BOX_PADDING, place[1]))


def _draw_box(parent: Element, agreement: bool, place: Point, size: Point) -> None:
    (x, y), (width, height) = place, size
    box = _add(parent, "rect", x=x - width / 2, y=y - height / 2, width=width, height=height)
    corner = min(height / 3, 14.0) if agreement else 2.0
    _set(box, rx=corner, fill=PALE if agreement else PAPER, stroke=QUIET, stroke_width=1.2)


def _draw_legend(svg: Element, neighborhood: Neighborhood, legend: Sequence[Entry], top: float) -> None:
    group = _add(svg, "g")
    for symbol, text, (x, y) in legend:
        _draw_symbol(group, neighborhood, symbol, (x + 14.0, top + y))
        _draw_lines(group, [Line(text, 12.0)], (x + LEGEND_SYMBOL, top + y))


def _draw_symbol(parent: Element, neighborhood: Neighborhood, symbol: str | int, place: Point) -> None:
    x, y = place
    if isinstance(symbol, int):
        _draw_shape(parent, symbol, place)
    elif symbol == "center":
        _draw_shape(parent, neighborhood.side(neighborhood.row), place, center=True)
    elif symbol in ("event", "agreement"):
        _draw_box(parent, symbol == "agreement", place, (26.0, 15.0))
    elif symbol == "underlined":
        _draw_lines(parent, [Line("2024", 11.0, fill=QUIET, underlined=True)], (x - 13.0, y))
    else:
        line = _add(parent, "path", d=f"M{_figure(x - 13.0)} {_figure(y)} h26", stroke=INK)
        _set(line, stroke_width=3.0 if symbol == "thick" else 1.5)
        if symbol == "dashed":
            _set(line, stroke_dasharray="6 4")


def _draw_lines(parent: Element, lines: Sequence[Line], place: Point, half: int = 1) -> None:
    """Lines of text about the height of `place`, which begin there in the right half and end there in the left one."""
    x, y = place[0], place[1] - _text_height(lines) / 2
    for line in lines:
        if line.text:
            text = _add(parent, "text", line.text, x=x, y=y + line.size, font_size=line.size, fill=line.fill)
            _set(text, **dict(_setting(line, half)))
        y += line.size * LEADING


def _setting(line: Line, half: int) -> Iterator[tuple[str, str]]:
    if half == 0:
        yield "text_anchor", "end"
    if line.bold:
        yield "font_weight", "bold"
    if line.underlined:
        yield "text_decoration", "underline"
    if line.language not in ("", "en"):
        yield "lang", line.language.replace("_", "-")
        yield "font_family", _fonts(line.language)


def _fonts(language: str) -> str:
    """Fonts that readers have, the ones of a language first; none is loaded."""
    return ", ".join(filter(None, (FONTS_OF.get(language), FONTS, "sans-serif")))


# --- text in a given room -----------------------------------------------------------------------------------------


def _wrapped(text: str, size: float, room: float, most: int) -> list[str]:
    """Break `text` into at most `most` lines of `room` pixels; what is left over becomes an ellipsis."""
    lines: list[str] = []
    rest = _plain(text)
    while len(lines) < most - 1 and _text_width(rest, size) > room:
        fitting = _how_many_fit(rest, size, room)
        blank = rest.rfind(" ", fitting // 3, fitting + 1)  # Chinese has none, and breaks anywhere
        cut = blank if blank > 0 else fitting
        lines.append(rest[:cut].rstrip())
        rest = rest[cut:].lstrip()
    return [*lines, _fitted(rest, size, room)]


def _fitted(text: str, size: float, room: float) -> str:
    """As much of `text` as fits in `room` pixels."""
    text = _plain(text)
    if _text_width(text, size) <= room:
        return text
    return text[: _how_many_fit(text, size, room - size)].rstrip() + "…"


def _how_many_fit(text: str, size: float, room: float) -> int:
    """At least one, so that there is an end to it."""
    width = np.cumsum([_character_width(character) for character in text]) * size
    return max(1, int(np.searchsorted(width, room, side="right")))


def _text_width(text: str, size: float) -> float:
    return size * sum(map(_character_width, text))


def _character_width(character: str) -> float:
    """The width of a letter by its size, rather too much than too little: each reader's fonts are their own."""
    if unicodedata.east_asian_width(character) in "WF":
        return 1.0
    if unicodedata.combining(character):
        return 0.0
    if character in "MW@%—":
        return 0.95
    if character in "mw":
        return 0.8
    if character in "iljftr.,:;'|!()[] ·":
        return 0.36
    return 0.7 if character.isupper() else 0.56


def _plain(text: str, limit: int = LONGEST_TEXT) -> str:
    """`text` as one line of what XML allows and eyes can see."""
    return safe_text(" ".join(text.split()), limit)


# --- XML ----------------------------------------------------------------------------------------------------------


def _add(parent: Element, tag: str, content: str = "", **attributes: str | float) -> Element:
    """Add an element; every string passes here, where each line of it is made plain and ElementTree escapes it."""
    element = SubElement(parent, tag)
    element.text = "\n".join(_plain(line) for line in content.split("\n")) or None
    element.tail = "\n"
    _set(element, **attributes)
    return element


def _set(element: Element, **attributes: str | float) -> None:
    for key, value in attributes.items():
        text = _plain(value, LONGEST_ADDRESS) if isinstance(value, str) else _figure(value)
        element.set(key.replace("_", "-"), text)


def _figure(value: float) -> str:
    """One digit after the point, so that the same picture is the same bytes everywhere."""
    return f"{round(value, 1) + 0.0:g}"

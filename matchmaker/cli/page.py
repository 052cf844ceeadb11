"""What a person reads on a terminal: headings, tables, notes; no color carries meaning."""

from __future__ import annotations

import io
import os
import shutil
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeAlias

from matchmaker.errors import safe_text

if TYPE_CHECKING:
    from rich.console import Console, RenderableType

Cell: TypeAlias = str | Sequence[tuple[str, str]]
WIDTH_OF_FILES = 100
NARROW = 60
LONGEST_CELL = 400


@dataclass
class Sources:
    """Where facts come from, numbered as they are first named."""

    known: list[str] = field(default_factory=list)

    def mark(self, source: str | None) -> str:
        """`[2]`, or nothing where there is no source."""
        if not source:
            return ""
        if source not in self.known:
            self.known.append(source)
        return f"[{self.known.index(source) + 1}]"


@dataclass
class Page:
    """Text that fills up to `width` columns; Chinese and Korean letters take two."""

    width: int
    styled: bool = False
    _lines: io.StringIO = field(default_factory=io.StringIO)

    @classmethod
    def of_stdout(cls) -> Page:
        """A page for whatever stdout is."""
        if not sys.stdout.isatty():
            return cls(_columns() or WIDTH_OF_FILES)
        plain = os.environ.get("NO_COLOR") or os.environ.get("TERM", "dumb") == "dumb"
        return cls(max(20, shutil.get_terminal_size().columns), styled=not plain)

    @classmethod
    def of_file(cls) -> Page:
        """A page that is kept."""
        return cls(WIDTH_OF_FILES)

    @property
    def narrow(self) -> bool:
        """Whether there is no room for two columns of text side by side."""
        return self.width < NARROW

    def heading(self, text: str) -> None:
        """A line that stands out."""
        from rich.text import Text

        self._console().print(Text(_safe(text), style="bold" if self.styled else ""))

    def line(self, text: str = "", indent: int = 0) -> None:
        """A paragraph, broken where the page ends."""
        from rich.padding import Padding
        from rich.text import Text

        self._console().print(Padding(Text(_safe(text)), (0, 0, 0, indent)) if text else "")

    def table(self, header: Sequence[str], rows: Sequence[Sequence[Cell]], *, numeric: Sequence[int] = ()) -> None:
        """Columns side by side; a cell is a text, or figures with a text each."""
        from rich.table import Table
        from rich.text import Text

        style = "bold" if self.styled else ""
        table = Table(
            box=None, padding=(0, 2, 0, 0), pad_edge=False, header_style=style, show_header=any(header), expand=False
        )
        for position, name in enumerate(header):
            number = position in numeric
            table.add_column(Text(name), justify="right" if number else "left", no_wrap=number, overflow="fold")
        for row in rows:
            table.add_row(*(_cell(cell) for cell in row))
        self._console().print(table)

    def sources(self, sources: Sources) -> None:
        """The sources by number, one a line and unbroken, so that an address can be followed."""
        if sources.known:
            self.line()
            self.heading("Sources")
        for number, source in enumerate(sources.known, 1):
            self._lines.write(f"[{number}] {_safe(source)}\n")

    def text(self) -> str:
        """Everything printed so far; no line ends in blanks."""
        return "".join(line.rstrip() + "\n" for line in self._lines.getvalue().splitlines())

    def _console(self) -> Console:
        from rich.console import Console

        return Console(
            file=self._lines,
            width=self.width,
            force_terminal=self.styled,
            color_system="standard" if self.styled else None,
            no_color=not self.styled,
            highlight=False,
            markup=False,
            emoji=False,
            soft_wrap=False,
            legacy_windows=False,
            _environ={},
        )


def _cell(cell: Cell) -> RenderableType:
    from rich.table import Table
    from rich.text import Text

    if isinstance(cell, str):
        return Text(_safe(cell))
    grid = Table.grid(padding=(0, 1, 0, 0))
    grid.add_column(no_wrap=True)
    grid.add_column(overflow="fold")
    for figure, text in cell:
        grid.add_row(Text(figure), Text(_safe(text)))
    return grid


def _columns() -> int:
    """COLUMNS, where somebody set it."""
    stated = os.environ.get("COLUMNS", "")
    return max(20, min(int(stated), 400)) if stated.isdecimal() else 0


def _safe(text: str) -> str:
    """Every line of `text` made safe; the breaks between them are ours."""
    return "\n".join(safe_text(line, LONGEST_CELL) for line in text.split("\n"))

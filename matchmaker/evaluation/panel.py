"""A panel: scorers fitted to one world, under one clock, their common parts asked once for each block of seekers."""

from __future__ import annotations

import copy
import time
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, is_dataclass
from typing import Any, ClassVar, cast

import numpy as np

from matchmaker.array import FloatArray, IntArray
from matchmaker.blend import Blend, sigmoid
from matchmaker.dataset import Dataset
from matchmaker.scorers import SCORERS, Reason, Scorer
from matchmaker.scorers.base import comparable


@dataclass(eq=False)
class Part:
    """A fitted scorer that remembers its last block, and how many seconds it has taken."""

    scorer: Scorer
    seconds: float
    symmetric: ClassVar[bool] = False  # a symmetric scorer is not asked twice all the same, see `score`
    monotone: ClassVar[bool] = False
    _rows: bytes = b""
    _blocks: dict[bool, FloatArray] = field(default_factory=dict, repr=False)

    def fit(self, dataset: Dataset) -> Part:
        """Fit the scorer to another world."""
        self._rows = b""
        self.scorer.fit(dataset)
        return self

    def score(self, rows: IntArray, *, reverse: bool = False) -> FloatArray:
        """The scorer's block; not to be written to."""
        start = time.perf_counter()
        if self._rows != rows.tobytes():
            self._rows, self._blocks = rows.tobytes(), {}
        reverse = reverse and not self.scorer.symmetric
        if reverse not in self._blocks:
            self._blocks[reverse] = self.scorer.score(rows, reverse=reverse)
        self.seconds += time.perf_counter() - start
        return self._blocks[reverse]

    def explain(self, seeker: int, candidate: int) -> list[Reason]:
        """The scorer's reasons."""
        return self.scorer.explain(seeker, candidate)


@dataclass(eq=False)
class Panel:
    """Scorers fitted to one world.

    Attributes:
        scorers: by name, fitted; a blend's own scorers are parts, too.
        parts: every scorer that is no blend; what two blends, or a blend and the panel, have in common stands once.
        seconds: by blend: time to fit it and to add up its parts.
    """

    scorers: dict[str, Scorer] = field(default_factory=dict)
    parts: dict[str, Part] = field(default_factory=dict)
    seconds: dict[str, float] = field(default_factory=dict)

    @classmethod
    def fit(cls, dataset: Dataset, scorers: Mapping[str, Scorer] | None = None) -> Panel:
        """Fit copies of `scorers` (None: every scorer of the registry, and the blend) to `dataset`."""
        wanted = standard_scorers() if scorers is None else scorers
        panel = cls()
        for name, scorer in wanted.items():
            if not isinstance(scorer, Blend):
                panel.parts[name] = _fitted(scorer, dataset)
        for name, scorer in wanted.items():
            panel.scorers[name] = (
                panel._blend(name, scorer, dataset) if isinstance(scorer, Blend) else cast("Scorer", panel.parts[name])
            )
        return panel

    def blocks(self, rows: IntArray, *, reverse: bool = True) -> dict[str, tuple[FloatArray, ...]]:
        """What every part says of a block of seekers, and they of these; not to be written to.

        Each of shape (len(rows), n): what the seekers think of everyone and, if `reverse`, everyone of them.
        """
        ways = (False, True) if reverse else (False,)
        return {name: tuple(part.score(rows, reverse=way) for way in ways) for name, part in self.parts.items()}

    def ranking(self, name: str, rows: IntArray, columns: IntArray, *, mutual: bool) -> FloatArray:
        """What a scorer ranks by, of a blend the probability: shape of `columns`, rows of each seeker's candidates.

        Mutual: the product of both probabilities for a blend, the mean of both scores for a single scorer, whose 0
        means no evidence. Else the seeker's view alone. Rounded so that what is equal stays equal (`comparable`).
        """
        start = time.perf_counter()
        scorer, before = self.scorers[name], self._parts_seconds
        value = _value(scorer, rows, mutual=mutual)
        taken = comparable(np.take_along_axis(value, columns, axis=1))
        if isinstance(scorer, Blend):
            self.seconds[name] += time.perf_counter() - start - (self._parts_seconds - before)
        return taken

    def cost(self, name: str) -> float:
        """Seconds that a scorer has taken to be fitted and to score, its parts included."""
        scorer = self.scorers[name]
        if not isinstance(scorer, Blend):
            return self.parts[name].seconds
        return self.seconds[name] + sum(cast("Part", part).seconds for part in scorer.scorers_.values())

    @property
    def _parts_seconds(self) -> float:
        return sum(part.seconds for part in self.parts.values())

    def _blend(self, name: str, blend: Blend, dataset: Dataset) -> Blend:
        """The blend, fitted, with the panel's parts in place of its own scorers."""
        start = time.perf_counter()
        fitted = copy.copy(blend).fit(dataset)
        self.seconds[name] = time.perf_counter() - start
        for component, scorer in fitted.scorers_.items():
            known = [part for part in self.parts.values() if _options(part.scorer) == _options(scorer)]
            if not known:
                key = component if component not in self.parts else f"{name}/{component}"
                known = [self.parts.setdefault(key, Part(scorer, 0.0))]
            fitted.scorers_[component] = cast("Scorer", known[0])
        return fitted


def standard_scorers() -> dict[str, Scorer]:
    """Every scorer of the registry, and the blend of the domain's weights."""
    return {**{name: scorer() for name, scorer in SCORERS.items()}, "blend": Blend()}


def _fitted(scorer: Scorer, dataset: Dataset) -> Part:
    start = time.perf_counter()
    fitted = copy.copy(scorer).fit(dataset)
    return Part(fitted, time.perf_counter() - start)


def _value(scorer: Scorer, rows: IntArray, *, mutual: bool) -> FloatArray:
    if isinstance(scorer, Blend):
        if not mutual:
            return scorer.score(rows)
        forward, backward = scorer.both_log_odds(rows)
        return sigmoid(forward) * sigmoid(backward)
    forward = scorer.score(rows)
    return (forward + scorer.score(rows, reverse=True)) / 2.0 if mutual else forward


def _options(scorer: Scorer) -> tuple[Any, ...]:
    """What makes two scorers the same: their type and the options with which they were made."""
    options = (
        [(f.name, getattr(scorer, f.name)) for f in fields(scorer) if f.init] if is_dataclass(scorer) else [scorer]
    )
    return type(scorer), *options

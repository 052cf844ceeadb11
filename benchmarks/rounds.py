"""Candidates timed in turn, and ratios with their goals, so that a drift of the machine's speed meets all of them."""

import statistics
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from importlib import import_module
from typing import Any


@dataclass
class Rounds:
    """Wall seconds of each candidate in each round."""

    times: dict[str, list[float]] = field(default_factory=dict)

    @classmethod
    def run(cls, candidates: Mapping[str, Callable[[], Any]], rounds: int, *, warm: bool = True) -> "Rounds":
        """Each candidate once without being timed (if `warm`), then all in turn, `rounds` times."""
        if warm:
            for call in candidates.values():
                call()
        taken = cls({name: [] for name in candidates})
        for _ in range(rounds):
            for name, call in candidates.items():
                start = time.perf_counter()
                call()
                taken.times[name].append(time.perf_counter() - start)
        return taken

    def scaled(self, name: str, factor: float) -> None:
        """For what did only a part of the work."""
        self.times[name] = [seconds * factor for seconds in self.times[name]]

    def ratio(self, slow: str, fast: str) -> float | None:
        """How many times as long the one takes as the other: median of the ratios of each round."""
        if slow not in self.times or fast not in self.times:
            return None
        pairs = zip(self.times[slow], self.times[fast], strict=True)
        return statistics.median(longer / shorter for longer, shorter in pairs)

    def show(self, unit: str = "s", factor: float = 1.0) -> None:
        """Median, lowest and highest of each."""
        for name, times in self.times.items():
            low, middle, high = (factor * pick(times) for pick in (min, statistics.median, max))
            print(f"{name:58} {middle:10.3f} {unit}   ({low:.3f} to {high:.3f})")


def verdict(goal: str, value: float | None, limit: float, *, most: bool = False) -> None:
    """One line: the goal, what was reached, whether that is enough (`most`: the limit is an upper one)."""
    if value is None:
        print(f"{goal:76} {'':>8}   not measured")
        return
    reached = value <= limit if most else value >= limit
    print(f"{goal:76} {value:8.3g}   {'reached' if reached else 'MISSED'}")


def package(name: str) -> Any:
    """The module of a peer, or None and a line that says so."""
    try:
        return import_module(name)
    except ImportError:
        print(f"{name} is not installed: left out (pip install -e '.[benchmarks]')")
        return None

"""What is planned: meetings with their slots and tables, the waiting list with its reasons, and what is proven."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from matchmaker.array import FloatArray, IntArray
from matchmaker.session.session import Pin

UNITS = 10**9  # values are compared as whole numbers of billionths, so that an optimum can be proven exactly


@dataclass(frozen=True, eq=False)
class Candidates:
    """Pairs that could meet: `left[k]` and `right[k]` are positions in the delegations; no pair twice.

    `value` is what a meeting counts for in the plan (> 0), `relevance` the mutual interest in [0, 1] before the dial.
    """

    left: IntArray
    right: IntArray
    value: FloatArray
    relevance: FloatArray

    def __len__(self) -> int:
        return len(self.left)


class Meeting(NamedTuple):
    """`left` and `right` (identifiers) meet in slot `slot` at the table called `table`.

    `value` and `relevance` as in Candidates; `interpreter` is blank where none is needed.
    """

    left: str
    right: str
    slot: int
    table: str
    value: float
    relevance: float
    pinned: bool = False
    interpreter: str = ""


class Waiting(NamedTuple):
    """A meeting that one of the two wanted and that is not planned, and why."""

    left: str
    right: str
    value: float
    reason: str


@dataclass(frozen=True)
class Certificate:
    """What is proven of a plan.

    Values and prices are whole billionths. By weak duality no plan can be worth more than `bound`: for any prices >= 0,
    what is pinned + Σ places × price + Σ over pairs of what their value exceeds their prices by. `prices` are by
    capacity: `("total",)`, `("party", id)`, `("kind", id, kind)`; those that are 0 are left out. `solver_bound` is the
    solver's own claim, where times bind and prices do not tell all.
    `least_slots`: fewer are not enough for these meetings; `used_slots` are those in which anyone meets.
    """

    value: int
    bound: int
    prices: Mapping[tuple[str, ...], int]
    least_slots: int
    used_slots: int
    bottleneck: str
    solver_bound: int | None = None
    slots_proven: bool = True

    @property
    def best_bound(self) -> int:
        """The lower of the two bounds."""
        return self.bound if self.solver_bound is None else min(self.bound, self.solver_bound)

    @property
    def optimal(self) -> bool:
        """No other plan is worth more."""
        return self.value >= self.best_bound

    @property
    def gap(self) -> float:
        """By what share of its value a better plan could exceed this one, at the most."""
        return max(0, self.best_bound - self.value) / max(self.value, 1)


@dataclass(frozen=True)
class Change:
    """How a plan differs from the one before: counts of meetings."""

    kept: int
    moved: int
    added: int
    withdrawn: int


@dataclass(frozen=True)
class Plan:
    """A plan that `checker.faults` finds nothing wrong with.

    `meetings` are sorted by slot, then in the order of the tables; `wanted` counts the meetings that one of the two has
    among its best `each`; `waiting` are those of them that are not planned. `held` are meetings of an earlier plan that
    stay, `change` says what became of all of them. `figures` are what the dial costs and brings, by name.
    """

    meetings: tuple[Meeting, ...]
    waiting: tuple[Waiting, ...]
    wanted: int
    certificate: Certificate
    held: tuple[Pin, ...] = ()
    change: Change | None = None
    figures: Mapping[str, float] = field(default_factory=dict)

    def of(self, identifier: str) -> list[Meeting]:
        """The meetings of an organization, in the order of time."""
        return [meeting for meeting in self.meetings if identifier in (meeting.left, meeting.right)]

    def by_party(self) -> dict[str, list[Meeting]]:
        """The meetings of each organization that has any, in the order of time."""
        found: dict[str, list[Meeting]] = {}
        for meeting in self.meetings:
            for who in (meeting.left, meeting.right):
                found.setdefault(who, []).append(meeting)
        return found

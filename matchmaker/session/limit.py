"""What limits a session: who has how many places, which slots two have in common, which pairs are barred, and why."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from matchmaker.array import BoolArray, IntArray
from matchmaker.errors import DataError, Problem, counted, quoted
from matchmaker.session.session import Delegation, Party, Session

Capacity = tuple[str, ...]  # ("total",), ("party", id) or ("kind", id, kind)


@dataclass(frozen=True, eq=False)
class Limit:
    """The limits of a session as arrays, rows by position in the delegations."""

    session: Session

    @cached_property
    def tables(self) -> IntArray:
        """Shape (slots,): tables that are open."""
        return np.array([sum(1 for _ in self.session.tables(slot)) for slot in range(self.slots)], dtype=np.int64)

    @property
    def slots(self) -> int:
        """How many slots there are."""
        return len(self.session.starts)

    @cached_property
    def total(self) -> int:
        """Most meetings in all: what tables hold, and interpreters, where all need one."""
        there = self.tables
        if self.interpreters is not None and self.needs_interpreter.all():
            there = np.minimum(there, self.interpreters)
        most = self.session.most_meetings
        return int(there.sum()) if most is None else min(int(there.sum()), most)

    @cached_property
    def interpreters(self) -> IntArray | None:
        """Shape (slots,): interpreters who are there; None where there are always enough."""
        people = self.session.interpreters
        if people is None:
            return None
        there = [sum(p.present is None or slot in p.present for p in people) for slot in range(self.slots)]
        return np.array(there, dtype=np.int64)

    @cached_property
    def open(self) -> tuple[BoolArray, BoolArray]:
        """Of each delegation, shape (parties, slots): when each can meet at a table."""
        left, right = (self._open(delegation) for delegation in self.session.delegations)
        return left, right

    def _open(self, delegation: Delegation) -> BoolArray:
        slots = range(self.slots)
        rows = [[p.available is None or slot in p.available for slot in slots] for p in delegation.parties]
        there = np.array(rows, dtype=bool).reshape(len(rows), self.slots)
        return there & (self.tables > 0)

    @cached_property
    def places(self) -> tuple[IntArray, IntArray]:
        """Of each delegation, shape (parties,): most meetings of each, pins included."""
        stated = (self._stated(delegation.parties) for delegation in self.session.delegations)
        left, right = (
            np.minimum(most, there.sum(axis=1)).astype(np.int64) for most, there in zip(stated, self.open, strict=True)
        )
        return left, right

    def _stated(self, parties: Iterable[Party]) -> IntArray:
        return np.array([self.session.each if p.most is None else p.most for p in parties], dtype=np.int64)

    @cached_property
    def position(self) -> dict[str, int]:
        """The position of each party in its delegation."""
        return {p.id: row for delegation in self.session.delegations for row, p in enumerate(delegation.parties)}

    @cached_property
    def pinned(self) -> dict[tuple[int, int], int | None]:
        """Pinned pairs and the slot of each, if it is pinned, too."""
        return {(self.position[p.left], self.position[p.right]): p.slot for p in self.session.pins}

    @cached_property
    def barred(self) -> dict[tuple[int, int], str]:
        """Vetoed pairs and why."""
        found = {}
        for veto in self.session.vetoes:
            by = f"vetoed by {veto.who}" if veto.who else ""
            said = ": ".join(filter(None, (by, veto.why))) or "vetoed"
            found[self.position[veto.left], self.position[veto.right]] = said
        return found

    @cached_property
    def kinds(self) -> list[str]:
        """Kinds of which anyone may meet only so many."""
        return sorted(self.session.kind_caps)

    def kind_of(self, delegation: Delegation) -> IntArray:
        """Shape (parties,): position in `kinds`, -1 where the kind is not limited."""
        number = {kind: k for k, kind in enumerate(self.kinds)}
        return np.array([number.get(p.kind or "", -1) for p in delegation.parties], dtype=np.int64)

    @cached_property
    def needs_interpreter(self) -> BoolArray:
        """Shape (left, right): the two share no language."""
        left, right = (
            [p.languages or frozenset({delegation.language}) for p in delegation.parties]
            for delegation in self.session.delegations
        )
        known = {languages: k for k, languages in enumerate(dict.fromkeys((*left, *right)))}
        apart = np.array([[not (a & b) for b in known] for a in known], dtype=bool).reshape(len(known), len(known))
        numbers = [np.array([known[languages] for languages in side], dtype=np.int64) for side in (left, right)]
        return np.asarray(apart[np.ix_(*numbers)], dtype=bool)

    def possible(self, left: IntArray, right: IntArray) -> BoolArray:
        """Shape (pairs,): neither vetoed nor pinned, and both can meet in some slot."""
        ours, theirs = self.open
        if ours.all() and theirs.all():
            common = np.full(len(left), self.slots > 0)
        else:
            common = (ours.astype(np.float32) @ theirs.T.astype(np.float32) > 0)[left, right]
        if self.interpreters is not None and self.needs_interpreter.any():
            common &= ~self.needs_interpreter[left, right] | self._interpreted(left, right)
        fixed = [*self.barred, *self.pinned]
        width = len(self.session.right.parties)
        keys = np.array([a * width + b for a, b in fixed], dtype=np.int64)
        return np.asarray(common & ~np.isin(left * width + right, keys), dtype=bool)

    def _interpreted(self, left: IntArray, right: IntArray) -> BoolArray:
        """Shape (pairs,): both can meet while an interpreter is there."""
        assert self.interpreters is not None  # noqa: S101  # for the type checker
        there = (self.interpreters > 0).astype(np.float32)
        return np.asarray(((self.open[0] * there) @ self.open[1].T.astype(np.float32) > 0)[left, right], dtype=bool)

    @cached_property
    def uniform(self) -> bool:
        """Any meeting can be in any slot: everyone is always there, all tables are open, interpreters are enough."""
        scarce = self.interpreters is not None and bool(self.needs_interpreter.any())
        everyone = all(bool(there.all()) for there in self.open)
        fixed = any(slot is not None for slot in self.pinned.values())
        return everyone and not scarce and not fixed and len(set(self.tables.tolist())) <= 1


def check_pins(session: Session) -> None:
    """See that pins can be: no veto against them, places and tables enough.

    Raises:
        DataError: names every pin, organization or slot that is in the way.
    """
    if problems := _wrong_pins(Limit(session)):
        raise DataError(problems)


def _wrong_pins(limit: Limit) -> list[Problem]:
    session, wrong = limit.session, []
    for left, right in limit.pinned.keys() & limit.barred.keys():
        names = session.left.parties[left].title, session.right.parties[right].title
        message = f"{quoted(names[0])} and {quoted(names[1])} are pinned and barred: {limit.barred[left, right]}"
        wrong.append(Problem("MM-SES-001", message, "take back one of the two"))
    counts = Counter(identifier for pin in session.pins for identifier in (pin.left, pin.right))
    for side, most in zip(session.delegations, limit.places, strict=True):
        for party, places in zip(side.parties, most.tolist(), strict=True):
            if (pins := counts[party.id]) > places:
                message = f"{counted(pins, 'meeting')} of {quoted(party.title)} are pinned; it has room for {places}"
                wrong.append(Problem("MM-SES-002", message, "take back pins, or give it more meetings"))
    if len(session.pins) > limit.total:
        message = f"{counted(len(session.pins), 'meeting')} are pinned; there is room for {limit.total} in all"
        wrong.append(Problem("MM-SES-002", message, "add tables or slots"))
    return sorted(wrong, key=str)

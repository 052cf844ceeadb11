"""Which pairs may meet and what each is worth: from a fitted blend, the organizer's expectation and the dial."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from matchmaker.array import BoolArray, FloatArray
from matchmaker.blend import sigmoid
from matchmaker.recommender import Recommender
from matchmaker.session.congestion import dialed, gini
from matchmaker.session.limit import Limit
from matchmaker.session.plan import Candidates, Plan
from matchmaker.session.session import Session

MOST = 50  # candidates of each party


@dataclass(frozen=True, eq=False)
class Interest:
    """Who wants whom at a session; shape (left, right): probabilities in both directions."""

    session: Session
    forward: FloatArray
    backward: FloatArray

    @classmethod
    def of(cls, session: Session, forward: FloatArray, backward: FloatArray) -> Interest:
        """From log-odds in both directions, shape (left, right); anchored where the session says to what.

        One number is added to all log-odds, so that the mutual interests add up to `session.expected_meetings`.
        """
        shift = 0.0
        if session.expected_meetings is not None:
            shift = anchor(forward, backward, session.expected_meetings)
        found = cls(session, sigmoid(forward + shift), sigmoid(backward + shift))
        found._take_wishes()
        return found

    def _take_wishes(self) -> None:
        """Who says that it wants to meet someone is believed."""
        left, right = (
            {party.id: row for row, party in enumerate(delegation.parties)} for delegation in self.session.delegations
        )
        for seeker, candidate, strength in self.session.wishes:
            if seeker in left and candidate in right:
                place, said = (left[seeker], right[candidate]), self.forward
            else:
                place, said = (left[candidate], right[seeker]), self.backward
            said[place] = max(said[place], min(strength, 1.0))

    @classmethod
    def read(cls, session: Session, recommender: Recommender) -> Interest:
        """What a blend says of the two delegations.

        Raises:
            UsageError: the scorer is no blend.
        """
        row_of = recommender.dataset.row_of
        left, right = (
            np.array([row_of[party.id] for party in delegation.parties], dtype=np.int64)
            for delegation in session.delegations
        )
        return cls.of(session, *recommender.between(left, right, as_of=session.as_of))

    @property
    def relevance(self) -> FloatArray:
        """Shape (left, right): the probability that both want to meet."""
        return self.forward * self.backward

    def candidates(self, dial: float = 0.0, most: int = MOST) -> Candidates:
        """The best `most` candidates of each party, and what a meeting of each pair counts for."""
        limit = Limit(self.session)
        relevance = self.relevance
        for pair in limit.barred:
            relevance[pair] = 0.0  # takes nobody's time
        value = dialed(relevance, *limit.places, dial)
        keep = _best(value, most) | _best(value.T, most).T
        for pair in (*limit.pinned, *limit.barred):
            keep[pair] = True
        if limit.barred:
            relevance = self.relevance
            rows, columns = np.array(list(limit.barred)).T
            value[rows, columns] = (relevance / relevance.max())[rows, columns]  # it is said whom a veto keeps apart
        left, right = np.nonzero(keep)
        return Candidates(left, right, value[left, right], relevance[left, right])


def anchor(forward: FloatArray, backward: FloatArray, expected: float) -> float:
    """What to add to all log-odds so that the mutual interests add up to `expected`; within ±40."""
    low, high = -40.0, 40.0
    for _ in range(60):
        middle = (low + high) / 2.0
        if float((sigmoid(forward + middle) * sigmoid(backward + middle)).sum()) < expected:
            low = middle
        else:
            high = middle
    return (low + high) / 2.0


def figures(session: Session, plan: Plan) -> dict[str, float]:
    """What a plan is worth to whom, for the dial: mutual interest in all, who has a meeting, and how evenly.

    `relevance`: expected meetings that both want; `served`: organizations with a meeting; `gini`: of meetings.
    """
    counts = dict.fromkeys(session.party, 0)
    for meeting in plan.meetings:
        counts[meeting.left] += 1
        counts[meeting.right] += 1
    amounts = np.array(list(counts.values()), dtype=np.float64)
    relevance = sum(meeting.relevance for meeting in plan.meetings)
    return {"relevance": relevance, "served": float((amounts > 0).sum()), "gini": gini(amounts)}


def _best(value: FloatArray, most: int) -> BoolArray:
    """The `most` best of each row, ties by position."""
    keep = value > 0
    if value.shape[1] > most:
        order = np.argsort(-value, axis=1, kind="stable")
        np.put_along_axis(keep, order[:, most:], values=False, axis=1)
    return keep

"""Planning a session: how long, is the optimum proven, and against a linear program of the same meetings.

Command: python benchmarks/session.py [--rounds N] [--small]
Values are noise and a little popularity on both sides, the 50 best candidates of each side; the linear program is
scipy's HiGHS.
"""

from __future__ import annotations

import argparse
import resource
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import scipy.sparse as sp
from rounds import Rounds, verdict
from scipy.optimize import linprog

from matchmaker.session import Candidates, Delegation, Party, Room, Session
from matchmaker.session.choice import choose
from matchmaker.session.coloring import colors
from matchmaker.session.congestion import dialed
from matchmaker.session.limit import Limit
from matchmaker.session.planning import plan

START = datetime(2026, 12, 1, 1, tzinfo=UTC)
# left, right, slots, tables, each, most meetings in all, most seconds, most slots
CASES = (
    (11, 97, 8, 11, 4, 42, 5.0, 4),
    (60, 60, 12, 30, 6, None, 20.0, 12),
    (200, 200, 16, 60, 6, None, 60.0, 16),
    (500, 500, 8, 500, 8, None, 20.0, 8),
    (2000, 2000, 8, 2000, 8, None, 120.0, 8),
)
BUSY = {(60, 60), (200, 200)}  # of which some are not always there


def session_of(n: int, m: int, slots: int, tables: int, each: int, most: int | None) -> Session:
    """Two delegations whose clocks differ, and slots of half an hour."""
    left = Delegation(tuple(Party(f"l{k}") for k in range(n)), zone="Asia/Shanghai")
    right = Delegation(tuple(Party(f"r{k}") for k in range(m)), zone="Asia/Seoul")
    starts = tuple(START + timedelta(minutes=30 * slot) for slot in range(slots))
    return Session("benchmark", left, right, starts, rooms=(Room("", tables),), each=each, most_meetings=most)


def busy(session: Session, share: float = 0.4) -> Session:
    """The same session, in which a share of the parties is there in three slots of five only."""
    generator = np.random.default_rng(1)
    slots = np.arange(len(session.starts))

    def timed(party: Party) -> Party:
        if generator.random() > share:
            return party
        return replace(party, available=frozenset(slots[generator.random(len(slots)) < 0.6].tolist()))

    left, right = (replace(each, parties=tuple(map(timed, each.parties))) for each in session.delegations)
    return replace(session, left=left, right=right)


def candidates_of(n: int, m: int, most: int = 50) -> Candidates:
    """The `most` best of each side."""
    generator = np.random.default_rng(0)
    value = 0.15 * (generator.random((n, 1)) + generator.random((1, m))) + generator.random((n, m))
    keep = np.zeros((n, m), dtype=bool)
    for view, mask in ((value, keep), (value.T, keep.T)):
        best = np.argsort(-view, axis=1)[:, :most]
        mask[np.arange(len(view))[:, None], best] = True
    left, right = np.nonzero(keep)
    return Candidates(left, right, value[keep] / 1.3, value[keep] / 1.3)


def linear_program(limit: Limit, candidates: Candidates) -> float:
    """The value of the best b-matching by a linear program, which is whole by itself."""
    pairs = np.arange(len(candidates))
    ones = np.ones(len(pairs))
    sides = [
        sp.csr_array((ones, (ends, pairs)), shape=(len(places), len(pairs)))
        for ends, places in zip((candidates.left, candidates.right), limit.places, strict=True)
    ]
    solved = linprog(-candidates.value, sp.vstack(sides), np.concatenate(limit.places), bounds=(0, 1), method="highs")
    return -float(solved.fun)


def main() -> None:
    """All cases, then the goals of P10."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--small", action="store_true", help="without the 2,000 × 2,000")
    asked = parser.parse_args()
    for n, m, slots, tables, each, most, limit, fewest in CASES[: -1 if asked.small else None]:
        session, candidates = session_of(n, m, slots, tables, each, most), candidates_of(n, m)
        session = busy(session) if (n, m) in BUSY else session
        start = time.perf_counter()
        found = plan(session, candidates)
        seconds = time.perf_counter() - start
        proven = found.certificate.value == found.certificate.bound
        times = ", hours bind" if (n, m) in BUSY else ""
        print(
            f"{n} × {m}{times}, {len(candidates):,} pairs: {len(found.meetings):,} meetings; "
            f"proven by prices: {proven}; gap at most {found.certificate.gap:.4%}"
        )
        verdict(f"  seconds for plan, certificate and check, at most {limit:.0f}", seconds, limit, most=True)
        verdict(f"  slots, at most {fewest}", float(found.certificate.used_slots), fewest, most=True)
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    verdict("peak memory in GB, at most 4", memory, 4.0, most=True)

    choice = choose(Limit(session), candidates)
    left, right = candidates.left[choice.chosen], candidates.right[choice.chosen]
    value = float(candidates.value[choice.chosen].sum())
    print(f"the flow is worth {value:.6f}, the linear program {linear_program(Limit(session), candidates):.6f}")
    relevance = np.random.default_rng(0).random((n, m))
    taken = Rounds.run(
        {
            "who meets whom: flow and prices": lambda: choose(Limit(session), candidates),
            "the same by scipy HiGHS": lambda: linear_program(Limit(session), candidates),
            "slots": lambda: colors(left, right, each),
            "the dial": lambda: dialed(relevance, *Limit(session).places, 0.5),
        },
        asked.rounds,
    )
    taken.show()
    verdict(
        "P10: HiGHS / flow, at least 15", taken.ratio("the same by scipy HiGHS", "who meets whom: flow and prices"), 15
    )
    verdict("P10: slots / flow, at most 0.1", taken.ratio("slots", "who meets whom: flow and prices"), 0.1, most=True)


if __name__ == "__main__":
    main()

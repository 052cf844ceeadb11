"""Who should come: a delegation whose members, together, have somebody for as many hosts as possible."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import scipy.sparse as sp

from matchmaker.array import BoolArray, FloatArray, IntArray
from matchmaker.dataset import Dataset
from matchmaker.errors import DataError, Problem, UsageError, counted, quoted
from matchmaker.names import resolve_term

SECONDS = 60.0
DRAWS = 1000
FIELDS = ("region", "sector", "kind")


class Quota(NamedTuple):
    """At least `least` and at most `most` members of `who`, shape (candidates,); `text` as it was asked for."""

    text: str
    who: BoolArray
    least: int
    most: int


@dataclass(frozen=True)
class Roster:
    """A delegation: positions of its members, the most valuable first.

    `value`: Σ over hosts of the mutual interest with the member that suits it best; `bound`: no roster under the same
    quotas is worth more. `served`: of each member, positions of the hosts whom it suits best. `random`: sorted values
    of rosters drawn under the same quotas.
    """

    members: tuple[int, ...]
    value: float
    bound: float
    served: tuple[tuple[int, ...], ...]
    random: FloatArray

    @property
    def optimal(self) -> bool:
        """Whether nothing better can be, to a millionth."""
        return self.bound <= self.value * (1 + 1e-6) + 1e-12


def pick(
    relevance: FloatArray, size: int, quotas: Sequence[Quota] = (), *, seconds: float = SECONDS, seed: int = 0
) -> Roster:
    """The roster of the highest value: facility location in whole numbers (Cornuéjols, Fisher and Nemhauser, 1977).

    A second member that suits the same hosts adds nothing, so that members complement each other.

    Args:
        relevance: shape (candidates, hosts): mutual interest, >= 0.
        size: members.
        quotas: how many of whom.
        seconds: most time to search.
        seed: of the random rosters that it is compared with.

    Raises:
        DataError: no roster keeps to the quotas, or none was found in the time.
    """
    chosen, bound = _solved(relevance, size, quotas, seconds)
    rows = np.flatnonzero(chosen)
    best = rows[np.argmax(relevance[rows], axis=0)]
    gains = {int(row): float(relevance[row, best == row].sum()) for row in rows}
    members = tuple(sorted(gains, key=lambda row: (-gains[row], row)))
    hosts = {row: np.flatnonzero(best == row) for row in members}
    served = tuple(
        tuple(hosts[row][np.argsort(-relevance[row, hosts[row]], kind="stable")].tolist()) for row in members
    )
    return Roster(members, worth(relevance, rows), bound, served, _drawn(relevance, size, quotas, seed))


def worth(relevance: FloatArray, rows: IntArray) -> float:
    """What a roster is worth."""
    return float(relevance[rows].max(axis=0, initial=0.0).sum())


def quota(dataset: Dataset, rows: IntArray, text: str) -> Quota:
    """What `region:cn-beijing=1`, `sector:park>=2` or `kind:company<=3` asks of the candidates in `rows`.

    Raises:
        UsageError: it is written otherwise, or there is no such region, sector or kind.
    """
    sign = next((sign for sign in (">=", "<=", "=") if sign in text), "")
    name, _, number = text.partition(sign) if sign else (text, "", "")
    field, _, term = (part.strip() for part in name.partition(":"))
    if field not in FIELDS or not term or not number.strip().isdecimal():
        raise UsageError(
            Problem("MM-USE-026", f"{quoted(text)} is no quota", "write region:cn-beijing=1 or kind:park<=2")
        )
    members, n = _members(dataset, field, term)[rows], int(number)
    return Quota(text, members, 0 if sign == "<=" else n, len(rows) if sign == ">=" else n)


def _members(dataset: Dataset, field: str, term: str) -> BoolArray:
    """Shape (n,): the organizations in a region, or of a sector or kind, or below."""
    vocabulary = dataset.regions if field == "region" else dataset.sectors
    known = {dataset.sectors.root(each) for each in dataset.sectors.terms} if field == "kind" else None
    wanted = resolve_term(vocabulary, term, field, known)
    own = dataset.places if field == "region" else dataset.organizations["sector"].to_list()
    return np.array([each is not None and wanted in vocabulary.ancestors(each) for each in own], dtype=bool)


def _solved(relevance: FloatArray, size: int, quotas: Sequence[Quota], seconds: float) -> tuple[BoolArray, float]:
    """Who is chosen, and the bound: a choice for each candidate, then a share of each host for each candidate."""
    from scipy.optimize import Bounds, LinearConstraint, milp

    n, m = relevance.shape
    candidate, host = np.nonzero(relevance > 0)
    share = n + np.arange(len(host))
    width = n + len(host)
    ones = np.ones(len(host))
    once = sp.csr_array((ones, (host, share)), shape=(m, width))
    rows = np.arange(len(host))
    if_chosen = sp.csr_array(
        (np.concatenate([ones, -ones]), (np.tile(rows, 2), np.concatenate([share, candidate]))),
        shape=(len(host), width),
    )
    counts = np.array([np.ones(n), *(each.who for each in quotas)], dtype=np.float64)
    chosen = sp.csr_array(np.hstack([counts, np.zeros((len(counts), width - n))]))
    least, most = ([size, *(getattr(each, end) for each in quotas)] for end in ("least", "most"))
    solved = milp(
        np.concatenate([np.zeros(n), -relevance[candidate, host]]),
        constraints=[
            LinearConstraint(once, -np.inf, 1),
            LinearConstraint(if_chosen, -np.inf, 0),
            LinearConstraint(chosen, least, most),
        ],
        integrality=np.concatenate([np.ones(n), np.zeros(len(host))]),
        bounds=Bounds(0, 1),
        options={"time_limit": seconds},
    )
    if solved.x is None:
        asked = ", ".join(each.text for each in quotas) or "no quotas"
        message = f"no roster of {counted(size, 'organization')} from {n} candidates keeps to {asked}"
        raise DataError(Problem("MM-SES-013", message, "ask for fewer, or for other quotas"))
    return np.asarray(solved.x[:n] > 0.5), -float(solved.mip_dual_bound)


def _drawn(relevance: FloatArray, size: int, quotas: Sequence[Quota], seed: int) -> FloatArray:
    """Sorted values of random rosters that keep to the quotas: first who is asked for, then anyone who may come."""
    generator = np.random.default_rng(seed)
    rosters = (_draw(len(relevance), size, quotas, generator) for _ in range(DRAWS))
    return np.sort([worth(relevance, rows) for rows in rosters if rows is not None])


def _draw(n: int, size: int, quotas: Sequence[Quota], generator: np.random.Generator) -> IntArray | None:
    """One of them; None where this draw came to a dead end."""
    taken = np.zeros(n, dtype=bool)
    for each in (*quotas, None):
        while taken.sum() < size and (each is None or (taken & each.who).sum() < each.least):
            full = [other.who for other in quotas if (taken & other.who).sum() >= other.most]
            free = ~taken & (True if each is None else each.who) & ~np.any(full, axis=0)
            if not free.any():
                return None
            taken[generator.choice(np.flatnonzero(free))] = True
    kept = all(each.least <= (taken & each.who).sum() <= each.most for each in quotas)
    return np.flatnonzero(taken) if kept and taken.sum() == size else None

"""From scores to a ranked, explained list of partners."""

from __future__ import annotations

import copy
import math
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import polars as pl
from scipy.sparse import csr_array

from matchmaker.array import BoolArray, FloatArray, IntArray
from matchmaker.blend import Blend, Weights
from matchmaker.dataset import Dataset, Organization
from matchmaker.errors import Problem, UsageError, quoted
from matchmaker.names import resolve, resolve_term, settled
from matchmaker.ranking import Among, Lists, both, mutual, ranked
from matchmaker.scorers import SCORERS, Reason, Scorer
from matchmaker.scorers.base import comparable
from matchmaker.sparse import CSR
from matchmaker.vocabulary import Vocabulary

if TYPE_CHECKING:
    from matchmaker.everyone import Engine

BLOCK, CELLS = 64, 10_000_000
LIST: dict[str, Any] = {
    "org_id": pl.String,
    "rank": pl.Int32,
    "partner_id": pl.String,
    "score": pl.Float64,
    "forward": pl.Float64,
    "backward": pl.Float64,
    "met": pl.Boolean,
}
COMPILED = 4096  # organizations from which on compiled code is worth its start


class Match(NamedTuple):
    """A likely partner.

    `score` is the mutual score in [0, 1], by which lists are ranked; `forward` is how much the seeker wants the
    candidate, `backward` how much the candidate wants the seeker (log-odds for a blend, [0, 1] for a single scorer).
    `reasons` add up to `forward`, `reasons_back` to `backward`. `met` says that they share an event or an agreement.
    """

    organization: Organization
    score: float
    forward: float
    backward: float
    reasons: list[Reason]
    reasons_back: list[Reason]
    met: bool


class Pair(NamedTuple):
    """Two organizations and their mutual score; `forward` is left's view of right."""

    left: Organization
    right: Organization
    score: float
    forward: float
    backward: float
    met: bool


class Explanation(NamedTuple):
    """Why two organizations match, in both directions.

    `forward` reasons are `left`'s, `backward` ones `right`'s; they add up to `forward_score` and `backward_score`.
    `weaker` is the organization that has less reason to want the other (None: equal). `unknown` says what the data do
    not tell.
    """

    left: Organization
    right: Organization
    score: float
    forward_score: float
    backward_score: float
    forward: list[Reason]
    backward: list[Reason]
    weaker: Organization | None
    unknown: list[str]
    met: bool


@dataclass(eq=False)
class Recommender:
    """Rank the partners that are likely for an organization across the border.

    Args:
        dataset: the world; left out, the one that travels with the package.
        scorer: `"blend"`, the name of a single scorer, or any fitted-on-demand scorer.
        weights: weights of the blend instead of the domain's prior ones.
        apart: pairs of identifiers, in either order, that are in no list, whatever the scores say.

    Example:
        >>> from matchmaker import Recommender
        >>> matches = Recommender().match("GenNBio", 5)
        >>> len(matches)
        5
    """

    dataset: Dataset = field(default_factory=Dataset.read)
    scorer: str | Scorer = "blend"
    weights: Weights | None = None
    apart: Collection[tuple[str, str]] = ()
    _fitted: dict[date | None, tuple[Dataset, Scorer]] = field(default_factory=dict, init=False, repr=False)
    _engines: dict[date | None, Engine] = field(default_factory=dict, init=False, repr=False)

    @classmethod
    def of_fitted(cls, dataset: Dataset, blend: Blend) -> Recommender:
        """One that ranks by a blend that is fitted to `dataset`, and fits it anew for earlier days only."""
        recommender = cls(dataset, weights=blend.weights)
        recommender._fitted[None] = dataset, blend
        return recommender

    def updated(self, dataset: Dataset) -> Recommender:
        """The same for a later state of the data: new organizations, participations, agreements.

        Equal to a new recommender, but what does not change is not worked out again: the grams of texts that are the
        same, and, where only agreements came in, the whole feature space.
        """
        dataset.take_over(self.dataset)
        later = Recommender(dataset, self.scorer, self.weights, self.apart)
        known = self._fitted.get(None)
        if known and isinstance(known[1], Blend):
            later._fitted[None] = dataset, Blend(self.weights).fit(dataset, earlier=known[1])
        return later

    def match(
        self,
        organization: str | Organization,
        n: int = 10,
        *,
        as_of: date | None = None,
        region: str | None = None,
        sector: str | None = None,
        kind: str | None = None,
        exclude_met: bool = False,
        conveners: bool = False,
    ) -> list[Match]:
        """The `n` likeliest partners of an organization, the likeliest first; ties are broken by identifier.

        Args:
            organization: an identifier, a name in any language, an alias; or a profile that is not in the data.
            n: how many at the most.
            as_of: use only what was known at the end of that day.
            region: only candidates in this region or below it (identifier or label).
            sector: only candidates of this sector or kind.
            kind: only candidates of this kind (the topmost sector).
            exclude_met: leave out those who share an event or an agreement with the organization.
            conveners: let conveners be candidates (they are, too, where `sector` or `kind` asks for them).

        Raises:
            UsageError: an unknown or ambiguous organization, an unknown region, sector or kind, a negative `n`.
        """
        recommender, (row,) = self._locate(organization)
        dataset, scorer = recommender._world(as_of)
        allowed = dataset.across(row) & _allowed(dataset, region, sector, kind, conveners)
        among, most = Among(allowed, exclude_met=exclude_met, apart=recommender._apart), min(_count(n), len(dataset))
        found = ranked(scorer, dataset.graph, np.array([row]), among, most)
        return [
            Match(
                dataset.organization(candidate),
                float(found.scores[0, place]),
                float(found.forward[0, place]),
                float(found.backward[0, place]),
                scorer.explain(row, candidate),
                scorer.explain(candidate, row),
                bool(found.met[0, place]),
            )
            for place, candidate in enumerate(found.columns[0].tolist())
            if candidate >= 0
        ]

    def pairs(
        self,
        n: int = 20,
        *,
        as_of: date | None = None,
        region: str | None = None,
        sector: str | None = None,
        kind: str | None = None,
        exclude_met: bool = False,
        conveners: bool = False,
        seekers: Sequence[int] | None = None,
        threads: int = 2,
    ) -> list[Pair]:
        """The `n` best pairs over both sides, the best first; the filters hold for at least one of the two.

        Memory does not grow with the number of pairs. A blend of many organizations is compiled, as in `everyone`.

        Args:
            n: how many at the most.
            as_of: as in `match`.
            region: as in `match`.
            sector: as in `match`.
            kind: as in `match`.
            exclude_met: as in `match`.
            conveners: as in `match`.
            seekers: rows of the dataset whose pairs are looked at (None: `first_of_pairs`).
            threads: to work in.

        Raises:
            UsageError: as `match`.
        """
        dataset, _ = self._world(as_of)
        open_to = _allowed(dataset, None, None, None, conveners or _asks_for_conveners(dataset, sector, kind))
        wanted = _allowed(dataset, region, sector, kind, True)
        among = Among(open_to, wanted, dataset.domain.sides is None, exclude_met, self._apart)
        rows = self.first_of_pairs(as_of) if seekers is None else np.array(seekers, dtype=np.int64)
        tasks = _tasks(dataset, rows[open_to[rows]], among)
        n = _count(n)
        best: list[tuple[float, int, int, float, float, bool]] = []
        for lists in self._lists(as_of, tasks, min(n, len(dataset)), threads):
            order = -comparable(lists.scores)
            seeker, place = np.nonzero(
                (lists.columns >= 0) & (order <= (best[-1][0] if best and len(best) == n else 0.0))
            )
            scores, *others = (each[seeker, place].tolist() for each in (order, lists.columns, *lists[3:]))
            best = sorted([*best, *zip(scores, lists.rows[seeker].tolist(), *others, strict=True)])[:n]
        return [
            Pair(dataset.organization(left), dataset.organization(right), -score, forward, backward, met)
            for score, left, right, forward, backward, met in best
        ]

    def everyone(
        self,
        n: int = 10,
        *,
        as_of: date | None = None,
        region: str | None = None,
        sector: str | None = None,
        kind: str | None = None,
        exclude_met: bool = False,
        conveners: bool = False,
        seekers: Sequence[int] | None = None,
        threads: int = 2,
    ) -> Iterator[pl.DataFrame]:
        """The `n` likeliest partners of every organization, in frames of many lists, as they are ready.

        Compiled, and in blocks: memory does not grow with the number of organizations squared. The lists are those of
        `match`, but for log-odds that differ by about 1e-5 (walks are in single precision).

        Args:
            n: the length of a list.
            as_of: as in `match`.
            region: as in `match`.
            sector: as in `match`.
            kind: as in `match`.
            exclude_met: as in `match`.
            conveners: as in `match`.
            seekers: rows of the dataset (None: all, where there are two sides all on either).
            threads: to work in.

        Yields:
            Columns `org_id`, `rank`, `partner_id`, `score`, `forward`, `backward`, `met`, as in `Match`; seekers in the
            order of their rows.

        Raises:
            UsageError: the scorer is no blend, or as `match`.

        Example:
            >>> from matchmaker import Recommender
            >>> import polars as pl
            >>> lists = pl.concat(Recommender().everyone(3))
            >>> lists.group_by("org_id").len()["len"].max()
            3
        """
        engine = self._engine(as_of)
        dataset = engine.dataset
        allowed = _allowed(dataset, region, sector, kind, conveners)
        rows = self.seekers(as_of) if seekers is None else np.array(seekers, dtype=np.int64)
        tasks = _tasks(dataset, rows, Among(allowed, exclude_met=exclude_met, apart=self._apart))
        ids = np.array(dataset.ids, dtype=object)
        for lists in engine.lists(tasks, min(_count(n), len(dataset)), threads=threads):
            seeker, place = np.nonzero(lists.columns >= 0)
            columns = ids[lists.rows[seeker]], place + 1, ids[lists.columns[seeker, place]]
            numbers = (each[seeker, place] for each in lists[2:])
            yield pl.DataFrame(dict(zip(LIST, (*columns, *numbers), strict=True)), schema_overrides=LIST)

    def seekers(self, as_of: date | None = None) -> IntArray:
        """Rows of those who can look for partners: all, where there are two sides all on either."""
        dataset, _ = self._world(as_of)
        return np.flatnonzero((dataset.side >= 0) | (dataset.domain.sides is None))

    def first_of_pairs(self, as_of: date | None = None) -> IntArray:
        """Rows of those with whom a pair is looked at: the left side, where there are two, else all."""
        dataset, _ = self._world(as_of)
        return np.flatnonzero(dataset.side == (0 if dataset.domain.sides else -1))

    def between(self, left: IntArray, right: IntArray, *, as_of: date | None = None) -> tuple[FloatArray, FloatArray]:
        """What rows `left` think of rows `right`, and these of them; log-odds of shape (len(left), len(right)).

        Raises:
            UsageError: the scorer is no blend.
        """
        _, scorer = self._world(as_of)
        if not isinstance(scorer, Blend):
            raise UsageError(Problem("MM-USE-023", "a session is planned by a blend", "leave the scorer out"))
        blocks = [scorer.both_log_odds(left[start : start + BLOCK]) for start in range(0, len(left), BLOCK)]
        forward, backward = (np.concatenate([block[way][:, right] for block in blocks]) for way in (0, 1))
        return forward, backward

    def mutual(self, left: IntArray, right: IntArray, *, as_of: date | None = None) -> FloatArray:
        """The mutual scores of rows `left` with rows `right`, shape (len(left), len(right)), as `match` ranks by."""
        _, scorer = self._world(as_of)
        forward, backward = both(scorer, left)
        return comparable(mutual(scorer, forward, backward)[:, right])

    def explain(self, left: str | Organization, right: str | Organization, *, as_of: date | None = None) -> Explanation:
        """Why two organizations match, or do not, in both directions.

        Raises:
            UsageError: an unknown or ambiguous organization, or twice the same.
        """
        recommender, (first, second) = self._locate(left, right)
        if first == second:
            raise UsageError(
                Problem("MM-USE-013", "an organization is no partner of itself", "name two different ones")
            )
        dataset, scorer = recommender._world(as_of)
        forward, backward = both(scorer, np.array([first]))
        ours, theirs = float(forward[0, second]), float(backward[0, second])
        return Explanation(
            dataset.organization(first),
            dataset.organization(second),
            float(mutual(scorer, forward, backward)[0, second]),
            ours,
            theirs,
            scorer.explain(first, second),
            scorer.explain(second, first),
            None if abs(ours - theirs) < 1e-9 else dataset.organization(first if ours < theirs else second),
            [note for row in (first, second) for note in _unknown(dataset, row)],
            bool(dataset.met(first)[second]),
        )

    def _locate(self, *organizations: str | Organization) -> tuple[Recommender, list[int]]:
        """The rows of organizations; profiles enter a world of their own, beside everyone else."""
        ids: list[str] = []
        grown = self.dataset
        for organization in organizations:
            if isinstance(organization, str):
                ids.append(self.dataset.ids[resolve(self.dataset, organization)])
                continue
            ids.append(organization.id)
            row = self.dataset.row_of.get(organization.id)
            if row is None or self.dataset.organization(row) != organization:
                grown = grown.with_organization(settled(self.dataset, organization))
        recommender = self if grown is self.dataset else self.updated(grown)
        return recommender, [recommender.dataset.row(identifier) for identifier in ids]

    @property
    def _apart(self) -> CSR | None:
        """Shape (n, n): the pairs of `apart` whose organizations are there."""
        row_of = self.dataset.row_of
        found = [
            (row_of[a], row_of[b]) for pair in self.apart for a, b in (pair, pair[::-1]) if {a, b} <= row_of.keys()
        ]
        if not found:
            return None
        places = np.array(sorted(set(found)), dtype=np.int64).T
        return csr_array((np.ones(places.shape[1]), tuple(places)), shape=(len(self.dataset), len(self.dataset)))

    def _lists(
        self, as_of: date | None, tasks: Iterator[tuple[IntArray, Among]], n: int, threads: int
    ) -> Iterator[Lists]:
        """The lists of all tasks: compiled where that is worth while."""
        dataset, scorer = self._world(as_of)
        if isinstance(scorer, Blend) and len(dataset) >= COMPILED:
            return self._engine(as_of).lists(tasks, n, threads=threads)
        return (ranked(scorer, dataset.graph, rows, among, n) for rows, among in tasks)

    def _engine(self, as_of: date | None) -> Engine:
        """The blend, laid out for all pairs, once."""
        from matchmaker.everyone import Engine

        if as_of not in self._engines:
            dataset, scorer = self._world(as_of)
            if not isinstance(scorer, Blend):
                raise UsageError(Problem("MM-USE-023", "everyone is ranked by a blend", "leave the scorer out"))
            self._engines[as_of] = Engine.of(scorer, dataset)
        return self._engines[as_of]

    def _world(self, as_of: date | None) -> tuple[Dataset, Scorer]:
        """The dataset as of a day and the scorer fitted to it."""
        as_of = as_of.date() if isinstance(as_of, datetime) else as_of
        if as_of not in self._fitted:
            dataset = self.dataset if as_of is None else self.dataset.as_of(as_of)
            self._fitted[as_of] = dataset, _scorer(self.scorer, self.weights).fit(dataset)
        return self._fitted[as_of]


def no_lists() -> pl.DataFrame:
    """What `everyone` yields, of nobody."""
    return pl.DataFrame(schema=LIST)


def _scorer(scorer: str | Scorer, weights: Weights | None) -> Scorer:
    if not isinstance(scorer, str):
        return copy.copy(scorer)  # the caller's own, and the one of another day, stay as they are
    if scorer == "blend":
        return Blend(weights)
    if scorer not in SCORERS:
        known = "known: blend, " + ", ".join(SCORERS)
        raise UsageError(Problem("MM-USE-012", f"no scorer is called {quoted(scorer)}", known))
    return SCORERS[scorer]()


def block_size(n: int) -> int:
    """Seekers that are ranked together among `n` organizations: as many as keep a block small."""
    return max(16, min(BLOCK, CELLS // max(n, 1)))


def _tasks(dataset: Dataset, rows: IntArray, among: Among) -> Iterator[tuple[IntArray, Among]]:
    """Blocks of seekers of one side, in the order of rows, and who may be in their lists."""
    sides, size = dataset.side[rows], block_size(len(dataset))
    across = {side: dataset.across(int(rows[np.argmax(sides == side)])) for side in np.unique(sides).tolist()}
    cuts = np.flatnonzero(np.diff(sides)) + 1
    for run in np.split(rows, cuts):
        for start in range(0, len(run), size):
            block = run[start : start + size]
            others = across[int(dataset.side[block[0]])] if dataset.domain.sides else np.ones(len(dataset), dtype=bool)
            yield block, among._replace(allowed=among.allowed & others)


def _allowed(dataset: Dataset, region: str | None, sector: str | None, kind: str | None, conveners: bool) -> BoolArray:
    allowed = dataset.known_by_now.copy()
    if not (conveners or _asks_for_conveners(dataset, sector, kind)):
        allowed &= ~dataset.conveners
    if region is not None:
        allowed &= _below(dataset.places, resolve_term(dataset.regions, region, "region"), dataset.regions)
    for name, value in (("sector", sector), ("kind", kind)):
        if value is not None:
            stated = dataset.organizations["sector"].to_list()
            allowed &= _below(stated, _sector(dataset, value, name), dataset.sectors)
    return allowed


def _asks_for_conveners(dataset: Dataset, sector: str | None, kind: str | None) -> bool:
    asked = [_sector(dataset, value, name) for name, value in (("sector", sector), ("kind", kind)) if value is not None]
    return any(dataset.sectors.attribute(term, "candidate", True) is False for term in asked)


def _sector(dataset: Dataset, text: str, what: str) -> str:
    """The sector, or the kind, that `text` names."""
    kinds = {dataset.sectors.root(term) for term in dataset.sectors.terms}
    return resolve_term(dataset.sectors, text, what, kinds if what == "kind" else None)


def _below(stated: Sequence[str | None], term: str, vocabulary: Vocabulary) -> BoolArray:
    """By organization: whether what it states is the term or below it."""
    inside = {each: term in vocabulary.ancestors(each) for each in set(stated) if each is not None}
    return np.array([each is not None and inside[each] for each in stated], dtype=bool)


def _unknown(dataset: Dataset, row: int) -> list[str]:
    """What the data do not tell of an organization, as sentences."""
    organization = dataset.organization(row)
    name = organization.name
    notes = [f"{name} states no {what}" for what in ("interests", "offers", "seeks") if not getattr(organization, what)]
    notes += [
        f"the {what} of {name} is not known" for what in ("sector", "region") if getattr(organization, what) is None
    ]
    if not dataset.graph.everyone[[row]].nnz:
        notes.append(
            f"no event or agreement of {name} is recorded" + (f" up to {dataset.today}" if dataset.cut else "")
        )
    return notes


def _count(n: int) -> int:
    if n < 0 or not math.isfinite(n):
        raise UsageError(Problem("MM-USE-014", f"{n} is no number of partners", "give 0 or more"))
    return int(n)

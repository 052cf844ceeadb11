"""The organization–context graph: who took part in what, when, and how much it counts."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple, Self

import numpy as np
import scipy.sparse as sp

from matchmaker.array import BoolArray, FloatArray, IntArray
from matchmaker.sparse import CSR, Row, Step, in_both, inverse, row_of, row_sums, scaled, times_row, transposed

if TYPE_CHECKING:
    import networkx as nx

    from matchmaker.dataset import Dataset


class Context(NamedTuple):
    """What two organizations can have in common: an event or an agreement."""

    kind: str
    title: str
    day: date | None
    source: str | None


@dataclass(frozen=True, eq=False)
class ContextGraph:
    """A bipartite graph of organizations and contexts; an event of 100,000 costs its participants, not their square.

    Attributes:
        strength: shape (n_contexts,): weight of the kind of context × decay by age.
        size: shape (n_contexts,): organizations that are surely in it (all, where no one is sure; those stated, where
            more than are listed).
        size_with_doubtful: shape (n_contexts,): the unverified ones counted, too.
        everyone: shape (n, n_contexts): role weights of all memberships.
        verified: shape (n, n_contexts): the same, verified memberships of verified contexts only.
    """

    dataset: Dataset
    strength: FloatArray
    size: FloatArray
    size_with_doubtful: FloatArray
    everyone: CSR
    verified: CSR
    settings: Mapping[str, Any]
    _visits: dict[tuple[bytes | float | str, ...], FloatArray] = field(default_factory=dict)

    @classmethod
    def fit(cls, dataset: Dataset) -> Self:
        """Build the graph of `dataset`: its events first, then one context for each of its partnerships."""
        settings = dataset.domain.settings["graph"]
        rows, columns, roles, trusted = (
            np.concatenate(parts)
            for parts in zip(_event_members(dataset, settings), _agreement_members(dataset), strict=True)
        )
        rows, columns = rows.astype(np.int32), columns.astype(np.int32)  # what is read at every step is half as much
        shape = len(dataset), dataset.events.height + dataset.partnerships.height
        everyone = sp.csr_array((roles, (rows, columns)), shape=shape)
        verified = sp.csr_array((roles[trusted], (rows[trusted], columns[trusted])), shape=shape)
        members, trusted_members = (np.bincount(m.indices, minlength=shape[1]) for m in (everyone, verified))
        stated = np.concatenate([_stated_sizes(dataset), np.full(dataset.partnerships.height, 2.0)])
        size = np.maximum(np.where(trusted_members > 0, trusted_members, members), stated)
        size_with_doubtful = np.maximum(members, stated)
        return cls(dataset, _strength(dataset, settings), size, size_with_doubtful, everyone, verified, settings)

    def lay_out(self) -> Self:
        """Work out everything that a list and its reasons need, for an index to keep; the graph itself."""
        for name in ("step", "met", "meetings", "kernel", "_kernel_transposed", "_present", "_present_transposed"):
            getattr(self, name)
        return self

    def context(self, column: int) -> Context:
        """The event or agreement of a column."""
        n_events = self.dataset.events.height
        if column < n_events:
            event = self.dataset.events.row(column, named=True)
            return Context(event["kind"] or "event", event["title"] or event["event_id"], event["day"], event["source"])
        deal = self.dataset.partnerships.row(column - n_events, named=True)
        kind = deal["kind"] or "agreement"
        names = [self.dataset.organization(self.dataset.row(deal[side])).name for side in ("left", "right")]
        return Context("agreement", f"{kind} of {names[0]} and {names[1]}", deal["day"], deal["source"])

    @cached_property
    def weighted(self) -> CSR:
        """Shape (n, n_contexts): verified memberships × strength; what walks and degrees are made of."""
        return scaled(self.verified, columns=self.strength)

    @cached_property
    def degree(self) -> FloatArray:
        """Shape (n,): weighted number of verified contexts."""
        return row_sums(self.weighted)

    @cached_property
    def meetings(self) -> FloatArray:
        """Shape (n,): weighted number of meetings with others, an event with m others m times; row sums of `met`."""
        meetings: FloatArray = self.met.back(self.met(np.ones((len(self.degree), 1))))[0]
        return meetings

    @cached_property
    def met(self) -> Step:
        """The step A, A_ij = Σ over verified contexts of role_i role_j strength, and 0 for i = j."""
        return Step.of(self.weighted, self.verified_transposed, self.alone)

    @cached_property
    def verified_transposed(self) -> CSR:
        """Shape (n_contexts, n)."""
        return transposed(self.verified)

    @cached_property
    def alone(self) -> FloatArray:
        """Shape (n,): what an organization would meet itself."""
        return row_sums(sp.csr_array(self.weighted.multiply(self.verified)))

    @cached_property
    def kernel(self) -> CSR:
        """Shape (n, n_contexts): B, so that one symmetric step of the walk between organizations is B (Bᵀ x)."""
        return scaled(self.weighted, rows=_root(self.degree), columns=_root(self._context_degree))

    @cached_property
    def _kernel_transposed(self) -> CSR:
        return transposed(self.kernel)

    @cached_property
    def _context_degree(self) -> FloatArray:
        return row_sums(transposed(self.weighted))

    @cached_property
    def step(self) -> Step:
        """One symmetric step of the walk, organization to organization."""
        return Step.of(self.kernel, self._kernel_transposed)

    def visits(self, rows: IntArray, restart: float, steps: int) -> FloatArray:
        """How often a random walk with restart from each of `rows` is at each organization.

        Personalized PageRank on the bipartite graph, contexts eliminated: (1 − d) eᵢᵀ (I − dP)⁻¹, d = (1 − restart)²,
        made symmetric by degree and solved for a block of sources by Chebyshev iteration: the spectrum lies in
        [1 − d, 1], so `steps` need no inner products (Golub & Varga, Numerische Mathematik 3, 1961).

        Returns:
            Shape (len(rows), n), rows summing to 1 (0 for an organization without a verified context).
        """
        return self.remembered(rows, lambda: self.solve_visits(rows, restart, steps), restart, steps)

    def remembered(self, rows: IntArray, work: Callable[[], FloatArray], *kind: float | str) -> FloatArray:
        """A copy of the block that `work` makes for `rows`; the last two of whatever `kind` are not made again."""
        key = np.asarray(rows, dtype=np.int64).tobytes(), *kind
        if key not in self._visits:
            if len(self._visits) >= 2:
                self._visits.pop(next(iter(self._visits)))
            self._visits[key] = work()
        return self._visits[key].copy()

    def solve_visits(self, rows: IntArray, restart: float, steps: int) -> FloatArray:
        """`visits`, without remembering the last blocks."""
        damping, step = (1.0 - restart) ** 2, self.step

        def operator(x: FloatArray) -> FloatArray:
            onward = step(x)
            onward *= -damping
            onward += x
            return onward

        solution = chebyshev(operator, step.units(rows), 1.0 - damping, 1.0, steps)
        share = (1.0 - damping) * _root(self.degree)[rows][:, None]
        return np.maximum(step.back(solution) * np.sqrt(self.degree)[None, :] * share, 0.0)

    def shared(self, left: int, right: int) -> list[tuple[int, float, bool]]:
        """Contexts that two organizations share: (column, product of role weights, verified)."""
        columns, mine, theirs = in_both(row_of(self.everyone, left), row_of(self.everyone, right))
        trusted, *roles = in_both(row_of(self.verified, left), row_of(self.verified, right))
        known = set(trusted[roles[0] * roles[1] > 0].tolist())
        entries = zip(columns.tolist(), (mine * theirs).tolist(), strict=True)
        return [(column, product, column in known) for column, product in entries]

    def together(self, rows: IntArray) -> CSR:
        """Shape (len(rows), n): in how many contexts, verified or not, each was with everyone, itself included."""
        return sp.csr_array(self._present[rows] @ self._present_transposed)

    def met_before(self, left: IntArray, right: IntArray) -> BoolArray:
        """Shape (k,): whether left[k] and right[k] share a context, verified or not."""
        shared: BoolArray = np.diff(sp.csr_array(self._present[left].multiply(self._present[right])).indptr) > 0
        return shared

    @cached_property
    def _present(self) -> CSR:
        return sp.csr_array(
            (np.ones(self.everyone.nnz), self.everyone.indices, self.everyone.indptr), self.everyone.shape
        )

    @cached_property
    def _present_transposed(self) -> CSR:
        return transposed(self._present)

    def path(self, left: int, right: int) -> list[tuple[Context, int]]:
        """The strongest way from one organization to another over one in between, as (context, where it leads).

        Empty where there is none; one step where the two share a context.
        """
        direct = self._strongest(left, right)
        if direct is not None:
            return [(self.context(direct), right)]
        between, *near = in_both(self._near(left), self._near(right))
        likely = near[0] * near[1] * ((between != left) & (between != right))
        if not likely.any():
            return []
        middle = int(between[np.argmax(likely)])
        first, second = self._strongest(left, middle), self._strongest(middle, right)
        if first is None or second is None:
            return []
        return [(self.context(first), middle), (self.context(second), right)]

    def _near(self, row: int) -> Row:
        """Where one symmetric step leads from an organization."""
        return times_row(row_of(self.kernel, row), self._kernel_transposed)

    def _strongest(self, left: int, right: int) -> int | None:
        columns, mine, theirs = in_both(row_of(self.kernel, left), row_of(self.kernel, right))
        return int(columns[np.argmax(mine * theirs)]) if (mine * theirs).any() else None

    def neighborhood(self, row: int, most: int = 60) -> nx.Graph[Any]:
        """A networkx view: the contexts of an organization and the organizations in them, strongest first.

        Nodes are ("organization", row) and ("context", column); edges carry `weight`.
        """
        import networkx as nx

        graph: nx.Graph[Any] = nx.Graph()
        graph.add_node(("organization", row))
        contexts = self.everyone[[row]].indices
        shared = contexts[np.bincount(self.everyone.indices, minlength=self.everyone.shape[1])[contexts] > 1]
        contexts = shared if len(shared) else contexts
        order = np.argsort(-self.strength[contexts] / np.log1p(self.size[contexts]), kind="stable")
        members = transposed(self.everyone)
        for column in contexts[order].tolist():
            if graph.number_of_nodes() >= most:
                break
            entry = members[[column]]
            for other, weight in zip(entry.indices.tolist(), entry.data.tolist(), strict=True):
                if graph.number_of_nodes() < most or ("organization", other) in graph:
                    graph.add_edge(("organization", other), ("context", column), weight=weight * self.strength[column])
        return graph


def chebyshev(operator: Any, right: FloatArray, low: float, high: float, steps: int) -> FloatArray:
    """Solve `operator(x) = right` for a symmetric operator whose spectrum lies in [low, high], in `steps` steps."""
    center, radius = (high + low) / 2, (high - low) / 2
    ratio = center / radius
    rho = 1.0 / ratio
    x = np.zeros_like(right)
    residual = right.copy()
    direction = residual / center
    for _ in range(steps):
        x += direction
        residual -= operator(direction)
        following = 1.0 / (2.0 * ratio - rho)
        direction *= following * rho
        direction += (2.0 * following / radius) * residual
        rho = following
    return x


def _event_members(dataset: Dataset, settings: Mapping[str, Any]) -> tuple[IntArray, IntArray, FloatArray, BoolArray]:
    organizations, events, facts = dataset.participation_pairs
    weights = settings["role"]
    roles = dataset.participations["role"].list.join("\n")
    weight = {each: _role_weight((each or "").split("\n"), weights) for each in roles.unique().to_list()}
    stated = roles.replace_strict(weight).to_numpy() if weight else np.zeros(0)
    return organizations, events, stated[facts], dataset.sure_participations


def _role_weight(roles: list[str], weights: Mapping[str, float]) -> float:
    return float(max(weights.get(role, weights["other"]) for role in roles))


def _agreement_members(dataset: Dataset) -> tuple[IntArray, IntArray, FloatArray, BoolArray]:
    left, right, facts = dataset.partner_pairs
    columns = facts + dataset.events.height
    trusted = dataset.partnerships["verified"].to_numpy()[facts].astype(bool)
    return (
        np.concatenate([left, right]),
        np.concatenate([columns, columns]),
        np.ones(2 * len(left)),
        np.concatenate([trusted, trusted]),
    )


def _stated_sizes(dataset: Dataset) -> FloatArray:
    return dataset.events["size"].fill_null(0).to_numpy().astype(np.float64)


def _strength(dataset: Dataset, settings: Mapping[str, Any]) -> FloatArray:
    kinds = settings["kind"]
    weight = [kinds.get(kind, kinds["other"]) for kind in dataset.events["kind"].to_list()]
    weight += [kinds["agreement"]] * dataset.partnerships.height
    days = [*dataset.events["day"].to_list(), *dataset.partnerships["day"].to_list()]
    age = np.array([np.nan if day is None else (dataset.today - day).days for day in days], dtype=np.float64)
    decay = np.exp2(-np.maximum(age, 0.0) / settings["half_life_days"])
    strength: FloatArray = np.array(weight, dtype=np.float64) * np.where(np.isnan(age), settings["undated"], decay)
    return strength


def _root(x: FloatArray) -> FloatArray:
    """1/√x, and 0 where x is 0."""
    return inverse(np.sqrt(x))

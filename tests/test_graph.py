"""The graph and what is computed on it, against networkx, dense matrices and worlds at the edge."""

import math
import time
import tracemalloc
from dataclasses import replace

import numpy as np
import polars as pl
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from matchmaker.dataset import Dataset
from matchmaker.graph import ContextGraph, chebyshev
from matchmaker.scorers import SCORERS
from matchmaker.scorers.katz import OddKatz
from tests.worlds import FEWER, FLAT, OPTIONS, World, everyone, fitted, meeting, organization, worlds

RESTART, STEPS = 0.15, 13  # as settings.toml has them


def dense_visits(graph, restart=RESTART):
    """(1 − d) (I − d P)⁻¹ with P from the weights themselves; zero for who has no context."""
    weights = graph.weighted.toarray()
    with np.errstate(divide="ignore", invalid="ignore"):
        onward = np.nan_to_num(weights / weights.sum(axis=1, keepdims=True))
        back = np.nan_to_num(weights / weights.sum(axis=0, keepdims=True)).T
    damping = (1 - restart) ** 2
    visits = (1 - damping) * np.linalg.inv(np.eye(len(weights)) - damping * onward @ back)
    visits[graph.degree == 0] = 0.0
    return visits


def world_of(n, *meetings, domain=FLAT):
    """`n` organizations and meetings of some of them, by number."""
    world = World(domain, tuple(organization(f"o{k:03}") for k in range(n)))
    for number, members in enumerate(meetings):
        world = world.plus(**meeting(f"e{number:03}", *(f"o{k:03}" for k in members)))
    return world


@st.composite
def graphs(draw, most=14):
    """Random small graphs: events of one to five members, each kind and age; some organizations stay alone."""
    n = draw(st.integers(2, most))
    world = world_of(n)
    for number in range(draw(st.integers(1, 10))):
        members = draw(st.lists(st.integers(0, n - 1), min_size=1, max_size=5, unique=True))
        kind, day = draw(st.sampled_from(("signing", "visit"))), draw(st.sampled_from(("2025-01-01", "2015-01-01")))
        world = world.plus(**meeting(f"e{number:02}", *(f"o{k:03}" for k in members), kind=kind, date=day))
    return world.known().graph


# --- walks --------------------------------------------------------------------------------------------------------


@FEWER
@given(graphs())
def test_visits_are_the_personalized_pagerank_of_networkx(graph):
    import networkx as nx

    rows = everyone(graph.dataset)
    visits = graph.visits(rows, RESTART, 40)
    bipartite = nx.Graph()
    bipartite.add_nodes_from(("organization", int(row)) for row in rows)
    for row, column, weight in zip(*_entries(graph.weighted), strict=True):
        bipartite.add_edge(("organization", int(row)), ("context", int(column)), weight=float(weight))
    for row in np.flatnonzero(graph.degree > 0).tolist():
        rank = nx.pagerank(bipartite, 1 - RESTART, {("organization", row): 1.0}, max_iter=2000, tol=1e-12)
        expected = np.array([rank["organization", int(other)] for other in rows])
        np.testing.assert_allclose(visits[row], expected / expected.sum(), rtol=0, atol=1e-9)


def _entries(matrix):
    entries = matrix.tocoo()
    return entries.row, entries.col, entries.data


@given(graphs(most=30))
def test_visits_are_a_dense_solution_and_find_its_best_ten(graph):
    rows = everyone(graph.dataset)
    visits, expected = graph.visits(rows, RESTART, STEPS), dense_visits(graph)
    assert abs(visits - expected).max() <= 1e-6
    np.testing.assert_allclose(visits.sum(axis=1), graph.degree > 0, rtol=0, atol=1e-5)
    np.testing.assert_allclose(graph.visits(rows, RESTART, 60), expected, rtol=0, atol=1e-12)
    for row in rows:
        mine, theirs = (np.round(np.delete(block[row], row), 5) for block in (visits, expected))
        best = np.argsort(-mine, kind="stable")[:10]
        assert (theirs[best] >= np.sort(theirs)[::-1][:10].min()).all()  # those that tie are interchangeable


@given(graphs(), st.floats(0.05, 0.95))
def test_visits_keep_detailed_balance(graph, restart):
    visits = graph.visits(everyone(graph.dataset), restart, 60)
    flow = graph.degree[:, None] * visits
    np.testing.assert_allclose(flow, flow.T, rtol=0, atol=1e-9)
    assert (visits >= 0).all()


@given(st.integers(1, 12), st.integers(0, 2**32 - 1))
def test_chebyshev_solves_a_symmetric_system(n, seed):
    random = np.random.default_rng(seed)
    basis, _ = np.linalg.qr(random.normal(size=(n, n)))
    matrix = basis @ np.diag(random.uniform(0.3, 1.0, n)) @ basis.T
    right = random.normal(size=(n, 3))
    kept = right.copy()
    np.testing.assert_allclose(
        chebyshev(lambda x: matrix @ x, right, 0.3, 1.0, 60), np.linalg.solve(matrix, right), atol=1e-9
    )
    assert (right == kept).all()


@given(graphs())
def test_a_block_of_sources_is_its_sources_one_by_one(graph):
    rows = everyone(graph.dataset)
    block = graph.solve_visits(rows, RESTART, STEPS)
    for row in rows:
        assert block[row].tobytes() == graph.solve_visits(np.array([row]), RESTART, STEPS)[0].tobytes()


def test_the_type_of_row_numbers_makes_no_difference():
    graph = world_of(3, (0, 1), (1, 2)).known().graph
    graph.visits(np.array([1], dtype=np.int64), RESTART, STEPS)
    assert graph.visits(np.array([1, 0], dtype=np.int32), RESTART, STEPS).shape == (2, 3)


def test_visits_belong_to_the_caller():
    graph = world_of(2, (0, 1)).known().graph
    rows = everyone(graph.dataset)
    expected = graph.visits(rows, RESTART, STEPS).copy()
    graph.visits(rows, RESTART, STEPS)[:] = 7.0
    assert (graph.visits(rows, RESTART, STEPS) == expected).all()


# --- graphs at the edge -------------------------------------------------------------------------------------------


def test_an_isolated_organization_is_never_visited_and_visits_no_one():
    graph = world_of(3, (0, 1)).known().graph
    visits = graph.visits(everyone(graph.dataset), RESTART, STEPS)
    assert not visits[2].any()
    assert not visits[:, 2].any()
    assert graph.degree[2] == 0


def test_an_event_of_one_participant_joins_no_one():
    dataset = world_of(2, (0,)).known()
    visits = dataset.graph.visits(everyone(dataset), RESTART, 60)
    np.testing.assert_allclose(visits, [[1, 0], [0, 0]], atol=1e-12)
    for name, scorer in fitted(dataset).items():
        if name not in ("popularity", "text"):
            assert not scorer.score(everyone(dataset)).any(), name


def test_two_organizations_and_one_event_have_the_visits_of_a_two_node_graph():
    dataset = world_of(2, (0, 1)).known()
    damping = (1 - RESTART) ** 2
    here = (1 - damping) * (1 + damping / 2 / (1 - damping))  # one step goes to either with equal chance
    visits = dataset.graph.visits(everyone(dataset), RESTART, 60)
    np.testing.assert_allclose(visits, [[here, 1 - here], [1 - here, here]], atol=1e-12)
    assert not SCORERS["katz"]().fit(dataset).score(everyone(dataset)).any()  # they have met


def test_an_organization_that_attends_twice_as_much_is_visited_more_and_the_roles_count():
    dataset = world_of(3, (0, 1), (0, 1), (0, 2)).known()
    visits = dataset.graph.visits(everyone(dataset), RESTART, 60)
    assert visits[0, 1] > visits[0, 2]
    pair = world_of(2).plus(
        events={"event_id": "e", "date": "2025-01-01", "kind": "forum"},
        participations=[{"event_id": "e", "org_id": "o000", "role": "mentioned"}, {"event_id": "e", "org_id": "o001"}],
    )
    roles = pair.known().graph.everyone.toarray()[:, 0]
    assert roles.tolist() == [0.3, 1.0]


def test_the_largest_role_counts_and_a_stated_size_does():
    world = world_of(2).plus(
        events={"event_id": "e", "date": "2025-01-01", "size": "40"},
        participations=[
            {"event_id": "e", "org_id": "o000", "role": "mentioned; speaker"},
            {"event_id": "e", "org_id": "o000", "role": "planned"},
            {"event_id": "e", "org_id": "o001", "role": "witness"},
        ],
    )
    graph = world.known().graph
    assert graph.everyone.toarray()[:, 0].tolist() == [1.0, 0.5]
    assert graph.size.tolist() == [40.0]


def test_contexts_have_the_strength_of_their_kind_and_age():
    days = ("2025-12-31", "2022-01-01", "2018-01-02")  # today, and one and two half-lives of 1,460 days ago
    world = world_of(2)
    for number, day in enumerate(days):
        world = world.plus(**meeting(f"e{number}", "o000", "o001", date=day, kind="visit"))
    world = world.plus(partnerships={"left": "o000", "right": "o001", "date": "2022-01-01", "kind": "JV"})
    np.testing.assert_allclose(world.known().graph.strength, [0.3, 0.15, 0.075, 0.5], rtol=1e-12)
    undated = world.plus(**meeting("e9", "o000", "o001", date=None, kind="visit")).dataset()
    assert undated.graph.strength[3] == pytest.approx(0.15, rel=1e-12)


@FEWER
@given(graphs(), graphs(), st.data())
def test_what_happens_in_one_component_leaves_the_other_as_it_was(first, second, data):
    # With the scales frozen: visits as they are (their scale, the number of connected organizations, may move), lifts
    # over the degree, chains over the eigenvalue that was found before.
    left, right = (graph.dataset for graph in (first, second))
    joined = _side_by_side(left, right)
    assume(len(right) >= 2)
    members = data.draw(st.lists(st.sampled_from(right.ids), min_size=1, max_size=4, unique=True))
    frames = _frames(joined)
    event = pl.DataFrame({"event_id": ["new"], "date": ["2024-01-01"], "kind": ["signing"]})
    part = pl.DataFrame({"event_id": ["new"] * len(members), "org_id": [f"right-{member}" for member in members]})
    frames["events"] = pl.concat([frames["events"], event], how="diagonal_relaxed")
    frames["participations"] = pl.concat([frames["participations"], part], how="diagonal_relaxed")
    grown = Dataset.from_frames(domain=FLAT, options=OPTIONS, **frames).as_of(OPTIONS.today)
    rows = np.flatnonzero([identifier.startswith("left") for identifier in joined.ids])
    block = np.ix_(range(len(rows)), rows)
    for dataset in (joined, grown):
        assert not np.delete(dataset.graph.visits(rows, RESTART, STEPS), rows, axis=1).any()
    old, new = (dataset.graph.visits(rows, RESTART, STEPS)[block] for dataset in (joined, grown))
    np.testing.assert_allclose(new, old, rtol=0, atol=1e-12)
    np.testing.assert_allclose(grown.graph.degree[rows], joined.graph.degree[rows], rtol=0, atol=1e-12)
    for name in ("contexts", "bridge", "regions"):
        old, new = (SCORERS[name]().fit(dataset).score(rows)[block] for dataset in (joined, grown))
        np.testing.assert_allclose(new, old, rtol=0, atol=1e-12, err_msg=name)
    before, after = (OddKatz().fit(dataset) for dataset in (joined, grown))
    after.scale_ = before.scale_
    np.testing.assert_allclose(after.score(rows)[block], before.score(rows)[block], rtol=0, atol=1e-9)


def _side_by_side(left, right):
    """Both worlds as one, their identifiers kept apart."""
    frames = {}
    for name in ("organizations", "events", "participations"):
        parts = []
        for side, dataset in (("left", left), ("right", right)):
            keys = [key for key in ("org_id", "event_id") if key in getattr(dataset, name).columns]
            parts.append(
                getattr(dataset, name).with_columns((pl.lit(f"{side}-") + pl.col(key)).alias(key) for key in keys)
            )
        frames[name] = pl.concat(parts)
    return Dataset.from_frames(domain=FLAT, options=OPTIONS, **frames).as_of(OPTIONS.today)


def _frames(dataset):
    return {name: getattr(dataset, name) for name in ("organizations", "events", "participations")}


def _star(n):
    """One event of `n` participants."""
    ids = [f"o{k:06}" for k in range(n)]
    return Dataset.from_frames(
        domain=FLAT,
        options=OPTIONS,
        organizations=pl.DataFrame({"org_id": ids}),
        events=pl.DataFrame({"event_id": ["star"], "date": ["2024-01-01"]}),
        participations=pl.DataFrame({"event_id": ["star"] * n, "org_id": ids}),
    )


def test_an_event_of_100_000_costs_its_participants_and_not_their_square():
    graph_scorers = ("sectors", "contexts", "walk", "walk_corrected", "katz", "bridge", "popularity")
    peaks, seconds = [], []
    for n in (10_000, 100_000):
        dataset = _star(n)
        tracemalloc.start()
        start = time.process_time()
        for name in graph_scorers:
            block = SCORERS[name]().fit(dataset).score(np.array([0, n - 1]))
            assert block.shape == (2, n)
            assert np.isfinite(block).all()
            assert block.max() <= 1.0
        seconds.append(time.process_time() - start)
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] < 15 * peaks[0]
    assert peaks[1] < 200 * 2**20  # its square would be 80 GB
    assert seconds[1] < 20


def test_a_star_is_walked_as_its_formula_says():
    n = 1000
    dataset = _star(n)
    visits = dataset.graph.visits(np.array([0]), RESTART, STEPS)[0]
    damping = (1 - RESTART) ** 2
    np.testing.assert_allclose(visits[1:], damping / n, rtol=1e-5)
    assert visits[0] == pytest.approx(1 - damping + damping / n, rel=1e-6)


def test_a_hub_of_many_small_events_is_found_by_each_of_its_leaves():
    # The symmetric error grows by the root of the ratio of degrees: here 1,000 to 1.
    graph = world_of(1001, *((0, k) for k in range(1, 1001))).known().graph
    visits = graph.visits(np.array([1]), RESTART, STEPS)[0]
    exact = graph.visits(np.array([1]), RESTART, 60)[0]
    assert np.argmax(np.delete(visits, 1)) == 0
    assert visits[0] == pytest.approx(exact[0], rel=1e-3)


# --- Katz ---------------------------------------------------------------------------------------------------------


@given(worlds(least=2))
def test_odd_katz_is_a_sum_of_dense_matrix_powers(world):
    dataset = world.known()
    n, graph = len(dataset), dataset.graph
    links = np.zeros((n, n))
    members = graph.verified.toarray()
    agreed = len(dataset.verified_partner_pairs.fact) > 0
    for column in range(dataset.events.height if agreed else 0, members.shape[1]):
        share = 1.0 if agreed else max(graph.size[column] - 1, 1)
        links += graph.strength[column] / share * np.outer(members[:, column], members[:, column])
    np.fill_diagonal(links, 0.0)
    if agreed:
        links = np.minimum(links, 1.0)
    scorer = OddKatz().fit(dataset)
    largest = float(np.linalg.eigvalsh(links).max(initial=0.0))
    assert scorer.scale_ == pytest.approx(largest, rel=0.01, abs=1e-12)
    if largest == 0.0:
        assert not scorer.score(everyone(dataset)).any()
        return
    third, fifth = (np.linalg.matrix_power(links / scorer.scale_, power) for power in (3, 5))
    chains = (third + 0.25 * fifth) / 1.25  # the attenuation of settings.toml, squared
    np.fill_diagonal(chains, 0.0)
    chains[links > 0] = 0.0
    expected = np.minimum(np.log1p(n * chains) / math.log1p(n), 1.0)
    np.testing.assert_allclose(scorer.score(everyone(dataset)), expected, rtol=0, atol=1e-9)


def test_katz_finds_partners_of_partners_of_partners():
    chain = world_of(5).plus(
        partnerships=[{"left": f"o00{k}", "right": f"o00{k + 1}", "date": "2025-01-01"} for k in range(4)]
    )
    score = OddKatz().fit(chain.known()).score(everyone(chain.known()))
    assert score[0, 3] > 0  # three steps
    assert score[0, 2] == score[0, 4] == 0  # two and four


# --- views --------------------------------------------------------------------------------------------------------


@given(graphs())
def test_a_neighborhood_holds_contexts_of_the_organization_and_their_members(graph):
    for row in range(len(graph.dataset)):
        view = graph.neighborhood(row)
        contexts = {column for kind, column in view if kind == "context"}
        own = graph.everyone[[row]].indices
        shared = own[(graph.everyone[:, own].toarray() > 0).sum(axis=0) > 1]
        assert contexts == set((shared if len(shared) else own).tolist())
        members = graph.everyone.toarray()
        for kind, number in view:
            if kind == "organization" and number != row:
                assert any(members[number, column] > 0 for column in contexts)


@given(graphs())
def test_a_path_leads_where_it_says_over_contexts_that_both_share(graph):
    near = (graph.kernel @ graph.kernel.T).toarray()
    for left, right in np.ndindex(near.shape):
        if left == right:
            continue
        steps = graph.path(left, right)
        shares = near[left, right] > 0
        reach = ((near[left] > 0) & (near[right] > 0))[[k for k in range(len(near)) if k not in (left, right)]].any()
        assert len(steps) == (1 if shares else 2 if reach else 0)
        assert not steps or steps[-1][1] == right


def test_the_graph_of_a_dataset_is_built_once_and_is_that_of_fit():
    dataset = world_of(3, (0, 1), (1, 2)).known()
    assert dataset.graph is dataset.graph
    again = ContextGraph.fit(dataset)
    assert (again.weighted != dataset.graph.weighted).nnz == 0
    assert (replace(again).degree == dataset.graph.degree).all()

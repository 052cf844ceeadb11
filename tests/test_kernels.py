"""The compiled kernels against plain Python and scipy: the same answers, to the last bit where sums have one order."""

from dataclasses import dataclass
from math import inf, nan

import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given
from hypothesis import strategies as st

from matchmaker import kernels, ranking
from matchmaker.graph import chebyshev
from matchmaker.kernels import Limits, Product, Rows, Walk
from matchmaker.sparse import inverse
from tests.kernels_reference import mean, on_scale, sums, top
from tests.test_cli_process import imported_by
from tests.worlds import FEWER, worlds

WIDTHS = (200, 130, 65, 64, 63, 5, 1)  # columns; 64 are scanned at once


@dataclass
class Case:
    """Two factors with many ties, and what may not be in the answer."""

    left: np.ndarray
    right: np.ndarray
    rows: np.ndarray
    allowed: np.ndarray
    excluded: np.ndarray
    n: int

    @property
    def limits(self):
        return Limits(self.allowed, Rows.of(sp.csr_array(self.excluded)), leave_self=True)

    def permitted(self, row):
        others = np.arange(len(self.right)) != row
        return self.allowed & (self.excluded[row] == 0) & others


def product(left, right):
    return Product.of(sp.csr_array(left), sp.csr_array(right), left.dtype)


@st.composite
def cases(draw):
    generator = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    dtype, m = draw(st.sampled_from([np.float32, np.float64])), draw(st.sampled_from(WIDTHS))
    n_rows, features = generator.integers(1, 6), generator.integers(1, 13)
    levels, density = draw(st.sampled_from([10**6, 4, 2])), draw(st.sampled_from([1.0, 0.3, 0.1]))

    def factor(n):
        return np.ceil(generator.random((n, features)) * levels) / levels * (generator.random((n, features)) < density)

    n_rows = min(n_rows, m)
    left, right = factor(n_rows).astype(dtype), factor(m).astype(dtype)
    rows = generator.integers(0, n_rows, 4)
    allowed = generator.random(m) < draw(st.sampled_from([1.0, 0.5]))
    excluded = generator.random((n_rows, m)) < draw(st.sampled_from([0.2, 0.0]))
    return Case(left, right, rows, allowed, excluded.astype(float), int(generator.integers(1, 13)))


def assert_best(found, wanted):
    """The same columns and, to the last bit, the same scores."""
    assert found.columns.tolist() == [columns for columns, _ in wanted]
    assert found.scores.tolist() == [scores for _, scores in wanted]


@given(cases())
def test_the_best_of_a_sparse_product(case):
    wanted = [top(sums(case.left, case.right, row), case.n, case.permitted(row)) for row in case.rows]
    assert_best(kernels.best_sparse(product(case.left, case.right), case.rows, case.n, case.limits), wanted)


@given(cases(), st.floats(-1.0, 2.0, width=16))
def test_scores_must_be_above_a_threshold(case, above):
    everyone = np.ones(len(case.right), dtype=bool)
    wanted = [top(sums(case.left, case.right, row), case.n, everyone, above) for row in case.rows]
    assert_best(kernels.best_sparse(product(case.left, case.right), case.rows, case.n, above=above), wanted)


@given(cases(), st.sampled_from(sorted(kernels.MEANS)))
def test_the_best_of_two_directions(case, kind):
    back_left = case.right[: len(case.left)][:, ::-1]
    back_right = np.roll(case.right, 1, axis=1)
    case.rows = case.rows[case.rows < len(back_left)]
    wanted = []
    for row in case.rows:
        both = zip(sums(case.left, case.right, row), sums(back_left, back_right, row), strict=True)
        wanted.append(top([mean(kind, ours, theirs) for ours, theirs in both], case.n, case.permitted(row)))
    directions = product(case.left, case.right), product(back_left, back_right)
    assert_best(kernels.best_reciprocal(*directions, case.rows, case.n, case.limits, mean=kind), wanted)


@given(cases(), st.sampled_from(sorted(kernels.SCALES)), st.booleans(), st.sampled_from([np.float32, np.float64]))
def test_a_scaled_sparse_product_is_added_to_a_block(case, scale, weighted, dtype):
    generator = np.random.default_rng(len(case.rows))
    out = generator.random((len(case.rows), len(case.right))).astype(dtype)
    weight = generator.random(len(case.rows)) if weighted else 0.5
    columns = generator.random(len(case.right)) if weighted else None
    wanted = out.astype(float)
    for k, row in enumerate(case.rows):
        for column, x in enumerate(sums(case.left, case.right, row).astype(float)):
            factor = (weight[k] * columns[column]) if weighted else weight
            wanted[k, column] += factor * min(on_scale(scale, x, 30.0), 0.75)
    options = {"scale": scale, "chance": 30.0, "most": 0.75, "columns": columns, "threads": 2, "block": 2}
    kernels.add_sparse(product(case.left, case.right), case.rows, weight, out, **options)
    np.testing.assert_allclose(out, wanted, rtol=1e-6 if dtype == np.float32 else 1e-12)


@given(
    st.integers(0, 2**32 - 1), st.sampled_from(WIDTHS), st.integers(0, 9), st.sampled_from([3, 10**6]), st.booleans()
)
def test_the_best_of_a_dense_block(seed, m, n, levels, one_mask):
    generator = np.random.default_rng(seed)
    block = np.floor(generator.normal(size=(4, m)) * levels) / levels
    block[generator.random((4, m)) < 0.05] = -inf
    block[generator.random((4, m)) < 0.05] = nan
    allowed = generator.random((4, m)) < 0.7
    if one_mask:
        allowed = allowed[0]
    masks = np.broadcast_to(allowed, block.shape)
    wanted = [top(scores, n, mask, -inf) for scores, mask in zip(block, masks, strict=True)]
    assert_best(kernels.best_dense(block, n, allowed=allowed, threads=2), wanted)


@given(st.integers(0, 2**32 - 1), st.sampled_from(WIDTHS), st.integers(1, 9))
def test_comparable_scores_are_ranked_as_the_recommender_ranks_them(seed, m, n):
    generator = np.random.default_rng(seed)
    block = generator.integers(1, 4, (3, m)) / 3 * 10.0 ** generator.integers(-9, 3, (3, m))
    block *= 1 + generator.integers(-2, 3, (3, m)) * 2.0**-50
    best = kernels.best_dense(block, n, comparable=True)
    for row in range(3):
        wanted = ranking.best(block[row], np.arange(m), n)
        assert best.columns[row, : len(wanted)].tolist() == wanted
        assert best.scores[row, : len(wanted)].tolist() == block[row, wanted].tolist()


def test_comparable_scores_of_single_precision_are_equal_only_if_they_are():
    block = np.random.default_rng(7).integers(1, 9, (3, 500)).astype(np.float32) / 7
    wanted = [top(row, 9, np.ones(500, dtype=bool), -inf) for row in block]
    assert_best(kernels.best_dense(block, 9, comparable=True), wanted)


def test_answers_depend_on_neither_blocks_nor_threads_nor_the_order_of_rows():
    generator = np.random.default_rng(5)
    left = sp.random_array((700, 40), density=0.2, rng=generator, format="csr")
    both = Product.of(left, left)
    order = generator.permutation(700)
    for search in (
        lambda rows, **how: kernels.best_sparse(both, rows, 10, Limits(leave_self=True), **how),
        lambda rows, **how: kernels.best_reciprocal(both, both, rows, 10, mean="harmonic", **how),
    ):
        one = search(np.arange(700))
        for how in ({"threads": 2, "block": 13}, {"threads": 2}, {"block": 1}):
            other = search(order, **how)
            assert (other.columns == one.columns[order]).all()
            assert (other.scores == one.scores[order]).all()


def test_the_float_sums_of_many_rows_are_those_of_scipy():
    generator = np.random.default_rng(6)
    left, right = (sp.random_array((n, 300), density=0.03, rng=generator, format="csr") for n in (500, 3_000))
    best = kernels.best_sparse(Product.of(left, right), np.arange(500), 10)
    exact = (left @ right.T).toarray()
    np.testing.assert_allclose(best.scores, -np.sort(-exact, axis=1)[:, :10], rtol=1e-5)
    np.testing.assert_allclose(best.scores, np.take_along_axis(exact, best.columns, axis=1), rtol=1e-5)


def test_nothing_asked_and_nothing_allowed():
    both, rows = product(np.ones((2, 3)), np.ones((70, 3))), np.arange(2)
    nobody = Limits(allowed=np.zeros(70, dtype=bool))
    for search in (kernels.best_sparse, lambda *asked: kernels.best_reciprocal(both, *asked)):
        assert search(both, rows, 0).columns.shape == (2, 0)
        assert search(both, rows[:0], 3).columns.shape == (0, 3)
        assert search(both, rows, 2, nobody).columns.tolist() == [[-1, -1], [-1, -1]]
        assert search(both, rows, 2, nobody).scores.tolist() == [[0.0, 0.0], [0.0, 0.0]]
    assert kernels.best_dense(np.ones((2, 70)), 2, allowed=nobody.allowed).columns.tolist() == [[-1, -1], [-1, -1]]
    assert kernels.best_dense(np.ones((0, 70)), 2).columns.shape == (0, 2)
    assert kernels.best_dense(np.ones((2, 70)), 0).columns.shape == (2, 0)


def test_mistakes_are_refused_before_compiled_code_reads_beyond_an_array():
    two, three = product(np.ones((2, 3)), np.ones((4, 3))), product(np.ones((2, 3)), np.ones((3, 3)))
    rows, mask = np.arange(2), np.ones(4, dtype=bool)
    for call in (
        lambda: kernels.best_sparse(two, np.array([2]), 1),
        lambda: kernels.best_sparse(two, np.array([-1]), 1),
        lambda: kernels.best_sparse(Product(two.left, two.left), rows, 1),
        lambda: kernels.best_sparse(two, rows, 1, Limits(allowed=mask[:3])),
        lambda: kernels.best_sparse(two, rows, 1, Limits(excluded=Rows.of(sp.csr_array((1, 4))))),
        lambda: kernels.best_sparse(product(np.ones((5, 3)), np.ones((4, 3))), rows, 1, Limits(leave_self=True)),
        lambda: kernels.best_sparse(Product(two.left, Rows(*two.flipped[:2], np.ones(12, np.float32), 4)), rows, 1),
        lambda: kernels.best_reciprocal(two, three, rows, 1),
        lambda: kernels.best_reciprocal(two, product(np.ones((2, 3), "f4"), np.ones((4, 3), "f4")), rows, 1),
        lambda: kernels.add_sparse(two, rows, 1.0, np.zeros((2, 3))),
        lambda: kernels.add_sparse(two, rows, 1.0, np.zeros((2, 4)), columns=np.zeros(3)),
        lambda: kernels.best_dense(np.ones((2, 4)), 1, allowed=mask[:3]),
        lambda: kernels.chebyshev_visits(Walk.of(sp.csr_array(np.eye(2)), np.ones(2)), np.array([2]), 0.15, 8),
    ):
        with pytest.raises(ValueError, match=r"."):
            call()


# --- walks -----------------------------------------------------------------------------------------------------------


def network(n, contexts, seed=0):
    """Who is in which context; the last organization is in none."""
    generator = np.random.default_rng(seed)
    members = (generator.random((n, contexts)) < generator.pareto(2.0, contexts) / n + 1 / n) * generator.random(
        contexts
    )
    members[-1] = 0
    degree = members.sum(axis=1)
    kernel = members * np.sqrt(inverse(degree))[:, None] * np.sqrt(inverse(members.sum(axis=0)))
    return kernel, degree


def visits_by_definition(kernel, degree, rows, restart, steps):
    """`ContextGraph.solve_visits` with dense matrices."""
    damping, source = (1 - restart) ** 2, np.eye(len(degree))[:, rows]
    x = chebyshev(lambda x: x - damping * (kernel @ (kernel.T @ x)), source, 1 - damping, 1.0, steps)
    root = np.sqrt(degree)
    return np.maximum((1 - damping) * x * root[:, None] * inverse(root)[rows], 0.0).T


@pytest.mark.parametrize("n_rows", [0, 1, 2, 64, 65, 130])
@pytest.mark.parametrize(("restart", "steps"), [(0.15, 1), (0.15, 8), (0.5, 13)])
def test_walks_are_those_of_the_graph(n_rows, restart, steps):
    kernel, degree = network(300, 400)
    rows = np.random.default_rng(n_rows).integers(0, 300, n_rows)
    rows[:1] = 299
    found = kernels.chebyshev_visits(Walk.of(sp.csr_array(kernel), degree), rows, restart, steps)
    np.testing.assert_allclose(found, visits_by_definition(kernel, degree, rows, restart, steps), atol=3e-7)


def test_a_walk_is_the_same_alone_and_among_others():
    kernel, degree = network(500, 600, seed=1)
    walk, rows = Walk.of(sp.csr_array(kernel), degree), np.arange(200)
    one = kernels.chebyshev_visits(walk, rows, 0.15, 9)
    assert (kernels.chebyshev_visits(walk, rows[::-1], 0.15, 9, threads=2) == one[::-1]).all()
    assert (kernels.chebyshev_visits(walk, rows[7:8], 0.15, 9) == one[7]).all()
    assert (kernels.chebyshev_visits(walk, rows[:5], 0.15, 9, dtype=np.float32) == one[:5]).all()


@FEWER
@given(worlds(least=1))
def test_walks_in_any_world(world):
    graph = world.known().graph
    rows = np.arange(len(graph.degree))
    found = kernels.chebyshev_visits(Walk.of(graph.kernel, graph.degree), rows, 0.15, 13)
    np.testing.assert_allclose(found, graph.solve_visits(rows, 0.15, 13), atol=1e-6)


# --- what it costs those who do not use it ---------------------------------------------------------------------------


def test_the_library_and_a_match_do_not_import_the_compiler():
    assert "numba" not in imported_by("import matchmaker")
    run = "from matchmaker.cli.program import run"
    assert "numba" not in imported_by(run, "run(['--help'])")
    assert "numba" not in imported_by(run, "run(['match', 'GenNBio', '-n', '1'])")
    assert "numba" in imported_by("import matchmaker.kernels")

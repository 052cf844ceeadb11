"""Rows of sparse matrices, and steps in an order of their own, are what plain matrix products say."""

import numpy as np
import scipy.sparse as sp
from hypothesis import given
from hypothesis import strategies as st

from matchmaker import kernels
from matchmaker.scorers.base import Factors
from matchmaker.sparse import Row, Step, in_both, row_of, scaled, times_row
from tests.worlds import FEWER


@st.composite
def matrices(draw):
    shape = draw(st.integers(1, 8)), draw(st.integers(1, 8))
    cells = draw(st.lists(st.sampled_from([0.0, 0.0, 0.5, 1.0, 3.0]), min_size=shape[0] * shape[1], max_size=64))
    return sp.csr_array(np.array(cells[: shape[0] * shape[1]]).reshape(shape))


def dense(row, width):
    values = np.zeros(width)
    values[row.columns] = row.values
    return values


@given(matrices(), st.data())
def test_rows_are_those_of_the_matrix(matrix, data):
    left, right = (data.draw(st.integers(0, matrix.shape[0] - 1)) for _ in range(2))
    full = matrix.toarray()
    np.testing.assert_array_equal(dense(row_of(matrix, left), matrix.shape[1]), full[left])
    columns, mine, theirs = in_both(row_of(matrix, left), row_of(matrix, right))
    assert columns.tolist() == np.flatnonzero((full[left] > 0) & (full[right] > 0)).tolist()
    np.testing.assert_array_equal(mine * theirs, (full[left] * full[right])[columns])
    onward = sp.csr_array(matrix.T)
    np.testing.assert_allclose(
        dense(times_row(row_of(matrix, left), onward), matrix.shape[0]), full[left] @ full.T, atol=1e-12
    )


def test_a_row_of_nothing_leads_nowhere():
    nothing = Row(np.zeros(0, dtype=np.int64), np.zeros(0))
    assert len(times_row(nothing, sp.csr_array(np.eye(3))).columns) == 0
    assert len(in_both(nothing, row_of(sp.csr_array(np.eye(3)), 1))[0]) == 0
    assert len(in_both(row_of(sp.csr_array(np.eye(3)), 1), nothing)[0]) == 0


@FEWER
@given(matrices(), st.booleans())
def test_a_step_in_its_own_order_is_the_step(matrix, alone):
    n = matrix.shape[0]
    right = sp.csr_array(matrix.T)
    own = np.asarray(matrix.multiply(matrix).sum(axis=1)).ravel() if alone else np.zeros(n)
    rows = np.arange(n)[::-1]
    step = Step.of(matrix, right, own if alone else None)
    expected = (matrix @ right).toarray() - np.diag(own)
    np.testing.assert_allclose(step.back(step(step.units(rows))), expected[rows], atol=1e-12)
    units = np.eye(n, dtype=np.float32)
    np.testing.assert_allclose(kernels.Steps.of(matrix, right, own)(units), expected, atol=1e-5)
    links = sp.csr_array(matrix @ right)  # contexts that stand for one organization each
    through = kernels.Steps.of(links, sp.csr_array(sp.eye_array(n)), np.zeros(n))(units)
    np.testing.assert_allclose(through, links.toarray(), atol=1e-5)


def test_factors_do_not_reorder_what_shares_their_columns():
    matrix = sp.csr_array((np.array([1.0, 2.0, 3.0]), np.array([2, 0, 1]), np.array([0, 3])), shape=(1, 3))
    one, other = scaled(matrix, rows=np.ones(1)), scaled(matrix, rows=np.ones(1))
    before = other.toarray()
    factors = Factors.of(one)
    np.testing.assert_array_equal(other.toarray(), before)
    np.testing.assert_array_equal(factors.left.toarray(), before)
    assert row_of(factors.left, 0).columns.tolist() == [0, 1, 2]


@given(matrices())
def test_a_turned_block_is_the_transpose(matrix):
    block = matrix.toarray().astype(np.float32)
    np.testing.assert_array_equal(kernels.turned(block), block.T)

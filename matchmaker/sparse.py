"""Sparse matrices as the scorers use them: typed, and scaled without a diagonal matrix in sight."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple, Self, TypeAlias

import numpy as np
import scipy.sparse as sp

from matchmaker.array import FloatArray, IntArray

CSR: TypeAlias = sp.csr_array


class Row(NamedTuple):
    """A row of a sparse matrix: its columns in order, and their values; both of shape (k,)."""

    columns: IntArray
    values: FloatArray


def row_of(matrix: CSR, row: int) -> Row:
    """One row of `matrix`, whose columns are in order."""
    part = slice(matrix.indptr[row], matrix.indptr[row + 1])
    return Row(matrix.indices[part].astype(np.int64), matrix.data[part])


def in_both(left: Row, right: Row) -> tuple[IntArray, FloatArray, FloatArray]:
    """The columns that two rows share, and the values of either there; all of shape (k,)."""
    place = np.searchsorted(right.columns, left.columns)
    place[place == len(right.columns)] = 0
    here = right.columns[place] == left.columns if len(right.columns) else np.zeros(len(place), dtype=bool)
    return left.columns[here], left.values[here], right.values[place[here]]


def times_row(row: Row, matrix: CSR) -> Row:
    """The row times `matrix`: what lies one step on."""
    start, stop = (matrix.indptr[row.columns + end].astype(np.int64) for end in (0, 1))
    entries, counts = spans(start, stop)
    columns, place = np.unique(matrix.indices[entries].astype(np.int64), return_inverse=True)
    values: FloatArray = np.zeros(len(columns))
    np.add.at(values, place, np.repeat(row.values, counts) * matrix.data[entries])
    return Row(columns, values)


def spans(start: IntArray, stop: IntArray) -> tuple[IntArray, IntArray]:
    """Concatenate the ranges start[k]:stop[k]; also their lengths."""
    counts = stop - start
    offset = np.repeat(np.cumsum(counts) - counts, counts)
    return np.repeat(start, counts) + np.arange(counts.sum()) - offset, counts


@dataclass(frozen=True, eq=False)
class Step:
    """x becomes L (R x) − own × x, shape (n, k), in an order of its own: rows of equal length lie side by side.

    A processor foresees the end of loops of equal length: on a network of 46,009 a step takes 0.4 of the time that it
    takes in the order of identifiers. Go in with `units`, stay there for many steps, come out with `back`.

    Attributes:
        left: L, shape (n, m), in that order.
        right: R, shape (m, n).
        own: shape (n, 1), or None: nothing.
        order: shape (n,): the organization at each place.
        place: shape (n,): the place of each organization.
    """

    left: CSR
    right: CSR
    own: FloatArray | None
    order: IntArray
    place: IntArray

    @classmethod
    def of(cls, left: CSR, right: CSR, own: FloatArray | None = None) -> Self:
        """From L (n, m), R (m, n) and `own` (n,), in the order of organizations."""
        order, between = (np.argsort(np.diff(each.indptr), kind="stable") for each in (left, right))
        between = between[np.diff(right.indptr)[between] > 0]
        place = np.empty_like(order)
        place[order] = np.arange(len(order))
        own = None if own is None else own[order][:, None]
        return cls(_rearranged(left, order, between), _rearranged(right, between, order), own, order, place)

    def __call__(self, x: FloatArray) -> FloatArray:
        """One step."""
        stepped: FloatArray = self.left @ (self.right @ x)
        return stepped if self.own is None else stepped - self.own * x

    def units(self, rows: IntArray) -> FloatArray:
        """Shape (n, len(rows)): where each of `rows` stands."""
        x = np.zeros((len(self.order), len(rows)))
        x[self.place[rows], np.arange(len(rows))] = 1.0
        return x

    def back(self, x: FloatArray) -> FloatArray:
        """Shape (k, n), by organization again."""
        return np.ascontiguousarray(x[self.place].T)


def _rearranged(matrix: CSR, rows: IntArray, columns: IntArray) -> CSR:
    found = sp.csr_array(sp.csr_array(matrix[rows])[:, columns])
    found.sort_indices()
    return found


def scaled(matrix: CSR, *, rows: FloatArray | None = None, columns: FloatArray | None = None) -> CSR:
    """A copy of `matrix` (n, m) with its rows multiplied by `rows` (n,) and its columns by `columns` (m,)."""
    data = matrix.data.astype(np.float64)
    if rows is not None:
        data = data * np.repeat(rows, np.diff(matrix.indptr))
    if columns is not None:
        data = data * columns[matrix.indices]
    return sp.csr_array((data, matrix.indices, matrix.indptr), shape=matrix.shape)


def transposed(matrix: CSR) -> CSR:
    """The transpose, as rows again."""
    return sp.csr_array(matrix.T)


def in_order(matrix: CSR) -> CSR:
    """The same, every row's columns in order; a copy where they were not, for matrices may share their columns."""
    return matrix if matrix.has_sorted_indices else matrix.sorted_indices()


def row_sums(matrix: CSR) -> FloatArray:
    """Shape (n,)."""
    return np.asarray(matrix.sum(axis=1), dtype=np.float64).ravel()


def inverse(x: FloatArray) -> FloatArray:
    """1/x, and 0 where x is 0."""
    inverted: FloatArray = np.divide(1.0, x, out=np.zeros_like(x), where=x > 0)
    return inverted

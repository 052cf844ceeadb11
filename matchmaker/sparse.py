"""Sparse matrices as the scorers use them: typed, and scaled without a diagonal matrix in sight."""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
import scipy.sparse as sp

from matchmaker.dataset import FloatArray

CSR: TypeAlias = sp.csr_array


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


def row_sums(matrix: CSR) -> FloatArray:
    """Shape (n,)."""
    return np.asarray(matrix.sum(axis=1), dtype=np.float64).ravel()


def inverse(x: FloatArray) -> FloatArray:
    """1/x, and 0 where x is 0."""
    inverted: FloatArray = np.divide(1.0, x, out=np.zeros_like(x), where=x > 0)
    return inverted

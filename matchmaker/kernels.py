"""Compiled kernels for what is done to every pair: they know arrays, not organizations.

Everything here could be written with scipy in a few lines and would be several times as slow. Each kernel is held to
plain Python by tests/test_kernels.py and to its price by benchmarks/. Numba is imported here and nowhere else; compiled
code is kept on disk. Blocks of rows run in `threads` threads, which share nothing: the answer depends on neither their
number nor on the size of a block or the order of the rows, down to the last bit.
"""

from __future__ import annotations

import math
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Literal, NamedTuple, Self, TypeAlias, TypeVar, cast

import numba
import numpy as np
import numpy.typing as npt

from matchmaker.array import BoolArray, FloatArray, IntArray
from matchmaker.sparse import CSR, transposed

Real: TypeAlias = npt.NDArray[np.float32] | npt.NDArray[np.float64]
Array: TypeAlias = Any  # in compiled code: an array of whatever type it was compiled for
Arrays: TypeAlias = tuple[Any, ...]
Mean: TypeAlias = Literal["product", "harmonic"]
Scale: TypeAlias = Literal["identity", "logarithm", "saturation"]

CHUNK = 64  # scores that are compared with the threshold at once
BLOCK = 256  # rows that a thread takes at once
SOURCES = 64  # walks that go together
TILE = 1024  # numbers whose logarithm is taken at once: they stay in the nearest cache
PREVIEW = 1000  # columns that are looked at before the scan, at the most
NONE = np.zeros(0, dtype=np.bool_), np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.uint32)
NOTHING = np.iinfo(np.int64).max  # worse than any column
MEANS: dict[Mean, int] = {"product": 0, "harmonic": 1}
SCALES: dict[Scale, int] = {"identity": 0, "logarithm": 1, "saturation": 2}

_F = TypeVar("_F", bound=Callable[..., Any])
_mine = threading.local()


def compiled(function: _F, **options: Any) -> _F:
    """Compile at the first call, keep the result on disk, let other threads run meanwhile."""
    options |= {"nogil": True, "error_model": "numpy"}
    try:
        result = numba.njit(cache=True, **options)(function)
    except RuntimeError:  # there is no folder that may be written
        result = numba.njit(**options)(function)
    return cast("_F", result)


def _inlined(function: _F) -> _F:
    """The same for what is called in the innermost loops: an array given to a function would be counted as in use."""
    return compiled(function, inline="always")


class Rows(NamedTuple):
    """Sparse rows in the types that the kernels are compiled for; no column may be named twice in a row.

    Attributes:
        indptr: shape (n + 1,), int64: where each row begins.
        indices: shape (entries,), uint32 (an unsigned index needs no test for being negative).
        data: shape (entries,), float32 or float64; sums are made in this type.
        width: number of columns.
    """

    indptr: IntArray
    indices: npt.NDArray[np.uint32]
    data: Real
    width: int

    @classmethod
    def of(cls, matrix: CSR, dtype: npt.DTypeLike = np.float32) -> Self:
        """The rows of `matrix` (n, width); nothing that is of the right type already is copied."""
        indices = matrix.indices.astype(np.int32, copy=False).view(np.uint32)
        data = matrix.data.astype(dtype, copy=False)
        return cls(matrix.indptr.astype(np.int64, copy=False), indices, data, int(matrix.shape[1]))


class Product(NamedTuple):
    """A matrix product that is never made as a whole: row i, column j is `left[i] @ flipped[:, j]`.

    Attributes:
        left: n rows of f features.
        flipped: f rows of m columns: the other factor, transposed.
    """

    left: Rows
    flipped: Rows

    @classmethod
    def of(cls, left: CSR, right: CSR, dtype: npt.DTypeLike = np.float32) -> Self:
        """The product of `left` (n, f) and the transpose of `right` (m, f)."""
        return cls(Rows.of(left, dtype), Rows.of(transposed(right), dtype))


class Limits(NamedTuple):
    """What may not be in an answer.

    Attributes:
        allowed: shape (width,): columns that may be in it; None: all.
        excluded: for each row of the left factor, columns that may not (whatever the values).
        leave_self: column i may not be in the answer to row i.
    """

    allowed: BoolArray | None = None
    excluded: Rows | None = None
    leave_self: bool = False


NO_LIMITS = Limits()


class Best(NamedTuple):
    """The best columns of each row, the best first; equal scores by column.

    Attributes:
        columns: shape (rows, n); −1 where fewer than n passed.
        scores: shape (rows, n); there `above`.
    """

    columns: IntArray
    scores: Real

    @classmethod
    def empty(cls, n_rows: int, n: int, dtype: npt.DTypeLike) -> Self:
        """Room for the answer."""
        return cls(np.empty((n_rows, n), dtype=np.int64), np.empty((n_rows, n), dtype=dtype))


def best_sparse(
    product: Product,
    rows: IntArray,
    n: int,
    limits: Limits = NO_LIMITS,
    *,
    above: float = 0.0,
    threads: int = 1,
    block: int = BLOCK,
) -> Best:
    """The `n` highest of each of `rows` of a sparse product, exactly.

    A row is added up in a dense vector; then 64 sums at a time are compared with the n-th best so far, and those over
    it go through a heap.

    Args:
        product: left (n_left, f) times flipped (f, width).
        rows: shape (k,), rows of `product.left`.
        n: how many of each.
        limits: what may not be in the answer.
        above: scores must be higher than this; 0 is no evidence.
        threads: run in so many threads.
        block: rows that a thread takes at once.
    """
    best = Best.empty(len(rows), n, product.left.data.dtype)
    forbidden = _forbidden(limits)
    arrays, width = _arrays(_checked(product, limits)), product.flipped.width

    def run(part: slice) -> None:
        sums = _zeros("forward", width, best.scores.dtype)
        _best_sparse(arrays, rows[part], forbidden, (width, float(above)), sums, best.columns[part], best.scores[part])

    if n > 0:
        _in_blocks(run, len(rows), block, threads)
    return best


def best_reciprocal(
    forward: Product,
    backward: Product,
    rows: IntArray,
    n: int,
    limits: Limits = NO_LIMITS,
    *,
    mean: Mean = "product",
    above: float = 0.0,
    threads: int = 1,
    block: int = BLOCK,
) -> Best:
    """The `n` highest of each row by the mean of two products, exactly: what i thinks of j, and j of i.

    score = f b (`product`) or 2 f b / (f + b) (`harmonic`, 0 where both are 0), f and b ≥ 0. Nothing is divided but
    where f b > t / 2 × (f + b), t the n-th best so far, which is tested 64 at a time.

    Args:
        forward: as in `best_sparse`: row i, column j is what i thinks of j.
        backward: row i, column j is what j thinks of i (left: as candidates; flipped: as seekers, transposed).
        rows: shape (k,), rows of the left factors.
        n: how many of each.
        limits: what may not be in the answer.
        mean: of the two.
        above: scores must be higher than this, which is not negative.
        threads: run in so many threads.
        block: rows that a thread takes at once.
    """
    best = Best.empty(len(rows), n, forward.left.data.dtype)
    forbidden = _forbidden(limits)
    if forward.flipped.width != backward.flipped.width:
        raise ValueError(f"{forward.flipped.width} columns one way, {backward.flipped.width} the other")
    if forward.left.data.dtype != backward.left.data.dtype:
        raise ValueError(f"{forward.left.data.dtype} one way, {backward.left.data.dtype} the other")
    arrays = _arrays(_checked(forward, limits)), _arrays(_checked(backward))
    width = forward.flipped.width

    def run(part: slice) -> None:
        sums = _zeros("forward", width, best.scores.dtype), _zeros("backward", width, best.scores.dtype)
        options = forbidden, (width, float(above), MEANS[mean])
        _best_reciprocal(arrays, rows[part], *options, sums, best.columns[part], best.scores[part])

    if n > 0:
        _in_blocks(run, len(rows), block, threads)
    return best


def best_dense(
    block: Real,
    n: int,
    *,
    allowed: BoolArray | None = None,
    above: float = -math.inf,
    comparable: bool = False,
    threads: int = 1,
) -> Best:
    """The `n` highest of each row of a dense block; NaN is never among them.

    Args:
        block: shape (k, m), C-contiguous.
        n: how many of each.
        allowed: shape (m,) or (k, m): what may be in the answer; all, if left out.
        above: scores must be higher than this.
        comparable: scores that are equal to 12 digits are a tie, as in `scorers.base.comparable`.
        threads: run in so many threads.
    """
    best = Best.empty(len(block), n, block.dtype)
    mask = np.ones((1, 0), dtype=np.bool_) if allowed is None else np.atleast_2d(allowed)
    if allowed is not None and mask.shape not in {(1, block.shape[1]), block.shape}:
        raise ValueError(f"allowed has shape {allowed.shape}, the block {block.shape}")

    def run(part: slice) -> None:
        own = mask[part] if len(mask) == len(block) > 1 else mask
        _best_dense(block[part], own, (float(above), comparable), best.columns[part], best.scores[part])

    if n > 0:
        _in_blocks(run, len(block), max(1, -(-len(block) // max(threads, 1))), threads)
    return best


def add_sparse(
    product: Product,
    rows: IntArray,
    weight: float | FloatArray,
    out: Real,
    *,
    scale: Scale = "identity",
    chance: float = 1.0,
    most: float = math.inf,
    columns: FloatArray | None = None,
    threads: int = 1,
    block: int = 16,
) -> None:
    """Add weight × f(row of a sparse product) to a dense block, without making the product.

    out[k, j] += weight[k] × columns[j] × min(f(left[rows[k]] @ flipped[:, j]), most), with f(0) = 0.

    Args:
        product: as in `best_sparse`, with sums ≥ 0.
        rows: shape (k,).
        weight: one for all, or one for each row, shape (k,).
        out: shape (k, width), C-contiguous; is changed.
        scale: f: x (`identity`), log(1 + chance × x) / log(1 + chance) (`logarithm`), x / (1 + x) (`saturation`).
        chance: of the logarithmic scale, > 0.
        most: f is cut there; rounding may carry a score a little beyond 1.
        columns: shape (width,): a weight of each column (for weights that are the candidate's).
        threads: run in so many threads.
        block: rows that a thread takes at once.
    """
    arrays, width = _arrays(_checked(product)), product.flipped.width
    if out.shape != (len(rows), width) or (columns is not None and columns.shape != (width,)):
        raise ValueError(f"a block of shape {out.shape} for {len(rows)} rows of {width}")
    weights = np.broadcast_to(np.asarray(weight, dtype=np.float64), len(rows)).copy()
    others = np.zeros(0) if columns is None else np.ascontiguousarray(columns, dtype=np.float64)
    shape = SCALES[scale], float(chance), float(most)

    def run(part: slice) -> None:
        sums = _zeros("forward", width, product.flipped.data.dtype)
        _add_sparse(arrays, rows[part], weights[part], others, shape, sums, out[part])

    _in_blocks(run, len(rows), block, threads)


class Walk(NamedTuple):
    """A symmetric step between organizations, as `chebyshev_visits` reads it: x becomes B (Bᵀ x) + diagonal × x.

    Attributes:
        kernel: B, n rows of those contexts that more than one is in.
        flipped: its transpose.
        diagonal: shape (n,), float32: the contexts of one alone, which lead nowhere.
        degree: shape (n,): weighted number of contexts.
        orders: rows of `kernel` and of `flipped`, the shortest first: a processor foresees loops of equal length.
    """

    kernel: Rows
    flipped: Rows
    diagonal: npt.NDArray[np.float32]
    degree: FloatArray
    orders: tuple[IntArray, IntArray]

    @classmethod
    def of(cls, kernel: CSR, degree: FloatArray) -> Self:
        """From `ContextGraph.kernel` (n, contexts) and `ContextGraph.degree` (n,)."""
        members = np.bincount(kernel.indices, minlength=kernel.shape[1])
        alone = kernel[:, np.flatnonzero(members == 1)]
        together = kernel[:, np.flatnonzero(members > 1)]
        both = Rows.of(together), Rows.of(transposed(together))
        diagonal = np.asarray(alone.multiply(alone).sum(axis=1), dtype=np.float32).ravel()
        shortest, smallest = (np.argsort(np.diff(rows.indptr), kind="stable") for rows in both)
        return cls(*both, diagonal, np.asarray(degree, dtype=np.float64), (shortest, smallest))


def chebyshev_visits(
    walk: Walk, rows: IntArray, restart: float, steps: int, *, dtype: npt.DTypeLike = np.float64, threads: int = 1
) -> Real:
    """`ContextGraph.solve_visits` in single precision, 64 sources at once: shape (len(rows), n).

    The same polynomial, written with the last two iterates instead of residual and direction (x″ = x + α (x − x′) +
    β (e − A x), e a unit vector), so that a step reads two arrays and writes one (Golub & Varga, Numerische Mathematik
    3, 1961). Largest error against the exact answer on a network of 46,009: 5e-5 at 8 steps, 3e-7 at 13.

    Args:
        walk: the graph.
        rows: sources, shape (k,).
        restart: probability of going back to the source, in (0, 1).
        steps: ≥ 1; 8 find the ten nearest, 13 are exact to single precision.
        dtype: of the answer.
        threads: so many blocks of sources at a time.
    """
    out = np.empty((len(rows), len(walk.degree)), dtype=dtype)
    root = np.sqrt(walk.degree).astype(np.float32)
    inverse = np.divide(1.0, root, out=np.zeros_like(root), where=root > 0)
    damping = (1.0 - restart) ** 2
    plan = _chebyshev_plan(1.0 - damping, steps)
    graph = _plain(walk.kernel), _plain(walk.flipped), walk.diagonal, root, inverse
    sizes = len(root), len(root), len(walk.flipped.indptr) - 1
    mine = threading.local()

    def run(part: slice) -> None:
        width = part.stop - part.start
        if width == 1:
            _walk(graph, walk.orders, int(rows[part.start]), damping, plan, out[part.start])
            return
        if getattr(mine, "width", 0) != width:
            mine.width, mine.room = width, tuple(np.empty((size, width), dtype=np.float32) for size in sizes)
        _walks(graph, rows[part], damping, plan, mine.room, out[part])

    _in_blocks(run, len(rows), SOURCES, threads)
    return out


def _chebyshev_plan(low: float, steps: int) -> FloatArray:
    """Shape (steps, 2): α and β of each step, for a spectrum in [low, 1]."""
    center, radius = (1.0 + low) / 2, (1.0 - low) / 2
    ratio, rho = center / radius, radius / center
    plan = [(0.0, 1.0 / center)]
    for _ in range(steps - 1):
        following = 1.0 / (2.0 * ratio - rho)
        plan.append((following * rho, 2.0 * following / radius))
        rho = following
    return np.array(plan)


# --- around the kernels ----------------------------------------------------------------------------------------------


def _checked(product: Product, limits: Limits = NO_LIMITS) -> Product:
    """Compiled code looks at no bounds (but at those of `rows`): a mistake would read any memory."""
    (allowed, excluded, _), n_left = limits, len(product.left.indptr) - 1
    if product.left.width != len(product.flipped.indptr) - 1:
        raise ValueError(f"{product.left.width} features times {len(product.flipped.indptr) - 1}")
    if product.left.data.dtype != product.flipped.data.dtype:
        raise ValueError(f"{product.left.data.dtype} times {product.flipped.data.dtype}")
    if allowed is not None and allowed.shape != (product.flipped.width,):
        raise ValueError(f"allowed has shape {allowed.shape}, the product {product.flipped.width} columns")
    if excluded is not None and (len(excluded.indptr) <= n_left or excluded.width != product.flipped.width):
        raise ValueError(f"excluded has shape ({len(excluded.indptr) - 1}, {excluded.width})")
    if limits.leave_self and n_left > product.flipped.width:
        raise ValueError("there is no column for each row to leave out")
    return product


def _plain(rows: Rows) -> Arrays:
    return rows.indptr, rows.indices, rows.data


def _arrays(product: Product) -> Arrays:
    return _plain(product.left), _plain(product.flipped)


def _forbidden(limits: Limits) -> Arrays:
    """Limits as arrays, which are empty where there is none."""
    allowed, excluded, leave_self = limits
    mask, begin, columns = NONE if excluded is None else (NONE[0], excluded.indptr, excluded.indices)
    return mask if allowed is None else allowed, begin, columns, leave_self


def _zeros(name: str, size: int, dtype: np.dtype[Any]) -> Array:
    """A vector of this thread's own, of whole chunks; kernels find it zero and leave it so, and it is used again."""
    size = -(-size // CHUNK) * CHUNK
    kept: dict[str, Array] = _mine.__dict__
    key = name + dtype.str
    if key not in kept or len(kept[key]) < size:
        kept[key] = np.zeros(size, dtype=dtype)
    return kept[key][:size]


def _room(name: str, shape: tuple[int, int]) -> Array:
    """A block of this thread's own, float32, with whatever was left in it, that is used again."""
    kept: dict[str, Array] = _mine.__dict__
    if name not in kept or kept[name].shape != shape:
        kept[name] = np.empty(shape, dtype=np.float32)
    return kept[name]


def _in_blocks(run: Callable[[slice], None], n: int, block: int, threads: int) -> None:
    if n <= block:
        if n > 0:
            run(slice(0, n))
        return
    parts = [slice(start, min(start + block, n)) for start in range(0, n, block)]
    if threads <= 1:
        for part in parts:
            run(part)
        return
    with ThreadPoolExecutor(threads) as pool:
        for done in [pool.submit(run, part) for part in parts]:
            done.result()


# --- compiled: a heap of the best, the worst of them on top -----------------------------------------------------------


@compiled
def _sink(scores: Array, columns: Array, held: int, score: float, column: int) -> None:
    """Put a score in the place of the worst of the first `held`, and let it sink to where it belongs."""
    place, child = np.uint64(0), np.uint64(1)
    while child < held:
        other = child + np.uint64(1)
        if other < held and (
            scores[other] < scores[child] or (scores[other] == scores[child] and columns[other] > columns[child])
        ):
            child = other
        if not (scores[child] < score or (scores[child] == score and columns[child] > column)):
            break
        scores[place], columns[place] = scores[child], columns[child]
        place, child = child, np.uint64(2) * child + np.uint64(1)
    scores[place], columns[place] = score, column


@compiled
def _sort(scores: Array, columns: Array) -> None:
    """The best first: the worst goes to the end, again and again. Places that nothing took hold −1."""
    for last in range(len(scores) - 1, 0, -1):
        score, column = scores[last], columns[last]
        scores[last], columns[last] = scores[0], columns[0]
        _sink(scores, columns, last, score, column)
    for k in range(len(columns)):
        if columns[k] == NOTHING:
            columns[k] = -1


# --- compiled: sums of one row, and the scan over them ----------------------------------------------------------------


@compiled
def _look_at(rows: Array, n: int) -> None:
    for k in range(len(rows)):
        if rows[k] < 0 or rows[k] >= n:
            raise ValueError("there is no such row")


@compiled
def _start(scores: Array, columns: Array, above: float) -> None:
    scores[:] = above
    columns[:] = NOTHING


@compiled
def _scatter(product: Arrays, row: int, sums: Array) -> None:
    """Add a row of a product to `sums`, feature by feature."""
    (begin, features, values), (start, columns, weights) = product
    for p in range(begin[row], begin[row + 1]):
        x, feature = values[p], features[p]
        for q in range(start[feature], start[feature + 1]):
            sums[columns[q]] += x * weights[q]


@compiled
def _forbid(forbidden: Arrays, row: int, sums: Array) -> None:
    """No comparison with NaN holds."""
    _, begin, columns, leave_self = forbidden
    if leave_self:
        sums[row] = np.nan
    if len(begin) > 0:
        for p in range(begin[row], begin[row + 1]):
            sums[columns[p]] = np.nan


@_inlined
def _over(chunk: Array, threshold: float) -> bool:
    """Is any of 64 over the threshold? Counting has no branch, so that it becomes a few vector instructions."""
    count = np.uint32(0)
    for k in range(CHUNK):
        count = np.uint32(count + np.uint32(chunk[k] > threshold))
    return bool(count > 0)


@_inlined
def _take(chunk: Array, start: int, length: int, allowed: Array, scores: Array, columns: Array) -> None:
    """Take what is over the threshold; columns come in ascending order, so that the first of equals stays."""
    threshold = scores[0]
    for k in range(length):
        if chunk[k] > threshold and (len(allowed) == 0 or allowed[start + k]):
            _sink(scores, columns, len(scores), chunk[k], start + k)
            threshold = scores[0]


@compiled
def _scan(sums: Array, width: int, allowed: Array, scores: Array, columns: Array) -> None:
    """The best of `sums`, which is zero thereafter."""
    for start in range(0, len(sums), CHUNK):
        chunk = sums[start : start + CHUNK]
        if _over(chunk, scores[0]):
            _take(chunk, start, min(CHUNK, width - start), allowed, scores, columns)
        chunk[:] = 0
    _sort(scores, columns)


@compiled
def _rarest(product: Arrays, row: int, least: int) -> Any:
    """Of the row's features that at least so many columns have, the one that the fewest have; −1: none, or too many."""
    (begin, features, _), (start, _, _) = product
    rarest: Any = -1
    fewest = PREVIEW + 1
    for p in range(begin[row], begin[row + 1]):
        length = start[features[p] + 1] - start[features[p]]
        if least <= length < fewest:
            rarest, fewest = np.int64(features[p]), length
    return rarest


@compiled
def _preview(product: Arrays, row: int, sums: Array, allowed: Array, scores: Array, columns: Array) -> None:
    """Begin the scan with a high threshold: the n-th best of those that share a rare feature, which is a lower bound.

    A little less than it, so that its equals pass and are ranked by column.
    """
    feature, above = _rarest(product, row, 2 * len(scores)), scores[0]
    if feature < 0:
        return
    _, (start, others, _) = product
    for q in range(start[feature], start[feature + 1]):
        column: Any = np.int64(others[q])
        if sums[column] > scores[0] and (len(allowed) == 0 or allowed[column]):
            _sink(scores, columns, len(scores), sums[column], column)
    if columns[0] != NOTHING and scores[0] > 1e-30:
        above = max(above, scores[0] * scores.dtype.type(0.999999))
    _start(scores, columns, above)


@compiled
def _best_sparse(
    product: Arrays, rows: Array, forbidden: Arrays, options: Arrays, sums: Array, columns: Array, scores: Array
) -> None:
    width, above = options
    _look_at(rows, len(product[0][0]) - 1)
    _start(scores, columns, above)
    for k in range(len(rows)):
        _scatter(product, rows[k], sums)
        _forbid(forbidden, rows[k], sums)
        _preview(product, rows[k], sums, forbidden[0], scores[k], columns[k])
        _scan(sums, width, forbidden[0], scores[k], columns[k])


@_inlined
def _products_over(ours: Array, theirs: Array, threshold: float) -> bool:
    """Is the product of any of 64 pairs over the threshold?"""
    count = np.uint32(0)
    for k in range(CHUNK):
        count = np.uint32(count + np.uint32(ours[k] * theirs[k] > threshold))
    return bool(count > 0)


@_inlined
def _harmonic_over(ours: Array, theirs: Array, bound: float) -> bool:
    """Is the harmonic mean of any of 64 pairs over twice the bound? Multiplied out, since divisions are slow."""
    count = np.uint32(0)
    for k in range(CHUNK):
        count = np.uint32(count + np.uint32(ours[k] * theirs[k] > bound * (ours[k] + theirs[k])))
    return bool(count > 0)


@compiled
def _scan_products(sums: Arrays, width: int, allowed: Array, scores: Array, columns: Array) -> None:
    """The best products of two sums, which are zero thereafter."""
    for start in range(0, len(sums[0]), CHUNK):
        ours, theirs = sums[0][start : start + CHUNK], sums[1][start : start + CHUNK]
        if _products_over(ours, theirs, scores[0]):
            for k in range(min(CHUNK, width - start)):
                score = ours[k] * theirs[k]
                if score > scores[0] and (len(allowed) == 0 or allowed[start + k]):
                    _sink(scores, columns, len(scores), score, start + k)
        ours[:] = 0
        theirs[:] = 0
    _sort(scores, columns)


@compiled
def _scan_harmonic(sums: Arrays, width: int, allowed: Array, scores: Array, columns: Array) -> None:
    """The best harmonic means of two sums, which are zero thereafter; the bound allows for rounding."""
    half, two = scores.dtype.type(0.499999), scores.dtype.type(2)  # a plain 2 would make a score of higher precision
    for start in range(0, len(sums[0]), CHUNK):
        ours, theirs, bound = sums[0][start : start + CHUNK], sums[1][start : start + CHUNK], half * scores[0]
        if _harmonic_over(ours, theirs, bound):
            for k in range(min(CHUNK, width - start)):
                if ours[k] * theirs[k] > bound * (ours[k] + theirs[k]) and (len(allowed) == 0 or allowed[start + k]):
                    score = two * (ours[k] * theirs[k]) / (ours[k] + theirs[k])
                    if score > scores[0]:
                        _sink(scores, columns, len(scores), score, start + k)
                        bound = half * scores[0]
        ours[:] = 0
        theirs[:] = 0
    _sort(scores, columns)


@compiled
def _best_reciprocal(
    products: Arrays, rows: Array, forbidden: Arrays, options: Arrays, sums: Arrays, columns: Array, scores: Array
) -> None:
    width, above, kind = options
    _look_at(rows, min(len(products[0][0][0]), len(products[1][0][0])) - 1)
    _start(scores, columns, above)
    for k in range(len(rows)):
        _scatter(products[0], rows[k], sums[0])
        _scatter(products[1], rows[k], sums[1])
        _forbid(forbidden, rows[k], sums[0])
        if kind == 0:
            _scan_products(sums, width, forbidden[0], scores[k], columns[k])
        else:
            _scan_harmonic(sums, width, forbidden[0], scores[k], columns[k])


# --- compiled: dense blocks -------------------------------------------------------------------------------------------


@compiled
def _rounded(x: float) -> float:
    """As `scorers.base.comparable`; it keeps the order, so that only what is over the threshold need be rounded."""
    fraction, exponent = math.frexp(x)
    return math.ldexp(np.rint(fraction * 1e12) / 1e12, exponent)


@_inlined
def _take_rounded(chunk: Array, start: int, allowed: Array, scores: Array, columns: Array) -> None:
    for k in range(len(chunk)):
        if chunk[k] > scores[0] and (len(allowed) == 0 or allowed[start + k]):
            score = scores.dtype.type(_rounded(chunk[k]))
            if score > scores[0]:
                _sink(scores, columns, len(scores), score, start + k)


@compiled
def _scan_dense(values: Array, allowed: Array, comparable: bool, scores: Array, columns: Array) -> None:
    for start in range(0, len(values), CHUNK):
        chunk = values[start : start + CHUNK]
        if len(chunk) == CHUNK and not _over(chunk, scores[0]):
            continue
        if comparable:
            _take_rounded(chunk, start, allowed, scores, columns)
        else:
            _take(chunk, start, len(chunk), allowed, scores, columns)
    _sort(scores, columns)
    for k in range(len(columns)):
        if columns[k] >= 0:
            scores[k] = values[columns[k]]


@compiled
def _best_dense(block: Array, mask: Array, options: Arrays, columns: Array, scores: Array) -> None:
    above, comparable = options
    _start(scores, columns, above)
    for row in range(len(block)):
        _scan_dense(block[row], mask[row if len(mask) > 1 else 0], comparable, scores[row], columns[row])


@compiled
def _on_scale(x: float, kind: int, chance: float) -> float:
    if kind == 0:
        return x
    if kind == 1:
        return math.log1p(chance * x) / math.log1p(chance)
    return x / (1 + x)


@compiled
def _add_sparse(
    product: Arrays,
    rows: Array,
    weights: Array,
    others: Array,
    shape: tuple[int, float, float],
    sums: Array,
    out: Array,
) -> None:
    (begin, features, _), (start, columns, _) = product
    kind, chance, most = shape
    _look_at(rows, len(begin) - 1)
    for k in range(len(rows)):
        _scatter(product, rows[k], sums)
        for p in range(begin[rows[k]], begin[rows[k] + 1]):
            for q in range(start[features[p]], start[features[p] + 1]):
                column = columns[q]
                if sums[column] != 0:  # what is met again was added before, and is zero
                    weight = weights[k] * others[column] if len(others) > 0 else weights[k]
                    out[k, column] += weight * min(_on_scale(np.float64(sums[column]), kind, chance), most)
                    sums[column] = 0


# --- compiled: walks --------------------------------------------------------------------------------------------------


@_inlined
def _gather(rows: Arrays, row: int, vectors: Array, total: Array) -> None:
    """Σ value × vector over a row, four vectors in one pass over the sum."""
    begin, columns, values = rows
    total[:] = 0
    p, stop = begin[row], begin[row + 1]
    while p + 4 <= stop:
        a, b, c, d = vectors[columns[p]], vectors[columns[p + 1]], vectors[columns[p + 2]], vectors[columns[p + 3]]
        s, t, u, v = values[p], values[p + 1], values[p + 2], values[p + 3]
        for k in range(len(total)):
            total[k] += s * a[k] + t * b[k] + u * c[k] + v * d[k]
        p += 4
    while p < stop:
        a, s = vectors[columns[p]], values[p]
        for k in range(len(total)):
            total[k] += s * a[k]
        p += 1


@compiled
def _advance(graph: Arrays, damping: float, plan: Array, now: Array, before: Array, contexts: Array) -> None:
    """One step of all walks at once; `before` becomes the next, without the share of the source."""
    kernel, flipped, diagonal = graph[0], graph[1], graph[2]
    alpha, beta = plan
    total = np.zeros(now.shape[1], dtype=now.dtype)
    old, far = now.dtype.type(alpha), now.dtype.type(beta * damping)
    for context in range(len(contexts)):
        _gather(flipped, context, now, contexts[context])
    for row in range(len(now)):
        _gather(kernel, row, contexts, total)
        near = now.dtype.type(1 + alpha - beta + beta * damping * diagonal[row])
        here, there = now[row], before[row]
        for k in range(len(total)):
            there[k] = near * here[k] - old * there[k] + far * total[k]


@compiled
def _walks(graph: Arrays, rows: Array, damping: float, plan: Array, room: Arrays, out: Array) -> None:
    """Visits of the walks from `rows`: x = 0, then e / center, then step by step."""
    now, before, contexts = room
    _look_at(rows, len(now))
    now[:] = 0
    before[:] = 0
    for k in range(len(rows)):
        now[rows[k], k] = plan[0, 1]
    for step in range(1, len(plan)):
        _advance(graph, damping, plan[step], now, before, contexts)
        for k in range(len(rows)):
            before[rows[k], k] += now.dtype.type(plan[step, 1])
        now, before = before, now
    root, inverse = graph[3], graph[4]
    for start in range(0, len(now), 16):
        for k in range(len(rows)):
            share = inverse[rows[k]] * now.dtype.type(1 - damping)
            for row in range(start, min(start + 16, len(now))):
                out[k, row] = max(now[row, k] * root[row] * share, now.dtype.type(0))


@_inlined
def _sum(rows: Arrays, row: int, vector: Array) -> Any:
    """As `_gather`, in the same order, so that a walk is the same alone and among others."""
    begin, columns, values = rows
    total = vector.dtype.type(0)
    p, stop = begin[row], begin[row + 1]
    while p + 4 <= stop:
        a, b, c, d = vector[columns[p]], vector[columns[p + 1]], vector[columns[p + 2]], vector[columns[p + 3]]
        total += values[p] * a + values[p + 1] * b + values[p + 2] * c + values[p + 3] * d
        p += 4
    while p < stop:
        total += values[p] * vector[columns[p]]
        p += 1
    return total


@compiled
def _walk(graph: Arrays, orders: Arrays, source: int, damping: float, plan: Array, out: Array) -> None:
    """As `_walks`, for one source: numbers instead of vectors of 64."""
    kernel, flipped, diagonal, root, inverse = graph
    if source < 0 or source >= len(root):
        raise ValueError("there is no such row")
    now, before = np.zeros_like(root), np.zeros_like(root)
    contexts = np.zeros(len(flipped[0]) - 1, dtype=root.dtype)
    now[source] = plan[0, 1]
    for step in range(1, len(plan)):
        alpha, beta = plan[step]
        for context in orders[1]:
            contexts[context] = _sum(flipped, context, now)
        for row in orders[0]:
            near = now.dtype.type(1 + alpha - beta + beta * damping * diagonal[row]) * now[row]
            far = now.dtype.type(beta * damping) * _sum(kernel, row, contexts)
            before[row] = near - now.dtype.type(alpha) * before[row] + far
        before[source] += now.dtype.type(beta)
        now, before = before, now
    for row in range(len(now)):
        out[row] = max(now[row] * root[row] * inverse[source] * now.dtype.type(1 - damping), now.dtype.type(0))


# --- for a whole blend ------------------------------------------------------------------------------------------------


class Steps(NamedTuple):
    """A symmetric operator on blocks of organizations: x becomes L (R x) − own × x.

    Attributes:
        left: L, n rows of contexts.
        right: R, contexts as rows of n.
        own: shape (n,), float32.
    """

    left: Rows
    right: Rows
    own: npt.NDArray[np.float32]

    @classmethod
    def of(cls, left: CSR, right: CSR, own: FloatArray) -> Self:
        """From (n, contexts), (contexts, n) and (n,); contexts of one alone lead nowhere and are left out."""
        rows, columns = transposed(left), transposed(right)
        alone = np.flatnonzero((np.diff(rows.indptr) == 1) & (np.diff(right.indptr) == 1))
        mine, back = rows.indptr[alone], right.indptr[alone]
        same = rows.indices[mine] == right.indices[back]
        alone, mine, back = alone[same], mine[same], back[same]
        kept = np.setdiff1d(np.arange(left.shape[1]), alone)
        nowhere = np.bincount(rows.indices[mine], rows.data[mine] * right.data[back], minlength=len(own))
        shared = transposed(CSR(rows[kept])), transposed(CSR(columns[:, kept]))
        return cls(Rows.of(shared[0]), Rows.of(shared[1]), (own - nowhere).astype(np.float32))

    def __call__(self, x: Any) -> Any:
        """The next block, shape (n, k), float32, as `x`."""
        between, out = _room("between", (len(self.right.indptr) - 1, x.shape[1])), np.empty_like(x)
        _step(_plain(self.left), _plain(self.right), self.own, x, between, out)
        return out


def turned(x: Real) -> Real:
    """A block of shape (n, k) as one of shape (k, n)."""
    out = np.empty(x.shape[::-1], dtype=x.dtype)
    _turn(x, out)
    return out


class Sides(NamedTuple):
    """Two dense sums of a block, which kernels add to: what the seekers think of everyone, and everyone of them.

    Attributes:
        forward, backward: shape (b, n), C-contiguous.
        mine: shape (b,): the weight of each seeker.
        theirs: shape (n,): the weight of each candidate.
    """

    forward: FloatArray
    backward: FloatArray
    mine: FloatArray
    theirs: FloatArray


def add_symmetric(product: Product, rows: IntArray, sides: Sides, saturation: bool = False) -> None:
    """Add a sparse product that is the same from both sides to both, as x or as x / (1 + x), cut at 1."""
    sums = _zeros("forward", product.flipped.width, product.flipped.data.dtype)
    _add_symmetric(_arrays(product), rows, saturation, sums, *sides)


def add_lookup(table: FloatArray, groups: IntArray, sides: Sides) -> None:
    """Add to both sides what a table (b, n_groups) says of each seeker and the group (n,) of each candidate."""
    _add_lookup(np.ascontiguousarray(table), groups, *sides)


def add_values(values: FloatArray, rows: IntArray, sides: Sides, groups: IntArray | None = None) -> None:
    """Add to both sides a value of the one who is looked at, shape (n,); only within `groups` (n,), if given."""
    _add_values(values, rows, np.zeros(0, dtype=np.int64) if groups is None else groups, *sides)


def add_visits(block: Real, sides: Sides, *, chance: float, back: tuple[FloatArray, FloatArray] | None = None) -> None:
    """Add log(1 + chance x) / log(1 + chance), cut at 1, of a block x ≥ 0 of shape (b, n) to both sides.

    `back`: shapes (b,) and (n,): x from the other side is x times the two; the same, if left out.
    """
    first, second = back or (np.zeros(0), np.zeros(0))
    scale = np.array([chance, 1.0 / math.log1p(chance)], dtype=np.float32)
    _add_visits(block, scale, first.astype(np.float32), second.astype(np.float32), _logarithms(), *sides)


def add_lift(block: Real, columns: FloatArray, sides: Sides, *, most: float) -> None:
    """Add log(max(x × columns, 1)) / log(most), cut at 1, of a block x ≥ 0 of shape (b, n) to both sides."""
    scale = np.array([1.0, 1.0 / math.log(most)], dtype=np.float32)
    _add_lift(block, columns.astype(np.float32), scale, _logarithms(), *sides)


def _logarithms() -> Arrays:
    """Room for a tile of numbers to take the logarithm of, seen as bits, too."""
    numbers = np.ones((2, TILE), dtype=np.float32)
    return numbers[0], numbers[0].view(np.int32), numbers[1], numbers[1].view(np.int32), np.empty(TILE, dtype=np.int32)


def best_mutual(
    forward: FloatArray,
    backward: FloatArray,
    rows: IntArray,
    n: int,
    allowed: BoolArray,
    *,
    wanted: BoolArray | None = None,
    later: bool = False,
    excluded: CSR | None = None,
) -> Best:
    """The `n` highest of each row by σ(forward) σ(backward), the mutual probability, exactly.

    No probability is higher than e to its log-odds, or than 1, so that most are left out by one comparison of sums.
    Scores that are equal to 12 digits are a tie, which goes to the lower column.

    Args:
        forward: log-odds, shape (b, n); NaN is put where a column may not be in the answer.
        backward: log-odds the other way, shape (b, n).
        rows: shape (b,): the seekers, themselves never in the answer.
        n: how many.
        allowed: shape (n,): who may be in it.
        wanted: shape (n,): the seeker or the one in its list must be of these; None: whoever.
        later: only columns beyond the seeker's own.
        excluded: b rows: who may not be in the answer to each (the values do not matter).
    """
    best = Best.empty(len(rows), n, np.float64)
    forward[np.arange(len(rows)), rows] = np.nan
    if excluded is not None:
        forward[np.repeat(np.arange(len(rows)), np.diff(excluded.indptr)), excluded.indices] = np.nan
    if n > 0:
        both = np.stack([allowed if wanted is None else allowed & wanted, allowed])  # for who is not wanted, who is
        own = np.ones(len(rows), dtype=np.int64) if wanted is None else wanted[rows].astype(np.int64)
        first = rows + 1 if later else np.zeros_like(rows)
        _best_mutual(forward, backward, (both, own, first), best.columns, best.scores)
    return best


@compiled
def _turn(x: Array, out: Array) -> None:
    for start in range(0, len(x), 16):  # as many as are in a line of the cache
        for k in range(x.shape[1]):
            for row in range(start, min(start + 16, len(x))):
                out[k, row] = x[row, k]


@compiled
def _step(left: Arrays, right: Arrays, own: Array, x: Array, between: Array, out: Array) -> None:
    for context in range(len(between)):
        _gather(right, context, x, between[context])
    for row in range(len(out)):
        _gather(left, row, between, out[row])
        for k in range(out.shape[1]):
            out[row, k] -= own[row] * x[row, k]


@compiled
def _add_symmetric(
    product: Arrays,
    rows: Array,
    saturation: bool,
    sums: Array,
    forward: Array,
    backward: Array,
    mine: Array,
    theirs: Array,
) -> None:
    (begin, features, _), (start, columns, _) = product
    for k in range(len(rows)):
        _scatter(product, rows[k], sums)
        for p in range(begin[rows[k]], begin[rows[k] + 1]):
            for q in range(start[features[p]], start[features[p] + 1]):
                column = columns[q]
                x = sums[column]
                if x != 0:  # what is met again was added before, and is zero
                    score = min(x / (1 + x) if saturation else x, 1.0)
                    forward[k, column] += mine[k] * score
                    backward[k, column] += theirs[column] * score
                    sums[column] = 0


@compiled
def _add_lookup(table: Array, groups: Array, forward: Array, backward: Array, mine: Array, theirs: Array) -> None:
    for k in range(len(table)):
        row, weight = table[k], mine[k]
        for j in range(len(groups)):
            score = row[groups[j]]
            forward[k, j] += weight * score
            backward[k, j] += theirs[j] * score


@compiled
def _add_values(
    values: Array, rows: Array, groups: Array, forward: Array, backward: Array, mine: Array, theirs: Array
) -> None:
    for k in range(len(rows)):
        own, weight = values[rows[k]], mine[k]
        for j in range(len(values)):
            if len(groups) == 0 or groups[j] == groups[rows[k]]:
                forward[k, j] += weight * values[j]
                backward[k, j] += theirs[j] * own


@compiled
def _take_logarithms(room: Arrays, norm: float) -> None:
    """The natural logarithm of numbers ≥ 1, times `norm`, cut at 1; to 2e-7, without a call that stops vectors.

    A number is 2ᵉ m; log m by the series of atanh((m − 1) / (m + 1)), m moved into [√½, √2).
    """
    numbers, bits, fractions, fraction_bits, exponents = room
    for j in range(len(numbers)):
        fraction_bits[j] = (bits[j] & 0x007FFFFF) | 0x3F800000
        exponents[j] = (bits[j] >> 23) - 127  # kept in 32 bits, which turn into floats eight at a time
    for j in range(len(numbers)):
        above = fractions[j] > np.float32(1.4142135)
        m = fractions[j] * (np.float32(0.5) if above else np.float32(1.0))
        exponent = np.float32(exponents[j]) + (np.float32(1.0) if above else np.float32(0.0))
        t = (m - np.float32(1.0)) / (m + np.float32(1.0))
        s = t * t
        series = np.float32(1 / 3) + s * (np.float32(1 / 5) + s * (np.float32(1 / 7) + s * np.float32(1 / 9)))
        logarithm = exponent * np.float32(0.6931472) + np.float32(2.0) * (t + t * s * series)
        numbers[j] = min(logarithm * norm, np.float32(1.0))


@compiled
def _add_visits(
    block: Array,
    scale: Array,
    first: Array,
    second: Array,
    room: Arrays,
    forward: Array,
    backward: Array,
    mine: Array,
    theirs: Array,
) -> None:
    chance, norm = scale[0], scale[1]
    numbers = room[0]
    for k in range(len(block)):
        for start in range(0, block.shape[1], TILE):
            x = block[k, start : start + TILE]
            ours, others = forward[k, start : start + TILE], backward[k, start : start + TILE]
            weights = theirs[start : start + TILE]
            for j in range(len(x)):
                numbers[j] = np.float32(1.0) + chance * x[j]
            _take_logarithms(room, norm)
            for j in range(len(x)):
                ours[j] += mine[k] * numbers[j]
            if len(first) > 0:
                times, ratio = chance * first[k], second[start : start + TILE]
                for j in range(len(x)):
                    numbers[j] = np.float32(1.0) + times * ratio[j] * x[j]
                _take_logarithms(room, norm)
            for j in range(len(x)):
                others[j] += weights[j] * numbers[j]


@compiled
def _add_lift(
    block: Array,
    columns: Array,
    scale: Array,
    room: Arrays,
    forward: Array,
    backward: Array,
    mine: Array,
    theirs: Array,
) -> None:
    numbers = room[0]
    for k in range(len(block)):
        for start in range(0, len(columns), TILE):
            x, times = block[k, start : start + TILE], columns[start : start + TILE]
            ours, others = forward[k, start : start + TILE], backward[k, start : start + TILE]
            weights = theirs[start : start + TILE]
            for j in range(len(x)):
                numbers[j] = max(x[j] * times[j], scale[0])
            _take_logarithms(room, scale[1])
            for j in range(len(x)):
                ours[j] += mine[k] * numbers[j]
                others[j] += weights[j] * numbers[j]


@compiled
def _sigmoid(x: float) -> float:
    return 0.5 * (1.0 + math.tanh(0.5 * x))


@_inlined
def _at_most_0(x: float) -> float:
    return min(0.0, x)


@compiled
def _best_mutual(forward: Array, backward: Array, among: Arrays, columns: Array, scores: Array) -> None:
    for k in range(len(forward)):
        ours, theirs, allowed = forward[k], backward[k], among[0][among[1][k]]
        _start(scores[k], columns[k], 0.0)
        threshold, least = 0.0, -np.inf
        for j in range(among[2][k], len(ours)):
            if allowed[j] and _at_most_0(ours[j]) + _at_most_0(theirs[j]) > least:
                score = _rounded(_sigmoid(ours[j]) * _sigmoid(theirs[j]))
                if score > threshold:
                    _sink(scores[k], columns[k], scores.shape[1], score, j)
                    threshold = scores[k, 0]
                    # p < e^x and p < 1 for log-odds x; a little below, so that rounding leaves out nobody.
                    least = math.log(threshold) - 1e-9 if threshold > 0 else -np.inf
        _sort(scores[k], columns[k])
        for place in range(scores.shape[1]):
            column = columns[k, place]
            scores[k, place] = _sigmoid(ours[column]) * _sigmoid(theirs[column]) if column >= 0 else np.nan

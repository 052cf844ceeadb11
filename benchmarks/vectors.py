"""Synthetic organizations for benchmarks: sparse vectors like those of real ones, of any number."""

import numpy as np
import scipy.sparse as sp

N_TAGS = 2_000
N_CLUSTERS = 60
DRAWS = 8.4  # a row; tags drawn twice count once, which leaves 7.8
EXPONENT = 0.7  # of Zipf's law; with it, a pair costs 0.11 to 0.12 multiplications, as in registries of clinical trials


def vectors(n: int, seed: int = 0) -> sp.csr_array:
    """Shape (n, 2000): 7.8 tags a row, half of them from one of 60 clusters, weighted by rarity, of unit length."""
    generator = np.random.default_rng(seed)
    owners = np.repeat(np.arange(n), 1 + generator.poisson(DRAWS - 1, n))
    popularity = np.arange(1, N_TAGS + 1) ** -EXPONENT
    tags = generator.choice(N_TAGS, len(owners), p=popularity / popularity.sum())
    at_home = generator.random(len(owners)) < 0.5
    cluster = generator.integers(N_CLUSTERS, size=n)[owners]
    for each in range(N_CLUSTERS):
        own, here = np.arange(each, N_TAGS, N_CLUSTERS), at_home & (cluster == each)
        tags[here] = generator.choice(own, here.sum(), p=popularity[own] / popularity[own].sum())
    return weighted(sp.csr_array((np.ones(len(owners)), (owners, tags)), shape=(n, N_TAGS)))


def weighted(counts: sp.csr_array) -> sp.csr_array:
    """Inverse document frequency, rows of length 1, single precision."""
    n, n_tags = counts.shape
    rarity = np.log(n / np.maximum(np.bincount(counts.indices, minlength=n_tags), 1))
    data = rarity[counts.indices]
    length = np.sqrt(np.add.reduceat(data**2, counts.indptr[:-1]))
    data = (data / np.repeat(length, np.diff(counts.indptr))).astype(np.float32)
    return sp.csr_array((data, counts.indices, counts.indptr), shape=counts.shape)


def multiplications(left: sp.csr_array, right: sp.csr_array) -> float:
    """How many multiply-adds a pair of rows takes."""
    sizes = [np.bincount(m.indices, minlength=m.shape[1]).astype(float) for m in (left, right)]
    return float(sizes[0] @ sizes[1]) / left.shape[0] / right.shape[0]


def embedded(left: sp.csr_array, right: sp.csr_array, d: int = 128) -> tuple[np.ndarray, np.ndarray]:
    """Both in the space of the first `d` singular vectors of `right`, rows of length 1, single precision."""
    _, basis = np.linalg.eigh((right.T @ right).toarray().astype(np.float64))
    dense = [(m @ basis[:, -d:]).astype(np.float32) for m in (left, right)]
    return tuple(np.ascontiguousarray(m / np.maximum(np.linalg.norm(m, axis=1, keepdims=True), 1e-9)) for m in dense)

"""How fast are the ten best of everyone found, and in how much memory?

Question: what do the compiled kernels cost against the same in C (the limit), against the sparse product with
selection of sparse_dot_topn, and against dense search (faiss, scikit-learn) in an embedding of 128 dimensions?
Method: synthetic organizations (vectors.py), two sides of N, single precision. Candidates run in turn, wall time;
figures are medians of the ratios of each round. Dense peers answer DENSE queries, scaled to N, and their training is
not counted. Their recall is against the exact sparse score; the kernel's answer must be that of C.
Memory: the peak of a process of its own, which makes the vectors, too.
Command: OPENBLAS_NUM_THREADS=1 python benchmarks/all_pairs.py [--n 50000] [--dense 10000] [--rounds 5]
Packages: pip install -e '.[benchmarks]', and a C compiler `cc`. What is missing is reported.
"""

import argparse
import ctypes
import resource
import shutil
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from hashlib import sha256
from pathlib import Path

import numpy as np
import scipy.sparse as sp
from rounds import Rounds, package, verdict
from threadpoolctl import threadpool_limits
from vectors import embedded, multiplications, vectors

from matchmaker import kernels
from matchmaker.kernels import Best, Product

TOP = 10
KERNEL, KERNEL_2 = "kernel, one direction", "kernel, one direction, 2 threads"
HARMONIC, PRODUCT = "kernel, both directions, harmonic mean", "kernel, both directions, product"
IDLE, IDLE_2 = "control: hashing, 1 thread", "control: the same, 2 threads"
REFERENCE = "C, one direction"
SPARSE, SPARSE_2 = "sparse_dot_topn", "sparse_dot_topn, 2 threads"
FAISS, BRUTE = "faiss IndexFlatIP, d=128", "scikit-learn brute, d=128"


def reference():
    """The kernel in C (reference.c), compiled for this machine; None without a compiler."""
    if shutil.which("cc") is None:
        print("no C compiler `cc`: the reference is left out")
        return None
    with tempfile.TemporaryDirectory() as folder:
        library = Path(folder) / "reference.so"
        flags = ["-O3", "-march=native", "-ffp-contract=off", "-shared", "-fPIC"]
        subprocess.run(["cc", *flags, "-o", library, Path(__file__).with_name("reference.c")], check=True)
        return ctypes.CDLL(str(library)).best_sparse


def best_in_c(function, product: Product, rows: np.ndarray) -> Best:
    sums = np.zeros(-(-product.flipped.width // 64) * 64, dtype=np.float32)
    best = Best(np.zeros((len(rows), TOP), dtype=np.int64), np.zeros((len(rows), TOP), dtype=np.float32))
    arrays = [array for side in product for array in side[:3]]
    pointers = [ctypes.c_void_p(array.ctypes.data) for array in (*arrays, rows, sums, best.scores, best.columns)]
    sizes = ctypes.c_int64(len(rows)), ctypes.c_int64(len(sums)), ctypes.c_int(TOP)
    function(*pointers[:7], *sizes, *pointers[7:])
    return best


def hashing(threads: int) -> None:
    """Work that two free processors surely do in half the time; where they do not, nothing else can."""
    with ThreadPoolExecutor(threads) as pool:
        list(pool.map(lambda _: sha256(bytes(2**25)).digest(), range(4)))


def sparse_candidates(left: sp.csr_array, right: sp.csr_array) -> dict:
    """The kernels, the reference, and the sparse peer."""
    rows, forward, backward = np.arange(left.shape[0]), Product.of(left, right), Product.of(right, left)
    candidates = {
        KERNEL: lambda: kernels.best_sparse(forward, rows, TOP),
        KERNEL_2: lambda: kernels.best_sparse(forward, rows, TOP, threads=2),
        HARMONIC: lambda: kernels.best_reciprocal(forward, backward, rows, TOP, mean="harmonic"),
        PRODUCT: lambda: kernels.best_reciprocal(forward, backward, rows, TOP),
        IDLE: lambda: hashing(1),
        IDLE_2: lambda: hashing(2),
    }
    function = reference()
    if function is not None:
        ours, theirs = candidates[KERNEL](), best_in_c(function, forward, rows)
        same = (ours.columns == theirs.columns).all() and (ours.scores == theirs.scores).all()
        print(f"the kernel's answer is that of C to the last bit: {'yes' if same else 'NO'}")
        candidates[REFERENCE] = lambda: best_in_c(function, forward, rows)
    peer = package("sparse_dot_topn")
    if peer is not None:
        flipped = sp.csr_matrix(right.T)
        for name, threads in ((SPARSE, 1), (SPARSE_2, 2)):
            candidates[name] = lambda threads=threads: peer.sp_matmul_topn(
                sp.csr_matrix(left), flipped, top_n=TOP, sort=True, n_threads=threads
            )
    return candidates


def dense_candidates(left: sp.csr_array, right: sp.csr_array, n_queries: int) -> dict:
    """The dense peers, asked for the first `n_queries` rows."""
    faiss, neighbors = package("faiss"), package("sklearn.neighbors")
    ours, theirs = embedded(left[:n_queries], right)
    candidates = {}
    if faiss is not None:
        faiss.omp_set_num_threads(1)
        index = faiss.IndexFlatIP(theirs.shape[1])
        index.add(theirs)
        candidates[FAISS] = lambda: index.search(ours, TOP)[1]
    if neighbors is not None:
        brute = neighbors.NearestNeighbors(n_neighbors=TOP, algorithm="brute").fit(theirs)
        candidates[BRUTE] = lambda: brute.kneighbors(ours, return_distance=False)
    return candidates


def recall(found: np.ndarray, exact: np.ndarray) -> float:
    """Share of the exact ten that are found."""
    return float(np.mean([len(set(a) & set(b)) / TOP for a, b in zip(found.tolist(), exact.tolist(), strict=True)]))


def compare(n: int, n_dense: int, rounds: int) -> None:
    """P1 to P5."""
    left, right = vectors(n, 1), vectors(n, 2)
    size = f"{n:,} x {n:,}, {left.nnz / n:.1f} tags a row, {multiplications(left, right):.3f} multiplications a pair"
    print(f"{size}, top {TOP}, {rounds} rounds")
    candidates = sparse_candidates(left, right)
    dense = dense_candidates(left, right, n_dense)
    with threadpool_limits(1):
        for call in candidates.values():
            call()
        taken = Rounds.run({**candidates, **dense}, rounds, warm=False)
        exact = candidates[KERNEL]().columns
        recalls = {name: recall(call()[:1000], exact[:1000]) for name, call in dense.items()} if n_dense else {}
    for name in dense:
        taken.scaled(name, n / n_dense)
    taken.show()
    for name, value in recalls.items():
        print(f"recall@{TOP} of {name} against the exact sparse score: {value:.2f}")
    verdict("P1 kernel / C, at most 1.25", taken.ratio(KERNEL, REFERENCE), 1.25, most=True)
    verdict("P2 sparse_dot_topn / kernel, at least 3", taken.ratio(SPARSE, KERNEL), 3)
    verdict("P2 the same with 2 threads each, at least 2.5", taken.ratio(SPARSE_2, KERNEL_2), 2.5)
    verdict("P3 faiss flat d=128 / kernel, at least 10", taken.ratio(FAISS, KERNEL), 10)
    verdict("P3 scikit-learn brute d=128 / kernel, at least 20", taken.ratio(BRUTE, KERNEL), 20)
    verdict("P4 1 thread / 2 threads, at least 1.9", taken.ratio(KERNEL, KERNEL_2), 1.9)
    verdict("   the control; below 1.9 the machine has not two free processors", taken.ratio(IDLE, IDLE_2), 1.9)
    verdict(
        "P5 harmonic mean of both directions / one direction, at most 2.6",
        taken.ratio(HARMONIC, KERNEL),
        2.6,
        most=True,
    )
    verdict("P5 product of both directions / one direction, at most 2.6", taken.ratio(PRODUCT, KERNEL), 2.6, most=True)


def peak_memory(n: int) -> None:
    """Run in a process of its own: all pairs of n, then print the peak in GB."""
    left, right = vectors(n, 1), vectors(n, 2)
    kernels.best_sparse(Product.of(left, right), np.arange(n), TOP)
    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20)


def main() -> None:
    """Read the sizes and print the tables."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("--n", type=int, default=50_000, help="organizations on each side")
    parser.add_argument("--dense", type=int, default=10_000, help="queries that the dense peers answer")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--memory", type=int, default=100_000, help="organizations on each side for the peak of memory")
    parser.add_argument("--peak", type=int, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.peak:
        peak_memory(options.peak)
        return
    command = [sys.executable, __file__, "--peak", str(options.memory)]
    peak = subprocess.run(command, check=True, capture_output=True, text=True).stdout  # a child begins at our own peak
    compare(options.n, min(options.dense, options.n), options.rounds)
    verdict(f"P13 peak memory of {options.memory:,} x {options.memory:,}, GB, at most 0.5", float(peak), 0.5, most=True)


if __name__ == "__main__":
    main()

"""Text: do their names, descriptions and terms read alike, in whatever language?"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, ClassVar, Self

import numpy as np
import scipy.sparse as sp

from matchmaker.array import FloatArray, IntArray
from matchmaker.scorers.base import Factors, Reason, score_of
from matchmaker.sparse import CSR, inverse, row_sums, scaled
from matchmaker.vocabulary import fold

if TYPE_CHECKING:
    from matchmaker.dataset import Dataset

N_BUCKETS = 2**18
SEPARATOR = 0x1F
MOST_CHARACTERS = 2000


@dataclass(eq=False)
class TextSimilarity:
    """TF-IDF cosine of character 2- to 4-grams; needs no tokenizer, so Chinese and Korean are read like English.

    score(i, j) = x_i · x_j, x the L2-normed vector of (1 + log tf) × log((1 + n) / (1 + df)), over the names, aliases,
    description and labels of the stated terms (all languages, the first 2,000 characters). Grams are hashed into 2¹⁸
    buckets. An organization without text gets 0.

    Source: Cavnar & Trenkle, SDAIR 1994 (n-grams); Weinberger et al., ICML 2009 (hashing).
    """

    symmetric: ClassVar[bool] = True
    monotone: ClassVar[bool] = False
    texts_: list[str] = field(init=False, repr=False)
    counts_: CSR | None = field(init=False, repr=False)
    factors_: Factors = field(init=False, repr=False)

    def fit(self, dataset: Dataset) -> Self:
        """Count the grams of every organization's text."""
        lines = texts(dataset)
        return self._weigh(lines, gram_counts(lines))

    def update(self, dataset: Dataset, earlier: Self) -> Self:
        """As `fit`, but grams are counted only in texts that `earlier` does not know."""
        if earlier.counts_ is None:
            return self.fit(dataset)
        lines = texts(dataset)
        unknown = sorted(set(lines).difference(earlier.texts_))
        counts = sp.vstack([earlier.counts_, gram_counts(unknown)], format="csr")
        row = {line: number for number, line in enumerate([*earlier.texts_, *unknown])}
        return self._weigh(lines, sp.csr_array(counts[[row[line] for line in lines]]))

    def _weigh(self, lines: list[str], counts: CSR) -> Self:
        self.texts_, self.counts_ = lines, counts
        frequency = np.bincount(counts.indices, minlength=N_BUCKETS)
        rarity = np.log((1.0 + len(self.texts_)) / (1.0 + frequency))
        damped = sp.csr_array((1.0 + np.log(counts.data), counts.indices, counts.indptr), shape=counts.shape)
        weighted = scaled(damped, columns=rarity).copy()
        weighted.eliminate_zeros()  # a gram that everyone has says nothing, and would be multiplied with everyone
        self.factors_ = Factors.of(scaled(weighted, rows=inverse(np.sqrt(row_sums(weighted.power(2))))))
        return self

    def score(self, rows: IntArray, *, reverse: bool = False) -> FloatArray:
        """Shape (len(rows), n), values in [0, 1]."""
        return self.factors_.scores(rows)

    def explain(self, seeker: int, candidate: int) -> list[Reason]:
        """One reason: the longest wording that the two texts share."""
        score = score_of(self, seeker, candidate)
        if score == 0.0:
            return []
        shared = longest_shared(self.texts_[seeker], self.texts_[candidate])
        return [Reason("similar wording" + (f": “{shared}”" if shared else ""), score)]


def longest_shared(left: str, right: str) -> str:
    """The longest run of whole words (single characters in Chinese) that two texts share; empty if none says much."""
    from difflib import SequenceMatcher

    words = [re.findall(r"[\u3400-\u9fff]|\w+", text[:MOST_CHARACTERS])[:200] for text in (left, right)]
    match = SequenceMatcher(None, words[0], words[1], autojunk=False).find_longest_match()
    shared = " ".join(words[0][match.a : match.a + match.size])
    shared = re.sub(r"(?<=[\u3400-\u9fff]) (?=[\u3400-\u9fff])", "", shared)
    return shared if len(shared) > 1 else ""


def texts(dataset: Dataset) -> list[str]:
    """By row: the folded text of each organization."""
    names = [f"name_{language}" if language else "name" for language in dataset.languages]
    import polars as pl

    own = dataset.organizations.select(*names, pl.col("aliases").list.join(" "), "description").iter_rows()
    label = {term: " ".join(entry.labels.values()) or term for term, entry in dataset.interests.terms.items()}
    stated = dataset.organizations.select("interests", "offers", "seeks").iter_rows()
    return [
        fold(" ".join([*filter(None, words), *dict.fromkeys(label[term] for terms in lists for term in terms)]))[
            :MOST_CHARACTERS
        ]
        for words, lists in zip(own, stated, strict=True)
    ]


def gram_counts(lines: list[str]) -> sp.csr_array:
    """Count hashed character 2- to 4-grams: shape (len(lines), N_BUCKETS)."""
    joined = chr(SEPARATOR).join(lines) + chr(SEPARATOR)
    codes = np.frombuffer(joined.encode("utf-32-le", "replace"), dtype=np.uint32).astype(np.uint64)
    line = np.cumsum(codes == SEPARATOR)
    keys = []
    gram = codes.copy()
    inside = codes != SEPARATOR
    for length in (2, 3, 4):
        gram = gram[:-1] * np.uint64(0x9E3779B97F4A7C15) + codes[length - 1 :]
        inside = inside[:-1] & (codes[length - 1 :] != SEPARATOR)
        mixed = (gram ^ (gram >> np.uint64(31))) * np.uint64(0xBF58476D1CE4E5B9)
        bucket = (mixed >> np.uint64(46)).astype(np.int64)
        keys.append(line[: len(gram)][inside] * N_BUCKETS + bucket[inside])
    unique, counts = np.unique(np.concatenate(keys), return_counts=True)
    rows, columns = np.divmod(unique, N_BUCKETS)
    return sp.csr_array((counts.astype(np.float64), (rows, columns)), shape=(len(lines), N_BUCKETS))

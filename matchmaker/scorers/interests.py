"""Interest similarity: do both work on the same things, or on neighboring ones?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, ClassVar, Self

import numpy as np

from matchmaker.array import FloatArray, IntArray
from matchmaker.scorers.base import Factors, Reason
from matchmaker.space import TermSpace
from matchmaker.sparse import CSR, inverse, scaled
from matchmaker.vocabulary import Vocabulary

if TYPE_CHECKING:
    from matchmaker.dataset import Dataset, Organization


@dataclass(eq=False)
class InterestSimilarity:
    """Cosine of interests, weighted by rarity and closed over the vocabulary.

    score(i, j) = Σ_f w_f x_if x_jf / (|x_i| |x_j|), with x the 0/1 level features of `TermSpace` and w their width ×
    inverse document frequency. An organization without interests gets 0.

    Source: Salton & Buckley, Information Processing & Management 24 (1988), on closed terms.

    Example:
        >>> from matchmaker import Dataset
        >>> scorer = InterestSimilarity().fit(Dataset.read())
        >>> scorer.score(np.array([0])).shape == (1, len(scorer.dataset_))
        True
    """

    symmetric: ClassVar[bool] = True
    monotone: ClassVar[bool] = True
    dataset_: Dataset = field(init=False, repr=False)
    factors_: Factors = field(init=False, repr=False)
    space_: TermSpace = field(init=False, repr=False)

    def fit(self, dataset: Dataset) -> Self:
        """Learn term weights from all organizations."""
        self.dataset_, self.space_ = dataset, dataset.features.fields["interests"]
        self.factors_ = Factors.of(cosine_factor(dataset.features.interests, self.space_.weights_))
        return self

    def score(self, rows: IntArray, *, reverse: bool = False) -> FloatArray:
        """Shape (len(rows), n), values in [0, 1]."""
        return self.factors_.scores(rows)

    def explain(self, seeker: int, candidate: int) -> list[Reason]:
        """One reason for each term that both state, or under which both state something."""
        features, parts = self.factors_.parts(seeker, candidate)
        mine, theirs = (self.dataset_.organization(row) for row in (seeker, candidate))
        vocabulary = self.space_.vocabulary
        lines = without_echoes(by_term(self.space_, features, parts), mine.interests, theirs.interests, vocabulary)
        return [
            Reason(f"{_how(term, mine, theirs)} {vocabulary.label(term)}", part, theirs.source) for term, part in lines
        ]


def _how(term: str, seeker: Organization, candidate: Organization) -> str:
    stated = [term in organization.interests for organization in (seeker, candidate)]
    if all(stated):
        return "both work on"
    return "neighboring work:" if any(stated) else "both in the field of"


def without_echoes(
    lines: list[tuple[str, float]], mine: Sequence[str], theirs: Sequence[str], vocabulary: Vocabulary
) -> list[tuple[str, float]]:
    """The same parts, those of terms that neither side stated, nor anything below, added to the term they come from.

    Two organizations that share a term share its neighbors, too: it is one fact, and one line.
    """
    above = [{broader for term in stated for broader in vocabulary.ancestors(term)} for stated in (mine, theirs)]
    facts = {term: part for term, part in lines if term in mine or term in theirs or term in above[0] & above[1]}
    if not facts:
        return lines
    for term, part in lines:
        if term not in facts:
            near = [other for other in vocabulary.neighbors.get(term, ()) if other in facts]
            facts[near[0] if near else next(iter(facts))] += part
    return sorted(facts.items(), key=lambda line: (-line[1], line[0]))


def cosine_factor(features: CSR, weights: FloatArray) -> CSR:
    """Scale 0/1 `features` (n, n_features) so that inner products of rows are weighted cosines."""
    return scaled(features, rows=inverse(np.sqrt(features @ weights)), columns=np.sqrt(weights))


def by_term(space: TermSpace, features: IntArray, parts: FloatArray) -> list[tuple[str, float]]:
    """Add up the parts of features term by term, the largest first."""
    columns, position = np.unique(space.term_of_feature[features], return_inverse=True)
    sums = np.bincount(position, weights=parts, minlength=len(columns))
    order = np.lexsort((columns, -sums))
    return [(space.terms[columns[k]], float(sums[k])) for k in order]

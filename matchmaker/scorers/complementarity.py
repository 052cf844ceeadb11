"""Complementarity: does the candidate offer what the seeker seeks?"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, ClassVar, Self

from matchmaker.array import FloatArray, IntArray
from matchmaker.scorers.base import Factors, Reason
from matchmaker.scorers.interests import by_term, without_echoes
from matchmaker.space import TermSpace, derived_terms
from matchmaker.sparse import inverse, scaled

if TYPE_CHECKING:
    from matchmaker.dataset import Dataset


@dataclass(eq=False)
class Complementarity:
    """The share of what the seeker seeks that the candidate offers; directional.

    score(i, j) = Σ_f w_f seeks_if offers_jf / (w₀ + Σ_f w_f seeks_if), f the level features of offers and seeks, w₀ the
    mean rarity of a term: a single common need that everyone meets says little. A seeker that seeks nothing gives
    everyone 0. The reverse block asks whether the seeker offers what the candidates seek.

    Source: the containment (coverage) measure of Broder, SEQUENCES 1997, weighted and shrunk.
    """

    symmetric: ClassVar[bool] = False
    monotone: ClassVar[bool] = True
    dataset_: Dataset = field(init=False, repr=False)
    factors_: Factors = field(init=False, repr=False)
    space_: TermSpace = field(init=False, repr=False)

    def fit(self, dataset: Dataset) -> Self:
        """Learn term weights from all offers and seeks."""
        features = dataset.features
        self.dataset_, self.space_ = dataset, features.fields["seeks"]
        weights = self.space_.weights_
        sought = features.seeks @ weights
        shrinkage = float(weights.sum() / max(len(set(self.space_.term_of_feature.tolist())), 1))
        left = scaled(features.seeks, rows=inverse(sought + shrinkage), columns=weights)
        self.factors_ = Factors.of(left, features.offers)
        return self

    def score(self, rows: IntArray, *, reverse: bool = False) -> FloatArray:
        """Shape (len(rows), n), values in [0, 1]."""
        return self.factors_.scores(rows, reverse=reverse)

    def explain(self, seeker: int, candidate: int) -> list[Reason]:
        """One reason for each term sought and offered; derived where either side's comes from a rule."""
        features, parts = self.factors_.parts(seeker, candidate)
        sought, offered = (self._terms(row, name) for row, name in ((seeker, "seeks"), (candidate, "offers")))
        lines = without_echoes(by_term(self.space_, features, parts), sought, offered, self.space_.vocabulary)
        return [self._reason(term, part, seeker, candidate) for term, part in lines]

    def _terms(self, row: int, name: str) -> list[str]:
        """What an organization offers or seeks, stated or derived."""
        organization = self.dataset_.organization(row)
        terms, from_interests = derived_terms(self.dataset_, organization.sector, name)
        return [*getattr(organization, name), *sorted(terms), *(organization.interests if from_interests else ())]

    def _reason(self, term: str, part: float, seeker: int, candidate: int) -> Reason:
        label = self.space_.vocabulary.label(term)
        sought, offered = self._stated(term, seeker, "seeks"), self._stated(term, candidate, "offers")
        derived = [how for how in (sought, offered) if how]
        note = f" ({'; '.join(dict.fromkeys(derived))})" if derived else ""
        source = self.dataset_.organizations["source"][candidate]
        return Reason(f"sought and offered: {label}{note}", part, source, derived=bool(derived))

    def _stated(self, term: str, row: int, name: str) -> str:
        """How an offer or a need comes about where it is not stated: by sector, by interests or by a broader term."""
        record = self.dataset_.organizations.row(row, named=True)
        if term in record[name]:
            return ""
        terms, _ = derived_terms(self.dataset_, record["sector"], name)
        if term in terms:
            return f"derived: usual for {self.dataset_.sectors.label(record['sector'])}"
        return "derived: from what it works on" if term in record["interests"] else "derived: from a near term"

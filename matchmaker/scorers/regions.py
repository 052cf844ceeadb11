"""Region tie: are their regions bound by sister cities, industrial parks, invested firms, or nearness?"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np
import scipy.sparse as sp

from matchmaker.array import FloatArray, IntArray
from matchmaker.scorers.base import Factors, Reason, Scale

if TYPE_CHECKING:
    from matchmaker.dataset import Dataset

EARTH_RADIUS_KM = 6371.0


@dataclass(eq=False)
class RegionTie:
    """Stated ties between two regions or the regions above them, and nearness.

    score = (1 − d) t / (1 + t) + d e^(−km / distance_km), t = Σ over ties of weight × 0.5^(levels above the stated
    place); a counted tie (invested firms) weighs log(1 + value) / log(1 + value_cap); unverified ties count half.
    Unknown regions get 0, and so do ties of regions below the stated place; a whole country lies nowhere.

    Source: gravity and border-tie terms of trade models (Head & Mayer, Handbook of International Economics 4, 2014).
    """

    symmetric: ClassVar[bool] = True
    monotone: ClassVar[bool] = True
    dataset_: Dataset = field(init=False, repr=False)
    settings_: Mapping[str, Any] = field(init=False, repr=False)
    ties_: Factors = field(init=False, repr=False)
    region_: IntArray = field(init=False, repr=False)
    inhabited_: IntArray = field(init=False, repr=False)
    position_: IntArray = field(init=False, repr=False)
    place_: FloatArray = field(init=False, repr=False)

    def fit(self, dataset: Dataset) -> Self:
        """Read ties and coordinates."""
        self.dataset_ = dataset
        self.settings_ = settings = dataset.domain.settings["regions"]
        terms = sorted(dataset.regions.terms)
        column = {term: number for number, term in enumerate(terms)}
        places = [column.get(place or "", -1) for place in dataset.places]
        self.region_ = np.array(places, dtype=np.int64)
        self.inhabited_, self.position_ = np.unique(self.region_, return_inverse=True)
        self.place_ = np.array([_coordinates(dataset, term) for term in terms], dtype=np.float64).reshape(-1, 2)
        located = np.flatnonzero(self.region_ >= 0)
        above = _levels(dataset, terms, column)
        stands = sp.csr_array(
            (np.ones(len(located)), (located, self.region_[located])), shape=(len(dataset), len(terms))
        )
        membership = (stands @ above).tocsr()
        self.ties_ = Factors.of(
            (membership @ _tie_table(dataset, column, settings)).tocsr(), membership, Scale("saturation")
        )
        return self

    def score(self, rows: IntArray, *, reverse: bool = False) -> FloatArray:
        """Shape (len(rows), n), values in [0, 1]."""
        share = self.share
        return (1.0 - share) * self.ties_.scores(rows) + share * self._nearness(rows)

    def explain(self, seeker: int, candidate: int) -> list[Reason]:
        """One reason for each tie between regions that the two are in, and one for nearness."""
        ties = self._ties(seeker, candidate)
        total = sum(weight for weight, _ in ties)
        scale = (1.0 - self.share) / (1.0 + total)
        reasons = [Reason(self._tie_text(tie), scale * weight, tie["source"], tie["day"]) for weight, tie in ties]
        nearness = float(self._nearness(np.array([seeker]))[0, candidate])
        if nearness > 0.0:
            names = [self.dataset_.regions.label(self.dataset_.places[row] or "") for row in (seeker, candidate)]
            distance = self._distance(np.array([self.region_[seeker]]), np.array([self.region_[candidate]]))[0, 0]
            text = f"{names[0]} and {names[1]} lie {distance:.0f} km apart"
            reasons.append(Reason(text, self.share * nearness))
        return sorted(reasons, key=lambda reason: -reason.contribution)

    @property
    def share(self) -> float:
        """What nearness alone can give."""
        return float(self.settings_["distance_share"])

    def _nearness(self, rows: IntArray) -> FloatArray:
        near, position = self.near(rows)
        expanded: FloatArray = near[:, position]
        return expanded

    def near(self, rows: IntArray) -> tuple[FloatArray, IntArray]:
        """Nearness to each region that anyone is in, shape (len(rows), m), and who is in which, shape (n,)."""
        regions = self.inhabited_
        if not len(self.place_):
            return np.zeros((len(rows), len(regions))), self.position_
        scale = float(self.settings_["distance_km"])
        near = np.nan_to_num(np.exp(-self._distance(self.region_[rows], regions) / scale))
        near[self.region_[rows] < 0] = 0.0
        near[:, regions < 0] = 0.0
        return near, self.position_

    def _distance(self, left: IntArray, right: IntArray) -> FloatArray:
        """Great-circle kilometers between two lists of regions; NaN where a place has no coordinates."""
        first, second = np.radians(self.place_[left])[:, None, :], np.radians(self.place_[right])[None, :, :]
        half = np.sin((first - second) / 2) ** 2
        chord = half[..., 0] + np.cos(first[..., 0]) * np.cos(second[..., 0]) * half[..., 1]
        kilometers: FloatArray = 2 * EARTH_RADIUS_KM * np.arcsin(np.sqrt(np.clip(chord, 0.0, 1.0)))
        return kilometers

    def _ties(self, seeker: int, candidate: int) -> list[tuple[float, dict[str, Any]]]:
        levels = [self._above(row) for row in (seeker, candidate)]
        found = []
        for tie in self.dataset_.region_ties.iter_rows(named=True):
            for left, right in {(tie["left"], tie["right"]), (tie["right"], tie["left"])}:
                if left in levels[0] and right in levels[1]:
                    found.append((_tie_weight(tie, self.settings_) * levels[0][left] * levels[1][right], tie))
        return found

    def _above(self, row: int) -> dict[str, float]:
        place = self.dataset_.places[row]
        return {term: 0.5**depth for depth, term in enumerate(self.dataset_.regions.ancestors(place))} if place else {}

    def _tie_text(self, tie: Mapping[str, Any]) -> str:
        names = [self.dataset_.regions.label(tie[side]) for side in ("left", "right")]
        value = f" ({tie['value']:,.0f})" if tie["value"] is not None else ""
        doubt = "" if tie["verified"] else ", unverified"
        return f"{(tie['kind'] or 'tie').replace('-', ' ')}{value}: {names[0]} and {names[1]}{doubt}"


def _coordinates(dataset: Dataset, term: str) -> tuple[float, float]:
    """Latitude and longitude; NaN where unknown, and for a whole country, whose center says nothing."""
    if dataset.regions.terms[term].parent is None:
        return np.nan, np.nan
    attributes = dataset.regions.terms[term].attributes
    return float(attributes.get("latitude", np.nan)), float(attributes.get("longitude", np.nan))


def _levels(dataset: Dataset, terms: list[str], column: Mapping[str, int]) -> sp.csr_array:
    """Shape (n_regions, n_regions): 0.5^levels from a region up to each region above it."""
    entries = [
        (row, column[above], 0.5**depth)
        for row, term in enumerate(terms)
        for depth, above in enumerate(dataset.regions.ancestors(term))
    ]
    rows, columns, values = np.array(entries, dtype=np.float64).reshape(-1, 3).T
    indices = rows.astype(np.int64), columns.astype(np.int64)
    return sp.csr_array((values, indices), shape=(len(terms), len(terms)))


def _tie_table(dataset: Dataset, column: Mapping[str, int], settings: Mapping[str, Any]) -> sp.csr_array:
    """Shape (n_regions, n_regions), symmetric: summed weights of the ties between two regions."""
    entries = [
        (column[left], column[right], _tie_weight(tie, settings))
        for tie in dataset.region_ties.iter_rows(named=True)
        for left, right in {(tie["left"], tie["right"]), (tie["right"], tie["left"])}
    ]
    rows, columns, values = np.array(sorted(entries), dtype=np.float64).reshape(-1, 3).T
    indices = rows.astype(np.int64), columns.astype(np.int64)
    return sp.coo_array((values, indices), shape=(len(column), len(column))).tocsr()


def _tie_weight(tie: Mapping[str, Any], settings: Mapping[str, Any]) -> float:
    weight = settings["kind"].get(tie["kind"], settings["kind"]["other"])
    if tie["value"] is not None:
        weight = min(np.log1p(max(tie["value"], 0.0)) / np.log1p(settings["value_cap"]), 1.0)
    return float(weight if tie["verified"] else weight * settings["unverified"])

"""The feature space: from an organization's terms to sparse vectors whose inner products are scores."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, Self

import numpy as np
import scipy.sparse as sp

from matchmaker.array import FloatArray, IntArray
from matchmaker.sparse import CSR, scaled, spans
from matchmaker.vocabulary import Vocabulary

if TYPE_CHECKING:
    from matchmaker.dataset import Dataset, Organization


@dataclass(frozen=True, eq=False)
class TermSpace:
    """Vectors over the terms of one vocabulary, closed upward and sideways.

    A stated term counts 1, its parent `parent_decay`, the parent's parent `parent_decay²`, …, a related term
    `related`. Each coordinate is cut into *levels*, one feature a level, as a thermometer is read: an organization
    has a feature if its value reaches that level. So the inner product of two vectors is the sum over terms of
    weight × min(value, value), every organization gives a feature the same weight, and one more shared term can
    never lower a cosine.
    """

    vocabulary: Vocabulary
    parent_decay: float = 0.5
    related: float = 0.35
    keys_: FloatArray = field(default_factory=lambda: np.empty(0))
    weights_: FloatArray = field(default_factory=lambda: np.empty(0))

    @cached_property
    def terms(self) -> list[str]:
        """Terms by column, sorted."""
        return sorted(self.vocabulary.terms)

    @cached_property
    def column(self) -> Mapping[str, int]:
        """Column by term."""
        return {term: column for column, term in enumerate(self.terms)}

    @cached_property
    def closure(self) -> CSR:
        """Shape (n_terms, n_terms): how much stating the row's term counts for the column's term."""
        values: dict[tuple[int, int], float] = {}
        for row, term in enumerate(self.terms):
            near = [(other, self.parent_decay**depth) for depth, other in enumerate(self.vocabulary.ancestors(term))]
            near += [(other, self.related) for other in self.vocabulary.neighbors.get(term, ())]
            for other, value in near:
                key = row, self.column[other]
                values[key] = max(value, values.get(key, 0.0))
        rows, columns = np.array(list(values), dtype=np.int64).reshape(-1, 2).T
        shape = len(self.terms), len(self.terms)
        return sp.coo_array((list(values.values()), (rows, columns)), shape=shape).tocsr()

    def close(self, stated: CSR) -> sp.coo_array:
        """Close `stated` (n, n_terms; values in (0, 1]) over the vocabulary: the largest product counts."""
        entry = stated.tocoo()
        pointers = self.closure.indptr.astype(np.int64)
        start, stop = pointers[entry.col], pointers[entry.col + 1]
        pointer, counts = spans(start, stop)
        rows, columns = np.repeat(entry.row, counts), self.closure.indices[pointer]
        values = np.repeat(entry.data, counts) * self.closure.data[pointer]
        order = np.lexsort((values, columns, rows))
        rows, columns, values = rows[order], columns[order], values[order]
        last = np.ones(len(rows), dtype=bool)
        last[:-1] = (rows[1:] != rows[:-1]) | (columns[1:] != columns[:-1])
        return sp.coo_array((values[last], (rows[last], columns[last])), shape=stated.shape)

    def fit(self, stated: CSR) -> TermSpace:
        """Learn levels and inverse document frequencies from `stated` (n, n_terms; values in (0, 1])."""
        closed = self.close(stated)
        levels = np.sort(np.round(closed.col * 2 + closed.data, 12))
        keys = levels[np.diff(levels, prepend=-1.0) > 0]  # np.unique would import numpy.ma for a short command
        column, level = np.divmod(keys, 2)
        first = np.ones(len(keys), dtype=bool)
        first[1:] = column[1:] != column[:-1]
        width = level - np.where(first, 0.0, np.concatenate([[0.0], level])[:-1])
        frequency = np.bincount(closed.col, minlength=len(self.terms))
        rarity = np.log1p(stated.shape[0] / (1.0 + frequency))
        return TermSpace(
            self.vocabulary, self.parent_decay, self.related, keys, width * rarity[column.astype(np.int64)]
        )

    @property
    def names(self) -> list[tuple[str, float]]:
        """(term, level) of each feature."""
        column, level = np.divmod(self.keys_, 2)
        return [(self.terms[int(c)], float(value)) for c, value in zip(column, level, strict=True)]

    @cached_property
    def term_of_feature(self) -> IntArray:
        """Shape (n_features,): the column of the term that each feature belongs to."""
        return (self.keys_ // 2).astype(np.int64)

    def encode(self, stated: CSR) -> CSR:
        """Encode `stated` (n, n_terms) as 0/1 features: shape (n, n_features)."""
        closed = self.close(stated)
        start = np.searchsorted(self.keys_, closed.col * 2.0)
        stop = np.searchsorted(self.keys_, closed.col * 2 + closed.data + 1e-9, side="right")
        features, counts = spans(start, stop)
        rows = np.repeat(closed.row, counts)
        return sp.csr_array((np.ones(len(rows)), (rows, features)), shape=(stated.shape[0], len(self.keys_)))


@dataclass(frozen=True, eq=False)
class FeatureSpace:
    """Interests, offers, seeks, sector and region of organizations as sparse rows, fitted to one dataset.

    `fields` maps each of `FIELDS` to its fitted `TermSpace`; offers and seeks share that of the interests, so that a
    need and an offer meet in the same features.
    """

    domain_settings: Mapping[str, Any]
    dataset: Dataset
    fields: Mapping[str, TermSpace]

    @classmethod
    def fit(cls, dataset: Dataset) -> Self:
        """Learn levels and weights from the organizations of `dataset`."""
        settings = dataset.domain.settings["features"]
        decays = float(settings["parent_decay"]), float(settings["related"])
        plain = TermSpace(dataset.interests, *decays)
        stated = {
            "interests": stated_interests(dataset, plain),
            "offers": stated_offers(dataset, plain),
            "seeks": stated_seeks(dataset, plain),
        }
        spaces = {
            "interests": plain.fit(stated["interests"]),
            "sectors": _fitted(dataset, TermSpace(dataset.sectors, *decays), "sector"),
            "regions": _fitted(dataset, TermSpace(dataset.regions, *decays), "city"),
        }
        spaces["offers"] = spaces["seeks"] = plain.fit(sp.vstack([stated["offers"], stated["seeks"]], format="csr"))
        space = cls(settings, dataset, spaces)
        space.__dict__["_stated"] = stated  # where the cached property keeps it
        return space

    def of_same(self, dataset: Dataset) -> FeatureSpace:
        """The space of a dataset whose organizations, events, participations and topics are the same."""
        same = replace(self, dataset=dataset)
        kept = {key: value for key, value in vars(self).items() if key not in vars(same)}
        vars(same).update(kept)
        return same

    def names(self, name: str) -> list[tuple[str, float]]:
        """(term, level) of each feature of a field."""
        return self.fields[name].names

    def encode(self, organizations: Sequence[Organization], name: str) -> CSR:
        """Encode organizations, in the data or not: shape (n_organizations, n_features), 0 or 1."""
        space = self.fields[name]
        terms = [_terms_of(organization, name) for organization in organizations]
        return space.encode(
            _matrix(space, ((row, term) for row, found in enumerate(terms) for term in found), len(terms))
        )

    @cached_property
    def _stated(self) -> Mapping[str, CSR]:
        """By field, shape (n, n_terms): what the organizations of the dataset state or have derived."""
        read = {"interests": stated_interests, "offers": stated_offers, "seeks": stated_seeks}
        return {name: stated(self.dataset, self.fields[name]) for name, stated in read.items()}

    @cached_property
    def interests(self) -> CSR:
        """Shape (n, n_features): stated interests and the topics of earlier events."""
        return self.fields["interests"].encode(self._stated["interests"])

    @cached_property
    def offers(self) -> CSR:
        """Shape (n, n_features): stated offers, and derived ones at a lower level."""
        return self.fields["offers"].encode(self._stated["offers"])

    @cached_property
    def seeks(self) -> CSR:
        """Shape (n, n_features): stated seeks, and derived ones at a lower level."""
        return self.fields["seeks"].encode(self._stated["seeks"])


def stated_interests(dataset: Dataset, space: TermSpace) -> CSR:
    """Shape (n, n_terms): 1 for a stated interest, less for a topic of an earlier verified event."""
    stated = _column(dataset, space, "interests")
    if not dataset.topics.height:
        return stated
    organizations, events = (rows[dataset.sure_participations] for rows in dataset.participation_pairs[:2])
    shape = len(dataset), dataset.events.height
    took_part = sp.csr_array((np.ones(len(events)), (organizations, events)), shape=shape)
    inherited = took_part @ event_topics(dataset, space.column)
    inherited.data[:] = float(dataset.domain.settings["features"]["topic"])
    return sp.csr_array(stated.maximum(inherited))


def event_topics(dataset: Dataset, column: Mapping[str, int]) -> CSR:
    """Shape (n_events, len(column)), 0/1: the topics of each event, every one of which has a column."""
    event_row = {event: row for row, event in enumerate(dataset.events["event_id"].to_list())}
    rows = np.array([event_row[event] for event in dataset.topics["event_id"].to_list()], dtype=np.int64)
    columns = np.array([column[term] for term in dataset.topics["term"].to_list()], dtype=np.int64)
    topics = sp.csr_array((np.ones(len(rows)), (rows, columns)), shape=(dataset.events.height, len(column)))
    topics.data[:] = 1.0
    return topics


def stated_offers(dataset: Dataset, space: TermSpace) -> CSR:
    """Shape (n, n_terms): 1 for a stated offer, `derived_offer` for one that a rule derives."""
    return _with_derived(dataset, space, "offers")


def stated_seeks(dataset: Dataset, space: TermSpace) -> CSR:
    """Shape (n, n_terms): 1 for a stated need, `derived_seek` for one that a rule derives."""
    return _with_derived(dataset, space, "seeks")


def derived_terms(dataset: Dataset, sector: str | None, name: str) -> tuple[set[str], bool]:
    """Terms that rules derive for a sector, and whether its interests count too; `name` is offers or seeks."""
    terms: set[str] = set()
    interests = False
    above = dataset.sectors.ancestors(sector) if sector else []
    for rule in dataset.domain.rules:
        if rule.sector in above:
            terms |= set(rule.offers if name == "offers" else rule.seeks)
            interests |= rule.interests_as == name
    return terms, interests


def _with_derived(dataset: Dataset, space: TermSpace, name: str) -> CSR:
    stated = _column(dataset, space, name)
    derived = float(dataset.domain.settings["features"][f"derived_{name[:-1]}"])
    rules = {sector: derived_terms(dataset, sector, name) for sector in dataset.sectors.terms}
    sectors = dataset.organizations["sector"].to_list()
    entries = [(row, term) for row, sector in enumerate(sectors) if sector for term in rules[sector][0]]
    follows = np.array([bool(sector) and rules[sector][1] for sector in sectors], dtype=np.float64)
    implied = _matrix(space, entries, len(dataset))
    if follows.any():
        implied = sp.csr_array(implied.maximum(_from_interests(dataset, space, follows, name)))
    return stated.maximum(implied * derived).tocsr()


def _from_interests(dataset: Dataset, space: TermSpace, follows: FloatArray, name: str) -> CSR:
    """Interests of those that the rules say it of; what their sector offers, an investor's money, they do not seek."""
    interests = scaled(_column(dataset, space, "interests"), rows=follows)
    if name == "offers":
        return interests
    rows = enumerate(dataset.organizations["sector"].to_list())
    offered = {sector: derived_terms(dataset, sector, "offers")[0] for sector in dataset.sectors.terms}
    own = _matrix(space, ((row, term) for row, sector in rows if sector for term in offered[sector]), len(dataset))
    return sp.csr_array(interests - interests.multiply(own))


def _fitted(dataset: Dataset, space: TermSpace, column: str) -> TermSpace:
    return space.fit(_column(dataset, space, column))


def _column(dataset: Dataset, space: TermSpace, column: str) -> CSR:
    import polars as pl

    frame = dataset.organizations.select(pl.int_range(pl.len()).alias("row"), pl.col(column))
    if frame.schema[column] == pl.List(pl.String):
        frame = frame.explode(column)
    frame = frame.drop_nulls()
    return _matrix(space, zip(frame["row"].to_list(), frame[column].to_list(), strict=True), len(dataset))


def _matrix(space: TermSpace, entries: Iterable[tuple[int, str]], n: int) -> CSR:
    known = [(row, space.column[term]) for row, term in entries if term in space.column]
    rows, columns = np.array(known, dtype=np.int64).reshape(-1, 2).T
    matrix = sp.csr_array((np.ones(len(rows)), (rows, columns)), shape=(n, len(space.terms)))
    matrix.data[:] = 1.0
    return matrix


def _terms_of(organization: Organization, name: str) -> tuple[str, ...]:
    if name == "sectors":
        return (organization.sector,) if organization.sector else ()
    if name == "regions":
        place = organization.city or organization.region
        return (place,) if place else ()
    terms: tuple[str, ...] = getattr(organization, name)
    return terms

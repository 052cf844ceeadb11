"""Find likely partners across a border, ranked and explained."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from matchmaker.blend import Blend
    from matchmaker.dataset import Dataset, Organization
    from matchmaker.domain import Domain
    from matchmaker.errors import DataError, StoreError, UsageError
    from matchmaker.graph import ContextGraph
    from matchmaker.recommender import Explanation, Match, Recommender
    from matchmaker.scorers import SCORERS, Reason, Scorer
    from matchmaker.space import FeatureSpace
    from matchmaker.store import Store
    from matchmaker.vocabulary import Vocabulary

__version__ = "0.1.0"

__all__ = [
    "SCORERS",
    "Blend",
    "ContextGraph",
    "DataError",
    "Dataset",
    "Domain",
    "Explanation",
    "FeatureSpace",
    "Match",
    "Organization",
    "Reason",
    "Recommender",
    "Scorer",
    "Store",
    "StoreError",
    "UsageError",
    "Vocabulary",
    "__version__",
]

# Each name is imported when it is first asked for, so that `matchmaker --help` starts at once.
_HOME = {
    "SCORERS": "scorers",
    "Blend": "blend",
    "ContextGraph": "graph",
    "DataError": "errors",
    "Dataset": "dataset",
    "Domain": "domain",
    "Explanation": "recommender",
    "FeatureSpace": "space",
    "Match": "recommender",
    "Organization": "dataset",
    "Reason": "scorers",
    "Recommender": "recommender",
    "Scorer": "scorers",
    "Store": "store",
    "StoreError": "errors",
    "UsageError": "errors",
    "Vocabulary": "vocabulary",
}


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(f"matchmaker.{_HOME[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted([*globals(), *_HOME])

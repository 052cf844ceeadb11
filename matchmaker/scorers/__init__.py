"""One idea per file, one contract for all (`base`), and the registry by which all are named."""

from __future__ import annotations

from collections.abc import Callable

from matchmaker.scorers.base import Reason, Scorer
from matchmaker.scorers.bridge import HubBridge
from matchmaker.scorers.complementarity import Complementarity
from matchmaker.scorers.contexts import ContextAdamicAdar
from matchmaker.scorers.counterparts import CountryCounterparts, SectorCounterparts
from matchmaker.scorers.interests import InterestSimilarity
from matchmaker.scorers.katz import OddKatz
from matchmaker.scorers.popularity import LocalReach, Popularity, Reach
from matchmaker.scorers.regions import RegionTie
from matchmaker.scorers.sectors import SectorAffinity
from matchmaker.scorers.text import TextSimilarity
from matchmaker.scorers.topics import TopicWalk
from matchmaker.scorers.walk import CorrectedWalk, RandomWalk, TwoStepWalk

# Add one line, and the scorer can be chosen, is tested and is benchmarked.
SCORERS: dict[str, Callable[[], Scorer]] = {
    "interests": InterestSimilarity,
    "complementarity": Complementarity,
    "sectors": SectorAffinity,
    "regions": RegionTie,
    "text": TextSimilarity,
    "topic_walk": TopicWalk,
    "contexts": ContextAdamicAdar,
    "walk": RandomWalk,
    "two_step": TwoStepWalk,
    "walk_corrected": CorrectedWalk,
    "katz": OddKatz,
    "bridge": HubBridge,
    "sector_counterparts": SectorCounterparts,
    "country_counterparts": CountryCounterparts,
    "reach": Reach,
    "local_reach": LocalReach,
    "popularity": Popularity,
}

__all__ = ["SCORERS", "Reason", "Scorer"]

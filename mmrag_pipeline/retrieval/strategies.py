"""How the lists of several signals become one ranking: strategies by name."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from mmrag_pipeline.errors import SettingsError
from mmrag_pipeline.retrieval.asked import Asked, Strategy
from mmrag_pipeline.retrieval.cascade import Cascade
from mmrag_pipeline.retrieval.early import early
from mmrag_pipeline.retrieval.fusion_model import FusionModel
from mmrag_pipeline.retrieval.late import RRF_K, ReciprocalRank, ScoreSum, Weights
from mmrag_pipeline.retrieval.learned import Learned
from mmrag_pipeline.retrieval.normalised import dbsf, minmax, zscore
from mmrag_pipeline.retrieval.trusted import evidence

__all__ = [
    "LATE",
    "LEARNED",
    "STRATEGIES",
    "Asked",
    "Strategy",
    "Tuning",
    "evidence",
    "strategy_of",
    "tuned",
]

LEARNED = "learned"
"""The one that has to be trained before."""
LATE = ("rrf", "zscore", "minmax", "dbsf")
"""Those that settings tune."""


@dataclass(frozen=True, slots=True)
class Tuning:
    """What settings say of strategies."""

    rrf_k: float = RRF_K
    weights: Weights = field(default_factory=dict)
    """Signal -> what it counts in late fusion; 1 for those that are absent."""


def tuned(tuning: Tuning) -> dict[str, Strategy]:
    """Return the strategies that need no training by name, as settings tune them."""
    return {
        "evidence": evidence,
        "rrf": ReciprocalRank(tuning.rrf_k, tuning.weights),
        "zscore": ScoreSum(zscore, tuning.weights),
        "minmax": ScoreSum(minmax, tuning.weights),
        "dbsf": ScoreSum(dbsf, tuning.weights),
        "early": early,
        "cascade": Cascade(),
    }


STRATEGIES: Mapping[str, Strategy] = tuned(Tuning())
"""Name -> strategy that needs no training, as it is without settings; the first is the default."""


def strategy_of(name: str, tuning: Tuning, model: Callable[[], FusionModel]) -> Strategy:
    """Return a strategy by name; `model` is read for the learned one only.

    Raises SettingsError for an unknown name, listing the known ones, and as `model` does.
    """
    if name == LEARNED:
        return Learned(model())
    known = tuned(tuning)
    if name not in known:
        raise SettingsError(f"unknown strategy {name!r:.100}; known: {', '.join(known)}, {LEARNED}")
    return known[name]

"""Refinements by name, and which may follow which."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from mmrag_pipeline.errors import SettingsError
from mmrag_pipeline.model_ports import PairScorer
from mmrag_pipeline.retrieval.asked import Strategy
from mmrag_pipeline.retrieval.crop import Crop, PixelsOf
from mmrag_pipeline.retrieval.cross_encoded import CrossEncoded
from mmrag_pipeline.retrieval.distinct import distinct
from mmrag_pipeline.retrieval.exact import TOP, Exact
from mmrag_pipeline.retrieval.mmr import LAMBDA, Mmr
from mmrag_pipeline.retrieval.recency import Recency
from mmrag_pipeline.retrieval.refined import Refinement
from mmrag_pipeline.retrieval.reranked import RERANK_TOP, WEIGHT

_BY_SCORES = frozenset(("crop", "cross-encoder", "recency"))
"""Those that order files by scores again."""


def now() -> datetime:
    """Return the time of the machine."""
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class Refining:
    """What settings say of refinements."""

    top: int = TOP
    rerank_top: int = RERANK_TOP
    rerank_weight: float = WEIGHT
    mmr_lambda: float = LAMBDA
    half_life_days: float | None = None


@dataclass(frozen=True, slots=True)
class Means:
    """What refinements need of the world beside answers."""

    strategy: Strategy
    """That made the ranking."""
    pixels: PixelsOf
    cross_encoder: PairScorer | None = None
    now: Callable[[], datetime] = now


def refinements_of(names: Sequence[str], refining: Refining, means: Means) -> dict[str, Refinement]:
    """Return refinements by name, in this order.

    Raises SettingsError for an unknown name, listing the known ones; for an order in which one
    would undo another; and for one that lacks what it needs, naming the setting.
    """
    makers = _makers(refining, means)
    for name in names:
        if name not in makers:
            raise SettingsError(f"unknown refinement {name!r:.100}; known: {', '.join(makers)}")
    _check_order(names)
    return {name: makers[name]() for name in names}


def _makers(refining: Refining, means: Means) -> Mapping[str, Callable[[], Refinement]]:
    rerank = (refining.rerank_top, refining.rerank_weight)
    return {
        "exact": lambda: Exact(means.strategy, refining.top),
        "crop": lambda: Crop(means.pixels, *rerank),
        "cross-encoder": lambda: CrossEncoded(_scorer(means), *rerank),
        "recency": lambda: Recency(_half_life(refining), means.now),
        "distinct": lambda: distinct,
        "mmr": lambda: Mmr(refining.mmr_lambda, refining.top),
    }


def _check_order(names: Sequence[str]) -> None:
    order = f"the refinements {', '.join(names)}: "
    if len({*names}) < len(names):
        raise SettingsError(f"{order}one is named twice; name each once")
    if "exact" in names[1:]:
        raise SettingsError(f"{order}'exact' ranks anew and would undo the others; name it first")
    if "mmr" in names and (after := _BY_SCORES.intersection(names[names.index("mmr") :])):
        raise SettingsError(
            f"{order}{min(after)!r} orders by scores and would undo 'mmr'; name 'mmr' after it"
        )


def _scorer(means: Means) -> PairScorer:
    if means.cross_encoder is None:
        raise SettingsError(
            "the refinement 'cross-encoder' needs a model: set MMRAG_CROSS_ENCODER to the name or "
            "folder of a sentence-transformers cross-encoder"
        )
    return means.cross_encoder


def _half_life(refining: Refining) -> float:
    if refining.half_life_days is None:
        raise SettingsError(
            "the refinement 'recency' needs the age at which a score halves: set "
            "MMRAG_RECENCY_HALF_LIFE_DAYS"
        )
    return refining.half_life_days

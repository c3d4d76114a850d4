"""Settings of retrieval: how the signals' lists become one ranking, and how it is refined."""

from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from mmrag_pipeline.records import Signal

StrategyName = Literal["evidence", "rrf", "zscore", "minmax", "dbsf", "early", "cascade", "learned"]
RefinementName = Literal["exact", "crop", "cross-encoder", "recency", "distinct", "mmr"]
Weight = Annotated[float, Field(ge=0.0, le=1_000.0, allow_inf_nan=False)]


class RetrievalSettings(BaseSettings):
    """What a search ranks by; `Settings` has all of it."""

    model_config = SettingsConfigDict(env_prefix="MMRAG_", frozen=True, extra="forbid")

    strategy: StrategyName = "evidence"
    """Strategy by which searches rank, where none is named (`--strategy`)."""
    rrf_k: float = Field(default=60.0, ge=0.0, le=10_000.0, allow_inf_nan=False)
    """What reciprocal rank fusion adds to each rank: a larger one tells ranks apart less."""
    signal_weights: dict[Signal, Weight] = {}
    """Signal -> what it counts in late fusion; 1 for those that are not named."""
    fusion_model: Path | None = None
    """The file of `mmrag fusion-train` that the strategy `learned` ranks by."""

    expand_pictures: bool = False
    """Whether texts are asked, too, for a picture without words: with its caption and OCR."""
    refine: tuple[RefinementName, ...] = ()
    """Refinements of every ranking, in the order in which they are applied."""
    refine_top: int = Field(default=100, ge=1, le=1_000)
    """Files on top that `exact` scores again and among which `mmr` looks for difference."""
    rerank_top: int = Field(default=20, ge=1, le=1_000)
    """Files on top that `crop` and `cross-encoder` look at, each at the price of a model."""
    rerank_weight: float = Field(default=0.5, ge=0.0, le=1.0)
    """What the judgement of `crop` and `cross-encoder` counts beside the score of the fusion."""
    cross_encoder: str | None = Field(default=None, min_length=1)
    """A sentence-transformers cross-encoder, by name or folder; None has none."""
    recency_half_life_days: float | None = Field(default=None, gt=0.0, le=36_500.0)
    """Age at which `recency` leaves half of a file's score."""
    mmr_lambda: float = Field(default=0.7, ge=0.0, le=1.0)
    """What `mmr` gives to relevance; the rest goes to difference."""

    @field_validator("signal_weights")
    @classmethod
    def _leave_something(cls, weights: dict[Signal, float]) -> dict[Signal, float]:
        if len(weights) == 4 and not any(weights.values()):
            raise ValueError("no signal is left to rank by: give one of them a weight above 0")
        return weights

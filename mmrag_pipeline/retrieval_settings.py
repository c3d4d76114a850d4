"""Settings of retrieval: how the signals' lists become one ranking."""

from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from mmrag_pipeline.records import Signal

StrategyName = Literal["evidence", "rrf", "zscore", "minmax", "dbsf", "early", "cascade", "learned"]
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

    @field_validator("signal_weights")
    @classmethod
    def _leave_something(cls, weights: dict[Signal, float]) -> dict[Signal, float]:
        if len(weights) == 4 and not any(weights.values()):
            raise ValueError("no signal is left to rank by: give one of them a weight above 0")
        return weights

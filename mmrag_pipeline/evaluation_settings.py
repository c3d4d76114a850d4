"""Settings of the evaluation: which queries it asks, when, and what counts as a drop."""

import json
from pathlib import Path
from typing import Annotated

from pydantic import BeforeValidator, Field
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict


def _one_or_several(given: object) -> object:
    """Return a text as one path, or as the list of paths that it is."""
    if not isinstance(given, str):
        return given
    if not given.strip():
        return ()
    try:
        return json.loads(given) if given.lstrip().startswith("[") else (given,)
    except ValueError as error:
        raise ValueError('write a path, or a JSON list: ["a.jsonl", "b.qrels"]') from error


def _none_or_text(given: object) -> object:
    return None if given in ("", "none") else given


class EvaluationSettings(BaseSettings):
    """What the evaluation is made with; `Settings` has all of it."""

    model_config = SettingsConfigDict(
        env_prefix="MMRAG_", frozen=True, extra="forbid", hide_input_in_errors=True
    )

    eval_queries: Annotated[tuple[Path, ...], NoDecode, BeforeValidator(_one_or_several)] = ()
    """Files of labelled queries (JSON Lines, or TREC's .qrels with .topics beside); without any
    those of the gate."""
    eval_cron: Annotated[str | None, BeforeValidator(_none_or_text)] = None
    """When the job `evaluate` runs (UTC); None: never."""
    eval_keep_runs: int = Field(default=100, ge=1, le=10_000)
    """How many evaluations the history keeps."""
    eval_keep_reports: int = Field(default=20, ge=1, le=1_000)
    """How many reports of the job lie under `home`; the oldest go first."""
    eval_sheet_pictures: int = Field(default=12, ge=0, le=15)
    """Pictures of the contact sheet in the catalog, at most one for each query of a report;
    0: none, its readers see no page."""
    eval_max_loss: float = Field(default=0.02, ge=0.0, lt=1.0)
    """Mean nDCG@10 that may be lost against the last evaluation of the same queries."""
    eval_confidence: float = Field(default=0.95, ge=0.5, le=0.9999)
    """Of intervals, and how sure a larger loss must be to fail the check."""

"""Settings to how a search ranks: strategies and refinements, by name."""

from collections.abc import Sequence
from contextlib import AbstractContextManager
from functools import partial
from pathlib import Path

from mmrag_pipeline.errors import SettingsError
from mmrag_pipeline.models import open_cross_encoder
from mmrag_pipeline.parsing.pool import ParserPool
from mmrag_pipeline.ports import ObjectStore, PageReader
from mmrag_pipeline.retrieval.fusion_model import FusionModel, read_model
from mmrag_pipeline.retrieval.refined import Refined
from mmrag_pipeline.retrieval.refinements import Means, Refining, refinements_of
from mmrag_pipeline.retrieval.spots import SourcePixels
from mmrag_pipeline.retrieval.strategies import Strategy, Tuning, strategy_of
from mmrag_pipeline.settings import Settings

AND = "+"
"""Between a strategy and the refinements of its ranking, as in `evidence+exact+mmr`."""


def open_ranking(
    settings: Settings, name: str, source: ObjectStore, *, refine: Sequence[str] = ()
) -> Refined:
    """Return a strategy and what refines its ranking: what its name says, `refine` without that.

    Raises SettingsError for an unknown name, and for what cannot be had.
    """
    first, *named = name.split(AND)
    strategy = open_strategy(settings, first)
    refining = Refining(
        settings.refine_top,
        settings.rerank_top,
        settings.rerank_weight,
        settings.mmr_lambda,
        settings.recency_half_life_days,
    )
    means = Means(
        strategy,
        SourcePixels(source, partial(_one_reader, settings), settings.max_file_bytes),
        open_cross_encoder(settings),
    )
    return Refined(strategy, refinements_of(named or refine, refining, means))


def _one_reader(settings: Settings) -> AbstractContextManager[PageReader]:
    return ParserPool(settings.model_copy(update={"parse_workers": 1}))


def open_strategy(settings: Settings, name: str) -> Strategy:
    """Return a strategy by name, tuned by the settings.

    Raises SettingsError for an unknown name, and for a trained fusion that cannot be had.
    """
    tuning = Tuning(settings.rrf_k, settings.signal_weights)
    return strategy_of(name, tuning, lambda: _fusion_model(settings.fusion_model))


def _fusion_model(path: Path | None) -> FusionModel:
    if path is None:
        raise SettingsError(
            "the strategy 'learned' has to be trained: run `mmrag fusion-train --queries FILE`, "
            "then name the file that it writes in MMRAG_FUSION_MODEL"
        )
    try:
        return read_model(path.read_text(encoding="utf-8"), str(path))
    except (OSError, ValueError) as error:
        raise SettingsError(
            f"MMRAG_FUSION_MODEL={path} cannot be read ({error}): name the file that `mmrag "
            "fusion-train` wrote, or write it with `mmrag fusion-train --queries FILE`"
        ) from error

"""Cross-encoders that sentence-transformers can load, from a folder or by name."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from mmrag_pipeline.engines.canaries import CANARY_TEXT
from mmrag_pipeline.engines.cards import CardShelf
from mmrag_pipeline.engines.compute import Compute
from mmrag_pipeline.engines.folder_model import FolderModel, Named
from mmrag_pipeline.engines.folders import prepare_transformers, weight_files
from mmrag_pipeline.engines.sentence import readable
from mmrag_pipeline.errors import ModelUnavailableError
from mmrag_pipeline.records import Card

if TYPE_CHECKING:
    from sentence_transformers import CrossEncoder

SETTING = "MMRAG_CROSS_ENCODER"
_CANARY_PASSAGES = (CANARY_TEXT, "a bicycle", "a cat", "a word", "red")


@dataclass(frozen=True, slots=True)
class _Loaded:
    model: "CrossEncoder"
    batch_size: int
    dimension: int = 1

    def scores(self, query: str, passages: Sequence[str]) -> list[float]:
        pairs = [(readable(query), readable(passage)) for passage in passages]
        scores = self.model.predict(
            pairs, batch_size=self.batch_size, convert_to_numpy=True, show_progress_bar=False
        )
        return [float(score) for score in np.asarray(scores, dtype=np.float64)]

    def canary(self) -> tuple[float, ...]:
        return tuple(round(score, 6) for score in self.scores(CANARY_TEXT, _CANARY_PASSAGES))


class CrossEncoderScorer:
    """Any sentence-transformers cross-encoder with one label behind the PairScorer port."""

    def __init__(self, model: str, *, cards: CardShelf, compute: Compute) -> None:
        named = Named(model, SETTING, "no model", "pair", "sentence-transformers")
        self._model = FolderModel(named, _load, cards=cards, compute=compute)

    @property
    def card(self) -> Card:
        """Return the card; only a model that was never loaded here is loaded for it."""
        return self._model.card

    def scores(self, query: str, passages: Sequence[str]) -> list[float]:
        """Return one score per passage; raises ModelUnavailableError, ModelDriftError."""
        return self._model.get().scores(query, passages)


def _load(folder: Path, compute: Compute) -> _Loaded:
    """Load a cross-encoder's folder, never asking a hub; raises ModelUnavailableError."""
    weight_files(folder, setting=SETTING)
    prepare_transformers()
    from sentence_transformers import CrossEncoder

    try:
        model = CrossEncoder(
            str(folder),
            device=compute.device,
            local_files_only=True,
            model_kwargs={"dtype": compute.dtype, "use_safetensors": True},
        )
    except (OSError, ValueError, KeyError, RuntimeError) as error:
        raise ModelUnavailableError(
            f"{SETTING}: sentence-transformers cannot load the folder {folder}: {error}. Give the "
            f"complete folder of a cross-encoder, or leave {SETTING} unset and 'cross-encoder' "
            "out of the refinements.",
            setting=SETTING,
        ) from error
    if model.num_labels != 1:
        raise ModelUnavailableError(
            f"{SETTING}: the model in {folder} gives {model.num_labels} numbers for a pair of "
            "texts, but a score is one. Give a cross-encoder that was trained for ranking "
            "(num_labels=1), such as 'cross-encoder/ms-marco-MiniLM-L6-v2'.",
            setting=SETTING,
        )
    return _Loaded(model, compute.batch_size)

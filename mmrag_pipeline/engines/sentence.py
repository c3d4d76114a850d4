"""Text encoders that sentence-transformers can load, from a folder or by name."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from mmrag_pipeline.engines.canaries import CANARY_TEXT, first_values
from mmrag_pipeline.engines.cards import CardShelf
from mmrag_pipeline.engines.compute import Compute
from mmrag_pipeline.engines.folder_model import FolderModel, Named
from mmrag_pipeline.engines.folders import prepare_transformers
from mmrag_pipeline.engines.lazy import Lazy
from mmrag_pipeline.errors import ModelUnavailableError
from mmrag_pipeline.records import Card, Vectors

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer
    from tokenizers import Tokenizer

SETTING = "MMRAG_TEXT_MODEL"
DEFAULT = "all-MiniLM-L6-v2"
SURROGATES = re.compile("[\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class SentenceTower:
    """A loaded sentence-transformers model."""

    model: "SentenceTransformer"
    batch_size: int

    @property
    def dimension(self) -> int:
        """Return the length of its vectors."""
        return int(self.model.get_embedding_dimension() or 0)

    def encode(self, texts: Sequence[str]) -> Vectors:
        """Return one unit float32 row per text; batches are made of similar lengths."""
        if not texts:
            return np.empty((0, self.dimension), dtype=np.float32)
        rows = self.model.encode(
            [readable(text) for text in texts],
            batch_size=self.batch_size,
            convert_to_numpy=True,
            show_progress_bar=False,
        )
        return unit_rows(np.asarray(rows, dtype=np.float32))

    def canary(self) -> tuple[float, ...]:
        """Return what identifies the model among those of its name."""
        return first_values(self.encode([CANARY_TEXT]))


class SentenceEncoder:
    """Any sentence-transformers model behind the TextEncoder port."""

    def __init__(self, model: str, *, cards: CardShelf, compute: Compute) -> None:
        named = Named(model, SETTING, DEFAULT, "text", "sentence-transformers")
        self._model = FolderModel(named, load_tower, cards=cards, compute=compute)
        self._tokenizer = Lazy(lambda: _own_tokenizer(self._model.get().model, model))

    @property
    def card(self) -> Card:
        """Return the card; only a model that was never loaded here is loaded for it."""
        return self._model.card

    def encode(self, texts: Sequence[str]) -> Vectors:
        """Return one unit row per text; raises ModelUnavailableError, ModelDriftError."""
        return self._model.get().encode(texts)

    def token_spans(self, text: str) -> list[tuple[int, int]]:
        """Return the character span of each token, special tokens left out, uncut."""
        return token_spans(self._tokenizer.get(), text)


def load_tower(folder: Path, compute: Compute) -> SentenceTower:
    """Load a sentence-transformers folder, never asking a hub; raises ModelUnavailableError."""
    prepare_transformers()
    from sentence_transformers import SentenceTransformer

    try:
        model = SentenceTransformer(
            str(folder),
            device=compute.device,
            local_files_only=True,
            model_kwargs={"dtype": compute.dtype, "use_safetensors": True},
        )
    except (OSError, ValueError, KeyError, RuntimeError) as error:
        raise ModelUnavailableError(
            f"{SETTING}: sentence-transformers cannot load the folder {folder}: {error}. "
            f"Give a complete model folder, or leave {SETTING} unset for {DEFAULT!r}.",
            setting=SETTING,
        ) from error
    return SentenceTower(model.eval(), compute.batch_size)


def token_spans(tokenizer: "Tokenizer", text: str) -> list[tuple[int, int]]:
    """Return the character span of each token of a tokenizer that neither cuts nor pads."""
    encoded = tokenizer.encode(readable(text), add_special_tokens=False)
    return [(start, end) for start, end in encoded.offsets if start < end]


def unlimited(tokenizer: "Tokenizer") -> "Tokenizer":
    """Return the tokenizer after switching off cutting and padding."""
    tokenizer.no_truncation()
    tokenizer.no_padding()
    return tokenizer


def readable(text: str) -> str:
    """Return the text with lone surrogates replaced one by one: spans keep their places."""
    return SURROGATES.sub("\ufffd", text)


def unit_rows(rows: Vectors) -> Vectors:
    """Return the rows divided by their lengths, in float32; zero rows stay zero."""
    lengths = np.linalg.norm(rows, axis=1, keepdims=True)
    return np.asarray(rows / np.maximum(lengths, 1e-12), dtype=np.float32)


def _own_tokenizer(model: "SentenceTransformer", name: str) -> "Tokenizer":
    """Return a copy of the model's fast tokenizer: the model sets limits on its own."""
    from tokenizers import Tokenizer

    backend = getattr(model.tokenizer, "backend_tokenizer", None)
    if backend is None:
        raise ModelUnavailableError(
            f"{SETTING}={name!r} has no fast tokenizer, which chunking needs for the place of "
            f"each token. Choose a model with a tokenizer.json, such as {DEFAULT!r}.",
            setting=SETTING,
        )
    return unlimited(Tokenizer.from_str(backend.to_str()))

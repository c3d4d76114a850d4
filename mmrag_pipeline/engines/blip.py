"""Captions by BLIP through transformers, from a folder or by name."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mmrag_pipeline.engines.canaries import canary_picture
from mmrag_pipeline.engines.cards import CardShelf
from mmrag_pipeline.engines.compute import Compute
from mmrag_pipeline.engines.folder_model import FolderModel, Named
from mmrag_pipeline.engines.folders import prepare_transformers
from mmrag_pipeline.errors import ModelUnavailableError
from mmrag_pipeline.records import Caption, Card, Pixels

SETTING = "MMRAG_CAPTION_MODEL"
DEFAULT = "labels"
MOST_TOKENS = 30
CANARY_LOGITS = 5


@dataclass(frozen=True, slots=True)
class BlipTower:
    """A loaded BLIP with its processor."""

    model: Any
    processor: Any
    """transformers' classes, which are untyped where we use them."""
    compute: Compute
    dimension: int = 0

    def caption(self, pictures: Sequence[Pixels]) -> list[tuple[Caption, ...]]:
        """Return one caption per picture of a batch; none where the model says nothing."""
        import torch

        with torch.inference_mode():
            written = self.model.generate(
                pixel_values=self._pixels(pictures),
                max_new_tokens=MOST_TOKENS,
                do_sample=False,
                num_beams=1,
                output_scores=True,
                return_dict_in_generate=True,
            )
        texts = self.processor.batch_decode(written.sequences, skip_special_tokens=True)
        chances = self._chances(written)
        return [
            (Caption(text.strip(), chance),) if text.strip() else ()
            for text, chance in zip(texts, chances, strict=True)
        ]

    def canary(self) -> tuple[float, ...]:
        """Return the vision tower's first values for the canary picture, at unit length."""
        import torch

        with torch.inference_mode():
            seen = self.model.vision_model(pixel_values=self._pixels([canary_picture()]))
            first = torch.nn.functional.normalize(seen.last_hidden_state[0, 0].float(), dim=0)
        return tuple(round(value, 6) for value in first[:CANARY_LOGITS].tolist())

    def _pixels(self, pictures: Sequence[Pixels]) -> Any:
        from PIL import Image

        made = self.processor.image_processor(
            images=[Image.fromarray(picture) for picture in pictures], return_tensors="pt"
        )
        return made["pixel_values"].to(self.compute.device, dtype=self.compute.dtype)

    def _chances(self, written: Any) -> list[float]:
        """Return the geometric mean of the chances of each caption's tokens."""
        import torch

        scores = self.model.text_decoder.compute_transition_scores(
            written.sequences, written.scores, normalize_logits=True
        ).float()
        spoken = torch.isfinite(scores)
        spoken &= written.sequences[:, -scores.shape[1] :] != self.model.decoder_pad_token_id
        total = torch.where(spoken, scores, torch.zeros_like(scores)).sum(dim=1)
        return [float(x) for x in (total / spoken.sum(dim=1).clamp(min=1)).exp()]


class Blip:
    """BLIP behind the Captioner port."""

    def __init__(self, model: str, *, cards: CardShelf, compute: Compute) -> None:
        named = Named(model, SETTING, DEFAULT, "caption", f"greedy, {MOST_TOKENS} tokens")
        self._model = FolderModel(named, load_tower, cards=cards, compute=compute)
        self._batch_size = compute.batch_size

    @property
    def card(self) -> Card:
        """Return the card; only a model that was never loaded here is loaded for it."""
        return self._model.card

    def caption(self, pages: Sequence[Pixels]) -> list[tuple[Caption, ...]]:
        """Return one caption per picture; raises ModelUnavailableError, ModelDriftError."""
        size = self._batch_size
        starts = range(0, len(pages), size)
        batches = (self._model.get().caption(pages[start : start + size]) for start in starts)
        return [captions for batch in batches for captions in batch]


def load_tower(folder: Path, compute: Compute) -> BlipTower:
    """Load a BLIP folder, never asking a hub; raises ModelUnavailableError."""
    prepare_transformers()
    from transformers import BlipForConditionalGeneration, BlipProcessor

    loader: Any = BlipForConditionalGeneration
    try:
        model, report = loader.from_pretrained(
            folder,
            local_files_only=True,
            use_safetensors=True,
            dtype=compute.dtype,
            output_loading_info=True,
        )
        processor = BlipProcessor.from_pretrained(folder, local_files_only=True)
    except (OSError, ValueError, KeyError, RuntimeError) as error:
        raise _unavailable(f"cannot be loaded from {folder}: {error}") from error
    if report["missing_keys"]:
        raise _unavailable(f"in {folder} lacks weights: {sorted(report['missing_keys'])[:3]}...")
    return BlipTower(model.eval().to(compute.device), processor, compute)


def _unavailable(what: str) -> ModelUnavailableError:
    return ModelUnavailableError(
        f"{SETTING}: the caption model {what}. Give a complete BLIP folder, or set "
        "MMRAG_CAPTIONER=labels for the captions that need no such model.",
        setting=SETTING,
    )

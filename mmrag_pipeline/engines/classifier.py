"""Image classifiers of transformers, from a folder or by name: what tells unsafe pictures."""

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
from mmrag_pipeline.records import Card, Judgement, Pixels

SETTING = "MMRAG_IMAGE_FILTER"
DEFAULT = "none"
_CANARY = 5


@dataclass(frozen=True, slots=True)
class LoadedClassifier:
    """A loaded model with its image processor."""

    model: Any
    processor: Any
    """transformers' classes, which are untyped where we use them."""
    compute: Compute
    dimension: int = 0

    def judge(self, pictures: Sequence[Pixels]) -> list[tuple[Judgement, ...]]:
        """Return the chance of each label; each alone where the model allows several."""
        labels = [self.model.config.id2label[n] for n in range(self.model.config.num_labels)]
        return [
            tuple(Judgement(label, score) for label, score in zip(labels, row, strict=True))
            for row in self._chances(pictures)
        ]

    def canary(self) -> tuple[float, ...]:
        """Return the first chances for the canary picture."""
        return tuple(round(value, 6) for value in self._chances([canary_picture()])[0][:_CANARY])

    def _chances(self, pictures: Sequence[Pixels]) -> list[list[float]]:
        import torch
        from PIL import Image

        made = self.processor(images=[Image.fromarray(p) for p in pictures], return_tensors="pt")
        pixels = made["pixel_values"].to(self.compute.device, dtype=self.compute.dtype)
        several = self.model.config.problem_type == "multi_label_classification"
        with torch.inference_mode():
            logits = self.model(pixel_values=pixels).logits.float()
        rows: list[list[float]] = (logits.sigmoid() if several else logits.softmax(dim=1)).tolist()
        return rows


class Classifier:
    """An image classifier behind the ImageFilter port."""

    def __init__(self, model: str, *, cards: CardShelf, compute: Compute) -> None:
        named = Named(model, SETTING, DEFAULT, "safety", "")
        self._model = FolderModel(named, load_classifier, cards=cards, compute=compute)
        self._batch_size = compute.batch_size

    @property
    def card(self) -> Card:
        """Return the card; only a model that was never loaded here is loaded for it."""
        return self._model.card

    def judge(self, pictures: Sequence[Pixels]) -> list[tuple[Judgement, ...]]:
        """Return the chance of each label; raises ModelUnavailableError, ModelDriftError."""
        size = self._batch_size
        starts = range(0, len(pictures), size)
        batches = (self._model.get().judge(pictures[start : start + size]) for start in starts)
        return [judged for batch in batches for judged in batch]


def load_classifier(folder: Path, compute: Compute) -> LoadedClassifier:
    """Load a classifier's folder, never asking a hub; raises ModelUnavailableError."""
    prepare_transformers()
    from transformers import AutoImageProcessor, AutoModelForImageClassification

    loader: Any = AutoModelForImageClassification
    processors: Any = AutoImageProcessor
    try:
        model, report = loader.from_pretrained(
            folder,
            local_files_only=True,
            use_safetensors=True,
            dtype=compute.dtype,
            output_loading_info=True,
        )
        processor = processors.from_pretrained(folder, local_files_only=True)
    except (OSError, ValueError, KeyError, RuntimeError) as error:
        raise _unavailable(f"cannot be loaded from {folder}: {error}") from error
    if report["missing_keys"]:
        raise _unavailable(f"in {folder} lacks weights: {sorted(report['missing_keys'])[:3]}...")
    return LoadedClassifier(model.eval().to(compute.device), processor, compute)


def _unavailable(what: str) -> ModelUnavailableError:
    return ModelUnavailableError(
        f"{SETTING}: the image classifier {what}. Give a complete folder of one (config.json, "
        "preprocessor_config.json, model.safetensors); without it nothing is indexed, because "
        "nobody could tell what is to be withheld.",
        setting=SETTING,
    )

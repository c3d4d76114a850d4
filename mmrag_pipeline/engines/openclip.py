"""Pictures and words in one space, through open_clip: shipped, by name or from a file."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from mmrag_pipeline.engines.cards import (
    CardShelf,
    Evidence,
    check_canary,
    check_weights,
    file_sha256,
    known_card,
    read_card,
)
from mmrag_pipeline.engines.compute import Compute
from mmrag_pipeline.engines.lazy import Lazy
from mmrag_pipeline.engines.openclip_sources import (
    SETTING,
    SHIPPED,
    SHIPPED_FOLDER,
    WAYS,
    checkpoint_path,
    find_source,
)
from mmrag_pipeline.engines.openclip_tower import OpenClipTower, load_tower
from mmrag_pipeline.errors import ModelUnavailableError
from mmrag_pipeline.records import Card, Pixels, Vectors

REMEDY = "Reinstall the package and its pinned requirements, then try again."


class OpenClip:
    """An open_clip model behind the ImageTextEncoder port."""

    def __init__(
        self, model: str, *, cards: CardShelf, compute: Compute, shipped: Path = SHIPPED_FOLDER
    ) -> None:
        self._name = model
        self._cards = cards
        self._compute = compute
        self._shipped = shipped
        self._source = Lazy(lambda: find_source(model, shipped=shipped, hub=compute.hub))
        self._tower = Lazy(self._load)

    @property
    def card(self) -> Card:
        """Return the card; only a model that was never loaded here is loaded for it."""
        if self._name == SHIPPED:
            return self._shipped_card()
        return known_card(self._cards, self._draft(), lambda: self._evidence(self._tower.get()))

    @property
    def logit_scale(self) -> float:
        """Return the factor the model was trained to put on cosines; loads the model."""
        return self._tower.get().logit_scale

    def encode_images(self, pictures: Sequence[Pixels]) -> Vectors:
        """Return one unit row per picture; raises ModelUnavailableError, ModelDriftError."""
        return self._tower.get().encode_images(pictures)

    def encode_texts(self, texts: Sequence[str]) -> Vectors:
        """Return one unit row per text; raises ModelUnavailableError, ModelDriftError."""
        return self._tower.get().encode_texts(texts)

    def _load(self) -> OpenClipTower:
        tower = load_tower(self._source.get(), self._compute)
        evidence = self._evidence(tower)
        if self._name == SHIPPED:
            check_weights(self._shipped_card(), evidence.weights_sha256, remedy=REMEDY)
            check_canary(self._shipped_card(), evidence.canary, remedy=REMEDY)
        else:
            self._cards.settle(self._draft(), evidence)
        return tower

    def _evidence(self, tower: OpenClipTower) -> Evidence:
        weights = file_sha256(self._source.get().weights)
        return Evidence(tower.dimension, weights, tower.canary())

    def _shipped_card(self) -> Card:
        path = self._shipped / "card.json"
        if not path.is_file():
            raise ModelUnavailableError(
                f"{SETTING}={SHIPPED!r}: {path} is missing from the installation. {WAYS}",
                setting=SETTING,
            )
        return replace(read_card(path), precision=self._compute.precision)

    def _draft(self) -> Card:
        path = checkpoint_path(self._name)
        return Card(
            name=self._name,
            revision="",
            modality="image_text",
            dimension=0,
            licence="",
            weights_sha256=file_sha256(path) if path and path.is_file() else "",
            preprocessing="open_clip",
            precision=self._compute.precision,
        )


def shipped_card(folder: Path, *, revision: str, licence: str) -> Card:
    """Return the card to ship with a trained model, its float32 canary computed.

    `folder` holds image.safetensors and open_clip_config.json.
    """
    source = find_source(SHIPPED, shipped=folder)
    tower = load_tower(source, Compute())
    return Card(
        name=SHIPPED,
        revision=revision,
        modality="image_text",
        dimension=tower.dimension,
        licence=licence,
        weights_sha256=file_sha256(source.weights),
        preprocessing=tower.preprocessing.as_text,
        precision="float32",
        canary=tower.canary(),
        trial_only=True,
    )

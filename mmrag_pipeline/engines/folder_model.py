"""A model from a folder or by a hub's name: what every engine of transformers has in common."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Generic, Protocol, TypeVar

from mmrag_pipeline.engines.cards import CardShelf, Evidence, files_sha256, known_card
from mmrag_pipeline.engines.compute import Compute
from mmrag_pipeline.engines.folders import local_folder, model_folder, weight_files
from mmrag_pipeline.engines.lazy import Lazy
from mmrag_pipeline.records import Card, Modality


class Loaded(Protocol):
    """A model in memory."""

    @property
    def dimension(self) -> int:
        """Return the length of its vectors; 0 where it makes none."""
        ...

    def canary(self) -> tuple[float, ...]:
        """Return what identifies it among the models of its name."""
        ...


@dataclass(frozen=True, slots=True)
class Named:
    """Which model, by which setting, and what it is for."""

    name: str
    """A folder, or a name that a hub knows."""
    setting: str
    """The variable that names it, for errors."""
    default: str
    """What stands there when nobody sets it."""
    modality: Modality
    preprocessing: str


L = TypeVar("L", bound=Loaded)


class FolderModel(Generic[L]):
    """Loads a model once, when it is first asked; its card is kept, and checked at each load."""

    def __init__(
        self,
        named: Named,
        load: Callable[[Path, Compute], L],
        *,
        cards: CardShelf,
        compute: Compute,
    ) -> None:
        self._named = named
        self._cards = cards
        self._compute = compute
        self._folder = Lazy(
            lambda: model_folder(
                named.name, setting=named.setting, default=named.default, hub=compute.hub
            )
        )
        self._loaded = Lazy(lambda: self._settled(load(self._folder.get(), compute)))

    @property
    def card(self) -> Card:
        """Return the card; only a model that was never loaded here is loaded for it."""
        return known_card(self._cards, self._draft(), lambda: self._evidence(self.get()))

    def get(self) -> L:
        """Return the loaded model; raises ModelUnavailableError, ModelDriftError."""
        return self._loaded.get()

    def _settled(self, loaded: L) -> L:
        self._cards.settle(self._draft(), self._evidence(loaded))
        return loaded

    def _draft(self) -> Card:
        named, folder = self._named, local_folder(self._named.name)
        found = files_sha256(weight_files(folder, setting=named.setting)) if folder else ""
        return Card(
            name=named.name,
            revision="",
            modality=named.modality,
            dimension=0,
            licence="",
            weights_sha256=found,
            preprocessing=named.preprocessing,
            precision=self._compute.precision,
        )

    def _evidence(self, loaded: L) -> Evidence:
        files = weight_files(self._folder.get(), setting=self._named.setting)
        return Evidence(loaded.dimension, files_sha256(files), loaded.canary())

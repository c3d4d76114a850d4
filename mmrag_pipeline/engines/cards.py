"""Model cards on disk: what a model is, known without loading it and checked when it loads."""

import hashlib
import json
import os
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import get_args
from uuid import uuid4

from pydantic import TypeAdapter, ValidationError

from mmrag_pipeline.engines.compute import TOLERANCE
from mmrag_pipeline.errors import CorruptStateError, ModelDriftError
from mmrag_pipeline.ids import digest_json
from mmrag_pipeline.records import Card, Modality

MODALITIES: tuple[str, ...] = get_args(Modality)
_CARD = TypeAdapter(Card)


def file_sha256(path: Path) -> str:
    """Return a file's SHA-256 in hex, read once per path, size and time of change."""
    real = path.resolve()
    state = real.stat()
    return _file_sha256(real, state.st_size, state.st_mtime_ns)


@lru_cache(maxsize=256)
def _file_sha256(path: Path, _size_bytes: int, _mtime_ns: int) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def files_sha256(paths: Sequence[Path]) -> str:
    """Return one file's SHA-256, or that of the sorted `name sha256` lines of several."""
    if len(paths) == 1:
        return file_sha256(paths[0])
    lines = sorted(f"{path.name} {file_sha256(path)}\n" for path in paths)
    return hashlib.sha256("".join(lines).encode()).hexdigest()


def read_card(path: Path) -> Card:
    """Return the card a JSON file holds; raises CorruptStateError."""
    try:
        content = json.loads(path.read_bytes())
        return _CARD.validate_python(content)
    except (OSError, ValueError, TypeError, ValidationError) as error:
        raise CorruptStateError(
            f"The model card {path} cannot be used: {error}. Remove it (it is made again "
            "when the model loads) or, for a shipped card, reinstall the package."
        ) from error


def write_card(path: Path, card: Card) -> None:
    """Write a card's JSON under a temporary name, then rename it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{uuid4().hex}")
    try:
        with temporary.open("w", encoding="utf-8") as file:
            file.write(json.dumps(asdict(card), indent=2) + "\n")
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def check_canary(card: Card, values: Sequence[float], *, remedy: str) -> None:
    """Raise ModelDriftError when a loaded model's canary is not its card's.

    The tolerance belongs to the card's precision, so that the order of additions on
    another processor does not count as another model.
    """
    tolerance = TOLERANCE.get(card.precision, TOLERANCE["float32"])
    same = len(values) == len(card.canary) and all(
        abs(got - expected) <= tolerance for got, expected in zip(values, card.canary, strict=True)
    )
    if not same:
        raise ModelDriftError(
            f"{card.name} ({card.precision}) no longer gives what its card promises: expected "
            f"{list(card.canary)}, got {list(values)} (tolerance {tolerance}). {remedy}"
        )


def check_weights(card: Card, sha256: str, *, remedy: str) -> None:
    """Raise ModelDriftError when the weights found are not those of the card."""
    if card.weights_sha256 != sha256:
        raise ModelDriftError(
            f"The weights of {card.name} are not those of its card: expected sha256 "
            f"{card.weights_sha256}, got {sha256}. {remedy}"
        )


@dataclass(frozen=True, slots=True)
class Evidence:
    """What only a loaded model tells."""

    dimension: int
    weights_sha256: str
    canary: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class CardShelf:
    """Cards of models that ship without one, made when a model first loads.

    A kept card gives the fingerprint without loading. Weights in local files are part of
    the draft (`weights_sha256`), so that a changed file is another model; a hub name
    whose weights change under it is drift.
    """

    folder: Path

    def find(self, draft: Card) -> Card | None:
        """Return the kept card of this draft, or None before the first load."""
        path = self._path(draft)
        return read_card(path) if path.exists() else None

    def held(self) -> list[Card]:
        """Return every kept card; raises CorruptStateError."""
        return [read_card(path) for path in sorted(self.folder.glob("*.json"))]

    def sound(self) -> list[Card]:
        """Return every kept card that can be read."""
        found = []
        for path in sorted(self.folder.glob("*.json")):
            with suppress(CorruptStateError):
                found.append(read_card(path))
        return found

    def settle(self, draft: Card, evidence: Evidence) -> Card:
        """Keep the card a load proved, or check the load against the card kept before."""
        kept = self.find(draft)
        if kept is None:
            kept = replace(
                draft,
                dimension=evidence.dimension,
                weights_sha256=evidence.weights_sha256,
                canary=evidence.canary,
            )
            write_card(self._path(draft), kept)
            return kept
        remedy = (
            f"Restore the model, or accept the new one by removing {self._path(draft)}: "
            "what depends on it is then computed again."
        )
        check_weights(kept, evidence.weights_sha256, remedy=remedy)
        check_canary(kept, evidence.canary, remedy=remedy)
        return kept

    def _path(self, draft: Card) -> Path:
        identity = {**asdict(draft), "canary": list(draft.canary)}
        return self.folder / f"{draft.modality}-{digest_json(identity)}.json"


Load = Callable[[], Evidence]


def known_card(shelf: CardShelf, draft: Card, load: Load) -> Card:
    """Return the kept card; a model that was never loaded here is loaded once for it."""
    kept = shelf.find(draft)
    return kept if kept is not None else shelf.settle(draft, load())

"""What a cluster is given as it stands in the files: manifests, and the settings they make."""

import os
from base64 import b64decode
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml  # type: ignore[import-untyped]  # it ships no types

from mmrag_pipeline.resources.environment import read_settings
from mmrag_pipeline.settings import Settings

Body = Mapping[str, Any]
MANIFESTS = Path(__file__).parent / "k8s"
EXAMPLES = MANIFESTS / "examples"
"""Never applied with the others: Secrets without values, and nodes of one kind of cluster."""
_PLACEHOLDER = "replace-me"
_SOURCES = {"ConfigMap": "mmrag-settings", "Secret": "mmrag-secrets"}
"""Objects whose entries are the environment of the code location, of runs and of steps."""


@dataclass(frozen=True, slots=True)
class Manifest:
    """An object, and the file in which it stands."""

    file: Path
    body: Body

    @property
    def name(self) -> str:
        """Return its name."""
        return str(self.body["metadata"]["name"])

    @property
    def entries(self) -> dict[str, Any]:
        """Return what a ConfigMap or a Secret holds in the clear."""
        if self.body["kind"] == "ConfigMap":
            return {**(self.body.get("data") or {})}
        coded = self.body.get("data") or {}
        decoded = {name: b64decode(value).decode() for name, value in coded.items()}
        return {**decoded, **(self.body.get("stringData") or {})}


def manifests(folder: Path = MANIFESTS) -> Iterator[Manifest]:
    """Yield the objects of the YAML files of a folder, of ours with its examples."""
    folders = (folder, EXAMPLES) if folder == MANIFESTS else (folder,)
    for path in (path for one in folders for path in sorted(one.glob("*.yaml"))):
        for body in yaml.safe_load_all(path.read_text()):
            yield Manifest(path, body)


def settings_of(objects: Sequence[Manifest]) -> Settings:
    """Return the settings that pods get: of the ConfigMap, and of the Secret where one is given.

    Both together, because what one holds can forbid what the other does. Raises SettingsError.
    """
    with _environment(environment_of(objects)):
        return read_settings()


def environment_of(objects: Sequence[Manifest]) -> dict[str, str]:
    """Return the variables that pods get from the ConfigMap and the Secret."""
    given: dict[str, str] = {}
    for kind, name in _SOURCES.items():
        for one in objects:
            if (one.body["kind"], one.name) == (kind, name):
                given |= one.entries
    return given


def complaints(objects: Sequence[Manifest]) -> Iterator[str]:
    """Yield what would harm a cluster, though Kubernetes would take it."""
    for one in objects:
        if one.body["kind"] in _SOURCES and one.file.parent != EXAMPLES:
            yield from _placeholders(one)


def _placeholders(one: Manifest) -> Iterator[str]:
    for name, value in one.entries.items():
        if value == _PLACEHOLDER:
            yield (
                f"{one.file}: {name} of {one.name} is {_PLACEHOLDER!r}, which would be written "
                "over the real one: fill it in, or keep the file out of this folder"
            )


@contextmanager
def _environment(given: Mapping[str, str]) -> Iterator[None]:
    """Let the block find these variables, and no other setting."""
    before = dict(os.environ)
    try:
        for name in [name for name in before if name.startswith("MMRAG_")]:
            del os.environ[name]
        os.environ.update(given)
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)

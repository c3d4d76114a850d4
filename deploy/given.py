"""What a cluster is given as it stands in the files: manifests, and the settings they make."""

import json
import os
from base64 import b64decode
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml  # type: ignore[import-untyped]  # it ships no types
from kubernetes.utils import parse_quantity  # type: ignore[import-untyped]  # it ships no types

from mmrag_pipeline.cli.options import tell_unknown
from mmrag_pipeline.errors import SettingsError
from mmrag_pipeline.resources.environment import read_settings
from mmrag_pipeline.settings import Settings

Body = Mapping[str, Any]
MANIFESTS = Path(__file__).parent / "k8s"
EXAMPLES = MANIFESTS / "examples"
"""Never applied with the others: Secrets without values, and nodes of one kind of cluster."""
_PLACEHOLDER = "replace-me"
_NO_QUANTITY = "which is no quantity of Kubernetes: write 2, 500m or 512Mi"
_CLUSTER_WIDE = ("PriorityClass", "NodePool", "EC2NodeClass", "StorageClass", "PersistentVolume")
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
    """Yield the objects of the YAML files of a folder, of ours with its examples.

    Raises SettingsError naming the file.
    """
    folders = (folder, EXAMPLES) if folder == MANIFESTS else (folder,)
    paths = [path for one in folders for path in sorted(one.glob("*.yaml"))]
    if not paths:
        raise SettingsError(f"{folder} has no *.yaml files: copy those of {MANIFESTS} there")
    for path in paths:
        yield from _objects(path)


def _objects(path: Path) -> Iterator[Manifest]:
    try:
        bodies = [body for body in yaml.safe_load_all(path.read_text()) if body is not None]
    except yaml.YAMLError as error:
        raise SettingsError(f"{path} is no YAML: {' '.join(str(error).split())}") from error
    for body in bodies:
        if not (isinstance(body, Mapping) and {"apiVersion", "kind"} <= body.keys()) or not (
            isinstance(body.get("metadata"), Mapping) and "name" in body["metadata"]
        ):
            raise SettingsError(
                f"{path} holds something that is no object of Kubernetes: write apiVersion, kind "
                "and metadata.name, as in " + str(MANIFESTS)
            )
        yield Manifest(path, body)


def settings_of(objects: Sequence[Manifest]) -> Settings:
    """Return the settings that pods get: of the ConfigMap, and of the Secret where one is given.

    Both together, because what one holds can forbid what the other does. Raises SettingsError.
    """
    named = [one for one in objects if (one.body["kind"], one.name) in _SOURCES.items()]
    if "ConfigMap" not in [one.body["kind"] for one in named]:
        raise SettingsError(
            "no file holds the ConfigMap 'mmrag-settings': copy and change "
            f"{MANIFESTS / 'settings.yaml'}"
        )
    files = " with ".join(dict.fromkeys(str(one.file) for one in named))
    with _environment(environment_of(objects)):
        try:
            return read_settings()
        except SettingsError as error:
            raise SettingsError(f"{files}: {error}") from error


def environment_of(objects: Sequence[Manifest]) -> dict[str, str]:
    """Return the variables that pods get from the ConfigMap and the Secret."""
    given: dict[str, str] = {}
    for kind, name in _SOURCES.items():
        for one in objects:
            if (one.body["kind"], one.name) == (kind, name):
                given |= one.entries
    return given


def complaints(objects: Sequence[Manifest]) -> Iterator[str]:
    """Yield what would harm a cluster, though Kubernetes would take it, a line each."""
    for one in objects:
        if one.body["kind"] in _SOURCES:
            yield from _entries(one)
        for path, value in _quantities(one.body):
            yield f"{one.file}: {path} of {one.name} is {value!r}, {_NO_QUANTITY}"


def bad_texts(objects: Sequence[Manifest]) -> Iterator[str]:
    """Yield the entries of the environment that are no texts; values of Secrets are not told."""
    for one in objects:
        if (one.body["kind"], one.name) not in _SOURCES.items():
            continue
        for name, value in one.entries.items():
            if not isinstance(value, str):
                shown = f" is {json.dumps(value, default=str)}, which" * (
                    one.body["kind"] != "Secret"
                )
                yield f"{one.file}: {name} of {one.name}{shown} is no text: put it in quotes"


def other_namespaces(objects: Sequence[Manifest], namespace: str) -> Iterator[str]:
    """Yield what does not lie in the one namespace that the values name."""
    for one in objects:
        subjects = one.body.get("subjects") or ()
        named = [one.body["metadata"].get("namespace"), *(s.get("namespace") for s in subjects)]
        if one.body["kind"] == "Namespace":
            named = [one.name]
        elif one.body["kind"] in _CLUSTER_WIDE:
            named = []
        for other in sorted({str(name or "(none)") for name in named} - {namespace}):
            yield (
                f"{one.file}: {one.body['kind']} {one.name} is of the namespace {other!r}, but "
                f"runs go to {namespace!r} (job_namespace of the values): write one everywhere"
            )


def bad_quantities(values: Body) -> Iterator[str]:
    """Yield the quantities of the chart's values that Kubernetes would not take."""
    for path, value in _quantities(values):
        yield f"{path} is {value!r}, {_NO_QUANTITY}"


def _quantities(body: object, at: str = "") -> Iterator[tuple[str, object]]:
    """Yield where no quantity stands among what is asked for, and what stands there."""
    if isinstance(body, Sequence) and not isinstance(body, str):
        for n, one in enumerate(body):
            yield from _quantities(one, f"{at}[{n}]")
    if not isinstance(body, Mapping):
        return
    asked = at.endswith((".requests", ".limits")) and not at.endswith("pools.limits")
    for key, value in body.items():
        path = f"{at}.{key}".lstrip(".")
        if asked and not isinstance(value, Mapping | list) and not _is_quantity(value):
            yield path, value
        yield from _quantities(value, path)


def _is_quantity(value: object) -> bool:
    try:
        return bool(parse_quantity(value) >= 0)
    except ValueError:
        return False


def _entries(one: Manifest) -> Iterator[str]:
    if one.file.parent != EXAMPLES:
        yield from _placeholders(one)
    if one.name in _SOURCES.values():
        with _environment({name: str(value) for name, value in one.entries.items()}):
            unknown: list[str] = []
            tell_unknown(unknown.append)
        yield from (f"{one.file}: {line}" for line in unknown)


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

"""Settings kept beside the tables: a run that does not name them takes those of the run before.

Had they no home but the environment, the first run started elsewhere would forget them: all
files would be public, those whose time is over would come back, and personal data as well.
"""

from collections.abc import Mapping
from typing import BinaryIO

from pydantic import BaseModel, ConfigDict, ValidationError

from mmrag_pipeline.errors import CorruptStateError, MmragError, OvertakenError
from mmrag_pipeline.overtaken import retried
from mmrag_pipeline.safety_settings import NationalId, Private, Redact, RedactRegion
from mmrag_pipeline.settings import Settings, Shards, TtlBy, TtlDays, variable
from mmrag_pipeline.stores.blobs import Blobs, read_bytes

_AS_NAMED = ConfigDict(extra="forbid", frozen=True)


class _Visibility(BaseModel):
    """Who may see which file; None was never named."""

    model_config = _AS_NAMED

    default_visibility: tuple[str, ...] | None = None
    visibility_rules: dict[str, tuple[str, ...]] | None = None
    private_domains: Private | None = None


class _Categories(BaseModel):
    """Which category which file has; None was never named."""

    model_config = _AS_NAMED

    category_rules: dict[str, str] | None = None


class _Lifetime(BaseModel):
    """How long files stay in the index; None was never named."""

    model_config = _AS_NAMED

    ttl_by: TtlBy | None = None
    ttl_days: TtlDays | None = None


class _Sharding(BaseModel):
    """Which domains are split; None was never named."""

    model_config = _AS_NAMED

    shards: Shards | None = None


class _Redaction(BaseModel):
    """Which personal data is taken out of whose texts; None was never named."""

    model_config = _AS_NAMED

    redact: Redact | None = None
    redact_region: RedactRegion = None
    redact_national_ids: tuple[NationalId, ...] | None = None


class _Filter(BaseModel):
    """Which pictures are withheld; None was never named."""

    model_config = _AS_NAMED

    image_filter: str | None = None
    image_filter_labels: tuple[str, ...] | None = None
    image_filter_threshold: float | None = None


_SHARDS = "shards.json"
_VISIBILITY = "visibility.json"
_POLICIES: Mapping[str, type[BaseModel]] = {
    _VISIBILITY: _Visibility,
    "categories.json": _Categories,
    "ttl.json": _Lifetime,
    "redact.json": _Redaction,
    "image_filter.json": _Filter,
    _SHARDS: _Sharding,
}
"""Blob -> the settings that it keeps, each by its name."""


def with_kept_settings(settings: Settings, blobs: Blobs) -> Settings:
    """Return the settings with what earlier runs named where they name nothing.

    Raises CorruptStateError when a file of ours is damaged, StateUnavailableError when one
    cannot be reached and OvertakenError when one is replaced again and again: nothing is
    guessed to be public or to be without a time.
    """
    held: dict[str, object] = {}
    for file in _POLICIES:
        held |= _read(blobs, file).model_dump(exclude_none=True)
    unnamed = {name: held[name] for name in held if name not in settings.model_fields_set}
    return settings.model_copy(update=unnamed)


def kept_shards(blobs: Blobs) -> Mapping[str, int]:
    """Return domain -> shards as the last run named them, whatever this process names.

    Raises as reading all of them does.
    """
    held: dict[str, dict[str, int]] = _read(blobs, _SHARDS).model_dump(exclude_none=True)
    return held.get("shards", {})


def known_shards(settings: Settings, blobs: Blobs) -> Mapping[str, int]:
    """Return domain -> shards as named, else as kept; none where that cannot be read.

    It is for those who only look: a whole set of collections serves, whatever is wanted.
    """
    if "shards" in settings.model_fields_set:
        return settings.shards
    try:
        return kept_shards(blobs)
    except MmragError:
        return settings.shards


def private_domains(settings: Settings, blobs: Blobs) -> frozenset[str]:
    """Return the private domains as named, else as kept; none where that cannot be read.

    It is for those who only look, without naming groups: what they may see is not decided here.
    """
    if "private_domains" in settings.model_fields_set:
        return frozenset(settings.private_domains)
    try:
        held = _read(blobs, _VISIBILITY).model_dump(exclude_none=True)
    except MmragError:
        return frozenset(settings.private_domains)
    return frozenset(held.get("private_domains", ()))


def keep_settings(settings: Settings, blobs: Blobs) -> None:
    """Keep what these settings name, of all that is kept, for later runs.

    What another machine names meanwhile is kept, too. Raises as reading them does.
    """
    for file, policy in _POLICIES.items():
        named = settings.model_dump(include=settings.model_fields_set & {*policy.model_fields})
        if named:
            _keep(blobs, file, named)


def _keep(blobs: Blobs, file: str, named: Mapping[str, object]) -> None:
    def add() -> None:
        known = _read(blobs, file)
        text = _as_text(known.model_copy(update=named))
        if text != _as_text(known) and not _swap(blobs, file, text, known=_as_text(known)):
            raise OvertakenError(
                f"{blobs.shown(file)} was replaced again and again while settings were added to "
                "it: let the other runs begin and run again"
            )

    retried(add)


def _swap(blobs: Blobs, file: str, text: str, *, known: str) -> bool:
    """Write settings, as texts because the order of rules decides, unless others did meanwhile."""

    def fill(stream: BinaryIO) -> None:
        stream.write(f"{text}\n".encode())

    def is_known(stream: BinaryIO | None) -> bool:
        data = None if stream is None else stream.read()
        return _as_text(_parsed(blobs, file, data)) == known

    return blobs.swap(file, fill, is_known)


def _read(blobs: Blobs, file: str) -> BaseModel:
    return _parsed(blobs, file, read_bytes(blobs, file))


def _parsed(blobs: Blobs, file: str, data: bytes | None) -> BaseModel:
    policy = _POLICIES[file]
    if data is None:
        return policy()
    try:
        return policy.model_validate_json(data)
    except ValidationError as error:
        names = " and ".join(map(variable, policy.model_fields))
        faults = error.error_count()
        raise CorruptStateError(
            f"{blobs.shown(file)} cannot be read ({faults} fault{'s' * (faults > 1)}): mend it, or "
            f"delete it and name {names} at the next run"
        ) from error


def _as_text(kept: BaseModel) -> str:
    return kept.model_dump_json(indent=1, exclude_none=True)

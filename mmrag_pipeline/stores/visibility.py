"""Who may see which file, kept beside the tables: a run that does not name the rules keeps them.

Rules that lived in the environment alone would be forgotten by the first run started elsewhere,
and everything would be public.
"""

from typing import BinaryIO

from pydantic import BaseModel, ConfigDict, ValidationError

from mmrag_pipeline.errors import CorruptStateError
from mmrag_pipeline.settings import Settings
from mmrag_pipeline.stores.blobs import Blobs
from mmrag_pipeline.stores.files import exclusive

_FILE = "visibility.json"
_LOCK = "visibility.lock"
_LOCK_TIMEOUT_S = 20.0


class _Kept(BaseModel):
    """What runs have named so far; None was never named."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    default_visibility: tuple[str, ...] | None = None
    visibility_rules: dict[str, tuple[str, ...]] | None = None


def with_kept_visibility(settings: Settings, blobs: Blobs) -> Settings:
    """Return the settings with the groups and rules of earlier runs where they name none.

    Raises CorruptStateError when our file is damaged and StateUnavailableError when it cannot
    be reached: nothing is guessed to be public.
    """
    held = _read(blobs).model_dump(exclude_none=True)
    unnamed = {name: held[name] for name in held if name not in settings.model_fields_set}
    return settings.model_copy(update=unnamed)


def keep_visibility(settings: Settings, blobs: Blobs) -> None:
    """Keep the groups and rules that these settings name for all later runs."""
    fields = settings.model_fields_set & set(_Kept.model_fields)
    named = settings.model_dump(include=fields)
    if not named:
        return
    what = f"the visibility rules in {blobs.shown(_FILE)}"
    with exclusive(settings.home / _LOCK, what, _LOCK_TIMEOUT_S):
        known = _read(blobs)
        text = _as_text(known.model_copy(update=named))
        if text != _as_text(known):  # as texts: the order of the rules decides
            blobs.write(_FILE, lambda file: _write(file, text))


def _read(blobs: Blobs) -> _Kept:
    try:
        with blobs.open(_FILE) as file:
            return _Kept.model_validate_json(file.read())
    except FileNotFoundError:
        return _Kept()
    except ValidationError as error:
        raise CorruptStateError(
            f"{blobs.shown(_FILE)} cannot be read ({error.error_count()} faults): mend it, or "
            "delete it and name MMRAG_VISIBILITY_RULES and MMRAG_DEFAULT_VISIBILITY at the next run"
        ) from error


def _as_text(kept: _Kept) -> str:
    return kept.model_dump_json(indent=1, exclude_none=True)


def _write(file: BinaryIO, text: str) -> None:
    file.write(f"{text}\n".encode())

"""Who may see which file, kept under `home`: a run that does not name the rules keeps them.

Rules that lived in the environment alone would be forgotten by the first run started elsewhere,
and everything would be public.
"""

from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

from mmrag_pipeline.errors import CorruptStateError
from mmrag_pipeline.settings import Settings
from mmrag_pipeline.stores.files import exclusive, replace_file

_FILE = "visibility.json"
_LOCK = "visibility.lock"
_LOCK_TIMEOUT_S = 20.0


class _Kept(BaseModel):
    """What runs have named so far; None was never named."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    default_visibility: tuple[str, ...] | None = None
    visibility_rules: dict[str, tuple[str, ...]] | None = None


def with_kept_visibility(settings: Settings) -> Settings:
    """Return the settings with the groups and rules of earlier runs where they name none.

    Raises CorruptStateError when our file is damaged: nothing is guessed to be public.
    """
    held = _read(settings.home / _FILE).model_dump(exclude_none=True)
    unnamed = {name: held[name] for name in held if name not in settings.model_fields_set}
    return settings.model_copy(update=unnamed)


def keep_visibility(settings: Settings) -> None:
    """Keep the groups and rules that these settings name for all later runs."""
    fields = settings.model_fields_set & set(_Kept.model_fields)
    named = settings.model_dump(include=fields)
    if not named:
        return
    path = settings.home / _FILE
    with exclusive(settings.home / _LOCK, f"the visibility rules in {path}", _LOCK_TIMEOUT_S):
        known = _read(path)
        text = _as_text(known.model_copy(update=named))
        if text != _as_text(known):  # as texts: the order of the rules decides
            replace_file(path, lambda file: _write(file, text))


def _read(path: Path) -> _Kept:
    try:
        return _Kept.model_validate_json(path.read_bytes())
    except FileNotFoundError:
        return _Kept()
    except ValidationError as error:
        raise CorruptStateError(
            f"{path} cannot be read ({error.error_count()} faults): mend it, or delete it and "
            "name MMRAG_VISIBILITY_RULES and MMRAG_DEFAULT_VISIBILITY at the next run"
        ) from error


def _as_text(kept: _Kept) -> str:
    return kept.model_dump_json(indent=1, exclude_none=True)


def _write(path: Path, text: str) -> None:
    path.write_text(text + "\n")

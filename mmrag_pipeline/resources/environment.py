"""The settings of the environment, for commands and for Dagster: what is wrong is one line."""

import re
from pathlib import Path
from typing import Any, get_args

from pydantic import SecretStr, ValidationError
from pydantic_settings import SettingsError as UnreadableSetting

from mmrag_pipeline.errors import SettingsError
from mmrag_pipeline.settings import Settings, variable
from mmrag_pipeline.stores.places import place_of

_USUAL = [
    Settings.model_fields[name].default for name in ("reconcile_cron", "upkeep_cron", "verify_cron")
]
_AS_SHOWN = "write it as docs/settings.md shows"
_ADDRESSES = ("_URL", "_ENDPOINT")
_FIELD = re.compile(r'field "(\w+)"')


def read_settings(home: Path | str | None = None) -> Settings:
    """Return the settings of the environment; raises SettingsError naming the variable.

    A given `home` stands in for that of the environment. The message says what to write, and
    never repeats an address: it may hold a secret.
    """
    given: dict[str, Any] = {} if home is None else {"home": home}
    try:
        settings = Settings(**given)
    except ValidationError as error:
        wrong = "; ".join(_wrong(e["loc"], e["msg"], e["input"]) for e in error.errors())
        raise SettingsError(f"settings from the environment are wrong: {wrong}") from error
    except UnreadableSetting as error:
        raise SettingsError(_unreadable(error)) from error
    if settings.home.exists() and not settings.home.is_dir():
        raise SettingsError(f"MMRAG_HOME={str(settings.home)!r} is a file: name a folder")
    _check_places(settings)
    _check_crons(settings)
    return settings


def _wrong(location: tuple[int | str, ...], message: str, given: object) -> str:
    told = message.removeprefix("Value error, ")
    if not location:  # of several variables: what was given holds all of them, secrets included
        return told
    name = variable(str(location[0]))
    of = "".join(f" of {part!r:.100}" for part in location[1:2])
    shown = "" if name.endswith(_ADDRESSES) or _is_secret(location[0]) else f"={given!r:.60}"
    if told.startswith(("Input should be a valid dictionary", "Input should be a valid tuple")):
        told += f": {_AS_SHOWN}"
    return f"{name}{of}{shown}: {told}"


def _is_secret(field: int | str) -> bool:
    found = Settings.model_fields.get(str(field))
    return found is not None and SecretStr in get_args(found.annotation)


def _check_places(settings: Settings) -> None:
    """Raise SettingsError for a root that is neither a folder's path nor a place in S3."""
    roots = {"MMRAG_STATE_ROOT": settings.state_root, "MMRAG_SOURCE_ROOT": settings.source_root}
    for name, root in roots.items():
        try:
            place_of(root or "")
        except SettingsError as error:
            raise SettingsError(f"{name}={error}") from error


def _unreadable(error: UnreadableSetting) -> str:
    """Return what to say of a list or an object that is no JSON."""
    field, given = _FIELD.search(str(error)), getattr(error.__cause__, "doc", None)
    name = variable(field[1]) if field else str(error)
    shown = "" if given is None else f"={given!r:.60}"
    return f"{name}{shown}: it is no JSON: {_AS_SHOWN}"


def _check_crons(settings: Settings) -> None:
    """Raise SettingsError for the first cron line that Dagster does not take."""
    crons = {
        "MMRAG_RECONCILE_CRON": settings.reconcile_cron,
        "MMRAG_UPKEEP_CRON": settings.upkeep_cron,
        **({"MMRAG_VERIFY_CRON": settings.verify_cron} if settings.verify_cron else {}),
        **({"MMRAG_EVAL_CRON": settings.eval_cron} if settings.eval_cron else {}),
        **{f"MMRAG_REINDEX_CRONS of {n!r}": cron for n, cron in settings.reindex_crons.items()},
    }
    for name, cron in crons.items():
        if cron not in _USUAL and not _is_cron(cron):
            raise SettingsError(
                f"{name} is {cron!r:.100}, which is no cron expression: write five fields, minute "
                "to weekday, for one '0 3 * * *'"
            )


def _is_cron(text: str) -> bool:
    """Ask Dagster, which brings its own parser; loading it takes longer than a small command."""
    import dagster as dg

    try:
        dg.ScheduleDefinition(name="tried", job_name="tried", cron_schedule=text)
    except dg.DagsterInvalidDefinitionError:
        return False
    return True

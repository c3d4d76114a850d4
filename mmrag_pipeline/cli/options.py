"""Options that several commands share, and the settings they lead to."""

from pathlib import Path
from typing import Annotated

import typer
from pydantic import ValidationError
from pydantic_settings import SettingsError as UnreadableSetting

from mmrag_pipeline.cli.console import warn
from mmrag_pipeline.errors import SettingsError
from mmrag_pipeline.settings import Settings, unknown_variables

AsJson = Annotated[
    bool, typer.Option("--json", help="Print one JSON object on standard output, nothing else.")
]
SourceDir = Annotated[
    Path | None,
    typer.Option("--source", help="Folder with one sub-folder per domain.", show_default=False),
]
Domain = Annotated[
    str | None,
    typer.Option(
        "--domain",
        help="With --source: take the whole folder as this one domain. Alone: only this domain.",
        show_default=False,
    ),
]
Domains = Annotated[
    list[str] | None,
    typer.Option("--domain", help="Only this domain (may be repeated).", show_default=False),
]


def load_settings() -> Settings:
    """Return the settings of the environment; raises SettingsError naming the variable."""
    for name in unknown_variables():
        warn(f"{name} is no setting of ours and has no effect (docs/settings.md lists them)")
    try:
        return Settings()
    except ValidationError as error:
        wrong = "; ".join(f"{_variable(e['loc'])}: {e['msg']}" for e in error.errors())
        raise SettingsError(f"settings from the environment are wrong: {wrong}") from error
    except UnreadableSetting as error:
        raise SettingsError(f"{error}: write it as JSON, as docs/settings.md shows") from error


def _variable(location: tuple[int | str, ...]) -> str:
    name = str(location[0]).upper() if location else "*"
    return name if name == "DAGSTER_HOME" else f"MMRAG_{name}"

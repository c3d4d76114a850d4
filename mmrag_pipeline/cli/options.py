"""Options that several commands share, and the settings they lead to."""

from pathlib import Path
from typing import Annotated

import typer
from pydantic import ValidationError

from mmrag_pipeline.errors import SettingsError
from mmrag_pipeline.settings import Settings

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
    try:
        return Settings()
    except ValidationError as error:
        wrong = "; ".join(
            f"MMRAG_{'_'.join(map(str, e['loc'])).upper() or '*'}: {e['msg']}"
            for e in error.errors()
        )
        raise SettingsError(f"settings from the environment are wrong: {wrong}") from error

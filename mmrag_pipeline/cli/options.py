"""Options that several commands share, and the settings they lead to."""

from collections.abc import Callable
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated, get_args

import typer

from mmrag_pipeline.cli.console import warn
from mmrag_pipeline.observing.opened import about_command
from mmrag_pipeline.observing.stages import start_log
from mmrag_pipeline.resources.environment import read_settings
from mmrag_pipeline.retrieval_settings import RefinementName, StrategyName
from mmrag_pipeline.settings import Settings, unknown_variables, variable
from mmrag_pipeline.stores.places import Place, place_of

AsJson = Annotated[
    bool, typer.Option("--json", help="Print one JSON object on standard output, nothing else.")
]
SourcePlace = Annotated[
    str | None,
    typer.Option(
        "--source",
        help="Folder, or s3://BUCKET/PREFIX, with one sub-folder per domain.",
        show_default=False,
        metavar="PLACE",
    ),
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
Kinds = Annotated[
    list[str] | None,
    typer.Option("--kind", help="page, tile, text, ocr or caption (may be repeated)."),
]
Groups = Annotated[
    list[str] | None,
    typer.Option("--visibility", help="Only what this group may see (may be repeated)."),
]
REFINEMENT_NAMES = ", ".join(get_args(RefinementName))
STRATEGY_NAMES = ", ".join(get_args(StrategyName))


def given_place(source: str | None) -> Place | None:
    """Return the place that `--source` names, None without one; raises SettingsError."""
    return place_of(source) if source else None


def load_settings() -> Settings:
    """Return the settings of the environment for a command, whose log begins.

    Raises as `told_settings` does.
    """
    settings = read_settings()
    start_log(settings)
    about_command()
    tell_unknown(warn)
    return settings


def told_settings(home: Path | str | None, tell: Callable[[str], None]) -> Settings:
    """Return the settings of the environment; raises SettingsError naming the variable.

    A given `home` stands in for that of the environment. Variables without effect are told.
    """
    tell_unknown(tell)
    return read_settings(home)


def tell_unknown(tell: Callable[[str], None]) -> None:
    """Tell the variables that no setting reads."""
    for name in unknown_variables():
        near = get_close_matches(name, map(variable, Settings.model_fields), n=1)
        meant = f"did you mean {near[0]}?" if near else "docs/settings.md lists them"
        tell(f"{name} is no setting of ours and has no effect ({meant})")

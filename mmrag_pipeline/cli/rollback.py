"""`mmrag rollback` and `mmrag promote`: a person decides which generation serves a domain."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Protocol

import typer

from mmrag_pipeline.assembly import open_world
from mmrag_pipeline.cli.chosen import indexed_domains
from mmrag_pipeline.cli.console import OUT, print_json, printable
from mmrag_pipeline.cli.generations import quick
from mmrag_pipeline.cli.layouts import layout_text, other_settings
from mmrag_pipeline.cli.options import AsJson, load_settings
from mmrag_pipeline.errors import SettingsError
from mmrag_pipeline.ids import collection_name
from mmrag_pipeline.indexing import generations
from mmrag_pipeline.indexing.generations import serving
from mmrag_pipeline.indexing.history import Said, last_event
from mmrag_pipeline.indexing.shards import todays
from mmrag_pipeline.indexing.station import World
from mmrag_pipeline.models import known_models
from mmrag_pipeline.records import Layout
from mmrag_pipeline.settings import Settings
from mmrag_pipeline.stores.receipts import operator

OneDomain = Annotated[str, typer.Argument(help="The domain.", show_default=False)]
Number = Annotated[
    int | None,
    typer.Option(
        "--to",
        min=1,
        help="Number of the generation, as `mmrag generations` lists it.",
        show_default=False,
    ),
]


@dataclass(frozen=True, slots=True)
class _Decided:
    """What serves a partition now, what did before, and that one again if runs go on with it."""

    partition: str
    serving: str
    before: str | None
    kept: str | None


class Act(Protocol):
    """A decision on a partition's generations; returns the one that serves by it."""

    def __call__(self, world: World, partition: str, said: Said, *, to: str | None) -> str:
        """Note it and move the alias."""
        ...


def rollback(
    domain: OneDomain,
    to: Number = None,
    reason: Annotated[str, typer.Option("--reason", help="Why; it stands in the history.")] = "",
    as_json: AsJson = False,
) -> None:
    """Let the generation serve again that served before, or the one that --to names.

    The one that it takes the place of is kept, and does not serve until it is promoted.

    Examples:

        mmrag rollback shop --reason "no photographs are found any more"

        mmrag rollback shop --to 3
    """
    _decide(generations.rollback, domain, to, reason=reason, as_json=as_json)


def promote(
    domain: OneDomain,
    reason: Annotated[
        str, typer.Option("--reason", help="Why; it stands in the history.", show_default=False)
    ],
    to: Number = None,
    as_json: AsJson = False,
) -> None:
    """Let a generation serve that was refused or rolled back, or the one that --to names.

    Examples:

        mmrag promote shop --reason "the labels are of last year"

        mmrag promote shop --to 4 --reason "seen by hand"
    """
    if not reason.strip():
        raise SettingsError("--reason is empty: say why, it is what others find in the history")
    _decide(generations.promote, domain, to, reason=reason, as_json=as_json)


def _decide(act: Act, domain: str, to: int | None, *, reason: str, as_json: bool) -> None:
    settings = load_settings()
    indexed_domains(settings, [domain])
    said = Said(by=operator(), reason=reason)
    with open_world(quick(settings)) as world:
        layouts = world.vectors.layouts()
        done = [_decided(world, act, name, to, said=said) for name in todays(world, domain)]
    last = done[-1]
    told = _next_step(settings, domain, last.serving, kept=last.kept, layouts=layouts)
    if as_json:
        moved = {o.partition: {"serving": o.serving, "before": o.before} for o in done}
        print_json({"domain": domain, "partitions": moved, "next": told})
        return
    names = known_models(settings)
    for one in done:
        served = f"{one.partition} is served by {one.serving}"
        made = layout_text(layouts[one.serving], names)
        OUT.print(printable(f"{served} ({made}); before: {one.before}"), markup=False)
    OUT.print(printable(told), markup=False)


def _decided(world: World, act: Act, partition: str, to: int | None, *, said: Said) -> _Decided:
    prefix = world.settings.collection_prefix
    before = serving(world, partition)
    asked = collection_name(prefix, partition, to) if to else None
    name = act(world, partition, said, to=asked)
    stays = last_event(world, partition, before or "") == "rolled_back"
    kept = before if before in world.vectors.layouts() and stays else None
    return _Decided(partition, name, before, kept)


def _next_step(
    settings: Settings, domain: str, name: str, *, kept: str | None, layouts: Mapping[str, Layout]
) -> str:
    """Return what runs do from now on, and what to do if they shall do something else."""
    others = " ".join(other_settings(layouts[name], settings))
    if not others:
        return "The settings name its models: the next run brings it up to date."
    if kept and not other_settings(layouts[kept], settings):
        return (
            f"The settings name the models of {kept}: runs keep that one up to date and do not "
            f"serve it; `mmrag promote {domain} --reason TEXT` does. {name} stays as it is now: "
            f"for runs to bring it up to date, set {others} wherever they start"
        )
    return (
        "The settings name other models: the next run lets their generation serve if it passes "
        f"the gate. For {name} to serve on and be brought up to date, set {others} wherever runs "
        "start"
    )

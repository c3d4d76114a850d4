"""`mmrag rollback` and `mmrag promote`: a person decides which generation serves a domain."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Protocol

import typer

from mmrag_pipeline.assembly import open_world
from mmrag_pipeline.cli.chosen import indexed_domains
from mmrag_pipeline.cli.console import ERR, OUT, print_json, printable
from mmrag_pipeline.cli.generations import quick
from mmrag_pipeline.cli.layouts import layout_text, other_settings
from mmrag_pipeline.cli.options import AsJson, load_settings
from mmrag_pipeline.errors import MmragError, SettingsError
from mmrag_pipeline.ids import Json, collection_name
from mmrag_pipeline.indexing import generations
from mmrag_pipeline.indexing.applied import is_complete
from mmrag_pipeline.indexing.generations import serving
from mmrag_pipeline.indexing.history import KEPT_BACK, Said, last_event
from mmrag_pipeline.indexing.shards import todays
from mmrag_pipeline.indexing.station import World
from mmrag_pipeline.models import known_models
from mmrag_pipeline.records import Layout
from mmrag_pipeline.retrieval.serving import serving as whole_sets
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


@dataclass(frozen=True, slots=True)
class _Outcome:
    """What became of each partition of a domain."""

    moved: list[_Decided] = field(default_factory=list)
    stays: dict[str, str] = field(default_factory=dict)
    """Partition -> that it is served by the asked generation already."""
    failed: dict[str, str] = field(default_factory=dict)
    """Partition -> why it was not moved."""

    def as_json(self) -> dict[str, Json]:
        """Return it by partition."""
        moved: dict[str, Json] = {
            one.partition: {"serving": one.serving, "before": one.before} for one in self.moved
        }
        return {"partitions": moved, "stays": {**self.stays}, "failed": {**self.failed}}


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
    """Let the generation that served a domain before serve it again, or the one that --to names.

    A generation is the domain's index as one set of models filled it. Use it when answers got
    worse after a change of model: it moves an alias, so it takes effect at once and computes
    nothing. The generation that served is kept, and serves again after `mmrag promote`.

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
    """Let a generation serve that is held back, or the one that --to names.

    A generation is the domain's index as one set of models filled it. Use it when the gate refused
    one (its labelled queries lost too much) and you know better, or to end a rollback: it moves an
    alias, so it takes effect at once and computes nothing. `mmrag generations` lists what there is.

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
        outcome = _each(world, act, domain, to, said=said)
    last = outcome.moved[-1]
    told = _next_step(settings, domain, last.serving, kept=last.kept, layouts=layouts)
    if as_json:
        print_json({"domain": domain, **outcome.as_json(), "next": told})
    else:
        _print(outcome, layouts, known_models(settings))
        OUT.print(printable(told), markup=False)
    for name, why in outcome.failed.items():
        ERR.print(printable(f"{name} was left as it is: {why}"), style="red", markup=False)
    if outcome.failed:
        raise typer.Exit(1)


def _each(world: World, act: Act, domain: str, to: int | None, *, said: Said) -> _Outcome:
    """Decide on every partition that serves the domain; one that cannot be moved stops no other.

    Raises the first error when none was moved.
    """
    outcome, errors = _Outcome(), list[MmragError]()
    prefix = world.settings.collection_prefix
    for name in _partitions(world, domain):
        asked = collection_name(prefix, name, to) if to else None
        try:
            outcome.moved.append(_decided(world, act, name, asked, said=said))
        except MmragError as error:
            errors.append(error)
            fine = _serves_already(world, act, name, asked)
            (outcome.stays if fine else outcome.failed)[name] = str(error)
    if not outcome.moved:
        raise errors[0]
    return outcome


def _partitions(world: World, domain: str) -> list[str]:
    """Return the partitions that serve: while a domain is being split, still those of before."""
    whole = whole_sets(world.vectors, world.settings.collection_prefix, world.settings.shards)
    return [*whole.get(domain, todays(world, domain))]


def _serves_already(world: World, act: Act, partition: str, asked: str | None) -> bool:
    """Return whether a partition that was not moved is served by what should serve it."""
    live, wanted = serving(world, partition), asked
    if asked is None and act is generations.promote:
        held = generations.held_generations(world, partition)
        last = {last_event(world, partition, name) for name in held}
        wanted = held[-1] if held and last.isdisjoint(KEPT_BACK) else None
    return live is not None and live == wanted and is_complete(world.vectors.marks(live))


def _decided(world: World, act: Act, partition: str, asked: str | None, *, said: Said) -> _Decided:
    before = serving(world, partition)
    name = act(world, partition, said, to=asked)
    stays = last_event(world, partition, before or "") == "rolled_back"
    kept = before if before in world.vectors.layouts() and stays else None
    return _Decided(partition, name, before, kept)


def _print(outcome: _Outcome, layouts: Mapping[str, Layout], names: Mapping[str, str]) -> None:
    for one in outcome.moved:
        served = f"{one.partition} is served by {one.serving}"
        made = layout_text(layouts[one.serving], names)
        OUT.print(printable(f"{served} ({made}); before: {one.before}"), markup=False)
    for why in outcome.stays.values():
        OUT.print(printable(why), markup=False)


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

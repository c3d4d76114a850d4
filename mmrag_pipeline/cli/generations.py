"""`mmrag generations`: what serves each domain, what is kept beside it, and who decided that."""

from collections.abc import Mapping
from dataclasses import asdict

import typer

from mmrag_pipeline.assembly import check_index, open_world
from mmrag_pipeline.cli.ahead import setting_of
from mmrag_pipeline.cli.chosen import indexed_domains
from mmrag_pipeline.cli.console import ERR, OUT, in_a_row, print_json, printable, table, warn
from mmrag_pipeline.cli.layouts import layout_text, models_of
from mmrag_pipeline.cli.options import AsJson, Domains, load_settings
from mmrag_pipeline.errors import MmragError
from mmrag_pipeline.evaluation.scores import scores_of
from mmrag_pipeline.indexing.generations import serving
from mmrag_pipeline.indexing.held_back import held_back
from mmrag_pipeline.indexing.held_generations import Generation, generations_of
from mmrag_pipeline.indexing.shards import todays
from mmrag_pipeline.models import known_models
from mmrag_pipeline.settings import Settings

_COLUMNS = ("domain", "gen", "serves", "points", "complete", "MB", "made with", "since", "last")
_PLACES = (
    "index_quantization",
    "index_quantized_memory",
    "index_vectors_memory",
    "index_graph_memory",
)
_WAIT_S = 1.0
"""For a collection that another process has open: then its points are not counted."""
Found = Mapping[str, list[Generation]]


def generations(domain: Domains = None, as_json: AsJson = False) -> None:
    """List the generations of each domain's collection: what serves, since when, and why.

    Exit status 1 when a domain could not be looked at.

    Examples:

        mmrag generations

        mmrag generations --domain shop --json
    """
    settings = load_settings()
    domains = indexed_domains(settings, domain)
    check_index(settings)
    found: dict[str, list[Generation]] = {}
    failed, warnings = {}, []
    with open_world(quick(settings)) as world:
        for name in (p for one in domains for p in todays(world, one)):
            try:
                found[name] = generations_of(world, name)
                held = held_back(world.tables, name, serving(world, name))
                warnings += [f"{name}: {held.told(name)}"] if held else []
            except MmragError as error:
                failed[name] = str(error)
        names = known_models(settings)
    if as_json:
        print_json({"domains": _said(found, names), "failed": failed})
    else:
        _print(found, names)
    for warning in warnings:
        warn(warning)
    for name, message in failed.items():
        ERR.print(printable(f"domain {name}: {message}"), style="red", markup=False)
    if failed:
        raise typer.Exit(1)


def quick(settings: Settings) -> Settings:
    """Return settings for a look or a person's decision: neither waits long for a collection."""
    return settings.model_copy(update={"lock_timeout_s": min(_WAIT_S, settings.lock_timeout_s)})


def _said(found: Found, names: Mapping[str, str]) -> dict[str, list[dict[str, object]]]:
    return {
        domain: [
            {
                **asdict(one),
                "tuning": {setting_of(kept): kept.now for kept in one.tuning},
                "layout": {
                    "models": models_of(one.layout, names),
                    "datatype": one.layout.datatype,
                    "shards": one.layout.shards,
                    "made_with": dict(one.layout.made_with),
                },
            }
            for one in held
        ]
        for domain, held in found.items()
    }


def _print(found: Found, names: Mapping[str, str]) -> None:
    rows = [
        (
            domain if place == 0 else "",
            one.number,
            "yes" if one.serves else "",
            "in use" if one.points is None else one.points,
            "yes" if one.complete else "NO",
            "" if one.size_bytes is None else f"{one.size_bytes / 1e6:,.1f}",
            layout_text(one.layout, names),
            f"{one.since:%Y-%m-%d %H:%M}" if one.since else "",
            _last(one),
        )
        for domain, held in found.items()
        for place, one in enumerate(held)
    ]
    OUT.print(table("Generations", _COLUMNS, rows))
    _print_tuning(found)


def _print_tuning(found: Found) -> None:
    """Say how what serves is quantized and where it is kept, alike ones together."""
    told: dict[str, list[str]] = {}
    for name, held in found.items():
        for one in (g for g in held if g.serves):
            kept = [f"{setting_of(t)}={t.now}" for t in one.tuning if t.setting in _PLACES]
            told.setdefault(", ".join(kept), []).append(name)
    for settings, names in told.items():
        if settings:
            OUT.print(printable(f"{in_a_row(names)}: what serves has {settings}"), markup=False)


def _last(one: Generation) -> str:
    """Return the last decision and what the gate measured then, in words."""
    if one.last is None:
        return ""
    fused = [score.found for score in scores_of(one.verdict)[:1]]
    means = [f"gate {found.live:.3f} to {found.candidate:.3f}" for found in fused]
    said = f"{one.last.event.replace('_', ' ')} by {one.last.by}"
    reason = "" if one.last.event in ("served", "refused") else one.last.reason
    return ", ".join(part for part in (said, reason, *means) if part)

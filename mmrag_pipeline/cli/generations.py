"""`mmrag generations`: what serves each domain, what is kept beside it, and who decided that."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Annotated

import typer
from rich.table import Table

from mmrag_pipeline.assembly import check_index, open_world
from mmrag_pipeline.cli.ahead import setting_of
from mmrag_pipeline.cli.chosen import indexed_domains
from mmrag_pipeline.cli.console import ERR, OUT, in_a_row, print_json, printable, table, warn
from mmrag_pipeline.cli.decisions import decisions_json, decisions_table, minute, worded
from mmrag_pipeline.cli.layouts import layout_text, models_of
from mmrag_pipeline.cli.options import AsJson, Domains, load_settings
from mmrag_pipeline.errors import MmragError
from mmrag_pipeline.evaluation.scores import scores_of
from mmrag_pipeline.indexing.generations import serving
from mmrag_pipeline.indexing.held_back import held_back
from mmrag_pipeline.indexing.held_generations import (
    Decision,
    Generation,
    decisions_of,
    generations_of,
)
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


def generations(
    domain: Domains = None,
    history: Annotated[
        bool, typer.Option("--history", help="List every decision instead, the oldest first.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """List the generations of each domain's collection: what serves, since when, and why.

    With --history every decision on them is a row: what was done with which one, by whom and why.
    Exit status 1 when a domain could not be looked at.

    Examples:

        mmrag generations

        mmrag generations --domain shop --json

        mmrag generations --domain shop --history
    """
    settings = load_settings()
    domains = indexed_domains(settings, domain)
    check_index(settings)
    looked = _look(settings, domains, history=history)
    if as_json:
        found = decisions_json(looked.decisions) if history else _said(looked)
        print_json({"domains": found, "failed": looked.failed})
    else:
        OUT.print(decisions_table(looked.decisions) if history else _table(looked))
        _print_tuning(looked.generations)
    for warning in looked.warnings:
        warn(warning)
    for name, message in looked.failed.items():
        ERR.print(printable(f"domain {name}: {message}"), style="red", markup=False)
    if looked.failed:
        raise typer.Exit(1)


@dataclass(frozen=True, slots=True)
class _Looked:
    """What was found of each partition; of generations and decisions only what was asked for."""

    names: Mapping[str, str]
    """Card fingerprint -> model."""
    generations: dict[str, list[Generation]] = field(default_factory=dict)
    decisions: dict[str, list[Decision]] = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)
    """What is held back."""
    failed: dict[str, str] = field(default_factory=dict)


def _look(settings: Settings, domains: Sequence[str], *, history: bool) -> _Looked:
    looked = _Looked(known_models(settings))
    with open_world(quick(settings)) as world:
        for name in (p for one in domains for p in todays(world, one)):
            try:
                if history:
                    looked.decisions[name] = decisions_of(world, name)
                else:
                    looked.generations[name] = generations_of(world, name)
                held = held_back(world.tables, world.vectors, name, serving=serving(world, name))
                looked.warnings.extend([f"{name}: {held.told(name)}"] if held else [])
            except MmragError as error:
                looked.failed[name] = str(error)
    return looked


def quick(settings: Settings) -> Settings:
    """Return settings for a look or a person's decision: neither waits long for a collection."""
    return settings.model_copy(update={"lock_timeout_s": min(_WAIT_S, settings.lock_timeout_s)})


def _said(looked: _Looked) -> dict[str, list[dict[str, object]]]:
    return {
        domain: [
            {
                **asdict(one),
                "tuning": {setting_of(kept): kept.now for kept in one.tuning},
                "layout": {
                    "models": models_of(one.layout, looked.names),
                    "datatype": one.layout.datatype,
                    "shards": one.layout.shards,
                    "made_with": dict(one.layout.made_with),
                },
            }
            for one in held
        ]
        for domain, held in looked.generations.items()
    }


def _table(looked: _Looked) -> Table:
    rows = [
        (
            domain if place == 0 else "",
            one.number,
            "yes" if one.serves else "",
            "in use" if one.points is None else one.points,
            "yes" if one.complete else "NO",
            "" if one.size_bytes is None else f"{one.size_bytes / 1e6:,.1f}",
            layout_text(one.layout, looked.names),
            minute(one.since) if one.since else "",
            _last(one),
        )
        for domain, held in looked.generations.items()
        for place, one in enumerate(held)
    ]
    return table("Generations", _COLUMNS, rows)


def _print_tuning(found: Mapping[str, Sequence[Generation]]) -> None:
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
    """Return the last decision, when it was, and what the gate measured for it, in words."""
    if one.last is None:
        return ""
    fused = [score.found for score in scores_of(one.last.verdict)[:1]]
    means = [f"gate {found.live:.3f} to {found.candidate:.3f}" for found in fused]
    said = f"{minute(one.last.at)} {worded(one.last.event)} by {one.last.by}"
    reason = "" if one.last.event in ("served", "refused") else one.last.reason
    return ", ".join(part for part in (said, reason, *means) if part)

"""`mmrag plan`: what index would do and about how long it would take, before anything runs."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace

import typer

from mmrag_pipeline.assembly import open_world
from mmrag_pipeline.cli.chosen import asked_domains, asked_sources
from mmrag_pipeline.cli.console import OUT, counted, in_a_row, print_json, printable, table
from mmrag_pipeline.cli.index import tell_troubles
from mmrag_pipeline.cli.options import AsJson, Domain, SourcePlace, given_place, load_settings
from mmrag_pipeline.cli.partitions import by_domain
from mmrag_pipeline.cli.rates import learned_rates
from mmrag_pipeline.cli.summary import Summary
from mmrag_pipeline.errors import MmragError
from mmrag_pipeline.ids import Json, domain_of
from mmrag_pipeline.indexing.next_generation import NextGeneration, next_generation
from mmrag_pipeline.indexing.plan import StationPlan
from mmrag_pipeline.indexing.plan import plan as plan_partition
from mmrag_pipeline.indexing.shards import todays
from mmrag_pipeline.models import known_models
from mmrag_pipeline.settings import Settings
from mmrag_pipeline.stores.sources import Sources

_COUNTS = ("add", "change", "delete", "reuse", "calls")


@dataclass(frozen=True, slots=True)
class _Planned:
    """What is ahead, by domain."""

    stations: dict[str, list[StationPlan]]
    generations: dict[str, NextGeneration]
    """By partition, of those whose collection needs another generation."""
    failed: dict[str, str]
    """Why a domain has no plan."""


def plan(source: SourcePlace = None, domain: Domain = None, as_json: AsJson = False) -> None:
    """Say what `mmrag index` would add, change, delete and reuse; runs no model, writes nothing.

    Examples:

        mmrag plan

        mmrag plan --source ~/scans --domain invoices --json
    """
    settings = load_settings()
    place = given_place(source)
    sources = asked_sources(settings, place, domain)
    asked = asked_domains(settings, sources, place, domain)
    planned = _planned(settings, sources, asked.domains)
    if as_json:
        print_json(_as_json(planned, asked.told))
    else:
        _print(planned.stations)
        _print_generations(planned.generations)
    tell_troubles(Summary((), failed=planned.failed, warnings=asked.told))
    if asked.trouble:
        raise typer.Exit(1)


def _planned(settings: Settings, sources: Sources, domains: Sequence[str]) -> _Planned:
    """Return the plan of each domain, and why those without one have none."""
    rates, names = learned_rates(settings), _model_names(settings)
    planned, failed = _Planned({}, {}, {}), dict[str, str]()
    with open_world(settings, sources=sources) as world:
        for name in (p for domain in domains for p in todays(world, domain)):
            try:
                rows = plan_partition(world, name, rates=rates)
                ahead = next_generation(world, name, rows, names)
            except MmragError as error:
                failed[name] = str(error)
            else:
                domain = domain_of(name)
                held = planned.stations.get(domain, ())
                planned.stations[domain] = _summed([*held, *rows])
                planned.generations.update({name: ahead} if ahead else {})
    return replace(planned, failed=by_domain(failed))


def _model_names(settings: Settings) -> Mapping[str, str]:
    """Return card -> model; without them models are told as the settings named them."""
    try:
        return known_models(settings)
    except MmragError:
        return {}


def _as_json(planned: _Planned, told: Sequence[str]) -> Json:
    rows = _summed([row for rows in planned.stations.values() for row in rows])
    return {
        "stations": [asdict(row) for row in rows],
        "domains": {name: [asdict(r) for r in held] for name, held in planned.stations.items()},
        "generations": {name: asdict(one) for name, one in planned.generations.items()},
        "seconds": round(sum(row.seconds for row in rows), 1),
        "failed": dict(planned.failed),
        "warnings": [*told],
    }


def _print(plans: Mapping[str, list[StationPlan]]) -> None:
    rows = _summed([row for rows in plans.values() for row in rows])
    shown = [(_name(r), *(getattr(r, c) for c in _COUNTS), r.seconds) for r in rows]
    title = f"{', '.join(plans)}: about {sum(row.seconds for row in rows):,.0f} s of work"
    OUT.print(table(title, ("station", *_COUNTS, "seconds"), shown))
    if expired := sum(row.expired for row in rows):
        told = counted(expired, "file")
        OUT.print(f"{told}: to leave because the time in MMRAG_TTL_DAYS is over", markup=False)
    if not all(row.exact for row in rows):
        OUT.print("~ an estimate: it depends on files that were not read yet", markup=False)


def _print_generations(ahead: Mapping[str, NextGeneration]) -> None:
    """Say why domains get another generation, those together that have the same reasons."""
    for why in dict.fromkeys(one.why for one in ahead.values()):
        held = {name: one for name, one in ahead.items() if one.why == why}
        points = counted(sum(one.points for one in held.values()), "point")
        calls = counted(sum(one.calls for one in held.values()), "model call")
        gate = next(iter(held.values())).gate
        decides = (
            f"the queries of MMRAG_GATE_QUERIES={gate} decide whether it serves then"
            if gate
            else "it serves then (MMRAG_GATE_QUERIES names no queries that decide)"
        )
        for line in (
            f"{in_a_row(held)}: a new generation, because what serves differs from the settings",
            *(f"  {reason}" for reason in why),
            f"  {points} to write, with vectors from the memo; {calls} for those that it lacks",
            f"  what serves now serves on until it is complete; {decides}",
        ):
            OUT.print(printable(line), markup=False)


def _name(row: StationPlan) -> str:
    return row.station if row.exact else f"{row.station} ~"


def _summed(rows: list[StationPlan]) -> list[StationPlan]:
    """Return one row per station over all domains, in the order of the data."""
    names = list(dict.fromkeys(row.station for row in rows))
    return [_sum(name, [row for row in rows if row.station == name]) for name in names]


def _sum(name: str, rows: list[StationPlan]) -> StationPlan:
    summed = (*_COUNTS, "expired")
    counts = {count: sum(getattr(row, count) for row in rows) for count in summed}
    seconds = round(sum(row.seconds for row in rows), 3)
    return StationPlan(name, **counts, seconds=seconds, exact=all(row.exact for row in rows))

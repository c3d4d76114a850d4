"""`mmrag plan`: what index would do and about how long it would take, before anything runs."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict

import typer

from mmrag_pipeline.assembly import open_world
from mmrag_pipeline.cli.chosen import asked_domains, asked_sources
from mmrag_pipeline.cli.console import OUT, counted, print_json, table
from mmrag_pipeline.cli.index import tell_troubles
from mmrag_pipeline.cli.options import AsJson, Domain, SourcePlace, given_place, load_settings
from mmrag_pipeline.cli.partitions import by_domain
from mmrag_pipeline.cli.rates import learned_rates
from mmrag_pipeline.cli.summary import Summary
from mmrag_pipeline.errors import MmragError
from mmrag_pipeline.ids import Json, domain_of
from mmrag_pipeline.indexing.plan import StationPlan
from mmrag_pipeline.indexing.plan import plan as plan_partition
from mmrag_pipeline.indexing.shards import todays
from mmrag_pipeline.settings import Settings
from mmrag_pipeline.stores.sources import Sources

_COUNTS = ("add", "change", "delete", "reuse", "calls")


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
    plans, failed = _plans(settings, sources, asked.domains)
    if as_json:
        print_json(_as_json(plans, failed, asked.told))
    else:
        _print(plans)
    tell_troubles(Summary((), failed=failed, warnings=asked.told))
    if asked.trouble:
        raise typer.Exit(1)


def _plans(
    settings: Settings, sources: Sources, domains: Sequence[str]
) -> tuple[dict[str, list[StationPlan]], dict[str, str]]:
    """Return the plan of each domain, and why those without one have none."""
    rates = learned_rates(settings)
    plans: dict[str, list[StationPlan]] = {}
    failed: dict[str, str] = {}
    with open_world(settings, sources=sources) as world:
        for name in (p for domain in domains for p in todays(world, domain)):
            try:
                rows = plan_partition(world, name, rates=rates)
            except MmragError as error:
                failed[name] = str(error)
            else:
                domain = domain_of(name)
                plans[domain] = _summed([*plans.get(domain, ()), *rows])
    return plans, by_domain(failed)


def _as_json(
    plans: Mapping[str, list[StationPlan]], failed: Mapping[str, str], told: Sequence[str]
) -> Json:
    rows = _summed([row for rows in plans.values() for row in rows])
    return {
        "stations": [asdict(row) for row in rows],
        "domains": {name: [asdict(row) for row in rows] for name, rows in plans.items()},
        "seconds": round(sum(row.seconds for row in rows), 1),
        "failed": dict(failed),
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

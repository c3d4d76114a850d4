"""`mmrag plan`: what index would do and about how long it would take, before anything runs."""

from dataclasses import asdict

from mmrag_pipeline.assembly import open_world
from mmrag_pipeline.cli.chosen import asked_domains, asked_sources
from mmrag_pipeline.cli.console import OUT, print_json, table
from mmrag_pipeline.cli.options import AsJson, Domain, SourceDir, load_settings
from mmrag_pipeline.cli.rates import learned_rates
from mmrag_pipeline.indexing.plan import StationPlan
from mmrag_pipeline.indexing.plan import plan as plan_partition

_COUNTS = ("add", "change", "delete", "reuse", "calls")


def plan(source: SourceDir = None, domain: Domain = None, as_json: AsJson = False) -> None:
    """Say what `mmrag index` would add, change, delete and reuse; runs no model, writes nothing.

    Examples:

        mmrag plan

        mmrag plan --source ~/scans --domain invoices --json
    """
    settings = load_settings()
    sources = asked_sources(settings, source, domain)
    domains = asked_domains(settings, sources, source, domain)
    rates = learned_rates(settings)
    with open_world(settings, sources=sources) as world:
        plans = {name: plan_partition(world, name, rates=rates) for name in domains}
    rows = _summed([row for rows in plans.values() for row in rows])
    seconds = sum(row.seconds for row in rows)
    if as_json:
        each = {name: [asdict(row) for row in rows] for name, rows in plans.items()}
        total = [asdict(row) for row in rows]
        print_json({"stations": total, "domains": each, "seconds": round(seconds, 1)})
        return
    shown = [(_name(r), *(getattr(r, c) for c in _COUNTS), r.seconds) for r in rows]
    title = f"{', '.join(domains)}: about {seconds:,.0f} s of work"
    OUT.print(table(title, ("station", *_COUNTS, "seconds"), shown))
    if not all(row.exact for row in rows):
        OUT.print("~ an estimate: it depends on files that were not read yet", markup=False)


def _name(row: StationPlan) -> str:
    return row.station if row.exact else f"{row.station} ~"


def _summed(rows: list[StationPlan]) -> list[StationPlan]:
    """Return one row per station over all domains, in the order of the data."""
    names = list(dict.fromkeys(row.station for row in rows))
    return [_sum(name, [row for row in rows if row.station == name]) for name in names]


def _sum(name: str, rows: list[StationPlan]) -> StationPlan:
    counts = {count: sum(getattr(row, count) for row in rows) for count in _COUNTS}
    seconds = sum(row.seconds for row in rows)
    return StationPlan(name, **counts, seconds=seconds, exact=all(row.exact for row in rows))

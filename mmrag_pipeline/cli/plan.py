"""`mmrag plan`: what index would do and about how long it would take, before anything runs."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace

import typer

from mmrag_pipeline.assembly import check_index, open_world
from mmrag_pipeline.cli.ahead import InPlace, ahead_json, print_ahead
from mmrag_pipeline.cli.chosen import asked_domains, asked_sources
from mmrag_pipeline.cli.console import OUT, counted, print_json, table
from mmrag_pipeline.cli.cost import money_text
from mmrag_pipeline.cli.index import tell_troubles
from mmrag_pipeline.cli.options import AsJson, Domain, SourcePlace, given_place, load_settings
from mmrag_pipeline.cli.partitions import by_domain
from mmrag_pipeline.cli.rates import learned_rates
from mmrag_pipeline.cli.summary import Summary
from mmrag_pipeline.cost_records import money_of
from mmrag_pipeline.cost_settings import Machine
from mmrag_pipeline.errors import MmragError
from mmrag_pipeline.ids import Json, domain_of
from mmrag_pipeline.indexing import points
from mmrag_pipeline.indexing.next_generation import NextGeneration, in_place, next_generation
from mmrag_pipeline.indexing.plan import MODEL_STATIONS, RATES, StationPlan
from mmrag_pipeline.indexing.plan import plan as plan_partition
from mmrag_pipeline.indexing.shards import todays
from mmrag_pipeline.models import known_models
from mmrag_pipeline.settings import Settings
from mmrag_pipeline.stores.sources import Sources

_UNREAD = "files that were not read yet"
_UNSEEN = "what other models will find, and how texts are cut for them; counted as before"
_CUT_ANEW = "how texts are cut without what is taken out; as many as before are counted"
_UNHELD = "what the collection holds, with which a run compares"
_UNLEARNED = (
    "seconds are as assumed before a run taught better: two processors, no loading of models"
)
_COUNTS = ("add", "change", "delete", "reuse", "calls")


@dataclass(frozen=True, slots=True)
class _Planned:
    """What is ahead, by domain."""

    stations: dict[str, list[StationPlan]]
    generations: dict[str, NextGeneration]
    """By partition, of those that another generation than the serving one is for."""
    in_place: dict[str, InPlace]
    """By partition, what changes of how its collection is kept."""
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
        print_json(_as_json(settings, planned, asked.told))
    else:
        if planned.stations:
            _print(settings, planned.stations)
        print_ahead(planned.generations, planned.in_place)
    tell_troubles(Summary((), failed=planned.failed, warnings=asked.told), asked="planned")
    if asked.trouble:
        raise typer.Exit(1)


def _planned(settings: Settings, sources: Sources, domains: Sequence[str]) -> _Planned:
    """Return the plan of each domain, and why those without one have none."""
    check_index(settings)
    rates, names = learned_rates(settings), _model_names(settings)
    planned, failed = _Planned({}, {}, {}, {}), dict[str, str]()
    with open_world(settings, sources=sources, hub=False) as world:
        points.recipe(world)  # a model that is not here is told once
        for name in (p for domain in domains for p in todays(world, domain)):
            try:
                rows = plan_partition(world, name, rates=rates)
                ahead = next_generation(world, name, rows, names)
                kept = in_place(world, name)
            except MmragError as error:
                failed[name] = str(error)
            else:
                domain = domain_of(name)
                held = planned.stations.get(domain, ())
                planned.stations[domain] = _summed([*held, *rows])
                planned.generations.update({name: ahead} if ahead else {})
                planned.in_place.update({name: InPlace(*kept)} if kept else {})
    return replace(planned, failed=by_domain(failed))


def _model_names(settings: Settings) -> Mapping[str, str]:
    """Return card -> model; without them models are told as the settings named them."""
    try:
        return known_models(settings)
    except MmragError:
        return {}


def _machine(settings: Settings, station: str) -> Machine:
    """Return the kind of machine that a station will run on."""
    if settings.executor == "in_process":
        return settings.machine
    if station not in MODEL_STATIONS:
        return "cpu"
    return "gpu" if settings.k8s_spot == "none" else "gpu-spot"


def _money(settings: Settings, rows: Sequence[StationPlan]) -> dict[str, float]:
    """Return station -> money of its seconds on the machine it will run on; empty without rates."""
    on = {row.station: _machine(settings, row.station) for row in rows}
    found = {r.station: money_of(settings.rates, on[r.station], r.seconds) for r in rows}
    return {station: round(money, 6) for station, money in found.items() if money is not None}


def _as_json(settings: Settings, planned: _Planned, told: Sequence[str]) -> Json:
    rows = _summed([row for rows in planned.stations.values() for row in rows])
    money = _money(settings, rows)
    return {
        "stations": [asdict(row) for row in rows],
        "domains": {name: [asdict(r) for r in held] for name, held in planned.stations.items()},
        **ahead_json(planned.generations, planned.in_place),
        "seconds": round(sum(row.seconds for row in rows), 1),
        "cost": {"stations": {**money}, "money": round(sum(money.values()), 6) if money else None},
        "failed": dict(planned.failed),
        "warnings": [*told],
    }


def _print(settings: Settings, plans: Mapping[str, list[StationPlan]]) -> None:
    rows = _summed([row for rows in plans.values() for row in rows])
    shown = [(_name(r), *(getattr(r, c) for c in _COUNTS), r.seconds) for r in rows]
    money = _money(settings, rows)
    paid = f", {money_text(sum(money.values()), settings.currency)}" if money else ""
    title = f"{', '.join(plans)}: about {sum(row.seconds for row in rows):,.0f} s of work{paid}"
    OUT.print(table(title, ("station", *_COUNTS, "seconds"), shown))
    if expired := sum(row.expired for row in rows):
        told = counted(expired, "file")
        OUT.print(f"{told}: to leave because the time in MMRAG_TTL_DAYS is over", markup=False)
    _print_redacted(rows)
    if any(row.calls for row in rows) and learned_rates(settings) == RATES:
        OUT.print(_UNLEARNED, markup=False)
    if unsure := [row.station for row in rows if not row.exact]:
        known = set(unsure) <= {"points", "collection"}
        unseen = _CUT_ANEW if "chunks" not in unsure and _redacted(rows) else _UNSEEN
        told = _UNREAD if "pages" in unsure else _UNHELD if known else unseen
        OUT.print(f"~ an estimate: it depends on {told}", markup=False)


def _print_redacted(rows: Sequence[StationPlan]) -> None:
    """Say that other rules of redaction are new, and what they change."""
    if (changed := _redacted(rows)) is not None:
        cut = next(row.add for row in rows if row.station == "chunks")
        OUT.print(
            f"MMRAG_REDACT says otherwise than at the last run: {counted(cut, 'text')} to cut "
            f"again; about {counted(changed, 'chunk')} of them, with personal data or a mark, "
            "to be embedded anew",
            markup=False,
        )


def _redacted(rows: Sequence[StationPlan]) -> int | None:
    return next((row.redacted for row in rows if row.station == "chunks"), None)


def _name(row: StationPlan) -> str:
    return row.station if row.exact else f"{row.station} ~"


def _summed(rows: list[StationPlan]) -> list[StationPlan]:
    """Return one row per station over all domains, in the order of the data."""
    names = list(dict.fromkeys(row.station for row in rows))
    return [_sum(name, [row for row in rows if row.station == name]) for name in names]


def _sum(name: str, rows: list[StationPlan]) -> StationPlan:
    summed = (*_COUNTS, "expired")
    counts = {count: sum(getattr(row, count) for row in rows) for count in summed}
    redacted = [row.redacted for row in rows if row.redacted is not None]
    return StationPlan(
        name,
        **counts,
        redacted=sum(redacted) if redacted else None,
        seconds=round(sum(row.seconds for row in rows), 3),
        exact=all(row.exact for row in rows),
    )

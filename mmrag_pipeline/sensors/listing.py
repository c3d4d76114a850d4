"""The sensor that compares sources and tables and asks for runs of what is not up to date."""

from collections.abc import Collection, Iterable, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass

import dagster as dg

from mmrag_pipeline.assets.job import INDEX
from mmrag_pipeline.assets.partitions import DOMAIN, domains
from mmrag_pipeline.errors import ListingError, MmragError, SettingsError
from mmrag_pipeline.ids import check_domain, domains_of, partitions_of
from mmrag_pipeline.indexing.admission import admit
from mmrag_pipeline.indexing.station import World
from mmrag_pipeline.ports import ObjectStore
from mmrag_pipeline.resources.pipeline import Pipeline
from mmrag_pipeline.sensors.situation import situation
from mmrag_pipeline.sensors.told import tell_stale
from mmrag_pipeline.telemetry import trace_tags

BUSY = (
    dg.DagsterRunStatus.QUEUED,
    dg.DagsterRunStatus.NOT_STARTED,
    dg.DagsterRunStatus.STARTING,
    dg.DagsterRunStatus.STARTED,
    dg.DagsterRunStatus.CANCELING,
)
PARTITION_TAG = "dagster/partition"
SOURCE = "(the source)"
"""What a trouble is about that stands in the way of looking for domains."""


@dataclass(frozen=True, slots=True)
class Seen:
    """What was seen of a source: pending situations by domain, and what could not be seen."""

    pending: Mapping[str, str]
    """Partition -> digest of its situation, for partitions that a run would change."""
    troubles: Mapping[str, str]
    """Partition, domain or SOURCE -> why it could not be looked at."""
    refusal: str = ""
    """Which new domains are one too many to be looked at."""


def decide(
    pending: Mapping[str, str], *, known: AbstractSet[str], busy: AbstractSet[str], trace: str = ""
) -> dg.SensorResult:
    """Ask for a run per pending partition without a run in flight; add new ones.

    The run key holds the digest of the situation: the same situation is asked for once, and
    what a failed run leaves as it was is the failure sensor's. Runs are within the span `trace`.
    """
    new = [name for name in pending if name not in known]
    return dg.SensorResult(
        run_requests=[
            dg.RunRequest(partition_key=name, run_key=f"{name}@{digest}", tags=trace_tags(trace))
            for name, digest in sorted(pending.items())
            if name not in busy
        ],
        dynamic_partitions_requests=[domains.build_add_request(sorted(new))] if new else [],
    )


def source_domains(source: ObjectStore) -> tuple[list[str], str]:
    """Return the domains that a source shows, and why these may not be all; empty if they are."""
    try:
        return source.domains(), ""
    except ListingError as error:
        return sorted(error.found), str(error)


def look(world: World, known: Collection[str] = ()) -> Seen:
    """Look at every domain; one that cannot be looked at troubles only itself.

    `known` are domains to look at even when the source cannot say all that it has. Raises
    StateUnavailableError.
    """
    pending: dict[str, str] = {}
    shown, trouble = source_domains(world.source)
    usable, troubles = usable_names({*known, *shown})
    if trouble:
        troubles[SOURCE] = trouble
    there = {*known, *domains_of(world.tables.partitions("raw_files"))}
    admission = admit(usable, known=there, most=world.settings.max_domains)
    shards = world.settings.shards
    for name in (p for domain in admission.domains for p in partitions_of(domain, shards)):
        try:
            digest = situation(world, name)
        except MmragError as error:
            troubles[name] = str(error)
            continue
        if digest:
            pending[name] = digest
    return Seen(pending, troubles, admission.refusal)


def usable_names(names: Iterable[str]) -> tuple[list[str], dict[str, str]]:
    """Return the names that can be those of domains, and why the others cannot."""
    usable: list[str] = []
    unusable: dict[str, str] = {}
    for name in names:
        try:
            usable.append(check_domain(name))
        except SettingsError as error:
            unusable[name] = str(error)
    return usable, unusable


@dg.sensor(
    job=INDEX,
    minimum_interval_seconds=60,
    default_status=dg.DefaultSensorStatus.STOPPED,
    description="Lists the source; asks for a run of each domain that is not up to date.",
)
def changed_files(
    context: dg.SensorEvaluationContext, pipeline: dg.ResourceParam[Pipeline]
) -> dg.SensorResult | dg.SkipReason:
    """Compare listings (sizes and etags, no content) and models with the tables."""
    with pipeline.world.telemetry.span("sensor", {"sensor": "changed_files"}) as trace:
        return _asked(context, pipeline.world, trace)


def _asked(
    context: dg.SensorEvaluationContext, world: World, trace: str
) -> dg.SensorResult | dg.SkipReason:
    instance = context.instance
    busy = busy_domains(instance)  # before looking: what a run leaves half done is no situation
    known = frozenset(instance.get_dynamic_partitions(DOMAIN))
    seen = look(world, domains_of(known))
    tell_stale(world.telemetry, seen.pending, known)
    for name, message in seen.troubles.items():
        context.log.warning(f"{name!r} could not be looked at: {message}")
    if seen.refusal:
        context.log.warning(seen.refusal)
    if seen.pending:
        return decide(seen.pending, known=known, busy=busy, trace=trace)
    unseen = [f"{name}: {message}" for name, message in seen.troubles.items()]
    untouched = [*unseen, seen.refusal] if seen.refusal else unseen
    return dg.SkipReason("; ".join(untouched) or "every domain is up to date")


def busy_domains(instance: dg.DagsterInstance) -> set[str]:
    """Return the partitions that a run waits for or works on."""
    waiting = dg.RunsFilter(statuses=list(BUSY))
    return {run.tags.get(PARTITION_TAG, "") for run in instance.get_runs(waiting)}

"""The sensor that compares listings with tables and asks for runs where they differ."""

from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass

import dagster as dg
import polars as pl

from mmrag_pipeline.assets.job import INDEX
from mmrag_pipeline.assets.partitions import DOMAIN, domains
from mmrag_pipeline.errors import ListingError, SettingsError
from mmrag_pipeline.ids import check_partition, digest_json
from mmrag_pipeline.indexing.raw_files import changed, list_objects
from mmrag_pipeline.indexing.station import World
from mmrag_pipeline.resources.pipeline import Pipeline
from mmrag_pipeline.schemas import RAW_FILES

BUSY = (
    dg.DagsterRunStatus.QUEUED,
    dg.DagsterRunStatus.NOT_STARTED,
    dg.DagsterRunStatus.STARTING,
    dg.DagsterRunStatus.STARTED,
    dg.DagsterRunStatus.CANCELING,
)


@dataclass(frozen=True, slots=True)
class Look:
    """What was seen of a source: pending digests by domain, and what could not be seen."""

    pending: Mapping[str, str]
    """Domain -> digest of the difference, for domains that have one."""
    troubles: Mapping[str, str]
    """Domain -> why it could not be listed."""


def decide(
    pending: Mapping[str, str], *, known: AbstractSet[str], busy: AbstractSet[str]
) -> dg.SensorResult:
    """Ask for a run per domain with a difference and no run in flight; add new domains.

    The run key holds the digest of the difference: the same difference is asked for once,
    and whatever a failed run did get done makes it another one.
    """
    new = [name for name in pending if name not in known]
    return dg.SensorResult(
        run_requests=[
            dg.RunRequest(partition_key=name, run_key=f"{name}@{digest}")
            for name, digest in sorted(pending.items())
            if name not in busy
        ],
        dynamic_partitions_requests=[domains.build_add_request(sorted(new))] if new else [],
    )


def difference_digest(listing: pl.DataFrame, last: pl.DataFrame | None) -> str:
    """Return the digest of what a listing has changed or lost, empty when nothing."""
    before = pl.DataFrame(schema=RAW_FILES) if last is None else last
    new = changed(listing, before).select("key", "etag", "size_bytes").sort("key")
    gone = before.join(listing, on="key", how="anti").select("key").sort("key")
    if last is not None and new.is_empty() and gone.is_empty():
        return ""
    return digest_json([[list(row) for row in new.iter_rows()], gone["key"].to_list()])


def look(world: World) -> Look:
    """List every domain and compare; a domain that cannot be listed troubles only itself."""
    pending: dict[str, str] = {}
    troubles: dict[str, str] = {}
    for name in world.source.domains():
        try:
            listing = list_objects(world, check_partition(name))
        except (ListingError, SettingsError) as error:
            troubles[name] = str(error)
            continue
        if digest := difference_digest(listing, world.tables.read("raw_files", name)):
            pending[name] = digest
    return Look(pending, troubles)


@dg.sensor(
    job=INDEX,
    minimum_interval_seconds=60,
    default_status=dg.DefaultSensorStatus.STOPPED,
    description="Lists the source; asks for a run of each domain whose files changed.",
)
def changed_files(
    context: dg.SensorEvaluationContext, pipeline: dg.ResourceParam[Pipeline]
) -> dg.SensorResult | dg.SkipReason:
    """Compare listings (sizes and etags, no content) with raw_files."""
    seen = look(pipeline.world)
    for name, message in seen.troubles.items():
        context.log.warning(f"domain {name!r} could not be listed: {message}")
    if not seen.pending:
        return dg.SkipReason("every domain that could be listed is up to date")
    known = frozenset(context.instance.get_dynamic_partitions(DOMAIN))
    return decide(seen.pending, known=known, busy=busy_domains(context.instance))


def busy_domains(instance: dg.DagsterInstance) -> set[str]:
    """Return the domains that a run of the job waits for or works on."""
    waiting = dg.RunsFilter(job_name=INDEX.name, statuses=list(BUSY))
    return {run.tags.get("dagster/partition", "") for run in instance.get_runs(waiting)}

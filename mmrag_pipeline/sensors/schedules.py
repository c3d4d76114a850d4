"""Schedules: what is made true again at a time of day, whatever was missed before.

Most ask for full runs, which do nothing where nothing is to be done. A domain with a run under
way is asked for too: that run may have listed its source before what it missed, and the queue
lets the other one wait. Only a full run that has not begun yet does the same as another.
"""

import re
from collections.abc import Iterable, Mapping
from datetime import datetime

import dagster as dg

from mmrag_pipeline.assets.costs import COSTS
from mmrag_pipeline.assets.evaluation import EVALUATE
from mmrag_pipeline.assets.job import DRIFT_CHECK, INDEX
from mmrag_pipeline.assets.partitions import DOMAIN, add_partitions, forget_retired, known_domains
from mmrag_pipeline.ids import digest_text, domains_of, partitions_of
from mmrag_pipeline.indexing.admission import admit
from mmrag_pipeline.indexing.lifetime import ttl_of
from mmrag_pipeline.resources.pipeline import Pipeline
from mmrag_pipeline.sensors.listing import PARTITION_TAG, source_domains, usable_names
from mmrag_pipeline.settings import Settings

TTL_CRON = "0 2 * * *"
"""When files whose time is over leave the index: their time is counted in days."""
COST_CRON = "0 6 * * *"
"""When costs are added up: after the night's runs."""
Status = dg.DefaultScheduleStatus
Requests = list[dg.RunRequest] | dg.SkipReason
_UTC = "UTC"


def schedules(
    settings: Settings, upkeep: dg.JobDefinition, *, status: Status = Status.STOPPED
) -> list[dg.ScheduleDefinition]:
    """Return every schedule that the settings ask for.

    `upkeep` is the job that keeps the memo small. Those of domains that settings name are on
    by default, the others have this `status`.
    """
    named = sorted(settings.reindex_crons)
    again = [reindex(domain, settings, status=Status.RUNNING) for domain in named]
    return [
        nightly_reconcile(settings, status),
        memo_upkeep(settings, upkeep, status=status),
        ttl_sweep(status),
        cost_report(status),
        *([drift_check(settings.verify_cron, status)] if settings.verify_cron else []),
        *([evaluation(settings.eval_cron)] if settings.eval_cron else []),
        *again,
    ]


def nightly_reconcile(settings: Settings, status: Status = Status.STOPPED) -> dg.ScheduleDefinition:
    """Return the schedule that compares every domain with its source in full."""

    @dg.schedule(
        name="nightly_reconcile",
        job=INDEX,
        cron_schedule=settings.reconcile_cron,
        execution_timezone=_UTC,
        default_status=status,
        description="Compares every domain with its source, whatever events were missed.",
    )
    def reconcile(
        context: dg.ScheduleEvaluationContext, pipeline: dg.ResourceParam[Pipeline]
    ) -> Requests:
        shown, trouble = source_domains(pipeline.world.source)
        if trouble:
            context.log.warning(f"Not every domain of the source is known: {trouble}")
        world = pipeline.world
        usable, unusable = usable_names(shown)
        for message in unusable.values():
            context.log.warning(message)
        known = known_domains(context.instance, world.tables)
        admission = admit(usable, known=known, most=world.settings.max_domains)
        if admission.refusal:
            context.log.warning(admission.refusal)
        held = domains_of(context.instance.get_dynamic_partitions(DOMAIN))
        asked = _full_runs(context, {*held, *admission.domains}, world.settings)
        forget_retired(context.instance, world)
        return asked

    return reconcile


def ttl_sweep(status: Status = Status.STOPPED) -> dg.ScheduleDefinition:
    """Return the schedule of full runs for the domains whose files leave the index some day.

    Which those are is asked at each tick: an earlier run may have named them.
    """

    @dg.schedule(
        name="ttl_sweep",
        job=INDEX,
        cron_schedule=TTL_CRON,
        execution_timezone=_UTC,
        default_status=status,
        description="Takes files out of the index whose time is over.",
    )
    def sweep(
        context: dg.ScheduleEvaluationContext, pipeline: dg.ResourceParam[Pipeline]
    ) -> Requests:
        settings = pipeline.world.settings
        known = domains_of(context.instance.get_dynamic_partitions(DOMAIN))
        timed = [name for name in known if ttl_of(settings, name) is not None]
        if not timed:
            return dg.SkipReason("MMRAG_TTL_DAYS, as named or kept, gives no known domain a time")
        return _full_runs(context, timed, settings)

    return sweep


def drift_check(cron: str, status: Status = Status.STOPPED) -> dg.ScheduleDefinition:
    """Return the schedule that compares what every collection holds with what it should hold.

    It asks for the domains that have tables; their runs wait for runs of the same domain.
    """

    @dg.schedule(
        name="drift_check",
        job=DRIFT_CHECK,
        cron_schedule=cron,
        execution_timezone=_UTC,
        default_status=status,
        description="Compares all that is held with what should be, point by point.",
    )
    def compare(
        context: dg.ScheduleEvaluationContext, pipeline: dg.ResourceParam[Pipeline]
    ) -> Requests:
        names = pipeline.world.tables.partitions("raw_files")
        add_partitions(context.instance, names)
        queued = dg.RunsFilter(job_name=DRIFT_CHECK.name, statuses=[dg.DagsterRunStatus.QUEUED])
        waiting = {run.tags.get(PARTITION_TAG, "") for run in context.instance.get_runs(queued)}
        asked = requests(names, scheduled=context.scheduled_execution_time, waiting=waiting)
        return asked or dg.SkipReason(
            "there is no indexed domain whose check does not wait already"
        )

    return compare


def reindex(
    domain: str, settings: Settings, *, status: Status = Status.STOPPED
) -> dg.ScheduleDefinition:
    """Return the schedule of one domain of MMRAG_REINDEX_CRONS."""

    @dg.schedule(
        name=schedule_name(domain),
        job=INDEX,
        cron_schedule=settings.reindex_crons[domain],
        execution_timezone=_UTC,
        default_status=status,
        description=f"Indexes the domain {domain} anyway.",
    )
    def again(
        context: dg.ScheduleEvaluationContext, pipeline: dg.ResourceParam[Pipeline]
    ) -> Requests:
        if domain in domains_of(context.instance.get_dynamic_partitions(DOMAIN)):
            return _full_runs(context, [domain], pipeline.world.settings)
        return dg.SkipReason(
            f"{domain!r} of MMRAG_REINDEX_CRONS is no domain that was indexed before: index it once"
        )

    return again


def memo_upkeep(
    settings: Settings, job: dg.JobDefinition, *, status: Status = Status.STOPPED
) -> dg.ScheduleDefinition:
    """Return the schedule of the job that keeps the memo small."""
    return dg.ScheduleDefinition(
        name="memo_upkeep",
        job=job,
        cron_schedule=settings.upkeep_cron,
        execution_timezone=_UTC,
        default_status=status,
        description="Compacts the memo and drops what nothing refers to.",
    )


def cost_report(status: Status = Status.STOPPED) -> dg.ScheduleDefinition:
    """Return the schedule that adds up what everything cost."""
    return dg.ScheduleDefinition(
        name="cost_report",
        job=COSTS,
        cron_schedule=COST_CRON,
        execution_timezone=_UTC,
        default_status=status,
        description="Adds up what everything cost.",
    )


def evaluation(cron: str) -> dg.ScheduleDefinition:
    """Return the schedule that measures the index; who names its time wants it on."""
    return dg.ScheduleDefinition(
        name="evaluate",
        job=EVALUATE,
        cron_schedule=cron,
        execution_timezone=_UTC,
        default_status=Status.RUNNING,
        description="Measures how well labelled queries are answered.",
    )


def schedule_name(domain: str) -> str:
    """Return the name of a domain's schedule: letters, digits and underscores, one per domain."""
    plain = re.sub(r"[^A-Za-z0-9_]", "_", domain)
    return f"reindex_{plain}" if plain == domain else f"reindex_{plain}_{digest_text(domain)[:12]}"


def requests(
    names: Iterable[str], *, scheduled: datetime, waiting: Iterable[str] = ()
) -> list[dg.RunRequest]:
    """Return one request per partition and time, of those for which no full run waits."""
    return [
        dg.RunRequest(partition_key=name, run_key=f"{name}~{scheduled.isoformat()}")
        for name in sorted({*names} - {*waiting})
    ]


def waiting_domains(instance: dg.DagsterInstance) -> set[str]:
    """Return the partitions for which a full run is in the queue."""
    queued = dg.RunsFilter(job_name=INDEX.name, statuses=[dg.DagsterRunStatus.QUEUED])
    full = (run for run in instance.get_runs(queued) if _is_full(run))
    return {run.tags.get(PARTITION_TAG, "") for run in full}


def _full_runs(
    context: dg.ScheduleEvaluationContext, names: Iterable[str], settings: Settings
) -> Requests:
    """Ask for a run of each partition that these domains have by the settings."""
    partitions = [name for one in names for name in partitions_of(one, settings.shards)]
    add_partitions(context.instance, partitions)
    waiting = waiting_domains(context.instance)
    asked = requests(partitions, scheduled=context.scheduled_execution_time, waiting=waiting)
    return asked or dg.SkipReason("there is no domain for which a full run does not wait already")


def _is_full(run: dg.DagsterRun) -> bool:
    """Return whether a run is of all assets and lists the source, not the files of events only."""
    node: object = run.run_config
    for name in ("ops", "raw_files", "config", "events"):
        node = node.get(name) if isinstance(node, Mapping) else None
    return run.asset_selection is None and not node

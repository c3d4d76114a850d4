"""The job `backfill`: many partitions in few pods, each of which keeps its models loaded."""

from collections.abc import Sequence
from math import fsum
from pathlib import Path

import dagster as dg
from pydantic import Field

from mmrag_pipeline.assets.declared import GPU, retry_policy
from mmrag_pipeline.assets.materialize import failure_of
from mmrag_pipeline.assets.partitions import known_domains
from mmrag_pipeline.assets.run_index import PartitionRun, run_partitions
from mmrag_pipeline.errors import MmragError, SettingsError
from mmrag_pipeline.ids import partitions_of
from mmrag_pipeline.indexing.station import Mode, World
from mmrag_pipeline.interrupts import Interrupted
from mmrag_pipeline.resources.instance import open_configured
from mmrag_pipeline.resources.pipeline import Pipeline
from mmrag_pipeline.settings import Settings
from mmrag_pipeline.stores.claims import Claims

JOB = "backfill"


class BackfillConfig(dg.Config):
    """What is made again."""

    domains: list[str] = Field(default=[], description="All that are known, when none is named.")
    force: bool = Field(default=False, description="Make tables again that nothing changed for.")


def lanes(settings: Settings) -> list[str]:
    """Return the names of the ops that share the partitions, each a pod of its own, if pods are."""
    pods = settings.k8s_gpu_pods if settings.executor == "kubernetes" else 1
    return [f"{JOB}_{number}" for number in range(pods)]


def backfill_job(settings: Settings) -> dg.JobDefinition:
    """Return the job; a lane takes the next partition when it has done one, so that none waits."""
    retry = retry_policy(settings.step_retries)
    ops = [_lane(name, retry) for name in lanes(settings)]

    @dg.job(
        name=JOB,
        description="Index many domains, with models that stay loaded from one to the next.",
        tags={"job": JOB},
    )
    def backfill() -> None:
        forget_claims([op() for op in ops])

    return backfill


def _lane(name: str, retry: dg.RetryPolicy) -> dg.OpDefinition:
    @dg.op(name=name, out=dg.Out(dg.Nothing), pool=GPU, retry_policy=retry)
    def lane(
        context: dg.OpExecutionContext,
        config: BackfillConfig,
        pipeline: dg.ResourceParam[Pipeline],
    ) -> None:
        try:
            runs = _run(context, config, pipeline.world)
        except MmragError as error:
            raise failure_of(error) from error
        except Interrupted as error:  # in Dagster's words, so that another try goes on
            raise dg.DagsterExecutionInterruptedError from error
        _tell(context, runs)

    return lane


@dg.op(ins={"lanes": dg.In(dg.Nothing)}, out=dg.Out(dg.Nothing))
def forget_claims(context: dg.OpExecutionContext, pipeline: dg.ResourceParam[Pipeline]) -> None:
    """Remove the notes about which pod took which partition, and those that failed runs left."""

    def is_over(work: str) -> bool:
        run = context.instance.get_run_by_id(work)
        return run is None or run.is_finished

    try:
        _claims(context, pipeline.world).forget(is_over)
    except MmragError as error:
        raise failure_of(error) from error


def _run(
    context: dg.OpExecutionContext, config: BackfillConfig, world: World
) -> list[PartitionRun]:
    mode = Mode(context.run_id, force=config.force, backfill=context.run_id)
    claims, runs = _claims(context, world), list[PartitionRun]()
    folder = Path(context.instance.root_directory)
    # not this run's own instance: it holds a slot of the pool that its runs would wait for
    with open_configured(folder) as instance:
        for part in claims.left(_partitions(context, config, world)):
            (run,) = run_partitions(world, [part], instance=instance, mode=mode)
            runs.append(run)
            if not run.error:
                claims.done(part)
    return runs


def _partitions(
    context: dg.OpExecutionContext, config: BackfillConfig, world: World
) -> Sequence[str]:
    """Return the partitions of the wanted domains, sorted; raises SettingsError."""
    known = known_domains(context.instance, world.tables)
    strange = sorted({*config.domains} - known)
    if strange:
        there = ", ".join(sorted(known)) or "none"
        raise SettingsError(f"there is no domain {strange[0]!r:.100}: known are {there}")
    shards = world.kept_shards()
    wanted = {*config.domains} or known
    return [part for name in sorted(wanted) for part in partitions_of(name, shards)]


def _claims(context: dg.OpExecutionContext, world: World) -> Claims:
    from mmrag_pipeline.assembly import open_blobs

    return Claims(open_blobs(world.settings), context.run_id, context.op.name)


def _tell(context: dg.OpExecutionContext, runs: Sequence[PartitionRun]) -> None:
    failed = [run for run in runs if run.error]
    metadata: dict[str, dg.MetadataValue] = {
        "partitions": dg.MetadataValue.int(len(runs)),
        "failed": dg.MetadataValue.int(len(failed)),
        "seconds": dg.MetadataValue.float(fsum(o.seconds for r in runs for o in r.outcomes)),
    }
    if failed:
        raise dg.Failure(
            f"{len(failed)} of {len(runs)} partitions failed; the first: {failed[0].partition}: "
            f"{failed[0].error}",
            metadata=metadata,
            allow_retries=False,
        )
    context.add_output_metadata(metadata)

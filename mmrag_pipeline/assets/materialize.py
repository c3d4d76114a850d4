"""One way from a step to materializations: run it, check its tables, tell what it did."""

from collections.abc import Iterator
from dataclasses import replace

import dagster as dg

from mmrag_pipeline.assets.declared import RunMode
from mmrag_pipeline.assets.metadata import outcome_metadata
from mmrag_pipeline.errors import (
    CollectionBusyError,
    CollectionMismatchError,
    ItemError,
    MmragError,
    ModelDriftError,
    ModelUnavailableError,
    NotFoundError,
    OvertakenError,
    SettingsError,
    StateUnavailableError,
)
from mmrag_pipeline.indexing.checks import judge_schema
from mmrag_pipeline.indexing.chunks import REDACTION
from mmrag_pipeline.indexing.run import FORGOTTEN, REPORTS_FORGOTTEN, Outcome, run_step
from mmrag_pipeline.indexing.station import Mode, Step
from mmrag_pipeline.resources.pipeline import Pipeline
from mmrag_pipeline.resources.startup import bill_startup
from mmrag_pipeline.telemetry import TRACE_TAG

Materialization = dg.MaterializeResult[None]
_PASSING = (CollectionBusyError, OvertakenError, ItemError)
"""Errors of ours that may be gone at the next attempt."""
_LASTING = (
    SettingsError,
    ModelUnavailableError,
    ModelDriftError,
    CollectionMismatchError,
    NotFoundError,
)
"""Errors of ours that a later run meets again, until a person does something."""
LASTING = "mmrag/lasting"
"""Metadata of a failure: whether it is for a person to mend its cause."""


def materialize(
    context: dg.AssetExecutionContext, config: RunMode, *, pipeline: Pipeline, step: Step
) -> Iterator[Materialization]:
    """Run the selected stations of a step on the run's partition and report each.

    Raises Failure without a retry for errors that another attempt cannot cure.
    """
    bill_startup(pipeline.world, context.partition_key, context.run.run_id)
    only = [key.to_user_string() for key in context.selected_asset_keys]
    mode = Mode(
        context.run.run_id,
        force=config.force,
        replay=config.replay,
        events=config.events,
        trace=context.run.tags.get(TRACE_TAG, ""),
    )
    try:
        outcomes = run_step(pipeline.world, step, context.partition_key, mode=mode, only=only)
    except MmragError as error:
        raise failure_of(error) from error
    finally:
        pipeline.world.telemetry.push()
    outcomes = [_forgetting(context, pipeline, outcome) for outcome in outcomes]
    pipeline.outcomes.extend(outcomes)
    for trouble in {one.bill.trouble for one in outcomes} - {"", *pipeline.warnings}:
        pipeline.warnings.append(trouble)
        context.log.warning(trouble)
    for outcome in outcomes:
        yield report(pipeline, outcome)


def _forgetting(context: dg.AssetExecutionContext, pipeline: Pipeline, outcome: Outcome) -> Outcome:
    """Drop answers and reports that may show what a collection does not any more, and count it."""
    from mmrag_pipeline.answering import forget_unredacted

    world, partition = pipeline.world, outcome.partition
    lineage = world.tables.lineage("chunks", partition)
    if outcome.station != "collection" or lineage is None:
        return outcome
    found = forget_unredacted(world.settings, partition, lineage.cards.get(REDACTION, ""))
    if found is None:
        return outcome
    if found.kept:
        pipeline.warnings.append(found.kept)
        context.log.warning(found.kept)
    told = {FORGOTTEN: found.answers, REPORTS_FORGOTTEN: found.reports}
    return replace(outcome, changes={**outcome.changes, **told})


def report(pipeline: Pipeline, outcome: Outcome) -> Materialization:
    """Return the materialization of an outcome, with the check of the table behind it."""
    world = pipeline.world
    verdict = judge_schema(world, outcome.station, outcome.partition)
    frame = world.tables.read(outcome.station, outcome.partition) if verdict.passed else None
    key = dg.AssetKey(outcome.station)
    return dg.MaterializeResult(
        asset_key=key,
        metadata=outcome_metadata(world, outcome, frame),
        data_version=dg.DataVersion(outcome.digest),
        check_results=[
            dg.AssetCheckResult(
                check_name="schema",
                asset_key=key,
                passed=verdict.passed,
                description=verdict.message,
                metadata=dict(verdict.counts),
            )
        ],
    )


def failure_of(error: MmragError) -> dg.Failure:
    """Return an error of ours as Dagster's, retried at once only where that may cure it."""
    passing, lasting = isinstance(error, _PASSING), isinstance(error, _LASTING)
    if isinstance(error, StateUnavailableError):
        passing, lasting = error.may_pass, not error.may_pass
    return dg.Failure(
        description=f"{type(error).__name__}: {error}",
        metadata={LASTING: lasting},
        allow_retries=passing,
    )

"""Checks of what is about to be served; a blocking one stops what comes after it."""

from collections.abc import Iterator, Mapping

import dagster as dg

from mmrag_pipeline.assets.declared import check
from mmrag_pipeline.assets.materialize import failure_of
from mmrag_pipeline.assets.metadata import gate_metadata
from mmrag_pipeline.errors import MmragError
from mmrag_pipeline.indexing.checks import (
    Verdict,
    judge_counts,
    judge_dead_letters,
    judge_fingerprints,
    judge_gate,
    judge_layout,
    judge_vectors,
)
from mmrag_pipeline.indexing.drifted import looked_at
from mmrag_pipeline.indexing.station import Mode
from mmrag_pipeline.resources.pipeline import Pipeline

_UNIT = "Every vector is there, of its card's dimension and of unit length."
_ONE_MODEL = "All points of a signal come from one model, the one of the settings."
_COUNTS = "Points, the record of what was applied and the collection agree."
_LAYOUT = "The collection was made for the models of its points."
_GATE = "What was written serves: no labelled queries and nobody kept it from that."
_RATE = "Few files are dead letters."
_DRIFT = "Every point that is held is the desired one, by id and hash, and no other is."


@dg.multi_asset_check(specs=[check("unit", "image_vectors", blocking=True, description=_UNIT)])
def image_vectors_are_unit(
    context: dg.AssetCheckExecutionContext, pipeline: dg.ResourceParam[Pipeline]
) -> dg.AssetCheckResult:
    """Check the vectors that image_vectors refers to."""
    verdict = judge_vectors(pipeline.world, "image_vectors", context.partition_key)
    return result("image_vectors", "unit", verdict)


@dg.multi_asset_check(specs=[check("unit", "text_vectors", blocking=True, description=_UNIT)])
def text_vectors_are_unit(
    context: dg.AssetCheckExecutionContext, pipeline: dg.ResourceParam[Pipeline]
) -> dg.AssetCheckResult:
    """Check the vectors that text_vectors refers to."""
    verdict = judge_vectors(pipeline.world, "text_vectors", context.partition_key)
    return result("text_vectors", "unit", verdict)


@dg.multi_asset_check(specs=[check("one_model", "points", blocking=True, description=_ONE_MODEL)])
def points_are_of_one_model(
    context: dg.AssetCheckExecutionContext, pipeline: dg.ResourceParam[Pipeline]
) -> dg.AssetCheckResult:
    """Check the cards in the payloads."""
    verdict = judge_fingerprints(pipeline.world, context.partition_key)
    return result("points", "one_model", verdict)


@dg.multi_asset_check(
    specs=[
        check("count", "collection", blocking=True, description=_COUNTS),
        check("layout", "collection", blocking=True, description=_LAYOUT),
    ],
    can_subset=False,
)
def collection_is_as_told(
    context: dg.AssetCheckExecutionContext, pipeline: dg.ResourceParam[Pipeline]
) -> Iterator[dg.AssetCheckResult]:
    """Check what was written against the tables."""
    # Dagster records several results that are yielded; of a tuple it makes outputs, unseen
    yield result("collection", "count", judge_counts(pipeline.world, context.partition_key))
    yield result("collection", "layout", judge_layout(pipeline.world, context.partition_key))


@dg.multi_asset_check(specs=[check("gate", "collection", blocking=False, description=_GATE)])
def collection_serves(
    context: dg.AssetCheckExecutionContext, pipeline: dg.ResourceParam[Pipeline]
) -> dg.AssetCheckResult:
    """Warn while a generation is held back; its run did not fail, the one before it serves."""
    verdict = judge_gate(pipeline.world, context.partition_key)
    more = gate_metadata(pipeline.world, context.partition_key, context.run.run_id)
    return result("collection", "gate", verdict, severity=dg.AssetCheckSeverity.WARN, more=more)


@dg.multi_asset_check(specs=[check("rate", "dead_letters", blocking=False, description=_RATE)])
def dead_letters_are_few(
    context: dg.AssetCheckExecutionContext, pipeline: dg.ResourceParam[Pipeline]
) -> dg.AssetCheckResult:
    """Warn when many files cannot be used."""
    verdict = judge_dead_letters(pipeline.world, context.partition_key)
    return result("dead_letters", "rate", verdict, severity=dg.AssetCheckSeverity.WARN)


@dg.multi_asset_check(specs=[check("drift", "collection", blocking=False, description=_DRIFT)])
def collection_has_not_drifted(
    context: dg.AssetCheckExecutionContext, pipeline: dg.ResourceParam[Pipeline]
) -> dg.AssetCheckResult:
    """Compare all that is held with what should be, and mend it where the settings say so.

    What cannot be compared fails the run: nobody knows whether it drifted. What was mended warns.
    """
    world = pipeline.world
    mend = Mode(context.run.run_id) if world.settings.verify_repair else None
    try:
        looked = looked_at(world, context.partition_key, mend=mend)
    except MmragError as error:
        raise failure_of(error) from error
    level = dg.AssetCheckSeverity.WARN if looked.mended else dg.AssetCheckSeverity.ERROR
    return result("collection", "drift", looked.verdict, severity=level)


def result(
    asset: str,
    name: str,
    verdict: Verdict,
    *,
    severity: dg.AssetCheckSeverity = dg.AssetCheckSeverity.ERROR,
    more: Mapping[str, dg.MetadataValue] | None = None,
) -> dg.AssetCheckResult:
    """Return a verdict as Dagster's check result."""
    return dg.AssetCheckResult(
        check_name=name,
        asset_key=dg.AssetKey(asset),
        passed=verdict.passed,
        severity=severity,
        description=verdict.message,
        metadata={**verdict.counts, **(more or {})},
    )


CHECKS = (
    image_vectors_are_unit,
    text_vectors_are_unit,
    points_are_of_one_model,
    collection_is_as_told,
    collection_has_not_drifted,
    collection_serves,
    dead_letters_are_few,
)

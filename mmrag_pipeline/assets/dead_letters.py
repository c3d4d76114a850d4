"""dead_letters: files that could not be used, and why."""

from collections.abc import Iterator

import dagster as dg

from mmrag_pipeline.assets.declared import RETRY, RunMode, schema_check, spec
from mmrag_pipeline.assets.materialize import Materialization, materialize
from mmrag_pipeline.indexing import dead_letters as station
from mmrag_pipeline.resources.pipeline import Pipeline


@dg.multi_asset(
    specs=[
        spec(
            "dead_letters",
            group="index",
            kinds={"parquet"},
            description="Files that some station could not use, why, and since when.",
        )
    ],
    check_specs=[schema_check("dead_letters")],
    retry_policy=RETRY,
)
def dead_letters(
    context: dg.AssetExecutionContext, config: RunMode, pipeline: dg.ResourceParam[Pipeline]
) -> Iterator[Materialization]:
    """Run the station on the run's partition."""
    yield from materialize(context, config, pipeline=pipeline, step=station.STEP)

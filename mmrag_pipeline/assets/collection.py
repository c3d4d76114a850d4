"""collection: what the index really holds."""

from collections.abc import Iterator

import dagster as dg

from mmrag_pipeline.assets.declared import RETRY, RunMode, schema_check, spec
from mmrag_pipeline.assets.materialize import Materialization, materialize
from mmrag_pipeline.indexing import collection as station
from mmrag_pipeline.resources.pipeline import Pipeline


@dg.multi_asset(
    specs=[
        spec(
            "collection",
            group="index",
            kinds={"qdrant"},
            description="What is served: the difference to points is applied, no more.",
        )
    ],
    check_specs=[schema_check("collection")],
    retry_policy=RETRY,
)
def collection(
    context: dg.AssetExecutionContext, config: RunMode, pipeline: dg.ResourceParam[Pipeline]
) -> Iterator[Materialization]:
    """Run the station on the run's partition."""
    yield from materialize(context, config, pipeline=pipeline, step=station.STEP)

"""points: what the index should hold."""

from collections.abc import Iterator

import dagster as dg

from mmrag_pipeline.assets.declared import RETRY, RunMode, schema_check, spec
from mmrag_pipeline.assets.materialize import Materialization, materialize
from mmrag_pipeline.indexing import points as station
from mmrag_pipeline.resources.pipeline import Pipeline


@dg.multi_asset(
    specs=[
        spec(
            "points",
            group="index",
            kinds={"parquet"},
            description="What the collection should hold, each point with its hash.",
        )
    ],
    check_specs=[schema_check("points")],
    retry_policy=RETRY,
)
def points(
    context: dg.AssetExecutionContext, config: RunMode, pipeline: dg.ResourceParam[Pipeline]
) -> Iterator[Materialization]:
    """Run the station on the run's partition."""
    yield from materialize(context, config, pipeline=pipeline, step=station.STEP)

"""tiles: the crops of each page."""

from collections.abc import Iterator

import dagster as dg

from mmrag_pipeline.assets.declared import RETRY, RunMode, schema_check, spec
from mmrag_pipeline.assets.materialize import Materialization, materialize
from mmrag_pipeline.indexing import tiles as station
from mmrag_pipeline.resources.pipeline import Pipeline


@dg.multi_asset(
    specs=[
        spec(
            "tiles",
            group="understanding",
            kinds={"parquet"},
            description="The whole page and overlapping crops that together cover it.",
        )
    ],
    check_specs=[schema_check("tiles")],
    retry_policy=RETRY,
)
def tiles(
    context: dg.AssetExecutionContext, config: RunMode, pipeline: dg.ResourceParam[Pipeline]
) -> Iterator[Materialization]:
    """Run the station on the run's partition."""
    yield from materialize(context, config, pipeline=pipeline, step=station.STEP)

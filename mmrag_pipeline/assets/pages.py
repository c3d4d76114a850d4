"""pages: the pages of each file."""

from collections.abc import Iterator

import dagster as dg

from mmrag_pipeline.assets.declared import RETRY, RunMode, schema_check, spec
from mmrag_pipeline.assets.materialize import Materialization, materialize
from mmrag_pipeline.indexing import pages as station
from mmrag_pipeline.resources.pipeline import Pipeline


@dg.multi_asset(
    specs=[
        spec(
            "pages",
            group="source",
            kinds={"parquet"},
            description="The pages of each file: size, text layer and the way to their pixels.",
        )
    ],
    check_specs=[schema_check("pages")],
    retry_policy=RETRY,
)
def pages(
    context: dg.AssetExecutionContext, config: RunMode, pipeline: dg.ResourceParam[Pipeline]
) -> Iterator[Materialization]:
    """Run the station on the run's partition."""
    yield from materialize(context, config, pipeline=pipeline, step=station.STEP)

"""chunks: the words of each page, cut to size."""

from collections.abc import Iterator

import dagster as dg

from mmrag_pipeline.assets.declared import RETRY, RunMode, schema_check, spec
from mmrag_pipeline.assets.materialize import Materialization, materialize
from mmrag_pipeline.indexing import chunks as station
from mmrag_pipeline.resources.pipeline import Pipeline


@dg.multi_asset(
    specs=[
        spec(
            "chunks",
            group="understanding",
            kinds={"parquet"},
            description="What is written on a page, cut to the text encoder's size.",
        )
    ],
    check_specs=[schema_check("chunks")],
    retry_policy=RETRY,
)
def chunks(
    context: dg.AssetExecutionContext, config: RunMode, pipeline: dg.ResourceParam[Pipeline]
) -> Iterator[Materialization]:
    """Run the station on the run's partition."""
    yield from materialize(context, config, pipeline=pipeline, step=station.STEP)

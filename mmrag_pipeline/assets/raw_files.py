"""raw_files: what the source holds now."""

from collections.abc import Iterator

import dagster as dg

from mmrag_pipeline.assets.declared import RETRY, RunMode, schema_check, spec
from mmrag_pipeline.assets.materialize import Materialization, materialize
from mmrag_pipeline.indexing import raw_files as station
from mmrag_pipeline.resources.pipeline import Pipeline


@dg.multi_asset(
    specs=[
        spec(
            "raw_files",
            group="source",
            kinds={"parquet", "file"},
            description="What the source holds now: one row per file, with its content digest.",
        )
    ],
    check_specs=[schema_check("raw_files")],
    retry_policy=RETRY,
)
def raw_files(
    context: dg.AssetExecutionContext, config: RunMode, pipeline: dg.ResourceParam[Pipeline]
) -> Iterator[Materialization]:
    """Run the station on the run's partition."""
    yield from materialize(context, config, pipeline=pipeline, step=station.STEP)

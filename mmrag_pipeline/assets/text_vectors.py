"""text_vectors: vectors of words."""

from collections.abc import Iterator

import dagster as dg

from mmrag_pipeline.assets.declared import GPU, RETRY, RunMode, schema_check, spec
from mmrag_pipeline.assets.materialize import Materialization, materialize
from mmrag_pipeline.indexing import text_vectors as station
from mmrag_pipeline.resources.pipeline import Pipeline


@dg.multi_asset(
    specs=[
        spec(
            "text_vectors",
            group="vectors",
            kinds={"parquet", "pytorch"},
            description="Each distinct text once per space: in meaning, and beside pictures.",
        )
    ],
    check_specs=[schema_check("text_vectors")],
    retry_policy=RETRY,
    pool=GPU,
)
def text_vectors(
    context: dg.AssetExecutionContext, config: RunMode, pipeline: dg.ResourceParam[Pipeline]
) -> Iterator[Materialization]:
    """Run the station on the run's partition."""
    yield from materialize(context, config, pipeline=pipeline, step=station.STEP)

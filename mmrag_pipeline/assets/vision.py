"""vision: ocr, captions and image_vectors; one decoding of a page feeds all that is stale."""

from collections.abc import Iterator

import dagster as dg

from mmrag_pipeline.assets.declared import GPU, RETRY, RunMode, schema_check, spec
from mmrag_pipeline.assets.materialize import Materialization, materialize
from mmrag_pipeline.indexing import vision as station
from mmrag_pipeline.resources.pipeline import Pipeline


@dg.multi_asset(
    specs=[
        spec(
            "ocr",
            group="understanding",
            kinds={"parquet", "onnx"},
            description="Words read on pages without a text layer, with their boxes.",
        ),
        spec(
            "captions",
            group="understanding",
            kinds={"parquet", "pytorch"},
            description="Sentences that describe each page.",
        ),
        spec(
            "image_vectors",
            group="vectors",
            kinds={"parquet", "pytorch"},
            description="A vector of each page and tile.",
        ),
    ],
    check_specs=[schema_check("ocr"), schema_check("captions"), schema_check("image_vectors")],
    retry_policy=RETRY,
    can_subset=True,
    pool=GPU,
)
def vision(
    context: dg.AssetExecutionContext, config: RunMode, pipeline: dg.ResourceParam[Pipeline]
) -> Iterator[Materialization]:
    """Run the selected stations on the run's partition."""
    yield from materialize(context, config, pipeline=pipeline, step=station.STEP)

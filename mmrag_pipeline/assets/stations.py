"""The assets, in the order of the data: one step each, as Dagster sees it."""

from collections.abc import Iterator, Sequence

import dagster as dg

from mmrag_pipeline.assets.declared import GPU, RETRIES, RunMode, retry_policy, schema_check, spec
from mmrag_pipeline.assets.materialize import Materialization, materialize
from mmrag_pipeline.indexing import (
    chunks,
    collection,
    dead_letters,
    pages,
    points,
    raw_files,
    text_vectors,
    tiles,
    vision,
)
from mmrag_pipeline.indexing.station import Step
from mmrag_pipeline.resources.pipeline import Pipeline


def asset_of(
    name: str,
    step: Step,
    specs: Sequence[dg.AssetSpec],
    *,
    retry: dg.RetryPolicy,
    pool: str | None = None,
) -> dg.AssetsDefinition:
    """Return the asset, or assets that share one step, that run it on a run's partition."""

    @dg.multi_asset(
        name=name,
        specs=specs,
        check_specs=[schema_check(one.key.to_user_string()) for one in specs],
        retry_policy=retry,
        can_subset=len(specs) > 1,
        pool=pool,
    )
    def run(
        context: dg.AssetExecutionContext, config: RunMode, pipeline: dg.ResourceParam[Pipeline]
    ) -> Iterator[Materialization]:
        yield from materialize(context, config, pipeline=pipeline, step=step)

    return run


RAW_FILES = spec(
    "raw_files",
    group="source",
    kinds={"parquet", "file"},
    description="What the source holds now: one row per file, with its content digest.",
)
PAGES = spec(
    "pages",
    group="source",
    kinds={"parquet"},
    description="The pages of each file: size, text layer and the way to their pixels.",
)
TILES = spec(
    "tiles",
    group="understanding",
    kinds={"parquet"},
    description="The whole page and overlapping crops that together cover it.",
)
OCR = spec(
    "ocr",
    group="understanding",
    kinds={"parquet", "onnx"},
    description="Words read on pages without a text layer, with their boxes.",
)
CAPTIONS = spec(
    "captions",
    group="understanding",
    kinds={"parquet", "pytorch"},
    description="Sentences that describe each page.",
)
IMAGE_VECTORS = spec(
    "image_vectors",
    group="vectors",
    kinds={"parquet", "pytorch"},
    description="A vector of each page and tile.",
)
CHUNKS = spec(
    "chunks",
    group="understanding",
    kinds={"parquet"},
    description="What is written on a page, cut to the text encoder's size.",
)
TEXT_VECTORS = spec(
    "text_vectors",
    group="vectors",
    kinds={"parquet", "pytorch"},
    description="Each distinct text once per space: in meaning, and beside pictures.",
)
DEAD_LETTERS = spec(
    "dead_letters",
    group="index",
    kinds={"parquet"},
    description="Files that some station could not use, why, and since when.",
)
POINTS = spec(
    "points",
    group="index",
    kinds={"parquet"},
    description="What the collection should hold, each point with its hash.",
)
COLLECTION = spec(
    "collection",
    group="index",
    kinds={"qdrant"},
    description="What is served: the difference to points is applied, no more.",
)


def station_assets(retries: int) -> tuple[dg.AssetsDefinition, ...]:
    """Return the assets; a step that failed is tried again so often within its run."""
    retry = retry_policy(retries)
    return (
        asset_of("raw_files", raw_files.STEP, [RAW_FILES], retry=retry),
        asset_of("pages", pages.STEP, [PAGES], retry=retry),
        asset_of("tiles", tiles.STEP, [TILES], retry=retry),
        # one decoding of a page feeds all three that are stale
        asset_of("vision", vision.STEP, [OCR, CAPTIONS, IMAGE_VECTORS], retry=retry, pool=GPU),
        asset_of("chunks", chunks.STEP, [CHUNKS], retry=retry),
        asset_of("text_vectors", text_vectors.STEP, [TEXT_VECTORS], retry=retry, pool=GPU),
        asset_of("dead_letters", dead_letters.STEP, [DEAD_LETTERS], retry=retry),
        asset_of("points", points.STEP, [POINTS], retry=retry),
        asset_of("collection", collection.STEP, [COLLECTION], retry=retry),
    )


ASSETS = station_assets(RETRIES)
GPU_OPS = frozenset(asset.op.name for asset in ASSETS if asset.op.pool)
"""Ops that hold a model in device memory."""

"""All assets and the job that brings a partition up to date."""

import dagster as dg

from mmrag_pipeline.assets.chunks import chunks
from mmrag_pipeline.assets.collection import collection
from mmrag_pipeline.assets.dead_letters import dead_letters
from mmrag_pipeline.assets.pages import pages
from mmrag_pipeline.assets.points import points
from mmrag_pipeline.assets.raw_files import raw_files
from mmrag_pipeline.assets.text_vectors import text_vectors
from mmrag_pipeline.assets.tiles import tiles
from mmrag_pipeline.assets.vision import vision

ASSETS = (
    raw_files,
    pages,
    tiles,
    vision,
    dead_letters,
    chunks,
    text_vectors,
    points,
    collection,
)
INDEX = dg.define_asset_job(
    "index",
    selection=dg.AssetSelection.all(),
    description="Bring the index of a domain up to date with its files.",
    tags={"job": "index"},
)

"""Every step of the pipeline in the order of the data."""

from collections.abc import Mapping

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
from mmrag_pipeline.indexing.run import Outcome, run_step
from mmrag_pipeline.indexing.station import Mode, Station, Step, World

STEPS: tuple[Step, ...] = (
    raw_files.STEP,
    pages.STEP,
    tiles.STEP,
    vision.STEP,
    chunks.STEP,
    text_vectors.STEP,
    dead_letters.STEP,
    points.STEP,
    collection.STEP,
)
STATIONS: Mapping[str, Station] = {s.name: s for step in STEPS for s in step.stations}


def run_partition(world: World, partition: str, mode: Mode) -> list[Outcome]:
    """Run every station of a partition in order; what Dagster does, without Dagster."""
    return [outcome for step in STEPS for outcome in run_step(world, step, partition, mode=mode)]

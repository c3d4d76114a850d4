"""A small world that somebody listens to."""

from dataclasses import replace

from mmrag_pipeline.indexing.station import Mode, World
from mmrag_pipeline.indexing.stations import run_partition
from mmrag_pipeline.observing.stores import heard
from mmrag_pipeline.telemetry import Telemetry
from mmrag_pipeline.testing.source import FakeSource
from mmrag_pipeline.testing.worlds import fake_world

PARTITION = "kitchen"


def heard_world(telemetry: Telemetry) -> World:
    """Return a world of three files, one of them broken, that tells of what it does."""
    source = FakeSource()
    source.put(PARTITION, "soup.txt", b"txt:Lentil soup with a secret-ingredient")
    source.put(PARTITION, "tea.png", b"img:7@96x80")
    source.put(PARTITION, "broken.txt", b"bad")
    world = fake_world(source)
    return replace(
        world,
        telemetry=telemetry,
        source=heard(world.source, "source", telemetry),
        memo=heard(world.memo, "memo", telemetry),
        vectors=heard(world.vectors, "vectors", telemetry),
    )


def run(world: World, run_id: str = "run-1", trace: str = "") -> None:
    """Index it."""
    run_partition(world, PARTITION, Mode(run_id, trace=trace))

"""What is told of a station's run: how long it took, what it cost, what came of it."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING

from mmrag_pipeline.ids import domain_of
from mmrag_pipeline.indexing.station import Mode, World
from mmrag_pipeline.metrics import (
    BATCH_OCCUPANCY,
    DEAD_LETTER_RATIO,
    LAST_SUCCESS,
    MODEL_CALL_SECONDS,
    POINTS_CHANGED,
    STATION_COMPUTED,
    STATION_FAILED,
    STATION_FAILURES,
    STATION_REUSED,
    STATION_ROWS,
    STATION_SECONDS,
)
from mmrag_pipeline.telemetry import Telemetry

if TYPE_CHECKING:
    from mmrag_pipeline.indexing.run import Outcome

_OPERATIONS = ("upserted", "payloads", "deleted")
"""Changes of a collection that are points."""


@contextmanager
def told_step(world: World, stations: Sequence[str], partition: str, mode: Mode) -> Iterator[None]:
    """Tell of the block, in which stations that share a step run on a partition."""
    about = {"station": "+".join(stations), "partition": partition, "run_id": mode.run_id}
    try:
        with world.telemetry.span("+".join(stations), about, parent=mode.trace):
            yield
    except Exception:
        _tell_end(world, stations, partition, failed=True)
        raise
    _tell_end(world, stations, partition, failed=False)


def _tell_end(world: World, stations: Sequence[str], partition: str, *, failed: bool) -> None:
    for name in stations:
        world.telemetry.record(STATION_FAILED, float(failed), name, domain_of(partition))


def tell(world: World, outcome: "Outcome") -> None:
    """Tell what a station did."""
    record, labels = world.telemetry.record, (outcome.station, domain_of(outcome.partition))
    record(STATION_SECONDS, outcome.seconds, *labels)
    record(STATION_ROWS, outcome.rows, *labels)
    record(STATION_COMPUTED, outcome.computed, *labels)
    record(STATION_REUSED, outcome.reused, *labels)
    record(STATION_FAILURES, outcome.failed, *labels)
    if outcome.station == "dead_letters":
        _tell_dead_letters(world, outcome)
    if outcome.station == "collection":
        _tell_collection(world, outcome)


def _tell_dead_letters(world: World, outcome: "Outcome") -> None:
    files = world.tables.lineage("raw_files", outcome.partition)
    if files is not None:
        ratio = outcome.rows / files.rows if files.rows else 0.0
        world.telemetry.record(DEAD_LETTER_RATIO, ratio, domain_of(outcome.partition))


def _tell_collection(world: World, outcome: "Outcome") -> None:
    domain = domain_of(outcome.partition)
    for operation in _OPERATIONS:
        world.telemetry.record(POINTS_CHANGED, outcome.changes.get(operation, 0), operation, domain)
    world.telemetry.record(LAST_SUCCESS, world.clock().timestamp(), domain)


def telling_calls(telemetry: Telemetry, station: str) -> Callable[[int, int, float], None]:
    """Return what is told of each call of a station's model: items, most items, seconds."""
    return partial(_tell_call, telemetry, station)


def _tell_call(telemetry: Telemetry, station: str, items: int, most: int, seconds: float) -> None:
    telemetry.record(MODEL_CALL_SECONDS, seconds, station)
    telemetry.record(BATCH_OCCUPANCY, items / most, station)

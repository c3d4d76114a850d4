"""A pod's start is billed once; on one machine it is not."""

import os
from collections.abc import Iterator
from dataclasses import replace
from time import monotonic

import pytest

from mmrag_pipeline.indexing.meter import Meter
from mmrag_pipeline.indexing.station import World
from mmrag_pipeline.resources import startup
from mmrag_pipeline.resources.startup import bill_startup, uptime_s
from mmrag_pipeline.testing.source import FakeSource
from mmrag_pipeline.testing.spending import MemoryLedger
from mmrag_pipeline.testing.worlds import fake_settings, fake_world


@pytest.fixture(autouse=True)
def first_step() -> Iterator[None]:
    """Let this process be one that has not begun a step yet."""
    startup._BILLED.discard(os.getpid())
    yield
    startup._BILLED.discard(os.getpid())


def _world(books: MemoryLedger, executor: str) -> World:
    settings = fake_settings().model_copy(update={"executor": executor})
    meter = Meter(books, machine="gpu", rates={"gpu_hour": 1.0})
    return replace(fake_world(FakeSource(), settings=settings), meter=meter)


def test_a_pod_is_billed_for_its_start_once() -> None:
    books = MemoryLedger()
    for _ in range(2):
        bill_startup(_world(books, "kubernetes"), "shop", "run-1")
    (row,) = books.rows.values()
    assert (row.station, row.machine, row.run_id) == ("startup", "gpu", "run-1")
    assert row.money == pytest.approx(row.seconds / 3_600)


def test_on_one_machine_nobody_waits_for_a_start() -> None:
    books = MemoryLedger()
    bill_startup(_world(books, "in_process"), "shop", "run-1")
    assert books.rows == {}


def test_the_time_since_the_start_passes_as_time_does() -> None:
    began, before = monotonic(), uptime_s()
    while monotonic() - began < 0.1:
        pass
    after = uptime_s()
    assert before is not None
    assert after is not None
    assert 0.05 < after - before < 5.0

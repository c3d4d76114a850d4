"""The stages of a query, as telemetry is told of them."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Literal

from mmrag_pipeline.metrics import QUERY_SECONDS
from mmrag_pipeline.telemetry import Telemetry

StageName = Literal["query", "expand", "encode", "search", "fuse", "refine", "answer", "generate"]


@contextmanager
def stage(telemetry: Telemetry, name: StageName) -> Iterator[None]:
    """Tell of the block, which is a stage of a query."""
    started = time.perf_counter()
    try:
        with telemetry.span(name):
            yield
    finally:
        telemetry.record(QUERY_SECONDS, time.perf_counter() - started, name)

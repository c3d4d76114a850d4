"""The definitions of a cluster as its pods load them: stub models that take their time."""

import os
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import dagster as dg

from mmrag_pipeline.assembly import open_world
from mmrag_pipeline.definitions import definitions
from mmrag_pipeline.engines.stub import StubImageText, StubOcr, StubText
from mmrag_pipeline.indexing.station import World
from mmrag_pipeline.resources.environment import read_settings
from mmrag_pipeline.resources.pipeline import Pipeline
from mmrag_pipeline.settings import Settings
from mmrag_pipeline.testing.ledger import audited
from mmrag_pipeline.testing.worlds import TODAY, Models
from tests.e2e.runs import diary_of

PACE = "TEST_SECONDS_PER_ITEM"
"""Environment variable: what a slow model takes for one item."""


class _Slow:
    """A model that takes its time."""

    def __init__(self, model: Any, methods: Sequence[str]) -> None:
        self._model, self._methods = model, methods

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._model, name)
        return self._slowly(found) if name in self._methods else found

    def _slowly(self, call: Any) -> Any:
        def slow(items: Sequence[object]) -> Any:
            time.sleep(float(os.environ.get(PACE, "0")) * len(items))
            return call(items)

        return slow


def models() -> Models:
    """Return stub models; those that need a GPU are slow."""
    return Models(
        ocr=_Slow(StubOcr(), ["read"]),
        image_text=_Slow(StubImageText(), ["encode_images"]),
        text=_Slow(StubText(), ["encode"]),
    )


@contextmanager
def opened(settings: Settings) -> Iterator[World]:
    """Open the world of the settings with slow stub models, whose calls are written down."""
    watched = audited(models(), diary_of(settings))
    with open_world(settings) as world:
        yield replace(
            world,
            ocr=watched.ocr,
            captioner=watched.captioner,
            image_text=watched.image_text,
            text=watched.text,
            sparse=watched.sparse,
            clock=lambda: TODAY,
        )


@dg.resource
@contextmanager
def pipeline(_context: dg.InitResourceContext) -> Iterator[Pipeline]:
    """Open the world of a step."""
    with opened(read_settings()) as world:
        yield Pipeline(world)


defs = definitions(read_settings(), pipeline=pipeline)

"""Whole worlds in memory: every port filled with a fake, state and models interchangeable."""

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

from mmrag_pipeline.engines.stub import StubCaptioner, StubImageText, StubOcr, StubText
from mmrag_pipeline.indexing.station import World
from mmrag_pipeline.keepers import TableCatalog
from mmrag_pipeline.model_ports import (
    Captioner,
    ImageFilter,
    ImageTextEncoder,
    Ocr,
    SparseEncoder,
    TextEncoder,
)
from mmrag_pipeline.ports import Inbox, Memo, VectorStore
from mmrag_pipeline.settings import Settings
from mmrag_pipeline.stores.memory import MemoryMemo, MemoryTables, MemoryVectors
from mmrag_pipeline.testing.inbox import MemoryInbox
from mmrag_pipeline.testing.reader import FakeReader
from mmrag_pipeline.testing.source import FakeSource
from mmrag_pipeline.testing.sparse import StubSparse

TODAY = datetime(2026, 1, 2, tzinfo=UTC)
"""What the clock of a fake world says."""


class Silence:
    """Progress that nobody watches."""

    def advance(self, station: str, *, done: int, total: int) -> None:
        """Do nothing."""


@dataclass(frozen=True, slots=True)
class Models:
    """One engine per port."""

    ocr: Ocr = field(default_factory=StubOcr)
    captioner: Captioner = field(default_factory=StubCaptioner)
    image_text: ImageTextEncoder = field(default_factory=StubImageText)
    text: TextEncoder = field(default_factory=StubText)
    sparse: SparseEncoder = field(default_factory=StubSparse)
    image_filter: ImageFilter | None = None


@dataclass(frozen=True, slots=True)
class State:
    """Everything that outlives a run."""

    tables: TableCatalog = field(default_factory=MemoryTables)
    memo: Memo = field(default_factory=MemoryMemo)
    vectors: VectorStore = field(default_factory=MemoryVectors)
    inbox: Inbox = field(default_factory=MemoryInbox)


def fake_settings() -> Settings:
    """Return settings small enough that few pixels and words make tiles and chunks."""
    return Settings.model_validate(
        {"home": "unused", "tile_px": 64, "chunk_tokens": 16, "chunk_overlap_tokens": 4}
        | {"batch_size": 4, "parse_workers": 2}
    )


def fake_world(
    source: FakeSource,
    *,
    state: State | None = None,
    models: Models | None = None,
    settings: Settings | None = None,
) -> World:
    """Return a world over this source; what is not given is new and empty."""
    held, engines, chosen = state or State(), models or Models(), settings or fake_settings()
    return World(
        settings=chosen,
        source=source,
        tables=held.tables,
        memo=held.memo,
        reader=FakeReader(),
        ocr=engines.ocr,
        captioner=engines.captioner,
        image_text=engines.image_text,
        text=engines.text,
        sparse=engines.sparse,
        image_filter=engines.image_filter,
        vectors=held.vectors,
        progress=Silence(),
        inbox=held.inbox,
        kept_shards=lambda: chosen.shards,
        clock=lambda: TODAY,
    )


def rebuilt(world: World) -> World:
    """Return the same world without any state: what a rebuild from nothing starts with."""
    state = State()
    return replace(
        world, tables=state.tables, memo=state.memo, vectors=state.vectors, inbox=state.inbox
    )

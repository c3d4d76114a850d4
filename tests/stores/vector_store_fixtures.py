"""Stores and collections that the contracts of vector stores share."""

import uuid
from collections.abc import Iterator
from pathlib import Path

import polars as pl
import pytest

from mmrag_pipeline.ports import CollectionReader, CollectionWriter, VectorStore
from mmrag_pipeline.records import (
    Layout,
    Signal,
    SparseVector,
    Vectors,
    VectorSpace,
    Where,
)
from mmrag_pipeline.schemas import COLLECTION
from tests.stores.samples import LAYOUT

PREFIX = f"mmragtest-{uuid.uuid4().hex[:12]}"
"""Nobody else's: a server may be asked that others use, too."""
NAME = f"{PREFIX}__shop__g1"
OPENED = f"{PREFIX}__opened__g1"
OTHER = f"{PREFIX}__small__g1"
ALIAS = f"{PREFIX}__shop"
SMALL = Layout((VectorSpace("image", 4, "card-a"),))
ANYTHING = Where()


def held(reader: CollectionReader, where: Where | None = None) -> pl.DataFrame:
    """Return everything a collection lists, sorted."""
    return pl.concat([COLLECTION.to_frame(), *reader.held(where)]).sort("point_id")


def found(
    reader: CollectionReader, signal: Signal, asked: Vectors | SparseVector, where: Where = ANYTHING
) -> list[str]:
    """Return the keys of the ten best points."""
    return [str(c.payload["key"]) for c in reader.query(signal, asked, limit=10, where=where)]


class VectorStoreFixtures:
    """What a contract needs of a store."""

    layout: Layout = LAYOUT
    """Of the collection that is shared."""
    atol = 1e-5
    """How exactly numbers of unit vectors come back."""

    @classmethod
    def open_store(cls, root: Path) -> VectorStore:
        """Return a store whose state lies under root."""
        raise NotImplementedError

    @pytest.fixture(scope="class")
    @classmethod
    def root(cls, tmp_path_factory: pytest.TempPathFactory) -> Path:
        """Give the tests of one class one folder: creating collections takes long."""
        return tmp_path_factory.mktemp("vectors")

    @pytest.fixture(scope="class")
    @classmethod
    def shared(cls, root: Path) -> Iterator[VectorStore]:
        """Give one store with one collection; afterwards none of ours is left."""
        store = cls.open_store(root)
        try:
            store.create(NAME, cls.layout)
            yield store
        finally:
            store.drop(OTHER)
            store.drop(NAME)

    @pytest.fixture(scope="class")
    @classmethod
    def opened(cls, tmp_path_factory: pytest.TempPathFactory) -> Iterator[CollectionWriter]:
        """Give a collection that stays open: opening and closing take long, too."""
        store = cls.open_store(tmp_path_factory.mktemp("opened"))
        try:
            store.create(OPENED, cls.layout)
            with store.writer(OPENED) as writer:
                yield writer
        finally:
            store.drop(OPENED)

    @pytest.fixture
    def writer(self, opened: CollectionWriter) -> CollectionWriter:
        """Give the open collection, empty."""
        clear(opened)
        return opened

    @pytest.fixture
    def store(self, shared: VectorStore) -> Iterator[VectorStore]:
        """Give the store; afterwards its collection is empty and no other of ours is left."""
        yield shared
        shared.drop(OTHER)
        with shared.writer(NAME) as writer:
            clear(writer)

    def reopened(self, store: VectorStore, root: Path) -> VectorStore:
        """Return the store as another process would see it."""
        return self.open_store(root)


def clear(writer: CollectionWriter) -> None:
    """Take every point out of a collection."""
    writer.delete(held(writer)["point_id"].to_list())

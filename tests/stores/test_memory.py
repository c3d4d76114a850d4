"""The in-memory stores keep the same contracts as the real ones."""

from pathlib import Path

import pytest

from mmrag_pipeline.errors import CollectionBusyError
from mmrag_pipeline.keepers import TableCatalog
from mmrag_pipeline.ports import VectorStore
from mmrag_pipeline.stores.memory import MemoryMemo, MemoryTables, MemoryVectors
from tests.stores.memo_contract import Fresh
from tests.stores.memo_keeper_contract import MemoKeeperContract
from tests.stores.samples import LAYOUT
from tests.stores.table_store_contract import TableStoreContract
from tests.stores.vector_store_contract import VectorStoreContract
from tests.stores.vector_store_fixtures import NAME


class TestMemoryVectors(VectorStoreContract):
    """The contract, and what only this store does."""

    @classmethod
    def open_store(cls, root: Path) -> VectorStore:
        """Return a store; its state lies nowhere."""
        return MemoryVectors()

    def reopened(self, store: VectorStore, root: Path) -> VectorStore:
        """Return the same store: memory has no other way to outlive it."""
        return store


def test_a_collection_that_is_open_is_busy() -> None:
    store = MemoryVectors()
    store.create(NAME, LAYOUT)
    with store.reader(NAME), pytest.raises(CollectionBusyError), store.writer(NAME):
        pass


class TestMemoryTables(TableStoreContract):
    """The contract."""

    @pytest.fixture
    def store(self) -> TableCatalog:
        """Give an empty store."""
        return MemoryTables()


class TestMemoryMemo(MemoKeeperContract):
    """The contract."""

    @pytest.fixture
    def fresh(self) -> Fresh:
        """Give what opens an empty memo."""
        return MemoryMemo

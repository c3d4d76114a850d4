"""The server store keeps the contract on qdrant-client's in-memory mode, or on a real server."""

import os
from pathlib import Path

import pytest
from qdrant_client import QdrantClient
from qdrant_client.http.exceptions import ResponseHandlingException

from mmrag_pipeline.errors import CollectionMismatchError, StateUnavailableError
from mmrag_pipeline.ports import VectorStore
from mmrag_pipeline.stores.qdrant_server import ServerVectors, connect
from tests.stores.vector_store_contract import VectorStoreContract
from tests.stores.vector_store_fixtures import NAME, SMALL


@pytest.mark.filterwarnings("ignore:Payload indexes have no effect")
class TestServerVectorsInMemory(VectorStoreContract):
    """The contract, without a server: its payload indexes do nothing, and it says so."""

    @classmethod
    def open_store(cls, root: Path) -> VectorStore:
        """Return a store whose state lies nowhere."""
        return ServerVectors(QdrantClient(":memory:"))

    def reopened(self, store: VectorStore, root: Path) -> VectorStore:
        """Return the same store: memory has no other way to outlive it."""
        return store


@pytest.mark.server
class TestServerVectors(VectorStoreContract):
    """The contract on the server of MMRAG_QDRANT_URL."""

    @classmethod
    def open_store(cls, root: Path) -> VectorStore:
        """Return the store of a server that only tests use."""
        return connect(os.environ["MMRAG_QDRANT_URL"])


def test_a_collection_of_somebody_else_is_left_alone() -> None:
    client = QdrantClient(":memory:")
    client.create_collection(NAME, vectors_config={})
    store = ServerVectors(client)
    assert store.layouts() == {}
    with pytest.raises(CollectionMismatchError, match="not ours"):
        store.create(NAME, SMALL)


def test_a_server_that_cannot_be_reached_is_said_in_our_words() -> None:
    store = ServerVectors(
        QdrantClient("127.0.0.1", grpc_port=9, prefer_grpc=True, check_compatibility=False)
    )
    for ask in (store.aliases, store.layouts):
        with pytest.raises(StateUnavailableError, match="MMRAG_QDRANT_URL names one that runs"):
            ask()


class Dying:
    """A client whose server is gone from one call on."""

    def __init__(self, inner: QdrantClient, last_calls: int) -> None:
        self._inner = inner
        self._left = last_calls

    def __getattr__(self, name: str) -> object:
        self._left -= 1
        if self._left < 0:
            raise ResponseHandlingException(ConnectionError("gone"))
        return getattr(self._inner, name)


@pytest.mark.parametrize("calls", range(8))
@pytest.mark.filterwarnings("ignore:Payload indexes have no effect")
def test_a_server_that_dies_at_any_call_is_said_in_our_words(calls: int) -> None:
    client = QdrantClient(":memory:")
    ServerVectors(client).create(NAME, SMALL)
    store = ServerVectors(Dying(client, calls))  # type: ignore[arg-type]  # it forwards all calls
    with pytest.raises(StateUnavailableError):
        _use(store)


def _use(store: VectorStore) -> None:
    for _ in range(4):
        store.create(NAME, SMALL)
        store.move_alias("served", NAME)
        with store.reader(NAME) as index:
            index.count()

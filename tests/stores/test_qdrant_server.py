"""The server store keeps the contract in memory, over gRPC, and on a real server."""

import os
from pathlib import Path

import pytest
from grpc import StatusCode  # type: ignore[import-untyped]  # it ships no types
from pydantic import SecretStr
from qdrant_client import QdrantClient, models
from qdrant_client.http.exceptions import ResponseHandlingException

from mmrag_pipeline.errors import CollectionMismatchError, StateUnavailableError
from mmrag_pipeline.ports import VectorStore
from mmrag_pipeline.stores.layouts import DATETIME_FIELDS, INTEGER_FIELDS, KEYWORD_FIELDS
from mmrag_pipeline.stores.qdrant_server import ServerVectors, connect
from mmrag_pipeline.stores.server_access import ServerAccess
from mmrag_pipeline.stores.server_calls import Patience
from tests.stores.endless_writer import BATCH, acknowledged, endless_writer
from tests.stores.qdrant_process import Served, shared_server
from tests.stores.qdrant_traffic import UPSERT, Fault
from tests.stores.samples import DIMENSIONS, LAYOUT, point
from tests.stores.vector_store_contract import VectorStoreContract
from tests.stores.vector_store_fixtures import NAME, SMALL

URL, KEY = (os.environ.get(f"MMRAG_QDRANT_{name}") for name in ("URL", "API_KEY"))
"""Read before a fixture takes the person's settings away."""


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


class TestServerVectorsOverGrpc(VectorStoreContract):
    """The contract over a real connection, to a server of tests."""

    @classmethod
    def open_store(cls, root: Path) -> VectorStore:
        """Return the store of a client of its own."""
        return ServerVectors(shared_server().client())


@pytest.mark.server
@pytest.mark.skipif(URL is None, reason="MMRAG_QDRANT_URL names no server to test on")
class TestServerVectors(VectorStoreContract):
    """The contract on the server of MMRAG_QDRANT_URL; collections of others are left alone."""

    @classmethod
    def open_store(cls, root: Path) -> VectorStore:
        """Return the store of that server."""
        assert URL is not None
        return connect(ServerAccess(URL, SecretStr(KEY) if KEY else None))


def test_a_collection_of_somebody_else_is_left_alone() -> None:
    client = QdrantClient(":memory:")
    client.create_collection(NAME, vectors_config={})
    store = ServerVectors(client)
    assert store.layouts() == {}
    with pytest.raises(CollectionMismatchError, match="not ours"):
        store.create(NAME, SMALL)
    store.drop(NAME)
    assert store.names() == [NAME]


def test_a_server_that_cannot_be_reached_is_said_in_our_words() -> None:
    waits: list[float] = []
    access = ServerAccess("http://127.0.0.1:9", grpc_port=9, retries=2)
    store = connect(access, sleep=waits.append)
    for ask in (store.aliases, store.layouts):
        with pytest.raises(StateUnavailableError, match="MMRAG_QDRANT_URL names one that runs"):
            ask()
    assert len(waits) == 4


def test_a_collection_is_asked_for_with_its_spaces_and_fields(served: Served) -> None:
    client = served.client()
    ServerVectors(client).create(NAME, LAYOUT)
    told = client.get_collection(NAME)
    spaces = told.config.params.vectors
    assert isinstance(spaces, dict)
    assert {s: p.size for s, p in spaces.items()} == DIMENSIONS
    assert told.config.params.sparse_vectors == {
        "bm25": models.SparseVectorParams(modifier=models.Modifier.IDF)
    }
    assert {name: index.data_type for name, index in told.payload_schema.items()} == {
        **dict.fromkeys(KEYWORD_FIELDS, models.PayloadSchemaType.KEYWORD),
        **dict.fromkeys(INTEGER_FIELDS, models.PayloadSchemaType.INTEGER),
        **dict.fromkeys(DATETIME_FIELDS, models.PayloadSchemaType.DATETIME),
    }


def test_points_are_written_in_bounded_requests_that_wait(served: Served) -> None:
    store = ServerVectors(served.client())
    store.create(NAME, LAYOUT)
    with store.writer(NAME) as writer:
        writer.upsert([point(n) for n in range(1_201)])
        assert writer.count() == 1_201
    assert served.traffic.points_per_upsert == [256, 256, 256, 256, 177]
    assert all(a.request.wait for a in served.traffic.asked if a.method == UPSERT)


@pytest.mark.parametrize(
    "fault",
    [
        Fault(StatusCode.UNAVAILABLE),
        Fault(StatusCode.DEADLINE_EXCEEDED, applied=True),
        Fault(StatusCode.INTERNAL),
        Fault(StatusCode.RESOURCE_EXHAUSTED),
        Fault(StatusCode.RESOURCE_EXHAUSTED, retry_after_s=1),
    ],
    ids=lambda fault: f"{fault.code.name}-{fault.retry_after_s}",
)
def test_a_write_that_fails_is_said_in_our_words_and_may_be_repeated(
    served: Served, fault: Fault
) -> None:
    store = ServerVectors(served.client(), patience=Patience(0))
    store.create(NAME, LAYOUT)
    served.traffic.fail(UPSERT, fault)
    with pytest.raises(StateUnavailableError), store.writer(NAME) as writer:
        writer.upsert([point(1)])
    with store.writer(NAME) as writer:
        writer.upsert([point(1)])
        assert writer.count() == 1


def test_a_writer_that_is_killed_leaves_all_that_it_said_was_written(served: Served) -> None:
    store = ServerVectors(served.client())
    store.create(NAME, SMALL)
    with endless_writer(served.grpc_port, NAME) as process:
        said = acknowledged(process, 200)
        process.kill()
        process.wait()
    with store.reader(NAME) as reader:
        assert reader.count() >= said
        assert reader.count() % BATCH == 0


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
    store = ServerVectors(Dying(client, calls), patience=Patience(0))  # type: ignore[arg-type]  # it forwards all calls
    with pytest.raises(StateUnavailableError):
        _use(store)


def _use(store: VectorStore) -> None:
    for _ in range(4):
        store.create(NAME, SMALL)
        store.move_alias("served", NAME)
        with store.reader(NAME) as index:
            index.count()

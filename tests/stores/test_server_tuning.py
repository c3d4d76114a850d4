"""A collection on a server is made, kept and asked as the settings say."""

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from qdrant_client import models

from mmrag_pipeline.ports import VectorStore
from mmrag_pipeline.records import Where
from mmrag_pipeline.stores.qdrant_server import ServerVectors, connect
from mmrag_pipeline.stores.server_access import ServerAccess
from mmrag_pipeline.stores.server_changes import Copies
from mmrag_pipeline.stores.tuning import Tuning
from tests.stores.qdrant_process import Served, shared_server
from tests.stores.samples import LAYOUT, vector
from tests.stores.vector_store_contract import VectorStoreContract
from tests.stores.vector_store_fixtures import ANYTHING, NAME

TUNED = Tuning(
    "turbo-2",
    hnsw_m=32,
    hnsw_ef=99,
    vectors_memory="cold",
    graph_memory="pinned",
    tenants=True,
    principal="modified_at",
)


def _access(served: Served) -> ServerAccess:
    return ServerAccess(served.url, grpc_port=served.grpc_port, retries=2)


def _store(
    served: Served, tuning: Tuning | None = None, access: ServerAccess | None = None
) -> ServerVectors:
    """Return a store that waits for nothing."""
    return connect(access or _access(served), tuning, sleep=lambda seconds: None)


class TestServerVectorsTuned(VectorStoreContract):
    """The contract with everything set that can be set."""

    histories = 20

    @classmethod
    def open_store(cls, root: Path) -> VectorStore:
        """Return the store of a client of its own."""
        access = replace(_access(shared_server()), copies=Copies(2, 2))
        return _store(shared_server(), TUNED, access)


def test_a_collection_is_made_as_asked(served: Served) -> None:
    layout = replace(LAYOUT, datatype="float16", shards=3)
    access = replace(_access(served), copies=Copies(3, 2))
    _store(served, TUNED, access).create(NAME, layout)
    config = served.client().get_collection(NAME).config
    assert config.params.shard_number == 3
    assert (config.params.replication_factor, config.params.write_consistency_factor) == (3, 2)
    assert config.hnsw_config.m == 32
    assert config.hnsw_config.memory == models.Memory.PINNED
    assert isinstance(config.quantization_config, models.TurboQuantization)
    vectors = config.params.vectors
    assert isinstance(vectors, dict)
    assert {(v.datatype, v.memory) for v in vectors.values()} == {
        (models.Datatype.FLOAT16, models.Memory.COLD)
    }


def _updates(served: Served, store: ServerVectors) -> int:
    """Return how many changes of a collection and its indexes `create` asks for."""
    before = served.traffic.calls
    store.create(NAME, LAYOUT)
    after = served.traffic.calls
    changed = ("Collections/Update", "Points/CreateFieldIndex")
    return sum(after[method] - before[method] for method in changed)


@pytest.mark.parametrize(
    ("tuning", "copies", "updates"),
    [
        (Tuning("scalar"), Copies(), 1),
        (Tuning(hnsw_m=32, exact_below_kb=0, vectors_memory="cold"), Copies(), 1),
        (Tuning(), Copies(2), 1),
        (Tuning(tenants=True), Copies(), 1),
        (TUNED, Copies(2, 2), 3),
    ],
)
def test_a_collection_is_brought_up_to_the_settings_once(
    served: Served, tuning: Tuning, copies: Copies, updates: int
) -> None:
    assert _updates(served, _store(served)) == 6  # the payload indexes of a fresh one
    assert _updates(served, _store(served)) == 0
    changed = _store(served, tuning, replace(_access(served), copies=copies))
    assert [_updates(served, changed) for _ in range(2)] == [updates, 0]
    assert _updates(served, _store(served)) == updates


def test_a_query_says_how_to_look(served: Served) -> None:
    store = _store(served, TUNED)
    store.create(NAME, LAYOUT)
    with store.reader(NAME) as reader:
        reader.query("image", vector(1, 0, 0, 0), limit=3, where=ANYTHING)
    (asked,) = [a.request for a in served.traffic.asked if a.method == "Points/Query"]
    assert asked.params.hnsw_ef == 99
    assert asked.params.quantization.rescore
    assert asked.params.quantization.oversampling == 2.0


def test_a_question_that_nothing_can_answer_is_not_asked(served: Served) -> None:
    store = _store(served)
    store.create(NAME, LAYOUT)
    noon, night = datetime(2026, 1, 1, 12, tzinfo=UTC), datetime(2026, 1, 1, tzinfo=UTC)
    for where in (Where(pages=()), Where(modified_from=noon, modified_before=night)):
        with store.reader(NAME) as reader:
            assert reader.query("image", vector(1, 0, 0, 0), limit=3, where=where) == []
    assert served.traffic.calls["Points/Query"] == 0


def test_a_listing_fetches_hashes_only(served: Served) -> None:
    store = _store(served)
    store.create(NAME, LAYOUT)
    with store.reader(NAME) as reader:
        list(reader.held(Where(pages=(1,))))
    (asked,) = [a.request for a in served.traffic.asked if a.method == "Points/Scroll"]
    assert list(asked.with_payload.include.fields) == ["_hash"]
    assert not asked.with_vectors.enable

"""The laws on a server: over gRPC to one of tests, and with `-m server` on a real one."""

import os
import uuid
from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest
from pydantic import SecretStr

from mmrag_pipeline.indexing.copy_index import copy_index
from mmrag_pipeline.indexing.generations import alias_of, promote, rollback, serving
from mmrag_pipeline.indexing.history import Said
from mmrag_pipeline.indexing.station import Mode
from mmrag_pipeline.indexing.verify import repair, verify
from mmrag_pipeline.ports import VectorStore
from mmrag_pipeline.stores.memory import MemoryTables, MemoryVectors
from mmrag_pipeline.stores.qdrant_server import connect
from mmrag_pipeline.stores.server_access import ServerAccess
from mmrag_pipeline.stores.tuning import Tuning
from mmrag_pipeline.testing.frail import Fuse
from mmrag_pipeline.testing.ledger import Ledger
from mmrag_pipeline.testing.snapshot import index_points
from mmrag_pipeline.testing.worlds import State
from tests.indexing.life import DOMAIN, Life
from tests.indexing.test_writers import alike, run_beside
from tests.stores.qdrant_process import shared_server

URL, KEY = (os.environ.get(f"MMRAG_QDRANT_{name}") for name in ("URL", "API_KEY"))
"""Read before a fixture takes the person's settings away."""
NONE = pytest.mark.skipif(URL is None, reason="MMRAG_QDRANT_URL names no server to test on")
SOMEBODY = Said(by="somebody", reason="a trial")
Connect = Callable[[Tuning], VectorStore]


def _of_tests(tuning: Tuning) -> VectorStore:
    served = shared_server()
    return connect(ServerAccess(served.url, grpc_port=served.grpc_port), tuning)


def _real(tuning: Tuning) -> VectorStore:
    assert URL is not None
    return connect(ServerAccess(URL, SecretStr(KEY) if KEY else None), tuning)


@pytest.fixture(params=[_of_tests, pytest.param(_real, marks=[pytest.mark.server, NONE])])
def server(request: pytest.FixtureRequest) -> Connect:
    """Give the way to a server."""
    way: Connect = request.param
    return way


@pytest.fixture
def life(server: Connect) -> Iterator[Life]:
    """Give an indexed life under a prefix of its own, of which nothing is left afterwards."""
    vectors = server(Tuning())
    made = Life(state=State(vectors=vectors))
    prefix = f"mmragtest-{uuid.uuid4().hex[:12]}"
    made.settings = made.settings.model_copy(update={"collection_prefix": prefix})
    try:
        made.put(a="img:1@150x100", b="txt:some words", c="pdf:p|q")
        made.run()
        made.ledger = Ledger()
        yield made
    finally:
        for name in [*vectors.layouts()]:
            if name.startswith(prefix):
                vectors.drop(name)


def _is_right(life: Life) -> bool:
    """Return whether what is served is what a rebuild serves, and verify finds it so."""
    same = alike(life.index()[0], life.rebuild()[0][0])
    return same and verify(life.world(), DOMAIN).clean


def test_files_that_come_change_and_go_end_in_the_index_of_a_rebuild(life: Life) -> None:
    life.put(a="img:2", d="txt:# Title\nmore words", e="pdf:q|r")
    life.source.delete(DOMAIN, "c")
    life.run()
    life.source.move(DOMAIN, "b", "moved")
    life.show_to("staff")
    life.run()
    assert _is_right(life)


def test_a_model_changes_is_rolled_back_and_comes_again_without_a_call(life: Life) -> None:
    first = serving(life.world(), DOMAIN)
    life.change_model("text", "2")
    life.run()
    second, life.ledger = serving(life.world(), DOMAIN), Ledger()
    assert rollback(life.world(), DOMAIN, SOMEBODY) == first
    life.run()
    assert serving(life.world(), DOMAIN) == first
    promote(life.world(), DOMAIN, SOMEBODY)
    life.run()
    assert (serving(life.world(), DOMAIN), life.ledger.calls()) == (second, 0)
    assert _is_right(life)


def test_drift_is_counted_and_mended_without_a_model(life: Life) -> None:
    with life.state.vectors.writer(serving(life.world(), DOMAIN) or "") as index:
        ids = [point_id for batch in index.held() for point_id in batch["point_id"]]
        index.delete(ids[:2])
        index.set_payloads({point_id: {"_hash": "0" * 32} for point_id in ids[2:5]})
    found = verify(life.world(), DOMAIN)
    assert (found.missing, found.foreign, found.changed) == (2, 0, 3)
    repair(life.world(), DOMAIN, Mode("repair"))
    assert life.ledger.calls() == 0
    assert _is_right(life)


def test_a_collection_that_is_gone_is_made_anew_without_a_model(life: Life) -> None:
    life.state.vectors.drop(serving(life.world(), DOMAIN) or "")
    life.run()
    assert life.ledger.calls() == 0
    assert _is_right(life)


@pytest.mark.parametrize("at", [4, 6, 8])
def test_two_runs_at_once_leave_what_the_next_one_mends(life: Life, at: int) -> None:
    life.put(a="img:2", b="txt:other words")

    def second() -> None:
        life.put(a="img:1@150x100", d="img:4")
        run_beside(life)

    run_beside(life, Fuse(at, second))
    life.run()
    assert _is_right(life)


def test_another_tuning_is_taken_by_the_collection_that_is_there(
    life: Life, server: Connect
) -> None:
    name = serving(life.world(), DOMAIN)
    tuned = server(Tuning(quantization="scalar", hnsw_m=32, tenants=True))
    life.state = replace(life.state, vectors=tuned)
    life.put(d="img:4")
    life.run()
    assert serving(life.world(), DOMAIN) == name
    assert _is_right(life)


def test_an_index_is_copied_to_the_server_and_found_there(life: Life) -> None:
    here = replace(life.world(), vectors=MemoryVectors(), tables=MemoryTables())
    with_tables = Life(source=life.source, settings=life.settings, state=State())
    with_tables.run()
    here = with_tables.world()
    there = replace(here, vectors=life.state.vectors, tables=life.state.tables)
    life.state.vectors.drop(serving(there, DOMAIN) or "")
    copied = copy_index(here, there, DOMAIN, run_id="copy")
    assert copied.upserted == copied.points > 0
    assert there.vectors.aliases()[alias_of(there, DOMAIN)] == copied.collection
    assert alike(index_points(there, DOMAIN), index_points(here, DOMAIN))

"""The Qdrant of tests does wrong what it is told to, and tells what it was asked."""

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from grpc import StatusCode  # type: ignore[import-untyped]  # it ships no types
from qdrant_client import QdrantClient, models
from qdrant_client import grpc as wire
from qdrant_client.common.client_exceptions import ResourceExhaustedResponse

from tests.stores.qdrant_process import Served, qdrant
from tests.stores.qdrant_samples import points, refused
from tests.stores.qdrant_traffic import UPSERT, Fault
from tests.stores.self_signed import self_signed


def test_a_call_that_fails_before_its_change_made_none(
    served: Served, client: QdrantClient
) -> None:
    served.traffic.fail(UPSERT, Fault(StatusCode.UNAVAILABLE), Fault(StatusCode.INTERNAL))
    assert refused(lambda: client.upsert("c", points(1))) == StatusCode.UNAVAILABLE
    assert refused(lambda: client.upsert("c", points(1))) == StatusCode.INTERNAL
    assert client.count("c").count == 0
    client.upsert("c", points(1))
    assert client.count("c").count == 1


def test_a_lost_answer_leaves_its_change(served: Served, client: QdrantClient) -> None:
    served.traffic.fail(UPSERT, Fault(StatusCode.DEADLINE_EXCEEDED, applied=True))
    assert refused(lambda: client.upsert("c", points(1))) == StatusCode.DEADLINE_EXCEEDED
    assert client.count("c").count == 1


def test_a_busy_server_says_when_to_come_again(served: Served, client: QdrantClient) -> None:
    served.traffic.fail(UPSERT, Fault(StatusCode.RESOURCE_EXHAUSTED, retry_after_s=7))
    with pytest.raises(ResourceExhaustedResponse) as busy:
        client.upsert("c", points(1))
    assert busy.value.retry_after_s == 7


def test_a_fault_of_an_unknown_method_is_a_mistake(served: Served) -> None:
    with pytest.raises(AssertionError, match=r"no method 'Upsert'; known: .*Points/Upsert"):
        served.traffic.fail("Upsert", Fault(StatusCode.INTERNAL))


def test_a_request_is_kept_as_it_arrived(served: Served, client: QdrantClient) -> None:
    client.upsert("c", points(1, 2), wait=False, ordering=models.WriteOrdering.STRONG)
    (asked,) = [a for a in served.traffic.asked if a.method == UPSERT]
    assert not asked.request.wait
    assert asked.request.ordering.type == wire.WriteOrderingType.Strong
    assert asked.deadline_s == pytest.approx(5, abs=2)
    assert served.traffic.points_per_upsert == [2]
    served.traffic.reset()
    assert served.traffic.calls == {}


def test_upserts_in_flight_are_counted(served: Served, client: QdrantClient) -> None:
    served.traffic.delay(UPSERT, 0.2)
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda n: client.upsert("c", points(n)), range(4)))
    assert served.traffic.most_in_flight[UPSERT] == 4
    assert served.traffic.calls[UPSERT] == 4
    assert client.count("c").count == 4


def test_a_slow_call_passes_the_deadline_of_its_client(served: Served) -> None:
    served.traffic.delay("Collections/List", 2)
    slow = served.client(timeout=1)
    assert refused(slow.get_collections) == StatusCode.DEADLINE_EXCEEDED


def test_without_the_key_nothing_is_answered(served: Served) -> None:
    served.traffic.api_key = "right"
    for headers in ({}, {"api-key": "wrong"}):
        stranger = served.client(headers=headers)
        assert refused(stranger.get_collections) == StatusCode.UNAUTHENTICATED
    known = served.client(headers={"api-key": "right"})
    assert known.get_collections().collections == []


def test_over_tls_a_client_must_know_the_certificate() -> None:
    certificate = self_signed()
    with qdrant(certificate=certificate) as served:
        knows = {"root_certificates": certificate.public}
        known = served.client(grpc_options=knows)
        assert known.get_collections().collections == []
        stranger = served.client()
        assert refused(stranger.get_collections) == StatusCode.UNAVAILABLE


def test_an_open_call_gets_no_answer_when_the_connection_is_cut(
    served: Served, client: QdrantClient
) -> None:
    served.traffic.delay(UPSERT, 0.3)
    with ThreadPoolExecutor(1) as pool:
        answer = pool.submit(client.upsert, "c", points(1))
        wait_until(lambda: served.traffic.calls[UPSERT] == 1)
        served.cut()
        assert refused(answer.result) in (StatusCode.UNAVAILABLE, StatusCode.CANCELLED)
    wait_until(lambda: unrelated(served).count("c").count == 1)


def test_a_stopped_server_comes_back_with_what_it_held(
    served: Served, client: QdrantClient
) -> None:
    client.upsert("c", points(1))
    served.stop()
    assert refused(lambda: client.count("c")) == StatusCode.UNAVAILABLE
    served.start()
    assert unrelated(served).count("c").count == 1


def unrelated(served: Served) -> QdrantClient:
    """Return a client that shares no connection: after a lost one, gRPC waits before another."""
    return served.client(grpc_options={"grpc.use_local_subchannel_pool": 1})


def wait_until(true: Callable[[], bool]) -> None:
    """Wait at most ten seconds for something to be true."""
    end = time.monotonic() + 10
    while not true():
        assert time.monotonic() < end
        time.sleep(0.01)

"""Requests to a server that is busy, old, closed or gone."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import grpc  # type: ignore[import-untyped]  # it ships no types
import httpx
import pytest
from qdrant_client import QdrantClient
from qdrant_client.common.client_exceptions import ResourceExhaustedResponse
from qdrant_client.http.exceptions import ResponseHandlingException, UnexpectedResponse
from qdrant_client.http.models import VersionInfo

from mmrag_pipeline.errors import NotFoundError, StateUnavailableError
from mmrag_pipeline.stores.server_calls import OLDEST, TURBO, Patience, Release, ServerCalls
from mmrag_pipeline.stores.server_errors import failure_of

CODE = grpc.StatusCode


class Refused(grpc.RpcError, grpc.Call):  # type: ignore[misc]  # grpc has no types
    """What a gRPC call raises."""

    def __init__(self, code: grpc.StatusCode, details: str = "") -> None:
        self._code = code
        self._details = details

    def code(self) -> grpc.StatusCode:
        """Return the code."""
        return self._code

    def details(self) -> str:
        """Return the server's words."""
        return self._details


def answered(status: int, words: str = "") -> UnexpectedResponse:
    """Return what a REST call raises for a status."""
    return UnexpectedResponse(status, "", words.encode(), httpx.Headers())


def broken(error: Exception) -> ResponseHandlingException:
    """Return what a REST call raises without an answer."""
    return ResponseHandlingException(error)


@dataclass(slots=True)
class Troubled:
    """A client whose next calls fail."""

    failures: list[Exception] = field(default_factory=list)
    version: str = "1.20.0"
    asked: int = 0

    def info(self) -> VersionInfo:
        """Return the version."""
        return VersionInfo(title="qdrant", version=self.version)

    def count(self) -> int:
        """Fail, or count."""
        self.asked += 1
        if self.failures:
            raise self.failures.pop(0)
        return 7


@dataclass(slots=True)
class Asking:
    """Calls of a troubled client, and how long they would have waited."""

    client: Troubled
    needs: Release = OLDEST
    secret: str = ""
    waits: list[float] = field(default_factory=list)

    def count(self, collection: str = "") -> int:
        """Ask once."""
        patience = Patience(3, sleep=self.waits.append, jitter=lambda: 1.0)
        inner: QdrantClient = self.client  # type: ignore[assignment]  # it stands in for one
        calls = ServerCalls(inner, patience, needs=self.needs, secret=self.secret)
        return calls.ask(lambda client: client.count(), collection=collection)  # type: ignore[call-arg, return-value]


@pytest.mark.parametrize(
    "failure",
    [
        *(Refused(code) for code in (CODE.UNAVAILABLE, CODE.DEADLINE_EXCEEDED, CODE.ABORTED)),
        *(answered(status) for status in (408, 429, 502, 503, 504)),
        broken(httpx.ConnectError("refused")),
        broken(httpx.ReadTimeout("slow")),
    ],
    ids=str,
)
def test_trouble_that_passes_is_waited_for_longer_each_time(failure: Exception) -> None:
    asking = Asking(Troubled([failure] * 3))
    assert asking.count() == 7
    assert asking.waits == [0.5, 1.0, 2.0]


def test_trouble_that_stays_is_told_with_the_number_of_tries() -> None:
    asking = Asking(Troubled([Refused(CODE.UNAVAILABLE)] * 9))
    with pytest.raises(
        StateUnavailableError, match=r"UNAVAILABLE, 4 times\): .*MMRAG_QDRANT_URL"
    ) as e:
        asking.count()
    assert e.value.may_pass
    assert asking.client.asked == 4


def test_a_server_that_names_a_time_is_left_alone_until_then() -> None:
    asking = Asking(Troubled([ResourceExhaustedResponse("slow down", 20)]))
    assert asking.count() == 7
    assert asking.waits == [20.5]


def test_a_server_that_names_a_long_time_is_not_waited_for() -> None:
    asking = Asking(Troubled([ResourceExhaustedResponse("slow down", 3_600)]))
    with pytest.raises(StateUnavailableError, match="busy") as caught:
        asking.count()
    assert caught.value.may_pass
    assert asking.waits == []


def test_waits_are_spread_over_the_whole_time_and_bounded() -> None:
    failure = failure_of(Refused(CODE.UNAVAILABLE))
    assert Patience(jitter=lambda: 0.0).wait_s(2, failure) == 0.0
    assert Patience(jitter=lambda: 0.5).wait_s(2, failure) == 1.0
    assert Patience(jitter=lambda: 1.0, retries=99).wait_s(60, failure) == 30.0


@pytest.mark.parametrize(
    ("failure", "words"),
    [
        (Refused(CODE.UNAUTHENTICATED), "MMRAG_QDRANT_API_KEY"),
        (Refused(CODE.PERMISSION_DENIED), "MMRAG_QDRANT_API_KEY"),
        (answered(401), "MMRAG_QDRANT_API_KEY"),
        (answered(403), "MMRAG_QDRANT_API_KEY"),
        (Refused(CODE.INVALID_ARGUMENT, "bad\nfilter"), "INVALID_ARGUMENT.*It said: 'bad filter'"),
        (answered(400, "no such field"), "400.*It said: 'no such field'"),
        (Refused(CODE.NOT_FOUND), "MMRAG_QDRANT_URL"),
        (Refused(CODE.UNIMPLEMENTED), "MMRAG_QDRANT_GRPC=false"),
        (Refused(CODE.UNAVAILABLE, "CERTIFICATE_VERIFY_FAILED"), "MMRAG_QDRANT_CA"),
        (broken(httpx.ConnectError("CERTIFICATE_VERIFY_FAILED")), "MMRAG_QDRANT_CA"),
        (broken(ValueError("no JSON")), "speaks another language"),
    ],
    ids=str,
)
def test_trouble_that_stays_is_told_at_once_with_what_to_do(failure: Exception, words: str) -> None:
    asking = Asking(Troubled([failure]))
    with pytest.raises(StateUnavailableError, match=words) as caught:
        asking.count()
    assert not caught.value.may_pass
    assert asking.waits == []


@pytest.mark.parametrize("failure", [Refused(CODE.INTERNAL), answered(500)], ids=str)
def test_a_server_in_trouble_may_be_well_for_a_later_run(failure: Exception) -> None:
    asking = Asking(Troubled([failure]))
    with pytest.raises(StateUnavailableError, match="its log says more") as caught:
        asking.count()
    assert caught.value.may_pass
    assert asking.client.asked == 1


@pytest.mark.parametrize("failure", [Refused(CODE.NOT_FOUND), answered(404)], ids=str)
def test_a_collection_that_was_dropped_meanwhile_is_not_found(failure: Exception) -> None:
    with pytest.raises(NotFoundError, match="shop__g1 is gone"):
        Asking(Troubled([failure])).count("shop__g1")


def test_a_key_that_a_server_repeats_is_not_shown() -> None:
    asking = Asking(Troubled([answered(400, "wrong key hunter2")]), secret="hunter2")
    with pytest.raises(StateUnavailableError, match=r"wrong key \*\*\*") as caught:
        asking.count()
    assert caught.value.__cause__ is None


def _versions(version: str, needs: Release = OLDEST) -> Asking:
    return Asking(Troubled(version=version), needs)


def test_an_old_server_is_named_with_what_is_needed() -> None:
    with pytest.raises(
        StateUnavailableError, match=r"version 1\.15\.3, needed is 1\.16 .*here is 1\."
    ):
        _versions("1.15.3").count()


def test_turbo_quantization_needs_a_later_server() -> None:
    with pytest.raises(StateUnavailableError, match=r"1\.18 .*another MMRAG_INDEX_QUANTIZATION"):
        _versions("1.17.1", TURBO).count()


def test_another_major_version_is_refused() -> None:
    with pytest.raises(StateUnavailableError, match=r"version 2\.0\.0"):
        _versions("2.0.0").count()


def test_what_names_no_version_is_no_server_of_ours() -> None:
    with pytest.raises(StateUnavailableError, match="calls itself version 'teapot'"):
        _versions("teapot").count()


def test_a_server_further_apart_is_told_in_the_log(caplog: pytest.LogCaptureFixture) -> None:
    told: Sequence[Release] = [(1, 19), (1, 20), (1, 21), (1, 17), (1, 17)]
    for major, minor in told:
        assert _versions(f"{major}.{minor}.0").count() == 7
    assert [record.args for record in caplog.records] == [("1.17.0", "1.20.0")]


def test_a_server_that_cannot_be_reached_is_no_old_one() -> None:
    class Silent(Troubled):
        def info(self) -> VersionInfo:
            raise Refused(CODE.UNAVAILABLE)

    with pytest.raises(StateUnavailableError, match="may reach it") as caught:
        Asking(Silent()).count()
    assert caught.value.may_pass

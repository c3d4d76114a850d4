"""The server store over a real connection: trouble, keys, certificates, sizes of requests."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from grpc import StatusCode  # type: ignore[import-untyped]  # it ships no types
from pydantic import SecretStr

from mmrag_pipeline.errors import NotFoundError, SettingsError, StateUnavailableError
from mmrag_pipeline.stores.qdrant_server import ServerVectors, connect
from mmrag_pipeline.stores.server_access import ServerAccess
from mmrag_pipeline.stores.server_changes import Copies
from mmrag_pipeline.stores.tuning import Tuning
from tests.stores.qdrant_process import Served, qdrant
from tests.stores.qdrant_traffic import UPSERT, Fault
from tests.stores.samples import LAYOUT, payload, point, point_id
from tests.stores.self_signed import self_signed
from tests.stores.vector_store_fixtures import ALIAS, NAME, OTHER, SMALL, held

KEY = "hunter2hunter2"


def _access(served: Served) -> ServerAccess:
    return ServerAccess(served.url, grpc_port=served.grpc_port, retries=2)


def _store(
    served: Served, tuning: Tuning | None = None, access: ServerAccess | None = None
) -> ServerVectors:
    """Return a store that waits for nothing."""
    return connect(access or _access(served), tuning, sleep=lambda seconds: None)


def _change(store: ServerVectors) -> None:
    """Change everything there is, twice over."""
    store.create(OTHER, SMALL)
    store.move_alias(ALIAS, OTHER)
    store.drop(OTHER)
    store.create(NAME, LAYOUT)
    store.move_alias(ALIAS, NAME)
    with store.writer(NAME) as writer:
        writer.upsert([point(n) for n in range(4)])
        writer.set_payloads({point_id(1): payload(1, note="changed")})
        writer.delete([point_id(2)])


def _asked_methods() -> list[str]:
    with qdrant() as served:
        _change(_store(served))
        return sorted(served.traffic.calls)


@pytest.mark.parametrize("applied", [False, True], ids=["not made", "answer lost"])
@pytest.mark.parametrize("method", _asked_methods())
def test_a_call_that_fails_twice_leaves_what_one_call_leaves(
    served: Served, method: str, applied: bool
) -> None:
    fault = Fault(StatusCode.UNAVAILABLE, applied=applied)
    served.traffic.fail(method, fault, fault)
    store = _store(served)
    _change(store)
    assert store.layouts() == {NAME: LAYOUT}
    assert store.aliases() == {ALIAS: NAME}
    with store.reader(ALIAS) as reader:
        assert set(held(reader)["point_id"]) == {point_id(n) for n in (0, 1, 3)}
        assert reader.fetch([point_id(1)])[0].payload["note"] == "changed"


def test_a_server_that_is_busy_is_left_alone_as_long_as_it_says(served: Served) -> None:
    waits: list[float] = []
    store = connect(_access(served), sleep=waits.append)
    served.traffic.fail("Collections/List", Fault(StatusCode.RESOURCE_EXHAUSTED, retry_after_s=9))
    assert store.layouts() == {}
    assert len(waits) == 1
    assert 9 <= waits[0] <= 9.5


def test_a_batch_that_fails_for_good_is_raised_by_its_upsert(served: Served) -> None:
    store = _store(served)
    store.create(NAME, LAYOUT)
    served.traffic.fail(UPSERT, *[Fault(StatusCode.PERMISSION_DENIED)] * 3)
    with (
        store.writer(NAME) as writer,
        pytest.raises(StateUnavailableError, match="MMRAG_QDRANT_API_KEY"),
    ):
        writer.upsert([point(n) for n in range(3_000)])


def test_upserts_go_side_by_side_in_bounded_requests(served: Served) -> None:
    store = _store(served)
    store.create(NAME, LAYOUT)
    served.traffic.delay(UPSERT, 0.02)
    with store.writer(NAME) as writer:
        writer.upsert([point(n) for n in range(3_000)])
        assert writer.count() == 3_000
    assert served.traffic.most_in_flight[UPSERT] == 4
    assert max(served.traffic.points_per_upsert) == 256


def test_every_request_has_an_end_and_every_change_waits(served: Served) -> None:
    _change(_store(served))
    assert all((asked.deadline_s or 1e9) < 61 for asked in served.traffic.asked)
    waits = [
        asked.request.wait
        for asked in served.traffic.asked
        if "wait" in asked.request.DESCRIPTOR.fields_by_name
    ]
    assert waits
    assert all(waits)


def test_copies_apply_changes_in_one_order(served: Served) -> None:
    access = replace(_access(served), copies=Copies(2))
    store = _store(served, access=access)
    _change(store)
    changes = [a for a in served.traffic.asked if a.method in (UPSERT, "Points/UpdateBatch")]
    assert {a.request.ordering.type for a in changes} == {1}  # medium


def test_an_answer_that_takes_too_long_is_not_waited_for(served: Served) -> None:
    store = _store(served, access=replace(_access(served), timeout_s=1, retries=0))
    assert store.layouts() == {}
    served.traffic.delay("Collections/List", 1.5)
    with pytest.raises(StateUnavailableError, match="MMRAG_QDRANT_TIMEOUT_S"):
        store.layouts()


def test_a_server_that_comes_back_is_found_again(served: Served) -> None:
    store = connect(_access(served))
    store.create(NAME, LAYOUT)
    served.cut()
    assert store.layouts() == {NAME: LAYOUT}


def test_the_right_key_opens(served: Served) -> None:
    served.traffic.api_key = KEY
    assert _store(served, access=replace(_access(served), api_key=SecretStr(KEY))).layouts() == {}


@pytest.mark.parametrize("key", [None, SecretStr("wrong-key")])
def test_another_key_is_told_at_once_and_shown_nowhere(
    served: Served, key: SecretStr | None
) -> None:
    served.traffic.api_key = KEY
    store = _store(served, access=replace(_access(served), api_key=key))
    with pytest.raises(StateUnavailableError, match="set MMRAG_QDRANT_API_KEY") as caught:
        store.layouts()
    assert "wrong-key" not in f"{caught.value!r} {caught.value.__cause__} {store!r}"
    assert served.traffic.calls["Qdrant/HealthCheck"] == 1


def test_a_certificate_of_ones_own_is_trusted_when_named(tmp_path: Path) -> None:
    certificate = self_signed()
    (tmp_path / "ca.pem").write_bytes(certificate.public)
    with qdrant(certificate=certificate) as served:
        access = replace(_access(served), ca=tmp_path / "ca.pem", api_key=SecretStr(KEY))
        _change(_store(served, access=access))
        assert {asked.headers.get("api-key") for asked in served.traffic.asked} == {KEY}


def test_a_certificate_that_nobody_knows_is_told_at_once() -> None:
    with qdrant(certificate=self_signed()) as served:
        waits: list[float] = []
        store = connect(_access(served), sleep=waits.append)
        with pytest.raises(StateUnavailableError, match="set MMRAG_QDRANT_CA"):
            store.layouts()
        assert waits == []


def test_an_old_server_is_asked_nothing_else() -> None:
    with qdrant(version="1.15.5") as served:
        with pytest.raises(StateUnavailableError, match=r"1\.15\.5.*1\.16"):
            _store(served).create(NAME, LAYOUT)
        assert list(served.traffic.calls) == ["Qdrant/HealthCheck"]


def test_the_version_is_asked_once_for_each_store(served: Served) -> None:
    store = _store(served)
    _change(store)
    assert served.traffic.calls["Qdrant/HealthCheck"] == 1


def test_rest_is_asked_where_grpc_is_not_wanted(served: Served) -> None:
    store = _store(served, access=replace(_access(served), grpc=False))
    with pytest.raises(StateUnavailableError, match=r"\(404\): .*MMRAG_QDRANT_URL"):
        store.layouts()
    assert served.traffic.calls == {}


@pytest.mark.parametrize(
    "change",
    [
        lambda index, ids: index.delete(ids),
        lambda index, ids: index.set_payloads({i: {"key": "other"} for i in ids}),
        lambda index, ids: index.fetch(ids),
    ],
    ids=["delete", "set_payloads", "fetch"],
)
def test_many_points_are_changed_in_bounded_requests(
    served: Served, change: Callable[[object, list[str]], object]
) -> None:
    store = _store(served)
    store.create(NAME, SMALL)
    with store.writer(NAME) as writer:
        writer.upsert([point(n) for n in range(2_500)])
        served.traffic.reset()
        change(writer, [point_id(n) for n in range(2_500)])
    sizes = [len(a.request.SerializeToString()) for a in served.traffic.asked]
    assert len(sizes) >= 3
    assert max(sizes) < 100_000


def test_one_of_many_collections_is_opened_without_asking_about_the_others(served: Served) -> None:
    store = _store(served)
    for number in range(5):
        store.create(f"mmragtest__d{number}__g1", SMALL)
    served.traffic.reset()
    with store.reader("mmragtest__d3__g1") as reader:
        assert reader.count() == 0
    assert served.traffic.calls["Collections/Get"] == 1


def test_a_collection_that_is_dropped_while_it_is_open_is_not_found(served: Served) -> None:
    store = _store(served)
    store.create(NAME, SMALL)
    with store.reader(NAME) as reader:
        store.drop(NAME)
        with pytest.raises(NotFoundError, match=f"{NAME} is gone"):
            reader.count()


def test_names_are_checked_before_anything_is_asked(served: Served) -> None:
    with pytest.raises(SettingsError):
        _store(served).create("../other", SMALL)
    assert served.traffic.calls == {}

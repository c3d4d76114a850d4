"""Who listens may be gone or hang: it is warned of once, and nothing fails or waits for long."""

import time

import pytest

from mmrag_pipeline.metrics import STATION_ROWS
from mmrag_pipeline.observing.frail import REST_S, TIMEOUT_S, Frail
from mmrag_pipeline.observing.listeners import Listeners
from mmrag_pipeline.observing.numbers import Gateway, Numbers, serve_page
from mmrag_pipeline.observing.traces import Traces
from tests.observing.listening import listening
from tests.observing.worlds import heard_world, run


def all_three(url: str) -> Listeners:
    numbers = Numbers()
    traces = Traces(url, {})
    return Listeners([numbers], [traces], [Gateway(url, numbers), traces])


def heard_run(telemetry: Listeners) -> float:
    """Return how many seconds a run takes that pushes after each of two runs."""
    started = time.perf_counter()
    world = heard_world(telemetry)
    for number in range(2):
        run(world, f"run-{number}")
        telemetry.push()
    return time.perf_counter() - started


def test_a_collector_that_is_gone_is_warned_of_once(caplog: pytest.LogCaptureFixture) -> None:
    heard_run(all_three("http://127.0.0.1:9"))
    told = [text for text in caplog.messages if "telemetry goes nowhere" in text]
    assert len(told) == 2
    assert any("MMRAG_PUSHGATEWAY_URL=http://127.0.0.1:9" in text for text in told)
    assert any("MMRAG_OTLP_ENDPOINT=http://127.0.0.1:9" in text for text in told)


def test_one_that_hangs_holds_a_run_up_for_one_timeout_each() -> None:
    alone = heard_run(Listeners())
    with listening(hangs=True) as hanging:
        took = heard_run(all_three(hanging.url))
    assert took < alone + 2 * TIMEOUT_S + 2


def test_no_free_port_is_warned_of_and_nothing_else(caplog: pytest.LogCaptureFixture) -> None:
    with listening() as taken:
        port = int(taken.url.rpartition(":")[2])
        assert serve_page(Numbers(), "127.0.0.1", [port]) is None
    (told,) = caplog.messages
    assert f"127.0.0.1:{port}" in told


def test_one_that_was_gone_is_tried_again_after_a_rest(caplog: pytest.LogCaptureFixture) -> None:
    now, calls = [0.0], list[float]()
    frail = Frail("it", clock=lambda: now[0])

    def fail() -> bool:
        calls.append(now[0])
        return False

    for now[0] in (0.0, 1.0, REST_S - 1, REST_S + 1):
        frail.tried(fail)
    assert calls == [0.0, REST_S + 1]
    assert len(caplog.messages) == 1


def test_what_could_not_be_sent_is_kept_for_the_next_time() -> None:
    numbers = Numbers()
    numbers.record(STATION_ROWS, 5, "pages", "shop")
    gateway = Gateway("http://127.0.0.1:9", numbers)
    gateway.push()
    assert numbers.changed() == [(("station", "pages"), ("domain", "shop"))]

"""Who listens may be gone or hang: it is warned of once, and nothing fails or waits for long."""

import subprocess
import sys
import threading
import time
from functools import partial

import pytest

from mmrag_pipeline.metrics import STATION_ROWS
from mmrag_pipeline.observing.frail import REST_S, TIMEOUT_S, Frail
from mmrag_pipeline.observing.listeners import Listeners
from mmrag_pipeline.observing.numbers import Gateway, Numbers, serve_page
from mmrag_pipeline.observing.traces import Traces
from tests.observing.listening import listening
from tests.observing.worlds import heard_world, run

_ENDS = """
import atexit, sys, time
from mmrag_pipeline.observing.traces import Traces

ended = []
atexit.register(lambda: print(time.perf_counter() - ended[0]))
traces = Traces(sys.argv[1], {})
for _ in range(int(sys.argv[2])):
    with traces.span("pages", {}, ""):
        pass
ended.append(time.perf_counter())
"""
"""Prints how long a process takes to end."""


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


def heard(url: str) -> Listeners:
    """Return everyone who listens at an address, with three groups and a span to send."""
    telemetry = all_three(url)
    for station in ("pages", "tiles", "ocr"):
        telemetry.record(STATION_ROWS, 5, station, "shop")
    with telemetry.span("pages"):
        pass
    return telemetry


def pushed(telemetry: Listeners) -> float:
    """Return how many seconds a push takes."""
    started = time.perf_counter()
    telemetry.push()
    return time.perf_counter() - started


def test_one_that_hangs_holds_a_run_up_for_one_timeout_in_all() -> None:
    alone = heard_run(Listeners())
    with listening(hangs=True) as hanging:
        took = heard_run(all_three(hanging.url))
    assert took < alone + TIMEOUT_S + 1.5


def test_one_that_answers_a_byte_a_second_is_left_alone_after_one_timeout(
    caplog: pytest.LogCaptureFixture,
) -> None:
    with listening(drips=True) as dripping:
        telemetry = heard(dripping.url)
        assert pushed(telemetry) < TIMEOUT_S + 1
        telemetry.record(STATION_ROWS, 6, "pages", "shop")
        assert pushed(telemetry) < 0.5
    assert sum("was not done within 2 s" in text for text in caplog.messages) == 2


def test_one_that_is_slow_is_waited_for_once_and_not_for_each_group() -> None:
    with listening(slow_s=1.5) as slow:
        assert pushed(heard(slow.url)) < TIMEOUT_S + 1


def test_one_that_drips_does_not_hold_the_end_of_a_process() -> None:
    with listening(drips=True) as dripping:
        told = [sys.executable, "-c", _ENDS, dripping.url, "1"]
        done = subprocess.run(told, check=True, capture_output=True, timeout=60)
    assert float(done.stdout) < TIMEOUT_S + 1


def test_what_has_ended_is_sent_at_the_end_of_a_process() -> None:
    with listening() as collector:
        subprocess.run([sys.executable, "-c", _ENDS, collector.url, "1"], check=True, timeout=60)
        assert [span.name for span in collector.spans] == ["pages"]


def test_of_calls_that_do_not_end_there_is_one_at_a_time() -> None:
    over, calls = threading.Event(), list[int]()
    frail = Frail("it")

    def hang(number: int) -> None:
        calls.append(number)
        over.wait(30)

    first, second = (frail.begun(partial(hang, number)) for number in range(2))
    second.join(TIMEOUT_S + 2)
    assert (first.is_alive(), second.is_alive(), calls) == (True, False, [0])
    over.set()


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
    assert [*numbers.changed()] == [(("station", "pages"), ("domain", "shop"))]


def test_what_is_recorded_while_its_group_is_sent_goes_the_next_time() -> None:
    numbers = Numbers()
    numbers.record(STATION_ROWS, 5, "pages", "shop")
    ((group, times),) = numbers.changed().items()
    numbers.record(STATION_ROWS, 6, "pages", "shop")
    numbers.sent(group, times)
    assert [*numbers.changed()] == [group]

"""A signal that asks a command to end is never lost."""

import signal
import threading
from collections.abc import Callable

import pytest

from mmrag_pipeline.interrupts import Interrupted, Watch, raised

BOTH = pytest.mark.parametrize(("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])


@BOTH
def test_a_signal_ends_the_block(number: int, status: int) -> None:
    with pytest.raises(Interrupted) as caught, raised():
        signal.raise_signal(number)
    assert caught.value.exit_status == status


def test_handlers_are_what_they_were_after_the_block() -> None:
    before = signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)
    with raised():
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
    assert (signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)) == before


@BOTH
def test_a_watch_sees_a_signal_that_a_library_swallows(number: int, status: int) -> None:
    with pytest.raises(Interrupted) as caught, raised(), Watch():
        _send(number, lambda *_: None)
    assert caught.value.exit_status == status


def test_a_watch_can_be_asked_before_its_end() -> None:
    with pytest.raises(Interrupted), raised(), Watch() as watch:
        assert _send(signal.SIGINT, lambda *_: None) < watch.first


def test_what_a_library_makes_of_a_signal_gives_way() -> None:
    with pytest.raises(Interrupted) as caught, raised(), Watch():
        _send(signal.SIGINT, signal.default_int_handler)
    assert isinstance(caught.value.__cause__, KeyboardInterrupt)


def test_the_first_of_two_signals_counts() -> None:
    with pytest.raises(Interrupted) as caught, raised(), Watch() as watch:
        _send_both(watch)
    assert caught.value.number == signal.SIGTERM


def test_without_a_signal_a_watch_stops_nothing() -> None:
    with raised(), Watch() as watch:
        watch.check()
    assert signal.set_wakeup_fd(-1) == -1


def test_another_thread_may_do_the_same() -> None:
    ended: list[int] = []
    thread = threading.Thread(target=lambda: ended.append(_first_of_nothing()))
    thread.start()
    thread.join()
    assert ended == [0]


def _send(number: int, handler: Callable[..., object]) -> int:
    signal.signal(number, handler)
    signal.raise_signal(number)
    return 0


def _send_both(watch: Watch) -> None:
    for number in (signal.SIGTERM, signal.SIGINT):
        _send(number, lambda *_: None)
        assert watch.first


def _first_of_nothing() -> int:
    with raised(), Watch() as watch:
        return watch.first

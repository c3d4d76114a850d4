"""The pool answers like the parsers do, and no file can take it down."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import psutil  # type: ignore[import-untyped]  # it ships no types
import pytest

from mmrag_pipeline.errors import MmragError, ParseError
from mmrag_pipeline.parsing.images import image_pixels, parse_image
from mmrag_pipeline.parsing.media import PDF, PLAIN
from mmrag_pipeline.parsing.pool import ParserPool, limits_of
from mmrag_pipeline.ports import PageReader
from mmrag_pipeline.records import ParsedFile
from mmrag_pipeline.settings import Settings
from tests.parsing.crashing_worker import GOOD
from tests.parsing.samples import empty_pages, encoded, halves, noise, text_pdf, words

SETTINGS = Settings.model_validate(
    {"parse_workers": 2, "parse_memory_bytes": 2**28, "decode_side_px": 512, "max_pages": 20}
)
CRASHING = (sys.executable, "-P", "-m", "tests.parsing.crashing_worker")


@pytest.fixture(scope="module")
def pool() -> Iterator[ParserPool]:
    """A pool of real parsers."""
    with ParserPool(SETTINGS) as opened:
        yield opened


@pytest.fixture(scope="module")
def shaky() -> Iterator[ParserPool]:
    """A pool of one process that misbehaves on order."""
    settings = SETTINGS.model_copy(update={"parse_workers": 1, "parse_timeout_s": 2.0})
    with ParserPool(settings, program=CRASHING) as opened:
        yield opened


def error_of(pool: ParserPool, order: bytes) -> ParseError:
    """Return how a file fails."""
    with pytest.raises(ParseError) as caught:
        pool.parse_file(order, PLAIN)
    return caught.value


def pid_of(pool: ParserPool) -> int:
    """Return the process that answers."""
    return pool.parse_file(b"pid", PLAIN).problems[0].page_no


def test_a_picture_comes_back_as_the_parser_made_it(pool: ParserPool) -> None:
    reader: PageReader = pool
    data = encoded(noise(700, 90), "PNG")
    (shown,) = reader.pixels(data, ["frame:0"])
    expected = image_pixels(data, limits_of(SETTINGS))
    page = parse_image(data, limits_of(SETTINGS))
    assert reader.parse_file(data, "image/png") == ParsedFile((page,))
    assert np.array_equal(shown.pixels, expected.pixels)
    assert shown.pixels.flags.c_contiguous
    assert shown.scale == expected.scale


def test_pixels_come_in_the_order_asked_for(pool: ParserPool) -> None:
    data = text_pdf(words(b"one"), words(b"two"))
    rasters = [page.raster for page in pool.parse_file(data, PDF).pages]
    first, second, again = pool.pixels(data, [*rasters, rasters[0]])
    assert np.array_equal(first.pixels, again.pixels)
    assert not np.array_equal(first.pixels, second.pixels)


def test_lines_and_boxes_survive_the_way_back(pool: ParserPool) -> None:
    (page,) = pool.parse_file(text_pdf(words(b"cafe \\(5\\)")), PDF).pages
    assert [line.text for line in page.lines] == ["cafe (5)"]
    assert page.lines[0].box is not None


def test_a_bad_page_is_reported_beside_the_good_ones(pool: ParserPool) -> None:
    data = text_pdf(words(b"one"), words(b"two")).replace(
        b"/MediaBox [0 0 200 100] /Contents 7", b"/MediaBox [0 0 2000 .1] /Contents 7"
    )
    parsed = pool.parse_file(data, PDF)
    assert [page.page_no for page in parsed.pages] == [1]
    assert [problem.page_no for problem in parsed.problems] == [2]


@pytest.mark.parametrize(
    ("data", "media_type", "reason"),
    [
        (b"", "image/png", "empty"),
        (b"PK", "application/zip", "unsupported"),
        (b"\0\0", PLAIN, "corrupt"),
        (encoded(noise(), "JPEG")[:900], "image/jpeg", "truncated"),
        (empty_pages(21), PDF, "too_large"),
    ],
)
def test_a_refusal_keeps_its_reason(
    pool: ParserPool, data: bytes, media_type: str, reason: str
) -> None:
    with pytest.raises(ParseError) as caught:
        pool.parse_file(data, media_type)
    assert (caught.value.reason, caught.value.transient) == (reason, False)


def test_no_rasters_cost_nothing(pool: ParserPool) -> None:
    assert pool.pixels(b"anything", []) == []


@pytest.mark.parametrize(
    ("order", "clue"), [(b"segfault", "SIGSEGV"), (b"exit", "exit code 3"), (b"hush", "answering")]
)
def test_a_crash_costs_one_file_and_says_how(shaky: ParserPool, order: bytes, clue: str) -> None:
    error = error_of(shaky, order)
    assert (error.reason, error.transient) == ("crashed", False)
    assert clue in str(error)
    assert shaky.parse_file(b"good", PLAIN).pages == (GOOD,)


@pytest.fixture
def deaf() -> Iterator[None]:
    """Let this process ignore SIGTERM, which the processes it starts inherit."""
    before = signal.signal(signal.SIGTERM, signal.SIG_IGN)
    yield
    signal.signal(signal.SIGTERM, before)


@pytest.mark.usefixtures("deaf")
def test_a_parser_heeds_signals_that_its_parent_ignores() -> None:
    settings = SETTINGS.model_copy(update={"parse_workers": 1})
    with ParserPool(settings, program=CRASHING) as opened:
        assert "SIGTERM" in str(error_of(opened, b"terminate"))


@pytest.mark.parametrize(("order", "clue"), [(b"kill", "SIGKILL"), (b"terminate", "SIGTERM")])
def test_a_process_ended_from_outside_may_be_tried_again(
    shaky: ParserPool, order: bytes, clue: str
) -> None:
    error = error_of(shaky, order)
    assert (error.reason, error.transient) == ("killed", True)
    assert clue in str(error)


def test_a_file_of_endless_lines_is_refused_before_it_fills_memory(shaky: ParserPool) -> None:
    assert error_of(shaky, b"lines").reason == "too_large"
    assert shaky.parse_file(b"good", PLAIN).pages == (GOOD,)


def test_a_hang_ends_at_the_timeout_and_may_be_tried_again(shaky: ParserPool) -> None:
    pid = pid_of(shaky)
    error = error_of(shaky, b"hang")
    assert (error.reason, error.transient) == ("timeout", True)
    assert not psutil.pid_exists(pid)
    assert shaky.parse_file(b"good", PLAIN).pages == (GOOD,)


def test_a_process_ended_by_its_own_alarm_is_a_timeout(shaky: ParserPool) -> None:
    error = error_of(shaky, b"wait for the kernel")
    assert (error.reason, error.transient) == ("timeout", True)


def test_a_memory_blow_up_costs_one_file_and_the_process(shaky: ParserPool) -> None:
    pid = pid_of(shaky)
    assert error_of(shaky, b"blow up").reason == "out_of_memory"
    assert not psutil.pid_exists(pid)


@pytest.mark.parametrize("order", [b"lie", b"flood"])
def test_a_false_answer_is_not_believed(shaky: ParserPool, order: bytes) -> None:
    assert error_of(shaky, order).reason == "crashed"


def test_a_file_is_not_blamed_for_what_an_earlier_one_broke(shaky: ParserPool) -> None:
    assert shaky.parse_file(b"good", PLAIN).pages == (GOOD,)
    assert shaky.parse_file(b"crash unless first", PLAIN).pages == (GOOD,)


def test_what_native_code_prints_does_not_reach_the_pool(shaky: ParserPool) -> None:
    assert shaky.parse_file(b"print", PLAIN).pages == (GOOD,)


def test_a_document_whose_pages_are_all_slow_is_a_timeout() -> None:
    settings = SETTINGS.model_copy(update={"parse_timeout_s": 0.55})
    with ParserPool(settings, program=CRASHING) as strict:
        strict.parse_file(b"good", PLAIN)
        assert error_of(strict, b"slow pages").reason == "timeout"


def test_one_process_serves_small_work(pool: ParserPool) -> None:
    with ParserPool(SETTINGS, program=CRASHING) as calm:
        assert len({pid_of(calm) for _ in range(5)}) == 1


def test_threads_share_the_pool(shaky: ParserPool, pool: ParserPool) -> None:
    data = encoded(noise(), "PNG")
    with ThreadPoolExecutor(6) as threads:
        found = list(threads.map(lambda _: pool.pixels(data, ["frame:0"])[0].pixels, range(60)))
    assert all(np.array_equal(pixels, np.asarray(noise())) for pixels in found)


def test_a_closed_pool_leaves_no_process_and_takes_no_work() -> None:
    with ParserPool(SETTINGS, program=CRASHING) as short:
        pid = pid_of(short)
    assert not psutil.pid_exists(pid)
    with pytest.raises(MmragError, match="closed"):
        short.parse_file(b"good", PLAIN)


def test_a_pool_that_is_forgotten_leaves_no_process() -> None:
    forgotten = ParserPool(SETTINGS, program=CRASHING)
    pid = pid_of(forgotten)
    del forgotten
    assert not psutil.pid_exists(pid)


def test_a_process_that_does_not_start_is_an_error_of_the_installation() -> None:
    with (
        ParserPool(SETTINGS, program=(sys.executable, "-c", "raise SystemExit(1)")) as broken,
        pytest.raises(MmragError, match="does not start"),
    ):
        broken.parse_file(b"good", PLAIN)


@pytest.mark.parametrize("order", ["pid", "hang"])
def test_a_killed_parent_leaves_no_orphan(order: str) -> None:
    script = f"""
import sys
from mmrag_pipeline.parsing.pool import ParserPool
from mmrag_pipeline.settings import Settings
pool = ParserPool(Settings(), program={CRASHING!r})
print(pool.parse_file(b"pid", "text/plain").problems[0].page_no, flush=True)
pool.parse_file({order.encode()!r}, "text/plain")
sys.stdin.read()
"""
    parent = subprocess.Popen(
        [sys.executable, "-c", script], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    with parent:
        assert parent.stdout is not None
        worker = psutil.Process(int(parent.stdout.readline()))
        parent.kill()
    assert worker.wait(timeout=5) is None or not worker.is_running()


def test_the_real_parser_sees_no_secrets(pool: ParserPool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "hush")
    with ParserPool(SETTINGS, program=CRASHING) as fresh:
        process = psutil.Process(pid_of(fresh))
        assert "AWS_SECRET_ACCESS_KEY" not in process.environ()
        assert process.cwd() == "/"
        assert os.getsid(process.pid) != os.getsid(0)


def test_a_process_is_bounded_in_memory_and_dumps_no_core() -> None:
    with ParserPool(SETTINGS, program=CRASHING) as fresh:
        process = psutil.Process(pid_of(fresh))
        most = process.rlimit(psutil.RLIMIT_AS)[1]
        assert SETTINGS.parse_memory_bytes < most < SETTINGS.parse_memory_bytes + 2**30
        assert process.rlimit(psutil.RLIMIT_CORE) == (0, 0)


def test_a_large_jpeg_is_never_decoded_in_full() -> None:
    data = encoded(halves(5_000, 5_000), "JPEG")
    tight = SETTINGS.model_copy(update={"parse_memory_bytes": 2**26})
    with ParserPool(tight) as small:
        (page,) = small.parse_file(data, "image/jpeg").pages
        (shown,) = small.pixels(data, [page.raster])
    assert (page.width_px, shown.pixels.shape) == (5_000, (512, 512, 3))


def test_calls_wait_for_a_free_process(shaky: ParserPool) -> None:
    shaky.parse_file(b"good", PLAIN)
    slow = threading.Thread(target=shaky.parse_file, args=(b"slow pages", PLAIN))
    slow.start()
    time.sleep(0.1)
    started = time.monotonic()
    assert pid_of(shaky) > 0
    assert time.monotonic() - started > 0.2
    slow.join()

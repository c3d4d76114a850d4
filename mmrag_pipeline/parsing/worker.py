"""The parser process: reads requests from a pipe, parses, answers; expendable by design."""

import gc
import json
import os
import resource
import select
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from mmrag_pipeline.errors import ItemError, ParseError
from mmrag_pipeline.parsing.dispatch import parse, pixels
from mmrag_pipeline.parsing.frames import (
    DONE,
    ERROR,
    PAGE,
    PIXELS,
    PROBLEM,
    READY,
    Body,
    Channel,
    ChannelClosedError,
    Frame,
)
from mmrag_pipeline.parsing.limits import Limits
from mmrag_pipeline.parsing.wire import error_body, page_body, pixels_body, problem_body
from mmrag_pipeline.records import PagePixels, PageProblem, ParsedPage

_MAX_REQUEST_BYTES = 2**40
_GRACE_S = 5.0
Result = ParsedPage | PageProblem | PagePixels
Handler = Callable[[Frame, Limits], Iterator[Result]]


@dataclass(frozen=True, slots=True)
class _Answer:
    kind: bytes
    body: Body
    blob: bytes | memoryview = b""


def handle(request: Frame, limits: Limits) -> Iterator[Result]:
    """Yield the pages of a file, or the pixels of the rasters a request names."""
    data = bytes(request.blob)
    request.blob.clear()
    rasters = request.body.get("rasters")
    if isinstance(rasters, list):
        yield from pixels(data, [str(raster) for raster in rasters], limits)
    else:
        yield from parse(data, str(request.body.get("media_type")), limits)


def serve(handler: Handler, limits: Limits) -> None:
    """Answer requests until the parent goes away."""
    channel = _private_channel()
    threading.Thread(target=_leave_with_parent, daemon=True).start()
    _confine(limits)
    channel.send(READY, {}, deadline=None)
    while True:
        try:
            request = channel.receive(None)
        except ChannelClosedError:
            return
        for answer in _answers(handler, request, limits):
            channel.send(answer.kind, answer.body, blob=answer.blob, deadline=None)


def _answers(handler: Handler, request: Frame, limits: Limits) -> Iterator[_Answer]:
    _arm(limits)
    try:
        for result in handler(request, limits):
            yield _answer(result)
            _arm(limits)
        yield _Answer(DONE, {})
    except Exception as error:
        yield _Answer(ERROR, error_body(_parse_error(error, limits)))
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)


def _answer(result: Result) -> _Answer:
    match result:
        case ParsedPage():
            return _Answer(PAGE, page_body(result))
        case PageProblem():
            return _Answer(PROBLEM, problem_body(result))
        case PagePixels():
            return _Answer(PIXELS, pixels_body(result), result.pixels.data.cast("B"))


def _parse_error(error: Exception, limits: Limits) -> ParseError:
    if isinstance(error, ItemError):
        return ParseError(str(error), reason=error.reason)
    if isinstance(error, MemoryError):
        gc.collect()
        return ParseError(
            f"reading it needs more than MMRAG_PARSE_MEMORY_BYTES={limits.memory_bytes}: "
            "raise it or make the file smaller",
            reason="out_of_memory",
        )
    return ParseError(
        f"the parser could not make sense of it ({type(error).__name__}: {error}): "
        "save or export it again",
        reason="corrupt",
    )


def _private_channel() -> Channel:
    """Return the channel over the standard streams, which native code then cannot write to."""
    read_fd, write_fd = os.dup(0), os.dup(1)
    os.dup2(2, 1)
    return Channel(read_fd, write_fd, max_blob_bytes=_MAX_REQUEST_BYTES)


def _leave_with_parent() -> None:
    """End this process as soon as the parent's end of the request pipe closes."""
    poll = select.poll()
    poll.register(0, 0)
    poll.poll()
    os._exit(0)


def _confine(limits: Limits) -> None:
    """Bound memory by the present size plus the limit; no core dumps, no files written."""
    with open("/proc/self/statm") as statm:
        base = int(statm.read().split()[0]) * resource.getpagesize()
    most = base + limits.memory_bytes
    resource.setrlimit(resource.RLIMIT_AS, (most, most))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))


def _arm(limits: Limits) -> None:
    """Let the kernel end this process should a page hang and the parent be gone, too."""
    signal.setitimer(signal.ITIMER_REAL, limits.timeout_s + _GRACE_S)


def main(handler: Handler = handle) -> None:
    """Serve with the limits given as JSON in the first argument."""
    for number in (signal.SIGTERM, signal.SIGALRM):
        signal.signal(number, signal.SIG_DFL)  # a parent that ignores them must not spare us
    serve(handler, Limits(**json.loads(sys.argv[1])))


if __name__ == "__main__":
    main()

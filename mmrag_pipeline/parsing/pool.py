"""Parser processes behind the PageReader port: a crash, hang or blow-up costs one file."""

import os
import weakref
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from threading import BoundedSemaphore
from types import TracebackType
from typing import Self, TypeVar

from mmrag_pipeline.errors import MmragError, ParseError
from mmrag_pipeline.parsing.frames import PAGE, PIXELS, PROBLEM, Body, Frame, FrameError
from mmrag_pipeline.parsing.limits import Limits
from mmrag_pipeline.parsing.media import check_input
from mmrag_pipeline.parsing.process import PROGRAM, ParserProcess
from mmrag_pipeline.parsing.wire import page_of, pixels_of, problem_of
from mmrag_pipeline.records import PagePixels, PageProblem, ParsedFile, ParsedPage
from mmrag_pipeline.settings import Settings

_MAYBE_ANOTHERS_FAULT = ("crashed", "killed", "out_of_memory")
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class _Call:
    body: Body
    data: bytes
    at_most: int


class ParserPool:
    """PageReader over up to `parse_workers` processes, started when first needed.

    Threads may share it; each call takes a free process or waits for one.
    """

    def __init__(self, settings: Settings, *, program: tuple[str, ...] = PROGRAM) -> None:
        self._limits = limits_of(settings)
        self._program = program
        self._slots = BoundedSemaphore(settings.parse_workers)
        self._idle: deque[ParserProcess] = deque()
        self._closed = False
        self._finish = weakref.finalize(self, _close_idle, self._idle, os.getpid())

    def parse_file(self, data: bytes, media_type: str) -> ParsedFile:
        """Return the pages of a file and what is wrong with the others.

        Raises ParseError: empty, unsupported, truncated, corrupt, encrypted, too_large,
        out_of_memory, crashed or (transient) timeout, killed.
        """
        check_input(data, media_type)
        call = _Call({"media_type": media_type}, data, self._limits.max_pages)
        found = self._ask(call, read=_page_or_problem)
        return ParsedFile(
            tuple(item for item in found if isinstance(item, ParsedPage)),
            tuple(item for item in found if isinstance(item, PageProblem)),
        )

    def pixels(self, data: bytes, rasters: Sequence[str]) -> list[PagePixels]:
        """Return the pixels of some pages of one file, in order; raises ParseError.

        All of them are in memory at once: ask for few pages of a long document at a time.
        """
        if not rasters:
            return []
        call = _Call({"rasters": list(rasters)}, data, len(rasters))
        found = self._ask(call, read=_picture)
        if len(found) != len(rasters):
            raise ParseError(
                f"the parser drew {len(found)} of {len(rasters)} pages: run again",
                reason="crashed",
            )
        return found

    def close(self) -> None:
        """End all processes; calls under way finish first with their own."""
        self._closed = True
        self._finish()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def _ask(self, call: _Call, *, read: Callable[[Frame], T]) -> list[T]:
        with self._slots:
            process = self._take()
            seasoned = process.served > 0
            try:
                return self._ask_one(process, call, read=read)
            except ParseError as error:
                if not seasoned or error.reason not in _MAYBE_ANOTHERS_FAULT:
                    raise
            # An earlier file may have damaged or filled that process: blame this one
            # only when a fresh process fails on it, too.
            return self._ask_one(self._start(), call, read=read)

    def _ask_one(
        self, process: ParserProcess, call: _Call, *, read: Callable[[Frame], T]
    ) -> list[T]:
        try:
            return process.ask(call.body, call.data, read=read, at_most=call.at_most)
        finally:
            if process.usable and not self._closed:
                self._idle.append(process)
            elif process.usable:
                process.close()

    def _take(self) -> ParserProcess:
        try:
            return self._idle.pop()
        except IndexError:
            return self._start()

    def _start(self) -> ParserProcess:
        if self._closed:
            raise MmragError("the parser pool is closed: open another one")
        return ParserProcess(self._limits, self._program)


def limits_of(settings: Settings) -> Limits:
    """Return the bounds that a parser process keeps."""
    return Limits(
        max_pages=settings.max_pages,
        max_page_pixels=settings.max_page_pixels,
        decode_side_px=settings.decode_side_px,
        pdf_dpi=settings.pdf_dpi,
        memory_bytes=settings.parse_memory_bytes,
        timeout_s=settings.parse_timeout_s,
    )


def _close_idle(idle: deque[ParserProcess], owner_pid: int) -> None:
    if os.getpid() != owner_pid:
        return
    while idle:
        idle.pop().close()


def _page_or_problem(frame: Frame) -> ParsedPage | PageProblem:
    if frame.kind == PAGE:
        return page_of(frame.body)
    if frame.kind == PROBLEM:
        return problem_of(frame.body)
    raise FrameError(f"a frame of kind {frame.kind!r} instead of a page")


def _picture(frame: Frame) -> PagePixels:
    if frame.kind != PIXELS:
        raise FrameError(f"a frame of kind {frame.kind!r} instead of a picture")
    return pixels_of(frame)

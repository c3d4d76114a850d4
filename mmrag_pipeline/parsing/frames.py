"""Frames between parent and parser process: a fixed header, JSON and raw bytes, all bounded.

Nothing is unpickled: what a process that read hostile bytes sends is data to be checked.
"""

import json
import os
import select
import struct
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from mmrag_pipeline.errors import MmragError
from mmrag_pipeline.ids import Json

_HEADER = struct.Struct("<4scIQ")
_MAGIC = b"MMP1"
MAX_JSON_BYTES = 64 * 2**20
PIPE_BYTES = 2**20
READY, REQUEST, PAGE, PROBLEM, PIXELS, ERROR, DONE = b"R", b"Q", b"G", b"B", b"I", b"E", b"D"
Body = Mapping[str, Json]


class ChannelClosedError(MmragError):
    """The other side is gone."""


class FrameError(MmragError):
    """The other side sent something that is not a frame we accept."""


class DeadlineError(MmragError):
    """The other side did not answer in time."""


@dataclass(frozen=True, slots=True)
class Frame:
    """One message: its kind, a JSON object and its size, and the raw bytes beside it."""

    kind: bytes
    body: Body
    blob: bytearray
    json_bytes: int


class Channel:
    """Two pipe ends that carry frames; every wait ends at a deadline (monotonic seconds)."""

    def __init__(self, read_fd: int, write_fd: int, *, max_blob_bytes: int) -> None:
        self._read_fd, self._write_fd = read_fd, write_fd
        self._max_blob_bytes = max_blob_bytes
        os.set_blocking(read_fd, False)
        os.set_blocking(write_fd, False)

    def send(
        self, kind: bytes, body: Body, *, blob: bytes | memoryview = b"", deadline: float | None
    ) -> None:
        """Send one frame; raises ChannelClosedError or DeadlineError."""
        text = json.dumps(body, separators=(",", ":")).encode()
        header = _HEADER.pack(_MAGIC, kind, len(text), len(blob))
        left = [memoryview(header + text), memoryview(blob).cast("B")]
        while left:
            try:
                sent = os.writev(self._write_fd, left)
            except BlockingIOError:
                _wait(self._write_fd, select.POLLOUT, deadline)
            except OSError as error:
                raise ChannelClosedError(f"cannot send to the parser: {error}") from error
            else:
                left = _after(left, sent)

    def receive(self, deadline: float | None) -> Frame:
        """Return the next frame; raises ChannelClosedError, DeadlineError or FrameError."""
        header = bytearray(_HEADER.size)
        self._fill([header], deadline)
        magic, kind, text_bytes, blob_bytes = _HEADER.unpack(header)
        if magic != _MAGIC or text_bytes > MAX_JSON_BYTES or blob_bytes > self._max_blob_bytes:
            raise FrameError(f"refused a frame header {bytes(header).hex()} from the parser")
        text, blob = bytearray(text_bytes), bytearray(blob_bytes)
        self._fill([text, blob], deadline)
        return Frame(kind, _object(text), blob, text_bytes)

    def _fill(self, buffers: Sequence[bytearray], deadline: float | None) -> None:
        left = [memoryview(buffer) for buffer in buffers if buffer]
        while left:
            try:
                got = os.readv(self._read_fd, left)
            except BlockingIOError:
                _wait(self._read_fd, select.POLLIN, deadline)
                continue
            if not got:
                raise ChannelClosedError("the other side closed the pipe")
            left = _after(left, got)


def _after(buffers: Sequence[memoryview], done: int) -> list[memoryview]:
    """Return what is left of buffers once `done` bytes went through."""
    left = []
    for buffer in buffers:
        if done < len(buffer):
            left.append(buffer[done:])
        done = max(0, done - len(buffer))
    return left


def _wait(fd: int, event: int, deadline: float | None) -> None:
    poll = select.poll()
    poll.register(fd, event)
    left_ms = None if deadline is None else max(0.0, (deadline - time.monotonic()) * 1000)
    if not poll.poll(left_ms):
        raise DeadlineError("the parser did not answer in time")


def _object(text: bytearray) -> Body:
    try:
        value = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise FrameError(f"the parser sent no JSON: {error}") from error
    if not isinstance(value, dict):
        raise FrameError("the parser sent JSON that is not an object")
    return value

"""A server that speaks OpenAI's chat completions, and answers as it is told."""

import json
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any


@dataclass(frozen=True, slots=True)
class Reply:
    """One answer; `parts` are sent one after the other, `pause_s` before each."""

    parts: tuple[bytes, ...]
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    pause_s: float = 0.0


@dataclass(frozen=True, slots=True)
class ChatServer:
    """Where the server is and what it was asked."""

    url: str
    asked: list[tuple[Mapping[str, str], Any]]
    """(headers by lower-case name, body) of each request."""


def plain(text: object, *, finish: str = "stop") -> Reply:
    """Return a whole answer."""
    message = {"role": "assistant", "content": text}
    choice = {"index": 0, "message": message, "finish_reason": finish}
    return _json(_reply("chat.completion", [choice], usage=True))


def streamed(*texts: str, finish: str | None = "stop", pause_s: float = 0.0) -> Reply:
    """Return an answer in pieces with its usage at the end; without `finish` it breaks off."""
    chunks = [_chunk({"content": text}) for text in texts]
    if finish:
        chunks += [_chunk({}, finish), _reply("chat.completion.chunk", [], usage=True)]
    parts = [f"data: {json.dumps(chunk)}\n\n".encode() for chunk in chunks]
    end = [b"data: [DONE]\n\n"] if finish else []
    return Reply((*parts, *end), headers={"Content-Type": "text/event-stream"}, pause_s=pause_s)


def raw(body: bytes, *, kind: str = "application/json") -> Reply:
    """Return any bytes."""
    return Reply((body,), headers={"Content-Type": kind})


def no_choices() -> Reply:
    """Return an answer without any."""
    return _json(_reply("chat.completion", [], usage=False))


def refusal(status: int, message: str = "no", **headers: str) -> Reply:
    """Return an error as such servers word it; `retry_after` is a header."""
    body = json.dumps({"error": {"message": message}}).encode()
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Reply((body,), status, {"Content-Type": "application/json", **named})


def _json(value: object) -> Reply:
    return raw(json.dumps(value).encode())


def _reply(kind: str, choices: list[Any], *, usage: bool) -> dict[str, Any]:
    counts = {"prompt_tokens": 120, "completion_tokens": 8, "total_tokens": 128}
    head = {"id": "c1", "object": kind, "created": 1, "model": "stub", "choices": choices}
    return {**head, "usage": counts if usage else None}


def _chunk(delta: dict[str, str], finish: str | None = None) -> dict[str, Any]:
    choice = {"index": 0, "delta": delta, "finish_reason": finish}
    return _reply("chat.completion.chunk", [choice], usage=False)


@contextmanager
def chat_server(*replies: Reply) -> Iterator[ChatServer]:
    """Answer requests one after the other; the last reply is repeated."""
    asked: list[tuple[Mapping[str, str], Any]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            reply = replies[min(len(asked), len(replies) - 1)]
            asked.append(({k.lower(): v for k, v in self.headers.items()}, body))
            self.send_response(reply.status)
            for name, value in reply.headers.items():
                self.send_header(name, value)
            self.end_headers()
            _send(self, reply.parts, reply.pause_s)

        def log_message(self, format: str, *args: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield ChatServer(f"http://127.0.0.1:{server.server_port}/v1", asked)
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def _send(handler: BaseHTTPRequestHandler, parts: Sequence[bytes], pause_s: float) -> None:
    for part in parts:
        time.sleep(pause_s)
        try:
            handler.wfile.write(part)
            handler.wfile.flush()
        except OSError:  # whoever asked has gone
            return

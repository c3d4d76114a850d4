"""A local server that stands in for a Pushgateway and for a collector of spans."""

import gzip
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import cast

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span


@dataclass
class Listener:
    """Where it listens and what it was sent: (method, path, headers, body)."""

    url: str
    hangs: threading.Event | None = None
    drips: threading.Event | None = None
    slow_s: float = 0.0
    got: list[tuple[str, str, dict[str, str], bytes]] = field(default_factory=list)

    @property
    def spans(self) -> list[Span]:
        """Return the spans it was sent."""
        found = []
        for _, path, headers, body in self.got:
            if path == "/v1/traces":
                data = gzip.decompress(body) if headers.get("content-encoding") else body
                sent = ExportTraceServiceRequest.FromString(data)
                found += [s for r in sent.resource_spans for p in r.scope_spans for s in p.spans]
        return found

    @property
    def texts(self) -> dict[str, str]:
        """Return path -> the last text that was sent there."""
        return {path: body.decode() for _, path, _, body in self.got if path != "/v1/traces"}


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    held: Listener


class _Handler(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        held = cast("_Server", self.server).held
        body = self.rfile.read(int(self.headers["Content-Length"]))
        headers = {name.lower(): value for name, value in self.headers.items()}
        held.got.append((self.command, self.path, headers, body))
        if held.hangs:
            held.hangs.wait(30)
        if held.drips:
            self._drip(held.drips)
        time.sleep(held.slow_s)
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def _drip(self, over: threading.Event) -> None:
        """Answer a byte a second: no single wait for it ever takes long."""
        with suppress(OSError):
            for byte in b"HTTP/1.1 200 OK\r\nX-Slow: " + b"y" * 60:
                self.wfile.write(bytes([byte]))
                if over.wait(1):
                    return

    def log_message(self, format: str, *args: object) -> None:
        pass


@contextmanager
def listening(
    *, hangs: bool = False, drips: bool = False, slow_s: float = 0.0
) -> Iterator[Listener]:
    """Listen in a thread until the block ends; one that hangs answers nobody, one that drips late.

    One that is slow takes `slow_s` for each answer.
    """
    with _Server(("127.0.0.1", 0), _Handler) as server:
        over = threading.Event()
        url = f"http://127.0.0.1:{server.server_port}"
        server.held = Listener(url, over if hangs else None, over if drips else None, slow_s)
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield server.held
        finally:
            over.set()
            server.shutdown()
            thread.join()

"""A local server that notes what is posted to it and answers as it is told."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import cast


@dataclass
class Held:
    """What a server answers and what it got."""

    status: int = 200
    location: str = ""
    hold: threading.Event | None = None
    got: list[tuple[str, dict[str, str]]] = field(default_factory=list)


class Server(HTTPServer):
    """A server with something to answer."""

    held: Held

    @property
    def address(self) -> str:
        """Return where it listens."""
        return f"http://127.0.0.1:{self.server_port}"


class Handler(BaseHTTPRequestHandler):
    """Notes what is posted and answers as it was told."""

    def do_POST(self) -> None:
        """Answer a post."""
        held = cast("Server", self.server).held
        body = self.rfile.read(int(self.headers["Content-Length"]))
        held.got.append((self.path, json.loads(body)))
        if held.hold:
            held.hold.wait(10)
        self.send_response(held.status)
        if held.location:
            self.send_header("Location", held.location)
        self.end_headers()

    def do_GET(self) -> None:
        """Note that a redirect was followed."""
        cast("Server", self.server).held.got.append((self.path, {}))
        self.send_response(200)
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


@contextmanager
def serving() -> Iterator[Server]:
    """Serve in a thread until the block ends."""
    with Server(("127.0.0.1", 0), Handler) as made:
        made.held = Held()
        thread = threading.Thread(target=made.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield made
        finally:
            made.shutdown()
            thread.join()

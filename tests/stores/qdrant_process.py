"""A Qdrant of tests on loopback: its gRPC API, backed by qdrant-client's local mode.

It serves from threads of the tests' process; `python -m tests.stores.qdrant_process PORT` serves
from a process of its own. What a server does with an index, segments and replicas is not here:
parameters are kept and told, and change nothing.
"""

import atexit
import functools
import json
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import grpc  # type: ignore[import-untyped]  # it ships no types
import pytest
from qdrant_client import QdrantClient
from qdrant_client import grpc as wire

from tests.stores.qdrant_collections import Collections, Held
from tests.stores.qdrant_points import Points
from tests.stores.qdrant_traffic import Traffic
from tests.stores.self_signed import Certificate

VERSION = "1.20.0"
_TITLE = "qdrant - vector search engine"
_OPTIONS = (
    ("grpc.max_receive_message_length", -1),
    ("grpc.max_send_message_length", -1),
    ("grpc.so_reuseport", 0),
)
_THREADS = 32


class Health(wire.QdrantServicer):
    """The service `qdrant.Qdrant`."""

    def __init__(self, version: str) -> None:
        self._version = version

    def HealthCheck(self, request: wire.HealthCheckRequest, _: Any) -> wire.HealthCheckReply:
        """Return the version."""
        return wire.HealthCheckReply(title=_TITLE, version=self._version)


class Served:
    """A server: where it is, what it was asked (`traffic`), and what it holds."""

    def __init__(self, port: int, version: str, certificate: Certificate | None) -> None:
        self.grpc_port = port
        self.version = version
        self.certificate = certificate
        self.traffic = Traffic()
        self._held = Held()
        self._clients: list[QdrantClient] = []
        self.start()
        self._rest = _rest(version)
        self.url = f"{'http' if certificate is None else 'https'}://127.0.0.1:{self.rest_port}"

    @property
    def rest_port(self) -> int:
        """Return where `GET /` tells the version; never over TLS."""
        return self._rest.server_port

    def client(self, **options: Any) -> QdrantClient:
        """Return a client of this server, closed when the server is."""
        ports = {"url": self.url, "grpc_port": self.grpc_port, "prefer_grpc": True}
        client = QdrantClient(**{**ports, "check_compatibility": False, **options})
        self._clients.append(client)
        return client

    def start(self) -> None:
        """Listen, at the same port as before; what was held is held."""
        server = grpc.server(
            ThreadPoolExecutor(_THREADS), interceptors=(self.traffic,), options=_OPTIONS
        )
        wire.add_CollectionsServicer_to_server(Collections(self._held), server)  # type: ignore[no-untyped-call]  # generated
        wire.add_PointsServicer_to_server(Points(self._held), server)  # type: ignore[no-untyped-call]  # generated
        wire.add_QdrantServicer_to_server(Health(self.version), server)  # type: ignore[no-untyped-call]  # generated
        self.grpc_port = self._bound(server)
        server.start()
        self._server = server

    def stop(self) -> None:
        """Close every connection; open calls get no answer, though their changes may be made."""
        self._server.stop(grace=None).wait()

    def cut(self) -> None:
        """Close every connection and listen again; a client's next call may still fail."""
        self.stop()
        self.start()

    def close(self) -> None:
        """Stop for good."""
        for client in self._clients:
            client.close()
        self.stop()
        for thread in threading.enumerate():
            if "_check_compatibility" in thread.name:
                thread.join()  # a client that asks for the version warns if nobody answers
        self._rest.shutdown()
        self._rest.server_close()

    def _bound(self, server: Any) -> int:
        address = f"127.0.0.1:{self.grpc_port}"
        if self.certificate is None:
            port: int = server.add_insecure_port(address)
            return port
        pair = (self.certificate.private_key, self.certificate.public)
        secured: int = server.add_secure_port(address, grpc.ssl_server_credentials([pair]))
        return secured


@contextmanager
def qdrant(
    *, port: int = 0, version: str = VERSION, certificate: Certificate | None = None
) -> Iterator[Served]:
    """Serve while the block runs; port 0 takes a free one."""
    served = Served(port, version, certificate)
    try:
        yield served
    finally:
        served.close()


@pytest.fixture
def served() -> Iterator[Served]:
    """Give a server of the test's own."""
    with qdrant() as server:
        yield server


@functools.cache
def shared_server() -> Served:
    """Return a server for all tests that drop what they create, started on first use."""
    server = Served(0, VERSION, None)
    atexit.register(server.close)
    return server


def _rest(version: str) -> ThreadingHTTPServer:
    """Serve `GET /`, which clients ask for the version when they are made."""
    body = json.dumps({"title": _TITLE, "version": version}).encode()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200 if self.path == "/" else 404)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    return server


def main(port: int) -> None:
    """Serve until the input ends; the first line says the ports of gRPC and REST."""
    with qdrant(port=port) as served:
        print(served.grpc_port, served.rest_port, flush=True)
        sys.stdin.read()


if __name__ == "__main__":
    main(int(sys.argv[1]))

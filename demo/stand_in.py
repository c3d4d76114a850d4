"""The process of the stand-in: moto on a port, and one address that only its starter knows.

An answer there says that this process has the port, and no other server that was there before.
It is started as a file: `stand_in.py PORT SECRET`.
"""

import sys
from collections.abc import Iterable
from typing import TYPE_CHECKING

from moto.moto_server.werkzeug_app import (
    DomainDispatcherApplication,
    MotoRequestHandler,
    create_backend_app,
)
from werkzeug.serving import run_simple

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIEnvironment


def main(port: int, secret: str) -> None:
    """Serve until the process is ended; it ends by itself when the port is in use."""
    moto = DomainDispatcherApplication(create_backend_app)

    def serve(request: "WSGIEnvironment", answer: "StartResponse") -> Iterable[bytes]:
        if request["PATH_INFO"] == f"/{secret}":
            answer("204 No Content", [])
            return []
        content: Iterable[bytes] = moto(request, answer)
        return content

    run_simple("127.0.0.1", port, serve, threaded=True, request_handler=MotoRequestHandler)


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2])

"""An S3 that answers as it is told: refusals, nonsense, and connections that break."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from xml.sax.saxutils import escape

LISTING = "<ListBucketResult><EncodingType>url</EncodingType>{}</ListBucketResult>"


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer; the connection breaks after `sent` bytes of its body."""

    body: bytes = b""
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    sent: int | None = None


@dataclass(frozen=True, slots=True)
class Canned:
    """Where the server is and what it was asked."""

    url: str
    asked: list[tuple[str, Mapping[str, str]]]
    """(path with query, headers by lower-case name) of each request."""


def refusal(status: int, code: str, message: str = "") -> Answer:
    """Return an error as S3 words it."""
    text = f"<Error><Code>{code}</Code><Message>{escape(message)}</Message></Error>"
    return Answer(text.encode(), status)


def listing(items: str = "", *, more: str = "") -> Answer:
    """Return a page of a listing; `more` is the token of the next one."""
    rest = f"<NextContinuationToken>{more}</NextContinuationToken>" if more else ""
    truncated = f"<IsTruncated>{'true' if more else 'false'}</IsTruncated>"
    return Answer(LISTING.format(items + truncated + rest).encode())


def item(key: str, *, size: int = 1, more: str = "") -> str:
    """Return one object of a listing; `key` as S3 writes it (URL-encoded is allowed)."""
    return (
        f"<Contents><Key>{escape(key)}</Key><LastModified>2024-07-01T10:20:30.000Z</LastModified>"
        f"<ETag>&quot;abc&quot;</ETag><Size>{size}</Size>{more}</Contents>"
    )


@contextmanager
def canned(answers: Sequence[Answer]) -> Iterator[Canned]:
    """Answer requests one after the other; the last answer is repeated."""
    asked: list[tuple[str, Mapping[str, str]]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            self.do_GET()

        def do_GET(self) -> None:
            answer = answers[min(len(asked), len(answers) - 1)]
            asked.append((self.path, {k.lower(): v for k, v in self.headers.items()}))
            self.send_response(answer.status)
            for name, value in {"Content-Length": str(len(answer.body)), **answer.headers}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(answer.body[: answer.sent])

        def log_message(self, format: str, *args: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield Canned(f"http://127.0.0.1:{server.server_port}", asked)
    finally:
        server.shutdown()
        thread.join()
        server.server_close()

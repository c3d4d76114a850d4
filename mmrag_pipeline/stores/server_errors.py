"""What errors of qdrant-client mean for us, in our words.

A log shows the whole chain of causes, and requests hold the API key: raise what `failure_of` says
`from None`, never `from` the client's error.
"""

from collections.abc import Mapping
from dataclasses import dataclass

_REACH = (
    "see that MMRAG_QDRANT_URL names one that runs (gRPC: also MMRAG_QDRANT_GRPC_PORT), and that "
    "this machine may reach it"
)
_KEY = "set MMRAG_QDRANT_API_KEY to a key of this server that may read and write collections"
_TRUST = (
    "its certificate is not trusted: set MMRAG_QDRANT_CA to the certificates (PEM) that signed it, "
    "and see that the host in MMRAG_QDRANT_URL is the one it was made for"
)
_BUSY = "it is busy; it may work again by itself"
_REFUSED = "this server does not take what was asked; its log says more"
_STRANGE = (
    "what answers there speaks another language: see that MMRAG_QDRANT_URL and "
    "MMRAG_QDRANT_GRPC_PORT name a Qdrant server"
)
_NO_GRPC = f"{_STRANGE}, or ask over REST with MMRAG_QDRANT_GRPC=false"
_ADVICE: Mapping[str, str] = {
    **dict.fromkeys(("UNAVAILABLE", "502", "503", "504"), _REACH),
    **dict.fromkeys(("UNAUTHENTICATED", "PERMISSION_DENIED", "401", "403"), _KEY),
    **dict.fromkeys(("RESOURCE_EXHAUSTED", "ABORTED", "429"), _BUSY),
    **dict.fromkeys(
        ("DEADLINE_EXCEEDED", "408"),
        "it took too long; MMRAG_QDRANT_TIMEOUT_S sets how long to wait",
    ),
    **dict.fromkeys(("NOT_FOUND", "UNIMPLEMENTED"), _NO_GRPC),
    **dict.fromkeys(("404", "405"), _STRANGE),
    **dict.fromkeys(("INTERNAL", "500"), "the server is in trouble; its log says more"),
}
_PASSING = (
    *("UNAVAILABLE", "RESOURCE_EXHAUSTED", "DEADLINE_EXCEEDED", "ABORTED"),
    *("408", "429", "502", "503", "504"),
)
"""Codes after which the same request is worth sending again at once."""
_LATER = ("INTERNAL", "CANCELLED", "UNKNOWN", "500")
"""Codes after which another run may have more luck."""
_SHOWN = 200
"""Characters of a server's own words that an error repeats."""


@dataclass(frozen=True, slots=True)
class Failure:
    """Why a request failed."""

    cause: str
    """A code of gRPC or HTTP, or the name of a client's error."""
    advice: str
    passing: bool = False
    """Whether the same request may succeed in a moment."""
    may_pass: bool = False
    """Whether it may succeed later without a person's help."""
    retry_after_s: float = 0.0
    """How long the server asks to be left alone."""
    words: str = ""
    """What the server said, where that helps; it may hold anything."""

    @property
    def absent(self) -> bool:
        """Return whether what was asked for does not exist."""
        return self.cause in ("NOT_FOUND", "404")


def client_errors() -> tuple[type[Exception], ...]:
    """Return what an `except` around a call of qdrant-client has to name."""
    from grpc import RpcError  # type: ignore[import-untyped]  # it ships no types
    from qdrant_client.common.client_exceptions import QdrantException
    from qdrant_client.http.exceptions import ApiException

    return (RpcError, ApiException, QdrantException)


def failure_of(error: Exception) -> Failure:
    """Return what one of `client_errors` means."""
    from grpc import Call
    from qdrant_client.common.client_exceptions import QdrantException
    from qdrant_client.http.exceptions import ResponseHandlingException, UnexpectedResponse

    if isinstance(error, QdrantException):  # 429 and RESOURCE_EXHAUSTED with a time to wait
        wait_s = float(getattr(error, "retry_after_s", 0))
        return Failure(
            "RESOURCE_EXHAUSTED", _BUSY, passing=True, may_pass=True, retry_after_s=wait_s
        )
    if isinstance(error, Call):
        return _of_code(error.code().name, str(error.details() or ""))
    if isinstance(error, UnexpectedResponse):
        return _of_code(str(error.status_code), error.content.decode(errors="replace"))
    source = error.source if isinstance(error, ResponseHandlingException) else error
    return _of_transport(source)


def _of_code(code: str, words: str) -> Failure:
    if code == "UNAVAILABLE" and _is_distrust(words):
        return Failure(code, _TRUST)
    passing = code in _PASSING
    known = _ADVICE.get(code)
    return Failure(
        code,
        known or _REFUSED,
        passing=passing,
        may_pass=passing or code in _LATER,
        words=_shown(words) if known is None else "",
    )


def _of_transport(error: Exception) -> Failure:
    """Return the failure of a REST request that got no answer, or one of another form."""
    from httpx import TransportError

    name = type(error).__name__
    if _is_distrust(str(error)):
        return Failure(name, _TRUST)
    if isinstance(error, TransportError | OSError):
        return Failure(name, _REACH, passing=True, may_pass=True)
    return Failure(name, _STRANGE)


def _is_distrust(words: str) -> bool:
    return any(sign in words for sign in ("CERTIFICATE_VERIFY_FAILED", "handshake", "SSL_ERROR"))


def _shown(words: str) -> str:
    return "".join(c if c.isprintable() else " " for c in words)[:_SHOWN].strip()

"""The way to a Qdrant server: where it is, and as whom and how to ask it."""

import ssl
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from pydantic import SecretStr

from mmrag_pipeline.errors import SettingsError
from mmrag_pipeline.index_settings import IndexSettings
from mmrag_pipeline.stores.server_changes import Copies

if TYPE_CHECKING:
    from qdrant_client import QdrantClient

_RECONNECT_MS = {
    "grpc.initial_reconnect_backoff_ms": 250,
    "grpc.min_reconnect_backoff_ms": 250,
    "grpc.max_reconnect_backoff_ms": 5_000,
}
"""A channel that lost its server fails all calls until it tries again: not later than they do."""


@dataclass(frozen=True, slots=True)
class ServerAccess:
    """Where a server is; the key shows in no text of this."""

    url: str
    api_key: SecretStr | None = None
    ca: Path | None = None
    grpc: bool = True
    grpc_port: int = 6334
    timeout_s: int = 60
    retries: int = 5
    parallel: int = 4
    copies: Copies = field(default_factory=Copies)

    @property
    def secret(self) -> str:
        """Return the key, empty without one."""
        return "" if self.api_key is None else self.api_key.get_secret_value()

    @property
    def where(self) -> str:
        """Return what is asked, for people."""
        host = urlsplit(self.url).hostname
        return f"{host}:{self.grpc_port} (gRPC)" if self.grpc else f"{self.url} (REST)"


def access_of(settings: IndexSettings) -> ServerAccess | None:
    """Return the access that the settings ask for, None without a server."""
    if settings.qdrant_url is None:
        return None
    return ServerAccess(
        url=settings.qdrant_url,
        api_key=settings.qdrant_api_key,
        ca=settings.qdrant_ca,
        grpc=settings.qdrant_grpc,
        grpc_port=settings.qdrant_grpc_port,
        timeout_s=settings.qdrant_timeout_s,
        retries=settings.qdrant_retries,
        parallel=settings.qdrant_parallel,
        copies=Copies(settings.qdrant_replicas, settings.qdrant_write_consistency),
    )


def open_client(access: ServerAccess) -> "QdrantClient":
    """Return a client; nothing connects yet. Raises SettingsError for unusable certificates.

    The key goes as a header and the version is not checked by the client: both would warn in
    words that a person can do nothing about.
    """
    from qdrant_client import QdrantClient

    key = access.api_key
    trust, roots = _trusted(access.ca)
    return QdrantClient(
        url=access.url,
        grpc_port=access.grpc_port,
        prefer_grpc=access.grpc,
        timeout=access.timeout_s,
        headers={} if key is None else {"api-key": key.get_secret_value()},
        grpc_options={**_RECONNECT_MS, **({} if roots is None else {"root_certificates": roots})},
        check_compatibility=False,
        verify=trust,
    )


def _trusted(ca: Path | None) -> tuple[ssl.SSLContext | bool, bytes | None]:
    """Return whom REST and whom gRPC trusts."""
    if ca is None:
        return True, None
    try:
        roots = ca.read_bytes()
        return ssl.create_default_context(cadata=roots.decode("ascii")), roots
    except (OSError, ValueError, ssl.SSLError) as error:
        raise SettingsError(
            f"MMRAG_QDRANT_CA={str(ca)!r} cannot be used ({type(error).__name__}): name a file of "
            "certificates (PEM)"
        ) from error

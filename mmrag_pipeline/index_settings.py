"""Settings of the index: which server, how collections are kept, searched and replaced."""

from ipaddress import ip_address
from pathlib import Path
from typing import Literal
from urllib.parse import SplitResult, urlsplit

from pydantic import Field, SecretStr, field_validator, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from mmrag_pipeline.records import Datatype

Memory = Literal["cold", "cached", "pinned"]
"""Read from the disk, from the page cache that is filled at start, or kept in memory."""
Quantization = Literal[
    "none",
    "scalar",
    "binary",
    "binary-2",
    "product-4",
    "product-8",
    "product-16",
    "product-32",
    "product-64",
    "turbo-1",
    "turbo-2",
    "turbo-4",
]
"""Method, and its bits per number (binary, turbo) or how many times smaller it makes (product)."""


class IndexSettings(BaseSettings):
    """What an index is kept in and how it is tuned; `Settings` has all of it."""

    model_config = SettingsConfigDict(
        env_prefix="MMRAG_",
        frozen=True,
        extra="forbid",
        hide_input_in_errors=True,  # a wrong address may hold a password
    )

    qdrant_url: str | None = None
    """None keeps the index embedded (Qdrant Edge) under `home`."""
    qdrant_api_key: SecretStr | None = None
    qdrant_ca: Path | None = None
    """Certificates (PEM) that a server's own is checked against; None takes the usual ones."""
    qdrant_grpc: bool = True
    """False asks over REST."""
    qdrant_grpc_port: int = Field(default=6334, ge=1, le=65_535)
    qdrant_timeout_s: int = Field(default=60, ge=1, le=3_600)
    """Longest wait for one answer."""
    qdrant_retries: int = Field(default=5, ge=0, le=20)
    """How often a request is sent again that failed for a passing reason."""
    qdrant_parallel: int = Field(default=4, ge=1, le=64)
    """Batches of points on their way at the same time."""
    qdrant_shards: int = Field(default=1, ge=1, le=1_024)
    """Parts that a server splits a collection into; another number needs a new generation."""
    qdrant_replicas: int = Field(default=1, ge=1, le=32)
    qdrant_write_consistency: int = Field(default=1, ge=1, le=32)
    """Replicas that must have a change before it counts as made."""

    index_datatype: Datatype = "float32"
    """What the numbers of dense vectors are kept as; another needs a new generation."""
    index_quantization: Quantization = "none"
    """A smaller copy of the vectors that is searched first."""
    index_oversampling: float = Field(default=2.0, ge=1.0, le=100.0)
    """With quantization: how many times more candidates are taken, then scored exactly."""
    index_rescore: bool = True
    """With quantization: score candidates again by their whole vectors."""
    index_hnsw_m: int = Field(default=16, ge=4, le=256)
    """Links per vector of the search graph."""
    index_hnsw_ef_construct: int = Field(default=100, ge=4, le=4_096)
    """Neighbours looked at when a vector is linked."""
    index_hnsw_ef: int | None = Field(default=None, ge=1, le=16_384)
    """Neighbours looked at by a query; None is what a graph was built with."""
    index_exact_below_kb: int = Field(default=150_000, ge=0)
    """Below this size per named vector and segment there is no graph: search is exact."""
    index_vectors_memory: Memory = "cached"
    index_graph_memory: Memory = "cached"
    index_quantized_memory: Memory = "pinned"
    index_tenants: bool = False
    """Store points of one visibility group together: for groups that only see their own."""
    index_principal: Literal["none", "modified_at", "page_no"] = "none"
    """A field by which nearly every query filters: points are stored in its order."""

    keep_generations: int = Field(default=1, ge=0, le=100)
    """Generations that are kept beside the one that serves."""
    keep_generation_days: float = Field(default=30.0, gt=0)
    """How long one is kept after it served last."""
    gate_queries: Path | None = None
    """Labelled queries (JSON Lines, or TREC's) that a new generation must answer as well."""
    gate_max_loss: float = Field(default=0.02, ge=0.0, le=1.0)
    """Mean nDCG@10 that a signal or a kind of query may lose."""
    gate_confidence: float = Field(default=0.95, ge=0.5, lt=1.0)
    """How sure a larger loss must be to keep the old generation."""

    @field_validator("qdrant_url")
    @classmethod
    def _is_a_server(cls, url: str | None) -> str | None:
        """Refuse what holds a secret: the address is shown in errors."""
        if url is None:
            return url
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not has_a_host(parts):
            raise ValueError("it is no address: write http://HOST:6333 or https://HOST:6333")
        if "@" in parts.netloc:
            raise ValueError("it may not hold a name or password: set MMRAG_QDRANT_API_KEY")
        if parts.query or parts.fragment:
            raise ValueError("it may not hold a query: write https://HOST:6333")
        return url

    @field_validator("qdrant_api_key")
    @classmethod
    def _can_be_sent(cls, key: SecretStr | None) -> SecretStr | None:
        text = "" if key is None else key.get_secret_value()
        if key is not None and not (text and text.isascii() and text.isprintable()):
            raise ValueError("it is no key: it is empty or has characters that no header can hold")
        return key

    @field_validator("qdrant_ca")
    @classmethod
    def _is_there(cls, path: Path | None) -> Path | None:
        if path is not None and not path.is_file():
            raise ValueError(f"there is no file {str(path)!r}: name a file of certificates (PEM)")
        return path

    @model_validator(mode="after")
    def _key_is_kept_secret(self) -> "IndexSettings":
        """Refuse a key that anybody on the way reads, and certificates that check nobody.

        Without a server they are for one that an index is copied to.
        """
        if self.qdrant_url is None:
            return self
        parts = urlsplit(self.qdrant_url)
        in_the_clear = parts.scheme == "http" and not is_loopback(parts.hostname or "")
        if self.qdrant_api_key is not None and in_the_clear:
            raise ValueError(
                "MMRAG_QDRANT_API_KEY would be sent in the clear: write https:// in "
                "MMRAG_QDRANT_URL (only a server of this machine is asked over http with a key)"
            )
        if self.qdrant_ca is not None and parts.scheme != "https":
            raise ValueError(
                "MMRAG_QDRANT_CA checks no server: write https:// in MMRAG_QDRANT_URL, or unset it"
            )
        return self

    @model_validator(mode="after")
    def _can_be_kept(self) -> "IndexSettings":
        """Refuse what a server would refuse only while a collection is made."""
        if self.qdrant_write_consistency > self.qdrant_replicas:
            raise ValueError(
                f"MMRAG_QDRANT_WRITE_CONSISTENCY={self.qdrant_write_consistency} copies cannot "
                f"have a change: there are MMRAG_QDRANT_REPLICAS={self.qdrant_replicas}"
            )
        if self.qdrant_url is not None and self.index_vectors_memory == "pinned":
            raise ValueError(
                "MMRAG_INDEX_VECTORS_MEMORY=pinned is nothing that a server offers for whole "
                "vectors: write cached, and pin the smaller copy (MMRAG_INDEX_QUANTIZED_MEMORY)"
            )
        return self


def has_a_host(parts: SplitResult) -> bool:
    """Return whether an address names a host, and a port that there can be."""
    try:
        return bool(parts.hostname) and (parts.port is None or parts.port > 0)
    except ValueError:
        return False


def is_loopback(host: str) -> bool:
    """Return whether a host is this machine."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"

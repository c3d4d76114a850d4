"""Settings of telemetry: who is told how the pipeline goes. Nobody is, by default."""

import re
from typing import Annotated, Literal, Self
from urllib.parse import urlsplit

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    SecretStr,
    field_validator,
    model_validator,
)
from pydantic_settings import BaseSettings, SettingsConfigDict

from mmrag_pipeline.index_settings import has_a_host, is_loopback

LogFormat = Literal["text", "json"]
LogLevel = Literal["debug", "info", "warning", "error"]
_TRACES = "/v1/traces"
_HEADER = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+=[\x20-\x7e]+")


def _address(url: str, port: int) -> str:
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not has_a_host(parts):
        raise ValueError(f"it is no address: write http://HOST:{port} or https://HOST")
    if "@" in parts.netloc or parts.query or parts.fragment:
        raise ValueError("it may hold no name, password or query: addresses are shown in warnings")
    return url.rstrip("/")


def _gateway(url: str) -> str:
    return _address(url, 9091)


def _collector(url: str) -> str:
    """Return the address without the path of spans, which is added when they are sent."""
    return _address(url, 4318).removesuffix(_TRACES).rstrip("/")


def _lower(given: object) -> object:
    return given.lower() if isinstance(given, str) else given


_LowerCase = BeforeValidator(_lower)


class TelemetrySettings(BaseSettings):
    """Who is told; `Settings` has all of it."""

    model_config = SettingsConfigDict(
        env_prefix="MMRAG_", frozen=True, extra="forbid", hide_input_in_errors=True
    )

    metrics_port: int | None = Field(default=None, ge=1, le=65_528)
    """First of eight ports; a process that stays serves its metrics on the first free one."""
    metrics_host: str = "127.0.0.1"
    """The address on which it listens; only this machine's own by default."""
    pushgateway_url: Annotated[str, AfterValidator(_gateway)] | None = None
    """A Prometheus Pushgateway that each step and command sends its metrics to."""
    otlp_endpoint: Annotated[str, AfterValidator(_collector)] | None = None
    """An OpenTelemetry collector (OTLP over HTTP) that gets spans; `/v1/traces` is taken off."""
    otlp_headers: SecretStr | None = None
    """Headers for it, `NAME=VALUE,NAME=VALUE`."""
    log_format: Annotated[LogFormat, _LowerCase] = "text"
    """`json` writes what commands tell on standard error as one JSON object a line."""
    log_level: Annotated[LogLevel, _LowerCase] = "warning"
    """`info` tells of each stage and what it took, `debug` of each call of a store, too."""

    @field_validator("otlp_headers")
    @classmethod
    def _are_headers(cls, given: SecretStr | None) -> SecretStr | None:
        if given is not None and not all(map(_HEADER.fullmatch, headers_in(given))):
            raise ValueError("these are no headers: write NAME=VALUE, or NAME=VALUE,NAME=VALUE")
        return given

    @model_validator(mode="after")
    def _headers_are_kept(self) -> Self:
        """Refuse headers that nobody gets, or everybody on the way."""
        if self.otlp_headers is None:
            return self
        parts = urlsplit(self.otlp_endpoint or "")
        if not parts.hostname:
            raise ValueError("MMRAG_OTLP_HEADERS goes nowhere: set MMRAG_OTLP_ENDPOINT, too")
        if parts.scheme == "http" and not is_loopback(parts.hostname):
            raise ValueError(
                "MMRAG_OTLP_HEADERS would be sent in the clear: write https:// in "
                "MMRAG_OTLP_ENDPOINT (only a collector of this machine gets them over http)"
            )
        return self


def headers_in(given: SecretStr) -> list[str]:
    """Return the headers of a setting, each `NAME=VALUE`."""
    return [part.strip() for part in given.get_secret_value().split(",")]

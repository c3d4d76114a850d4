"""Settings to those who listen: one set of them per process, none without a setting."""

from functools import cache
from importlib.util import find_spec
from typing import TYPE_CHECKING, NamedTuple
from uuid import uuid4

from pydantic import SecretStr

from mmrag_pipeline.errors import SettingsError
from mmrag_pipeline.observing.stages import Stages, is_told
from mmrag_pipeline.telemetry import ABOUT, SILENT, Telemetry
from mmrag_pipeline.telemetry_settings import TelemetrySettings, headers_in

if TYPE_CHECKING:
    from mmrag_pipeline.observing.frail import Sending
    from mmrag_pipeline.observing.listeners import Timing
    from mmrag_pipeline.observing.numbers import Numbers


def about_command() -> None:
    """Give what this process does from now on a name of its own, as its lines tell it."""
    ABOUT.set({"request_id": uuid4().hex})


class _Wanted(NamedTuple):
    """Who is to listen; equal settings share them."""

    port: int | None
    host: str
    gateway: str | None
    endpoint: str | None
    headers: SecretStr | None
    stages: bool

    @property
    def counts(self) -> bool:
        return self.port is not None or self.gateway is not None


def telemetry_of(settings: TelemetrySettings, *, stays: bool = False) -> Telemetry:
    """Return those who listen; a process that `stays` serves its page.

    Without a setting nothing is imported. Raises SettingsError where a package is not installed.
    """
    wanted = _Wanted(
        port=settings.metrics_port,
        host=settings.metrics_host,
        gateway=settings.pushgateway_url,
        endpoint=settings.otlp_endpoint,
        headers=settings.otlp_headers,
        stages=is_told(settings),
    )
    if not (wanted.counts or wanted.endpoint or wanted.stages):
        return SILENT
    listeners = _listening(wanted)
    if stays and wanted.port is not None:
        _page(wanted)
    return listeners


@cache
def _listening(wanted: _Wanted) -> Telemetry:
    from mmrag_pipeline.observing.listeners import Listeners

    timings: list[Timing] = [Stages()] if wanted.stages else []
    sendings: list[Sending] = []
    numbers = [_numbers()] if wanted.counts else []
    if wanted.gateway:
        from mmrag_pipeline.observing.numbers import Gateway

        sendings.append(Gateway(wanted.gateway, _numbers()))
    if wanted.endpoint:
        _check("opentelemetry.exporter", "MMRAG_OTLP_ENDPOINT")
        from mmrag_pipeline.observing.traces import Traces

        pairs = [one.split("=", 1) for one in headers_in(wanted.headers)] if wanted.headers else []
        traces = Traces(wanted.endpoint, {name: value for name, value in pairs})
        timings.append(traces)
        sendings.append(traces)
    return Listeners(numbers, timings, sendings)


@cache
def _numbers() -> "Numbers":
    _check("prometheus_client", "MMRAG_METRICS_PORT or MMRAG_PUSHGATEWAY_URL")
    from mmrag_pipeline.observing.numbers import Numbers

    return Numbers()


@cache
def _page(wanted: _Wanted) -> int | None:
    """Open the page once; a process that finds no port does without."""
    from mmrag_pipeline.observing.numbers import PORTS, serve_page

    first = wanted.port or 0
    return serve_page(_numbers(), wanted.host, range(first, first + PORTS))


def _check(package: str, setting: str) -> None:
    try:
        found = find_spec(package) is not None
    except ModuleNotFoundError:
        found = False
    if not found:
        raise SettingsError(
            f"{setting} needs a package that is not installed ({package}): install "
            "mmrag_pipeline[telemetry], or unset it"
        )

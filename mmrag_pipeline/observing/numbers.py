"""Metrics in Prometheus' form: on a page that is fetched, and sent to a Pushgateway."""

from collections.abc import Iterable, Iterator, Mapping
from functools import partial
from threading import Lock
from typing import cast

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    ProcessCollector,
    pushadd_to_gateway,
    start_http_server,
)
from prometheus_client import Metric as Family
from prometheus_client.registry import Collector

from mmrag_pipeline.observing.frail import LOG, TIMEOUT_S, Frail
from mmrag_pipeline.telemetry import Metric

JOB = "mmrag"
PORTS = 8
"""Processes of one machine that can serve a page at the same time."""
_GROUPED = ("station", "domain")
_Group = tuple[tuple[str, str], ...]


class Numbers:
    """The metrics of this process."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self._made: dict[str, Counter | Gauge | Histogram] = {}
        self._changed: dict[_Group, int] = {}
        self._lock = Lock()

    def record(self, metric: Metric, value: float, *labels: str) -> None:
        """Add, set or observe."""
        with self._lock:
            made = self._made.get(metric.name) or self._make(metric)
            group = _group(dict(zip(metric.labels, labels, strict=True)))
            self._changed[group] = self._changed.get(group, 0) + 1
        child = made.labels(*labels) if labels else made
        if isinstance(child, Counter):
            child.inc(value)
        elif isinstance(child, Gauge):
            child.set(value)
        else:
            child.observe(value)

    def changed(self) -> dict[_Group, int]:
        """Return how often something was recorded of each group since it was sent."""
        with self._lock:
            return dict(sorted(self._changed.items()))

    def sent(self, group: _Group, times: int) -> None:
        """Count a group as sent, unless something was recorded of it meanwhile."""
        with self._lock:
            if self._changed.get(group) == times:
                del self._changed[group]

    def _make(self, metric: Metric) -> Counter | Gauge | Histogram:
        given = (metric.name, metric.meaning, metric.labels)
        made: Counter | Gauge | Histogram
        if metric.kind == "counter":
            made = Counter(*given, registry=self.registry)
        elif metric.kind == "gauge":
            made = Gauge(*given, registry=self.registry)
        else:
            made = Histogram(*given, buckets=metric.buckets, registry=self.registry)
        self._made[metric.name] = made
        return made


class Gateway:
    """A Pushgateway; each station of a domain is a group of its own there."""

    def __init__(self, url: str, numbers: Numbers) -> None:
        self._url, self._numbers = url, numbers
        self.frail = Frail(f"the Pushgateway at MMRAG_PUSHGATEWAY_URL={url}")

    def push(self) -> None:
        """Send the groups that changed, until one cannot be sent: they go the next time."""
        for group, times in self._numbers.changed().items():
            if not self.frail.tried(partial(self._send, group)):
                return
            self._numbers.sent(group, times)

    def _send(self, group: _Group) -> None:
        part = CollectorRegistry()
        part.register(cast("Collector", _Part(self._numbers.registry, group)))
        pushadd_to_gateway(self._url, JOB, part, grouping_key=dict(group), timeout=TIMEOUT_S)


class _Part:
    """The samples of one group: a station's, a domain's, or those of neither."""

    def __init__(self, registry: CollectorRegistry, group: _Group) -> None:
        self._registry, self._wanted = registry, group

    def collect(self) -> Iterator[Family]:
        for family in self._registry.collect():
            samples = [s for s in family.samples if _group(s.labels) == self._wanted]
            if samples:
                part = Family(family.name, family.documentation, family.type)
                part.samples = samples
                yield part


def _group(labels: Mapping[str, str]) -> _Group:
    return tuple((name, labels[name]) for name in _GROUPED if name in labels)


def serve_page(numbers: Numbers, host: str, ports: Iterable[int]) -> int | None:
    """Serve the metrics of this process on the first free port; return it, None without one."""
    cause = ""
    ports = list(ports)
    for port in ports:
        try:
            start_http_server(port, host, numbers.registry)
        except OSError as error:
            cause = error.strerror or type(error).__name__
            continue
        ProcessCollector(registry=numbers.registry)
        return port
    LOG.warning(
        "this process serves no metrics: none of %s:%s to %s (from MMRAG_METRICS_PORT on) could be "
        "listened on (%s). Nothing else is affected; name a free port, or end what holds them",
        host,
        ports[0],
        ports[-1],
        cause,
    )
    return None

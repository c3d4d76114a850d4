"""Spans to an OpenTelemetry collector, by OTLP over HTTP, from a thread of their own."""

import atexit
import logging
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter, SpanExportResult
from opentelemetry.trace import StatusCode, get_current_span
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from mmrag_pipeline.observing.frail import TIMEOUT_S, Frail, push_all
from mmrag_pipeline.telemetry import Attributes

_MILLIS = 1_000
_QUEUED = 8_192
"""Spans that wait to be sent; further ones are dropped: each file that is read is one."""
_W3C = TraceContextTextMapPropagator()


class Traces:
    """Spans of this process."""

    def __init__(self, endpoint: str, headers: Mapping[str, str]) -> None:
        # it would tell of each failure anew, with a traceback; Frail tells once
        logging.getLogger("opentelemetry").setLevel(logging.CRITICAL)
        self.frail = Frail(f"the collector at MMRAG_OTLP_ENDPOINT={endpoint}")
        exporter = _FrailExporter(endpoint, headers, self.frail)
        self._provider = TracerProvider(
            resource=Resource.create({"service.name": "mmrag", "process.pid": os.getpid()}),
            shutdown_on_exit=False,  # it waits for 30 s
        )
        self._provider.add_span_processor(
            BatchSpanProcessor(
                exporter,
                max_queue_size=_QUEUED,
                schedule_delay_millis=_MILLIS,
            )
        )
        atexit.register(push_all, [self])
        self._tracer = self._provider.get_tracer("mmrag_pipeline")

    @contextmanager
    def span(self, name: str, attributes: Attributes, parent: str) -> Iterator[str]:
        """Time the block; of an error there is the type only."""
        inside = get_current_span().get_span_context().is_valid
        context = None if inside else _W3C.extract({"traceparent": parent})
        with self._tracer.start_as_current_span(
            name,
            context,
            attributes=attributes,
            record_exception=False,
            set_status_on_exception=False,
        ) as span:
            headers: dict[str, str] = {}
            _W3C.inject(headers)
            try:
                yield headers.get("traceparent", "")
            except BaseException as error:
                span.set_status(StatusCode.ERROR, type(error).__name__)
                raise

    def push(self) -> None:
        """Send what has ended."""
        self._provider.force_flush()  # the SDK heeds no timeout here


class _FrailExporter(SpanExporter):
    """OTLP over HTTP to a collector that may be gone."""

    def __init__(self, endpoint: str, headers: Mapping[str, str], frail: Frail) -> None:
        self._frail = frail
        self._inner = OTLPSpanExporter(
            f"{endpoint}/v1/traces", headers=dict(headers), timeout=TIMEOUT_S
        )

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        """Send spans, or drop them while the collector is left alone."""
        taken = self._frail.tried(lambda: self._inner.export(spans) is SpanExportResult.SUCCESS)
        return SpanExportResult.SUCCESS if taken else SpanExportResult.FAILURE

    def shutdown(self) -> None:
        """Close its connections."""
        self._inner.shutdown()  # type: ignore[no-untyped-call]  # it is left untyped there

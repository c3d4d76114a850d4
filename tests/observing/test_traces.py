"""Spans as a collector of this process receives them."""

from collections.abc import Mapping

import pytest
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from mmrag_pipeline.errors import ListingError
from mmrag_pipeline.observing.listeners import Listeners
from mmrag_pipeline.observing.traces import Traces
from tests.observing.listening import Listener, listening
from tests.observing.worlds import heard_world, run

PARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


def traced(listener: Listener, **headers: str) -> Listeners:
    traces = Traces(listener.url, headers)
    return Listeners(timings=[traces], sendings=[traces])


def about(span: Span) -> Mapping[str, str]:
    return {one.key: one.value.string_value for one in span.attributes}


def test_a_run_asked_for_by_a_sensor_is_within_its_span() -> None:
    with listening() as collector:
        telemetry = traced(collector)
        with telemetry.span("sensor") as trace:
            pass
        run(heard_world(telemetry), "run-1", trace)
        telemetry.push()
        spans = {span.name: span for span in collector.spans}
    assert spans["pages"].parent_span_id == spans["sensor"].span_id
    assert {span.trace_id for span in spans.values()} == {spans["sensor"].trace_id}


def test_a_call_of_a_store_is_within_its_station_and_names_the_run() -> None:
    with listening() as collector:
        telemetry = traced(collector)
        run(heard_world(telemetry), "run-1", PARENT)
        telemetry.push()
        spans = {span.name: span for span in collector.spans}
    upsert, collection = spans["vectors.upsert"], spans["collection"]
    assert upsert.parent_span_id == collection.span_id
    assert collection.parent_span_id.hex() == "b7ad6b7169203331"
    assert about(upsert)["run_id"] == "run-1"
    assert about(upsert)["partition"] == "kitchen"
    assert spans["source.open"].parent_span_id in {
        spans[n].span_id for n in ("ocr+captions+image_vectors", "pages", "raw_files")
    }


def test_a_station_without_a_parent_begins_a_trace() -> None:
    with listening() as collector:
        telemetry = traced(collector)
        run(heard_world(telemetry))
        telemetry.push()
        roots = [span.name for span in collector.spans if not span.parent_span_id]
    assert len(roots) == 9
    assert "ocr+captions+image_vectors" in roots


def test_of_an_error_a_span_tells_the_type_only() -> None:
    with listening() as collector:
        telemetry = traced(collector)
        with pytest.raises(ListingError), telemetry.span("pages"):
            raise ListingError("the words of a secret file")
        telemetry.push()
        (span,) = collector.spans
    assert span.status.message == "ListingError"
    assert b"secret" not in span.SerializeToString()


def test_the_collector_gets_the_headers() -> None:
    with listening() as collector:
        telemetry = traced(collector, authorization="Bearer key")
        with telemetry.span("pages"):
            pass
        telemetry.push()
        assert collector.got[0][2]["authorization"] == "Bearer key"

"""What commands tell of themselves: stages as lines, metrics to a gateway, spans to a collector."""

import json
import re
from collections.abc import Iterator

import pytest

from mmrag_pipeline.observing.stages import start_log
from mmrag_pipeline.settings import Settings
from tests.cli.commands import Bench
from tests.observing.listening import listening

_IMPORTED = """
import sys
from mmrag_pipeline.cli.main import main
try:
    main(sys.argv[1:])
finally:
    names = [n for n in sys.modules if n.startswith(("prometheus_client", "opentelemetry"))]
    print("loaded:", names, file=sys.stderr)
"""


@pytest.fixture(autouse=True)
def quiet() -> Iterator[None]:
    """Leave no handler behind."""
    yield
    start_log(Settings())


def test_a_search_tells_its_stages_and_not_its_words(indexed: Bench) -> None:
    said = indexed.mmrag("search", "tent", MMRAG_LOG_FORMAT="json", MMRAG_LOG_LEVEL="info")
    told = [json.loads(line) for line in said.err.splitlines()]
    assert [one["stage"] for one in told] == ["encode", "search", "fuse", "query"]
    assert len({one["request_id"] for one in told}) == 1
    assert "tent" not in said.err


def test_a_search_sends_metrics_and_spans(indexed: Bench) -> None:
    with listening() as listener:
        url = listener.url
        said = indexed.mmrag("search", "tent", MMRAG_PUSHGATEWAY_URL=url, MMRAG_OTLP_ENDPOINT=url)
        text, spans = listener.texts["/metrics/job/mmrag"], listener.spans
    assert said.code == 0
    assert 'mmrag_query_seconds_count{stage="query"} 1.0' in text
    assert re.search(r'mmrag_signal_seconds_count{signal="text"} [1-9]', text)
    (query,) = [span for span in spans if span.name == "query"]
    assert {"encode", "search", "fuse", "vectors.query"} <= {span.name for span in spans}
    assert {span.trace_id for span in spans} == {query.trace_id}


def test_without_a_setting_nothing_is_imported(indexed: Bench) -> None:
    said = indexed.mmrag_alone("search", "tent", code=_IMPORTED)
    assert "loaded: []" in said.err

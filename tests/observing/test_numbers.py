"""Metrics as Prometheus reads them: fetched from a page, and sent to a gateway."""

import socket
from urllib.request import urlopen

import pytest
from prometheus_client.parser import text_string_to_metric_families

from mmrag_pipeline.metrics import METRICS, QUERY_SECONDS, READ_BYTES, STATION_ROWS
from mmrag_pipeline.observing.listeners import Listeners
from mmrag_pipeline.observing.numbers import Gateway, Numbers, serve_page
from tests.observing.listening import listening
from tests.observing.worlds import heard_world, run


def free_port() -> int:
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        return int(held.getsockname()[1])


def samples(text: str) -> dict[tuple[str, ...], float]:
    """Return (name, labels' values in order of their names...) -> value."""
    return {
        (sample.name, *(value for _, value in sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


@pytest.fixture
def page() -> dict[tuple[str, ...], float]:
    """Return what the page says after a run, scraped over loopback."""
    numbers = Numbers()
    run(heard_world(Listeners([numbers])))
    port = serve_page(numbers, "127.0.0.1", [free_port()])
    with urlopen(f"http://127.0.0.1:{port}/metrics", timeout=5) as answer:
        return samples(answer.read().decode())


def test_the_page_tells_what_each_station_did(page: dict[tuple[str, ...], float]) -> None:
    assert page["mmrag_station_rows", "kitchen", "raw_files"] == 3
    assert page["mmrag_station_computed_total", "kitchen", "image_vectors"] >= 1
    assert page["mmrag_station_seconds_count", "kitchen", "ocr"] == 1
    assert page["mmrag_station_failures", "kitchen", "pages"] == 1
    assert page["mmrag_dead_letter_ratio", "kitchen"] == pytest.approx(1 / 3)


def test_the_page_tells_bytes_batches_and_points(page: dict[tuple[str, ...], float]) -> None:
    assert page["mmrag_read_bytes_total", "kitchen"] > 0
    assert page["mmrag_batch_occupancy_ratio_count", "image_vectors"] >= 1
    assert page["mmrag_model_call_seconds_count", "text_vectors"] >= 1
    assert page["mmrag_points_changed_total", "kitchen", "upserted"] > 2
    assert page["mmrag_store_seconds_count", "vectors.upsert"] >= 1
    assert page["mmrag_last_success_timestamp_seconds", "kitchen"] > 1.7e9


def test_no_label_is_a_run_a_file_or_a_query() -> None:
    labels = {label for metric in METRICS for label in metric.labels}
    few = {"station", "domain", "operation", "call", "stage", "signal", "cache", "kind"}
    assert labels == few | {"measure", "ranking"}


def test_counters_add_up_and_gauges_do_not() -> None:
    numbers = Numbers()
    for number in (2, 3):
        numbers.record(STATION_ROWS, number, "pages", "shop")
        numbers.record(READ_BYTES, number, "shop")
    labels = {"station": "pages", "domain": "shop"}
    assert numbers.registry.get_sample_value("mmrag_station_rows", labels) == 3
    assert numbers.registry.get_sample_value("mmrag_read_bytes_total", {"domain": "shop"}) == 5


def test_a_process_takes_the_next_port_when_one_is_taken() -> None:
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        held.listen()
        other = free_port()
        assert serve_page(Numbers(), "127.0.0.1", [held.getsockname()[1], other]) == other


def test_each_station_of_a_domain_is_a_group_of_the_gateway() -> None:
    numbers = Numbers()
    numbers.record(STATION_ROWS, 5, "pages", "shop")
    numbers.record(STATION_ROWS, 7, "tiles", "shop")
    numbers.record(QUERY_SECONDS, 0.2, "search")
    with listening() as gateway:
        Gateway(gateway.url, numbers).push()
        sent = gateway.texts
    assert set(sent) == {
        "/metrics/job/mmrag",
        "/metrics/job/mmrag/domain/shop/station/pages",
        "/metrics/job/mmrag/domain/shop/station/tiles",
    }
    rows = samples(sent["/metrics/job/mmrag/domain/shop/station/tiles"])
    assert rows == {("mmrag_station_rows", "shop", "tiles"): 7}


def test_only_what_changed_is_sent_again() -> None:
    numbers = Numbers()
    numbers.record(STATION_ROWS, 5, "pages", "shop")
    with listening() as gateway:
        pushing = Gateway(gateway.url, numbers)
        pushing.push()
        pushing.push()
        assert len(gateway.got) == 1

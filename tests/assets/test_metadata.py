"""What the catalog shows of a table is short and harmless."""

from dataclasses import replace

import polars as pl
import pytest

from mmrag_pipeline.assets.metadata import PREVIEW_ROWS, outcome_metadata, preview
from mmrag_pipeline.indexing.meter import Meter
from mmrag_pipeline.indexing.station import Mode
from mmrag_pipeline.indexing.stations import run_partition
from mmrag_pipeline.schemas import TABLES
from mmrag_pipeline.testing.source import FakeSource
from mmrag_pipeline.testing.worlds import fake_settings, fake_world


def test_a_preview_holds_a_few_rows_only() -> None:
    text = preview(pl.DataFrame({"etag": [f"{n}" for n in range(100)]})).md_str
    assert text is not None
    assert len(text.splitlines()) == PREVIEW_ROWS + 2


def test_a_hostile_value_cannot_leave_its_cell() -> None:
    value = "a`|b\n\n# title <script>\r![x](http://x)"
    text = preview(pl.DataFrame({"etag": [value]})).md_str
    assert text is not None
    assert text.splitlines()[2] == "| `a'¦b # title <script> ![x](http://x)` |"


def test_long_cells_are_cut() -> None:
    text = preview(pl.DataFrame({"etag": ["x" * 10_000]})).md_str
    assert text is not None
    assert len(text) < 200


@pytest.mark.parametrize("table", sorted(TABLES))
def test_what_files_say_and_are_called_is_not_shown(table: str) -> None:
    said = {"payload", "text", "lines", "captions", "section", "sparse_text", "message"}
    text = preview(pl.DataFrame(schema=TABLES[table])).md_str or ""
    assert not (said | {"key", "uri"}).intersection(text.splitlines()[0].split(" "))


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("https://svc:SECRET@qdrant.corp:6334", "https://qdrant.corp:6334"),
        ("https://qdrant.corp/path?api-key=SECRET#SECRET", "https://qdrant.corp"),
        ("http://SECRET@[::1]:6333", "http://[::1]:6333"),
        ("http://svc:SEC/RET@host:6333", "server:"),
        ("svc:SECRET@host:6333", "server:"),
        (None, "embedded:"),
    ],
)
def test_the_address_of_the_collection_holds_no_secret(url: str | None, shown: str) -> None:
    source = FakeSource()
    source.put("shop", "a.png", b"img:one")
    world = fake_world(source, settings=fake_settings().model_copy(update={"qdrant_url": url}))
    outcome = run_partition(world, "shop", Mode("run-1"))[-1]
    found = outcome_metadata(world, outcome, None)["dagster/uri"]
    assert found.value == f"{shown}/collections/mmrag__shop"


def test_what_a_station_spent_is_told_by_kind_of_machine_and_in_money() -> None:
    source = FakeSource()
    source.put("shop", "a.png", b"img:one")
    meter = Meter(machine="gpu-spot", rates={"gpu_spot_hour": 3_600.0})
    world = replace(fake_world(source), meter=meter)
    ocr = next(o for o in run_partition(world, "shop", Mode("run-1")) if o.station == "ocr")
    found = outcome_metadata(world, ocr, None)
    assert found["seconds/gpu-spot"].value == pytest.approx(ocr.seconds, abs=1e-3)
    assert found["cost"].value == pytest.approx(ocr.seconds, abs=1e-3)
    assert found["lost_s"].value == 0.0


def test_without_a_rate_there_is_no_money() -> None:
    source = FakeSource()
    source.put("shop", "a.png", b"img:one")
    world = fake_world(source)
    outcome = run_partition(world, "shop", Mode("run-1"))[0]
    assert "cost" not in outcome_metadata(world, outcome, None)

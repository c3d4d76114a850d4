"""How long it takes to plan a million pictures, nothing changed and a model changed."""

import sys
import tempfile
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import polars as pl

from benchmarks.measure import Finding, in_process, report, show, timed
from mmrag_pipeline.engines.stub import StubOcr
from mmrag_pipeline.frames import table_digest
from mmrag_pipeline.ids import digest_text, file_id
from mmrag_pipeline.indexing import pages, raw_files
from mmrag_pipeline.indexing.captions import CAPTIONS
from mmrag_pipeline.indexing.failures import failures_of
from mmrag_pipeline.indexing.image_vectors import IMAGE_VECTORS
from mmrag_pipeline.indexing.ocr import OCR
from mmrag_pipeline.indexing.plan import StationPlan, plan
from mmrag_pipeline.indexing.run import upstream_digests
from mmrag_pipeline.indexing.station import World
from mmrag_pipeline.indexing.stations import STATIONS
from mmrag_pipeline.records import Lineage, ObjectInfo
from mmrag_pipeline.schemas import FAILURES, PAGES, RAW_FILES
from mmrag_pipeline.stores.folder_blobs import FolderBlobs
from mmrag_pipeline.stores.memo import ParquetMemo
from mmrag_pipeline.stores.memo_parts import COMPACT_ROWS
from mmrag_pipeline.stores.tables import ParquetTables
from mmrag_pipeline.testing.source import FakeSource
from mmrag_pipeline.testing.worlds import State, fake_world

DOMAIN = "bench"
_MODULE = "benchmarks.planning"
_WHEN = datetime(2026, 1, 1, tzinfo=UTC)


class Listed(FakeSource):
    """A source that was listed before the clock starts: a plan's own work is measured."""

    def __init__(self, count: int) -> None:
        super().__init__()
        self._listed = [
            ObjectInfo(f"{n:07}.png", f"fake://{n}", 1_000, "v1", _WHEN) for n in range(count)
        ]

    def list(
        self, domain: str, keys: Sequence[str] | None = None, *, held_at: str = ""
    ) -> list[ObjectInfo]:
        """Return the listing."""
        del domain, keys, held_at
        return self._listed


def stored_world(root: Path, count: int) -> World:
    """Return a world of `count` listed pictures with tables and memo in a folder."""
    blobs = FolderBlobs(root)
    state = State(tables=ParquetTables(blobs), memo=ParquetMemo(blobs))
    return fake_world(Listed(count), state=state)


def build(root: Path, count: int) -> Finding:
    """Write what a run leaves of pictures that went through every pixel station."""
    world = stored_world(root, count)
    spent = timed(lambda: _build(world))
    return Finding(f"writing the tables of {count}", spent.seconds, spent.cpu_s, "")


def unchanged(root: Path, count: int) -> Finding:
    """Plan with nothing changed."""
    return _planned("unchanged", stored_world(root, count), count)


def model(root: Path, count: int) -> Finding:
    """Plan under another OCR model."""
    world = replace(stored_world(root, count), ocr=StubOcr(revision="2"))
    return _planned("another model", world, count)


CASES = {"build": build, "unchanged": unchanged, "model": model}


def main() -> None:
    """Print the table, or run one case in this process: CASE ROOT COUNT."""
    if len(sys.argv) == 4:
        report(CASES[sys.argv[1]](Path(sys.argv[2]), int(sys.argv[3])))
        return
    count = sys.argv[1] if len(sys.argv) > 1 else "1000000"
    with tempfile.TemporaryDirectory() as root:
        show("Planning", [in_process(_MODULE, name, root, count) for name in CASES])


def _planned(name: str, world: World, count: int) -> Finding:
    found: list[StationPlan] = []
    spent = timed(lambda: found.extend(plan(world, DOMAIN)))
    calls = {p.station: float(p.calls) for p in found if p.calls}
    goal = "<= 10, <= 2048 MiB"
    return Finding(f"plan {name}, {count}", spent.seconds, spent.cpu_s, goal, notes=calls)


def _build(world: World) -> None:
    listing = raw_files.list_objects(world, DOMAIN)
    files = listing.with_columns(
        file_id=pl.Series([file_id(DOMAIN, key) for key in listing["key"]]),
        digest=pl.Series([digest_text(key) for key in listing["key"]]),
        media_type=pl.lit("image/png"),
        visibility=pl.lit(["public"]),
    ).select(RAW_FILES.names())
    _write(world, "raw_files", files)
    table = files.select(
        "file_id",
        page_no=pl.lit(1, pl.Int32),
        page_digest="digest",
        width_px=pl.lit(40, pl.Int32),
        height_px=pl.lit(32, pl.Int32),
        dpi=pl.lit(None, pl.Float64),
        lines=pl.lit([], PAGES["lines"]),
        raster=pl.lit("frame:0"),
    )
    _write(world, "pages", table)
    for part in table.iter_slices(COMPACT_ROWS):
        _remember(world, part)


def _write(world: World, name: str, table: pl.DataFrame) -> None:
    """Write a table as a run would: current, with no failures beside it."""
    recipe = {"raw_files": raw_files.recipe, "pages": pages.recipe}[name](world)
    upstream = upstream_digests(world, STATIONS[name].upstream, DOMAIN)
    for part, rows in ((failures_of(name), pl.DataFrame(schema=FAILURES)), (name, table)):
        digest = table_digest(rows)
        lineage = Lineage(
            part, DOMAIN, digest, rows.height, dict(upstream), recipe.digest, {}, "bench"
        )
        world.tables.write(rows, lineage)
        upstream[part] = digest


def _remember(world: World, table: pl.DataFrame) -> None:
    parsed = table.select(key=pl.format("{}:image/png", "page_digest"))
    shelf = pages.shelf(world)
    rows = table.select(
        pl.concat_list(pl.struct(pl.exclude("file_id"))).alias("pages"),
        problems=pl.lit([], shelf.schema["problems"]),
    )
    world.memo.append("pages", shelf.fingerprint, DOMAIN, parsed.hstack(rows))
    for station in (OCR, CAPTIONS, IMAGE_VECTORS):
        key = pl.col("page_digest")
        whole = pl.format("{}:0,0,40,32", key) if station is IMAGE_VECTORS else key
        place = station.shelf(world)
        world.memo.append(place.station, place.fingerprint, DOMAIN, table.select(key=whole))


if __name__ == "__main__":
    main()

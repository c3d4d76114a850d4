"""How long it takes to plan a million pictures, nothing changed and a model changed."""

import sys
from dataclasses import replace
from datetime import UTC, datetime

import polars as pl

from benchmarks.measure import Finding, in_process, report, show, timed
from mmrag_pipeline.engines.stub import StubOcr
from mmrag_pipeline.frames import table_digest
from mmrag_pipeline.ids import digest_text, file_id
from mmrag_pipeline.indexing import pages, raw_files, vision
from mmrag_pipeline.indexing.failures import failures_of
from mmrag_pipeline.indexing.plan import plan
from mmrag_pipeline.indexing.run import upstream_digests
from mmrag_pipeline.indexing.station import World
from mmrag_pipeline.indexing.stations import STATIONS
from mmrag_pipeline.records import Lineage, ObjectInfo
from mmrag_pipeline.schemas import FAILURES, PAGES, RAW_FILES
from mmrag_pipeline.testing.source import FakeSource
from mmrag_pipeline.testing.worlds import fake_world

DOMAIN = "bench"
_WHEN = datetime(2026, 1, 1, tzinfo=UTC)


class Listed(FakeSource):
    """A source that only knows how to list."""

    def __init__(self, count: int) -> None:
        super().__init__()
        self._listing = [
            ObjectInfo(f"{n:07}.png", f"fake://{n}", 1_000, "v1", _WHEN) for n in range(count)
        ]

    def list(self, domain: str) -> list[ObjectInfo]:
        """Return the listing."""
        del domain
        return self._listing


def indexed(count: int) -> World:
    """Return a world in which `count` pictures went through every pixel station."""
    world = fake_world(Listed(count))
    listing = raw_files.list_objects(world, DOMAIN)
    digests = [digest_text(key) for key in listing["key"]]
    files = listing.with_columns(
        file_id=pl.Series([file_id(DOMAIN, key) for key in listing["key"]]),
        digest=pl.Series(digests),
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
    _remember(world, table)
    return world


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
    for station in ("ocr", "captions", "image_vectors"):
        key = pl.col("page_digest")
        whole = pl.format("{}:0,0,40,32", key) if station == "image_vectors" else key
        place = vision.shelf(world, station)
        world.memo.append(station, place.fingerprint, DOMAIN, table.select(key=whole))


def case(name: str, count: int) -> Finding:
    """Plan with nothing changed, or under another OCR model."""
    world = indexed(count)
    if name == "model":
        world = replace(world, ocr=StubOcr(revision="2"))
    found = []
    seconds = timed(lambda: found.extend(plan(world, DOMAIN)))
    calls = {p.station: float(p.calls) for p in found if p.calls}
    return Finding(f"plan {name}, {count} pictures", seconds, "<= 10, <= 2048 MiB", 0, calls)


def main() -> None:
    """Print the table, or run one case in this process: CASE COUNT."""
    if len(sys.argv) == 3:
        report(case(sys.argv[1], int(sys.argv[2])))
        return
    names = ("unchanged", "model")
    show("Planning", [in_process("benchmarks.planning", name, "1000000") for name in names])


if __name__ == "__main__":
    main()

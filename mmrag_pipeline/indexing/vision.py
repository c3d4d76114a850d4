"""ocr, captions and image_vectors: three tables from one decoding of each page."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import polars as pl

from mmrag_pipeline.errors import ItemError
from mmrag_pipeline.indexing.lanes import Call, Crop, Lane, Wish
from mmrag_pipeline.indexing.pages import line_rows
from mmrag_pipeline.indexing.pixels import stream_pixels
from mmrag_pipeline.indexing.remember import (
    Batch,
    Missing,
    Row,
    Shelf,
    find_missing,
    held_keys,
    remembered,
)
from mmrag_pipeline.indexing.station import Job, Made, Recipe, Station, Step, World
from mmrag_pipeline.indexing.unit_rows import unit_rows
from mmrag_pipeline.records import Box, Line
from mmrag_pipeline.schemas import CAPTIONS, IMAGE_VECTORS, OCR

PIXELS_REVISION = 1
"""Raise it when a page of the same digest is drawn, or a tile cut, with other pixels."""
_OCR_BATCH = 4
_CAPTION_BATCH = 16
_TEXT_LAYER_CHARS = 16
"""A page with fewer characters in its text layer counts as a scan."""


def ocr_recipe(world: World) -> Recipe:
    """Return what decides the words read on a page."""
    return Recipe(
        ["ocr", PIXELS_REVISION, world.settings.decode_side_px], {"ocr": world.ocr.card.fingerprint}
    )


def captions_recipe(world: World) -> Recipe:
    """Return what decides a page's captions."""
    card = world.captioner.card
    return Recipe(
        ["captions", PIXELS_REVISION, world.settings.decode_side_px], {"caption": card.fingerprint}
    )


def image_vectors_recipe(world: World) -> Recipe:
    """Return what decides a picture's vector."""
    card = world.image_text.card
    return Recipe(
        ["image_vectors", PIXELS_REVISION, world.settings.decode_side_px],
        {"image": card.fingerprint},
    )


OCR_STATION = Station("ocr", ("raw_files", "pages"), ocr_recipe)
CAPTIONS_STATION = Station("captions", ("raw_files", "pages"), captions_recipe)
IMAGE_VECTORS_STATION = Station(
    "image_vectors", ("raw_files", "pages", "tiles"), image_vectors_recipe
)


def has_text_layer() -> pl.Expr:
    """Return whether a page's own text is used: a text file, or a real text layer."""
    lengths = pl.col("lines").list.eval(pl.element().struct.field("text").str.len_chars())
    return (pl.col("raster") == "") | (lengths.list.sum() >= _TEXT_LAYER_CHARS)


def picture_key() -> pl.Expr:
    """Return the memo key of a tile: its page's content and its box."""
    box = pl.concat_str("left", "top", "right", "bottom", separator=",")
    return pl.concat_str("page_digest", box, separator=":")


def ocr_wanted(pages: pl.DataFrame) -> pl.Series:
    """Return the digests of the pages that have pixels and no text layer."""
    return pages.filter(~has_text_layer())["page_digest"].unique(maintain_order=True)


def captions_wanted(pages: pl.DataFrame) -> pl.Series:
    """Return the digests of the pages that have pixels."""
    return pages.filter(pl.col("raster") != "")["page_digest"].unique(maintain_order=True)


def shelf(world: World, station: str) -> Shelf:
    """Return where a pixel station's results lie in the memo."""
    if station == "image_vectors":
        vector = pl.Array(pl.Float32, world.image_text.card.dimension)
        columns = pl.Schema({"key": pl.String(), "vector": vector})
        return Shelf(station, image_vectors_recipe(world).digest, columns)
    table, recipe = {"ocr": (OCR, ocr_recipe), "captions": (CAPTIONS, captions_recipe)}[station]
    kept = {n: t for n, t in table.items() if n not in ("page_digest", "card")}
    return Shelf(station, recipe(world).digest, pl.Schema({"key": pl.String(), **kept}))


def make(world: World, jobs: Mapping[str, Job]) -> Mapping[str, Made]:
    """Make the tables of the given stations, reading and decoding each page once for all."""
    wanted = {name: _wanted(name, job) for name, job in jobs.items()}
    missing = {
        name: find_missing(world, job, shelf(world, name), wanted[name])
        for name, job in jobs.items()
    }
    lanes = {name: _lane(world, name, job, missing[name]) for name, job in jobs.items()}
    _drive(world, jobs, lanes)
    return {
        name: replace(
            lanes[name].batch.made(_table(world, name, job, wanted[name]), missing[name]),
            model_s=lanes[name].model_s,
        )
        for name, job in jobs.items()
    }


def _wanted(name: str, job: Job) -> pl.Series:
    if name == "image_vectors":
        return job.frames["tiles"].select(picture_key().alias("key"))["key"]
    pages = job.frames["pages"]
    return ocr_wanted(pages) if name == "ocr" else captions_wanted(pages)


def _lane(world: World, name: str, job: Job, missing: Missing) -> Lane:
    calls: dict[str, tuple[Call, int]] = {
        "ocr": (lambda crops: _read(world, crops), _OCR_BATCH),
        "captions": (lambda crops: _caption(world, crops), _CAPTION_BATCH),
        "image_vectors": (lambda crops: _encode(world, crops), world.settings.batch_size),
    }
    wishes: dict[str, list[Wish]] = {}
    for key in missing.keys:
        page_digest, _, box = key.partition(":")
        part = Box(*map(int, box.split(","))) if box else None
        wishes.setdefault(page_digest, []).append(Wish(key, part))
    call, size = calls[name]
    return Lane(Batch(world, job, shelf(world, name)), call, wishes, size=size)


def _drive(world: World, jobs: Mapping[str, Job], lanes: Mapping[str, Lane]) -> None:
    frames = {name: frame for job in jobs.values() for name, frame in job.frames.items()}
    needed = list(dict.fromkeys(digest for lane in lanes.values() for digest in lane.wishes))
    partition = next(iter(jobs.values())).partition
    for number, (digest, page) in enumerate(stream_pixels(world, partition, frames, needed), 1):
        for name, lane in lanes.items():
            lane.take(digest, page)
            world.progress.advance(name, done=number, total=len(needed))
    for lane in lanes.values():
        lane.finish()


def _table(world: World, name: str, job: Job, wanted: pl.Series) -> pl.DataFrame:
    look_up = held_keys if name == "image_vectors" else remembered
    rows = look_up(world, shelf(world, name), wanted)
    card = pl.lit(next(iter(job.recipe.cards.values()))).alias("card")
    schema, key = {
        "ocr": (OCR, "page_digest"),
        "captions": (CAPTIONS, "page_digest"),
        "image_vectors": (IMAGE_VECTORS, "digest"),
    }[name]
    return rows.rename({"key": key}).with_columns(card).select(schema.names()).sort(key)


def _read(world: World, crops: Sequence[Crop]) -> Sequence[Row]:
    results = world.ocr.read([crop.pixels for crop in crops])
    return [
        (line_rows(_unscaled(result.lines, crop.scale)), result.language, result.confidence)
        for crop, result in zip(crops, results, strict=True)
    ]


def _unscaled(lines: Sequence[Line], scale: float) -> list[Line]:
    return [
        Line(line.text, line.box and _times(line.box, 1.0 / scale), line.confidence)
        for line in lines
    ]


def _times(box: Box, factor: float) -> Box:
    return Box(*(round(side * factor) for side in (box.left, box.top, box.right, box.bottom)))


def _caption(world: World, crops: Sequence[Crop]) -> Sequence[Row]:
    captions = world.captioner.caption([crop.pixels for crop in crops])
    return [([{"text": c.text, "confidence": c.confidence} for c in some],) for some in captions]


def _encode(world: World, crops: Sequence[Crop]) -> Sequence[Row | ItemError]:
    vectors = world.image_text.encode_images([crop.pixels for crop in crops])
    return unit_rows(vectors, world.image_text.card.dimension)


STEP = Step((OCR_STATION, CAPTIONS_STATION, IMAGE_VECTORS_STATION), make)

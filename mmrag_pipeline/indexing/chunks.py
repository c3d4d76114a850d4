"""chunks: what is written on a page, cut to the text encoder's size, with where it stands."""

from collections.abc import Iterable, Iterator, Mapping, Sequence

import polars as pl

from mmrag_pipeline.ids import digest_text
from mmrag_pipeline.indexing.contents import content_key
from mmrag_pipeline.indexing.remember import (
    Batch,
    Row,
    Shelf,
    find_missing,
    remembered,
)
from mmrag_pipeline.indexing.splitting import Piece, split_lines
from mmrag_pipeline.indexing.station import Job, Made, Recipe, Station, World, alone
from mmrag_pipeline.indexing.vision import captions_recipe, has_text_layer, ocr_recipe
from mmrag_pipeline.records import Box, Line
from mmrag_pipeline.schemas import BOX, CHUNKS

_BATCH = 512
_FIELDS = {n: t for n, t in CHUNKS.items() if n not in ("file_id", "page_no", "kind")}
_MEMO = pl.Schema({"key": pl.String(), "chunks": pl.List(pl.Struct(_FIELDS))})
_SOURCE = ("file_id", "page_no", "kind", "key", "lines")


def recipe(world: World) -> Recipe:
    """Return what decides how text is cut, and which text there is."""
    s = world.settings
    cards = {
        **ocr_recipe(world).cards,
        **captions_recipe(world).cards,
        "text": world.text.card.fingerprint,
    }
    return Recipe(["chunks", s.chunk_tokens, s.chunk_overlap_tokens], cards)


STATION = Station("chunks", ("raw_files", "pages", "ocr", "captions"), recipe)


def make(world: World, job: Job) -> Made:
    """Cut text layers, OCR lines and captions of every page; equal text is cut once."""
    sources = pl.concat(_sources(job.frames))
    shelf = Shelf("chunks", job.recipe.digest, _MEMO)
    missing = find_missing(world, job, shelf, sources["key"])
    batch = Batch(world, job, shelf)
    todo = sources.filter(pl.col("key").is_in(missing.keys)).unique("key")
    for part in todo.iter_slices(_BATCH):
        batch.commit(part["key"].to_list(), _cut_all(world, part))
        world.progress.advance("chunks", done=batch.computed, total=todo.height)
    known = remembered(world, shelf, sources["key"])
    return batch.made(_table(sources.drop("lines"), known), missing)


def _sources(frames: Mapping[str, pl.DataFrame]) -> list[pl.DataFrame]:
    """Return (owner, kind, memo key, lines) of each kind of text."""
    held = frames["raw_files"].select("file_id", content_key().alias("content"))
    pages = frames["pages"].join(held, on="file_id")
    own = pages.filter(has_text_layer()).with_columns(
        kind=pl.lit("text"), key=pl.format("text:{}:{}", "content", "page_no")
    )
    seen = pages.filter(~has_text_layer()).drop("lines")
    ocr = seen.join(frames["ocr"].select("page_digest", "lines"), on="page_digest").with_columns(
        kind=pl.lit("ocr"), key=pl.format("ocr:{}", "page_digest")
    )
    captioned = pages.drop("lines").join(frames["captions"], on="page_digest")
    captions = captioned.with_columns(
        _caption_lines(), kind=pl.lit("caption"), key=pl.format("caption:{}", "page_digest")
    )
    return [part.select(_SOURCE) for part in (own, ocr, captions)]


def _caption_lines() -> pl.Expr:
    """Return captions as lines that stand on the whole page."""
    element = pl.element().struct
    sides = [pl.lit(None, dtype=BOX[side]).alias(side) for side in BOX]
    line = pl.struct(element.field("text"), *sides, element.field("confidence"))
    return pl.col("captions").list.eval(line).alias("lines")


def _cut_all(world: World, part: pl.DataFrame) -> Iterator[Row]:
    for kind, rows in part.select("kind", "lines").iter_rows():
        lines = [_line(row) for row in rows]
        groups = [[line] for line in lines] if kind == "caption" else [lines]
        pieces = [piece for group in groups for piece in _cut(world, group)]
        yield (_chunk_rows(pieces),)


def _cut(world: World, lines: Sequence[Line]) -> list[Piece]:
    s = world.settings
    return split_lines(
        lines, world.text.token_spans, size=s.chunk_tokens, overlap=s.chunk_overlap_tokens
    )


def _line(row: Mapping[str, object]) -> Line:
    sides = [row[side] for side in BOX]
    box = Box(*sides) if sides[0] is not None else None  # type: ignore[arg-type]
    return Line(str(row["text"]), box, float(str(row["confidence"])))


def _chunk_rows(pieces: Iterable[Piece]) -> list[dict[str, object]]:
    return [
        {
            "chunk_no": number,
            "text": piece.text,
            "text_digest": digest_text(piece.text),
            "token_count": piece.token_count,
            "section": piece.section,
            "confidence": piece.confidence,
            **_sides(piece.box),
        }
        for number, piece in enumerate(pieces)
    ]


def _sides(box: Box | None) -> dict[str, int | None]:
    return {side: getattr(box, side, None) for side in BOX}


def _table(owners: pl.DataFrame, known: pl.DataFrame) -> pl.DataFrame:
    return (
        owners.join(known, on="key")
        .explode("chunks")
        .drop_nulls("chunks")
        .unnest("chunks")
        .select(CHUNKS.names())
        .sort("file_id", "page_no", "kind", "chunk_no")
    )


STEP = alone(STATION, make)

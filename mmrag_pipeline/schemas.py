"""The columns of every table, declared once: stations, checks and the UI read them here."""

from collections.abc import Mapping

import polars as pl

BOX: Mapping[str, pl.DataType] = {side: pl.Int32() for side in ("left", "top", "right", "bottom")}
LINE = pl.Struct({"text": pl.String(), **BOX, "confidence": pl.Float32()})
CAPTION = pl.Struct({"text": pl.String(), "confidence": pl.Float32()})
TIME = pl.Datetime("us", "UTC")

RAW_FILES = pl.Schema(
    {
        "file_id": pl.String(),
        "key": pl.String(),
        "uri": pl.String(),
        "size_bytes": pl.Int64(),
        "etag": pl.String(),
        "modified_at": TIME,
        "digest": pl.String(),
        "media_type": pl.String(),
        "version": pl.String(),
        "visibility": pl.List(pl.String()),
        "category": pl.String(),
        "indexed_at": TIME,
        "expired": pl.Boolean(),
    }
)
TOMBSTONES = pl.Schema({"file_id": pl.String(), "purged_at": TIME, "receipt": pl.String()})
"""Files that no listing brings back; they are named by digest only."""
GENERATIONS = pl.Schema(
    {
        "at": TIME,
        "collection": pl.String(),
        "event": pl.String(),
        "by": pl.String(),
        "reason": pl.String(),
        "verdict": pl.String(),
        "run_id": pl.String(),
    }
)
"""What became of the generations of a collection, in order; `verdict` is a JSON object."""
PAGES = pl.Schema(
    {
        "file_id": pl.String(),
        "page_no": pl.Int32(),
        "page_digest": pl.String(),
        "width_px": pl.Int32(),
        "height_px": pl.Int32(),
        "dpi": pl.Float64(),
        "lines": pl.List(LINE),
        "raster": pl.String(),
    }
)
FAILURES = pl.Schema(
    {
        "item": pl.String(),
        "reason": pl.String(),
        "message": pl.String(),
        "bytes_seen": pl.Int64(),
        "transient": pl.Boolean(),
        "attempts": pl.Int32(),
    }
)
"""Side table of a station: `item` is what it was asked for (file_id or page digest)."""
DEAD_LETTERS = pl.Schema(
    {
        "file_id": pl.String(),
        "key": pl.String(),
        "station": pl.String(),
        "reason": pl.String(),
        "message": pl.String(),
        "bytes_seen": pl.Int64(),
        "first_seen": TIME,
        "last_seen": TIME,
        "attempts": pl.Int32(),
    }
)
OCR = pl.Schema(
    {
        "page_digest": pl.String(),
        "lines": pl.List(LINE),
        "language": pl.String(),
        "confidence": pl.Float32(),
        "card": pl.String(),
    }
)
CAPTIONS = pl.Schema(
    {"page_digest": pl.String(), "captions": pl.List(CAPTION), "card": pl.String()}
)
TILES = pl.Schema({"page_digest": pl.String(), "tile_no": pl.Int32(), "level": pl.Int32(), **BOX})
CHUNKS = pl.Schema(
    {
        "file_id": pl.String(),
        "page_no": pl.Int32(),
        "chunk_no": pl.Int32(),
        "kind": pl.String(),
        "text": pl.String(),
        "text_digest": pl.String(),
        "token_count": pl.Int32(),
        "section": pl.String(),
        "confidence": pl.Float32(),
        **BOX,
    }
)
IMAGE_VECTORS = pl.Schema({"digest": pl.String(), "card": pl.String()})
TEXT_VECTORS = pl.Schema({"digest": pl.String(), "signal": pl.String(), "card": pl.String()})
POINTS = pl.Schema(
    {
        "point_id": pl.String(),
        "point_hash": pl.String(),
        "kind": pl.String(),
        "payload": pl.String(),
        "image_key": pl.String(),
        "text_key": pl.String(),
        "image_text_key": pl.String(),
        "sparse_text": pl.String(),
    }
)
COLLECTION = pl.Schema({"point_id": pl.String(), "point_hash": pl.String()})

TABLES: Mapping[str, pl.Schema] = {
    "raw_files": RAW_FILES,
    "pages": PAGES,
    "dead_letters": DEAD_LETTERS,
    "ocr": OCR,
    "captions": CAPTIONS,
    "tiles": TILES,
    "chunks": CHUNKS,
    "image_vectors": IMAGE_VECTORS,
    "text_vectors": TEXT_VECTORS,
    "points": POINTS,
    "collection": COLLECTION,
}
"""The tables of stations."""
BESIDE: Mapping[str, pl.Schema] = {"tombstones": TOMBSTONES, "generations": GENERATIONS}
"""Tables that no station makes."""
ADDED: Mapping[str, tuple[str, ...]] = {"raw_files": ("version", "category")}
"""Table -> columns that earlier versions of this code did not write; they are null there."""

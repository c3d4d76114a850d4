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

EVAL_QUERIES = pl.Schema(
    {
        "query_id": pl.String(),
        "text": pl.String(),
        "image": pl.String(),
        "image_digest": pl.String(),
        "kind": pl.String(),
        "relevant": pl.List(pl.String()),
        "grades": pl.List(pl.Int32()),
        "pages": pl.List(pl.Struct({"entry": pl.String(), "page_no": pl.Int32()})),
        "answers": pl.List(pl.String()),
        "domains": pl.List(pl.String()),
        "absent": pl.List(pl.String()),
    }
)
SHARE = pl.Struct(
    {
        "signal": pl.String(),
        "rank": pl.Int32(),
        "score": pl.Float64(),
        "contribution": pl.Float64(),
    }
)
EVAL_HITS = pl.Schema(
    {
        "query_id": pl.String(),
        "ranking": pl.String(),
        "unit": pl.String(),
        "rank": pl.Int32(),
        "entry": pl.Int32(),
        "domain": pl.String(),
        "file_id": pl.String(),
        "page_no": pl.Int32(),
        "score": pl.Float64(),
        "kind": pl.String(),
        "point_id": pl.String(),
        **BOX,
        "shares": pl.List(SHARE),
    }
)
"""Files and pages by rank; where a file was found is told of the fused ranking only."""
EVAL_SEARCHES = pl.Schema(
    {
        "query_id": pl.String(),
        "seconds": pl.Float64(),
        "rankings": pl.List(pl.String()),
        "made_with": pl.String(),
    }
)
"""How each query was searched; `made_with` is a JSON object, the same in all rows."""
EVAL_SCORES = pl.Schema(
    {
        "ranking": pl.String(),
        "unit": pl.String(),
        "slice": pl.String(),
        "name": pl.String(),
        "measure": pl.String(),
        "queries": pl.Int32(),
        "value": pl.Float64(),
        "low": pl.Float64(),
        "high": pl.Float64(),
    }
)
EVAL_ANSWERS = pl.Schema(
    {
        "query_id": pl.String(),
        "kind": pl.String(),
        "answerable": pl.Boolean(),
        "abstained": pl.Boolean(),
        "cached": pl.Boolean(),
        "seconds": pl.Float64(),
        "prompt_tokens": pl.Int64(),
        "completion_tokens": pl.Int64(),
        "model": pl.String(),
        "measures": pl.List(pl.Struct({"measure": pl.String(), "value": pl.Float64()})),
    }
)
EVAL_RUNS = pl.Schema(
    {
        "run_id": pl.String(),
        "at": TIME,
        "asked": pl.String(),
        "queries": pl.Int32(),
        "made_with": pl.String(),
        "p50_s": pl.Float64(),
        "p95_s": pl.Float64(),
        "per_s": pl.Float64(),
        "scores": pl.List(
            pl.Struct(
                {
                    "ranking": pl.String(),
                    "query_id": pl.String(),
                    "kind": pl.String(),
                    "ndcg": pl.Float64(),
                }
            )
        ),
    }
)
"""The history of evaluations, the latest last; `asked` is a digest of queries and domains."""

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
EVALUATION: Mapping[str, pl.Schema] = {
    "eval_queries": EVAL_QUERIES,
    "eval_hits": EVAL_HITS,
    "eval_searches": EVAL_SEARCHES,
    "eval_scores": EVAL_SCORES,
    "eval_answers": EVAL_ANSWERS,
    "eval_runs": EVAL_RUNS,
}
"""Tables of the evaluation: one each, whatever the partitions of the index."""
DECLARED: Mapping[str, pl.Schema] = {**TABLES, **BESIDE, **EVALUATION}
"""Every table but those of failures."""
ADDED: Mapping[str, tuple[str, ...]] = {"raw_files": ("version", "category")}
"""Table -> columns that earlier versions of this code did not write; they are null there."""

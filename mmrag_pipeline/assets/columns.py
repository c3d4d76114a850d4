"""What each column means and which upstream columns it comes from, for the catalog."""

from collections.abc import Mapping
from dataclasses import dataclass

import dagster as dg

from mmrag_pipeline.schemas import TABLES


@dataclass(frozen=True, slots=True)
class Column:
    """A column's meaning and its sources, written `TABLE.COLUMN`."""

    meaning: str
    sources: tuple[str, ...] = ()


def _column(meaning: str, *sources: str) -> Column:
    return Column(meaning, sources)


_CONTENT = ("raw_files.digest", "raw_files.media_type")
_PIXELS = (*_CONTENT, "pages.page_digest", "pages.raster")
_TEXTS = (*_CONTENT, "pages.lines", "ocr.lines", "captions.captions")
_SIDES = ("left", "top", "right", "bottom")
_FILE = _column("File the row is about: a digest of domain and key.", "raw_files.file_id")
_PAGE_NO = _column("Page within the file, from 1.", "pages.page_no")
_CARD = _column("Fingerprint of the model that made the row.")
_POINT_HASH = _column(
    "Changes exactly when the point must be written again.",
    "image_vectors.card",
    "text_vectors.card",
    "chunks.text",
    "pages.page_digest",
    "raw_files.key",
    "raw_files.visibility",
    "raw_files.category",
)

COLUMNS: Mapping[str, Mapping[str, Column]] = {
    "raw_files": {
        "file_id": _column("Digest of domain and key: where the file is, not what it holds."),
        "key": _column("Path of the file within its domain."),
        "uri": _column("Where the file can be opened."),
        "size_bytes": _column("Size in bytes as listed."),
        "etag": _column("Changes when the content may have changed; empty when not read."),
        "modified_at": _column("Last change as listed."),
        "digest": _column("Digest of the content; null when it could never be read."),
        "media_type": _column("Media type by content, not by name."),
        "version": _column("The bucket's version that was read; null where it keeps none."),
        "visibility": _column("Groups that may see the file."),
        "category": _column("By rules, else the first folder of the key."),
        "indexed_at": _column("When the content was first read."),
        "expired": _column("Whether its time is over: listed, and not in the index."),
    },
    "pages": {
        "file_id": _FILE,
        "page_no": _column("Page within the file, from 1.", *_CONTENT),
        "page_digest": _column("Digest of what the page shows.", *_CONTENT),
        "width_px": _column("Width in page pixels.", *_CONTENT),
        "height_px": _column("Height in page pixels.", *_CONTENT),
        "dpi": _column("Pixels per inch where the file says so.", *_CONTENT),
        "lines": _column("Text layer: lines with boxes in page pixels.", *_CONTENT),
        "raster": _column("How to get the page's pixels again; empty for texts.", *_CONTENT),
    },
    "dead_letters": {
        "file_id": _FILE,
        "key": _column("Path of the file within its domain.", "raw_files.key"),
        "station": _column("Station that could not use the file."),
        "reason": _column("Short code of the reason."),
        "message": _column("What happened and what to do."),
        "bytes_seen": _column("Bytes read before it failed."),
        "first_seen": _column("First run in which it failed so."),
        "last_seen": _column("Last run in which it failed so."),
        "attempts": _column("How many runs tried it."),
    },
    "ocr": {
        "page_digest": _column("Page that was read.", "pages.page_digest"),
        "lines": _column("Lines with boxes in page pixels, in reading order.", *_PIXELS),
        "language": _column("Script or language of the lines.", *_PIXELS),
        "confidence": _column("Mean confidence of the lines, 0 to 1.", *_PIXELS),
        "card": _CARD,
    },
    "captions": {
        "page_digest": _column("Page that is described.", "pages.page_digest"),
        "captions": _column("Sentences with confidence, best first.", *_PIXELS),
        "card": _CARD,
    },
    "tiles": {
        "page_digest": _column("Page that is cut.", "pages.page_digest"),
        "tile_no": _column("0 is the whole page.", "pages.width_px", "pages.height_px"),
        "level": _column("0 is the whole page, 1 a part.", "pages.width_px", "pages.height_px"),
        **{
            side: _column(f"{side} side in page pixels.", "pages.width_px", "pages.height_px")
            for side in _SIDES
        },
    },
    "chunks": {
        "file_id": _column(_FILE.meaning, "pages.file_id"),
        "page_no": _PAGE_NO,
        "chunk_no": _column("Order on the page, by kind.", *_TEXTS),
        "kind": _column("text (own layer), ocr or caption.", "pages.lines", "pages.raster"),
        "text": _column("The words.", *_TEXTS),
        "text_digest": _column("Digest of the words.", *_TEXTS),
        "token_count": _column("Tokens by the text encoder.", *_TEXTS),
        "section": _column("Heading that the words stand under.", *_TEXTS),
        "confidence": _column("Mean confidence of the lines, 0 to 1.", *_TEXTS),
        **{side: _column(f"{side} side in page pixels.", *_TEXTS) for side in _SIDES},
    },
    "image_vectors": {
        "digest": _column(
            "Picture: page digest and box; the vector is in the memo.",
            "tiles.page_digest",
            *(f"tiles.{side}" for side in _SIDES),
        ),
        "card": _CARD,
    },
    "text_vectors": {
        "digest": _column("Digest of the words; the vector is in the memo.", "chunks.text_digest"),
        "signal": _column("text, or image_text for captions.", "chunks.kind"),
        "card": _CARD,
    },
    "points": {
        "point_id": _column(
            "UUID5 of file, page, kind and box or words.",
            "raw_files.file_id",
            "pages.page_no",
            "chunks.kind",
            "chunks.text_digest",
            *(f"tiles.{side}" for side in _SIDES),
        ),
        "point_hash": _POINT_HASH,
        "kind": _column("page, tile, text, ocr or caption.", "tiles.level", "chunks.kind"),
        "payload": _column(
            "What a hit tells: file, page, box, words, models.",
            "raw_files.key",
            "raw_files.uri",
            "raw_files.digest",
            "raw_files.visibility",
            "raw_files.category",
            "pages.page_no",
            "pages.page_digest",
            "chunks.text",
        ),
        "image_key": _column("Picture whose vector the point has.", "image_vectors.digest"),
        "text_key": _column("Words whose vector the point has.", "text_vectors.digest"),
        "image_text_key": _column(
            "Words whose vector in the picture space the point has.", "text_vectors.digest"
        ),
        "sparse_text": _column("Words that BM25 sees.", "chunks.text"),
    },
    "collection": {
        name: _column(f"{meaning} As applied to the index.", f"points.{name}")
        for name, meaning in {
            "point_id": "Id of the point.",
            "point_hash": _POINT_HASH.meaning,
        }.items()
    },
}


def column_schema(table: str) -> dg.TableSchema:
    """Return a table's columns with types and meanings."""
    return dg.TableSchema(
        columns=[
            dg.TableColumn(name, type=str(dtype), description=COLUMNS[table][name].meaning)
            for name, dtype in TABLES[table].items()
        ]
    )


def column_lineage(table: str) -> dg.TableColumnLineage:
    """Return column -> the upstream columns it is made from."""
    return dg.TableColumnLineage(
        {
            name: [_dep(source) for source in column.sources]
            for name, column in COLUMNS[table].items()
            if column.sources
        }
    )


def _dep(source: str) -> dg.TableColumnDep:
    table, _, name = source.partition(".")
    return dg.TableColumnDep(dg.AssetKey(table), name)

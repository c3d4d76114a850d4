"""What the memo is still needed for: the contents, pages and texts that tables refer to."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import polars as pl

from mmrag_pipeline.errors import CorruptStateError
from mmrag_pipeline.indexing.commit import rows_of
from mmrag_pipeline.indexing.contents import content_key
from mmrag_pipeline.indexing.parsed import key_after
from mmrag_pipeline.keepers import TableCatalog
from mmrag_pipeline.ports import TableStore

_CUT = r"^text:[^:]*:(.+):\d+$"
"""Memo key of a cut text layer: kind, recipe, content key, page number."""
SOUND = "sound_vectors"
"""Shelf of a check: keys of vectors that were found sound, which holds while they are there."""
_READ = r"^[^:]*:[^:]*:([^:]+)$"
"""Memo key of cut words of a page: kind, recipe, page digest."""


@dataclass(frozen=True, slots=True)
class References:
    """Distinct keys of contents (`DIGEST:MEDIA_TYPE`), digests of pages and of texts."""

    contents: pl.Series
    pages: pl.Series
    texts: pl.Series

    def digests(self) -> pl.Series:
        """Return the digests of all of them; a content's without its media type."""
        return pl.concat([self.contents.str.extract(r"^([^:]+)", 1), self.pages, self.texts])


def references(catalog: TableCatalog) -> References:
    """Return what the tables of all partitions refer to.

    Reads one table at a time. Raises CorruptStateError when one cannot be read: what it refers
    to is unknown then, and nothing may be dropped.
    """
    found: dict[str, list[pl.Series]] = {"contents": [], "pages": [], "texts": []}
    for table, columns in _REFERRING.items():
        for partition in catalog.partitions(table):
            frame = _read(catalog, table, partition)
            for kind, column in columns:
                keys = frame.select(column.alias("key").drop_nulls().unique())["key"]
                found[kind].append(keys)
    contents, pages, texts = map(_distinct, found.values())
    return References(contents, pages, texts)


def references_of(tables: TableStore, partition: str, files: Sequence[str]) -> References:
    """Return what the tables of a partition tell of these files (by id), shared or not."""
    theirs = pl.col("file_id").is_in(list(files))

    def told(table: str, column: pl.Expr) -> pl.Series:
        rows = rows_of(tables, table, partition).filter(theirs)
        return _distinct([rows.select(column.alias("key").drop_nulls())["key"]])

    return References(
        contents=told("raw_files", content_key()),
        pages=told("pages", pl.col("page_digest")),
        texts=told("chunks", pl.col("text_digest")),
    )


def together(parts: Sequence[References]) -> References:
    """Return what any of these refers to."""
    return References(
        contents=_distinct([part.contents for part in parts]),
        pages=_distinct([part.pages for part in parts]),
        texts=_distinct([part.texts for part in parts]),
    )


def page_of(picture: pl.Expr) -> pl.Expr:
    """Return the page digest in a picture's key, `PAGE_DIGEST` or `PAGE_DIGEST:BOX`."""
    return picture.str.extract(r"^([^:]+)", 1)


def is_known(station: str) -> bool:
    """Return whether it can be told what the memo keys of a station are about."""
    return station in _ABOUT


def is_referenced(held: References, station: str, keys: pl.Series) -> pl.Series:
    """Say for each memo key of a known station whether a table refers to what it is about.

    Fingerprints do not count: what earlier models made of a page stays and goes with the page.
    """
    return _ABOUT[station](held, keys)


def _contents(held: References, keys: pl.Series) -> pl.Series:
    return _among(keys.str.strip_chars_end(key_after("")), held.contents)


def _of_pages(held: References, keys: pl.Series) -> pl.Series:
    return _among(keys.to_frame("key").select(page_of(pl.col("key")))["key"], held.pages)


def _of_texts(held: References, keys: pl.Series) -> pl.Series:
    return _among(keys, held.texts)


def _of_cut_texts(held: References, keys: pl.Series) -> pl.Series:
    of_content = _among(keys.str.extract(_CUT, 1), held.contents)
    return of_content | _among(keys.str.extract(_READ, 1), held.pages)


def _among(keys: pl.Series, known: pl.Series) -> pl.Series:
    """Say for each key whether it is among distinct known ones; a null is not."""
    asked = keys.to_frame("key")
    # first the other way round: known ones are millions, and each join hashes its right side
    found = known.to_frame("key").join(asked, on="key", how="semi").with_columns(known=True)
    return asked.join(found, on="key", how="left", maintain_order="left")["known"].is_not_null()


def _of_vectors(held: References, keys: pl.Series) -> pl.Series:
    return _of_pages(held, keys) | _of_texts(held, keys)


_ABOUT: Mapping[str, Callable[[References, pl.Series], pl.Series]] = {
    "pages": _contents,
    "ocr": _of_pages,
    "captions": _of_pages,
    "image_vectors": _of_pages,
    "image_safety": _of_pages,
    "chunks": _of_cut_texts,
    "text_vectors": _of_texts,
    "image_text_vectors": _of_texts,
    SOUND: _of_vectors,
}
"""Station of a shelf -> what its keys are about."""

_REFERRING: Mapping[str, Sequence[tuple[str, pl.Expr]]] = {
    "raw_files": (("contents", content_key()),),
    "pages": (("pages", pl.col("page_digest")),),
    "tiles": (("pages", pl.col("page_digest")),),
    "ocr": (("pages", pl.col("page_digest")),),
    "captions": (("pages", pl.col("page_digest")),),
    "image_vectors": (("pages", page_of(pl.col("digest"))),),
    "chunks": (("texts", pl.col("text_digest")),),
    "text_vectors": (("texts", pl.col("digest")),),
    "points": (
        ("pages", page_of(pl.col("image_key"))),
        ("texts", pl.col("text_key")),
        ("texts", pl.col("image_text_key")),
    ),
}
"""Table -> what its columns refer to: several say the same, should one of them be missing."""


def _read(catalog: TableCatalog, table: str, partition: str) -> pl.DataFrame:
    frame = catalog.read(table, partition)
    if frame is None:
        raise CorruptStateError(
            f"table {table!r} of {partition!r} vanished while it was read: nothing was dropped; "
            "try again when no run is under way"
        )
    return frame


def _distinct(parts: Sequence[pl.Series]) -> pl.Series:
    return pl.concat([pl.Series("key", [], dtype=pl.String), *parts]).unique()

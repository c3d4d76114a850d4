"""What lies at a place of an indexed file: the pixels of its page, its lines, a crop."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from io import BytesIO

import polars as pl
from PIL import Image

from mmrag_pipeline.ids import file_id, partition_of
from mmrag_pipeline.indexing.hit_pages import HitPage, drawn_pages
from mmrag_pipeline.indexing.station import World
from mmrag_pipeline.keepers import TableCatalog
from mmrag_pipeline.records import Box, Line, PagePixels
from mmrag_pipeline.schemas import BOX

_QUALITY = 85
_MARGIN = 0.5
"""What is shown around a box, in parts of its shorter side: words need their surroundings."""
_SMALLEST_PX = 64


@dataclass(frozen=True, slots=True)
class PageAt:
    """A page of a file of a domain."""

    domain: str
    key: str
    page_no: int


def pixels_of(world: World, page: PageAt) -> PagePixels | None:
    """Return a page's pixels, None when there are none or they cannot be read (any more)."""
    wanted = HitPage(page.domain, file_id(page.domain, page.key), page.page_no)
    return next((drawn for _, drawn in drawn_pages(world, {wanted})), None)


def lines_at(tables: TableCatalog, shards: Mapping[str, int], page: PageAt) -> Sequence[Line]:
    """Return the lines of a page: its text layer, or what OCR read; none when neither is known."""
    partition = partition_of(page.domain, page.key, shards)
    files = _rows(tables, "raw_files", partition, pl.col("key") == page.key)
    wanted = pl.col("file_id").is_in(files["file_id"].to_list()) if files is not None else None
    pages = None if wanted is None else _rows(tables, "pages", partition, wanted)
    if pages is None:
        return ()
    mine = pages.filter(pl.col("page_no") == page.page_no)
    layer = [line for lines in mine["lines"].to_list() for line in lines or ()]
    if layer:
        return [_line(line) for line in layer]
    read = _rows(
        tables, "ocr", partition, pl.col("page_digest").is_in(mine["page_digest"].to_list())
    )
    found = [] if read is None else read["lines"].to_list()
    return [_line(line) for lines in found for line in lines]


def crop(page: PagePixels, box: Box | None, *, side_px: int) -> bytes:
    """Return a JPEG of what lies in a box of the page, and around it; None shows the page.

    `box` is in page pixels. The longer side has at most `side_px`.
    """
    picture = Image.fromarray(page.pixels)
    if box is not None:
        picture = picture.crop(_around(box, page.scale, picture.size))
    picture.thumbnail((side_px, side_px), Image.Resampling.LANCZOS)
    out = BytesIO()
    picture.save(out, "JPEG", quality=_QUALITY)
    return out.getvalue()


def _around(box: Box, scale: float, size: tuple[int, int]) -> tuple[int, int, int, int]:
    width, height = box.right - box.left, box.bottom - box.top
    margin = max(_SMALLEST_PX, round(min(width, height) * _MARGIN))
    left, top = (round((side - margin) * scale) for side in (box.left, box.top))
    right, bottom = (round((side + margin) * scale) for side in (box.right, box.bottom))
    inside = (max(left, 0), max(top, 0), min(right, size[0]), min(bottom, size[1]))
    empty = inside[0] >= inside[2] or inside[1] >= inside[3]
    return (0, 0, *size) if empty else inside


def _rows(tables: TableCatalog, table: str, partition: str, wanted: pl.Expr) -> pl.DataFrame | None:
    """Return the rows that are wanted, a few rows in memory at a time."""
    columns = {
        "raw_files": ("file_id", "key"),
        "pages": ("file_id", "page_no", "page_digest", "lines"),
        "ocr": ("page_digest", "lines"),
    }
    batches: Iterator[pl.DataFrame] | None = tables.batches(table, partition, columns[table])
    if batches is None:
        return None
    kept = [batch.filter(wanted) for batch in batches]
    return pl.concat(kept) if kept else None


def _line(row: Mapping[str, object]) -> Line:
    left, top, right, bottom = (row[side] for side in BOX)
    known = isinstance(left, int) and isinstance(top, int)
    if known and isinstance(right, int) and isinstance(bottom, int):
        return Line(str(row["text"]), Box(int(str(left)), int(str(top)), right, bottom))
    return Line(str(row["text"]), None)

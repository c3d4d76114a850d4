"""What files say of hits that are kept by id: names, texts of points, pixels of pages."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass

import polars as pl

from mmrag_pipeline.errors import ItemError, MmragError
from mmrag_pipeline.ids import domain_of
from mmrag_pipeline.indexing.pixels import stream_pixels
from mmrag_pipeline.indexing.station import World
from mmrag_pipeline.keepers import TableCatalog
from mmrag_pipeline.records import PagePixels
from mmrag_pipeline.schemas import DECLARED

_FILE = ("file_id", "key", "digest", "media_type", "visibility", "expired")
_PAGE = ("file_id", "page_no", "page_digest", "raster", "width_px", "height_px")


@dataclass(frozen=True, slots=True)
class HitPage:
    """A page of a file of a domain, the file named by id."""

    domain: str
    file_id: str
    page_no: int


@dataclass(frozen=True, slots=True)
class HitFile:
    """How a file is called, and the groups that may see it."""

    key: str
    visibility: tuple[str, ...]


def files_of_hits(
    tables: TableCatalog, wanted: Collection[HitPage]
) -> dict[tuple[str, str], HitFile]:
    """Return (domain, file id) -> file; those that are not in the index (any more) are left out.

    So are files that are out of time, purged, or withheld by the image filter.
    """
    found = {}
    for partition in _partitions(tables, wanted):
        domain = domain_of(partition)
        rows = _indexed(tables, partition, _of_files(wanted, domain))
        for file_id, key, groups in rows.select("file_id", "key", "visibility").iter_rows():
            found[domain, file_id] = HitFile(key, tuple(groups or ()))
    return found


def texts_of_points(
    tables: TableCatalog, domains: Iterable[str], wanted: Collection[str]
) -> Mapping[str, str]:
    """Return point id -> its text, for the points that have one and are still known."""
    chosen = set(domains)
    texts: dict[str, str] = {}
    for partition in tables.partitions("points"):
        if wanted and domain_of(partition) in chosen:
            is_wanted = pl.col("point_id").is_in(list(wanted))
            columns = ("point_id", "sparse_text")
            rows = _kept(tables, partition, "points", columns, is_wanted).drop_nulls()
            texts.update(rows.select(columns).iter_rows())
    return texts


def drawn_pages(world: World, wanted: Collection[HitPage]) -> Iterator[tuple[HitPage, PagePixels]]:
    """Yield the pixels of pages, a window of them in memory at a time.

    A page without pixels is left out, as is one whose file cannot be read now, whatever the
    reason: whoever shows a hit shows it without.
    """
    for partition in _partitions(world.tables, wanted):
        try:
            yield from _drawn(world, partition, wanted)
        except MmragError:
            continue


def _drawn(
    world: World, partition: str, wanted: Collection[HitPage]
) -> Iterator[tuple[HitPage, PagePixels]]:
    domain = domain_of(partition)
    mine = _of_files(wanted, domain)
    numbers = {(one.file_id, one.page_no) for one in wanted if one.domain == domain}
    files = _indexed(world.tables, partition, mine)
    mine &= pl.col("file_id").is_in(files["file_id"].to_list())
    pages = _kept(world.tables, partition, "pages", _PAGE, mine & (pl.col("raster") != ""))
    rows = [
        row for row in pages.iter_rows(named=True) if (row["file_id"], row["page_no"]) in numbers
    ]
    frames = {
        "raw_files": files,
        "pages": pl.DataFrame(rows, schema=pages.schema),
    }
    owners: dict[str, list[HitPage]] = defaultdict(list)
    for row in rows:
        owners[row["page_digest"]].append(HitPage(domain, row["file_id"], row["page_no"]))
    for digest, page in stream_pixels(world, partition, frames, [*owners]):
        if not isinstance(page, ItemError):
            yield from ((owner, page) for owner in owners[digest])


def _indexed(tables: TableCatalog, partition: str, wanted: pl.Expr) -> pl.DataFrame:
    """Return the wanted files that the index may show, with what is needed to read them."""
    files = _kept(tables, partition, "raw_files", _FILE, wanted & ~pl.col("expired"))
    columns, held_back = ("file_id", "reason"), pl.col("reason") == "withheld"
    withheld = _kept(tables, partition, "dead_letters", columns, wanted & held_back)
    buried = _kept(tables, domain_of(partition), "tombstones", ("file_id",), wanted)
    gone = [*withheld["file_id"], *buried["file_id"]]
    return files.filter(~pl.col("file_id").is_in(gone)).drop("expired")


def _partitions(tables: TableCatalog, wanted: Collection[HitPage]) -> list[str]:
    domains = {one.domain for one in wanted}
    return [name for name in tables.partitions("raw_files") if domain_of(name) in domains]


def _of_files(wanted: Collection[HitPage], domain: str) -> pl.Expr:
    return pl.col("file_id").is_in(sorted({w.file_id for w in wanted if w.domain == domain}))


def _kept(
    tables: TableCatalog, partition: str, table: str, columns: Collection[str], wanted: pl.Expr
) -> pl.DataFrame:
    """Return the rows that are wanted; of the others only a few are in memory at a time."""
    none = pl.DataFrame(schema={name: DECLARED[table][name] for name in columns})
    batches = tables.batches(table, partition, list(columns)) or ()
    return pl.concat([none, *(batch.filter(wanted) for batch in batches)])

"""The work ahead of each station: exact for known pages, estimated for files not yet read."""

from dataclasses import dataclass, replace

import polars as pl

from mmrag_pipeline.indexing import (
    captions,
    chunks,
    collection,
    image_vectors,
    ocr,
    pages,
    points,
    raw_files,
    text_vectors,
    tiles,
)
from mmrag_pipeline.indexing.apply import difference
from mmrag_pipeline.indexing.contents import content_key
from mmrag_pipeline.indexing.parsed import best_parses
from mmrag_pipeline.indexing.remember import Missing, Shelf, find_missing, remembered
from mmrag_pipeline.indexing.run import is_current, last_failures
from mmrag_pipeline.indexing.station import Job, Mode, Station, World
from mmrag_pipeline.parsing.media import PDF
from mmrag_pipeline.schemas import TABLES

PAGES_PER_PDF = 4.0
"""Assumed of PDFs until some were parsed."""
_TEXTS_PER_PAGE = 2
"""Assumed of pages not read yet: words on it and a caption."""
_POINTS_PER_PAGE = 1 + _TEXTS_PER_PAGE


@dataclass(frozen=True, slots=True)
class Work:
    """What one station would make, drop and keep."""

    add: int = 0
    change: int = 0
    delete: int = 0
    reuse: int = 0
    exact: bool = True

    def plus(self, guessed: int, *, exact: bool) -> "Work":
        """Return this work and `guessed` more items to make."""
        return replace(self, add=self.add + guessed, exact=self.exact and exact)


@dataclass(frozen=True, slots=True)
class Look:
    """One look at a partition: its listing beside its tables."""

    world: World
    partition: str
    fresh: pl.DataFrame
    """Listed objects that would be read."""
    changed: pl.DataFrame
    """Their rows of before."""
    deleted: pl.DataFrame
    kept: pl.DataFrame

    def table(self, name: str) -> pl.DataFrame:
        """Return a table as it is now, empty when it was never made."""
        return table(self.world, self.partition, name)

    @property
    def is_unchanged(self) -> bool:
        """Return whether the listing is that of the last run."""
        return self.fresh.is_empty() and self.deleted.is_empty()

    def is_current(self, station: Station) -> bool:
        """Return whether a table was made by today's recipe from the tables beside it."""
        return is_current(self.world, station, station.recipe(self.world), self.partition)

    def missing(self, station: Station, place: Shelf, wanted: pl.Series) -> Missing:
        """Return what a run would find missing."""
        recipe = station.recipe(self.world)
        failures = last_failures(self.world, station, recipe, self.partition)
        job = Job(self.partition, Mode("plan"), recipe, {}, {}, failures)
        return find_missing(self.world, job, place, wanted)


def look(world: World, partition: str) -> Look:
    """Return the listing beside the tables; raises ListingError."""
    listing = raw_files.list_objects(world, partition)
    last = table(world, partition, "raw_files")
    fresh = raw_files.changed(listing, last)
    deleted = last.join(listing, on="key", how="anti")
    listed = last.join(deleted, on="key", how="anti")
    return Look(
        world,
        partition,
        fresh,
        changed=listed.join(fresh, on="key", how="semi"),
        deleted=deleted,
        kept=listed.join(fresh, on="key", how="anti"),
    )


def table(world: World, partition: str, name: str) -> pl.DataFrame:
    """Return a stored table, empty when it was never made."""
    frame = world.tables.read(name, partition)
    return pl.DataFrame(schema=TABLES[name]) if frame is None else frame


def forecast(seen: Look) -> dict[str, Work]:
    """Return station -> work, in the order of the data."""
    unparsed = _unparsed(seen)
    guess = _guessed_pages(seen, unparsed)
    settled = seen.fresh.is_empty() and unparsed.is_empty()
    parsed = seen.kept.join(unparsed, on="file_id", how="anti")
    known = _known_pages(seen, parsed)
    works = {"raw_files": _reading(seen), "pages": _parsing(seen, unparsed)}
    pixels, lost = _pixels(seen, known)
    works |= {name: work.plus(guess, exact=settled) for name, work in pixels.items()}
    cutting, texts = _cutting(seen, known, lost)
    encoding = _encoding(seen, texts).plus(cutting.add + cutting.change, exact=cutting.add == 0)
    guessed_texts = _TEXTS_PER_PAGE * guess
    works["chunks"] = cutting.plus(guessed_texts, exact=settled)
    works["text_vectors"] = encoding.plus(guessed_texts, exact=settled)
    made = sum(work.add + work.change for work in works.values())
    works["points"] = _pointing(seen, exact=made == 0).plus(_POINTS_PER_PAGE * guess, exact=settled)
    works["collection"] = _applying(seen, works["points"])
    return works


def _reading(seen: Look) -> Work:
    changed = seen.changed.height
    return Work(seen.fresh.height - changed, changed, seen.deleted.height, seen.kept.height)


def _unparsed(seen: Look) -> pl.DataFrame:
    """Return the rows of unchanged files whose content no memo holds parsed."""
    held = seen.kept.drop_nulls("digest").with_columns(content=content_key())
    open_keys = seen.missing(pages.STATION, pages.shelf(seen.world), held["content"]).keys
    return held.join(open_keys.to_frame("content"), on="content", how="semi")


def _parsing(seen: Look, unparsed: pl.DataFrame) -> Work:
    changed = seen.changed.height
    return Work(
        add=seen.fresh.height - changed,
        change=changed + unparsed.height,
        delete=seen.deleted.height,
        reuse=seen.kept.height - unparsed.height,
        exact=seen.fresh.is_empty(),
    )


def _guessed_pages(seen: Look, unparsed: pl.DataFrame) -> int:
    """Return how many pages the files hold that nobody parsed yet."""
    pdfs = seen.kept.filter(pl.col("media_type") == PDF)
    counted = seen.table("pages").join(pdfs, on="file_id", how="semi")
    files = counted["file_id"].n_unique()
    each = counted.height / files if files else PAGES_PER_PDF
    named = seen.fresh.filter(pl.col("key").str.to_lowercase().str.ends_with(".pdf")).height
    known = unparsed.filter(pl.col("media_type") == PDF).height
    singles = seen.fresh.height - named + unparsed.height - known
    return round(singles + each * (named + known))


def _known_pages(seen: Look, parsed: pl.DataFrame) -> pl.DataFrame:
    """Return the pages of parsed files: from their table, or from the memo when that is behind."""
    if seen.is_current(pages.STATION):
        table = seen.table("pages")
        return table if seen.is_unchanged else table.join(parsed, on="file_id", how="semi")
    held = parsed.drop_nulls("digest")
    contents = held.select(content_key().alias("key"))["key"]
    return pages.page_table(held, best_parses(seen.world, pages.shelf(seen.world), contents))


def _pixels(seen: Look, known: pl.DataFrame) -> tuple[dict[str, Work], dict[str, pl.Series]]:
    """Return each pixel station's work, and the keys that its engine failed on for good."""
    tiled = tiles.cut(seen.world.settings, known).select(image_vectors.picture_key().alias("key"))
    wanted = (
        (ocr.OCR, ocr.wanted(known)),
        (captions.CAPTIONS, captions.wanted(known)),
        (image_vectors.IMAGE_VECTORS, tiled["key"]),
    )
    works, lost = {}, {}
    for one, keys in wanted:
        name = one.station.name
        missing = seen.missing(one.station, one.shelf(seen.world), keys)
        lost[name] = missing.given_up["item"]
        works[name] = _compared(keys, missing, seen.table(name).to_series(0))
    return works, lost


def _compared(wanted: pl.Series, missing: Missing, present: pl.Series) -> Work:
    """Return work by key: made anew counts as changed when the table has it already."""
    todo, held = missing.keys.to_frame("key"), present.to_frame("key")
    add = todo.join(held, on="key", how="anti").height
    gone = held.join(wanted.to_frame("key"), on="key", how="anti").height if held.height else 0
    return Work(add, todo.height - add, gone, missing.reused)


def _cutting(
    seen: Look, known: pl.DataFrame, lost: dict[str, pl.Series]
) -> tuple[Work, pl.DataFrame]:
    """Return the work on texts that are or will be read, and the chunks that stay."""
    keyed = chunks.chunk_keys(seen.world, seen.kept, known)
    failed = [
        (pl.col("kind") == kind) & pl.col("page_digest").is_in(lost[station].implode())
        for kind, station in (("ocr", "ocr"), ("caption", "captions"))
    ]
    sources = keyed.filter(~pl.any_horizontal(failed))
    place = chunks.shelf(seen.world)
    missing = seen.missing(chunks.STATION, place, sources["key"])
    stays = sources.join(missing.keys.to_frame("key"), on="key", how="anti")
    if seen.is_current(chunks.STATION):
        texts = seen.table("chunks").join(stays, on=["file_id", "page_no", "kind"], how="semi")
    else:
        texts = chunks.cut_table(stays, remembered(seen.world, place, stays["key"]))
    gone = seen.table("chunks").join(seen.deleted, on="file_id", how="semi").height
    return Work(add=len(missing.keys), delete=gone, reuse=missing.reused), texts


def _encoding(seen: Look, texts: pl.DataFrame) -> Work:
    """Return the work on texts whose chunks stay."""
    total = Work()
    for space in text_vectors.spaces(seen.world, texts):
        keys = space.texts["text_digest"]
        place = text_vectors.shelf(space.signal, space.card)
        missing = seen.missing(text_vectors.STATION, place, keys)
        present = seen.table("text_vectors").filter(pl.col("signal") == space.signal)["digest"]
        work = _compared(keys, missing, present)
        total = Work(
            total.add + work.add,
            total.change + work.change,
            total.delete + work.delete,
            total.reuse + work.reuse,
        )
    return total


def _pointing(seen: Look, *, exact: bool) -> Work:
    """Return the points touched: those of files that go or change, or all under other models."""
    lineage = seen.world.tables.lineage("points", seen.partition)
    if lineage is None:
        return Work(exact=exact)
    deleted, changed = (_points_of(seen, files) for files in (seen.deleted, seen.changed))
    kept = max(lineage.rows - deleted - changed, 0)
    if lineage.recipe != points.recipe(seen.world).digest:
        return Work(0, changed + kept, deleted, 0, exact)
    return Work(0, changed, deleted, kept, exact)


def _points_of(seen: Look, files: pl.DataFrame) -> int:
    """Return how many points these files have now."""
    if files.is_empty():
        return 0
    owned = seen.table("pages").join(files, on="file_id", how="semi")
    pictures = owned.select("page_digest").join(seen.table("tiles"), on="page_digest").height
    return pictures + seen.table("chunks").join(files, on="file_id", how="semi").height


def _applying(seen: Look, work: Work) -> Work:
    """Return the collection's work: that of points, all of them for a new generation."""
    name = collection.generation(seen.world, seen.partition)
    lineage = seen.world.tables.lineage("collection", seen.partition)
    if lineage is None or lineage.upstream.get("collection") != name:
        return Work(work.add + work.change + work.reuse, exact=work.exact)
    behind = difference(seen.table("points"), seen.table("collection"))
    return replace(work, reuse=max(work.reuse - behind.total, 0)).plus(behind.total, exact=True)

"""The work ahead of each station: exact for known contents, estimated for files not yet parsed."""

from collections.abc import Mapping
from dataclasses import dataclass

import polars as pl

from mmrag_pipeline.errors import CollectionBusyError
from mmrag_pipeline.indexing import (
    captions,
    chunks,
    collection,
    image_vectors,
    ocr,
    pages,
    text_vectors,
    tiles,
    withheld,
)
from mmrag_pipeline.indexing.applied import is_trusted
from mmrag_pipeline.indexing.apply import difference
from mmrag_pipeline.indexing.contents import content_key
from mmrag_pipeline.indexing.expected import Expected, expected
from mmrag_pipeline.indexing.forecast_points import Ahead, pointing
from mmrag_pipeline.indexing.listed import Look
from mmrag_pipeline.indexing.parsed import best_parses
from mmrag_pipeline.indexing.remember import Missing, remembered
from mmrag_pipeline.indexing.reworded import Reworded, reworded
from mmrag_pipeline.indexing.work import Work

_OWNER = ["file_id", "page_no", "kind"]
_REMEMBERING = ("pages", "ocr", "captions", "image_vectors", "text_vectors")


def forecast(seen: Look) -> dict[str, Work]:
    """Return station -> work, in the order of the data."""
    files = seen.files
    unparsed = _unparsed(seen)
    known = _known_pages(seen, files.join(unparsed, on="file_id", how="anti"))
    guess = expected(seen, unparsed)
    settled = guess.is_nothing
    tiled = tiles.cut(seen.world.settings, known).with_columns(key=image_vectors.picture_key())
    works = {
        "raw_files": _reading(seen),
        "pages": _parsing(seen, unparsed, known),
        "tiles": _tiling(seen, tiled, guess),
    }
    pixels, missing = _pixels(seen, known, tiled["key"])
    guessed = {"ocr": guess.scans, "captions": guess.pictures, "image_vectors": guess.tiles}
    works |= {name: work.plus(guessed[name], exact=settled) for name, work in pixels.items()}
    cut = _cutting(seen, known, missing)
    told = cut.pending.is_empty() and cut.other.is_empty()
    # a page that nobody has looked at may have no words, or may not be drawn at all
    works["chunks"] = cut.work.plus(guess.sources, exact=settled and told)
    encoding = _encoding(seen, cut.same).plus(_unknown(seen, cut), exact=cut.is_told)
    works["text_vectors"] = encoding.plus(guess.texts, exact=settled)
    done = cut.is_told and all(works[name].made == 0 for name in _REMEMBERING)
    undrawn = missing["image_vectors"].given_up.select(key="item")
    drawn = tiled if undrawn.is_empty() else tiled.join(undrawn, on="key", how="anti")
    shown = withheld.shown(seen.world, known)
    done = done and withheld.unjudged(seen.world, known).is_empty()
    texts = pl.concat([cut.same, cut.other, cut.reworded.rows]).join(
        shown, on="file_id", how="semi"
    )
    pending = cut.pending.join(shown, on="file_id", how="semi")
    ahead = Ahead(shown, drawn, texts, pending, guess)
    works["points"] = pointing(seen, ahead, exact=settled and done)
    works["collection"] = _applying(seen, works["points"])
    return works


def _reading(seen: Look) -> Work:
    changed = seen.changed.height
    gone, kept = seen.deleted.height, seen.kept.height
    return Work(seen.fresh.height - changed, changed, gone, kept, expired=seen.expired)


def _unparsed(seen: Look) -> pl.DataFrame:
    """Return (file_id, media_type, content) of known contents that no memo holds parsed."""
    held = seen.files.select("file_id", "media_type", content=content_key())
    open_keys = seen.missing(pages.STATION, pages.shelf(seen.world), held["content"]).keys
    return held.join(open_keys.to_frame("content"), on="content", how="semi")


def _known_pages(seen: Look, parsed: pl.DataFrame) -> pl.DataFrame:
    """Return the pages of parsed files: from their table, else from the memo."""
    if not seen.is_current(pages.STATION):
        return _remembered_pages(seen, parsed)
    table = seen.table("pages")
    if seen.is_unchanged and parsed.height == seen.kept.height:
        return table
    kept = parsed.join(seen.kept, on="file_id", how="semi")
    read = parsed.join(seen.kept, on="file_id", how="anti")
    stays = table.join(kept, on="file_id", how="semi")
    return pl.concat([stays, _remembered_pages(seen, read)]) if read.height else stays


def _remembered_pages(seen: Look, parsed: pl.DataFrame) -> pl.DataFrame:
    contents = parsed.select(content_key().alias("key"))["key"]
    return pages.page_table(parsed, best_parses(seen.world, pages.shelf(seen.world), contents))


def _parsing(seen: Look, unparsed: pl.DataFrame, known: pl.DataFrame) -> Work:
    """Return the work by file; a content that several files hold is parsed once."""
    reuse = seen.kept.height + seen.read.height - unparsed.height
    exact = seen.unread.is_empty()
    if seen.is_unchanged and unparsed.is_empty() and seen.is_current(pages.STATION):
        return Work(reuse=reuse)
    before = seen.table("pages").select("file_id").unique()
    once = pl.concat([unparsed.unique("content")["file_id"], seen.unread["file_id"]]).to_frame()
    change = once.join(before, on="file_id", how="semi").height
    stays = pl.concat([once, unparsed.select("file_id"), known.select("file_id")])
    gone = before.join(stays, on="file_id", how="anti").height
    return Work(once.height - change, change, gone, reuse, exact)


def _tiling(seen: Look, tiled: pl.DataFrame, guess: Expected) -> Work:
    """Return the work by page and box: no model looks at tiles yet."""
    settled = all(map(seen.is_current, (pages.STATION, tiles.STATION)))
    if seen.is_unchanged and guess.is_nothing and settled:
        return Work(reuse=tiled.height)
    present = seen.table("tiles").select(key=image_vectors.picture_key())
    same = tiled.join(present, on="key", how="semi").height
    gone = present.height - same
    return Work(tiled.height - same, 0, gone, same).plus(guess.tiles, exact=guess.is_nothing)


def _pixels(
    seen: Look, known: pl.DataFrame, pictures: pl.Series
) -> tuple[dict[str, Work], dict[str, Missing]]:
    """Return each pixel station's work, and what a run would find missing there."""
    wanted = (
        (ocr.OCR, ocr.wanted(known)),
        (captions.CAPTIONS, captions.wanted(known)),
        (image_vectors.IMAGE_VECTORS, pictures),
    )
    works, lacks = {}, {}
    for one, keys in wanted:
        name = one.station.name
        missing = seen.missing(one.station, one.shelf(seen.world), keys)
        lacks[name] = missing
        works[name] = _compared(keys, missing, seen.table(name).to_series(0))
    return works, lacks


def _compared(wanted: pl.Series, missing: Missing, present: pl.Series) -> Work:
    """Return work by key: made anew counts as changed when the table has it already."""
    todo, held = missing.keys.to_frame("key"), present.to_frame("key")
    add = todo.join(held, on="key", how="anti").height
    gone = held.join(wanted.to_frame("key"), on="key", how="anti").height if held.height else 0
    return Work(add, todo.height - add, gone, missing.reused)


@dataclass(frozen=True, slots=True)
class _Cut:
    """The work on texts that are or will be read, and the chunks that come of them."""

    work: Work
    same: pl.DataFrame
    """Chunks that stay, or that these texts gave when they were cut last."""
    other: pl.DataFrame
    """Chunks of before, where the texts are read anew: as many others are to be expected."""
    pending: pl.DataFrame
    """(file_id, page_no, kind, key) of texts that were never cut."""
    reworded: Reworded

    @property
    def is_told(self) -> bool:
        """Return whether all chunks are known: cut already, or as they were."""
        alone = self.reworded.is_none and self.pending.is_empty() and self.other.is_empty()
        return self.work.add == 0 or alone


def _cutting(seen: Look, known: pl.DataFrame, missing: Mapping[str, Missing]) -> _Cut:
    keyed = chunks.chunk_keys(seen.world, seen.files, known)
    stations = (("ocr", missing["ocr"]), ("caption", missing["captions"]))
    lost = [_is_of(kind, lacks.given_up["item"]) for kind, lacks in stations]
    sources = keyed.filter(~pl.any_horizontal(lost))
    place = chunks.shelf(seen.world)
    uncut = seen.missing(chunks.STATION, place, sources["key"])
    todo = uncut.keys.to_frame("key")
    stays = sources.join(todo, on="key", how="anti")
    waiting = sources.join(todo, on="key", how="semi") if stays.height else sources
    gone = seen.table("chunks").join(seen.deleted, on="file_id", how="semi").height
    read = pl.any_horizontal([_is_of(kind, lacks.keys) for kind, lacks in stations])
    before, pending = _cut_before(seen, waiting)
    rows = seen.table("chunks")
    new = reworded(seen, before.filter(~read))
    same = rows.join(before.filter(~read), on=_OWNER, how="semi")
    same = same.join(new.rows, on=_OWNER, how="anti")
    other = rows.join(before.filter(read), on=_OWNER, how="semi")
    return _Cut(
        Work(todo.height, 0, gone, uncut.reused, redacted=new.rows.height if new.differs else None),
        pl.concat([_staying(seen, stays), same]),
        other,
        pending.select(*_OWNER, "key"),
        new,
    )


def _is_of(kind: str, pages: pl.Series) -> pl.Expr:
    return (pl.col("kind") == kind) & pl.col("page_digest").is_in(pages.implode())


def _cut_before(seen: Look, waiting: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Return the texts that were cut before, another way, and those that never were.

    Most pages have no words, which is known only when their chunks were made of these pages.
    """
    kept = waiting.join(seen.kept, on="file_id", how="semi")
    lineage = seen.world.tables.lineage("chunks", seen.partition)
    now = seen.world.tables.lineage("pages", seen.partition)
    if lineage is None or now is None or lineage.upstream.get("pages") != now.digest:
        kept = kept.join(seen.table("chunks"), on=_OWNER, how="semi")
    return kept, waiting.join(kept, on=_OWNER, how="anti")


def _staying(seen: Look, stays: pl.DataFrame) -> pl.DataFrame:
    """Return the chunks of these texts: from their table, else from the memo."""
    if not seen.is_current(chunks.STATION):
        return _remembered_chunks(seen, stays)
    read = stays.join(seen.read, on="file_id", how="semi")
    kept = stays if read.is_empty() else stays.join(seen.read, on="file_id", how="anti")
    table = seen.table("chunks").join(kept, on=_OWNER, how="semi")
    return pl.concat([table, _remembered_chunks(seen, read)]) if read.height else table


def _remembered_chunks(seen: Look, stays: pl.DataFrame) -> pl.DataFrame:
    return chunks.cut_table(stays, remembered(seen.world, chunks.shelf(seen.world), stays["key"]))


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


def _unknown(seen: Look, cut: _Cut) -> int:
    """Return how many vectors are to be expected of texts that nobody has read or cut yet."""
    spaces = text_vectors.spaces(seen.world, pl.concat([cut.other, cut.reworded.rows]))
    return cut.pending["key"].n_unique() + sum(space.texts.height for space in spaces)


def _applying(seen: Look, work: Work) -> Work:
    """Return the collection's work: that of points, all of them for a new generation."""
    name = collection.generation(seen.world, seen.partition)
    if name not in seen.world.vectors.layouts():
        return Work(work.made + work.reuse, exact=work.exact)
    applied = _applied(seen, name, work)
    if applied is None:
        return Work(work.made + work.reuse, exact=False)
    behind = difference(seen.table("points"), applied)
    if behind.total == 0:
        return work
    new = behind.upserts.join(applied, on="point_id", how="anti").height
    return Work(
        work.add + new,
        work.change + behind.upserts.height - new + behind.payloads.height,
        work.delete + len(behind.deletes),
        max(work.reuse - behind.total, 0),
        exact=work.exact and work.made + work.delete == 0,
    )


def _applied(seen: Look, name: str, work: Work) -> pl.DataFrame | None:
    """Return what a collection holds, as a run takes it; None when that cannot be told now.

    After a purge, a run that died half way or a rollback the table is not believed: as a run
    does, ask the collection itself.
    """
    lineage = seen.world.tables.lineage("collection", seen.partition)
    if is_trusted(seen.world, lineage, name):
        return seen.table("collection")
    of_today = lineage is None or lineage.recipe == collection.recipe(seen.world).digest
    if work.made and not of_today:  # the points of today's models have no hashes yet
        return None
    try:
        with seen.world.vectors.reader(name) as index:
            return collection.held(index)
    except CollectionBusyError:
        return None

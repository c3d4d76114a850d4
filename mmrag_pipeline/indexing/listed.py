"""A partition's listing beside its tables: which contents are known, which files are not."""

from dataclasses import dataclass

import polars as pl

from mmrag_pipeline.ids import domain_of, file_ids
from mmrag_pipeline.indexing import raw_files
from mmrag_pipeline.indexing.commit import rows_of
from mmrag_pipeline.indexing.contents import read_contents
from mmrag_pipeline.indexing.inherited import held_rows
from mmrag_pipeline.indexing.lifetime import alive
from mmrag_pipeline.indexing.remember import Missing, Shelf, find_missing
from mmrag_pipeline.indexing.run import is_current, last_failures
from mmrag_pipeline.indexing.station import Job, Mode, Station, World
from mmrag_pipeline.parsing.media import IMAGES, PDF, READ, UNKNOWN, sniff

READ_LIMIT_BYTES = 2**30
"""How much a look reads to tell renamed, copied and touched files from others."""
_PICTURE = min(IMAGES)
_CONTENT = ("file_id", "digest", "media_type", "modified_at")


@dataclass(frozen=True, slots=True)
class Look:
    """One look at a partition: its listing beside its tables."""

    world: World
    partition: str
    fresh: pl.DataFrame
    """Listed objects that a run would read."""
    changed: pl.DataFrame
    """Their rows of before."""
    deleted: pl.DataFrame
    """Rows of before that are not listed any more, or whose time is over."""
    expired: int
    """Listed files whose time is over and was not at the last run, even new ones."""
    kept: pl.DataFrame
    """Rows of before that stay as they are."""
    read: pl.DataFrame
    """(file_id, digest, media_type, modified_at) of fresh objects that this look read."""
    unread: pl.DataFrame
    """(file_id, media_type) of the others, the type assumed, the id null for new files."""

    @property
    def files(self) -> pl.DataFrame:
        """Return (file_id, digest, media_type, modified_at) of all files of known content."""
        return pl.concat([self.kept.select(_CONTENT), self.read])

    @property
    def touched(self) -> pl.Series:
        """Return the ids of files that are not listed as before: read, changed and deleted."""
        frames = (self.read, self.changed, self.deleted)
        return pl.concat([frame["file_id"] for frame in frames]).unique()

    def table(self, name: str) -> pl.DataFrame:
        """Return a table as it is now, empty when it was never made."""
        return rows_of(self.world.tables, name, self.partition)

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


def look(world: World, partition: str, *, read_limit_bytes: int = READ_LIMIT_BYTES) -> Look:
    """Return the listing beside the tables; raises ListingError.

    Of the files a run would read, those as large as one of before are read here, too, the
    smallest first, up to a limit: they may be renamed, copied or only touched. One that
    cannot be read stays unknown.
    """
    world = world.of(partition)
    held = held_rows(world.tables, "raw_files", partition)
    listed = raw_files.list_objects(world, partition, last=held)
    listing = alive(world, partition, listed, last=held)
    over = listed.join(listing, on="key", how="anti")
    last = held.filter(~pl.col("expired"))
    fresh = raw_files.changed(listing, last)
    deleted = last.join(listing, on="key", how="anti")
    staying = last.join(deleted, on="key", how="anti")
    changed = staying.join(fresh, on="key", how="semi")
    readable = fresh.filter(
        (pl.col("problem") == "") & (pl.col("size_bytes") <= world.settings.max_file_bytes)
    )
    sizes = last.drop_nulls("digest").select("size_bytes")
    alike = readable.join(sizes, on="size_bytes", how="semi").sort("size_bytes", "key")
    few = alike.filter(pl.col("size_bytes").cum_sum() <= read_limit_bytes)
    read = _read(world, partition, few)
    return Look(
        world,
        partition,
        fresh,
        changed=changed,
        deleted=deleted,
        expired=over.join(held.filter("expired"), on="key", how="anti").height,
        kept=staying.join(fresh, on="key", how="anti"),
        read=read.select(_CONTENT),
        unread=_assumed(readable.join(read, on="key", how="anti"), changed),
    )


def _read(world: World, partition: str, few: pl.DataFrame) -> pl.DataFrame:
    """Return the contents of those of these files that can be read."""
    contents, _ = read_contents(world, partition, few)
    named = contents.with_columns(file_ids(domain_of(partition), contents["key"]))
    return named.join(few.select("key", "modified_at"), on="key")


def _assumed(unread: pl.DataFrame, changed: pl.DataFrame) -> pl.DataFrame:
    """Return (file_id, media_type): the type of before, else as the name says, else a picture."""
    suffix = pl.col("key").str.extract(r"[^/](\.[^./]+)$").fill_null("")
    named = unread.select("key", "size_bytes", suffix=suffix)
    suffixes = named["suffix"].unique()
    kinds = pl.DataFrame({"suffix": suffixes, "kind": [_named(suffix) for suffix in suffixes]})
    before = changed.select("key", "file_id", pl.col("media_type").alias("before"))
    known = pl.when(pl.col("before").is_in(list(READ))).then("before")
    empty = pl.col("size_bytes") == 0
    return (
        named.join(kinds.cast(pl.String), on="suffix")
        .join(before, on="key", how="left")
        .with_columns(media_type=pl.coalesce(known, "kind"))
        .select("file_id", media_type=pl.when(empty).then(pl.lit(UNKNOWN)).otherwise("media_type"))
    )


def _named(suffix: str) -> str:
    """Return the media type that a suffix promises; without a promise, that of a picture."""
    promised = PDF if suffix.lower() == ".pdf" else _PICTURE
    by_name = sniff(b"", f"file{suffix}")
    return promised if by_name == UNKNOWN else by_name

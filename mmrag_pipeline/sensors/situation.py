"""What a run would have to mend in a domain, as one digest: it tells situations apart."""

from collections.abc import Sequence

import polars as pl

from mmrag_pipeline.errors import CorruptStateError
from mmrag_pipeline.ids import Json, collection_name, digest_json
from mmrag_pipeline.indexing.applied import is_settled, silence
from mmrag_pipeline.indexing.commit import rows_of
from mmrag_pipeline.indexing.failures import failures_of, open_retries
from mmrag_pipeline.indexing.generations import is_in_place
from mmrag_pipeline.indexing.lifetime import alive
from mmrag_pipeline.indexing.raw_files import changed, list_objects
from mmrag_pipeline.indexing.run import is_current, last_failures
from mmrag_pipeline.indexing.station import Recipe, Station, World
from mmrag_pipeline.indexing.stations import STATIONS

_SEEN = ("key", "etag", "size_bytes")


def situation(world: World, partition: str) -> str:
    """Return the digest of what a partition's index lacks, empty when it is up to date.

    The same situation gives the same digest. The same difference to another state of the
    tables is another situation; so is a station that got further, and an item tried again
    (up to `transient_attempts`). Reads no content of files; raises MmragError.
    """
    lineage = world.tables.lineage("raw_files", partition)
    held = _raw_files(world, partition)
    listing = list_objects(world, partition, last=held)
    if held is None or lineage is None:
        return digest_json(["never indexed", _rows(listing)])
    listing = alive(world, partition, listing, last=held)
    last = held.filter(~pl.col("expired"))
    differing = changed(listing, last)
    unread = _unread(world, partition, differing, last)
    fresh = differing.join(unread, on="key", how="anti")
    gone = sorted(last.join(listing, on="key", how="anti")["key"])
    if fresh.height or gone:
        state = [lineage.digest, lineage.run_id]
        return digest_json([_rows(fresh), gone, _rows(unread), state])
    behind = _behind(world, partition)
    # Each run counts an attempt more at a file that stays unreadable, which writes raw_files
    # anew: its run would make a situation of every tick.
    return digest_json([_rows(unread), lineage.digest, behind]) if unread.height or behind else ""


def _raw_files(world: World, partition: str) -> pl.DataFrame | None:
    """Return the table, None also for one that another version of this code wrote."""
    try:
        return world.tables.read("raw_files", partition)
    except CorruptStateError:
        return None


def _rows(frame: pl.DataFrame) -> list[Json]:
    shown = [name for name in (*_SEEN, "tries") if name in frame.columns]
    return [list(row) for row in frame.select(shown).sort("key").iter_rows()]


def _unread(
    world: World, partition: str, differing: pl.DataFrame, last: pl.DataFrame
) -> pl.DataFrame:
    """Return the differing files that the last run tried as they are and could not read."""
    failures = rows_of(world.tables, failures_of("raw_files"), partition)
    most = world.settings.transient_attempts
    tried = failures.select(
        file_id="item", tries=pl.min_horizontal("attempts", pl.lit(most, pl.Int32))
    )
    known = last.join(tried, on="file_id").select("key", "size_bytes", "modified_at", "tries")
    return differing.join(known, on=["key", "size_bytes", "modified_at"])


def _behind(world: World, partition: str) -> list[Json]:
    """Return a row of (station, recipe, its state) for each station that a run would work on."""
    own = world.of(partition)
    recipes = ((station, station.recipe(own)) for station in STATIONS.values())
    return [
        [station.name, recipe.digest, *_state(world, station, partition)]
        for station, recipe in recipes
        if _waits(world, station, recipe, partition)
    ]


def _state(world: World, station: Station, partition: str) -> Sequence[str]:
    tables = (station.name, failures_of(station.name))
    held = [world.tables.lineage(name, partition) for name in tables]
    if station.commits_itself and held[0] and not is_settled(held[0]):
        # each run leaves another token until a writer that died counts as dead: ask that often
        return [str(int(world.clock().timestamp() / silence(world.settings).total_seconds()))]
    serving = _serving(world, partition) if station.commits_itself else ""
    return [*(f"{lineage.digest}@{lineage.run_id}" if lineage else "" for lineage in held), serving]


def _waits(world: World, station: Station, recipe: Recipe, partition: str) -> bool:
    """Return whether a station's table is not current, or has failures to be tried again."""
    if station.commits_itself:
        return not _is_served(world, station, recipe, partition)
    failures = last_failures(world, station, recipe, partition)
    again = open_retries(failures, world.settings.transient_attempts)
    try:
        return not again.is_empty() or not is_current(world, station, recipe, partition)
    except CorruptStateError:  # an upstream table was never written
        return True


def _is_served(world: World, station: Station, recipe: Recipe, partition: str) -> bool:
    """Return whether the points of now are recorded as applied to the collection that serves."""
    applied = world.tables.lineage(station.name, partition)
    points = world.tables.lineage("points", partition)
    return (
        applied is not None
        and points is not None
        and applied.recipe == recipe.digest
        and applied.upstream.get("points") == points.digest
        and is_settled(applied)
        and is_in_place(world, partition, applied.upstream.get("collection", ""))
    )


def _serving(world: World, partition: str) -> str:
    alias = collection_name(world.settings.collection_prefix, partition)
    return world.vectors.aliases().get(alias, "")

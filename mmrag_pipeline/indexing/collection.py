"""collection: what was applied to the index; the difference to points is written, no more."""

from collections.abc import Mapping
from dataclasses import replace

import polars as pl

from mmrag_pipeline.errors import (
    CollectionMismatchError,
    CorruptStateError,
    ModelUnavailableError,
)
from mmrag_pipeline.ids import collection_name
from mmrag_pipeline.indexing import points
from mmrag_pipeline.indexing.apply import Difference, apply_difference, difference
from mmrag_pipeline.indexing.commit import read_table, rows_of, write_table
from mmrag_pipeline.indexing.failures import ENGINE_FAILED, failures_of, open_retries
from mmrag_pipeline.indexing.station import Job, Made, Recipe, Station, World, alone
from mmrag_pipeline.ports import CollectionReader, CollectionWriter
from mmrag_pipeline.records import Layout, VectorSpace
from mmrag_pipeline.schemas import COLLECTION, FAILURES

_ENGINES = ("ocr", "captions", "image_vectors", "text_vectors")
"""Stations whose items an engine can fail on."""
MADE_WITH = ("image_model", "text_model", "precision")
"""Settings that name the encoders of a query."""
_APPLYING = "applying"
"""Recipe of a collection table whose changes may be half written: only the index knows."""


def layout(world: World) -> Layout:
    """Return the layout that the cards of today ask for."""
    image, text, sparse = world.image_text.card, world.text.card, world.sparse.card
    return Layout(
        (
            VectorSpace("image", image.dimension, image.fingerprint),
            VectorSpace("text", text.dimension, text.fingerprint),
            VectorSpace("image_text", image.dimension, image.fingerprint),
            VectorSpace("bm25", 0, sparse.fingerprint),
        ),
        datatype=world.settings.index_datatype,
        shards=world.settings.qdrant_shards if world.settings.qdrant_url else 1,
        made_with={name: str(getattr(world.settings, name)) for name in MADE_WITH},
    )


def recipe(world: World) -> Recipe:
    """Return the layout: another layout needs another generation."""
    return Recipe(["collection", layout(world).digest])


STATION = Station("collection", ("points",), recipe, stateful=True, commits_itself=True)


def make(world: World, job: Job) -> Made:
    """Bring the generation of today's layout to the desired points, then serve it.

    The writer's lock is held from reading the desired points to recording what was
    applied, so that of two overlapping runs the later one sees all of the earlier.
    """
    name = generation(world, job.partition)
    _check_complete(world, job.partition, name)
    world.vectors.create(name, layout(world))
    with world.vectors.writer(name) as index:
        desired, digest = _desired(world, job.partition)
        recorded = _recorded(world, job, index, name)
        applied = held(index) if recorded is None else recorded
        change = difference(desired, applied)
        if change.total:
            _record(world, job, applied, {"collection": _APPLYING})
            apply_difference(world, index, change, run_id=job.mode.run_id)
        if change.total or recorded is None:
            _record(world, job, desired, {"collection": name, "points": digest})
    _serve(world, job.partition, name)
    return _made(desired, change)


def _check_complete(world: World, partition: str, name: str) -> None:
    """Let no generation replace the one that serves while an engine's failures may pass.

    Its points would be missing from the new generation although the old one has them; after
    `transient_attempts` runs they count as the items' own fault.
    """
    serving = _serving(world, partition)
    if serving == name or serving not in world.vectors.layouts():
        return
    for station in _ENGINES:
        rows = rows_of(world.tables, failures_of(station), partition)
        passing = open_retries(rows, world.settings.transient_attempts)
        waiting = passing.filter(pl.col("reason") == ENGINE_FAILED)
        if waiting.height:
            raise ModelUnavailableError(
                f"{station}: the engine failed on {waiting.height} items (first: "
                f"{waiting['message'][0]}), so {name!r} would lack points that are served now. "
                f"The index was left as it is; check the model that the settings name for "
                f"{station} and run again",
                setting=station,
            )


def _desired(world: World, partition: str) -> tuple[pl.DataFrame, str]:
    """Return the points that today's models ask for, and their table's digest.

    Raises CorruptStateError for a missing table (it must not look like an empty one) and
    CollectionMismatchError for one that other models made.
    """
    table, lineage = read_table(world, "points", partition)
    if lineage is None or table is None:
        raise CorruptStateError(
            f"the points of {partition!r} are gone: run `mmrag index --force`; "
            "nothing was deleted from the index"
        )
    if lineage.recipe != points.recipe(world).digest:
        raise CollectionMismatchError(
            f"the points of {partition!r} were made with other models than the settings name now: "
            "materialize the assets before collection first (`mmrag index` does all of them)"
        )
    return table, lineage.digest


def generation(world: World, partition: str) -> str:
    """Return the collection to write: the newest one with today's layout, or the next."""
    prefix, wanted = world.settings.collection_prefix, layout(world).digest
    layouts = world.vectors.layouts()
    held = {n: layouts[n] for n in layouts if _number(prefix, partition, n)}
    fitting = [name for name, lay in held.items() if lay.digest == wanted]
    if fitting:
        return max(fitting, key=lambda name: _number(prefix, partition, name))
    last = max((_number(prefix, partition, name) for name in held), default=0)
    return collection_name(prefix, partition, last + 1)


def _number(prefix: str, partition: str, name: str) -> int:
    """Return the generation number of a collection of this partition, 0 for others."""
    head, _, number = name.rpartition("__g")
    same = head == collection_name(prefix, partition)
    return int(number) if same and number.isdecimal() else 0


def _recorded(world: World, job: Job, index: CollectionWriter, name: str) -> pl.DataFrame | None:
    """Return what was recorded as applied to this collection, or None when not to be trusted."""
    lineage = world.tables.lineage("collection", job.partition)
    if lineage is None or lineage.upstream.get("collection") != name:
        return None
    if job.mode.force or job.mode.replay or index.count() != lineage.rows:
        return None
    try:
        return world.tables.read("collection", job.partition)
    except CorruptStateError:  # of an older version, say: what is really held tells as much
        return None


def held(index: CollectionReader) -> pl.DataFrame:
    """Return what an open collection holds, sorted by point id."""
    return pl.concat([pl.DataFrame(schema=COLLECTION), *index.held()]).sort("point_id")


def _record(world: World, job: Job, rows: pl.DataFrame, upstream: Mapping[str, str]) -> None:
    """Write the collection table at once, so that it never claims more than was applied."""
    read = replace(job, upstream=upstream)
    write_table(world, read, "collection", rows.select(COLLECTION.names()))


def _serve(world: World, partition: str, name: str) -> None:
    """Move the alias; only this generation and the one that served before it are kept."""
    prefix = world.settings.collection_prefix
    serving = _serving(world, partition)
    if serving == name:
        return
    for other in world.vectors.layouts() if serving else ():
        if _number(prefix, partition, other) and other not in (name, serving):
            world.vectors.drop(other)
    world.vectors.move_alias(collection_name(prefix, partition), name)


def _serving(world: World, partition: str) -> str | None:
    """Return the collection behind the alias, None when nothing is served."""
    return world.vectors.aliases().get(collection_name(world.settings.collection_prefix, partition))


def _made(desired: pl.DataFrame, change: Difference) -> Made:
    return Made(
        table=desired.select(COLLECTION.names()),
        failures=pl.DataFrame(schema=FAILURES),
        computed=change.total,
        reused=desired.height - change.upserts.height - change.payloads.height,
        changes={
            "upserted": change.upserts.height,
            "payloads": change.payloads.height,
            "deleted": len(change.deletes),
        },
    )


STEP = alone(STATION, make)

"""collection: what was applied to the index; the difference to points is written, no more."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import polars as pl

from mmrag_pipeline.errors import (
    CollectionMismatchError,
    CorruptStateError,
    ModelUnavailableError,
    OvertakenError,
    SettingsError,
)
from mmrag_pipeline.ids import domain_of
from mmrag_pipeline.indexing import generations, points
from mmrag_pipeline.indexing.applied import APPLIED, is_trusted, writing
from mmrag_pipeline.indexing.apply import Difference, apply_difference, difference
from mmrag_pipeline.indexing.commit import no_rows, read_columns, rows_of, write_table
from mmrag_pipeline.indexing.failures import ENGINE_FAILED, failures_of, open_retries
from mmrag_pipeline.indexing.generations import Candidate, put_in_place, serving
from mmrag_pipeline.indexing.history import Said
from mmrag_pipeline.indexing.retire import retire
from mmrag_pipeline.indexing.shards import partitions_there
from mmrag_pipeline.indexing.station import Job, Made, Recipe, Station, World, alone
from mmrag_pipeline.indexing.tending import TENDED, known_of_files
from mmrag_pipeline.ports import CollectionReader, CollectionWriter
from mmrag_pipeline.records import Layout, Lineage, VectorSpace
from mmrag_pipeline.schemas import COLLECTION, FAILURES

_ENGINES = ("ocr", "captions", "image_vectors", "text_vectors")
"""Stations whose items an engine can fail on."""
MADE_WITH = ("image_model", "text_model", "precision")
"""Settings that name the encoders of a query."""


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


@dataclass(frozen=True, slots=True)
class Filled:
    """A generation that holds the desired points, and what had to be changed for that."""

    name: str
    desired: pl.DataFrame
    digest: str
    """Of the table of those points."""
    change: Difference


def make(world: World, job: Job) -> Made:
    """Bring the generation of today's layout to the desired points, then let it serve.

    Where the domain is served by another number of shards than before, what is left of those goes.
    """
    filled = fill(world, job)
    said = Said(by="run", run_id=job.mode.run_id)
    candidate = Candidate(filled.name, filled.digest, job.mode.force)
    serves = put_in_place(world, job.partition, candidate, said)
    made = _made(filled.desired, filled.change, serves=serves)
    return replace(made, committed=lambda: retire(world, job.partition))


def fill(world: World, job: Job) -> Filled:
    """Bring the generation of today's layout to the desired points.

    Where one writer excludes others, the collection is open from reading the desired points to
    recording what was applied, so that of two overlapping runs the later one sees all of the
    earlier. Raises OvertakenError when the desired points are others by the end.
    """
    name = generation(world, job.partition)
    _check_only_split(world, job.partition)
    _check_complete(world, job.partition, name)
    world.vectors.create(name, layout(world))
    with world.vectors.writer(name) as index:
        desired, digest = _desired(world, job.partition)
        token = world.vectors.marks(name).get(APPLIED)
        change = _unapplied(world, job, index, name, desired)
        if change is None or change.total:
            with writing(world, name, index) as own:
                if change is None or own.found != token:
                    change = difference(desired, held(index))
                run_id = job.mode.run_id
                apply_difference(own, change, partition=job.partition, run_id=run_id)
                _check_still_desired(world, job.partition, digest)
                left = own.end(complete=True)
                index.set_marks({TENDED: known_of_files(world, job.partition)})
            _record(world, job, desired, {"collection": name, "points": digest, APPLIED: left})
    return Filled(name, desired, digest, change)


def _check_only_split(world: World, partition: str) -> None:
    """Let no split or merge change what serves: no gate and no person would have had a word.

    Raises SettingsError while the domain is served, in other partitions, by another layout than
    today's: models changed at the same time, or theirs were held back.
    """
    if serving(world, partition) is not None:
        return
    layouts = world.vectors.layouts()
    for other in partitions_there(world, domain_of(partition)):
        live = serving(world, other)
        if live and live in layouts and not layouts[live].encodes_as(layout(world)):
            raise SettingsError(
                f"{domain_of(partition)!r} is served by {live!r}, which other models filled than "
                "the settings name: MMRAG_SHARDS is changed once the models of the settings serve "
                "(`mmrag generations` tells what is held back, `mmrag promote` lets it serve), or "
                "with the models of what serves"
            )


def _check_complete(world: World, partition: str, name: str) -> None:
    """Let no generation replace the one that serves while an engine's failures may pass.

    Its points would be missing from the new generation although the old one has them; after
    `transient_attempts` runs they count as the items' own fault.
    """
    live = serving(world, partition)
    if live == name or live not in world.vectors.layouts():
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

    Raises as `check_current` does.
    """
    table, lineage = read_columns(world, "points", partition, COLLECTION.names())
    digest = check_current(world, partition, lineage)
    return no_rows("collection") if table is None else table, digest


def check_current(world: World, partition: str, points_now: Lineage | None) -> str:
    """Return the digest of a table of points that today's models made.

    Raises CorruptStateError for a missing table (it must not look like an empty one) and
    CollectionMismatchError for one that other models made.
    """
    if points_now is None:
        raise CorruptStateError(
            f"the points of {partition!r} are gone: run `mmrag index --force`; "
            "nothing was deleted from the index"
        )
    if points_now.recipe != points.recipe(world).digest:
        raise CollectionMismatchError(
            f"the points of {partition!r} were made with other models than the settings name now: "
            "materialize the assets before collection first (`mmrag index` does all of them)"
        )
    return points_now.digest


def _check_still_desired(world: World, partition: str, digest: str) -> None:
    """Raise OvertakenError when another run wants other points by now: they come first."""
    now = world.tables.lineage("points", partition)
    if now is None or now.digest != digest:
        raise OvertakenError(
            f"another run of {partition!r} replaced its points, again and again, while they were "
            "written to the index: run again when the other run has ended"
        )


def generation(world: World, partition: str) -> str:
    """Return the collection to write: the newest one with today's layout, or the next."""
    return generations.generation(world, partition, layout(world))


def _unapplied(
    world: World, job: Job, index: CollectionWriter, name: str, desired: pl.DataFrame
) -> Difference | None:
    """Return what is to be done if the record tells; None when only the collection knows."""
    record = world.tables.lineage("collection", job.partition)
    believed = is_trusted(world, record, name) and not (job.mode.force or job.mode.replay)
    if record is None or not believed or index.count() != record.rows:
        return None
    try:
        applied = world.tables.read("collection", job.partition)
    except CorruptStateError:  # of an older version, say
        return None
    return None if applied is None else difference(desired, applied)


def held(index: CollectionReader) -> pl.DataFrame:
    """Return what an open collection holds, sorted by point id."""
    return pl.concat([pl.DataFrame(schema=COLLECTION), *index.held()]).sort("point_id")


def _record(world: World, job: Job, rows: pl.DataFrame, upstream: Mapping[str, str]) -> None:
    """Write the collection table at once, so that it never claims more than was applied."""
    read = replace(job, upstream=upstream)
    write_table(world, read, "collection", rows.select(COLLECTION.names()))


def _made(desired: pl.DataFrame, change: Difference, *, serves: bool) -> Made:
    return Made(
        table=desired.select(COLLECTION.names()),
        failures=pl.DataFrame(schema=FAILURES),
        computed=change.total,
        reused=desired.height - change.upserts.height - change.payloads.height,
        changes={
            "upserted": change.upserts.height,
            "payloads": change.payloads.height,
            "deleted": len(change.deletes),
            **({} if serves else {"held_back": 1}),
        },
    )


STEP = alone(STATION, make)

"""verify: desired, applied and held points side by side; repair: what differs, without a model."""

from dataclasses import dataclass, replace

import polars as pl

from mmrag_pipeline.errors import CorruptStateError, NotFoundError
from mmrag_pipeline.ids import collection_name
from mmrag_pipeline.indexing import collection
from mmrag_pipeline.indexing.commit import no_rows, rows_of
from mmrag_pipeline.indexing.run import Outcome, run_step
from mmrag_pipeline.indexing.station import Mode, World
from mmrag_pipeline.schemas import COLLECTION


@dataclass(frozen=True, slots=True)
class Drift:
    """How far what is served is from what should be."""

    partition: str
    serving: str | None
    """The collection behind the alias; None when nothing is served."""
    expected: str
    """The collection that today's models should serve from."""
    layout_fits: bool
    """Whether the serving collection has the layout of today's cards."""
    desired: int
    applied: int
    held: int
    missing: int
    foreign: int
    changed: int
    unrecorded: int
    """Points that the collection table tells otherwise than the collection."""
    samples: tuple[str, ...]
    """Some ids of missing, foreign and changed points."""

    @property
    def clean(self) -> bool:
        """Return whether nothing needs repair."""
        wrong = self.missing + self.foreign + self.changed + self.unrecorded
        return wrong == 0 and self.layout_fits and self.serving == self.expected


def verify(world: World, partition: str, *, samples: int = 5) -> Drift:
    """Compare by id and hash the points table, the collection table and the collection.

    Raises NotFoundError when the partition was never indexed, CorruptStateError when its
    table of points is gone; changes nothing.
    """
    desired = _desired(world, partition)
    name = world.vectors.aliases().get(collection_name(world.settings.collection_prefix, partition))
    layouts = world.vectors.layouts()
    serving = name if name in layouts else None
    present = _held(world, serving)
    applied = rows_of(world.tables, "collection", partition)
    wrong = [_absent(desired, present), _absent(present, desired), _changed(desired, present)]
    return Drift(
        partition=partition,
        serving=serving,
        expected=collection.generation(world, partition),
        layout_fits=serving is not None
        and layouts[serving].digest == collection.layout(world).digest,
        desired=desired.height,
        applied=applied.height,
        held=present.height,
        missing=wrong[0].len(),
        foreign=wrong[1].len(),
        changed=wrong[2].len(),
        unrecorded=_unrecorded(applied, present),
        samples=tuple(point_id for ids in wrong for point_id in ids.sort().head(samples)),
    )


def repair(world: World, partition: str, mode: Mode) -> Outcome:
    """Make what is held what is desired: from remembered vectors, never from a model."""
    return run_step(world, collection.STEP, partition, mode=replace(mode, force=True))[0]


def _desired(world: World, partition: str) -> pl.DataFrame:
    points = world.tables.read("points", partition)
    if points is None:
        if world.tables.lineage("raw_files", partition) is None:
            raise NotFoundError(f"{partition!r} was never indexed: run `mmrag index` first")
        raise CorruptStateError(
            f"the table of points of {partition!r} is missing: run `mmrag index --domain "
            f"{partition}`, which makes it again from the memo without model calls"
        )
    return points.select(COLLECTION.names())


def _held(world: World, serving: str | None) -> pl.DataFrame:
    if serving is None:
        return no_rows("collection")
    with world.vectors.reader(serving) as index:
        return collection.held(index)


def _absent(one: pl.DataFrame, other: pl.DataFrame) -> pl.Series:
    return one.join(other, on="point_id", how="anti")["point_id"]


def _changed(one: pl.DataFrame, other: pl.DataFrame) -> pl.Series:
    both = one.join(other, on="point_id", suffix="_other")
    differ = pl.col("point_hash").ne_missing(pl.col("point_hash_other"))
    return both.filter(differ)["point_id"]


def _unrecorded(applied: pl.DataFrame, present: pl.DataFrame) -> int:
    parts = (_absent(applied, present), _absent(present, applied), _changed(applied, present))
    return sum(ids.len() for ids in parts)

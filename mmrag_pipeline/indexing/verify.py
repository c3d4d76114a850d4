"""verify: desired, applied and held points side by side; repair: what differs, without a model."""

from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field, replace

import polars as pl

from mmrag_pipeline.errors import CorruptStateError, NotFoundError, OvertakenError
from mmrag_pipeline.ids import domain_of
from mmrag_pipeline.indexing import collection, generations
from mmrag_pipeline.indexing.held_back import held_back
from mmrag_pipeline.indexing.mixed import count_mixed, may_hold_mixed
from mmrag_pipeline.indexing.run import Outcome, run_step
from mmrag_pipeline.indexing.side_by_side import side_by_side
from mmrag_pipeline.indexing.station import Mode, World
from mmrag_pipeline.overtaken import retried
from mmrag_pipeline.ports import CollectionReader
from mmrag_pipeline.records import Lineage
from mmrag_pipeline.schemas import COLLECTION

_WRONG: Mapping[str, pl.Expr] = {
    "missing": pl.col("has_desired") & ~pl.col("has_held"),
    "foreign": pl.col("has_held") & ~pl.col("has_desired"),
    "changed": pl.all_horizontal("has_desired", "has_held")
    & pl.col("desired").ne_missing(pl.col("held")),
}
_COUNTED: Mapping[str, pl.Expr] = {
    **{name: pl.col(f"has_{name}") for name in ("desired", "applied", "held")},
    **_WRONG,
    "unrecorded": (pl.col("has_applied") != pl.col("has_held"))
    | pl.col("applied").ne_missing(pl.col("held")),
}


@dataclass(frozen=True, slots=True)
class Drift:
    """How far what is served is from what should be."""

    partition: str
    serving: str | None
    """The collection behind the alias; None when nothing is served."""
    expected: str
    """The collection that should serve: of today's models, or what was chosen instead of it."""
    held_back: str | None
    """The collection of today's models that may not serve: what is compared then. The one that
    serves is as it was when it was written last."""
    layout_fits: bool
    """Whether the collection that is compared has the layout of today's cards."""
    desired: int
    applied: int
    held: int
    missing: int
    foreign: int
    changed: int
    unrecorded: int
    """Points that the collection table tells otherwise than the collection."""
    mixed: int
    """Of the foreign and changed points, those of other models than their collection is for."""
    samples: tuple[str, ...]
    """Some ids of missing, foreign and changed points."""

    @property
    def counts(self) -> Mapping[str, int]:
        """Return the numbers by name."""
        return {name: getattr(self, name) for name in (*_COUNTED, "mixed")}

    @property
    def clean(self) -> bool:
        """Return whether nothing needs repair."""
        wrong = self.missing + self.foreign + self.changed + self.unrecorded + self.mixed
        return wrong == 0 and self.layout_fits and self.serving == self.expected


def verify(world: World, partition: str, *, samples: int = 5) -> Drift:
    """Compare by id and hash the points table, the collection table and the collection.

    A few batches of each are in memory, however many points there are; nothing is changed. Raises
    NotFoundError when the partition was never indexed, CorruptStateError when its table of points
    is gone, and OvertakenError when runs replace the tables again and again meanwhile.
    """

    def compared() -> Drift:
        before = _versions(world, partition)
        drift = _compare(world, partition, samples)
        if drift.clean or _versions(world, partition) == before:
            return drift
        raise OvertakenError(
            f"runs of {partition!r} changed its tables again and again while they were compared "
            "with the collection: let them end and run again"
        )

    return retried(compared)


def _kept_back(world: World, partition: str) -> str | None:
    held = held_back(
        world.tables, world.vectors, partition, serving=generations.standing(world, partition)
    )
    return held.collection if held else None


def repair(world: World, partition: str, mode: Mode) -> Outcome:
    """Make what is held what is desired: from remembered vectors, never from a model."""
    return run_step(world, collection.STEP, partition, mode=replace(mode, force=True))[0]


def _versions(world: World, partition: str) -> list[Lineage | None]:
    return [world.tables.lineage(name, partition) for name in ("points", "collection")]


def _compare(world: World, partition: str, samples: int) -> Drift:
    serving, layouts = generations.serving(world, partition), world.vectors.layouts()
    wanted, kept = collection.generation(world, partition), _kept_back(world, partition)
    back = wanted if wanted == kept else None
    name = back or serving
    layout = layouts.get(name or "")
    desired = _desired(world, partition)
    applied = world.tables.batches("collection", partition, COLLECTION.names()) or ()
    found = _Found(samples)
    suspect = may_hold_mixed(world, partition, layout)
    with _opened(world, name if layout else None) as index:
        held = index.held() if index else ()
        for rows in side_by_side({"desired": desired, "applied": applied, "held": held}):
            found.add(rows)
            if index and layout:
                found.mixed += count_mixed(index, layout, rows.filter(suspect)["point_id"])
    return Drift(
        partition=partition,
        serving=serving if serving in layouts else None,
        expected=(back and generations.standing(world, partition)) or wanted,
        held_back=back,
        layout_fits=layout is not None and layout.digest == collection.layout(world).digest,
        mixed=found.mixed,
        samples=tuple(point_id for kind in _WRONG for point_id in found.samples[kind]),
        **found.counts,
    )


@dataclass(slots=True)
class _Found:
    """What is counted so far, and up to `most` ids of each kind of difference."""

    most: int
    mixed: int = 0
    counts: dict[str, int] = field(default_factory=lambda: dict.fromkeys(_COUNTED, 0))
    samples: dict[str, list[str]] = field(default_factory=lambda: {kind: [] for kind in _WRONG})

    def add(self, rows: pl.DataFrame) -> None:
        """Count more rows of points side by side."""
        counted = rows.select(**{name: kind.sum() for name, kind in _COUNTED.items()})
        for name, count in counted.row(0, named=True).items():
            self.counts[name] += count
        for name in (name for name in _WRONG if counted[name][0]):
            room = self.most - len(self.samples[name])
            self.samples[name] += rows.filter(_WRONG[name])["point_id"].head(room).to_list()


def _opened(world: World, name: str | None) -> AbstractContextManager[CollectionReader | None]:
    return nullcontext() if name is None else world.vectors.reader(name)


def _desired(world: World, partition: str) -> Iterator[pl.DataFrame]:
    points = world.tables.batches("points", partition, COLLECTION.names())
    if points is None:
        if world.tables.lineage("raw_files", partition) is None:
            raise NotFoundError(f"{partition!r} was never indexed: run `mmrag index` first")
        raise CorruptStateError(
            f"the table of points of {partition!r} is missing: run `mmrag index --domain "
            f"{domain_of(partition)}`, which makes it again from the memo without model calls"
        )
    return points

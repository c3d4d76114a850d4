"""copy: an index in another place is filled from tables and memo; the one here stays as it is."""

import time
from dataclasses import dataclass, replace

from mmrag_pipeline.errors import CollectionMismatchError
from mmrag_pipeline.generation_records import GateVerdict
from mmrag_pipeline.indexing import collection
from mmrag_pipeline.indexing.apply import difference
from mmrag_pipeline.indexing.commit import no_rows
from mmrag_pipeline.indexing.generations import Candidate, generation, put_in_place, serving
from mmrag_pipeline.indexing.history import Said, last_event
from mmrag_pipeline.indexing.station import Job, Mode, World
from mmrag_pipeline.overtaken import retried
from mmrag_pipeline.ports import Progress

_WHY = {"rolled_back": ", which was rolled back", "refused": ", which the gate refused"}


@dataclass(frozen=True, slots=True)
class Copied:
    """What copying a partition did; a copy that was there already has nothing written."""

    collection: str
    """The generation there."""
    points: int
    upserted: int
    payloads: int
    deleted: int
    serves: bool
    """False when it was rolled back there: what serves there serves on."""
    seconds: float

    @property
    def points_per_s(self) -> float:
        """Return how many points were written, or found right, in a second."""
        return round(self.points / max(self.seconds, 1e-9), 1)


class _Judged:
    """Lets a generation pass that was judged where it serves."""

    def judge(
        self, partition: str, *, live: str, candidate: str, progress: Progress
    ) -> GateVerdict:
        """Return that it is a copy."""
        return GateVerdict(True, "it is a copy of what served")


def copy_index(world: World, target: World, partition: str, *, run_id: str) -> Copied:
    """Bring `target`'s index to the points that the tables tell of, and let it serve there.

    `target` is the same world with another index. What that one holds already stays, so that a
    copy goes on where another one stopped. Vectors come from the memo; no model is asked. Nothing
    of `world`'s own index is changed, nor of the tables that tell of it. Raises CorruptStateError,
    and CollectionMismatchError when tables, models and what serves here do not belong together.
    """
    started = time.perf_counter()
    _check_copied_is_served(world, partition)
    asked = Mode(run_id, force=True)  # the target tells what it holds, not a table
    failures = no_rows("failures.collection")
    job = Job(partition, asked, collection.recipe(target), {}, {}, failures)
    filled = retried(lambda: collection.fill(target, job))
    if filled.change.total:
        _check_held(target, filled)
    said = Said(by="copy", run_id=run_id)
    there = replace(target, gate=_Judged())
    candidate = Candidate(filled.name, filled.digest, force=True)
    serves = put_in_place(there, partition, candidate, said)
    return Copied(
        collection=filled.name,
        points=filled.desired.height,
        upserted=filled.change.upserts.height,
        payloads=filled.change.payloads.height,
        deleted=len(filled.change.deletes),
        serves=serves,
        seconds=time.perf_counter() - started,
    )


def _check_copied_is_served(world: World, partition: str) -> None:
    """Raise for tables that other models made, or where another generation serves than today's.

    Today's may differ from that in what its vectors are kept as alone.
    """
    collection.check_current(world, partition, world.tables.lineage("points", partition))
    live, layouts = serving(world, partition), world.vectors.layouts()
    wanted = collection.layout(world)
    if live is None or live not in layouts or layouts[live].digest == wanted.digest:
        return
    today = generation(world, partition, wanted)
    why = _WHY.get(last_event(world, partition, today), ", which is not served yet")
    raise CollectionMismatchError(
        f"{live!r} serves {partition!r} here, but the settings are those of {today!r}{why}: a copy "
        f"would serve that one. Let it serve here first, or set again what {live!r} was made with "
        "(`mmrag generations` lists it) and run `mmrag index`"
    )


def _check_held(target: World, filled: collection.Filled) -> None:
    """Raise CollectionMismatchError unless the filled generation holds just what it should."""
    with target.vectors.reader(filled.name) as index:
        left = difference(filled.desired, collection.held(index))
    if left.total:
        raise CollectionMismatchError(
            f"{filled.name!r} was filled, but {left.total} of its points are not those that the "
            "tables tell of: somebody else writes to it. What served there serves on; run "
            "`mmrag copy-index` again when nobody does"
        )

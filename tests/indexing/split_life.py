"""A domain's life in which it is split and put together again, beside what queries see of it."""

from contextlib import suppress
from dataclasses import dataclass, replace

from mmrag_pipeline.errors import CorruptStateError, SettingsError
from mmrag_pipeline.ids import partition_of, shards_of
from mmrag_pipeline.indexing.purge import purge
from mmrag_pipeline.indexing.shards import todays
from mmrag_pipeline.indexing.station import Mode, World
from mmrag_pipeline.indexing.stations import run_partition
from mmrag_pipeline.retrieval.serving import serving
from mmrag_pipeline.stores.memory import MemoryTables
from mmrag_pipeline.testing.frail import Fuse, Killed, frail
from mmrag_pipeline.testing.ledger import Ledger
from mmrag_pipeline.testing.snapshot import Point, index_points
from mmrag_pipeline.testing.worlds import State
from tests.indexing.life import DOMAIN, Life
from tests.indexing.purging import Free, Keeper, keeper_of, request


@dataclass(slots=True)
class SplitLife(Life):
    """A life whose runs are of all partitions that the domain has."""

    def split(self, shards: int) -> None:
        """Name another number of shards; 1 is a whole domain."""
        named = {} if shards == 1 else {DOMAIN: shards}
        self.settings = self.settings.model_copy(update={"shards": named})

    def partitions(self) -> list[str]:
        """Return the partitions of today."""
        return todays(self.world(), DOMAIN)

    def home_of(self, key: str) -> str:
        """Return the partition of today that a file is in."""
        return partition_of(DOMAIN, key, self.settings.shards)

    def run_all(self, *, events: bool = False, order: int = 1) -> None:
        """Run every partition, the last one first where `order` is -1."""
        self._run(self.world(), events=events, order=order)

    def run_all_until(self, fuse: Fuse) -> bool:
        """Run every partition with one fuse; return whether it was killed."""
        try:
            self._run(self.world(state=frail(self.state, fuse)))
        except Killed:
            return True
        return False

    def purge_until(self, fuse: Fuse, key: str) -> bool:
        """Purge a file with a fuse; return whether it was killed."""
        keeper = Keeper(keeper_of(self), fuse)
        world = self.world(state=frail(self.state, fuse))
        try:
            with suppress(CorruptStateError):  # a killed run left a table without the one before
                list(purge(world, keeper, request(key), guard=Free()))
        except Killed:
            return True
        return False

    def served(self) -> dict[str, Point]:
        """Return the points that queries see; none is seen in two collections."""
        return _served(self.world())

    def rebuilt_whole(self) -> dict[str, Point]:
        """Return the points of one clean run without shards; what was purged stays purged."""
        whole = self.settings.model_copy(update={"shards": {}})
        state = State(tables=self._tombstones())
        world = replace(self.world(state=state, ledger=Ledger()), settings=whole)
        run_partition(world, DOMAIN, Mode("rebuild"))
        return _served(world)

    def _tombstones(self) -> MemoryTables:
        tables = MemoryTables()
        stones = self.state.tables.read("tombstones", DOMAIN)
        lineage = self.state.tables.lineage("tombstones", DOMAIN)
        if stones is not None and lineage is not None:
            tables.write(stones, lineage)
        return tables

    def _run(self, world: World, *, events: bool = False, order: int = 1) -> None:
        self.runs += 1
        mode = Mode(f"run-{self.runs}", events=events)
        try:
            _run_each(world, mode, order)
        except (
            SettingsError
        ):  # models were changed as well: with the shards that serve, they go first
            _run_each(_as_served(world), mode, order)
            _run_each(world, mode, order)


def _run_each(world: World, mode: Mode, order: int) -> None:
    for partition in todays(world, DOMAIN)[::order]:
        run_partition(world, partition, mode)


def _as_served(world: World) -> World:
    """Return the world with the shards that serve the domain named in its settings."""
    shards = {DOMAIN: shards_of(next(iter(_serving(world))))}
    return replace(world, settings=world.settings.model_copy(update={"shards": shards}))


def _serving(world: World) -> list[str]:
    prefix, shards = world.settings.collection_prefix, world.settings.shards
    return list(serving(world.vectors, prefix, shards).get(DOMAIN, {}))


def _served(world: World) -> dict[str, Point]:
    found: dict[str, Point] = {}
    for partition in _serving(world):
        own = index_points(world, partition)
        assert found.keys().isdisjoint(own)
        found |= own
    return found

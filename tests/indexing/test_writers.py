"""Two runs write one collection at once, and die anywhere: no record claims what is not there."""

from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass, replace
from datetime import timedelta

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from qdrant_client import QdrantClient

from mmrag_pipeline.errors import MmragError, StateUnavailableError
from mmrag_pipeline.indexing import collection
from mmrag_pipeline.indexing.applied import is_trusted, silence
from mmrag_pipeline.indexing.commit import rows_of
from mmrag_pipeline.indexing.station import Mode
from mmrag_pipeline.indexing.stations import run_partition
from mmrag_pipeline.indexing.verify import verify
from mmrag_pipeline.ports import VectorStore
from mmrag_pipeline.stores.memory import MemoryVectors
from mmrag_pipeline.stores.qdrant_server import ServerVectors
from mmrag_pipeline.testing.frail import FrailVectors, Fuse, Killed, die
from mmrag_pipeline.testing.snapshot import Point, serving
from mmrag_pipeline.testing.worlds import State
from tests.indexing.histories import Event, all_readable, file_events, setting_events
from tests.indexing.life import DOMAIN, Life
from tests.indexing.turns import Turns, Waiting

FILES = {"a1": "img:1", "b": "txt:a note of few words", "c": "pdf:p|q", "d": "img:2"}
commits = st.integers(1, 14)


def refuse() -> None:
    """Fail as a server does that is gone."""
    raise StateUnavailableError("the server is gone")


@dataclass
class Death:
    """Lets a process die at a commit to a collection; 0 is never."""

    at: int
    late: bool = False

    def fuse(self) -> Fuse:
        return Fuse(self.at, die, self.late)


deaths = st.builds(Death, st.just(0) | commits, st.booleans())


def _life(vectors: VectorStore) -> Life:
    life = Life(state=State(vectors=vectors))
    life.put(**FILES)
    life.run()
    return life


def run_beside(life: Life, *fuses: Fuse) -> None:
    """Run with fuses at commits to collections only."""
    vectors = life.state.vectors
    for fuse in fuses:
        vectors = FrailVectors(vectors, fuse)
    world = life.world(state=replace(life.state, vectors=vectors))
    try:
        run_partition(world, DOMAIN, Mode("one of two"))
    except (Killed, MmragError):
        return


def _overlapped(life: Life, at: int, second: Callable[[], None], first: Death) -> None:
    """Let a second run happen at commit `at` of a first, which goes on or dies later."""
    run_beside(life, Fuse(at, second), first.fuse())


def _check_record(life: Life) -> None:
    """A record that is trusted tells exactly what the collection holds."""
    world = life.world()
    record = world.tables.lineage("collection", DOMAIN)
    name = record.upstream["collection"] if record else ""
    if record and is_trusted(world, record, name):
        with world.vectors.reader(name) as index:
            assert rows_of(world.tables, "collection", DOMAIN).equals(collection.held(index))


def _check_two_writers(
    vectors: VectorStore, happens: list[list[Event]], at: int, dying: tuple[Death, Death]
) -> None:
    life = _life(vectors)

    def second() -> None:
        for _, happen in happens[1]:
            happen(life)
        run_beside(life, dying[1].fuse())
        _check_record(life)

    for _, happen in happens[0]:
        happen(life)
    _overlapped(life, at, second, dying[0])
    _check_record(life)
    all_readable(life)
    life.run()
    _check_record(life)
    life.now += silence(life.settings) + timedelta(minutes=1)
    for _ in range(2):  # a new generation serves when a writer of it that died counts as dead
        life.run()
    assert alike(life.index()[0], life.rebuild()[0][0])
    assert verify(life.world(), DOMAIN).clean


def alike(one: dict[str, Point], other: dict[str, Point]) -> bool:
    """Return whether points are the same but for where vectors were brought to unit length."""
    return one.keys() == other.keys() and all(
        (payload, sparse) == (other[i][0], other[i][2])
        and {s: pytest.approx(row, abs=1e-5) for s, row in dense.items()} == other[i][1]
        for i, (payload, dense, sparse) in one.items()
    )


changes = st.lists(st.one_of(file_events, setting_events), min_size=1, max_size=3)
two_writers = given(st.lists(changes, min_size=2, max_size=2), commits, st.tuples(deaths, deaths))


@settings(max_examples=20)
@two_writers
def test_whatever_two_writers_of_a_shared_collection_leave_the_next_run_mends(
    happens: list[list[Event]], at: int, dying: tuple[Death, Death]
) -> None:
    _check_two_writers(MemoryVectors(exclusive=False), happens, at, dying)


@pytest.mark.filterwarnings("ignore:Payload indexes have no effect")
@settings(max_examples=15, phases=[Phase.explicit, Phase.generate])
@two_writers
def test_two_writers_of_a_servers_collection_end_in_the_index_of_a_rebuild(
    happens: list[list[Event]], at: int, dying: tuple[Death, Death]
) -> None:
    _check_two_writers(ServerVectors(QdrantClient(":memory:")), happens, at, dying)


def _two_changes(vectors: VectorStore) -> tuple[Life, Callable[[], None]]:
    """Return a life with changes that wait for a run, and what changes still more."""
    life = _life(vectors)
    life.put(b="txt:other words", d="img:4")
    life.show_to("staff")

    def change_more() -> None:
        life.put(d="img:2", c="pdf:p")

    return life, change_more


@pytest.mark.parametrize("at", range(1, 12))
def test_a_run_that_comes_between_any_two_commits_of_another_is_not_forgotten(at: int) -> None:
    life, change_more = _two_changes(MemoryVectors(exclusive=False))

    def second() -> None:
        change_more()
        run_beside(life)

    run_beside(life, Fuse(at, second))
    _check_record(life)
    life.run()
    assert life.index() == life.rebuild()[0]


@pytest.mark.parametrize("at", range(1, 12))
def test_a_generation_that_two_runs_fill_at_once_serves_when_it_is_right(at: int) -> None:
    life, change_more = _two_changes(MemoryVectors(exclusive=False))
    life.change_model("text", "2")

    def second() -> None:
        change_more()
        run_beside(life)

    run_beside(life, Fuse(at, second), Fuse(at + 2))
    served = serving(life.world(), DOMAIN)
    assert served == "mmrag__d__g1" or life.index()[0] == life.rebuild()[0][0]
    life.run()
    life.now += silence(life.settings) + timedelta(minutes=1)
    life.run()
    life.run()
    assert serving(life.world(), DOMAIN) == "mmrag__d__g2"
    assert life.index()[0] == life.rebuild()[0][0]


def _taking_turns(life: Life, waiting: Waiting) -> None:
    vectors = FrailVectors(life.state.vectors, waiting)
    run_partition(life.world(state=replace(life.state, vectors=vectors)), DOMAIN, Mode("turns"))


def _failed_beside(begun: int, meanwhile: int) -> Life:
    """Return a life in which a run failed that another came into, so many commits of each."""
    life, change_more = _two_changes(MemoryVectors(exclusive=False))
    turns = Turns([*[0] * begun, *[1] * meanwhile, *[0] * 3, *[1] * 20])

    def second() -> None:
        change_more()
        _taking_turns(life, Waiting(0, turns, 1))

    turns.run(lambda: _taking_turns(life, Waiting(begun + 2, turns, 0, refuse)), second)
    return life


@pytest.mark.parametrize("begun", range(2, 7))
@pytest.mark.parametrize("meanwhile", range(1, 8))
def test_a_run_that_failed_beside_another_leaves_no_record_of_what_is_not_there(
    begun: int, meanwhile: int
) -> None:
    life = _failed_beside(begun, meanwhile)
    _check_record(life)
    life.run()
    assert life.index() == life.rebuild()[0]


def _is_believed(life: Life) -> bool:
    world = life.world()
    return is_trusted(world, world.tables.lineage("collection", DOMAIN), "mmrag__d__g1")


def test_a_run_that_died_while_it_wrote_spoils_the_record_until_it_counts_as_dead() -> None:
    life = _life(MemoryVectors(exclusive=False))
    life.put(a1="img:4")
    run_beside(life, Fuse(5))
    life.run()
    believed = [_is_believed(life)]
    life.now += silence(life.settings) + timedelta(minutes=1)
    for _ in range(2):  # the first takes its name away, and cannot know that it is not slow
        life.run()
        believed.append(_is_believed(life))
    assert believed == [False, False, True]


def test_a_slow_run_that_was_taken_for_dead_leaves_no_record_of_what_is_not_there() -> None:
    life, change_more = _two_changes(MemoryVectors(exclusive=False))

    def others() -> None:
        life.now += silence(life.settings) + timedelta(minutes=1)
        change_more()
        for _ in range(2):
            run_beside(life)

    run_beside(life, Fuse(4, others), Fuse(6, refuse))
    _check_record(life)
    life.run()
    assert life.index()[0] == life.rebuild()[0][0]


def test_where_a_writer_is_alone_a_dead_one_spoils_nothing() -> None:
    life = _life(MemoryVectors())
    life.put(a1="img:4")
    run_beside(life, Fuse(5))
    believed = [_is_believed(life)]
    life.run()
    assert [*believed, _is_believed(life)] == [False, True]


def test_a_change_that_an_error_stopped_is_ended_by_the_next_run() -> None:
    life = _life(MemoryVectors(exclusive=False))
    life.put(a1="img:4")
    run_beside(life, Fuse(5, refuse))
    life.run()
    assert _is_believed(life)
    assert life.index() == life.rebuild()[0]


def test_a_record_about_another_index_is_not_believed() -> None:
    one, other = MemoryVectors(), MemoryVectors()
    life = _life(one)
    life.state = replace(life.state, vectors=other)
    life.put(a1="img:4")
    life.run()
    life.state = replace(life.state, vectors=one)
    life.run()
    assert life.index() == life.rebuild()[0]


def test_an_index_that_was_restored_from_a_snapshot_is_brought_up_to_date() -> None:
    life = _life(MemoryVectors())
    snapshot = deepcopy(life.state.vectors)
    life.put(a1="img:4")
    life.run()
    life.state = replace(life.state, vectors=snapshot)
    life.run()
    assert life.index() == life.rebuild()[0]


def test_a_run_that_changes_nothing_leaves_the_collection_untouched() -> None:
    life = _life(MemoryVectors())
    fuse = Fuse(0)
    run_beside(life, fuse)
    assert fuse.commits == 1  # `create`, which finds it there

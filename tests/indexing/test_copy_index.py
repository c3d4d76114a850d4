"""A copied index is the same index elsewhere; the one here stays as it is."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace

import pytest

from mmrag_pipeline.assembly import OF_INDEX
from mmrag_pipeline.errors import CollectionMismatchError
from mmrag_pipeline.generation_records import GateVerdict
from mmrag_pipeline.indexing.applied import is_trusted
from mmrag_pipeline.indexing.copy_index import Copied, copy_index
from mmrag_pipeline.indexing.generations import rollback
from mmrag_pipeline.indexing.history import Said, history
from mmrag_pipeline.indexing.station import Mode, World
from mmrag_pipeline.indexing.stations import run_partition
from mmrag_pipeline.indexing.verify import verify
from mmrag_pipeline.keepers import TableCatalog
from mmrag_pipeline.ports import CollectionWriter, Progress, VectorStore
from mmrag_pipeline.records import StoredPoint
from mmrag_pipeline.retrieval.query import Query, Searcher
from mmrag_pipeline.retrieval.signals import Encoders
from mmrag_pipeline.stores.memory import MemoryTables, MemoryVectors
from mmrag_pipeline.stores.qdrant_server import ServerVectors
from mmrag_pipeline.stores.split_tables import SplitTables
from mmrag_pipeline.testing.counted import CountedVectors, CountedWriter
from mmrag_pipeline.testing.frail import FrailTables, FrailVectors, Fuse, Killed
from mmrag_pipeline.testing.ledger import Ledger
from mmrag_pipeline.testing.snapshot import index_points, serving
from tests.indexing.life import DOMAIN, Life
from tests.stores.qdrant_process import Served


@dataclass(slots=True)
class _Place:
    """An index: its collections, and the tables that tell of it."""

    vectors: VectorStore = field(default_factory=MemoryVectors)
    tables: TableCatalog = field(default_factory=MemoryTables)
    server: bool = True

    def world(self, life: Life) -> World:
        """Return a life's world with this index."""
        here = life.world()
        moved = {"qdrant_url": "http://index:6333" if self.server else None, "qdrant_shards": 2}
        return replace(
            here,
            settings=here.settings.model_copy(update=moved),
            vectors=self.vectors,
            tables=SplitTables(here.tables, self.tables, OF_INDEX),
        )


def _indexed() -> Life:
    life = Life()
    life.put(a="img:1@150x100", b="txt:some words", c="pdf:p|q")
    life.run()
    return life


def _copy(life: Life, place: _Place) -> Copied:
    return copy_index(life.world(), place.world(life), DOMAIN, run_id="copy-1")


def _told(life: Life) -> object:
    """Return all that is told of the index of a life."""
    tables, vectors = life.state.tables, life.state.vectors
    marks = {name: vectors.marks(name) for name in vectors.layouts()}
    record = [tables.lineage(name, DOMAIN) for name in OF_INDEX]
    return marks, record, vectors.aliases(), history(life.world(), DOMAIN).rows()


def test_a_copy_holds_the_same_points_and_calls_no_model() -> None:
    life, place = _indexed(), _Place()
    life.ledger = Ledger()
    done = _copy(life, place)
    assert index_points(place.world(life), DOMAIN) == index_points(life.world(), DOMAIN)
    assert done.upserted == done.points == len(index_points(life.world(), DOMAIN))
    assert (done.serves, life.ledger.calls()) == (True, 0)


def test_copying_leaves_the_index_here_its_record_and_its_history() -> None:
    life = _indexed()
    before = _told(life)
    _copy(life, _Place())
    assert _told(life) == before
    record = life.state.tables.lineage("collection", DOMAIN)
    assert is_trusted(life.world(), record, "mmrag__d__g1")


def test_a_search_there_finds_what_it_finds_here() -> None:
    life, place = _indexed(), _Place()
    _copy(life, place)
    world = life.world()
    encoders = Encoders(world.image_text, world.text, world.sparse)
    here, there = (
        Searcher(store, encoders, "mmrag").search(Query(text="some words", domains=(DOMAIN,)))
        for store in (world.vectors, place.vectors)
    )
    assert here
    assert here == there


def test_copying_again_writes_nothing() -> None:
    life, place = _indexed(), _Place(CountedVectors(MemoryVectors()))
    _copy(life, place)
    assert isinstance(place.vectors, CountedVectors)
    place.vectors.written.clear()
    done = _copy(life, place)
    assert (done.upserted, done.payloads, done.deleted) == (0, 0, 0)
    assert place.vectors.written.points.total() == 0


def test_a_copy_that_somebody_changed_is_mended() -> None:
    life, place = _indexed(), _Place()
    _copy(life, place)
    with place.vectors.writer("mmrag__d__g1") as index:
        point = next(index.held())["point_id"][0]
        index.set_payloads({point: {"_hash": "of somebody else"}})
    assert _copy(life, place).upserted == 1
    assert index_points(place.world(life), DOMAIN) == index_points(life.world(), DOMAIN)


class _Refusing:
    """A gate that lets nothing pass."""

    def judge(
        self, partition: str, *, live: str, candidate: str, progress: Progress
    ) -> GateVerdict:
        return GateVerdict(False, "worse")


def test_what_was_let_through_here_is_not_judged_again_there() -> None:
    life, place = _indexed(), _Place()
    _copy(life, place)
    life.change_model("text", "2")
    life.run()
    there = replace(place.world(life), gate=_Refusing())
    assert copy_index(life.world(), there, DOMAIN, run_id="copy-2").serves
    assert serving(there, DOMAIN) == "mmrag__d__g2"


def test_a_copy_follows_what_changed_here() -> None:
    life, place = _indexed(), _Place()
    _copy(life, place)
    life.put(b="txt:other words")
    life.run()
    done = _copy(life, place)
    assert (done.upserted, done.deleted) == (1, 1)
    assert index_points(place.world(life), DOMAIN) == index_points(life.world(), DOMAIN)


def test_the_first_run_there_knows_what_was_copied() -> None:
    life, place = _indexed(), _Place()
    _copy(life, place)
    record = place.tables.lineage("collection", DOMAIN)
    assert is_trusted(place.world(life), record, "mmrag__d__g1")
    assert history(place.world(life), DOMAIN)["by"].to_list() == ["copy"]


def test_a_copy_and_a_copy_of_it_back_are_the_same_index() -> None:
    life, server, back = _indexed(), _Place(), _Place(server=False)
    _copy(life, server)
    copy_index(server.world(life), back.world(life), DOMAIN, run_id="copy-2")
    assert index_points(back.world(life), DOMAIN) == index_points(life.world(), DOMAIN)
    assert {layout.shards for layout in server.vectors.layouts().values()} == {2}
    assert back.vectors.layouts() == life.state.vectors.layouts()


def test_a_copy_on_a_server_that_is_asked_over_grpc_is_the_same_index(served: Served) -> None:
    life, place = _indexed(), _Place(ServerVectors(served.client()))
    assert _copy(life, place).serves
    assert verify(place.world(life), DOMAIN).clean
    here, there = (index_points(one, DOMAIN) for one in (life.world(), place.world(life)))
    assert {i: point[0] for i, point in here.items()} == {i: p[0] for i, p in there.items()}


@pytest.mark.parametrize("late", [False, True])
def test_a_copy_that_died_at_any_commit_is_completed_by_the_next(late: bool) -> None:
    life, died, at = _indexed(), True, 0
    before = _told(life)
    while died:
        at += 1
        place, fuse = _Place(), Fuse(at, late=late)
        frail = _Place(FrailVectors(place.vectors, fuse), FrailTables(place.tables, fuse))
        died = _dies(life, frail)
        assert _copy(life, place).serves
        assert index_points(place.world(life), DOMAIN) == index_points(life.world(), DOMAIN)
        assert _told(life) == before
    assert at > 8


def _dies(life: Life, place: _Place) -> bool:
    try:
        _copy(life, place)
    except Killed:
        return True
    return False


class _LosingWriter(CountedWriter):
    """Loses the first point of each batch."""

    def upsert(self, points: Sequence[StoredPoint]) -> None:
        self.inner.upsert(points[1:])


class _Losing(CountedVectors):
    """A store whose writers lose points."""

    @contextmanager
    def writer(self, collection: str) -> Iterator[CollectionWriter]:
        with self.inner.writer(collection) as index:
            yield _LosingWriter(index, self.written)


def test_a_copy_that_lacks_a_point_does_not_serve() -> None:
    place = _Place(_Losing(MemoryVectors()))
    with pytest.raises(CollectionMismatchError, match="1 of its points are not those"):
        _copy(_indexed(), place)
    assert place.vectors.aliases() == {}


def test_points_of_other_models_than_the_settings_name_are_not_copied() -> None:
    life, place = _indexed(), _Place()
    life.change_model("ocr", "2")
    with pytest.raises(CollectionMismatchError, match="made with other models"):
        _copy(life, place)
    assert place.vectors.layouts() == {}


def test_what_was_rolled_back_here_is_not_served_there() -> None:
    life, place = _indexed(), _Place()
    life.change_model("text", "2")
    life.run()
    rollback(life.world(), DOMAIN, Said("a person"))
    with pytest.raises(CollectionMismatchError, match="g2', which was rolled back"):
        _copy(life, place)
    assert place.vectors.layouts() == {}


def test_what_was_rolled_back_here_is_not_served_there_though_its_models_serve() -> None:
    life, place = _indexed(), _Place()
    smaller = {"index_datatype": "float16"}
    world = replace(life.world(), settings=life.world().settings.model_copy(update=smaller))
    run_partition(world, DOMAIN, Mode("run-2"))
    rollback(world, DOMAIN, Said("a person"))
    with pytest.raises(CollectionMismatchError, match="g2', which was rolled back"):
        copy_index(world, place.world(life), DOMAIN, run_id="copy-1")
    assert place.vectors.layouts() == {}


def test_what_was_rolled_back_there_does_not_serve_there_again() -> None:
    life, place = _indexed(), _Place()
    _copy(life, place)
    life.change_model("text", "2")
    life.run()
    _copy(life, place)
    rollback(place.world(life), DOMAIN, Said("a person"))
    assert not _copy(life, place).serves
    assert serving(place.world(life), DOMAIN) == "mmrag__d__g1"


def test_an_index_that_is_lost_here_can_be_made_elsewhere() -> None:
    life, place = _indexed(), _Place()
    points = index_points(life.world(), DOMAIN)
    life.state = replace(life.state, vectors=MemoryVectors())
    _copy(life, place)
    assert index_points(place.world(life), DOMAIN) == points

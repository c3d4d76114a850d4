"""A difference of ids and hashes is written from the table of points, a few rows at a time."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mmrag_pipeline.errors import CorruptStateError, OvertakenError
from mmrag_pipeline.ids import collection_name
from mmrag_pipeline.indexing.applied import writing
from mmrag_pipeline.indexing.apply import apply_difference, difference
from mmrag_pipeline.indexing.collection import held
from mmrag_pipeline.indexing.commit import read_columns
from mmrag_pipeline.indexing.station import World
from mmrag_pipeline.ports import CollectionWriter
from mmrag_pipeline.records import StoredPoint
from mmrag_pipeline.schemas import COLLECTION
from mmrag_pipeline.stores.memory import MemoryMemo, MemoryTables
from mmrag_pipeline.testing.frail import Fuse, Killed, frail
from mmrag_pipeline.testing.ledger import Ledger
from mmrag_pipeline.testing.worlds import State
from tests.indexing.life import DOMAIN, Life

FIRST = collection_name("mmrag", DOMAIN, 1)
FOREIGN = "00000000-0000-4000-8000-000000000001"


class _Unreadable(MemoryTables):
    """Tables that are damaged."""

    def batches(
        self, table: str, partition: str, columns: Sequence[str]
    ) -> Iterator[pl.DataFrame] | None:
        """Raise."""
        raise CorruptStateError("damaged")


def _started() -> Life:
    """Return a life that was indexed, whose tables are read two rows at a time."""
    life = Life(state=State(tables=MemoryTables(at_once=2)))
    life.put(a="img:1", b="txt:some words", c="pdf:p|q@150x100")
    life.run()
    life.ledger = Ledger()
    return life


def _damage(index: CollectionWriter, fates: str) -> None:
    for point_id, fate in zip(held(index)["point_id"], fates, strict=False):
        if fate == "l":
            index.delete([point_id])
        if fate in "pv":
            (point,) = index.fetch([point_id])
            told = str(point.payload["_hash"])
            changed = told[:16] + "0" * 16 if fate == "p" else "0" * 32
            index.set_payloads({point_id: {"_hash": changed}})
    index.upsert([StoredPoint(FOREIGN, {})])


def _apply(world: World, *, wanted: pl.DataFrame | None = None) -> None:
    desired, _ = read_columns(world, "points", DOMAIN, COLLECTION.names())
    assert desired is not None
    with world.vectors.writer(FIRST) as index:
        change = difference(desired if wanted is None else wanted, held(index))
        with writing(world, FIRST, index) as own:
            apply_difference(own, change, partition=DOMAIN, run_id="mend")


@settings(max_examples=15)
@given(st.text("lpv-", max_size=12))
def test_what_differs_is_written_and_nothing_else(fates: str) -> None:
    life = _started()
    before = life.index()[0]
    with life.state.vectors.writer(FIRST) as index:
        suffered = dict(zip(held(index)["point_id"], fates, strict=False))
        _damage(index, fates)
    _apply(life.world())
    with life.state.vectors.reader(FIRST) as reader:
        points = reader.fetch(list(before))
    written = {point.point_id for point in points if point.payload["run_id"] == "mend"}
    assert written == {point_id for point_id, fate in suffered.items() if fate != "-"}
    assert (life.index()[0], life.ledger.calls()) == (before, 0)


@pytest.mark.parametrize("late", [False, True])
def test_a_write_that_died_anywhere_is_done_by_the_next(*, late: bool) -> None:
    for at in range(1, 60):
        life = _started()
        before = life.index()[0]
        with life.state.vectors.writer(FIRST) as index:
            _damage(index, "lpvlpv")
        try:
            _apply(life.world(state=frail(life.state, Fuse(at, late=late))))
        except Killed:
            _apply(life.world())
            assert life.index()[0] == before
        else:
            break
    assert at > 3


def test_points_that_the_table_has_no_more_are_not_written() -> None:
    life = _started()
    wanted = life.state.tables.read("points", DOMAIN)
    assert wanted is not None
    stale = wanted.select("point_id", point_hash=pl.lit("f" * 32))
    with life.state.vectors.writer(FIRST) as index:
        index.upsert([StoredPoint(FOREIGN, {})])
    with pytest.raises(OvertakenError, match=f"{stale.height} of {stale.height} points to write"):
        _apply(life.world(), wanted=stale)
    with life.state.vectors.reader(FIRST) as reader:
        assert reader.fetch([FOREIGN])


def test_lost_vectors_are_named_and_no_model_is_asked() -> None:
    life = _started()
    with life.state.vectors.writer(FIRST) as index:
        _damage(index, "llllll")
    world = replace(life.world(), memo=MemoryMemo())
    with pytest.raises(CorruptStateError, match="the memo lost"):
        _apply(world)
    assert life.ledger.calls() == 0


def test_the_table_is_not_read_when_points_only_go() -> None:
    life = _started()
    with life.state.vectors.writer(FIRST) as index:
        desired = held(index)
        index.upsert([StoredPoint(FOREIGN, {})])
        change = difference(desired, held(index))
        world = replace(life.world(), tables=_Unreadable())
        with writing(world, FIRST, index) as own:
            apply_difference(own, change, partition=DOMAIN, run_id="mend")
        assert held(index).equals(desired)

"""A purge looks again, and tells what it still finds or cannot be sure of."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from mmrag_pipeline.ids import file_id
from mmrag_pipeline.indexing.tombstones import lift
from mmrag_pipeline.records import Event, Pending, StoredPoint
from mmrag_pipeline.stores.memory import MemoryTables
from mmrag_pipeline.testing.frail import Fuse
from mmrag_pipeline.testing.inbox import MemoryInbox
from mmrag_pipeline.testing.worlds import TODAY
from tests.indexing.life import DOMAIN, Life
from tests.indexing.purging import Keeper, answered, keeper_of, keys_in, purged, request

FIRST = "mmrag__d__g1"
ID = file_id(DOMAIN, "secret")
_EVENT = Event("secret", "01", "ObjectCreated:Put", TODAY)
_POINT = StoredPoint("00000000-0000-4000-8000-000000000001", {"key": "secret", "file_id": ID})


class Damaged(MemoryInbox):
    """An inbox with an entry that nobody can read."""

    def pending(self, partition: str) -> Pending:
        """Return what can be read."""
        return replace(super().pending(partition), damaged=True)


def _started() -> Life:
    life = Life()
    life.put(secret="pdf:p|=a layer of words", other="img:1")
    life.run()
    return life


def _write_again(table: str) -> Callable[[Life], Callable[[], None]]:
    """Return what remembers a table of a life, to write it again when called."""

    def remember(life: Life) -> Callable[[], None]:
        held = life.state.tables.read(table, DOMAIN)
        lineage = life.state.tables.lineage(table, DOMAIN)
        assert held is not None
        assert lineage is not None
        return lambda: life.state.tables.write(held, lineage)

    return remember


def _add_point(life: Life) -> Callable[[], None]:
    def add() -> None:
        with life.state.vectors.writer(FIRST) as index:
            index.upsert([_POINT])

    return add


@pytest.mark.parametrize(
    ("place", "happen"),
    [
        ("tables/pages", _write_again("pages")),
        ("tables/chunks", _write_again("chunks")),
        ("tables/points", _write_again("points")),
        (f"collections/{FIRST}", _add_point),
        ("inbox", lambda life: lambda: life.state.inbox.put({DOMAIN: [_EVENT]})),
        ("tombstones", lambda life: lambda: lift(life.world(), DOMAIN, [ID])),
    ],
)
def test_what_comes_back_meanwhile_makes_the_receipt_incomplete(
    place: str, happen: Callable[[Life], Callable[[], None]]
) -> None:
    life = _started()
    keeper = Keeper(keeper_of(life), Fuse(1, happen(life)))
    receipt = answered(life, request("secret"), keeper=keeper)
    assert set(receipt.left) == {place}
    assert not receipt.complete


def test_an_inbox_that_cannot_be_read_is_left_and_told() -> None:
    life = _started()
    life.state = replace(life.state, inbox=Damaged())
    other = Event("other", "01", "ObjectCreated:Put", TODAY)
    life.state.inbox.put({DOMAIN: [_EVENT, other]})
    tokens = life.state.inbox.pending(DOMAIN).tokens
    assert purged(life, "secret").left == {"inbox": 2}
    assert life.state.inbox.pending(DOMAIN).tokens == tokens


def test_points_are_found_by_file_when_all_tables_are_lost() -> None:
    life = _started()
    life.state = replace(life.state, tables=MemoryTables())
    answered(life, request(files={ID: None}))
    assert keys_in(life, FIRST) == {"other"}


def test_a_second_purge_leaves_the_tombstones_of_the_first() -> None:
    life = _started()
    life.put(third="img:3")
    life.run()
    purged(life, "secret")
    purged(life, "third")
    life.run()
    assert keys_in(life, FIRST) == {"other"}

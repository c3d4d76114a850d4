"""Tables tell which entries of the memo are still needed, whatever made them."""

import polars as pl
import pytest

from mmrag_pipeline.errors import CorruptStateError
from mmrag_pipeline.indexing.references import (
    References,
    is_known,
    is_referenced,
    references,
)
from mmrag_pipeline.indexing.station import Mode
from mmrag_pipeline.indexing.stations import run_partition
from mmrag_pipeline.stores.memory import MemoryTables
from tests.indexing.life import Life
from tests.indexing.purging import keeper_of, remembered_keys

PAGE, TEXT = "a" * 32, "b" * 32
CONTENT = f"{'c' * 32}:text/plain"
HELD = References(*(pl.Series([key]) for key in (CONTENT, PAGE, TEXT)))


class Unreadable(MemoryTables):
    """Tables one of which is damaged."""

    def read(self, table: str, partition: str) -> pl.DataFrame | None:
        """Raise for tiles."""
        if table == "tiles":
            raise CorruptStateError("tiles cannot be trusted")
        return super().read(table, partition)


class Vanishing(MemoryTables):
    """Tables that somebody deletes."""

    def read(self, table: str, partition: str) -> pl.DataFrame | None:
        """Return nothing."""
        return None


def _life() -> Life:
    life = Life()
    life.put(a="img:1@150x100", b="txt:# T\nsome words", c="pdf:p|=a layer of its own|!|q")
    life.run()
    return life


def test_all_that_a_run_remembered_is_referenced() -> None:
    life = _life()
    held = references(life.state.tables)
    shelves = keeper_of(life).shelves()
    assert {station for station, _ in shelves} == {
        *("pages", "ocr", "captions", "image_vectors"),
        *("chunks", "text_vectors", "image_text_vectors"),
    }
    for station, fingerprint in shelves:
        keys = remembered_keys(keeper_of(life), station, fingerprint)
        assert keys.len() > 0
        assert is_referenced(held, station, keys).all()


def test_what_only_a_deleted_file_had_is_not() -> None:
    life = _life()
    for key in ("a", "b", "c"):
        life.source.delete("d", key)
    life.run()
    held = references(life.state.tables)
    for station, fingerprint in keeper_of(life).shelves():
        keys = remembered_keys(keeper_of(life), station, fingerprint)
        assert not is_referenced(held, station, keys).any()


def test_every_partition_counts() -> None:
    life = _life()
    life.source.put("e", "x", b"img:9")
    run_partition(life.world(), "e", Mode("e"))
    life.source.delete("e", "x")
    assert references(life.state.tables).contents.len() == 4


@pytest.mark.parametrize(
    ("station", "key", "expected"),
    [
        ("pages", CONTENT, True),
        ("pages", f"{CONTENT}##", True),
        ("pages", f"{'c' * 32}:text/html", False),
        ("ocr", PAGE, True),
        ("ocr", TEXT, False),
        ("image_vectors", f"{PAGE}:0,0,5,5", True),
        ("image_vectors", f"{TEXT}:0,0,5,5", False),
        ("chunks", f"ocr:{TEXT}:{PAGE}", True),
        ("chunks", f"ocr:{PAGE}:{TEXT}", False),
        ("chunks", f"text:{TEXT}:{CONTENT}:12", True),
        ("chunks", f"text:{TEXT}:{CONTENT}x:12", False),
        ("chunks", "of another version", False),
        ("text_vectors", TEXT, True),
        ("image_text_vectors", PAGE, False),
        ("sound_vectors", f"{PAGE}:0,0,5,5", True),
        ("sound_vectors", TEXT, True),
        ("sound_vectors", f"{TEXT}:0,0,5,5", False),
    ],
)
def test_a_key_is_referenced_by_what_it_is_about(station: str, key: str, expected: bool) -> None:
    assert is_referenced(HELD, station, pl.Series([key, "?"])).to_list() == [expected, False]


def test_a_station_that_nobody_knows_is_not_guessed_at() -> None:
    assert not is_known("sounds")


def test_a_table_that_cannot_be_read_is_not_an_empty_one() -> None:
    with pytest.raises(CorruptStateError, match="tiles"):
        references(_as(Unreadable()))


def test_a_table_that_vanishes_is_not_an_empty_one() -> None:
    with pytest.raises(CorruptStateError, match="vanished"):
        references(_as(Vanishing()))


def _as(tables: MemoryTables) -> MemoryTables:
    """Fill tables with those of a life."""
    life = _life()
    for name in ("raw_files", "pages", "tiles"):
        table, lineage = life.state.tables.read(name, "d"), life.state.tables.lineage(name, "d")
        assert table is not None
        assert lineage is not None
        tables.write(table, lineage)
    return tables

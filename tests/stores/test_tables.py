"""Parquet tables: the contract, damaged files, and the digest."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings

from mmrag_pipeline.errors import CorruptStateError
from mmrag_pipeline.frames import table_digest
from mmrag_pipeline.ports import TableStore
from mmrag_pipeline.stores.tables import ParquetTables
from tests.stores.samples import lineage
from tests.stores.table_samples import tables
from tests.stores.table_store_contract import ONE_TILE, TableStoreContract


class TestParquetTables(TableStoreContract):
    """The contract."""

    @classmethod
    def open_store(cls, root: Path) -> TableStore:
        """Return a store of Parquet files."""
        return ParquetTables(root)


@pytest.fixture
def written(tmp_path: Path) -> Path:
    """Give the file of a written table."""
    ParquetTables(tmp_path).write(ONE_TILE, lineage("tiles", ONE_TILE))
    return tmp_path / "tiles" / "shop.parquet"


def test_a_write_leaves_one_file_and_nothing_else(written: Path) -> None:
    assert [p.name for p in written.parent.iterdir()] == ["shop.parquet"]


@pytest.mark.parametrize("kept", [0, 4, 100, -1])
def test_a_truncated_table_names_its_file(written: Path, kept: int) -> None:
    written.write_bytes(written.read_bytes()[:kept])
    store = ParquetTables(written.parents[1])
    with pytest.raises(CorruptStateError, match=r"shop\.parquet cannot be trusted.*delete"):
        store.read("tiles", "shop")
    with pytest.raises(CorruptStateError, match=r"shop\.parquet cannot be trusted.*delete"):
        store.lineage("tiles", "shop")


def test_a_table_without_lineage_is_not_trusted(written: Path) -> None:
    ONE_TILE.write_parquet(written)
    with pytest.raises(CorruptStateError, match="cannot be trusted"):
        ParquetTables(written.parents[1]).lineage("tiles", "shop")


def test_a_table_of_another_partition_is_not_trusted(written: Path) -> None:
    written.rename(written.with_name("office.parquet"))
    with pytest.raises(CorruptStateError, match="holds tiles of shop"):
        ParquetTables(written.parents[1]).lineage("tiles", "office")


def test_a_table_of_another_schema_is_not_read(written: Path) -> None:
    ONE_TILE.drop("level").write_parquet(written)
    with pytest.raises(
        CorruptStateError, match=r"shop\.parquet.*level is missing.*delete that file"
    ):
        ParquetTables(written.parents[1]).read("tiles", "shop")


@given(tables())
@settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.too_slow])
def test_the_digest_does_not_depend_on_chunks(named: tuple[str, pl.DataFrame]) -> None:
    _, frame = named
    assert table_digest(frame) == table_digest(frame.rechunk())


@given(tables(), tables())
@settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.too_slow])
def test_equal_digests_are_equal_tables(
    one: tuple[str, pl.DataFrame], other: tuple[str, pl.DataFrame]
) -> None:
    frames = one[1], other[1]
    same = frames[0].schema == frames[1].schema and frames[0].equals(frames[1])
    assert (table_digest(frames[0]) == table_digest(frames[1])) == same


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ([["a"], ["b"]], [["a", "b"], []]),
        ([["ab"]], [["a", "b"]]),
        ([None], [[]]),
        ([[None]], [[""]]),
        ([["a"], []], [[], ["a"]]),
    ],
)
def test_lists_that_differ_have_different_digests(
    one: list[list[str | None] | None], other: list[list[str | None] | None]
) -> None:
    frames = [pl.DataFrame({"x": v}, schema={"x": pl.List(pl.String)}) for v in (one, other)]
    assert table_digest(frames[0]) != table_digest(frames[1])


def test_values_hidden_under_nulls_do_not_count() -> None:
    hidden = pl.DataFrame({"x": [1, 2]}).select(pl.when(pl.col("x") > 1).then("x").alias("x"))
    assert table_digest(hidden) == table_digest(pl.DataFrame({"x": [None, 2]}))


def test_the_digest_is_the_same_in_every_process() -> None:
    assert table_digest(ONE_TILE) == "c7e9a4a40075325b240f1ab7cca89f2d"


def test_a_table_is_read_whole_while_it_is_replaced(tmp_path: Path) -> None:
    store = ParquetTables(tmp_path)
    frames = [pl.concat([ONE_TILE] * count) for count in (1, 20_000)]

    def churn() -> None:
        for number in range(60):
            frame = frames[number % 2]
            store.write(frame, lineage("tiles", frame))

    churn()
    with ThreadPoolExecutor(1) as pool:
        churning = pool.submit(churn)
        while not churning.done():
            read = store.read("tiles", "shop")
            assert read is not None
            assert read.height in (1, 20_000)
        churning.result()

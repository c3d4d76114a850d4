"""Parquet tables: the contract, damaged files, and the digest."""

import random
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings

from mmrag_pipeline.errors import CorruptStateError, StateUnavailableError
from mmrag_pipeline.frames import table_digest
from mmrag_pipeline.keepers import TableCatalog
from mmrag_pipeline.schemas import OCR
from mmrag_pipeline.stores.folder_blobs import FolderBlobs
from mmrag_pipeline.stores.places import S3Place
from mmrag_pipeline.stores.s3_blobs import S3Blobs
from mmrag_pipeline.stores.s3_file import AHEAD_BYTES
from mmrag_pipeline.stores.split_tables import SplitTables
from mmrag_pipeline.stores.tables import ParquetTables
from mmrag_pipeline.testing.frail import Fuse
from tests.stores.frail_blobs import FrailBlobs
from tests.stores.s3_traffic import refusing, watched
from tests.stores.samples import lineage
from tests.stores.table_samples import tables
from tests.stores.table_store_contract import ONE_TILE, TableStoreContract

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

NUMBERS = pl.Series(random.Random(0).choices(range(10**9), k=40_000), dtype=pl.Int32)
"""Nothing that packs well: a table of them is larger than what is read of its end."""


class TestTablesInAFolder(TableStoreContract):
    """The contract."""

    @pytest.fixture
    def store(self, tmp_path: Path) -> TableCatalog:
        """Give an empty store of files."""
        return ParquetTables(FolderBlobs(tmp_path))


class TestTablesInABucket(TableStoreContract):
    """The contract."""

    @pytest.fixture
    def store(self, s3: "S3Client", bucket: str) -> TableCatalog:
        """Give an empty store of objects."""
        return ParquetTables(S3Blobs(lambda: s3, S3Place(bucket, "state/")))


class TestTablesOfTwoPlaces(TableStoreContract):
    """The contract."""

    @pytest.fixture
    def store(self, tmp_path: Path) -> TableCatalog:
        """Give an empty store whose tiles lie elsewhere than all else."""
        shared, own = (ParquetTables(FolderBlobs(tmp_path / name)) for name in ("shared", "own"))
        return SplitTables(shared, own, ["tiles"])


def test_tables_of_one_machine_stay_there(tmp_path: Path) -> None:
    shared, own = (ParquetTables(FolderBlobs(tmp_path / name)) for name in ("shared", "own"))
    split = SplitTables(shared, own, ["tiles"])
    for name, frame in {"tiles": ONE_TILE, "ocr": OCR.to_frame()}.items():
        split.write(frame, lineage(name, frame))
    assert (shared.partitions("tiles"), own.partitions("tiles")) == ([], ["shop"])
    assert (shared.partitions("ocr"), own.partitions("ocr")) == (["shop"], [])


@pytest.fixture
def written(tmp_path: Path) -> Path:
    """Give the file of a written table."""
    ParquetTables(FolderBlobs(tmp_path)).write(ONE_TILE, lineage("tiles", ONE_TILE))
    return tmp_path / "tables" / "tiles" / "shop.parquet"


def test_a_write_leaves_one_file_and_nothing_else(written: Path) -> None:
    assert [p.name for p in written.parent.iterdir()] == ["shop.parquet"]


def test_a_conditional_write_that_reached_its_place_twice_is_done(tmp_path: Path) -> None:
    made, blobs = lineage("tiles", ONE_TILE), FolderBlobs(tmp_path)
    before = Fuse(1, lambda: ParquetTables(blobs).write(ONE_TILE, made))
    store = ParquetTables(FrailBlobs(blobs, before))
    store.write(ONE_TILE, made, replaces=None)
    assert store.lineage("tiles", "shop") == made


@pytest.mark.parametrize("kept", [0, 4, 100, -1])
def test_a_table_that_cannot_be_trusted_is_not_replaced(written: Path, kept: int) -> None:
    damaged = written.read_bytes()[:kept]
    written.write_bytes(damaged)
    store, made = ParquetTables(FolderBlobs(written.parents[2])), lineage("tiles", ONE_TILE)
    with pytest.raises(CorruptStateError, match=r"shop\.parquet cannot be trusted.*delete"):
        store.write(ONE_TILE, made, replaces=made)
    assert written.read_bytes() == damaged


@pytest.mark.parametrize("kept", [0, 4, 100, -1])
def test_a_truncated_table_names_its_file(written: Path, kept: int) -> None:
    written.write_bytes(written.read_bytes()[:kept])
    store = ParquetTables(FolderBlobs(written.parents[2]))
    with pytest.raises(CorruptStateError, match=r"shop\.parquet cannot be trusted.*delete"):
        store.read("tiles", "shop")
    with pytest.raises(CorruptStateError, match=r"shop\.parquet cannot be trusted.*delete"):
        store.lineage("tiles", "shop")


def test_a_table_without_lineage_is_not_trusted(written: Path) -> None:
    ONE_TILE.write_parquet(written)
    with pytest.raises(CorruptStateError, match="cannot be trusted"):
        ParquetTables(FolderBlobs(written.parents[2])).lineage("tiles", "shop")


def test_a_table_of_another_partition_is_not_trusted(written: Path) -> None:
    written.rename(written.with_name("office.parquet"))
    with pytest.raises(CorruptStateError, match="holds tiles of shop"):
        ParquetTables(FolderBlobs(written.parents[2])).lineage("tiles", "office")


def test_a_table_of_another_schema_is_not_read(written: Path) -> None:
    ONE_TILE.drop("level").write_parquet(written)
    with pytest.raises(
        CorruptStateError, match=r"shop\.parquet.*level is missing.*delete that file"
    ):
        ParquetTables(FolderBlobs(written.parents[2])).read("tiles", "shop")


@given(tables())
@settings(max_examples=60, suppress_health_check=[HealthCheck.too_slow])
def test_the_digest_does_not_depend_on_chunks(named: tuple[str, pl.DataFrame]) -> None:
    _, frame = named
    assert table_digest(frame) == table_digest(frame.rechunk())


@given(tables(), tables())
@settings(max_examples=60, suppress_health_check=[HealthCheck.too_slow])
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


def read_while_replaced(store: ParquetTables, times: int) -> set[int]:
    """Read a table for as long as another thread replaces it by one of 1 or 20,000 rows.

    Return how many rows were read, and how many its lineage told, of every look.
    """
    frames = [pl.concat([ONE_TILE] * count) for count in (1, 20_000)]

    def churn() -> None:
        for number in range(times):
            frame = frames[number % 2].with_columns(tile_no=NUMBERS.head(frames[number % 2].height))
            store.write(frame, lineage("tiles", frame))

    store.write(frames[0], lineage("tiles", frames[0]))
    seen = set()
    with ThreadPoolExecutor(1) as pool:
        churning = pool.submit(churn)
        while not churning.done():
            read, made = store.read("tiles", "shop"), store.lineage("tiles", "shop")
            assert read is not None
            assert made is not None
            seen |= {read.height, made.rows}
        churning.result()
    return seen


def test_a_table_is_read_whole_while_its_file_is_replaced(tmp_path: Path) -> None:
    assert read_while_replaced(ParquetTables(FolderBlobs(tmp_path)), 60) <= {1, 20_000}


def test_a_table_is_read_whole_while_its_object_is_replaced(s3: "S3Client", bucket: str) -> None:
    seen = read_while_replaced(ParquetTables(S3Blobs(lambda: s3, S3Place(bucket))), 20)
    assert seen <= {1, 20_000}


def test_lineage_is_read_without_the_rows(s3: "S3Client", bucket: str) -> None:
    store = ParquetTables(S3Blobs(lambda: s3, S3Place(bucket)))
    frame = pl.concat([ONE_TILE] * 40_000).with_columns(tile_no=NUMBERS)
    store.write(frame, lineage("tiles", frame))
    with watched(s3) as traffic:
        assert store.lineage("tiles", "shop") == lineage("tiles", frame)
    assert traffic.requests == ["GetObject"]
    assert traffic.bytes_read == AHEAD_BYTES


def test_a_long_lineage_is_read_whole(tmp_path: Path) -> None:
    store = ParquetTables(FolderBlobs(tmp_path))
    made = replace(lineage("tiles", ONE_TILE), upstream={f"t{n}": "d" * 32 for n in range(4_000)})
    store.write(ONE_TILE, made)
    assert store.lineage("tiles", "shop") == made


def test_a_table_out_of_reach_is_neither_absent_nor_corrupt(s3: "S3Client", bucket: str) -> None:
    store = ParquetTables(S3Blobs(lambda: s3, S3Place(bucket)))
    with refusing(s3, "GetObject", "AccessDenied", 403):
        for attempt in (store.read, store.lineage):
            with pytest.raises(StateUnavailableError, match="AccessDenied"):
                attempt("tiles", "shop")


def test_foreign_files_are_no_partitions(written: Path) -> None:
    for name in ("notes.txt", "a__b.parquet", ".parquet"):
        written.with_name(name).write_bytes(b"")
    assert ParquetTables(FolderBlobs(written.parents[2])).partitions("tiles") == ["shop"]

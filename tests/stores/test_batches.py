"""Tables of files and objects in batches: of one version, few at a time, damage told."""

import random
from pathlib import Path
from typing import TYPE_CHECKING

import polars as pl
import pytest

from mmrag_pipeline.errors import CorruptStateError, OvertakenError
from mmrag_pipeline.schemas import RAW_FILES
from mmrag_pipeline.stores.folder_blobs import FolderBlobs
from mmrag_pipeline.stores.places import S3Place
from mmrag_pipeline.stores.s3_blobs import S3Blobs
from mmrag_pipeline.stores.s3_file import AHEAD_BYTES
from mmrag_pipeline.stores.tables import ParquetTables
from tests.stores.s3_traffic import watched
from tests.stores.samples import lineage
from tests.stores.table_store_contract import ONE_TILE

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

NUMBERS = pl.Series(random.Random(0).choices(range(10**9), k=160_000), dtype=pl.Int32)
"""Nothing that packs well."""


def _long(store: ParquetTables) -> pl.DataFrame:
    """Write and return a table of three row groups."""
    frame = pl.concat([ONE_TILE] * NUMBERS.len()).with_columns(tile_no=NUMBERS)
    store.write(frame, lineage("tiles", frame))
    return frame


def test_batches_of_a_file_are_those_of_one_version_whatever_is_written(tmp_path: Path) -> None:
    store = ParquetTables(FolderBlobs(tmp_path))
    frame = _long(store)
    batches = store.batches("tiles", "shop", ["tile_no"])
    assert batches is not None
    store.write(ONE_TILE, lineage("tiles", ONE_TILE))
    assert pl.concat(batches).equals(frame.select("tile_no"))


def test_batches_of_an_object_that_is_replaced_meanwhile_end_in_an_error(
    s3: "S3Client", bucket: str
) -> None:
    store = ParquetTables(S3Blobs(lambda: s3, S3Place(bucket)))
    _long(store)
    batches = store.batches("tiles", "shop", ["tile_no"])
    assert batches is not None
    assert sum(next(batches).height for _ in range(2)) > 0
    store.write(ONE_TILE, lineage("tiles", ONE_TILE))
    with pytest.raises(OvertakenError, match=r"shop\.parquet was replaced.*run again"):
        list(batches)


def test_of_an_object_only_the_columns_that_are_asked_for_travel(
    s3: "S3Client", bucket: str
) -> None:
    store = ParquetTables(S3Blobs(lambda: s3, S3Place(bucket)))
    _long(store)
    with watched(s3) as traffic:
        list(store.batches("tiles", "shop", ["level"]) or ())
    assert traffic.bytes_read <= 3 * AHEAD_BYTES  # one piece for each row group


def test_a_damaged_table_is_no_shorter_one_in_batches(tmp_path: Path) -> None:
    store = ParquetTables(FolderBlobs(tmp_path))
    _long(store)
    path = tmp_path / "tables" / "tiles" / "shop.parquet"
    data = path.read_bytes()
    middle = len(data) // 2
    path.write_bytes(data[:middle] + bytes(100_000) + data[middle + 100_000 :])
    with pytest.raises(CorruptStateError, match=r"shop\.parquet cannot be trusted.*delete"):
        list(store.batches("tiles", "shop", ["tile_no"]) or ())


@pytest.mark.parametrize("kept", [0, 4, 100, -1])
def test_a_truncated_table_gives_no_batches(tmp_path: Path, kept: int) -> None:
    store = ParquetTables(FolderBlobs(tmp_path))
    store.write(ONE_TILE, lineage("tiles", ONE_TILE))
    path = tmp_path / "tables" / "tiles" / "shop.parquet"
    path.write_bytes(path.read_bytes()[:kept])
    with pytest.raises(CorruptStateError, match=r"shop\.parquet cannot be trusted.*delete"):
        list(store.batches("tiles", "shop", ["level"]) or ())


def test_a_column_of_another_type_is_not_read_in_batches(tmp_path: Path) -> None:
    store = ParquetTables(FolderBlobs(tmp_path))
    store.write(ONE_TILE, lineage("tiles", ONE_TILE))
    path = tmp_path / "tables" / "tiles" / "shop.parquet"
    ONE_TILE.with_columns(level=pl.lit("0")).write_parquet(path)
    with pytest.raises(CorruptStateError, match=r"shop\.parquet cannot be trusted.*level"):
        list(store.batches("tiles", "shop", ["level"]) or ())


def test_a_column_that_came_later_is_null_in_batches(tmp_path: Path) -> None:
    store = ParquetTables(FolderBlobs(tmp_path))
    row = pl.DataFrame([{"file_id": "f"}], schema=RAW_FILES)
    store.write(row, lineage("raw_files", row))
    row.drop("version").write_parquet(tmp_path / "tables" / "raw_files" / "shop.parquet")
    read = pl.concat(store.batches("raw_files", "shop", ["version", "file_id"]) or ())
    assert read.rows() == [(None, "f")]

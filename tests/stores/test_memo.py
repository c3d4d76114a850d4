"""The Parquet memo: the contract, parts of other writers, damage and compaction."""

import time
import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import polars as pl
import pytest

from mmrag_pipeline.errors import CorruptStateError, StateUnavailableError
from mmrag_pipeline.keepers import Keep, MemoKeeper
from mmrag_pipeline.stores.blobs import Blobs
from mmrag_pipeline.stores.folder_blobs import FolderBlobs
from mmrag_pipeline.stores.memo import ParquetMemo
from mmrag_pipeline.stores.places import S3Place
from mmrag_pipeline.stores.s3_blobs import S3Blobs
from mmrag_pipeline.stores.s3_file import AHEAD_BYTES
from mmrag_pipeline.testing.frail import Fuse, Killed
from tests.stores.frail_blobs import FrailBlobs
from tests.stores.memo_contract import Fresh, batch, keys
from tests.stores.memo_keeper_contract import MemoKeeperContract
from tests.stores.s3_traffic import refusing, watched

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client


class TestMemoInAFolder(MemoKeeperContract):
    """The contract."""

    @pytest.fixture
    def fresh(self, tmp_path: Path) -> Fresh:
        """Give what opens an empty memo of files."""

        def memo(clock: Callable[[], int] = time.time_ns) -> MemoKeeper:
            return ParquetMemo(FolderBlobs(tmp_path / uuid.uuid4().hex), clock)

        return memo


class TestMemoInABucket(MemoKeeperContract):
    """The contract."""

    @pytest.fixture
    def fresh(self, s3: "S3Client", bucket: str) -> Fresh:
        """Give what opens an empty memo of objects."""

        def memo(clock: Callable[[], int] = time.time_ns) -> MemoKeeper:
            place = S3Place(bucket, f"{uuid.uuid4().hex}/")
            return ParquetMemo(S3Blobs(lambda: s3, place), clock)

        return memo


def opened(root: Path) -> ParquetMemo:
    """Return the memo of a folder."""
    return ParquetMemo(FolderBlobs(root))


def parts(root: Path) -> list[Path]:
    """Return the files of a memo."""
    return sorted(p for p in root.rglob("*") if p.is_file())


def test_every_batch_is_one_file_that_never_changes(tmp_path: Path) -> None:
    memo = opened(tmp_path)
    memo.append("ocr", "f1", "shop", batch("a"))
    (first,) = parts(tmp_path)
    before = first.read_bytes()
    memo.append("ocr", "f1", "shop", batch("b"))
    assert parts(tmp_path)[0] == first
    assert first.read_bytes() == before
    assert len(parts(tmp_path)) == 2


def test_what_another_process_appends_is_seen(tmp_path: Path) -> None:
    memo = opened(tmp_path)
    assert memo.missing("ocr", "f1", keys("a")).len() == 1
    opened(tmp_path).append("ocr", "f1", "shop", batch("a"))
    assert memo.missing("ocr", "f1", keys("a")).is_empty()
    assert memo.fetch("ocr", "f1", keys("a")).equals(batch("a"))


def test_a_deleted_part_is_forgotten(tmp_path: Path) -> None:
    memo = opened(tmp_path)
    memo.append("ocr", "f1", "shop", batch("a"))
    assert memo.missing("ocr", "f1", keys("a")).is_empty()
    parts(tmp_path)[0].unlink()
    assert memo.missing("ocr", "f1", keys("a")).to_list() == ["a"]
    assert memo.fetch("ocr", "f1", keys("a")).is_empty()


@pytest.mark.parametrize("kept", [0, 4, 200, -1])
def test_a_truncated_part_is_named_with_the_way_out(tmp_path: Path, kept: int) -> None:
    memo = opened(tmp_path)
    memo.append("ocr", "f1", "shop", batch("a"))
    (part,) = parts(tmp_path)
    part.write_bytes(part.read_bytes()[:kept])
    with pytest.raises(CorruptStateError, match=rf"{part.name} .*delete that file"):
        memo.missing("ocr", "f1", keys("a"))


def test_parts_of_different_columns_are_not_mixed(tmp_path: Path) -> None:
    memo = opened(tmp_path)
    memo.append("ocr", "f1", "shop", batch("a"))
    memo.append("ocr", "f1", "shop", batch("b").drop("vector"))
    with pytest.raises(CorruptStateError, match="columns differ"):
        memo.fetch("ocr", "f1", keys("a", "b"))


def test_a_half_written_part_does_not_count(tmp_path: Path) -> None:
    memo = opened(tmp_path)
    memo.append("ocr", "f1", "shop", batch("a"))
    (part,) = parts(tmp_path)
    part.with_name(".0123.tmp").write_bytes(b"PAR1")
    assert memo.missing("ocr", "f1", keys("a", "b")).to_list() == ["b"]


def test_parts_lie_where_their_names_say(tmp_path: Path) -> None:
    opened(tmp_path).append("ocr", "f1", "caf\u00e9 #1", batch("a"))
    (part,) = parts(tmp_path)
    assert part.parent == tmp_path / "memo" / "ocr" / "f1" / "caf\u00e9 #1"


def test_compaction_leaves_one_file_with_every_key_once(tmp_path: Path) -> None:
    memo = opened(tmp_path)
    for name in "abca":
        memo.append("ocr", "f1", "shop", batch(name))
    assert memo.compact("ocr", "f1") == 3
    assert len(parts(tmp_path)) == 1
    assert memo.fetch("ocr", "f1", keys("a", "b", "c")).equals(batch("a", "b", "c"))


def test_files_with_nothing_to_merge_or_drop_are_not_written_anew(tmp_path: Path) -> None:
    memo = opened(tmp_path)
    memo.append("ocr", "f1", "shop", batch("a"))
    memo.append("ocr", "f1", "office", batch("b"))
    before = parts(tmp_path)
    assert memo.compact("ocr", "f1") == 0
    assert memo.retain("ocr", "f1", keep_all_but()) == 0
    assert parts(tmp_path) == before


def test_what_replaces_parts_has_a_later_name_than_all_of_them(tmp_path: Path) -> None:
    memo = opened(tmp_path)
    for name in "abc":
        memo.append("ocr", "f1", "shop", batch(name))
    for care in (memo.compact, partial(memo.retain, keep=keep_all_but("a"))):
        before = parts(tmp_path)
        care("ocr", "f1")
        (after,) = parts(tmp_path)
        assert after.name.rpartition("-")[0] > before[-1].name.rpartition("-")[0]


def test_foreign_files_are_no_parts(tmp_path: Path) -> None:
    memo = opened(tmp_path)
    memo.append("ocr", "f1", "shop", batch("a"))
    (part,) = parts(tmp_path)
    for name in ("part-1.parquet", "notes.txt"):
        part.with_name(name).write_bytes(b"")
    (tmp_path / "memo" / "a b" / "f1" / "shop").mkdir(parents=True)
    (tmp_path / "memo" / "a b" / "f1" / "shop" / part.name).write_bytes(part.read_bytes())
    assert memo.shelves() == [("ocr", "f1")]
    assert memo.missing("ocr", "f1", keys("a")).is_empty()


def test_a_reader_that_listed_before_a_compaction_finds_every_key(tmp_path: Path) -> None:
    reader, other = opened(tmp_path), opened(tmp_path)
    for name in "ab":
        other.append("ocr", "f1", "shop", batch(name))
    assert reader.missing("ocr", "f1", keys("a", "b")).is_empty()
    other.compact("ocr", "f1")
    assert reader.fetch("ocr", "f1", keys("a", "b")).equals(batch("a", "b"))


@pytest.mark.parametrize("late", [False, True])
@pytest.mark.parametrize("at", [1, 2, 3, 4])
def test_a_keeper_that_dies_at_any_write_loses_nothing_that_stays(
    tmp_path: Path, at: int, late: bool
) -> None:
    for names in (["a", "b"], ["c", "x"], ["b", "d"]):
        opened(tmp_path).append("ocr", "f1", "shop", batch(*names))
    dying = ParquetMemo(FrailBlobs(FolderBlobs(tmp_path), Fuse(at, late=late)))
    with suppress(Killed):
        dying.retain("ocr", "f1", keep_all_but("x"))
        dying.compact("ocr", "f1")
    memo = opened(tmp_path)
    assert memo.fetch("ocr", "f1", keys(*"abcd")).height == 4
    memo.retain("ocr", "f1", keep_all_but("x"))
    memo.compact("ocr", "f1")
    assert memo.missing("ocr", "f1", keys(*"abcdx")).to_list() == ["x"]
    assert len(parts(tmp_path)) == 1


def found_by_readers(blobs: Blobs, times: int) -> set[tuple[int, int]]:
    """Ask for 60 keys that stay for as long as another thread adds, merges and drops others.

    Return how many were found and how many were missing, of every look.
    """
    names = [f"k{n}" for n in range(60)]
    memo, writer = ParquetMemo(blobs), ParquetMemo(blobs)
    memo.append("ocr", "f1", "shop", batch(*names))

    def churn() -> None:
        for name in names[:times]:
            writer.append("ocr", "f1", "shop", batch(name, f"drop-{name}"))
            writer.compact("ocr", "f1")
            writer.retain("ocr", "f1", keep_all_but(f"drop-{name}"))

    seen = set()
    with ThreadPoolExecutor(1) as pool:
        churning = pool.submit(churn)
        while not churning.done():
            found = memo.fetch("ocr", "f1", keys(*names)).height
            seen.add((found, memo.missing("ocr", "f1", keys(*names)).len()))
        churning.result()
    return seen


def test_no_key_is_lost_to_a_reader_of_a_folder_that_is_cared_for(tmp_path: Path) -> None:
    assert found_by_readers(FolderBlobs(tmp_path), 20) == {(60, 0)}


def test_no_key_is_lost_to_a_reader_of_a_bucket_that_is_cared_for(
    s3: "S3Client", bucket: str
) -> None:
    assert found_by_readers(S3Blobs(lambda: s3, S3Place(bucket)), 8) == {(60, 0)}


def test_keys_are_read_without_the_vectors_beside_them(s3: "S3Client", bucket: str) -> None:
    blobs = S3Blobs(lambda: s3, S3Place(bucket))
    noise = np.random.default_rng(0).random((4_000, 64), dtype=np.float32)
    names = pl.Series("key", [f"{n:032x}" for n in range(len(noise))])
    ParquetMemo(blobs).append("ocr", "f1", "shop", names.to_frame().with_columns(vector=noise))
    with watched(s3) as traffic:
        assert ParquetMemo(blobs).missing("ocr", "f1", names).is_empty()
    assert traffic.requests == ["ListObjectsV2", "GetObject", "GetObject"]
    assert traffic.bytes_read <= 2 * AHEAD_BYTES < noise.nbytes / 7


@pytest.mark.parametrize("kept", [0, 4, 200, -1])
def test_a_truncated_object_is_named_with_the_way_out(
    s3: "S3Client", bucket: str, kept: int
) -> None:
    blobs = S3Blobs(lambda: s3, S3Place(bucket))
    ParquetMemo(blobs).append("ocr", "f1", "shop", batch("a"))
    (name,) = blobs.names("memo")
    with blobs.open(name) as file:
        s3.put_object(Bucket=bucket, Key=name, Body=file.read()[:kept])
    with pytest.raises(CorruptStateError, match=rf"s3://{bucket}/{name} .*delete that file"):
        ParquetMemo(blobs).missing("ocr", "f1", keys("a"))


def test_a_memo_out_of_reach_is_neither_empty_nor_corrupt(s3: "S3Client", bucket: str) -> None:
    memo = ParquetMemo(S3Blobs(lambda: s3, S3Place(bucket)))
    memo.append("ocr", "f1", "shop", batch("a"))
    for operation in ("ListObjectsV2", "GetObject"):
        with (
            refusing(s3, operation, "AccessDenied", 403),
            pytest.raises(StateUnavailableError, match="AccessDenied"),
        ):
            memo.missing("ocr", "f1", keys("a"))


def keep_all_but(*names: str) -> Keep:
    """Keep all but some."""
    return lambda asked, _: ~asked.is_in(names)

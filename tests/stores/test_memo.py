"""The Parquet memo: the contract, parts of other writers, damage and compaction."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from mmrag_pipeline.errors import CorruptStateError
from mmrag_pipeline.ports import Memo
from mmrag_pipeline.stores.memo import ParquetMemo
from tests.stores.memo_contract import MemoContract, batch, keys


class TestParquetMemo(MemoContract):
    """The contract."""

    @classmethod
    def open_store(cls, root: Path) -> Memo:
        """Return a memo of Parquet parts."""
        return ParquetMemo(root)


def parts(root: Path) -> list[Path]:
    """Return the files of a memo."""
    return sorted(p for p in root.rglob("*") if p.is_file())


def test_every_batch_is_one_file_that_never_changes(tmp_path: Path) -> None:
    memo = ParquetMemo(tmp_path)
    memo.append("ocr", "f1", "shop", batch("a"))
    (first,) = parts(tmp_path)
    before = first.read_bytes()
    memo.append("ocr", "f1", "shop", batch("b"))
    assert parts(tmp_path)[0] == first
    assert first.read_bytes() == before
    assert len(parts(tmp_path)) == 2


def test_what_another_process_appends_is_seen(tmp_path: Path) -> None:
    memo = ParquetMemo(tmp_path)
    assert memo.missing("ocr", "f1", keys("a")).len() == 1
    ParquetMemo(tmp_path).append("ocr", "f1", "shop", batch("a"))
    assert memo.missing("ocr", "f1", keys("a")).is_empty()
    assert memo.fetch("ocr", "f1", keys("a")).equals(batch("a"))


def test_a_deleted_part_is_forgotten(tmp_path: Path) -> None:
    memo = ParquetMemo(tmp_path)
    memo.append("ocr", "f1", "shop", batch("a"))
    assert memo.missing("ocr", "f1", keys("a")).is_empty()
    parts(tmp_path)[0].unlink()
    assert memo.missing("ocr", "f1", keys("a")).to_list() == ["a"]
    assert memo.fetch("ocr", "f1", keys("a")).is_empty()


@pytest.mark.parametrize("kept", [0, 4, 200, -1])
def test_a_truncated_part_is_named_with_the_way_out(tmp_path: Path, kept: int) -> None:
    memo = ParquetMemo(tmp_path)
    memo.append("ocr", "f1", "shop", batch("a"))
    (part,) = parts(tmp_path)
    part.write_bytes(part.read_bytes()[:kept])
    with pytest.raises(CorruptStateError, match=rf"{part.name} .*delete that file"):
        memo.missing("ocr", "f1", keys("a"))


def test_parts_of_different_columns_are_not_mixed(tmp_path: Path) -> None:
    memo = ParquetMemo(tmp_path)
    memo.append("ocr", "f1", "shop", batch("a"))
    memo.append("ocr", "f1", "shop", batch("b").drop("vector"))
    with pytest.raises(CorruptStateError, match="columns differ"):
        memo.fetch("ocr", "f1", keys("a", "b"))


def test_a_half_written_part_does_not_count(tmp_path: Path) -> None:
    memo = ParquetMemo(tmp_path)
    memo.append("ocr", "f1", "shop", batch("a"))
    (part,) = parts(tmp_path)
    part.with_name(".0123.tmp").write_bytes(b"PAR1")
    assert memo.missing("ocr", "f1", keys("a", "b")).to_list() == ["b"]


def test_compaction_leaves_one_file_with_every_key_once(tmp_path: Path) -> None:
    memo = ParquetMemo(tmp_path)
    for name in "abca":
        memo.append("ocr", "f1", "shop", batch(name))
    assert memo.compact("ocr", "f1", "shop") == 3
    assert len(parts(tmp_path)) == 1
    assert memo.fetch("ocr", "f1", keys("a", "b", "c")).equals(batch("a", "b", "c"))


def test_compaction_of_one_file_does_nothing(tmp_path: Path) -> None:
    memo = ParquetMemo(tmp_path)
    memo.append("ocr", "f1", "shop", batch("a"))
    before = parts(tmp_path)
    assert memo.compact("ocr", "f1", "shop") == 0
    assert memo.compact("ocr", "f1", "office") == 0
    assert parts(tmp_path) == before


def test_a_reader_that_listed_before_a_compaction_finds_every_key(tmp_path: Path) -> None:
    reader, other = ParquetMemo(tmp_path), ParquetMemo(tmp_path)
    for name in "ab":
        other.append("ocr", "f1", "shop", batch(name))
    assert reader.missing("ocr", "f1", keys("a", "b")).is_empty()
    other.compact("ocr", "f1", "shop")
    assert reader.fetch("ocr", "f1", keys("a", "b")).equals(batch("a", "b"))


def test_no_key_is_lost_to_a_reader_while_parts_are_merged(tmp_path: Path) -> None:
    names = [f"k{n}" for n in range(60)]
    memo = ParquetMemo(tmp_path)
    memo.append("ocr", "f1", "shop", batch(*names))

    def churn() -> None:
        writer = ParquetMemo(tmp_path)
        for name in names[:20]:
            writer.append("ocr", "f1", "shop", batch(name))
            writer.compact("ocr", "f1", "shop")

    with ThreadPoolExecutor(1) as pool:
        churning = pool.submit(churn)
        while not churning.done():
            assert memo.fetch("ocr", "f1", keys(*names)).height == len(names)
        churning.result()

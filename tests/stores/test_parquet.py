"""Parquet in open blobs: the same from a file and from anything else that can be read."""

import io
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

import polars as pl
import pytest

from mmrag_pipeline.stores.parquet import (
    NotParquetError,
    read_columns,
    read_metadata,
    read_rows,
)

FRAME = pl.DataFrame({"key": ["a", "b"], "texts": [["x", None], []]})
READERS: list[Callable[[BinaryIO], object]] = [
    read_rows,
    read_metadata,
    lambda file: read_columns(file, ["key"]),
]


class Unreadable(io.RawIOBase):
    """A file whose reading fails after it was opened."""

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return 1_000

    def seek(self, offset: int, whence: int = 0) -> int:
        return 1_000

    def readinto(self, buffer: object, /) -> int:
        raise KeyError("out of reach")


@pytest.fixture(params=[False, True], ids=["bytes", "file"])
def file(request: pytest.FixtureRequest, tmp_path: Path) -> BinaryIO:
    """Give the frame in an open blob."""
    path = tmp_path / "frame.parquet"
    FRAME.write_parquet(path, metadata={"mmrag": "made"})
    return path.open("rb") if request.param else io.BytesIO(path.read_bytes())


def test_all_rows_are_read(file: BinaryIO) -> None:
    with file:
        assert read_rows(file).equals(FRAME)


def test_a_column_keeps_its_type(file: BinaryIO) -> None:
    with file:
        read = read_columns(file, ["key"])
    assert read.schema == {"key": pl.String}
    assert read.equals(FRAME.select("key"))


def test_a_column_that_is_not_there_is_an_error(file: BinaryIO) -> None:
    with file, pytest.raises(NotParquetError):
        read_columns(file, ["key", "vector"])


def test_the_footer_has_what_was_put_into_it(file: BinaryIO) -> None:
    with file:
        assert read_metadata(file)["mmrag"] == "made"


@pytest.mark.parametrize("reader", READERS)
@pytest.mark.parametrize("data", [b"", b"PAR1", b"PAR1" * 5, b"x" * 100_000])
def test_what_is_no_parquet_is_told(reader: Callable[[BinaryIO], object], data: bytes) -> None:
    with pytest.raises(NotParquetError):
        reader(io.BytesIO(data))


@pytest.mark.parametrize("reader", READERS)
def test_trouble_with_reading_comes_through_as_it_is(reader: Callable[[object], object]) -> None:
    with pytest.raises(KeyError, match="out of reach"):
        reader(Unreadable())

"""Parquet in an open blob, read as far as is asked: whole, in batches, or the footer alone."""

import io
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from typing import BinaryIO

import polars as pl

ROWS_AT_ONCE = 65_536
"""Rows of a batch, and of a row group: as much of a column is in memory at a time."""
_FOOTER_BYTES = 65_536
_LENGTH_BYTES = 8
"""At the very end: the footer's length, and four bytes that say what the file is."""


class NotParquetError(ValueError):
    """These bytes are no (whole) Parquet file; whoever knows the file's name says so."""


def read_rows(file: BinaryIO) -> pl.DataFrame:
    """Return all of a file; raises NotParquetError and what reading `file` raises."""
    try:
        # polars takes real files by their handle; trouble with reading others would abort it
        source = file if isinstance(file, io.BufferedReader) else io.BytesIO(file.read())
        return pl.read_parquet(source, hive_partitioning=False)
    except pl.exceptions.PolarsError as error:
        raise NotParquetError(str(error)) from error


def read_columns(file: BinaryIO, columns: Sequence[str]) -> pl.DataFrame:
    """Return some columns; no other bytes of the file are read but the footer.

    Raises NotParquetError, also for columns that the file lacks.
    """
    if not isinstance(file, io.BufferedReader):  # of those polars would read everything
        return _arrow_columns(file, columns)
    try:
        return pl.read_parquet(file, columns=list(columns), hive_partitioning=False)
    except pl.exceptions.PolarsError as error:
        raise NotParquetError(str(error)) from error


def read_batches(
    file: BinaryIO, columns: Sequence[str], optional: Collection[str] = ()
) -> Iterator[pl.DataFrame]:
    """Yield the rows in order, some columns of them, `ROWS_AT_ONCE` at a time and no more at once.

    Columns that are `optional` are left out where the file lacks them. Raises as `read_columns`,
    at any time.
    """
    from pyarrow.parquet import ParquetFile  # type: ignore[import-untyped]  # it ships no types

    with _reading():
        parquet = ParquetFile(file, pre_buffer=False)  # else it reads all row groups at once
        held = parquet.schema_arrow.names
    lacking = [name for name in columns if name not in held and name not in optional]
    if lacking:
        raise NotParquetError(f"it has the columns {held}, not {lacking}")
    found = parquet.iter_batches(ROWS_AT_ONCE, columns=[name for name in columns if name in held])
    while True:
        with _reading():
            batch = next(found, None)
        if batch is None:
            return
        yield _framed(batch)


def read_metadata(file: BinaryIO) -> dict[str, str]:
    """Return the key-value pairs of the footer; of a long file nothing else is read."""
    size = file.seek(0, io.SEEK_END)
    end = _end(file, min(_FOOTER_BYTES, size))
    needed = int.from_bytes(end[-_LENGTH_BYTES:][:4], "little") + _LENGTH_BYTES
    if len(end) < needed <= size:
        end = _end(file, needed)
    try:
        return pl.read_parquet_metadata(io.BytesIO(end))
    except pl.exceptions.PolarsError as error:
        raise NotParquetError(str(error)) from error


def _end(file: BinaryIO, count: int) -> bytes:
    file.seek(-count, io.SEEK_END)
    return file.read(count)


def _arrow_columns(file: BinaryIO, columns: Sequence[str]) -> pl.DataFrame:
    from pyarrow.parquet import ParquetFile

    with _reading():
        frame = _framed(ParquetFile(file).read(columns=list(columns)))
    if frame.columns != list(columns):
        raise NotParquetError(f"it has the columns {frame.columns} of {list(columns)}")
    return frame


def _framed(found: object) -> pl.DataFrame:
    frame = pl.from_arrow(found)
    return frame if isinstance(frame, pl.DataFrame) else frame.to_frame()


@contextmanager
def _reading() -> Iterator[None]:
    """Say it in our words when pyarrow cannot read on; a file that is gone stays just that."""
    import pyarrow  # type: ignore[import-untyped]  # it ships no types

    try:
        yield
    except FileNotFoundError:
        raise
    except (pyarrow.ArrowException, OSError) as error:
        raise NotParquetError(str(error)) from error

"""Parquet in an open blob, read as far as is asked: whole, by columns, or the footer alone."""

import io
from collections.abc import Sequence
from typing import BinaryIO

import polars as pl

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
    import pyarrow  # type: ignore[import-untyped]  # it ships no types
    from pyarrow.parquet import ParquetFile  # type: ignore[import-untyped]  # the same

    try:
        found = pl.from_arrow(ParquetFile(file).read(columns=list(columns)))
    except FileNotFoundError:
        raise
    except (pyarrow.ArrowException, OSError) as error:
        raise NotParquetError(str(error)) from error
    frame = found if isinstance(found, pl.DataFrame) else found.to_frame()
    if frame.columns != list(columns):
        raise NotParquetError(f"it has the columns {frame.columns} of {list(columns)}")
    return frame

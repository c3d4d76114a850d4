"""The digest of what a table says, whatever its chunks, buffers or the writer's version."""

import hashlib

import numpy as np
import polars as pl


def table_digest(frame: pl.DataFrame) -> str:
    """Return the 32-hex-digit BLAKE2b digest of a table's columns, types, rows and row order.

    Hidden values under nulls, chunk borders, dictionary or view layouts do not count.
    Millions of short rows take about a second.
    """
    state = hashlib.blake2b(digest_size=16)
    state.update(f"{frame.height}".encode())
    for column in frame.iter_columns():
        state.update(f"\n{column.name}\n{column.dtype}\n".encode("utf-8", "surrogatepass"))
        _add(state, column)
    return state.hexdigest()


def _add(state: hashlib.blake2b, values: pl.Series) -> None:
    state.update(_nulls(values))
    if isinstance(values.dtype, pl.Struct):
        for field in values.dtype.fields:
            _add(state, values.struct.field(field.name))
    elif isinstance(values.dtype, pl.List | pl.Array):
        _add_lists(state, values.cast(pl.List(values.dtype.inner)))
    elif values.dtype in (pl.String, pl.Binary):
        _add_bytes(state, values)
    else:
        _add_numbers(state, values)


def _nulls(values: pl.Series) -> bytes:
    """Return one bit per row, set for nulls; columns without any skip a polars query."""
    if values.null_count() == 0:
        return bytes(-(-len(values) // 8))
    return np.packbits(values.is_null().to_numpy()).tobytes()


def _filled(values: pl.Series, value: int | bytes) -> pl.Series:
    return values.fill_null(value) if values.null_count() else values


def _add_lists(state: hashlib.blake2b, values: pl.Series) -> None:
    lengths = _filled(values.list.len(), 0)
    _add_numbers(state, lengths)
    _add(state, values.filter(lengths > 0).explode())


def _add_bytes(state: hashlib.blake2b, values: pl.Series) -> None:
    filled = _filled(values.cast(pl.Binary), b"")
    _add_numbers(state, filled.bin.size())
    for start in range(0, len(values), _PIECE):
        piece = values[start : start + _PIECE].drop_nulls()
        if piece.dtype == pl.String:
            state.update(piece.str.join("").item().encode())
        else:
            state.update(b"".join(piece.to_list()))


def _add_numbers(state: hashlib.blake2b, values: pl.Series) -> None:
    physical = values.cast(pl.UInt8) if values.dtype == pl.Boolean else values.to_physical()
    numbers = _filled(physical, 0).to_numpy()
    little_endian = numbers.astype(numbers.dtype.newbyteorder("<"), copy=False)
    state.update(np.ascontiguousarray(little_endian).data)


_PIECE = 65_536
"""Rows whose bytes are joined at a time."""

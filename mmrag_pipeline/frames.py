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
    state.update(np.packbits(values.is_null().to_numpy()).data)
    if isinstance(values.dtype, pl.Struct):
        for field in values.dtype.fields:
            _add(state, values.struct.field(field.name))
    elif isinstance(values.dtype, pl.List | pl.Array):
        _add_lists(state, values.cast(pl.List(values.dtype.inner)))
    elif values.dtype in (pl.String, pl.Binary):
        _add_bytes(state, values)
    else:
        _add_numbers(state, values)


def _add_lists(state: hashlib.blake2b, values: pl.Series) -> None:
    lengths = values.list.len().fill_null(0)
    _add_numbers(state, lengths)
    _add(state, values.filter(lengths > 0).explode())


def _add_bytes(state: hashlib.blake2b, values: pl.Series) -> None:
    filled = values.cast(pl.Binary).fill_null(b"")
    _add_numbers(state, filled.bin.size())
    for start in range(0, len(values), _PIECE):
        piece = values[start : start + _PIECE].drop_nulls()
        if piece.dtype == pl.String:
            state.update(piece.str.join("").item().encode())
        else:
            state.update(b"".join(piece.to_list()))


def _add_numbers(state: hashlib.blake2b, values: pl.Series) -> None:
    physical = values.cast(pl.UInt8) if values.dtype == pl.Boolean else values.to_physical()
    numbers = physical.fill_null(0).to_numpy()
    little_endian = numbers.astype(numbers.dtype.newbyteorder("<"), copy=False)
    state.update(np.ascontiguousarray(little_endian).data)


_PIECE = 65_536
"""Rows whose bytes are joined at a time."""

"""Random tables of every declared schema, nulls, lists and structs included."""

from datetime import UTC, datetime

import polars as pl
from hypothesis import strategies as st

from mmrag_pipeline.schemas import TABLES

_BITS: dict[type[pl.DataType], int] = {pl.Int32: 31, pl.Int64: 63}


def _values(dtype: pl.DataType) -> st.SearchStrategy[object]:
    return st.none() | _present(dtype)


def _present(dtype: pl.DataType) -> st.SearchStrategy[object]:
    if isinstance(dtype, pl.List):
        return st.lists(_values(_instance(dtype.inner)), max_size=3)
    if isinstance(dtype, pl.Struct):
        return st.fixed_dictionaries({f.name: _values(_instance(f.dtype)) for f in dtype.fields})
    if isinstance(dtype, pl.Datetime):
        times = st.datetimes(datetime(1970, 1, 1), datetime(2200, 1, 1))
        return times.map(lambda t: t.replace(tzinfo=UTC))
    return _plain(dtype)


def _plain(dtype: pl.DataType) -> st.SearchStrategy[object]:
    if isinstance(dtype, pl.String):
        return st.text(max_size=8)
    if isinstance(dtype, pl.Boolean):
        return st.booleans()
    if isinstance(dtype, pl.Float32 | pl.Float64):
        return st.floats(width=32)
    bits = _BITS[type(dtype)]
    return st.integers(-(2**bits), 2**bits - 1)


def _instance(dtype: pl.DataType | pl.datatypes.DataTypeClass) -> pl.DataType:
    return dtype if isinstance(dtype, pl.DataType) else dtype()


@st.composite
def tables(draw: st.DrawFn) -> tuple[str, pl.DataFrame]:
    """Draw a declared table's name and a frame of its schema, in one or two chunks."""
    name = draw(st.sampled_from(sorted(TABLES)))
    schema = TABLES[name]
    rows = st.tuples(*(_values(_instance(dtype)) for dtype in schema.values()))
    drawn = draw(st.lists(rows, max_size=4))
    cut = draw(st.integers(0, len(drawn)))
    pieces = [
        pl.DataFrame(piece, schema=schema, orient="row") for piece in (drawn[:cut], drawn[cut:])
    ]
    return name, pl.concat(pieces, rechunk=False)

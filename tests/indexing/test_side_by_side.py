"""Sorted streams meet row by row, whatever the sizes of their batches."""

from collections.abc import Iterator, Sequence

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mmrag_pipeline.errors import CorruptStateError
from mmrag_pipeline.indexing.side_by_side import side_by_side
from mmrag_pipeline.schemas import COLLECTION

Stream = list[list[tuple[str, str | None]]]


@st.composite
def streams(draw: st.DrawFn) -> Stream:
    """Draw a sorted stream in batches, some of them empty."""
    ids = sorted(draw(st.sets(st.integers(0, 30))))
    rows = [(f"{number:02}", draw(st.sampled_from(["x", "y", None]))) for number in ids]
    cuts = sorted(draw(st.lists(st.integers(0, len(rows)), max_size=4)))
    ends = zip([0, *cuts], [*cuts, len(rows)], strict=True)
    return [rows[start:end] for start, end in ends]


def _frames(stream: Stream) -> Iterator[pl.DataFrame]:
    for batch in stream:
        yield pl.DataFrame(batch, schema=COLLECTION, orient="row")


def _merged(given: dict[str, Stream]) -> list[dict[str, object]]:
    frames = {name: _frames(stream) for name, stream in given.items()}
    return [row for window in side_by_side(frames) for row in window.iter_rows(named=True)]


@given(streams(), streams(), streams())
def test_any_streams_meet_as_dictionaries_would(one: Stream, two: Stream, three: Stream) -> None:
    drawn = {"one": one, "two": two, "three": three}
    held = {name: dict(row for batch in stream for row in batch) for name, stream in drawn.items()}
    expected = [
        {"point_id": key}
        | {name: rows.get(key) for name, rows in held.items()}
        | {f"has_{name}": key in rows for name, rows in held.items()}
        for key in sorted({key for rows in held.values() for key in rows})
    ]
    assert _merged(drawn) == expected


def test_no_streams_without_rows_give_rows() -> None:
    assert _merged({"one": [], "two": [[]]}) == []


@pytest.mark.parametrize("ids", [("b", "a"), ("a", "a"), ("5", "10")])
@pytest.mark.parametrize("apart", [False, True])
def test_a_stream_that_is_not_in_order_is_an_error(ids: Sequence[str], *, apart: bool) -> None:
    rows: list[tuple[str, str | None]] = [(one, "x") for one in ids]
    stream = [rows[:1], [], rows[1:]] if apart else [rows]
    with pytest.raises(CorruptStateError, match=f"held points.*{ids[0]} comes before {ids[1]}"):
        _merged({"desired": [[("a", "x"), ("b", "x")]], "held": stream})


def test_no_stream_is_read_further_than_its_rows_are_needed() -> None:
    read: list[str] = []

    def counted(name: str) -> Iterator[pl.DataFrame]:
        for batch in _frames([[(f"{n:03}", "x")] for n in range(100)]):
            read.append(name)
            yield batch

    merged = side_by_side({"one": counted("one"), "two": counted("two")})
    for _ in range(10):
        next(merged)
    assert len(read) <= 20

"""What every memo does."""

import time
from collections.abc import Callable
from typing import Protocol

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mmrag_pipeline.errors import CorruptStateError, SettingsError
from mmrag_pipeline.keepers import MemoKeeper
from mmrag_pipeline.ports import Memo

VECTOR = pl.Array(pl.Float32, 3)


def batch(*keys: str, value: float = 0.0) -> pl.DataFrame:
    """Return rows with a vector each."""
    vectors = pl.Series("vector", [[value, 1.0, 2.0]] * len(keys), dtype=VECTOR)
    return pl.DataFrame([pl.Series("key", list(keys), dtype=pl.String), vectors])


def keys(*names: str) -> pl.Series:
    """Return a column of keys."""
    return pl.Series("asked", list(names), dtype=pl.String)


class Fresh(Protocol):
    """Opens an empty memo; `clock` tells the nanoseconds since 1970."""

    def __call__(self, clock: Callable[[], int] = time.time_ns) -> MemoKeeper:
        """Return the memo."""
        ...


class MemoContract:
    """Inherit it and give `fresh`."""

    @pytest.fixture
    def fresh(self) -> Fresh:
        """Give what opens an empty memo, another one each time."""
        raise NotImplementedError

    @pytest.fixture
    def memo(self, fresh: Fresh) -> MemoKeeper:
        """Give an empty memo."""
        return fresh()

    def test_an_empty_memo_misses_every_key_once_in_order(self, memo: Memo) -> None:
        assert memo.missing("ocr", "f1", keys("b", "a", "b")).to_list() == ["b", "a"]
        assert memo.fetch("ocr", "f1", keys("a")).is_empty()

    def test_what_was_appended_is_fetched(self, memo: Memo) -> None:
        memo.append("ocr", "f1", "shop", batch("a", "b"))
        assert memo.missing("ocr", "f1", keys("c", "a")).to_list() == ["c"]
        assert memo.fetch("ocr", "f1", keys("b", "c", "b")).equals(batch("b"))

    def test_types_survive(self, memo: Memo) -> None:
        rows = batch("a").with_columns(texts=pl.Series([["x", None]], dtype=pl.List(pl.String)))
        memo.append("ocr", "f1", "shop", rows)
        assert memo.fetch("ocr", "f1", keys("a")).equals(rows)

    def test_what_one_partition_learned_all_know(self, memo: Memo) -> None:
        memo.append("ocr", "f1", "shop", batch("a"))
        memo.append("ocr", "f1", "office", batch("b"))
        assert memo.missing("ocr", "f1", keys("a", "b")).is_empty()
        assert memo.fetch("ocr", "f1", keys("a", "b")).height == 2

    def test_another_station_or_fingerprint_knows_nothing(self, memo: Memo) -> None:
        memo.append("ocr", "f1", "shop", batch("a"))
        assert memo.missing("ocr", "f2", keys("a")).to_list() == ["a"]
        assert memo.missing("captions", "f1", keys("a")).to_list() == ["a"]

    def test_of_two_equal_keys_the_first_written_counts(self, memo: Memo) -> None:
        memo.append("ocr", "f1", "shop", batch("a", value=1.0))
        memo.append("ocr", "f1", "office", batch("a", "b", value=2.0))
        read = memo.fetch("ocr", "f1", keys("a", "b")).sort("key")
        assert read.equals(pl.concat([batch("a", value=1.0), batch("b", value=2.0)]))

    def test_a_batch_without_keys_is_refused(self, memo: Memo) -> None:
        for rows in (batch("a").drop("key"), batch("a").select("vector", "key")):
            with pytest.raises(CorruptStateError, match="start with the String column 'key'"):
                memo.append("ocr", "f1", "shop", rows)

    @pytest.mark.parametrize("name", ["../x", "a/b", "", "..", "a\0b"])
    def test_a_name_that_is_no_name_is_refused(self, memo: Memo, name: str) -> None:
        for station, fingerprint, partition in (
            (name, "f", "p"),
            ("s", name, "p"),
            ("s", "f", name),
        ):
            with pytest.raises(SettingsError):
                memo.append(station, fingerprint, partition, batch("a"))

    @given(st.lists(st.lists(st.text(max_size=2), max_size=5, unique=True), max_size=6))
    @settings(
        max_examples=25,
        suppress_health_check=[
            HealthCheck.function_scoped_fixture,
            HealthCheck.differing_executors,
        ],
    )
    def test_known_and_missing_share_out_what_is_asked(
        self, fresh: Fresh, batches: list[list[str]]
    ) -> None:
        memo = fresh()
        for number, names in enumerate(batches[::2]):
            memo.append("ocr", "f1", f"p{number % 2}", batch(*names))
        asked = keys(*(name for names in batches for name in names))
        known = {name for names in batches[::2] for name in names}
        assert memo.missing("ocr", "f1", asked).to_list() == [
            name for name in dict.fromkeys(asked) if name not in known
        ]
        fetched = memo.fetch("ocr", "f1", asked)
        assert sorted(fetched["key"] if fetched.width else []) == sorted(known)

"""What every memo does for those who keep it small."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mmrag_pipeline.errors import SettingsError
from mmrag_pipeline.keepers import MemoKeeper
from tests.stores.memo_contract import Fresh, MemoContract, batch, keys

START = datetime(2026, 1, 1, 12, tzinfo=UTC)
DAY, WEEK = timedelta(days=1), timedelta(days=7)
KEYS = st.sampled_from("abcdef")
STEPS = st.tuples(
    st.sampled_from(["append", "append", "retain", "compact", "wait"]),
    st.lists(KEYS, min_size=1, unique=True),
)


@dataclass(slots=True)
class Clock:
    """A clock that is set by hand."""

    now: datetime = START

    def __call__(self) -> int:
        return round(self.now.timestamp()) * 10**9


@dataclass(slots=True)
class Told:
    """Keeps some keys and remembers what it was asked."""

    wanted: Sequence[str]
    times: dict[str, list[datetime]] = field(default_factory=dict)

    def __call__(self, asked: pl.Series, written_at: datetime) -> pl.Series:
        for key in asked:
            self.times.setdefault(key, []).append(written_at)
        return asked.is_in(self.wanted)


class MemoKeeperContract(MemoContract):
    """Inherit it and give `fresh`."""

    def test_the_shelves_are_what_was_ever_appended_to(self, memo: MemoKeeper) -> None:
        assert memo.shelves() == []
        for station, fingerprint in (("ocr", "f2"), ("ocr", "f1"), ("captions", "f1")):
            for partition in ("shop", "office"):
                memo.append(station, fingerprint, partition, batch("a"))
        assert memo.shelves() == [("captions", "f1"), ("ocr", "f1"), ("ocr", "f2")]

    def test_small_files_of_a_partition_become_one(self, memo: MemoKeeper) -> None:
        for name in "abca":
            memo.append("ocr", "f1", "shop", batch(name))
            memo.append("ocr", "f1", "office", batch(name.upper()))
        assert memo.compact("ocr", "f1") == 6
        assert memo.compact("ocr", "f1") == 0
        asked = keys(*"abcABC")
        assert memo.fetch("ocr", "f1", asked).sort("key").equals(batch(*"ABCabc"))

    def test_an_empty_shelf_needs_no_care(self, memo: MemoKeeper) -> None:
        assert memo.compact("ocr", "f1") == 0
        assert memo.retain("ocr", "f1", Told([])) == 0

    def test_only_what_shall_stay_stays(self, memo: MemoKeeper) -> None:
        memo.append("ocr", "f1", "shop", batch("a", "b", "c"))
        memo.append("ocr", "f1", "office", batch("b", "d"))
        memo.append("ocr", "f2", "shop", batch("b"))
        assert memo.retain("ocr", "f1", Told(["a", "d"])) == 3
        assert memo.missing("ocr", "f1", keys(*"abcd")).to_list() == ["b", "c"]
        assert memo.fetch("ocr", "f1", keys(*"abcd")).sort("key").equals(batch("a", "d"))
        assert memo.missing("ocr", "f2", keys("b")).is_empty()

    def test_a_shelf_of_which_nothing_stays_is_gone(self, memo: MemoKeeper) -> None:
        memo.append("ocr", "f1", "shop", batch("a", "b"))
        assert memo.retain("ocr", "f1", Told([])) == 2
        assert memo.shelves() == []

    def test_an_answer_without_a_word_on_a_row_keeps_it(self, memo: MemoKeeper) -> None:
        memo.append("ocr", "f1", "shop", batch("a", "b"))

        def unsure(asked: pl.Series, written_at: datetime) -> pl.Series:
            return pl.Series([None, False], dtype=pl.Boolean)

        assert memo.retain("ocr", "f1", unsure) == 1
        assert memo.missing("ocr", "f1", keys("a", "b")).to_list() == ["b"]

    def test_the_age_of_an_entry_outlives_what_happens_to_its_neighbours(
        self, fresh: Fresh
    ) -> None:
        clock = Clock()
        memo = fresh(clock)
        memo.append("ocr", "f1", "shop", batch("a", "b"))
        clock.now += 100 * DAY
        memo.retain("ocr", "f1", Told(["a"]))
        memo.compact("ocr", "f1")
        told = Told(["a"])
        memo.retain("ocr", "f1", told)
        assert abs(told.times["a"][0] - START) < timedelta(seconds=1)

    def test_entries_of_different_weeks_are_not_merged(self, fresh: Fresh) -> None:
        clock = Clock()
        memo = fresh(clock)
        for name in "abc":
            memo.append("ocr", "f1", "shop", batch(name))
            clock.now += WEEK
        assert memo.compact("ocr", "f1") == 0

    @pytest.mark.parametrize("name", ["../x", "a/b", ""])
    def test_a_shelf_that_is_none_is_refused(self, memo: MemoKeeper, name: str) -> None:
        with pytest.raises(SettingsError):
            memo.compact("ocr", name)
        with pytest.raises(SettingsError):
            memo.retain(name, "f1", Told([]))

    @given(st.lists(STEPS, max_size=10))
    @settings(
        max_examples=20,
        suppress_health_check=[
            HealthCheck.function_scoped_fixture,
            HealthCheck.differing_executors,
            HealthCheck.too_slow,
        ],
    )
    def test_no_care_changes_what_is_known_or_makes_it_older_or_a_week_younger(
        self, fresh: Fresh, steps: list[tuple[str, list[str]]]
    ) -> None:
        clock = Clock()
        memo = fresh(clock)
        known: dict[str, list[datetime]] = {}
        for what, names in steps:
            _take(memo, what, names)
            _expect(known, what, names, clock.now)
            clock.now += 2.5 * DAY if what == "wait" else timedelta(seconds=1)
        assert set(keys(*"abcdef")) - set(memo.missing("ocr", "f1", keys(*"abcdef"))) == set(known)
        told = Told(list(known))
        assert memo.retain("ocr", "f1", told) == 0
        for key, times in told.times.items():
            for time in times:
                assert any(t <= time + timedelta(microseconds=9) < t + WEEK for t in known[key])


def _take(memo: MemoKeeper, what: str, names: list[str]) -> None:
    if what == "append":
        memo.append("ocr", "f1", "shop", batch(*names))
    elif what == "retain":
        memo.retain("ocr", "f1", Told(names))
    elif what == "compact":
        memo.compact("ocr", "f1")


def _expect(known: dict[str, list[datetime]], what: str, names: list[str], now: datetime) -> None:
    if what == "append":
        for name in names:
            known.setdefault(name, []).append(now)
    elif what == "retain":
        for name in known.keys() - set(names):
            del known[name]

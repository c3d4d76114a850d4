"""Any history with splits in it ends in the points of one run without shards, at no call more."""

from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mmrag_pipeline.testing.frail import Fuse
from tests.indexing.histories import (
    Event,
    all_readable,
    file_events,
    histories,
    keys,
    setting_events,
)
from tests.indexing.life import Life
from tests.indexing.split_life import SplitLife


def _event(name: str, happen: Callable[[SplitLife], object]) -> Event:
    def act(life: Life) -> None:
        assert isinstance(life, SplitLife)
        happen(life)

    return name, act


def _killed(at: int, late: bool) -> Event:
    when = "after" if late else "before"
    return _event(f"kill {when} commit {at}", lambda life: life.run_all_until(Fuse(at, late=late)))


def _purged(key: str, at: int) -> Event:
    return _event(f"purge {key}, kill {at}", lambda life: life.purge_until(Fuse(at), key))


split = st.sampled_from([1, 2, 3, 5]).map(
    lambda n: _event(f"{n} shards", lambda life: life.split(n))
)
run = st.just(_event("run", lambda life: life.run_all()))
kill = st.builds(_killed, st.integers(1, 150), st.booleans())
purge = st.builds(_purged, keys, st.just(0) | st.integers(1, 60))
_LIVES = (file_events, setting_events, split, split, run, kill, purge)


def _ended(history: list[Event]) -> SplitLife:
    """Return what a history leaves once all can be read and was indexed till no failure passes."""
    life = SplitLife()
    for _, happen in history:
        happen(life)
    all_readable(life)
    for _ in range(life.settings.transient_attempts):
        life.run_all()
    return life


def _holds(history: list[Event], shards: int) -> bool:
    """Return whether a history ends as a whole domain does, and a split more changes nothing."""
    life = _ended(history)
    points, paid = life.served(), life.ledger.entries.total()
    right = points == life.rebuilt_whole()
    life.split(shards)
    life.run_all()
    return right and (life.served(), life.ledger.entries.total()) == (points, paid)


@settings(max_examples=10)
@given(histories(*_LIVES, size=8), st.sampled_from([1, 2, 3, 64]))
def test_any_history_ends_in_the_points_of_a_run_without_shards(
    history: list[Event], shards: int
) -> None:
    assert _holds(history, shards)


def test_models_that_change_with_the_shards_serve_in_those_that_serve_first() -> None:
    life = SplitLife()
    life.put(a="img:1", b="txt:a note")
    life.split(5)
    life.run_all()
    life.change_model("sparse", "2")
    life.split(1)
    life.run_all()
    assert life.served() == life.rebuilt_whole()


@pytest.mark.slow
@pytest.mark.timeout(3_600)
@settings(max_examples=300)
@given(histories(*_LIVES, size=20), st.sampled_from([1, 2, 3, 64]))
def test_any_long_history_ends_in_the_points_of_a_run_without_shards(
    history: list[Event], shards: int
) -> None:
    assert _holds(history, shards)

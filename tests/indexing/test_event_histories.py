"""Whatever becomes of notices, the index ends as the bucket is."""

import pytest
from hypothesis import given, settings

from mmrag_pipeline.indexing import raw_files
from mmrag_pipeline.indexing.stations import STEPS
from mmrag_pipeline.testing.snapshot import table_rows
from tests.indexing.event_histories import Act, Bucket, histories, live
from tests.indexing.life import DOMAIN, Life


def files(life: Life) -> list[tuple[object, object]]:
    """Return what raw_files knows: key and content."""
    table = life.state.tables.read("raw_files", DOMAIN)
    return [] if table is None else list(table.select("key", "digest").iter_rows())


def truth(bucket: Bucket) -> list[tuple[object, object]]:
    """Return what raw_files would know of the bucket if it were listed now."""
    other = Life(source=bucket.life.source)
    Bucket(bucket.steps, other).run(events=False)
    return files(other)


def _without_losses(history: list[Act]) -> list[Act]:
    return [("deliver", a[1], "once") if a[-1] == "never" else a for a in history]


def _all_arrive(bucket: Bucket) -> None:
    """Let everything arrive that is on its way, and be absorbed."""
    while bucket.on_the_way:
        bucket.deliver("0", "twice")
    bucket.queue.reappear()
    bucket.look()
    bucket.run()


def _after_events(history: list[Act]) -> Bucket:
    bucket = Bucket((raw_files.STEP,))
    live(bucket, _without_losses(history))
    _all_arrive(bucket)
    return bucket


def _after_a_reconcile(history: list[Act]) -> Bucket:
    bucket = Bucket((raw_files.STEP,))
    live(bucket, history)
    _all_arrive(bucket)
    bucket.run(events=False)
    return bucket


def _is_drained(bucket: Bucket) -> bool:
    return not bucket.queue.bodies and not bucket.life.state.inbox.pending(DOMAIN).tokens


@settings(max_examples=20)
@given(histories)
def test_events_alone_end_in_what_a_listing_shows(history: list[Act]) -> None:
    bucket = _after_events(history)
    assert files(bucket.life) == truth(bucket)
    assert _is_drained(bucket)


@settings(max_examples=20)
@given(histories)
def test_lost_events_are_mended_by_the_nightly_reconcile(history: list[Act]) -> None:
    bucket = _after_a_reconcile(history)
    assert files(bucket.life) == truth(bucket)


@settings(max_examples=15)
@given(histories)
def test_the_whole_index_ends_as_that_of_a_rebuild(history: list[Act]) -> None:
    bucket = Bucket(STEPS)
    live(bucket, history)
    _all_arrive(bucket)
    bucket.run(events=False)
    assert bucket.life.index() == bucket.life.rebuild()[0]
    assert table_rows(bucket.life.world(), DOMAIN) == bucket.life.rebuild()[0][1]


@pytest.mark.slow
@settings(max_examples=5_000)
@given(histories)
def test_many_histories_of_events_end_in_what_a_listing_shows(history: list[Act]) -> None:
    bucket = _after_events(history)
    assert files(bucket.life) == truth(bucket)
    assert _is_drained(bucket)


@pytest.mark.slow
@settings(max_examples=5_000)
@given(histories)
def test_many_histories_with_losses_are_mended_by_a_reconcile(history: list[Act]) -> None:
    bucket = _after_a_reconcile(history)
    assert files(bucket.life) == truth(bucket)

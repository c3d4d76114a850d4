"""The laws, over random histories: equal to a rebuild, and every content paid once."""

from collections import Counter

import pytest
from hypothesis import given, settings

from mmrag_pipeline.testing.ledger import Entry
from tests.indexing.histories import (
    Event,
    all_readable,
    file_events,
    histories,
    kill,
    run,
    setting_events,
)
from tests.indexing.life import Life

_LIVES = (file_events, setting_events, run, kill)


def _ended(history: list[Event]) -> Life:
    """Return what a history leaves once everything can be read and was indexed."""
    life = Life()
    for _, happen in history:
        happen(life)
    all_readable(life)
    life.run()
    return life


def _paid_and_needed(history: list[Event]) -> tuple[Counter[Entry], Counter[Entry]]:
    """Return the calls of a run after each event, and those of rebuilds, each once."""
    life, needed = Life(), set[Entry]()
    for _, happen in history:
        happen(life)
        all_readable(life)
        life.run()
        needed |= life.rebuild()[1]
    return life.ledger.entries, Counter(needed)


@settings(max_examples=20)
@given(histories(*_LIVES, size=7))
def test_any_history_ends_in_the_index_of_a_rebuild(history: list[Event]) -> None:
    life = _ended(history)
    assert life.index() == life.rebuild()[0]


@settings(max_examples=6)
@given(histories(file_events, setting_events, size=3))
def test_each_content_is_given_to_each_model_exactly_once(history: list[Event]) -> None:
    paid, needed = _paid_and_needed(history)
    assert paid == needed


@pytest.mark.slow
@pytest.mark.timeout(3_600)
@settings(max_examples=500)
@given(histories(*_LIVES, size=20))
def test_any_long_history_ends_in_the_index_of_a_rebuild(history: list[Event]) -> None:
    life = _ended(history)
    assert life.index() == life.rebuild()[0]


@pytest.mark.slow
@pytest.mark.timeout(3_600)
@settings(max_examples=150)
@given(histories(file_events, setting_events, size=10))
def test_each_content_of_a_long_history_is_paid_exactly_once(history: list[Event]) -> None:
    paid, needed = _paid_and_needed(history)
    assert paid == needed

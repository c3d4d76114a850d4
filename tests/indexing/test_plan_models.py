"""A plan tells what another model costs: what depends on it, and texts as many as before."""

import pytest
from hypothesis import given, settings

from tests.indexing.foretold import REMEMBERING, made, planned_for, told, truth_of
from tests.indexing.histories import (
    Event,
    all_readable,
    file_events,
    histories,
    kill,
    purge,
    run,
    setting_events,
)
from tests.indexing.life import Life


def _of(*files: str, **named: str) -> Life:
    """Return a life that has run over these files."""
    life = Life()
    life.put(**{f"f{n}": content for n, content in enumerate(files)}, **named)
    life.run()
    return life


def test_words_of_pages_that_another_engine_has_yet_to_read_are_an_estimate() -> None:
    life = _of(a="pdf:q|?s")
    life.change_model("ocr", "2")
    planned, done = planned_for(life), truth_of(life)
    assert not planned["chunks"].exact
    assert made(planned, "chunks") != done.computed("chunks")


@settings(max_examples=8)
@given(histories(file_events, setting_events, run, kill, purge, size=6))
def test_after_any_history_another_text_model_costs_what_is_planned(history: list[Event]) -> None:
    life = Life()
    for _, happen in history:
        happen(life)
    all_readable(life)
    life.run()
    life.change_model("text", "another")
    planned, done = planned_for(life), truth_of(life)
    assert made(planned, *REMEMBERING) == done.computed(*REMEMBERING)
    assert told(planned["points"]) == done.rows["points"]


@pytest.mark.parametrize("role", ["ocr", "captioner"])
def test_texts_to_be_read_anew_are_guessed_as_many_as_before(role: str) -> None:
    life = _of("img:1", "img:4@8x8", "txt:words")
    life.change_model(role, "2")
    planned, done = planned_for(life), truth_of(life)
    assert not planned["text_vectors"].exact
    assert made(planned, "text_vectors") == done.computed("text_vectors")


@pytest.mark.parametrize("role", ["ocr", "captioner", "image_text", "text", "sparse"])
def test_going_back_to_an_earlier_model_is_planned_as_the_points_it_changes(role: str) -> None:
    life = _of("img:1", "pdf:p@150x100|=a page that has its own layer of text", "txt:words")
    life.change_model(role, "2")
    life.run()
    life.change_model(role, "1")
    planned, done = planned_for(life), truth_of(life)
    assert planned["points"].exact
    assert told(planned["points"]) == done.rows["points"]


def test_a_changed_model_is_planned_as_everything_to_compute_again() -> None:
    life = _of("img:1", "txt:some words", "pdf:p")
    life.change_model("image_text", "2")
    planned, done = planned_for(life), truth_of(life)
    assert planned["image_vectors"].exact
    assert planned["image_vectors"].change == 2
    assert planned["ocr"].calls == 0
    assert planned["points"].change == done.rows["points"][1] == 4
    assert planned["collection"].add == done.outcomes["collection"].computed == 7


def test_a_model_that_was_there_before_is_planned_as_reuse() -> None:
    life = Life()
    life.put(a="img:1", c="pdf:p")
    life.run()
    life.change_model("ocr", "2")
    life.run()
    life.change_model("ocr", "1")
    assert planned_for(life)["ocr"].calls == 0

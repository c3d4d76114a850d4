"""A plan tells what a run will do, and does nothing itself."""

import pytest
from hypothesis import given, settings

from mmrag_pipeline.errors import ListingError
from mmrag_pipeline.indexing.plan import StationPlan, plan
from mmrag_pipeline.testing.frail import Fuse, frail
from tests.indexing.histories import Event, file_events, histories, kill, run, setting_events
from tests.indexing.life import DOMAIN, Life

_PIXELS = ("ocr", "captions", "image_vectors")


def _plan(life: Life) -> dict[str, StationPlan]:
    return {p.station: p for p in plan(life.world(), DOMAIN)}


def _started() -> Life:
    life = Life()
    life.put(a="img:1", b="txt:some words", c="pdf:p|?q", d="bad")
    life.run()
    return life


@settings(max_examples=8, deadline=None)
@given(histories(file_events, setting_events, run, kill, size=6))
def test_an_exact_plan_is_what_the_run_then_does(history: list[Event]) -> None:
    life = Life()
    for _, happen in history:
        happen(life)
    planned = _plan(life)
    done = life.run()
    undrawable = sum(b"?" in file.data for file in life.source.files[DOMAIN].values())
    for station in ("raw_files", "pages", *_PIXELS, "text_vectors"):
        if planned[station].exact:
            more = planned[station].calls - done[station].computed
            assert 0 <= more <= (undrawable if station in _PIXELS else 0)


def test_nothing_to_do_is_planned_as_nothing() -> None:
    planned = _plan(_started()).values()
    assert all(p.exact and p.calls == p.add == p.change == p.delete == 0 for p in planned)


def test_a_plan_reads_no_file_calls_no_model_and_writes_nothing() -> None:
    life = _started()
    life.put(a="img:2", e="pdf:x|y")
    life.change_model("ocr", "2")
    opened, called = life.source.opened.total(), life.ledger.calls()
    fuse = Fuse(0)
    plan(life.world(state=frail(life.state, fuse)), DOMAIN)
    assert (life.source.opened.total(), life.ledger.calls(), fuse.commits) == (opened, called, 0)


def test_new_changed_and_deleted_files_are_told_apart() -> None:
    life = _started()
    life.put(a="img:2", e="img:3")
    life.source.delete(DOMAIN, "b")
    files = _plan(life)["raw_files"]
    assert (files.add, files.change, files.delete, files.reuse) == (1, 1, 1, 2)


def test_a_changed_model_is_planned_as_everything_to_compute_again() -> None:
    life = _started()
    life.change_model("image_text", "2")
    planned = _plan(life)
    assert planned["image_vectors"].exact
    assert planned["image_vectors"].change == 2
    assert planned["ocr"].calls == 0
    assert planned["collection"].add == planned["points"].change == 7


def test_a_model_that_was_there_before_is_planned_as_reuse() -> None:
    life = Life()
    life.put(a="img:1", c="pdf:p")
    life.run()
    life.change_model("ocr", "2")
    life.run()
    life.change_model("ocr", "1")
    assert _plan(life)["ocr"].calls == 0


def test_an_unknown_pdf_counts_as_an_average_one() -> None:
    life = Life()
    life.put(**{"new.pdf": "pdf:p|q"})
    planned = _plan(life)
    assert planned["ocr"].add == 4
    assert not planned["ocr"].exact


def test_seconds_follow_the_given_rates() -> None:
    life = Life()
    life.put(a="img:1", b="img:2")
    (ocr,) = [p for p in plan(life.world(), DOMAIN, rates={"ocr": 1.5}) if p.station == "ocr"]
    assert ocr.seconds == 3.0


def test_a_plan_over_a_listing_that_fails_fails() -> None:
    life = _started()
    life.source.listing_error = ListingError("the share is away")
    with pytest.raises(ListingError):
        plan(life.world(), DOMAIN)

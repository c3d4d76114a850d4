"""A plan tells what a run will do, and does nothing itself."""

import pytest
from hypothesis import given, settings

from mmrag_pipeline.errors import ListingError
from mmrag_pipeline.indexing.plan import MODEL_STATIONS, plan
from mmrag_pipeline.testing.frail import Fuse, frail
from tests.indexing.foretold import (
    PIXELS,
    REMEMBERING,
    ROW_OF,
    calls,
    made,
    planned_for,
    told,
    truth_of,
)
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
from tests.indexing.life import DOMAIN, Life


def _started() -> Life:
    life = Life()
    life.put(a="img:1", b="txt:some words", c="pdf:p|?q", d="bad")
    life.run()
    return life


def _of(*files: str, **named: str) -> Life:
    """Return a life that has run over these files."""
    life = Life()
    life.put(**{f"f{n}": content for n, content in enumerate(files)}, **named)
    life.run()
    return life


@settings(max_examples=8)
@given(histories(file_events, setting_events, run, kill, purge, size=6))
def test_an_exact_plan_is_what_the_run_then_does(history: list[Event]) -> None:
    life = Life()
    for _, happen in history:
        happen(life)
    all_readable(life)
    planned, done = planned_for(life), truth_of(life)
    undrawable = sum(b"?" in file.data for file in life.source.files[DOMAIN].values())
    for station in REMEMBERING:
        if planned[station].exact:
            (more,) = made(planned, station)
            more -= done.outcomes[station].computed
            assert 0 <= more <= (undrawable if station in PIXELS else 0)
    for station, rows in done.rows.items():
        if planned[station].exact and station != "raw_files":
            assert told(planned[station]) == rows
    assert made(planned, "raw_files") == done.computed("raw_files")
    if planned["collection"].exact:
        assert sum(told(planned["collection"])[:3]) == done.outcomes["collection"].computed


def test_nothing_to_do_is_planned_as_nothing() -> None:
    planned = planned_for(_started()).values()
    assert len(planned) == 10
    assert all(p.exact and p.calls == p.add == p.change == p.delete == 0 for p in planned)


def test_a_plan_calls_no_model_and_writes_nothing() -> None:
    life = _started()
    life.put(a="img:2", e="pdf:x|y")
    life.change_model("ocr", "2")
    called, fuse = life.ledger.calls(), Fuse(0)
    plan(life.world(state=frail(life.state, fuse)), DOMAIN)
    assert (life.ledger.calls(), fuse.commits) == (called, 0)


def test_a_plan_reads_only_files_as_large_as_a_known_one() -> None:
    life = _of("img:1")
    life.put(same="img:2", other="img:1000")
    before = life.source.opened.copy()
    planned_for(life)
    assert life.source.opened - before == {"same": 1}


def test_a_plan_stops_reading_at_its_limit() -> None:
    life = _of("img:1")
    life.put(**{f"copy{n}": "img:1" for n in range(4)})
    before, limit = life.source.opened.total(), 2 * len("img:1")
    found = plan(life.world(), DOMAIN, read_limit_bytes=limit)
    (ocr,) = [p for p in found if p.station == "ocr"]
    assert life.source.opened.total() - before == 2
    assert (ocr.add, ocr.exact) == (2, False)


def test_new_changed_and_deleted_files_are_told_apart() -> None:
    life = _started()
    life.put(a="img:2", e="img:3")
    life.source.delete(DOMAIN, "b")
    files = planned_for(life)["raw_files"]
    assert (files.add, files.change, files.delete, files.reuse) == (1, 1, 1, 2)


@pytest.mark.parametrize("key", ["notes.md", "a.b/READ.Markdown", "x.TXT"])
def test_a_new_text_file_is_planned_as_text_and_no_picture(key: str) -> None:
    life = _of("img:1")
    life.put(**{key: "txt:two words"})
    planned, done = planned_for(life), truth_of(life)
    assert calls(planned) == {"text_vectors": 1}
    assert made(planned, *REMEMBERING) == done.computed(*REMEMBERING)
    assert planned["points"].add == done.rows["points"][0] == 1


def test_an_edited_file_without_pages_is_guessed_by_its_type_of_before() -> None:
    life = _of("img:1", scan="%PDF-")
    life.put(scan="%PDF-1.7, and no more of it")
    assert planned_for(life)["captions"].add == 4


def test_an_edited_text_file_is_planned_as_the_text_it_was() -> None:
    life = _of(**{"notes.md": "txt:two words"})
    life.put(**{"notes.md": "txt:two words\nand a third line"})
    planned, done = planned_for(life), truth_of(life)
    assert made(planned, *REMEMBERING) == done.computed(*REMEMBERING)
    assert (planned["points"].add, planned["points"].change) == (0, 1)


def test_the_first_bytes_decide_of_a_file_that_the_plan_reads() -> None:
    life = _of("img:1")
    life.put(**{"same-size": "%PDF-"})
    assert planned_for(life)["captions"].add == 4


@pytest.mark.parametrize("event", ["move", "copy", "touch"])
def test_a_renamed_copied_or_touched_file_is_planned_as_what_it_costs(event: str) -> None:
    life = _of("img:3@150x100", "pdf:p|=a layer of text here", a="txt:words", b="txt:other")
    for key in ("f0", "f1", "a"):
        getattr(life.source, event)(DOMAIN, key, *([] if event == "touch" else [f"{key}-2"]))
    planned, done = planned_for(life), truth_of(life)
    assert all(p.exact for p in planned.values())
    assert made(planned, *REMEMBERING) == done.computed(*REMEMBERING) == [0] * 6
    assert {name: told(planned[name]) for name in ROW_OF} == done.rows
    assert sum(told(planned["collection"])[:3]) == done.outcomes["collection"].computed


def test_a_file_that_takes_the_content_of_another_is_planned_exactly() -> None:
    life = _of("img:1", "img:2", a="txt:some words", b="txt:more words")
    life.source.copy(DOMAIN, "f0", "f1")
    life.source.copy(DOMAIN, "a", "b")
    planned, done = planned_for(life), truth_of(life)
    assert planned["points"].exact
    assert told(planned["points"]) == done.rows["points"]


def test_a_file_that_cannot_be_read_stays_an_estimate() -> None:
    life = _of("img:1")
    life.source.copy(DOMAIN, "f0", "locked")
    life.source.copy(DOMAIN, "f0", "torn")
    life.source.forbid(DOMAIN, "locked")
    life.source.break_reading(DOMAIN, "torn")
    ocr = planned_for(life)["ocr"]
    assert (ocr.add, ocr.exact) == (2, False)


def test_a_changed_file_counts_as_its_pages_of_before() -> None:
    life = _of("img:1", "pdf:p@150x100|=a page that has its own layer of text")
    life.put(f1="pdf:r@150x100|=and this one has another, longer layer of text")
    planned, done = planned_for(life), truth_of(life)
    assert not planned["ocr"].exact
    stations = ("pages", *PIXELS)
    assert made(planned, *stations) == done.computed(*stations)
    assert (planned["pages"].add, planned["pages"].change) == (0, 1)


def test_points_of_a_changed_file_are_changed_and_none_is_added() -> None:
    life = _of("img:1", "img:2", "txt:a")
    life.put(f0="bad, whatever it was")
    planned = planned_for(life)
    assert told(planned["points"]) == told(planned["collection"]) == (0, 3, 0, 4)
    assert planned["ocr"].calls == planned["captions"].calls == planned["image_vectors"].calls == 1


def test_garbage_that_the_plan_has_read_is_planned_as_deleted_points() -> None:
    life = _of("img:1", "img:2", **{"x.png": "\x89PNG\r\n\x1a\n"})
    life.source.put(DOMAIN, "f0", b"xxxxx")
    planned, done = planned_for(life), truth_of(life)
    assert planned["points"].delete == done.rows["points"][2] == 3
    assert calls(planned) == {}


def test_after_a_run_that_died_before_any_parse_was_kept_pages_are_added() -> None:
    life = Life()
    life.put(a="img:1", b="img:2", c="txt:words", d="pdf:p|q", e="img:1")
    life.run_until(Fuse(3))
    planned, done = planned_for(life), truth_of(life)
    assert (planned["pages"].add, planned["pages"].change, planned["pages"].exact) == (4, 0, True)
    assert done.computed("pages") == [4]


@pytest.mark.parametrize("at", range(4, 40, 2))
def test_after_a_run_that_died_what_is_remembered_is_planned_as_reuse(at: int) -> None:
    life = Life()
    life.put(a="img:1", b="img:2@150x100", c="txt:words", d="pdf:p|q", e="img:1")
    life.run_until(Fuse(at))
    planned, done = planned_for(life), truth_of(life)
    assert all(planned[station].exact for station in ("pages", "tiles", *PIXELS))
    assert made(planned, "pages", *PIXELS) == done.computed("pages", *PIXELS)
    assert planned["points"].add == done.rows["points"][0]


def test_only_stations_with_a_model_have_calls() -> None:
    life = Life()
    life.put(a="img:1", b="txt:words", c="pdf:p")
    assert set(calls(planned_for(life))) == set(MODEL_STATIONS)


def test_tiles_are_planned_as_a_run_cuts_them() -> None:
    life = _of("img:3@150x100")
    life.source.copy(DOMAIN, "f0", "copy")
    life.settings = life.settings.model_copy(update={"tile_px": 80})
    planned, done = planned_for(life), truth_of(life)
    assert planned["tiles"].add > 0
    assert told(planned["tiles"]) == done.rows["tiles"]


def test_another_rule_of_who_sees_what_is_planned_as_the_points_it_changes() -> None:
    life = _of("img:1", a="pdf:p|q")
    life.show_to("staff")
    planned, done = planned_for(life), truth_of(life)
    assert told(planned["points"]) == done.rows["points"] == (0, 6, 0, 3)
    assert all(p.exact for p in planned.values())


def test_an_unknown_pdf_counts_as_an_average_one() -> None:
    life = Life()
    life.put(**{"new.pdf": "pdf:p|q"})
    planned = planned_for(life)
    assert planned["ocr"].add == 4
    assert not planned["ocr"].exact


def test_seconds_follow_the_given_rates_without_dust() -> None:
    life = Life()
    life.put(a="img:1", b="img:2", c="img:3")
    (ocr,) = [p for p in plan(life.world(), DOMAIN, rates={"ocr": 0.1}) if p.station == "ocr"]
    assert ocr.seconds == 0.3  # not 0.30000000000000004


def test_a_plan_over_a_listing_that_fails_fails() -> None:
    life = _started()
    life.source.listing_error = ListingError("the share is away")
    with pytest.raises(ListingError):
        plan(life.world(), DOMAIN)

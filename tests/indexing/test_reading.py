"""What cannot be read is never taken for what is not there."""

from datetime import timedelta

import pytest

from mmrag_pipeline.errors import ListingError, ReadError
from mmrag_pipeline.testing.snapshot import serving
from tests.indexing.life import DOMAIN, Life


def _letters(life: Life) -> list[tuple[str, str, str]]:
    table = life.state.tables.read("dead_letters", DOMAIN)
    assert table is not None
    return list(table.select("key", "station", "reason").iter_rows())


def test_a_failed_listing_deletes_nothing() -> None:
    life = Life()
    life.put(a="img:1", b="txt:words")
    life.run()
    before = life.index()
    life.source.listing_error = ListingError("the share is away")
    with pytest.raises(ListingError):
        life.run()
    assert life.index() == before


def test_a_file_that_cannot_be_read_for_now_keeps_its_points_and_becomes_a_dead_letter() -> None:
    life = Life()
    life.put(a="img:1", b="txt:words")
    life.run()
    points = set(life.index()[0])
    life.put(a="img:2")
    life.source.forbid(DOMAIN, "a")
    life.run()
    assert set(life.index()[0]) == points
    assert _letters(life) == [("a", "raw_files", "unreadable")]


def test_a_file_that_became_readable_is_indexed_and_its_dead_letter_goes() -> None:
    life = Life()
    life.put(a="img:1")
    life.source.forbid(DOMAIN, "a")
    life.run()
    life.source.allow(DOMAIN, "a")
    life.run()
    assert life.index() == life.rebuild()[0]
    assert _letters(life) == []


@pytest.mark.parametrize("reason", ["outside_root", "link", "not_a_file", "too_large"])
def test_a_file_that_must_not_be_read_any_more_loses_its_points(reason: str) -> None:
    life = Life()
    life.put(a="img:1")
    life.run()
    life.source.touch(DOMAIN, "a")
    life.source.forbid(DOMAIN, "a", ReadError("refused", reason=reason))
    life.run()
    assert life.index()[0] == {}
    assert _letters(life) == [("a", "raw_files", reason)]


def test_a_file_over_the_limit_is_refused_without_being_opened() -> None:
    life = Life()
    life.put(a="img:" + "1" * 100)
    life.settings = life.settings.model_copy(update={"max_file_bytes": 50})
    life.run()
    assert life.source.opened["a"] == 0
    assert _letters(life) == [("a", "raw_files", "too_large")]


def test_a_disk_that_fails_while_it_is_read_costs_one_file() -> None:
    life = Life()
    life.put(a="img:1", b="img:2")
    life.source.break_reading(DOMAIN, "a")
    outcome = life.run()
    assert outcome["raw_files"].failed == 1
    assert outcome["ocr"].computed == 1


def test_a_passing_failure_is_tried_again_a_bounded_number_of_times() -> None:
    life = Life()
    life.put(a="slow")
    tries = [life.run()["pages"].computed for _ in range(5)]
    assert tries == [1, 1, 1, 0, 0]


def test_a_lasting_failure_is_not_tried_again() -> None:
    life = Life()
    life.put(a="bad")
    assert [life.run()["pages"].computed for _ in range(3)] == [1, 0, 0]


def test_a_lasting_failure_is_tried_again_when_the_content_changes() -> None:
    life = Life()
    life.put(a="bad")
    life.run()
    life.put(a="bad again")
    assert life.run()["pages"].computed == 1


def test_a_replay_tries_lasting_failures_again_and_counts_the_attempt() -> None:
    life = Life()
    life.put(a="bad")
    life.run()
    assert life.run(replay=True)["pages"].computed == 1
    letters = life.state.tables.read("dead_letters", DOMAIN)
    assert letters is not None
    assert letters["attempts"].to_list() == [2]


def test_a_dead_letter_keeps_the_date_it_was_first_seen() -> None:
    life = Life()
    life.put(a="slow")
    life.run()
    first = life.state.tables.read("dead_letters", DOMAIN)
    life.now += timedelta(days=1)
    life.run()
    later = life.state.tables.read("dead_letters", DOMAIN)
    assert first is not None
    assert later is not None
    assert later["first_seen"].to_list() == first["first_seen"].to_list()
    assert later["last_seen"][0] > first["last_seen"][0]


def test_a_page_that_cannot_be_read_costs_only_itself_and_is_a_dead_letter() -> None:
    life = Life()
    life.put(a="pdf:p|!|q")
    assert life.run()["pages"].rows == 2
    assert _letters(life) == [("a", "pages", "corrupt")]


def test_a_page_that_cannot_be_drawn_does_not_take_its_neighbours_along() -> None:
    life = Life()
    life.put(a="pdf:p|?q|r")
    assert life.run()["ocr"].rows == 2


def test_a_domain_without_files_has_an_empty_index() -> None:
    life = Life()
    life.run()
    assert life.index()[0] == {}
    assert serving(life.world(), DOMAIN) == "mmrag__d__g1"


def test_a_domain_whose_only_file_is_broken_has_an_empty_index_and_a_dead_letter() -> None:
    life = Life()
    life.put(a="bad")
    life.run()
    assert life.index()[0] == {}
    assert _letters(life) == [("a", "pages", "corrupt")]


def test_removing_all_files_removes_all_points() -> None:
    life = Life()
    life.put(a="img:1")
    life.run()
    life.source.delete(DOMAIN, "a")
    life.run()
    assert life.index()[0] == {}

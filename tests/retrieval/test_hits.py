"""Files as people see them."""

from mmrag_pipeline.records import Box
from mmrag_pipeline.retrieval.fusion import fuse
from mmrag_pipeline.retrieval.hits import ALSO, Hit, hits
from mmrag_pipeline.retrieval.signals import SIGNALS, Lists
from tests.retrieval.shelves import found


def ranked(lists: Lists, *, limit: int = 10) -> list[Hit]:
    """Return the hits of trusted lists."""
    return hits(lists, fuse([lists], [dict.fromkeys(SIGNALS, 1.0)], depth=100), limit=limit)


def test_the_limit_counts_files() -> None:
    lists: Lists = {"bm25": [found("a", 3.0), found("a", 2.0), found("b", 1.0), found("c", 0.5)]}
    assert [hit.key for hit in ranked(lists, limit=2)] == ["a", "b"]


def test_ranks_count_from_one() -> None:
    assert [hit.rank for hit in ranked({"bm25": [found("a", 2.0), found("b", 1.0)]})] == [1, 2]


def test_a_hit_shows_the_best_point_of_its_strongest_signal() -> None:
    lists: Lists = {
        "bm25": [found("a", 9.0, text="the words")],
        "image": [found("a", 0.3, kind="page"), found("b", 0.2, kind="page")],
    }
    assert ranked(lists)[0].place.text == "the words"


def test_other_points_of_a_file_are_listed_with_it() -> None:
    lists: Lists = {"bm25": [found("a", 3.0, page_no=2), found("a", 2.0, page_no=7)]}
    assert [place.page_no for place in ranked(lists)[0].also] == [7]


def test_a_point_that_two_signals_found_is_listed_once() -> None:
    point = found("a", 3.0)
    assert ranked({"bm25": [point], "text": [point]})[0].also == ()


def test_a_long_file_lists_only_a_few_points() -> None:
    lists: Lists = {"bm25": [found("a", float(n)) for n in range(1, 40)]}
    assert len(ranked(lists)[0].also) == ALSO


def test_copies_of_a_file_are_all_kept() -> None:
    lists: Lists = {"bm25": [found("a", 2.0, digest="same"), found("copy", 2.0, digest="same")]}
    assert [hit.key for hit in ranked(lists)] == ["a", "copy"]


def test_a_box_is_read_from_the_payload() -> None:
    assert ranked({"bm25": [found("a", 2.0, box=[1, 2, 3, 4])]})[0].place.box == Box(1, 2, 3, 4)


def test_a_hit_prints_its_place_and_its_signals() -> None:
    lists: Lists = {"bm25": [found("a", 2.0, box=[1, 2, 3, 4], text="words")]}
    printed = ranked(lists)[0].as_json()
    assert {"rank", "score", "domain", "key", "page", "kind", "box", "text", "point_id"} < set(
        printed
    )
    assert printed["signals"] == {"bm25": {"rank": 1, "score": 2.0, "contribution": 2.0}}

"""The cascade: texts first, pictures within what they find."""

from dataclasses import replace

import pytest

from mmrag_pipeline.retrieval.asked import Asked
from mmrag_pipeline.retrieval.cascade import Cascade
from mmrag_pipeline.retrieval.hits import Hit
from mmrag_pipeline.retrieval.query import Query
from mmrag_pipeline.retrieval.signals import Lists
from tests.retrieval.shelves import Shelves, answers, found, one_each, picture

WORDS = Asked("a red kettle", pictured=False, depth=100)
BOTH = Asked("a red kettle", pictured=True, depth=100)
TEXTS = one_each(a=9.0, b=8.0, c=7.0)
PICTURES = one_each(c=0.9, b=0.5, z=0.1, y=0.1, a=0.1)


def keys(cascade: Cascade, asked: Asked, lists: Lists) -> list[str]:
    """Return the keys of the ranking."""
    return [file.file[1] for file in cascade(asked, answers(lists))]


def test_pictures_order_the_shortlist_only() -> None:
    texts = [found(key, score, text="red kettle") for key, score in (("a", 2.0), ("b", 1.5))]
    lists: Lists = {"bm25": [*texts, found("c", 0.1)], "image": PICTURES}
    assert keys(Cascade(2), BOTH, lists) == ["b", "a", "c"]
    assert keys(Cascade(3), BOTH, lists)[0] == "c"


def test_a_file_that_no_text_finds_is_left_out() -> None:
    lists: Lists = {"bm25": TEXTS, "image": PICTURES}
    assert sorted(keys(Cascade(), BOTH, lists)) == ["a", "b", "c"]


def test_without_texts_pictures_rank() -> None:
    lists: Lists = {"bm25": [], "image": PICTURES}
    assert keys(Cascade(), BOTH, lists) == ["c", "b", "a", "y", "z"]


def test_contributions_of_both_stages_add_up() -> None:
    lists: Lists = {"bm25": TEXTS, "image": PICTURES}
    for file in Cascade(2)(BOTH, answers(lists)):
        assert file.score == sum(share.contribution for share in file.shares.values())


def test_the_order_of_candidates_does_not_matter() -> None:
    lists: Lists = {"bm25": TEXTS, "image": PICTURES}
    turned: Lists = {"image": PICTURES[::-1], "bm25": TEXTS[::-1]}
    assert Cascade(2)(BOTH, answers(turned)) == Cascade(2)(BOTH, answers(lists))


@pytest.mark.parametrize(
    ("text", "expected"), [("a red kettle", frozenset[str]()), ("a kettle", {"a", "b"})]
)
def test_pictures_are_asked_where_texts_leave_words_unexplained(
    text: str, expected: frozenset[str]
) -> None:
    lists: Lists = {"bm25": [found("a", 9.0, text=text), found("b", 8.0)]}
    files = Cascade().shortlist(WORDS, answers(lists))
    assert files is not None
    assert {key for _, key in files} == expected


def test_a_shortlist_of_nothing_asks_pictures_everywhere() -> None:
    assert Cascade().shortlist(BOTH, answers({"text": []})) is None


@pytest.fixture
def shelves() -> Shelves:
    """Return three pictures, two of which have words."""
    filled = Shelves()
    filled.create("shop")
    for n in range(3):
        filled.add("shop", [filled.page("shop", f"{n}.png", picture(n))])
    filled.add("shop", [filled.words("shop", f"{n}.png", f"kettle {n}", "ocr") for n in (0, 1)])
    return filled


def search(shelves: Shelves, query: Query) -> list[Hit]:
    """Return what a search in stages finds."""
    return replace(shelves.searcher, strategy=Cascade()).search(query)


def test_a_search_whose_words_are_all_found_encodes_no_picture_question(shelves: Shelves) -> None:
    before = shelves.image_text.calls
    assert search(shelves, Query("kettle 1"))[0].key == "1.png"
    assert shelves.image_text.calls == before


def test_a_search_with_other_words_asks_pictures_of_the_shortlist(shelves: Shelves) -> None:
    before = shelves.image_text.calls
    hits = search(shelves, Query("kettle on a table"))
    assert shelves.image_text.calls == before + 1
    assert [hit.key for hit in hits if "image" in hit.signals] == [hit.key for hit in hits]
    assert {hit.key for hit in hits} == {"0.png", "1.png"}


def test_a_picture_alone_is_searched_among_all(shelves: Shelves) -> None:
    hits = search(shelves, Query(image=picture(2)))
    assert (hits[0].key, len(hits)) == ("2.png", 3)


def test_the_visibility_filter_holds_in_both_stages(shelves: Shelves) -> None:
    for query in (Query("kettle on a table"), Query(image=picture(2))):
        assert search(shelves, replace(query, visibility=("board",))) == []

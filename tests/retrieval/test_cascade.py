"""The cascade: texts first, pictures within what they find."""

from dataclasses import replace

import pytest

from mmrag_pipeline.records import Where
from mmrag_pipeline.retrieval.asked import Asked
from mmrag_pipeline.retrieval.asking import Asking
from mmrag_pipeline.retrieval.cascade import Cascade
from mmrag_pipeline.retrieval.hits import Hit
from mmrag_pipeline.retrieval.query import Query
from mmrag_pipeline.retrieval.shelves import Shelf
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
    assert sorted(keys(Cascade(3), BOTH, lists)) == ["a", "b", "c"]


def test_where_texts_find_too_few_for_a_shortlist_pictures_find_the_others() -> None:
    lists: Lists = {"bm25": TEXTS, "image": PICTURES}
    assert sorted(keys(Cascade(4), BOTH, lists)) == ["a", "b", "c", "y", "z"]


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
    files = Cascade(2).shortlist(WORDS, answers(lists))
    assert files is not None
    assert {key for _, key in files} == expected


def test_a_shortlist_that_is_not_full_asks_pictures_everywhere() -> None:
    assert Cascade(3).shortlist(BOTH, answers({"bm25": one_each(a=9.0, b=8.0)})) is None
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
    return replace(shelves.searcher, strategy=Cascade(2)).search(query)


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


def test_a_picture_that_others_see_is_no_help_to_its_file(shelves: Shelves) -> None:
    page = shelves.page("shop", "1.png", picture(7))
    shelves.add("shop", [replace(page, payload={**page.payload, "visibility": ["board"]})])
    query = Query("kettle", image=picture(7), visibility=("public",))
    (hit,) = [hit for hit in search(shelves, query) if hit.key == "1.png"]
    assert "image" not in hit.signals


def test_pictures_are_asked_within_the_shortlist_by_the_index(shelves: Shelves) -> None:
    (name, layout), *_ = shelves.store.layouts().items()
    row = shelves.image_text.encode_images([picture(2)])[0]
    within = frozenset({("shop", "0.png"), ("elsewhere", "2.png")})
    asking = Asking(shelves.store, {"image": row}, Where(), 100, within)
    found_there = asking.found(Shelf("shop", name, layout))
    assert [one.candidate.payload["key"] for one in found_there["image"]] == ["0.png"]


@pytest.mark.parametrize("text", ["kettle 1", "kettle on a table", "a table"])
def test_a_search_in_stages_ranks_as_the_lists_of_a_full_search_do(
    shelves: Shelves, text: str
) -> None:
    searcher = replace(shelves.searcher, strategy=Cascade(2))
    full = searcher.fused(Query(text), searcher.candidates(Query(text)))
    assert [hit.key for hit in searcher.search(Query(text))] == [file.file[1] for file in full]

"""Hits by page."""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import pytest

from mmrag_pipeline.records import StoredPoint
from mmrag_pipeline.retrieval.distinct import distinct
from mmrag_pipeline.retrieval.exact import Exact
from mmrag_pipeline.retrieval.fusion import file_of
from mmrag_pipeline.retrieval.hits import Hit
from mmrag_pipeline.retrieval.mmr import Mmr
from mmrag_pipeline.retrieval.paged import file_of_page, number_of_page, paged
from mmrag_pipeline.retrieval.query import Query
from mmrag_pipeline.retrieval.refined import Refinement
from mmrag_pipeline.retrieval.signals import Seen
from mmrag_pipeline.retrieval.strategies import STRATEGIES
from mmrag_pipeline.retrieval.trusted import evidence
from tests.retrieval.refining import WORDS, answering
from tests.retrieval.shelves import Shelves, answers, found, picture

BY_PAGE = Query("red kettle", unit="page")
EVERY: Mapping[str, Refinement] = {"exact": Exact(evidence), "distinct": distinct, "mmr": Mmr()}


def on_page(point: StoredPoint, page_no: int) -> StoredPoint:
    return replace(point, payload={**point.payload, "page_no": page_no, "digest": "same"})


@pytest.fixture
def shelves() -> Shelves:
    """Return a shop with a book of twelve pages, a copy of two of them, and a leaflet."""
    filled = Shelves()
    filled.fill("shop", {"leaflet.txt": "a red kettle"})
    pages = {1: "red red kettle", 2: "a blue pot", 12: "a red pot"}
    for key, own in {"book.pdf": pages, "copy.pdf": {1: pages[1], 12: pages[12]}}.items():
        words = [on_page(filled.words("shop", key, text), n) for n, text in own.items()]
        filled.add("shop", words)
    filled.add("shop", [on_page(filled.page("shop", "book.pdf", picture(1)), 12)])
    return filled


def seen(hits: list[Hit]) -> list[tuple[str, int]]:
    """Return file and page of hits, sorted."""
    return sorted((hit.key, hit.place.page_no) for hit in hits)


def test_each_page_is_a_hit_of_its_own(shelves: Shelves) -> None:
    hits = shelves.searcher.search(BY_PAGE)
    book = [("book.pdf", 1), ("book.pdf", 2), ("book.pdf", 12)]
    assert seen(hits) == [*book, ("copy.pdf", 1), ("copy.pdf", 12), ("leaflet.txt", 1)]
    assert [hit.rank for hit in hits] == [1, 2, 3, 4, 5, 6]
    also = [(hit.place.page_no, place.page_no) for hit in hits for place in hit.also]
    assert also == [(12, 12)]


def test_the_limit_counts_pages(shelves: Shelves) -> None:
    assert len(shelves.searcher.search(replace(BY_PAGE, limit=2))) == 2


def test_equal_pages_are_in_the_order_of_their_numbers() -> None:
    points = [found("a.pdf", 1.0, page_no=page_no) for page_no in (12, 2, 1)]
    ranked = STRATEGIES["rrf"](WORDS, [paged(answers({"text": points})[0])])
    assert [int(number_of_page(file.file)) for file in ranked] == [1, 2, 12]


def test_the_file_is_asked_again_for_the_pages_that_are_wanted() -> None:
    points = [found("a.pdf", 1.0, page_no=page_no) for page_no in (1, 2)]
    again = [Seen(point, np.ones(2, np.float32)) for point in points]
    by_page = paged(answering({"text": again}, {"text": points}))
    wanted = file_of(by_page.lists["text"][1])
    (told,) = by_page.again({wanted})["text"]
    assert (file_of(told.found), file_of_page(wanted)) == (wanted, ("shop", "a.pdf"))


@pytest.mark.parametrize("name", [*STRATEGIES])
def test_every_strategy_ranks_pages(shelves: Shelves, name: str) -> None:
    hits = replace(shelves.searcher, strategy=STRATEGIES[name]).search(BY_PAGE)
    assert ("book.pdf", 12) in seen(hits)
    assert all("\0" not in hit.key for hit in hits)


def test_pages_are_refined_as_files_are(shelves: Shelves) -> None:
    refined = replace(shelves.searcher, refinements=EVERY).search(BY_PAGE)
    copied = [(hit.key, hit.place.page_no, hit.copies) for hit in refined if hit.copies]
    assert sorted(page for _, page, _ in copied) == [1, 12]
    for key, _, copies in copied:
        assert {("shop", key), *copies} == {("shop", "book.pdf"), ("shop", "copy.pdf")}
    assert len(refined) == 4


def test_the_exact_score_of_a_page_is_its_own(shelves: Shelves) -> None:
    plain = {(h.key, h.place.page_no): h.signals for h in shelves.searcher.search(BY_PAGE)}
    exactly = replace(shelves.searcher, refinements={"exact": Exact(evidence)})
    for hit in exactly.search(BY_PAGE):
        own = plain[hit.key, hit.place.page_no]
        for signal, share in hit.signals.items():
            assert share.score == pytest.approx(own[signal].score, abs=1e-6)

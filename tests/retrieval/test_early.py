"""Early fusion: one joint vector per page."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace

import numpy as np
import pytest

from mmrag_pipeline.records import Signal
from mmrag_pipeline.retrieval.asked import Asked
from mmrag_pipeline.retrieval.early import early
from mmrag_pipeline.retrieval.query import Query
from mmrag_pipeline.retrieval.signals import Answer, Found, Page, Seen
from mmrag_pipeline.retrieval.strategies import STRATEGIES
from tests.retrieval.shelves import Shelves, answers, found, picture

ASKED = Asked("a red kettle", pictured=False, depth=100)
Vector = tuple[float, float]


def seen(key: str, signal: Signal, vector: Vector, *, page_no: int = 1) -> tuple[Signal, Seen]:
    """Return a point whose cosine with the query (1, 0) is its first number."""
    kind = "page" if signal == "image" else "caption"
    point = found(key, vector[0], kind=kind, page_no=page_no, vector=vector)
    return signal, Seen(point, np.asarray(vector, np.float32))


def answer(*points: tuple[Signal, Seen], listed: Collection[Signal] = ()) -> Answer:
    """Return an answer that lists these points of some signals, all by default."""
    lists: dict[Signal, list[Found]] = {}
    for signal, one in points:
        if not listed or signal in listed:
            lists.setdefault(signal, []).append(one.found)

    def near(signals: Sequence[Signal], pages: Collection[Page]) -> Mapping[Signal, list[Seen]]:
        return {s: [one for signal, one in points if signal == s] for s in signals}

    return replace(answers(lists)[0], near=near)


def test_a_page_is_the_unit_sum_of_its_picture_and_its_captions() -> None:
    """(0.6, 0.8) + (0.8, 0.6) = (1.4, 1.4), of length 1.4 sqrt(2)."""
    told = answer(seen("a", "image", (0.6, 0.8)), seen("a", "image_text", (0.8, 0.6)))
    (file,) = early(ASKED, [told])
    assert file.score == pytest.approx(1 / np.sqrt(2))
    parts = {signal: share.contribution for signal, share in file.shares.items()}
    assert parts == pytest.approx({"image": 0.6 / np.sqrt(3.92), "image_text": 0.8 / np.sqrt(3.92)})


def test_a_page_without_a_caption_is_its_picture() -> None:
    told = answer(seen("a", "image", (0.6, 0.8)), seen("b", "image_text", (0.8, 0.6)))
    assert {f.file[1]: f.score for f in early(ASKED, [told])} == pytest.approx({"b": 0.8, "a": 0.6})


def test_a_file_counts_with_its_best_page() -> None:
    pages = [seen("a", "image", (0.0, 1.0)), seen("a", "image", (0.8, 0.6), page_no=2)]
    (file,) = early(ASKED, [answer(*pages)])
    assert file.score == pytest.approx(0.8)


def test_a_signal_that_is_left_out_of_an_answer_has_no_say() -> None:
    points = [seen("a", "image", (0.6, 0.8)), seen("a", "image_text", (0.8, 0.6))]
    (file,) = early(ASKED, [answer(*points, listed=["image"])])
    assert file.score == pytest.approx(0.6)


def test_cosines_of_different_models_are_read_against_the_best_of_each() -> None:
    low = answer(seen("low", "image", (0.28, 0.96)))
    high = answer(seen("high", "image", (0.96, 0.28)), seen("last", "image", (0.6, 0.8)))
    ranked = {file.file[1]: file.score for file in early(ASKED, [high, low])}
    assert ranked == pytest.approx({"high": 1.0, "low": 1.0, "last": 0.625})


def test_the_order_of_points_does_not_matter() -> None:
    points = [
        seen("b", "image", (0.6, 0.8)),
        seen("a", "image", (0.6, 0.8)),
        seen("a", "image_text", (0.8, 0.6)),
        seen("a", "image_text", (0.0, 1.0)),
    ]
    assert early(ASKED, [answer(*points)]) == early(ASKED, [answer(*reversed(points))])


@pytest.fixture
def shelves() -> Shelves:
    """Return a domain of captioned pictures, each with its page and its caption, and a text."""
    filled = Shelves()
    filled.create("shop")
    for n in range(4):
        filled.add("shop", [filled.page("shop", f"{n}.png", picture(n))])
        filled.add("shop", [filled.caption("shop", f"{n}.png", f"picture {n}")])
    filled.add("shop", [filled.words("shop", "note.txt", "picture 2")])
    return filled


def _joint(shelves: Shelves, n: int) -> float:
    """Return the cosine of a caption with the joint vector of its page."""
    seen_there = shelves.image_text.encode_images([picture(n)])[0]
    told = shelves.image_text.encode_texts([f"picture {n}"])[0]
    return float((seen_there + told) @ told / np.linalg.norm(seen_there + told))


def test_words_find_the_picture_that_is_captioned_so(shelves: Shelves) -> None:
    searcher = replace(shelves.searcher, strategy=STRATEGIES["early"])
    hits = searcher.search(Query("picture 2"))
    assert hits[0].key == "2.png"
    assert sorted(hit.key for hit in hits) == ["0.png", "1.png", "2.png", "3.png"]


def test_the_collection_is_asked_for_the_exact_vectors(shelves: Shelves) -> None:
    searcher = replace(shelves.searcher, strategy=STRATEGIES["early"])
    assert searcher.search(Query("picture 2"))[0].score == pytest.approx(_joint(shelves, 2))


def test_a_caption_that_others_see_is_no_part_of_its_page(shelves: Shelves) -> None:
    hidden = shelves.caption("shop", "3.png", "hidden")
    shelves.add("shop", [replace(hidden, payload={**hidden.payload, "visibility": ["board"]})])
    searcher = replace(shelves.searcher, strategy=STRATEGIES["early"])
    hit = searcher.search(Query("picture 3", visibility=("public",)))[0]
    assert hit.key == "3.png"
    assert hit.score == pytest.approx(_joint(shelves, 3))


def test_filters_hold_for_what_is_asked_again(shelves: Shelves) -> None:
    searcher = replace(shelves.searcher, strategy=STRATEGIES["early"])
    assert searcher.search(Query("picture 2", visibility=("board",))) == []
    hits = searcher.search(Query("picture 2", kinds=("page",)))
    assert {signal for hit in hits for signal in hit.signals} == {"image"}

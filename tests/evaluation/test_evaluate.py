"""Evaluation of a whole index."""

from pathlib import Path

import pytest

from mmrag_pipeline.engines.stub import StubText
from mmrag_pipeline.evaluation.evaluate import Evaluation, evaluate
from mmrag_pipeline.evaluation.qrels import LabelledQuery
from mmrag_pipeline.records import Pixels
from tests.retrieval.shelves import Shelves, picture

WORDS = LabelledQuery("w", "a red kettle", None, ("kettle.txt",), "words")
WRONG = LabelledQuery("n", "a blue cup", None, ("absent.txt",), "words")
PICTURE = LabelledQuery("p", "", Path("3.png"), ("3.png",), "picture")


@pytest.fixture
def shelves() -> Shelves:
    """Return a domain of texts and pictures."""
    filled = Shelves()
    filled.fill("shop", {"kettle.txt": "a red kettle", "cup.txt": "a blue cup"})
    filled.add("shop", [filled.page("shop", f"{n}.png", picture(n)) for n in range(5)])
    return filled


def load(path: Path) -> Pixels:
    """Return the picture that a path's number names."""
    return picture(int(path.stem))


def evaluated(shelves: Shelves, *queries: LabelledQuery) -> Evaluation:
    """Return the scores of queries."""
    return evaluate(shelves.searcher, queries, load_image=load)


def test_found_and_unfound_queries_average(shelves: Shelves) -> None:
    assert evaluated(shelves, WORDS, WRONG).fused.overall.recall_at_1 == 0.5


def test_kinds_are_measured_apart(shelves: Shelves) -> None:
    kinds = evaluated(shelves, WORDS, WRONG, PICTURE).fused.kinds
    assert {kind: m.recall_at_1 for kind, m in kinds.items()} == {"words": 0.5, "picture": 1.0}


def test_each_signal_is_measured_alone(shelves: Shelves) -> None:
    signals = evaluated(shelves, WORDS).signals
    assert list(signals) == ["image", "text", "image_text", "bm25"]
    assert signals["bm25"].overall.recall_at_1 == 1.0


def test_a_signal_that_a_query_does_not_ask_counts_as_zero(shelves: Shelves) -> None:
    bm25 = evaluated(shelves, WORDS, PICTURE).signals["bm25"]
    assert (bm25.overall.queries, bm25.overall.recall_at_1) == (2, 0.5)


def test_a_signal_that_no_query_asks_is_left_out(shelves: Shelves) -> None:
    assert list(evaluated(shelves, PICTURE).signals) == ["image", "image_text"]


def test_each_query_is_encoded_once(shelves: Shelves) -> None:
    before = shelves.text.calls
    evaluated(shelves, WORDS, WRONG)
    assert shelves.text.calls == before + 2


def test_the_json_has_the_documented_shape(shelves: Shelves) -> None:
    printed = evaluated(shelves, WORDS).as_json()
    measures = {"queries", "recall@1", "recall@5", "recall@10", "mrr@10", "ndcg@10"}
    fused = evaluated(shelves, WORDS).fused.as_json()
    assert set(printed) == {"queries", "fused", "signals"}
    assert set(fused) == {"overall", "kinds"}
    assert set(evaluated(shelves, WORDS).fused.overall.as_json()) == measures


def test_only_the_asked_domains_are_measured(shelves: Shelves) -> None:
    shelves.fill("office", {"lamp.txt": "a desk lamp"})
    found = evaluate(shelves.searcher, [WORDS], load_image=load, domains=("office",))
    assert found.fused.overall.recall_at_1 == 0.0


def test_nothing_is_open_while_a_query_picture_is_read(shelves: Shelves) -> None:
    def load_while_filling(path: Path) -> Pixels:
        shelves.add("shop", [shelves.words("shop", "late.txt", "a late text")])
        return load(path)

    found = evaluate(shelves.searcher, [PICTURE], load_image=load_while_filling)
    assert found.fused.overall.recall_at_1 == 1.0


def test_domains_of_two_models_are_measured_together(shelves: Shelves) -> None:
    shelves.others, shelves.text = (shelves.encoders,), StubText(revision="2")
    shelves.fill("office", {"lamp.txt": "a desk lamp"})
    lamp = LabelledQuery("l", "a desk lamp", None, ("lamp.txt",), "words")
    signals = evaluated(shelves, WORDS, lamp).signals
    assert signals["bm25"].overall.recall_at_1 == 1.0
    assert signals["text"].overall.recall_at_5 == 1.0

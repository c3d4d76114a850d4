"""What a cross-encoder reads, and what it changes."""

from dataclasses import replace

from mmrag_pipeline.engines.stub import StubPairs
from mmrag_pipeline.retrieval.cross_encoded import CrossEncoded, passages_of
from mmrag_pipeline.retrieval.signals import Lists
from tests.retrieval.refining import WORDS, keys, ranking
from tests.retrieval.shelves import answers, found

LISTS: Lists = {
    "text": [found("a", 0.9, text="a pot"), found("a", 0.8, text="red"), found("b", 0.1, text="")],
    "bm25": [
        found("a", 3.0, text="red"),
        found("a", 2.0, text="kettle"),
        found("c", 1.0, text="c"),
    ],
}
RANKED = ranking(a=3.0, b=2.0, c=1.0, d=0.5)


def test_the_best_texts_of_each_signal_come_first_and_none_comes_twice() -> None:
    files = [("shop", key) for key in "abd"]
    assert passages_of(files, answers(LISTS)) == {("shop", "a"): ("red", "a pot", "kettle")}
    turned: Lists = {signal: points[::-1] for signal, points in reversed(list(LISTS.items()))}
    assert passages_of(files, answers(turned)) == passages_of(files, answers(LISTS))


def test_a_file_counts_with_the_passage_that_answers_best() -> None:
    scorer = StubPairs({"a pot": -2.0, "red": 1.0, "kettle": 0.0, "c": 4.0})
    files = CrossEncoded(scorer, weight=1.0)(WORDS, RANKED, answers(LISTS))
    assert keys(files) == ["c", "b", "a", "d"]
    judged = {f.file[1]: f.changes["cross-encoder"] for f in files if f.changes}
    assert judged == {"c": {"judged": 4.0}, "a": {"judged": 1.0}}


def test_only_the_files_on_top_are_read() -> None:
    scorer = StubPairs({})
    files = CrossEncoded(scorer, top=2, weight=1.0)(WORDS, RANKED, answers(LISTS))
    assert scorer.calls == 3
    assert keys(files)[2:] == ["c", "d"]


def test_a_picture_alone_asks_nothing() -> None:
    scorer = StubPairs({})
    files = CrossEncoded(scorer)(replace(WORDS, text=" ", pictured=True), RANKED, answers(LISTS))
    assert (files, scorer.calls) == (RANKED, 0)

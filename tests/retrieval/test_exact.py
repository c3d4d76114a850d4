"""Exact re-scoring of the files on top."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace

import polars as pl
import pytest

from mmrag_pipeline.ports import CollectionReader, VectorStore
from mmrag_pipeline.records import (
    Candidate,
    Layout,
    Signal,
    SparseVector,
    StoredPoint,
    Vectors,
    Where,
)
from mmrag_pipeline.retrieval.cascade import Cascade
from mmrag_pipeline.retrieval.exact import Exact
from mmrag_pipeline.retrieval.fusion import FusedFile
from mmrag_pipeline.retrieval.query import Query, Searcher
from mmrag_pipeline.retrieval.signals import Lists
from mmrag_pipeline.retrieval.strategies import STRATEGIES
from mmrag_pipeline.retrieval.trusted import evidence
from tests.retrieval.refining import WORDS, answering, keys, ranking, seen
from tests.retrieval.shelves import Shelves, found, one_each, picture

MINMAX = STRATEGIES["minmax"]


def test_a_file_gets_the_score_of_a_list_that_ended_before_it() -> None:
    """By minmax a has 1 + 0, b 0 + 1; with b's true score of 4 in bm25 it has 0.75 + 1."""
    lists: Lists = {"bm25": one_each(a=5.0, c=1.0), "text": one_each(b=0.9, c=0.1)}
    answer = answering({"bm25": [seen("b", (1.0, 0.0), score=4.0)]}, lists)
    before = MINMAX(WORDS, [answer])
    assert keys(before) == ["a", "b", "c"]
    after = Exact(MINMAX)(WORDS, before, [answer])
    assert {f.file[1]: f.score for f in after} == pytest.approx({"a": 1.0, "b": 1.75, "c": 0.0})


def test_an_exact_score_takes_the_place_of_a_nearly_right_one() -> None:
    answer = answering(
        {"text": [seen("a", (1.0, 0.0), score=0.5)]}, {"text": one_each(a=0.9, b=0.8)}
    )
    after = Exact(evidence)(WORDS, evidence(WORDS, [answer]), [answer])
    assert keys(after) == ["b", "a"]
    assert after[1].shares["text"].score == 0.5


def test_only_the_files_on_top_are_asked_again() -> None:
    points = [seen(key, (1.0, 0.0), score=0.5) for key in "abc"]
    answer = answering({"text": points}, {"text": one_each(a=0.9, b=0.8, c=0.7)})
    after = Exact(evidence, top=1)(WORDS, evidence(WORDS, [answer]), [answer])
    assert {f.file[1]: f.shares["text"].score for f in after} == {"a": 0.5, "b": 0.8, "c": 0.7}


def test_a_signal_that_was_not_asked_is_not_asked_now() -> None:
    answer = answering({"image": [seen("a", (1.0, 0.0))]}, {"text": one_each(a=0.9)})
    (file,) = Exact(evidence)(WORDS, evidence(WORDS, [answer]), [answer])
    assert file.shares.keys() == {"text"}


def test_what_the_strategy_leaves_out_the_second_time_stays_at_the_end() -> None:
    before = ranking(a=2.0, gone=1.0)
    answer = answering({}, {"text": [found("a", 0.9), found("strange", 0.8)]})
    assert keys(Exact(evidence)(WORDS, before, [answer])) == ["a", "gone"]


@dataclass(frozen=True, slots=True)
class Roughly:
    """A reader as with quantized vectors: all dense scores of the index are a little wrong."""

    reader: CollectionReader

    def query(
        self, signal: Signal, vector: Vectors | SparseVector, *, limit: int, where: Where
    ) -> list[Candidate]:
        found = self.reader.query(signal, vector, limit=limit, where=where)
        rough = 0.0 if signal == "bm25" else 0.25
        return [replace(one, score=one.score - rough) for one in found]

    def fetch(self, point_ids: Sequence[str], *, vectors: bool = False) -> list[StoredPoint]:
        return self.reader.fetch(point_ids, vectors=vectors)

    def held(self, where: Where | None = None) -> Iterator[pl.DataFrame]:
        return self.reader.held(where)

    def count(self) -> int:
        return self.reader.count()


@dataclass(frozen=True, slots=True)
class RoughStore:
    """A store whose collections are read roughly."""

    store: VectorStore

    def layouts(self) -> Mapping[str, Layout]:
        return self.store.layouts()

    def aliases(self) -> Mapping[str, str]:
        return self.store.aliases()

    @contextmanager
    def reader(self, collection: str) -> Iterator[CollectionReader]:
        with self.store.reader(collection) as opened:
            yield Roughly(opened)


@pytest.fixture
def shelves() -> Shelves:
    filled = Shelves()
    filled.create("shop")
    for n in range(5):
        filled.add("shop", [filled.page("shop", f"{n}.png", picture(n))])
        filled.add("shop", [filled.caption("shop", f"{n}.png", f"picture {n}")])
    return filled


def refined(searcher: Searcher, query: Query) -> list[FusedFile]:
    """Return the refined ranking of a search."""
    exactly = replace(searcher, refinements={"exact": Exact(evidence)})
    return exactly.fused(query, exactly.candidates(query))


def roughly(shelves: Shelves) -> Searcher:
    """Return a searcher whose index is a little wrong."""
    return replace(shelves.searcher, store=RoughStore(shelves.store))


def test_scores_are_those_of_the_whole_vectors(shelves: Shelves) -> None:
    query = Query("picture 2")
    exact = {f.file: f.shares for f in refined(shelves.searcher, query)}
    rough = {f.file: f.shares for f in refined(roughly(shelves), query)}
    for file, shares in exact.items():
        assert {s: one.score for s, one in rough[file].items()} == pytest.approx(
            {s: one.score for s, one in shares.items()}, abs=1e-6
        )


def test_early_fusion_takes_the_scores_of_the_whole_vectors(shelves: Shelves) -> None:
    early, query = STRATEGIES["early"], Query("picture 2")
    exact = replace(shelves.searcher, strategy=early).search(query)
    rough = replace(roughly(shelves), strategy=early).search(query)
    assert {hit.key: hit.score for hit in rough} == pytest.approx(
        {hit.key: hit.score for hit in exact}, abs=1e-6
    )


def test_filters_hold_for_what_is_asked_again(shelves: Shelves) -> None:
    hidden = shelves.caption("shop", "2.png", "picture 2 hidden")
    shelves.add("shop", [replace(hidden, payload={**hidden.payload, "visibility": ["board"]})])
    query = Query("picture 2 hidden", visibility=("public",))
    searcher = shelves.searcher
    (answer,) = searcher.candidates(query)
    seen_again = answer.again({("shop", "2.png")})
    points = {one.found.candidate.point_id for own in seen_again.values() for one in own}
    assert points
    assert hidden.point_id not in points


def test_a_cascade_is_asked_again_by_the_signals_of_both_stages(shelves: Shelves) -> None:
    cascade, query = Cascade(2), Query("picture 2 zebra")
    plain = replace(shelves.searcher, strategy=cascade)
    rough = replace(roughly(shelves), strategy=cascade, refinements={"exact": Exact(cascade)})
    before, after = plain.search(query)[0], rough.search(query)[0]
    assert (before.key, after.key) == ("2.png", "2.png")
    signals: tuple[Signal, ...] = ("image", "text")
    for signal in signals:
        assert after.signals[signal].score == pytest.approx(before.signals[signal].score, abs=1e-6)

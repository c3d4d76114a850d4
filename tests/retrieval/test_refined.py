"""Refinements one after another, and what they tell."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mmrag_pipeline.retrieval.asked import Asked
from mmrag_pipeline.retrieval.distinct import distinct
from mmrag_pipeline.retrieval.exact import Exact
from mmrag_pipeline.retrieval.fusion import FusedFile
from mmrag_pipeline.retrieval.mmr import Mmr
from mmrag_pipeline.retrieval.query import Query
from mmrag_pipeline.retrieval.recency import Recency
from mmrag_pipeline.retrieval.refined import Refined, Refinement
from mmrag_pipeline.retrieval.signals import Answer, Found
from mmrag_pipeline.retrieval.trusted import evidence
from tests.retrieval.refining import WORDS, keys, told
from tests.retrieval.shelves import Shelves, found

RECENCY = Recency(30.0, lambda: datetime(2026, 3, 2, tzinfo=UTC))
EVERY: dict[str, Refinement] = {
    "exact": Exact(evidence),
    "recency": RECENCY,
    "distinct": distinct,
    "mmr": Mmr(),
}
POINTS = st.builds(
    found,
    st.sampled_from("abcdef"),
    st.floats(0.0, 1.0),
    digest=st.sampled_from(["", "x", "y"]),
    modified_at=st.sampled_from(["2026-03-01T00:00:00Z", "2025-03-01T00:00:00Z"]),
)


def turned(asked: Asked, ranked: Sequence[FusedFile], answers: Sequence[Answer]) -> list[FusedFile]:
    """Turn a ranking round."""
    return list(reversed(ranked))


def test_a_file_that_moves_tells_from_where_to_where() -> None:
    points = told(found("a", 3.0), found("b", 2.0), found("c", 1.0))
    first, second, third = Refined(evidence, {"turned": turned})(WORDS, points)
    assert first.changes == {"turned": {"from": 3, "to": 1}}
    assert second.changes == {}
    assert third.changes == {"turned": {"from": 1, "to": 3}}


def test_what_was_told_before_is_kept_by_those_that_rank_anew() -> None:
    points = told(found("a", 3.0, digest="x"), found("b", 2.0, digest="x"), found("c", 1.0))
    steps: dict[str, Refinement] = {"distinct": distinct, "turned": turned, "exact": EVERY["exact"]}
    files = {file.file[1]: file for file in Refined(evidence, steps)(WORDS, points)}
    assert files["a"].copies == (("shop", "b"),)
    assert files["a"].changes.keys() == {"turned", "exact"}


@given(st.lists(POINTS, max_size=8), st.permutations(list(EVERY)))
def test_no_file_is_lost_or_invented_whatever_the_order(
    points: list[Found], names: list[str]
) -> None:
    answers = told(*points)
    steps = {name: EVERY[name] for name in names}
    files = Refined(evidence, steps)(WORDS, answers)
    copies = [key for file in files for _, key in file.copies]
    assert sorted([*keys(files), *copies]) == sorted(keys(evidence(WORDS, answers)))


@given(st.lists(POINTS, max_size=8))
def test_the_order_of_candidates_does_not_matter(points: list[Found]) -> None:
    ranks = Refined(evidence, EVERY)
    assert ranks(WORDS, told(*points)) == ranks(WORDS, told(*reversed(points)))


def test_hits_show_what_was_done_to_them_and_nothing_where_nothing_was() -> None:
    shelves = Shelves()
    shelves.fill("shop", {"a.txt": "red kettle", "b.txt": "kettle", "c.txt": "red pot"})
    plain = shelves.searcher.search(Query("red kettle"))
    assert not any({"refined", "copies"} & hit.as_json().keys() for hit in plain)
    searcher = replace(shelves.searcher, refinements={"turned": turned})
    hit = searcher.search(Query("red kettle"))[0]
    assert hit.as_json()["refined"] == {"turned": {"from": 3, "to": 1}}


@pytest.mark.parametrize("name", EVERY)
def test_without_files_nothing_is_refined(name: str) -> None:
    assert EVERY[name](WORDS, [], []) == []

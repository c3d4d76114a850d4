"""Maximal marginal relevance."""

from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mmrag_pipeline.retrieval.fusion import FusedFile
from mmrag_pipeline.retrieval.mmr import Mmr, likeness
from tests.retrieval.refining import WORDS, Vector, answering, keys, ranking, seen

VECTORS: Mapping[str, Vector] = {"a": (1.0, 0.0), "b": (1.0, 0.0), "c": (0.0, 1.0), "d": (0.6, 0.8)}
ANSWER = answering({"text": [seen(key, vector) for key, vector in VECTORS.items()]}, {})
SCORES = st.lists(st.floats(-10.0, 10.0), max_size=4)


def ranked_by(scores: list[float]) -> list[FusedFile]:
    """Return files with these scores, best first."""
    return ranking(**dict(zip("abcd", sorted(scores, reverse=True), strict=False)))


def test_a_file_like_the_first_makes_room_for_another() -> None:
    """Relevance 1, 0.9, 0.6, 0 of a to d; a is taken first, then c with 0.5 * 0.6 - 0 = 0.3, as b
    has 0.5 * 0.9 - 0.5 * 1 = -0.05 and d 0 - 0.5 * 0.6 = -0.3; then b, as d has -0.5 * 0.8."""
    files = Mmr(0.5)(WORDS, ranking(a=10.0, b=9.0, c=6.0, d=0.0), [ANSWER])
    assert keys(files) == ["a", "c", "b", "d"]
    likenesses = [file.changes["mmr"]["likeness"] for file in files]
    assert likenesses == pytest.approx([0.0, 0.0, 1.0, 0.8])


def test_scores_stay() -> None:
    before = ranking(a=10.0, b=9.0, c=6.0)
    after = Mmr(0.5)(WORDS, before, [ANSWER])
    assert {f.file: f.score for f in after} == {f.file: f.score for f in before}


@given(SCORES)
def test_with_a_lambda_of_one_the_ranking_is_itself(scores: list[float]) -> None:
    assert Mmr(1.0)(WORDS, ranked_by(scores), [ANSWER]) == ranked_by(scores)


@given(SCORES, st.floats(0.0, 1.0), st.integers(1, 4))
def test_no_file_is_lost_and_those_below_the_top_stay(
    scores: list[float], weight: float, top: int
) -> None:
    before = ranked_by(scores)
    after = Mmr(weight, top)(WORDS, before, [ANSWER])
    assert sorted(keys(after)) == sorted(keys(before))
    assert after[top:] == before[top:]


def test_files_are_as_alike_as_in_the_space_where_they_are_most_alike() -> None:
    images = [seen("a", (1.0, 0.0)), seen("c", (0.6, 0.8))]
    texts = [seen("a", (1.0, 0.0)), seen("c", (0.0, 1.0))]
    both = answering({"image": images, "text": texts}, {})
    alike = likeness([("shop", "a"), ("shop", "c"), ("shop", "z")], [both])
    assert alike[0].tolist() == pytest.approx([1.0, 0.6, 0.0])


def test_the_best_point_of_a_file_stands_for_it() -> None:
    points = [seen("a", (0.0, 1.0), score=0.2), seen("a", (1.0, 0.0), score=0.9)]
    for ordered in (points, points[::-1]):
        answer = answering({"text": [*ordered, seen("b", (1.0, 0.0))]}, {})
        assert likeness([("shop", "a"), ("shop", "b")], [answer])[0, 1] == 1.0


def test_vectors_of_different_models_are_not_compared() -> None:
    one, other = (answering({"text": [seen(key, (1.0, 0.0))]}, {}) for key in "ab")
    assert likeness([("shop", "a"), ("shop", "b")], [one, other])[0, 1] == 0.0

"""Late fusion: hand-computed sums, and what must not matter."""

import math
import random
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mmrag_pipeline.retrieval.asked import Asked, Strategy
from mmrag_pipeline.retrieval.fusion import FusedFile
from mmrag_pipeline.retrieval.late import ReciprocalRank, ScoreSum
from mmrag_pipeline.retrieval.normalised import dbsf, minmax, zscore
from mmrag_pipeline.retrieval.signals import SIGNALS, Found, Lists
from tests.retrieval.shelves import answers, found, one_each

ASKED = Asked("a red kettle", pictured=False, depth=100)
RRF, MINMAX, ZSCORE, DBSF = ReciprocalRank(), *(ScoreSum(n) for n in (minmax, zscore, dbsf))
EACH = pytest.mark.parametrize("late", [RRF, MINMAX, ZSCORE, DBSF])
SCORES = st.integers(-50, 50).map(float)
POINTS = st.builds(found, st.sampled_from("abcdef"), SCORES, domain=st.sampled_from("xy"))
LISTS = st.dictionaries(st.sampled_from(SIGNALS), st.lists(POINTS, max_size=8))
THREE: Lists = {"text": one_each(a=5.0, b=3.0, c=1.0), "bm25": one_each(c=20.0, d=10.0)}


def scores(late: Strategy, *lists: Lists) -> dict[str, float]:
    """Return key -> score, best first."""
    return {file.file[1]: file.score for file in late(ASKED, answers(*lists))}


def order(files: list[FusedFile]) -> list[tuple[str, str]]:
    """Return the files of a ranking."""
    return [file.file for file in files]


def _cubed(one: Found) -> Found:
    return replace(one, candidate=replace(one.candidate, score=one.candidate.score**3))


def test_rrf_sums_reciprocal_ranks() -> None:
    expected = {"c": 1 / 63 + 1 / 61, "a": 1 / 61, "b": 1 / 62, "d": 1 / 62}
    assert scores(RRF, THREE) == pytest.approx(expected)
    assert list(scores(RRF, THREE)) == ["c", "a", "b", "d"]


def test_rrf_takes_another_k_and_weights() -> None:
    late = ReciprocalRank(0.0, {"text": 2.0, "bm25": 0.5})
    assert scores(late, THREE) == pytest.approx({"a": 2.0, "c": 2 / 3 + 0.5, "b": 1.0, "d": 0.25})


def test_minmax_sums_shares_of_the_range() -> None:
    assert scores(MINMAX, THREE) == pytest.approx({"a": 1.0, "c": 1.0, "b": 0.5, "d": 0.0})


def test_zscore_sums_deviations_above_the_lowest() -> None:
    deviation = math.sqrt(8 / 3)
    expected = {"a": 4 / deviation, "c": 10 / 5, "b": 2 / deviation, "d": 0.0}
    assert scores(ZSCORE, THREE) == pytest.approx(expected)


def test_dbsf_sums_places_between_three_deviations() -> None:
    """Text: 8/12, 6/12, 4/12. BM25: mean 15, deviation sqrt(50)."""
    up, down = (0.5 + sign * 5 / (6 * math.sqrt(50)) for sign in (1, -1))
    expected = {"c": 4 / 12 + up, "a": 8 / 12, "b": 0.5, "d": down}
    assert scores(DBSF, THREE) == pytest.approx(expected)


def test_a_file_that_a_signal_does_not_find_is_as_good_as_its_worst() -> None:
    lists: Lists = {"text": one_each(a=5.0, b=1.0), "bm25": one_each(c=3.0, b=2.0)}
    assert scores(MINMAX, lists) == {"a": 1.0, "c": 1.0, "b": 0.0}


def test_a_signal_of_weight_0_has_no_say() -> None:
    late = ScoreSum(minmax, {"bm25": 0.0})
    assert list(scores(late, THREE)) == ["a", "b", "c", "d"]


@EACH
def test_scores_of_different_models_are_ranked_apart(late: Strategy) -> None:
    low: Lists = {"text": [found("low", 0.2, domain="x"), found("e", 0.1, domain="x")]}
    high: Lists = {"text": [found("high", 0.9, domain="y"), found("f", 0.8, domain="y")]}
    ranked = scores(late, high, low)
    assert ranked["low"] == pytest.approx(ranked["high"])


@EACH
@given(lists=LISTS, seed=st.integers())
def test_the_order_of_candidates_does_not_matter(late: Strategy, lists: Lists, seed: int) -> None:
    mixed = {
        s: random.Random(seed).sample(list(f), len(f)) for s, f in reversed(list(lists.items()))
    }
    assert late(ASKED, answers(mixed)) == late(ASKED, answers(lists))


@EACH
@given(lists=LISTS)
def test_every_found_file_is_ranked_once_by_what_adds_up(late: Strategy, lists: Lists) -> None:
    ranked = late(ASKED, answers(lists))
    files = {(f.domain, str(f.candidate.payload["key"])) for there in lists.values() for f in there}
    assert sorted(order(ranked)) == sorted(files)
    assert all(f.score == sum(s.contribution for s in f.shares.values()) for f in ranked)


@given(LISTS)
def test_rrf_does_not_see_a_monotone_rescaling(lists: Lists) -> None:
    cubed = {s: [_cubed(one) for one in there] for s, there in lists.items()}
    assert order(RRF(ASKED, answers(cubed))) == order(RRF(ASKED, answers(lists)))


@given(LISTS)
def test_rrf_is_bounded_by_the_weights(lists: Lists) -> None:
    ranked = RRF(ASKED, answers(lists))
    assert all(0.0 < file.score <= len(SIGNALS) / 61 + 1e-12 for file in ranked)


@given(LISTS)
def test_the_sum_of_minmax_is_bounded_by_the_weights(lists: Lists) -> None:
    assert all(0.0 <= file.score <= len(SIGNALS) for file in MINMAX(ASKED, answers(lists)))

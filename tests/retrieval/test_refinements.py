"""Refinements by name."""

from typing import get_args

import pytest

from mmrag_pipeline.engines.stub import StubPairs
from mmrag_pipeline.errors import SettingsError
from mmrag_pipeline.retrieval.exact import Exact
from mmrag_pipeline.retrieval.mmr import Mmr
from mmrag_pipeline.retrieval.refinements import Means, Refining, refinements_of
from mmrag_pipeline.retrieval.trusted import evidence
from mmrag_pipeline.retrieval_settings import RefinementName

NAMES = get_args(RefinementName)
MEANS = Means(evidence, lambda spots: [None for _ in spots])
FULL = Means(evidence, MEANS.pixels, StubPairs({}))
REFINING = Refining(half_life_days=30.0)


def test_the_settings_know_the_refinements_that_there_are() -> None:
    assert tuple(refinements_of(NAMES, REFINING, FULL)) == NAMES


def test_they_are_tuned_and_in_the_order_that_is_asked_for() -> None:
    made = refinements_of(["exact", "mmr"], Refining(top=7, mmr_lambda=0.2), MEANS)
    assert list(made.items()) == [("exact", Exact(evidence, 7)), ("mmr", Mmr(0.2, 7))]


def test_none_is_none() -> None:
    assert refinements_of([], REFINING, MEANS) == {}


@pytest.mark.parametrize(
    ("names", "told"),
    [
        (["mrr"], r"unknown refinement 'mrr'; known: exact, crop, cross-encoder, .*mmr"),
        (["cross-encoder"], "set MMRAG_CROSS_ENCODER"),
        (["recency"], "set MMRAG_RECENCY_HALF_LIFE_DAYS"),
        (["mmr", "mmr"], "named twice"),
        (["distinct", "exact"], "'exact' ranks anew and would undo the others; name it first"),
        (["mmr", "crop"], "'crop' orders by scores and would undo 'mmr'"),
    ],
)
def test_what_cannot_be_says_what_to_do(names: list[str], told: str) -> None:
    with pytest.raises(SettingsError, match=told):
        refinements_of(names, Refining(), MEANS)

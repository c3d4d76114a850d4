"""Strategies by name."""

from typing import get_args

import pytest

from mmrag_pipeline.errors import SettingsError
from mmrag_pipeline.retrieval.asked import Asked
from mmrag_pipeline.retrieval.features import FEATURES
from mmrag_pipeline.retrieval.fusion_model import FusionModel, Way
from mmrag_pipeline.retrieval.late import ReciprocalRank
from mmrag_pipeline.retrieval.learned import Learned
from mmrag_pipeline.retrieval.signals import Lists
from mmrag_pipeline.retrieval.strategies import LEARNED, STRATEGIES, Tuning, strategy_of
from mmrag_pipeline.retrieval.trusted import evidence
from mmrag_pipeline.retrieval_settings import StrategyName
from tests.retrieval.shelves import answers, one_each
from tests.retrieval.test_fusion_model import CARD

WORDS = Asked("a red kettle", pictured=False, depth=100)
LISTS: Lists = {"bm25": one_each(a=3.0, b=2.0, c=1.0), "text": one_each(d=0.9, b=0.3, c=0.2)}


def untrained() -> FusionModel:
    """Fail: nobody should ask."""
    raise AssertionError


def learned(way: Way) -> Learned:
    """Return a fusion that ranks words in a way, by weights that turn the order of bm25."""
    weights = [-1.0 if name == "bm25.score" else 0.0 for name in FEATURES]
    return Learned(FusionModel.of(weights, {"words": way}, CARD))


def keys(strategy: Learned, asked: Asked = WORDS) -> list[str]:
    """Return the keys of a ranking."""
    return [file.file[1] for file in strategy(asked, answers(LISTS))]


def test_the_settings_know_the_strategies_that_there_are() -> None:
    assert get_args(StrategyName) == (*STRATEGIES, LEARNED)


def test_settings_tune_a_strategy() -> None:
    tuned = strategy_of("rrf", Tuning(10.0, {"text": 0.5}), untrained)
    assert tuned == ReciprocalRank(10.0, {"text": 0.5})


def test_an_unknown_name_lists_the_known_ones() -> None:
    with pytest.raises(SettingsError, match=r"'rff'; known: evidence, rrf, .*cascade, learned"):
        strategy_of("rff", Tuning(), untrained)


@pytest.mark.parametrize("name", STRATEGIES)
def test_no_answers_are_no_files(name: str) -> None:
    assert STRATEGIES[name](WORDS, answers({"text": [], "bm25": [], "image": []})) == []
    assert STRATEGIES[name](WORDS, []) == []


def test_a_form_that_was_learned_is_ranked_by_the_weights() -> None:
    assert keys(learned("learned")) == ["c", "d", "b", "a"]


def test_a_form_where_a_signal_was_better_is_ranked_by_it_and_loses_no_file() -> None:
    assert keys(learned("bm25")) == ["a", "b", "c", "d"]


def test_a_signal_that_finds_nothing_here_leaves_it_to_the_evidence() -> None:
    assert learned("image")(WORDS, answers(LISTS)) == evidence(WORDS, answers(LISTS))


def test_a_form_that_was_not_trained_is_ranked_by_evidence() -> None:
    exact = Asked("total 12.50", pictured=False, depth=100)
    assert learned("learned")(exact, answers(LISTS)) == evidence(exact, answers(LISTS))

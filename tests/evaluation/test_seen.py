"""A trained fusion that ranks the queries that it was trained on."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from mmrag_pipeline.evaluation.qrels import LabelledQuery
from mmrag_pipeline.evaluation.seen import digest_of, question_of, seen_in_training
from mmrag_pipeline.retrieval.features import FEATURES
from mmrag_pipeline.retrieval.fusion_model import FusionModel, TrainingCard
from mmrag_pipeline.retrieval.learned import Learned
from mmrag_pipeline.retrieval.trusted import evidence

TEA = LabelledQuery("a", "green tea", None, ("tea.txt", "pot.png"), "words")
TENT = LabelledQuery("b", "", Path("tent.png"), ("tent.md",), "picture")
NOTHING = LabelledQuery("c", "what is not there?", None, (), "none")


def trained_on(queries: Sequence[LabelledQuery], *, named: bool = True) -> Learned:
    """Return a fusion whose card says that it learned from these queries, `named` one by one."""
    card = TrainingCard(
        trained_at=datetime(2026, 1, 2, tzinfo=UTC),
        queries=len(queries),
        queries_digest=digest_of((question_of(one), one.relevant) for one in queries),
        questions=tuple(question_of(one) for one in queries) if named else (),
        domains=("shop",),
        folds=2,
        held_out={"overall": {"learned": 0.8125}},
    )
    return Learned(FusionModel.of([0.0] * len(FEATURES), {}, card))


@pytest.mark.parametrize("named", [True, False])
def test_the_queries_of_the_training_are_known_in_any_order_and_what_unseen_ones_score(
    named: bool,
) -> None:
    said = seen_in_training(trained_on([TEA, TENT], named=named), [TENT, NOTHING, TEA])
    assert "trained on these very queries" in said
    assert "nDCG@10 0.812 on unseen ones" in said


def test_some_queries_of_the_training_among_others_are_counted() -> None:
    said = seen_in_training(trained_on([TEA]), [TENT, TEA, NOTHING])
    assert "trained on 1 of these 2 queries" in said


def test_a_question_of_the_training_with_other_labels_is_seen() -> None:
    other = replace(TEA, relevant=("cup.png",))
    assert "these very queries" in seen_in_training(trained_on([TEA, TENT]), [other])


def test_other_queries_are_unseen() -> None:
    assert seen_in_training(trained_on([TEA]), [TENT]) == ""
    assert seen_in_training(trained_on([TEA]), [NOTHING]) == ""


def test_a_fusion_that_names_no_queries_knows_only_all_of_them() -> None:
    assert seen_in_training(trained_on([TEA, TENT], named=False), [TEA]) == ""


def test_a_strategy_that_learns_nothing_has_seen_nothing() -> None:
    assert seen_in_training(evidence, [TEA, TENT]) == ""

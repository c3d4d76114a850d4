"""A trained fusion that ranks the queries that it was trained on."""

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from mmrag_pipeline.evaluation.qrels import LabelledQuery
from mmrag_pipeline.evaluation.seen import digest_of, question_of, seen_in_training
from mmrag_pipeline.retrieval.features import FEATURES
from mmrag_pipeline.retrieval.fusion_model import FusionModel, TrainingCard
from mmrag_pipeline.retrieval.learned import Learned
from mmrag_pipeline.retrieval.trusted import evidence

TEA = LabelledQuery("a", "green tea", None, ("tea.txt", "pot.png"), "words")
TENT = LabelledQuery("b", "", Path("tent.png"), ("tent.md",), "picture")
NOTHING = LabelledQuery("c", "what is not there?", None, (), "none")


def trained_on(queries: Sequence[LabelledQuery]) -> Learned:
    """Return a fusion whose card says that it learned from these queries."""
    card = TrainingCard(
        trained_at=datetime(2026, 1, 2, tzinfo=UTC),
        queries=len(queries),
        queries_digest=digest_of((question_of(one), one.relevant) for one in queries),
        domains=("shop",),
        folds=2,
        held_out={"overall": {"learned": 0.8125}},
    )
    return Learned(FusionModel.of([0.0] * len(FEATURES), {}, card))


def test_the_queries_of_the_training_are_known_in_any_order_and_what_unseen_ones_score() -> None:
    said = seen_in_training(trained_on([TEA, TENT]), [TENT, NOTHING, TEA])
    assert "trained on these very queries" in said
    assert "nDCG@10 0.812 on unseen ones" in said


def test_other_queries_and_other_labels_are_unseen() -> None:
    model = trained_on([TEA, TENT])
    assert seen_in_training(model, [TEA]) == ""
    assert seen_in_training(trained_on([TEA]), [TENT]) == ""


def test_a_strategy_that_learns_nothing_has_seen_nothing() -> None:
    assert seen_in_training(evidence, [TEA, TENT]) == ""

"""Queries that a trained fusion has seen: what it makes of them does not say how good it is."""

from collections.abc import Iterable, Sequence

from mmrag_pipeline.evaluation.qrels import LabelledQuery
from mmrag_pipeline.ids import digest_json
from mmrag_pipeline.retrieval.learned import Learned
from mmrag_pipeline.retrieval.strategies import Strategy


def question_of(labelled: LabelledQuery) -> str:
    """Return a digest that all queries share which ask the same."""
    return digest_json([labelled.text, str(labelled.image or "")])


def digest_of(labelled: Iterable[tuple[str, Sequence[str]]]) -> str:
    """Return a digest of questions and the files that answer them, whatever their order."""
    return digest_json(sorted([question, *sorted(relevant)] for question, relevant in labelled))


def seen_in_training(strategy: Strategy, queries: Iterable[LabelledQuery]) -> str:
    """Return what to say where a fusion ranks the very queries that it was trained on, else ''."""
    if not isinstance(strategy, Learned):
        return ""
    card = strategy.model.card
    asked = digest_of((question_of(one), one.relevant) for one in queries if one.relevant)
    if asked != card.queries_digest:
        return ""
    unseen = card.held_out["overall"]["learned"]
    return (
        "the strategy `learned` was trained on these very queries, so they do not tell how good it "
        f"is: label others (`mmrag fusion-train` measured nDCG@10 {unseen:.3f} on unseen ones)"
    )

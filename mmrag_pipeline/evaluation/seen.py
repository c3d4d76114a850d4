"""Queries that a trained fusion has seen: what it makes of them does not say how good it is."""

from collections.abc import Iterable, Sequence

from mmrag_pipeline.evaluation.qrels import LabelledQuery
from mmrag_pipeline.ids import digest_json
from mmrag_pipeline.retrieval.fusion_model import TrainingCard
from mmrag_pipeline.retrieval.learned import Learned
from mmrag_pipeline.retrieval.strategies import Strategy


def question_of(labelled: LabelledQuery) -> str:
    """Return a digest that all queries share which ask the same."""
    return digest_json([labelled.text, str(labelled.image or "")])


def digest_of(labelled: Iterable[tuple[str, Sequence[str]]]) -> str:
    """Return a digest of questions and the files that answer them, whatever their order."""
    return digest_json(sorted([question, *sorted(relevant)] for question, relevant in labelled))


def seen_in_training(strategy: Strategy, queries: Iterable[LabelledQuery]) -> str:
    """Return what to say where a fusion ranks queries that it was trained on, else ''."""
    if not isinstance(strategy, Learned):
        return ""
    card = strategy.model.card
    asked = [one for one in queries if one.relevant]
    seen = _seen(card, asked)
    if not seen:
        return ""
    unseen = card.held_out["overall"]["learned"]
    which = "these very queries" if seen == len(asked) else f"{seen} of these {len(asked)} queries"
    return (
        f"the strategy `learned` was trained on {which}, so they do not tell how good it is: label "
        f"others (`mmrag fusion-train` measured nDCG@10 {unseen:.3f} on unseen ones)"
    )


def _seen(card: TrainingCard, asked: Sequence[LabelledQuery]) -> int:
    """Return how many queries were trained on; a card that names none knows only the whole set."""
    if card.questions:
        known = set(card.questions)
        return sum(question_of(one) in known for one in asked)
    whole = digest_of((question_of(one), one.relevant) for one in asked) == card.queries_digest
    return len(asked) if whole else 0

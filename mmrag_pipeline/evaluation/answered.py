"""Questions with known answers put to an answerer, and what its answers are worth."""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean

import polars as pl

from mmrag_pipeline.answer_records import GroundedAnswer
from mmrag_pipeline.evaluation.answer_measures import (
    Abstention,
    abstention,
    bleu,
    corpus_bleu,
    exact_match,
    meteor,
    numeric_match,
    rouge,
    token_f1,
    vqa_accuracy,
)
from mmrag_pipeline.evaluation.evaluate import LoadImage
from mmrag_pipeline.evaluation.paired import intervals
from mmrag_pipeline.evaluation.qrels import LabelledQuery
from mmrag_pipeline.retrieval.answers import FILES
from mmrag_pipeline.retrieval.query import Query
from mmrag_pipeline.schemas import EVAL_ANSWERS

Answering = Callable[[Query], GroundedAnswer]
"""What answers a query (retrieval.answers.Asking.ask)."""
GROUNDED = "groundedness"


@dataclass(frozen=True, slots=True)
class Replied:
    """The answer to one question."""

    query: LabelledQuery
    answer: GroundedAnswer
    seconds: float

    @property
    def answerable(self) -> bool:
        """Return whether any file answers it."""
        return bool(self.query.answers)

    def values(self) -> dict[str, float]:
        """Return the measures that its labels allow; an abstention is an empty answer."""
        found = {} if self.answer.abstained else {GROUNDED: self.answer.groundedness}
        if not self.answerable:
            return found
        text = "" if self.answer.abstained else self.answer.text
        number = numeric_match(text, self.query.answers)
        return {
            **found,
            "exact_match": exact_match(text, self.query.answers),
            **({} if number is None else {"numeric_match": number}),
            "token_f1": token_f1(text, self.query.answers),
            "bleu": bleu(text, self.query.answers),
            **rouge(text, self.query.answers),
            "meteor": meteor(text, self.query.answers),
            "vqa_accuracy": vqa_accuracy(text, self.query.answers),
        }


@dataclass(frozen=True, slots=True)
class Mean:
    """The mean of a measure over the questions that it can be told of, and its bounds."""

    questions: int
    value: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Worth:
    """What all answers are worth."""

    means: Mapping[str, Mean]
    """Measure -> mean; of `groundedness` over what was answered, of others over the answerable."""
    corpus_bleu: float
    abstention: Abstention


def replies(
    answering: Answering,
    queries: Sequence[LabelledQuery],
    *,
    load_image: LoadImage,
    domains: tuple[str, ...] | None,
) -> Iterator[Replied]:
    """Ask each query whose answer is known, or of which it is known that nothing answers it.

    Raises AnswerError, and as the searcher and `load_image` do.
    """
    for query in queries:
        if query.answers or not query.relevant:
            image = None if query.image is None else load_image(query.image)
            asked = Query(text=query.text, image=image, domains=domains, limit=FILES)
            start = time.perf_counter()
            answer = answering(asked)
            yield Replied(query, answer, time.perf_counter() - start)


def answers_table(found: Sequence[Replied]) -> pl.DataFrame:
    """Return EVAL_ANSWERS: numbers only, for what was quoted may have to be forgotten."""
    rows = [
        {
            "query_id": one.query.query_id,
            "kind": one.query.kind,
            "answerable": one.answerable,
            "abstained": one.answer.abstained,
            "cached": one.answer.cached,
            "seconds": one.seconds,
            "prompt_tokens": one.answer.usage.prompt_tokens,
            "completion_tokens": one.answer.usage.completion_tokens,
            "model": one.answer.model.fingerprint,
            "measures": [{"measure": name, "value": v} for name, v in one.values().items()],
        }
        for one in found
    ]
    return pl.DataFrame(rows, schema=EVAL_ANSWERS)


def worth(found: Sequence[Replied], confidence: float) -> Worth:
    """Return the means with bootstrap intervals, BLEU over all answers, and of abstentions."""
    values: dict[str, list[float]] = {}
    for one in found:
        for name, value in one.values().items():
            values.setdefault(name, []).append(value)
    asked = [one for one in found if one.answerable]
    return Worth(
        {name: _mean(own, confidence) for name, own in values.items()},
        corpus_bleu(
            ["" if one.answer.abstained else one.answer.text for one in asked],
            [one.query.answers for one in asked],
        ),
        abstention([one.answerable for one in found], [one.answer.abstained for one in found]),
    )


def _mean(values: Sequence[float], confidence: float) -> Mean:
    ((low, high),) = intervals([values], confidence)
    return Mean(len(values), fmean(values), low, high)

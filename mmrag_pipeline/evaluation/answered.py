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
from mmrag_pipeline.intent import intent_of
from mmrag_pipeline.retrieval.answers import FILES
from mmrag_pipeline.retrieval.query import Query
from mmrag_pipeline.schemas import EVAL_ANSWERS
from mmrag_pipeline.values import exact

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
        short = _short(self.query.text, self.answer)
        number = numeric_match(text, self.query.answers)
        return {
            **found,
            "exact_match": max(exact_match(one, self.query.answers) for one in short),
            **({} if number is None else {"numeric_match": number}),
            "token_f1": token_f1(text, self.query.answers),
            "bleu": bleu(text, self.query.answers),
            **rouge(text, self.query.answers),
            "meteor": meteor(text, self.query.answers),
            "vqa_accuracy": max(vqa_accuracy(one, self.query.answers) for one in short),
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


@dataclass(frozen=True, slots=True)
class Valued:
    """Answers as they are kept, and what all of them are worth."""

    table: pl.DataFrame
    """EVAL_ANSWERS."""
    worth: Worth


def paid_tokens(found: Sequence[Replied]) -> tuple[int, int]:
    """Return the tokens read and written for answers that were not in the cache."""
    paid = [one.answer.usage for one in found if not one.answer.cached]
    return sum(u.prompt_tokens or 0 for u in paid), sum(u.completion_tokens or 0 for u in paid)


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


def valued(found: Sequence[Replied], confidence: float) -> Valued:
    """Return what answers are worth, each measured once; intervals have this confidence."""
    values = [one.values() for one in found]
    return Valued(_table(found, values), _worth(found, values, confidence))


def _short(question: str, answer: GroundedAnswer) -> list[str]:
    """Return what may say the same as a reference: the answer, a sentence of it, or its value.

    The value is the first one of the sort that is asked for, and that without its unit.
    """
    if answer.abstained:
        return [""]
    said = [sentence.text for sentence in answer.sentences]
    wanted = intent_of(question)
    value = next(filter(None, map(wanted.value, said)), "")
    plain = [one.text for one in exact(value)]
    return [answer.text, *said, value, *(plain if len(plain) == 1 else [])]


def _table(found: Sequence[Replied], values: Sequence[Mapping[str, float]]) -> pl.DataFrame:
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
            "measures": [{"measure": name, "value": v} for name, v in own.items()],
        }
        for one, own in zip(found, values, strict=True)
    ]
    return pl.DataFrame(rows, schema=EVAL_ANSWERS)


def _worth(
    found: Sequence[Replied], values: Sequence[Mapping[str, float]], confidence: float
) -> Worth:
    """Return the means with bootstrap intervals, BLEU over all answers, and of abstentions."""
    measures: dict[str, list[float]] = {}
    for own in values:
        for name, value in own.items():
            measures.setdefault(name, []).append(value)
    asked = [one for one in found if one.answerable]
    return Worth(
        {name: _mean(own, confidence) for name, own in measures.items()},
        corpus_bleu(
            ["" if one.answer.abstained else one.answer.text for one in asked],
            [one.query.answers for one in asked],
        ),
        abstention([one.answerable for one in found], [one.answer.abstained for one in found]),
    )


def _mean(values: Sequence[float], confidence: float) -> Mean:
    ((low, high),) = intervals([values], confidence)
    return Mean(len(values), fmean(values), low, high)

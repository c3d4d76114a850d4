"""What the extractive answers to the demo's questions are worth, over thresholds.

Half of the questions are answered by no file. `MMRAG_HOME` holds the index of the demo.
"""

import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from benchmarks.measure import show_rows
from mmrag_pipeline.answer_records import GroundedAnswer
from mmrag_pipeline.answering import open_asking
from mmrag_pipeline.engines.extractive import THRESHOLD, Extractive
from mmrag_pipeline.evaluation.qrels import LabelledQuery, read_queries
from mmrag_pipeline.resources.environment import read_settings
from mmrag_pipeline.retrieval.answers import FILES, Asking, FrailCache, nobody
from mmrag_pipeline.retrieval.query import Query
from mmrag_pipeline.values import exact, holds

_QUESTIONS = Path(__file__).parents[1] / "demo" / "questions.jsonl"
_THRESHOLDS = [n / 100 for n in range(40, 101, 5)]
_COLUMNS = ("threshold", "right", "wrong", "wrongly silent", "invented", "rightly silent")


@dataclass(frozen=True, slots=True)
class Found:
    """The whole answer to a question, however unsure."""

    question: LabelledQuery
    answer: GroundedAnswer
    confidence: float

    @property
    def right(self) -> bool:
        """Return whether the answer holds one of the labelled ones."""
        return is_right(self.answer, self.question)


def is_right(answer: GroundedAnswer, question: LabelledQuery) -> bool:
    """Return whether an answer's own text holds one of the labelled answers."""
    return any(is_in(answer.text, one) for one in question.answers)


def invented(answer: GroundedAnswer) -> tuple[str, ...]:
    """Return the values and citations of an answer that its evidence does not have."""
    return tuple(what for one in answer.sentences for what in (*one.missing, *one.unknown))


def is_in(text: str, answer: str) -> bool:
    """Return whether a text holds every value of an answer, or the answer itself."""
    wanted = exact(answer)
    if not wanted:
        return answer.casefold() in text.casefold()
    return all(holds(text, value) for value in wanted)


def measure(asking: Asking, questions: Sequence[LabelledQuery]) -> list[Found]:
    """Return what would be answered to each question, however unsure."""
    extractive = Extractive(asking.searcher.encoders.text, threshold=0.0)
    unsure = replace(asking, answerer=extractive, cache=FrailCache(None, nobody))
    found = []
    for question in questions:
        answer = unsure.ask(Query(text=question.text, limit=FILES))
        quote = extractive.best(question.text, answer.evidence)
        found.append(Found(question, answer, quote.confidence if quote else 0.0))
    return found


def row(found: Sequence[Found], threshold: float) -> tuple[str, ...]:
    """Return how often the answers at a threshold are right."""
    said = [not one.answer.abstained and one.confidence >= threshold for one in found]
    asked = [(one, told) for one, told in zip(found, said, strict=True) if one.question.answers]
    empty = [told for one, told in zip(found, said, strict=True) if not one.question.answers]
    wrong = sum(told and not one.right for one, told in asked) + sum(empty)
    strange = sum(
        told and bool(invented(one.answer)) for one, told in zip(found, said, strict=True)
    )
    return (
        f"{threshold:.2f}",
        f"{sum(told and one.right for one, told in asked)} of {len(asked)}",
        str(wrong),
        str(sum(not told for _, told in asked)),
        str(strange),
        f"{len(empty) - sum(empty)} of {len(empty)}",
    )


def main() -> None:
    """Print a row per threshold, then each question that THRESHOLD gets wrong."""
    with open_asking(read_settings()) as asking:
        questions = read_queries(_QUESTIONS)
        began = time.perf_counter()
        found = measure(asking, questions)
        spent = (time.perf_counter() - began) / len(questions)
    show_rows("answers", _COLUMNS, [row(found, threshold) for threshold in _THRESHOLDS])
    for one in found:
        told = one.confidence >= THRESHOLD and not one.answer.abstained
        if told != bool(one.question.answers) or (told and not one.right):
            print(f"{one.question.text} -> {one.answer.text!r} at {one.confidence:.2f}")
    print(f"{1000 * spent:.0f} ms a question", file=sys.stderr)


if __name__ == "__main__":
    main()

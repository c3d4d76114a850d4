"""What the extractive answers to the demo's questions are worth, over thresholds.

Half of the questions are answered by no file. `MMRAG_HOME` holds the index of the demo.
"""

import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.measure import show_rows
from mmrag_pipeline.answering import open_asking
from mmrag_pipeline.engines.extractive import THRESHOLD, Extractive
from mmrag_pipeline.evaluation.qrels import LabelledQuery, read_queries
from mmrag_pipeline.resources.environment import read_settings
from mmrag_pipeline.retrieval.answers import FILES, Asking
from mmrag_pipeline.retrieval.query import Query
from mmrag_pipeline.values import Value, exact, holds

_QUESTIONS = Path(__file__).parents[1] / "demo" / "questions.jsonl"
_THRESHOLDS = [n / 100 for n in range(40, 101, 5)]
_COLUMNS = ("threshold", "right", "wrong", "wrongly silent", "invented", "rightly silent")


@dataclass(frozen=True, slots=True)
class Found:
    """What would be quoted for a question."""

    question: LabelledQuery
    quoted: str
    confidence: float
    told: tuple[Value, ...] = ()
    """Values quoted that no evidence has."""

    @property
    def right(self) -> bool:
        """Return whether one of its answers is quoted."""
        return any(is_in(self.quoted, answer) for answer in self.question.answers)


def is_in(text: str, answer: str) -> bool:
    """Return whether a text holds every value of an answer, or the answer itself."""
    wanted = exact(answer)
    if not wanted:
        return answer.casefold() in text.casefold()
    return all(holds(text, value) for value in wanted)


def measure(asking: Asking, questions: Sequence[LabelledQuery]) -> list[Found]:
    """Return what would be quoted for each question, however unsure."""
    extractive = Extractive(asking.searcher.encoders.text)
    found = []
    for question in questions:
        evidence = asking.evidence(Query(text=question.text, limit=FILES))
        quote = extractive.best(question.text, evidence)
        quoted = quote.passage.text if quote else ""
        shown = "\n".join(one.text for one in evidence)
        strange = tuple(value for value in exact(quoted) if not holds(shown, value))
        found.append(Found(question, quoted, quote.confidence if quote else 0.0, strange))
    return found


def row(found: Sequence[Found], threshold: float) -> tuple[str, ...]:
    """Return how often the answers at a threshold are right."""
    said = [one.quoted != "" and one.confidence >= threshold for one in found]
    asked = [(one, told) for one, told in zip(found, said, strict=True) if one.question.answers]
    empty = [told for one, told in zip(found, said, strict=True) if not one.question.answers]
    wrong = sum(told and not one.right for one, told in asked) + sum(empty)
    invented = sum(told and bool(one.told) for one, told in zip(found, said, strict=True))
    return (
        f"{threshold:.2f}",
        f"{sum(told and one.right for one, told in asked)} of {len(asked)}",
        str(wrong),
        str(sum(not told for _, told in asked)),
        str(invented),
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
        told = one.confidence >= THRESHOLD and one.quoted
        if bool(told) != bool(one.question.answers) or (told and not one.right):
            print(f"{one.question.text} -> {one.quoted!r} at {one.confidence:.2f}")
    print(f"{1000 * spent:.0f} ms a question", file=sys.stderr)


if __name__ == "__main__":
    main()

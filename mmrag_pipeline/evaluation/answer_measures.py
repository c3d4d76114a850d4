"""Measures of an answer in words against references: each a number from 0 to 1, without a model.

With several references the best of them counts, as they are ways to say the same.
"""

import re
import sys
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from mmrag_pipeline.amounts import amounts

_ARTICLES = re.compile(r"\b(?:a|an|the)\b")
_WITHIN_NUMBER = re.compile(r"(?<=\d)[.,](?=\d)")
_AGREED = 3
"""So many references that say the same make an answer right (VQA)."""
_HUNDRED = 100.0


def normalised(text: str) -> str:
    """Return a text as SQuAD compares it: lower case, no punctuation, no articles, single blanks.

    Rajpurkar et al. 2016, with two differences: compatible characters are one (NFKC), and a point
    or comma between digits stays, for 14.10 is not 1410.
    """
    lower = unicodedata.normalize("NFKC", text).lower()
    inside = {match.start() for match in _WITHIN_NUMBER.finditer(lower)}
    kept = "".join(c for n, c in enumerate(lower) if n in inside or not _is_mark(c))
    return " ".join(_ARTICLES.sub(" ", kept).split())


def exact_match(answer: str, references: Sequence[str]) -> float:
    """Return 1 where the answer is one of the references once both are normalised."""
    return float(normalised(answer) in map(normalised, references))


def numeric_match(answer: str, references: Sequence[str]) -> float | None:
    """Return 1 where the answer holds every number of a reference, however both are written.

    None where no reference holds a number: then there is nothing to compare. More numbers in the
    answer do not count against it here, they do in `token_f1`.
    """
    wanted = [found for found in map(amounts, references) if found]
    if not wanted:
        return None
    held = amounts(answer)
    return float(any(all(any(one.same(other) for other in held) for one in ref) for ref in wanted))


def token_f1(answer: str, references: Sequence[str]) -> float:
    """Return the F1 of the normalised words that answer and reference share (SQuAD)."""
    return _best(_f1, normalised(answer).split(), [normalised(one).split() for one in references])


def vqa_accuracy(answer: str, references: Sequence[str]) -> float:
    """Return min(n / 3, 1), n being the references that say the same (Antol et al. 2015).

    With fewer than three references n / their number, so that one of one is right.
    """
    agreed = sum(normalised(answer) == normalised(one) for one in references)
    return min(agreed / min(_AGREED, len(references)), 1.0)


def bleu(answer: str, references: Sequence[str]) -> float:
    """Return the sentence's BLEU as sacrebleu has it, divided by 100."""
    from sacrebleu import sentence_bleu

    return _share(sentence_bleu(answer, list(references)).score)


def corpus_bleu(answers: Sequence[str], references: Sequence[Sequence[str]]) -> float:
    """Return BLEU over all answers, each with its own references; 0 without any.

    It is no mean of sentences: matches are counted over all of them (Papineni et al. 2002).
    """
    from sacrebleu.metrics.bleu import BLEU

    if not answers:
        return 0.0
    most = max(map(len, references))
    streams = [[own[n] if n < len(own) else None for own in references] for n in range(most)]
    found = BLEU().corpus_score(
        list(answers),
        streams,  # type: ignore[arg-type]  # None is what it takes for a reference that is absent
    )
    return _share(found.score)


def rouge(answer: str, references: Sequence[str]) -> dict[str, float]:
    """Return the F-measures of `rouge1`, `rouge2` and `rougeL`, each the best of the references."""
    found = [_rouge_scorer().score(target=one, prediction=answer) for one in references]
    return {
        name: max(float(one[name].fmeasure) for one in found)
        for name in ("rouge1", "rouge2", "rougeL")
    }


def meteor(answer: str, references: Sequence[str]) -> float:
    """Return METEOR by words and stems, without synonyms: nothing is downloaded for it.

    Banerjee and Lavie 2005, as nltk has it. WordNet, its synonyms, is a corpus that would have to
    be fetched; so values are at most those of a METEOR with it.
    """
    from nltk.translate.meteor_score import (  # type: ignore[import-untyped] # has no types
        meteor_score,
    )

    words = [normalised(one).split() for one in references]
    return float(meteor_score(words, normalised(answer).split(), wordnet=_NoSynonyms()))


@dataclass(frozen=True, slots=True)
class Abstention:
    """How well `I do not know` is said: of the abstentions how many are right, and the reverse."""

    precision: float
    recall: float
    f1: float


def abstention(answerable: Sequence[bool], abstained: Sequence[bool]) -> Abstention:
    """Return precision, recall and F1 of abstaining, where a query without an answer asks for it.

    Nothing to abstain from and nothing abstained is perfect.
    """
    pairs = list(zip(answerable, abstained, strict=True))
    right = sum(said and not can for can, said in pairs)
    said, due = sum(abstained), sum(not can for can in answerable)
    precision = right / said if said else 1.0
    recall = right / due if due else 1.0
    both = precision + recall
    return Abstention(precision, recall, 2 * precision * recall / both if both else 0.0)


class _NoSynonyms:
    """Stands in for WordNet: no word has another."""

    def synsets(self, _word: str) -> list[Any]:
        """Return nothing."""
        return []


@cache
def _rouge_scorer() -> Any:
    from rouge_score.rouge_scorer import (  # type: ignore[import-untyped] # has no types
        RougeScorer,
    )

    _let_streams_open()
    return RougeScorer(["rouge1", "rouge2", "rougeL"], use_stemmer=True)


def _let_streams_open() -> None:
    """Keep absl, which rouge-score logs by, from closing what was standard error at its import.

    Its handler closes its stream when logging is configured anew (a Dagster run does that), unless
    that is the standard error of then or of the process.
    """
    from absl import logging

    logging.get_absl_handler().python_handler.stream = sys.__stderr__


def _is_mark(character: str) -> bool:
    return unicodedata.category(character)[0] in "PS"


def _best(
    measure: Callable[[list[str], list[str]], float],
    answer: list[str],
    references: Iterable[list[str]],
) -> float:
    return max((measure(answer, one) for one in references), default=0.0)


def _f1(answer: list[str], reference: list[str]) -> float:
    if not answer or not reference:
        return float(answer == reference)
    shared = sum((Counter(answer) & Counter(reference)).values())
    return 2 * shared / (len(answer) + len(reference))


def _share(score: float) -> float:
    return min(score / _HUNDRED, 1.0)

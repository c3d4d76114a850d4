"""How far each signal can be trusted for one query: 0 (says nothing) to 1 (fully).

- An encoder of meanings speaks for the words it knows. Numbers, codes and rare names fall
  into pieces of words, whose vectors hardly tell one receipt from the next: its trust is the
  share of the query's pieces that are whole words.
- Words match by chance: of "a photo of a junco" some caption always has "photo". The trust in
  BM25 is how much of the query the best matching text covers, rare terms counting more.
- Words that a text holds are explained without a picture; what a photograph shows, no text
  says. For a query in words the trust in `image` is the share of them that the best text
  leaves uncovered. A query with a picture asks pictures first: there it is full.
- `image_text` compares with captions, which are made of the pictures that `image` compares
  already: evidence counted twice. It speaks for a picture only where no picture answers.
"""

import math
import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence

from mmrag_pipeline.records import Signal, SparseVector
from mmrag_pipeline.retrieval.signals import Answer, Lists

Trust = Mapping[Signal, float]
BEST_TEXTS = 50
"""Texts looked at per query: as good as all of them, and a few milliseconds."""
_WORD = re.compile(r"\w(?:\S*\w)?")
"""Characters without white space, punctuation around them left out."""


def trust(
    text: str, answers: Sequence[Answer], *, pictured: bool, said: float = 1.0
) -> list[Trust]:
    """Return the trust in each signal of each answer to one query.

    It is in words, a picture (`pictured`) or both; words derived from the picture count less
    (`said`). Which text explains the words is a matter of all answers: a photograph is trusted
    less because of a text that other models found.
    """
    covered = max((_covered(text, answer) for answer in answers), default=0.0)
    return [
        {
            "text": said * _in_words(text, answer) if answer.lists.get("text") else 0.0,
            "image": 1.0 if pictured else 1.0 - covered,
            "image_text": 1.0 if pictured and not answer.lists.get("image") else 0.0,
            "bm25": said * covered,
        }
        for answer in answers
    ]


def _in_words(text: str, answer: Answer) -> float:
    return known_share(text, answer.encoders.text.token_spans(text))


def _covered(text: str, answer: Answer) -> float:
    sparse = answer.encoders.sparse
    return coverage(sparse.query(text), _best_texts(answer.lists), document=sparse.document)


def known_share(text: str, spans: Sequence[tuple[int, int]]) -> float:
    """Return the share of an encoder's pieces that are whole words of letters, above 0, up to 1.

    `spans` are the character spans of the pieces. One word more is counted as known, so that
    meaning still orders what no index term finds.
    """
    words = [match.span() for match in _WORD.finditer(text)]
    pieces = [sum(s < end and e > start for s, e in spans) for start, end in words]
    known = sum(
        count == 1 and text[start:end].isalpha()
        for count, (start, end) in zip(pieces, words, strict=True)
    )
    return (known + 1) / (sum(pieces) + 1)


def coverage(
    asked: SparseVector, texts: Sequence[str], *, document: Callable[[str], SparseVector]
) -> float:
    """Return how much of the asked terms the best of some texts covers, in 0..1.

    A term weighs its inverse document frequency among these texts, so one that none of
    them has weighs most. No text covers nothing.
    """
    held = [set(document(text).indices).intersection(asked.indices) for text in texts]
    frequency = Counter(term for terms in held for term in terms)
    weight = {t: idf(frequency[t], len(texts)) for t in asked.indices}
    total = sum(weight.values())
    return max((sum(weight[t] for t in sorted(terms)) / total for terms in held), default=0.0)


def idf(frequency: int, texts: int) -> float:
    """Return the inverse document frequency as BM25 has it, above 0 for every frequency."""
    return math.log((texts - frequency + 0.5) / (frequency + 0.5) + 1)


def _best_texts(lists: Lists) -> list[str]:
    """Return the best matching texts, a function of the set of candidates only."""
    found = sorted(
        (f.candidate for f in lists.get("bm25", ())), key=lambda c: (-c.score, c.point_id)
    )
    return [str(c.payload.get("text") or "") for c in found[:BEST_TEXTS]]

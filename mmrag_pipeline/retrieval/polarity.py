"""Whether evidence says the contrary of a sentence: the same words, with a negation or without."""

import re

from mmrag_pipeline.wording import content_words

_CLAUSE = re.compile(
    r"[,;.!?]+(?=\s|$)|\n|\b(?:but|and|or|although|though|while|whereas|because)\b"
)
_NEGATION = re.compile(
    r"\bnot\b(?!\s+only\b)|n['’]t\b|\b(?:never|without|none|neither|cannot|nobody|nothing"
    r"|excluding|except)\b|\bno(?=\s+[^\W\d])",
    re.IGNORECASE,
)
"""`No. 12` and `Invoice No` negate nothing."""
_ALIKE = 0.8
"""Share of the content words of each of two clauses that the other has to have."""
_FEWEST_WORDS = 2


def contrary(said: str, shown: str) -> str:
    """Return the clause of the evidence that says the contrary of a sentence; empty for none.

    Clauses of nearly the same content words are compared. Where one of them agrees, nothing is
    contrary; so is nothing that is said in other words (unpaid, fails to).
    """
    held = _clauses(shown)
    for clause in _clauses(said):
        alike = [other for other in held if _alike(clause, other)]
        if alike and all(_negated(other) != _negated(clause) for other in alike):
            return alike[0]
    return ""


def _clauses(text: str) -> list[str]:
    return [clause.strip() for clause in _CLAUSE.split(text) if clause.strip()]


def _negated(clause: str) -> bool:
    """Return whether an odd number of words negates a clause."""
    return len(_NEGATION.findall(clause)) % 2 == 1


def _alike(clause: str, other: str) -> bool:
    words, held = set(content_words(_plain(clause))), set(content_words(_plain(other)))
    differ = any(c.isdigit() for word in words - held for c in word)
    shared = len(words & held) / max(len(words), len(held), 1)
    return len(words) >= _FEWEST_WORDS and not differ and shared >= _ALIKE


def _plain(clause: str) -> str:
    """Return a clause without its negations, which are not what it is about."""
    return _NEGATION.sub(" ", clause)

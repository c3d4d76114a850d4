"""Whether evidence says the contrary of a sentence: the same words, with a negation or without."""

import re

from mmrag_pipeline.wording import content_words

_CLAUSE = re.compile(
    r"[,;.!?]+(?=\s|$)|\n|\b(?:but|and|or|although|though|while|whereas|because)\b"
)
_NEGATION = re.compile(
    r"\bnot\b(?!\s+only\b)|n['’]t\b|\b(?:never|without|none|cannot|nobody|nothing"
    r"|excluding|except)\b|\bno(?=\s+[^\W\d])",
    re.IGNORECASE,
)
"""`No. 12` and `Invoice No` negate nothing."""
_NEITHER = re.compile(r"\bneither\s+(.+?)\s+nor\s+([\w'’-]+)", re.IGNORECASE)
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
    found = (clause for whole in _CLAUSE.split(text) for clause in _apart(whole))
    return [clause.strip() for clause in found if clause.strip()]


def _apart(clause: str) -> list[str]:
    """Return both clauses that `neither A nor B` joins."""
    found = _NEITHER.search(clause)
    if found is None:
        return [clause]
    before, after = clause[: found.start()], clause[found.end() :]
    return [f"{before}not {word}{after}" for word in found.groups()]


def _negated(clause: str) -> bool:
    """Return whether an odd number of words negates a clause."""
    return len(_NEGATION.findall(clause)) % 2 == 1


def _alike(clause: str, other: str) -> bool:
    if _said(clause) == _said(other):
        return len(_said(clause)) >= _FEWEST_WORDS
    words, held = set(content_words(_plain(clause))), set(content_words(_plain(other)))
    differ = any(c.isdigit() for word in words - held for c in word)
    shared = len(words & held) / max(len(words), len(held), 1)
    return len(words) >= _FEWEST_WORDS and not differ and shared >= _ALIKE


def _said(clause: str) -> list[str]:
    """Return all words of a clause but its negations."""
    return re.findall(r"\w+", _plain(clause).casefold())


def _plain(clause: str) -> str:
    """Return a clause without its negations, which are not what it is about."""
    return _NEGATION.sub(" ", clause)

"""What stands in a text in place of personal data: redaction writes it, no answer is one."""

import re
from collections.abc import Mapping
from typing import Literal

PersonalData = Literal["email", "phone", "card", "iban", "national_id"]
MARKS: Mapping[PersonalData, str] = {
    "email": "[e-mail]",
    "phone": "[telephone]",
    "card": "[card]",
    "iban": "[IBAN]",
    "national_id": "[national id]",
}
_ANY = re.compile("|".join(map(re.escape, MARKS.values())))
_ASKS: Mapping[PersonalData, str] = {
    "email": r"\b(?:e-?mails?|mail|reach|contact)\b",
    "phone": r"\b(?:telephones?|phones?|mobile|fax|tel|dial|call|reach|contact)\b",
    "card": r"\bcards?\b",
    "iban": r"\b(?:iban|accounts?|bank)\b",
    "national_id": r"\b(?:ids?|identity|ssn|social security|tax|insurance|passport)\b",
}


def unmarked(text: str) -> str:
    """Return a text without its marks: they are no words of it."""
    return _ANY.sub(" ", text)


def asks_for(question: str, text: str) -> bool:
    """Return whether a question asks for a kind of data that was taken out of a text."""
    return any(
        MARKS[kind] in text and re.search(asks, question, re.I) for kind, asks in _ASKS.items()
    )

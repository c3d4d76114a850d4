"""What a question asks for: which kind of value has to stand in a passage that answers it."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from mmrag_pipeline.values import exact
from mmrag_pipeline.wording import content_words

Sort = Literal["amount", "share", "time", "date", "code", "duration", "number", "any"]
_MONTH = (
    r"(?:jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?"
    r"|sep(?:tember)?|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?)"
)
_DAY = r"(?:mon|tues|wednes|thurs|fri|satur|sun)day"
_SPELLED = (
    r"(?:one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|fifteen|twenty|thirty"
    r"|forty|fifty|sixty|hundred|thousand|half|quarter)"
)
_NUMBER = rf"(?<![\w.-])[-+]?\d[\d.,]*(?![\w-])|\d[\d.,]*\s?[a-z%°]{{1,3}}\b|\b{_SPELLED}\b"
_ASKS: tuple[tuple[Sort, str], ...] = (
    ("share", r"\b(?:share|percent|percentage|proportion)\b"),
    ("time", r"\b(?:what time|which hour|until when)\b"),
    ("date", r"^\W*when\b|\b(?:date|birthday|(?:which|what) (?:day|month|year))\b"),
    (
        "code",
        r"\b(?:code|(?:serial|part|product|order|article|receipt|invoice|model) (?:number|no)"
        r"|(?:which|what) part)\b",
    ),
    ("duration", r"\bhow long\b|\bhow many (?:seconds|minutes|hours|days|weeks|months|years)\b"),
    (
        "amount",
        r"\b(?:price|costs?|fee|total|pay|paid|charged?|salary|how expensive"
        r"|how much (?:is|was|were|are|did|does|do|for))\b",
    ),
    ("number", r"\bhow (?:many|much|\w+)\b|\b(?:number|extension|channel)\b"),
)
_PATTERNS: Mapping[Sort, str] = {
    "amount": r"(?:[€$£¥]|\b(?:EUR|USD|GBP|CHF|RM|MYR|JPY)\b)\s?\d|\d[.,]\d\d(?!\d)",
    "share": r"\d\s?%|\d\s?per ?cent",
    "time": r"\b\d{1,2}[:.]\d\d\b",
    "date": rf"\b\d{{4}}-\d\d-\d\d\b|\b\d{{1,2}}[./]\d{{1,2}}[./]\d{{2,4}}\b|\b{_DAY}\b"
    rf"|\b{_MONTH}\b\.?\s+\d|\d\.?\s+{_MONTH}\b",
    "code": r"\b(?=[\w-]*\d)(?=[\w-]*[a-z])[a-z\d]+(?:-[a-z\d]+)+\b|\b[a-z]+\d+\w*\b",
    "duration": rf"(?:\d|\b{_SPELLED})\s?-?(?:s|sec|seconds?|min|minutes?|h|hours?|days?"
    r"|weeks?|months?|years?|nights?)\b",
    "number": _NUMBER,
    "any": r"",
}
_HOLDS = {sort: re.compile(pattern, re.I) for sort, pattern in _PATTERNS.items()}
_COUNTED = re.compile(
    r"\bhow many (?P<many>[\w-]+)|\b(?:share|percent|percentage|proportion) of .*?\b(?:is|are|was) "
    r"(?:the )?(?P<part>[\w-]+)",
    re.IGNORECASE,
)
_SCAFFOLD = re.compile(
    r"\bhow (?:long|many|much|hot|cold|strong|far|high|tall|deep|old|big|large|heavy|fast|often"
    r"|wide|expensive)\b|\b(?:what|which|when|who|whom|where|whose|why|how)\b"
    r"|\b(?:price|costs?|date|code|number|share|percent|percentage|proportion|time|pay|paid)\b",
    re.IGNORECASE,
)
_THINGS = """
product item article thing receipt invoice bill paper document file picture photo image card chart
figure list note make made take get give use used show shown call called say find found print
printed write written read
"""
_GENERIC = frozenset(content_words(_THINGS))
"""Words that say what kind of thing holds the answer: the thing itself seldom says so."""
_GENERIC_WEIGHT = 0.1


@dataclass(frozen=True, slots=True)
class Asked:
    """A question taken apart."""

    sort: Sort
    terms: frozenset[str]
    """What it is about: its words without those that only say what sort of value is asked for."""
    counted: frozenset[str] = frozenset()
    """What is counted (`how many X`): it has to stand beside its number."""
    known: frozenset[str] = frozenset()
    """Numbers and codes that the question gives: no answer to it."""

    def fits(self, passage: str) -> bool:
        """Return whether a passage holds a value of the sort that is asked for, and a new one."""
        words = set(content_words(passage))
        if self.sort == "any":
            return not words <= self.terms
        found = [match[0] for match in _HOLDS[self.sort].finditer(passage)]
        held = {value.same for value in exact(passage)}
        return bool(found) and self.counted <= words and not (held and held <= self.known)

    def coverage(self, text: str) -> float:
        """Return how much of what it is about a text names, in 0..1."""
        words = set(content_words(text))
        weight = {term: _GENERIC_WEIGHT if term in _GENERIC else 1.0 for term in self.terms}
        total = sum(weight.values())
        held = sum(weight[term] for term in sorted(self.terms & words))
        return held / total if total else 0.0


def asked(question: str) -> Asked:
    """Return what a question asks for; `any` where it names no kind of value."""
    sorts = [sort for sort, pattern in _ASKS if re.search(pattern, question, re.I)]
    sort: Sort = sorts[0] if sorts else "any"
    counted = _COUNTED.search(question)
    named = next((group for group in counted.groups() if group), "") if counted else ""
    known = frozenset(value.same for value in exact(question))
    terms = frozenset(content_words(_SCAFFOLD.sub(" ", question)))
    return Asked(sort, terms, frozenset(content_words(named)), known)

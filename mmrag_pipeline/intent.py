"""What a question asks for: which kind of value has to stand in a passage that answers it."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

from mmrag_pipeline.amounts import CODES, SIGNS
from mmrag_pipeline.marks import asks_for, unmarked
from mmrag_pipeline.numerals import SMALL
from mmrag_pipeline.values import exact
from mmrag_pipeline.wording import content_words

Sort = Literal["amount", "share", "time", "date", "code", "duration", "number", "any"]
_MONTH = (
    r"(?:jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?"
    r"|sep(?:tember)?|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?)"
)
_DAY = r"(?:mon|tues|wednes|thurs|fri|satur|sun)day"
_SPELLED = rf"(?:{SMALL}|hundred|thousand|half|quarter)"
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
        r"\b(?:price|costs?|fee|total|pay|paid|charged?|owe|spend|spent|salary|how expensive"
        r"|how much (?:is|was|were|are|did|does|do|for))\b",
    ),
    ("number", r"\bhow (?:many|much|\w+)\b|\b(?:number|extension|channel)\b"),
)
_PATTERNS: Mapping[Sort, str] = {
    "amount": rf"(?:[{SIGNS}]|\b(?:{CODES})\b)\s?\d|\d[.,]\d\d(?!\d|[.,]\d)",
    "share": r"\d\s?%|\d\s?per ?cent",
    "time": r"\b\d{1,2}[:.]\d\d\b",
    "date": rf"\b\d{{4}}-\d\d-\d\d\b|\b\d{{1,2}}[./]\d{{1,2}}[./]\d{{2,4}}\b|\b{_DAY}\b"
    rf"|\b{_MONTH}\b\.?\s+\d|\d\.?\s+{_MONTH}\b",
    "code": r"\b(?=[\w-]*\d)(?=[\w-]*[a-z])[a-z\d]+(?:-[a-z\d]+)+\b|\b[a-z]+\d+\w*\b",
    "duration": rf"(?<![\w.])(?<!every )(?:\d[\d.,]*|{_SPELLED})\s?-?(?:s|sec|seconds?|min"
    r"|minutes?|h|hours?|days?|weeks?|months?|years?|nights?)\b",
    "number": _NUMBER,
    "any": r"",
}
_HOLDS = {sort: re.compile(pattern, re.I) for sort, pattern in _PATTERNS.items()}
_COUNTED = re.compile(
    r"\bhow many (?P<many>[\w-]+)|\b(?:share|percent|percentage|proportion) of .*?\b(?:is|are|was) "
    r"(?:the )?(?P<part>[\w-]+)|\b(?P<label>serial|vat|tax|telephone|phone|fax|account|customer)"
    r" (?:number|no|code)\b",
    re.IGNORECASE,
)
_SCAFFOLD = re.compile(
    r"\bhow (?:long|many|much|hot|cold|strong|far|high|tall|deep|old|big|large|heavy|fast|often"
    r"|wide|expensive)\b|\b(?:what|which|when|who|whom|where|whose|why|how)\b"
    r"|\b(?:price|costs?|date|code|number|share|percent|percentage|proportion|time|pay|paid|owe|spend|spent)\b",
    re.IGNORECASE,
)
_THINGS = """
product item article thing receipt invoice bill paper document file picture photo image card chart
figure list note make made take get give use used show shown call called say find found print
printed write written read issued dated
"""
_GENERIC = frozenset(content_words(_THINGS))
"""Words that say what kind of thing holds the answer: the thing itself seldom says so."""
_GENERIC_WEIGHT = 0.1
_SUMS = frozenset(content_words("total sum grand amount due balance payable"))
_PERSONAL = frozenset[Sort](("any", "code", "number"))
"""Sorts that personal data are of."""
_LONGEST = 32
"""Characters before a match that may belong to it: no number is longer."""
_BEFORE, _AFTER = re.compile(r"[\w.,:/-]*$"), re.compile(r"[\w.,:/%°-]*")


@dataclass(frozen=True, slots=True)
class Intent:
    """A question taken apart."""

    sort: Sort
    terms: frozenset[str]
    """What it is about: its words without those that only say what sort of value is asked for."""
    counted: frozenset[str] = frozenset()
    """What is counted (`how many X`, `X number`): it has to stand beside its number."""
    known: frozenset[str] = frozenset()
    """Numbers and codes that the question gives: no answer to it."""
    text: str = ""

    @property
    def specific(self) -> frozenset[str]:
        """Return the terms that say of what: neither a kind of thing nor that a sum is meant."""
        return self.terms - _GENERIC - _SUMS

    def fits(self, passage: str) -> bool:
        """Return whether a passage holds a value of the sort that is asked for, and a new one."""
        plain = unmarked(passage)
        words = set(content_words(plain))
        if self.sort == "any":
            return not words <= self.terms
        held = {value.same for value in exact(plain)}
        beside = self.counted <= words and not (held and held <= self.known)
        return beside and _HOLDS[self.sort].search(plain) is not None

    def value(self, passage: str) -> str:
        """Return the value that is asked for as a passage has it; empty for sort `any` and none.

        Of amounts it is the last, as the sum of a row stands at its end.
        """
        if self.sort == "any":
            return ""
        found = _wholes(_HOLDS[self.sort], passage)
        fresh = [one for one in found if not {v.same for v in exact(one)} & self.known]
        return fresh[-1 if self.sort == "amount" else 0] if fresh else ""

    def taken_out_of(self, text: str) -> bool:
        """Return whether what is asked for was taken out of a text: a mark stands in its place."""
        return self.sort in _PERSONAL and asks_for(self.text, text)

    def coverage(self, text: str) -> float:
        """Return how much of what it is about a text names, in 0..1."""
        words = set(content_words(unmarked(text)))
        weight = {term: _GENERIC_WEIGHT if term in _GENERIC else 1.0 for term in self.terms}
        total = sum(weight.values())
        held = sum(weight[term] for term in sorted(self.terms & words))
        return held / total if total else 0.0


def intent_of(question: str) -> Intent:
    """Return what a question asks for; `any` where it names no kind of value."""
    sorts = [sort for sort, pattern in _ASKS if re.search(pattern, question, re.I)]
    sort: Sort = sorts[0] if sorts else "any"
    counted = _COUNTED.search(question)
    named = next((group for group in counted.groups() if group), "") if counted else ""
    known = frozenset(value.same for value in exact(question))
    terms = frozenset(content_words(_SCAFFOLD.sub(" ", question)))
    return Intent(sort, terms, frozenset(content_words(named)), known, question)


def _wholes(pattern: re.Pattern[str], text: str) -> Iterator[str]:
    """Yield what each match is part of, once: a pattern may begin and end within a number."""
    done = 0
    for match in pattern.finditer(text):
        if match.start() >= done:
            start = max(done, match.start() - _LONGEST)
            before, after = (
                _BEFORE.search(text, start, match.start()),
                _AFTER.match(text, match.end()),
            )
            done = after.end() if after else match.end()
            yield text[before.start() if before else match.start() : done].strip(".,:/-")

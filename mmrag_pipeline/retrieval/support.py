"""Whether the evidence that a sentence cites bears it out.

Numbers, codes and names are right or wrong: each has to occur. The other words may be put in
another way, so of them a share has to.
"""

from collections.abc import Mapping

from mmrag_pipeline.answer_records import Checked, Citation, Evidence, Passage
from mmrag_pipeline.values import exact, holds, values
from mmrag_pipeline.wording import citations, content_words, knows_nothing

LEAST_SUPPORT = 0.5
"""Share of a sentence's content words that its evidence has to have: half may be paraphrase."""


def check(sentence: str, evidence: Mapping[str, Evidence]) -> Checked:
    """Return a sentence without its citations, and what is wrong with it.

    Saying that nothing is known claims nothing, so it needs no evidence.
    """
    text, named = citations(sentence)
    if knows_nothing(text):
        return Checked(text, support=1.0)
    cited = [evidence[name] for name in named if name in evidence]
    unknown = tuple(name for name in named if name not in evidence)
    shown = "\n".join(one.text for one in cited)
    missing = [value.text for value in values(text) if not holds(shown, value)]
    found = Checked(
        text,
        citations=tuple(_citation(text, one) for one in cited),
        unknown=unknown,
        missing=tuple(dict.fromkeys(missing)),
        support=share(text, shown) if cited else 0.0,
    )
    return Checked(
        found.text, found.citations, found.unknown, found.missing, found.support, _problem(found)
    )


def share(text: str, shown: str) -> float:
    """Return the share of a text's content words, numbers among them, that another has.

    A text without any (`Yes.`) says nothing that could be looked up: none.
    """
    words = content_words(text)
    held = set(content_words(shown))
    return sum(word in held for word in words) / len(words) if words else 0.0


def _problem(found: Checked) -> str:
    if found.unknown:
        return f"it cites evidence that does not exist: {', '.join(found.unknown)}"
    if not found.citations:
        return "it cites no evidence"
    if found.missing:
        return f"not in the evidence that it cites: {', '.join(found.missing)}"
    if found.support < LEAST_SUPPORT:
        return f"the evidence that it cites has {found.support:.0%} of its words"
    return ""


def _citation(text: str, evidence: Evidence) -> Citation:
    """Return the passage that supports a text best: most numbers and codes, then most words."""
    claimed = exact(text)

    def worth(passage: Passage) -> tuple[int, float]:
        held = sum(holds(passage.text, value) for value in claimed)
        return held, share(text, passage.text)

    best = max(evidence.passages, key=worth, default=None)
    if best is None:
        return Citation(evidence.evidence_id, "", evidence.box)
    return Citation(evidence.evidence_id, best.text, best.box or evidence.box)

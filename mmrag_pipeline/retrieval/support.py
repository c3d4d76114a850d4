"""Whether the evidence that a sentence cites bears it out.

Numbers, codes and names are right or wrong: each has to occur. The other words may be put in
another way, so of them a share has to; what nearly the same words deny is not borne out.
"""

from collections.abc import Mapping
from dataclasses import replace

from mmrag_pipeline.amounts import amounts
from mmrag_pipeline.answer_records import Checked, Citation, Evidence, Passage
from mmrag_pipeline.retrieval.claims import as_claim, as_evidence, missing
from mmrag_pipeline.retrieval.polarity import contrary
from mmrag_pipeline.values import exact, holds
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
    shown = as_evidence("\n".join(one.text for one in cited))
    claim = as_claim(text, shown)
    lacking = missing(claim, shown)
    borne_out = [] if lacking else [one.text for one in amounts(claim)]
    found = Checked(
        text,
        citations=tuple(_citation(claim, one) for one in cited),
        unknown=tuple(name for name in named if name not in evidence),
        missing=lacking,
        support=share(claim, "\n".join([shown, *borne_out])) if cited else 0.0,
    )
    return replace(found, problem=_problem(found, contrary(claim, shown)))


def share(text: str, shown: str) -> float:
    """Return the share of a text's content words, numbers among them, that another has.

    A text without any (`Yes.`) says nothing that could be looked up: none.
    """
    words = content_words(text)
    held = set(content_words(shown))
    return sum(word in held for word in words) / len(words) if words else 0.0


def _problem(found: Checked, denied: str) -> str:
    if found.unknown:
        return f"it cites evidence that does not exist: {', '.join(found.unknown)}"
    if not found.citations:
        return "it cites no evidence"
    if found.missing:
        return f"not in the evidence that it cites: {', '.join(found.missing)}"
    if found.support < LEAST_SUPPORT:
        return f"the evidence that it cites has {found.support:.0%} of its words"
    if denied:
        return f"the evidence that it cites says the contrary: {denied}"
    return ""


def _citation(claim: str, evidence: Evidence) -> Citation:
    """Return the passage that supports a claim best: most numbers and codes, then most words."""
    claimed = exact(claim)

    def worth(passage: Passage) -> tuple[int, float]:
        shown = as_evidence(passage.text)
        return sum(holds(shown, value) for value in claimed), share(claim, shown)

    best = max(evidence.passages, key=worth, default=None)
    if best is None:
        return Citation(evidence.evidence_id, "", evidence.box)
    return Citation(evidence.evidence_id, best.text, best.box or evidence.box)

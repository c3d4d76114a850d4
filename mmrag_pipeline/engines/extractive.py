"""Answers by quoting: the passage that supports an answer best, verbatim, or none at all.

A quoted value is a value that is written somewhere: nothing is composed, so nothing is invented.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from mmrag_pipeline.answer_records import Ask, Evidence, Passage, Usage
from mmrag_pipeline.engines.totals import amounts_asked_for
from mmrag_pipeline.intent import Intent, intent_of
from mmrag_pipeline.model_ports import TextEncoder
from mmrag_pipeline.records import Card
from mmrag_pipeline.wording import DO_NOT_KNOW, defused

THRESHOLD = 0.8
"""Least confidence of an answer. Of the demo's 88 questions, half of which no file answers
(`python -m benchmarks.answers`), each threshold from 0.80 to 0.90 answers 41 of 44 right, none
wrong, and none of the others; 0.75 answers one of the others and 0.60 three."""
_REVISION = "2"
_COMPARED = 40
"""Passages whose meaning is compared, those with the most words in common."""
_BESIDE = 0.5
"""What the words and the meaning of a passage count beside those of its page."""
_ABOUT = 0.5
"""A passage that answers no question for a value covers so much of it, or means as much."""


@dataclass(frozen=True, slots=True)
class Quote:
    """A passage that may answer, with how sure that is."""

    evidence: Evidence
    passage: Passage
    confidence: float
    """How much of what is asked about the page names, in 0..1."""


@dataclass(frozen=True, slots=True)
class _Candidate:
    evidence: Evidence
    passage: Passage
    page: float
    own: float


@dataclass(frozen=True, slots=True)
class Extractive:
    """Quotes the evidence (model_ports.Answerer)."""

    text: TextEncoder
    threshold: float = THRESHOLD

    @property
    def card(self) -> Card:
        """Return the card; the text encoder and the threshold are part of it."""
        return Card(
            name="extractive",
            revision=_REVISION,
            modality="answer",
            dimension=0,
            licence="Apache-2.0",
            weights_sha256="",
            preprocessing=f"text {self.text.card.fingerprint}, threshold {self.threshold:g}",
            precision=self.text.card.precision,
        )

    def answer(self, question: Ask, evidence: Sequence[Evidence]) -> Iterator[str | Usage]:
        """Yield the best passage and, where that does not say it, the one that says of what."""
        quote = self.best(question.text, evidence)
        if quote is None or quote.confidence < self.threshold:
            yield DO_NOT_KNOW
        else:
            for passage in (quote.passage, *_context(intent_of(question.text), quote)):
                yield f"{defused(passage.text)} [{quote.evidence.evidence_id}]\n"
        yield Usage()

    def best(self, question: str, evidence: Sequence[Evidence]) -> Quote | None:
        """Return the passage that answers best, however unsure; None where none fits."""
        wanted = intent_of(question)
        found = _candidates(wanted, evidence)
        if not found:
            return None
        rows = self.text.encode([question, *(one.passage.text for one in found)])
        meanings = [float(row @ rows[0]) for row in rows[1:]]
        scored = [
            (one.page + _BESIDE * (one.own + meaning), -at)
            for at, (one, meaning) in enumerate(zip(found, meanings, strict=True))
            if wanted.sort != "any" or max(one.own, meaning) >= _ABOUT
        ]
        if not scored:
            return None
        first = found[-max(scored)[1]]
        return Quote(first.evidence, first.passage, first.page)


def _candidates(wanted: Intent, evidence: Sequence[Evidence]) -> list[_Candidate]:
    """Return the passages that hold what is asked for, most words in common first."""
    found = [
        _Candidate(one, passage, page, wanted.coverage(passage.text))
        for one in evidence
        if (page := wanted.coverage(one.text)) > 0
        for passage in _fitting(wanted, one)
    ]
    ranked = sorted(found, key=lambda one: -(one.page + _BESIDE * one.own))
    return ranked[:_COMPARED]


def _fitting(wanted: Intent, page: Evidence) -> Sequence[Passage]:
    """Return the passages of a page that may be the answer."""
    if wanted.taken_out_of(page.text):
        return []
    if wanted.sort == "amount":
        return amounts_asked_for(wanted, page.passages)
    return [passage for passage in page.passages if wanted.fits(passage.text)]


def _context(wanted: Intent, quote: Quote) -> list[Passage]:
    """Return the passage of the page that names most of what the quote itself does not name."""
    own = wanted.coverage(quote.passage.text)
    if own >= THRESHOLD:
        return []
    together = {
        passage: wanted.coverage(f"{quote.passage.text}\n{passage.text}")
        for passage in quote.evidence.passages
        if passage != quote.passage
    }
    best = max(together, key=together.__getitem__, default=None)
    return [best] if best is not None and together[best] > own else []

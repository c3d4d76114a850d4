"""Values that answers are made of: evidence, what a model says, and what came of checking it."""

from collections.abc import Sequence
from dataclasses import dataclass

from mmrag_pipeline.ids import Json, digest_bytes, digest_json
from mmrag_pipeline.records import Box, Card, Pixels, PointKind


@dataclass(frozen=True, slots=True)
class Passage:
    """A whole sentence or table row as it is written, and where."""

    text: str
    box: Box | None = None


@dataclass(frozen=True, slots=True)
class Evidence:
    """What one page of a file says; the first item of a file may show its picture."""

    evidence_id: str
    """E1, E2, ... in one answer."""
    domain: str
    key: str
    page_no: int
    kind: PointKind
    box: Box | None
    """In page pixels; None for text files and whole files of text."""
    passages: tuple[Passage, ...]
    jpeg: bytes | None = None

    @property
    def text(self) -> str:
        """Return the passages, one a line."""
        return "\n".join(passage.text for passage in self.passages)

    @property
    def digest(self) -> str:
        """Return the digest of all that an answerer sees of it, its name included."""
        shown = digest_bytes(self.jpeg) if self.jpeg else ""
        place: Json = [self.domain, self.key, self.page_no, self.kind]
        box = self.box.as_text() if self.box else ""
        return digest_json([self.evidence_id, place, box, self.text, shown])


@dataclass(frozen=True, slots=True)
class Usage:
    """What an answer cost, as the server counted; None where it did not say."""

    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    cut: bool = False
    """Whether the answer ends where no more tokens were allowed."""

    def as_json(self) -> dict[str, Json]:
        """Return the fields by name."""
        return {
            "prompt_tokens": self.prompt_tokens,
            "completion_tokens": self.completion_tokens,
            "cut": self.cut,
        }


@dataclass(frozen=True, slots=True)
class Ask:
    """A question in words, maybe about a picture."""

    text: str
    picture: Pixels | None = None


@dataclass(frozen=True, slots=True)
class Citation:
    """What a sentence rests on: the passage of the cited evidence that supports it best."""

    evidence_id: str
    quote: str
    box: Box | None


@dataclass(frozen=True, slots=True)
class Checked:
    """A sentence of an answer, and whether its evidence bears it out."""

    text: str
    """Without its citations."""
    citations: tuple[Citation, ...] = ()
    unknown: tuple[str, ...] = ()
    """Evidence that it cites and that does not exist."""
    missing: tuple[str, ...] = ()
    """Numbers, codes and names in it that its evidence does not have."""
    support: float = 0.0
    """Share of its words that its evidence has, in 0..1."""
    problem: str = ""
    """Why it is not supported, in words; empty when it is."""

    def as_json(self) -> dict[str, object]:
        """Return the sentence as `mmrag ask --json` prints it."""
        return {
            "text": self.text,
            "supported": not self.problem,
            "problem": self.problem,
            "support": round(self.support, 4),
            "missing": list(self.missing),
            "unknown": list(self.unknown),
            "citations": [
                {"id": one.evidence_id, "quote": one.quote, "box": _sides(one.box)}
                for one in self.citations
            ],
        }


@dataclass(frozen=True, slots=True)
class GroundedAnswer:
    """An answer sentence by sentence, with the evidence it was made from."""

    question: str
    sentences: tuple[Checked, ...]
    evidence: tuple[Evidence, ...]
    model: Card
    usage: Usage = Usage()
    abstained: bool = False
    """Whether it says that it does not know, and nothing else."""
    cached: bool = False

    @property
    def text(self) -> str:
        """Return the answer without citations."""
        return " ".join(sentence.text for sentence in self.sentences)

    @property
    def groundedness(self) -> float:
        """Return the share of sentences that cited evidence supports; 1 where it abstained."""
        if self.abstained:
            return 1.0
        borne_out = sum(not sentence.problem for sentence in self.sentences)
        return borne_out / len(self.sentences) if self.sentences else 0.0

    def as_json(self) -> dict[str, object]:
        """Return what `mmrag ask --json` prints."""
        return {
            "question": self.question,
            "answer": self.text,
            "abstained": self.abstained,
            "groundedness": round(self.groundedness, 4),
            "sentences": [sentence.as_json() for sentence in self.sentences],
            "evidence": [_evidence_json(one) for one in self.evidence],
            "model": {"name": self.model.name, "card": self.model.fingerprint},
            "usage": self.usage.as_json(),
            "cached": self.cached,
        }


def by_id(evidence: Sequence[Evidence]) -> dict[str, Evidence]:
    """Return evidence under its names."""
    return {one.evidence_id: one for one in evidence}


def _evidence_json(one: Evidence) -> dict[str, object]:
    return {
        "id": one.evidence_id,
        "domain": one.domain,
        "key": one.key,
        "page": one.page_no,
        "kind": one.kind,
        "box": _sides(one.box),
        "text": one.text,
        "pictured": one.jpeg is not None,
        "digest": one.digest,
    }


def _sides(box: Box | None) -> list[int] | None:
    return [box.left, box.top, box.right, box.bottom] if box else None

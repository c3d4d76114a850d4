"""What every answerer must hold, inherited by the tests of each."""

from abc import ABC, abstractmethod
from collections.abc import Sequence

from mmrag_pipeline.answer_records import Ask, Evidence, Passage, Usage
from mmrag_pipeline.model_ports import Answerer
from mmrag_pipeline.records import Box
from mmrag_pipeline.wording import citations, knows_nothing, sentences

QUESTION = "How much does the Brelvane Hush cost?"


def evidence(*texts: str, jpeg: bytes | None = None) -> list[Evidence]:
    """Return an item per text, its lines as passages."""
    return [
        Evidence(f"E{n}", "shop", f"{n}.png", 1, "ocr", None, _passages(text), jpeg)
        for n, text in enumerate(texts, start=1)
    ]


def _passages(text: str) -> tuple[Passage, ...]:
    lines = text.split("\n")
    return tuple(Passage(line, Box(0, 10 * at, 90, 10 * at + 9)) for at, line in enumerate(lines))


def text_of(pieces: Sequence[str | Usage]) -> str:
    """Return what an answerer said."""
    return "".join(piece for piece in pieces if isinstance(piece, str))


class AnswererPack(ABC):
    """Laws of an Answerer."""

    @abstractmethod
    def answerer(self) -> Answerer:
        """Return the answerer under test; it finds QUESTION's answer, EUR 189.00, in E1."""

    def _said(self) -> list[str | Usage]:
        shown = evidence("Brelvane Hush\nXR-200\nEUR 189.00", "Kumavi Pulse\nEUR 98.20")
        return list(self.answerer().answer(Ask(QUESTION), shown))

    def test_every_sentence_cites_evidence_or_says_that_nothing_is_known(self) -> None:
        said = sentences(text_of(self._said()))
        assert said
        assert all(citations(one)[1] or knows_nothing(one) for one in said)

    def test_usage_comes_once_and_last(self) -> None:
        said = self._said()
        assert [isinstance(piece, Usage) for piece in said] == [False] * (len(said) - 1) + [True]

    def test_the_card_says_that_it_answers_and_keeps_its_fingerprint(self) -> None:
        first, second = self.answerer().card, self.answerer().card
        assert (first.modality, first.fingerprint) == ("answer", second.fingerprint)

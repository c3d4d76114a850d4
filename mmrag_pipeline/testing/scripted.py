"""Engines that say what a test tells them, whatever they are shown."""

from collections.abc import Sequence
from dataclasses import dataclass

from mmrag_pipeline.engines.stub import StubCaptioner, StubOcr
from mmrag_pipeline.records import Caption, Card, Line, OcrResult, Pixels


@dataclass(frozen=True, slots=True)
class ScriptedOcr:
    """Ocr that reads these lines on every page."""

    lines: tuple[Line, ...]
    revision: str = "1"

    @property
    def card(self) -> Card:
        """Return the card; another revision has another fingerprint."""
        return StubOcr(revision=f"scripted {self.revision}").card

    def read(self, pages: Sequence[Pixels]) -> list[OcrResult]:
        """Return the lines, once per picture."""
        return [OcrResult(self.lines, "latin", 0.9) for _ in pages]


@dataclass(frozen=True, slots=True)
class ScriptedCaptioner:
    """Captioner that says the same of every page."""

    text: str
    revision: str = "1"

    @property
    def card(self) -> Card:
        """Return the card; another revision has another fingerprint."""
        return StubCaptioner(revision=f"scripted {self.revision}").card

    def caption(self, pages: Sequence[Pixels]) -> list[tuple[Caption, ...]]:
        """Return the caption, once per picture."""
        return [(Caption(self.text, 0.5),) for _ in pages]

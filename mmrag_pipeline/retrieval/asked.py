"""What a strategy is told of a query, and what a strategy is."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, Protocol, runtime_checkable

from mmrag_pipeline.retrieval.fusion import FileId, FusedFile
from mmrag_pipeline.retrieval.signals import Answer

DERIVED = 0.5
"""Trust in what words find that a model said of a picture, beside words that a person gave."""
Form = Literal["words", "exact", "picture", "both"]
"""What a query is made of: words, words with numbers or codes, a picture, or words and one."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What a strategy knows of a query, beside the answers to it."""

    text: str
    pictured: bool
    """Whether it has a picture."""
    depth: int
    """After how many points of one domain each list was cut off."""
    derived: str = ""
    """What models saw and read in the picture of a query that has no words."""

    @property
    def words(self) -> str:
        """Return the words that ask texts: its own, or those derived from its picture."""
        return self.text if self.text.strip() else self.derived

    @property
    def said(self) -> float:
        """Return how far they are the asker's: trust in what they find is multiplied by it."""
        return 1.0 if self.text.strip() else DERIVED

    @property
    def form(self) -> Form:
        """Return what it is made of; a digit anywhere in its words makes it exact."""
        if self.pictured:
            return "both" if self.text.strip() else "picture"
        return "exact" if any(letter.isdigit() for letter in self.text) else "words"


class Strategy(Protocol):
    """Ranks the files that signals found; the order of candidates never matters."""

    def __call__(self, asked: Asked, answers: Sequence[Answer]) -> list[FusedFile]:
        """Return the files, best first; a file's score is the sum of its signals' contributions."""
        ...


@runtime_checkable
class Staged(Protocol):
    """A strategy for which cheap signals are asked first, and pictures only where it pays."""

    def shortlist(self, asked: Asked, answers: Sequence[Answer]) -> frozenset[FileId] | None:
        """Return the files within which pictures are asked, from what cheap signals answered.

        None asks them everywhere, an empty set nowhere.
        """
        ...

"""The models that stations and queries ask; engines provide them."""

from collections.abc import Iterator, Sequence
from typing import Protocol

from mmrag_pipeline.answer_records import Ask, Evidence, Usage
from mmrag_pipeline.records import (
    Caption,
    Card,
    Judgement,
    OcrResult,
    Pixels,
    SparseVector,
    Vectors,
)


class Model(Protocol):
    """What is asked at a price, and is told apart by its card."""

    @property
    def card(self) -> Card:
        """Return the card; does not load weights."""
        ...


class Ocr(Model, Protocol):
    """Reads printed words."""

    def read(self, pages: Sequence[Pixels]) -> list[OcrResult]:
        """Return the lines of each picture, boxes in that picture's pixels."""
        ...


class Captioner(Model, Protocol):
    """Describes pictures in words."""

    def caption(self, pages: Sequence[Pixels]) -> list[tuple[Caption, ...]]:
        """Return the captions of each picture, best first; possibly none."""
        ...


class ImageFilter(Model, Protocol):
    """Tells pictures that nobody should be shown."""

    def judge(self, pictures: Sequence[Pixels]) -> list[tuple[Judgement, ...]]:
        """Return the score of every label for each picture, labels in the same order."""
        ...


class ImageTextEncoder(Model, Protocol):
    """Pictures and words in one space."""

    def encode_images(self, pictures: Sequence[Pixels]) -> Vectors:
        """Return one unit row per picture."""
        ...

    def encode_texts(self, texts: Sequence[str]) -> Vectors:
        """Return one unit row per text."""
        ...


class TextEncoder(Model, Protocol):
    """Words in a space of meanings."""

    def encode(self, texts: Sequence[str]) -> Vectors:
        """Return one unit row per text."""
        ...

    def token_spans(self, text: str) -> list[tuple[int, int]]:
        """Return the character span of each token, special tokens left out."""
        ...


class SparseEncoder(Model, Protocol):
    """Words as weighted token ids."""

    def document(self, text: str) -> SparseVector:
        """Return the vector of an indexed text."""
        ...

    def query(self, text: str) -> SparseVector:
        """Return the vector of a query."""
        ...


class Answerer(Model, Protocol):
    """Answers questions from evidence."""

    def answer(self, question: Ask, evidence: Sequence[Evidence]) -> Iterator[str | Usage]:
        """Yield the answer piece by piece, sentences with citations like `[E1]`; Usage last.

        It is exactly `wording.DO_NOT_KNOW` where evidence is lacking. Raises AnswerError.
        """
        ...


class PairScorer(Model, Protocol):
    """Reads a query and a passage together."""

    def scores(self, query: str, passages: Sequence[str]) -> list[float]:
        """Return how well each passage answers the query; higher is better, on any scale."""
        ...

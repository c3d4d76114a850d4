"""Cheap deterministic engines that count their work: for tests and overhead benchmarks."""

from collections.abc import Mapping, Sequence

import numpy as np

from mmrag_pipeline.ids import digest_bytes, digest_text
from mmrag_pipeline.records import (
    Box,
    Caption,
    Card,
    Judgement,
    Line,
    Modality,
    OcrResult,
    Pixels,
    Vectors,
)

WORDS = ("amber", "bolt", "cedar", "delta", "ember", "fjord", "grove", "harbor") * 2
"""Sixteen words, one per hexadecimal digit: what the fakes spell digests with."""


class _Counted:
    """A card and how much was asked: `calls` items in `batches` non-empty calls."""

    def __init__(self, modality: Modality, *, revision: str, dimension: int = 0) -> None:
        self.calls = 0
        self.batches = 0
        self._card = Card(
            name=f"stub-{modality}",
            revision=revision,
            modality=modality,
            dimension=dimension,
            licence="Apache-2.0",
            weights_sha256="",
            preprocessing="none",
            precision="float32",
            trial_only=True,
        )

    @property
    def card(self) -> Card:
        """Return the card; another revision has another fingerprint."""
        return self._card

    def _count(self, items: int) -> None:
        self.calls += items
        self.batches += items > 0

    def _unit_rows(self, digests: Sequence[str]) -> Vectors:
        """Return one unit row per digest, a function of digest and revision."""
        rows = np.empty((len(digests), self._card.dimension), dtype=np.float32)
        for number, digest in enumerate(digests):
            seed = int(digest_text(f"{self._card.revision}/{digest}"), 16)
            row = np.random.default_rng(seed).standard_normal(self._card.dimension)
            rows[number] = row / np.linalg.norm(row)
        return rows


class StubOcr(_Counted):
    """Reads two lines off any picture of at least 16 px a side: its digest, spelled in words."""

    def __init__(self, *, revision: str = "1") -> None:
        super().__init__("ocr", revision=revision)

    def read(self, pages: Sequence[Pixels]) -> list[OcrResult]:
        """Return two lines per picture, a function of its pixels and the revision."""
        self._count(len(pages))
        return [self._read(page) for page in pages]

    def _read(self, page: Pixels) -> OcrResult:
        height, width = page.shape[:2]
        if min(height, width) < 16:
            return OcrResult((), "", 0.0)
        digest = digest_text(f"{self._card.revision}/{pixels_digest(page)}")
        middle = height // 2
        lines = (
            Line(_spell(digest[:4]), Box(0, 0, width, middle), 0.9),
            Line(f"number {int(digest[4:10], 16)}", Box(0, middle, width, height), 0.8),
        )
        return OcrResult(lines, "latin", 0.85)


class StubCaptioner(_Counted):
    """Names two words of the picture's digest."""

    def __init__(self, *, revision: str = "1") -> None:
        super().__init__("caption", revision=revision)

    def caption(self, pages: Sequence[Pixels]) -> list[tuple[Caption, ...]]:
        """Return one caption per picture, a function of its pixels and the revision."""
        self._count(len(pages))
        return [(Caption(f"a picture of {self._words(page)}", 0.5),) for page in pages]

    def _words(self, page: Pixels) -> str:
        return _spell(digest_text(f"{self._card.revision}/{pixels_digest(page)}")[:2])


class StubFilter(_Counted):
    """Finds a picture `odd` or `fine` by its digest: about every third is odd."""

    def __init__(self, *, revision: str = "1") -> None:
        super().__init__("safety", revision=revision)

    def judge(self, pictures: Sequence[Pixels]) -> list[tuple[Judgement, ...]]:
        """Return the scores of both labels, a function of the pixels and the revision."""
        self._count(len(pictures))
        return [self._judged(picture) for picture in pictures]

    def _judged(self, picture: Pixels) -> tuple[Judgement, ...]:
        digest = digest_text(f"{self._card.revision}/{pixels_digest(picture)}")
        odd = 0.9 if int(digest, 16) % 3 == 0 else 0.1
        return Judgement("odd", odd), Judgement("fine", 1.0 - odd)


class StubImageText(_Counted):
    """Random unit vectors, a function of the content."""

    def __init__(self, dimension: int = 16, *, revision: str = "1") -> None:
        super().__init__("image_text", revision=revision, dimension=dimension)

    @property
    def logit_scale(self) -> float:
        """Return a factor as trained models have it."""
        return 20.0

    def encode_images(self, pictures: Sequence[Pixels]) -> Vectors:
        """Return one unit row per picture."""
        self._count(len(pictures))
        return self._unit_rows([pixels_digest(picture) for picture in pictures])

    def encode_texts(self, texts: Sequence[str]) -> Vectors:
        """Return one unit row per text."""
        self._count(len(texts))
        return self._unit_rows([digest_text(text) for text in texts])


class StubText(_Counted):
    """Random unit vectors, a function of the text; a token is a run without white space."""

    def __init__(self, dimension: int = 16, *, revision: str = "1") -> None:
        super().__init__("text", revision=revision, dimension=dimension)

    def encode(self, texts: Sequence[str]) -> Vectors:
        """Return one unit row per text."""
        self._count(len(texts))
        return self._unit_rows([digest_text(text) for text in texts])

    def token_spans(self, text: str) -> list[tuple[int, int]]:
        """Return the span of each run of characters that are not white space."""
        spans, end = [], 0
        for word in text.split():
            start = text.index(word, end)
            end = start + len(word)
            spans.append((start, end))
        return spans


class StubPairs(_Counted):
    """Scores passages as it is told to; 0 for others."""

    def __init__(self, told: Mapping[str, float], *, revision: str = "1") -> None:
        super().__init__("pair", revision=revision, dimension=1)
        self._told = told

    def scores(self, query: str, passages: Sequence[str]) -> list[float]:
        """Return what was told of each passage."""
        self._count(len(passages))
        return [self._told.get(passage, 0.0) for passage in passages]


def pixels_digest(pixels: Pixels) -> str:
    """Return the digest of a picture's size and pixels."""
    return digest_text(f"{pixels.shape}/{digest_bytes(np.ascontiguousarray(pixels).data)}")


def _spell(digits: str) -> str:
    return " ".join(WORDS[int(digit, 16)] for digit in digits)

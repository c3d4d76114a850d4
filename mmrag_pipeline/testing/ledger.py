"""Engines that write down what they were given: every call is an entry of a ledger."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from mmrag_pipeline.engines.stub import pixels_digest
from mmrag_pipeline.ids import digest_text
from mmrag_pipeline.model_ports import Captioner, ImageFilter, ImageTextEncoder, Ocr, TextEncoder
from mmrag_pipeline.records import Caption, Card, Judgement, OcrResult, Pixels, Vectors
from mmrag_pipeline.testing.worlds import Models

Entry = tuple[str, str, str]
"""(role, card fingerprint, digest of the input)."""


@dataclass(frozen=True, slots=True)
class Ledger:
    """How often each engine saw each input."""

    entries: Counter[Entry] = field(default_factory=Counter)

    def note(self, role: str, card: Card, digests: Sequence[str]) -> None:
        """Add one call."""
        self.entries.update((role, card.fingerprint, digest) for digest in digests)

    def calls(self, *roles: str) -> int:
        """Return the inputs seen by these roles, by all without any."""
        return sum(n for (role, _, _), n in self.entries.items() if not roles or role in roles)

    def repeated(self) -> int:
        """Return how many inputs were given again."""
        return self.entries.total() - len(self.entries)


def audited(models: Models, ledger: Ledger) -> Models:
    """Return the same models, every call of which is noted (sparse vectors cost nothing)."""
    return Models(
        AuditedOcr(models.ocr, ledger),
        AuditedCaptioner(models.captioner, ledger),
        AuditedImageText(models.image_text, ledger),
        AuditedText(models.text, ledger),
        models.sparse,
        models.image_filter and AuditedFilter(models.image_filter, ledger),
    )


@dataclass(frozen=True, slots=True)
class AuditedFilter:
    """ImageFilter with a ledger, role `image_filter`."""

    inner: ImageFilter
    ledger: Ledger

    @property
    def card(self) -> Card:
        """Return the card."""
        return self.inner.card

    def judge(self, pictures: Sequence[Pixels]) -> list[tuple[Judgement, ...]]:
        """Note and judge."""
        self.ledger.note("image_filter", self.card, [pixels_digest(p) for p in pictures])
        return self.inner.judge(pictures)


@dataclass(frozen=True, slots=True)
class AuditedOcr:
    """Ocr with a ledger, role `ocr`."""

    inner: Ocr
    ledger: Ledger

    @property
    def card(self) -> Card:
        """Return the card."""
        return self.inner.card

    def read(self, pages: Sequence[Pixels]) -> list[OcrResult]:
        """Note and read."""
        self.ledger.note("ocr", self.card, [pixels_digest(page) for page in pages])
        return self.inner.read(pages)


@dataclass(frozen=True, slots=True)
class AuditedCaptioner:
    """Captioner with a ledger, role `captions`."""

    inner: Captioner
    ledger: Ledger

    @property
    def card(self) -> Card:
        """Return the card."""
        return self.inner.card

    def caption(self, pages: Sequence[Pixels]) -> list[tuple[Caption, ...]]:
        """Note and caption."""
        self.ledger.note("captions", self.card, [pixels_digest(page) for page in pages])
        return self.inner.caption(pages)


@dataclass(frozen=True, slots=True)
class AuditedImageText:
    """ImageTextEncoder with a ledger, roles `image` and `image_text`."""

    inner: ImageTextEncoder
    ledger: Ledger

    @property
    def card(self) -> Card:
        """Return the card."""
        return self.inner.card

    def encode_images(self, pictures: Sequence[Pixels]) -> Vectors:
        """Note and encode."""
        self.ledger.note("image", self.card, [pixels_digest(picture) for picture in pictures])
        return self.inner.encode_images(pictures)

    def encode_texts(self, texts: Sequence[str]) -> Vectors:
        """Note and encode."""
        self.ledger.note("image_text", self.card, [digest_text(text) for text in texts])
        return self.inner.encode_texts(texts)


@dataclass(frozen=True, slots=True)
class AuditedText:
    """TextEncoder with a ledger, role `text`."""

    inner: TextEncoder
    ledger: Ledger

    @property
    def card(self) -> Card:
        """Return the card."""
        return self.inner.card

    def encode(self, texts: Sequence[str]) -> Vectors:
        """Note and encode."""
        self.ledger.note("text", self.card, [digest_text(text) for text in texts])
        return self.inner.encode(texts)

    def token_spans(self, text: str) -> list[tuple[int, int]]:
        """Return the token spans."""
        return self.inner.token_spans(text)


@dataclass(frozen=True, slots=True)
class BrokenOcr:
    """Ocr whose library is not what it expects: every call fails."""

    card: Card

    def read(self, pages: Sequence[Pixels]) -> list[OcrResult]:
        """Raise RuntimeError."""
        raise RuntimeError(f"no kernel for {len(pages)} pictures")

"""Captions without a caption model: the label whose words lie nearest to the picture."""

from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

import numpy as np
import numpy.typing as npt

from mmrag_pipeline.engines.lazy import Lazy
from mmrag_pipeline.ids import digest_json
from mmrag_pipeline.model_ports import ImageTextEncoder
from mmrag_pipeline.records import Caption, Card, Pixels, Vectors

VOCABULARY = Path(__file__).with_name("labels.txt")
TEMPERATURE = 2.0
"""Softens the softmax: the true label may not be on the list, so certainty is not earned."""
THRESHOLD = 0.2
"""Below this confidence a picture gets no caption."""
SURE = 0.6
"""From this confidence on a caption says what is there without `probably`."""


class ScoringEncoder(ImageTextEncoder, Protocol):
    """An image-text encoder that knows the factor it was trained to put on cosines."""

    @property
    def logit_scale(self) -> float:
        """Return the factor; may load weights."""
        ...


class LabelCaptioner:
    """Zero-shot labels worded as captions, behind the Captioner port."""

    def __init__(self, encoder: ScoringEncoder, *, labels: Sequence[str] | None = None) -> None:
        self._encoder = encoder
        self._labels = tuple(labels) if labels is not None else read_vocabulary(VOCABULARY)
        self._vectors = Lazy(
            lambda: encoder.encode_texts([with_article(label) for label in self._labels])
        )

    @property
    def card(self) -> Card:
        """Return the card: another encoder or another label list has another fingerprint."""
        encoder = self._encoder.card
        return Card(
            name=f"labels/{encoder.name}",
            revision=digest_json([encoder.fingerprint, list(self._labels)]),
            modality="caption",
            dimension=0,
            licence=encoder.licence,
            weights_sha256=encoder.weights_sha256,
            preprocessing=f"softmax / {TEMPERATURE:g}; from {THRESHOLD:g}; sure at {SURE:g}",
            precision=encoder.precision,
            trial_only=encoder.trial_only,
        )

    def caption(self, pages: Sequence[Pixels]) -> list[tuple[Caption, ...]]:
        """Return at most one caption per picture; none when no label is likely enough."""
        if not pages:
            return []
        cosines = self._encoder.encode_images(pages) @ self._vectors.get().T
        return [self._worded(row) for row in self._shares(cosines)]

    def _shares(self, cosines: Vectors) -> npt.NDArray[np.float64]:
        logits = cosines.astype(np.float64) * (self._encoder.logit_scale / TEMPERATURE)
        raised = np.exp(logits - logits.max(axis=1, keepdims=True))
        return np.asarray(raised / raised.sum(axis=1, keepdims=True), dtype=np.float64)

    def _worded(self, shares: npt.NDArray[np.float64]) -> tuple[Caption, ...]:
        best = int(shares.argmax())
        confidence = float(shares[best])
        if confidence < THRESHOLD:
            return ()
        opening = "a picture of" if confidence >= SURE else "probably a picture of"
        return (Caption(f"{opening} {with_article(self._labels[best])}", confidence),)


def read_vocabulary(path: Path) -> tuple[str, ...]:
    """Return the labels of a text file: one a line, `#` opens a comment line, no repeats."""
    lines = (line.strip() for line in path.read_text(encoding="utf-8").splitlines())
    return tuple(dict.fromkeys(line for line in lines if line and not line.startswith("#")))


def with_article(noun: str) -> str:
    """Return a noun phrase with `a` or `an`; labels that start otherwise are spelled so."""
    return f"{'an' if noun[0].lower() in 'aeio' else 'a'} {noun}"

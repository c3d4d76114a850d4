"""Labels become captions only when the encoder is sure enough."""

from collections.abc import Sequence

import numpy as np
import pytest

from mmrag_pipeline.engines.labels import VOCABULARY, LabelCaptioner, read_vocabulary, with_article
from mmrag_pipeline.engines.stub import StubImageText
from mmrag_pipeline.records import Card, Pixels, Vectors
from tests.engines.packs import CaptionerPack, pictures


class Fixed:
    """An encoder whose pictures point between the first label and the second."""

    def __init__(self, angle: float) -> None:
        self.angle = angle
        self.logit_scale = 20.0

    @property
    def card(self) -> Card:
        return StubImageText(2).card

    def encode_images(self, pictures: Sequence[Pixels]) -> Vectors:
        row = [np.cos(self.angle), np.sin(self.angle)]
        return np.array([row] * len(pictures), dtype=np.float32)

    def encode_texts(self, texts: Sequence[str]) -> Vectors:
        return np.eye(2, dtype=np.float32)[: len(texts)]


class TestLabels(CaptionerPack):
    def captioner(self) -> LabelCaptioner:
        return LabelCaptioner(StubImageText(32))


def test_a_clear_picture_is_called_by_its_label() -> None:
    captions = LabelCaptioner(Fixed(0.0), labels=("invoice", "cat")).caption(pictures()[:1])[0]
    assert [caption.text for caption in captions] == ["a picture of an invoice"]


def test_an_unclear_picture_is_only_probably_its_label() -> None:
    captions = LabelCaptioner(Fixed(0.78), labels=("invoice", "cat")).caption(pictures()[:1])[0]
    assert captions[0].text == "probably a picture of an invoice"
    assert captions[0].confidence == pytest.approx(0.5, abs=0.05)


def test_a_picture_like_nothing_has_no_caption() -> None:
    captioner = LabelCaptioner(StubImageText(2048), labels=[f"thing {n}" for n in range(50)])
    assert captioner.caption(pictures()) == [()] * 4


def test_another_encoder_or_another_list_is_another_captioner() -> None:
    cards = [
        LabelCaptioner(StubImageText(), labels=("cat",)).card,
        LabelCaptioner(StubImageText(revision="2"), labels=("cat",)).card,
        LabelCaptioner(StubImageText(), labels=("dog",)).card,
    ]
    assert len({card.fingerprint for card in cards}) == 3


def test_the_vocabulary_has_hundreds_of_distinct_labels() -> None:
    labels = read_vocabulary(VOCABULARY)
    assert len(labels) == len(set(labels)) >= 300
    assert {"receipt", "bar chart", "business card", "bicycle"} <= set(labels)


@pytest.mark.parametrize(("noun", "phrase"), [("cat", "a cat"), ("invoice", "an invoice")])
def test_nouns_get_their_article(noun: str, phrase: str) -> None:
    assert with_article(noun) == phrase

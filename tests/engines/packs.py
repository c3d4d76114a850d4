"""Contract packs: what every engine of a kind must hold, inherited by the tests of each."""

from abc import ABC, abstractmethod

import numpy as np

from mmrag_pipeline.model_ports import Captioner, ImageTextEncoder, Ocr, TextEncoder
from mmrag_pipeline.records import Pixels, Vectors

TEXTS = ("a red bicycle", "invoice 4711", "", "The quick brown fox jumps over the lazy dog. " * 9)


def pictures() -> list[Pixels]:
    """Return four unlike pictures of unlike sizes, one of them a single pixel."""
    random = np.random.default_rng(3)
    sizes = ((1, 1), (40, 90), (150, 60), (64, 64))
    return [random.integers(0, 255, (*size, 3), dtype=np.uint8) for size in sizes]


def assert_unit_rows(rows: Vectors, *, count: int, dimension: int) -> None:
    """Assert shape, type and length one of rows."""
    assert rows.shape == (count, dimension)
    assert rows.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(rows, axis=1), 1.0, atol=1e-4)


def cosines(first: Vectors, second: Vectors) -> list[float]:
    """Return the cosine of each pair of rows."""
    return [float(value) for value in (first * second).sum(axis=1)]


class TextEncoderPack(ABC):
    """Laws of a TextEncoder."""

    neighbour_cosine = 0.9999
    """What padding to another length may change; bfloat16 rounds more."""

    @abstractmethod
    def encoder(self) -> TextEncoder:
        """Return the encoder under test."""

    def test_rows_are_unit_vectors_of_the_cards_dimension(self) -> None:
        encoder = self.encoder()
        rows = encoder.encode(TEXTS)
        assert_unit_rows(rows, count=len(TEXTS), dimension=encoder.card.dimension)

    def test_no_texts_give_no_rows(self) -> None:
        encoder = self.encoder()
        assert encoder.encode([]).shape == (0, encoder.card.dimension)

    def test_a_vector_does_not_depend_on_its_neighbours(self) -> None:
        encoder = self.encoder()
        together = encoder.encode(TEXTS[::-1])[::-1]
        alone = np.concatenate([encoder.encode([text]) for text in TEXTS])
        assert min(cosines(together, alone)) > self.neighbour_cosine

    def test_token_spans_are_ascending_places_in_the_text(self) -> None:
        text = "  Ça coûte 12.50 € \ud800 today"
        spans = self.encoder().token_spans(text)
        assert all(0 <= start < end <= len(text) for start, end in spans)
        assert spans == sorted(spans)

    def test_token_spans_of_a_long_text_are_not_cut(self) -> None:
        spans = self.encoder().token_spans("word " * 3000)
        assert len(spans) == 3000


class ImageTextPack(ABC):
    """Laws of an ImageTextEncoder."""

    @abstractmethod
    def encoder(self) -> ImageTextEncoder:
        """Return the encoder under test."""

    def test_picture_rows_are_unit_vectors_of_the_cards_dimension(self) -> None:
        encoder = self.encoder()
        rows = encoder.encode_images(pictures())
        assert_unit_rows(rows, count=4, dimension=encoder.card.dimension)

    def test_text_rows_are_unit_vectors_of_the_cards_dimension(self) -> None:
        encoder = self.encoder()
        rows = encoder.encode_texts(TEXTS)
        assert_unit_rows(rows, count=len(TEXTS), dimension=encoder.card.dimension)

    def test_nothing_gives_no_rows(self) -> None:
        encoder = self.encoder()
        shape = (0, encoder.card.dimension)
        assert encoder.encode_images([]).shape == encoder.encode_texts([]).shape == shape

    def test_a_pictures_vector_does_not_depend_on_its_neighbours(self) -> None:
        encoder = self.encoder()
        together = encoder.encode_images(pictures()[::-1])[::-1]
        alone = np.concatenate([encoder.encode_images([picture]) for picture in pictures()])
        assert min(cosines(together, alone)) > 0.9999

    def test_a_texts_vector_does_not_depend_on_its_neighbours(self) -> None:
        encoder = self.encoder()
        together = encoder.encode_texts(TEXTS[::-1])[::-1]
        alone = np.concatenate([encoder.encode_texts([text]) for text in TEXTS])
        assert min(cosines(together, alone)) > 0.9999


class OcrPack(ABC):
    """Laws of an Ocr."""

    @abstractmethod
    def ocr(self) -> Ocr:
        """Return the reader under test."""

    def test_boxes_lie_inside_their_picture(self) -> None:
        for picture, result in zip(pictures(), self.ocr().read(pictures()), strict=True):
            height, width = picture.shape[:2]
            boxes = [line.box for line in result.lines if line.box is not None]
            assert len(boxes) == len(result.lines)
            assert all(0 <= box.left < box.right <= width for box in boxes)
            assert all(0 <= box.top < box.bottom <= height for box in boxes)

    def test_pictures_too_small_or_thin_for_print_have_no_lines(self) -> None:
        odd = [np.zeros(size, np.uint8) for size in ((1, 1, 3), (1, 3000, 3), (3000, 2, 3))]
        assert [result.lines for result in self.ocr().read(odd)] == [(), (), ()]

    def test_no_pictures_give_no_results(self) -> None:
        assert self.ocr().read([]) == []

    def test_a_result_does_not_depend_on_its_neighbours(self) -> None:
        together = self.ocr().read(pictures())
        assert together == [self.ocr().read([picture])[0] for picture in pictures()]


class CaptionerPack(ABC):
    """Laws of a Captioner."""

    @abstractmethod
    def captioner(self) -> Captioner:
        """Return the captioner under test."""

    def test_each_picture_has_its_captions_with_honest_confidence(self) -> None:
        found = self.captioner().caption(pictures())
        assert len(found) == 4
        assert all(caption.text.strip() for captions in found for caption in captions)
        assert all(0 <= caption.confidence <= 1 for captions in found for caption in captions)

    def test_no_pictures_give_no_captions(self) -> None:
        assert self.captioner().caption([]) == []

"""The fakes keep the contracts of the real engines and count what they are asked."""

from mmrag_pipeline.engines.stub import StubCaptioner, StubImageText, StubOcr, StubText
from tests.engines.packs import CaptionerPack, ImageTextPack, OcrPack, TextEncoderPack, pictures


class TestStubText(TextEncoderPack):
    def encoder(self) -> StubText:
        return StubText()


class TestStubImageText(ImageTextPack):
    def encoder(self) -> StubImageText:
        return StubImageText(8)


class TestStubOcr(OcrPack):
    def ocr(self) -> StubOcr:
        return StubOcr()


class TestStubCaptioner(CaptionerPack):
    def captioner(self) -> StubCaptioner:
        return StubCaptioner()


def test_calls_count_items_and_batches_count_calls_with_items() -> None:
    stub = StubText()
    stub.encode(["a", "b"])
    stub.encode([])
    assert (stub.calls, stub.batches) == (2, 1)


def test_another_revision_is_another_model() -> None:
    first, second = StubOcr(), StubOcr(revision="2")
    assert first.card.fingerprint != second.card.fingerprint
    assert first.read(pictures()) != second.read(pictures())


def test_the_words_read_depend_on_the_pixels() -> None:
    one, two = StubOcr().read(pictures()[1:3])
    assert one.lines[0].text != two.lines[0].text

"""PaddleOCR's results and the message without its package."""

from importlib.util import find_spec

import pytest

from mmrag_pipeline.engines.paddle import Paddle, result_of
from mmrag_pipeline.errors import ModelUnavailableError
from mmrag_pipeline.records import Box

RECORDED = {
    "rec_texts": ["RM 13.30", "TOTAL", ""],
    "rec_scores": [0.97, 0.99, 0.55],
    "rec_polys": [
        [[60.2, 10], [99, 11], [99, 24], [60, 23]],
        [[5, 10], [44, 10], [44, 23], [5, 23]],
        [[-3, 40], [120, 40], [120, 55], [-3, 55]],
    ],
}


def test_a_page_of_paddleocr_becomes_lines_in_reading_order() -> None:
    page = result_of(RECORDED, width_px=100, height_px=60)
    assert [line.text for line in page.lines] == ["TOTAL", "RM 13.30"]
    assert page.lines[1].box == Box(60, 10, 99, 24)
    assert page.language == "latin"


def test_a_page_without_words_has_no_lines() -> None:
    nothing: dict[str, list[object]] = {"rec_texts": [], "rec_scores": [], "rec_polys": []}
    assert result_of(nothing, width_px=9, height_px=9).lines == ()


@pytest.mark.skipif(find_spec("paddleocr") is not None, reason="paddleocr is installed")
def test_without_the_package_the_error_says_how_to_install_it() -> None:
    with pytest.raises(ModelUnavailableError, match=r"mmrag_pipeline\[paddle\]") as caught:
        _ = Paddle().card
    assert caught.value.setting == "MMRAG_OCR"

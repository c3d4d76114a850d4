"""Printed words are read where they are, whichever way the page lies."""

from functools import cache
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageDraw, ImageFont

from mmrag_pipeline.engines.rapidocr import LONGEST_LINE, RapidOcr, pieces
from mmrag_pipeline.errors import ModelUnavailableError
from mmrag_pipeline.records import Pixels
from tests.engines.packs import OcrPack

LINES = ("Corner Hardware Store", "Copper pipe 22 mm 14.90", "Grand total 27.45 paid by card")


@cache
def ocr() -> RapidOcr:
    return RapidOcr()


def printed(turns: int = 0) -> Pixels:
    """Return three printed lines, turned counter-clockwise by quarters."""
    picture = Image.new("RGB", (520, 240), "white")
    draw = ImageDraw.Draw(picture)
    for number, text in enumerate(LINES):
        draw.text((30, 30 + 64 * number), text, fill="black", font=ImageFont.load_default(28))
    return np.ascontiguousarray(np.rot90(np.asarray(picture), turns))


class TestRapidOcr(OcrPack):
    def ocr(self) -> RapidOcr:
        return ocr()


@pytest.mark.parametrize("turns", [0, 1, 2, 3])
def test_a_page_is_read_in_order_whichever_way_it_lies(turns: int) -> None:
    result = ocr().read([printed(turns)])[0]
    assert [line.text for line in result.lines] == list(LINES)
    assert result.language == "latin"


@pytest.mark.parametrize("turns", [0, 1, 2, 3])
def test_boxes_hold_the_ink_of_their_line(turns: int) -> None:
    page = printed(turns)
    boxes = [line.box for line in ocr().read([page])[0].lines if line.box is not None]
    inside = np.zeros(page.shape[:2], bool)
    for box in boxes:
        inside[box.top : box.bottom, box.left : box.right] = True
    assert (page[~inside] < 128).sum() < 0.02 * (page < 128).sum()


def test_a_blank_page_has_no_lines() -> None:
    result = ocr().read([np.full((300, 200, 3), 255, np.uint8)])[0]
    assert (result.lines, result.language, result.confidence) == ((), "", 0.0)


def test_a_line_on_a_very_long_strip_is_found() -> None:
    strip = np.concatenate([printed()[20:80], np.full((60, 3000, 3), 255, np.uint8)], axis=1)
    result = ocr().read([strip])[0]
    assert [line.box is not None and line.box.right < 520 for line in result.lines] == [True]


@settings(max_examples=60)
@given(height_px=st.integers(1, 6), width_px=st.integers(1, 4000), seed=st.integers(0, 9))
def test_pieces_are_the_whole_line_and_none_is_too_long(
    height_px: int, width_px: int, seed: int
) -> None:
    shape = (height_px, width_px, 3)
    line = np.random.default_rng(seed).integers(0, 255, shape, dtype=np.uint8)
    parts = pieces(line)
    assert np.array_equal(np.concatenate(parts, axis=1), line)
    assert all(0 < part.shape[1] <= LONGEST_LINE * height_px for part in parts)


def test_a_long_line_is_cut_in_its_gap() -> None:
    line = np.random.default_rng(0).integers(0, 255, (8, 1000, 3), dtype=np.uint8)
    line[:, 430:446] = 255
    assert [430 <= part.shape[1] <= 446 for part in pieces(line)][:1] == [True]


def test_a_line_too_long_for_one_call_is_read_in_order() -> None:
    words = " ".join(f"item {number} costs {number * 7} euro," for number in range(100, 124))
    strip = Image.new("RGB", (4040, 20), "white")
    ImageDraw.Draw(strip).text((6, 1), words, fill="black", font=ImageFont.load_default(15))
    lines = ocr().read([np.asarray(strip)])[0].lines
    assert "".join(line.text for line in lines).replace(" ", "") == words.replace(" ", "")


def test_the_card_holds_the_digest_of_the_model_files() -> None:
    card = ocr().card
    assert len(card.weights_sha256) == 64
    assert card.revision


def test_a_folder_without_models_names_the_setting(tmp_path: Path) -> None:
    with pytest.raises(ModelUnavailableError, match="det") as caught:
        _ = RapidOcr(model_dir=tmp_path).card
    assert caught.value.setting == "MMRAG_OCR_MODEL_DIR"

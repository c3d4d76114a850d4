"""Pictures side by side: in order, bounded, with an edge that tells right from wrong."""

from base64 import b64decode
from io import BytesIO

import numpy as np
import pytest
from PIL import Image

from mmrag_pipeline.evaluation.contact_sheet import (
    SHEET_BYTES,
    SheetPicture,
    contact_sheet,
    sheet_markdown,
)
from mmrag_pipeline.evaluation.report import thumbnail

BLACK = SheetPicture(thumbnail(np.zeros((60, 90, 3), np.uint8), None, side_px=240), relevant=True)


def size(jpeg: bytes) -> tuple[int, int]:
    return Image.open(BytesIO(jpeg)).size


@pytest.mark.parametrize(("count", "expected"), [(1, (144, 144)), (3, (420, 144)), (5, (558, 282))])
def test_rows_have_four_pictures(count: int, expected: tuple[int, int]) -> None:
    assert size(contact_sheet([BLACK] * count)) == expected  # 138 each, and 6 of a gap


def test_nothing_to_show_is_no_sheet() -> None:
    assert contact_sheet([]) == b""


def test_right_answers_have_a_green_edge_and_others_a_red_one() -> None:
    sheet = contact_sheet([BLACK, SheetPicture(BLACK.jpeg, relevant=False)])
    pixels = np.asarray(Image.open(BytesIO(sheet)).convert("RGB")).astype(int)
    left, right = pixels[72, 8], pixels[72, 146]
    assert left[1] > left[0] + 50
    assert right[0] > right[1] + 50


def test_a_sheet_of_noise_stays_within_its_bytes() -> None:
    noise = np.random.default_rng(3).integers(0, 256, (240, 240, 3)).astype(np.uint8)
    loud = SheetPicture(thumbnail(noise, None, side_px=240), relevant=False)
    assert len(contact_sheet([loud] * 24)) <= SHEET_BYTES


def test_markdown_holds_the_picture_itself() -> None:
    told, _, data = sheet_markdown(b"\xff\xd8", "hits").partition("](data:image/jpeg;base64,")
    assert (told, b64decode(data.rstrip(")"))) == ("![hits", b"\xff\xd8")

"""Pictures that people ask with, as one of three forms."""

from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from mmrag_pipeline.api.pictures import as_given
from mmrag_pipeline.errors import SettingsError
from mmrag_pipeline.parsing.query_pictures import open_pictures
from mmrag_pipeline.records import Pixels
from mmrag_pipeline.settings import Settings

RED = np.full((6, 4, 3), (255, 0, 0), dtype=np.uint8)


def pixels(picture: Image.Image, home: Path) -> Pixels:
    """Return what a query's picture is to the encoders."""
    with open_pictures(Settings(home=home)) as read:
        return read(as_given(picture))  # type: ignore[arg-type]  # a picture becomes bytes


def test_paths_bytes_and_arrays_are_taken_as_they_are() -> None:
    assert as_given("a/b.png") == Path("a/b.png")
    assert as_given(Path("c")) == Path("c")
    assert as_given(b"x") == b"x"
    assert as_given(None) is None
    assert as_given(RED) is RED


def test_an_array_of_another_order_becomes_one_that_encoders_read() -> None:
    turned = as_given(RED[:, ::-1])
    assert isinstance(turned, np.ndarray)
    assert turned.flags.c_contiguous


@pytest.mark.parametrize(
    "given", [RED.astype(np.float32), RED[0], np.zeros((2, 2, 4), np.uint8), RED[:0], 7]
)
def test_what_is_no_picture_is_told_by_its_form(given: Any) -> None:
    with pytest.raises(SettingsError, match=r"`image` is an? (array of \w+ with shape|int: give)"):
        as_given(given)


@pytest.mark.parametrize("mode", ["RGB", "RGBA", "P", "CMYK", "YCbCr", "HSV"])
def test_a_pillow_picture_of_any_mode_has_its_colours(mode: str, tmp_path: Path) -> None:
    found = pixels(Image.fromarray(RED).convert(mode), tmp_path)
    assert found.shape == RED.shape
    assert np.abs(found.astype(int) - RED).max() <= 2


@pytest.mark.parametrize("mode", ["1", "L", "LA", "I", "F", "I;16"])
def test_a_gray_pillow_picture_is_read(mode: str, tmp_path: Path) -> None:
    gray = Image.fromarray(RED).convert("L")
    picture = Image.new("I;16", gray.size) if mode == "I;16" else gray.convert(mode)
    assert pixels(picture, tmp_path).shape == RED.shape


def test_what_is_transparent_is_white_as_in_indexed_files(tmp_path: Path) -> None:
    clear = Image.new("RGBA", (4, 6), (255, 0, 0, 0))
    assert (pixels(clear, tmp_path) == 255).all()


def test_a_pillow_picture_is_turned_upright(tmp_path: Path) -> None:
    out, exif = BytesIO(), Image.Exif()
    exif[0x0112] = 6
    Image.fromarray(RED).save(out, "JPEG", exif=exif)
    assert pixels(Image.open(out), tmp_path).shape == (4, 6, 3)

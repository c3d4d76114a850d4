"""Pictures of every kind become upright RGB, broken ones a reason."""

import struct
import zlib
from dataclasses import replace
from io import BytesIO

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from mmrag_pipeline.errors import ParseError
from mmrag_pipeline.parsing.images import image_pixels, parse_image
from tests.parsing.samples import LIMITS, encoded, halves, noise

RED, BLUE, WHITE = (255, 0, 0), (0, 0, 255), (255, 255, 255)


def corner(data: bytes) -> tuple[int, ...]:
    """Return the colour of the upper left pixel."""
    return tuple(image_pixels(data, LIMITS).pixels[0, 0].tolist())


def reason_of(data: bytes) -> str:
    """Return why a picture is refused."""
    with pytest.raises(ParseError) as caught:
        parse_image(data, LIMITS)
    return caught.value.reason


@pytest.mark.parametrize("kind", ["PNG", "TIFF", "BMP"])
def test_a_lossless_picture_keeps_its_pixels(kind: str) -> None:
    shown = image_pixels(encoded(noise(), kind), LIMITS)
    assert shown.scale == 1.0
    assert np.array_equal(shown.pixels, np.asarray(noise()))


@pytest.mark.parametrize("orientation", range(1, 9))
def test_exif_orientation_is_applied_to_pixels_and_size(orientation: int) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    data = encoded(halves(), "PNG", exif=exif)
    page, shown = parse_image(data, LIMITS), image_pixels(data, LIMITS).pixels
    assert (page.width_px, page.height_px) == ((20, 40) if orientation > 4 else (40, 20))
    assert shown.shape == (page.height_px, page.width_px, 3)
    first = RED if orientation in (1, 4, 5, 6) else BLUE
    assert tuple(shown[0, 0].tolist()) == first


def test_a_cmyk_jpeg_is_read() -> None:
    data = encoded(Image.new("CMYK", (16, 16), (0, 255, 255, 0)), "JPEG")
    assert np.allclose(corner(data), RED, atol=8)


def test_sixteen_bit_gray_keeps_its_range() -> None:
    gray = np.array([[0, 32_768, 65_535]], np.uint16)
    shown = image_pixels(encoded(Image.fromarray(gray), "PNG"), LIMITS)
    assert shown.pixels[0, :, 0].tolist() == [0, 128, 255]


def test_real_valued_gray_between_nought_and_one_keeps_its_range() -> None:
    gray = np.array([[0.0, 0.5, 1.0]], np.float32)
    shown = image_pixels(encoded(Image.fromarray(gray), "TIFF"), LIMITS)
    assert shown.pixels[0, :, 0].tolist() == [0, 127, 255]


@pytest.mark.parametrize("mode", ["RGBA", "LA", "PA"])
def test_what_is_transparent_shows_white(mode: str) -> None:
    clear = Image.new("RGBA", (4, 4), (0, 0, 0, 0)).convert("LA" if mode == "LA" else "RGBA")
    data = encoded(clear.convert("P") if mode == "PA" else clear, "PNG")
    assert corner(data) == WHITE


def test_only_the_first_frame_of_an_animation_is_shown() -> None:
    out = BytesIO()
    Image.new("RGB", (8, 8), RED).save(
        out, "GIF", save_all=True, append_images=[Image.new("RGB", (8, 8), BLUE)]
    )
    assert corner(out.getvalue()) == RED


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "TIFF"])
def test_a_long_side_is_decoded_smaller_and_the_page_keeps_its_size(kind: str) -> None:
    data = encoded(noise(1_000, 300), kind)
    shown = image_pixels(data, LIMITS)
    assert parse_image(data, LIMITS).width_px == 1_000
    assert shown.pixels.shape == (154, 512, 3)
    assert shown.scale == pytest.approx(0.512)


def test_a_large_transparent_picture_is_reduced_without_seams() -> None:
    image = noise(600, 1_100).convert("RGBA")
    image.putalpha(noise(600, 1_100).getchannel(1))
    white = Image.new("RGBA", image.size, "white")
    expected = Image.alpha_composite(white, image).convert("RGB").reduce(5).resize((109, 200), 2)
    shown = image_pixels(encoded(image, "PNG"), replace(LIMITS, decode_side_px=200))
    assert np.abs(shown.pixels.astype(int) - np.asarray(expected, int)).max() <= 1


def test_the_page_digest_depends_on_the_bytes_only() -> None:
    data = encoded(noise(), "PNG")
    assert parse_image(data, LIMITS) == parse_image(bytes(data), LIMITS)
    other = parse_image(encoded(halves(), "PNG"), LIMITS)
    assert other.page_digest != parse_image(data, LIMITS).page_digest


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "BMP", "GIF", "TIFF"])
def test_a_cut_picture_is_truncated(kind: str) -> None:
    data = encoded(noise(200, 200), kind)
    cut = data[: len(data) // 2]
    assert reason_of(cut) in (("truncated", "corrupt") if kind == "TIFF" else ("truncated",))


def test_a_picture_with_a_broken_body_is_corrupt() -> None:
    data = bytearray(encoded(noise(), "PNG"))
    at = data.index(b"IDAT") + 10
    data[at : at + 40] = b"\0" * 40
    assert reason_of(bytes(data)) == "corrupt"


def test_a_decompression_bomb_is_refused_by_its_header() -> None:
    size = struct.pack(">IIBBBBB", 60_000, 60_000, 8, 2, 0, 0, 0)
    header = struct.pack(">I", 13) + b"IHDR" + size
    bomb = b"\x89PNG\r\n\x1a\n" + header + struct.pack(">I", zlib.crc32(b"IHDR" + size))
    assert reason_of(bomb + struct.pack(">I", 0) + b"IDAT") == "too_large"
    assert reason_of(encoded(Image.new("1", (1_001, 1_000)), "PNG")) == "too_large"


def test_a_format_off_the_list_is_not_opened() -> None:
    assert reason_of(encoded(noise(), "PPM")) == "corrupt"


def outcome(data: bytes) -> str:
    """Return the type of the pixels, or why there are none."""
    try:
        return str(image_pixels(data, LIMITS).pixels.dtype)
    except ParseError as error:
        return error.reason


@settings(max_examples=60)
@given(st.data())
def test_damage_anywhere_gives_a_picture_or_a_reason(data: st.DataObject) -> None:
    good = encoded(noise(), data.draw(st.sampled_from(["JPEG", "PNG", "GIF", "BMP"])))
    at = data.draw(st.integers(0, len(good) - 1))
    broken = good[:at] + data.draw(st.binary(max_size=8)) + good[at + 8 :]
    assert outcome(broken) in {"uint8", "truncated", "corrupt", "too_large"}


def test_only_the_setting_bounds_a_picture() -> None:
    sized = struct.pack(">HH", 14_000, 13_000)
    data = encoded(noise(), "JPEG").replace(struct.pack(">HH", 48, 64), sized, 1)
    assert reason_of(data) == "too_large"
    page = parse_image(data, replace(LIMITS, max_page_pixels=200_000_000))
    assert (page.width_px, page.height_px) == (13_000, 14_000)

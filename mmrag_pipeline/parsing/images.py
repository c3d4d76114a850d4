"""Pictures through Pillow: a short list of formats, decoded whole, in bounded memory."""

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO

import numpy as np
from PIL import Image, UnidentifiedImageError

from mmrag_pipeline.errors import ItemError, ParseError
from mmrag_pipeline.ids import digest_bytes, digest_json
from mmrag_pipeline.parsing.limits import Limits, check_picture
from mmrag_pipeline.records import PagePixels, ParsedPage, Pixels

FORMATS = ("JPEG", "PNG", "WEBP", "TIFF", "GIF", "BMP")
RASTER = "frame:0"
_ORIENTATION = 0x0112
_BAND_ROWS = 128
_TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
"""EXIF orientation -> what makes the picture upright."""


def parse_image(data: bytes, limits: Limits) -> ParsedPage:
    """Return the one page of a picture, decoded once to know that it can be; ParseError."""
    with _decoded(data, limits, side_px=1) as (image, full):
        turned = _orientation(image) >= 5
    width, height = reversed(full) if turned else full
    digest = digest_json(["image", digest_bytes(data)])
    return ParsedPage(1, digest, width, height, None, (), RASTER)


def image_pixels(data: bytes, limits: Limits) -> PagePixels:
    """Return the first frame upright in RGB, no side over decode_side_px; ParseError."""
    with _decoded(data, limits, side_px=limits.decode_side_px) as (image, full):
        plain = _shrunk(_reduced(image, limits.decode_side_px), limits.decode_side_px)
        scale = max(plain.size) / max(full)
        turn = _TURNS.get(_orientation(image))
        upright = plain if turn is None else plain.transpose(turn)
        return PagePixels(_array(upright), scale)


@contextmanager
def _decoded(
    data: bytes, limits: Limits, *, side_px: int
) -> Iterator[tuple[Image.Image, tuple[int, int]]]:
    """Yield a loaded picture (JPEG reduced towards `side_px`) and its stored full size."""
    with _translated(), _any_size(), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with Image.open(BytesIO(data), formats=FORMATS) as image:
            full = image.size
            check_picture(*full, limits)
            reduce = max(full) / side_px
            if reduce > 1:
                image.draft(None, (max(1, int(full[0] / reduce)), max(1, int(full[1] / reduce))))
            image.load()
            yield image, full


@contextmanager
def _any_size() -> Iterator[None]:
    """Lift Pillow's own fixed limit: ours is a setting, and checked before a pixel is read."""
    held, Image.MAX_IMAGE_PIXELS = Image.MAX_IMAGE_PIXELS, None
    try:
        yield
    finally:
        Image.MAX_IMAGE_PIXELS = held


@contextmanager
def _translated() -> Iterator[None]:
    """Turn what Pillow raises into ParseError; lack of memory passes through."""
    try:
        yield
    except (ItemError, MemoryError):
        raise
    except UnidentifiedImageError as error:
        raise ParseError(
            "the picture's header cannot be read: save it again from its program",
            reason="corrupt",
        ) from error
    except Exception as error:
        raise _broken(error) from error


def _broken(error: Exception) -> ParseError:
    cut = isinstance(error, EOFError) or "truncat" in str(error).lower()
    if cut:
        return ParseError(
            f"the picture ends too early ({error}): copy or download it again",
            reason="truncated",
        )
    return ParseError(
        f"the picture is damaged ({type(error).__name__}: {error}): save it again",
        reason="corrupt",
    )


def _orientation(image: Image.Image) -> int:
    try:
        value = image.getexif().get(_ORIENTATION, 1)
    except Exception:  # a picture with broken metadata is still a picture
        return 1
    return value if isinstance(value, int) and value in _TURNS else 1


def _reduced(image: Image.Image, side_px: int) -> Image.Image:
    """Return the picture in RGB, no side over twice `side_px`.

    Reduced band by band, so that no second full-size copy is in memory; gray whose range
    must be known as a whole is the exception.
    """
    factor = max(image.size) // side_px
    if factor < 2 or image.mode in ("I", "F"):
        return _flat(_plain(image))
    width, height = image.size
    whole = Image.new("RGB", (-(-width // factor), -(-height // factor)))
    for top in range(0, height, _BAND_ROWS * factor):
        bottom = min(height, top + _BAND_ROWS * factor)
        band = _flat(_plain(image.crop((0, top, width, bottom))))
        whole.paste(band.reduce(factor), (0, top // factor))
    return whole


def _plain(image: Image.Image) -> Image.Image:
    """Return the picture as L, RGB or RGBA."""
    if image.mode.startswith(("I", "F")):
        return Image.fromarray(_eight_bits(np.asarray(image)))
    if image.has_transparency_data:
        return image.convert("RGBA")
    return image if image.mode in ("L", "RGB") else image.convert("RGB")


def _eight_bits(gray: np.ndarray) -> Pixels:
    """Return deep or real-valued gray as bytes: by range for 8 and 16 bits, else stretched."""
    if gray.dtype == np.uint16:
        return (gray >> 8).astype(np.uint8)
    values = np.nan_to_num(gray.astype(np.float32))
    low, high = float(values.min()), float(values.max())
    if low < 0 or high > 65_535:
        return ((values - low) * (255 / (high - low))).astype(np.uint8)
    unit = 1.0 if gray.dtype.kind == "f" else 0.0
    factor = 255.0 if high <= unit else 1.0 if high <= 255 else 1 / 256
    return (values * factor).astype(np.uint8)


def _shrunk(image: Image.Image, side_px: int) -> Image.Image:
    factor = side_px / max(image.size)
    if factor >= 1:
        return image
    size = (max(1, round(image.width * factor)), max(1, round(image.height * factor)))
    return image.resize(size, Image.Resampling.BILINEAR, reducing_gap=2.0)


def _flat(image: Image.Image) -> Image.Image:
    if image.mode != "RGBA":
        return image.convert("RGB")
    page = Image.new("RGBA", image.size, "white")
    return Image.alpha_composite(page, image).convert("RGB")


def _array(image: Image.Image) -> Pixels:
    return np.ascontiguousarray(np.asarray(image))

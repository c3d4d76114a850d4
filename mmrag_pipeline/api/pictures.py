"""Pictures into a query and out of hits: what a notebook gives, and what it shows."""

from collections.abc import Callable, Sequence
from io import BytesIO
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps

from mmrag_pipeline.assembly import open_world
from mmrag_pipeline.cli.pictures import pictures_of_hits
from mmrag_pipeline.errors import SettingsError
from mmrag_pipeline.records import Pixels
from mmrag_pipeline.retrieval.hits import Hit as Ranked
from mmrag_pipeline.settings import Settings

Read = Callable[[Sequence[Ranked]], Sequence[bytes | None]]
"""Returns the picture of each hit, None for one without pixels."""


class Pictures:
    """The pictures of hits, each read when it is first looked at."""

    def __init__(self, read: Read) -> None:
        self._read = read
        self._held: dict[tuple[str, str, str], bytes | None] = {}

    def of(self, hits: Sequence[Ranked]) -> list[bytes | None]:
        """Return a JPEG per hit, None where no pixels can be had (any more).

        Raises StateUnavailableError where nothing can be opened; tries again when asked again.
        """
        absent = [hit for hit in hits if _name(hit) not in self._held]
        if absent:
            self._held |= zip(map(_name, absent), self._read(absent), strict=True)
        return [self._held[_name(hit)] for hit in hits]


def _name(hit: Ranked) -> tuple[str, str, str]:
    return hit.domain, hit.key, hit.place.point_id


def pictures_of(settings: Settings, hits: Sequence[Ranked]) -> list[bytes | None]:
    """Return the page of each hit with its box as JPEG, None where no pixels can be had.

    No model loads; the parser processes end with the call.
    """
    with open_world(settings, hub=False) as world:
        return pictures_of_hits(world, hits)


def as_given(
    image: Path | str | bytes | Image.Image | Pixels | None,
) -> Path | bytes | Pixels | None:
    """Return a query's picture as a file, its bytes or its pixels; raises SettingsError."""
    if isinstance(image, str):
        return Path(image)
    if isinstance(image, Image.Image):
        return _as_file(image)
    if isinstance(image, np.ndarray):
        return _checked(image)
    if image is None or isinstance(image, Path | bytes):
        return image
    raise SettingsError(
        f"`image` is a {type(image).__name__}: give a path, bytes, a Pillow picture or an array"
    )


def _as_file(picture: Image.Image) -> bytes:
    """Return a picture as a file, so that one way from files to pixels serves all of them."""
    upright = ImageOps.exif_transpose(picture)
    kept = upright.convert("RGBA") if upright.has_transparency_data else upright
    out = BytesIO()
    try:
        kept.save(out, "TIFF")
    except OSError:  # a mode that TIFF has not
        kept.convert("RGB").save(out, "TIFF")
    return out.getvalue()


def _checked(pixels: Pixels) -> Pixels:
    if pixels.dtype != np.uint8 or pixels.ndim != 3 or pixels.shape[2] != 3 or not pixels.size:
        raise SettingsError(
            f"`image` is an array of {pixels.dtype} with shape {pixels.shape}: give uint8 RGB with "
            "shape (height, width, 3)"
        )
    return np.ascontiguousarray(pixels)

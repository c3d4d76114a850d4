"""A parser of made-up files: what they hold is written in their bytes.

`img:SEED` and `img:SEED@WxH` are pictures, `txt:WORDS` is a text, `pdf:A|B|C` a document
whose pages are pictures named by seed (`A@WxH` for a size); `=WORDS` is a page with a text
layer, `!` a page that cannot be read, `?SEED` a page that can be parsed but not drawn.
`bad...` is corrupt, `slow...` takes too long (a passing reason); the rest is unsupported.
"""

import threading
from collections import Counter
from collections.abc import Sequence

import numpy as np

from mmrag_pipeline.errors import ParseError
from mmrag_pipeline.ids import digest_bytes, digest_json
from mmrag_pipeline.records import Box, Line, PagePixels, PageProblem, ParsedFile, ParsedPage

_SIZE_PX = (40, 32)
_DPI = 72.0


class FakeReader:
    """PageReader over such files; counts what it parsed and drew."""

    def __init__(self) -> None:
        self.parsed = 0
        self.drawn: Counter[str] = Counter()
        """Page digest -> times its pixels were asked for."""
        self._lock = threading.Lock()

    def parse_file(self, data: bytes, media_type: str) -> ParsedFile:
        """Return the pages of a file and what is wrong with the others; raises ParseError."""
        del media_type
        with self._lock:
            self.parsed += 1
        kind, parts = _parts(data)
        found = [_page(kind, number, part) for number, part in enumerate(parts, 1)]
        pages = tuple(page for page in found if isinstance(page, ParsedPage))
        if not pages:
            raise ParseError("none of its pages can be read", reason="corrupt")
        return ParsedFile(pages, tuple(page for page in found if isinstance(page, PageProblem)))

    def pixels(self, data: bytes, rasters: Sequence[str]) -> list[PagePixels]:
        """Return the pixels of some pages of one file, in order; raises ParseError."""
        kind, parts = _parts(data)
        numbers = [int(raster.partition(":")[2]) for raster in rasters]
        if max(numbers, default=0) > len(parts):
            raise ParseError(f"it has no page {max(numbers)}", reason="corrupt")
        return [self._draw(kind, parts[number - 1]) for number in numbers]

    def _draw(self, kind: str, part: str) -> PagePixels:
        digest = page_digest(kind, part)
        with self._lock:
            self.drawn[digest] += 1
        if part.startswith("?"):
            raise ParseError(f"page {part!r} cannot be drawn", reason="corrupt")
        width, height = _size(part)
        shape = (height, width, 3)
        random = np.random.default_rng(int(digest, 16))
        return PagePixels(random.integers(0, 256, shape, dtype=np.uint8), 1.0)


def page_digest(kind: str, part: str) -> str:
    """Return the digest of a page: documents that share a page share its digest."""
    return digest_json([kind, part])


def _parts(data: bytes) -> tuple[str, list[str]]:
    kind, _, rest = data.decode("utf-8", "replace").partition(":")
    if kind in ("img", "txt"):
        return kind, [rest]
    if kind == "pdf":
        return kind, rest.split("|")
    if kind.startswith("slow"):
        raise ParseError("it took too long", reason="timeout", transient=True)
    if kind.startswith("bad"):
        raise ParseError("it is damaged", reason="corrupt")
    raise ParseError(f"{digest_bytes(data)} is of no known kind", reason="unsupported")


def _page(kind: str, page_no: int, part: str) -> ParsedPage | PageProblem:
    if part == "!":
        return PageProblem(page_no, "corrupt", f"page {page_no} is damaged")
    digest = page_digest(kind, part)
    if kind == "txt":
        lines = tuple(Line(line, None) for line in part.split("\n"))
        return ParsedPage(page_no, digest, 0, 0, None, lines, "")
    width, height = _size(part)
    dpi = _DPI if kind == "pdf" else None
    return ParsedPage(page_no, digest, width, height, dpi, _layer(part), f"{kind}:{page_no}")


def _layer(part: str) -> tuple[Line, ...]:
    if not part.startswith("="):
        return ()
    width, height = _size(part)
    return (Line(part[1:], Box(0, 0, width, height // 2)),)


def _size(part: str) -> tuple[int, int]:
    width, _, height = part.partition("@")[2].partition("x")
    return (int(width), int(height)) if height else _SIZE_PX

"""The picture of a query, from a file or its bytes: parsed like those that are indexed."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from mmrag_pipeline.errors import ParseError
from mmrag_pipeline.parsing.limits import too_large
from mmrag_pipeline.parsing.media import sniff
from mmrag_pipeline.parsing.pool import ParserPool
from mmrag_pipeline.ports import PageReader
from mmrag_pipeline.records import Pixels
from mmrag_pipeline.settings import Settings


@contextmanager
def open_pictures(settings: Settings) -> Iterator[Callable[[Path | bytes], Pixels]]:
    """Open what reads pictures for queries; one parser process reads them all.

    It returns the first page of a file, or of what one holds, and raises ParseError.
    """
    with ParserPool(settings.model_copy(update={"parse_workers": 1})) as reader:
        yield partial(picture_in, reader, limit=settings.max_file_bytes)


def picture_in(reader: PageReader, given: Path | bytes, *, limit: int) -> Pixels:
    """Return the first page of a file, or of what one holds; raises ParseError."""
    shown = f"{str(given)!r:.200}" if isinstance(given, Path) else f"of {len(given):,} bytes"
    data = _read(given, limit + 1) if isinstance(given, Path) else given
    if len(data) > limit:
        raise too_large(f"the query picture {shown}", limit=f"MMRAG_MAX_FILE_BYTES={limit}")
    name = given.name if isinstance(given, Path) else ""
    parsed = reader.parse_file(data, sniff(data[:4096], name))
    pages = [page for page in parsed.pages if page.raster]
    if not pages:
        raise ParseError(
            f"the query picture {shown} holds text: give its words instead", reason="no_pixels"
        )
    return reader.pixels(data, [pages[0].raster])[0].pixels


def _read(path: Path, size_bytes: int) -> bytes:
    try:
        with path.open("rb") as stream:
            return stream.read(size_bytes)
    except (OSError, ValueError) as error:
        raise ParseError(
            f"the query picture {str(path)!r:.200} cannot be read ({error}): name a picture",
            reason="unreadable",
        ) from error

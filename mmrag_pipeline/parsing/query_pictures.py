"""Pictures that queries ask by: files that people name, read as those of a corpus are."""

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
def open_pictures(settings: Settings) -> Iterator[Callable[[Path], Pixels]]:
    """Open what reads picture files for queries; one parser process reads them all.

    It returns a file's first page and raises ParseError.
    """
    with ParserPool(settings.model_copy(update={"parse_workers": 1})) as reader:
        yield partial(read_picture, reader, limit=settings.max_file_bytes)


def read_picture(reader: PageReader, path: Path, *, limit: int) -> Pixels:
    """Return the first page of a file of at most `limit` bytes; raises ParseError."""
    data = _query_bytes(path, limit)
    parsed = reader.parse_file(data, sniff(data[:4096], path.name))
    pages = [page for page in parsed.pages if page.raster]
    if not pages:
        raise ParseError(f"{str(path)!r} holds text: give its words instead", reason="no_pixels")
    return reader.pixels(data, [pages[0].raster])[0].pixels


def _query_bytes(path: Path, limit: int) -> bytes:
    try:
        with path.open("rb") as stream:
            data = stream.read(limit + 1)
    except (OSError, ValueError) as error:
        raise ParseError(
            f"the query picture {str(path)!r:.200} cannot be read ({error}): name a picture",
            reason="unreadable",
        ) from error
    if len(data) > limit:
        raise too_large(f"the query picture {path}", limit=f"MMRAG_MAX_FILE_BYTES={limit}")
    return data

"""The picture of a hit: its page with its box."""

from mmrag_pipeline.evaluation.report import framed
from mmrag_pipeline.indexing.place_pixels import PageAt, pixels_of
from mmrag_pipeline.indexing.station import World
from mmrag_pipeline.retrieval.hits import Hit


def picture_of_hit(world: World, hit: Hit) -> bytes | None:
    """Return a hit's page with its box as JPEG, None when the file has no pixels (any more)."""
    page = pixels_of(world, PageAt(hit.domain, hit.key, hit.place.page_no))
    return None if page is None else framed(page, hit.place)

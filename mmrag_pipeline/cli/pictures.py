"""The pictures of hits: their pages with their boxes."""

from collections import defaultdict
from collections.abc import Sequence

from mmrag_pipeline.evaluation.report import framed
from mmrag_pipeline.ids import file_id
from mmrag_pipeline.indexing.hit_pages import HitPage, drawn_pages
from mmrag_pipeline.indexing.station import World
from mmrag_pipeline.retrieval.hits import Hit


def pictures_of_hits(world: World, hits: Sequence[Hit]) -> list[bytes | None]:
    """Return each hit's page with its box as JPEG, None where no pixels can be had (any more).

    Tables are read once for all hits of a domain.
    """
    on: dict[HitPage, list[int]] = defaultdict(list)
    for number, hit in enumerate(hits):
        page = HitPage(hit.domain, file_id(hit.domain, hit.key), hit.place.page_no)
        on[page].append(number)
    pictures: list[bytes | None] = [None] * len(hits)
    for page, pixels in drawn_pages(world, on.keys()):
        for number in on[page]:
            pictures[number] = framed(pixels, hits[number].place)
    return pictures

"""Hits as a piece of HTML for a notebook; nothing in it is trusted, and nothing is fetched."""

from collections.abc import Sequence

from mmrag_pipeline.api.pictures import Pictures
from mmrag_pipeline.errors import MmragError
from mmrag_pipeline.evaluation.report import shown_hit, templates
from mmrag_pipeline.retrieval.hits import Hit as Ranked

MOST_SHOWN = 20
"""A notebook keeps what it shows in its file: at most 20 pictures of 20 kB per search."""


def page_of(title: str, hits: Sequence[Ranked], pictures: Pictures) -> str:
    """Return hits with their pictures, a title above them if there is one.

    Every text is escaped and shortened; there are no scripts and no references. Where pictures
    cannot be read it says why and shows the hits without.
    """
    first, remark = hits[:MOST_SHOWN], ""
    try:
        seen = pictures.of(first)
    except (MmragError, OSError) as error:
        seen, remark = [None] * len(first), f"without pictures: {error}"
    shown = [shown_hit(hit, picture) for hit, picture in zip(first, seen, strict=True)]
    return (
        templates("mmrag_pipeline.api")
        .get_template("hits.html.j2")
        .render(title=title, hits=shown, more=len(hits) - len(first), remark=remark)
    )

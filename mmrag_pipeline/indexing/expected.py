"""What files hold that nobody parsed yet: their pages of before, else what their type promises."""

from dataclasses import dataclass, field

import polars as pl

from mmrag_pipeline.indexing import captions, ocr, text_vectors, tiles
from mmrag_pipeline.indexing.listed import Look
from mmrag_pipeline.parsing.media import MARKDOWN, PDF, PLAIN, READ

PAGES_PER_PDF = 4.0
"""Assumed of PDFs until some were parsed."""
_TEXTS_PER_PAGE = 2
"""Assumed of pages that nobody saw: words on it and a caption."""


@dataclass(frozen=True, slots=True)
class Expected:
    """What these files are expected to give; all zero without any."""

    files: pl.Series = field(default_factory=lambda: pl.Series(dtype=pl.String))
    """Ids of those that may have had points before."""
    scans: int = 0
    """Pages for OCR."""
    pictures: int = 0
    """Pages for captions."""
    tiles: int = 0
    sources: int = 0
    """Texts to cut."""
    texts: int = 0
    """Vectors of texts."""
    held: int = 0
    """Points of files whose pages of before are known."""
    unheld: int = 0
    """Points of the others."""
    is_nothing: bool = True


def expected(seen: Look, unparsed: pl.DataFrame) -> Expected:
    """Return what files give that were not read, or whose known content no memo holds parsed.

    A changed file counts as its pages of before, any other text file as one text, a picture
    as one page, a PDF as an average one. What is known not to be read counts as nothing.
    """
    columns = ["file_id", "media_type"]
    if unparsed.is_empty() and seen.unread.is_empty():
        return Expected()
    once = pl.concat([unparsed.unique("content").select(columns), seen.unread.select(columns)])
    files = pl.concat([unparsed.select(columns), seen.unread.select(columns)])
    readable = pl.col("media_type").is_in(list(READ))
    old = seen.table("pages").join(once.filter(readable), on="file_id", how="semi")
    drawn, written = _promised(seen, once.filter(readable).join(old, on="file_id", how="anti"))
    spoken = seen.table("chunks").join(old, on="file_id", how="semi")
    crops = tiles.cut(seen.world.settings, old).height
    captioned = captions.wanted(old).len()
    spaces = text_vectors.spaces(seen.world, spoken)
    return Expected(
        files=files.filter(readable)["file_id"].drop_nulls().unique(),
        scans=drawn + ocr.wanted(old).len(),
        pictures=drawn + captioned,
        tiles=drawn + crops,
        sources=_TEXTS_PER_PAGE * drawn + written + old.height + captioned,
        texts=_TEXTS_PER_PAGE * drawn + written + sum(space.texts.height for space in spaces),
        held=crops + spoken.height,
        unheld=(1 + _TEXTS_PER_PAGE) * drawn + written,
        is_nothing=False,
    )


def _promised(seen: Look, files: pl.DataFrame) -> tuple[int, int]:
    """Return how many pages with pixels, and how many texts, these files promise by type."""
    written = files.filter(pl.col("media_type").is_in([PLAIN, MARKDOWN])).height
    documents = files.filter(pl.col("media_type") == PDF).height
    singles = files.height - written - documents
    return singles + round(documents * _pages_per_pdf(seen) if documents else 0), written


def _pages_per_pdf(seen: Look) -> float:
    """Return the mean over the PDFs parsed here."""
    known = seen.kept.filter(pl.col("media_type") == PDF)
    counted = seen.table("pages").join(known, on="file_id", how="semi")
    files = counted["file_id"].n_unique()
    return counted.height / files if files else PAGES_PER_PDF

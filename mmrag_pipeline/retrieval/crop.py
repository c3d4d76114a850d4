"""A closer look at the hit: parts of its crop, at the source's own resolution, beside the query.

The index sees a page or a tile through an encoder's few hundred pixels. Cut in four overlapping
parts the same crop is seen twice as large, and a small thing in it can be recognized.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import cast

import numpy as np

from mmrag_pipeline.records import Box, Pixels
from mmrag_pipeline.retrieval.asked import Asked
from mmrag_pipeline.retrieval.fusion import FileId, FusedFile, file_of
from mmrag_pipeline.retrieval.paged import file_of_page
from mmrag_pipeline.retrieval.reranked import RERANK_TOP, WEIGHT, reranked
from mmrag_pipeline.retrieval.signals import Answer, Found

NAME = "crop"
PART = 0.6
"""Side of a part as a share of the crop's side: neighbours overlap by a fifth of it."""


@dataclass(frozen=True, slots=True)
class Spot:
    """Where in which content the pixels lie; the box is in page pixels, None for a whole page."""

    file: FileId
    digest: str
    media_type: str
    page_no: int
    box: Box | None


PixelsOf = Callable[[Sequence[Spot]], list[Pixels | None]]
"""The pixels of spots, in order; None where the content is not there any more, or not to be read.
"""


@dataclass(frozen=True, slots=True)
class Crop:
    """Re-scores the files on top by the best part of their best picture.

    Only for queries that say what is to be seen: numbers and codes (the form `exact`) are not
    recognized in pictures, and where `image` was not asked there is nothing to compare with.
    """

    pixels: PixelsOf
    top: int = RERANK_TOP
    weight: float = WEIGHT

    def __call__(
        self, asked: Asked, ranked: Sequence[FusedFile], answers: Sequence[Answer]
    ) -> list[FusedFile]:
        """Return the files on top by both scores, then the others.

        Cosines of different models are compared each with those of its own: the range of
        `reranked` is that of the files that the same models found.
        """
        if asked.form == "exact":
            return list(ranked)
        top = ranked[: self.top]
        for answer in answers:
            judged = self._judged({file.file for file in ranked[: self.top]}, answer)
            top = reranked(NAME, top, judged, weight=self.weight)
        return [*top, *ranked[self.top :]]

    def _judged(self, files: set[FileId], answer: Answer) -> dict[FileId, float]:
        question = answer.questions.get("image")
        best = _best_pictures(answer.lists.get("image", ()), files)
        if not isinstance(question, np.ndarray) or not best:
            return {}
        crops = self.pixels([_spot(found) for found in best.values()])
        parts = [
            (file, part)
            for file, crop in zip(best, crops, strict=True)
            if crop is not None
            for part in parts_of(crop)
        ]
        if not parts:
            return {}
        rows = answer.encoders.image_text.encode_images([part for _, part in parts])
        judged: dict[FileId, float] = {}
        for (file, _), cosine in zip(parts, (rows @ question).tolist(), strict=True):
            judged[file] = max(cosine, judged.get(file, cosine))
        return judged


def parts_of(crop: Pixels) -> list[Pixels]:
    """Return the four overlapping parts of a crop, corner by corner."""
    height, width = crop.shape[:2]
    down, across = (max(1, round(PART * side)) for side in (height, width))
    return [
        np.ascontiguousarray(crop[top : top + down, left : left + across])
        for top in (0, height - down)
        for left in (0, width - across)
    ]


def _best_pictures(found: Sequence[Found], files: set[FileId]) -> Mapping[FileId, Found]:
    """Return the best picture of each wanted file, in the order of files."""
    best: dict[FileId, Found] = {}
    for one in sorted(found, key=lambda f: (f.candidate.score, f.candidate.point_id)):
        if file_of(one) in files:
            best[file_of(one)] = one
    return dict(sorted(best.items()))


def _spot(found: Found) -> Spot:
    payload = found.candidate.payload
    corners = cast("Sequence[int] | None", payload.get("box"))
    return Spot(
        file_of_page(file_of(found)),
        digest=str(payload.get("digest") or ""),
        media_type=str(payload.get("media_type") or ""),
        page_no=int(str(payload.get("page_no") or 1)),
        box=Box(*corners) if corners else None,
    )

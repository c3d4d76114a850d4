"""Lanes: what each pixel station wants of a page, gathered into batches for its model."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from mmrag_pipeline.errors import ItemError
from mmrag_pipeline.indexing.failures import each_alone
from mmrag_pipeline.indexing.preemption import Pace
from mmrag_pipeline.indexing.remember import Batch, Row
from mmrag_pipeline.records import Box, PagePixels, Pixels

_BATCH_BYTES = 48 * 2**20
"""A batch is also closed when its pixels reach this size."""


@dataclass(frozen=True, slots=True)
class Crop:
    """Pixels for a model; `scale` is their pixels per page pixel."""

    pixels: Pixels
    scale: float


@dataclass(frozen=True, slots=True)
class Wish:
    """One result that is wanted of a page: its memo key and the part it is about."""

    key: str
    box: Box | None
    """None means the whole page."""


Call = Callable[[Sequence[Crop]], Sequence[Row | ItemError]]
"""A model's call: one result per crop, an error for one it could not make sense of."""


class Lane:
    """One station's way from pages to committed results."""

    def __init__(
        self,
        batch: Batch,
        call: Call,
        wishes: Mapping[str, Sequence[Wish]],
        *,
        pace: Pace,
    ) -> None:
        self.batch, self.wishes = batch, wishes
        self._call, self._pace = call, pace
        self._keys: list[str] = []
        self._crops: list[Crop] = []
        self._bytes = 0
        self.model_s = 0.0

    def take(self, page_digest: str, page: PagePixels | ItemError) -> None:
        """Cut what is wanted of this page; a full batch goes to the model and the memo."""
        wishes = self.wishes.get(page_digest, ())
        if isinstance(page, ItemError):
            self.batch.lose((wish.key for wish in wishes), page)
            return
        for wish in wishes:
            crop = Crop(_cut(page, wish.box), page.scale)
            self._keys.append(wish.key)
            self._crops.append(crop)
            self._bytes += crop.pixels.nbytes
            if len(self._keys) >= self._pace.size or self._bytes >= _BATCH_BYTES:
                self.flush()

    def finish(self) -> None:
        """Send the rest to the model and the memo."""
        self.flush()
        self.batch.flush()

    def flush(self) -> None:
        """Send what is gathered to the model; the results go to the memo in good time."""
        if self._keys:
            started = time.perf_counter()
            results = each_alone(self._call, self._crops)
            seconds = time.perf_counter() - started
            self.model_s += seconds
            self._pace.took(len(self._keys), seconds)
            self.batch.commit(self._keys, results)
            self._keys, self._crops, self._bytes = [], [], 0


def _cut(page: PagePixels, box: Box | None) -> Pixels:
    if box is None:
        return page.pixels
    height, width = page.pixels.shape[:2]
    left, top = int(box.left * page.scale), int(box.top * page.scale)
    right = min(max(round(box.right * page.scale), left + 1), width)
    bottom = min(max(round(box.bottom * page.scale), top + 1), height)
    return page.pixels[min(top, height - 1) : bottom, min(left, width - 1) : right]

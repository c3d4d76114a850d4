"""A changed setting ends in the index that a rebuild with it gives."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import pytest

from mmrag_pipeline.errors import CollectionMismatchError
from mmrag_pipeline.indexing import collection
from mmrag_pipeline.indexing.run import run_step
from mmrag_pipeline.indexing.station import Mode, World
from mmrag_pipeline.indexing.stations import run_partition
from mmrag_pipeline.indexing.verify import verify
from mmrag_pipeline.ports import PageReader
from mmrag_pipeline.records import PagePixels, ParsedFile
from mmrag_pipeline.testing.reader import FakeReader
from mmrag_pipeline.testing.snapshot import index_points
from mmrag_pipeline.testing.worlds import rebuilt
from tests.indexing.life import DOMAIN, Life


@dataclass(frozen=True, slots=True)
class _Shrinking:
    """A reader that heeds `decode_side_px`, as real ones do."""

    side_px: int
    inner: PageReader

    def parse_file(self, data: bytes, media_type: str) -> ParsedFile:
        """Return what the inner reader parses."""
        return self.inner.parse_file(data, media_type)

    def pixels(self, data: bytes, rasters: Sequence[str]) -> list[PagePixels]:
        """Return every so many-th pixel, so that the longer side fits."""
        drawn = self.inner.pixels(data, rasters)
        steps = [-(-max(page.pixels.shape) // self.side_px) for page in drawn]
        return [
            PagePixels(page.pixels[::step, ::step].copy(), 1.0 / step)
            for page, step in zip(drawn, steps, strict=True)
        ]


def _world(life: Life, side_px: int) -> World:
    life.settings = life.settings.model_copy(update={"decode_side_px": side_px})
    return replace(life.world(), reader=_Shrinking(side_px, FakeReader()))


def test_pictures_decoded_to_another_size_reach_the_index_with_their_new_vectors() -> None:
    life = Life()
    life.put(a="img:1@600x600")
    for side_px in (600, 300):
        world = _world(life, side_px)
        run_partition(world, DOMAIN, Mode(f"side {side_px}"))
        fresh = rebuilt(world)
        run_partition(fresh, DOMAIN, Mode("rebuild"))
        assert index_points(world, DOMAIN) == index_points(fresh, DOMAIN)


def test_points_of_pictures_of_another_size_are_not_written() -> None:
    life = Life()
    life.put(a="img:1@600x600")
    run_partition(_world(life, 600), DOMAIN, Mode("first"))
    with pytest.raises(CollectionMismatchError):
        run_step(_world(life, 300), collection.STEP, DOMAIN, mode=Mode("alone"))


def test_texts_are_not_written_again_because_pictures_were() -> None:
    life = Life()
    life.put(a="txt:some words")
    run_partition(_world(life, 600), DOMAIN, Mode("first"))
    outcomes = run_partition(_world(life, 300), DOMAIN, Mode("second"))
    assert outcomes[-1].changes == {"upserted": 0, "payloads": 0, "deleted": 0}
    assert verify(life.world(), DOMAIN).clean

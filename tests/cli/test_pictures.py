"""Pictures of hits: tables read once, and no hit that fails another."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

import polars as pl
import pytest

from mmrag_pipeline.cli.pictures import pictures_of_hits
from mmrag_pipeline.errors import CorruptStateError
from mmrag_pipeline.keepers import TableCatalog
from mmrag_pipeline.retrieval.hits import Hit
from tests.api.ranked import ranked
from tests.indexing.life import DOMAIN, Life


@dataclass
class _Told:
    """Tables that tell what is read of them, row group by row group; as a whole nothing is."""

    inner: TableCatalog
    read_of: list[str] = field(default_factory=list)

    def batches(
        self, table: str, partition: str, columns: Sequence[str]
    ) -> Iterator[pl.DataFrame] | None:
        self.read_of.append(table)
        return self.inner.batches(table, partition, columns)

    def partitions(self, table: str) -> list[str]:
        return self.inner.partitions(table)


@pytest.fixture
def life() -> Life:
    life = Life()
    life.put(a="img:1", b="txt:one", c="pdf:2|3")
    life.run()
    return life


def _hits(*keys: str) -> list[Hit]:
    return [replace(ranked(key=key), domain=DOMAIN) for key in keys]


def test_each_hit_has_its_picture_in_order_and_those_without_pixels_none(life: Life) -> None:
    first, *others = pictures_of_hits(life.world(), _hits("a", "b", "c", "gone", "a"))
    assert first is not None
    assert [one is not None for one in others] == [False, True, False, True]
    assert others[-1] == first != others[1]


def test_many_hits_of_a_domain_read_its_tables_once(life: Life) -> None:
    world = life.world()
    told = _Told(world.tables)
    pictures = pictures_of_hits(replace(world, tables=told), _hits("a", "c", "b"))  # type: ignore[arg-type]  # only what is read
    assert [one is not None for one in pictures] == [True, True, False]
    assert sorted(told.read_of) == ["dead_letters", "pages", "raw_files", "tombstones"]


def test_tables_that_cannot_be_read_show_hits_without_pictures(life: Life) -> None:
    class _Torn(_Told):
        def batches(self, table: str, partition: str, columns: Sequence[str]) -> None:
            raise CorruptStateError(f"{table} is damaged")

    world = replace(life.world(), tables=_Torn(life.world().tables))  # type: ignore[arg-type]  # only what is read
    assert pictures_of_hits(world, _hits("a", "c")) == [None, None]

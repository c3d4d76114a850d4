"""From a hit back to the raw file."""

import polars as pl
import pytest

from mmrag_pipeline.errors import NotFoundError
from mmrag_pipeline.indexing.explain import explain
from mmrag_pipeline.indexing.stations import STATIONS
from tests.indexing.life import DOMAIN, Life


def _point_id(life: Life, kind: str) -> str:
    points = life.state.tables.read("points", DOMAIN)
    assert points is not None
    return str(points.filter(pl.col("kind") == kind)["point_id"][0])


def _started() -> Life:
    life = Life()
    life.put(a="img:1@150x100", b="txt:# Head\nsome words")
    life.run()
    return life


def test_a_tile_is_traced_to_its_page_and_file() -> None:
    life = _started()
    found = explain(life.world(), DOMAIN, _point_id(life, "tile"))
    assert (found.file.key, found.page.page_no, found.part.kind) == ("a", 1, "tile")
    assert found.part.box is not None
    assert found.cards == {"image": life.models.image_text.card.fingerprint}


def test_a_chunk_is_traced_to_its_section_and_file() -> None:
    life = _started()
    found = explain(life.world(), DOMAIN, _point_id(life, "text"))
    assert (found.file.key, found.part.section, found.part.box) == ("b", "Head", None)


def test_an_explanation_names_the_run_and_every_table() -> None:
    life = _started()
    life.run()
    found = explain(life.world(), DOMAIN, _point_id(life, "caption"))
    assert (found.served_by, found.applied_by_run) == ("mmrag__d__g1", "run-1")
    assert [lineage.table for lineage in found.lineage] == list(STATIONS)


def test_a_point_that_the_index_lost_is_explained_as_not_served() -> None:
    life = _started()
    point_id = _point_id(life, "page")
    with life.state.vectors.writer("mmrag__d__g1") as index:
        index.delete([point_id])
    assert explain(life.world(), DOMAIN, point_id).served_by is None


def test_a_point_that_does_not_exist_is_not_found() -> None:
    with pytest.raises(NotFoundError, match="point id"):
        explain(_started().world(), DOMAIN, "00000000-0000-4000-8000-000000000001")

"""The settings of the index in an embedded shard, new or already there."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, get_args

import numpy as np
import pytest
import qdrant_edge as qe

from mmrag_pipeline.index_settings import IndexSettings, Memory, Quantization
from mmrag_pipeline.records import Layout, StoredPoint, VectorSpace, Where
from mmrag_pipeline.stores.edge import EdgeVectors
from mmrag_pipeline.stores.edge_config import search_params, shard_config
from mmrag_pipeline.stores.tuning import Tuning, tuning_of
from tests.stores.samples import payload, point_id
from tests.stores.vector_store_fixtures import NAME

WIDE = Layout((VectorSpace("image", 64, "card-a"),))
ROWS = np.random.default_rng(7).standard_normal((300, 64), dtype=np.float32)
GRAPHS = Tuning(exact_below_kb=0)


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give a folder with a collection of 300 points that has a graph."""
    root = tmp_path_factory.mktemp("filled")
    store = EdgeVectors(root, tuning=GRAPHS)
    store.create(NAME, WIDE)
    with store.writer(NAME) as writer:
        writer.upsert(
            [StoredPoint(point_id(n), payload(n), {"image": row}) for n, row in enumerate(ROWS)]
        )
    return root


def tuned(root: Path, tuning: Tuning) -> EdgeVectors:
    """Return a store of this tuning after one writer changed nothing."""
    store = EdgeVectors(root, tuning=tuning)
    with store.writer(NAME):
        pass
    return store


def kept(root: Path) -> Mapping[str, Any]:
    """Return how the largest segment keeps its vectors."""
    segments = (root / "collections" / NAME / "shard" / "segments").glob("*/segment.json")
    (config,) = (json.loads(s.read_text())["config"] for s in segments if _has_points(s.parent))
    vectors: Mapping[str, Any] = config["vector_data"]["image"]
    return vectors


def _has_points(segment: Path) -> bool:
    return (segment / "vector_index-image" / "graph.bin").exists()


def nearest(store: EdgeVectors, numbers: Sequence[int]) -> list[str]:
    """Return the best point of each of these vectors."""
    with store.reader(NAME) as reader:
        asked = [reader.query("image", ROWS[n], limit=1, where=Where()) for n in numbers]
    return [best[0].point_id for best in asked]


def indexes(root: Path) -> "Mapping[str, qe.PayloadIndexInfo]":
    """Return the payload indexes of the shard."""
    shard = qe.EdgeShard.load(str(root / "collections" / NAME / "shard"))
    held = shard.info().payload_schema
    shard.close()
    return held


@pytest.mark.parametrize("method", get_args(Quantization))
def test_a_collection_that_is_there_takes_any_quantization(
    filled: Path, method: Quantization
) -> None:
    store = tuned(filled, Tuning(method, exact_below_kb=0, oversampling=4.0))
    name, _, _ = method.partition("-")
    assert list(kept(filled)["quantization_config"] or {"none": {}}) == [name]
    assert nearest(store, range(20)) == [point_id(n) for n in range(20)]


@pytest.mark.parametrize(
    ("method", "config"),
    [
        ("scalar", {"type": "int8"}),
        ("binary-2", {"encoding": "two_bits"}),
        ("product-8", {"compression": "x8"}),
        ("product-64", {"compression": "x64"}),
        ("turbo-2", {"bits": "bits2"}),
    ],
)
def test_a_quantization_has_the_size_that_its_name_says(
    filled: Path, method: Quantization, config: Mapping[str, str]
) -> None:
    tuned(filled, Tuning(method, exact_below_kb=0, quantized_memory="cold"))
    (held,) = kept(filled)["quantization_config"].values()
    assert held == {**config, "memory": "cold"}


def test_a_collection_that_is_there_is_linked_anew(filled: Path) -> None:
    tuned(filled, Tuning(exact_below_kb=0, hnsw_m=24, hnsw_ef_construct=50))
    links = kept(filled)["index"]["options"]
    assert (links["m"], links["ef_construct"]) == (24, 50)


def test_a_graph_goes_when_exact_search_is_asked_for_and_comes_back(filled: Path) -> None:
    for tuning, linked in ((Tuning(), 0), (GRAPHS, 300)):
        tuned(filled, tuning)
        shard = qe.EdgeShard.load(str(filled / "collections" / NAME / "shard"))
        assert (shard.info().indexed_vectors_count, shard.info().points_count) == (linked, 300)
        shard.close()


@pytest.mark.parametrize(
    ("asked", "vectors", "graph"),
    [("cold", "cold", "cold"), ("cached", "cold", "cached"), ("pinned", "cached", "pinned")],
)
def test_whole_vectors_fill_memory_at_an_opening_only_when_pinned(
    asked: Memory, vectors: str, graph: str
) -> None:
    held = shard_config(WIDE, Tuning(vectors_memory=asked, graph_memory=asked)).vectors["image"]
    assert held.memory == getattr(qe.Memory, vectors.capitalize())
    assert held.hnsw_config is not None
    assert held.hnsw_config.memory == getattr(qe.Memory, graph.capitalize())


def test_a_collection_that_lacks_payload_indexes_gets_them(filled: Path) -> None:
    shard = qe.EdgeShard.load(str(filled / "collections" / NAME / "shard"))
    for name in ("page_no", "modified_at"):
        shard.update(qe.UpdateOperation.delete_field_index(name))
    shard.close()
    assert not {"page_no", "modified_at"} & indexes(filled).keys()
    tuned(filled, GRAPHS)
    assert indexes(filled)["page_no"].points == 300
    assert "modified_at" in indexes(filled)


@pytest.mark.parametrize("principal", ["page_no", "modified_at"])
def test_tenants_and_the_principal_field_are_told_to_indexes_that_are_there(
    filled: Path, principal: Any
) -> None:
    for tuning in (Tuning(tenants=True, principal=principal), Tuning()):
        tuned(filled, tuning)
        held = {name: index.params for name, index in indexes(filled).items()}
        assert getattr(held["visibility"], "is_tenant", None) is tuning.tenants
        assert getattr(held[principal], "is_principal", None) is (tuning.principal == principal)


def test_numbers_are_kept_as_the_layout_says() -> None:
    for layout, kind in ((WIDE, "Float32"), (replace(WIDE, datatype="float16"), "Float16")):
        held = shard_config(layout, Tuning()).vectors["image"].datatype
        assert held == getattr(qe.VectorStorageDatatype, kind)


def test_a_query_is_tuned_too() -> None:
    params = search_params(Tuning("binary", oversampling=3.0, rescore=False, hnsw_ef=77))
    assert params.hnsw_ef == 77
    assert params.quantization is not None
    assert (params.quantization.rescore, params.quantization.oversampling) == (False, 3.0)


def test_rescoring_finds_what_bits_alone_do_not(filled: Path) -> None:
    def scores(rescore: bool) -> list[float]:
        store = tuned(filled, Tuning("binary", exact_below_kb=0, rescore=rescore))
        with store.reader(NAME) as reader:
            return [c.score for c in reader.query("image", ROWS[0], limit=3, where=Where())]

    assert scores(True)[0] == pytest.approx(1.0, abs=1e-5)
    assert scores(False) != pytest.approx(scores(True), abs=1e-3)


def test_the_tuning_of_no_settings_is_the_default() -> None:
    assert tuning_of(IndexSettings()) == Tuning()


def test_every_setting_of_the_tuning_arrives() -> None:
    asked = Tuning("turbo-4", 3.0, False, 8, 50, 70, 9, "cold", "pinned", "cached", True, "page_no")
    settings = {f"index_{name}": getattr(asked, name) for name in Tuning.__dataclass_fields__}
    assert tuning_of(IndexSettings.model_validate(settings)) == asked


@pytest.mark.parametrize("method", get_args(Quantization))
def test_what_the_next_writer_changes_is_told_and_then_no_more(
    tmp_path: Path, method: Quantization
) -> None:
    EdgeVectors(tmp_path).create(NAME, WIDE)
    store = EdgeVectors(tmp_path, tuning=Tuning(quantization=method, hnsw_m=8, tenants=True))
    told = {t.setting: (t.now, t.asked) for t in store.tuned(NAME) if t.differs}
    smaller = {"index_quantization": ("none", method)} if method != "none" else {}
    flags = {"index_hnsw_m": ("16", "8"), "index_tenants": ("false", "true")}
    assert told == {**smaller, **flags}
    with store.writer(NAME):
        pass
    assert not [t for t in store.tuned(NAME) if t.differs]
    assert store.tuned(NAME)[0].now == method


@pytest.mark.parametrize("memory", get_args(Memory))
def test_places_in_memory_are_told_as_the_settings_that_put_them_there(
    tmp_path: Path, memory: Memory
) -> None:
    tuning = Tuning("scalar", vectors_memory=memory, graph_memory=memory, quantized_memory=memory)
    store = EdgeVectors(tmp_path, tuning=tuning)
    store.create(NAME, WIDE)
    told = [t for t in store.tuned(NAME) if t.setting.endswith("_memory")]
    assert [(t.now, t.asked) for t in told] == [(memory, memory)] * 3


def test_of_a_collection_that_is_not_there_nothing_is_told(tmp_path: Path) -> None:
    assert not EdgeVectors(tmp_path).tuned(NAME)

"""What is told to a server about a collection that it has."""

from dataclasses import replace
from typing import Any, get_args

import pytest
from qdrant_client import models

from mmrag_pipeline.index_settings import Memory, Quantization
from mmrag_pipeline.stores.server_changes import (
    Changes,
    Copies,
    changes,
    missing_indexes,
    tuning_of_collection,
)
from mmrag_pipeline.stores.server_tuning import (
    hnsw,
    optimizers,
    payload_indexes,
    quantization,
    search_params,
    sparse_config,
    vectors_config,
)
from mmrag_pipeline.stores.tuning import Tuning
from tests.stores.samples import LAYOUT

PLAIN = Tuning()
ONE = Copies()


def _held(tuning: Tuning, *, since_119: bool = True) -> models.CollectionConfig:
    """Return the configuration of a collection that was made with a tuning."""
    config = models.CollectionConfig(
        params=models.CollectionParams(
            vectors=vectors_config(LAYOUT, tuning),
            sparse_vectors=sparse_config(LAYOUT),
            replication_factor=1,
            write_consistency_factor=1,
        ),
        hnsw_config=models.HnswConfig(
            full_scan_threshold=10_000, **hnsw(tuning).model_dump(exclude_none=True)
        ),
        optimizer_config=models.OptimizersConfig(
            default_segment_number=0,
            flush_interval_sec=5,
            indexing_threshold=optimizers(tuning).indexing_threshold,
        ),
        quantization_config=quantization(tuning),
    )
    return config if since_119 else _without_memory(config)


def _without_memory(config: models.CollectionConfig) -> models.CollectionConfig:
    told = config.model_dump(exclude_none=True)
    for part in (told["hnsw_config"], *told["params"]["vectors"].values()):
        part.pop("memory")
    for part in told.get("quantization_config", {}).values():
        part.pop("memory")
    return models.CollectionConfig.model_validate(told)


@pytest.mark.parametrize("since_119", [True, False])
@pytest.mark.parametrize("method", get_args(Quantization))
@pytest.mark.parametrize("memory", ["cold", "pinned"])
def test_a_collection_that_is_as_asked_is_left_alone(
    method: Quantization, memory: Memory, since_119: bool
) -> None:
    tuning = Tuning(method, quantized_memory=memory, graph_memory="cold", exact_below_kb=0)
    assert changes(_held(tuning, since_119=since_119), LAYOUT, tuning, ONE) == Changes()


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        ({"hnsw_m": 32}, "hnsw"),
        ({"hnsw_ef_construct": 200}, "hnsw"),
        ({"graph_memory": "pinned"}, "hnsw"),
        ({"exact_below_kb": 9}, "optimizers"),
        ({"vectors_memory": "cold"}, "vectors"),
        *(({"quantization": method}, "quantization") for method in get_args(Quantization)[1:]),
    ],
    ids=str,
)
def test_only_what_differs_is_told(asked: dict[str, object], told: str) -> None:
    change = changes(_held(PLAIN), LAYOUT, replace(PLAIN, **asked), ONE)  # type: ignore[arg-type]
    names = ("hnsw", "quantization", "optimizers", "params", "vectors")
    assert [name for name in names if getattr(change, name) is not None] == [told]


def test_other_copies_are_told_alone() -> None:
    for copies in (Copies(2), Copies(2, 2)):
        change = changes(_held(PLAIN), LAYOUT, PLAIN, copies)
        assert change == Changes(params=change.params)
        assert change.params is not None
        assert change.params.replication_factor == 2


def test_another_smaller_copy_replaces_the_one_that_is_there() -> None:
    for before, after in (("turbo-1", "turbo-4"), ("product-4", "product-8"), ("binary", "scalar")):
        held = _held(Tuning(before))  # type: ignore[arg-type]
        tuning = Tuning(after)  # type: ignore[arg-type]
        assert changes(held, LAYOUT, tuning, ONE).quantization == quantization(tuning)


def test_a_smaller_copy_that_is_no_longer_asked_for_is_dropped() -> None:
    change = changes(_held(Tuning("scalar")), LAYOUT, PLAIN, ONE)
    assert change.quantization == models.Disabled.DISABLED


def test_a_moved_vector_is_told_for_each_dense_signal() -> None:
    vectors = changes(_held(PLAIN), LAYOUT, Tuning(vectors_memory="cold"), ONE).vectors
    assert vectors is not None
    assert vectors.keys() == {"image", "text", "image_text"}


def _indexes(tuning: Tuning) -> dict[str, models.PayloadIndexInfo]:
    return {
        name: models.PayloadIndexInfo(
            data_type=models.PayloadSchemaType(index.type.value), params=index, points=0
        )
        for name, index in payload_indexes(tuning).items()
    }


def test_indexes_that_are_there_are_not_made_again() -> None:
    tuning = Tuning(tenants=True, principal="modified_at")
    assert missing_indexes(_indexes(tuning), tuning) == {}
    assert missing_indexes({}, tuning) == payload_indexes(tuning)


def test_an_index_without_parameters_serves_where_none_are_asked() -> None:
    held = {
        name: index.model_copy(update={"params": None}) for name, index in _indexes(PLAIN).items()
    }
    assert missing_indexes(held, PLAIN) == {}
    assert missing_indexes(held, Tuning(tenants=True)).keys() == {"visibility"}
    assert missing_indexes(held, Tuning(principal="page_no")).keys() == {"page_no"}


def test_an_index_of_another_kind_is_made_again() -> None:
    held = _indexes(PLAIN)
    held["key"] = held["page_no"]
    assert missing_indexes(held, PLAIN).keys() == {"key"}


def test_a_graph_for_everything_is_not_told_as_a_graph_for_nothing() -> None:
    assert optimizers(Tuning(exact_below_kb=0)).indexing_threshold == 1


def test_queries_say_how_far_to_look_and_how_to_use_the_smaller_copy() -> None:
    assert search_params(PLAIN) == models.SearchParams()
    params = search_params(Tuning("scalar", oversampling=3.0, rescore=False, hnsw_ef=64))
    assert params.hnsw_ef == 64
    assert params.quantization == models.QuantizationSearchParams(rescore=False, oversampling=3.0)


def test_numbers_are_kept_as_the_layout_says() -> None:
    for datatype in ("float32", "float16"):
        made = vectors_config(replace(LAYOUT, datatype=datatype), PLAIN)
        assert {params.datatype for params in made.values()} == {models.Datatype(datatype)}


def _info(tuning: Tuning, *, since_119: bool = True) -> models.CollectionInfo:
    fields = {
        name: models.PayloadIndexInfo(
            data_type=models.PayloadSchemaType(index.type.value), params=index, points=0
        )
        for name, index in payload_indexes(tuning).items()
    }
    return models.CollectionInfo(
        status=models.CollectionStatus.GREEN,
        optimizer_status=models.OptimizersStatusOneOf.OK,
        segments_count=1,
        config=_held(tuning, since_119=since_119),
        payload_schema=fields,
    )


@pytest.mark.parametrize("since_119", [True, False])
@pytest.mark.parametrize("method", get_args(Quantization))
def test_what_is_told_to_be_in_force_is_what_was_asked(method: str, since_119: bool) -> None:
    tuning = Tuning(quantization=method, quantized_memory="cold", exact_below_kb=0)  # type: ignore[arg-type]  # one of them
    told = tuning_of_collection(_info(tuning, since_119=since_119), tuning, ONE)
    assert not [one for one in told if one.differs]
    assert told[0].now == method


@pytest.mark.parametrize(
    "asked",
    [
        {"quantization": "turbo-4"},
        {"hnsw_m": 8},
        {"hnsw_ef_construct": 8},
        {"exact_below_kb": 0},
        {"vectors_memory": "cold"},
        {"graph_memory": "pinned"},
        {"tenants": True},
        {"principal": "modified_at"},
    ],
)
def test_each_setting_that_would_be_changed_is_told_alone(asked: dict[str, Any]) -> None:
    wanted, held = replace(PLAIN, **asked), _info(PLAIN)
    (told,) = [one for one in tuning_of_collection(held, wanted, ONE) if one.differs]
    assert [told.setting.removeprefix("index_")] == [*asked]
    sent = changes(held.config, LAYOUT, wanted, ONE) != Changes()
    assert sent or missing_indexes(held.payload_schema, wanted)


def test_a_payload_index_that_is_lacking_and_more_copies_are_told() -> None:
    held = _info(PLAIN)
    del held.payload_schema["modified_at"]
    told = tuning_of_collection(held, PLAIN, Copies(replicas=2))
    assert [(t.setting, t.now, t.asked) for t in told if t.differs] == [
        ("payload index of modified_at", "absent", "present"),
        ("qdrant_replicas", "1", "2"),
    ]

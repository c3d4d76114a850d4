"""The Qdrant of tests keeps what it is given and tells what it was asked for."""

import json
import subprocess
import sys
import urllib.request
from collections.abc import Sequence

import pytest
from grpc import StatusCode  # type: ignore[import-untyped]  # it ships no types
from qdrant_client import QdrantClient, models

from tests.stores.qdrant_process import qdrant
from tests.stores.qdrant_samples import points, refused
from tests.stores.samples import point_id


def test_a_collection_tells_what_was_asked_for(client: QdrantClient) -> None:
    compressed = models.ScalarQuantization(
        scalar=models.ScalarQuantizationConfig(type=models.ScalarType.INT8, always_ram=True)
    )
    space = models.VectorParams(
        size=2, distance=models.Distance.DOT, datatype=models.Datatype.FLOAT16, on_disk=True
    )
    client.create_collection(
        "asked",
        vectors_config={"image": space},
        shard_number=3,
        replication_factor=2,
        hnsw_config=models.HnswConfigDiff(m=0, payload_m=16),
        quantization_config=compressed,
    )
    told = client.get_collection("asked").config
    assert told.params.vectors == {"image": space}
    assert (told.params.shard_number, told.params.replication_factor) == (3, 2)
    assert (told.hnsw_config.m, told.hnsw_config.payload_m) == (0, 16)
    assert told.hnsw_config.ef_construct == 100
    assert told.quantization_config == compressed


def test_an_update_changes_what_it_names(client: QdrantClient) -> None:
    client.update_collection(
        "c",
        hnsw_config=models.HnswConfigDiff(m=32),
        optimizers_config=models.OptimizersConfigDiff(indexing_threshold=0),
        collection_params=models.CollectionParamsDiff(replication_factor=2),
        vectors_config={"image": models.VectorParamsDiff(on_disk=True)},
        quantization_config=models.BinaryQuantization(binary=models.BinaryQuantizationConfig()),
    )
    client.update_collection("c", quantization_config=models.Disabled.DISABLED)
    told = client.get_collection("c").config
    assert isinstance(told.params.vectors, dict)
    assert told.params.vectors["image"].on_disk
    assert (told.hnsw_config.m, told.hnsw_config.ef_construct) == (32, 100)
    assert told.optimizer_config.indexing_threshold == 0
    assert (told.params.replication_factor, told.params.shard_number) == (2, 1)
    assert told.quantization_config is None


def test_metadata_is_merged_and_a_null_removes_its_key(client: QdrantClient) -> None:
    client.update_collection("c", metadata={"gone": 1, "changed": {"a": 1}, "kept": [1, 2]})
    client.update_collection("c", metadata={"gone": None, "changed": {"b": 2}, "absent": None})
    metadata = client.get_collection("c").config.metadata
    assert metadata == {"changed": {"b": 2}, "kept": [1, 2]}


def test_payload_indexes_are_told_with_their_parameters(client: QdrantClient) -> None:
    tenant = models.KeywordIndexParams(type=models.KeywordIndexType.KEYWORD, is_tenant=True)
    principal = models.DatetimeIndexParams(
        type=models.DatetimeIndexType.DATETIME, is_principal=True
    )
    client.create_payload_index("c", "kind", tenant)
    client.create_payload_index("c", "at", principal)
    client.create_payload_index("c", "page_no", models.PayloadSchemaType.INTEGER)
    told = client.get_collection("c").payload_schema
    assert {name: index.params for name, index in told.items()} == {
        "kind": tenant,
        "at": principal,
        "page_no": None,
    }
    assert told["page_no"].data_type == models.PayloadSchemaType.INTEGER


def test_one_batch_makes_changes_of_several_kinds(client: QdrantClient) -> None:
    client.upsert("c", points(1, 2))
    changes: Sequence[models.UpdateOperation] = [
        models.UpsertOperation(upsert=models.PointsList(points=points(3))),
        models.DeleteOperation(delete=models.PointIdsList(points=[point_id(1)])),
        models.OverwritePayloadOperation(
            overwrite_payload=models.SetPayload(payload={"b": 1}, points=[point_id(2)])
        ),
        models.SetPayloadOperation(
            set_payload=models.SetPayload(payload={"c": 2}, points=[point_id(2)])
        ),
        models.UpdateVectorsOperation(
            update_vectors=models.UpdateVectors(
                points=[models.PointVectors(id=point_id(2), vector={"image": [3.0, 4.0]})]
            )
        ),
    ]
    assert len(client.batch_update_points("c", changes)) == len(changes)
    held = {r.id: r for r in client.scroll("c", with_vectors=True)[0]}
    assert held.keys() == {point_id(2), point_id(3)}
    assert held[point_id(2)].payload == {"b": 1, "c": 2}
    vectors = held[point_id(2)].vector
    assert isinstance(vectors, dict)
    assert vectors["image"] == pytest.approx([0.6, 0.8])


def test_an_update_filter_lets_through_what_it_matches(client: QdrantClient) -> None:
    client.upsert("c", points(1, 2))
    even = models.FieldCondition(key="kind", match=models.MatchValue(value="k0"))
    changed = [models.PointStruct(id=point_id(n), vector={}, payload={"n": n}) for n in (1, 2)]
    client.upsert("c", changed, update_filter=models.Filter(must=[even]))
    assert client.retrieve("c", [point_id(1)])[0].payload == {"kind": "k1"}
    assert client.retrieve("c", [point_id(2)])[0].payload == {"n": 2}


def test_questions_of_a_batch_are_answered_in_order(client: QdrantClient) -> None:
    client.upsert("c", points(0, 9))
    asked = [models.QueryRequest(query=[1.0, n], using="image", limit=1) for n in (9, 0)]
    answers = client.query_batch_points("c", asked)
    assert [a.points[0].id for a in answers] == [point_id(9), point_id(0)]


def test_a_facet_needs_an_index(client: QdrantClient) -> None:
    client.upsert("c", points(1, 2, 3))
    assert refused(lambda: client.facet("c", "kind")) == StatusCode.INVALID_ARGUMENT
    client.create_payload_index("c", "kind", models.PayloadSchemaType.KEYWORD)
    assert {h.value: h.count for h in client.facet("c", "kind").hits} == {"k0": 1, "k1": 2}


def test_a_refusal_has_the_code_that_a_server_gives_it(client: QdrantClient) -> None:
    absent = models.PointIdsList(points=[point_id(7)])
    assert refused(lambda: client.count("nowhere")) == StatusCode.NOT_FOUND
    assert refused(lambda: client.get_collection("nowhere")) == StatusCode.NOT_FOUND
    assert refused(lambda: client.set_payload("c", {}, absent)) == StatusCode.NOT_FOUND
    assert refused(lambda: client.create_collection("c")) == StatusCode.ALREADY_EXISTS
    assert refused(lambda: client.retrieve("c", ["seven"])) == StatusCode.INVALID_ARGUMENT
    assert refused(lambda: client.upsert("c", [])) == StatusCode.INVALID_ARGUMENT


def test_a_server_of_another_version_says_so() -> None:
    with qdrant(version="1.18.3") as served:
        assert served.client().info().version == "1.18.3"
        with urllib.request.urlopen(served.url) as answer:
            assert json.load(answer)["version"] == "1.18.3"


def test_it_runs_as_a_process_of_its_own() -> None:
    command = [sys.executable, "-m", "tests.stores.qdrant_process", "0"]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        grpc_port, rest_port = map(int, process.stdout.readline().split())
        client = QdrantClient(
            "127.0.0.1",
            port=rest_port,
            grpc_port=grpc_port,
            prefer_grpc=True,
            check_compatibility=False,
        )
        assert client.info().version == "1.20.0"
        client.close()
        process.communicate()
    assert process.returncode == 0

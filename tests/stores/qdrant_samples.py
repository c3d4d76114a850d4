"""A collection, points and refusals that tests of the Qdrant of tests share."""

from collections.abc import Callable

import grpc  # type: ignore[import-untyped]  # it ships no types
import pytest
from qdrant_client import QdrantClient, models

from tests.stores.qdrant_process import Served
from tests.stores.samples import point_id


@pytest.fixture
def client(served: Served) -> QdrantClient:
    """Give a client of the test's own server, and one empty collection `c`."""
    space = models.VectorParams(size=2, distance=models.Distance.COSINE)
    client = served.client()
    client.create_collection("c", vectors_config={"image": space})
    return client


def points(*numbers: int) -> list[models.PointStruct]:
    """Return numbered points; their kind is `k0` or `k1`."""
    return [
        models.PointStruct(
            id=point_id(n), vector={"image": [1.0, n]}, payload={"kind": f"k{n % 2}"}
        )
        for n in numbers
    ]


def refused(ask: Callable[[], object]) -> grpc.StatusCode:
    """Return the code with which a call fails."""
    with pytest.raises(grpc.RpcError) as failed:
        ask()
    return failed.value.code()

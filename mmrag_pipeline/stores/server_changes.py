"""What a collection that exists lacks of what the settings ask: only that is changed.

Every change of a collection makes Qdrant look at all its segments, many build them anew.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from mmrag_pipeline.generation_records import Tuned
from mmrag_pipeline.records import Layout
from mmrag_pipeline.stores.in_force import InForce, tuned
from mmrag_pipeline.stores.layouts import dense_spaces
from mmrag_pipeline.stores.server_tuning import (
    hnsw,
    optimizers,
    payload_indexes,
    quantization,
)
from mmrag_pipeline.stores.tuning import Tuning

if TYPE_CHECKING:
    from qdrant_client import QdrantClient, models


@dataclass(frozen=True, slots=True)
class Copies:
    """Copies of each part of a collection, and how many of them must have a change."""

    replicas: int = 1
    write_consistency: int = 1


@dataclass(frozen=True, slots=True)
class Changes:
    """What has to be told to a server; None is as it should be."""

    hnsw: "models.HnswConfigDiff | None" = None
    quantization: "models.QuantizationConfigDiff | None" = None
    optimizers: "models.OptimizersConfigDiff | None" = None
    params: "models.CollectionParamsDiff | None" = None
    vectors: "dict[str, models.VectorParamsDiff] | None" = None

    def send(self, client: "QdrantClient", collection: str) -> None:
        """Tell them in one request; nothing is asked when nothing differs."""
        if self == Changes():
            return
        client.update_collection(
            collection,
            hnsw_config=self.hnsw,
            quantization_config=self.quantization,
            optimizers_config=self.optimizers,
            collection_params=self.params,
            vectors_config=self.vectors,
        )


def changes(
    held: "models.CollectionConfig", layout: Layout, tuning: Tuning, copies: Copies
) -> Changes:
    """Return what a collection's configuration lacks of what is asked."""
    graph = hnsw(tuning)
    same_graph = (held.hnsw_config.m, held.hnsw_config.ef_construct) == (
        graph.m,
        graph.ef_construct,
    )
    same_graph = same_graph and _memory(held.hnsw_config) == tuning.graph_memory
    limit = optimizers(tuning)
    same_limit = held.optimizer_config.indexing_threshold == limit.indexing_threshold
    return Changes(
        hnsw=None if same_graph else graph,
        quantization=_quantization(held, tuning),
        optimizers=None if same_limit else limit,
        params=_params(held.params, copies),
        vectors=_vectors(held.params, layout, tuning),
    )


def tuning_of_collection(
    held: "models.CollectionInfo", tuning: Tuning, copies: Copies
) -> list[Tuned]:
    """Return what is in force of a collection, beside what is asked."""
    told, params = held.config.model_dump(mode="json", exclude_none=True), held.config.params
    asked = payload_indexes(tuning)
    indexes = {n: i for n, i in held.payload_schema.items() if n in asked}
    now = InForce(
        vectors=[*told["params"].get("vectors", {}).values()],
        graph=told["hnsw_config"],
        exact_below_kb=int(told["optimizer_config"].get("indexing_threshold", 0)),
        quantization=told.get("quantization_config", {}),
        fields={
            n: i.params for n, i in indexes.items() if i.data_type.value == asked[n].type.value
        },
    )
    numbers = {
        "qdrant_replicas": (params.replication_factor, copies.replicas),
        "qdrant_write_consistency": (params.write_consistency_factor, copies.write_consistency),
    }
    kept = [Tuned(name, str(there or 1), str(wanted)) for name, (there, wanted) in numbers.items()]
    return [*tuned(now, tuning), *kept]


def missing_indexes(
    held: "Mapping[str, models.PayloadIndexInfo]", tuning: Tuning
) -> "dict[str, models.PayloadSchemaParams]":
    """Return field -> index for those that a collection lacks, or has of another kind."""
    asked = payload_indexes(tuning)
    return {name: index for name, index in asked.items() if not _serves(held.get(name), index)}


def _serves(held: "models.PayloadIndexInfo | None", asked: "models.PayloadSchemaParams") -> bool:
    if held is None or held.data_type.value != asked.type.value:
        return False
    return all(
        bool(getattr(held.params, flag, None)) == bool(getattr(asked, flag, None))
        for flag in ("is_tenant", "is_principal")
    )


def _memory(held: "models.HnswConfig | models.VectorParams") -> str:
    """Return where something is: servers before 1.19 know a flag only."""
    if held.memory is not None:
        return held.memory.value
    return "cold" if held.on_disk else "cached"


def _quantization(
    held: "models.CollectionConfig", tuning: Tuning
) -> "models.QuantizationConfigDiff | None":
    from qdrant_client import models

    asked, there = quantization(tuning), held.quantization_config
    if asked is None:
        return None if there is None else models.Disabled.DISABLED
    return None if there is not None and _same_copy(there, asked) else asked


def _same_copy(held: "models.QuantizationConfig", asked: "models.QuantizationConfig") -> bool:
    """Return whether method, size and memory agree; servers before 1.19 know `pinned` only."""
    (there, has), (method, wants) = _told(held), _told(asked)
    told = "memory" if has.get("memory") else "always_ram"
    return (
        there == method
        and all(has.get(name) == wants.get(name) for name in ("compression", "bits", told))
        and has.get("encoding", "one_bit") == wants.get("encoding", "one_bit")
    )


def _told(config: "models.QuantizationConfig") -> tuple[str, dict[str, object]]:
    ((method, told),) = config.model_dump(mode="json", exclude_none=True).items()
    return method, {"always_ram": False, **told}


def _params(
    held: "models.CollectionParams", copies: Copies
) -> "models.CollectionParamsDiff | None":
    from qdrant_client import models

    asked = (copies.replicas, copies.write_consistency)
    if (held.replication_factor or 1, held.write_consistency_factor or 1) == asked:
        return None
    return models.CollectionParamsDiff(
        replication_factor=copies.replicas, write_consistency_factor=copies.write_consistency
    )


def _vectors(
    held: "models.CollectionParams", layout: Layout, tuning: Tuning
) -> "dict[str, models.VectorParamsDiff] | None":
    from qdrant_client import models

    there = held.vectors if isinstance(held.vectors, dict) else {}
    moved = models.VectorParamsDiff(
        memory=models.Memory(tuning.vectors_memory), on_disk=tuning.vectors_memory == "cold"
    )
    names = [
        space.signal
        for space in dense_spaces(layout)
        if space.signal in there and _memory(there[space.signal]) != tuning.vectors_memory
    ]
    return dict.fromkeys(names, moved) or None

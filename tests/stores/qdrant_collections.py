"""Collections of the Qdrant of tests: what was asked for is kept, local mode would forget it."""

from dataclasses import dataclass, field
from typing import Any

from qdrant_client import grpc as wire
from qdrant_client.conversions.conversion import GrpcToRest, RestToGrpc
from qdrant_client.local.qdrant_local import QdrantLocal

_DEFAULTS = wire.CollectionConfig(
    params=wire.CollectionParams(
        shard_number=1, on_disk_payload=True, replication_factor=1, write_consistency_factor=1
    ),
    hnsw_config=wire.HnswConfigDiff(
        m=16, ef_construct=100, full_scan_threshold=10_000, max_indexing_threads=0, on_disk=False
    ),
    optimizer_config=wire.OptimizersConfigDiff(
        deleted_threshold=0.2,
        vacuum_min_vector_number=1_000,
        default_segment_number=0,
        indexing_threshold=10_000,
        flush_interval_sec=5,
    ),
    wal_config=wire.WalConfigDiff(wal_capacity_mb=32, wal_segments_ahead=0),
)
"""What a server fills in where the client asked for nothing."""


@dataclass(slots=True)
class Held:
    """Points in local mode; configurations and payload indexes as they were asked for."""

    local: QdrantLocal = field(default_factory=lambda: QdrantLocal(":memory:"))
    configs: dict[str, wire.CollectionConfig] = field(default_factory=dict)
    indexes: dict[str, dict[str, wire.PayloadSchemaInfo]] = field(default_factory=dict)

    def name(self, collection: str) -> str:
        """Return the collection that a name or alias leads to; raises ValueError."""
        name = self.local.aliases.get(collection, collection)
        if name not in self.configs:
            raise ValueError(f"Collection {collection} not found")
        return name


class Collections(wire.CollectionsServicer):
    """The service `qdrant.Collections`."""

    def __init__(self, held: Held) -> None:
        self._held = held

    def Get(self, request: wire.GetCollectionInfoRequest, _: Any) -> wire.GetCollectionInfoResponse:
        """Return the configuration as asked for and updated."""
        name = self._held.name(request.collection_name)
        info = wire.CollectionInfo(
            status=wire.CollectionStatus.Green,
            optimizer_status=wire.OptimizerStatus(ok=True),
            segments_count=1,
            config=self._held.configs[name],
            payload_schema=self._held.indexes[name],
            points_count=self._held.local.count(name).count,
            indexed_vectors_count=0,
        )
        return wire.GetCollectionInfoResponse(result=info)

    def List(self, request: wire.ListCollectionsRequest, _: Any) -> wire.ListCollectionsResponse:
        """Return the names of all collections."""
        names = [wire.CollectionDescription(name=name) for name in self._held.configs]
        return wire.ListCollectionsResponse(collections=names)

    def CollectionExists(
        self, request: wire.CollectionExistsRequest, _: Any
    ) -> wire.CollectionExistsResponse:
        """Return whether there is one of this name or alias."""
        exists = self._held.local.collection_exists(request.collection_name)
        return wire.CollectionExistsResponse(result=wire.CollectionExists(exists=exists))

    def Create(self, request: wire.CreateCollection, _: Any) -> wire.CollectionOperationResponse:
        """Make a collection and keep all its parameters."""
        name = request.collection_name
        asked = request.vectors_config
        self._held.local.create_collection(
            name,
            GrpcToRest.convert_vectors_config(asked) if asked.ListFields() else {},
            GrpcToRest.convert_sparse_vector_config(request.sparse_vectors_config),
        )
        self._held.local.collections[name].LARGE_DATA_THRESHOLD = 2**63  # it would warn
        config = wire.CollectionConfig()
        config.CopyFrom(_DEFAULTS)
        take(config, request)
        take(config.params, request)
        take(config.optimizer_config, request.optimizers_config)
        self._held.configs[name], self._held.indexes[name] = config, {}
        return wire.CollectionOperationResponse(result=True)

    def Update(self, request: wire.UpdateCollection, _: Any) -> wire.CollectionOperationResponse:
        """Change what is named; a null in the metadata removes its key."""
        config = self._held.configs[self._held.name(request.collection_name)]
        self._held.local.update_collection(
            request.collection_name,
            GrpcToRest.convert_sparse_vector_config(request.sparse_vectors_config),
            vectors_config=dict(request.vectors_config.params_map.map),
        )
        take(config, request)
        take(config.params, request)
        take(config.params, request.params)
        take(config.optimizer_config, request.optimizers_config)
        for key, value in request.metadata.items():
            if value.HasField("null_value"):
                del config.metadata[key]
        return wire.CollectionOperationResponse(result=True)

    def Delete(self, request: wire.DeleteCollection, _: Any) -> wire.CollectionOperationResponse:
        """Remove a collection and its aliases; say whether there was one."""
        self._held.configs.pop(request.collection_name, None)
        self._held.indexes.pop(request.collection_name, None)
        existed = self._held.local.delete_collection(request.collection_name)
        return wire.CollectionOperationResponse(result=existed)

    def UpdateAliases(
        self, request: wire.ChangeAliases, _: Any
    ) -> wire.CollectionOperationResponse:
        """Make all these changes or none."""
        changes = [GrpcToRest.convert_alias_operations(a) for a in request.actions]
        self._held.local.update_collection_aliases(changes)
        return wire.CollectionOperationResponse(result=True)

    def ListCollectionAliases(
        self, request: wire.ListCollectionAliasesRequest, _: Any
    ) -> wire.ListAliasesResponse:
        """Return the aliases of one collection."""
        found = self._held.local.get_collection_aliases(request.collection_name).aliases
        return wire.ListAliasesResponse(
            aliases=[RestToGrpc.convert_alias_description(a) for a in found]
        )

    def ListAliases(self, request: wire.ListAliasesRequest, _: Any) -> wire.ListAliasesResponse:
        """Return all aliases."""
        found = self._held.local.get_aliases().aliases
        return wire.ListAliasesResponse(
            aliases=[RestToGrpc.convert_alias_description(a) for a in found]
        )


def take(target: Any, source: Any) -> None:
    """Set what source sets in the fields that target has, too; quantization is set as a whole."""
    known = target.DESCRIPTOR.fields_by_name
    for described, value in source.ListFields():
        name = described.name
        if name not in known:
            continue
        if name == "quantization_config":
            target.ClearField(name)
            if value.WhichOneof("quantization") == "disabled":
                continue
        if described.message_type is None:
            setattr(target, name, value)
        elif described.message_type.GetOptions().map_entry:
            _take_map(getattr(target, name), value)
        else:
            getattr(target, name).SetInParent()
            take(getattr(target, name), value)


def _take_map(target: Any, source: Any) -> None:
    """Replace values of the same kind; take what a value of another kind (`...Diff`) sets."""
    for key, value in source.items():
        if value.DESCRIPTOR is target[key].DESCRIPTOR:
            target[key].CopyFrom(value)
        else:
            take(target[key], value)

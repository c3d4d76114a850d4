"""How an embedded shard keeps and searches its points: layout and tuning in Qdrant Edge's words."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from mmrag_pipeline.generation_records import Tuned
from mmrag_pipeline.index_settings import Memory
from mmrag_pipeline.records import Layout
from mmrag_pipeline.stores.in_force import InForce, tuned
from mmrag_pipeline.stores.layouts import (
    DATETIME_FIELDS,
    INTEGER_FIELDS,
    KEYWORD_FIELDS,
    dense_spaces,
)
from mmrag_pipeline.stores.tuning import Tuning

if TYPE_CHECKING:
    import qdrant_edge as qe

    FieldIndex = qe.KeywordIndexParams | qe.IntegerIndexParams | qe.DatetimeIndexParams


def shard_config(layout: Layout, tuning: Tuning) -> "qe.EdgeConfig":
    """Return the configuration of a shard, new or there: `optimize` brings segments to it."""
    import qdrant_edge as qe

    # Qdrant takes 0 for `no graph at any size`.
    exact_kb = max(1, tuning.exact_below_kb)
    graph = qe.HnswIndexConfig(
        m=tuning.hnsw_m,
        ef_construct=tuning.hnsw_ef_construct,
        # A graph is built anew, or given up, when its own configuration differs: so the size
        # stands here as well, for what a filter lets through.
        full_scan_threshold=exact_kb,
        memory=_memory(tuning.graph_memory),
    )
    dense: dict[str, qe.EdgeVectorParams] = {
        s.signal: qe.EdgeVectorParams(
            size=s.dimension,
            distance=qe.Distance.Cosine,
            datatype=_datatype(layout),
            memory=_vectors_memory(tuning.vectors_memory),
            quantization_config=_quantization(tuning),
            hnsw_config=graph,
        )
        for s in dense_spaces(layout)
    }
    words = qe.EdgeSparseVectorParams(modifier=qe.Modifier.Idf)
    return qe.EdgeConfig(
        vectors=dense,
        sparse_vectors={s.signal: words for s in layout.spaces if s.signal == "bm25"},
        optimizers=qe.EdgeOptimizersConfig(indexing_threshold=exact_kb),
        wal_enabled=True,
    )


def index_fields(shard: "qe.EdgeShard", tuning: Tuning) -> None:
    """Give a shard the payload indexes that it lacks or has with other flags."""
    import qdrant_edge as qe

    held = shard.info().payload_schema
    for name, wanted in _field_indexes(tuning).items():
        known = held.get(name)
        if known is None or _flags(known.params) != _flags(wanted):
            shard.update(qe.UpdateOperation.create_field_index(name, wanted))


def tuning_of_shard(
    config: Mapping[str, Any], fields: "Mapping[str, qe.PayloadIndexInfo]", tuning: Tuning
) -> list[Tuned]:
    """Return what is in force of a shard, from its own configuration and payload indexes."""
    dense = [*config["vectors"].values()]
    held = InForce(
        vectors=[{"memory": _setting_of(vector.get("memory"), tuning)} for vector in dense],
        graph=dense[0]["hnsw_config"],
        exact_below_kb=int(config["optimizers"]["indexing_threshold"]),
        quantization=dense[0].get("quantization_config") or {},
        fields={name: index.params for name, index in fields.items()},
    )
    return tuned(held, tuning)


def search_params(tuning: Tuning) -> "qe.SearchParams":
    """Return how a query looks through dense vectors."""
    import qdrant_edge as qe

    # Without quantization these say nothing; a shard may still have one from earlier settings.
    smaller = qe.QuantizationSearchParams(rescore=tuning.rescore, oversampling=tuning.oversampling)
    return qe.SearchParams(hnsw_ef=tuning.hnsw_ef, quantization=smaller)


def _datatype(layout: Layout) -> "qe.VectorStorageDatatype":
    import qdrant_edge as qe

    kinds = {
        "float32": qe.VectorStorageDatatype.Float32,
        "float16": qe.VectorStorageDatatype.Float16,
    }
    return kinds[layout.datatype]


def _memory(memory: Memory) -> "qe.Memory":
    import qdrant_edge as qe

    return {"cold": qe.Memory.Cold, "cached": qe.Memory.Cached, "pinned": qe.Memory.Pinned}[memory]


def _vectors_memory(memory: Memory) -> "qe.Memory":
    """Return where whole vectors are: they fill memory at an opening only when pinned.

    Every command opens the shard, and Edge would read the whole of every file each time, the
    32 MB of zeros of a small collection included. It knows no `Pinned` for whole vectors.
    """
    import qdrant_edge as qe

    return qe.Memory.Cached if memory == "pinned" else qe.Memory.Cold


def _setting_of(memory: object, tuning: Tuning) -> Memory:
    """Return the setting that puts whole vectors there: `cold` and `cached` are one to Edge."""
    if memory == "cached":
        return "pinned"
    return "cold" if tuning.vectors_memory == "pinned" else tuning.vectors_memory


def _quantization(tuning: Tuning) -> "qe.QuantizationConfigType | None":
    import qdrant_edge as qe

    method, _, size = tuning.quantization.partition("-")
    memory = _memory(tuning.quantized_memory)
    if method == "scalar":
        return qe.ScalarQuantizationConfig(type=qe.ScalarType.Int8, memory=memory)
    if method == "binary":
        bits = qe.BinaryQuantizationEncoding
        encoding = bits.TwoBits if size == "2" else bits.OneBit
        return qe.BinaryQuantizationConfig(encoding=encoding, memory=memory)
    if method == "product":
        ratios = qe.CompressionRatio
        known = {"4": ratios.X4, "8": ratios.X8, "16": ratios.X16, "32": ratios.X32}
        return qe.ProductQuantizationConfig(known.get(size, ratios.X64), memory=memory)
    if method == "turbo":
        widths = qe.TurboQuantBitSize
        width = {"1": widths.Bits1, "2": widths.Bits2, "4": widths.Bits4}[size]
        return qe.TurboQuantQuantizationConfig(bits=width, memory=memory)
    return None


def _field_indexes(tuning: Tuning) -> "dict[str, FieldIndex]":
    import qdrant_edge as qe

    tenant = "visibility" if tuning.tenants else None
    words = {name: qe.KeywordIndexParams(is_tenant=name == tenant) for name in KEYWORD_FIELDS}
    numbers = {
        name: qe.IntegerIndexParams(lookup=True, range=True, is_principal=name == tuning.principal)
        for name in INTEGER_FIELDS
    }
    dates = {
        name: qe.DatetimeIndexParams(is_principal=name == tuning.principal)
        for name in DATETIME_FIELDS
    }
    return {**words, **numbers, **dates}


def _flags(params: object) -> tuple[bool, bool]:
    """Return whether an index keeps groups together, and whether it orders the points."""
    return bool(getattr(params, "is_tenant", None)), bool(getattr(params, "is_principal", None))

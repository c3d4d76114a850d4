"""How a server keeps and searches a collection: the tuning of it, in Qdrant's words."""

from typing import TYPE_CHECKING

from mmrag_pipeline.records import Layout
from mmrag_pipeline.stores.layouts import (
    DATETIME_FIELDS,
    INTEGER_FIELDS,
    KEYWORD_FIELDS,
    dense_spaces,
)
from mmrag_pipeline.stores.tuning import Tuning

if TYPE_CHECKING:
    from qdrant_client import models


def vectors_config(layout: Layout, tuning: Tuning) -> "dict[str, models.VectorParams]":
    """Return the dense vectors of a layout.

    Memory is told twice, here and below: `memory` is Qdrant's since 1.19 and wins there, the flag
    is all that older servers know.
    """
    from qdrant_client import models

    return {
        space.signal: models.VectorParams(
            size=space.dimension,
            distance=models.Distance.COSINE,
            datatype=models.Datatype(layout.datatype),
            memory=models.Memory(tuning.vectors_memory),
            on_disk=tuning.vectors_memory == "cold",
        )
        for space in dense_spaces(layout)
    }


def sparse_config(layout: Layout) -> "dict[str, models.SparseVectorParams]":
    """Return the sparse vectors of a layout, weighted by inverse document frequency."""
    from qdrant_client import models

    words = models.SparseVectorParams(modifier=models.Modifier.IDF)
    return {space.signal: words for space in layout.spaces if space.signal == "bm25"}


def hnsw(tuning: Tuning) -> "models.HnswConfigDiff":
    """Return how the search graph is built and kept."""
    from qdrant_client import models

    return models.HnswConfigDiff(
        m=tuning.hnsw_m,
        ef_construct=tuning.hnsw_ef_construct,
        memory=models.Memory(tuning.graph_memory),
        on_disk=tuning.graph_memory == "cold",
    )


def optimizers(tuning: Tuning) -> "models.OptimizersConfigDiff":
    """Return from which size on a segment gets a graph; Qdrant takes 0 for `never`."""
    from qdrant_client import models

    return models.OptimizersConfigDiff(indexing_threshold=max(1, tuning.exact_below_kb))


def quantization(tuning: Tuning) -> "models.QuantizationConfig | None":
    """Return the smaller copy of all dense vectors, None without one."""
    from qdrant_client import models

    method, _, size = tuning.quantization.partition("-")
    memory, pinned = models.Memory(tuning.quantized_memory), tuning.quantized_memory == "pinned"
    if method == "scalar":
        scalar = models.ScalarQuantizationConfig(
            type=models.ScalarType.INT8, memory=memory, always_ram=pinned
        )
        return models.ScalarQuantization(scalar=scalar)
    if method == "binary":
        encoding = "two_bits" if size == "2" else "one_bit"
        binary = models.BinaryQuantizationConfig(
            encoding=models.BinaryQuantizationEncoding(encoding), memory=memory, always_ram=pinned
        )
        return models.BinaryQuantization(binary=binary)
    if method == "product":
        product = models.ProductQuantizationConfig(
            compression=models.CompressionRatio(f"x{size}"), memory=memory, always_ram=pinned
        )
        return models.ProductQuantization(product=product)
    if method == "turbo":
        turbo = models.TurboQuantQuantizationConfig(
            bits=models.TurboQuantBitSize(f"bits{size}"), memory=memory, always_ram=pinned
        )
        return models.TurboQuantization(turbo=turbo)
    return None


def payload_indexes(tuning: Tuning) -> "dict[str, models.PayloadSchemaParams]":
    """Return field -> the index that filters by it use."""
    from qdrant_client import models

    words: dict[str, models.PayloadSchemaParams] = {
        name: models.KeywordIndexParams(
            type=models.KeywordIndexType.KEYWORD,
            is_tenant=tuning.tenants and name == "visibility",
        )
        for name in KEYWORD_FIELDS
    }
    numbers = {
        name: models.IntegerIndexParams(
            type=models.IntegerIndexType.INTEGER,
            lookup=True,
            range=True,
            is_principal=name == tuning.principal,
        )
        for name in INTEGER_FIELDS
    }
    dates = {
        name: models.DatetimeIndexParams(
            type=models.DatetimeIndexType.DATETIME, is_principal=name == tuning.principal
        )
        for name in DATETIME_FIELDS
    }
    return {**words, **numbers, **dates}


def search_params(tuning: Tuning) -> "models.SearchParams":
    """Return how a query looks through dense vectors."""
    from qdrant_client import models

    smaller = None
    if tuning.quantization != "none":
        smaller = models.QuantizationSearchParams(
            rescore=tuning.rescore, oversampling=tuning.oversampling
        )
    return models.SearchParams(hnsw_ef=tuning.hnsw_ef, quantization=smaller)

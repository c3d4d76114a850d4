"""How an index is kept and searched, whichever store keeps it."""

from dataclasses import dataclass
from typing import Literal

from mmrag_pipeline.index_settings import IndexSettings, Memory, Quantization


@dataclass(frozen=True, slots=True)
class Tuning:
    """What a collection that exists can take at any time; the rest stands in its Layout."""

    quantization: Quantization = "none"
    oversampling: float = 2.0
    rescore: bool = True
    hnsw_m: int = 16
    hnsw_ef_construct: int = 100
    hnsw_ef: int | None = None
    exact_below_kb: int = 150_000
    vectors_memory: Memory = "cached"
    graph_memory: Memory = "cached"
    quantized_memory: Memory = "pinned"
    tenants: bool = False
    principal: Literal["none", "modified_at", "page_no"] = "none"


def tuning_of(settings: IndexSettings) -> Tuning:
    """Return the tuning that the settings ask for."""
    return Tuning(
        quantization=settings.index_quantization,
        oversampling=settings.index_oversampling,
        rescore=settings.index_rescore,
        hnsw_m=settings.index_hnsw_m,
        hnsw_ef_construct=settings.index_hnsw_ef_construct,
        hnsw_ef=settings.index_hnsw_ef,
        exact_below_kb=settings.index_exact_below_kb,
        vectors_memory=settings.index_vectors_memory,
        graph_memory=settings.index_graph_memory,
        quantized_memory=settings.index_quantized_memory,
        tenants=settings.index_tenants,
        principal=settings.index_principal,
    )

"""The tuning that is in force of a collection, beside the one that the settings ask for."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from mmrag_pipeline.generation_records import Tuned
from mmrag_pipeline.stores.layouts import DATETIME_FIELDS, INTEGER_FIELDS, KEYWORD_FIELDS
from mmrag_pipeline.stores.tuning import Tuning

Told = Mapping[str, object]
"""A part of a configuration as JSON, in Qdrant's words: Edge and server use the same ones."""

_FIELDS = (*KEYWORD_FIELDS, *INTEGER_FIELDS, *DATETIME_FIELDS)


@dataclass(frozen=True, slots=True)
class InForce:
    """How a collection is kept now."""

    vectors: Sequence[Told]
    """Each named dense vector."""
    graph: Told
    exact_below_kb: int
    quantization: Mapping[str, Told]
    """Method -> how; empty without a smaller copy."""
    fields: Mapping[str, object]
    """Payload field -> the parameters of its index."""


def tuned(held: InForce, tuning: Tuning) -> list[Tuned]:
    """Return each setting that a collection takes as it stands: as it is, and as it is asked."""
    asked = {
        "index_quantization": tuning.quantization,
        "index_quantized_memory": tuning.quantized_memory,
        "index_hnsw_m": str(tuning.hnsw_m),
        "index_hnsw_ef_construct": str(tuning.hnsw_ef_construct),
        "index_exact_below_kb": str(tuning.exact_below_kb),
        "index_vectors_memory": tuning.vectors_memory,
        "index_graph_memory": tuning.graph_memory,
        "index_tenants": str(tuning.tenants).lower(),
        "index_principal": tuning.principal,
    }
    now = _now(held, tuning)
    lacking = [name for name in _FIELDS if name not in held.fields]
    return [
        *(Tuned(name, now[name], asked[name]) for name in now),
        *(Tuned(f"payload index of {name}", "absent", "present") for name in lacking),
    ]


def _now(held: InForce, tuning: Tuning) -> dict[str, str]:
    exact = held.exact_below_kb
    graph_differs = exact != max(1, tuning.exact_below_kb)  # Qdrant takes 0 for `never`
    places = sorted({_memory(vector) for vector in held.vectors}) or [tuning.vectors_memory]
    first = [name for name in _FIELDS if _flag(held.fields.get(name), "is_principal")]
    return {
        "index_quantization": _method(held.quantization),
        **_copies(held.quantization, tuning),
        "index_hnsw_m": str(held.graph.get("m")),
        "index_hnsw_ef_construct": str(held.graph.get("ef_construct")),
        "index_exact_below_kb": str(exact if graph_differs else tuning.exact_below_kb),
        "index_vectors_memory": " and ".join(places),
        "index_graph_memory": _memory(held.graph),
        "index_tenants": str(_flag(held.fields.get("visibility"), "is_tenant")).lower(),
        "index_principal": " and ".join(first) or "none",
    }


def _method(quantization: Mapping[str, Told]) -> str:
    """Return the value of MMRAG_INDEX_QUANTIZATION that a configuration stands for."""
    for method, how in quantization.items():
        if method == "binary":
            return "binary-2" if how.get("encoding") == "two_bits" else "binary"
        size = str(how.get("compression") or how.get("bits") or "").lstrip("xbits")
        return f"{method}-{size}" if size else method
    return "none"


def _copies(quantization: Mapping[str, Told], tuning: Tuning) -> dict[str, str]:
    """Return where the smaller copies are, where there are some and shall be."""
    if not quantization or tuning.quantization == "none":
        return {}
    (how,) = quantization.values()
    if how.get("memory"):
        return {"index_quantized_memory": str(how["memory"])}
    asked = tuning.quantized_memory  # a server before 1.19 knows `pinned` only
    other = "cold" if asked == "pinned" else asked
    return {"index_quantized_memory": "pinned" if how.get("always_ram") else other}


def _memory(told: Told) -> str:
    """Return where something is: servers before 1.19 know a flag only."""
    return str(told.get("memory") or ("cold" if told.get("on_disk") else "cached"))


def _flag(params: object, name: str) -> bool:
    return bool(getattr(params, name, None))

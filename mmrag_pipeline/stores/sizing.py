"""How much memory and disk a collection takes, from numbers that stand here with their sources.

An estimate for choosing a machine, not a promise: measure with your own data.
"""

import math
from dataclasses import dataclass
from typing import get_args

from mmrag_pipeline.index_settings import Quantization
from mmrag_pipeline.records import Datatype
from mmrag_pipeline.stores.tuning import Tuning

_BYTES = {"float32": 4, "float16": 2}
"""Per number: https://qdrant.tech/documentation/manage-data/vectors/#datatypes"""
_TIMES_SMALLER = {
    "scalar": 4,
    "binary": 32,
    "binary-2": 16,
    "turbo-4": 8,
    "turbo-2": 16,
    "turbo-1": 32,
}
"""Than float32: https://qdrant.tech/documentation/manage-data/quantization/"""
_LINK_BYTES = 4
_ID_BYTES = 100
"""Estimated: a UUID and a number, both ways, and the version of each point."""
_HEADROOM = 1.3
"""Estimated: for segments that are built beside those they replace. With it float32 vectors of
384 come to within 2 % of Qdrant's rule, vectors x 1.5
(https://qdrant.tech/documentation/capacity-planning/)."""
_GIB = 2**30


@dataclass(frozen=True, slots=True)
class Size:
    """Bytes of one named vector of many points."""

    vectors: float
    smaller: float
    """The copy that quantization makes."""
    graph: float
    ids: float

    def memory(self, tuning: Tuning) -> float:
        """Return the bytes of what the tuning keeps in memory, with headroom."""
        placed = (
            (self.vectors, tuning.vectors_memory),
            (self.smaller, tuning.quantized_memory),
            (self.graph, tuning.graph_memory),
            (self.ids, "pinned"),
        )
        return _HEADROOM * sum(size for size, place in placed if place != "cold")


def size(count: int, dimension: int, *, datatype: Datatype = "float32", tuning: Tuning) -> Size:
    """Return what `count` vectors of a dimension take; replicas and payloads are not counted."""
    smaller = 0.0
    if tuning.quantization != "none":
        smaller = count * dimension * 4 / times_smaller(tuning.quantization)
    return Size(
        vectors=float(count * dimension * _BYTES[datatype]),
        smaller=smaller,
        graph=count * links_per_vector(tuning.hnsw_m) * _LINK_BYTES,
        ids=float(count * _ID_BYTES),
    )


def times_smaller(quantization: Quantization) -> int:
    """Return how many times smaller than float32 the copy of a method is."""
    method, _, factor = quantization.partition("-")
    return int(factor) if method == "product" else _TIMES_SMALLER[quantization]


def links_per_vector(m: int) -> float:
    """Return the mean number of links: 2 m on the lowest layer, m on each of 1 / ln(m) others.

    Malkov and Yashunin, https://arxiv.org/abs/1603.09320, section 4.2.3.
    """
    return 2 * m + m / math.log(m)


def table(dimension: int = 384, count: int = 1_000_000) -> list[str]:
    """Return the lines of a table in Markdown: GiB by quantization, the rest as by default."""
    lines = [
        "| quantization | whole vectors | smaller copy | graph, ids | memory | vectors cold |",
        "|---|---|---|---|---|---|",
    ]
    for method in get_args(Quantization):
        warm, cold = Tuning(method), Tuning(method, vectors_memory="cold")
        one = size(count, dimension, tuning=warm)
        parts = (one.vectors, one.smaller, one.graph + one.ids, one.memory(warm), one.memory(cold))
        lines.append(f"| `{method}` | " + " | ".join(f"{p / _GIB:.2f}" for p in parts) + " |")
    return lines

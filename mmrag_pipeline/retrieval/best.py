"""The best of what several collections of a domain found."""

from collections import Counter
from collections.abc import Iterable

from mmrag_pipeline.records import Signal
from mmrag_pipeline.retrieval.signals import Found, Lists, merged


def best_of(found: Iterable[Found], depth: int) -> list[Found]:
    """Return the `depth` best candidates of each domain: as many as it has without shards."""
    ranked = sorted(found, key=lambda one: (-one.candidate.score, one.candidate.point_id))
    seen: Counter[str] = Counter()
    best = []
    for one in ranked:
        seen[one.domain] += 1
        best += [one] if seen[one.domain] <= depth else []
    return best


def best_lists(lists: Iterable[Lists], depth: int) -> dict[Signal, list[Found]]:
    """Return the best of each signal."""
    return {signal: best_of(found, depth) for signal, found in merged(lists).items()}

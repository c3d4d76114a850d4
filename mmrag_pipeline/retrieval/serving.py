"""Which collections serve a domain: those of all its shards, and of one number of shards only."""

from collections.abc import Iterable, Mapping

from mmrag_pipeline.ids import (
    collection_name,
    domain_of,
    partitions_of,
    served_partition,
    shards_of,
)
from mmrag_pipeline.ports import Served


def served_partitions(served: Iterable[str], shards: Mapping[str, int]) -> dict[str, list[str]]:
    """Return domain -> the partitions that serve it, of all that have an alias; both sorted.

    Those of the domain's number in `shards` serve once all of them are there; until then the
    whole set that there was before. A domain without a whole set is not served. Of several
    whole sets besides the wanted one (a process died just before they were dropped) each has
    every file once; the one of fewest shards serves.
    """
    there = {*served}
    numbers: dict[str, set[int]] = {}
    for partition in there:
        numbers.setdefault(domain_of(partition), set()).add(shards_of(partition))
    found: dict[str, list[str]] = {}
    for domain in sorted(numbers):
        wanted = shards.get(domain, 1)
        for number in sorted(numbers[domain], key=lambda n: (n != wanted, n)):
            whole = partitions_of(domain, {domain: number})
            if there.issuperset(whole):
                found[domain] = whole
                break
    return found


def serving(store: Served, prefix: str, shards: Mapping[str, int]) -> dict[str, dict[str, str]]:
    """Return domain -> partition -> the collection behind its alias, of those that serve."""
    led: dict[str, str] = {}
    for alias, collection in store.aliases().items():
        partition = served_partition(prefix, alias)
        if partition and alias == collection_name(prefix, partition):
            led[partition] = collection
    whole = served_partitions(led, shards)
    return {domain: {p: led[p] for p in partitions} for domain, partitions in whole.items()}

"""Partitions of another number of shards go when those of today serve, and not before."""

from collections.abc import Mapping

from mmrag_pipeline.events import by_partition
from mmrag_pipeline.ids import collection_name, domain_of, partitions_of, served_partition
from mmrag_pipeline.indexing.failures import failures_of
from mmrag_pipeline.indexing.shards import partitions_there, todays
from mmrag_pipeline.indexing.station import World
from mmrag_pipeline.keepers import TableCatalog
from mmrag_pipeline.ports import Inbox, VectorStore
from mmrag_pipeline.schemas import TABLES

_MADE = ("raw_files", "dead_letters", "points")
"""Tables that, when a partition has them, have taken over all that only tables know."""


def retire(world: World, partition: str) -> None:
    """Drop what is left of other numbers of shards of a domain, if all of today's serve here.

    Killed anywhere, the next run of any of its partitions completes it. A run that began
    before another number was named retires nothing: what it takes for today's is not.
    """
    domain = domain_of(partition)
    today = todays(world, domain)
    old = [name for name in partitions_there(world, domain) if name not in today]
    if partition not in today or not old or not _serve(world, domain, today):
        return
    for name in old:
        reroute(world.inbox, name, world.settings.shards)
        drop_collections(world.vectors, world.settings.collection_prefix, name)
        drop_tables(world.tables, name)


def _serve(world: World, domain: str, today: list[str]) -> bool:
    aliases, prefix = world.vectors.aliases(), world.settings.collection_prefix
    return (
        partitions_of(domain, world.kept_shards()) == today
        and all(collection_name(prefix, name) in aliases for name in today)
        and all(world.tables.lineage(table, name) for name in today for table in _MADE)
    )


def reroute(inbox: Inbox, partition: str, shards: Mapping[str, int]) -> None:
    """Move what is waiting for a partition that is none of today's to those that are.

    An entry that cannot be read is forgotten: each of today's partitions began with a full
    listing, which found what it told.
    """
    held = inbox.pending(partition)
    inbox.put(by_partition(domain_of(partition), held.events, shards))
    inbox.forget(partition, held.tokens)


def drop_collections(vectors: VectorStore, prefix: str, partition: str) -> None:
    """Drop every generation of a partition, and the alias with the one it leads to."""
    for name in vectors.names():
        if served_partition(prefix, name) == partition:
            vectors.drop(name)


def drop_tables(tables: TableCatalog, partition: str) -> None:
    """Drop the tables of stations, against the order of the data: what is left makes sense."""
    for station in reversed([*TABLES]):
        tables.drop(failures_of(station), partition)
        tables.drop(station, partition)
    tables.drop("generations", partition)

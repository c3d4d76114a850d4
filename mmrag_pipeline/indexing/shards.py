"""Which partitions a domain has: those of today's number of shards, and what is left of others."""

from mmrag_pipeline.errors import SettingsError
from mmrag_pipeline.ids import domain_of, partitions_of, served_partition
from mmrag_pipeline.indexing.station import World

_KNOWN_BY = ("raw_files", "collection")
"""Tables that tell of partitions: the last one to go, and one of this machine's own index."""


def todays(world: World, domain: str) -> list[str]:
    """Return the partitions of a domain by the settings."""
    return partitions_of(domain, world.settings.shards)


def check_todays(world: World, partition: str) -> None:
    """Raise SettingsError for a partition of another number of shards than the settings'."""
    domain = domain_of(partition)
    wanted = todays(world, domain)
    if partition not in wanted:
        named = world.settings.shards.get(domain, 1)
        raise SettingsError(
            f"{partition!r} is none of the {named} partitions of {domain!r} by MMRAG_SHARDS (as "
            f"named, or as kept by a run before): run {wanted[0]!r}{' and so on' * (named > 1)}; "
            f"`mmrag index --domain {domain}` runs all of them"
        )


def partitions_there(world: World, domain: str) -> list[str]:
    """Return the partitions of a domain: today's, then others of which anything is there."""
    today = todays(world, domain)
    prefix = world.settings.collection_prefix
    tabled = [name for table in _KNOWN_BY for name in world.tables.partitions(table)]
    served = [served_partition(prefix, name) for name in world.vectors.names()]
    found = {name for name in (*tabled, *served, *world.inbox.partitions()) if name}
    return [*today, *sorted(n for n in found if domain_of(n) == domain and n not in today)]

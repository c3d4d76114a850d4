"""The partitions: one per domain or shard, added as the source shows the domains."""

from collections.abc import Sequence

import dagster as dg

from mmrag_pipeline.ids import check_partition, domain_of, domains_of, partitions_of
from mmrag_pipeline.indexing.station import World
from mmrag_pipeline.keepers import TableCatalog

DOMAIN = "domain"
domains = dg.DynamicPartitionsDefinition(name=DOMAIN)


def known_domains(instance: dg.DagsterInstance, tables: TableCatalog) -> frozenset[str]:
    """Return the domains that there are: of the instance's partitions, and all that are indexed.

    Raises StateUnavailableError.
    """
    partitions = instance.get_dynamic_partitions(DOMAIN)
    return frozenset(domains_of([*partitions, *tables.partitions("raw_files")]))


def forget_retired(instance: dg.DagsterInstance, world: World) -> None:
    """Take partitions away that are of another number of shards than today's and have no tables."""
    shards = world.settings.shards
    if shards != world.kept_shards():
        return
    tabled = {*world.tables.partitions("raw_files")}
    for name in instance.get_dynamic_partitions(DOMAIN):
        if name not in tabled and name not in partitions_of(domain_of(name), shards):
            instance.delete_dynamic_partition(DOMAIN, name)


def add_partitions(instance: dg.DagsterInstance, names: Sequence[str]) -> None:
    """Add the partitions that the instance does not know; raises SettingsError for a bad name."""
    instance.add_dynamic_partitions(DOMAIN, [check_partition(name) for name in names])

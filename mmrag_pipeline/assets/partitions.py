"""The partitions: one per domain, added as the source shows them."""

from collections.abc import Sequence

import dagster as dg

from mmrag_pipeline.ids import check_partition
from mmrag_pipeline.keepers import TableCatalog

DOMAIN = "domain"
domains = dg.DynamicPartitionsDefinition(name=DOMAIN)


def known_domains(instance: dg.DagsterInstance, tables: TableCatalog) -> frozenset[str]:
    """Return the domains that there are: partitions of the instance, and all that are indexed.

    Raises StateUnavailableError.
    """
    partitions = instance.get_dynamic_partitions(DOMAIN)
    return frozenset({*partitions, *tables.partitions("raw_files")})


def add_domains(instance: dg.DagsterInstance, names: Sequence[str]) -> None:
    """Add the domains that the instance does not know; raises SettingsError for a bad name."""
    instance.add_dynamic_partitions(DOMAIN, [check_partition(name) for name in names])

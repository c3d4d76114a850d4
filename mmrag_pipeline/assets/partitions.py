"""The partitions: one per domain, added as the source shows them."""

from collections.abc import Sequence

import dagster as dg

from mmrag_pipeline.ids import check_partition

DOMAIN = "domain"
domains = dg.DynamicPartitionsDefinition(name=DOMAIN)


def add_domains(instance: dg.DagsterInstance, names: Sequence[str]) -> None:
    """Add the domains that the instance does not know; raises SettingsError for a bad name."""
    instance.add_dynamic_partitions(DOMAIN, [check_partition(name) for name in names])

"""A run that kills its own process when a station's table is written.

Arguments: domain, run id, station, and `before` or `after` its table is there.
"""

import os
import signal
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import dagster as dg
import polars as pl

from mmrag_pipeline.keepers import TableCatalog
from mmrag_pipeline.ports import Replaces
from mmrag_pipeline.records import Lineage
from mmrag_pipeline.resources.instance import open_instance
from mmrag_pipeline.sensors.s3_events import EVENTS_ONLY
from mmrag_pipeline.settings import Settings
from tests.e2e.runs import diary_of, execute, stubbed


@dataclass(frozen=True, slots=True)
class FatalTables:
    """Tables that end the process at the table of one station."""

    inner: TableCatalog
    station: str
    late: bool

    def read(self, table: str, partition: str) -> pl.DataFrame | None:
        """Return the table."""
        return self.inner.read(table, partition)

    def batches(
        self, table: str, partition: str, columns: Sequence[str]
    ) -> Iterator[pl.DataFrame] | None:
        """Return some columns of the table, few rows at a time."""
        return self.inner.batches(table, partition, columns)

    def write(
        self, frame: pl.DataFrame, lineage: Lineage, *, replaces: Replaces = "anything"
    ) -> None:
        """Write the table, or die; or write it and die."""
        fatal = lineage.table == self.station
        if fatal and not self.late:
            _die()
        self.inner.write(frame, lineage, replaces=replaces)
        if fatal:
            _die()

    def lineage(self, table: str, partition: str) -> Lineage | None:
        """Return the lineage."""
        return self.inner.lineage(table, partition)

    def partitions(self, table: str) -> list[str]:
        """Return the partitions that have the table."""
        return self.inner.partitions(table)

    def drop(self, table: str, partition: str) -> None:
        """Remove the table."""
        self.inner.drop(table, partition)


def main(domain: str, run_id: str, station: str, moment: str) -> None:
    """Run the job on the files of events until the table's time has come."""
    settings = Settings()
    request = dg.RunRequest(partition_key=domain, run_config=EVENTS_ONLY)
    with (
        open_instance(settings.home / "dagster") as instance,
        stubbed(settings, diary_of(settings)) as world,
    ):
        tables = FatalTables(world.tables, station, moment == "after")
        execute(replace(world, tables=tables), request, instance=instance, run_id=run_id)


def _die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


if __name__ == "__main__":
    main(*sys.argv[1:])

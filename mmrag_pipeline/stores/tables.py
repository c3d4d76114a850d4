"""Tables as Parquet blobs: one per table and partition, replaced as a whole."""

import time
from collections.abc import Callable
from typing import BinaryIO, TypeVar

import polars as pl
from pydantic import TypeAdapter, ValidationError

from mmrag_pipeline.errors import CorruptStateError, SettingsError, StateUnavailableError
from mmrag_pipeline.ids import canonical_json, check_partition
from mmrag_pipeline.records import Lineage
from mmrag_pipeline.schemas import BESIDE
from mmrag_pipeline.stores.blobs import Blobs
from mmrag_pipeline.stores.names import check_frame, check_schema, declared_schema
from mmrag_pipeline.stores.parquet import NotParquetError, read_metadata, read_rows

METADATA_KEY = "mmrag"
_FOLDER, _SUFFIX = "tables", ".parquet"
_LINEAGE = TypeAdapter(Lineage)
_PATIENCE_S = 20.0
"""How long a table is read anew that is replaced again and again while it is read."""
T = TypeVar("T")


class ParquetTables:
    """Blobs `tables/TABLE/PARTITION.parquet` with their lineage in the footer.

    It is a ports.TableCatalog.
    """

    def __init__(self, blobs: Blobs) -> None:
        self._blobs = blobs

    def read(self, table: str, partition: str) -> pl.DataFrame | None:
        """Return the table, or None when it was never written.

        Raises CorruptStateError, and StateUnavailableError when it cannot be reached.
        """
        name = _name(table, partition)
        frame = self._opened(name, read_rows)
        if frame is not None:
            try:
                check_schema(frame, table, partition)
            except CorruptStateError as error:
                raise self._corrupt(name, error) from error
        return frame

    def write(self, frame: pl.DataFrame, lineage: Lineage) -> None:
        """Replace one table atomically.

        Raises CorruptStateError for another schema, StateUnavailableError when it cannot be kept.
        """
        check_frame(frame, lineage)
        text = canonical_json(_LINEAGE.dump_python(lineage, mode="json"))
        self._blobs.write(
            _name(lineage.table, lineage.partition),
            # level 1 packs these tables as small as the default level, in 60 % of its time
            lambda file: frame.write_parquet(
                file, compression_level=1, metadata={METADATA_KEY: text}
            ),
        )

    def lineage(self, table: str, partition: str) -> Lineage | None:
        """Return what the stored table was made from, from the file's footer only."""
        name = _name(table, partition)
        footer = self._opened(name, read_metadata)
        if footer is None:
            return None
        try:
            lineage = _LINEAGE.validate_json(footer.get(METADATA_KEY, ""))
        except ValidationError as error:
            raise self._corrupt(name, error) from error
        if (lineage.table, lineage.partition) != (table, partition):
            raise self._corrupt(name, f"it holds {lineage.table} of {lineage.partition}")
        return lineage

    def partitions(self, table: str) -> list[str]:
        """Return the partitions that have this table, sorted; raises StateUnavailableError."""
        declared_schema(table)
        folder = f"{_FOLDER}/{table}"
        found = [name.removeprefix(f"{folder}/") for name in self._blobs.names(folder)]
        stems = [name.removesuffix(_SUFFIX) for name in found if name.endswith(_SUFFIX)]
        return sorted(stem for stem in stems if _is_partition(stem))

    def _opened(self, name: str, work: Callable[[BinaryIO], T]) -> T | None:
        """Return what `work` makes of a table, again when it is replaced meanwhile."""
        end = time.monotonic() + _PATIENCE_S
        while True:
            try:
                file = self._blobs.open(name)
            except FileNotFoundError:
                return None
            try:
                with file:
                    return work(file)
            except FileNotFoundError as error:
                if time.monotonic() >= end:
                    raise StateUnavailableError(f"{error}, again and again; run again") from error
            except (OSError, NotParquetError) as error:
                raise self._corrupt(name, error) from error

    def _corrupt(self, name: str, cause: Exception | str) -> CorruptStateError:
        if name.split("/")[1] in BESIDE:
            return CorruptStateError(
                f"{self._blobs.shown(name)} cannot be trusted ({cause}), and nothing else says "
                "which files were purged: restore it from a backup, or delete it and purge again "
                "at once what the receipts of this domain name; files would come back otherwise"
            )
        return CorruptStateError(
            f"{self._blobs.shown(name)} cannot be trusted ({cause}); delete that file and index "
            "again: it is made anew from the memo without model calls"
        )


def _name(table: str, partition: str) -> str:
    declared_schema(table)
    return f"{_FOLDER}/{table}/{check_partition(partition)}{_SUFFIX}"


def _is_partition(name: str) -> bool:
    """Say whether a file's stem names a partition; others put files there, too."""
    try:
        return check_partition(name) == name
    except SettingsError:
        return False

"""Tables as Parquet blobs: one per table and partition, replaced as a whole."""

from collections.abc import Callable, Iterator, Sequence
from typing import BinaryIO, TypeVar

import polars as pl
from pydantic import TypeAdapter, ValidationError

from mmrag_pipeline.errors import CorruptStateError, OvertakenError, SettingsError
from mmrag_pipeline.ids import canonical_json, check_partition
from mmrag_pipeline.ports import Replaces
from mmrag_pipeline.records import Lineage
from mmrag_pipeline.schemas import ADDED, EVALUATION
from mmrag_pipeline.stores.blobs import Blobs, Fill, read_blob
from mmrag_pipeline.stores.names import (
    check_columns,
    check_frame,
    check_schema,
    completed,
    declared_schema,
    overtaken,
)
from mmrag_pipeline.stores.parquet import (
    ROWS_AT_ONCE,
    NotParquetError,
    read_batches,
    read_metadata,
    read_rows,
)

METADATA_KEY = "mmrag"
_FOLDER, _SUFFIX = "tables", ".parquet"
_LINEAGE = TypeAdapter(Lineage)
_ONLY_COPY = {
    "tombstones": (
        "nothing else says which files were purged: restore it from a backup, or delete it and "
        "purge again at once what the receipts of this domain name; files would come back otherwise"
    ),
    "generations": (
        "nothing else says which generations were rolled back or kept from serving: restore it "
        "from a backup, or delete it; what serves now goes on, and the next run decides anew"
    ),
    "eval_runs": (
        "nothing else says what earlier evaluations measured: restore it from a backup, or delete "
        "it; the next evaluation has none to be compared with"
    ),
}
"""Tables that nothing is made anew from -> what that means."""
_PRICE = (
    " (a backup is better: files that cannot be read then leave the index, and days that count "
    "from indexing begin anew)"
)
T = TypeVar("T")


class ParquetTables:
    """Blobs `tables/TABLE/PARTITION.parquet` with their lineage in the footer.

    It is a ports.TableCatalog.
    """

    def __init__(self, blobs: Blobs) -> None:
        self._blobs = blobs

    def read(self, table: str, partition: str) -> pl.DataFrame | None:
        """Return the table, or None when it was never written.

        Raises CorruptStateError, StateUnavailableError when it cannot be reached and
        OvertakenError when it is replaced again and again.
        """
        name = _name(table, partition)
        frame = self._opened(name, read_rows)
        if frame is None:
            return None
        whole = completed(frame, table)
        try:
            check_schema(whole, table, partition)
        except CorruptStateError as error:
            raise self._corrupt(name, error) from error
        return whole

    def batches(
        self, table: str, partition: str, columns: Sequence[str]
    ) -> Iterator[pl.DataFrame] | None:
        """Return some columns, one row group in memory at a time; None when never written.

        The iterator raises CorruptStateError, StateUnavailableError and, for a table of a bucket
        that is replaced meanwhile, OvertakenError.
        """
        declared = check_columns(table, columns)
        name = _name(table, partition)
        found = self._streamed(name, table, declared)
        return None if next(found, None) is None else found

    def write(
        self, frame: pl.DataFrame, lineage: Lineage, *, replaces: Replaces = "anything"
    ) -> None:
        """Replace one table atomically, or just the one that is named by its lineage.

        Raises CorruptStateError for another schema, StateUnavailableError when it cannot be kept
        and OvertakenError when another one is there.
        """
        check_frame(frame, lineage)
        name = _name(lineage.table, lineage.partition)
        text = canonical_json(_LINEAGE.dump_python(lineage, mode="json"))

        def fill(file: BinaryIO) -> None:
            # level 1 packs these tables as small as the default level, in 60 % of its time
            frame.write_parquet(
                file,
                compression_level=1,
                row_group_size=ROWS_AT_ONCE,
                metadata={METADATA_KEY: text},
            )

        if replaces == "anything":
            self._blobs.write(name, fill)
        elif not self._swap(name, fill, replaces):
            self._check_is_there(lineage)

    def lineage(self, table: str, partition: str) -> Lineage | None:
        """Return what the stored table was made from, from the file's footer only."""
        name = _name(table, partition)
        lineage = self._opened(name, lambda file: self._lineage_in(file, name))
        if lineage and (lineage.table, lineage.partition) != (table, partition):
            raise self._corrupt(name, f"it holds {lineage.table} of {lineage.partition}")
        return lineage

    def partitions(self, table: str) -> list[str]:
        """Return the partitions that have this table, sorted; raises StateUnavailableError."""
        declared_schema(table)
        folder = f"{_FOLDER}/{table}"
        found = [name.removeprefix(f"{folder}/") for name in self._blobs.names(folder)]
        stems = [name.removesuffix(_SUFFIX) for name in found if name.endswith(_SUFFIX)]
        return sorted(stem for stem in stems if _is_partition(stem))

    def drop(self, table: str, partition: str) -> None:
        """Remove a table, durably; an absent one is fine. Raises StateUnavailableError."""
        self._blobs.delete([_name(table, partition)])

    def _streamed(self, name: str, table: str, declared: pl.Schema) -> Iterator[pl.DataFrame]:
        """Yield an empty frame once the blob is open, then its batches; nothing without one."""
        columns = declared.names()
        try:
            file = self._blobs.open(name)
        except FileNotFoundError:
            return
        try:
            with file:
                yield declared.to_frame()
                for found in read_batches(file, columns, ADDED.get(table, ())):
                    frame = completed(found, table).select(columns)
                    if frame.schema != declared:
                        raise NotParquetError(f"its columns are {frame.schema}, not {declared}")
                    yield frame
        except FileNotFoundError as error:
            raise OvertakenError(f"{error}: let the other run end and run again") from error
        except (OSError, NotParquetError) as error:
            raise self._corrupt(name, error) from error

    def _swap(self, name: str, fill: Fill, replaces: Replaces) -> bool:
        """Write a table in the place of the one with this lineage; return whether it was there."""

        def is_expected(file: BinaryIO | None) -> bool:
            try:
                return (file and self._lineage_in(file, name)) == replaces
            except FileNotFoundError:
                raise
            except (OSError, NotParquetError) as error:
                raise self._corrupt(name, error) from error

        return self._blobs.swap(name, fill, is_expected)

    def _check_is_there(self, lineage: Lineage) -> None:
        """Raise OvertakenError unless it is the table that was to be written.

        A put whose answer was lost on its way is sent again, and then loses against itself.
        """
        if self.lineage(lineage.table, lineage.partition) != lineage:
            raise overtaken(lineage)

    def _lineage_in(self, file: BinaryIO, name: str) -> Lineage:
        try:
            return _LINEAGE.validate_json(read_metadata(file).get(METADATA_KEY, ""))
        except ValidationError as error:
            raise self._corrupt(name, error) from error

    def _opened(self, name: str, work: Callable[[BinaryIO], T]) -> T | None:
        """Return what `work` makes of a table, again when it is replaced meanwhile."""
        try:
            return read_blob(self._blobs, name, work)
        except (OSError, NotParquetError) as error:
            raise self._corrupt(name, error) from error

    def _corrupt(self, name: str, cause: Exception | str) -> CorruptStateError:
        table = name.split("/")[1]
        if table in _ONLY_COPY:
            return CorruptStateError(
                f"{self._blobs.shown(name)} cannot be trusted ({cause}), and {_ONLY_COPY[table]}"
            )
        if table in EVALUATION:
            return CorruptStateError(
                f"{self._blobs.shown(name)} cannot be trusted ({cause}); run the job `evaluate`, "
                "which makes it anew"
            )
        price = _PRICE if table == "raw_files" else ""
        return CorruptStateError(
            f"{self._blobs.shown(name)} cannot be trusted ({cause}); delete that file and index "
            f"again: it is made anew from the memo without model calls{price}"
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

"""Tables as Parquet files: one per table and partition, replaced as a whole."""

from pathlib import Path

import polars as pl
from pydantic import TypeAdapter, ValidationError

from mmrag_pipeline.errors import CorruptStateError
from mmrag_pipeline.ids import canonical_json, check_partition
from mmrag_pipeline.records import Lineage
from mmrag_pipeline.stores.files import replace_file
from mmrag_pipeline.stores.names import check_frame, check_schema, declared_schema

METADATA_KEY = "mmrag"
_LINEAGE = TypeAdapter(Lineage)


class ParquetTables:
    """Files `root/TABLE/PARTITION.parquet` with their lineage in the footer (ports.TableStore)."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def read(self, table: str, partition: str) -> pl.DataFrame | None:
        """Return the table, or None when it was never written; raises CorruptStateError."""
        path = self._path(table, partition)
        try:
            # opened once: by its path polars would open it again and again while a run replaces it
            with path.open("rb") as file:
                frame = pl.read_parquet(file, hive_partitioning=False)
        except FileNotFoundError:
            return None
        except (OSError, pl.exceptions.PolarsError) as error:
            raise _corrupt(path, error) from error
        try:
            check_schema(frame, table, partition)
        except CorruptStateError as error:
            raise _corrupt(path, error) from error
        return frame

    def write(self, frame: pl.DataFrame, lineage: Lineage) -> None:
        """Replace one table atomically; raises CorruptStateError for another schema."""
        check_frame(frame, lineage)
        text = canonical_json(_LINEAGE.dump_python(lineage, mode="json"))
        replace_file(
            self._path(lineage.table, lineage.partition),
            # level 1 packs these tables as small as the default level, in 60 % of its time
            lambda path: frame.write_parquet(
                path, compression_level=1, metadata={METADATA_KEY: text}
            ),
        )

    def lineage(self, table: str, partition: str) -> Lineage | None:
        """Return what the stored table was made from, from the file's footer only."""
        path = self._path(table, partition)
        try:
            text = pl.read_parquet_metadata(path).get(METADATA_KEY, "")
            lineage = _LINEAGE.validate_json(text)
        except FileNotFoundError:
            return None
        except (OSError, pl.exceptions.PolarsError, ValidationError) as error:
            raise _corrupt(path, error) from error
        if (lineage.table, lineage.partition) != (table, partition):
            raise _corrupt(path, f"it holds {lineage.table} of {lineage.partition}")
        return lineage

    def _path(self, table: str, partition: str) -> Path:
        declared_schema(table)
        return self._root / table / f"{check_partition(partition)}.parquet"


def _corrupt(path: Path, cause: Exception | str) -> CorruptStateError:
    return CorruptStateError(
        f"{path} cannot be trusted ({cause}); delete that file and index again: "
        "it is made anew from the memo without model calls"
    )

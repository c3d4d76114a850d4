"""Names become parts of paths and collection names: they are checked in this one place."""

import re
from collections.abc import Sequence

import polars as pl

from mmrag_pipeline.errors import CorruptStateError, NotFoundError, OvertakenError, SettingsError
from mmrag_pipeline.ids import check_partition
from mmrag_pipeline.records import Lineage
from mmrag_pipeline.schemas import ADDED, DECLARED, FAILURES

FAILURES_PREFIX = "failures."
WORD = r"[A-Za-z0-9][A-Za-z0-9_-]{0,79}"
"""What a station or fingerprint looks like."""
_WORD = re.compile(WORD)


def check_word(name: str) -> str:
    """Return a station or fingerprint that is safe as a folder name, or raise SettingsError."""
    if not _WORD.fullmatch(name):
        raise SettingsError(
            f"{name!r} cannot name a folder of ours: use 1 to 80 letters, digits, '-' and '_', "
            "a letter or digit first"
        )
    return name


def check_collection(name: str) -> str:
    """Return a usable name of a collection (`PREFIX__partition__gN`) or alias; or SettingsError."""
    if len(name.encode()) > 200:
        raise SettingsError(f"{name[:60]!r}... has over 200 bytes; use a shorter domain name")
    for part in name.split("__"):
        check_partition(part)
    return name


def declared_schema(table: str) -> pl.Schema:
    """Return the schema of a table or of a station's `failures.STATION`; raises NotFoundError."""
    if table.startswith(FAILURES_PREFIX):
        check_word(table.removeprefix(FAILURES_PREFIX))
        return FAILURES
    if table not in DECLARED:
        raise NotFoundError(
            f"no table {table!r} is declared; known: {', '.join(DECLARED)}, "
            f"{FAILURES_PREFIX}STATION"
        )
    return DECLARED[table]


def check_frame(frame: pl.DataFrame, lineage: Lineage) -> None:
    """Raise CorruptStateError when a frame is not what its table and lineage declare."""
    check_schema(frame, lineage.table, lineage.partition)
    if frame.height != lineage.rows:
        raise CorruptStateError(
            f"table {lineage.table} of {lineage.partition} has {frame.height} rows, "
            f"but its lineage says {lineage.rows}"
        )


def check_schema(frame: pl.DataFrame, table: str, partition: str) -> None:
    """Raise CorruptStateError naming how a frame differs from its table's declared schema."""
    declared = declared_schema(table)
    if frame.schema != declared or frame.columns != declared.names():
        raise CorruptStateError(
            f"table {table} of {partition} differs from its declared schema: "
            f"{_difference(frame.schema, declared)}"
        )


def check_columns(table: str, columns: Sequence[str]) -> pl.Schema:
    """Return the declared types of some columns of a table; raises NotFoundError."""
    declared = declared_schema(table)
    unknown = [name for name in columns if name not in declared]
    if unknown or not columns:
        raise NotFoundError(
            f"table {table!r} declares no columns {unknown}; known: {', '.join(declared)}"
        )
    return pl.Schema({name: declared[name] for name in columns})


def completed(frame: pl.DataFrame, table: str) -> pl.DataFrame:
    """Return a stored table with the columns that have come since it was written."""
    lacking = [name for name in ADDED.get(table, ()) if name not in frame.columns]
    if not lacking:
        return frame
    declared = declared_schema(table)
    filled = frame.with_columns(pl.lit(None, declared[name]).alias(name) for name in lacking)
    return filled.select([name for name in declared if name in filled.columns])


def overtaken(lineage: Lineage) -> OvertakenError:
    """Return the error for a table that is another one than it was to be made from."""
    return OvertakenError(
        f"table {lineage.table} of {lineage.partition} was replaced by another run while run "
        f"{lineage.run_id!r} was changing it; nothing was overwritten: run again"
    )


def _difference(found: pl.Schema, declared: pl.Schema) -> str:
    missing = [f"{n} is missing" for n in declared if n not in found]
    extra = [f"{n} is not declared" for n in found if n not in declared]
    other = [
        f"{n} is {found[n]} instead of {declared[n]}"
        for n in declared
        if n in found and found[n] != declared[n]
    ]
    order = f"columns are ordered {', '.join(found.names())}"
    return "; ".join(missing + extra + other) or order


def check_batch(rows: pl.DataFrame) -> None:
    """Raise CorruptStateError unless a memo batch starts with a full String column `key`."""
    first = rows.columns[0] if rows.width else "nothing"
    if first != "key" or rows.schema["key"] != pl.String or rows["key"].null_count():
        raise CorruptStateError(
            f"a memo batch starts with {first!r}; it must start with the String column 'key' "
            "without nulls"
        )

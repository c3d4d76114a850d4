"""Which file of the memo holds which key: read once per file, because files never change."""

from pathlib import Path

import polars as pl

from mmrag_pipeline.errors import CorruptStateError

_INDEX = pl.Schema({"key": pl.String, "part": pl.UInt32})


class MemoIndex:
    """The keys of every part of one station and fingerprint, over all partitions."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._numbers: dict[Path, int] = {}
        self._paths: list[Path] = []
        self._rows = _INDEX.to_frame()

    def refresh(self) -> None:
        """Read the keys of files not seen yet and forget files that vanished.

        Raises FileNotFoundError when a file vanishes meanwhile: list again.
        """
        present = set(self._folder.glob("*/part-*.parquet"))
        gone = self._numbers.keys() - present
        if gone:
            dropped = [self._numbers.pop(path) for path in gone]
            self._rows = self._rows.filter(~pl.col("part").is_in(dropped))
        self._add(sorted(present - self._numbers.keys()))

    def _add(self, paths: list[Path]) -> None:
        numbered = {path: n for n, path in enumerate(paths, start=len(self._paths))}
        fresh = [
            read_part(path, keys_only=True).with_columns(part=pl.lit(number, pl.UInt32))
            for path, number in numbered.items()
        ]
        self._rows = pl.concat([self._rows, *fresh], rechunk=len(fresh) > 1)
        self._paths.extend(paths)
        self._numbers.update(numbered)

    def lacking(self, keys: pl.Series) -> pl.Series:
        """Return the distinct keys that no part holds, in input order."""
        asked = keys.alias("key").to_frame()
        lacking = asked.join(self._rows, on="key", how="anti", maintain_order="left")
        return lacking["key"].unique(maintain_order=True).alias(keys.name)

    def find(self, keys: pl.Series) -> dict[Path, pl.Series]:
        """Return each file that holds asked keys, in name order, and which of them it holds."""
        asked = keys.unique().to_frame("key")
        found = self._rows.join(asked, on="key", how="semi")
        parts = found.partition_by("part", include_key=True)
        held = {self._paths[rows["part"][0]]: rows["key"] for rows in parts}
        return dict(sorted(held.items(), key=lambda item: (item[0].name, item[0])))

    def parts(self, partition: str) -> list[tuple[Path, int]]:
        """Return the files of one partition by name, each with its number of rows."""
        sizes = dict(self._rows["part"].value_counts().iter_rows())
        folder = self._folder / partition
        found = [(p, sizes.get(n, 0)) for p, n in self._numbers.items() if p.parent == folder]
        return sorted(found)


def read_part(path: Path, *, keys_only: bool = False) -> pl.DataFrame:
    """Return a part's rows; raises CorruptStateError, or FileNotFoundError when it vanished."""
    try:
        columns = ["key"] if keys_only else None
        rows = pl.read_parquet(path, columns=columns, glob=False, hive_partitioning=False)
    except FileNotFoundError:
        raise
    except (OSError, pl.exceptions.PolarsError) as error:
        raise corrupt(path, error) from error
    if rows.schema.get("key") != pl.String:
        raise corrupt(path, "it has no String column 'key'")
    return rows


def corrupt(path: Path, cause: Exception | str) -> CorruptStateError:
    """Return the error for a part that cannot be used."""
    return CorruptStateError(
        f"{path} cannot be trusted ({cause}); delete that file: its entries are computed again"
    )

"""Which part of the memo holds which key: read once per part, because parts never change."""

from collections.abc import Sequence

import polars as pl

from mmrag_pipeline.stores.blobs import Blobs
from mmrag_pipeline.stores.memo_parts import Part, at_once, part_of, read_part

_INDEX = pl.Schema({"key": pl.String, "part": pl.UInt32})
_READERS = 8
"""Parts read at the same time: from a bucket each is mostly waiting."""


class MemoIndex:
    """The keys of every part of one station and fingerprint, over all partitions."""

    def __init__(self, blobs: Blobs, folder: str) -> None:
        self._blobs = blobs
        self._folder = folder
        self._numbers: dict[str, int] = {}
        self._parts: list[Part] = []
        self._rows = _INDEX.to_frame()

    def refresh(self) -> None:
        """Read the keys of parts not seen yet and forget parts that vanished.

        Raises FileNotFoundError when a part vanishes meanwhile: list again.
        """
        listed = (part_of(name) for name in self._blobs.names(self._folder))
        present = {part.name: part for part in listed if part and part.folder == self._folder}
        gone = self._numbers.keys() - present.keys()
        if gone:
            dropped = [self._numbers.pop(name) for name in gone]
            self._rows = self._rows.filter(~pl.col("part").is_in(dropped))
        self._add([part for name, part in present.items() if name not in self._numbers])

    def _add(self, parts: Sequence[Part]) -> None:
        start = len(self._parts)
        fresh = [
            rows.with_columns(part=pl.lit(number, pl.UInt32))
            for number, rows in enumerate(self._keys(parts), start)
        ]
        self._rows = pl.concat([self._rows, *fresh], rechunk=len(fresh) > 1)
        self._parts.extend(parts)
        self._numbers.update({part.name: n for n, part in enumerate(parts, start)})

    def _keys(self, parts: Sequence[Part]) -> list[pl.DataFrame]:
        def keys(part: Part) -> pl.DataFrame:
            return read_part(self._blobs, part.name, keys_only=True)

        return at_once(keys, parts, workers=_READERS)

    def lacking(self, keys: pl.Series) -> pl.Series:
        """Return the distinct keys that no part holds, in input order."""
        asked = keys.alias("key").to_frame()
        lacking = asked.join(self._rows, on="key", how="anti", maintain_order="left")
        return lacking["key"].unique(maintain_order=True).alias(keys.name)

    def find(self, keys: pl.Series) -> list[tuple[Part, pl.Series]]:
        """Return each part that holds asked keys, oldest first, and which of them it holds."""
        asked = keys.unique().to_frame("key")
        found = self._rows.join(asked, on="key", how="semi")
        held = found.partition_by("part", include_key=True)
        parts = [(self._parts[rows["part"][0]], rows["key"]) for rows in held]
        return sorted(parts, key=lambda item: item[0].order)

    def held(self) -> list[tuple[Part, pl.Series]]:
        """Return every part, oldest first, and the keys of its rows in their order."""
        none = pl.Series("key", dtype=pl.String)
        held = self._rows.partition_by("part", include_key=True, maintain_order=True)
        keys = {rows["part"][0]: rows["key"] for rows in held}
        parts = [(self._parts[n], keys.get(n, none)) for n in self._numbers.values()]
        return sorted(parts, key=lambda item: item[0].order)

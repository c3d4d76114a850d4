"""Copies: files under other keys, of any domain, with the very content of some files."""

from collections.abc import Collection, Mapping

import polars as pl

from mmrag_pipeline.indexing.commit import rows_of
from mmrag_pipeline.keepers import TableCatalog

_FILE, _DIGEST = pl.col("file_id"), pl.col("digest")


def copies_of(catalog: TableCatalog, files: Mapping[str, Collection[str]]) -> dict[str, list[str]]:
    """Return domain -> keys of all other files with the content of these (domain -> file ids).

    What raw_files tells counts: for a file that is not in it (any more) no copy is known. Reads
    one table at a time. Raises CorruptStateError.
    """
    contents = [pl.Series("digest", [], dtype=pl.String)]
    for domain, ids in files.items():
        rows = rows_of(catalog, "raw_files", domain)
        contents.append(rows.filter(_FILE.is_in(list(ids)))["digest"].drop_nulls())
    wanted = pl.concat(contents).unique()
    found: dict[str, list[str]] = {}
    for domain in catalog.partitions("raw_files") if wanted.len() else ():
        rows = rows_of(catalog, "raw_files", domain)
        others = rows.filter(~_FILE.is_in(list(files.get(domain, ()))))
        keys = others.filter(_DIGEST.is_in(wanted.implode()))["key"].sort().to_list()
        found |= {domain: keys} if keys else {}
    return found

"""Which categories there are: who asks for one that no file has finds nothing, and is told why."""

from collections.abc import Collection, Iterable, Iterator

import polars as pl

from mmrag_pipeline.errors import MmragError
from mmrag_pipeline.ids import domain_of
from mmrag_pipeline.keepers import TableCatalog
from mmrag_pipeline.retrieval.query import Query, Searcher

_NAMED = 20
"""How many categories a sentence lists."""


def category_hint(tables: TableCatalog, searcher: Searcher, query: Query) -> str:
    """Return what to say of a query's categories that no file has; empty where all are there.

    Looked at are files that the query may find, by domain and group: others' categories are not
    told. Where tables cannot be read nobody knows, and nothing is said.
    """
    if not query.categories:
        return ""
    try:
        known = set(_categories(tables, query.domains or searcher.open_to(query), query.visibility))
    except MmragError:
        return ""
    unknown = [name for name in query.categories if name not in known]
    if not unknown:
        return ""
    there = f"; there are: {_listed(sorted(known))}" if known else ", nor any other"
    return f"no file that this search may find has the category {_listed(unknown)}{there}"


def _categories(
    tables: TableCatalog, domains: Collection[str], groups: Collection[str] | None
) -> Iterator[str]:
    columns = ("category", "visibility", "expired")
    for partition in tables.partitions("raw_files"):
        if domain_of(partition) not in domains:
            continue
        for rows in tables.batches("raw_files", partition, columns) or ():
            own = rows.filter(~pl.col("expired"))
            if groups is not None:
                seen = pl.col("visibility").list.set_intersection([*groups]).list.len() > 0
                own = own.filter(seen)
            yield from own["category"].drop_nulls().unique()


def _listed(names: Iterable[str]) -> str:
    first = list(map(repr, names))
    return ", ".join(first[:_NAMED]) + (", …" if len(first) > _NAMED else "")

"""Labels that no ranking can meet: slips of the pen look like a bad index."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import asdict, dataclass

import polars as pl

from mmrag_pipeline.evaluation.qrels import LabelledQuery, RelevantPage, labels_of
from mmrag_pipeline.ids import domain_of, file_id
from mmrag_pipeline.keepers import TableCatalog

_NAMED = 5
"""How many names a sentence lists."""


@dataclass(frozen=True, slots=True)
class Unmet:
    """What of the labels counts as not found whatever a ranking does."""

    absent: tuple[str, ...] = ()
    """Entries that no indexed file has."""
    not_asked: tuple[str, ...] = ()
    """Entries whose files lie only in domains that were not asked."""
    domains: tuple[str, ...] = ()
    """The domains of these."""
    pages: tuple[str, ...] = ()
    """Pages beyond the last one of their file, in words."""

    @property
    def told(self) -> tuple[str, ...]:
        """Return a sentence for each kind of label that cannot be met."""
        found = []
        if self.absent:
            keys = _counted(len(self.absent), "relevant key")
            found.append(f"{keys} not in the index, counted as not found: {some(self.absent)}")
        if self.not_asked:
            keys = _counted(len(self.not_asked), "relevant key")
            found.append(
                f"{keys} only in domains that were not asked ({some(self.domains)}), counted as "
                f"not found: {some(self.not_asked)}; a private domain is asked where it is named"
            )
        if self.pages:
            pages = _counted(len(self.pages), "relevant page")
            found.append(f"{pages} not in the index, counted as not found: {some(self.pages)}")
        return tuple(found)

    def as_json(self) -> dict[str, object]:
        """Return `{"absent": [KEY], "not_asked": [KEY], "domains": [DOMAIN], "pages": [TEXT]}`."""
        return asdict(self)


def unmet(queries: Sequence[LabelledQuery], tables: TableCatalog, asked: Collection[str]) -> Unmet:
    """Return what these labels name that no ranking of the asked domains can hold."""
    pages = {page for query in queries for page in query.pages}
    files = {entry for query in queries for entry in query.relevant}
    held = _held(tables, files | {page.entry for page in pages})
    where = {entry: set(map(domain_of, held[entry])) for entry in held}
    hidden = {entry: own for entry, own in where.items() if own and own.isdisjoint(asked)}
    return Unmet(
        absent=_sorted(entry for entry, own in where.items() if not own),
        not_asked=_sorted(hidden),
        domains=_sorted({domain for own in hidden.values() for domain in own}),
        pages=_beyond(tables, pages, held),
    )


def _held(tables: TableCatalog, entries: AbstractSet[str]) -> dict[str, list[str]]:
    """Return entry -> the partitions that have its file."""
    held: dict[str, list[str]] = {entry: [] for entry in sorted(entries)}
    for partition in tables.partitions("raw_files"):
        for entry in entries & labels_of(tables, partition):
            held[entry].append(partition)
    return held


def _beyond(
    tables: TableCatalog, pages: Iterable[RelevantPage], held: Mapping[str, Sequence[str]]
) -> tuple[str, ...]:
    """Return the pages beyond the last one of their file; of one that was not read none is."""
    wanted = [(page, partition) for page in pages for partition in held[page.entry]]
    last = {name: _last_pages(tables, name) for name in sorted({name for _, name in wanted})}
    ends: dict[RelevantPage, int] = {}
    for page, name in wanted:
        for key in (page.entry, page.entry.removeprefix(f"{domain_of(name)}/")):
            end = last[name].get(file_id(domain_of(name), key), 0)
            ends[page] = max(end, ends.get(page, 0))
    return tuple(
        f"{page.entry} page {page.page_no} (the last one read is {end})"
        for page, end in sorted(ends.items(), key=lambda item: (item[0].entry, item[0].page_no))
        if 0 < end < page.page_no
    )


def _last_pages(tables: TableCatalog, partition: str) -> dict[str, int]:
    """Return file id -> the number of its last page, counted from 1."""
    found: dict[str, int] = {}
    for rows in tables.batches("pages", partition, ["file_id", "page_no"]) or ():
        for name, page_no in rows.group_by("file_id").agg(pl.col("page_no").max()).iter_rows():
            found[name] = max(page_no, found.get(name, 0))
    return found


def some(names: Sequence[str]) -> str:
    """Return the first names in a row."""
    return ", ".join(names[:_NAMED]) + (", …" if len(names) > _NAMED else "")


def _sorted(names: Iterable[str]) -> tuple[str, ...]:
    return tuple(sorted(names))


def _counted(number: int, noun: str) -> str:
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"

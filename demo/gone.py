"""Objects that left a bucket while nobody told: its queue is in memory, and ends with it."""

from collections.abc import Mapping
from datetime import UTC, datetime

from mmrag_pipeline.errors import ListingError
from mmrag_pipeline.ids import domain_of
from mmrag_pipeline.keepers import TableCatalog
from mmrag_pipeline.ports import Inbox, ObjectStore
from mmrag_pipeline.records import Event


def gone(source: ObjectStore, tables: TableCatalog) -> Mapping[str, list[str]]:
    """Return the indexed keys that the source shows no more, by partition.

    A domain that cannot be listed has none: nobody knows what it holds.
    """
    found = {name: _gone_of(name, source, tables) for name in tables.partitions("raw_files")}
    return {name: keys for name, keys in found.items() if keys}


def tell_gone(source: ObjectStore, tables: TableCatalog, inbox: Inbox) -> int:
    """Have runs look at the objects that are gone; return how many there are."""
    now = datetime.now(UTC)
    keys = gone(source, tables)
    inbox.put({n: [Event(key, "", "gone at the start", now) for key in keys[n]] for n in keys})
    return sum(map(len, keys.values()))


def _gone_of(name: str, source: ObjectStore, tables: TableCatalog) -> list[str]:
    files = tables.read("raw_files", name)
    if files is None or files.is_empty():
        return []
    try:
        shown = source.list(domain_of(name), held_at=str(files["uri"][0]))
    except ListingError:
        return []
    return sorted({*map(str, files["key"])} - {info.key for info in shown})

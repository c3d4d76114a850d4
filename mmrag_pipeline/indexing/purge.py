"""purge: files leave everything that was made of them, and a receipt tells what was done."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass
from typing import Protocol

import polars as pl

from mmrag_pipeline.errors import CollectionBusyError, CorruptStateError
from mmrag_pipeline.ids import check_domain, domain_of, file_id
from mmrag_pipeline.indexing.commit import rows_of
from mmrag_pipeline.indexing.copies import UNREADABLE, contents_of, copies_of
from mmrag_pipeline.indexing.held_back import written
from mmrag_pipeline.indexing.purge_request import Files, Request
from mmrag_pipeline.indexing.purged_points import Staying, delete_points, points_left, staying
from mmrag_pipeline.indexing.purged_tables import cut_tables, mentions
from mmrag_pipeline.indexing.receipts import Receipt
from mmrag_pipeline.indexing.references import References, references, references_of, together
from mmrag_pipeline.indexing.retire import drop_tables
from mmrag_pipeline.indexing.shards import partitions_there, todays
from mmrag_pipeline.indexing.station import World
from mmrag_pipeline.indexing.tombstones import bury, unburied
from mmrag_pipeline.indexing.upkeep import drop_unreferenced, unreferenced
from mmrag_pipeline.keepers import MemoKeeper

_LOOKS = 3
"""How often the inbox is emptied: when it merges its entries meanwhile, the first look fails."""


class Guard(Protocol):
    """Keeps others away while a purge is at work."""

    def alone(self) -> AbstractContextManager[None]:
        """Hold the state while no run does; raises CollectionBusyError."""
        ...


def purge(world: World, keeper: MemoKeeper, request: Request, *, guard: Guard) -> Iterator[Receipt]:
    """Take files out of the index and out of all that was made of them, for good.

    First the files of all domains get tombstones, which no listing passes: when this returns they
    stand. Then, while what was returned is iterated and no run is under way, the files go domain
    by domain from tables, inbox, collections and memo, and each of these is looked through again.
    Killed anywhere, the same request, with `unended` along, completes it. Iterating raises
    CollectionBusyError while a run is under way, OvertakenError when one of another machine was,
    and CorruptStateError where a table of the files' own domain cannot be read.
    """
    for domain in request.everything:
        check_domain(domain)
    # those that were named last: as long as theirs tell of the earlier purge, all of it is found
    for part in (request.along, request.files):
        for domain, files in part.items():
            bury(world, domain, files, at=request.at, receipt=request.moment)
    return _each(world, keeper, request, guard)


def _each(world: World, keeper: MemoKeeper, request: Request, guard: Guard) -> Iterator[Receipt]:
    for domain in request.everything:
        with _alone(guard):
            receipt = _purge(world, keeper, request, domain)
        yield receipt


@contextmanager
def _alone(guard: Guard) -> Iterator[None]:
    with ExitStack() as stack:
        try:
            stack.enter_context(guard.alone())
        except CollectionBusyError as error:
            raise CollectionBusyError(
                f"{error}. The files are kept out of later listings; they are still served until "
                "the purge is done: run the same command again"
            ) from error
        yield


def _purge(world: World, keeper: MemoKeeper, request: Request, domain: str) -> Receipt:
    """Purge the files of one domain; what other domains look like cannot stop the cut."""
    everything = request.everything
    partitions = partitions_there(world, domain)
    files = _named(world, partitions, everything[domain])
    own = together([references_of(world.tables, name, list(files)) for name in partitions])
    contents = contents_of(world.tables, {domain: files})
    cuts = [_cut(world, name, files, run_id=f"purge-{request.moment}") for name in partitions]
    removed = _sum([cut.removed for cut in cuts])
    copies = copies_of(world.tables, contents, besides=everything)
    held, unread = _held(world)
    if held is not None:
        removed |= drop_unreferenced(keeper, held, own=own)
    left = _sum([_left(world, cut, held, own=own) for cut in cuts])
    left["tombstones"] = unburied(world, domain, list(files))
    left |= {} if held is None else unreferenced(keeper, held, own=own)
    return Receipt(
        domain=domain,
        files=files,
        removed=_some(removed),
        left=_some(left),
        copies={name: tuple(keys) for name, keys in copies.keys.items()},
        unread={**{f"copies/{name}": why for name, why in copies.unread.items()}, **unread},
        reason=request.reason,
        at=request.at.isoformat(),
        ended_at=world.clock().isoformat(),
        by=request.by,
        tool=request.tool,
    )


@dataclass(frozen=True, slots=True)
class _Cut:
    """What was taken out of one partition, and what may stay in its collections."""

    partition: str
    removed: Mapping[str, int]
    keep: Staying


def _cut(world: World, partition: str, files: Files, *, run_id: str) -> _Cut:
    """Cut tables, inbox and collections of one partition.

    Of one that is none of today's, and whose files no table tells any more, tables are only
    remains: they go.
    """
    remains = world.tables.lineage("raw_files", partition) is None
    if remains and partition not in todays(world, domain_of(partition)):
        drop_tables(world.tables, partition)
    about = _written(world, partition)  # the cut takes that out of the record
    removed = _tables(cut_tables(world, partition, files, run_id=run_id))
    removed["inbox"] = _empty_inbox(world, partition, files)
    keep = staying(world, partition, files, written=about)
    removed |= _collections(delete_points(world, partition, keep))
    return _Cut(partition, removed, keep)


def _written(world: World, partition: str) -> str:
    """Return the collection that the table of points is about, empty when no record tells."""
    try:
        return written(world.tables, partition)
    except CorruptStateError:
        return ""


def _held(world: World) -> tuple[References | None, dict[str, str]]:
    """Return what all tables refer to; None, and why, when one of any domain cannot be read."""
    try:
        return references(world.tables), {}
    except UNREADABLE as error:
        return None, {"memo": str(error)}


def _named(world: World, partitions: Sequence[str], files: Files) -> Files:
    """Return the files with the keys of those that were given by id, where something tells."""
    if None not in files.values():
        return files
    told: dict[str, str] = {}
    for partition in partitions:
        domain = domain_of(partition)
        told |= {file_id(domain, e.key): e.key for e in world.inbox.pending(partition).events}
        for name in ("dead_letters", "raw_files"):
            table = rows_of(world.tables, name, partition)
            asked = table.filter(pl.col("file_id").is_in(list(files)))
            told |= dict(asked.select("file_id", "key").iter_rows())
    return {file: told.get(file) if key is None else key for file, key in files.items()}


def _empty_inbox(world: World, partition: str, files: Files) -> int:
    """Remove the notices about these files, the others' kept first; return how many went.

    An inbox with a damaged entry is left as it is: only a full run may forget that one.
    """
    removed, domain = 0, domain_of(partition)
    for _ in range(_LOOKS):
        held = world.inbox.pending(partition)
        others = [event for event in held.events if file_id(domain, event.key) not in files]
        if held.damaged or len(others) == len(held.events):
            break
        removed = max(removed, len(held.events) - len(others))
        world.inbox.put({partition: others})
        world.inbox.forget(partition, held.tokens)
    return removed


def _left(world: World, cut: _Cut, held: References | None, *, own: References) -> dict[str, int]:
    """Look for what only these files had, wherever it may stand; tell also what is unsure.

    Without `held` nobody knows what others share: then only the files themselves are looked for.
    """
    partition, files = cut.partition, cut.keep.files
    marks = own.digests()
    gone = marks.clear() if held is None else marks.filter(~marks.is_in(held.digests().implode()))
    pending, domain = world.inbox.pending(partition), domain_of(partition)
    theirs = [e for e in pending.events if file_id(domain, e.key) in files]
    return {
        **_tables(mentions(world, partition, [*files, *gone])),
        "inbox": len(theirs) + pending.damaged,
        **_collections(points_left(world, partition, cut.keep)),
    }


def _sum(counts: Iterable[Mapping[str, int]]) -> dict[str, int]:
    total: Counter[str] = Counter()
    for one in counts:
        total.update(one)
    return dict(total)


def _tables(counts: Mapping[str, int]) -> dict[str, int]:
    return {f"tables/{name}": count for name, count in counts.items()}


def _collections(counts: Mapping[str, int]) -> dict[str, int]:
    return {f"collections/{name}": count for name, count in counts.items()}


def _some(counts: Mapping[str, int]) -> dict[str, int]:
    return {name: count for name, count in sorted(counts.items()) if count}

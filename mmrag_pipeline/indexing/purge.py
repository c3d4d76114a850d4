"""purge: files leave everything that was made of them, and a receipt tells what was done."""

from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, contextmanager
from typing import Protocol

import polars as pl

from mmrag_pipeline.errors import CollectionBusyError
from mmrag_pipeline.ids import check_partition, file_id
from mmrag_pipeline.indexing.commit import rows_of
from mmrag_pipeline.indexing.copies import UNREADABLE, contents_of, copies_of
from mmrag_pipeline.indexing.purge_request import Files, Request
from mmrag_pipeline.indexing.purged_points import Staying, delete_points, points_left, staying
from mmrag_pipeline.indexing.purged_tables import cut_tables, mentions
from mmrag_pipeline.indexing.receipts import Receipt
from mmrag_pipeline.indexing.references import References, references, references_of
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
    for partition in request.everything:
        check_partition(partition)
    # those that were named last: as long as theirs tell of the earlier purge, all of it is found
    for part in (request.along, request.files):
        for partition, files in part.items():
            bury(world, partition, files, at=request.at, receipt=request.moment)
    return _each(world, keeper, request, guard)


def _each(world: World, keeper: MemoKeeper, request: Request, guard: Guard) -> Iterator[Receipt]:
    for partition in request.everything:
        with _alone(guard):
            receipt = _purge(world, keeper, request, partition)
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


def _purge(world: World, keeper: MemoKeeper, request: Request, partition: str) -> Receipt:
    """Purge the files of one domain; what other domains look like cannot stop the cut."""
    everything = request.everything
    files = _named(world, partition, everything[partition])
    own = references_of(world.tables, partition, list(files))
    contents = contents_of(world.tables, {partition: files})
    removed = _tables(cut_tables(world, partition, files, run_id=f"purge-{request.moment}"))
    removed["inbox"] = _empty_inbox(world, partition, files)
    keep = staying(world, partition, files)
    removed |= _collections(delete_points(world, partition, keep))
    copies = copies_of(world.tables, contents, besides=everything)
    held, unread = _held(world)
    if held is not None:
        removed |= drop_unreferenced(keeper, held, own=own)
    left = _left_in_tables(world, partition, held, keep=keep, own=own)
    left |= _collections(points_left(world, partition, keep))
    left |= {} if held is None else unreferenced(keeper, held, own=own)
    return Receipt(
        domain=partition,
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


def _held(world: World) -> tuple[References | None, dict[str, str]]:
    """Return what all tables refer to; None, and why, when one of any domain cannot be read."""
    try:
        return references(world.tables), {}
    except UNREADABLE as error:
        return None, {"memo": str(error)}


def _named(world: World, partition: str, files: Files) -> Files:
    """Return the files with the keys of those that were given by id, where something tells."""
    if None not in files.values():
        return files
    told = {file_id(partition, e.key): e.key for e in world.inbox.pending(partition).events}
    for name in ("dead_letters", "raw_files"):
        table = rows_of(world.tables, name, partition)
        asked = table.filter(pl.col("file_id").is_in(list(files)))
        told |= dict(asked.select("file_id", "key").iter_rows())
    return {file: told.get(file) if key is None else key for file, key in files.items()}


def _empty_inbox(world: World, partition: str, files: Files) -> int:
    """Remove the notices about these files, the others' kept first; return how many went.

    An inbox with a damaged entry is left as it is: only a full run may forget that one.
    """
    removed = 0
    for _ in range(_LOOKS):
        held = world.inbox.pending(partition)
        others = [event for event in held.events if file_id(partition, event.key) not in files]
        if held.damaged or len(others) == len(held.events):
            break
        removed = max(removed, len(held.events) - len(others))
        world.inbox.put({partition: others})
        world.inbox.forget(partition, held.tokens)
    return removed


def _left_in_tables(
    world: World, partition: str, held: References | None, *, keep: Staying, own: References
) -> dict[str, int]:
    """Look for what only these files had, wherever it may stand; tell also what is unsure.

    Without `held` nobody knows what others share: then only the files themselves are looked for.
    """
    files = list(keep.files)
    marks = own.digests()
    gone = marks.clear() if held is None else marks.filter(~marks.is_in(held.digests().implode()))
    pending = world.inbox.pending(partition)
    theirs = [e for e in pending.events if file_id(partition, e.key) in keep.files]
    return {
        **_tables(mentions(world, partition, [*files, *gone])),
        "tombstones": unburied(world, partition, files),
        "inbox": len(theirs) + pending.damaged,
    }


def _tables(counts: Mapping[str, int]) -> dict[str, int]:
    return {f"tables/{name}": count for name, count in counts.items()}


def _collections(counts: Mapping[str, int]) -> dict[str, int]:
    return {f"collections/{name}": count for name, count in counts.items()}


def _some(counts: Mapping[str, int]) -> dict[str, int]:
    return {name: count for name, count in sorted(counts.items()) if count}

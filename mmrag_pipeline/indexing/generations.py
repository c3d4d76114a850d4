"""Generations of a partition's collection: their names, what became of them, and which serves."""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import timedelta

import polars as pl

from mmrag_pipeline.errors import (
    CollectionBusyError,
    CollectionMismatchError,
    NotFoundError,
)
from mmrag_pipeline.ids import collection_name
from mmrag_pipeline.indexing.applied import is_complete
from mmrag_pipeline.indexing.history import (
    CHOSEN,
    KEPT_BACK,
    Said,
    ended,
    history,
    last_event,
    last_events,
    note,
    verdict_on,
)
from mmrag_pipeline.indexing.station import World
from mmrag_pipeline.indexing.tending import tend
from mmrag_pipeline.records import Layout


def alias_of(world: World, partition: str) -> str:
    """Return the stable name that queries ask."""
    return collection_name(world.settings.collection_prefix, partition)


def serving(world: World, partition: str) -> str | None:
    """Return the collection behind the alias, None when nothing is served."""
    return world.vectors.aliases().get(alias_of(world, partition))


def number_of(world: World, partition: str, name: str) -> int:
    """Return the generation number of a collection of this partition, 0 for others."""
    head, _, number = name.rpartition("__g")
    same = head == alias_of(world, partition)
    return int(number) if same and number.isdecimal() else 0


def held_generations(world: World, partition: str) -> list[str]:
    """Return the partition's collections, the newest last."""
    numbers = {name: number_of(world, partition, name) for name in world.vectors.names()}
    layouts = world.vectors.layouts()
    ours = [name for name in numbers if numbers[name] and layouts.get(name) is not None]
    return sorted(ours, key=lambda name: numbers[name])


def generation(world: World, partition: str, wanted: Layout) -> str:
    """Return the collection to write: the newest one with the wanted layout, or the next."""
    layouts, held = world.vectors.layouts(), held_generations(world, partition)
    fitting = [name for name in held if layouts[name].digest == wanted.digest]
    if fitting:
        return fitting[-1]
    numbers = [number_of(world, partition, name) for name in [*held, *_named(world, partition)]]
    prefix = world.settings.collection_prefix
    return collection_name(prefix, partition, max(numbers, default=0) + 1)


def serve(world: World, partition: str, name: str, said: Said) -> None:
    """Note that a generation serves from now on, then move the alias to it."""
    note(world, partition, {name: "served"}, said)
    world.vectors.move_alias(alias_of(world, partition), name)


def promote(world: World, partition: str, said: Said, *, to: str | None = None) -> str:
    """Let a complete generation serve whatever the gate said; return it.

    Without `to` it is the one that was kept back last, or else the newest. Files that were hidden
    or deleted since it served are so in it, too, before it does. Raises NotFoundError and
    CollectionMismatchError.
    """
    name = _complete(world, partition, to or _waiting(world, partition))
    if name == serving(world, partition) == standing(world, partition):
        raise CollectionMismatchError(f"{name!r} is what serves {partition!r} already")
    tend(world, partition, name)
    note(world, partition, {name: "promoted"}, said)
    world.vectors.move_alias(alias_of(world, partition), name)
    return name


def rollback(world: World, partition: str, said: Said, *, to: str | None = None) -> str:
    """Let an earlier generation serve again; return it.

    Without `to` it is the one that served before. The one that it takes the place of does not
    serve again until it is promoted. Files that were hidden or deleted since it served are so in
    it, too, before it does. Raises NotFoundError and CollectionMismatchError.
    """
    now = serving(world, partition)
    if now is None:
        raise NotFoundError(f"nothing of {partition!r} is served: there is nothing to roll back")
    name = _complete(world, partition, to or _before(world, partition, now))
    if name == now:
        raise CollectionMismatchError(f"{name!r} is what serves {partition!r} already")
    tend(world, partition, name)
    note(world, partition, {now: "rolled_back", name: "restored"}, said)
    world.vectors.move_alias(alias_of(world, partition), name)
    return name


def standing(world: World, partition: str) -> str | None:
    """Return the generation that was chosen last of those that are there.

    The alias leads to it, or will: a process that died between the note and the move has chosen,
    too. Without a history it is what the alias leads to.
    """
    held = held_generations(world, partition)
    last = last_events(world, partition)
    chosen = [name for name, event in last.items() if event in CHOSEN and name in held]
    if chosen:
        return chosen[-1]
    served = serving(world, partition)
    return served if served in world.vectors.layouts() else None


def retire(world: World, partition: str, keep: Sequence[str | None], said: Said) -> list[str]:
    """Drop generations that are one too many or served last too long ago; return their names.

    Those in `keep`, and the one that serves, stay. Of the others those that served last go last.
    One that somebody still asks questions of is dropped by a later run.
    """
    staying = {*keep, serving(world, partition)}
    others = [name for name in held_generations(world, partition) if name not in staying]
    if not others:
        return []
    times = ended(history(world, partition))
    oldest = world.clock() - timedelta(days=world.settings.keep_generation_days)
    ranked = [*(name for name in others if name not in times), *times][::-1]
    kept = [n for n in ranked if n in others and times.get(n, world.clock()) >= oldest]
    gone = [name for name in others if name not in kept[: world.settings.keep_generations]]
    for name in gone:
        if name in (serving(world, partition), standing(world, partition)):
            continue  # a person let it serve meanwhile
        # noted first, so that its number is known to have been given whatever happens then
        if last_event(world, partition, name) != "dropped":
            note(world, partition, {name: "dropped"}, said)
        with suppress(CollectionBusyError):
            world.vectors.drop(name)
    return gone


def _named(world: World, partition: str) -> list[str]:
    """Return every generation that there ever was: a number is never given twice."""
    return history(world, partition)["collection"].unique().to_list()


def _waiting(world: World, partition: str) -> str:
    """Return the generation that was kept back last, or else the newest."""
    held, last = held_generations(world, partition), last_events(world, partition)
    if not held:
        raise NotFoundError(f"{partition!r} has no collection: run `mmrag index` first")
    waiting = [name for name, event in last.items() if name in held and event in KEPT_BACK]
    return waiting[-1] if waiting else held[-1]


def _before(world: World, partition: str, now: str) -> str:
    """Return the generation that served before the one that serves now and was not kept back.

    One from before there was a history is older than the one that serves.
    """
    held, last = held_generations(world, partition), last_events(world, partition)
    rows = history(world, partition).filter(pl.col("event").is_in(CHOSEN))
    chosen: list[str] = rows["collection"].to_list()
    number = number_of(world, partition, now)
    unknown = [n for n in held if n not in last and number_of(world, partition, n) < number]
    ways = [*unknown, *(n for n in chosen if n in held and n != now and last[n] in CHOSEN)]
    if not ways:
        raise NotFoundError(_no_way_back(partition, now, [name for name in held if name != now]))
    return ways[-1]


def _no_way_back(partition: str, now: str, others: Sequence[str]) -> str:
    """Return why nothing is before what serves, and how something would be."""
    if others:
        return (
            f"{partition!r} has no generation that served before {now!r} and was not held back: "
            f"`--to N` names another one ({', '.join(others)})"
        )
    return (
        f"{partition!r} has no other generation than {now!r}, so there is nothing to go back to. "
        "`mmrag index` fills another one when MMRAG_IMAGE_MODEL, MMRAG_TEXT_MODEL, "
        "MMRAG_PRECISION or MMRAG_INDEX_DATATYPE is another (for an earlier model, set that one: "
        "the memo still has its vectors for MMRAG_MEMO_KEEP_DAYS)"
    )


def _complete(world: World, partition: str, name: str) -> str:
    if name not in held_generations(world, partition):
        known = ", ".join(held_generations(world, partition)) or "none"
        raise NotFoundError(f"{partition!r} has no generation {name!r}; it has: {known}")
    if not is_complete(world.vectors.marks(name)):
        raise CollectionMismatchError(
            f"{name!r} is not complete (its last run did not end, or is under way): run `mmrag "
            "index` with its models first"
        )
    return name


@dataclass(frozen=True, slots=True)
class Candidate:
    """A generation that was filled, and may serve."""

    name: str
    points: str
    """The digest of the table of points that it holds."""
    force: bool = False
    """Whether it is judged anew though nothing changed."""


def put_in_place(world: World, partition: str, candidate: Candidate, said: Said) -> bool:
    """Let a generation serve unless something is against it; return whether it may.

    What was chosen before, by a run or a person, serves on when this one was rolled back, when
    the gate refuses it, or while another run meddled with it: the next one finds out what it
    holds. It is told who may see its files, and which are gone. One that was refused is judged
    again when it holds other points, or by force. Raises OvertakenError when a person decides
    meanwhile.
    """
    name = candidate.name
    said = replace(said, after=world.tables.lineage("generations", partition))
    chosen = standing(world, partition)
    passed = chosen in (None, name)
    if chosen is not None and not passed and not _stays_back(world, partition, candidate):
        passed, said = _judged(world, partition, said, candidate, live=chosen)
    if passed and (chosen != name or serving(world, partition) != name):
        serve(world, partition, name, said)
    elif not passed:
        _keep_serving(world, partition, str(chosen))
    keep = [name] if passed else [name, chosen]
    retire(world, partition, keep, Said(said.by, run_id=said.run_id))
    return passed


def _stays_back(world: World, partition: str, candidate: Candidate) -> bool:
    before = last_event(world, partition, candidate.name)
    judged = verdict_on(world, partition, candidate.name).get("points") == candidate.points
    decided = before == "rolled_back" or (before == "refused" and judged and not candidate.force)
    return decided or not is_complete(world.vectors.marks(candidate.name))


def _judged(
    world: World, partition: str, said: Said, candidate: Candidate, *, live: str
) -> tuple[bool, Said]:
    """Ask the gate; return what it said and how the history is to tell it."""
    verdict = world.gate.judge(
        partition, live=live, candidate=candidate.name, progress=world.progress
    )
    numbers = {"live": live, **verdict.numbers, "points": candidate.points}
    told = replace(said, reason=verdict.message, verdict=numbers)
    if verdict.passed:
        return True, told
    note(world, partition, {candidate.name: "refused"}, told)
    return False, replace(told, after=world.tables.lineage("generations", partition))


def _keep_serving(world: World, partition: str, chosen: str) -> None:
    tend(world, partition, chosen)
    if serving(world, partition) != chosen and standing(world, partition) == chosen:
        world.vectors.move_alias(alias_of(world, partition), chosen)


def is_in_place(world: World, partition: str, name: str) -> bool:
    """Return whether a generation serves, or was kept from it by one that does."""
    live = serving(world, partition)
    kept_back = last_event(world, partition, name) in KEPT_BACK
    return live is not None and live == standing(world, partition) and (live == name or kept_back)

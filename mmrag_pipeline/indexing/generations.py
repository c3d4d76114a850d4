"""Generations of a partition's collection: their names, what became of them, and which serves."""

import json
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

import polars as pl

from mmrag_pipeline.errors import CollectionBusyError, CollectionMismatchError, NotFoundError
from mmrag_pipeline.frames import table_digest
from mmrag_pipeline.ids import Json, canonical_json, collection_name
from mmrag_pipeline.indexing.applied import is_complete
from mmrag_pipeline.indexing.commit import rows_of
from mmrag_pipeline.indexing.station import World
from mmrag_pipeline.overtaken import retried
from mmrag_pipeline.records import GenerationEvent, Layout, Lineage
from mmrag_pipeline.schemas import GENERATIONS

_CHOSEN = ("served", "promoted", "restored")
"""Events after which a generation serves."""
KEPT_BACK = ("refused", "rolled_back")
"""Events after which one that is brought up to date does not serve."""


@dataclass(frozen=True, slots=True)
class Said:
    """Who or what decided on a generation, and why."""

    by: str
    reason: str = ""
    run_id: str = ""
    verdict: Mapping[str, Json] = field(default_factory=dict)


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
    numbers = {name: number_of(world, partition, name) for name in world.vectors.layouts()}
    return sorted((name for name in numbers if numbers[name]), key=lambda name: numbers[name])


def generation(world: World, partition: str, wanted: Layout) -> str:
    """Return the collection to write: the newest one with the wanted layout, or the next."""
    layouts, held = world.vectors.layouts(), held_generations(world, partition)
    fitting = [name for name in held if layouts[name].digest == wanted.digest]
    if fitting:
        return fitting[-1]
    numbers = [number_of(world, partition, name) for name in [*held, *_named(world, partition)]]
    prefix = world.settings.collection_prefix
    return collection_name(prefix, partition, max(numbers, default=0) + 1)


def history(world: World, partition: str) -> pl.DataFrame:
    """Return what became of the generations, in GENERATIONS' schema, the latest last."""
    return rows_of(world.tables, "generations", partition)


def last_event(world: World, partition: str, name: str) -> str:
    """Return the last decision on a collection, empty without any."""
    return _last_events(world, partition).get(name, "")


def note(world: World, partition: str, events: Mapping[str, GenerationEvent], said: Said) -> None:
    """Add lines to the history, a collection's each, all or none; they never change afterwards."""
    told = canonical_json(dict(said.verdict))
    rows = [
        (world.clock(), name, event, said.by, said.reason, told, said.run_id)
        for name, event in events.items()
    ]
    lines = pl.DataFrame(rows, schema=GENERATIONS, orient="row")

    def add() -> None:
        before = world.tables.lineage("generations", partition)
        table = pl.concat([history(world, partition), lines])
        digest = table_digest(table)
        lineage = Lineage("generations", partition, digest, table.height, {}, "", {}, said.run_id)
        world.tables.write(table, lineage, replaces=before)

    retried(add)


def serve(world: World, partition: str, name: str, said: Said) -> None:
    """Note that a generation serves from now on, then move the alias to it."""
    note(world, partition, {name: "served"}, said)
    world.vectors.move_alias(alias_of(world, partition), name)


def promote(world: World, partition: str, said: Said, *, to: str | None = None) -> str:
    """Let a complete generation serve whatever the gate said; return it.

    Without `to` it is the one that was kept back last, or else the newest. Raises NotFoundError
    and CollectionMismatchError.
    """
    name = _complete(world, partition, to or _waiting(world, partition))
    if name == serving(world, partition) == standing(world, partition):
        raise CollectionMismatchError(f"{name!r} is what serves {partition!r} already")
    note(world, partition, {name: "promoted"}, said)
    world.vectors.move_alias(alias_of(world, partition), name)
    return name


def rollback(world: World, partition: str, said: Said, *, to: str | None = None) -> str:
    """Let an earlier generation serve again; return it.

    Without `to` it is the one that served before. The one that it takes the place of does not
    serve again until it is promoted. Raises NotFoundError and CollectionMismatchError.
    """
    now = serving(world, partition)
    if now is None:
        raise NotFoundError(f"nothing of {partition!r} is served: there is nothing to roll back")
    name = _complete(world, partition, to or _before(world, partition, now))
    if name == now:
        raise CollectionMismatchError(f"{name!r} is what serves {partition!r} already")
    note(world, partition, {now: "rolled_back", name: "restored"}, said)
    world.vectors.move_alias(alias_of(world, partition), name)
    return name


def standing(world: World, partition: str) -> str | None:
    """Return the generation that was chosen last, if it is there: the alias leads to it, or will.

    A process that died between the note and the move has chosen, too.
    """
    rows = history(world, partition)
    chosen = rows.filter(pl.col("event").is_in(_CHOSEN))
    name = chosen["collection"][-1] if chosen.height else serving(world, partition)
    return name if name in world.vectors.layouts() else None


def retire(world: World, partition: str, keep: Sequence[str | None], said: Said) -> list[str]:
    """Drop generations that are one too many or served last too long ago; return their names.

    Those in `keep`, and the one that serves, stay. Of the others those that served last go last.
    One that somebody still asks questions of is dropped by a later run.
    """
    staying = {*keep, serving(world, partition)}
    others = [name for name in held_generations(world, partition) if name not in staying]
    if not others:
        return []
    ended = _ended(history(world, partition))
    oldest = world.clock() - timedelta(days=world.settings.keep_generation_days)
    ranked = [*(name for name in others if name not in ended), *ended][::-1]
    kept = [n for n in ranked if n in others and ended.get(n, world.clock()) >= oldest]
    gone = [name for name in others if name not in kept[: world.settings.keep_generations]]
    for name in gone:
        # noted first, so that its number is known to have been given whatever happens then
        if last_event(world, partition, name) != "dropped":
            note(world, partition, {name: "dropped"}, said)
        with suppress(CollectionBusyError):
            world.vectors.drop(name)
    return gone


def verdict_on(world: World, partition: str, name: str) -> Mapping[str, Json]:
    """Return the numbers of the last decision on a generation; empty without any."""
    rows = history(world, partition).filter(
        (pl.col("collection") == name) & (pl.col("verdict") != "{}")
    )
    told: Mapping[str, Json] = json.loads(rows["verdict"][-1]) if rows.height else {}
    return told


def _named(world: World, partition: str) -> list[str]:
    """Return every generation that there ever was: a number is never given twice."""
    return history(world, partition)["collection"].unique().to_list()


def _waiting(world: World, partition: str) -> str:
    """Return the generation that was kept back last, or else the newest."""
    held, last = held_generations(world, partition), _last_events(world, partition)
    if not held:
        raise NotFoundError(f"{partition!r} has no collection: run `mmrag index` first")
    waiting = [name for name, event in last.items() if name in held and event in KEPT_BACK]
    return waiting[-1] if waiting else held[-1]


def _before(world: World, partition: str, now: str) -> str:
    """Return the generation that served before the one that serves now and was not kept back.

    One from before there was a history is older than the one that serves.
    """
    held, last = held_generations(world, partition), _last_events(world, partition)
    rows = history(world, partition).filter(pl.col("event").is_in(_CHOSEN))
    chosen: list[str] = rows["collection"].to_list()
    number = number_of(world, partition, now)
    unknown = [n for n in held if n not in last and number_of(world, partition, n) < number]
    ways = [*unknown, *(n for n in chosen if n in held and n != now and last[n] in _CHOSEN)]
    if not ways:
        raise NotFoundError(
            f"{partition!r} has no generation that served before {now!r}: `--to` names any other "
            "one; or set MMRAG_IMAGE_MODEL and the like back and run `mmrag index`, which takes "
            "every vector that the memo still has"
        )
    return ways[-1]


def _last_events(world: World, partition: str) -> dict[str, str]:
    """Return collection -> the last decision on it, the latest decision last."""
    last: dict[str, str] = {}
    for name, event in history(world, partition).select("collection", "event").iter_rows():
        last.pop(name, None)
        last[name] = event
    return last


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


def _ended(rows: pl.DataFrame) -> dict[str, datetime]:
    """Return collection -> when it served last, in the order of that."""
    ended: dict[str, datetime] = {}
    last: str | None = None
    chosen = rows.filter(pl.col("event").is_in(_CHOSEN))
    for name, at in chosen.select("collection", "at").iter_rows():
        if last is not None and last != name:
            ended.pop(last, None)
            ended[last] = at
        last = name
    return ended


def put_in_place(world: World, partition: str, name: str, said: Said, *, anew: bool) -> bool:
    """Let a generation serve unless something is against it; return whether it may.

    What was chosen before, by a run or a person, serves on when this one was rolled back, when
    the gate refuses it, or while another run meddled with it: the next one finds out what it
    holds. One that was refused is judged `anew`, or not again.
    """
    chosen = standing(world, partition)
    if chosen in (None, name):
        passed, told = True, said
    elif _stays_back(world, partition, name, anew=anew):
        passed, told = False, said
    else:
        verdict = world.gate.judge(partition, live=str(chosen), candidate=name)
        passed = verdict.passed
        told = replace(said, reason=verdict.message, verdict=verdict.numbers)
        if not passed:
            note(world, partition, {name: "refused"}, told)
    if passed and (chosen != name or serving(world, partition) != name):
        serve(world, partition, name, told)
    elif not passed and serving(world, partition) != chosen:
        world.vectors.move_alias(alias_of(world, partition), str(chosen))
    retire(world, partition, [name] if passed else [name, chosen], said)
    return passed


def _stays_back(world: World, partition: str, name: str, *, anew: bool) -> bool:
    before = last_event(world, partition, name)
    decided = before == "rolled_back" or (before == "refused" and not anew)
    return decided or not is_complete(world.vectors.marks(name))


def is_in_place(world: World, partition: str, name: str) -> bool:
    """Return whether a generation serves, or was kept from it by one that does."""
    live = serving(world, partition)
    kept_back = last_event(world, partition, name) in KEPT_BACK
    return live is not None and live == standing(world, partition) and (live == name or kept_back)

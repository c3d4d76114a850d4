"""How a plan tells which generation is to serve, and what changes of how collections are kept."""

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass

from mmrag_pipeline.cli.console import OUT, counted, in_a_row, printable
from mmrag_pipeline.generation_records import Tuned
from mmrag_pipeline.ids import Json, domain_of
from mmrag_pipeline.indexing.next_generation import NextGeneration
from mmrag_pipeline.settings import Settings, variable


@dataclass(frozen=True, slots=True)
class InPlace:
    """What the next run changes of a collection as it stands."""

    collection: str
    changed: tuple[Tuned, ...]


Ahead = Mapping[str, NextGeneration]


def setting_of(one: Tuned) -> str:
    """Return the variable that names what is told, or what it is where none does."""
    return variable(one.setting) if one.setting in Settings.model_fields else one.setting


def ahead_json(ahead: Ahead, kept: Mapping[str, InPlace]) -> dict[str, Json]:
    """Return both by partition."""
    return {
        "generations": {name: asdict(one) for name, one in ahead.items()},
        "in_place": {
            name: {
                "collection": one.collection,
                "changes": [
                    {"setting": setting_of(t), "from": t.now, "to": t.asked} for t in one.changed
                ],
            }
            for name, one in kept.items()
        },
    }


def print_ahead(ahead: Ahead, kept: Mapping[str, InPlace]) -> None:
    """Say both, those partitions together of which the same is to be said."""
    for line in (*_generations(ahead), *_in_place(kept)):
        OUT.print(printable(line), markup=False)


def _generations(ahead: Ahead) -> Iterator[str]:
    told: dict[tuple[object, ...], dict[str, NextGeneration]] = {}
    for name, one in ahead.items():
        key = (one.why, one.exists, one.held_back, *map(_number, (one.collection, one.serving)))
        told.setdefault(key, {})[name] = one
    for held in told.values():
        (one, *_) = held.values()
        new, old = _number(one.collection), _number(one.serving)
        there = f"generation {new}, which is there already, instead of {old}"
        made = there if one.exists else "a new generation"
        yield f"{in_a_row(held)}: {made}, because what serves differs from the settings"
        yield from (f"  {reason}" for reason in one.why)
        points = counted(sum(g.points for g in held.values()), "point")
        calls = counted(sum(g.calls for g in held.values()), "model call")
        lacked = f"{calls} for those that it lacks"
        most = "at most " if one.exists else ""
        yield f"  {most}{points} to write, with vectors from the memo; {lacked}"
        ready = "up to date" if one.exists else "complete"
        yield f"  what serves now serves on until it is {ready}; {_decides(held)}"


def _number(collection: str) -> str:
    return collection.rpartition("__g")[2]


def _decides(held: Ahead) -> str:
    (one, *_) = held.values()
    if one.held_back == "rolled_back":
        domains = dict.fromkeys(domain_of(name) for name in held)
        ways = ", ".join(f"`mmrag promote {domain} --reason TEXT`" for domain in domains)
        return f"it was rolled back, so that it does not serve then either: {ways} lets it"
    if one.held_back == "refused":
        return "the gate refused it, and judges it again if it has changed by then"
    if one.gate:
        return f"the queries of MMRAG_GATE_QUERIES={one.gate} decide whether it serves then"
    return "it serves then (MMRAG_GATE_QUERIES names no queries that decide)"


def _in_place(kept: Mapping[str, InPlace]) -> Iterator[str]:
    for changed in dict.fromkeys(one.changed for one in kept.values()):
        names = [name for name, one in kept.items() if one.changed == changed]
        yield f"{in_a_row(names)}: kept another way from the next run on, without a new generation"
        yield from (f"  {setting_of(one)}: {one.now} to {one.asked}" for one in changed)

"""Which generation a run would let serve instead of the one that does, why, and at what cost."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from mmrag_pipeline.errors import CollectionBusyError
from mmrag_pipeline.generation_records import Tuned
from mmrag_pipeline.indexing import collection
from mmrag_pipeline.indexing.generations import generation, serving
from mmrag_pipeline.indexing.history import KEPT_BACK, last_event
from mmrag_pipeline.indexing.plan import StationPlan
from mmrag_pipeline.indexing.station import World
from mmrag_pipeline.keepers import Tunable
from mmrag_pipeline.records import Layout, Signal, VectorSpace
from mmrag_pipeline.settings import variable

_SETTING: Mapping[Signal, str] = {
    "image": "image_model",
    "text": "text_model",
    "image_text": "image_model",
}
"""Signal -> the setting that names its model; words have one model only."""
_CARD_DIGITS = 12


@dataclass(frozen=True, slots=True)
class NextGeneration:
    """A generation to be built or brought up to date, beside the one that serves till then."""

    collection: str
    serving: str
    exists: bool
    """Whether it is there already: an earlier run built it."""
    held_back: str
    """The decision that keeps it from serving, `refused` or `rolled_back`; empty without one."""
    why: tuple[str, ...]
    """What is different from what serves, each in words."""
    points: int
    """Written with vectors from the memo; at most so many when it is there already."""
    calls: int
    """Of models, made by the stations before it: what the memo lacks."""
    gate: str
    """File of labelled queries that decides whether it serves; empty when it will anyway."""


def next_generation(
    world: World, partition: str, plans: Sequence[StationPlan], names: Mapping[str, str]
) -> NextGeneration | None:
    """Return the generation that a run would write beside the one that serves.

    None when it would write to the one that serves, or nothing serves yet.

    `plans` are those of the partition, `names` card fingerprint -> model.
    """
    wanted, layouts = collection.layout(world), world.vectors.layouts()
    name, live = generation(world, partition, wanted), serving(world, partition)
    if name == live or live is None or live not in layouts:
        return None
    exists, last = name in layouts, last_event(world, partition, name)
    gate = world.settings.gate_queries
    return NextGeneration(
        collection=name,
        serving=live,
        exists=exists,
        held_back=last if exists and last in KEPT_BACK else "",
        why=differences(layouts[live], wanted, names),
        points=next((p.add + p.change for p in plans if p.station == "collection"), 0),
        calls=sum(p.calls for p in plans),
        gate="" if gate is None else str(gate),
    )


def in_place(world: World, partition: str) -> tuple[str, tuple[Tuned, ...]] | None:
    """Return the collection that a run would write to, and what it would change of how it is kept.

    None for a new collection, and while another process has it open.
    """
    name = collection.generation(world, partition)
    if name not in world.vectors.layouts():
        return None
    changed = tuple(one for one in tuning(world, name) if one.differs)
    return (name, changed) if changed else None


def tuning(world: World, name: str) -> Sequence[Tuned]:
    """Return how a collection is kept; nothing where that cannot be told now."""
    try:
        return world.vectors.tuned(name) if isinstance(world.vectors, Tunable) else ()
    except CollectionBusyError:
        return ()


def differences(serves: Layout, wanted: Layout, names: Mapping[str, str]) -> tuple[str, ...]:
    """Return in words what makes two layouts two."""
    return (*_of_models(serves, wanted, names), *_of_storage(serves, wanted))


def _of_models(serves: Layout, wanted: Layout, names: Mapping[str, str]) -> list[str]:
    """Return each exchanged model once, with the signals that it makes."""
    before = {space.signal: space for space in serves.spaces}
    signals: dict[str, list[str]] = {}
    for space in wanted.spaces:
        held = before.pop(space.signal, None)
        if held is None:
            signals.setdefault("no vectors of it so far", []).append(space.signal)
        elif held != space:
            told = _exchanged((serves, held), (wanted, space), names)
            signals.setdefault(told, []).append(space.signal)
    if before:
        signals["no vectors of it any more"] = [*before]
    return [f"model of {' and '.join(held)}: {told}" for told, held in signals.items()]


def _exchanged(
    old: tuple[Layout, VectorSpace], new: tuple[Layout, VectorSpace], names: Mapping[str, str]
) -> str:
    """Return both models by name; those of one name by precision, or by card, as well."""
    told = [_name(*one, names) for one in (old, new)]
    if told[0] == told[1]:
        precisions = [layout.made_with.get("precision", "") for layout, _ in (old, new)]
        cards = [f"card {space.fingerprint[:_CARD_DIGITS]}" for _, space in (old, new)]
        apart = all(precisions) and precisions[0] != precisions[1]
        marks = [f"precision {one}" for one in precisions] if apart else cards
        told = [f"{name} ({mark})" for name, mark in zip(told, marks, strict=True)]
    held, asked = old[1].dimension, new[1].dimension
    sizes = f", {held} to {asked} dimensions" if held != asked else ""
    return f"{told[0]} to {told[1]}{sizes}"


def _name(layout: Layout, space: VectorSpace, names: Mapping[str, str]) -> str:
    """Return a model's name: of its card where this machine knows it, else as settings had it."""
    known = names.get(space.fingerprint)
    named = layout.made_with.get(_SETTING.get(space.signal, ""), "")
    return known or named or f"of card {space.fingerprint[:_CARD_DIGITS]}"


def _of_storage(serves: Layout, wanted: Layout) -> list[str]:
    before = serves.storage
    return [
        f"{variable(name)}: {before[name]} to {value}"
        for name, value in wanted.storage.items()
        if before[name] != value
    ]

"""Points whose vectors other models made than those that their collection is for."""

from collections.abc import Mapping

import polars as pl

from mmrag_pipeline.indexing.checks import layout_cards
from mmrag_pipeline.indexing.station import World
from mmrag_pipeline.ports import CollectionReader
from mmrag_pipeline.records import Layout

_BATCH = 1_000


def may_hold_mixed(world: World, partition: str, layout: Layout | None) -> pl.Expr:
    """Return which of the points side by side have to be looked at.

    A point's hash covers its cards: one that is held as it is desired is of the desired points'
    models. So where those are the layout's only points that differ can be of others.
    """
    held, desired = pl.col("has_held"), pl.col("desired")
    lineage = world.tables.lineage("points", partition)
    if lineage and layout and not _others(lineage.cards, layout_cards(layout)):
        return held & desired.ne_missing(pl.col("held"))
    return held


def count_mixed(index: CollectionReader, layout: Layout, ids: pl.Series) -> int:
    """Return how many of these points name a model that is not the layout's for its signal."""
    expected, count = layout_cards(layout), 0
    for start in range(0, ids.len(), _BATCH):
        for point in index.fetch(ids[start : start + _BATCH].to_list()):
            cards = point.payload.get("cards")
            count += isinstance(cards, Mapping) and _others(cards, expected)
    return count


def _others(cards: Mapping[str, object], expected: Mapping[str, str]) -> bool:
    return any(cards.get(signal) not in (None, card) for signal, card in expected.items())

"""text_vectors: each distinct text once per space, in meaning and beside pictures."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import polars as pl

from mmrag_pipeline.errors import ItemError
from mmrag_pipeline.indexing.failures import each_alone, failure_table
from mmrag_pipeline.indexing.preemption import Pace, kept_at_the_end
from mmrag_pipeline.indexing.remember import Batch, Missing, Row, Shelf, find_missing
from mmrag_pipeline.indexing.station import Job, Made, Recipe, Station, World, alone
from mmrag_pipeline.indexing.told import telling_calls
from mmrag_pipeline.indexing.unit_rows import unit_rows
from mmrag_pipeline.records import Card, Signal, Vectors
from mmrag_pipeline.schemas import TEXT_VECTORS


def recipe(world: World) -> Recipe:
    """Return the two encoders that give a text its vectors."""
    cards = {"text": world.text.card.fingerprint, "image_text": world.image_text.card.fingerprint}
    return Recipe(["text_vectors"], cards)


STATION = Station("text_vectors", ("chunks",), recipe)


@dataclass(frozen=True, slots=True)
class Space:
    """One kind of text vector and the texts that want it."""

    signal: Signal
    card: Card
    encode: Callable[[Sequence[str]], Vectors]
    texts: pl.DataFrame
    """Distinct (text_digest, text) wanted in this space."""


def shelf(signal: Signal, card: Card) -> Shelf:
    """Return where a space's text vectors lie in the memo."""
    vector = pl.Array(pl.Float32, card.dimension)
    columns = pl.Schema({"key": pl.String(), "vector": vector})
    return Shelf(
        f"{signal}_vectors", Recipe(["text_vectors"], {"card": card.fingerprint}).digest, columns
    )


def make(world: World, job: Job) -> Made:
    """Encode the texts no memo knows; captions also in the picture space."""
    parts = [_fill(world, job, space) for space in spaces(world, job.frames["chunks"])]
    failures = pl.concat([missing.given_up for _, _, missing in parts]).unique("item")
    found = [f for _, batch, _ in parts for f in batch.failures]
    return Made(
        table=pl.concat([table for table, _, _ in parts]).sort("signal", "digest"),
        failures=failure_table(found, failures, job.failures),
        computed=sum(batch.computed for _, batch, _ in parts),
        reused=sum(missing.reused for _, _, missing in parts),
    )


def spaces(world: World, chunks: pl.DataFrame) -> list[Space]:
    """Return both spaces with the distinct texts of these chunks."""
    texts = chunks.select("text_digest", "text", "kind")
    captions = texts.filter(pl.col("kind") == "caption")
    distinct = [t.unique("text_digest", maintain_order=True) for t in (texts, captions)]
    return [
        Space("text", world.text.card, world.text.encode, distinct[0]),
        Space("image_text", world.image_text.card, world.image_text.encode_texts, distinct[1]),
    ]


def _fill(world: World, job: Job, space: Space) -> tuple[pl.DataFrame, Batch, Missing]:
    place = shelf(space.signal, space.card)
    wanted = space.texts["text_digest"]
    missing = find_missing(world, job, place, wanted)
    batch = Batch(world, job, place)
    texts = dict(space.texts.select("text_digest", "text").iter_rows())
    keys = sorted(missing.keys.to_list(), key=lambda key: len(texts[key]))
    calls = telling_calls(world.telemetry, "text_vectors")
    pace = Pace(4 * world.settings.batch_size, world.settings.grace_period_s, calls)
    with kept_at_the_end([batch]):
        for part in pace.batches(keys):
            started = time.perf_counter()
            rows = each_alone(lambda t: _rows(space, t), [texts[key] for key in part])
            pace.took(len(part), time.perf_counter() - started)
            batch.commit(part, rows)
            world.progress.advance("text_vectors", done=batch.computed, total=len(keys))
        batch.flush()
    lost = {failure.item for failure in batch.failures} | set(missing.given_up["item"])
    table = pl.DataFrame({"digest": wanted.filter(~wanted.is_in(list(lost)))}).with_columns(
        signal=pl.lit(space.signal), card=pl.lit(space.card.fingerprint)
    )
    return table.select(TEXT_VECTORS.names()), batch, missing


def _rows(space: Space, texts: Sequence[str]) -> list[Row | ItemError]:
    return unit_rows(space.encode(texts), space.card.dimension)


STEP = alone(STATION, make)

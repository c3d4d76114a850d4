"""chunks: what is written on a page, cut to the text encoder's size, with where it stands.

Nothing after them sees a page's own words: so here personal data is taken out.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

import polars as pl

from mmrag_pipeline.ids import Json, digest_json, digest_text
from mmrag_pipeline.indexing import pages
from mmrag_pipeline.indexing.captions import recipe as captions_recipe
from mmrag_pipeline.indexing.contents import content_key
from mmrag_pipeline.indexing.ocr import has_text_layer
from mmrag_pipeline.indexing.ocr import recipe as ocr_recipe
from mmrag_pipeline.indexing.remember import (
    Batch,
    Row,
    Shelf,
    find_missing,
    remembered,
)
from mmrag_pipeline.indexing.splitting import Piece, split_lines
from mmrag_pipeline.indexing.station import Job, Made, Recipe, Station, World, alone
from mmrag_pipeline.records import Box, Line
from mmrag_pipeline.redaction import lines as redaction
from mmrag_pipeline.redaction.rules import Rules, rules_of
from mmrag_pipeline.schemas import BOX, CHUNKS

_BATCH = 512
_LEAST_READ = 3
"""Letters and digits in a text read by OCR: fewer are mostly shapes taken for letters."""
_FIELDS = {n: t for n, t in CHUNKS.items() if n not in ("file_id", "page_no", "kind")}
_MEMO = pl.Schema({"key": pl.String(), "chunks": pl.List(pl.Struct(_FIELDS))})
_SOURCE = ("file_id", "page_no", "kind", "key", "lines")
_REVISION = 2
"""Raise it when the same lines are cut otherwise."""
REDACTED = "redacted_"
"""Before a kind of personal data: how many values a run took out of the texts that it cut."""
REDACTION = "redaction"
"""Role of the rules of redaction, where there are any: lineage tells whether others are new."""


def recipe(world: World) -> Recipe:
    """Return what decides how text is cut, and which text there is."""
    sources = _source_recipes(world)
    cards = {role: card for source in sources.values() for role, card in source.cards.items()}
    origin: Json = {kind: source.digest for kind, source in sources.items()}
    cards["text"] = world.text.card.fingerprint
    if rules := redaction.recipe(_rules(world)):
        cards[REDACTION] = digest_json(rules)
    return Recipe(["chunks", _shelf(world, []).fingerprint, origin], cards)


def _source_recipes(world: World) -> dict[str, Recipe]:
    """Return kind of text -> the recipe that gave it: part of the memo key."""
    return {
        "text": pages.recipe(world),
        "ocr": ocr_recipe(world),
        "caption": captions_recipe(world),
    }


def shelf(world: World) -> Shelf:
    """Return where the domain's cut texts lie in the memo."""
    return _shelf(world, redaction.recipe(_rules(world)))


def _shelf(world: World, rules: Sequence[Json]) -> Shelf:
    s = world.settings
    cut: list[Json] = [
        _REVISION,
        s.chunk_tokens,
        s.chunk_overlap_tokens,
        world.text.card.fingerprint,
        *rules,
    ]
    return Shelf("chunks", Recipe(["chunks", *cut]).digest, _MEMO)


STATION = Station("chunks", ("raw_files", "pages", "ocr", "captions"), recipe)


def make(world: World, job: Job) -> Made:
    """Cut text layers, OCR lines and captions of every page; equal text is cut once."""
    sources = chunk_sources(world, job.frames)
    place = shelf(world)
    missing = find_missing(world, job, place, sources["key"])
    batch = Batch(world, job, place)
    todo = sources.filter(pl.col("key").is_in(missing.keys.implode())).unique(
        "key", maintain_order=True
    )
    tally = Counter[str]()
    for part in todo.iter_slices(_BATCH):
        batch.commit(part["key"].to_list(), _cut_all(world, part, tally))
        world.progress.advance("chunks", done=batch.computed, total=todo.height)
    batch.flush()
    known = remembered(world, place, sources["key"])
    changes = {f"{REDACTED}{kind}": number for kind, number in sorted(tally.items())}
    return replace(batch.made(cut_table(sources, known), missing), changes=changes)


def chunk_sources(world: World, frames: Mapping[str, pl.DataFrame]) -> pl.DataFrame:
    """Return (owner, kind, memo key, lines) of each page's texts."""
    found = chunk_keys(world, frames["raw_files"], frames["pages"])
    captions = frames["captions"].with_columns(_caption_lines())
    lines = {
        "text": frames["pages"].select("file_id", "page_no", "lines"),
        "ocr": frames["ocr"].select("page_digest", "lines"),
        "caption": captions.select("page_digest", "lines"),
    }
    return pl.concat(
        found.filter(pl.col("kind") == kind).join(rows, on=rows.columns[:-1]).select(_SOURCE)
        for kind, rows in lines.items()
    )


def chunk_keys(world: World, raw_files: pl.DataFrame, pages_table: pl.DataFrame) -> pl.DataFrame:
    """Return the pages once per kind of text they may have, with its memo key."""
    held = raw_files.select("file_id", content_key().alias("content"))
    kinds = {
        "text": has_text_layer(),
        "ocr": ~has_text_layer(),
        "caption": pl.col("raster") != "",
    }
    # Lines are heavy: they stay behind.
    light = pages_table.select("file_id", "page_no", "page_digest", **kinds)
    found = light.join(held, on="file_id")
    recipes = _source_recipes(world)
    return pl.concat(
        _keyed(found.filter(pl.col(kind)), kind, recipes[kind].digest) for kind in kinds
    )


def _keyed(rows: pl.DataFrame, kind: str, recipe_digest: str) -> pl.DataFrame:
    parts = ["content", "page_no"] if kind == "text" else ["page_digest"]
    key = pl.concat_str(pl.lit(f"{kind}:{recipe_digest}"), *parts, separator=":")
    return rows.select("file_id", "page_no", "page_digest", kind=pl.lit(kind), key=key)


def _caption_lines() -> pl.Expr:
    """Return captions as lines that stand on the whole page."""
    element = pl.element().struct
    sides = [pl.lit(None, dtype=BOX[side]).alias(side) for side in BOX]
    line = pl.struct(element.field("text"), *sides, element.field("confidence"))
    return pl.col("captions").list.eval(line).alias("lines")


def _cut_all(world: World, part: pl.DataFrame, tally: Counter[str]) -> Iterator[Row]:
    for kind, rows in part.select("kind", "lines").iter_rows():
        lines = [_line(row) for row in rows]
        groups = [[line] for line in lines] if kind == "caption" else [lines]
        pieces = [piece for group in groups for piece in _cut(world, group, tally)]
        yield (_chunk_rows(p for p in pieces if kind != "ocr" or _says_something(p.text)),)


def _says_something(text: str) -> bool:
    """Return whether words were read, and not a letter or two into a drawing's shapes."""
    return sum(char.isalnum() for char in text) >= _LEAST_READ


def _cut(world: World, lines: Sequence[Line], tally: Counter[str]) -> list[Piece]:
    s = world.settings
    found = redaction.found_in(lines, _rules(world))
    tally.update(one.kind for one in found)
    return split_lines(
        redaction.marked(lines, found),
        world.text.token_spans,
        size=s.chunk_tokens,
        overlap=s.chunk_overlap_tokens,
    )


def _rules(world: World) -> Rules:
    return rules_of(world.settings, world.domain)


def _line(row: Mapping[str, object]) -> Line:
    sides = [row[side] for side in BOX]
    box = Box(*sides) if sides[0] is not None else None  # type: ignore[arg-type]
    return Line(str(row["text"]), box, float(str(row["confidence"])))


def _chunk_rows(pieces: Iterable[Piece]) -> list[dict[str, object]]:
    return [
        {
            "chunk_no": number,
            "text": piece.text,
            "text_digest": digest_text(piece.text),
            "token_count": piece.token_count,
            "section": piece.section,
            "confidence": piece.confidence,
            **_sides(piece.box),
        }
        for number, piece in enumerate(pieces)
    ]


def _sides(box: Box | None) -> dict[str, int | None]:
    return {side: getattr(box, side, None) for side in BOX}


def cut_table(sources: pl.DataFrame, known: pl.DataFrame) -> pl.DataFrame:
    """Return CHUNKS rows: each owner with what the memo holds under its key."""
    return (
        sources.select("file_id", "page_no", "kind", "key")
        .join(known, on="key")
        .explode("chunks")
        .drop_nulls("chunks")
        .unnest("chunks")
        .select(CHUNKS.names())
        .sort("file_id", "page_no", "kind", "chunk_no")
    )


STEP = alone(STATION, make)

"""points: what the collection should hold, each point with the hash that tells it changed."""

from collections.abc import Iterable, Mapping, Sequence
from hashlib import blake2b

import polars as pl

from mmrag_pipeline.ids import Json, canonical_json, digest_json, domain_of, point_ids
from mmrag_pipeline.indexing.commit import rows_before
from mmrag_pipeline.indexing.image_vectors import picture_key
from mmrag_pipeline.indexing.image_vectors import recipe as pictures_recipe
from mmrag_pipeline.indexing.station import Job, Made, Recipe, Station, World, alone
from mmrag_pipeline.indexing.withheld import decision, shown
from mmrag_pipeline.records import Signal
from mmrag_pipeline.schemas import FAILURES, POINTS

_PAYLOAD = (
    "domain",
    "key",
    "uri",
    "file_id",
    "kind",
    "page_no",
    "width_px",
    "height_px",
    "page_digest",
    "digest",
    "media_type",
    "modified_at",
    "visibility",
    "category",
    "box",
    "text",
    "section",
    "confidence",
    "cards",
)
_SAID = ("payload", "image_key", "text_key", "image_text_key")
"""What, with the recipe, decides a point's hash."""
_ENCODED: Mapping[Signal, tuple[str, str]] = {
    "image": ("image_key", "image"),
    "text": ("text_key", "text"),
    "image_text": ("image_text_key", "image"),
    "bm25": ("sparse_text", "bm25"),
}
"""Signal -> the column that names what is encoded, and the role of the model that does it."""
_REVISION = 5
"""Raise it when the same rows make other payloads, or the same vectors another hash."""


def recipe(world: World) -> Recipe:
    """Return the cards that points carry, the revision of the payload, and of the pictures.

    What decides which files are withheld stands beside the cards: it changes no point.
    """
    cards = {
        "image": world.image_text.card.fingerprint,
        "text": world.text.card.fingerprint,
        "bm25": world.sparse.card.fingerprint,
        "ocr": world.ocr.card.fingerprint,
        "caption": world.captioner.card.fingerprint,
    }
    rules = decision(world)
    if rules:
        cards["safety"] = digest_json(rules)
    return Recipe(["points", _REVISION, pictures_recipe(world).parameters], cards)


STATION = Station(
    "points",
    ("raw_files", "pages", "tiles", "chunks", "image_vectors", "text_vectors"),
    recipe,
)


def make(world: World, job: Job) -> Made:
    """Join pages, tiles, chunks and vectors to points; deterministic ids, no model."""
    files = job.frames["raw_files"].select(
        "file_id", "key", "uri", "digest", "media_type", "modified_at", "visibility", "category"
    )
    pages = shown(world, job.frames["pages"].drop("lines")).join(files, on="file_id")
    rows = pl.concat([_pictures(job, pages), _texts(job, pages)], how="diagonal")
    ready = _identified(_with_payload(rows, job.partition))
    pixels = pictures_recipe(world).parameters
    decided = ready.with_columns(vectors=_vectors_json(job.recipe, pixels))
    table = _hashed(decided, rows_before(world, job, "points")).sort("point_id")
    return Made(table, pl.DataFrame(schema=FAILURES), 0, table.height)


def _pictures(job: Job, pages: pl.DataFrame) -> pl.DataFrame:
    done = job.frames["image_vectors"].select(image_key="digest")
    return (
        job.frames["tiles"]
        .with_columns(
            image_key=picture_key(),
            kind=pl.when(pl.col("level") == 0).then(pl.lit("page")).otherwise(pl.lit("tile")),
            text=pl.lit(""),
            section=pl.lit(""),
            cards=_cards(job, {"image": "image"}),
            anchor=_box_text(),
        )
        .join(done, on="image_key", how="semi")
        .join(pages, on="page_digest")
    )


def _texts(job: Job, pages: pl.DataFrame) -> pl.DataFrame:
    same_text = ["file_id", "page_no", "kind", "text_digest"]
    anchor = pl.format("{}:{}", "text_digest", pl.int_range(pl.len()).over(same_text))
    chunks = job.frames["chunks"].with_columns(anchor=anchor)
    chunks = chunks.join(pages, on=["file_id", "page_no"])
    vectors = job.frames["text_vectors"]
    for signal in ("text", "image_text"):
        done = vectors.filter(pl.col("signal") == signal).select(
            pl.col("digest").alias("text_digest"), pl.col("digest").alias(f"{signal}_key")
        )
        chunks = chunks.join(done, on="text_digest", how="left")
    caption = pl.col("kind") == "caption"
    return chunks.with_columns(
        image_text_key=pl.when(caption).then("image_text_key"),
        sparse_text=pl.col("text"),
        cards=_cards_by_kind(job),
    )


def _cards(job: Job, roles: Mapping[str, str]) -> pl.Expr:
    names = ("image", "text", "image_text", "bm25", "ocr", "caption")
    held = {name: job.recipe.cards[roles[name]] if name in roles else None for name in names}
    return pl.struct(pl.lit(value, dtype=pl.String).alias(name) for name, value in held.items())


def _cards_by_kind(job: Job) -> pl.Expr:
    words = {"text": "text", "bm25": "bm25"}
    ocr = _cards(job, {**words, "ocr": "ocr"})
    caption = _cards(job, {**words, "image_text": "image", "caption": "caption"})
    return (
        pl.when(pl.col("kind") == "ocr")
        .then(ocr)
        .when(pl.col("kind") == "caption")
        .then(caption)
        .otherwise(_cards(job, words))
    )


def _box_text() -> pl.Expr:
    return pl.concat_str("left", "top", "right", "bottom", separator=",")


def _with_payload(rows: pl.DataFrame, partition: str) -> pl.DataFrame:
    has_box = pl.col("left").is_not_null()
    box = pl.when(has_box).then(pl.concat_list("left", "top", "right", "bottom"))
    ready = rows.with_columns(
        domain=pl.lit(domain_of(partition)),
        box=box,
        modified_at=pl.col("modified_at").dt.to_string("%Y-%m-%dT%H:%M:%S%.6fZ"),
        confidence=pl.col("confidence").cast(pl.Float64).round(4),
    )
    return ready.with_columns(payload=pl.struct(_PAYLOAD).struct.json_encode())


def _identified(rows: pl.DataFrame) -> pl.DataFrame:
    return rows.with_columns(
        point_id=point_ids(rows.select("file_id", "page_no", "kind", "anchor"))
    )


def _hashed(rows: pl.DataFrame, last: pl.DataFrame) -> pl.DataFrame:
    """Return POINTS rows: the hash is the vectors' half followed by the payload's half.

    A point that says what it said before keeps its hash: in a large partition in which one file
    changed, nearly all do.
    """
    hashes = _kept_hashes(rows.select("point_id", *_SAID), last)
    columns = [name for name in POINTS if name != "point_hash"]
    known = rows.select(columns).with_columns(hashes).drop_nulls("point_hash")
    todo = rows.filter(hashes.is_null())
    halves = zip(_digests(todo["vectors"]), _digests(todo["payload"]), strict=True)
    made = pl.Series("point_hash", [a + b for a, b in halves], pl.String)
    parts = (known, todo.select(columns).with_columns(made))
    return pl.concat([part.select(POINTS.names()) for part in parts])


def _kept_hashes(said: pl.DataFrame, last: pl.DataFrame) -> pl.Series:
    """Return the hash that each point had when it said the same, null for the others."""
    before = last.select("point_id", "point_hash", **{f"{name}_before": name for name in _SAID})
    same = pl.all_horizontal(pl.col(name).eq_missing(pl.col(f"{name}_before")) for name in _SAID)
    beside = said.join(before, on="point_id", how="left", maintain_order="left")
    return beside.select(point_hash=pl.when(same).then("point_hash"))["point_hash"]


def _vectors_json(recipe: Recipe, pixels: Json) -> pl.Expr:
    """Return what decides each point's vectors: what is encoded, by which models.

    The same picture decoded to other `pixels` has another vector. Who read a text or thought of
    a caption does not count: the same words have the same vectors.
    """
    decoded = pl.lit(canonical_json(pixels)).alias("pixels")
    spaces = []
    for signal, (what, role) in _ENCODED.items():
        parts = [pl.col(what), pl.lit(recipe.cards[role]).alias("card")]
        space = pl.struct([*parts, decoded] if signal == "image" else parts)
        spaces.append(pl.when(pl.col(what).is_not_null()).then(space).alias(signal))
    return pl.struct(spaces).struct.json_encode()


def _digests(texts: Iterable[str]) -> Sequence[str]:
    return [blake2b(text.encode(), digest_size=8).hexdigest() for text in texts]


STEP = alone(STATION, make)

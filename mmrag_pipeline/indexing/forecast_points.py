"""The points ahead: those of today beside those that the pages, tiles and texts will give."""

from dataclasses import dataclass, replace

import polars as pl

from mmrag_pipeline.ids import domain_of
from mmrag_pipeline.indexing import chunks, image_vectors, pages, points, raw_files, tiles
from mmrag_pipeline.indexing.expected import Expected
from mmrag_pipeline.indexing.listed import Look
from mmrag_pipeline.indexing.run import upstream_digests
from mmrag_pipeline.indexing.work import Work
from mmrag_pipeline.records import Lineage
from mmrag_pipeline.schemas import RAW_FILES

_OWNER = ["file_id", "page_no", "kind"]
_SAME = [*_OWNER, "anchor"]
_OF_FILE = ("digest", "modified_at", *raw_files.BY_RULES)
"""What payloads say of a file."""
_BY_RULES = pl.Struct({name: RAW_FILES[name] for name in raw_files.BY_RULES})
_ROLES = {
    "page": {"image"},
    "tile": {"image"},
    "text": {"text", "bm25"},
    "ocr": {"text", "bm25", "ocr"},
    "caption": {"text", "bm25", "image", "caption"},
}
"""Kind of point -> the cards that count in its hash."""
_MADE_OF = (
    raw_files.STATION,
    pages.STATION,
    tiles.STATION,
    image_vectors.IMAGE_VECTORS.station,
    chunks.STATION,
)


@dataclass(frozen=True, slots=True)
class Ahead:
    """What points will be made of."""

    pages: pl.DataFrame
    """Pages of files whose content was parsed."""
    drawn: pl.DataFrame
    """Their tiles with `key`, but those that have no vector for good."""
    texts: pl.DataFrame
    """Chunks that are known."""
    pending: pl.DataFrame
    """(file_id, page_no, kind) of texts to be cut, each counted as one."""
    guess: Expected


def pointing(seen: Look, ahead: Ahead, *, exact: bool) -> Work:
    """Return the points made, changed, dropped and left as they are."""
    lineage = seen.world.tables.lineage("points", seen.partition)
    guess = ahead.guess
    if lineage is None:
        pictures = ahead.pages.select("page_digest").join(ahead.drawn, on="page_digest").height
        texts = ahead.texts.height + ahead.pending.height
        return Work(pictures + texts + guess.held + guess.unheld, exact=exact)
    kinds = _stale_kinds(seen, lineage)
    exact = exact and _is_told(seen, lineage)
    all_new = bool(kinds) or not _is_beside(seen, lineage)
    idle = seen.is_unchanged and guess.is_nothing and ahead.pending.is_empty()
    if idle and not all_new:
        return Work(reuse=lineage.rows, exact=exact)
    ids = [seen.touched, guess.files, ahead.pending["file_id"]]
    scope = None if all_new else pl.concat(ids).unique()
    work = _compared(_before(seen, scope), _dated(seen, _after(ahead, scope)), ahead, kinds)
    reuse = max(lineage.rows - work.change - work.delete, 0)
    return Work(work.add, work.change, work.delete, reuse, exact)


def _other_cards(seen: Look, lineage: Lineage) -> set[str]:
    """Return the roles whose models are not those that the points were made with."""
    cards = points.recipe(seen.world).cards
    return {role for role, card in cards.items() if lineage.cards.get(role) != card}


def _stale_kinds(seen: Look, lineage: Lineage) -> set[str]:
    """Return the kinds of points that other models, or another way to make points, touch."""
    if not _is_told(seen, lineage):
        return set(_ROLES)
    other = _other_cards(seen, lineage)
    return {kind for kind, roles in _ROLES.items() if roles & other}


def _is_told(seen: Look, lineage: Lineage) -> bool:
    """Return whether cards tell all that is new in how points are made: not so for a revision."""
    return replace(points.recipe(seen.world), cards=lineage.cards).digest == lineage.recipe


def _is_beside(seen: Look, lineage: Lineage) -> bool:
    """Return whether the points were made from the tables beside them, and these are current."""
    now = upstream_digests(seen.world, points.STATION.upstream, seen.partition)
    same = all(lineage.upstream.get(name) == digest for name, digest in now.items())
    return same and all(seen.is_current(station) for station in _MADE_OF)


def _compared(before: pl.DataFrame, after: pl.DataFrame, ahead: Ahead, kinds: set[str]) -> Work:
    """Return the difference; points that nobody can tell yet count as changed."""
    unparsed = pl.col("file_id").is_in(ahead.guess.files.implode())
    told = before.filter(~unparsed).join(ahead.pending, on=_OWNER, how="anti")
    untold = before.height - told.height
    both = told.join(after, on=_SAME)
    named = [pl.col(name).ne_missing(pl.col(f"{name}_right")) for name in _OF_FILE]
    other = pl.any_horizontal(named)
    changed = both.filter(other | pl.col("kind").is_in(list(kinds))).height
    new = after.height - both.height + ahead.pending.join(before, on=_OWNER, how="anti").height
    return Work(new + ahead.guess.unheld, changed + untold, told.height - both.height)


def _before(seen: Look, scope: pl.Series | None) -> pl.DataFrame:
    """Return the points of these files (None: of all), where each stands and of which content."""
    held = seen.table("points").with_columns(file_id=_told("file_id"))
    rows = held if scope is None else held.filter(pl.col("file_id").is_in(scope.implode()))
    return (
        rows.select(
            "file_id",
            "kind",
            "image_key",
            text_digest="text_key",
            page_no=_told("page_no").cast(pl.Int32),
            digest=_told("digest"),
            modified_at=_told("modified_at"),
            rules=pl.col("payload").str.json_decode(_BY_RULES),
        )
        .unnest("rules")
        .with_columns(
            anchor=pl.coalesce(pl.col("image_key").str.split(":").list.last(), _nth_text())
        )
    )


def _told(name: str) -> pl.Expr:
    return pl.col("payload").str.json_path_match(f"$.{name}")


def _nth_text() -> pl.Expr:
    """Return the anchor of a text: its digest, and a number where the page says it again."""
    nth = pl.int_range(pl.len()).over([*_OWNER, "text_digest"])
    return pl.format("{}:{}", "text_digest", nth)


def _after(ahead: Ahead, scope: pl.Series | None) -> pl.DataFrame:
    """Return (file_id, page_no, kind, anchor) of what will be known of these files."""
    owned, texts = ahead.pages, ahead.texts
    if scope is not None:
        wanted = pl.col("file_id").is_in(scope.implode())
        owned, texts = owned.filter(wanted), texts.filter(wanted)
    kind = pl.when(pl.col("level") == 0).then(pl.lit("page")).otherwise(pl.lit("tile"))
    box = pl.col("key").str.split(":").list.last()
    boxes = ahead.drawn.join(owned, on="page_digest", how="semi")
    pictures = owned.select("file_id", "page_no", "page_digest").join(
        boxes.select("page_digest", kind=kind, anchor=box), on="page_digest"
    )
    return pl.concat([pictures.select(_SAME), texts.with_columns(anchor=_nth_text()).select(_SAME)])


def _dated(seen: Look, after: pl.DataFrame) -> pl.DataFrame:
    """Add what a file's payloads say of its content, its time, who may see it and its category.

    New files have neither of these two here: they have no points to be compared either.
    """
    time = pl.col("modified_at").dt.to_string("%Y-%m-%dT%H:%M:%S%.6fZ")
    files = seen.files.select("file_id", "digest", modified_at=time)
    held = seen.table("raw_files").select("file_id", "key")
    ruled = raw_files.by_rules(seen.world.settings, domain_of(seen.partition), held["key"])
    told = held.with_columns(ruled).drop("key")
    return after.join(files, on="file_id").join(told, on="file_id", how="left")

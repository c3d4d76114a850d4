"""Which pages the image filter withholds, and with them their files; nothing without a filter.

The memo keeps the score of every label, so that other labels, another threshold and a filter that
comes back need no model.
"""

from collections.abc import Sequence

import polars as pl

from mmrag_pipeline.errors import ItemError, SettingsError
from mmrag_pipeline.ids import Json
from mmrag_pipeline.indexing.failures import Failure
from mmrag_pipeline.indexing.lanes import Crop
from mmrag_pipeline.indexing.pixel_station import pixel_recipe
from mmrag_pipeline.indexing.remember import Row, Shelf, remembered
from mmrag_pipeline.indexing.station import World

STATION = "image_safety"
_JUDGEMENT = pl.Struct({"label": pl.String(), "score": pl.Float32()})
_MEMO = pl.Schema({"key": pl.String(), "judgements": pl.List(_JUDGEMENT)})


def decision(world: World) -> list[Json]:
    """Return what decides which pages are withheld; it is empty without a filter."""
    if world.image_filter is None:
        return []
    s = world.settings
    return [shelf(world).fingerprint, sorted(s.image_filter_labels), s.image_filter_threshold]


def shelf(world: World) -> Shelf:
    """Return where judgements lie in the memo; there is a filter."""
    assert world.image_filter is not None
    recipe = pixel_recipe(STATION, "safety", card=world.image_filter.card, world=world)
    return Shelf(STATION, recipe.digest, _MEMO)


def judge(world: World, crops: Sequence[Crop]) -> Sequence[Row | ItemError]:
    """Return a memo row per picture; there is a filter."""
    assert world.image_filter is not None
    judged = world.image_filter.judge([crop.pixels for crop in crops])
    return [([{"label": j.label, "score": j.score} for j in some],) for some in judged]


def drawn(pages: pl.DataFrame) -> pl.Series:
    """Return the digests of the pages that are to be judged."""
    return pages.filter(pl.col("raster") != "")["page_digest"].unique(maintain_order=True)


def withheld_pages(world: World, pages: pl.DataFrame) -> list[Failure]:
    """Return each page that is withheld for what it shows; raises SettingsError."""
    if world.image_filter is None:
        return []
    s = world.settings
    told = remembered(world, shelf(world), drawn(pages)).explode("judgements").unnest("judgements")
    _check_labels(told["label"].unique().to_list(), s.image_filter_labels)
    counted = told.filter(
        pl.col("label").is_in(s.image_filter_labels) & (pl.col("score") >= s.image_filter_threshold)
    )
    worst = counted.sort("score", descending=True).unique("key", keep="first", maintain_order=True)
    return [
        Failure(
            item=page_digest,
            reason="withheld",
            message=f"the image filter says {label!r} with {score:.3f}, from "
            f"MMRAG_IMAGE_FILTER_THRESHOLD={s.image_filter_threshold:g} on it is withheld",
        )
        for page_digest, label, score in worst.sort("key").select("key", "label", "score").rows()
    ]


def unjudged(world: World, pages: pl.DataFrame) -> pl.Series:
    """Return the pages that the filter has yet to judge, or could not."""
    if world.image_filter is None:
        return pl.Series(dtype=pl.String)
    place = shelf(world)
    return world.memo.missing(place.station, place.fingerprint, drawn(pages))


def not_passed(world: World, pages: pl.DataFrame) -> list[str]:
    """Return the digests of pages that are withheld, and of those that nobody could judge."""
    withheld = [failure.item for failure in withheld_pages(world, pages)]
    return [*withheld, *unjudged(world, pages)]


def shown(world: World, pages: pl.DataFrame) -> pl.DataFrame:
    """Return the pages of the files of which no page is withheld or unjudged."""
    if world.image_filter is None:
        return pages
    out = pages.filter(pl.col("page_digest").is_in(not_passed(world, pages)))
    return pages.join(out.select("file_id").unique(), on="file_id", how="anti")


def _check_labels(known: Sequence[str], wanted: Sequence[str]) -> None:
    strange = sorted({*wanted} - {*known})
    if known and strange:
        raise SettingsError(
            f"MMRAG_IMAGE_FILTER_LABELS: the model has no label {strange[0]!r}; it has: "
            f"{', '.join(sorted(known))}"
        )

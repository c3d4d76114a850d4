"""Chosen queries with what they found: names, ranks, shares, and pictures with boxes drawn."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import polars as pl

from mmrag_pipeline.errors import MmragError
from mmrag_pipeline.evaluation.chosen import Chosen
from mmrag_pipeline.evaluation.evaluate import LoadImage
from mmrag_pipeline.evaluation.evaluation_page import (
    MAX_EXPECTED,
    MAX_HITS,
    Expected,
    RankedHit,
    ShownQuery,
)
from mmrag_pipeline.evaluation.report import ShownHit, SignalShare, framed, thumbnail
from mmrag_pipeline.evaluation.runs import Run
from mmrag_pipeline.evaluation.variants import FUSED
from mmrag_pipeline.indexing.hit_pages import (
    HitFile,
    HitPage,
    drawn_pages,
    files_of_hits,
    texts_of_points,
)
from mmrag_pipeline.indexing.station import World
from mmrag_pipeline.records import Box
from mmrag_pipeline.retrieval.hits import Place
from mmrag_pipeline.retrieval.signals import SIGNALS
from mmrag_pipeline.schemas import BOX

_GONE = "a file that is no longer indexed"
_SHOWN = (FUSED, *SIGNALS)
Row = Mapping[str, Any]
"""A row of EVAL_HITS, or of EVAL_QUERIES."""


@dataclass(frozen=True, slots=True)
class Measured:
    """The tables that queries and hits are shown from, and the run that measured them."""

    queries: pl.DataFrame
    hits: pl.DataFrame
    run: Run


@dataclass(frozen=True, slots=True)
class _Known:
    """What is known now of files and points that were found."""

    files: Mapping[tuple[str, str], HitFile]
    texts: Mapping[str, str]
    pictures: Mapping[tuple[str, int], bytes]
    """(Query id, rank) -> a page with its box."""


def shown_queries(
    world: World, found: Measured, chosen: Sequence[Chosen], load_image: LoadImage
) -> list[ShownQuery]:
    """Return the chosen queries in order, with their first hits.

    What cannot be read now, for whatever reason, is shown without a picture.
    """
    ids = [one.query_id for one in chosen]
    hits = found.hits.filter(pl.col("query_id").is_in(ids) & (pl.col("unit") == "file"))
    first = hits.filter((pl.col("ranking") == FUSED) & (pl.col("rank") <= MAX_HITS)).sort("rank")
    rows = list(first.iter_rows(named=True))
    known = _known(world, rows)
    queries = {row["query_id"]: row for row in found.queries.iter_rows(named=True)}
    return [
        replace(
            _query(one, queries[one.query_id], found.run, _of(hits, one.query_id)),
            image=_image(queries[one.query_id]["image"], load_image),
            hits=tuple(_hit(row, known) for row in rows if row["query_id"] == one.query_id),
        )
        for one in chosen
    ]


def _of(hits: pl.DataFrame, query_id: str) -> pl.DataFrame:
    return hits.filter(pl.col("query_id") == query_id)


def _known(world: World, rows: Sequence[Row]) -> _Known:
    pages = {page for row in rows if (page := _page(row))}
    return _Known(
        files=files_of_hits(world.tables, pages),
        texts=texts_of_points(
            world.tables, {row["domain"] for row in rows}, {row["point_id"] for row in rows}
        ),
        pictures=_pictures(world, rows, pages),
    )


def _page(row: Row) -> HitPage | None:
    """Return the page that a hit is on; None where the ranking tells none."""
    return HitPage(row["domain"], row["file_id"], row["page_no"]) if row["page_no"] else None


def _pictures(
    world: World, rows: Iterable[Row], pages: set[HitPage]
) -> dict[tuple[str, int], bytes]:
    on: dict[HitPage, list[Row]] = defaultdict(list)
    for row in rows:
        if page := _page(row):
            on[page].append(row)
    return {
        (row["query_id"], row["rank"]): framed(pixels, _place(row))
        for page, pixels in drawn_pages(world, pages)
        for row in on[page]
    }


def _place(row: Row) -> Place:
    known = all(row[side] is not None for side in BOX)
    box = Box(*(row[side] for side in BOX)) if known else None
    return Place(row["point_id"], row["page_no"], row["kind"], box, "")


def _image(path: str | None, load_image: LoadImage) -> bytes | None:
    try:
        return None if path is None else thumbnail(load_image(Path(path)), None)
    except MmragError:
        return None


def _hit(row: Row, known: _Known) -> RankedHit:
    file = known.files.get((row["domain"], row["file_id"]), HitFile(_GONE, ()))
    hit = ShownHit(
        rank=row["rank"],
        score=row["score"],
        domain=row["domain"],
        key=file.key,
        page_no=row["page_no"] or 1,
        kind=row["kind"] or "file",
        text=known.texts.get(row["point_id"], ""),
        thumbnail=known.pictures.get((row["query_id"], row["rank"])),
        shares=tuple(SignalShare(**share) for share in row["shares"]),
    )
    return RankedHit(hit, row["entry"] is not None, file.visibility)


def _query(one: Chosen, row: Row, run: Run, hits: pl.DataFrame) -> ShownQuery:
    """Return a query with the values of the rankings that have hits: others it may not ask."""
    ranks = _ranks(hits)
    asked = {FUSED, *hits["ranking"]}
    values = {name: run.values[name, one.query_id] for name in _SHOWN if name in asked}
    return ShownQuery(
        query_id=one.query_id,
        why=one.why,
        text=row["text"],
        kind=row["kind"],
        image=None,
        values=values,
        before=one.before,
        expected=tuple(
            Expected(label, label not in row["absent"], ranks.get(number, {}))
            for number, label in enumerate(row["relevant"][:MAX_EXPECTED])
        ),
        hits=(),
    )


def _ranks(hits: pl.DataFrame) -> dict[int, dict[str, int]]:
    """Return number of a label -> ranking -> the first rank of its file."""
    right = hits.filter(pl.col("entry").is_not_null()).sort("rank")
    ranks: dict[int, dict[str, int]] = defaultdict(dict)
    for entry, ranking, rank in right.select("entry", "ranking", "rank").iter_rows():
        ranks[entry].setdefault(ranking, rank)
    return ranks

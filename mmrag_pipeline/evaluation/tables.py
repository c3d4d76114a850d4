"""The tables of an evaluation: its queries, what they found, and how they were searched."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

import polars as pl

from mmrag_pipeline.evaluation.asking import Ranked, Ranking
from mmrag_pipeline.evaluation.measures import Judged
from mmrag_pipeline.evaluation.pages import page_of
from mmrag_pipeline.evaluation.qrels import LabelledQuery, RelevantPage
from mmrag_pipeline.evaluation.variants import FUSED
from mmrag_pipeline.frames import table_digest
from mmrag_pipeline.ids import Json, canonical_json, file_id
from mmrag_pipeline.records import Signal
from mmrag_pipeline.retrieval.fusion import FileId, Share
from mmrag_pipeline.retrieval.hits import Hit
from mmrag_pipeline.retrieval.signals import SIGNALS
from mmrag_pipeline.schemas import EVAL_HITS, EVAL_QUERIES, EVAL_SEARCHES

Unit = Literal["file", "page"]
Row = dict[str, object]
_IDENTITY = ("query_id", "text", "image_digest", "kind", "relevant", "grades", "pages")
"""What makes two evaluations ones of the same queries; where a picture lies does not."""


def queries_table(
    queries: Sequence[LabelledQuery],
    labels: Mapping[str, Iterable[str]],
    picture: Callable[[Path], str],
) -> pl.DataFrame:
    """Return labelled queries as EVAL_QUERIES.

    `labels` is domain -> what its files are called (`qrels.labels_of`), `picture` the digest of a
    query picture. `domains` are those that have a relevant file, `absent` the entries of none.
    """
    where: dict[str, list[str]] = {}
    for domain in sorted(labels):
        for label in labels[domain]:
            where.setdefault(label, []).append(domain)
    rows = [_query_row(one, where, picture) for one in queries]
    return pl.DataFrame(rows, schema=EVAL_QUERIES)


def _query_row(
    query: LabelledQuery, where: Mapping[str, Sequence[str]], picture: Callable[[Path], str]
) -> Row:
    return {
        "query_id": query.query_id,
        "text": query.text,
        "image": None if query.image is None else str(query.image),
        "image_digest": None if query.image is None else picture(query.image),
        "kind": query.kind,
        "relevant": [*query.relevant],
        "grades": [*query.grades],
        "pages": [{"entry": page.entry, "page_no": page.page_no} for page in query.pages],
        "answers": [*query.answers],
        "domains": sorted({d for entry in query.relevant for d in where.get(entry, ())}),
        "absent": [entry for entry in query.relevant if entry not in where],
    }


def queries_of(table: pl.DataFrame) -> list[LabelledQuery]:
    """Return the queries of an EVAL_QUERIES table."""
    return [
        LabelledQuery(
            row["query_id"],
            row["text"],
            None if row["image"] is None else Path(row["image"]),
            tuple(row["relevant"]),
            row["kind"],
            grades=tuple(row["grades"]),
            pages=tuple(RelevantPage(**page) for page in row["pages"]),
            answers=tuple(row["answers"]),
        )
        for row in table.iter_rows(named=True)
    ]


def with_files(queries: pl.DataFrame) -> pl.DataFrame:
    """Return the queries that some file answers: those that rankings are measured by."""
    return queries.filter(pl.col("relevant").list.len() > 0)


def identity_of(table: pl.DataFrame) -> str:
    """Return a digest of what is asked and what answers it, whatever the order of the queries."""
    return table_digest(table.select(_IDENTITY).sort("query_id"))


def searches_table(ranked: Sequence[Ranked], made_with: Mapping[str, Json]) -> pl.DataFrame:
    """Return how queries were searched, as EVAL_SEARCHES.

    A ranking by a signal that no query asks, or without it, says nothing: it is left out.
    """
    asked = {signal for one in ranked for signal in one.signals}
    silent = set(SIGNALS) - asked
    left_out = silent | {f"without {signal}" for signal in silent}
    told = canonical_json(dict(made_with))
    rows = [
        (
            one.query.query_id,
            one.seconds,
            [name for name in one.files if name not in left_out],
            told,
        )
        for one in ranked
    ]
    return pl.DataFrame(rows, schema=EVAL_SEARCHES, orient="row")


def hits_table(ranked: Iterable[Ranked]) -> pl.DataFrame:
    """Return what queries found as EVAL_HITS: a row per query, ranking, unit and rank."""
    rows = [row for one in ranked for row in _hit_rows(one)]
    return pl.DataFrame(rows, schema=EVAL_HITS)


def _hit_rows(ranked: Ranked) -> Iterator[Row]:
    query_id = ranked.query.query_id
    places = {(hit.domain, hit.key): hit for hit in ranked.hits}
    for name, ranking in ranked.files.items():
        for row, (domain, key) in _rows(query_id, name, ranking):
            found = places.get((domain, key)) if name == FUSED else None
            file = {"unit": "file", "domain": domain, "file_id": file_id(domain, key)}
            yield row | file | (_place(found) if found else {})
    for name, ranking in ranked.pages.items():
        for row, page in _rows(query_id, name, ranking):
            domain, key, page_no = page_of(page)
            place = {"domain": domain, "file_id": file_id(domain, key), "page_no": page_no}
            yield row | place | {"unit": "page"}


def _rows(query_id: str, name: str, ranking: Ranking) -> Iterator[tuple[Row, FileId]]:
    pairs = zip(ranking.files, ranking.judged.ranking, strict=True)
    for rank, (file, entry) in enumerate(pairs, start=1):
        row: Row = {
            "query_id": query_id,
            "ranking": name,
            "rank": rank,
            "entry": entry,
            "score": float(file.score),
            "shares": _shares(file.shares) if name == FUSED else [],
        }
        yield row, file.file


def _shares(shares: Mapping[Signal, Share]) -> list[Row]:
    return [{"signal": signal, **share.as_json()} for signal, share in shares.items()]


def _place(hit: Hit) -> Row:
    place = hit.place
    box = place.box
    return {
        "page_no": place.page_no,
        "kind": place.kind,
        "point_id": place.point_id,
        **({} if box is None else {s: getattr(box, s) for s in ("left", "top", "right", "bottom")}),
    }


def judged_of(
    queries: pl.DataFrame, hits: pl.DataFrame, *, ranking: str, unit: Unit
) -> dict[str, Judged]:
    """Return query id -> how a ranking is judged, in the order of the queries.

    A query without hits has an empty ranking; of pages only queries that name some are judged.
    """
    entries: dict[str, list[int | None]] = {}
    own = hits.filter((pl.col("ranking") == ranking) & (pl.col("unit") == unit)).sort("rank")
    for query_id, entry in own.select("query_id", "entry").iter_rows():
        entries.setdefault(query_id, []).append(entry)
    return {
        row["query_id"]: _judged(row, entries.get(row["query_id"], []), unit)
        for row in queries.iter_rows(named=True)
        if unit == "file" or row["pages"]
    }


def _judged(row: Mapping[str, Any], ranking: list[int | None], unit: Unit) -> Judged:
    if unit == "page":
        return Judged(ranking, len({(page["entry"], page["page_no"]) for page in row["pages"]}))
    return Judged(ranking, len(dict.fromkeys(row["relevant"])), row["grades"])

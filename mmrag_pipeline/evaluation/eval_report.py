"""The report of an evaluation: its page and its contact sheet, from what was measured and found."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import fsum

import polars as pl

from mmrag_pipeline.evaluation.charts import Bar, trend
from mmrag_pipeline.evaluation.chosen import chosen, moved
from mmrag_pipeline.evaluation.contact_sheet import SheetPicture, contact_sheet
from mmrag_pipeline.evaluation.evaluation_page import (
    MAX_RUNS,
    Against,
    EvaluationPage,
    Part,
    RunRow,
    ShownQuery,
    Value,
)
from mmrag_pipeline.evaluation.evaluator import Evaluator, Scored
from mmrag_pipeline.evaluation.measures import NDCG
from mmrag_pipeline.evaluation.runs import Run, runs_of
from mmrag_pipeline.evaluation.scores import told
from mmrag_pipeline.evaluation.scoring import DOMAIN, KIND, OVERALL, Latency
from mmrag_pipeline.evaluation.seen import seen_in_training
from mmrag_pipeline.evaluation.shown_queries import Measured, shown_queries
from mmrag_pipeline.evaluation.tables import queries_of
from mmrag_pipeline.evaluation.variants import FUSED
from mmrag_pipeline.ids import Json
from mmrag_pipeline.retrieval.signals import SIGNALS

MEASURES = (NDCG, "success@1", "success@10", "mrr@10")
_SINGLE = (FUSED, *SIGNALS)
_PARTS = (("file", OVERALL, ""), ("file", KIND, "kind"), ("file", DOMAIN, "domain"))
_PAGES = (("page", OVERALL, "pages"), ("page", KIND, "pages of kind"))
_DIGITS_SHOWN = 12
"""Of a fingerprint."""


@dataclass(frozen=True, slots=True)
class Drawn:
    """A page, and a contact sheet of first hits that the groups of the settings may see."""

    page: EvaluationPage
    sheet: bytes
    """JPEG, empty without pictures."""

    @property
    def hits(self) -> int:
        """Return how many hits are shown."""
        return sum(len(one.hits) for one in self.page.shown)

    @property
    def pictures(self) -> int:
        """Return how many of them have a picture."""
        return sum(one.hit.thumbnail is not None for query in self.page.shown for one in query.hits)


def drawn_report(
    evaluator: Evaluator, scored: Scored, queries: pl.DataFrame, hits: pl.DataFrame
) -> Drawn:
    """Return the report of an evaluation; EVAL_QUERIES and EVAL_HITS are those it was made of.

    Opens sources to show pages; what cannot be read is left out.
    """
    run = scored.run
    history = [one for one in runs_of(evaluator.tables, run.asked) if one.run_id != run.run_id]
    runs = [*history, run][-MAX_RUNS:]
    picked = chosen(run, scored.before)
    with evaluator.open_world() as world:
        found = Measured(queries, hits, run)
        shown = shown_queries(world, found, picked, evaluator.load_image)
        groups = set(world.settings.default_visibility)
    page = EvaluationPage(
        title="Evaluation",
        made_at=run.at,
        confidence=evaluator.settings.eval_confidence,
        measures=MEASURES,
        parts=tuple(_parts(scored.table)),
        speed=_speed(run.latency),
        made_with=tuple(_made_with(run, evaluator)),
        remarks=_remarks(scored, evaluator, queries),
        against=_against(scored, evaluator),
        bars=tuple(_bars(scored.table)),
        trend=trend([_means(one) for one in runs]) if len(runs) > 1 else None,
        runs=tuple(_run_rows(runs)),
        shown=tuple(shown),
    )
    return Drawn(page, _sheet(shown, groups, most=evaluator.settings.eval_sheet_pictures))


def _remarks(scored: Scored, evaluator: Evaluator, queries: pl.DataFrame) -> tuple[str, ...]:
    """Return what is to be known of labels and training before the measures are read."""
    asked, domains = queries_of(queries), json.loads(scored.run.made_with)["domains"]
    seen = seen_in_training(evaluator.searcher.strategy, asked)
    return (*evaluator.unmet(asked, domains).told, *filter(None, [seen]))


def _sheet(shown: Iterable[ShownQuery], groups: set[str], *, most: int) -> bytes:
    """Return the first hits as a sheet; the catalog shows it to all who may see the catalog."""
    firsts = [query.hits[0] for query in shown if query.hits]
    pictures = [
        SheetPicture(first.hit.thumbnail, first.relevant)
        for first in firsts
        if first.hit.thumbnail and groups.intersection(first.visibility)
    ]
    return contact_sheet(pictures[:most])


def _parts(scores: pl.DataFrame) -> Iterator[Part]:
    for unit, where, of in (*_PARTS, *_PAGES):
        own = scores.filter((pl.col("unit") == unit) & (pl.col("slice") == where))
        for (name, queries), rows in own.group_by("name", "queries", maintain_order=True):
            fused = rows.filter(pl.col("ranking") == FUSED)
            ndcg = rows.filter((pl.col("measure") == NDCG) & pl.col("ranking").is_in(_SINGLE))
            signals = ndcg if unit == "file" and where != DOMAIN else ndcg.clear()
            title = str(name) or ("all" if unit == "file" else "all that name pages")
            yield Part(of, title, _count(queries), _by(fused, "measure"), _by(signals, "ranking"))


def _by(rows: pl.DataFrame, column: str) -> dict[str, Value]:
    found = rows.select(column, "value", "low", "high").iter_rows()
    return {name: Value(*numbers) for name, *numbers in found}


def _count(value: object) -> int:
    return int(str(value))


def _bars(scores: pl.DataFrame) -> Iterator[Bar]:
    whole = (pl.col("slice") == OVERALL) & (pl.col("unit") == "file") & (pl.col("measure") == NDCG)
    rows = scores.filter(whole).select("ranking", "value", "low", "high").iter_rows()
    for name, value, low, high in rows:
        yield Bar(name, value, low, high, ablation=name not in _SINGLE)


def _speed(latency: Latency) -> tuple[tuple[str, str], ...]:
    return (
        ("Median search", f"{1_000 * latency.p50_s:,.0f}\u00a0ms"),
        ("95th percentile", f"{1_000 * latency.p95_s:,.0f}\u00a0ms"),
        ("Searches a second", f"{latency.per_s:,.1f}"),
    )


def _means(run: Run) -> dict[str, float]:
    """Return ranking -> mean nDCG@10."""
    values: dict[str, list[float]] = {}
    for (ranking, _), value in run.values.items():
        values.setdefault(ranking, []).append(value)
    return {name: fsum(values[name]) / len(values[name]) for name in _SINGLE if name in values}


def _run_rows(runs: Sequence[Run]) -> Iterator[RunRow]:
    changed = [(), *(tuple(now.differs(before)) for before, now in pairwise(runs))]
    for run, names in zip(runs, changed, strict=True):
        yield RunRow(run.at, _means(run), run.latency.p50_s, run.latency.p95_s, names)


def _against(scored: Scored, evaluator: Evaluator) -> Against | None:
    before = scored.before
    if before is None or not scored.compared:
        return None
    return Against(
        at=before.at,
        message=told(scored.compared, evaluator.limits),
        moved=moved(scored.run, before),
        worse=any(score.found.worse for score in scored.compared),
        changes=[
            (name, _text(old), _text(now))
            for name, (old, now) in scored.run.differs(before).items()
        ],
    )


def _made_with(run: Run, evaluator: Evaluator) -> Iterator[tuple[str, str]]:
    """Yield name and value of what an evaluation was made with, models and collections last."""
    made = json.loads(run.made_with)
    cards: Mapping[str, Mapping[str, str]] = made.pop("cards", {})
    domains = made.pop("domains", None)
    yield "domains", ", ".join(domains) if domains else "all"
    for name, value in made.items():
        yield name.replace("_", " "), _text(value)
    layouts = evaluator.searcher.store.layouts()
    named = sorted({item for c in cards if c in layouts for item in layouts[c].made_with.items()})
    for name, value in named:
        yield name.replace("_", " "), value
    for collection, spaces in cards.items():
        prints = (f"{signal} {print_[:_DIGITS_SHOWN]}" for signal, print_ in spaces.items())
        yield f"collection {collection}", ", ".join(prints)


def _text(value: Json) -> str:
    """Return a setting as a person writes it."""
    if isinstance(value, Mapping):
        return "; ".join(f"{name.replace('_', ' ')}: {_text(one)}" for name, one in value.items())
    if isinstance(value, Sequence) and not isinstance(value, str):
        return ", ".join(map(_text, value)) or "none"
    return "none" if value is None else str(value)

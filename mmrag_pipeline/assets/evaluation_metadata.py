"""What an evaluation looks like in the catalog: numbers that are plotted, and tables to read."""

import json
from collections.abc import Iterable, Mapping
from pathlib import Path

import dagster as dg
import polars as pl

from mmrag_pipeline.assets.metadata import Metadata, score_table
from mmrag_pipeline.evaluation.answered import Valued
from mmrag_pipeline.evaluation.contact_sheet import sheet_markdown
from mmrag_pipeline.evaluation.eval_report import Drawn
from mmrag_pipeline.evaluation.evaluator import Scored
from mmrag_pipeline.evaluation.scoring import DOMAIN, KIND, OVERALL, latency_of
from mmrag_pipeline.evaluation.variants import FUSED
from mmrag_pipeline.retrieval.signals import SIGNALS
from mmrag_pipeline.schemas import EVALUATION

SHOWN = ("success@1", "success@10", "R@10", "R@50", "mrr@10", "ndcg@10")
"""Measures of the table that a person reads; `eval_scores` has all."""
_PLOTTED = ("success@1", "success@10", "R@50", "mrr@10", "ndcg@10")
_DIGITS = 4


def queries_metadata(queries: pl.DataFrame) -> Metadata:
    """Return how many queries there are by kind and domain, and how many labels no file has.

    Which those are is not told: the catalog outlives a file that is purged.
    """
    return {
        **_rows("eval_queries", queries),
        "kinds": dg.MetadataValue.json(_counts(queries["kind"])),
        "domains": dg.MetadataValue.json(_counts(queries["domains"].explode().drop_nulls())),
        "graded": dg.MetadataValue.int(queries.filter(pl.col("grades").list.len() > 0).height),
        "with_pages": dg.MetadataValue.int(queries.filter(pl.col("pages").list.len() > 0).height),
        "absent": dg.MetadataValue.int(queries["absent"].explode().drop_nulls().n_unique()),
    }


def hits_metadata(hits: pl.DataFrame, searches: pl.DataFrame) -> Metadata:
    """Return how the queries were searched and how long that took."""
    latency = latency_of(searches)
    return {
        **_rows("eval_hits", hits),
        "searches": dg.MetadataValue.int(searches.height),
        "p50_s": _float(latency.p50_s),
        "p95_s": _float(latency.p95_s),
        "searches_per_s": _float(latency.per_s),
        "made_with": dg.MetadataValue.json(json.loads(searches["made_with"][0])),
    }


def scores_metadata(scored: Scored) -> Metadata:
    """Return the measures: each of the fusion and nDCG@10 of each signal as a number, for plots."""
    table, run = scored.table, scored.run
    return {
        **_rows("eval_scores", table),
        **{f"{FUSED}/{name}": _float(v) for name, v in _overall(table, FUSED, _PLOTTED)},
        **{
            f"{signal}/{name}": _float(value)
            for signal in SIGNALS
            for name, value in _overall(table, signal, ("ndcg@10",))
        },
        **{f"page/{name}": _float(v) for name, v in _overall(table, FUSED, SHOWN, unit="page")},
        "p50_s": _float(run.latency.p50_s),
        "p95_s": _float(run.latency.p95_s),
        "searches_per_s": _float(run.latency.per_s),
        "measures": dg.MetadataValue.md(measures_markdown(table)),
        "made_with": dg.MetadataValue.json(json.loads(run.made_with)),
    }


def answers_metadata(made: Valued) -> Metadata:
    """Return what answers are worth, as numbers for plots and as a table; not what they say."""
    table, worth = made.table, made.worth
    rows = _rows("eval_answers", table)
    if table.is_empty():
        return rows
    seconds = table["seconds"].quantile(0.5, "linear")
    lines = [_line(["measure", "questions", "mean"]), _line(["---"] * 3)]
    for name, one in worth.means.items():
        mean = f"{one.value:.3f} ({one.low:.3f} to {one.high:.3f})"
        lines.append(_line([name, str(one.questions), mean]))
    return {
        **rows,
        **{f"answer/{name}": _float(one.value) for name, one in worth.means.items()},
        "answer/corpus_bleu": _float(worth.corpus_bleu),
        "abstention/precision": _float(worth.abstention.precision),
        "abstention/recall": _float(worth.abstention.recall),
        "abstention/f1": _float(worth.abstention.f1),
        "answerable": dg.MetadataValue.int(int(table["answerable"].sum())),
        "abstained": dg.MetadataValue.int(int(table["abstained"].sum())),
        "tokens": dg.MetadataValue.int(_tokens(table)),
        "p50_s": _float(seconds or 0.0),
        "measures": dg.MetadataValue.md("\n".join(lines)),
    }


def _tokens(answers: pl.DataFrame) -> int:
    return sum(int(answers[name].sum()) for name in ("prompt_tokens", "completion_tokens"))


def report_metadata(drawn: Drawn, path: Path) -> Metadata:
    """Return where a report lies, how much it shows, and first hits as small pictures.

    Neither names nor texts: of the pages only those that the groups of the settings may see.
    """
    counts = {
        "size_bytes": path.stat().st_size,
        "queries_shown": len(drawn.page.shown),
        "hits_shown": drawn.hits,
        "hits_without_picture": drawn.hits - drawn.pictures,
    }
    told = "First hits of the queries that are shown: a green edge for right answers, else red"
    sheet = sheet_markdown(drawn.sheet, told) if drawn.sheet else ""
    return {
        "path": dg.MetadataValue.path(path.absolute()),
        **{name: dg.MetadataValue.int(count) for name, count in counts.items()},
        **({"contact_sheet": dg.MetadataValue.md(sheet)} if sheet else {}),
    }


def drop_metadata(scored: Scored) -> Metadata:
    """Return what was compared with what, and what the two were made with differently."""
    if scored.before is None:
        return {}
    changed = {
        name: {"before": before, "now": now}
        for name, (before, now) in scored.run.differs(scored.before).items()
    }
    return {
        "compared_with_run": dg.MetadataValue.text(scored.before.run_id),
        "compared_with": dg.MetadataValue.text(scored.before.at.isoformat(timespec="seconds")),
        "made_differently": dg.MetadataValue.json(changed),
        **({"scores": score_table(scored.compared)} if scored.compared else {}),
    }


def measures_markdown(scores: pl.DataFrame) -> str:
    """Return measures with intervals: of every ranking over all, of the fusion by kind, domain."""
    overall = scores.filter(pl.col("slice") == OVERALL)
    parts = scores.filter(pl.col("slice").is_in([KIND, DOMAIN]) & (pl.col("ranking") == FUSED))
    lines = [_line(["ranking", "of", "queries", *SHOWN]), _line(["---"] * (3 + len(SHOWN)))]
    for (ranking, unit, part, name, queries), rows in pl.concat([overall, parts]).group_by(
        "ranking", "unit", "slice", "name", "queries", maintain_order=True
    ):
        of = f"{unit}s" if part == OVERALL else f"{unit}s, {part} {_cell(str(name))}"
        cells = _cells(rows)
        lines.append(_line([str(ranking), of, str(queries), *(cells[name] for name in SHOWN)]))
    return "\n".join(lines)


def _cells(rows: pl.DataFrame) -> Mapping[str, str]:
    return {
        name: f"{value:.3f} ({low:.3f} to {high:.3f})"
        for name, value, low, high in rows.select("measure", "value", "low", "high").iter_rows()
    }


def _overall(
    table: pl.DataFrame, ranking: str, names: Iterable[str], *, unit: str = "file"
) -> list[tuple[str, float]]:
    own = table.filter(
        (pl.col("ranking") == ranking) & (pl.col("unit") == unit) & (pl.col("slice") == OVERALL)
    )
    values = dict(own.select("measure", "value").iter_rows())
    return [(name, values[name]) for name in names if name in values]


def _rows(table: str, frame: pl.DataFrame) -> Metadata:
    columns = [dg.TableColumn(name, type=str(kind)) for name, kind in EVALUATION[table].items()]
    return {
        "dagster/row_count": dg.MetadataValue.int(frame.height),
        "dagster/column_schema": dg.MetadataValue.table_schema(dg.TableSchema(columns=columns)),
    }


def _counts(values: pl.Series) -> dict[str, int]:
    return dict(sorted(values.value_counts().iter_rows()))


def _float(value: float) -> dg.MetadataValue:
    return dg.MetadataValue.float(round(value, _DIGITS))


def _line(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _cell(text: str) -> str:
    """Return a name that a person wrote as inline code: it is shown, never interpreted."""
    safe = " ".join(text.split()).replace("`", "'").replace("|", "¦")
    return f"`{safe[:60]}`"

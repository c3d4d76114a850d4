"""The demo's HTML report, from what a run did and what searches found."""

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from mmrag_pipeline.cli.dead_letters import read_letters
from mmrag_pipeline.cli.pictures import pictures_of_hits
from mmrag_pipeline.cli.summary import Summary, stations
from mmrag_pipeline.evaluation.evaluate import Evaluation
from mmrag_pipeline.evaluation.report import (
    DeadLetter,
    Report,
    SampleQuery,
    ScoreRow,
    StationRow,
    Totals,
    render,
    shown_hit,
    thumbnail,
)
from mmrag_pipeline.indexing.plan import MODEL_STATIONS
from mmrag_pipeline.indexing.station import World
from mmrag_pipeline.records import Pixels
from mmrag_pipeline.retrieval.hits import Hit
from mmrag_pipeline.stores.files import replace_text


@dataclass(frozen=True, slots=True)
class Shown:
    """A sample query, in words or by picture, and its hits."""

    text: str
    hits: tuple[Hit, ...]
    picture: Pixels | None = None


@dataclass(frozen=True, slots=True)
class Searched:
    """What searches found: samples to look at, and how good the answers to labelled queries are."""

    samples: tuple[Shown, ...]
    evaluation: Evaluation | None = None


def write_report(path: Path, world: World, summary: Summary, found: Searched) -> None:
    """Write the report atomically."""
    replace_text(path, render(_report(world, summary, found)))


def _report(world: World, summary: Summary, found: Searched) -> Report:
    letters = read_letters(world.settings, summary.domains).iter_rows(named=True)
    return Report(
        title="mmrag_pipeline",
        made_at=datetime.now(UTC),
        totals=_totals(summary),
        stations=tuple(_station(summary, name) for name in stations(summary.outcomes)),
        dead_letters=tuple(
            DeadLetter(r["domain"], r["key"], r["station"], r["reason"], r["message"])
            for r in letters
        ),
        samples=tuple(_sample(world, shown) for shown in found.samples),
        scores=_scores(found.evaluation) if found.evaluation else (),
        remarks=_remarks(world),
    )


def _remarks(world: World) -> tuple[str, ...]:
    if not world.image_text.card.trial_only:
        return ()
    return (
        f"The image-text model {world.image_text.card.name} is for trying out: it knows drawings "
        "and documents, not photographs. Set MMRAG_IMAGE_MODEL for real use.",
    )


def _totals(summary: Summary) -> Totals:
    return Totals(
        files=summary.rows("raw_files"),
        pages=summary.rows("pages"),
        tiles=summary.rows("tiles"),
        chunks=summary.rows("chunks"),
        points=summary.rows("collection"),
        dead_letters=summary.rows("dead_letters"),
        model_calls={name: summary.computed(name) for name in MODEL_STATIONS},
        seconds=summary.seconds,
    )


def _station(summary: Summary, name: str) -> StationRow:
    mine = [o for o in summary.outcomes if o.station == name]
    return StationRow(
        station=name,
        done=sum(o.computed for o in mine),
        reused=sum(o.reused for o in mine),
        failed=sum(o.failed for o in mine),
        seconds=sum(o.seconds for o in mine),
    )


def _sample(world: World, shown: Shown) -> SampleQuery:
    hits = tuple(map(shown_hit, shown.hits, pictures_of_hits(world, shown.hits)))
    if shown.picture is None:
        return SampleQuery(shown.text, None, hits)
    return SampleQuery(shown.text, thumbnail(shown.picture, None), hits)


def _scores(evaluation: Evaluation) -> tuple[ScoreRow, ...]:
    return tuple(
        ScoreRow(kind, name, scores.of(kind))
        for kind in [*evaluation.fused.kinds, "overall"]
        for name, scores in evaluation.rankings().items()
    )

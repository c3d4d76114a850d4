"""The asset `eval_report`: a page of the last evaluation, and what the catalog shows of it."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import dagster as dg
import polars as pl
import pytest

from mmrag_pipeline.evaluation.evaluator import Evaluator
from mmrag_pipeline.evaluation.qrels import LabelledQuery
from mmrag_pipeline.indexing.commit import rows_of
from mmrag_pipeline.indexing.station import Mode, World
from mmrag_pipeline.indexing.stations import run_partition
from mmrag_pipeline.testing.evaluators import fake_evaluator
from mmrag_pipeline.testing.source import FakeSource
from mmrag_pipeline.testing.worlds import fake_settings, fake_world
from tests.assets.evaluating import instance, metadata_of, run_evaluation
from tests.evaluation.test_report import Page

__all__ = ["instance"]

WORDS = ("amber bolt", "cedar delta", "ember fjord", "grove harbor", "amber delta", "bolt fjord")
QUERIES = [
    *(LabelledQuery(w, w, None, (f"{n}.txt",), "words") for n, w in enumerate(WORDS)),
    LabelledQuery("lost", "amber bolt", None, ("no-such-file", "6.png"), "pictures"),
]


@pytest.fixture
def source() -> FakeSource:
    source = FakeSource()
    for number, words in enumerate(WORDS):
        source.put("shop", f"{number}.txt", f"txt:{words}".encode())
    source.put("shop", "6.png", b"img:7@120x90")
    return source


@pytest.fixture
def world(source: FakeSource, tmp_path: Path) -> World:
    settings = fake_settings().model_copy(update={"home": tmp_path, "eval_keep_reports": 2})
    made = fake_world(source, settings=settings)
    run_partition(made, "shop", Mode("first"))
    return made


@pytest.fixture
def evaluator(world: World) -> Evaluator:
    return fake_evaluator(world, QUERIES)


def made(evaluator: Evaluator, instance: dg.DagsterInstance) -> Mapping[str, dg.MetadataValue]:
    return metadata_of(run_evaluation(evaluator, instance), "eval_report")


def html_of(metadata: Mapping[str, dg.MetadataValue]) -> str:
    return Path(str(metadata["path"].value)).read_text(encoding="utf-8")


def test_the_page_lies_under_home_and_shows_queries_with_their_hits(
    evaluator: Evaluator, instance: dg.DagsterInstance, tmp_path: Path
) -> None:
    metadata = made(evaluator, instance)
    assert Path(str(metadata["path"].value)).parent == tmp_path / "reports"
    text = Page(html_of(metadata)).text
    assert "7 queries" in text
    assert "no-such-file not in the index" in text
    assert "0.txt shop · page 1 · text · right" in text
    assert "“" not in text
    assert "There is no earlier run of these queries" in text


def test_the_second_run_is_compared_and_makes_a_trend(
    evaluator: Evaluator, instance: dg.DagsterInstance
) -> None:
    made(evaluator, instance)
    worse = replace(evaluator, searcher=replace(evaluator.searcher, strategy=lambda _q, _a: []))
    text = Page(html_of(made(worse, instance))).text
    assert "Worse than the last run" in text
    assert "strategy: evidence → function" in text
    assert "Changed since the last run" in text
    assert "1.00 → 0.00, down" in text
    assert "Mean nDCG@10 of the last 2 runs" in text


def test_questions_that_no_file_answers_are_not_in_the_report(
    evaluator: Evaluator, instance: dg.DagsterInstance
) -> None:
    asked = [*QUERIES, LabelledQuery("open", "what is not there?", None, (), "none")]
    text = Page(html_of(made(replace(evaluator, read=lambda: asked), instance))).text
    assert "7 queries" in text
    assert "what is not there?" not in text


def test_the_contact_sheet_shows_pictures_and_no_name(
    evaluator: Evaluator, world: World, instance: dg.DagsterInstance
) -> None:
    pictures = replace(evaluator, read=lambda: [picture_query(world)])
    metadata = made(pictures, instance)
    assert count(metadata, "hits_without_picture") < count(metadata, "hits_shown")
    sheet = metadata["contact_sheet"]
    assert isinstance(sheet, dg.MarkdownMetadataValue)
    assert "](data:image/jpeg;base64,/9j/" in (sheet.md_str or "")
    assert "6.png" not in str(dict(metadata))


def picture_query(world: World) -> LabelledQuery:
    """Return what the picture answers first: the words that OCR reads of it."""
    points = rows_of(world.tables, "points", "shop").filter(pl.col("kind") == "ocr")
    return LabelledQuery("p", points["sparse_text"][0], None, ("6.png",), "pictures")


def count(metadata: Mapping[str, dg.MetadataValue], name: str) -> int:
    return int(str(metadata[name].value))


@pytest.mark.parametrize(
    "settings", [{"eval_sheet_pictures": 0}, {"default_visibility": ("staff",)}]
)
def test_the_sheet_shows_only_what_the_settings_allow(
    world: World, instance: dg.DagsterInstance, settings: dict[str, object]
) -> None:
    chosen = world.settings.model_copy(update=settings)
    shown = fake_evaluator(replace(world, settings=chosen), [picture_query(world)])
    assert "contact_sheet" not in made(shown, instance)


def test_a_file_that_is_gone_is_shown_without_a_picture(
    evaluator: Evaluator, world: World, source: FakeSource, instance: dg.DagsterInstance
) -> None:
    source.delete("shop", "6.png")
    metadata = made(replace(evaluator, read=lambda: [picture_query(world)]), instance)
    assert count(metadata, "hits_without_picture") == count(metadata, "hits_shown")


def test_the_last_reports_are_kept(
    evaluator: Evaluator, instance: dg.DagsterInstance, tmp_path: Path
) -> None:
    paths = [Path(str(made(evaluator, instance)["path"].value)) for _ in range(3)]
    assert sorted((tmp_path / "reports").iterdir()) == sorted(paths[1:])


def test_scores_of_other_hits_are_not_reported(
    evaluator: Evaluator, instance: dg.DagsterInstance
) -> None:
    made(evaluator, instance)
    fewer = replace(evaluator, read=lambda: QUERIES[:3])
    fewer.write_queries("other")
    result = run_evaluation(fewer, instance, only=["eval_report"])
    assert not result.success
    (failed,) = [event for event in result.all_events if event.is_step_failure]
    assert "run the whole job" in str(failed.step_failure_data.user_failure_data)

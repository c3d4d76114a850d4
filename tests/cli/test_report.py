"""The demo's report and sample searches, over a small index."""

import os
from unittest import mock

import numpy as np
import pytest

from mmrag_pipeline.assembly import open_searcher, open_world
from mmrag_pipeline.cli.index import tell_troubles
from mmrag_pipeline.cli.report import Searched, Shown, write_report
from mmrag_pipeline.cli.summary import Summary, summary_json, summary_table
from mmrag_pipeline.evaluation.evaluate import Evaluation, Scores
from mmrag_pipeline.evaluation.measures import Measures
from mmrag_pipeline.indexing.run import Outcome
from mmrag_pipeline.retrieval.query import Query
from mmrag_pipeline.settings import Settings
from tests.cli.commands import Bench


def _outcome(station: str, *, computed: int, reused: int) -> Outcome:
    return Outcome(station, "shop", computed + reused, computed, reused, 0, 1.5, False, "d")


SUMMARY = Summary(
    (_outcome("ocr", computed=2, reused=1), _outcome("tiles", computed=0, reused=3)), seconds=2.0
)


def test_the_report_shows_hits_with_pictures_and_dead_letters(bench: Bench) -> None:
    page = _report(bench)
    assert "kettle.png" in page
    assert "data:image/jpeg;base64," in page
    assert "broken.jpg" in page


def test_the_report_says_what_the_shipped_model_is_for(bench: Bench) -> None:
    assert "is for trying out" in _report(bench)


def test_a_file_that_is_gone_leaves_its_hit_without_a_picture(bench: Bench) -> None:
    (bench.source / "shop" / "kettle.png").unlink()
    (bench.source / "shop" / "lamp.png").unlink()
    (bench.source / "shop" / "guide.pdf").unlink()
    page = _report(bench)
    assert "kettle.png" in page
    assert "data:image/jpeg;base64," not in page


def test_reuse_is_counted_where_a_model_would_have_been_called() -> None:
    made = summary_json(SUMMARY)
    assert isinstance(made, dict)
    assert made["reused"] == {"ocr": 1, "captions": 0, "image_vectors": 0, "text_vectors": 0}


def test_the_table_does_not_call_cutting_tiles_reuse() -> None:
    table = summary_table(SUMMARY)
    assert [str(cell) for cell in table.columns[3]._cells] == ["1", "0"]


def test_a_failed_domain_is_told_and_ends_with_status_1(capsys: pytest.CaptureFixture[str]) -> None:
    import typer

    failed = Summary((), failed={"shop": "ListingError: no \x1b folder"})
    with pytest.raises(typer.Exit):
        tell_troubles(failed)
    assert (
        capsys.readouterr().err == r"domain shop was not indexed: ListingError: no \x1b folder" "\n"
    )


def test_the_report_shows_the_picture_that_was_asked_with(bench: Bench) -> None:
    (bench.source / "shop" / "lamp.png").unlink()
    asked = Shown("", (), np.zeros((4, 4, 3), np.uint8))
    page = _report(bench, Searched((asked,)))
    assert "More like this picture" in page
    assert page.count("data:image/jpeg;base64,") == 1


def test_the_report_shows_every_ranking_per_kind_of_query(bench: Bench) -> None:
    measures = Measures(7, 0.125, 0.5, 0.625, 0.25, 0.375)
    scores = Scores(measures, {"by_name": measures})
    page = _report(bench, Searched((), Evaluation(7, scores, {"bm25": scores})))
    for words in ("by_name", "overall", "fused", "bm25", "0.12", "0.38"):
        assert words in page


def _report(bench: Bench, found: Searched | None = None) -> str:
    with mock.patch.dict(os.environ, {"MMRAG_HOME": str(bench.home)}):
        settings = Settings()
    hits = open_searcher(settings).search(Query(text="KX-4711", domains=("shop",)))
    path = bench.home / "report.html"
    with open_world(settings) as world:
        write_report(path, world, SUMMARY, found or Searched((Shown("KX-4711", tuple(hits)),)))
    return path.read_text(encoding="utf-8")

"""The history of evaluations."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

from mmrag_pipeline.evaluation.paired import Limits
from mmrag_pipeline.evaluation.runs import EVERYTHING, Run, append_run, comparisons, last_run
from mmrag_pipeline.evaluation.scoring import Latency
from mmrag_pipeline.stores.folder_blobs import FolderBlobs
from mmrag_pipeline.stores.memory import MemoryTables
from mmrag_pipeline.stores.tables import ParquetTables
from mmrag_pipeline.testing.worlds import TODAY

LIMITS = Limits(0.02, 0.95)
IDS = [f"q{n}" for n in range(8)]
KINDS = {query: "exact" if n < 5 else "meaning" for n, query in enumerate(IDS)}


def _run(name: str, *, asked: str = "same", fused: float = 1.0, bm25: float = 1.0) -> Run:
    values = {("fused", query): fused for query in IDS} | {("bm25", query): bm25 for query in IDS}
    return Run(name, TODAY, asked, '{"strategy":"rrf"}', Latency(0.1, 0.2, 9.0), values, KINDS)


def test_a_run_comes_back_as_it_was_kept() -> None:
    tables, run = MemoryTables(), _run("a")
    append_run(tables, run, keep=9)
    assert last_run(tables, "same") == run


def test_the_last_run_of_the_same_queries_is_the_one_to_compare_with() -> None:
    tables = MemoryTables()
    for name, asked in (("a", "same"), ("b", "same"), ("c", "other")):
        append_run(tables, _run(name, asked=asked), keep=9)
    found = last_run(tables, "same", but="x")
    assert found is not None
    assert found.run_id == "b"
    assert last_run(tables, "other", but="c") is None


def test_a_step_that_is_tried_again_takes_its_own_place() -> None:
    tables = MemoryTables()
    for fused in (0.5, 0.7):
        append_run(tables, _run("a", fused=fused), keep=9)
    rows = tables.read("eval_runs", EVERYTHING)
    assert rows is not None
    assert rows.height == 1


def test_writers_at_the_same_time_lose_no_run(tmp_path: Path) -> None:
    tables = ParquetTables(FolderBlobs(tmp_path))
    with ThreadPoolExecutor(4) as threads:
        list(threads.map(lambda n: append_run(tables, _run(str(n)), keep=99), range(4)))
    rows = tables.read("eval_runs", EVERYTHING)
    assert rows is not None
    assert set(rows["run_id"]) == {"0", "1", "2", "3"}


def test_the_fusion_over_all_comes_first_then_signals_then_kinds() -> None:
    scores = comparisons(_run("a"), _run("b"), LIMITS)
    assert [(score.ranking, score.kind) for score in scores] == [
        ("fused", "overall"),
        ("bm25", "overall"),
        ("fused", "exact"),
        ("fused", "meaning"),
    ]


def test_what_is_worse_is_worse_against_the_run_before() -> None:
    scores = comparisons(_run("a"), _run("b", fused=0.9), LIMITS)
    worse = [(score.ranking, score.kind) for score in scores if score.found.worse]
    assert worse == [("fused", "overall"), ("fused", "exact")], "three queries decide nothing"
    assert not any(
        score.found.worse for score in comparisons(_run("b", fused=0.9), _run("a"), LIMITS)
    )


def test_a_ranking_that_the_run_before_did_not_make_is_not_compared() -> None:
    before = _run("a")
    without = {key: value for key, value in before.values.items() if key[0] != "bm25"}
    scores = comparisons(replace(before, values=without), _run("b"), LIMITS)
    assert "bm25" not in {score.ranking for score in scores}


def test_runs_tell_what_they_were_made_with_differently() -> None:
    now = replace(_run("b"), made_with='{"depth":150,"strategy":"evidence"}')
    assert now.differs(_run("a")) == {"depth": (None, 150), "strategy": ("rrf", "evidence")}

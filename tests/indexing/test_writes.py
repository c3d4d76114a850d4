"""What each kind of change writes to the collection: points by operation, vectors by signal."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import polars as pl
import pytest

from mmrag_pipeline.indexing.commit import rows_of
from mmrag_pipeline.records import Box, Line
from mmrag_pipeline.testing.counted import CountedVectors, Written
from mmrag_pipeline.testing.ledger import Ledger
from mmrag_pipeline.testing.scripted import ScriptedCaptioner, ScriptedOcr
from mmrag_pipeline.testing.worlds import State
from tests.indexing.foretold import planned_for, told, truth_of
from tests.indexing.life import DOMAIN, Life

_LINES = tuple(
    Line(" ".join(f"word{n}x{m}" for m in range(16)), Box(0, 4 * n, 40, 4 * n + 4), 0.9)
    for n in range(4)
)
"""Each of them fills a chunk."""
_MOVED = tuple(replace(line, box=Box(1, 4 * n, 39, 4 * n + 3)) for n, line in enumerate(_LINES))
_PAGES = 2


@dataclass(frozen=True, slots=True)
class _Counted:
    """A life over two pictures and a text, and what it writes since its first run."""

    life: Life
    written: Written

    def read(self, lines: tuple[Line, ...], revision: str) -> None:
        """Exchange the OCR engine for one that reads these lines."""
        self.life.models = replace(self.life.models, ocr=ScriptedOcr(lines, revision))

    def caption(self, text: str, revision: str) -> None:
        """Exchange the captioner for one that says this."""
        captioner = ScriptedCaptioner(text, revision)
        self.life.models = replace(self.life.models, captioner=captioner)

    def run(self) -> tuple[dict[str, int], dict[str, int]]:
        """Run; return the points by operation and the vectors by signal that it wrote."""
        self.written.clear()
        self.life.run()
        return _told(self.written.points), _told(self.written.vectors)


def _told(counts: Mapping[Any, int]) -> dict[str, int]:
    return {name: number for name, number in counts.items() if number}


@pytest.fixture
def counted() -> _Counted:
    """Return a life that has run once."""
    store = CountedVectors(State().vectors)
    one = _Counted(Life(state=State(vectors=store)), store.written)
    one.life.settings = one.life.settings.model_copy(update={"chunk_overlap_tokens": 0})
    one.read(_LINES, "1")
    one.caption("a picture", "1")
    one.life.put(a="img:1@150x100", b="img:2", c="txt:some words")
    one.life.run()
    return one


def test_a_new_ocr_engine_that_reads_the_same_writes_payloads_of_ocr_points(
    counted: _Counted,
) -> None:
    counted.read(_LINES, "2")
    assert counted.run() == ({"payloads": 4 * _PAGES}, {})
    assert counted.written.kinds.keys() == {"ocr"}
    assert counted.life.index() == counted.life.rebuild()[0]


def test_a_new_ocr_engine_that_reads_other_words_writes_the_vectors_of_these(
    counted: _Counted,
) -> None:
    counted.read((*_LINES[:3], replace(_LINES[3], text=" ".join(["other"] * 16))), "2")
    points, vectors = counted.run()
    assert points == {"upserted": _PAGES, "deleted": _PAGES, "payloads": 3 * _PAGES}
    assert vectors == {"text": _PAGES, "bm25": _PAGES}
    assert counted.written.kinds.keys() == {"ocr"}


def test_a_new_ocr_engine_that_reads_fewer_lines_writes_no_vector(counted: _Counted) -> None:
    counted.read(_LINES[:3], "2")
    assert counted.run() == ({"deleted": _PAGES, "payloads": 3 * _PAGES}, {})


def test_a_line_that_was_found_elsewhere_on_its_page_writes_a_payload(counted: _Counted) -> None:
    counted.read(_MOVED, "2")
    assert counted.run() == ({"payloads": 4 * _PAGES}, {})
    chunks = rows_of(counted.life.state.tables, "chunks", DOMAIN)
    assert chunks.filter(pl.col("kind") == "ocr")["left"].unique().to_list() == [1]


def test_a_new_captioner_writes_the_vectors_of_captions_alone(counted: _Counted) -> None:
    counted.caption("another picture", "2")
    points, vectors = counted.run()
    assert points == {"upserted": _PAGES, "deleted": _PAGES}
    assert vectors == {"text": _PAGES, "image_text": _PAGES, "bm25": _PAGES}
    assert counted.written.kinds.keys() == {"caption"}


def test_a_new_captioner_that_says_the_same_writes_payloads(counted: _Counted) -> None:
    counted.caption("a picture", "2")
    assert counted.run() == ({"payloads": _PAGES}, {})
    assert counted.life.index() == counted.life.rebuild()[0]


@pytest.mark.parametrize("change", ["show", "touch"])
def test_groups_and_times_of_a_file_write_payloads_of_its_points(
    counted: _Counted, change: str
) -> None:
    of_file = counted.life.run()["points"].rows - len(_LINES) - 3  # b has a page, c a text
    if change == "show":
        counted.life.show_to("staff")
    else:
        counted.life.source.touch(DOMAIN, "a")
    assert counted.run() == ({"payloads": of_file}, {})


def test_a_run_with_nothing_changed_writes_nothing(counted: _Counted) -> None:
    assert counted.run() == ({}, {})


def test_a_new_text_model_fills_a_generation_with_the_image_vectors_that_there_are(
    counted: _Counted,
) -> None:
    counted.life.change_model("text", "2")
    counted.life.ledger = Ledger()
    points, vectors = counted.run()
    rows = rows_of(counted.life.state.tables, "points", DOMAIN)
    keys = {s: rows[f"{s}_key"].drop_nulls().len() for s in ("image", "text", "image_text")}
    assert vectors == {**keys, "bm25": keys["text"]}
    assert points == {"upserted": rows.height}
    assert {role for role, _, _ in counted.life.ledger.entries} == {"text"}


def test_another_engine_with_the_same_words_is_planned_as_it_happens(counted: _Counted) -> None:
    counted.caption("a picture", "2")
    planned, done = planned_for(counted.life), truth_of(counted.life)
    assert planned["points"].change == done.rows["points"][1] == _PAGES
    counted.life.show_to("staff")
    planned, done = planned_for(counted.life), truth_of(counted.life)
    assert planned["points"].exact
    assert told(planned["points"]) == done.rows["points"]

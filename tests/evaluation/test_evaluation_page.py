"""The page of an evaluation shows everything, trusts nothing, and stays small."""

import re
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mmrag_pipeline.evaluation.charts import Bar
from mmrag_pipeline.evaluation.evaluation_page import (
    MAX_BARS,
    MAX_EXPECTED,
    MAX_HITS,
    MAX_PAGE_BYTES,
    MAX_PARTS,
    MAX_ROWS,
    MAX_RUNS,
    MAX_SHOWN,
    EvaluationPage,
    Expected,
    render_evaluation,
)
from mmrag_pipeline.evaluation.report import THUMBNAIL_BYTES, SignalShare
from tests.evaluation.pages import HIT, PAGE, QUERY, RUNS, hostile_page, part
from tests.evaluation.test_report import Page


def page(of: EvaluationPage = PAGE) -> Page:
    return Page(render_evaluation(of))


def svg(of: EvaluationPage, which: int) -> str:
    """Return the tags of one of the page's pictures, without line breaks."""
    found = re.findall(r"<svg.*?</svg>", render_evaluation(of), re.DOTALL)
    return " ".join(found[which].split())


def test_hostile_texts_add_no_tags_and_no_attributes() -> None:
    found = page(hostile_page())
    assert "script" not in found.tags
    assert not [name for name, _ in found.attributes if name.startswith("on")]
    assert "<script>alert(1)</script>" in found.text
    assert "{{ 7 * 7 }}" in found.text


@pytest.mark.parametrize("of", [PAGE, hostile_page()])
def test_every_tag_is_closed(of: EvaluationPage) -> None:
    assert page(of).open == []


def test_the_page_refers_to_nothing_outside_and_runs_nothing() -> None:
    found = page()
    references = [
        value for name, value in found.attributes if name in {"src", "href", "xlink:href"}
    ]
    assert len(references) == 10
    assert all(value.startswith(("#", "data:image/jpeg;base64,")) for value in references)
    assert "http" not in render_evaluation(PAGE).replace("http-equiv", "")
    assert not found.tags & {"script", "link", "iframe", "object", "use", "form"}


def test_the_browser_is_told_to_load_nothing() -> None:
    policy = "default-src 'none'; img-src data:; style-src 'unsafe-inline'"
    assert {("http-equiv", "Content-Security-Policy"), ("content", policy)} <= page().attributes


def test_every_link_leads_to_a_place_and_every_query_has_one() -> None:
    found = page().attributes
    ids = {value for name, value in found if name == "id"}
    links = {value.removeprefix("#") for name, value in found if name == "href"}
    assert links <= ids
    assert {"content", "parts", "rankings", "trend", "queries", "q-1", "q-2", "q-3"} <= links


@pytest.mark.parametrize(
    "expected",
    [
        "Skip to the measures",
        "04 March 2026, 05:06 UTC · 60 queries · intervals of 95 %",
        "nDCG@10 0.800 0.65–0.90",
        "Median search 21 ms",
        "Worse than the last run of 03 March 2026",
        "depth: 150 → 600",
        "Of the queries 3 are answered worse than then, 9 better.",
        "words kind, 10 0.800 0.65–0.90",
        "without bm25 0.250 0.12–0.38",
        "2026-03-06 05:06 1.000 0.500 21 ms 43 ms depth",
        "1.00 → 0.63, down",
        "kettle.png #2 #1 gone.png not in the index – –",
        "1 a/kettle.png shop · page 2 · ocr · not labelled",
        "shop · page 2 · ocr · right",
        "image #2 0.71 +0.30 bm25 #1 8.20 +0.90",
        "strategy evidence",
    ],
)
def test_the_page_shows(expected: str) -> None:
    assert expected in page().text


def test_a_bar_ends_at_its_value_and_its_whiskers_at_the_interval() -> None:
    drawn = svg(PAGE, 1)
    assert '<rect class="s-bm25" x="0" y="4" width="50.00%" height="10"/>' in drawn
    assert '<line class="whisker" x1="25.00%" x2="75.00%" y1="9" y2="9"/>' in drawn
    assert '<line class="mark" x1="80.00%" x2="80.00%" y1="0" y2="18"/>' in drawn


def test_the_trend_joins_the_runs() -> None:
    drawn = svg(PAGE, len(PAGE.bars))
    assert '<line x1="4.0%" y1="96.0%" x2="50.0%" y2="50.0%"/>' in drawn
    assert '<circle cx="96.0%" cy="4.0%" r="4"/>' in drawn
    assert drawn.count("<circle") == len(RUNS) * 2


def test_shares_of_a_hit_add_up_to_the_whole_without_those_that_take_away() -> None:
    shares = (*HIT.shares, SignalShare("text", 9, -1.0, -0.4))
    own = replace(QUERY.hits[0], hit=replace(HIT, shares=shares))
    html = render_evaluation(replace(PAGE, shown=(replace(QUERY, hits=(own,)),)))
    assert re.findall(r'style="width: ([0-9.-]+)%"', html) == ["25.0", "75.0"]
    assert "-0.40" in html


def test_a_hit_whose_file_is_gone_is_shown_without_a_picture() -> None:
    own = replace(QUERY.hits[0], hit=replace(HIT, thumbnail=None, text=""))
    assert "No picture" in page(replace(PAGE, shown=(replace(QUERY, hits=(own,)),))).text


def test_a_query_without_hits_says_so() -> None:
    assert "Nothing was found." in page(replace(PAGE, shown=(replace(QUERY, hits=()),))).text


def test_the_first_run_says_that_there_is_nothing_to_compare_with() -> None:
    found = page(replace(PAGE, against=None)).text
    assert "There is no earlier run of these queries" in found


def test_empty_parts_are_left_out() -> None:
    bare = replace(PAGE, parts=(), bars=(), trend=None, runs=(), shown=())
    ids = {value for name, value in page(bare).attributes if name == "id"}
    assert ids == {"content", "made-with"}


def test_long_lists_are_cut_and_the_page_says_so() -> None:
    bars = tuple(Bar(f"ocr from {n}", 0.5, 0.4, 0.6) for n in range(MAX_BARS + 5))
    found = page(replace(PAGE, bars=bars, shown=(QUERY,) * (MAX_SHOWN + 2))).text
    assert "… and 5 more rankings." in found
    assert "… and 2 more queries." in found
    assert found.count("All queries that are shown") == MAX_SHOWN


def test_the_page_is_bounded_whatever_it_is_given() -> None:
    large = "é<" * 5_000
    hit = replace(HIT, key=large, text=large, domain=large, thumbnail=b"x" * THUMBNAIL_BYTES)
    query = replace(
        QUERY,
        text=large,
        image=b"x" * THUMBNAIL_BYTES,
        expected=(Expected(large, indexed=False, ranks={}),) * (MAX_EXPECTED + 3),
        hits=(replace(QUERY.hits[0], hit=hit),) * (MAX_HITS + 3),
    )
    full = replace(
        PAGE,
        parts=(part("kind", large),) * (MAX_PARTS + 9),
        made_with=((large, large),) * (MAX_ROWS + 9),
        runs=PAGE.runs * MAX_RUNS,
        shown=(query,) * (MAX_SHOWN + 3),
    )
    assert len(render_evaluation(full).encode()) <= MAX_PAGE_BYTES


@given(st.text(st.characters(), max_size=60))
def test_any_text_can_be_written_as_utf8(text: str) -> None:
    html = render_evaluation(replace(PAGE, shown=(replace(QUERY, text=text, hits=()),)))
    assert html.encode("utf-8").decode("utf-8") == html

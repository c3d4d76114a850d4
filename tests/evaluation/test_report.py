"""The report shows everything, trusts nothing, and stays small."""

from dataclasses import replace
from datetime import UTC, datetime
from html.parser import HTMLParser
from io import BytesIO

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from mmrag_pipeline.evaluation.measures import Measures
from mmrag_pipeline.evaluation.report import (
    MAX_DEAD_LETTERS,
    MAX_HITS,
    MAX_REPORT_BYTES,
    MAX_SAMPLES,
    THUMBNAIL_BYTES,
    DeadLetter,
    Report,
    SampleQuery,
    ScoreRow,
    ShownHit,
    SignalShare,
    StationRow,
    Totals,
    data_uri,
    render,
    shown,
    thumbnail,
)
from mmrag_pipeline.records import Box, Pixels

HOSTILE = "<script>alert(1)</script>\"' onerror=x {{ 7 * 7 }} {% raw %}"
SHARES = (SignalShare("image", 2, 0.71, 0.3), SignalShare("bm25", 1, 8.2, 0.6))
HIT = ShownHit(1, 0.9, "office", "a/b.png", 3, "ocr", "Wrong password", None, SHARES)
TOTALS = Totals(161, 167, 12, 333, 508, 3, {"ocr": 140, "captions": 139}, 62.6)
LETTER = DeadLetter("office", "locked.pdf", "pages", "encrypted", "asks for a password")
REPORT = Report(
    title="Demo",
    made_at=datetime(2024, 5, 6, 9, 30, tzinfo=UTC),
    totals=TOTALS,
    stations=(StationRow("ocr", 140, 21, 0, 48.25), StationRow("pages", 158, 0, 3, 2.0)),
    dead_letters=(LETTER,),
    samples=(SampleQuery("login refused", None, (HIT,)),),
    scores=(ScoreRow("overall", "fused", Measures(60, 0.81, 0.93, 0.97, 0.86, 0.88)),),
)
VOID = {"meta", "img"}


class Page(HTMLParser):
    """Collects the tags, attributes and words of a page, and checks that tags close."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: set[tuple[str, str]] = set()
        self.words: list[str] = []
        self.open: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes |= {(name, value or "") for name, value in attrs}
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.words.append(data)

    @property
    def text(self) -> str:
        """Return the words with single spaces."""
        return " ".join(" ".join(self.words).split())


def hostile_report() -> Report:
    share = SignalShare(HOSTILE, 1, 1.0, 1.0)
    hit = ShownHit(1, 1.0, HOSTILE, HOSTILE, 1, HOSTILE, HOSTILE, b"\xff", (share,))
    return replace(
        REPORT,
        title=HOSTILE,
        remarks=(HOSTILE,),
        stations=(StationRow(HOSTILE, 1, 1, 1, 0.0),),
        dead_letters=(DeadLetter(HOSTILE, HOSTILE, HOSTILE, HOSTILE, HOSTILE),),
        samples=(SampleQuery(HOSTILE, b"\xff", (hit, replace(hit, thumbnail=None))),),
        scores=(ScoreRow(HOSTILE, HOSTILE, Measures(1, 0, 0, 0, 0, 0)),),
    )


def noise(width: int, height: int) -> Pixels:
    values = np.random.default_rng(5).integers(0, 256, (height, width, 3))
    return values.astype(np.uint8)


def test_hostile_texts_add_no_tags_and_no_attributes() -> None:
    page = Page(render(hostile_report()))
    assert "script" not in page.tags
    assert not [name for name, _ in page.attributes if name.startswith("on")]
    assert "<script>alert(1)</script>" in page.text


def test_template_syntax_in_a_text_is_only_text() -> None:
    assert "{{ 7 * 7 }}" in Page(render(hostile_report())).text


def test_every_tag_is_closed() -> None:
    assert Page(render(REPORT)).open == []


def test_the_page_refers_to_nothing_outside() -> None:
    attributes = Page(render(REPORT)).attributes
    references = [value for name, value in attributes if name in {"src", "href"}]
    assert references
    assert all(value.startswith(("#", "data:image/jpeg;base64,")) for value in references)


def test_the_browser_is_told_to_load_nothing() -> None:
    policy = "default-src 'none'; img-src data:; style-src 'unsafe-inline'"
    assert ("content", policy) in Page(render(REPORT)).attributes


@pytest.mark.parametrize(
    "expected",
    [
        "Files 161",
        "Model calls 279",
        "ocr 140 21 0 140 48.25",
        "pages 158 0 3 2.00",
        "office/locked.pdf pages encrypted asks for a password",
        "1 a/b.png office · page 3 · ocr",
        "image #2 0.71 +0.30 bm25 #1 8.20 +0.60",
        "overall fused 60 0.81 0.93 0.97 0.86 0.88",
    ],
)
def test_the_page_shows(expected: str) -> None:
    assert expected in Page(render(REPORT)).text


def test_the_text_of_a_hit_with_a_picture_is_shown_beside_it() -> None:
    sample = SampleQuery("q", None, (replace(HIT, thumbnail=b"\xff\xd8"),))
    page = Page(render(replace(REPORT, samples=(sample,))))
    assert "Wrong password" in page.text
    assert ("alt", "a/b.png, page 3") in page.attributes


def test_a_query_without_hits_says_so() -> None:
    text = Page(render(replace(REPORT, samples=(SampleQuery("q", None, ()),)))).text
    assert "Nothing was found." in text


def test_a_query_by_picture_alone_has_a_heading() -> None:
    text = Page(render(replace(REPORT, samples=(SampleQuery("", b"\xff", ()),)))).text
    assert "More like this picture" in text


def test_empty_parts_are_left_out() -> None:
    bare = replace(REPORT, stations=(), dead_letters=(), samples=(), scores=())
    assert "section" not in Page(render(bare)).tags


def test_long_lists_are_cut_and_the_page_says_so() -> None:
    letters = (LETTER,) * (MAX_DEAD_LETTERS + 1_005)
    text = Page(render(replace(REPORT, dead_letters=letters))).text
    assert "… and 1,005 more dead letters." in text
    assert text.count("asks for a password") == MAX_DEAD_LETTERS


def test_the_page_is_bounded_whatever_it_is_given() -> None:
    hit = replace(HIT, key="é<" * 500, text="é<" * 9_000, thumbnail=b"x" * THUMBNAIL_BYTES)
    sample = SampleQuery("<" * 9_000, b"x" * THUMBNAIL_BYTES, (hit,) * (MAX_HITS + 5))
    letter = DeadLetter("<" * 999, "<" * 9_999, "<" * 99, "<" * 99, "<" * 9_999)
    large = replace(REPORT, samples=(sample,) * (MAX_SAMPLES + 5), dead_letters=(letter,) * 900)
    assert len(render(large).encode()) <= MAX_REPORT_BYTES


def test_a_picture_over_the_limit_is_not_embedded() -> None:
    assert data_uri(b"x" * (THUMBNAIL_BYTES + 1)) == "data:image/jpeg;base64,"


@given(st.text(st.characters(), max_size=60))
def test_any_text_can_be_written_as_utf8(text: str) -> None:
    page = render(replace(REPORT, title=text))
    assert page.encode("utf-8").decode("utf-8") == page


@given(st.text(st.characters(), max_size=300), st.integers(1, 40))
def test_shown_texts_are_short_and_printable(text: str, limit: int) -> None:
    assert len(shown(text, limit)) <= limit
    assert shown(text, limit).isprintable()


def test_characters_that_reorder_or_hide_text_are_spelled_out() -> None:
    assert shown("a\u202egpj.exe\x1b\udc80\nb", 60) == r"a\u202egpj.exe\x1b\udc80 b"


@pytest.mark.parametrize(("width", "height"), [(1600, 900), (40, 3_000), (3, 2), (1, 1)])
def test_thumbnails_of_noise_stay_within_the_limits(width: int, height: int) -> None:
    jpeg = thumbnail(noise(width, height), Box(0, 0, width, height), side_px=512)
    assert len(jpeg) <= THUMBNAIL_BYTES
    assert max(Image.open(BytesIO(jpeg)).size) <= 512


def test_small_pictures_are_not_enlarged() -> None:
    jpeg = thumbnail(np.zeros((30, 50, 3), np.uint8), None, side_px=320)
    assert Image.open(BytesIO(jpeg)).size == (50, 30)


def test_the_box_is_drawn_where_it_is() -> None:
    jpeg = thumbnail(np.zeros((400, 800, 3), np.uint8), Box(200, 100, 600, 300), side_px=400)
    bright = np.asarray(Image.open(BytesIO(jpeg)).convert("L")) > 90
    rows, columns = np.nonzero(bright)
    edges = (columns.min(), rows.min(), columns.max(), rows.max())
    assert np.abs(np.subtract(edges, (97, 47, 303, 153))).max() <= 1


@given(st.tuples(*[st.integers(-500, 500)] * 4))
def test_any_box_gives_a_picture(corners: tuple[int, int, int, int]) -> None:
    jpeg = thumbnail(np.zeros((40, 60, 3), np.uint8), Box(*corners), side_px=50)
    assert Image.open(BytesIO(jpeg)).size == (50, 33)

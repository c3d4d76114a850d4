"""What a notebook shows: escaped, without references, whole without pictures."""

import re
from collections.abc import Sequence
from html.parser import HTMLParser
from io import BytesIO

import pytest
from PIL import Image

from mmrag_pipeline.api.page import MOST_SHOWN
from mmrag_pipeline.errors import CorruptStateError
from mmrag_pipeline.retrieval.fusion import Share
from mmrag_pipeline.retrieval.hits import Hit
from tests.api.ranked import hits, ranked

HOSTILE = '"><script>alert(1)</script><img src="https://evil.example/x" onerror=x>'


def jpeg() -> bytes:
    out = BytesIO()
    Image.new("RGB", (4, 4), "red").save(out, "JPEG")
    return out.getvalue()


class Seen(HTMLParser):
    """The elements of a page, and what it refers to."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.names: set[str] = set()
        self.references: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.names |= {name for name, _ in attrs}
        self.references += [value or "" for name, value in attrs if name in ("src", "href")]


def test_hostile_names_texts_and_queries_are_shown_and_not_obeyed() -> None:
    found = hits(
        ranked(key=HOSTILE, text=HOSTILE), title=HOSTILE, read=lambda some: [jpeg()] * len(some)
    )
    for page in (found._repr_html_(), found[0]._repr_html_()):
        seen = Seen(page)
        assert set(seen.tags) <= {"div", "style", "p", "ol", "li", "img", "span", "i"}
        assert seen.names <= {"class", "style", "src", "alt", "title"}
        assert "&lt;script&gt;" in page


def test_a_page_refers_to_nothing_outside_itself() -> None:
    page = hits(ranked(), ranked(2), read=lambda some: [jpeg()] * len(some))._repr_html_()
    assert len(Seen(page).references) == 2
    assert all(one.startswith("data:image/jpeg;base64,") for one in Seen(page).references)
    assert re.findall(r"url\(|@import|https?:", page) == []


def test_rules_of_style_hold_within_the_page_only() -> None:
    style = hits(ranked())._repr_html_().split("<style>")[1].split("</style>")[0]
    selectors = [one.strip() for one in re.findall(r"([^{}]+)\{", style)]
    assert [one for one in selectors if not one.startswith(".mmrag")] == []


def test_colours_are_those_of_the_notebook() -> None:
    style = hits(ranked())._repr_html_().split("<style>")[1].split("</style>")[0]
    assert re.findall(r"[^-]color:|prefers-color-scheme", style) == []


def test_hits_without_pixels_are_shown_without_a_picture() -> None:
    page = hits(ranked(key="notes/tea.txt", text="Green tea"))._repr_html_()
    assert "img" not in Seen(page).tags
    assert "notes/tea.txt" in page
    assert "Green tea" in page


@pytest.mark.parametrize("error", [CorruptStateError("tables/pages is damaged"), OSError("gone")])
def test_where_pictures_cannot_be_read_hits_are_shown_and_it_says_why(error: Exception) -> None:
    def read(some: object) -> list[bytes | None]:
        raise error

    page = hits(ranked(), read=read)._repr_html_()
    assert "a.png" in page
    assert f"without pictures: {error}" in page


def test_the_shares_of_signals_are_shown_the_largest_first() -> None:
    signals = {"text": Share(2, 0.5, 1.0), "bm25": Share(1, 4.5, 3.0), "image": Share(3, 0.1, -0.5)}
    page = hits(ranked(signals=signals))._repr_html_()  # type: ignore[arg-type]  # names of signals
    assert re.findall(r'style="width: ([\d.]+)%"', page) == ["75.0", "25.0"]
    assert re.findall(r"</i>(\w+) ([+-][\d.]+)", page) == [
        ("bm25", "+3.00"),
        ("text", "+1.00"),
        ("image", "-0.50"),
    ]


def test_a_hit_to_which_nothing_contributes_has_no_shares() -> None:
    page = hits(ranked(signals={"text": Share(1, 0.0, 0.0)}))._repr_html_()
    assert "width:" not in page.split("</style>")[1]


def test_a_long_list_is_cut_and_says_so() -> None:
    read: list[int] = []

    def counting(some: Sequence[Hit]) -> list[bytes | None]:
        read.append(len(some))
        return [None] * len(some)

    page = hits(*(ranked(n) for n in range(1, MOST_SHOWN + 4)), read=counting)._repr_html_()
    assert Seen(page).tags.count("li") == MOST_SHOWN
    assert "… and 3 more." in page
    assert read == [MOST_SHOWN]


def test_a_picture_alone_and_no_hits_have_a_heading() -> None:
    assert "0 hits for a picture" in hits(title="")._repr_html_()

"""The page of an evaluation in headless Chromium: it fits, in light, dark, on a phone, on paper."""

import html
import json
import re
import shutil
import subprocess
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from mmrag_pipeline.evaluation.evaluation_page import render_evaluation
from tests.evaluation.pages import PAGE, hostile_page

CHROMIUM = (
    shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
)
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(CHROMIUM is None, reason="there is no Chromium to open a page with"),
]
PHONE_PX, DESK_PX = 400, 1_200
DARK = "--blink-settings=preferredColorScheme=0"
LIGHT = "--blink-settings=preferredColorScheme=1"
# A frame has any width, while a window has a least one; the probe reads what lies in it.
_FRAME = """<!doctype html><meta charset="utf-8"><style>body {{ margin: 0 }}</style>
<iframe style="border: 0; width: {width}px; height: 1600px" srcdoc="{page}"></iframe>
<script>onload = () => {{
  const page = document.querySelector("iframe").contentDocument, root = page.documentElement;
  const all = (chosen) => [...page.querySelectorAll(chosen)];
  const right = (one) => one.getBoundingClientRect().right;
  const width = (one) => one.getBoundingClientRect().width;
  const inside = (one) => one.closest(".scroll") || one.closest("svg");
  const over = all("main *").filter((one) => !inside(one) && right(one) > {width} + 1);
  const found = {{
    wide: root.scrollWidth,
    over: over.map((one) => one.outerHTML.slice(0, 90)),
    paper: getComputedStyle(page.body).backgroundColor,
    bars: all(".bars rect").map(width),
    table: page.querySelector(".scroll").getBoundingClientRect().toJSON(),
    broken: [...page.images].filter((one) => !one.naturalWidth).length,
    lost: all("a").filter((one) => !page.querySelector(one.getAttribute("href"))).length,
  }};
  const told = document.createElement("pre");
  told.textContent = JSON.stringify(found);
  document.body.append(told);
}}</script>"""


def chromium(tmp_path: Path, *options: str, page: str) -> subprocess.CompletedProcess[str]:
    """Open a page; what a browser says of it is in stderr."""
    path = tmp_path / "page.html"
    path.write_text(page, encoding="utf-8")
    assert CHROMIUM is not None
    plain = ("--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars")
    own = (f"--user-data-dir={tmp_path / 'profile'}", "--enable-logging=stderr", "--v=0")
    command = [CHROMIUM, *plain, *own, *options, path.as_uri()]
    return subprocess.run(command, capture_output=True, text=True, timeout=120, check=True)


def probe(tmp_path: Path, *options: str, width: int, page: str) -> dict[str, Any]:
    """Return what was found in a page that is so many pixels wide."""
    framed = _FRAME.format(width=width, page=html.escape(page))
    said = chromium(tmp_path, *options, "--dump-dom", page=framed)
    assert "CONSOLE" not in said.stderr, said.stderr
    (told,) = re.findall(r"<pre>(.*)</pre>", said.stdout)
    found: dict[str, Any] = json.loads(html.unescape(told))
    return found


@pytest.mark.parametrize("width", [PHONE_PX, DESK_PX])
@pytest.mark.parametrize("scheme", [LIGHT, DARK])
def test_nothing_sticks_out_and_every_picture_shows(
    tmp_path: Path, width: int, scheme: str
) -> None:
    found = probe(tmp_path, scheme, width=width, page=render_evaluation(PAGE))
    assert (found["wide"], found["over"]) == (width, [])
    assert (found["broken"], found["lost"]) == (0, 0)


@pytest.mark.parametrize("scheme", [LIGHT, DARK])
def test_a_table_that_goes_on_beyond_the_edge_of_a_phone_has_a_shade_there(
    tmp_path: Path, scheme: str
) -> None:
    page, shot = render_evaluation(PAGE), tmp_path / "shot.png"
    table = probe(tmp_path, scheme, width=PHONE_PX, page=page)["table"]
    framed = _FRAME.format(width=PHONE_PX, page=html.escape(page))
    chromium(tmp_path, scheme, "--window-size=800,1600", f"--screenshot={shot}", page=framed)
    grey = np.asarray(Image.open(BytesIO(shot.read_bytes())).convert("L"), np.int16)
    rows = grey[int(table["top"]) + 20 : int(table["bottom"]) - 20]
    first, last = (np.median(rows[:, int(x)]) for x in (table["left"] + 3, table["right"] - 4))
    assert abs(first - last) > 15


def test_hostile_texts_do_not_widen_a_phone(tmp_path: Path) -> None:
    found = probe(tmp_path, width=PHONE_PX, page=render_evaluation(hostile_page()))
    assert (found["wide"], found["over"]) == (PHONE_PX, [])


def test_a_bar_is_as_long_as_its_value(tmp_path: Path) -> None:
    bars = probe(tmp_path, width=DESK_PX, page=render_evaluation(PAGE))["bars"]
    shares = [bar / rail for rail, bar in zip(bars[::2], bars[1::2], strict=True)]
    assert shares == pytest.approx([0.8, 0.5, 0.25], abs=0.01)


def test_the_paper_is_dark_where_the_reader_wants_it(tmp_path: Path) -> None:
    page = render_evaluation(PAGE)
    assert probe(tmp_path, LIGHT, width=DESK_PX, page=page)["paper"] == "rgb(246, 245, 242)"
    assert probe(tmp_path, DARK, width=DESK_PX, page=page)["paper"] == "rgb(21, 24, 28)"


@pytest.mark.parametrize(("scheme", "bright"), [(LIGHT, True), (DARK, False)])
def test_a_screenshot_has_the_colours_of_its_scheme(
    tmp_path: Path, scheme: str, bright: bool
) -> None:
    shot = tmp_path / "shot.png"
    chromium(tmp_path, scheme, f"--screenshot={shot}", page=render_evaluation(PAGE))
    mean = np.asarray(Image.open(BytesIO(shot.read_bytes())).convert("L")).mean()
    assert bool(mean > 128) is bright


def test_it_prints_light_even_for_readers_of_the_dark(tmp_path: Path) -> None:
    pdf = tmp_path / "page.pdf"
    page = render_evaluation(PAGE)
    chromium(tmp_path, DARK, "--no-pdf-header-footer", f"--print-to-pdf={pdf}", page=page)
    pdfium = pytest.importorskip("pypdfium2")
    document = pdfium.PdfDocument(pdf)
    words = "".join(one.get_textpage().get_text_range() for one in document)
    assert "The runs in numbers" in words
    assert "2026-03-06 05:06" in words, "what is folded on a screen is unfolded on paper"
    assert np.asarray(document[0].render().to_pil().convert("L")).mean() > 200

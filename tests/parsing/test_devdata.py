"""Other people's odd files: each ends as pages or as a reason, and as its source expects."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from mmrag_pipeline.errors import ParseError
from mmrag_pipeline.parsing.media import sniff
from mmrag_pipeline.parsing.pool import ParserPool
from mmrag_pipeline.records import Box, PagePixels, ParsedPage
from mmrag_pipeline.settings import Settings

DEVDATA = Path(__file__).resolve().parents[3] / "shared" / "devdata"
REASONS = {"empty", "unsupported", "truncated", "corrupt", "encrypted", "too_large"}
ACCEPTED = {
    "must_open": {"pages", "unsupported"},
    "must_reject": REASONS,
    "needs_password": {"encrypted"},
    "must_not_crash": {"pages", *REASONS},
}
SETS = ["odd_images", "odd_pdfs"]

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not DEVDATA.is_dir(), reason="the development data is not here"),
]


@dataclass(frozen=True, slots=True)
class Expected:
    """One row of expectations.jsonl."""

    path: Path
    expect: str


@pytest.fixture(scope="module")
def pool() -> Iterator[ParserPool]:
    """A pool with the default limits."""
    with ParserPool(Settings.model_validate({})) as opened:
        yield opened


def expectations(name: str) -> list[Expected]:
    """Return what a set's sources expect of its files."""
    rows = (DEVDATA / name / "expectations.jsonl").read_text().splitlines()
    found = [json.loads(row) for row in rows]
    return [Expected(DEVDATA / name / "corpus" / row["file"], row["expect"]) for row in found]


def outcome(pool: ParserPool, path: Path) -> str:
    """Return `pages` when all pages and their pixels are had, else the reason."""
    data = path.read_bytes()
    try:
        parsed = pool.parse_file(data, sniff(data[:1024], path.name))
        for page in parsed.pages:
            shown = pool.pixels(data, [page.raster])[0] if page.raster else None
            assert shown is None or fits(page, shown)
            assert all(inside(page, line.box) for line in page.lines if page.raster)
    except ParseError as error:
        return error.reason
    return "some pages" if parsed.problems else "pages"


def fits(page: ParsedPage, shown: PagePixels) -> bool:
    """Return whether the pixels have the size that page and scale promise."""
    height, width = shown.pixels.shape[:2]
    off = abs(height - page.height_px * shown.scale), abs(width - page.width_px * shown.scale)
    return bool(max(off) <= 1)


def inside(page: ParsedPage, box: object) -> bool:
    """Return whether a line's box is a real rectangle on its page."""
    return (
        isinstance(box, Box)
        and 0 <= box.left < box.right <= page.width_px
        and 0 <= box.top < box.bottom <= page.height_px
    )


@pytest.mark.parametrize("name", SETS)
def test_every_odd_file_ends_as_its_source_expects(pool: ParserPool, name: str) -> None:
    wrong = [
        (row.path.name, row.expect, found)
        for row in expectations(name)
        if (found := outcome(pool, row.path)) not in ACCEPTED[row.expect]
    ]
    assert wrong == []


@pytest.mark.parametrize("name", SETS)
def test_most_files_that_must_open_are_of_a_kind_we_read(pool: ParserPool, name: str) -> None:
    must_open = [row for row in expectations(name) if row.expect == "must_open"]
    opened = [row for row in must_open if outcome(pool, row.path) == "pages"]
    assert len(opened) > len(must_open) / 2

"""One HTML file that shows what was indexed and what it answers; nothing in it is trusted."""

import base64
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from io import BytesIO

import jinja2
from PIL import Image, ImageDraw

from mmrag_pipeline.evaluation.charts import percent
from mmrag_pipeline.evaluation.measures import Measures
from mmrag_pipeline.records import Box, PagePixels, Pixels
from mmrag_pipeline.retrieval.hits import Hit, Place

THUMBNAIL_BYTES = 20_000
THUMBNAIL_PX = 240
MAX_SAMPLES = 24
MAX_HITS = 10
MAX_DEAD_LETTERS = 200
# With the limits above: 24 x (1 + 10) pictures of at most 20 kB in base64, and their words.
MAX_REPORT_BYTES = 10_000_000
FRAME_COLOUR = (255, 94, 58)
_FRAME_PX = 3
QUALITIES = (84, 72, 58, 40)


@dataclass(frozen=True, slots=True)
class StationRow:
    """What one station did in the run."""

    station: str
    done: int
    reused: int
    failed: int
    seconds: float


@dataclass(frozen=True, slots=True)
class Totals:
    """What the index holds now, and the model calls that this run paid for."""

    files: int
    pages: int
    tiles: int
    chunks: int
    points: int
    dead_letters: int
    model_calls: Mapping[str, int]
    """Station -> calls."""
    seconds: float


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """One file that a station could not use."""

    domain: str
    key: str
    station: str
    reason: str
    message: str


@dataclass(frozen=True, slots=True)
class SignalShare:
    """What one signal said about a hit; `contribution` adds up to the hit's score."""

    signal: str
    rank: int
    score: float
    contribution: float


@dataclass(frozen=True, slots=True)
class ShownHit:
    """One answer; `thumbnail` is what `thumbnail()` returned, or None for text files."""

    rank: int
    score: float
    domain: str
    key: str
    page_no: int
    kind: str
    text: str
    thumbnail: bytes | None
    shares: tuple[SignalShare, ...]


@dataclass(frozen=True, slots=True)
class SampleQuery:
    """A question in words, by picture, or both, with its answers, best first."""

    text: str
    image: bytes | None
    hits: tuple[ShownHit, ...]


@dataclass(frozen=True, slots=True)
class ScoreRow:
    """Measures of one signal (or `fused`) on one kind of query (or `overall`)."""

    kind: str
    signal: str
    measures: Measures


@dataclass(frozen=True, slots=True)
class Report:
    """Everything that the page shows; empty parts are left out of it."""

    title: str
    made_at: datetime
    totals: Totals
    stations: tuple[StationRow, ...] = ()
    dead_letters: tuple[DeadLetter, ...] = ()
    samples: tuple[SampleQuery, ...] = ()
    scores: tuple[ScoreRow, ...] = ()
    remarks: tuple[str, ...] = field(default=())
    """Sentences under the title, for example that the shipped model is for trying out."""


def render(report: Report) -> str:
    """Return the report as one HTML document without scripts or outside references.

    Every text is escaped and shortened, and lists are cut at MAX_SAMPLES, MAX_HITS and
    MAX_DEAD_LETTERS (the page says so), so that the result stays below MAX_REPORT_BYTES
    whatever the files hold. The result can always be encoded as UTF-8.
    """
    limits = {"samples": MAX_SAMPLES, "hits": MAX_HITS, "dead_letters": MAX_DEAD_LETTERS}
    return rendered("report.html.j2", report=report, limits=limits)


def rendered(template: str, *, limits: Mapping[str, int], **values: object) -> str:
    """Return a page of this package's templates."""
    page = templates("mmrag_pipeline.evaluation").get_template(template)
    return page.render(limits=limits, **values)


def shown_hit(hit: Hit, picture: bytes | None) -> ShownHit:
    """Return a hit as it is shown, beside its picture if it has one."""
    return ShownHit(
        rank=hit.rank,
        score=hit.score,
        domain=hit.domain,
        key=hit.key,
        page_no=hit.place.page_no,
        kind=hit.place.kind,
        text=hit.place.text,
        thumbnail=picture,
        shares=tuple(
            SignalShare(signal, share.rank, share.score, share.contribution)
            for signal, share in hit.signals.items()
        ),
    )


def framed(page: PagePixels, place: Place) -> bytes:
    """Return a thumbnail of a page with the box of a place on it, unless that is the page."""
    box = place.box
    sides = (
        (round(v * page.scale) for v in (box.left, box.top, box.right, box.bottom)) if box else ()
    )
    drawn = Box(*sides) if box and place.kind != "page" else None
    return thumbnail(page.pixels, drawn)


def thumbnail(pixels: Pixels, box: Box | None, *, side_px: int = THUMBNAIL_PX) -> bytes:
    """Return a JPEG of at most THUMBNAIL_BYTES, its longer side at most `side_px`.

    `box` is in the pixels given and is drawn as a frame; parts outside them are cut off.
    """
    picture = Image.fromarray(pixels)
    scale = min(1.0, side_px / max(picture.size))
    size = (max(1, round(picture.width * scale)), max(1, round(picture.height * scale)))
    small = picture.resize(size, Image.Resampling.LANCZOS, reducing_gap=2.0)
    if box is not None:
        _frame(small, box, scale)
    return _jpeg(small)


def _frame(picture: Image.Image, box: Box, scale: float) -> None:
    across, down = picture.width - 1, picture.height - 1
    left, right = (min(max(round(x * scale), 0), across) for x in (box.left, box.right))
    top, bottom = (min(max(round(y * scale), 0), down) for y in (box.top, box.bottom))
    if left > right or top > bottom:
        return
    around = (
        max(left - _FRAME_PX, 0),
        max(top - _FRAME_PX, 0),
        min(right + _FRAME_PX, across),
        min(bottom + _FRAME_PX, down),
    )  # outside the box, so that the words in it stay readable
    ImageDraw.Draw(picture).rectangle(around, outline=FRAME_COLOUR, width=_FRAME_PX)


def _jpeg(picture: Image.Image) -> bytes:
    for quality in QUALITIES:
        out = BytesIO()
        picture.save(out, "JPEG", quality=quality, optimize=True)
        if out.tell() <= THUMBNAIL_BYTES:
            return out.getvalue()
    return _jpeg(picture.resize((picture.width // 2 or 1, picture.height // 2 or 1)))


def shown(text: str, limit: int) -> str:
    """Return a text on one line, at most `limit` long, with invisible characters spelled out.

    Control, bidirectional and lone surrogate characters could hide or reorder what a
    person reads, so they appear as `\\x1b` or `\\u202e`.
    """
    line = " ".join(text[: limit * 4].split())
    visible = "".join(c if c.isprintable() else ascii(c)[1:-1] for c in line)
    return visible if len(visible) <= limit else f"{visible[: limit - 1]}…"


def data_uri(jpeg: bytes) -> str:
    """Return a picture as text for an `img` element; too large ones as an empty picture."""
    kept = jpeg if len(jpeg) <= THUMBNAIL_BYTES else b""
    return f"data:image/jpeg;base64,{base64.b64encode(kept).decode('ascii')}"


@cache
def templates(package: str) -> jinja2.Environment:
    """Return the templates of a package; they escape what they are given, and miss nothing."""
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader(package, "templates"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["shown"] = shown
    environment.filters["data_uri"] = data_uri
    environment.filters["percent"] = percent
    environment.filters["grouped"] = "{:,}".format
    return environment

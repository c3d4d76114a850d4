"""Pages, problems and pixels as frame bodies; what comes back is checked field by field."""

import numpy as np

from mmrag_pipeline.errors import ParseError
from mmrag_pipeline.ids import Json
from mmrag_pipeline.parsing.frames import Body, Frame, FrameError
from mmrag_pipeline.records import Box, Line, PagePixels, PageProblem, ParsedPage

_MAX_MESSAGE = 1_000
REASONS = frozenset(
    ("empty", "unsupported", "truncated", "corrupt", "encrypted", "too_large", "out_of_memory")
)
"""Why a parser refuses a file; `crashed`, `killed`, `timeout` are for its parent to say."""


def page_body(page: ParsedPage) -> Body:
    """Return a page as JSON."""
    return {
        "page_no": page.page_no,
        "page_digest": page.page_digest,
        "width_px": page.width_px,
        "height_px": page.height_px,
        "dpi": page.dpi,
        "lines": [_line_row(line) for line in page.lines],
        "raster": page.raster,
    }


def page_of(body: Body) -> ParsedPage:
    """Return the page of a frame body; raises FrameError."""
    dpi, lines = body.get("dpi"), body.get("lines")
    if not isinstance(lines, list):
        raise FrameError("a page without lines came from the parser")
    return ParsedPage(
        _whole(body.get("page_no")),
        _text(body.get("page_digest")),
        _whole(body.get("width_px")),
        _whole(body.get("height_px")),
        None if dpi is None else _real(dpi),
        tuple(_line(row) for row in lines),
        _text(body.get("raster")),
    )


def problem_body(problem: PageProblem) -> Body:
    """Return a page's problem as JSON."""
    return {
        "page_no": problem.page_no,
        "reason": problem.reason,
        "message": _printable(problem.message),
    }


def problem_of(body: Body) -> PageProblem:
    """Return the page's problem of a frame body; raises FrameError."""
    return PageProblem(
        _whole(body.get("page_no")), _reason(body), _printable(_text(body.get("message")))
    )


def error_body(error: ParseError) -> Body:
    """Return an error as JSON, its message bounded and valid Unicode."""
    return {"reason": error.reason, "message": _printable(str(error))}


def error_of(body: Body) -> ParseError:
    """Return the error of a frame body; raises FrameError."""
    return ParseError(_printable(_text(body.get("message"))), reason=_reason(body))


def pixels_body(picture: PagePixels) -> Body:
    """Return shape and scale as JSON; the pixels are the frame's blob."""
    height, width = picture.pixels.shape[:2]
    return {"height": height, "width": width, "scale": picture.scale}


def pixels_of(frame: Frame) -> PagePixels:
    """Return the picture of a frame without copying it; raises FrameError."""
    height, width = _whole(frame.body.get("height")), _whole(frame.body.get("width"))
    scale = _real(frame.body.get("scale"))
    if not 0 < scale <= 1 or height * width == 0 or len(frame.blob) != height * width * 3:
        raise FrameError(f"a picture of {height} x {width} came with {len(frame.blob)} bytes")
    pixels = np.frombuffer(frame.blob, np.uint8).reshape(height, width, 3)
    return PagePixels(pixels, scale)


def _reason(body: Body) -> str:
    reason = _text(body.get("reason"))
    if reason not in REASONS:
        raise FrameError(f"the parser gave an unknown reason {reason!r:.40}")
    return reason


def _printable(message: str) -> str:
    return message[:_MAX_MESSAGE].encode("utf-8", "replace").decode()


def _line_row(line: Line) -> list[Json]:
    box = line.box
    sides = [] if box is None else [box.left, box.top, box.right, box.bottom]
    return [line.text, *sides]


def _line(row: Json) -> Line:
    if not isinstance(row, list) or len(row) not in (1, 5):
        raise FrameError("a line that is none came from the parser")
    box = Box(*(_whole(side) for side in row[1:])) if len(row) == 5 else None
    return Line(_text(row[0]), box)


def _text(value: Json) -> str:
    if not isinstance(value, str):
        raise FrameError(f"the parser sent {type(value).__name__} where text belongs")
    try:
        value.encode()
    except UnicodeEncodeError as error:
        raise FrameError("the parser sent text that is not Unicode") from error
    return value


def _whole(value: Json) -> int:
    if not isinstance(value, int) or not 0 <= value < 2**31:
        raise FrameError(f"the parser sent {value!r:.40} where a whole number belongs")
    return value


def _real(value: Json) -> float:
    if not isinstance(value, int | float):
        raise FrameError(f"the parser sent {value!r:.40} where a number belongs")
    return float(value)

"""Text and Markdown files: one page of lines, decoded without guessing at random."""

import codecs
import re

from mmrag_pipeline.errors import ParseError
from mmrag_pipeline.ids import digest_bytes, digest_json
from mmrag_pipeline.parsing.limits import MAX_LINES, too_large
from mmrag_pipeline.records import Line, ParsedPage

MAX_TEXT_BYTES = 16 * 2**20
_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_SPACES = {"\t": "\t", "\f": "\n", "\v": "\n"}
_CONTROLS = {code: _SPACES.get(chr(code), "") for code in (*range(32), *range(127, 160), 0xAD)}
_CONTROLS[0x0A] = "\n"
_CONTROLS[0x85] = "\n"
_JUNK = re.compile(r"[\x01-\x08\x0e-\x19\x1c-\x1f\x7f]")
_MAX_JUNK = 0.02
"""Above this share of control characters the file is not text."""


def parse_text(data: bytes) -> ParsedPage:
    """Return a text as one page without a size, a Line per line with words; raises ParseError."""
    if len(data) > MAX_TEXT_BYTES:
        raise too_large(f"the text has {len(data)} bytes", limit=f"{MAX_TEXT_BYTES} bytes")
    text = decode(data).replace("\r\n", "\n").replace("\r", "\n")
    lines = [line for line in clean(text).split("\n") if line.strip()]
    if len(lines) > MAX_LINES:
        raise too_large(f"the text has {len(lines)} lines", limit=f"{MAX_LINES} lines")
    digest = digest_json(["text", digest_bytes(data)])
    return ParsedPage(1, digest, 0, 0, None, tuple(Line(line, None) for line in lines), "")


def clean(text: str) -> str:
    """Return text without control characters, soft hyphens and lone surrogates."""
    kept = text.translate(_CONTROLS)
    return kept.encode("utf-8", "replace").decode()


def decode(data: bytes) -> str:
    """Return the text of UTF-8, UTF-16 with a byte-order mark, or Windows-1252 bytes.

    Raises ParseError (`corrupt`) for bytes that are none of them.
    """
    for mark, encoding in _MARKS:
        if data.startswith(mark):
            return _checked(data[len(mark) :], encoding)
    try:
        return _checked(data, "utf-8")
    except ParseError:
        return _checked(data, "cp1252")


def _checked(data: bytes, encoding: str) -> str:
    try:
        text = data.decode(encoding)
    except UnicodeDecodeError as error:
        raise _not_text(f"it is not {encoding}: {error.reason} at byte {error.start}") from error
    if "\0" in text or len(_JUNK.findall(text)) > _MAX_JUNK * len(text):
        raise _not_text("it holds binary data")
    return text


def _not_text(why: str) -> ParseError:
    return ParseError(f"the file does not read as text ({why}): save it as UTF-8", reason="corrupt")

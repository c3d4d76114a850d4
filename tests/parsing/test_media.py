"""A file is what its bytes say; only text needs its name."""

import pytest

from mmrag_pipeline.errors import ParseError
from mmrag_pipeline.parsing.media import MARKDOWN, PDF, PLAIN, UNKNOWN, check_input, sniff
from tests.parsing.samples import empty_pages, encoded, noise

PICTURES = {
    "JPEG": "jpeg",
    "PNG": "png",
    "WEBP": "webp",
    "TIFF": "tiff",
    "GIF": "gif",
    "BMP": "bmp",
}


@pytest.mark.parametrize("kind", PICTURES)
def test_a_picture_is_known_by_its_content_under_any_name(kind: str) -> None:
    head = encoded(noise(), kind)[:1024]
    assert {sniff(head, "a.txt"), sniff(head, "b")} == {f"image/{PICTURES[kind]}"}


def test_a_pdf_is_known_by_its_content_even_after_leading_junk() -> None:
    data = empty_pages(1)
    assert sniff(data, "scan.jpg") == sniff(b"\r\njunk" + data, "scan") == PDF


@pytest.mark.parametrize(
    ("key", "media_type"),
    [("a.txt", PLAIN), ("b/A.MD", MARKDOWN), ("c.jpg", UNKNOWN), ("d", UNKNOWN)],
)
def test_text_is_known_by_its_suffix(key: str, media_type: str) -> None:
    assert sniff(b"BMW and %PDF-1.7 are words here", key) == (
        PDF if media_type == UNKNOWN else media_type
    )
    assert sniff(b"BMW cars", key) == media_type


@pytest.mark.parametrize(
    ("data", "media_type", "reason"), [(b"", PLAIN, "empty"), (b"x", UNKNOWN, "unsupported")]
)
def test_what_no_parser_takes_is_refused_with_a_reason(
    data: bytes, media_type: str, reason: str
) -> None:
    with pytest.raises(ParseError) as caught:
        check_input(data, media_type)
    assert caught.value.reason == reason

"""What a file is, by its first bytes; a name decides only between kinds of text."""

from pathlib import PurePosixPath

from mmrag_pipeline.errors import ParseError

UNKNOWN = "application/octet-stream"
PDF = "application/pdf"
PLAIN, MARKDOWN = "text/plain", "text/markdown"
IMAGES = frozenset(f"image/{kind}" for kind in ("jpeg", "png", "webp", "tiff", "gif", "bmp"))
READ = IMAGES | {PDF, PLAIN, MARKDOWN}
"""Every media type that is parsed."""
_TEXT_SUFFIXES = {".txt": PLAIN, ".text": PLAIN, ".md": MARKDOWN, ".markdown": MARKDOWN}
_MAGIC: tuple[tuple[bytes, str], ...] = (
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"GIF87a", "image/gif"),
    (b"GIF89a", "image/gif"),
    (b"II*\0", "image/tiff"),
    (b"MM\0*", "image/tiff"),
    (b"II+\0", "image/tiff"),
    (b"MM\0+", "image/tiff"),
    (b"%PDF-", PDF),
)
_PDF_WITHIN = 1024
"""Readers accept a PDF header this late (ISO 32000-1, annex H.3, note 13)."""
_DIB_SIZES = frozenset({12, 16, 40, 52, 56, 64, 108, 124})


def sniff(head: bytes, key: str) -> str:
    """Return the media type of a file from its first 1,024 bytes (or more) and its key.

    Mislabelled files are what their content says. Anything not read is
    `application/octet-stream`.
    """
    for magic, media_type in _MAGIC:
        if head.startswith(magic):
            return media_type
    if head.startswith(b"RIFF") and head[8:12] == b"WEBP":
        return "image/webp"
    if _is_bitmap(head):
        return "image/bmp"
    text = _TEXT_SUFFIXES.get(PurePosixPath(key).suffix.lower())
    if text is None and b"%PDF-" in head[:_PDF_WITHIN]:
        return PDF
    return text or UNKNOWN


def check_input(data: bytes, media_type: str) -> None:
    """Raise ParseError for what no parser takes: no bytes (`empty`) or an `unsupported` type."""
    if not data:
        raise ParseError("the file has no bytes: copy it again or delete it", reason="empty")
    if media_type not in READ:
        raise ParseError(
            f"files of type {media_type} are not read: pictures (JPEG, PNG, WebP, TIFF, GIF, BMP), "
            "PDF, .txt and .md are",
            reason="unsupported",
        )


def _is_bitmap(head: bytes) -> bool:
    """Tell a bitmap from a text that begins with `BM`: its info header has a known size."""
    return head.startswith(b"BM") and int.from_bytes(head[14:18], "little") in _DIB_SIZES

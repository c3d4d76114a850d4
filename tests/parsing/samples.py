"""Small inputs, good and broken, made in memory."""

from io import BytesIO

import numpy as np
import pypdfium2  # type: ignore[import-untyped]  # it ships no types
from PIL import Image

from mmrag_pipeline.parsing.limits import Limits

LIMITS = Limits(
    max_pages=20,
    max_page_pixels=1_000_000,
    decode_side_px=512,
    pdf_dpi=72,
    memory_bytes=2**29,
    timeout_s=20.0,
)


def encoded(image: Image.Image, kind: str, *, exif: Image.Exif | None = None) -> bytes:
    """Return a picture's bytes in one format."""
    out = BytesIO()
    if exif is None:
        image.save(out, kind)
    else:
        image.save(out, kind, exif=exif)
    return out.getvalue()


def noise(width: int = 64, height: int = 48) -> Image.Image:
    """Return a picture that no codec makes small."""
    rng = np.random.default_rng(7)
    return Image.fromarray(rng.integers(0, 255, (height, width, 3), dtype=np.uint8))


def halves(width: int = 40, height: int = 20) -> Image.Image:
    """Return a picture that is red on the left and blue on the right."""
    image = Image.new("RGB", (width, height), (255, 0, 0))
    image.paste((0, 0, 255), (width // 2, 0, width, height))
    return image


def empty_pages(count: int, *, width_pt: float = 200, height_pt: float = 100) -> bytes:
    """Return a PDF of blank pages."""
    document = pypdfium2.PdfDocument.new()
    for _ in range(count):
        document.new_page(width_pt, height_pt)
    out = BytesIO()
    document.save(out)
    document.close()
    return out.getvalue()


def text_pdf(
    *contents: bytes, page: bytes = b"/MediaBox [0 0 200 100]", trailer: bytes = b""
) -> bytes:
    """Return a PDF with one page per content stream; `page` goes into each page's dictionary."""
    kids = b" ".join(b"%d 0 R" % (4 + 2 * index) for index in range(len(contents)))
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [%s] /Count %d >>" % (kids, len(contents)),
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
    ]
    for index, content in enumerate(contents):
        objects.append(
            b"<< /Type /Page /Parent 2 0 R %s /Contents %d 0 R "
            b"/Resources << /Font << /F1 3 0 R >> >> >>" % (page, 5 + 2 * index)
        )
        objects.append(b"<< /Length %d >>\nstream\n%s\nendstream" % (len(content), content))
    return _file_of(objects, trailer)


def words(text: bytes, *, x: int = 10, y: int = 80) -> bytes:
    """Return a content stream that writes one line at a place in points."""
    return b"BT /F1 12 Tf %d %d Td (%s) Tj ET\n" % (x, y, text)


def _file_of(objects: list[bytes], trailer: bytes) -> bytes:
    out, offsets = b"%PDF-1.4\n", []
    for number, body in enumerate(objects, 1):
        offsets.append(len(out))
        out += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    table = b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    size = len(objects) + 1
    return (
        out
        + b"xref\n0 %d\n0000000000 65535 f \n%s" % (size, table)
        + b"trailer << /Size %d /Root 1 0 R %s >>\nstartxref\n%d\n%%%%EOF\n"
        % (size, trailer, len(out))
    )

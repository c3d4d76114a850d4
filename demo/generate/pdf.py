"""The smallest PDF writer that gives pages with a text layer (ISO 32000-1, standard fonts)."""

import textwrap
from collections.abc import Sequence

PAGE = "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 420 298] /Contents {content} 0 R {fonts} >>"
FONTS = "/Resources << /Font << /F1 3 0 R /F2 4 0 R >> >>"
WRAP = 58


def text_pdf(title: str, sections: Sequence[tuple[str, str]]) -> bytes:
    """Return a PDF with one (heading, paragraph) per page; text must be Latin-1."""
    numbers = range(5, 5 + 2 * len(sections), 2)
    kids = " ".join(f"{number} 0 R" for number in numbers)
    bodies = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        f"<< /Type /Pages /Kids [{kids}] /Count {len(sections)} >>".encode(),
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica-Bold >>",
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
    ]
    for number, (heading, paragraph) in zip(numbers, sections, strict=True):
        bodies.append(PAGE.format(content=number + 1, fonts=FONTS).encode())
        bodies.append(_stream(_page(title, heading, paragraph)))
    return assemble(bodies)


def assemble(bodies: Sequence[bytes], *, trailer: str = "") -> bytes:
    """Return objects 1..n as a file with its cross-reference table; object 1 is the root."""
    out = b"%PDF-1.4\n"
    offsets: list[int] = []
    for number, body in enumerate(bodies, start=1):
        offsets.append(len(out))
        out += b"%d 0 obj\n%b\nendobj\n" % (number, body)
    table = "".join(f"{offset:010} 00000 n \n" for offset in offsets)
    count, start = len(bodies) + 1, len(out)
    end = f"trailer\n<< /Size {count} /Root 1 0 R {trailer}>>\nstartxref\n{start}\n%%EOF\n"
    return out + f"xref\n0 {count}\n0000000000 65535 f \n{table}{end}".encode()


def _stream(content: bytes) -> bytes:
    return b"<< /Length %d >>\nstream\n%b\nendstream" % (len(content), content)


def _page(title: str, heading: str, paragraph: str) -> bytes:
    rows = [_row("F2", 10, 264, title), _row("F1", 17, 230, heading)]
    lines = textwrap.wrap(paragraph, WRAP)
    rows += [_row("F2", 12, 200 - 19 * place, line) for place, line in enumerate(lines)]
    return "\n".join(rows).encode("latin-1")


def _row(font: str, size: int, height: int, text: str) -> str:
    escaped = text.replace("\\", r"\\").replace("(", r"\(").replace(")", r"\)")
    return f"BT /{font} {size} Tf 44 {height} Td ({escaped}) Tj ET"

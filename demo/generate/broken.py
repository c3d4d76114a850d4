"""One picture under two names, and three files that no reader can open."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from random import Random

from demo.generate.backgrounds import studio
from demo.generate.encode import encode
from demo.generate.item import Item
from demo.generate.pdf import assemble
from demo.generate.photos import compose

ORIGINAL, COPY = "outdoor/cards/item-0101.png", "office/photos/boots-copy.png"
BROKEN = (
    "electronics/photos/half-transferred.jpg",
    "office/manuals/salary-bands.pdf",
    "kitchen/photos/blank.png",
)


def copies(items: Sequence[Item]) -> Iterator[Item]:
    """Yield the picture that exists a second time in another domain."""
    yield replace(next(item for item in items if item.key == ORIGINAL), key=COPY)


def broken() -> Iterator[Item]:
    """Yield a truncated JPEG, a PDF whose password nobody has, and an empty PNG."""
    half, locked, empty = BROKEN
    picture = compose(["keyboard"], studio, rng=Random(half), size=(480, 360))
    data = encode(picture, "jpg")
    yield Item(half, data[: len(data) // 3])
    yield Item(locked, _locked_pdf(Random(locked)))
    yield Item(empty, b"")


def _locked_pdf(rng: Random) -> bytes:
    owner, user, name = (rng.randbytes(size).hex() for size in (32, 32, 16))
    content = rng.randbytes(160)
    bodies = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 420 595] /Contents 4 0 R >>",
        b"<< /Length %d >>\nstream\n%b\nendstream" % (len(content), content),
        f"<< /Filter /Standard /V 1 /R 2 /P -60 /O <{owner}> /U <{user}> >>".encode(),
    ]
    return assemble(bodies, trailer=f"/Encrypt 5 0 R /ID [<{name}> <{name}>] ")

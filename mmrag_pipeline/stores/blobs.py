"""Files of our own state by name: in a folder, or under a prefix of a bucket."""

from collections.abc import Callable, Iterable
from typing import BinaryIO, Protocol

Fill = Callable[[BinaryIO], None]
"""Writes a whole blob into an open file."""


class Blobs(Protocol):
    """Blobs by relative name (`tables/pages/shop.parquet`); a name is replaced as a whole.

    Names are built by our stores from checked parts only.
    """

    def names(self, folder: str) -> list[str]:
        """Return the names of all blobs under a folder, sorted; an absent folder has none.

        Raises CorruptStateError when it cannot be listed.
        """
        ...

    def open(self, name: str) -> BinaryIO:
        """Open a seekable blob; raises FileNotFoundError, or CorruptStateError.

        An opened blob gives the bytes of one version, whatever others write meanwhile.
        """
        ...

    def write(self, name: str, fill: Fill, *, keep_name: bool = True) -> None:
        """Replace a blob atomically and durably; raises CorruptStateError.

        Without `keep_name` a power cut may take the blob away again, never tear it.
        """
        ...

    def delete(self, names: Iterable[str]) -> None:
        """Remove blobs, durably; absent ones are fine."""
        ...

    def shown(self, name: str) -> str:
        """Return where a blob lies, for people."""
        ...

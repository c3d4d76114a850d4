"""Blobs that let something happen before a look, or at a chosen write or delete."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import BinaryIO

from mmrag_pipeline.stores.blobs import Blobs, Fill, IsExpected
from mmrag_pipeline.testing.frail import Fuse


def nothing() -> None:
    """Let nothing happen."""


@dataclass(frozen=True, slots=True)
class FrailBlobs:
    """Blobs whose writes and single deletes are commits of a fuse."""

    inner: Blobs
    fuse: Fuse
    before_open: Callable[[], None] = nothing
    before_list: Callable[[], None] = nothing

    def names(self, folder: str) -> list[str]:
        """Return the names under a folder."""
        self.before_list()
        return self.inner.names(folder)

    def open(self, name: str) -> BinaryIO:
        """Open a blob."""
        self.before_open()
        return self.inner.open(name)

    def write(self, name: str, fill: Fill, *, keep_name: bool = True) -> None:
        """Replace a blob: one commit."""
        self.fuse.commit(lambda: self.inner.write(name, fill, keep_name=keep_name))

    def swap(self, name: str, fill: Fill, is_expected: IsExpected) -> bool:
        """Replace an expected blob: one commit."""
        swapped: list[bool] = []
        self.fuse.commit(lambda: swapped.append(self.inner.swap(name, fill, is_expected)))
        return swapped == [True]

    def delete(self, names: Iterable[str]) -> None:
        """Remove blobs: one commit each."""
        for name in names:
            self._delete(name)

    def shown(self, name: str) -> str:
        """Return where a blob lies."""
        return self.inner.shown(name)

    def _delete(self, name: str) -> None:
        self.fuse.commit(lambda: self.inner.delete([name]))

"""Who of several workers takes which part of a shared work: each part is taken once."""

import json
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import BinaryIO

from mmrag_pipeline.stores.blobs import Blobs, read_bytes

_FOLDER = "backfills"


@dataclass(frozen=True, slots=True)
class Claims:
    """The parts that workers of one work have taken, beside the tables."""

    blobs: Blobs
    work: str
    """Its id, of hexadecimal digits and dashes."""
    worker: str

    def left(self, parts: Sequence[str]) -> Iterator[str]:
        """Yield each part that is this worker's and not done: those it had taken, and nobody's.

        One that starts anew under the name of one that died goes on with what that one had. Raises
        StateUnavailableError.
        """
        return (part for part in parts if self._is_mine(part))

    def done(self, part: str) -> None:
        """Note that a part is done; one that is not is given out again."""
        claim = self._claim(done=True)
        self.blobs.write(self._name(part), lambda file: _put(file, claim))

    def forget(self, is_over: Callable[[str], bool]) -> None:
        """Forget this work, and those that are over. Raises StateUnavailableError."""
        works: dict[str, list[str]] = defaultdict(list)
        for name in self.blobs.names(_FOLDER):
            works[name.split("/")[1]].append(name)
        for work, names in works.items():
            if work == self.work or is_over(work):
                self.blobs.delete(names)

    def _is_mine(self, part: str) -> bool:
        """Return whether the part is this worker's and not done, taking it when it is nobody's."""
        name, claim = self._name(part), self._claim(done=False)
        if self.blobs.swap(name, lambda file: _put(file, claim), lambda held: held is None):
            return True
        return read_bytes(self.blobs, name) == claim

    def _claim(self, *, done: bool) -> bytes:
        return json.dumps({"worker": self.worker, "done": done}).encode()

    def _name(self, part: str) -> str:
        return f"{_FOLDER}/{self.work}/{part}.json"


def _put(file: BinaryIO, content: bytes) -> None:
    file.write(content)
